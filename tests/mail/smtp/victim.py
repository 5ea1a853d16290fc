"""The server that the crash test kills: python -m tests.mail.smtp.victim FOLDER SINK_PORT; prints its ports."""

import asyncio
import json
import sys
from functools import partial

import uvloop

from parvis.access.principal import Principal
from parvis.app import App
from parvis.kernel.settings import Delivery, Ports, Settings
from parvis.mail.lists import store as lists
from parvis.ops import people
from parvis.store import jobs
from parvis.store.unit import Unit

READERS = tuple(f"reader{number}@{domain}.example" for domain in ("one", "two", "three") for number in range(4))
"""Outside, of the list team@example.org."""
PASSWORD = "correct horse battery staple"
# What a killed process was doing is taken over after a second instead of a minute, so that the test is short.
jobs.LEASE_MS, jobs._RENEW_SECONDS = 1_000, 0.2


async def subscribe(team: Principal, unit: Unit) -> None:
    await lists.configure(unit, team.id, "anyone", "hold")
    for reader in READERS:
        await lists.subscribe(unit, team.id, reader)


async def main(folder: str, sink: str) -> None:
    settings = Settings(
        data=folder,
        hostname="mail.example.org",
        domains=["example.org"],
        ports=Ports(http=0, smtp=0, submission=0),
        delivery=Delivery(retries=[1], routes={"*": f"127.0.0.1:{sink}"}, timeout=5),
    )
    settings.limits.sent_per_minute = 0
    app = await App.open(settings)
    if await app.context.store.db.value("SELECT 1 FROM principal") is None:
        await people.create(app.context.store, app.features, "person", "Ann", "ann@example.org", password=PASSWORD)
        await app.context.store.write(partial(subscribe, await people.create(
            app.context.store, app.features, "group", "Team", "team@example.org"
        )))  # fmt: skip
    print(json.dumps(dict(await app.start())), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
