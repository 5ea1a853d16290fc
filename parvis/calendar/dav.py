"""Calendars and events as CalDAV sees them. RFC 4791, RFC 6638"""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

from msgspec.structs import replace

from parvis.access import parts, visibility
from parvis.access.gate import Access
from parvis.access.principal import Principal, Right
from parvis.calendar import attachments, calendars, draft, events, inbox, members, schedule, service
from parvis.calendar.attaching import Attaching
from parvis.calendar.draft import Draft
from parvis.calendar.events import Row
from parvis.calendar.model import EVENT, LARGEST, MOST_PARTICIPANTS, SCOPE
from parvis.calendar.transfer import Files
from parvis.kernel import ids
from parvis.kernel.errors import Forbidden, Invalid, TooLarge
from parvis.serve.context import Context
from parvis.serve.dav import dead
from parvis.serve.dav.tree import (
    Columns,
    Content,
    Members,
    Node,
    Posted,
    Precondition,
    Put,
    Reader,
    Search,
    Shape,
    SyncPage,
    Tree,
    Upload,
    columns,
    home_of,
    href,
    mounted,
    unmounted,
)
from parvis.serve.dav.walk import walk
from parvis.store.sql.contract import Database
from parvis.store.unit import Unit
from parvis.wire.contentlines import BadContent
from parvis.wire.dav import paths
from parvis.wire.dav.element import Element, Value
from parvis.wire.dav.names import apple, caldav, dav
from parvis.wire.ical import calendar as ical
from parvis.wire.ical import vtimezone
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.moments import Zones
from parvis.wire.ical.zones import Iana, zone

_NAME, _DESCRIPTION = dav("displayname"), caldav("calendar-description")
_COLOR, _ORDER = apple("calendar-color"), apple("calendar-order")
_ZONE, _ZONE_ID = caldav("calendar-timezone"), caldav("calendar-timezone-id")
_COMPONENTS = caldav("supported-calendar-component-set")
_TRANSPARENT = caldav("schedule-calendar-transp")
_DEFAULT = caldav("schedule-default-calendar-URL")
_GUESTS = caldav("max-attendees-per-instance")
# RFC 8607 §6.2, §6.3
_ATTACHMENT_SIZE, _ATTACHMENTS = caldav("max-attachment-size"), caldav("max-attachments-per-resource")
_PRECONDITIONS = {
    "kind": "supported-calendar-component",
    "rscale": "supported-rscale",
    "uid": "valid-calendar-object-resource",
    "method": "valid-calendar-object-resource",
    "empty": "valid-calendar-object-resource",
    "override": "valid-calendar-object-resource",
    "many": "max-instances",
    "guests": "max-attendees-per-instance",
}
"""By what is wrong; anything else is no valid calendar data. RFC 4791 §5.3.2.1"""


