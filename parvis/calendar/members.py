"""Events as members of a calendar in CalDAV: as each person may see them, with their own alerts; and kept as each
person may change them. RFC 4791 §5.3.2, draft-ietf-jmap-calendars §4.1"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from parvis.access import parts
from parvis.access.gate import Access
from parvis.access.principal import Principal, Right
from parvis.calendar import calendars, draft, events, inbox, outgoing, personal, service, words
from parvis.calendar.attaching import Attaching
from parvis.calendar.draft import Draft, parsed
from parvis.calendar.events import Kept, Row
from parvis.calendar.model import SCOPE
from parvis.kernel import ids
from parvis.kernel.errors import Conflict, Forbidden, NotFound, ParvisError
from parvis.serve import scheduling
from parvis.serve.dav import dead
from parvis.serve.dav.listing import Listing, Rows
from parvis.serve.dav.tree import Node, Precondition, Put, Reader, href
from parvis.store.unit import Unit
from parvis.wire.dav.names import caldav
from parvis.wire.ical import calendar as ical
from parvis.wire.ical import managed
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.itip.message import address, attendees
from parvis.wire.ical.whole import whole

HOME: Final = "calendars"
"""The first segment of the paths of calendars."""
MEDIA = "text/calendar; charset=utf-8; component=vevent"
LISTING = Listing(
    table="calendar_event",
    part="calendar_id",
    columns={name: name for name in ("id", "name", "etag", "schedule_tag", "size", "created_ms", "modified_ms")},
    media_type=MEDIA,
)
_NOTHING: Mapping[str, Any] = {}


def known(access: Access) -> tuple[str, int]:
    """The condition of events that this person may know of."""
    return "privacy <= ?", events.SECRET if access.owner else events.SECRET - 1


async def tagged(db: Reader, principal: Principal, rows: Rows) -> Rows:
    """Events as this person sees them: what they have for themselves makes another version of it."""
    if rows.around.access.owner or "etag" not in rows.found or not len(rows):
        return rows
    numbers = rows.column("id")
    own = await events.chosen(db, numbers, principal.id)
    both = zip(numbers, rows.column("etag"), strict=True)
    return rows.having(etag=[personal.tag(etag, own.get(number, _NOTHING)) for number, etag in both])


async def nodes(
    db: Reader,
    principal: Principal,
    calendar: calendars.Row,
    access: Access,
    found: Sequence[tuple[Row, bytes | None]],
) -> list[Node]:
    """Events of a calendar, with their bytes where these are given."""
    own = {} if access.owner else await events.chosen(db, [row.id for row, _ in found], principal.id)
    return [_node(calendar, access, row, data, principal, own.get(row.id, _NOTHING)) for row, data in found]


def _node(
    calendar: calendars.Row,
    access: Access,
    row: Row,
    data: bytes | None,
    principal: Principal,
    own: personal.Chosen,
) -> Node:
    content = shown(row, data, access, principal, own) if data is not None else None
    return Node(
        id=row.id,
        shape="resource",
        name=row.name,
        access=access,
        place=(calendar.slug, row.name),
        etag=personal.tag(row.etag, own),
        schedule_tag=row.schedule_tag,
        media_type=MEDIA,
        size=len(content) if content is not None else row.size,
        created_ms=row.created_ms,
        modified_ms=row.modified_ms,
        content=content,
        own=row,
    )


async def content(db: Reader, principal: Principal, node: Node) -> bytes:
    """The bytes of an event as this person may see them. Raises NotFound."""
    row, data = await events.kept(db, node.account_id, node.id)
    own = {} if node.access.owner else await events.chosen(db, [row.id], principal.id)
    return shown(row, data, node.access, principal, own.get(row.id, _NOTHING))


def shown(row: Row, data: bytes, access: Access, principal: Principal, own: personal.Chosen) -> bytes:
    """The bytes as this person may see them: of what is private only when, and with nobody else's alerts."""
    if access.owner:
        return data
    series = parsed(row.etag, data)
    seen = draft.masked(series, words.BUSY[principal.language]) if row.privacy else personal.shown(series, own)
    return data if seen is series else ical.write(whole(seen, ical.read(data)))


