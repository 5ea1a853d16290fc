"""Finding a time: when most of those who are wanted are free, best first, with the reasons. Who asks learns of
people here what they may know, of people elsewhere what is published; of all others that nothing is known."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any, Literal

from parvis.access import directory
from parvis.access.principal import Principal
from parvis.calendar import availability, calendars
from parvis.calendar.elsewhere import Elsewhere, Known
from parvis.kernel.errors import Forbidden, Invalid, NotFound
from parvis.serve.jmap import preferences
from parvis.wire.ical.freebusy import together
from parvis.wire.ical.span import Span
from parvis.wire.ical.zones import Zone, zone

_STEP = timedelta(minutes=30)
_MOST_TRIED = 3_000
_MOST_PEOPLE = 50
_MOST_OF_A_DAY = 3
_DAY_MS = 86_400_000
State = Literal["free", "tentative", "busy", "unknown"]
_COST: Mapping[State, int] = {"free": 0, "tentative": 3, "busy": 5, "unknown": 2}
_OUTSIDE = 6


@dataclass(frozen=True, slots=True)
class Wanted:
    """Somebody who is wanted. `key` is what who asks calls them; `principal_id` (0 for somebody elsewhere) and
    `address` who they are. Zone and working time (local hours, weekdays from Monday = 0) are None where they are
    to be as the person has set them."""

    key: str
    principal_id: int
    address: str
    required: bool = True
    zone: Zone | None = None
    from_hour: float | None = None
    to_hour: float | None = None
    weekdays: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with what is known of them: nothing when `known` is None. Who has no zone is taken to be where the
    meeting is looked for."""

    wanted: Wanted
    name: str
    source: Literal["here", "freeBusy"] | None
    known: Known | None
    zone: Zone | None
    from_hour: float
    to_hour: float
    weekdays: frozenset[int]

    @property
    def works(self) -> tuple[Any, ...]:
        """Where and when."""
        return (self.zone, self.from_hour, self.to_hour, self.weekdays)


@dataclass(frozen=True, slots=True)
class Slot:
    """A time: who can, who perhaps (`tentative`), who cannot (`busy`), for whom it is not working time (`outside`),
    of whom nothing is known (`unknown`), by their keys. The smaller the cost, the better."""

    start_ms: int
    end_ms: int
    cost: int
    free: tuple[str, ...]
    tentative: tuple[str, ...]
    busy: tuple[str, ...]
    outside: tuple[str, ...]
    unknown: tuple[str, ...]


async def people(
    db: Any, elsewhere: Elsewhere, principal: Principal, wanted: Sequence[Wanted], span: Span
) -> list[Person]:
    """What may be known of those who are wanted, in a window. Raises Invalid, TooLarge."""
    if not wanted or len(wanted) > _MOST_PEOPLE:
        raise Invalid(f"one to {_MOST_PEOPLE} people", field="people")
    outside = [each.address for each in wanted if not each.principal_id and each.address]
    asking = asyncio.create_task(elsewhere.busy(principal, outside, span))
    try:
        here = {each.key: await _here(db, principal, each, span) for each in wanted if each.principal_id}
        found = await asking
    finally:
        asking.cancel()
    return [here[each.key] if each.principal_id else _stranger(each, found.get(each.address)) for each in wanted]


async def _here(db: Any, principal: Principal, each: Wanted, span: Span) -> Person:
    """Somebody of this server. What they have set is told to who may know when they are busy."""
    try:
        name = (await directory.by_id(db, each.principal_id)).name
        own = each.principal_id == principal.id
        taken = await availability.of(db, principal, each.principal_id, span, own=own)
    except (Forbidden, NotFound):
        return _stranger(each, None)
    busy = await asyncio.to_thread(together, [one.busy for one in taken])
    agenda = (await preferences.chosen(db, each.principal_id)).agenda
    return Person(
        each,
        name,
        "here",
        Known(tuple(busy), (span,)),
        each.zone or await _zone_of(db, each.principal_id),
        agenda.work_start / 60 if each.from_hour is None else each.from_hour,
        agenda.work_end / 60 if each.to_hour is None else each.to_hour,
        frozenset(agenda.workdays) if each.weekdays is None else each.weekdays,
    )


async def _zone_of(db: Any, principal_id: int) -> Zone | None:
    """Where somebody is: the zone of the calendar that new events go into."""
    number = await calendars.default_of(db, principal_id)
    if number is None:
        return None
    chosen = (await calendars.chosen(db, [number], principal_id)).get(number, {})
    name = chosen.get("timeZone") or (await calendars.by_ids(db, [number]))[number].time_zone
    return zone(name) if name else None


def _stranger(each: Wanted, known: Known | None) -> Person:
    return Person(
        each,
        "",
        "freeBusy" if known is not None else None,
        known,
        each.zone,
        9.0 if each.from_hour is None else each.from_hour,
        18.0 if each.to_hour is None else each.to_hour,
        frozenset(range(5)) if each.weekdays is None else each.weekdays,
    )


