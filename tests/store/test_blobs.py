"""The contract of both blob stores."""

import asyncio
import hashlib
import os
import tracemalloc
from pathlib import Path

import pytest

from parvis.kernel import clock
from parvis.kernel.errors import Invalid, NotFound, Unavailable
from parvis.store.blobs.contract import CHUNK, RENEW_MS, Blobs
from parvis.store.blobs.extents import Extent
from parvis.store.blobs.folder import FolderBlobs
from parvis.store.blobs.pieces import PiecedBlobs
from parvis.store.blobs.s3 import open_s3
from parvis.store.blobs.small import LARGEST
from parvis.store.store import Store
from parvis.store.unit import Unit

MIB = 1024 * 1024
ABSENT = "0" * 64


@pytest.fixture(params=["sqlite", "s3"])
def blobs(request) -> Blobs:
    """Beside the database, and in S3."""
    if request.param == "s3":
        return open_s3(request.getfixturevalue("s3").fresh())
    return request.getfixturevalue("store_sqlite").blobs.inner


async def every(blobs: Blobs) -> list[str]:
    return sorted([digest async for page in blobs.older_than(1 << 60) for digest in page])


@pytest.mark.parametrize("size", [0, 1, 70_000, 3 * MIB])
async def test_bytes_come_back_by_their_hash(blobs: Blobs, size: int) -> None:
    content = os.urandom(size)
    digest = await blobs.put(content)
    assert digest == hashlib.sha256(content).hexdigest()
    assert await blobs.get(digest) == content
    async with blobs.mapped(digest) as raw:
        assert len(raw) == size and raw[:] == content
    assert await blobs.size(digest) == size
    assert await blobs.put(content) == digest
    assert await every(blobs) == [digest]


async def test_parts_come_back(blobs: Blobs) -> None:
    content = os.urandom(600_000)
    digest = await blobs.put(content)
    for start, end in [(0, 10), (5, 5), (10, None), (599_999, 700_000), (600_000, None), (700_000, 800_000)]:
        assert await blobs.get(digest, start, end) == content[start:end]
    chunks = [chunk async for chunk in blobs.stream(digest, 1)]
    assert b"".join(chunks) == content[1:] and max(map(len, chunks)) <= CHUNK


async def test_parts_come_back_from_where_they_lie(blobs: Blobs) -> None:
    for content in (os.urandom(100), os.urandom(600_000)):
        digest = await blobs.put(content)
        for start, end in [(0, None), (3, 90), (5, 5), (50, 700_000), (700_000, None)]:
            found = b""
            async for part in blobs.extents(digest, start, end):
                if isinstance(part, Extent):
                    assert len(content) > LARGEST and part.size > 0
                    found += os.pread(part.file.fileno(), part.size, part.start)
                else:
                    found += part
            assert found == content[start:end]
    with pytest.raises(NotFound):
        await anext(blobs.extents(ABSENT))


async def test_what_is_not_there_is_not_found(blobs: Blobs) -> None:
    assert await blobs.size(ABSENT) is None
    await blobs.delete(ABSENT)
    for start, end in [(0, None), (3, 5)]:
        with pytest.raises(NotFound):
            await blobs.get(ABSENT, start, end)
        with pytest.raises(NotFound):
            await anext(blobs.stream(ABSENT, start, end))


@pytest.mark.parametrize("size", [0, 5, 3 * MIB, 20 * MIB + 7])
async def test_a_stream_of_any_size_is_kept(blobs: Blobs, size: int) -> None:
    content, writer = os.urandom(size), await blobs.writer()
    for start in range(0, size, 700_001):
        await writer.write(content[start : start + 700_001])
    assert writer.size == size
    digest = await writer.commit()
    assert digest == hashlib.sha256(content).hexdigest()
    assert hashlib.sha256(await blobs.get(digest)).hexdigest() == digest
    assert await every(blobs) == [digest]
    assert await blobs.clean(1 << 60) == 0


@pytest.mark.parametrize("size", [5, 20 * MIB])
async def test_an_aborted_stream_leaves_nothing(blobs: Blobs, size: int) -> None:
    writer = await blobs.writer()
    for _ in range(0, size, MIB):
        await writer.write(bytes(min(size, MIB)))
    await writer.abort()
    assert await every(blobs) == [] and await blobs.clean(1 << 60) == 0


async def test_memory_stays_flat_while_streaming(blobs: Blobs) -> None:
    piece = os.urandom(MIB)
    tracemalloc.start()
    try:
        writer = await blobs.writer()
        for _ in range(64):
            await writer.write(piece)
        digest = await writer.commit()
        total = 0
        async for chunk in blobs.stream(digest):
            total += len(chunk)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == 64 * MIB
    assert peak < 40 * MIB


async def test_several_writers_are_committed_together(blobs: Blobs) -> None:
    contents = [os.urandom(size) for size in (0, 10, 100_000, 200_000)]
    contents += contents[1:3]
    writers = []
    for content in contents:
        writers.append(await blobs.writer())
        await writers[-1].write(content)
    digests = await blobs.commit(writers)
    assert digests == [hashlib.sha256(content).hexdigest() for content in contents]
    assert [await blobs.get(digest) for digest in digests] == contents
    assert await blobs.clean(1 << 60) == 0


async def test_the_same_bytes_at_once_are_kept_once(blobs: Blobs) -> None:
    content = os.urandom(100_000)
    digests = await asyncio.gather(*(blobs.put(content) for _ in range(8)))
    assert set(digests) == set(await every(blobs)) and len(set(digests)) == 1


