"""CalendarEvent: reading, making, changing and destroying. draft-ietf-jmap-calendars §5"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from parvis.access import parts
from parvis.access.gate import Access
from parvis.access.principal import Right
from parvis.calendar import attachments, calendars, draft, events, identities, outgoing, service
from parvis.calendar.draft import Draft, parsed
from parvis.calendar.events import Kept, Row
from parvis.calendar.jmap import instance, links
from parvis.calendar.model import PER_PERSON, SCOPE
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, NotFound
from parvis.serve import scheduling
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import SetError, invalid_properties
from parvis.serve.jmap.kind import Copying, Created, Creation, GetArguments, SetArguments, Update
from parvis.serve.jmap.types import Object, UTCDate
from parvis.store.unit import Unit
from parvis.wire.ical import jscalendar, managed
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.itip.message import address, organizer, scheduled
from parvis.wire.ical.jscalendar.words import parse_local
from parvis.wire.ical.values import parse_duration, write_duration
from parvis.wire.ical.zones import MAX_MS, MIN_MS, UTC, Zone, zone

_OURS = frozenset({"id", "baseEventId", "calendarIds", "isDraft", "isOrigin", "utcStart", "utcEnd"})
_COMPUTED = frozenset({"utcStart", "utcEnd"})


class EventGetArguments(GetArguments):
    """draft-ietf-jmap-calendars §5.7"""

    recurrence_overrides_before: UTCDate | None = None
    recurrence_overrides_after: UTCDate | None = None
    reduce_participants: bool = False
    time_zone: str = "Etc/UTC"


class EventSetArguments(SetArguments):
    """draft-ietf-jmap-calendars §5.9"""

    send_scheduling_messages: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What events of an account are shown by."""

    seen: Mapping[int, Access]
    chosen: Mapping[int, Mapping[str, Any]]
    mine: frozenset[str]
    """The addresses of the account."""
    reader: frozenset[str]
    """The addresses of who reads."""
    floating: Zone
    wanted: frozenset[str]
    base: str
    """The address of the server, below which files of events are."""


async def read(call: Call, numbers: Sequence[int] | None, wanted: frozenset[str]) -> list[Object]:
    """The events that the principal may read."""
    db: Any = call.db
    seen = {each.scope.id: each for each in await parts.readable(db, call.principal, call.account_id, SCOPE)}
    if numbers is None:
        limit = call.context.settings.limits.objects_in_get + 1
        numbers = await _first(call, list(seen), limit)
    found = await events.by_ids(db, call.account_id, numbers)
    shared = [row.id for row, _ in found if row.calendar_id in seen and not seen[row.calendar_id].owner]
    floating = zone(getattr(call.arguments, "time_zone", "Etc/UTC") or "Etc/UTC") or UTC
    chosen = await events.chosen(db, shared, call.principal.id)
    mine = await scheduling.me(db, call.account_id)
    reader = mine if call.principal.id == call.account_id else await scheduling.me(db, call.principal.id)
    if getattr(call.arguments, "properties", None) is None:
        wanted -= _COMPUTED
    reading = Reading(seen, chosen, mine, reader, floating, wanted, call.context.public_url)
    objects = [_object(each, reading) for each in found if _may_see(each[0], reading)]
    asked = call.arguments
    return [_reduced(each, asked, reading) for each in objects] if isinstance(asked, EventGetArguments) else objects


async def _first(call: Call, calendar_ids: Sequence[int], limit: int) -> list[int]:
    if not calendar_ids:
        return []
    marks = ", ".join("?" * len(calendar_ids))
    rows = await call.db.rows(
        f"""SELECT id FROM calendar_event WHERE account_id = ? AND calendar_id IN ({marks}) ORDER BY id LIMIT ?""",
        call.account_id,
        *calendar_ids,
        limit,
    )
    return [row[0] for row in rows]


def _may_see(row: Row, reading: Reading) -> bool:
    access = reading.seen.get(row.calendar_id)
    return access is not None and (access.owner or row.privacy != events.SECRET)