class Calendars(Tree):
    """`/dav/calendars/<account>/<calendar>/<event>.ics`"""

    home = members.HOME
    joins = True
    largest = LARGEST
    largest_post = attachments.LARGEST + 1
    compliance = ("calendar-access", "calendar-auto-schedule", "calendar-schedule", "calendar-managed-attachments")
    live: ClassVar[Mapping[str, bool]] = {
        _NAME: True,
        _DESCRIPTION: True,
        _COLOR: True,
        _ORDER: True,
        _ZONE: True,
        _ZONE_ID: True,
        _TRANSPARENT: True,
        _COMPONENTS: True,
        _DEFAULT: True,
        _GUESTS: False,
        _ATTACHMENT_SIZE: False,
        _ATTACHMENTS: False,
    }

    def __init__(self, context: Context) -> None:
        self._store, self._attaching = context.store, Attaching(context)

    async def find(
        self, db: Reader, principal: Principal, account_id: int, segments: tuple[str, ...]
    ) -> Node | None:
        """One statement for a calendar's row and its rights each, one more for an event."""
        if not segments:
            return await home_of(db, principal, account_id, SCOPE)
        name = segments[0]
        if name in schedule.NAMES:
            box = await schedule.node(db, principal, account_id, name)
            if box is None or len(segments) == 1 or name != inbox.NAME:
                return box if len(segments) == 1 else None
            came = await inbox.named(db, box.access, segments[1:2]) if len(segments) == 2 else []
            return came[0] if came else None
        if account_id == principal.id and (mount := unmounted(name)) is not None:
            account_id, name = mount
        calendar = await calendars.by_slug(db, account_id, name)
        if calendar is None or len(segments) > 2:
            return None
        access = await _sight(db, principal, calendar.id)
        if access is None:
            return None
        if len(segments) == 1:
            states = await events.states(db, [calendar.id])
            return _collection(calendar, access, segments[0], states.get(calendar.id, 0))
        if Right.READ not in access.rights:
            return None
        found = await events.named(db, calendar.id, [segments[1]], secret=access.owner)
        made = await members.nodes(db, principal, calendar, access, [(row, None) for row, _ in found])
        return made[0] if made else None

    async def children(
        self, db: Reader, principal: Principal, node: Node, after: str, limit: int
    ) -> Sequence[Node]:
        """Of the own home also the calendars of others."""
        if node.shape in ("inbox", "outbox"):
            return await inbox.after(db, node, after, limit) if node.shape == "inbox" else []
        if node.shape == "calendar":
            rows = await members.LISTING.after(db, node, after, limit, *members.known(node.access))
            return (await members.tagged(db, principal, rows)).nodes()
        own = principal.id == node.account_id
        found = await parts.readable(db, principal, None if own else node.account_id, SCOPE, Right(0))
        seen = {access.scope.id: access for access in found}
        nodes = []
        for calendar in (await calendars.by_ids(db, list(seen))).values():
            there = calendar.account_id == node.account_id
            name = calendar.slug if there else mounted(calendar.account_id, calendar.slug)
            if name > after:
                nodes.append((name, calendar))
        states = await events.states(db, [calendar.id for _, calendar in nodes])
        made = [_collection(each, seen[each.id], name, states.get(each.id, 0)) for name, each in nodes]
        if own:
            came = await inbox.state(db, node.account_id)
            boxes = [schedule.made(node.access, node.account_id, name, came) for name in schedule.NAMES]
            made += [box for box in boxes if box.name > after]
        return sorted(made, key=lambda each: each.name)[:limit]

    async def listed(
        self, db: Database, principal: Principal, node: Node, fields: frozenset[str] | None, page: int
    ) -> AsyncIterator[Members]:
        """See Tree."""
        if node.shape == "calendar":
            async for rows in members.LISTING.pages(db, node, fields, page, *members.known(node.access)):
                yield await members.tagged(db, principal, rows)
        else:
            async for found in super().listed(db, principal, node, fields, page):
                yield found

    async def several(
        self, db: Reader, principal: Principal, node: Node, names: Sequence[str], *, content: bool = False
    ) -> Sequence[Node]:
        """The events of these names."""
        if Right.READ not in node.access.rights:
            return []
        if node.shape == "inbox":
            return await inbox.named(db, node.access, names)
        found = await events.named(db, node.id, names, secret=node.access.owner)
        shown = [(row, data if content else None) for row, data in found]
        return await members.nodes(db, principal, node.own, node.access, shown)

    async def read(self, principal: Principal, node: Node, accept: str = "") -> Content:
        """The event as it was put; of one that is private others see only when."""
        if inbox.holds(node):
            return Content.of(await inbox.content(self._store.db, node), inbox.MEDIA)
        return Content.of(await members.content(self._store.db, principal, node), members.MEDIA)

    async def whole(self, principal: Principal, node: Node, accept: str = "") -> Content | None:
        """All events as one file, which programs that know nothing of CalDAV fetch by its address."""
        if node.shape != "calendar" or Right.READ not in node.access.rights:
            return None
        private = node.access.owner
        data = await Files(self._store).written(node.id, node.access.scope.name, private=private)
        return Content.of(data, "text/calendar; charset=utf-8", hashlib.sha256(data).hexdigest()[:24])

    async def properties(
        self, db: Reader, principal: Principal, members: Members, names: frozenset[str]
    ) -> Columns:
        """RFC 4791 §5.2, RFC 6638 §9.1, §9.2, and the properties of Apple's programs."""
        nodes = list(zip(*map(members.column, ("shape", "id", "own")), strict=True))
        inboxed = _DEFAULT in names and any(shape == "inbox" for shape, _, _ in nodes)
        found = {"inbox": await self._default(db, principal)} if inboxed else {}
        numbers = [number for shape, number, _ in nodes if shape == "calendar"]
        chosen = await calendars.chosen(db, numbers, principal.id) if names - {_COMPONENTS, _DEFAULT} else {}
        return columns(
            names,
            [
                _properties(own, chosen.get(number, {}), names) if shape == "calendar" else found.get(shape, {})
                for shape, number, own in nodes
            ],
        )

    async def _default(self, db: Reader, principal: Principal) -> Mapping[str, Value]:
        number = await calendars.default_of(db, principal.id)
        found = (await calendars.by_ids(db, [number])).get(number) if number is not None else None
        if found is None:
            return {}
        path = href(self.home, ids.text(principal.id), found.slug, collection=True)
        return {_DEFAULT: [Element(dav("href"), path)]}

    async def principal(self, db: Reader, principal: Principal, of: Principal) -> Mapping[str, Value]:
        """Where somebody's own messages come and go. RFC 6638 §2.1.1, §2.2.1"""
        if of.id != principal.id:
            return {}
        return {
            caldav(f"schedule-{name}-URL"): [
                Element(dav("href"), href(self.home, ids.text(of.id), name, collection=True))
            ]
            for name in schedule.NAMES
        }

    async def post(
        self, principal: Principal, node: Node, headers: Mapping[str, str], query: Mapping[str, str], upload: Upload
    ) -> Posted | None:
        """When people are busy, asked of the outbox (RFC 6638 §5); files of an event (RFC 8607 §3.3)."""
        if node.shape == "resource" and "action" in query and not inbox.holds(node):
            return await self._attaching.posted(principal, node, headers, query, upload)
        return await schedule.posted(self._store, principal, upload) if node.shape == "outbox" else None

    async def draft(self, principal: Principal, parent: Node, name: str, upload: Upload) -> Draft:
        """Reads and checks an event. RFC 4791 §5.3.2.1"""
        if parent.shape != "calendar":
            raise Precondition(caldav("calendar-collection-location-ok"))
        if upload.media_type and upload.media_type.partition(";")[0].strip().lower() not in _TYPES:
            raise Precondition(caldav("supported-calendar-data"), "an event is text/calendar")
        try:
            return draft.read(upload.content)
        except TooLarge as error:
            raise Precondition(caldav("max-resource-size"), error.sentence) from error
        except BadCalendar as error:
            element = _PRECONDITIONS.get(error.reason, "valid-calendar-data")
            raise Precondition(caldav(element), error.sentence) from error
        except BadContent as error:
            raise Precondition(caldav("valid-calendar-data"), error.sentence) from error

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
        """Keeps an event. See members.put"""
        return await members.put(unit, principal, parent, name, old, draft, answers=upload.on_schedule_tag)

    async def delete(self, unit: Unit, principal: Principal, node: Node, *, reply: bool = True) -> None:
        """An event, or a calendar with its events; not the one that new events go into, as long as it is that (RFC
        6638 §4.3)."""
        if inbox.holds(node):
            await inbox.remove(unit, node.account_id, node.id)
            return
        if node.shape == "resource":
            await service.destroy(unit, principal, await events.kept(unit, node.account_id, node.id), reply=reply)
            return
        if node.shape != "calendar":
            raise Forbidden("a home cannot be deleted")
        await calendars.proved(unit, principal, node.id, Right.DELETE | Right.SHARE)
        if node.own.is_default:
            raise Precondition(caldav("default-calendar-needed"), "new events go into this calendar")
        await visibility.turn(unit)
        await service.clear(unit, node.own, tell=True, reply=reply)
        await dead.forget(unit, [node.id])
        await calendars.destroy(unit, principal, node.id)

    def makes(self, shape: Shape, properties: Mapping[str, Element]) -> bool:
        """Calendars that are to have events, or of which is not said what. RFC 4791 §5.2.3, §5.3.1"""
        if shape != "calendar":
            return False
        given = properties.get(_COMPONENTS)
        return given is None or "VEVENT" in _component_names(given)

    async def make(
        self,
        unit: Unit,
        principal: Principal,
        parent: Node,
        name: str,
        shape: Shape,
        properties: Mapping[str, Element],
    ) -> int:
        """Makes a calendar in one's own home, or in that of a space. RFC 4791 §5.3.1"""
        if not parent.access.arranges:
            raise Forbidden("calendars are made in one's own home")
        if name in schedule.NAMES:
            raise Forbidden("this name is taken")
        values = _values(properties)
        number = await calendars.create(
            unit,
            parent.account_id,
            values.get("name") or name,
            description=values.get("description", ""),
            color=values.get("color", ""),
            time_zone=values.get("time_zone", ""),
            slug=name,
        )
        await self._choose(unit, principal, number, values)
        return number

    async def _choose(self, unit: Unit, principal: Principal, number: int, values: Mapping[str, Any]) -> None:
        own = {name: values[name] for name in ("sortOrder", "includeInAvailability") if name in values}
        if own:
            calendar = (await calendars.by_ids(unit, [number]))[number]
            await calendars.choose(unit, calendar, principal.id, own)

    async def patch(
        self, unit: Unit, principal: Principal, node: Node, changes: Mapping[str, Element | None]
    ) -> None:
        """Name, description, colour, order, zone; who may not share a calendar sets them for themselves. Of the
        inbox which calendar new events go into (RFC 6638 §9.2)."""
        if node.shape == "inbox" and changes.keys() == {_DEFAULT}:
            await _make_default(unit, node, changes[_DEFAULT])
            return
        if node.shape != "calendar" or _DEFAULT in changes:
            raise Forbidden("only calendars have properties")
        if _COMPONENTS in changes:
            raise Forbidden("what a calendar is for is said when it is made")
        access, calendar = await calendars.proved(unit, principal, node.id)
        values = _values({name: each for name, each in changes.items() if each is not None})
        for name, empty in _EMPTY.items():
            if name in changes and changes[name] is None:
                values[empty[0]] = empty[1]
        if values.get("name") == "":
            values["name"] = calendar.slug
        await self._choose(unit, principal, node.id, values)
        shared = {name: value for name, value in values.items() if name in _SHARED}
        if not shared:
            return
        if Right.SHARE in access.rights:
            await calendars.change(unit, calendar, shared)
        elif "description" in shared:
            raise Forbidden("only who may share a calendar describes it")
        else:
            js = {"name": "name", "color": "color", "time_zone": "timeZone"}
            await calendars.choose(
                unit, calendar, principal.id, {js[name]: value for name, value in shared.items()}
            )

    async def copy(
        self,
        unit: Unit,
        principal: Principal,
        node: Node,
        parent: Node,
        name: str,
        replaced: Node | None,
        *,
        deep: bool,
    ) -> None:
        """An event into a calendar of another account. See members.copy"""
        await members.copy(unit, principal, self._attaching, node, parent, name, replaced)

    async def move(
        self, unit: Unit, principal: Principal, node: Node, parent: Node, name: str, replaced: Node | None
    ) -> None:
        """An event into another calendar, or under another name. See members.move"""
        await members.move(unit, principal, self._attaching, node, parent, name, replaced)

    async def sync(
        self, db: Database, principal: Principal, node: Node, state: int, limit: int, *, deep: bool
    ) -> SyncPage:
        """RFC 6578 §3.2. An event that became secret is gone for all but its owner."""
        if node.shape == "inbox":
            return await inbox.sync(db, node, state, limit)
        if node.shape != "calendar" or Right.READ not in node.access.rights:
            raise Precondition(dav("supported-report"))
        found = await walk(db, node.account_id, EVENT, node.id, state, limit)
        rows = await members.LISTING.of(db, node, found.present, *members.known(node.access))
        hidden = await events.secrets(db, node.id, found.present) if state and not node.access.owner else []
        return SyncPage(
            changed=[await members.tagged(db, principal, each) for each in rows],
            departed=[(name,) for name in (*found.departed, *hidden)],
            state=found.state,
            more=found.more,
        )

    async def candidates(
        self, db: Reader, principal: Principal, node: Node, search: Search, after: int, limit: int
    ) -> Sequence[Node]:
        """Events whose bounds touch what is looked for. RFC 4791 §7.8"""
        if node.shape == "inbox":
            return await inbox.page(db, node, after, limit)
        if search.component not in ("", "VEVENT"):
            return []
        found = await events.within(
            db, node.id, search.start_ms, search.end_ms, search.uid, after, limit, secret=node.access.owner
        )
        made = await members.nodes(db, principal, node.own, node.access, found)
        return [replace(each, sure=_surely(each.own, search)) for each in made]


