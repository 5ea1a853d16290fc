"""kill -9 at random moments, with ledgers of both sides: what was answered 250 is there, whole and once; what was put
into the queue leaves, for each reader of a list too; a second copy goes only where the first one's 250 may not have been
read before the kill, which is SMTP's own window (RFC 1047). PARVIS_KILLS says how often (8)."""

import asyncio
import base64
import contextlib
import json
import os
import random
import re
import sys
from collections import defaultdict

import pytest

from parvis.kernel.settings import Settings
from parvis.store.store import Store
from tests.mail.conftest import plain
from tests.mail.smtp.conftest import Sink, Talk, talking
from tests.mail.smtp.victim import PASSWORD, READERS

KILLS = int(os.environ.get("PARVIS_KILLS", "8"))
_ID = re.compile(rb"^Message-ID: <([^>]+)>", re.M | re.I)


class Victim:
    """One life of the server."""

    def __init__(self, process: asyncio.subprocess.Process, ports: dict[str, int]) -> None:
        self.process, self.ports = process, ports

    @classmethod
    async def start(cls, folder: str, sink: int) -> "Victim":
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.mail.smtp.victim", folder, str(sink), stdout=asyncio.subprocess.PIPE
        )
        return cls(process, json.loads(await process.stdout.readline()))

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


class Ledger:
    """What this client was told."""

    def __init__(self) -> None:
        self.tried, self.received, self.queued, self.listed = 0, set(), set(), set()

    async def feed(self, victim: Victim, door: str) -> None:
        """Sends messages until the server dies; notes each 250."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
            async with talking(victim.ports[door]) as client:
                await client.hello()
                if door == "submission":
                    secret = base64.b64encode(f"\0ann@example.org\0{PASSWORD}".encode()).decode()
                    assert (await client.say(f"AUTH PLAIN {secret}"))[0][:3] in ("235", "")
                while await self._one(client, door):
                    pass

    async def _one(self, client: Talk, door: str) -> bool:
        self.tried += 1
        name = f"{door}{self.tried}@test.example"
        sender, to = ("bob@one.example", "ann@example.org")
        if door == "submission":
            sender, to = to, f"x{self.tried}@{random.choice(['one', 'two', 'three'])}.example"
        if to_list := door == "smtp" and not self.tried % 5:
            to = "team@example.org"
        raw = plain(message_id=name, sender=sender, to=to, body="line\r\n" * random.choice([1, 10, 5000]))
        answer = await client.message(to, raw, sender)
        if answer.startswith("250"):
            (self.queued if door == "submission" else self.listed if to_list else self.received).add(name)
        return bool(answer)


@pytest.mark.slow
@pytest.mark.timeout(60 + 12 * KILLS)
async def test_nothing_that_was_acknowledged_is_lost(tmp_path) -> None:
    sink, ledger = await Sink().open(), Ledger()
    for _ in range(KILLS):
        victim = await Victim.start(str(tmp_path), sink.port)
        feeders = [asyncio.create_task(ledger.feed(victim, door)) for door in ("smtp", "smtp", "submission")]
        await asyncio.sleep(random.uniform(0.05, 1.5))
        await victim.kill()
        await asyncio.gather(*feeders)
    victim = await Victim.start(str(tmp_path), sink.port)
    store = await Store.open(Settings(data=str(tmp_path)), [])
    while await store.db.value(
        "SELECT COUNT(*) FROM job WHERE kind IN ('mail-out', 'list-post') AND finished_ms IS NULL"
    ):
        await asyncio.sleep(0.2)
    await victim.kill()
    await check(store, ledger, sink)
    await sink.close()
    await store.close()


async def check(store: Store, ledger: Ledger, sink: Sink) -> None:
    found: list[str] = []
    for (blob,) in await store.db.rows("SELECT e.blob FROM email e JOIN email_mailbox m ON m.email_id = e.id"):
        raw = await store.blobs.get(blob)
        assert raw.endswith(b"\r\n"), "half a message"
        found += [match[1].decode() for match in [_ID.search(raw)] if match]
    assert len(ledger.received) >= KILLS and ledger.queued and ledger.listed, "the test did not test"
    assert ledger.received <= set(found)
    received = [name for name in found if name in ledger.received]
    assert len(received) == len(set(received)), "delivered twice"
    sent: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, (_, recipients, data) in enumerate(sink.messages):
        name = _ID.search(data)
        for recipient in recipients if name else ():
            sent[name[1].decode(), recipient].append(number)
    assert ledger.queued <= {name for name, _ in sent}
    assert {(name, reader) for name in ledger.listed for reader in READERS} <= sent.keys(), "a reader had no copy"
    again = [copies for copies in sent.values() if len(copies) > 1]
    assert all(sink.settled.isdisjoint(copies[:-1]) for copies in again), "sent again though the first was settled"
    bounced = await store.db.value("SELECT COUNT(*) FROM outgoing_recipient WHERE state = 'failed'")
    assert bounced == 0
    orphans = await store.db.value(
        "SELECT COUNT(*) FROM outgoing_recipient r LEFT JOIN outgoing o ON o.id = r.outgoing_id WHERE o.id IS NULL"
    )
    assert orphans == 0
    print(f"\n{KILLS} kills, {ledger.tried} tried, {len(ledger.received)} received, {len(ledger.queued)} queued, "
          f"{len(ledger.listed)} to the list of {len(READERS)}, {len(sink.messages)} went out, {len(again)} of them twice")  # fmt: skip
