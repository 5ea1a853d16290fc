"""One collection out of several trees: a calendar and a list of tasks at one path are one calendar, in which events
and tasks stand beside each other. RFC 4791 §4.1, §5.2.3

Each side stays what it is, with its own rights: a program that looks at the path sees of each what its person may,
and what it puts goes to the side whose kind it is. The collection's id, rights and name are those of the first
side. A sync token has the states of both, so that it is another one for who sees one side only."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from msgspec.structs import replace

from parvis.access.principal import Principal
from parvis.kernel import ids
from parvis.kernel.errors import Forbidden
from parvis.serve.dav.tree import (
    Columns,
    Content,
    Members,
    Node,
    Nodes,
    Precondition,
    Put,
    Reader,
    Search,
    Shape,
    SyncPage,
    Tree,
    Upload,
    columns,
    href,
)
from parvis.store.sql.contract import Database
from parvis.store.unit import Unit
from parvis.wire.dav.element import Element, Value
from parvis.wire.dav.names import caldav

Side = tuple[Tree, Node]
_OTHER_KIND = caldav("supported-calendar-component")


@dataclass(frozen=True, slots=True)
class _Draft:
    """A body that one side takes."""

    side: Side
    own: Any


class Joined(Tree):
    """The collection of two trees. It is made anew wherever a path is resolved, as it has the nodes of both."""

    home = "calendars"

    def __init__(self, first: Side, second: Side) -> None:
        self.sides = (first, second)
        self.largest = max(first[0].largest, second[0].largest)
        self.live = {**second[0].live, **first[0].live}  # type: ignore[misc] # those of its own trees
        self.node = replace(first[1], rest=str(second[1].state or 0))

    def of(self, node: Node) -> Tree:
        """The tree of a member, which is in the scope of its side."""
        return next((tree for tree, side in self.sides if side.access.scope.id == node.access.scope.id), self)

    def seen_by(self, tree: Tree) -> Node:
        """The collection as one of the trees sees it. Raises Forbidden for another tree."""
        for own, node in self.sides:
            if own is tree:
                return node
        raise Forbidden("this cannot be kept there")

    async def find(
        self, db: Reader, principal: Principal, account_id: int, segments: tuple[str, ...]
    ) -> Node | None:
        """None: paths are resolved by the trees of the home."""
        return None

    async def children(
        self, db: Reader, principal: Principal, node: Node, after: str, limit: int
    ) -> Sequence[Node]:
        """See Tree."""
        found = [
            each for tree, side in self.sides for each in await tree.children(db, principal, side, after, limit)
        ]
        return sorted(found, key=attrgetter("name"))[:limit]

    async def several(
        self, db: Reader, principal: Principal, node: Node, names: Sequence[str], *, content: bool = False
    ) -> Sequence[Node]:
        """See Tree."""
        return [
            each
            for tree, side in self.sides
            for each in await tree.several(db, principal, side, names, content=content)
        ]

    async def read(self, principal: Principal, node: Node, accept: str = "") -> Content:
        """See Tree."""
        return await self.of(node).read(principal, node, accept)

    async def whole(self, principal: Principal, node: Node, accept: str = "") -> Content | None:
        """The first side that has a form of its own."""
        for tree, side in self.sides:
            if (found := await tree.whole(principal, side, accept)) is not None:
                return found
        return None

    async def listed(
        self, db: Database, principal: Principal, node: Node, fields: frozenset[str] | None, page: int
    ) -> AsyncIterator[Members]:
        """See Tree."""
        for tree, side in self.sides:
            async for found in tree.listed(db, principal, side, fields, page):
                yield found

    async def properties(
        self, db: Reader, principal: Principal, members: Members, names: frozenset[str]
    ) -> Columns:
        """Of the collection what the sides say: texts of the first that has one, elements of both. Members have
        none of these."""
        if self.node.shape not in members.column("shape"):
            return {}
        found: dict[str, Value] = {}
        for tree, side in self.sides:
            told = await tree.properties(db, principal, Nodes([side]), names & tree.live.keys())
            for name, (value,) in told.items():
                if value is not None:
                    found[name] = _both(found.get(name), value)
        return columns(names, [found])

    async def draft(self, principal: Principal, parent: Node, name: str, upload: Upload) -> _Draft:
        """By the first side that does not refuse the kind of it."""
        refused: Precondition | None = None
        for tree, side in self.sides:
            try:
                return _Draft((tree, side), await tree.draft(principal, side, name, upload))
            except Precondition as error:
                if error.element != _OTHER_KIND:
                    raise
                refused = error
        raise refused or Forbidden("nothing can be put here")

    async def put(
        self,
        unit: Unit,
        principal: Principal,
        parent: Node,
        name: str,
        old: Node | None,
        upload: Upload,
        draft: Any,
    ) -> Put:
        """Into the side that took it; one UID is once in both. RFC 4791 §4.1, §5.3.2.1"""
        taken: _Draft = draft
        tree, _ = taken.side
        into = self.seen_by(tree)
        there = [old] if old is not None and self.of(old) is not tree else []
        for other, side in self.sides:
            if other is not tree and not there:
                there += await other.candidates(unit, principal, side, Search(uid=taken.own.uid), 0, 1)
        if there:
            place = href(self.home, ids.text(parent.account_id), *there[0].place)
            raise Precondition(caldav("no-uid-conflict"), "something of another kind is there", href=place)
        return await tree.put(unit, principal, into, name, old, upload, taken.own)

    async def delete(self, unit: Unit, principal: Principal, node: Node, *, reply: bool = True) -> None:
        """The collection with both sides, or a member."""
        if not node.collection:
            await self.of(node).delete(unit, principal, node, reply=reply)
            return
        for tree, side in self.sides:
            await tree.delete(unit, principal, side, reply=reply)

    async def make(
        self,
        unit: Unit,
        principal: Principal,
        parent: Node,
        name: str,
        shape: Shape,
        properties: Mapping[str, Element],
    ) -> int:
        """One in each tree, of which the first has the id."""
        numbers = []
        for tree, home in self.sides:
            known = {each: value for each, value in properties.items() if each in tree.live}
            numbers.append(await tree.make(unit, principal, home, name, shape, known))
        return numbers[0]

    async def patch(
        self, unit: Unit, principal: Principal, node: Node, changes: Mapping[str, Element | None]
    ) -> None:
        """Each side what it knows."""
        for tree, side in self.sides:
            if known := {name: value for name, value in changes.items() if name in tree.live}:
                await tree.patch(unit, principal, side, known)

    async def sync(
        self, db: Database, principal: Principal, node: Node, state: int, limit: int, *, deep: bool
    ) -> SyncPage:
        """See sync_below."""
        return await self.sync_below(db, principal, node, state, limit, "")

    async def sync_below(
        self, db: Database, principal: Principal, node: Node, state: int, limit: int, place: str
    ) -> SyncPage:
        """What happened in the first side after `state` and then in the second after `place`, each with a state of
        its own."""
        (tree, side), (other, beside) = self.sides
        page = await tree.sync(db, principal, side, state, limit, deep=False)
        since = int(place) if place.isdecimal() else 0
        left = limit - sum(map(len, page.changed)) - len(page.departed)
        if left > 0:
            rest = await other.sync(db, principal, beside, since, left, deep=False)
        else:
            rest = SyncPage(changed=[], departed=[], state=since, more=(beside.state or 0) > since)
        return SyncPage(
            changed=[*page.changed, *rest.changed],
            departed=[*page.departed, *rest.departed],
            state=page.state,
            more=page.more or rest.more,
            place=str(rest.state),
        )

    async def candidates(
        self, db: Reader, principal: Principal, node: Node, search: Search, after: int, limit: int
    ) -> Sequence[Node]:
        """See Tree."""
        found = [
            each
            for tree, side in self.sides
            for each in await tree.candidates(db, principal, side, search, after, limit)
        ]
        return sorted(found, key=attrgetter("id"))[:limit]


def _both(first: Value | None, second: Value) -> Value:
    return second if first is None else first if isinstance(first, str) else [*first, *second]