def _surely(row: Row, search: Search) -> bool:
    """Whether an event is what is looked for by its times alone: no series, in a zone. RFC 4791 §9.9"""
    if not row.exact or row.first_ms is None or row.last_ms is None:
        return False
    first = row.first_ms < search.end_ms if search.end_ms is not None else True
    last = max(row.last_ms, row.first_ms + 1) > search.start_ms if search.start_ms is not None else True
    return first and last


_SHARED = frozenset({"name", "description", "color", "time_zone"})
_TYPES = frozenset({"text/calendar", "application/octet-stream", "text/plain", "application/ics"})
_EMPTY: Mapping[str, tuple[str, Any]] = {
    _NAME: ("name", ""),
    _DESCRIPTION: ("description", ""),
    _COLOR: ("color", ""),
    _ZONE: ("time_zone", ""),
    _ZONE_ID: ("time_zone", ""),
    _ORDER: ("sortOrder", None),
    _TRANSPARENT: ("includeInAvailability", None),
}


async def _sight(db: Reader, principal: Principal, number: int) -> Access | None:
    found = await parts.several(db, principal, SCOPE, [number], Right(0))
    return found.get(number)


def _component_names(given: Element) -> set[str]:
    return {each.attributes.get("name", "").upper() for each in given.all(caldav("comp"))}


