"""Large blobs in pieces: what is written bit by bit is cut where its bytes say (see cutting), each piece is a
blob of the store below, and what is the same in two versions of a file is kept once. Content of one piece is that
piece, and costs nothing more. A whole keeps the name that it has by its own hash; only how it is kept differs."""

import asyncio
import bisect
import hashlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import overload
from weakref import WeakSet

from parvis.kernel import clock
from parvis.kernel.errors import NotFound
from parvis.kernel.mapped import Mapped, Raw
from parvis.store.blobs.contract import BlobReceiver, Blobs, BlobWriter, Hash, Piece
from parvis.store.blobs.extents import Extent, chunks
from parvis.store.blobs.writing import PiecedWriter, PieceWriter
from parvis.store.sql.contract import Database, Tx

_PAGE = 1000


class PiecedBlobs:
    """A blob store over another."""

    def __init__(self, inner: Blobs, db: Database) -> None:
        self.inner, self._db = inner, db
        self.put, self.join, self.together, self.clean = inner.put, inner.join, inner.together, inner.clean
        self.commit, self.at_once = inner.commit, inner.at_once
        self._coming: WeakSet[PieceWriter] = WeakSet()

    @overload
    async def writer(self) -> BlobReceiver: ...
    @overload
    async def writer(self, *, whole: bool) -> BlobWriter: ...
    async def writer(self, *, whole: bool = False) -> BlobWriter:
        """See WholeBlobs.writer."""
        writer = await self.inner.writer()
        return writer if whole else PiecedWriter(self.inner, writer, self.assemble, self._coming)

    async def piecewise(self, *hashes: Hash) -> PieceWriter:
        """See WholeBlobs.piecewise."""
        return PieceWriter(self.inner, await self.inner.writer(), self._coming, hashes)

    def busy(self) -> bool:
        """See WholeBlobs.busy."""
        return bool(self._coming)

    async def assemble(self, pieces: Sequence[Piece], digest: str | None = None) -> str:
        """See Blobs.assemble."""
        if len(pieces) == 1:
            return pieces[0].hash
        if not pieces:
            return await self.put(b"")
        name = digest or await self._hashed(pieces)
        size = sum(piece.size for piece in pieces)
        await self._db.write(lambda tx: _keep(tx, name, size, pieces))
        return name

    async def _hashed(self, pieces: Sequence[Piece]) -> str:
        found = hashlib.sha256()
        for piece in pieces:
            async for chunk in self.inner.stream(piece.hash):
                await asyncio.to_thread(found.update, chunk)
        return found.hexdigest()

    async def get(self, digest: str, start: int = 0, end: int | None = None) -> bytes:
        """See Blobs.get."""
        try:
            return await self.inner.get(digest, start, end)
        except NotFound:
            return b"".join([chunk async for chunk in chunks(self._joined(digest, start, end))])

    def stream(self, digest: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """See Blobs.stream."""
        return chunks(self.extents(digest, start, end))

    async def extents(self, digest: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes | Extent]:
        """See Blobs.extents."""
        plain = self.inner.extents(digest, start, end)
        try:
            async for extent in plain:
                yield extent
            return
        except NotFound:
            pass  # it is raised before the first one only
        async for extent in self._joined(digest, start, end):
            yield extent

    async def _joined(self, digest: str, start: int, end: int | None) -> AsyncIterator[bytes | Extent]:
        rows = await self._db.rows(
            "SELECT start, piece, size FROM blob_piece WHERE hash = ? ORDER BY start", digest
        )
        if not rows:
            raise NotFound("no such blob", blob=digest)
        total = rows[-1][0] + rows[-1][2]
        last = total if end is None else min(end, total)
        first = max(0, bisect.bisect_right([row[0] for row in rows], start) - 1)
        for place, piece, size in rows[first:]:
            if place >= last:
                return
            async for extent in self.inner.extents(piece, max(0, start - place), min(size, last - place)):
                yield extent

    @asynccontextmanager
    async def mapped(self, digest: str) -> AsyncIterator[Raw]:
        """See Blobs.mapped: pieces are copied into a file that goes with the end."""
        async with AsyncExitStack() as stack:
            try:
                raw = await stack.enter_async_context(self.inner.mapped(digest))
            except NotFound:
                file = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
                async for chunk in chunks(self._joined(digest, 0, None)):
                    await asyncio.to_thread(file.write, chunk)
                file.flush()
                raw = stack.enter_context(Mapped(file))
            yield raw

    async def size(self, digest: str) -> int | None:
        """See Blobs.size."""
        if (size := await self.inner.size(digest)) is not None:
            return size
        found: int | None = await self._db.value("SELECT size FROM blob_whole WHERE hash = ?", digest)
        return found

    async def delete(self, digest: str) -> None:
        """See Blobs.delete. Its pieces go by themselves when nothing else is made of them."""
        await self.inner.delete(digest)
        await self._db.write(lambda tx: _drop(tx, digest, 1 << 62))

    async def older_than(self, before_ms: int) -> AsyncIterator[list[str]]:
        """See Blobs.older_than."""
        async for page in self.inner.older_than(before_ms):
            yield page
        last = ""
        while rows := await self._db.rows(
            "SELECT hash, written_ms FROM blob_whole WHERE hash > ? ORDER BY hash LIMIT ?", last, _PAGE
        ):
            last = rows[-1][0]
            if found := [digest for digest, written_ms in rows if written_ms < before_ms]:
                yield found

    async def delete_older(self, digest: str, before_ms: int) -> bool:
        """See Blobs.delete_older."""
        dropped = await self._db.write(lambda tx: _drop(tx, digest, before_ms))
        return await self.inner.delete_older(digest, before_ms) or dropped


async def _keep(tx: Tx, digest: str, size: int, pieces: Sequence[Piece]) -> None:
    now, start, rows = clock.now_ms(), 0, []
    for piece in pieces:
        rows.append((digest, start, piece.hash, piece.size))
        start += piece.size
    await tx.run(
        """INSERT INTO blob_whole (hash, size, written_ms) VALUES (?, ?, ?)
        ON CONFLICT (hash) DO UPDATE SET written_ms = excluded.written_ms""",
        digest,
        size,
        now,
    )
    await tx.run("DELETE FROM blob_piece WHERE hash = ?", digest)
    await tx.many("INSERT INTO blob_piece (hash, start, piece, size) VALUES (?, ?, ?, ?)", rows)


async def _drop(tx: Tx, digest: str, before_ms: int) -> bool:
    if not await tx.run("DELETE FROM blob_whole WHERE hash = ? AND written_ms < ?", digest, before_ms):
        return False
    await tx.run("DELETE FROM blob_piece WHERE hash = ?", digest)
    return True
