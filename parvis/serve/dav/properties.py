"""The properties of resources, a page of them at a time: live ones of the engine and the tree, locks, quota, what
principals have, dead ones. RFC 4918 §4.1, §9.1, RFC 3744 §4, RFC 4331, RFC 4791 §6.2.1, RFC 6352 §7.1.1"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from parvis.access import directory
from parvis.access.principal import Principal
from parvis.kernel.errors import Invalid
from parvis.serve.dav import conditions, dead, live, locks, privileges
from parvis.serve.dav.ask import Ask
from parvis.serve.dav.locks import Lock
from parvis.serve.dav.resource import Resource
from parvis.serve.dav.tree import Node, Reader, Tree
from parvis.wire.dav import xml
from parvis.wire.dav.element import Element
from parvis.wire.dav.names import caldav, carddav, dav

LOCKS = dav("lockdiscovery")
QUOTA = frozenset({dav("quota-available-bytes"), dav("quota-used-bytes")})
NAME = dav("displayname")
_HOMES = {caldav("calendar-home-set"): "calendars", carddav("addressbook-home-set"): "addressbooks"}
_ADDRESSES = caldav("calendar-user-address-set")
_GROUPS = dav("group-membership")
_MEMBERS = dav("group-member-set")
_ASKED = frozenset({LOCKS, _ADDRESSES, _GROUPS, _MEMBERS, *_HOMES, *QUOTA})
"""Live properties that need a question to the database."""
_MOST_GROUPS = 500
_KINDS = (dav("prop"), dav("allprop"), dav("propname"))

Found = dict[str, str]
"""Whole written elements by name."""
_NONE: Found = {}
Added = Callable[[Resource], Mapping[str, str]]
"""Properties that only a report gives, as calendar-data."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client asks for. `names` is None for allprop; `only_names` for propname."""

    names: tuple[str, ...] | None
    only_names: bool = False
    included: tuple[str, ...] = ()


def wanted(request: Element | None) -> Wanted:
    """What DAV:propfind, or the like of a report, asks for; everything when it says nothing. Raises
    Invalid. RFC 4918 §14.8, §14.18, §14.20"""
    if request is None:
        return Wanted(None)
    if sum(request.first(name) is not None for name in _KINDS) > 1 or len(list(request.all(dav("prop")))) > 1:
        raise Invalid("properties are asked for in one way only")
    if (prop := request.first(dav("prop"))) is not None:
        return Wanted(tuple(dict.fromkeys(child.name for child in prop.children)))
    if request.first(dav("propname")) is not None:
        return Wanted(None, only_names=True)
    included = request.first(dav("include"))
    return Wanted(None, included=tuple(child.name for child in included.children) if included else ())


def asks(request: Element) -> bool:
    """Whether a DAV:propfind asks for anything."""
    return any(request.first(name) is not None for name in _KINDS)


def protected(name: str) -> bool:
    """Whether the engine answers a property, so that no client may set it."""
    return name != NAME and (name in live.LIVE or name in _ASKED)


@lru_cache(maxsize=200)
def _columns(names: tuple[str, ...]) -> tuple[tuple[str, live.Live | None, str, str, str], ...]:
    """For each name the function that answers it, and what is written around its content or instead of it: the same
    for every resource of an answer."""
    tags = ((name, *xml.tags(name)) for name in names)
    return tuple((name, live.LIVE.get(name), f"<{begin}>", f"</{end}>", f"<{begin}/>") for name, begin, end in tags)


