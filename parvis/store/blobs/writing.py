"""Large content on its way into pieces. It goes from hand to hand in a few buffers, which are used again and again:
while one is filled, those before it go into the hash of the whole, are cut where their bytes say (see cutting), and
each piece of them is hashed and written by itself. So every processor has something to do, whatever waits for the
disk."""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableSet, Sequence
from typing import Any

from parvis.store.blobs.contract import CHUNK, Blobs, BlobWriter, Hash, Piece
from parvis.store.blobs.cutting import Cutter

_PART = 8 * CHUNK
"""Bytes of a buffer: what comes from the network comes in far smaller pieces, and each part has a way to several
threads."""
_PARTS = 4
_ALONE = 8
"""Writers that have all this for themselves: when there are more, each has less memory and fewer open files."""
_BEHIND = 2
"""Times as many pieces as are made durable together that are on their way to the disk while others are written."""

Assemble = Callable[[Sequence[Piece], str], Awaitable[str]]


class PieceWriter:
    """Writes piece after piece into a store. What fails is told by a later call."""

    def __init__(
        self, blobs: Blobs, writer: BlobWriter, coming: "MutableSet[PieceWriter]", hashes: Sequence[Hash]
    ) -> None:
        """`coming` has it while more than a part of it comes in; `hashes` get all that is written."""
        self._blobs, self._all, self._hashes = blobs, coming, hashes
        self._cutter = Cutter()
        self._cutting, self._hashing = asyncio.Lock(), asyncio.Lock()
        self._coming, self._cut = _Coming(writer), list[_Coming]()
        self._parts: deque[tuple[asyncio.Task[None], memoryview]] = deque()
        self._behind: deque[asyncio.Task[list[Piece]]] = deque()
        self.pieces: list[Piece] = []
        """Those that are known to be durable."""
        self._filling, self._filled = memoryview(bytearray(_PART)), 0
        self.size = 0

    async def resume(self, begun: AsyncIterator[bytes]) -> None:
        """Begins with a piece of which these bytes are there: they are written anew, neither counted nor hashed."""
        async for chunk in begun:
            self._cutter.cuts(chunk)
            await self._coming.take(memoryview(chunk))

    async def write(self, chunk: bytes | memoryview) -> None:
        """See BlobWriter.write."""
        left = memoryview(chunk)
        while left:
            room = self.room()
            taken = min(len(left), len(room))
            room[:taken], left = left[:taken], left[taken:]
            await self.came(taken)

    def room(self) -> memoryview:
        """See BlobReceiver.room."""
        return self._filling[self._filled :]

    async def came(self, count: int) -> None:
        """See BlobReceiver.came."""
        self.size += count
        self._filled += count
        if self._filled == _PART:
            await self._hand_on()

    async def _hand_on(self) -> None:
        """Lets what has come go its way, and takes a buffer for what comes: that of the oldest part, when there are
        enough. New memory for each would cost more than to copy into it."""
        self._all.add(self)
        self._parts.append((asyncio.create_task(self._passed(self._filling[: self._filled])), self._filling))
        buffer = None
        while len(self._parts) >= max(2, self._share(_PARTS)):
            buffer = await self._through()
        self._filling, self._filled = memoryview(bytearray(_PART)) if buffer is None else buffer, 0

    def _share(self, whole: int) -> int:
        """What each writer has of something, when there are many."""
        return max(1, whole * _ALONE // max(_ALONE, len(self._all)))

    async def _through(self) -> memoryview:
        """Waits for the oldest part; its buffer. Whoever stops waiting stops no part."""
        passing, buffer = self._parts[0]
        await asyncio.wait([passing])
        passing.result()
        self._parts.popleft()
        return buffer

    async def _passed(self, content: memoryview) -> None:
        """One part. Nobody has its buffer any more on return."""
        steps = [asyncio.create_task(self._hashed(content))]
        try:
            async with self._cutting:
                start = 0
                for place in await asyncio.to_thread(self._cutter.cuts, content):
                    steps.append(self._coming.take(content[start:place]))
                    await self._next()
                    start = place
                if start < len(content):
                    steps.append(self._coming.take(content[start:]))
        finally:
            await _ended(steps)
        for step in steps:
            step.result()

    async def _hashed(self, content: memoryview) -> None:
        async with self._hashing:
            for each in self._hashes:
                await asyncio.to_thread(each.update, content)

    async def _next(self) -> None:
        """A piece has ended, and another one begins."""
        self._cut.append(self._coming)
        self._coming = _Coming(await self._blobs.writer())
        if len(self._cut) >= self._share(self._blobs.at_once):
            self._harden()
            if len(self._behind) > _BEHIND:
                await self._settle()

    def _harden(self) -> None:
        cut, self._cut = self._cut, []
        self._behind.append(asyncio.create_task(_committed(self._blobs, cut)))

    async def _settle(self) -> None:
        """Waits until the oldest pieces are durable. When one fails they stay for `abort` to see their end."""
        await asyncio.wait([self._behind[0]])
        self.settled()

    def settled(self) -> Sequence[Piece]:
        """The pieces that are durable by now, in order."""
        while self._behind and self._behind[0].done():
            self.pieces += self._behind[0].result()
            self._behind.popleft()
        return self.pieces

    async def end(self) -> bool:
        """Makes all of it durable: `pieces` has them all then. Returns whether the last one did not end where its
        bytes say, and could be gone on with."""
        if self._filled:
            await self._hand_on()
        while self._parts:
            await self._through()
        if unended := bool(self._coming.writer.size):
            self._cut.append(self._coming)
        if self._cut:
            self._harden()
        while self._behind:
            await self._settle()
        self._all.discard(self)
        return unended

    async def abort(self) -> None:
        """See BlobWriter.abort. Pieces that are written already are swept."""
        self._all.discard(self)
        await _ended([*(passing for passing, _ in self._parts), *self._behind])
        for piece in (*self._cut, self._coming):
            await piece.writer.abort()


class PiecedWriter(PieceWriter):
    """Makes a whole of the pieces."""

    def __init__(
        self, blobs: Blobs, writer: BlobWriter, assemble: Assemble, coming: "MutableSet[PieceWriter]"
    ) -> None:
        self._assemble, self._hash = assemble, hashlib.sha256()
        super().__init__(blobs, writer, coming, [self._hash])

    async def commit(self) -> str:
        """See BlobWriter.commit."""
        await self.end()
        return await self._assemble(self.pieces, self._hash.hexdigest())


class _Coming:
    """A piece, and what there is of it by now: hashed and written one after the other, beside other pieces."""

    def __init__(self, writer: BlobWriter) -> None:
        self.writer = writer
        self._turn = asyncio.Lock()
        self._steps: list[asyncio.Task[None]] = []

    def take(self, content: memoryview) -> "asyncio.Task[None]":
        """Bytes that follow those before."""
        step = asyncio.create_task(self._write(content))
        self._steps.append(step)
        return step

    async def _write(self, content: memoryview) -> None:
        async with self._turn:
            await self.writer.write(content)

    async def written(self) -> None:
        """Returns when all of it is written. Raises what went wrong."""
        await _ended(self._steps)
        for step in self._steps:
            step.result()


async def _committed(blobs: Blobs, pieces: Sequence[_Coming]) -> list[Piece]:
    writers = [piece.writer for piece in pieces]
    try:
        for piece in pieces:
            await piece.written()
        found = await blobs.commit(writers)
    except BaseException:
        for writer in writers:
            await writer.abort()
        raise
    return [Piece(digest, writer.size) for digest, writer in zip(found, writers, strict=True)]


async def _ended(tasks: "Iterable[asyncio.Task[Any]]") -> None:
    """Returns when all have ended, whatever became of them: who has to know asks each for its result."""
    if under_way := list(tasks):
        await asyncio.wait(under_way)
    for task in under_way:
        if not task.cancelled():
            task.exception()
