"""What a path below /dav leads to: a node of a tree, a principal, or a collection that is ours. RFC 3744 §2

    /dav/                                  root
    /dav/principals/                       principals
    /dav/principals/<account>/             principal
    /dav/calendars/  /addressbooks/  /files/    homes
    /dav/calendars/<account>/…             nodes of the trees there

<account> is the id of an account; its address is understood too, and used in answers as it was asked.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal, get_args

import msgspec
from msgspec.structs import replace

from parvis.access import directory
from parvis.access.principal import Principal
from parvis.kernel import ids
from parvis.kernel.errors import Forbidden, NotFound
from parvis.serve.dav.joined import Joined, Side
from parvis.serve.dav.tree import Home, Members, Node, Nodes, Reader, Tree, paged
from parvis.store.sql.contract import Database
from parvis.wire.dav import paths

HOMES: tuple[Home, ...] = get_args(Home)
Path = tuple[str, ...]
"""Decoded segments below /dav."""
Fields = Callable[[Tree], frozenset[str] | None]
"""The fields of Node that are asked for in a tree; None is all."""


@dataclass(frozen=True, slots=True)
class Base:
    """An address at which everything is found: in paths that clients see, `shown` stands where `hidden` would."""

    shown: Path
    hidden: Path = ()

    def href(self, path: Path, *, collection: bool = False) -> str:
        """The encoded path of a thing."""
        return paths.encoded(*self.shown, *path[len(self.hidden) :], collection=collection)

    def path(self, raw: str) -> Path | None:
        """What an encoded path leads to; None when it is of another address. Raises Invalid."""
        found = paths.segments(raw)
        return (*self.hidden, *found[len(self.shown) :]) if found[: len(self.shown)] == self.shown else None


DAV = Base(("dav",))
"""Where everything is, whoever asks."""


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that has a path."""

    path: Path
    kind: Literal["root", "principals", "principal", "homes", "node"]
    node: Node | None = None
    tree: Tree | None = None
    who: Principal | None = None
    base: Base = DAV

    @property
    def collection(self) -> bool:
        """Whether its path ends with a slash."""
        return self.node is None or self.node.collection

    @property
    def href(self) -> str:
        """Its encoded path."""
        return self.base.href(self.path, collection=self.collection)

    def member(self, node: Node, *below: str) -> "Resource":
        """A node below this collection, by its name or by these segments."""
        path = (*self.path, *(below or (node.name,)))
        tree = self.tree.of(node) if self.tree is not None else None
        return Resource(path=path, kind="node", node=node, tree=tree, base=self.base)

    def of_tree(self) -> tuple[Tree, Node]:
        """Tree and node. Raises Forbidden for what is no node."""
        if self.tree is None or self.node is None:
            raise Forbidden("this is fixed")
        return self.tree, self.node


class Page:
    """Some resources of one kind, those with nodes of one tree, in columns."""

    def __init__(
        self, hrefs: Sequence[str], alike: Resource, members: Members | None, resources: Sequence[Resource] = ()
    ) -> None:
        """`alike` is one that has kind, tree and home with them; `resources` are they themselves, where they are
        there one by one."""
        self.hrefs, self.members, self.resources = hrefs, members, resources
        self.kind, self.tree, self.who = alike.kind, alike.tree, alike.who
        self.home = alike.path[0] if alike.path else ""

    def __len__(self) -> int:
        return len(self.hrefs)

    def column(self, name: str) -> Sequence[Any]:
        """What the node of each has in a field; None where there is no node."""
        return [None] * len(self) if self.members is None else self.members.column(name)

    @classmethod
    def inside(cls, around: Resource, members: Members, above: int | None = None) -> "Page":
        """What is directly in a collection, or at any depth below it: then `above` says how many of the segments of
        places lead to the collection."""
        if above is None:
            names = paths.quoted(members.column("name"))
        else:
            names = ["/".join(paths.quoted(place[above:])) for place in members.column("place")]
        begin = around.href
        shapes = members.column("shape")
        hrefs = [
            f"{begin}{name}" if shape == "resource" else f"{begin}{name}/"
            for name, shape in zip(names, shapes, strict=True)
        ]
        return cls(hrefs, around, members)

    @classmethod
    def of(cls, resources: Sequence[Resource]) -> Iterator["Page"]:
        """Resources in their order, those that follow each other and are alike together."""
        for (kind, _), found in groupby(resources, lambda each: (each.kind, each.tree)):
            group = list(found)
            nodes = Nodes([each.node for each in group if each.node is not None])
            for some in [group] if kind == "node" else [[each] for each in group]:
                yield cls([each.href for each in some], some[0], nodes if kind == "node" else None, some)