def _object(found: Kept, reading: Reading) -> Object:
    row, data = found
    access, series = reading.seen[row.calendar_id], parsed(row.etag, data)
    if row.privacy and not access.owner:
        series = draft.masked(series, "")
    said = shown(series, reading.wanted)
    if managed.ids_of(series):
        said = links.with_blobs(said, reading.base)
    if not access.owner:
        said = for_person(said, reading.chosen.get(row.id, {}))
    if said.get("hideAttendees") is True and organizer(series) not in reading.reader:
        said = _with_few(said, reading.reader)
    said |= ours(row, series, reading.mine)
    if reading.wanted & _COMPUTED:
        said |= computed(said, reading.floating)
    return said


def shown(series: Series, wanted: frozenset[str]) -> Object:
    """A series as JSCalendar; what that cannot say only when it is asked for."""
    return jscalendar.event(series, unknown="iCalendar" in wanted)


def for_person(said: Object, chosen: Mapping[str, Any]) -> Object:
    """An event of a shared calendar as one person sees it: with their own alerts and colour.
    draft-ietf-jmap-calendars §4.1"""
    said = {name: value for name, value in said.items() if name not in ("alerts", "useDefaultAlerts")}
    return said | {name: value for name, value in chosen.items() if name in PER_PERSON}


def _with_few(said: Object, reader: frozenset[str]) -> Object:
    """Without participants that are neither owners nor who reads, in the whole and in each instance.
    draft-ietf-jmap-calendars §5.6, §5.7"""
    people = said.get("participants") or {}
    kept = {key for key, each in people.items() if _is_of(each, reader)}

    def few(change: Mapping[str, Any]) -> Object:
        made = {}
        for name, value in change.items():
            pointer = name.split("/")
            if name == "participants" and isinstance(value, Mapping):
                made[name] = {key: each for key, each in value.items() if _is_of(each, reader)}
            elif (
                pointer[0] != "participants" or pointer[1] in kept or (len(pointer) == 2 and _is_of(value, reader))
            ):
                made[name] = value
        return made

    fewer = few(said)
    if overrides := said.get("recurrenceOverrides"):
        fewer["recurrenceOverrides"] = {key: few(change) for key, change in overrides.items()}
    return fewer


def _is_of(given: Any, reader: frozenset[str]) -> bool:
    if not isinstance(given, Mapping):
        return False
    return "owner" in (given.get("roles") or {}) or str(given.get("calendarAddress", "")).lower() in reader


def _reduced(said: Object, asked: EventGetArguments, reading: Reading) -> Object:
    """An event with the overrides of a window, and with few participants. draft-ietf-jmap-calendars §5.7"""
    if asked.reduce_participants:
        said = _with_few(said, reading.reader)
    overrides = said.get("recurrenceOverrides")
    after, before = asked.recurrence_overrides_after, asked.recurrence_overrides_before
    if not overrides or (after is None and before is None):
        return said
    place = zone(said["timeZone"]) if said.get("timeZone") else reading.floating
    first = clock.parse_utc(after) if after is not None else MIN_MS
    last = clock.parse_utc(before) if before is not None else MAX_MS

    def within(key: str) -> bool:
        return first <= (place or UTC).to_ms(parse_local(key, "recurrenceOverrides")) < last

    return said | {"recurrenceOverrides": {key: each for key, each in overrides.items() if within(key)} or None}


def ours(row: Row, series: Series, mine: frozenset[str]) -> Object:
    """The properties that JSCalendar does not have."""
    owner = organizer(series)
    return {
        "id": ids.text(row.id),
        "baseEventId": None,
        "calendarIds": {ids.text(row.calendar_id): True},
        "isDraft": bool(row.draft),
        "isOrigin": not owner or owner in mine,
    }


