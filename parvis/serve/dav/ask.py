"""One request to the engine, with what every method needs of it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

from parvis.access.principal import Principal, Right
from parvis.kernel.errors import Forbidden, NotFound
from parvis.serve.context import Context
from parvis.serve.dav.refused import Refused
from parvis.serve.dav.resource import DAV, Base, Path, Resource, Trees
from parvis.serve.dav.tree import Node, Reader, Tree
from parvis.serve.http.exchange import Request
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.dav import headers, ifheader, paths, xml
from parvis.wire.dav.element import Element
from parvis.wire.dav.headers import Preferences
from parvis.wire.dav.ifheader import If

T = TypeVar("T")


@dataclass(slots=True)
class Ask:
    """A request whose path has been read. `who` has signed in."""

    context: Context
    trees: Trees
    request: Request
    path: Path
    base: Base = DAV
    """Where it was asked for; answers name things below it."""
    preferences: Preferences = field(init=False)
    condition: If | None = field(init=False)
    """The If header."""
    _known: dict[Path, Sequence[Tree]] = field(default_factory=dict, init=False)
    _hosts: frozenset[str] | None = field(default=None, init=False)
    """What this server is called in URIs of the request, once that was asked."""

    def __post_init__(self) -> None:
        self.preferences = headers.preferences(self.header("prefer"), self.header("brief"))
        given = self.header("if")
        self.condition = ifheader.parse(given) if given is not None else None

    @property
    def who(self) -> Principal:
        """Who asks."""
        return self.request.who

    @property
    def store(self) -> Store:
        """The store."""
        return self.context.store

    @property
    def submitted(self) -> frozenset[str]:
        """The lock tokens of the If header."""
        return self.condition.tokens() if self.condition else frozenset()

    def header(self, name: str) -> str | None:
        """A request header."""
        return self.request.headers.get(name)

    async def find(self, db: Reader, path: Path) -> Resource | None:
        """What is at a path, for who asks."""
        return await self.trees.find(db, self.who, path, self._known, self.base)

    async def member(self, db: Reader, parent: Resource, name: str) -> Resource | None:
        """What is under a name in a collection that was just found."""
        tree, node = parent.of_tree()
        if not node.place:  # what others share hangs here too, under names of its own
            return await self.find(db, (*parent.path, name))
        found = await tree.several(db, self.who, node, [name])
        return parent.member(found[0], name) if found else None

    async def resource(self) -> Resource:
        """What is at the request's path. Raises NotFound, and Forbidden when only its free-busy may be seen."""
        found = await self.find(self.store.db, self.path)
        if found is None:
            raise NotFound("there is nothing here")
        readable(found.node)
        return found

    async def xml(self) -> Element | None:
        """The body as XML, None when there is none. Raises Invalid, TooLarge. RFC 4918 §8.4"""
        body = await self.request.body(xml.MOST_BYTES)
        return xml.read(body) if body.strip() else None

    async def write(self, work: Callable[[Unit], Awaitable[T]]) -> T:
        """Runs a unit of work."""
        return await self.store.write(work)

    def local(self, uri: str) -> Path | None:
        """The path below the base of a URI in the request; None when it names another server or another place."""
        if self._hosts is None:
            hosts = {self.header("host") or "", urlsplit(self.context.public_url).netloc}
            self._hosts = frozenset(host.lower() for host in hosts if host)
        raw = paths.local(uri, self._hosts)
        if raw is None:
            return None
        return self.base.path(raw)

    def destination(self) -> Path:
        """The Destination header. Raises Refused with 502 for what is not here. RFC 4918 §9.8.5, §10.3"""
        given = self.header("destination")
        if given is None:
            raise Refused(400, "the header Destination is missing")
        found = self.local(given)
        if found is None:
            raise Refused(502, "the destination is not on this server")
        return found


def readable(node: Node | None) -> None:
    """Raises Forbidden when only the free-busy of a node may be seen."""
    if node is not None and Right.READ not in node.access.rights:
        raise Forbidden("this needs the right to read")


def writable(node: Node) -> None:
    """Raises Forbidden when a node cannot be changed at all: for what the tree is not asked about, locks and dead
    properties."""
    readable(node)
    if Right.WRITE not in node.access.rights:
        raise Forbidden("this needs the right to write")
