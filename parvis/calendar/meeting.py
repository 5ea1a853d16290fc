"""Finding a time: when most of those who are wanted are free, best first, with the reasons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from parvis.access.principal import Principal
from parvis.calendar import availability
from parvis.kernel.errors import Forbidden, Invalid
from parvis.wire.ical.freebusy import Busy, together
from parvis.wire.ical.span import Span
from parvis.wire.ical.zones import Zone

_STEP = timedelta(minutes=30)
_MOST_TRIED = 3_000
_MOST_PEOPLE = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """Somebody who is wanted: where they are, when they work (local hours), and whether it cannot be without
    them."""

    principal_id: int
    zone: Zone
    required: bool = True
    from_hour: float = 9.0
    to_hour: float = 18.0
    weekdays: frozenset[int] = frozenset(range(5))
    """From Monday = 0."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A time: who can, who perhaps (`tentative`), who cannot (`busy`), for whom it is not working time (`outside`),
    of whom nothing is known (`unknown`). The smaller the cost, the better."""

    start_ms: int
    end_ms: int
    cost: int
    free: tuple[int, ...]
    tentative: tuple[int, ...]
    busy: tuple[int, ...]
    outside: tuple[int, ...]
    unknown: tuple[int, ...]


async def find(
    db: Any, principal: Principal, people: Sequence[Wanted], span: Span, length_ms: int, limit: int = 10
) -> list[Slot]:
    """The best times in a window for a meeting of a length; times at which somebody required is busy are left out.
    Raises Invalid, TooLarge."""
    if not people or len(people) > _MOST_PEOPLE:
        raise Invalid(f"one to {_MOST_PEOPLE} people", field="people")
    if not 0 < length_ms <= 24 * 3_600_000:
        raise Invalid("a meeting takes up to a day", field="duration")
    taken = dict[int, list[Busy] | None]()
    for each in people:
        try:
            own = each.principal_id == principal.id
            found = await availability.of(db, principal, each.principal_id, span, own=own)
            taken[each.principal_id] = together([one.busy for one in found])
        except Forbidden:
            taken[each.principal_id] = None
    slots = [
        slot
        for start in _starts(span, length_ms, people[0].zone)
        if (slot := _slot(start, start + length_ms, people, taken)) is not None
    ]
    return sorted(slots, key=lambda slot: (slot.cost, slot.start_ms))[:limit]


def _starts(span: Span, length_ms: int, zone: Zone) -> list[int]:
    """Each half hour of the first one's clock."""
    local = zone.to_local(span.start_ms)
    at = local.replace(minute=0 if local.minute == 0 else 30, second=0, microsecond=0)
    if local.minute > 30:
        at = local.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    found = list[int]()
    while len(found) < _MOST_TRIED:
        start = zone.to_ms(at)
        if start + length_ms > span.end_ms:
            break
        if start >= span.start_ms:
            found.append(start)
        at += _STEP
    return found


def _slot(start: int, end: int, people: Sequence[Wanted], taken: dict[int, list[Busy] | None]) -> Slot | None:
    groups = dict[str, list[int]](free=[], tentative=[], busy=[], outside=[], unknown=[])
    cost = 0
    for each in people:
        kind = _state(start, end, taken[each.principal_id])
        if kind == "busy" and each.required:
            return None
        outside = not _works(each, start, end)
        weight = 4 if each.required else 1
        cost += weight * {"free": 0, "tentative": 3, "busy": 5, "unknown": 2}[kind] + (6 * weight if outside else 0)
        groups[kind].append(each.principal_id)
        if outside:
            groups["outside"].append(each.principal_id)
    return Slot(start, end, cost, **{name: tuple(numbers) for name, numbers in groups.items()})


def _state(start: int, end: int, taken: list[Busy] | None) -> str:
    if taken is None:
        return "unknown"
    kinds = {each.kind for each in taken if each.start_ms < end and each.end_ms > start}
    if kinds & {"BUSY", "BUSY-UNAVAILABLE"}:
        return "busy"
    return "tentative" if kinds else "free"


def _works(each: Wanted, start: int, end: int) -> bool:
    first, last = each.zone.to_local(start), each.zone.to_local(end)
    if first.weekday() not in each.weekdays or (last - first) > timedelta(days=1):
        return False
    opens = datetime.combine(first.date(), time()) + timedelta(hours=each.from_hour)
    closes = datetime.combine(first.date(), time()) + timedelta(hours=each.to_hour)
    return opens <= first and last <= closes
