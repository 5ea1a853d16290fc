"""Booking a time: which are free, and the event that a booking makes. Who books is a guest of the event; who
organizes it is the calendar's owner, so that invitation, move and cancellation go the way of all invitations."""

import contextlib
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from parvis.access import directory
from parvis.access.principal import Principal
from parvis.calendar import availability, calendars, draft, events, service
from parvis.calendar.draft import parsed
from parvis.calendar.public import store
from parvis.calendar.public.store import Booking, Page
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, Forbidden, NotFound
from parvis.store.unit import Unit
from parvis.wire.ical import jscalendar
from parvis.wire.ical.span import Span
from parvis.wire.ical.values import write_duration
from parvis.wire.ical.zones import UTC, Zone, zone

_MINUTE = 60_000
MOST_SLOTS = 500


async def maker(db: Any, page: Page) -> Principal:
    """Who made a page, as long as they may make events in its calendar. Raises NotFound, Forbidden."""
    person = await directory.by_id(db, page.created_by)
    await calendars.writable(db, person, page.calendar_id)
    return person


async def slots(db: Any, page: Page, now_ms: int, leave_out: Booking | None = None) -> list[int]:
    """The starts at which everybody is free, in milliseconds since 1970; a booking that is moved does not stand in
    its own way. Raises NotFound, Forbidden."""
    person = await maker(db, page)
    if page.paused:
        return []
    begin = now_ms + page.notice_minutes * _MINUTE
    span = Span(begin, max(begin + 1, now_ms + page.days * 86_400_000))
    taken = await _taken(db, person, page, span, leave_out)
    counts = await store.booked(db, page, span.start_ms - 86_400_000, span.end_ms + 86_400_000)
    place = zone(page.time_zone) or UTC
    full = _full_days(page, place, counts)
    length, gap = page.minutes * _MINUTE, page.gap_minutes * _MINUTE
    found = list[int]()
    for start in _starts(page, place, span):
        if place.to_local(start).date() in full:
            continue
        if not any(begins < start + length + gap and ends > start - gap for begins, ends in taken):
            found.append(start)
        if len(found) >= MOST_SLOTS:
            break
    return found


async def _taken(
    db: Any, person: Principal, page: Page, span: Span, leave_out: Booking | None
) -> list[tuple[int, int]]:
    """What is in the way: of the owner everything, of other hosts what the maker may know."""
    gap = page.gap_minutes * _MINUTE
    wide = Span(span.start_ms - gap - 86_400_000, min(span.end_ms + gap, span.start_ms + 99 * 86_400_000))
    found = list[tuple[int, int]]()
    for number in (page.account_id, *page.hosts):
        try:
            own = number == page.account_id
            taken = await availability.of(db, person, number, wide, own=own, inside=False)
        except Forbidden:
            continue
        found += [(each.busy.start_ms, each.busy.end_ms) for each in taken]
    if leave_out is not None:
        mine = (leave_out.start_ms, leave_out.start_ms + page.minutes * _MINUTE)
        found = [each for each in found if each != mine]
    return found


def _full_days(page: Page, place: Zone, counts: Sequence[int]) -> set[Any]:
    if not page.most_a_day:
        return set()
    days = [place.to_local(each).date() for each in counts]
    return {day for day in days if days.count(day) >= page.most_a_day}


def _starts(page: Page, place: Zone, span: Span) -> list[int]:
    """Each time that the hours of the page allow."""
    day, found = place.to_local(span.start_ms).date(), list[int]()
    last = place.to_local(span.end_ms).date()
    step = timedelta(minutes=max(page.minutes, 15))
    while day <= last and len(found) < 5_000:
        for opens, closes in page.hours.get(str(day.weekday()), []):
            at = datetime.combine(day, time()) + timedelta(minutes=opens)
            end = datetime.combine(day, time()) + timedelta(minutes=closes)
            while at + timedelta(minutes=page.minutes) <= end:
                start = place.to_ms(at)
                if span.start_ms <= start < span.end_ms:
                    found.append(start)
                at += step
        day += timedelta(days=1)
    return found


async def book(unit: Unit, page: Page, start_ms: int, name: str, address: str, note: str) -> Booking:
    """Books a time, with an invitation to the guest. Raises Conflict when it is no longer free, NotFound."""
    person = await maker(unit, page)
    if start_ms not in await slots(unit, page, clock.now_ms()):
        raise Conflict("this time is taken")
    owner = await directory.by_id(unit, page.account_id)
    said = await _event(unit, page, owner, start_ms, name, address, note)
    made = draft.made(jscalendar.series(said))
    row = await service.create(unit, person, page.calendar_id, made)
    return await store.book(unit, page, row.id, name, address, start_ms)


async def _event(
    unit: Unit, page: Page, owner: Principal, start_ms: int, name: str, address: str, note: str
) -> dict[str, Any]:
    now, place = clock.utc_date(clock.now_ms()), zone(page.time_zone) or UTC
    people: dict[str, Any] = {
        "o": _person(owner.name, owner.address, {"owner": True, "attendee": True}, "accepted"),
        "g": _person(name, address, {"attendee": True}, "accepted"),
    }
    for number in page.hosts:
        host = await directory.by_id(unit, number)
        people[f"h{number}"] = _person(host.name, host.address, {"attendee": True}, "needs-action")
    said: dict[str, Any] = {
        "@type": "Event", "uid": ids.uuid(), "created": now, "updated": now, "title": f"{page.title} · {name}",
        "start": place.to_local(start_ms).isoformat(), "timeZone": place.iana,
        "duration": write_duration(timedelta(minutes=page.minutes)), "participants": people,
        "organizerCalendarAddress": f"mailto:{owner.address}",
    }  # fmt: skip
    if note:
        said["description"] = note
    if page.place:
        said["locations"] = {"l": {"@type": "Location", "name": page.place}}
    return said


def _person(name: str, address: str, roles: dict[str, bool], status: str) -> dict[str, Any]:
    return {
        "@type": "Participant",
        "name": name,
        "calendarAddress": f"mailto:{address}",
        "roles": roles,
        "participationStatus": status,
    }


async def move(unit: Unit, page: Page, found: Booking, start_ms: int) -> None:
    """Another time for what was booked. Raises Conflict, NotFound."""
    person = await maker(unit, page)
    if start_ms not in await slots(unit, page, clock.now_ms(), found):
        raise Conflict("this time is taken")
    kept = await events.kept(unit, page.account_id, found.event_id)
    before = parsed(kept[0].etag, kept[1])
    place = zone(page.time_zone) or UTC
    said = jscalendar.event(before) | {"start": place.to_local(start_ms).isoformat(), "timeZone": place.iana}
    await service.replace(unit, person, kept, draft.made(jscalendar.series(said, before), kept[1]))
    await store.moved(unit, found, start_ms)


async def cancel(unit: Unit, page: Page, found: Booking) -> None:
    """Calls what was booked off."""
    person = await maker(unit, page)
    with contextlib.suppress(NotFound):  # its owner was faster
        await service.destroy(unit, person, await events.kept(unit, page.account_id, found.event_id))
    await store.forget(unit, found)