def computed(said: Object, floating: Zone) -> Object:
    """`utcStart` and `utcEnd`."""
    if said.get("start") is None:
        return {"utcStart": None, "utcEnd": None}
    place = zone(said["timeZone"]) if said.get("timeZone") else floating
    start = (place or UTC).to_ms(parse_local(said["start"], "start"))
    length = parse_duration(said.get("duration") or "PT0S")
    end = start + round(length.total_seconds() * 1000)
    return {"utcStart": clock.utc_date(start), "utcEnd": clock.utc_date(end)}


def asks_utc(properties: Sequence[str]) -> bool:
    """Whether the times in UTC are wanted."""
    return not _COMPUTED.isdisjoint(properties)


def _number(call: Call, given: Mapping[str, bool]) -> int:
    chosen = [each for each, value in given.items() if value]
    number = call.number(chosen[0]) if len(chosen) == 1 and len(given) == 1 else None
    if number is None:
        raise invalid_properties("calendarIds", why="an event is in exactly one calendar")
    return number


def _draft(said: Object, before: Series | None = None, data: bytes | None = None) -> Draft:
    """The object as it is kept. Raises SetError."""
    if "method" in said:
        raise invalid_properties("method", why="an event has no method")
    if said.get("@type", "Event") != "Event":
        raise invalid_properties("@type", why="this is an Event")
    try:
        return draft.made(jscalendar.series(said, before), data)
    except BadCalendar as error:
        field = _FIELDS.get(str(error.fields.get("field") or ""), str(error.fields.get("field") or ""))
        raise invalid_properties(*([field.split("/")[0]] if field else []), why=error.sentence) from error


_FIELDS = {"RRULE": "recurrenceRule", "DTSTART": "start", "DTEND": "duration", "DURATION": "duration"}


def _with_utc(said: Object, values: Mapping[str, Any], place: Zone | None) -> Object:
    """`utcStart` and `utcEnd` said as `start`, `timeZone` and `duration`. draft-ietf-jmap-calendars §5.9"""
    said = dict(said)
    for name, other in (("utcStart", "start"), ("utcEnd", "duration")):
        if values.get(name) is not None and values.get(other) is not None:
            raise invalid_properties(name, other, why=f"{name} and {other} exclude each other")
    if values.get("utcStart") is not None:
        if not said.get("timeZone"):
            said["timeZone"] = place.iana if place is not None and place.iana else "Etc/UTC"
        found = zone(said["timeZone"]) or UTC
        said["start"] = found.to_local(clock.parse_utc(values["utcStart"])).isoformat()
    if values.get("utcEnd") is not None:
        begin = clock.parse_utc(computed(said, UTC)["utcStart"] or values["utcEnd"])
        length = clock.parse_utc(values["utcEnd"]) - begin
        if length < 0:
            raise invalid_properties("utcEnd", why="it ends before it starts")
        said["duration"] = write_duration(timedelta(milliseconds=length))
    return said


async def create(call: Call, unit: Unit, creation: Creation) -> Created:
    """Makes an event; who is invited is told when that is asked for."""
    values = creation.values
    calendar_id = _number(call, values["calendarIds"])
    now = clock.utc_date(clock.now_ms())
    said = {name: value for name, value in values.items() if name not in _OURS and value is not None}
    access = (await parts.several(unit, call.principal, SCOPE, [calendar_id])).get(calendar_id)
    if access is None or access.scope.account_id != call.account_id:
        raise invalid_properties("calendarIds", why="no such calendar")
    calendar = (await calendars.by_ids(unit, [calendar_id]))[calendar_id]
    said = {
        "@type": "Event",
        "uid": ids.uuid(),
        "created": now,
        "updated": now,
        **_with_utc(said, values, calendar.zone),
    }
    mine = await scheduling.me(unit, call.account_id)
    said = await links.kept(call, unit, deepcopy(said), creation.prepared or {})
    said = await _with_organizer(unit, said, call.account_id)
    if is_origin(said, mine):
        said["updated"] = now
    made = _draft(said)
    if call.arguments.send_scheduling_messages and not values["isDraft"]:
        _reachable(made.series, mine)
    number = await _inserted(call, unit, calendar_id, made, unsent=values["isDraft"])
    return Created(number)