def _values(properties: Mapping[str, Element]) -> dict[str, Any]:
    """What a client sets, by our names. Raises Precondition for a time zone that is none."""
    values: dict[str, Any] = {}
    for name, field, most in ((_NAME, "name", 255), (_DESCRIPTION, "description", 2000), (_COLOR, "color", 50)):
        if name in properties:
            values[field] = properties[name].words()[:most]
    if _ORDER in properties:
        order = properties[_ORDER].words()
        values["sortOrder"] = int(order) if order.isascii() and order.isdigit() and len(order) < 10 else 0
    if _TRANSPARENT in properties:
        opaque = properties[_TRANSPARENT].first(caldav("transparent")) is None
        values["includeInAvailability"] = "all" if opaque else "none"
    if _ZONE_ID in properties:
        values["time_zone"] = _iana(properties[_ZONE_ID].words())
    elif _ZONE in properties:
        values["time_zone"] = _zone_of(properties[_ZONE].text)
    return values


def _iana(name: str) -> str:
    found = zone(name)
    if found is None or not found.iana:
        raise Precondition(caldav("valid-timezone"), "this zone is not known")
    return found.iana


def _zone_of(text: str) -> str:
    """IANA's name of the zone of a VTIMEZONE, as near as there is one. RFC 4791 §5.2.2"""
    try:
        read = ical.read(text.strip().encode())
    except (BadCalendar, BadContent) as error:
        raise Precondition(caldav("valid-calendar-data"), error.sentence) from error
    names = [each.value("TZID") for each in read.components if each.name == "VTIMEZONE"]
    found = Zones(read).of(names[0]) if names else None
    if found is None:
        raise Precondition(caldav("valid-calendar-data"), "there is no time zone")
    return found.iana


