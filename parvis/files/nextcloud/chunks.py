"""Large files in chunks, version 2: a transfer is made (MKCOL), takes chunks (PUT) in whatever order, tells what
has come (PROPFIND), and becomes a file (MOVE of `.file`) in one transaction. Nextcloud's developer manual, "Chunked
file upload"; ownCloud's programs do the same."""

from collections.abc import Sequence

from parvis.access.principal import Principal
from parvis.files import store as files
from parvis.files.uploads import store
from parvis.files.uploads.receive import Receiver
from parvis.files.uploads.store import Target, Upload
from parvis.kernel.errors import Invalid, NotFound, ParvisError, RateLimited, TooLarge, Unauthenticated
from parvis.serve.context import Context
from parvis.serve.dav import multistatus, put
from parvis.serve.dav.ask import Ask
from parvis.serve.dav.engine import PROTOCOL, Dav
from parvis.serve.dav.refused import Refused, refusal
from parvis.serve.dav.resource import Base, Path, account_of
from parvis.serve.dav.tree import Put, Tree
from parvis.serve.dav.tree import Upload as Body
from parvis.serve.http.exchange import Request, Response, Route
from parvis.store.blobs.contract import stored
from parvis.store.unit import Unit
from parvis.wire.dav import headers, xml
from parvis.wire.dav.names import dav

BASE = Base(("remote.php", "dav"))
_WHOLE = ".file"
_METHODS = "MKCOL, PUT, PROPFIND, MOVE, DELETE"