def is_origin(said: Mapping[str, Any], mine: frozenset[str]) -> bool:
    """Whether the account decides about an event."""
    owner = said.get("organizerCalendarAddress")
    return not isinstance(owner, str) or owner.lower() in mine


async def _with_organizer(unit: Unit, said: Object, account_id: int) -> Object:
    """An event with participants has an organizer: the account by its default address, unless somebody else is
    named."""
    if not said.get("participants") or said.get("organizerCalendarAddress"):
        return said
    owners = [
        each.get("calendarAddress", "")
        for each in said["participants"].values()
        if isinstance(each, dict) and isinstance(each.get("roles"), dict) and each["roles"].get("owner")
    ]
    named = next((each for each in owners if each), None)
    own = None if named else next(iter(await identities.of(unit, account_id)), None)
    address = named or (f"mailto:{own.address}" if own is not None else None)
    return said if address is None else said | {"organizerCalendarAddress": address}


async def _inserted(call: Call, unit: Unit, calendar_id: int, made: Draft, *, unsent: bool = False) -> int:
    tell = getattr(call.arguments, "send_scheduling_messages", False)
    try:
        return (await service.create(unit, call.principal, calendar_id, made, unsent=unsent, tell=tell)).id
    except Conflict as conflict:
        raise await _taken(call, unit, conflict) from conflict


async def _taken(call: Call, unit: Unit, conflict: Conflict) -> SetError:
    """alreadyExists, which names the other event to whoever may see it."""
    row: Row = conflict.fields["row"]
    access = (await parts.several(unit, call.principal, SCOPE, [row.calendar_id])).get(row.calendar_id)
    if access is not None and (access.owner or row.privacy != events.SECRET):
        return SetError("alreadyExists", conflict.sentence, existingId=ids.text(row.id))
    return invalid_properties("uid", why="this uid is taken")


async def update(call: Call, unit: Unit, change: Update) -> Object | None:
    """Changes an event: its calendar, what everybody sees, and what a person has for themselves."""
    found, access = await service.visible(unit, call.principal, call.account_id, change.object_id)
    values = dict(change.values)
    if "calendarIds" in values:
        calendar_id = _number(call, values.pop("calendarIds"))
        if calendar_id != found[0].calendar_id:
            await service.move(unit, call.principal, found[0], calendar_id)
            found, access = await service.visible(unit, call.principal, call.account_id, change.object_id)
    unsent = _still_draft(found[0], values.pop("isDraft", None))
    if not access.owner:
        await _choose(call, unit, found[0], access, values)
    if not values and unsent is None:
        return None
    return await _changed(call, unit, found, values, unsent, change.prepared or {})


def _still_draft(row: Row, given: bool | None) -> bool | None:
    if given is None or given == bool(row.draft):
        return None
    if given:
        raise invalid_properties("isDraft", why="an event does not become a draft again")
    return False


async def _choose(call: Call, unit: Unit, row: Row, access: Access, values: dict[str, Any]) -> None:
    """Takes out of `values` what somebody has for themselves in a shared calendar."""
    own = {name: values.pop(name) for name in PER_PERSON & values.keys()}
    if not own:
        return
    if Right.UPDATE_PRIVATE not in access.rights or row.privacy:
        raise SetError("forbidden", "you may not change this here")
    trial = {"@type": "Event", "uid": "x", "start": "2026-01-01T00:00:00"}
    _draft(trial | {name: value for name, value in own.items() if value is not None})
    await events.choose(unit, row, call.principal.id, own)
    found = await events.kept(unit, row.account_id, row.id)
    await outgoing.ring(unit, row, parsed(found[0].etag, found[1]))


