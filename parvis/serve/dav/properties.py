"""The properties of resources, a page of them at a time: live ones of the engine and the tree, locks, quota, what
principals have, dead ones. RFC 4918 §4.1, §9.1, RFC 3744 §4, RFC 4331, RFC 4791 §6.2.1, RFC 6352 §7.1.1"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from parvis.access import directory
from parvis.access.principal import Principal
from parvis.kernel.errors import Invalid
from parvis.serve.dav import conditions, dead, live, locks, multistatus, privileges
from parvis.serve.dav.ask import Ask
from parvis.serve.dav.live import Inside
from parvis.serve.dav.locks import Lock, Spot
from parvis.serve.dav.resource import Page, Resource
from parvis.serve.dav.tree import Columns, Reader, Tree
from parvis.wire.dav import xml
from parvis.wire.dav.element import Element, Value
from parvis.wire.dav.names import caldav, carddav, dav

LOCKS = dav("lockdiscovery")
_USED_AND_LEFT = (dav("quota-used-bytes"), dav("quota-available-bytes"))
QUOTA = frozenset(_USED_AND_LEFT)
NAME = dav("displayname")
_HOMES = {caldav("calendar-home-set"): "calendars", carddav("addressbook-home-set"): "addressbooks"}
_ADDRESSES = caldav("calendar-user-address-set")
_GROUPS = dav("group-membership")
_MEMBERS = dav("group-member-set")
_ASKED = frozenset({LOCKS, _ADDRESSES, _GROUPS, _MEMBERS, *_HOMES, *QUOTA})
"""Live properties that need a question to the database."""
_OWN = frozenset({caldav("calendar-data"), carddav("address-data"), *_ASKED, *(live.LIVE.keys() - {NAME})})
"""What is never kept as a dead property."""
_MOST_GROUPS = 500
_KINDS = (dav("prop"), dav("allprop"), dav("propname"))

Found = dict[str, str]
"""Whole written elements by name."""
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


@dataclass(slots=True)
class _Table:
    """What a page of resources has of what is wanted."""

    page: Page
    insides: dict[str, Inside]
    whole: dict[str, dict[int, str]] = field(default_factory=dict)
    """Written elements of some of the resources, by their places, instead of what is in `insides`."""
    more: dict[int, str] = field(default_factory=dict)
    """Written elements that some have besides."""

    def each(self, name: str) -> Sequence[str | None]:
        """The content of a property of each resource."""
        return _each(self.insides[name], len(self.page))

    def lacks(self, name: str, place: int) -> bool:
        """Whether a resource has nothing of this name yet."""
        return place not in self.whole.get(name, {}) and self.each(name)[place] is None

    def put(self, name: str, place: int, body: str) -> None:
        """A written element of one resource."""
        self.whole.setdefault(name, {})[place] = body

    def column(self, name: str) -> list[str | None]:
        """The written elements of one property."""
        begin, end, empty = _around(name)
        bodies = [
            f"{begin}{inside}{end}" if inside else empty if inside == "" else None for inside in self.each(name)
        ]
        for place, body in self.whole.get(name, {}).items():
            bodies[place] = body
        return bodies

    def emptied(self) -> None:
        """Leaves nothing but the names of what there is. RFC 4918 §14.20"""
        self.insides = {name: [inside and "" for inside in self.each(name)] for name in self.insides}
        self.whole = {name: dict.fromkeys(bodies, xml.empty(name)) for name, bodies in self.whole.items()}

    def written(self, *, told: bool) -> str:
        """The responses; `told` says whether what a resource has not is told."""
        template, missing = "", ""
        found, lacking = list[Sequence[str | None]](), list[Sequence[str | None]]()
        for name, inside in self.insides.items():
            begin, end, empty = _around(name)
            if name not in self.whole and (inside is None or isinstance(inside, str)):
                if inside is None:
                    missing += _fixed(empty)
                else:
                    template += _fixed(f"{begin}{inside}{end}" if inside else empty)
            elif name not in self.whole and all(self.each(name)):
                template += f"{_fixed(begin)}%s{end}"
                found.append(self.each(name))
            else:
                bodies = self.column(name)
                template += "%s"
                found.append([body or "" for body in bodies])
                if None in bodies:
                    missing += "%s"
                    lacking.append([empty if body is None else "" for body in bodies])
        rows = _filled(template, found, len(self.page))
        for place, body in self.more.items():
            rows[place] += body
        gaps = _filled(missing, lacking, len(self.page)) if told else [""] * len(self.page)
        return multistatus.several(self.page.hrefs, rows, gaps)


def _each(found: Inside, count: int) -> Sequence[str | None]:
    return [found] * count if found is None or isinstance(found, str) else found


def _fixed(written: str) -> str:
    """What is the same in each row of a template."""
    return written.replace("%", "%%")


def _filled(template: str, columns: Sequence[Sequence[str | None]], count: int) -> list[str]:
    """A template for each row, with what each column has in it."""
    return list(map(template.__mod__, zip(*columns, strict=True))) if columns else [template % ()] * count


@lru_cache(maxsize=1000)
def _around(name: str) -> tuple[str, str, str]:
    """What is written around the content of a property, or instead of none."""
    begin, end = xml.tags(name)
    return f"<{begin}>", f"</{end}>", f"<{begin}/>"


@dataclass(slots=True)
class Reading:
    """One request's reading of properties; `around` is what has all that is read in it."""

    ask: Ask
    wanted: Wanted
    added: Added | None = None
    around: Resource | None = None
    _locks: dict[int, list[Lock]] = field(default_factory=dict, init=False)
    _quotas: dict[int, tuple[int, int] | None] = field(default_factory=dict, init=False)

    async def written(self, db: Reader, page: Page) -> str:
        """The responses of a page."""
        if not len(page):
            return ""
        told = self.wanted.names is not None and self.ask.preferences.returned != "minimal"  # RFC 8144 §2.1
        return (await self._table(db, page)).written(told=told)

    async def of(self, db: Reader, resource: Resource) -> dict[str, str | None]:
        """What one resource has of what is wanted, as written elements by name."""
        (page,) = Page.of([resource])
        table = await self._table(db, page)
        return {name: table.column(name)[0] for name in table.insides}

    def fields(self, tree: Tree) -> frozenset[str] | None:
        """The fields of Node that are needed in a tree; None is all."""
        names = self._names(tree)
        if any(name in tree.live and name not in live.LIVE for name in names):
            return None
        return frozenset(field for name in names if name in live.LIVE for field in live.LIVE[name].fields)

    def _names(self, tree: Tree | None) -> tuple[str, ...]:
        if self.wanted.names is not None:
            return self.wanted.names
        if self.wanted.only_names:
            return tuple(dict.fromkeys((*live.LIVE, *(tree.live if tree else ()), *sorted(_ASKED))))
        return tuple(dict.fromkeys(live.ALL + self.wanted.included))

    async def _table(self, db: Reader, page: Page) -> _Table:
        names = self._names(page.tree)
        of_tree = await self._of_tree(db, page, names)
        table = _Table(page, {name: self._inside(page, name, of_tree.get(name)) for name in names})
        await self._asked(db, table, frozenset(names))
        await self._dead(db, table)
        if self.added is not None:
            for place, resource in enumerate(page.resources):
                for name, body in self.added(resource).items():
                    if name in table.insides and table.lacks(name, place):
                        table.put(name, place, body)
        if self.wanted.only_names:
            table.emptied()
        return table

    def _inside(self, page: Page, name: str, of_tree: Sequence[Value | None] | None) -> Inside:
        """What the tree says, and where it says nothing, what the engine does."""
        found = live.LIVE[name].write(page, self.ask.who) if name in live.LIVE else None
        if of_tree is None:
            return found
        written = _contents(of_tree)
        if found is None or None not in written:
            return written
        both = zip(written, _each(found, len(page)), strict=True)
        return [other if value is None else value for value, other in both]

    async def _of_tree(self, db: Reader, page: Page, names: Sequence[str]) -> Columns:
        wanted = frozenset(name for name in names if page.tree and name in page.tree.live)
        if page.tree is None or page.members is None or not wanted:
            return {}
        return await page.tree.properties(db, self.ask.who, page.members, wanted)

    async def _asked(self, db: Reader, table: _Table, names: frozenset[str]) -> None:
        page = table.page
        if page.who is not None:
            for name, body in (await self._principal(db, page.who, names)).items():
                table.put(name, 0, body)
        elif page.tree is not None and page.members is not None:
            if LOCKS in names and page.tree.lockable:
                table.insides[LOCKS] = ""
                await self._locked(db, table)
            if names & QUOTA:
                await self._quota(db, table, page.tree, names)

    async def _quota(self, db: Reader, table: _Table, tree: Tree, names: frozenset[str]) -> None:
        """Of collections, asked once for each account. RFC 4331 §3, §4"""
        columns = zip(table.page.column("shape"), table.page.column("access"), strict=True)
        for place, account_id in [
            (place, access.scope.account_id) for place, (shape, access) in enumerate(columns) if shape != "resource"
        ]:
            if account_id not in self._quotas:
                self._quotas[account_id] = await tree.quota(db, self.ask.who, account_id)
            if (found := self._quotas[account_id]) is not None:
                for name, octets in zip(_USED_AND_LEFT, found, strict=True):
                    if name in names:
                        table.put(name, place, xml.wrapped(name, str(octets)))

    async def _locked(self, db: Reader, table: _Table) -> None:
        """The locks that protect each resource, out of those that are in the account below what is read: one
        question for each account."""
        accesses = table.page.column("access")
        accounts = {id(access): access.scope.account_id for access in accesses}
        for account_id in set(accounts.values()) - self._locks.keys():
            around = conditions.spot(self.around) if self.around and self.around.node else None
            spot = around if around and around.account_id == account_id else Spot(table.page.home, account_id, ())
            self._locks[account_id] = await locks.touching(db, spot, below=True)
        if not any(self._locks[account_id] for account_id in accounts.values()):
            return
        for number, (access, place) in enumerate(zip(accesses, table.page.column("place"), strict=True)):
            account_id = accounts[id(access)]
            spot = Spot(table.page.home, account_id, place)
            if held := [lock for lock in self._locks[account_id] if locks.covers(lock, spot)]:
                table.put(LOCKS, number, xml.wrapped(LOCKS, locks.discovery(held)))

    async def _dead(self, db: Reader, table: _Table) -> None:
        """Dead properties, when some may be wanted."""
        page, names = table.page, self.wanted.names
        if page.members is None or (
            names is not None and not set(names) - _OWN - set(page.tree.live if page.tree else ())
        ):
            return
        places = {number: place for place, number in enumerate(page.column("id"))}
        for number, bodies in (await dead.of(db, list(places))).items():
            place = places[number]
            for name, body in bodies.items():
                if name not in table.insides:
                    if names is None:
                        written = xml.empty(name) if self.wanted.only_names else body
                        table.more[place] = table.more.get(place, "") + written
                elif table.lacks(name, place):
                    table.put(name, place, body)

    async def _principal(self, db: Reader, who: Principal, names: frozenset[str]) -> Found:
        found: Found = {}
        for name, home in _HOMES.items():
            if name in names and self.ask.trees.of(home):
                found[name] = xml.wrapped(name, live.home_of(home, who))
        if _ADDRESSES in names:
            found[_ADDRESSES] = xml.wrapped(_ADDRESSES, await self._addresses(db, who))
        if _GROUPS in names:
            found[_GROUPS] = xml.wrapped(_GROUPS, await self._joined_groups(db, who))
        if _MEMBERS in names:
            found[_MEMBERS] = xml.empty(_MEMBERS)
        if self.wanted.names is not None and names - live.LIVE.keys() - _ASKED:
            for tree in self.ask.trees.all:
                values = await tree.principal(db, self.ask.who, who)
                found |= {
                    name: xml.wrapped(name, xml.value(value)) for name, value in values.items() if name in names
                }
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


def _contents(values: Sequence[Value | None]) -> Sequence[str | None]:
    """A column of values as they are written."""
    texts = [value for value in values if isinstance(value, str | None)]
    if len(texts) == len(values):
        return xml.texts(texts)
    return [None if value is None else xml.value(value) for value in values]