class Trees:
    """All trees by home, and the way from a path to a resource."""

    def __init__(self, trees: Sequence[Tree]) -> None:
        self.all = tuple(trees)
        self._homes = {home: tuple(tree for tree in trees if tree.home == home) for home in HOMES}

    def of(self, home: str) -> Sequence[Tree]:
        """The trees of a home."""
        return next((trees for name, trees in self._homes.items() if name == home), ())

    def homes(self) -> list[Home]:
        """The homes that have a tree."""
        return [home for home in HOMES if self._homes[home]]

    async def find(
        self,
        db: Reader,
        principal: Principal,
        path: Path,
        known: dict[Path, Sequence[Tree]] | None = None,
        base: Base = DAV,
    ) -> Resource | None:
        """The resource of a path, None when there is none for this principal. `known` keeps for a request which of
        several trees have a collection, so that the others are asked once; `base` is where it is asked for."""
        if not path:
            return Resource(path=path, kind="root")
        if path[0] == "principals":
            return await self._principal(db, principal, path)
        if not self.of(path[0]):
            return None
        if len(path) == 1:
            return Resource(path=path, kind="homes")
        account_id = await account_of(db, principal, path[1])
        if account_id is None:
            return None
        found: list[Side] = []
        for tree in (known or {}).get(path[:3]) or self.of(path[0]):
            if (node := await tree.find(db, principal, account_id, path[2:])) is not None:
                found.append((tree, node))
                if not (tree.joins and node.place and node.collection):
                    break
        if not found:
            return None
        if known is not None and len(path) == 3:
            known[path] = [tree for tree, _ in found]
        return _resource(path, found, base)

    async def _principal(self, db: Reader, principal: Principal, path: Path) -> Resource | None:
        if len(path) == 1:
            return Resource(path=path, kind="principals")
        number = await account_of(db, principal, path[1]) if len(path) == 2 else None
        if number is None:
            return None
        who = principal if number == principal.id else await _somebody(db, number)
        return Resource(path=path, kind="principal", who=who) if who else None

    async def members(
        self, db: Database, principal: Principal, resource: Resource, page: int
    ) -> AsyncIterator[list[Resource]]:
        """What is directly in a collection, in pages."""
        if resource.node is None:
            yield self._fixed(principal, resource)
        elif resource.node.shape == "home":
            joining: dict[str, list[Side]] = {}
            for tree in self.of(resource.path[0]):
                node = await tree.find(db, principal, resource.node.account_id, ())
                if node is None:
                    continue
                async for found in paged(tree, db, principal, node, page):
                    if tree.joins:
                        for each in found:
                            joining.setdefault(each.name, []).append((tree, each))
                    else:
                        home = replace(resource, node=node, tree=tree)
                        yield [home.member(each) for each in found]
            yield [_resource((*resource.path, name), sides, resource.base) for name, sides in joining.items()]
        else:
            tree, node = resource.of_tree()
            async for found in paged(tree, db, principal, node, page):
                yield [resource.member(each) for each in found]

    async def listed(
        self, db: Database, principal: Principal, resource: Resource, fields: Fields, page: int
    ) -> AsyncIterator[Page]:
        """The same to be written: `fields` says what is asked of the nodes of a tree. See Tree.listed."""
        if resource.node is None or resource.node.shape == "home":
            async for found in self.members(db, principal, resource, page):
                for each in Page.of(found):
                    yield each
        else:
            tree, node = resource.of_tree()
            async for members in tree.listed(db, principal, node, fields(tree), page):
                yield Page.inside(resource, members)

    async def collections(
        self, db: Database, principal: Principal, resource: Resource, page: Page
    ) -> list[Resource]:
        """Those of a page of `listed` that may have members themselves."""
        if page.resources:
            return [each for each in page.resources if each.collection]
        if isinstance(page.members, Nodes):
            return [resource.member(each) for each in page.members.nodes if each.collection]
        tree, node = resource.of_tree()
        shapes = page.column("shape")
        names = [name for name, shape in zip(page.column("name"), shapes, strict=True) if shape != "resource"]
        found = await tree.several(db, principal, node, names) if names else []
        return [resource.member(each) for each in found]

    def _fixed(self, principal: Principal, resource: Resource) -> list[Resource]:
        mine = ids.text(principal.id)
        if resource.kind == "root":
            homes = [Resource(path=(home,), kind="homes") for home in self.homes()]
            return [Resource(path=("principals",), kind="principals"), *homes]
        if resource.kind == "principals":
            return [Resource(path=("principals", mine), kind="principal", who=principal)]
        return []


def _resource(path: Path, found: Sequence[Side], base: Base) -> Resource:
    """What one tree has at a path, or two."""
    if len(found) == 1:
        ((tree, node),) = found
        return Resource(path=path, kind="node", node=node, tree=tree, base=base)
    joined = Joined(found[0], found[1])
    return Resource(path=path, kind="node", node=joined.node, tree=joined, base=base)


async def account_of(db: Reader, principal: Principal, segment: str) -> int | None:
    """The account that a segment names, by id or address."""
    if (number := ids.parse(segment)) is not None:
        return number
    if segment.lower() == principal.address:
        return principal.id
    found = await db.value("SELECT principal_id FROM address WHERE address = ?", segment.lower())
    return int(found) if found is not None else None


async def _somebody(db: Reader, number: int) -> Principal | None:
    try:
        found = await directory.by_id(db, number)
    except NotFound:
        return None
    return None if found.kind == "external" else found
