"""Folders and files as one ZIP, written while they are read: what is held in memory is a chunk, and a line for each
file of the directory at its end. Rights are asked page by page: what is withdrawn meanwhile is not handed out."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from weakref import WeakValueDictionary

from parvis.access.principal import Principal
from parvis.files import store as files
from parvis.files.model import Node, numbered, sort_name
from parvis.files.words import LEFT_OUT, LEFT_OUT_NAME
from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid, NotFound, TooLarge
from parvis.kernel.languages import Language
from parvis.serve.context import Context
from parvis.serve.http.exchange import Request, Response, Route
from parvis.serve.jmap.transfer import disposition
from parvis.store.blobs.contract import CHUNK
from parvis.store.store import Store
from parvis.wire import zip as zips

MOST = 100_000
"""Files and folders of one archive."""
_MOST_CHOSEN = 500
_AT_ONCE = 4
"""Archives of one person that are under way; who has more waits."""
_UNSAFE = re.compile(r'[\\:*?"<>|]')
_LOOSE = re.compile(
    r"text/.*|message/.*|image/(bmp|tiff|svg\+xml|x-.*)|.*[+/](json|xml|yaml)"
    r"|application/(javascript|sql|x-tar|rtf|postscript|msword|vnd\.ms-.*|x-sqlite3|wasm|x-ndjson)"
)
"""Types whose bytes become fewer by being packed."""
Guard = Callable[[Node], Awaitable[str]]
Found = AsyncGenerator[tuple[str, Node], None]


def safe_name(name: str) -> str:
    """A name that no program takes for a path or refuses to write, on any system.

    >>> safe_name('..\\\\..\\\\a: b?.txt')
    '.._.._a_ b_.txt'
    """
    return _UNSAFE.sub("_", name).rstrip(" ") or "_"


def check(nodes: Sequence[Node]) -> None:
    """Raises TooLarge for more than one archive takes."""
    if sum(node.tree_nodes + 1 for node in nodes) > MOST:
        raise TooLarge(f"at most {MOST} files at once", limit=MOST)


def _free(taken: set[str], node: Node) -> str:
    """A name that is not taken in its folder; case alone makes none another."""
    name, count = safe_name(node.name), 1
    wanted = name
    while wanted.casefold() in taken:
        count += 1
        wanted = numbered(name, count, folder=node.folder)
    taken.add(wanted.casefold())
    return wanted


class Archive:
    """One archive of some nodes of an account, as far as a principal may read what is in them. `guard` says why a
    file is not handed out: then a text at the end names it, in the reader's language."""

    def __init__(
        self, kept: Store, who: Principal, nodes: Sequence[Node], guard: Guard, language: Language
    ) -> None:
        self._store, self._who, self._nodes = kept, who, nodes
        self._guard, self._language = guard, language
        self._lines: list[bytes] = []
        self._place = 0

    async def stream(self, gone: Callable[[], Awaitable[None]]) -> AsyncGenerator[bytes, None]:
        """The bytes, in chunks. It ends early when `gone` returns: nobody is listening any more."""
        leaving = asyncio.ensure_future(gone())
        held = bytearray()
        try:
            async with aclosing(self._parts()) as parts:
                async for part in parts:
                    if leaving.done():
                        return
                    held += part
                    if len(held) >= CHUNK:
                        yield bytes(held)
                        held.clear()
            yield bytes(held)
        finally:
            leaving.cancel()

    async def _parts(self) -> AsyncGenerator[bytes, None]:
        left = list[str]()
        async with aclosing(self._found()) as found:
            async for path, node in found:
                if node.folder:
                    entry = zips.Entry(f"{path}/", 0, node.modified_ms)
                    yield self._counted(zips.begin(entry), entry)
                elif await self._guard(node):
                    left.append(path)
                else:
                    entry = zips.Entry(path, node.size, node.modified_ms, node.executable)
                    async with aclosing(self._file(entry, node)) as parts:
                        async for part in parts:
                            yield part
        if left:
            yield self._told(left)
        place = self._place
        for line in self._lines:
            yield self._counted(line)
        yield zips.finish(len(self._lines), place, self._place - place)

    def _counted(self, part: bytes, entry: zips.Entry | None = None) -> bytes:
        """Bytes as they are written; with an entry, the line for it."""
        if entry is not None:
            self._lines.append(zips.listed(entry, None, self._place))
        self._place += len(part)
        return part

    async def _file(self, entry: zips.Entry, node: Node) -> AsyncGenerator[bytes, None]:
        loose = bool(_LOOSE.fullmatch(node.media_type))
        packer, place = zips.Packer(squeeze=loose), self._place
        yield self._counted(zips.begin(entry))
        async for chunk in self._store.blobs.stream(node.hash):
            yield self._counted(await asyncio.to_thread(packer.add, chunk) if loose else packer.add(chunk))
        yield self._counted(packer.end() + zips.end(entry, packer))
        self._lines.append(zips.listed(entry, packer, place))

    def _told(self, left: Sequence[str]) -> bytes:
        """A text that names what is not here, and why."""
        text = (LEFT_OUT[self._language] + "\n\n" + "".join(f"{path}\n" for path in left)).encode()
        entry = zips.Entry(LEFT_OUT_NAME[self._language], len(text), clock.now_ms())
        packer, place = zips.Packer(squeeze=True), self._place
        body = packer.add(text) + packer.end()
        self._lines.append(zips.listed(entry, packer, place))
        return self._counted(zips.begin(entry) + body + zips.end(entry, packer))

    async def _found(self) -> Found:
        """Everything chosen and all in it, with paths that no two have."""
        taken = {LEFT_OUT_NAME[self._language].casefold()}
        for node in self._nodes:
            name = _free(taken, node)
            yield name, node
            if node.folder:
                async with aclosing(self._inside(node, f"{name}/")) as inside:
                    async for each in inside:
                        yield each

    async def _inside(self, folder: Node, path: str) -> Found:
        taken, after = set[str](), ("", 0)
        while True:
            page = await files.children(self._store.db, folder.account_id, folder.id, self._who, after)
            for node in page:
                name = _free(taken, node)
                yield path + name, node
                if node.folder:
                    async with aclosing(self._inside(node, f"{path}{name}/")) as inside:
                        async for each in inside:
                            yield each
            if len(page) < files.PAGE:
                return
            after = (sort_name(page[-1].name), page[-1].id)


