"""Bytes that lie in a file: what can go from there to a network without being read is left there, and whoever wants
them reads them."""

import asyncio
import os
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from typing import BinaryIO

from parvis.store.blobs.contract import CHUNK


@dataclass(frozen=True, slots=True)
class Extent:
    """Some bytes of an open file, which stays open until the next extent is asked for."""

    file: BinaryIO
    start: int
    size: int

    async def read(self) -> AsyncIterator[bytes]:
        """The bytes in chunks of at most CHUNK; fewer when the file has ended."""
        start, end = self.start, self.start + self.size
        while start < end:
            size = min(CHUNK, end - start)
            chunk = _cached(self.file, start, size) or await asyncio.to_thread(
                os.pread, self.file.fileno(), size, start
            )
            if not chunk:
                return
            start += len(chunk)
            yield chunk


async def chunks(extents: AsyncIterable[bytes | Extent]) -> AsyncIterator[bytes]:
    """The bytes of all, in chunks."""
    async for extent in extents:
        if isinstance(extent, bytes):
            yield extent
        else:
            async for chunk in extent.read():
                yield chunk


def _cached(file: BinaryIO, start: int, size: int) -> bytes:
    """What of a part is in memory already, for which nobody has to wait: no way to a thread and back. Empty when
    the disk is to be asked, or the system does not tell (Linux does)."""
    part = bytearray(size)
    try:
        return bytes(memoryview(part)[: os.preadv(file.fileno(), [part], start, os.RWF_NOWAIT)])
    except (OSError, AttributeError):
        return b""