async def put(
    unit: Unit,
    principal: Principal,
    parent: Node,
    name: str,
    old: Node | None,
    made: Draft,
    *,
    answers: bool = False,
) -> Put:
    """Keeps an event that a client puts; `answers`: see `_put`. Raises Precondition (RFC 4791 §5.3.2.1), and what
    service.create and service.replace raise."""
    found = await events.kept(unit, old.account_id, old.id) if old is not None else None
    if managed.ids_of(made.series):
        _own_files(found or await events.by_uid(unit, parent.account_id, made.uid), made)
    _one_organizer(made)
    if found is not None and found[0].uid != made.uid:
        raise Precondition(caldav("no-uid-conflict"), "an event keeps its UID", status=409)
    try:
        try:
            return await _put(unit, principal, parent, name, found, (old or parent).access, made, answers=answers)
        except Conflict as conflict:
            if old is not None:
                raise
            found = await _moved_here(unit, principal, parent, name, conflict)
            return await _put(unit, principal, parent, name, found, parent.access, made)
    except Conflict as conflict:
        raise await _uid_conflict(unit, principal, conflict, made, parent) from conflict
    except scheduling.NotTheirs as error:
        raise Precondition(caldav("allowed-attendee-scheduling-object-change"), error.sentence) from error
    except scheduling.NotHandedOver as error:
        raise Precondition(caldav("allowed-organizer-scheduling-object-change"), error.sentence) from error


async def _moved_here(unit: Unit, principal: Principal, parent: Node, name: str, conflict: Conflict) -> Kept:
    """The event that has the UID, when it is in another calendar and may leave it: Thunderbird and Evolution move
    an event by putting it into the new calendar and deleting it in the old one. Raises the conflict."""
    row: Row | None = conflict.fields.get("row")
    if row is None or row.calendar_id == parent.id:
        raise conflict
    try:
        await service.move(unit, principal, row, parent.id, name)
    except (NotFound, Forbidden):
        raise conflict from None
    return await events.kept(unit, row.account_id, row.id)


async def _uid_conflict(
    unit: Unit, principal: Principal, conflict: Conflict, made: Draft, parent: Node
) -> ParvisError:
    """RFC 4791 §5.3.2.1; of what is scheduled there is one in all calendars, RFC 6638 §3.2.4.1."""
    row: Row | None = conflict.fields.get("row")
    if row is None:
        return conflict
    place = ""
    if await parts.several(unit, principal, SCOPE, [row.calendar_id]):
        calendar = (await calendars.by_ids(unit, [row.calendar_id]))[row.calendar_id]
        place = href(HOME, ids.text(row.account_id), calendar.slug, row.name)
    elsewhere = row.calendar_id != parent.id and any(map(attendees, made.series.components))
    element = "unique-scheduling-object-resource" if elsewhere else "no-uid-conflict"
    return Precondition(caldav(element), conflict.sentence, status=409, href=place)


def _own_files(found: Kept | None, made: Draft) -> None:
    """A client names files that the event has, and no others. RFC 8607 §3.11 (valid-managed-id-parameter)"""
    known = managed.ids_of(parsed(found[0].etag, found[1])) if found is not None else set()
    if not managed.ids_of(made.series) <= known:
        raise Precondition(caldav("valid-managed-id-parameter"), "the event has no such file")


async def _freed(unit: Unit, principal: Principal, node: Node, replaced: Node | None) -> None:
    """Nothing is there any more where an event goes, which the engine has seen to be another place: no other event
    is lost by it. RFC 4791 §5.3.2.1"""
    if replaced is not None:
        if node.own.uid != replaced.own.uid:
            raise Precondition(caldav("no-uid-conflict"), "another event is there", status=409)
        await service.destroy(unit, principal, await events.kept(unit, replaced.account_id, replaced.id))


def _one_organizer(made: Draft) -> None:
    """RFC 6638 §3.2.4.2"""
    found = [one.first("ORGANIZER") for one in made.series.components if any(attendees(one))]
    if len({address(each) if each is not None else "" for each in found}) > 1:
        raise Precondition(caldav("same-organizer-in-all-components"), "an event has one organizer")


