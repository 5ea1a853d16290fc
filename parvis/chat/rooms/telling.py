"""What passes in a room, told to the other servers that are in it."""

from parvis.chat.rooms import members
from parvis.chat.rooms.model import Room
from parvis.chat.server import Server
from parvis.wire.matrix.transactions import Edu


async def tell(server: Server, room: Room, edu: Edu) -> None:
    """Has the other servers of a room told, those that can be reached now; one statement where there are any."""
    if server.queue is not None and room.others:
        await server.queue.edu(None, await members.servers(server.store.db, room.id), edu)
