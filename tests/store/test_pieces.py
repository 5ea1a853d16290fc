"""Large content in pieces: every byte comes back, two versions share what they have in common, and nothing that a whole
is made of is swept."""

import hashlib
import itertools
import os
import random
from typing import BinaryIO

import pytest

from parvis.kernel import clock
from parvis.kernel.errors import NotFound, Unavailable
from parvis.store import tidy
from parvis.store.blobs import folder
from parvis.store.blobs.contract import Piece
from parvis.store.blobs.cutting import LEAST, MOST, Cutter
from parvis.store.blobs.extents import Extent
from parvis.store.store import Store

MIB = 1024 * 1024
DAY = 86_400_000


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


async def written(store: Store, content: bytes, step: int = 65_536) -> str:
    writer = await store.blobs.writer()
    for start in range(0, len(content), step):
        await writer.write(content[start : start + step])
    assert writer.size == len(content)
    return await writer.commit()


async def pieces(store: Store, digest: str) -> list[tuple[str, int]]:
    return await store.db.rows("SELECT piece, size FROM blob_piece WHERE hash = ? ORDER BY start", digest)


def cut(content: bytes, step: int) -> list[int]:
    cutter, found = Cutter(), []
    for start in range(0, len(content), step):
        found += [start + place for place in cutter.cuts(content[start : start + step])]
    return found


@pytest.mark.parametrize("content", [noise(9 * MIB), b"\0" * (20 * MIB), b"abcdefgh" * (2 * MIB), b""])
def test_cuts_depend_on_the_bytes_alone(content: bytes) -> None:
    whole = cut(content, 1 << 30) if content else []
    assert cut(content, 65_536) == cut(content, 100_003) == whole
    edges = [0, *whole]
    assert all(LEAST <= b - a <= MOST for a, b in itertools.pairwise(edges))


def test_cuts_stay_where_they_have_always_been() -> None:
    """Else a new version of a file would share nothing with the one that is there."""
    known = [1_872_602, 7_987_194, 11_042_602, 13_315_105, 16_724_027, 19_927_824]
    assert cut(noise(20 * MIB, 0), 65_536) == known


async def test_a_large_content_comes_back(store: Store) -> None:
    content = noise(9 * MIB + 17)
    digest = await written(store, content)
    assert digest == hashlib.sha256(content).hexdigest() and len(await pieces(store, digest)) > 1
    assert await store.blobs.get(digest) == content
    assert await store.blobs.size(digest) == len(content)
    for start, end in [(0, 1), (5 * MIB - 3, 5 * MIB + 9), (9 * MIB, None), (9 * MIB + 16, 10 * MIB), (MIB, MIB)]:
        assert await store.blobs.get(digest, start, end) == content[start:end]
    async with store.blobs.mapped(digest) as raw:
        assert raw[:] == content
    with pytest.raises(NotFound):
        await store.blobs.get("0" * 64)


async def test_a_part_over_several_pieces_is_left_in_their_files(store_sqlite: Store) -> None:
    store, content = store_sqlite, noise(9 * MIB + 17)
    digest = await written(store, content)
    first, second = (size for _, size in (await pieces(store, digest))[:2])
    start, end, found = first - 5, first + second + 7, list[bytes]()
    async for part in store.blobs.extents(digest, start, end):
        assert isinstance(part, Extent)
        found.append(os.pread(part.file.fileno(), part.size, part.start))
    assert [len(each) for each in found] == [5, second, 7] and b"".join(found) == content[start:end]


@pytest.mark.parametrize("fails", [0, 2])
async def test_a_piece_that_cannot_be_kept_is_told_and_nothing_is_left(
    store_sqlite: Store, monkeypatch, fails
) -> None:
    store, committed, real = store_sqlite, 0, folder._sync

    def sync(file: BinaryIO) -> None:
        nonlocal committed
        committed += 1
        if committed == fails + 1:
            raise OSError("the disk is full")
        real(file)

    monkeypatch.setattr(folder, "_sync", sync)
    writer = await store.blobs.writer()
    with pytest.raises(Unavailable):
        for seed in range(40):
            await writer.write(noise(MIB, seed))
        await writer.commit()
    await writer.abort()
    assert await store.blobs.clean(1 << 62) == 0  # no file of an unfinished writer


async def test_the_store_is_busy_while_large_content_comes_in(store: Store) -> None:
    for ended in ("commit", "abort"):
        writer = await store.blobs.writer()
        await writer.write(noise(100_000))
        assert not store.blobs.busy()
        await writer.write(noise(3 * MIB))
        assert store.blobs.busy()
        await getattr(writer, ended)()
        assert not store.blobs.busy()


async def test_what_is_small_is_one_blob(store: Store) -> None:
    for size in (0, 100, 500_000):
        digest = await written(store, noise(size))
        assert await pieces(store, digest) == []
        assert await store.blobs.get(digest) == noise(size)


async def test_a_changed_version_shares_what_is_the_same(store: Store) -> None:
    content = noise(30 * MIB)
    first = dict(await pieces(store, await written(store, content)))
    changed = content[: 11 * MIB] + b"some words" + content[11 * MIB :]
    second = dict(await pieces(store, await written(store, changed)))
    fresh = sum(size for piece, size in second.items() if piece not in first)
    assert fresh <= 2 * MOST < len(content) / 1.5


async def test_a_whole_is_made_of_what_is_there(store: Store) -> None:
    parts = [noise(70_000, seed) for seed in range(3)]
    given = [Piece(await store.blobs.put(part), len(part)) for part in parts]
    digest = await store.blobs.assemble(given)
    assert digest == hashlib.sha256(b"".join(parts)).hexdigest()
    assert await store.blobs.get(digest) == b"".join(parts)
    assert await store.blobs.assemble(given[:1]) == given[0].hash


async def test_pieces_stay_as_long_as_a_whole_is_linked(store: Store) -> None:
    content, now = noise(9 * MIB), clock.now_ms()
    digest = await written(store, content)

    async def link(unit) -> None:
        await unit.run(
            "INSERT INTO blob_link (hash, account_id, kind, object_id, size) VALUES (?, 1, 'x', 1, 1)", digest
        )

    await store.write(link)
    for day in range(1, 5):
        with clock.frozen(now + day * 2 * DAY):
            await tidy.blobs(store)
    assert await store.blobs.get(digest) == content

    await store.write(lambda unit: unit.run("DELETE FROM blob_link"))
    for day in range(5, 10):
        with clock.frozen(now + day * 2 * DAY):
            await tidy.blobs(store)
    with pytest.raises(NotFound):
        await store.blobs.get(digest)
    assert [page async for page in store.blobs.older_than(1 << 60)] == []
    assert await store.db.value("SELECT COUNT(*) FROM blob_piece") == 0