async def copy(
    unit: Unit,
    principal: Principal,
    attaching: Attaching,
    node: Node,
    parent: Node,
    name: str,
    replaced: Node | None,
) -> None:
    """Copies an event into a calendar of another account, with files of its own: within one its UID is there once.
    Nobody is told."""
    if node.shape != "resource" or inbox.holds(node) or parent.shape != "calendar":
        raise Forbidden("only events can be copied")
    await _freed(unit, principal, node, replaced)
    made = await attaching.cloned(unit, draft.read(await content(unit, principal, node)), parent.account_id)
    try:
        copied = await service.create(unit, principal, parent.id, made, name=name, tell=False)
    except Conflict as conflict:
        raise await _uid_conflict(unit, principal, conflict, made, parent) from conflict
    await dead.copy(unit, parent.account_id, [(node.id, copied.id)])


async def move(
    unit: Unit,
    principal: Principal,
    attaching: Attaching,
    node: Node,
    parent: Node,
    name: str,
    replaced: Node | None,
) -> None:
    """Puts an event into another calendar of its account, or under another name; into another account as a new
    one."""
    if node.shape != "resource" or inbox.holds(node) or parent.shape != "calendar":
        raise Forbidden("only events can be moved")
    found = await events.kept(unit, node.account_id, node.id)
    if node.account_id != parent.account_id:
        await copy(unit, principal, attaching, node, parent, name, replaced)
        await service.destroy(unit, principal, found, tell=False)
        return
    await _freed(unit, principal, node, replaced)
    await service.move(unit, principal, found[0], parent.id, name)


async def _put(
    unit: Unit,
    principal: Principal,
    parent: Node,
    name: str,
    found: Kept | None,
    access: Access,
    made: Draft,
    *,
    answers: bool = False,
) -> Put:
    """Keeps an event byte for byte, unless an organizer's change is a new revision or (with `answers`) one that was
    answered meanwhile, or it has alerts of somebody who is not its owner: these are kept for them. Raises what
    service.create and service.replace raise."""
    own = {} if access.owner else personal.alerts_of(made.series)
    before = parsed(found[0].etag, found[1]) if found is not None else None
    kept = _to_keep(made, before, shared=not access.owner)
    same = before is not None and not access.owner and personal.same(kept.series, before)
    tag = kept.etag
    if found is None:
        row = await service.create(unit, principal, parent.id, kept, name=name)
        tag = row.etag
    elif same:
        row = found[0]
    else:
        tag = (await service.replace(unit, principal, found, kept, answers=answers, complete=True)).draft.etag
        row = (await events.kept(unit, found[0].account_id, found[0].id))[0]
    if not access.owner:
        await _choose(unit, principal, access, row, own, needed=same)
    return Put(etag=tag if tag == made.etag and not own and not same else "", schedule_tag=row.schedule_tag)


def _to_keep(made: Draft, before: Series | None, *, shared: bool) -> Draft:
    """What is kept of what was put: where the calendar is `shared`, what is the same for all; with the files that
    the event had."""
    series = personal.shared(made.series, before) if shared else made.series
    series = managed.restored(before, series) if before is not None else series
    return made if series is made.series else draft.made(series, made.data)


async def _choose(
    unit: Unit, principal: Principal, access: Access, row: Row, own: Mapping[str, Any], *, needed: bool
) -> None:
    """Keeps somebody's own alerts. `needed`: nothing else was changed. Raises Forbidden."""
    known = (await events.chosen(unit, [row.id], principal.id)).get(row.id, {}).get("alerts") or {}
    if own == known:
        return
    if Right.UPDATE_PRIVATE not in access.rights or row.privacy:
        if needed:
            raise Forbidden("you may not have alerts of your own here")
        return
    await events.choose(unit, row, principal.id, {"alerts": dict(own) or None})
    await outgoing.ring(unit, row, parsed(*(await _kept(unit, row))))


async def _kept(unit: Unit, row: Row) -> tuple[str, bytes]:
    found = await events.kept(unit, row.account_id, row.id)
    return found[0].etag, found[1]
