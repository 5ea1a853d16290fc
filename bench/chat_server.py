"""Our chat for a measurement: python -m bench.chat_server FOLDER PEOPLE [DATABASE]. Prints one line of JSON (the
HTTP port, and for each person the user id and an access token) and serves until the process is ended."""

import asyncio
import json
import sys

import bench.installed  # noqa: F401 - before all others
from parvis.app import App
from parvis.chat.people import devices
from parvis.chat.server import Server
from parvis.kernel import memory
from parvis.kernel.settings import Chat, Limits, Ports, Settings
from parvis.ops import people
from parvis.ops.commands.serve import until_told_to_stop

_AT_ONCE = 100


async def serve(folder: str, count: int, database: str) -> None:
    """Makes the people and runs the server."""
    settings = Settings(
        data=f"{folder}/data",
        database=database,
        domains=["example.net"],
        ports=Ports(http=0, smtp=0, imap=0),
        limits=Limits(requests_per_minute=0),
        chat=Chat(events_per_minute=0, joins_per_minute=0, invites_per_minute=0, rooms_per_minute=0),
    )
    app = await App.open(settings)
    server = Server(app.context)
    await server.open()

    async def one(number: int) -> tuple[str, str]:
        address = f"p{number}@example.net"
        person = await people.create(app.context.store, app.features, "person", f"Person {number}", address)
        token, _, _ = await devices.open(server, person, None, "bench", "127.0.0.1")
        return server.users.id_of(person), token

    made: list[tuple[str, str]] = []
    for start in range(0, count, _AT_ONCE):
        made += await asyncio.gather(*map(one, range(start, min(count, start + _AT_ONCE))))
    ports = await app.start()
    print(json.dumps({"http": ports["http"], "people": made}), flush=True)
    await until_told_to_stop()
    await app.stop()


if __name__ == "__main__":
    import uvloop

    memory.be_frugal()  # as the program is
    uvloop.run(serve(sys.argv[1], int(sys.argv[2]), *sys.argv[3:] or [""]))
