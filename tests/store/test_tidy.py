"""Blobs that nothing refers to are removed, and never one that somebody is about to use."""

import os

import pytest

from parvis.kernel import clock
from parvis.store import tidy
from parvis.store.blobs.small import LARGEST
from parvis.store.store import Store

LINK = "INSERT INTO blob_link (hash, account_id, kind, object_id, size, expires_ms) VALUES (?, 1, ?, 1, 1, ?)"
DAY = tidy.DAY_MS


@pytest.fixture
def days(monkeypatch):
    """Lets the clock be some days ahead; files keep their real times."""

    def ahead(count: float):
        return clock.frozen(clock.now_ms() + int(count * DAY))

    return ahead


async def link(store: Store, digest: str, kind: str = "Email", expires_ms: int | None = None) -> None:
    await store.write(lambda unit: unit.run(LINK, digest, kind, expires_ms))


async def test_an_unlinked_blob_goes_in_the_second_pass(store: Store, days) -> None:
    kept, lost = await store.blobs.put(b"kept"), await store.blobs.put(b"lost")
    await link(store, kept)
    assert await tidy.blobs(store) == 0
    with days(1.1):
        assert await tidy.blobs(store) == 0
    with days(1.9):
        assert await tidy.blobs(store) == 0
    assert await store.blobs.get(lost) == b"lost"
    with days(2.2):
        assert await tidy.blobs(store) == 1
    assert await store.blobs.size(lost) is None
    assert await store.blobs.get(kept) == b"kept"
    assert await store.db.rows("SELECT hash FROM blob_unlinked") == []


async def test_a_blob_linked_between_the_passes_stays(store: Store, days) -> None:
    digest = await store.blobs.put(b"back again")
    with days(1.1):
        await tidy.blobs(store)
    await link(store, digest)
    for day in (2.2, 3.3, 4.4):
        with days(day):
            assert await tidy.blobs(store) == 0
    assert await store.blobs.get(digest) == b"back again"


@pytest.mark.parametrize("content", [b"twice", b"twice" * LARGEST], ids=["small", "large"])
async def test_a_blob_written_again_between_the_passes_stays(store_sqlite: Store, tmp_path, days, content) -> None:
    store = store_sqlite
    digest = await store.blobs.put(content)
    with days(1.1):
        await tidy.blobs(store)
    with days(1.8):
        await store.blobs.put(content)  # a delivery that has not been committed yet
        stamp = clock.now_ms() / 1000
        for path in tmp_path.glob(f"blobs/*/*/{digest}"):
            os.utime(path, (stamp, stamp))  # the frozen clock does not reach the file system
    with days(2.2):
        assert await tidy.blobs(store) == 0
    assert await store.blobs.get(digest) == content


async def test_an_upload_ends_late_and_then_its_bytes_go(store: Store, days) -> None:
    digest = await store.blobs.put(b"upload")
    await link(store, digest, "upload", clock.now_ms() + 1000)
    assert await tidy.uploads(store) == 0
    with days(1.0):
        assert await tidy.uploads(store) == 1
        await tidy.blobs(store, 0)
    with days(2.1):
        assert await tidy.blobs(store) == 1


async def test_half_written_files_go(store_sqlite: Store, tmp_path, days) -> None:
    writer = await store_sqlite.blobs.writer(whole=True)
    await writer.write(b"half" * LARGEST)
    with days(0.5):
        await tidy.blobs(store_sqlite)
    assert len(list(tmp_path.glob("blobs/incoming/*"))) == 1
    with days(2):
        await tidy.blobs(store_sqlite)
    assert not list(tmp_path.glob("blobs/incoming/*"))
    writer.file.close()