async def test_a_folder_that_another_has_just_made_is_synced_where_it_stands(store_sqlite, monkeypatch) -> None:
    """Whoever made it may not have come to that yet."""
    blobs, content = store_sqlite.blobs.inner, os.urandom(LARGEST + 1)
    folder = blobs.path(hashlib.sha256(content).hexdigest()).parent
    folder.mkdir(parents=True)
    synced: list[Path] = []
    monkeypatch.setattr("parvis.store.blobs.folder._sync_folder", synced.append)
    await blobs.put(content)
    assert sorted(synced) == [folder.parent.parent, folder.parent, folder]
    for each in (folder, folder.parent):
        os.utime(each, (1, 1))
    await blobs.delete(await blobs.put(content))
    for each in (folder, folder.parent):
        os.utime(each, (1, 1))
    synced.clear()
    await blobs.put(content)
    assert synced == [folder]


async def test_only_what_is_old_is_removed(blobs: Blobs) -> None:
    digest = await blobs.put(b"old")
    assert not await blobs.delete_older(digest, clock.now_ms() - 60_000)
    assert await blobs.get(digest) == b"old"
    assert await blobs.delete_older(digest, clock.now_ms() + 60_000)
    assert await blobs.size(digest) is None
    assert not await blobs.delete_older(digest, clock.now_ms() + 60_000)


async def test_writing_old_bytes_again_keeps_the_sweeper_away(store_sqlite: Store, tmp_path) -> None:
    blobs, content = store_sqlite.blobs, os.urandom(LARGEST + 1)
    digest = await blobs.put(content)
    [path] = tmp_path.glob(f"blobs/*/*/{digest}")
    os.utime(path, (1, 1))
    before = clock.now_ms() - RENEW_MS
    await blobs.put(content)
    assert not await blobs.delete_older(digest, before)


async def test_writing_old_small_bytes_again_keeps_the_sweeper_away(store: Store) -> None:
    blobs, now = store.blobs, clock.now_ms()
    with clock.frozen(now - 3 * RENEW_MS):
        digest = await blobs.put(b"again")
    assert await every(blobs) == [digest]
    await blobs.put(b"again")
    assert not await blobs.delete_older(digest, now - RENEW_MS)
    assert await blobs.get(digest) == b"again"


async def test_only_large_bytes_are_files(store: Store, tmp_path) -> None:
    contents = [bytes([number]) * size for number, size in enumerate((0, 10, LARGEST, LARGEST + 1))]
    digests = [await store.blobs.put(content) for content in contents]
    assert [path.name for path in tmp_path.glob("blobs/??/??/*")] == digests[3:]
    assert [await store.blobs.get(digest) for digest in digests] == contents


@pytest.mark.parametrize("size", [10, LARGEST + 1])
async def test_bytes_join_a_unit(store: Store, size: int) -> None:
    """They are there when the unit is; small ones are not when it was undone."""
    content = os.urandom(size)
    digest, step = await store.blobs.join(content)

    async def undone(unit: Unit) -> None:
        await step(unit)
        raise RuntimeError("undone")

    with pytest.raises(RuntimeError):
        await store.write(undone)
    assert (await store.blobs.size(digest) is None) == (size <= LARGEST)
    await store.write(step)
    assert await store.blobs.get(digest) == content


async def test_a_small_file_of_before_is_found_and_swept(store_sqlite: Store) -> None:
    """Small blobs were files before they were kept in the database (decision 5)."""
    content = b"old and small"
    assert isinstance(store_sqlite.blobs, PiecedBlobs)
    blobs = store_sqlite.blobs.inner
    assert isinstance(blobs, FolderBlobs)
    digest = hashlib.sha256(content).hexdigest()
    blobs.path(digest).parent.mkdir(parents=True)
    blobs.path(digest).write_bytes(content)
    assert await blobs.get(digest, 4, 7) == b"and"
    assert await blobs.size(digest) == len(content)
    assert await every(blobs) == [digest]
    assert await blobs.put(content) == digest
    await blobs.delete(digest)
    assert await every(blobs) == []


async def test_a_wrong_address_is_refused_and_a_dead_server_is_unavailable(s3) -> None:
    for url in ("s3://", "http://b/x", "s3://b?colour=red"):
        with pytest.raises(Invalid):
            open_s3(url)
    lost = open_s3("s3://b/x?endpoint=http://127.0.0.1:1")
    lost._bucket = type(lost._bucket)(
        "b",
        config={"endpoint": "http://127.0.0.1:1"},
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )
    with pytest.raises(Unavailable):
        await lost.put(b"x")


async def test_parts_come_back_from_a_server_that_knows_ranges(s3) -> None:
    """rclone answers 200 to a range, real S3 answers 206: a proxy mends that, so that the usual way is tested too."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", s3.port)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next((int(v) for k, v in fields(head) if k == b"content-length"), 0)
            asked.extend(value for key, value in fields(head) if key == b"range")
            back.write(head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1) + await reader.readexactly(length))
            answer = await there.readuntil(b"\r\n\r\n")
            if b"content-range" in dict(fields(answer)):
                answer = answer.replace(b" 200 OK", b" 206 Partial Content", 1)
            writer.write(answer + await there.read())
            await writer.drain()
        finally:
            writer.close()
            back.close()

    def fields(head: bytes) -> list[tuple[bytes, bytes]]:
        lines = head.split(b"\r\n")[1:]
        return [(key.lower(), value.strip()) for key, _, value in (line.partition(b":") for line in lines) if key]

    async with await asyncio.start_server(serve, "127.0.0.1", 0, limit=MIB) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        blobs = open_s3(s3.fresh().replace(str(s3.port), str(port)))
        content = os.urandom(600_000)
        digest = await blobs.put(content)
        for start, end in [(0, 10), (10, None), (599_999, 700_000), (600_000, None)]:
            assert await blobs.get(digest, start, end) == content[start:end]
        assert asked == [b"bytes=0-9", b"bytes=10-599999", b"bytes=599999-599999"]
