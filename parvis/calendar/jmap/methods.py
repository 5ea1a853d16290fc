"""Methods of our own: files taken in, calendars of elsewhere, and finding a time."""

import asyncio
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from parvis.calendar import feeds, meeting, transfer
from parvis.calendar.meeting import Wanted
from parvis.calendar.model import LARGEST, OWN_CAPABILITY, SCOPE, CalendarName, Colour
from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid, NotFound, TooLarge
from parvis.serve.jmap.blobs import Library
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import Method
from parvis.serve.jmap.types import Arguments, Object, UTCDate
from parvis.store.unit import Unit
from parvis.wire.contentlines import BadContent
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.span import Span
from parvis.wire.ical.values import parse_duration
from parvis.wire.ical.zones import zone

_LARGEST_FILE = 20 * LARGEST


class ImportArguments(Arguments):
    """A blob of iCalendar, and the calendar that it goes into; without one the default one."""

    account_id: str
    blob_id: str
    calendar_id: str | None = None


async def import_(call: Call) -> Object:
    """Takes the events of a file in, whole or not at all; a wrong line is named."""
    library = call.context.need(Library)
    try:
        blob = await library.find(call.principal, call.account_id, call.arguments.blob_id)
    except NotFound as error:
        raise MethodError("invalidArguments", "no such blob", arguments=["blobId"]) from error
    if blob.size > _LARGEST_FILE:
        raise MethodError("requestTooLarge", f"a file has at most {_LARGEST_FILE} bytes")
    call.bring(blob.size)
    try:
        drafts, others = await asyncio.to_thread(transfer.read, await blob.read())
    except BadContent as error:
        raise MethodError("notParsable", error.reason, line=error.line) from error
    except TooLarge as error:
        raise MethodError("requestTooLarge", error.sentence) from error
    given = call.arguments.calendar_id
    number = call.number(given) if given is not None else None
    if given is not None and number is None:
        raise MethodError("invalidArguments", "no such calendar", arguments=["calendarId"])
    done = await transfer.take_in(call.context.store, call.principal, call.account_id, number, drafts)
    return {
        "accountId": ids.text(call.account_id),
        "created": [ids.text(each) for each in done.created],
        "skipped": done.skipped + others,
    }


class SubscribeArguments(Arguments):
    """The address of a published calendar."""

    account_id: str
    name: CalendarName
    url: Annotated[str, Meta(max_length=2000)]
    color: Colour | None = None


async def subscribe(call: Call) -> Object:
    """Follows a calendar of elsewhere; it is looked at at once, and then every six hours."""
    if not call.access.owner:
        raise MethodError("forbidden", "calendars of elsewhere are followed in one's own account")
    asked = call.arguments

    async def work(unit: Unit) -> int:
        return await feeds.subscribe(
            unit, call.principal, call.account_id, asked.name, asked.url, asked.color or ""
        )

    try:
        number = await call.context.store.write(work)
    except Invalid as error:
        raise MethodError("invalidArguments", error.sentence, arguments=["url"]) from error
    return {"accountId": ids.text(call.account_id), "calendarId": ids.text(number)}


class FeedsArguments(Arguments):
    """Which calendars follow what; `refresh` names one to be looked at now."""

    account_id: str
    refresh: str | None = None


async def followed(call: Call) -> Object:
    """The addresses that calendars follow, when they were looked at, and what was wrong."""
    if not call.access.owner:
        raise MethodError("forbidden", "these are their own")
    if call.arguments.refresh is not None:
        await _refresh(call, call.number(call.arguments.refresh) or 0)
    rows = await call.context.store.db.rows(
        "SELECT calendar_id, url, refreshed_ms, error FROM calendar_feed WHERE account_id = ? ORDER BY calendar_id",
        call.account_id,
    )
    return {
        "accountId": ids.text(call.account_id),
        "list": [
            {
                "calendarId": ids.text(number),
                "url": url,
                "refreshed": clock.utc_date(refreshed_ms) if refreshed_ms else None,
                "error": error or None,
            }
            for number, url, refreshed_ms, error in rows
        ],
    }


async def _refresh(call: Call, number: int) -> None:
    async def work(unit: Unit) -> None:
        await feeds.proved(unit, call.principal, number)
        await feeds.plan(unit, call.account_id, number, clock.now_ms())

    await call.context.store.write(work)


class Person(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Somebody who is wanted, with their working time."""

    principal_id: str
    required: bool = True
    time_zone: str = "Etc/UTC"
    from_hour: Annotated[float, Meta(ge=0, le=24)] = 9
    to_hour: Annotated[float, Meta(ge=0, le=24)] = 18
    weekdays: Annotated[list[Annotated[int, Meta(ge=0, le=6)]], Meta(max_length=7)] = msgspec.field(
        default_factory=lambda: list(range(5))
    )


class FindTimeArguments(Arguments):
    """Who, when, for how long."""

    account_id: str
    people: Annotated[list[Person], Meta(min_length=1, max_length=50)]
    utc_start: UTCDate
    utc_end: UTCDate
    duration: str = "PT1H"
    limit: Annotated[int, Meta(ge=1, le=50)] = 10


async def find_time(call: Call) -> Object:
    """The best common times, with who can, perhaps, not, and of whom nothing is known."""
    asked = call.arguments
    span = Span(clock.parse_utc(asked.utc_start), clock.parse_utc(asked.utc_end))
    try:
        length = parse_duration(asked.duration)
    except BadCalendar as error:
        raise MethodError("invalidArguments", error.sentence, arguments=["duration"]) from error
    people = [_wanted(call, each) for each in asked.people]
    db: Any = call.context.store.db
    try:
        found = await meeting.find(
            db, call.principal, people, span, int(length.total_seconds() * 1000), asked.limit
        )
    except TooLarge as error:
        raise MethodError("tooLarge", error.sentence) from error
    return {"accountId": ids.text(call.account_id), "list": [_shown(each) for each in found]}


def _wanted(call: Call, person: Person) -> Wanted:
    number, place = call.number(person.principal_id), zone(person.time_zone)
    if number is None or place is None:
        raise MethodError("invalidArguments", "no such principal or zone", arguments=["people"])
    return Wanted(number, place, person.required, person.from_hour, person.to_hour, frozenset(person.weekdays))


def _shown(slot: meeting.Slot) -> Object:
    groups = ("free", "tentative", "busy", "outside", "unknown")
    return {
        "utcStart": clock.utc_date(slot.start_ms),
        "utcEnd": clock.utc_date(slot.end_ms),
        "cost": slot.cost,
        **{name: [ids.text(number) for number in getattr(slot, name)] for name in groups},
    }


METHODS = tuple(
    Method(name=name, capability=OWN_CAPABILITY, arguments=arguments, run=run, scope=SCOPE)
    for name, arguments, run in (
        ("CalendarEvent/import", ImportArguments, import_),
        ("CalendarEvent/findTime", FindTimeArguments, find_time),
        ("Calendar/follow", SubscribeArguments, subscribe),
        ("Calendar/followed", FeedsArguments, followed),
    )
)