@dataclass(slots=True)
class Reading:
    """One request's reading of properties."""

    ask: Ask
    wanted: Wanted
    added: Added | None = None
    _locks: tuple[int, list[Lock]] | None = field(default=None, init=False)

    async def page(self, db: Reader, resources: Sequence[Resource]) -> list[tuple[Found, list[str]]]:
        """For each resource what it has of what is wanted, and the names of what it has not."""
        asked = await self._asked(db, resources)
        trees = await self._of_trees(db, resources)
        kept = await self._dead(db, resources)
        return [
            self._joined(resource, asked.get(place, _NONE), trees.get(place, _NONE), kept.get(place, _NONE))
            for place, resource in enumerate(resources)
        ]

    def _wants(self, names: frozenset[str]) -> bool:
        if self.wanted.names is None:
            return self.wanted.only_names or bool(names.intersection(live.ALL + self.wanted.included))
        return not names.isdisjoint(self.wanted.names)

    def _joined(self, resource: Resource, asked: Found, of_tree: Found, kept: Found) -> tuple[Found, list[str]]:
        given = self.added(resource) if self.added else _NONE
        if self.wanted.names is not None:
            return self._some(resource, asked | of_tree if asked and of_tree else asked or of_tree, kept, given)
        names = tuple(live.LIVE) if self.wanted.only_names else live.ALL + self.wanted.included
        found, _ = self._some(resource, asked | of_tree, kept, given, names)
        found |= {name: body for name, body in kept.items() if name not in found}
        if self.wanted.only_names:
            found |= of_tree | asked
            return {name: xml.empty(name) for name in found}, []
        return found, []

    def _some(
        self,
        resource: Resource,
        others: Found,
        kept: Found,
        given: Mapping[str, str],
        names: tuple[str, ...] | None = None,
    ) -> tuple[Found, list[str]]:
        found: Found = {}
        missing: list[str] = []
        who = self.ask.who
        for name, function, begin, end, empty in _columns(self.wanted.names or names or ()):
            body = others.get(name)
            if body is None and function is not None:
                inside = function(resource, who)
                body = kept.get(name) if inside is None else f"{begin}{inside}{end}" if inside else empty
            elif body is None:
                body = kept.get(name) or given.get(name)
            if body is None:
                missing.append(name)
            else:
                found[name] = body
        return found, missing

    async def _asked(self, db: Reader, resources: Sequence[Resource]) -> dict[int, Found]:
        found: dict[int, Found] = {}
        of_nodes = self._wants(QUOTA | {LOCKS})
        for place, resource in enumerate(resources):
            if resource.who is not None:
                found[place] = await self._principal(db, resource.who)
            elif of_nodes and resource.node is not None and resource.tree is not None:
                found[place] = await self._of_node(db, resource, resource.tree, resource.node)
        return found

    async def _of_node(self, db: Reader, resource: Resource, tree: Tree, node: Node) -> Found:
        found: Found = {}
        if tree.lockable and self._wants(frozenset({LOCKS})):
            found[LOCKS] = xml.wrapped(LOCKS, locks.discovery(await self._holding(db, resource)))
        if (
            node.collection
            and self._wants(QUOTA)
            and (quota := await tree.quota(db, self.ask.who, node)) is not None
        ):
            used, available = quota
            found[dav("quota-used-bytes")] = xml.wrapped(dav("quota-used-bytes"), str(used))
            found[dav("quota-available-bytes")] = xml.wrapped(dav("quota-available-bytes"), str(available))
        return found

    async def _holding(self, db: Reader, resource: Resource) -> list[Lock]:
        """The locks that protect a resource, out of those of the first resource and below: one question a request,
        and one more for each thing of another account."""
        spot = conditions.spot(resource)
        if self._locks is None:
            self._locks = spot.account_id, await locks.touching(db, spot, below=True)
        account_id, known = self._locks
        found = known if account_id == spot.account_id else await locks.touching(db, spot)
        return [lock for lock in found if locks.covers(lock, spot)]

    async def _principal(self, db: Reader, who: Principal) -> Found:
        found: Found = {}
        for name, home in _HOMES.items():
            if self._wants(frozenset({name})) and self.ask.trees.of(home):
                found[name] = xml.wrapped(name, live.home_of(home, who))
        if self._wants(frozenset({_ADDRESSES})):
            found[_ADDRESSES] = xml.wrapped(_ADDRESSES, await self._addresses(db, who))
        if self._wants(frozenset({_GROUPS})):
            found[_GROUPS] = xml.wrapped(_GROUPS, await self._joined_groups(db, who))
        if self._wants(frozenset({_MEMBERS})):
            found[_MEMBERS] = xml.empty(_MEMBERS)
        if self.wanted.names is not None and set(self.wanted.names) - live.LIVE.keys() - _ASKED:
            for tree in self.ask.trees.all:
                values = await tree.principal(db, self.ask.who, who)
                found |= {name: xml.wrapped(name, xml.value(value)) for name, value in values.items()}
        return found

    async def _addresses(self, db: Reader, who: Principal) -> str:
        """RFC 6638 §2.4.1"""
        mailto = "".join(xml.href(f"mailto:{each}") for each in await directory.addresses(db, who.id))
        return mailto + privileges.principal_href(who.id)

    async def _joined_groups(self, db: Reader, who: Principal) -> str:
        """One's own groups; those of others are not told. RFC 3744 §4.4"""
        if who.id != self.ask.who.id:
            return ""
        rows = await db.rows("SELECT group_id FROM membership WHERE member_id = ? LIMIT ?", who.id, _MOST_GROUPS)
        return "".join(privileges.principal_href(row[0]) for row in rows)

    async def _of_trees(self, db: Reader, resources: Sequence[Resource]) -> dict[int, Found]:
        by_tree: dict[Tree, list[int]] = {}
        for place, resource in enumerate(resources):
            if resource.tree is not None:
                by_tree.setdefault(resource.tree, []).append(place)
        found: dict[int, Found] = {}
        for tree, places in by_tree.items():
            names = frozenset(tree.live) if self.wanted.only_names else self._named(tree)
            if not names:
                continue
            nodes = [node for place in places if (node := resources[place].node) is not None]
            values = await tree.properties(db, self.ask.who, nodes, names)
            for place, each in zip(places, values, strict=True):
                found[place] = {name: xml.wrapped(name, xml.value(value)) for name, value in each.items()}
        return found

    def _named(self, tree: Tree) -> frozenset[str]:
        names = self.wanted.included + live.ALL if self.wanted.names is None else self.wanted.names
        return frozenset(name for name in names if name in tree.live)

    async def _dead(self, db: Reader, resources: Sequence[Resource]) -> dict[int, Found]:
        """Dead properties, when some may be wanted."""
        if self.wanted.names is not None:
            trees = {name for resource in resources if resource.tree for name in resource.tree.live}
            own = {caldav("calendar-data"), carddav("address-data"), *_ASKED, *(live.LIVE.keys() - {NAME}), *trees}
            if not set(self.wanted.names) - own:
                return {}
        places = {resource.node.id: place for place, resource in enumerate(resources) if resource.node}
        found = await dead.of(db, list(places)) if places else {}
        return {places[node_id]: values for node_id, values in found.items()}