async def _changed(
    call: Call, unit: Unit, found: Kept, values: dict[str, Any], unsent: bool | None, blobs: links.Blobs
) -> Object | None:
    row, data = found
    before = parsed(row.etag, data)
    mine = await scheduling.me(unit, row.account_id)
    said = jscalendar.event(before)
    calendar = (await calendars.by_ids(unit, [row.calendar_id]))[row.calendar_id]
    new = {
        **said,
        **{name: value for name, value in values.items() if name not in _OURS and not instance.is_change(name)},
    }
    new = _with_utc({name: value for name, value in new.items() if value is not None}, values, calendar.zone)
    for name in sorted(filter(instance.is_change, values)):
        new = instance.with_change(new, before, name, values[name])
    new = await links.kept(call, unit, deepcopy(new), blobs)
    new = await _with_organizer(unit, new, row.account_id)
    told: Object = {}
    if is_origin(said, mine):
        told = {"updated": clock.utc_date(clock.now_ms())}
        if _revised(said, new) and int(new.get("sequence") or 0) <= int(said.get("sequence") or 0):
            told["sequence"] = int(said.get("sequence") or 0) + 1
        new |= told
    tell = call.arguments.send_scheduling_messages
    made = _draft(new, before, data)
    if tell and not (row.draft if unsent is None else unsent):
        _reachable(made.series, mine)
    try:
        await service.replace(unit, call.principal, found, made, unsent=unsent, tell=tell)
    except Conflict as conflict:
        raise await _taken(call, unit, conflict) from conflict
    return told


def _revised(before: Object, after: Object) -> bool:
    """Whether more is changed than what each person has for themselves. draft-ietf-jmap-calendars §5.8"""
    own = PER_PERSON | {"updated"}
    return any(before.get(name) != after.get(name) for name in (before.keys() | after.keys()) - own)


def _reachable(series: Series, mine: frozenset[str]) -> None:
    """Raises SetError when somebody who is to be told can be sent nothing: a calendar's messages go by mail, or to
    people here, who have addresses of mail too. draft-ietf-jmap-calendars §5.8"""
    told = [each for one in series.components for each in one.every("ATTENDEE")]
    if organizer(series) not in mine:
        told = [each for one in series.components for each in one.every("ORGANIZER")]
    if any(scheduled(each) and not address(each).startswith("mailto:") for each in told):
        raise SetError("noSupportedScheduleMethods", "somebody who takes part has no address of mail")


async def destroy(call: Call, unit: Unit, number: int) -> None:
    """Destroys an event."""
    found, _ = await service.visible(unit, call.principal, call.account_id, number)
    tell = getattr(call.arguments, "send_scheduling_messages", False)
    await service.destroy(unit, call.principal, found, tell=tell)


async def prepare(call: Call, change: Creation | Update | Copying) -> Kept | links.Blobs | None:
    """The original of a copy, or the blobs that links name, read before the unit."""
    if not isinstance(change, Copying):
        return await links.found(call, change.values)
    source = change.source
    try:
        found, access = await service.visible(source.db, source.principal, source.account_id, change.object_id)
    except NotFound:
        return None
    if found[0].privacy and not access.owner:
        return None
    return found


async def copy(call: Call, unit: Unit, copying: Copying) -> Created:
    """Copies an event into a calendar of another account, with what is said anew. Nobody is told."""
    if copying.prepared is None:
        raise SetError("notFound")
    row, data = copying.prepared
    source = copying.source
    await service.visible(unit, source.principal, source.account_id, row.id)
    if not isinstance(given := copying.values.get("calendarIds"), dict):
        raise invalid_properties("calendarIds", why="a copy needs a calendar")
    calendar_id = _number(call, given)
    access = (await parts.several(unit, call.principal, SCOPE, [calendar_id])).get(calendar_id)
    if access is None or access.scope.account_id != call.account_id:
        raise invalid_properties("calendarIds", why="no such calendar")
    before = parsed(row.etag, data)
    changes = {name: value for name, value in copying.values.items() if name not in _OURS}
    made = _draft({**jscalendar.event(before), **changes}, before, data) if changes else draft.read(data)
    made = await attachments.cloned(unit, made, call.account_id, call.context.public_url)
    return Created(await _inserted(call, unit, calendar_id, made))
