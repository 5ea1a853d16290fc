"""A server of ours for measurements: python -m bench.server FOLDER [KEYWORD ...], then on standard input the path
of a file with one base64 message a line. Prints one line of JSON (ports, user, password, account) once they are all
in the Inbox, with these keywords."""

import asyncio
import base64
import itertools
import json
import pathlib
import sys

import bench.installed  # noqa: F401 - before all others
from parvis.app import App
from parvis.kernel import ids, memory
from parvis.kernel.settings import Limits, Ports, Settings
from parvis.mail import service
from parvis.ops import people
from parvis.ops.commands.serve import until_told_to_stop

USER, PASSWORD = "bench@example.net", "correct horse battery staple"
BATCH = 200


async def serve(folder: str, keywords: frozenset[str]) -> None:
    """Fills the folder's server and runs it until the process is ended."""
    settings = Settings(
        data=f"{folder}/data",
        domains=["example.net"],
        ports=Ports(http=0, smtp=0, imap=0),
        limits=Limits(
            concurrent_requests=64,
            mail_connections_of_one=1000,
            requests_per_minute=0,
            upload_bytes=20_000_000_000,
        ),
    )
    app = await App.open(settings)
    person = await people.create(app.context.store, app.features, "person", "Bench", USER, password=PASSWORD)
    path = pathlib.Path((await asyncio.to_thread(sys.stdin.readline)).strip())
    with path.open() as lines:
        while batch := [base64.b64decode(text) for text in itertools.islice(lines, BATCH)]:
            await fill(app, person, batch, keywords)
    ports = await app.start()
    ready = {**ports, "user": USER, "password": PASSWORD, "account": ids.text(person.id)}
    print(json.dumps(ready), flush=True)
    await until_told_to_stop()
    await app.stop()


async def fill(app: App, person, batch: list[bytes], keywords: frozenset[str]) -> None:
    """Imports some messages in one unit of work."""
    store = app.context.store
    inbox = await service.mailboxes.by_role(store.db, person.id, "inbox")
    assert inbox is not None
    wanted = [service.Import(raw, frozenset({inbox}), keywords) for raw in batch]
    await service.import_messages(store, person, person.id, wanted)


if __name__ == "__main__":
    import uvloop

    memory.be_frugal()  # as the program is
    uvloop.run(serve(sys.argv[1], frozenset(sys.argv[2:])))
