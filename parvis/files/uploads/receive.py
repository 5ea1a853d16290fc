"""Taking the bytes of an upload: cut into pieces as they come, each durable before the place reached moves past it,
so that whatever is cut off goes on where it was; and at the end making a file of them."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

from parvis.access.principal import Principal, Right
from parvis.files import service
from parvis.files import store as files
from parvis.files.model import Content, Node, node_name
from parvis.files.service import Place
from parvis.files.uploads import store
from parvis.files.uploads.store import Kept, Upload
from parvis.kernel import clock
from parvis.kernel.errors import Conflict, Invalid, NotFound, ParvisError
from parvis.kernel.recent import Recent
from parvis.serve.http.exchange import Disconnected
from parvis.serve.jmap.blobs import UPLOAD, UPLOAD_MS, link
from parvis.store.blobs.contract import CHUNK, BlobWriter, Piece
from parvis.store.blobs.cutting import Cutter
from parvis.store.store import Store
from parvis.store.unit import Unit

_KEPT_HASHES = 200
_FLUSH_BYTES = 32 * 1024 * 1024
CHECKSUMS = ("sha1", "sha256", "md5")


class Mismatch(ParvisError):
    """The bytes are not those that their checksum is of; they are forgotten."""

    code = "invalid"


@dataclass(slots=True)
class _Coming:
    """One request's bytes on their way into pieces."""

    start: int
    """Where the piece under way begins."""
    writer: BlobWriter
    cutter: Cutter = field(default_factory=Cutter)
    fresh: list[Kept] = field(default_factory=list)
    reached: int = 0
    waiting: int = 0
    """Bytes of `fresh`."""


class Receiver:
    """The uploads that this node is taking."""

    def __init__(self, kept: Store, hours: int) -> None:
        self._store, self._life_ms = kept, hours * 3_600_000
        self._hashes: Recent[int, tuple[int, Any]] = Recent(_KEPT_HASHES)
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def end_ms(self) -> int:
        """When an upload that is heard of now is forgotten."""
        return clock.now_ms() + self._life_ms

    def turn(self, upload_id: int) -> asyncio.Lock:
        """Held while an upload is written to on this node."""
        return self._turns.setdefault(upload_id, asyncio.Lock())

    async def take(
        self, upload: Upload, chunks: AsyncIterator[bytes], checksum: tuple[str, bytes] | None = None
    ) -> int:
        """Takes bytes that begin where the upload has come to. Returns how far it is then; when the client goes
        away in between, what has come is kept (unless it was to be checked). Raises Mismatch, Conflict."""
        coming = await self._resumed(upload)
        whole = self._hash_of(upload)
        check = hashlib.new(checksum[0], usedforsecurity=False) if checksum else None
        try:
            async for chunk in gathered(chunks):
                places = await asyncio.to_thread(_looked_at, chunk, coming.cutter, check, whole)
                await self._write(upload, coming, chunk, places, hold=check is not None)
        except Disconnected:
            if check is None:  # the request may be cancelled too: what has come is put away all the same
                self._remember(upload, await asyncio.shield(self._close(upload, coming)), whole)
            else:
                await coming.writer.abort()
            raise
        except BaseException:
            await coming.writer.abort()
            raise
        if check is not None and checksum and not hmac.compare_digest(check.digest(), checksum[1]):
            await coming.writer.abort()
            raise Mismatch("the checksum is another")
        reached = await self._close(upload, coming)
        self._remember(upload, reached, whole)
        return reached

    def _remember(self, upload: Upload, reached: int, whole: Any) -> None:
        """Keeps the hash of all that has come for the next request."""
        if whole is not None:
            self._hashes[upload.id] = (reached, whole)

    def _hash_of(self, upload: Upload) -> Any:
        """The hash of all that has come, when this node has it: else it is read again at the end."""
        reached, found = self._hashes.pop(upload.id, (-1, None))
        if reached == upload.reached:
            return found
        return hashlib.sha256() if upload.reached == 0 else None

    async def _resumed(self, upload: Upload) -> _Coming:
        """Goes on with the open piece, so that cuts are where they would be had nothing been cut off."""
        coming = _Coming(upload.reached, await self._store.blobs.writer(whole=True), reached=upload.reached)
        last = (await store.pieces(self._store.db, upload.id))[-1:]
        if last and last[0].open:
            coming.start = last[0].start
            async for chunk in self._store.blobs.stream(last[0].piece.hash):
                coming.cutter.cuts(chunk)
                await coming.writer.write(chunk)
        return coming

    async def _write(
        self, upload: Upload, coming: _Coming, chunk: bytes, places: Sequence[int], *, hold: bool
    ) -> None:
        begin = 0
        for place in places:
            await coming.writer.write(chunk[begin:place])
            await self._cut(coming, open_=False)
            coming.writer = await self._store.blobs.writer(whole=True)
            begin = place
        if begin < len(chunk):
            await coming.writer.write(chunk[begin:])
        if coming.waiting >= _FLUSH_BYTES and not hold:
            await self._flush(upload, coming)

    async def _cut(self, coming: _Coming, *, open_: bool) -> None:
        size = coming.writer.size
        piece = Piece(await coming.writer.commit(), size)
        coming.fresh.append(Kept(coming.start, piece, open_))
        coming.start += size
        coming.waiting += size

    async def _flush(self, upload: Upload, coming: _Coming) -> None:
        end = self.end_ms()
        coming.reached = await self._store.write(
            lambda unit: store.add(unit, upload, coming.reached, coming.fresh, end)
        )
        coming.fresh, coming.waiting = [], 0

    async def _close(self, upload: Upload, coming: _Coming) -> int:
        if coming.writer.size:
            await self._cut(coming, open_=True)
        else:
            await coming.writer.abort()
        await self._flush(upload, coming)
        end = self.end_ms()
        await self._store.write(lambda unit: store.prolong(unit, upload, end))
        return coming.reached

    async def finish(self, principal: Principal, upload: Upload) -> Upload:
        """Makes of an upload that has come whole what it is to be. Done once; later calls change nothing. Raises
        what making the file raises: then the upload stays, and can be finished when there is room."""
        if upload.done_hash or upload.partial:
            return upload
        kept = await store.pieces(self._store.db, upload.id)
        reached, whole = self._hashes.pop(upload.id, (-1, None))
        digest = whole.hexdigest() if whole is not None and reached == upload.reached else None
        found = await self._store.blobs.assemble([one.piece for one in kept], digest)
        await self._store.write(lambda unit: self._made(unit, principal, upload, found))
        return await store.find(self._store.db, principal.id, upload.id)

    async def _made(self, unit: Unit, principal: Principal, upload: Upload, digest: str) -> None:
        if (await store.find(unit, principal.id, upload.id)).done_hash:
            return
        target = upload.target
        content = Content(digest, upload.length or 0, target.media_type)
        node_id = 0
        if target.node:
            node = await service.find(unit, principal, upload.account_id, target.node)
            node_id = (await service.write(unit, principal, node, content, target.modified_ms)).id
        elif target.folder is not None:
            node_id = (await _put(unit, principal, upload, content)).id
        else:
            end = clock.now_ms() + UPLOAD_MS
            await link(unit, digest, upload.account_id, UPLOAD, principal.id, content.size, content.media_type, end)
        await store.finish(unit, upload, digest, node_id)


