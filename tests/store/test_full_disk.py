"""A disk that is full or a database that is closed: who writes hears it, what was there stays, and it goes on later."""

import asyncio

import pytest

from parvis.kernel.errors import Unavailable
from parvis.kernel.settings import Settings
from parvis.store import check
from parvis.store.store import Store

ADD = "INSERT INTO outbox_cursor (name, xid, position) VALUES (?, 0, 0)"


async def test_a_full_disk_fails_whoever_writes_and_nobody_else(tmp_path) -> None:
    pages = [200]
    store = await Store.open(
        Settings(data=str(tmp_path)), ["store"], [lambda connection: connection.pragma("max_page_count", pages[0])]
    )
    written = []
    with pytest.raises(Unavailable):
        for number in range(1000):
            await store.write(lambda unit, n=number: unit.run(ADD, f"{n:06d}" + "x" * 3000))
            written.append(number)
    assert written
    big = [store.write(lambda unit, n=n: unit.run(ADD, f"big {n}" + "x" * 30_000)) for n in range(5)]
    results = await asyncio.gather(
        *big, store.write(lambda unit: unit.run("DELETE FROM job")), return_exceptions=True
    )
    assert all(isinstance(result, Unavailable | int) for result in results)
    assert await store.db.value("SELECT COUNT(*) FROM outbox_cursor") == len(written)
    await store.write(lambda unit: unit.run("DELETE FROM outbox_cursor WHERE name < '000009'"))
    await store.write(lambda unit: unit.run(ADD, "room again"))
    assert await check.check(store) == []
    await store.close()


async def test_a_closed_database_says_so(store: Store, settings, rooms) -> None:
    other = await Store.open(settings, rooms)
    await other.close()
    with pytest.raises(Unavailable):
        await other.write(lambda unit: unit.run("DELETE FROM job"))