def sent(name: str, archive: Archive, request: Request, turn: asyncio.Semaphore) -> Response:
    """An archive as the answer to a request, in its turn."""

    async def body() -> AsyncGenerator[bytes, None]:
        async with turn, aclosing(archive.stream(request.left)) as parts:
            async for part in parts:
                yield part

    headers = [
        ("content-type", "application/zip"),
        ("content-disposition", disposition("attachment", f"{name}.zip")),
        ("cache-control", "no-store"),
        ("accept-ranges", "none"),
        ("content-security-policy", "default-src 'none'; sandbox"),
    ]
    return Response(200, body(), headers)


class ArchiveDoor:
    """`/files/archive/<name>?accountId=…&ids=…,…`: what somebody has chosen, as one file."""

    def __init__(self, context: Context, guard: Guard) -> None:
        self._store, self._guard = context.store, guard
        self._turns: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()

    def routes(self) -> list[Route]:
        """All routes."""
        return [Route("GET", "/files/archive/{name}", self.get)]

    async def get(self, request: Request) -> Response:
        """The archive. Raises NotFound when one of the nodes is not there for who asks, Invalid, TooLarge."""
        who = request.who
        account_id = ids.parse(request.query.get("accountId", "")) or who.id
        given = list(dict.fromkeys(request.query.get("ids", "").split(",")))
        numbers = [number for one in given if (number := ids.parse(one)) is not None]
        if not given[0] or len(given) > _MOST_CHOSEN:
            raise Invalid(f"from 1 to {_MOST_CHOSEN} files are chosen", field="ids")
        nodes = await files.several(self._store.db, account_id, numbers, who)
        if len(nodes) != len(given):
            raise NotFound("no such file")
        check(nodes)
        nodes.sort(key=lambda node: (not node.folder, sort_name(node.name), node.id))
        turn = self._turns.setdefault(who.id, asyncio.Semaphore(_AT_ONCE))
        name = request.params["name"].removesuffix(".zip")
        return sent(name, Archive(self._store, who, nodes, self._guard, who.language), request, turn)
