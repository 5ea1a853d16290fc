"""Blobs in S3 or what speaks it: `ab/cd/abcd...` under a prefix. Large ones are streamed beside and copied to their
name on the server, since the name is known only at the end."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import obstore
from obstore.exceptions import BaseError, GenericError
from obstore.store import S3Store

from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid, NotFound, Unavailable
from parvis.kernel.mapped import Mapped, Raw
from parvis.store.blobs.contract import CHUNK, RENEW_MS, BlobWriter, Step, stored
from parvis.store.blobs.extents import Extent

_PART = 8 * 1024 * 1024
"""Bytes held in memory by one writer before it becomes a multipart upload; S3's least is 5 MiB."""
_SMALL = 1024 * 1024
"""Below this it costs less to send the bytes again than to ask whether they are there."""


def open_s3(url: str) -> "S3Blobs":
    """The store that `s3://bucket/prefix?endpoint=...&region=...` names; keys come from AWS_ACCESS_KEY_ID and
    AWS_SECRET_ACCESS_KEY. Raises Invalid."""
    parts = urlsplit(url)
    asked = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    if parts.scheme != "s3" or not parts.hostname or asked.keys() - {"endpoint", "region"}:
        raise Invalid(f"{url!r} is not s3://bucket/prefix?endpoint=...&region=...", field="blobs")
    config: dict[str, Any] = {"region": asked.get("region", "us-east-1")}
    if endpoint := asked.get("endpoint"):
        config |= {"endpoint": endpoint, "virtual_hosted_style_request": False}
    return S3Blobs(
        S3Store(
            parts.hostname,
            prefix=parts.path.strip("/") or None,
            config=config,  # type: ignore[arg-type]  # keys are those of S3Config
            client_options={"allow_http": asked.get("endpoint", "").startswith("http://"), "timeout": "60s"},
            retry_config={"max_retries": 4, "retry_timeout": timedelta(seconds=30)},
        )
    )


