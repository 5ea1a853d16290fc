"""Taking the bytes of an upload: cut into pieces as they come, each durable before the place reached moves past it,
so that whatever is cut off goes on where it was; and at the end making a file of them."""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
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
from parvis.serve.http.exchange import Disconnected, Request
from parvis.serve.jmap.blobs import UPLOAD, UPLOAD_MS, link
from parvis.store.blobs.contract import Hash
from parvis.store.blobs.writing import PieceWriter
from parvis.store.store import Store
from parvis.store.unit import Unit

_KEPT_HASHES = 200
CHECKSUMS = ("sha1", "sha256", "md5")


class Mismatch(ParvisError):
    """The bytes are not those that their checksum is of; they are forgotten."""

    code = "invalid"


@dataclass(slots=True)
class _Coming:
    """One request's bytes on their way into pieces. An Intake: what is durable is noted while more comes."""

    writer: PieceWriter
    start: int
    """Where the first piece begins that the upload does not know of."""
    reached: int
    note: Callable[["_Coming"], Awaitable[None]] | None
    """Notes what is durable; None for bytes that are to be checked first."""
    told: int = 0
    """Pieces that the upload knows of."""

    async def write(self, chunk: bytes | memoryview) -> None:
        """See Intake.write."""
        await self.writer.write(chunk)
        await self._noted()

    def room(self) -> memoryview:
        """See Intake.room."""
        return self.writer.room()

    async def came(self, count: int) -> None:
        """See Intake.came."""
        await self.writer.came(count)
        await self._noted()

    async def _noted(self) -> None:
        if self.note is not None and len(self.writer.settled()) > self.told:
            await self.note(self)

    def fresh(self, *, unended: bool) -> list[Kept]:
        """The pieces that the upload is to know of now; the last of them may be open."""
        found = []
        for piece in self.writer.pieces[self.told :]:
            found.append(Kept(self.start, piece, False))
            self.start += piece.size
        self.told = len(self.writer.pieces)
        if unended:
            found[-1] = replace(found[-1], open=True)
        return found


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
        self, upload: Upload, request: Request, most: int, checksum: tuple[str, bytes] | None = None
    ) -> int:
        """Takes a request's body, at most so many bytes, which begin where the upload has come to. Returns how far
        it is then; when the client goes away in between, what has come is kept (unless it was to be checked).
        Raises Mismatch, Conflict, and as Request.chunks."""
        whole = self._hash_of(upload)
        check = hashlib.new(checksum[0], usedforsecurity=False) if checksum else None
        coming = await self._resumed(upload, [each for each in (whole, check) if each is not None], check is None)
        try:
            await request.pour(request.chunks(most), coming)
            unended = await coming.writer.end()
            if check is not None and checksum and not hmac.compare_digest(check.digest(), checksum[1]):
                raise Mismatch("the checksum is another")
        except Disconnected:
            if check is None:  # the request may be cancelled too: what has come is put away all the same
                self._remember(upload, await asyncio.shield(self._ended(upload, coming)), whole)
            else:
                await coming.writer.abort()
            raise
        except BaseException:
            await coming.writer.abort()
            raise
        reached = await self._close(upload, coming, unended)
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

    async def _resumed(self, upload: Upload, hashes: Sequence[Hash], noting: bool) -> _Coming:
        """Goes on with the open piece, so that cuts are where they would be had nothing been cut off."""
        blobs, note = self._store.blobs, partial(self._note, upload)
        coming = _Coming(await blobs.piecewise(*hashes), upload.reached, upload.reached, note if noting else None)
        last = (await store.pieces(self._store.db, upload.id))[-1:]
        if last and last[0].open:
            coming.start = last[0].start
            await coming.writer.resume(blobs.stream(last[0].piece.hash))
        return coming

    async def _note(self, upload: Upload, coming: _Coming, *, unended: bool = False) -> None:
        fresh, end, before = coming.fresh(unended=unended), self.end_ms(), coming.reached
        coming.reached = await self._store.write(lambda unit: store.add(unit, upload, before, fresh, end))

    async def _ended(self, upload: Upload, coming: _Coming) -> int:
        return await self._close(upload, coming, await coming.writer.end())

    async def _close(self, upload: Upload, coming: _Coming, unended: bool) -> int:
        await self._note(upload, coming, unended=unended)
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