async def gathered(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Small chunks as larger ones; what has come before the client went away is given first."""
    held, size = list[bytes](), 0
    try:
        async for chunk in chunks:
            held.append(chunk)
            size += len(chunk)
            if size >= CHUNK:
                yield b"".join(held)
                held, size = [], 0
    except Disconnected:
        if held:
            yield b"".join(held)
        raise
    if held:
        yield b"".join(held)


def _looked_at(chunk: bytes, cutter: Cutter, *hashes: Any) -> list[int]:
    """Where pieces end in a chunk, which the hashes have then seen."""
    for one in hashes:
        if one is not None:
            one.update(chunk)
    return cutter.cuts(chunk)


async def _put(unit: Unit, principal: Principal, upload: Upload, content: Content) -> Node:
    """The file in its folder. A name that is taken is replaced by a new content of what has it, or another one is
    found: what has come whole is never thrown away for its name."""
    target = upload.target
    where = await service.place(unit, principal, upload.account_id, target.folder or 0)
    where = await folders(unit, principal, where, target.path)
    name = node_name(target.name)
    there = await files.child(unit, upload.account_id, where.id, name)
    if there is not None and not there.folder and target.on_exists == "replace":
        return await service.write(unit, principal, there, content, target.modified_ms)
    if there is not None:
        name = await service.free_name(unit, where, name)
    values = {} if target.modified_ms is None else {"modified_ms": target.modified_ms}
    return await service.add(unit, principal, where, name, content, values=values)


async def folders(unit: Unit, principal: Principal, where: Place, path: tuple[str, ...]) -> Place:
    """The folder at a path below another, made where it is missing. Raises Conflict when a file is in the way."""
    for name in path:
        there = await files.child(unit, where.account_id, where.id, node_name(name))
        if there is None:
            there = await service.add(unit, principal, where, name, None)
        if not there.folder:
            raise Conflict(f"a file is where the folder {name} should be", field="path")
        where = Place(there.account_id, there.scope_id, there)
    return where


async def check(db: Any, principal: Principal, account_id: int, target: store.Target, length: int | None) -> None:
    """Looks before an upload begins whether it could be finished now. Raises NotFound, Forbidden, Invalid,
    OverQuota, and Conflict with `existing` when the name is taken and nothing was said about that."""
    room = await files.room(db, account_id)
    if room is None:
        raise NotFound("no such account")
    if target.node:
        if (await service.find(db, principal, account_id, target.node, Right.WRITE)).folder:
            raise Invalid("a folder has no content", field="nodeId")
    elif target.folder is not None:
        where = await service.place(db, principal, account_id, target.folder)
        node_name(target.name)
        if not target.path and not target.on_exists:
            there = await files.child(db, account_id, where.id, node_name(target.name))
            if there is not None:
                raise Conflict("a file of this name is there", field="name", existing=there.id)
    files.fits(room, length or 0)
