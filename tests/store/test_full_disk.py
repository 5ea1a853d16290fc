"""A disk that is full or a database that is closed: who writes hears it, what was there stays, and it goes on later."""

import asyncio
from pathlib import Path

import pytest

from parvis.kernel.errors import Unavailable
from parvis.kernel.settings import Settings
from parvis.store import check
from parvis.store.blobs.contract import Blobs
from parvis.store.blobs.folder import FolderWriter
from parvis.store.blobs.small import LARGEST
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


async def test_a_full_disk_fails_an_upload_and_leaves_nothing(store_sqlite: Store, tmp_path) -> None:
    blobs = store_sqlite.blobs
    writer = await full_after_the_first_bytes(blobs)
    with pytest.raises(Unavailable):
        await writer.write(bytes(100_000))
    await writer.abort()
    assert not list((tmp_path / "blobs" / "incoming").iterdir())
    writer = await full_after_the_first_bytes(blobs)
    await writer.write(b"little")
    with pytest.raises(Unavailable):
        await writer.commit()
    await writer.abort()
    assert [page async for page in blobs.older_than(1 << 60)] == []


async def full_after_the_first_bytes(blobs: Blobs) -> FolderWriter:
    writer = await blobs.writer(whole=True)
    assert isinstance(writer, FolderWriter)
    await writer.write(bytes(LARGEST + 1))
    assert writer.file is not None
    writer.file.close()
    writer.file = Path("/dev/full").open("wb", buffering=4096)  # noqa: SIM115 - the writer closes it
    return writer


async def test_a_folder_that_cannot_be_written_is_unavailable(store_sqlite: Store, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("parvis.store.blobs.folder._sync", full)
    with pytest.raises(Unavailable):
        await store_sqlite.blobs.put(bytes(LARGEST + 1))
    assert not list((tmp_path / "blobs" / "incoming").iterdir())


async def test_a_full_disk_refuses_small_blobs_and_keeps_those_it_has(tmp_path) -> None:
    limited = [lambda connection: connection.pragma("max_page_count", 200)]
    store, kept = await Store.open(Settings(data=str(tmp_path)), ["store"], limited), {}
    with pytest.raises(Unavailable):
        for number in range(1000):
            content = bytes([number % 256, number // 256]) * 2500
            kept[await store.blobs.put(content)] = content
    assert kept
    for digest, content in kept.items():
        assert await store.blobs.get(digest) == content
    await store.close()


def full(_: object) -> None:
    raise OSError(28, "No space left on device")
