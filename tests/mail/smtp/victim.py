"""The server that the crash test kills: python -m tests.mail.smtp.victim FOLDER SINK_PORT; prints its ports."""

import asyncio
import json
import sys

import uvloop

from parvis.app import App
from parvis.kernel.settings import Delivery, Ports, Settings
from parvis.ops import people
from parvis.store import jobs

PASSWORD = "correct horse battery staple"
# What a killed process was doing is taken over after a second instead of a minute, so that the test is short.
jobs.LEASE_MS, jobs._RENEW_SECONDS = 1_000, 0.2


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
    print(json.dumps(dict(await app.start())), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
