"""Inbox and outbox of CalDAV. Messages are carried out when they come; the inbox has a copy of them and says where
new events go; the outbox answers when people are busy. RFC 6638 §2, §5"""

from typing import Any

from parvis.access import directory, parts
from parvis.access.gate import Access
from parvis.access.principal import Principal, Right
from parvis.calendar import availability, draft, inbox
from parvis.calendar.model import SCOPE
from parvis.kernel import clock
from parvis.kernel.errors import Forbidden, NotFound, TooLarge
from parvis.serve import scheduling
from parvis.serve.dav.tree import Node, Posted, Precondition, Shape, Upload
from parvis.store.store import Store
from parvis.wire.contentlines import BadContent, Component, Property
from parvis.wire.dav import xml
from parvis.wire.dav.names import caldav, dav
from parvis.wire.ical import calendar, freebusy
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.moments import Zones, of_property
from parvis.wire.ical.span import Span

OUTBOX = "outbox"
NAMES: dict[str, Shape] = {inbox.NAME: "inbox", OUTBOX: "outbox"}
_FAR = 1 << 62
_MOST_PEOPLE = 100


async def node(db: Any, principal: Principal, account_id: int, name: str) -> Node | None:
    """The inbox or outbox of who asks; those of others are not seen."""
    if account_id != principal.id or name not in NAMES:
        return None
    try:
        access = await parts.any_part(db, principal, account_id, SCOPE)
    except NotFound:
        return None
    return made(access, account_id, name, await inbox.state(db, account_id) if name == inbox.NAME else 0)


def made(access: Access, account_id: int, name: str, came: int) -> Node:
    """The node of one of both; `came` is the state of the inbox."""
    number = -account_id if name == inbox.NAME else -account_id - _FAR
    only = Access(access.scope, access.rights & (Right.READ | Right.FREE_BUSY), access.owner)
    state = came if name == inbox.NAME else None
    return Node(
        id=number, shape=NAMES[name], name=name, access=only, place=(name,), title=name.capitalize(), state=state
    )


async def posted(store: Store, principal: Principal, upload: Upload) -> Posted:
    """When people are busy, asked of the outbox, by nobody for somebody else. Raises Precondition. RFC 6638 §5,
    §11.3"""
    if upload.media_type and upload.media_type.partition(";")[0].strip().lower() != "text/calendar":
        raise Precondition(caldav("supported-calendar-data"), "a request is text/calendar")
    try:
        asked = calendar.read(upload.content, draft.LIMITS)
    except (BadCalendar, BadContent) as error:
        raise Precondition(caldav("valid-calendar-data"), error.sentence) from error
    wanted = [each for each in asked.components if each.name == "VFREEBUSY"]
    if asked.value("METHOD").upper() != "REQUEST" or len(wanted) != 1:
        raise Precondition(caldav("valid-scheduling-message"), "the outbox takes requests for free-busy")
    request = wanted[0]
    owner = request.first("ORGANIZER")
    if owner is None or owner.value.strip().lower() not in await scheduling.me(store.db, principal.id):
        raise Precondition(caldav("valid-organizer"), "you may not ask for somebody else")
    span = _span(request, Zones(asked))
    people = request.every("ATTENDEE")
    if len(people) > _MOST_PEOPLE:
        raise Precondition(caldav("max-attendees-per-instance"), f"at most {_MOST_PEOPLE} people")
    answers = [await _answer(store, principal, request, owner, each, span) for each in people]
    return Posted(status=200, body=xml.document(caldav("schedule-response"), "".join(answers)))


def _span(request: Component, zones: Zones) -> Span:
    try:
        start, end = (of_property(request, name, zones) for name in ("DTSTART", "DTEND"))
    except BadCalendar as error:
        raise Precondition(caldav("valid-calendar-data"), error.sentence) from error
    if start is None or end is None or end.ms() <= start.ms():
        raise Precondition(caldav("valid-calendar-data"), "a request has a start and an end after it")
    return Span(start.ms(), end.ms())


async def _answer(
    store: Store, principal: Principal, request: Component, owner: Property, person: Property, span: Span
) -> str:
    address = person.value.strip().partition(":")[2]
    found = await directory.by_address(store.db, address) if address else None
    if found is None:
        return _response(person, "3.7;Invalid calendar user", None)
    try:
        taken = await availability.of(store.db, principal, found.id, span, own=found.id == principal.id)
    except Forbidden:
        return _response(person, "3.8;No authority", None)
    except TooLarge:
        return _response(person, "5.1;Service unavailable", None)
    busy = [each.busy for each in taken]
    said = [owner, Property("ATTENDEE", person.value.strip())]
    component = freebusy.component(busy, span, clock.now_ms(), request.value("UID") or str(span.start_ms), said)
    return _response(person, "2.0;Success", calendar.write(calendar.new([component], "REPLY")))


def _response(person: Property, status: str, data: bytes | None) -> str:
    """RFC 6638 §10.2"""
    inside = xml.wrapped(caldav("recipient"), xml.wrapped(dav("href"), xml.text(person.value.strip())))
    inside += xml.wrapped(caldav("request-status"), xml.text(status))
    if data is not None:
        inside += xml.wrapped(caldav("calendar-data"), xml.text(data.decode()))
    return xml.wrapped(caldav("response"), inside)