def ranked(given: Sequence[Person], place: Zone, span: Span, length_ms: int, limit: int = 10) -> list[Slot]:
    """The best times in a window for a meeting of a length, on the half hours of a place; times at which somebody
    required is busy are left out. Raises Invalid."""
    if not 0 < length_ms <= _DAY_MS:
        raise Invalid("a meeting takes up to a day", field="duration")
    starts = _starts(span, length_ms, place)
    costs, states = [0] * len(starts), list[list[State]]()
    outside = {
        each.works: [_outside(each, each.zone or place, start, length_ms) for start in starts]
        for each in _different(given)
    }
    for each in given:
        own = _states(each.known, starts, length_ms)
        weight = 4 if each.wanted.required else 1
        for at, (state, late) in enumerate(zip(own, outside[each.works], strict=True)):
            costs[at] += weight * (_COST[state] + _OUTSIDE * late)
        states.append(own)
    possible = [
        at
        for at in range(len(starts))
        if not any(own[at] == "busy" and each.wanted.required for each, own in zip(given, states, strict=True))
    ]
    best = sorted(possible, key=lambda at: (costs[at], starts[at]))
    chosen = _varied([(costs[at], starts[at]) for at in best], place, length_ms, limit)
    return [
        _slot(given, [own[at] for own in states], starts[at], length_ms, costs[at])
        for at in best
        if starts[at] in chosen
    ]


def _varied(best: Sequence[tuple[int, int]], place: Zone, length_ms: int, limit: int) -> set[int]:
    """As many of these times, given with their cost in their order, as are asked for: of those that are equally
    good the ones that overlap no other first, and of these a few of each day."""
    chosen, days = set[int](), Counter[date]()
    for _cost, equals in groupby(best, key=lambda each: each[0]):
        rest = [(start, place.to_local(start).date()) for _, start in equals]
        for overlapping, of_a_day in ((False, _MOST_OF_A_DAY), (False, limit), (True, limit)):
            for start, day in rest:
                if len(chosen) == limit:
                    return chosen
                if start in chosen or days[day] >= of_a_day:
                    continue
                if overlapping or all(abs(start - other) >= length_ms for other in chosen):
                    chosen.add(start)
                    days[day] += 1
    return chosen


def _different(given: Sequence[Person]) -> list[Person]:
    """One of those who work at the same times in the same place."""
    return list({each.works: each for each in given}.values())


def _slot(given: Sequence[Person], states: Sequence[State], start: int, length_ms: int, cost: int) -> Slot:
    def who(wanted: State) -> tuple[str, ...]:
        return tuple(each.wanted.key for each, state in zip(given, states, strict=True) if state == wanted)

    outside = tuple(
        each.wanted.key for each in given if each.zone is not None and _outside(each, each.zone, start, length_ms)
    )
    return Slot(start, start + length_ms, cost, who("free"), who("tentative"), who("busy"), outside, who("unknown"))


def _starts(span: Span, length_ms: int, place: Zone) -> list[int]:
    local = place.to_local(span.start_ms)
    at = local.replace(minute=0 if local.minute == 0 else 30, second=0, microsecond=0)
    if local.minute > 30:
        at = local.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    found = list[int]()
    while len(found) < _MOST_TRIED:
        start = place.to_ms(at)
        if start + length_ms > span.end_ms:
            break
        if start >= span.start_ms and (not found or start > found[-1]):
            found.append(start)
        at += _STEP
    return found


def _states(known: Known | None, starts: Sequence[int], length_ms: int) -> list[State]:
    """How it is at each of these times, which are in order: one walk over both."""
    if known is None:
        return ["unknown"] * len(starts)
    found, first = list[State](), 0
    for start in starts:
        end = start + length_ms
        while first < len(known.busy) and known.busy[first].end_ms <= start:
            first += 1
        found.append(_state(known, first, start, end))
    return found


def _state(known: Known, first: int, start: int, end: int) -> State:
    kinds, at = set[str](), first
    while at < len(known.busy) and known.busy[at].start_ms < end:
        kinds.add(known.busy[at].kind)
        at += 1
    if kinds & {"BUSY", "BUSY-UNAVAILABLE"}:
        return "busy"
    if not _covered(known.spans, start, end):
        return "unknown"
    return "tentative" if kinds else "free"


def _covered(spans: Sequence[Span], start: int, end: int) -> bool:
    for each in spans:
        if each.start_ms <= start < each.end_ms:
            start = each.end_ms
        if start >= end:
            return True
    return False


def _outside(each: Person, place: Zone, start: int, length_ms: int) -> bool:
    """Whether a time is not one at which they work, when they are in a place."""
    first, last = place.to_local(start), place.to_local(start + length_ms)
    if first.weekday() not in each.weekdays or (last - first) > timedelta(days=1):
        return True
    day = datetime.combine(first.date(), time())
    opens, closes = day + timedelta(hours=each.from_hour), day + timedelta(hours=each.to_hour)
    return not (opens <= first and last <= closes)