class Chunks:
    """The handlers."""

    def __init__(self, context: Context) -> None:
        self._context, self._store = context, context.store
        self._receiver = Receiver(context.store, context.settings.files.upload_hours)

    def routes(self) -> list[Route]:
        """All routes."""
        return [Route("*", "/remote.php/dav/uploads/{user}/{path*}", self.handle, protocol=PROTOCOL)]

    async def handle(self, request: Request) -> Response:
        """A request about a transfer or a chunk, which only whoever sends them ever sees."""
        try:
            ask = self._context.need(Dav).ask(request, BASE)
            if len(ask.path) not in (3, 4) or await account_of(self._store.db, ask.who, ask.path[1]) != ask.who.id:
                raise NotFound("there is nothing here")
            return await self._handled(ask, ask.path[2], "".join(ask.path[3:]))
        except (Unauthenticated, RateLimited):
            raise
        except ParvisError as error:
            return refusal(error)

    async def _handled(self, ask: Ask, transfer: str, chunk: str) -> Response:
        method = ask.request.method
        if method == "MKCOL" and not chunk:
            return await self._begin(ask, transfer)
        if method == "PUT" and chunk and chunk != _WHOLE:
            return await self._take(ask, transfer, chunk)
        if method == "PROPFIND" and not chunk:
            return await self._tell(ask, transfer)
        if method == "MOVE" and chunk == _WHOLE:
            return await self._finish(ask, transfer)
        if method == "DELETE":
            who = ask.who
            if not await self._store.write(lambda unit: store.drop_chunks(unit, who.id, transfer, chunk)):
                raise NotFound("there is nothing here")
            return Response(204)
        raise Refused(405, "not this method here", allow=_METHODS)

    async def _begin(self, ask: Ask, transfer: str) -> Response:
        await self._fits(ask)
        end = self._receiver.end_ms()
        who = ask.who
        if await store.transfer(self._store.db, who.id, transfer) is not None:
            raise Refused(405, "something is there already", allow=_METHODS)
        await self._store.write(lambda unit: store.begin(unit, who.id, who.id, Target(), None, True, end, transfer))
        return Response(201)

    async def _fits(self, ask: Ask) -> None:
        """Refuses early what there is no room for, where the program says how much it will be."""
        total = _total(ask)
        if total > self._context.settings.files.largest_bytes:
            raise TooLarge("the file is too large", limit=self._context.settings.files.largest_bytes)
        await self._room(ask, total)

    async def _room(self, ask: Ask, octets: int) -> None:
        """Refuses what the account has no room for that it goes into, where the program says which: its sender's
        otherwise. Raises OverQuota."""
        account_id = ask.who.id
        if "destination" in ask.request.headers:
            parent = await put.parent_of(ask, self._store.db, ask.destination())
            account_id = parent.of_tree()[1].account_id
        if (room := await files.room(self._store.db, account_id)) is not None:
            files.fits(room, octets)

    async def _take(self, ask: Ask, transfer: str, chunk: str) -> Response:
        """A chunk: an upload of its own, which is told of only when it has come whole."""
        who, end = ask.who, self._receiver.end_ms()
        if await store.transfer(self._store.db, who.id, transfer) is None:
            raise NotFound("there is no such transfer")
        most = await self._left(ask, transfer, chunk)
        number = await self._store.write(lambda unit: _begun(unit, who, transfer, chunk, end))
        upload = await store.find(self._store.db, who.id, number)
        try:
            reached = await self._receiver.take(upload, ask.request, most)
        except BaseException:
            await self._store.write(lambda unit: store.drop(unit, who.id, number))
            raise
        await self._store.write(lambda unit: store.measure(unit, upload, reached))
        return Response(201)

    async def _left(self, ask: Ask, transfer: str, chunk: str) -> int:
        """How many bytes a chunk may have: all of them together make no larger file than there may be. Raises
        TooLarge, OverQuota for one that says it has more, or more than there is room for with all under way."""
        of_this, of_all = await store.held(self._store.db, ask.who.id, transfer, chunk)
        most = self._context.settings.files.largest_bytes - of_this
        given = ask.header("content-length") or "0"
        coming = int(given) if given.isdecimal() and len(given) < 19 else 0
        if coming > most:
            raise TooLarge("the file is too large", limit=self._context.settings.files.largest_bytes)
        await self._room(ask, coming + of_all)
        return max(0, most)

    async def _tell(self, ask: Ask, transfer: str) -> Response:
        """What has come; programs ask it to go on after a cut."""
        await ask.xml()
        if await store.transfer(self._store.db, ask.who.id, transfer) is None:
            raise NotFound("there is no such transfer")
        told = [_told(ask.path, None)]
        if headers.depth(ask.header("depth"), 1) != 0:
            found = await store.chunks(self._store.db, ask.who.id, transfer)
            told += [_told((*ask.path, name), upload.reached) for name, upload in found]
        return multistatus.whole("".join(told))

    async def _finish(self, ask: Ask, transfer: str) -> Response:
        """The file, made of all chunks in the order of their names."""
        destination = ask.destination()
        found = await store.chunks(self._store.db, ask.who.id, transfer)
        if not found and await store.transfer(self._store.db, ask.who.id, transfer) is None:
            raise NotFound("there is no such transfer")
        size = sum(upload.reached for _, upload in found)
        if "oc-total-length" in ask.request.headers and _total(ask) != size:
            raise Invalid("not all chunks have come", field="OC-Total-Length")
        if size > self._context.settings.files.largest_bytes:
            raise TooLarge("the file is too large", limit=self._context.settings.files.largest_bytes)
        tree, body, draft = await self._body(ask, destination, [upload for _, upload in found], size)

        async def work(unit: Unit) -> tuple[Put, bool]:
            made = await put.placed(ask, unit, destination, body, stored, draft)
            if not await store.drop_chunks(unit, ask.who.id, transfer):
                raise NotFound("there is no such transfer")
            return made

        made, created = await ask.write(work)
        return put.answered(tree, body, made, created=created)

    async def _body(
        self, ask: Ask, destination: Path, uploads: Sequence[Upload], size: int
    ) -> tuple[Tree, Body, object]:
        parent = await put.parent_of(ask, self._store.db, destination)
        tree, around = parent.of_tree()
        if tree.keeps != "blob":
            raise Refused(403, "no files are kept there")
        pieces = await store.pieces_of(self._store.db, uploads)
        digest = await self._store.blobs.assemble(pieces) if pieces else await self._store.blobs.put(b"")
        body = put.told(ask, Body(media_type="", size=size, content=b"", digest=digest))
        return tree, body, await tree.draft(ask.who, around, destination[-1], body)


async def _begun(unit: Unit, who: Principal, transfer: str, chunk: str, end_ms: int) -> int:
    await store.drop_chunks(unit, who.id, transfer, chunk)
    return await store.begin(unit, who.id, who.id, Target(), None, True, end_ms, transfer, chunk)


def _total(ask: Ask) -> int:
    given = ask.header("oc-total-length") or "0"
    if not given.isdecimal() or len(given) > 18:
        raise Invalid("this is no length", field="OC-Total-Length")
    return int(given)


def _told(path: Path, size: int | None) -> str:
    found = xml.wrapped(dav("resourcetype"), "" if size is not None else "<D:collection/>")
    if size is not None:
        found += xml.wrapped(dav("getcontentlength"), str(size))
    return multistatus.properties(BASE.href(path, collection=size is None), found)
