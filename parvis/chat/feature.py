"""Chat as app.py wires it."""

from parvis.chat.client.door import ClientDoor
from parvis.chat.client.table import ENDPOINTS
from parvis.chat.erase import chat
from parvis.chat.server import Server
from parvis.serve.context import Context
from parvis.serve.feature import Feature


def feature(context: Context) -> Feature:
    """What clients of Matrix are answered; nothing where settings switch it off."""
    server = Server(context)
    door = ClientDoor(server, ENDPOINTS)
    return Feature(
        name="chat",
        migrations=True,
        routes=door.routes() if context.settings.chat.enabled else (),
        erase=chat,
        start=server.open,
    )