def _properties(calendar: calendars.Row, chosen: Mapping[str, Any], names: frozenset[str]) -> dict[str, Value]:
    found: dict[str, Value] = {_COMPONENTS: [Element(caldav("comp"), attributes={"name": "VEVENT"})]}
    transparent = chosen.get("includeInAvailability") == "none"
    found[_TRANSPARENT] = [Element(caldav("transparent" if transparent else "opaque"))]
    zone_name = chosen.get("timeZone", calendar.time_zone)
    texts = {
        _NAME: chosen.get("name", calendar.name),
        _DESCRIPTION: calendar.description,
        _COLOR: chosen.get("color", calendar.color),
        _ORDER: str(chosen["sortOrder"]) if "sortOrder" in chosen else "",
        _ZONE_ID: zone_name,
        _GUESTS: str(MOST_PARTICIPANTS),
        _ATTACHMENT_SIZE: str(attachments.LARGEST),
        _ATTACHMENTS: str(attachments.MOST),
        _ZONE: _written_zone(zone_name) if _ZONE in names and zone_name else "",
    }
    found |= {name: text for name, text in texts.items() if text}
    return {name: value for name, value in found.items() if name in names}


def _written_zone(name: str) -> str:
    found = zone(name)
    component = vtimezone.component(found, 2020, None) if isinstance(found, Iana) else vtimezone.utc_component()
    return ical.write(ical.new([component])).decode()


def _collection(calendar: calendars.Row, access: Access, name: str, state: int) -> Node:
    return Node(
        id=calendar.id,
        shape="calendar",
        name=name,
        access=access,
        place=(calendar.slug,),
        title=calendar.name,
        created_ms=calendar.created_ms,
        state=state,
        own=calendar,
    )


async def _make_default(unit: Unit, inbox_: Node, given: Element | None) -> None:
    """Raises Precondition for what is no calendar of the account."""
    named, found = given.first(dav("href")) if given is not None else None, None
    try:
        place = paths.segments(urlsplit(named.text.strip()).path) if named is not None else ()
    except ValueError as error:
        raise Invalid("this is no URI") from error
    if inbox_.access.owner and place[:3] == ("dav", members.HOME, ids.text(inbox_.account_id)) and len(place) == 4:
        found = await calendars.by_slug(unit, inbox_.account_id, place[3])
    if found is None:
        raise Precondition(caldav("valid-schedule-default-calendar-URL"), "this is no calendar of yours")
    await calendars.make_default(unit, inbox_.account_id, found.id)
