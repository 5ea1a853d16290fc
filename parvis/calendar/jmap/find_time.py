"""CalendarEvent/findTime: when people are busy, and the best times at which they can meet. Ours."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from parvis.access import directory
from parvis.calendar import meeting
from parvis.calendar.elsewhere import Elsewhere
from parvis.calendar.jmap.availability import STATUS
from parvis.calendar.meeting import Wanted
from parvis.calendar.model import OWN_CAPABILITY, SCOPE
from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid, TooLarge
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import Method
from parvis.serve.jmap.types import Arguments, Object, UTCDate
from parvis.store.sql.contract import marks
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.span import Span
from parvis.wire.ical.values import parse_duration
from parvis.wire.ical.zones import UTC, Zone, zone

Hour = Annotated[float, Meta(ge=0, le=24)]
Weekdays = Annotated[list[Annotated[int, Meta(ge=0, le=6)]], Meta(max_length=7)]


class Person(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Somebody who is wanted, by `principalId` or `calendarAddress`. What is null of where and when they work is as
    they have set it."""

    principal_id: str | None = None
    calendar_address: Annotated[str, Meta(max_length=300)] | None = None
    required: bool = True
    time_zone: str | None = None
    from_hour: Hour | None = None
    to_hour: Hour | None = None
    weekdays: Weekdays | None = None


class FindTimeArguments(Arguments, kw_only=True):
    """Who, when, for how long; the times begin at the half hours of `timeZone`, or of the first one's clock."""

    account_id: str
    people: Annotated[list[Person], Meta(min_length=1, max_length=50)]
    utc_start: UTCDate
    utc_end: UTCDate
    duration: str = "PT1H"
    time_zone: str | None = None
    limit: Annotated[int, Meta(ge=1, le=50)] = 10


async def find_time(call: Call) -> Object:
    """When those who are wanted are busy, as who asks may know it, and the best common times, with who can, perhaps
    can or cannot, and of whom nothing is known."""
    asked = call.arguments
    span = Span(clock.parse_utc(asked.utc_start), clock.parse_utc(asked.utc_end))
    if span.end_ms <= span.start_ms:
        raise MethodError("invalidArguments", "it ends before it starts", arguments=["utcEnd"])
    try:
        length = int(parse_duration(asked.duration).total_seconds() * 1000)
    except BadCalendar as error:
        raise MethodError("invalidArguments", error.sentence, arguments=["duration"]) from error
    place, wanted = _zone(asked.time_zone, "timeZone"), await _wanted(call)
    elsewhere = call.context.need(Elsewhere)
    try:
        people = await meeting.people(call.context.store.db, elsewhere, call.principal, wanted, span)
        clocks = [place, *(each.zone for each in people), UTC]
        grid = next(each for each in clocks if each is not None)
        slots = await asyncio.to_thread(meeting.ranked, people, grid, span, length, asked.limit)
    except TooLarge as error:
        raise MethodError("tooLarge", error.sentence) from error
    except Invalid as error:
        raise MethodError("invalidArguments", error.sentence, arguments=[error.fields["field"]]) from error
    return {
        "accountId": ids.text(call.account_id),
        "people": [_person(each) for each in people],
        "list": [_slot(each) for each in slots],
    }


def _zone(name: str | None, argument: str) -> Zone | None:
    found = zone(name) if name is not None else None
    if found is None and name is not None:
        raise MethodError("invalidArguments", "this time zone is not known", arguments=[argument])
    return found


async def _wanted(call: Call) -> list[Wanted]:
    given: list[Person] = call.arguments.people
    here = await _here(call, [_address(each) for each in given if each.calendar_address])
    found = [_one(call, each, here) for each in given]
    if len({each.key for each in found}) < len(found):
        raise MethodError("invalidArguments", "somebody is named twice", arguments=["people"])
    return found


def _address(person: Person) -> str:
    return (person.calendar_address or "").strip().lower().removeprefix("mailto:")


async def _here(call: Call, addresses: list[str]) -> dict[str, int]:
    """Who of this server has some addresses."""
    by_normal = dict[str, str]()
    for each in addresses:
        try:
            by_normal[directory.normal(each)] = each
        except Invalid as error:
            raise MethodError("invalidArguments", error.sentence, arguments=["people"]) from error
    rows = await call.context.store.db.rows(
        f"""SELECT a.address, a.principal_id FROM address a JOIN principal p ON p.id = a.principal_id
        WHERE p.disabled_ms IS NULL AND a.address IN {marks(len(by_normal))}""",
        *by_normal,
    ) if by_normal else []  # fmt: skip
    return {by_normal[address]: number for address, number in rows}


def _one(call: Call, person: Person, here: Mapping[str, int]) -> Wanted:
    if (person.principal_id is None) == (person.calendar_address is None):
        raise MethodError("invalidArguments", "a principalId or a calendarAddress", arguments=["people"])
    number, address = 0, _address(person)
    if person.principal_id is not None:
        number = call.number(person.principal_id) or 0
        if not number:
            raise MethodError("invalidArguments", "no such principal", arguments=["people"])
    else:
        number = here.get(address, 0)
        ours = address.rpartition("@")[2] in call.context.settings.domains
        address = "" if number or ours else address
    return Wanted(
        person.principal_id or person.calendar_address or "",
        number,
        address,
        person.required,
        _zone(person.time_zone, "people"),
        person.from_hour,
        person.to_hour,
        frozenset(person.weekdays) if person.weekdays is not None else None,
    )


def _person(each: meeting.Person) -> Object:
    busy: list[Any] | None = None
    if each.known is not None:
        busy = [
            {
                "utcStart": clock.utc_date(one.start_ms),
                "utcEnd": clock.utc_date(one.end_ms),
                "busyStatus": STATUS[one.kind],
            }
            for one in each.known.busy
        ]
    return {
        "who": each.wanted.key,
        "principalId": ids.text(each.wanted.principal_id) if each.wanted.principal_id else None,
        "name": each.name,
        "timeZone": each.zone.iana if each.zone is not None else None,
        "source": each.source,
        "fromHour": each.from_hour,
        "toHour": each.to_hour,
        "weekdays": sorted(each.weekdays),
        "busy": busy,
        "known": [
            {"utcStart": clock.utc_date(span.start_ms), "utcEnd": clock.utc_date(span.end_ms)}
            for span in (each.known.spans if each.known is not None else ())
        ],
    }


def _slot(slot: meeting.Slot) -> Object:
    return {
        "utcStart": clock.utc_date(slot.start_ms),
        "utcEnd": clock.utc_date(slot.end_ms),
        "cost": slot.cost,
        "free": list(slot.free),
        "tentative": list(slot.tentative),
        "busy": list(slot.busy),
        "outside": list(slot.outside),
        "unknown": list(slot.unknown),
    }


METHOD = Method(
    name="CalendarEvent/findTime",
    capability=OWN_CAPABILITY,
    arguments=FindTimeArguments,
    run=find_time,
    scope=SCOPE,
)