class S3Blobs:
    """A blob store in one bucket."""

    at_once = 1
    """Each holds its bytes in memory until it is committed."""

    def __init__(self, bucket: S3Store) -> None:
        self._bucket = bucket
        self._has_ranges = True

    @staticmethod
    def path(digest: str) -> str:
        """The key of the blob of this hash."""
        return f"{digest[:2]}/{digest[2:4]}/{digest}"

    async def put(self, content: bytes) -> str:
        """See Blobs.put."""
        digest = hashlib.sha256(content).hexdigest()
        if len(content) < _SMALL or not await self.is_fresh(digest):
            with _naming(digest):
                await obstore.put_async(self._bucket, self.path(digest), content)
        return digest

    async def join(self, content: bytes) -> tuple[str, Step]:
        """See Blobs.join. S3 knows no units: they are stored before it."""
        return await self.put(content), stored

    async def writer(self) -> "S3Writer":
        """See Blobs.writer."""
        return S3Writer(self, self._bucket)

    async def commit(self, writers: Sequence[BlobWriter]) -> list[str]:
        """See Blobs.commit."""
        return [await writer.commit() for writer in writers]

    async def together(self, digests: Sequence[str]) -> dict[str, bytes]:
        """See Blobs.together. There is no such thing in S3."""
        return {}

    async def get(self, digest: str, start: int = 0, end: int | None = None) -> bytes:
        """See Blobs.get."""
        return b"".join([chunk async for chunk in self.stream(digest, start, end)])

    async def stream(self, digest: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """See Blobs.stream."""
        if start or end is not None:
            size = await self.size(digest)
            if size is None:
                raise NotFound("no such blob", blob=digest)
            end = size if end is None else min(end, size)
        with _naming(digest):
            answer, skip = await self._opened(digest, start, end)
            left = None if end is None else max(0, end - start)
            async for piece in answer.stream(min_chunk_size=CHUNK) if left != 0 else _empty():
                view = memoryview(piece)[skip:]
                skip = max(0, skip - len(piece))
                for offset in range(0, len(view), CHUNK):
                    chunk = bytes(view[offset : offset + CHUNK][:left])
                    yield chunk
                    left = None if left is None else left - len(chunk)
                    if left == 0:
                        return

    def extents(self, digest: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes | Extent]:
        """See Blobs.extents. Nothing of it lies in a file."""
        return self.stream(digest, start, end)

    @asynccontextmanager
    async def mapped(self, digest: str) -> AsyncIterator[Raw]:
        """See Blobs.mapped: a large one is copied into a file that goes with the end."""
        with tempfile.TemporaryFile() as file:
            head = b""
            async for chunk in self.stream(digest):
                if file.tell() or len(head) + len(chunk) > _SMALL:
                    await asyncio.to_thread(file.write, head + chunk)
                    head = b""
                else:
                    head += chunk
            file.flush()
            if file.tell():
                with Mapped(file) as raw:
                    yield raw
            else:
                yield head

    async def _opened(self, digest: str, start: int, end: int | None) -> tuple[Any, int]:
        """The answer to read from, and how many bytes of it to skip: a server that says 200 to a range is asked for
        everything (rclone does so)."""
        if self._has_ranges and end is not None and start < end:
            try:
                options: Any = {"range": (start, end)}
                return await obstore.get_async(self._bucket, self.path(digest), options=options), 0
            except GenericError as error:
                if "non-partial" not in str(error):
                    raise
                self._has_ranges = False
        return await obstore.get_async(self._bucket, self.path(digest)), start

    async def size(self, digest: str) -> int | None:
        """See Blobs.size."""
        try:
            with _naming(digest):
                return int((await obstore.head_async(self._bucket, self.path(digest)))["size"])
        except NotFound:
            return None

    async def delete(self, digest: str) -> None:
        """See Blobs.delete."""
        try:
            with _naming(digest):
                await obstore.delete_async(self._bucket, self.path(digest))
        except NotFound:
            return

    async def older_than(self, before_ms: int) -> AsyncIterator[list[str]]:
        """See Blobs.older_than."""
        with _naming(""):
            async for page in obstore.list(self._bucket, chunk_size=1000):
                yield [
                    name
                    for meta in page
                    if len(name := str(meta["path"]).rpartition("/")[2]) == 64
                    and clock.to_ms(meta["last_modified"]) < before_ms
                ]

    async def delete_older(self, digest: str, before_ms: int) -> bool:
        """See Blobs.delete_older. Between the question and the deletion a few milliseconds stay open."""
        written = await self._written_ms(digest)
        if written is None or written >= before_ms:
            return False
        await self.delete(digest)
        return True

    async def clean(self, before_ms: int) -> int:
        """See Blobs.clean."""
        found = []
        with _naming(""):
            async for page in obstore.list(self._bucket, prefix="incoming"):
                found += [str(m["path"]) for m in page if clock.to_ms(m["last_modified"]) < before_ms]
            if found:
                await obstore.delete_async(self._bucket, found)
        return len(found)

    async def is_fresh(self, digest: str) -> bool:
        """Whether the blob is there and was written so lately that no sweeper will touch it."""
        written = await self._written_ms(digest)
        return written is not None and written > clock.now_ms() - RENEW_MS

    async def _written_ms(self, digest: str) -> int | None:
        try:
            with _naming(digest):
                return clock.to_ms((await obstore.head_async(self._bucket, self.path(digest)))["last_modified"])
        except NotFound:
            return None


class S3Writer:
    """An upload that holds at most one part in memory."""

    def __init__(self, blobs: S3Blobs, bucket: S3Store) -> None:
        self._blobs, self._bucket = blobs, bucket
        self._incoming = f"incoming/{ids.token(16)}"
        self._upload: Any = None
        self._buffer = bytearray()
        self._hash = hashlib.sha256()
        self.size = 0

    async def write(self, chunk: bytes | memoryview) -> None:
        """See BlobWriter.write."""
        self._hash.update(chunk)
        self.size += len(chunk)
        self._buffer += chunk
        if len(self._buffer) >= _PART:
            with _naming(""):
                if self._upload is None:
                    self._upload = obstore.open_writer_async(
                        self._bucket, self._incoming, buffer_size=_PART, max_concurrency=2
                    )
                await self._upload.write(bytes(self._buffer))
            self._buffer.clear()

    async def commit(self) -> str:
        """See BlobWriter.commit."""
        if self._upload is None:
            return await self._blobs.put(bytes(self._buffer))
        digest = self._hash.hexdigest()
        with _naming(digest):
            await self._upload.write(bytes(self._buffer))
            await self._upload.close()
            if not await self._blobs.is_fresh(digest):
                await obstore.copy_async(self._bucket, self._incoming, self._blobs.path(digest))
            await obstore.delete_async(self._bucket, self._incoming)
        return digest

    async def abort(self) -> None:
        """See BlobWriter.abort."""
        self._buffer.clear()
        if self._upload is not None:
            with _naming(""):
                await self._upload.close()
                await obstore.delete_async(self._bucket, self._incoming)


async def _empty() -> AsyncIterator[bytes]:
    return
    yield b""


@contextmanager
def _naming(digest: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, obstore.exceptions.NotFoundError) as error:
        raise NotFound("no such blob", blob=digest) from error
    except (BaseError, OSError) as error:
        raise Unavailable(f"the blob store does not answer: {error}") from error
