"""kill -9 while a filter files and redirects: what was answered 250 is filed once, and what it sends leaves."""

import asyncio
import os
import random

import pytest

from parvis.access import directory
from parvis.kernel.settings import Settings
from parvis.mail.sieve import service
from parvis.store.store import Store
from tests.mail.smtp.conftest import Sink
from tests.mail.smtp.test_crash import _ID, Ledger, Victim

KILLS = int(os.environ.get("PARVIS_KILLS", "4"))
SCRIPT = b"""require ["fileinto", "copy", "duplicate", "mailbox"];
if duplicate { discard; stop; }
fileinto :create "Lists/All"; redirect :copy "away@one.example";"""


@pytest.mark.slow
@pytest.mark.timeout(60 + 12 * KILLS)
async def test_a_killed_server_does_not_file_twice(tmp_path) -> None:
    sink, ledger = await Sink().open(), Ledger()
    victim = await Victim.start(str(tmp_path), sink.port)
    store = await Store.open(Settings(data=str(tmp_path)), [])
    ann = await directory.by_address(store.db, "ann@example.org")
    await service.put(store, ann, ann.id, "main", SCRIPT)
    await service.set_active(store, ann, ann.id, "main")
    for _ in range(KILLS):
        feeders = [asyncio.create_task(ledger.feed(victim, "smtp")) for _ in range(3)]
        await asyncio.sleep(random.uniform(0.1, 1.0))
        await victim.kill()
        await asyncio.gather(*feeders)
        victim = await Victim.start(str(tmp_path), sink.port)
    while await store.db.value("SELECT COUNT(*) FROM outgoing_recipient WHERE state = 'queued'"):
        await asyncio.sleep(0.2)
    await victim.kill()
    rows = await store.db.rows(
        """SELECT e.blob, m.name FROM email e JOIN email_mailbox p ON p.email_id = e.id
        JOIN mailbox m ON m.id = p.mailbox_id"""
    )
    found = [_ID.search(await store.blobs.get(blob))[1].decode() for blob, _ in rows]
    sent = [_ID.search(data)[1].decode() for _, _, data in sink.messages]
    await sink.close()
    await store.close()
    assert len(ledger.received) >= KILLS, "the test did not test"
    assert {name for _, name in rows} == {"All"} and len(found) == len(set(found))
    assert ledger.received <= set(found) and set(found) <= set(sent)
    print(f"\n{KILLS} kills, {len(ledger.received)} received, {len(found)} filed, {len(sent)} sent")
