"""What a path below /dav leads to: a node of a tree, a principal, or a collection that is ours. RFC 3744 §2

    /dav/                                  root
    /dav/principals/                       principals
    /dav/principals/<account>/             principal
    /dav/calendars/  /addressbooks/  /files/    homes
    /dav/calendars/<account>/…             nodes of the trees there

<account> is the id of an account; its address is understood too, and used in answers as it was asked.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import msgspec
from msgspec.structs import replace

from parvis.access import directory
from parvis.access.principal import Principal, Right
from parvis.kernel import ids
from parvis.kernel.errors import Forbidden, NotFound
from parvis.serve.dav.tree import Home, Node, Reader, Tree
from parvis.store.sql.contract import Database
from parvis.wire.dav import paths

HOMES: tuple[Home, ...] = get_args(Home)
Path = tuple[str, ...]
"""Decoded segments below /dav."""


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
        return Resource(path=path, kind="node", node=node, tree=self.tree, base=self.base)

    def of_tree(self) -> tuple[Tree, Node]:
        """Tree and node. Raises Forbidden for what is no node."""
        if self.tree is None or self.node is None:
            raise Forbidden("this is fixed")
        return self.tree, self.node


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
        known: dict[Path, Tree] | None = None,
        base: Base = DAV,
    ) -> Resource | None:
        """The resource of a path, None when there is none for this principal. `known` keeps for a request which of
        several trees has a collection, so that the others are asked once; `base` is where it is asked for."""
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
        of_collection = known.get(path[:3]) if known else None
        for tree in (of_collection,) if of_collection else self.of(path[0]):
            if (node := await tree.find(db, principal, account_id, path[2:])) is not None:
                if known is not None and len(path) > 2:
                    known[path[:3]] = tree
                return Resource(path=path, kind="node", node=node, tree=tree, base=base)
        return None

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
            for tree in self.of(resource.path[0]):
                node = await tree.find(db, principal, resource.node.account_id, ())
                if node is not None:
                    home = replace(resource, node=node, tree=tree)
                    async for found in _paged(db, principal, home, page):
                        yield found
        else:
            async for found in _paged(db, principal, resource, page):
                yield found

    def _fixed(self, principal: Principal, resource: Resource) -> list[Resource]:
        mine = ids.text(principal.id)
        if resource.kind == "root":
            homes = [Resource(path=(home,), kind="homes") for home in self.homes()]
            return [Resource(path=("principals",), kind="principals"), *homes]
        if resource.kind == "principals":
            return [Resource(path=("principals", mine), kind="principal", who=principal)]
        return []


async def _paged(
    db: Database, principal: Principal, resource: Resource, page: int
) -> AsyncIterator[list[Resource]]:
    tree, node = resource.of_tree()
    after = ""
    while True:
        found = await tree.children(db, principal, node, after, page)
        seen = {id(each.access): Right.READ in each.access.rights for each in found}
        yield [resource.member(each) for each in found if seen[id(each.access)]]
        if len(found) < page:
            return
        after = found[-1].name


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
