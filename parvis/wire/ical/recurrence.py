"""The instances of a series (RFC 5545 §3.8.5): rules, dates, exceptions and changed instances, in a window of time.

Everything is bounded: by the window, by `limit`, and by a budget of steps for rules that find nothing.
RFC 8984 §7.1"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from parvis.wire.contentlines import Component
from parvis.wire.ical.calendar import (
    Length,
    Series,
    dates_of,
    length_of,
    rdates_of,
    recurrence_id,
    rules_of,
)
from parvis.wire.ical.expand import STEPS, Budget, expand
from parvis.wire.ical.moments import LATEST, Moment, as_kind_of, milliseconds, of_property
from parvis.wire.ical.rule import Rule
from parvis.wire.ical.zones import MAX_MS, MIN_MS, UTC, Zone, naive

MOST_INSTANCES = 1_000
_CLOCKS = timedelta(hours=4)
"""More than clocks are ever set forward or back by."""
_MARGIN = timedelta(days=2)
"""More than a zone's offset and a day that is floating."""
_FLOATING_MS = 15 * 3_600_000
"""What a floating time may be away from the same time in UTC."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One time that something happens."""

    component: Component
    """Whose properties hold: the master's, or those of an override."""
    recurrence_id: Moment | None
    """The start by the rule; None when nothing recurs."""
    start: Moment
    end: Moment
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class _Shift:
    """A change of this and all that follow (RFC 5545 §3.2.13)."""

    from_ms: int
    component: Component
    moved: timedelta
    start: Moment
    length: Length


class _Plan:
    """What a series' components say of its times, read once."""

    def __init__(self, series: Series, floating: Zone) -> None:
        self.floating, self.zones, self.kind = floating, series.zones, series.kind
        self.master = series.master
        self.overrides = dict[int, tuple[Component, Moment]]()
        self.shifts = list[_Shift]()
        self.anchor = _anchor(series.master, series) if series.master is not None else None
        self.length = Length()
        if series.master is not None and self.anchor is not None:
            self.length = length_of(series.master, self.anchor, self.zones)
        for override in series.overrides:
            self._take(override, series)
        self.shifts.sort(key=lambda each: each.from_ms)

    def _take(self, override: Component, series: Series) -> None:
        original = recurrence_id(override, self.zones)
        if self.anchor is not None:
            original = as_kind_of(original, self.anchor)
        self.overrides[original.ms(self.floating)] = (override, original)
        given = override.first("RECURRENCE-ID")
        start = _anchor(override, series)
        if given is not None and given.param("RANGE").upper() == "THISANDFUTURE" and start is not None:
            moved = as_kind_of(start, original).local - original.local
            length = length_of(override, start, self.zones)
            self.shifts.append(_Shift(original.ms(self.floating), override, moved, start, length))

    @property
    def longest(self) -> timedelta:
        """What an instance may last or be moved, at most, of those that the rules make."""
        lengths = [self.length.whole, *(each.length.whole for each in self.shifts)]
        if self.master is not None:
            lengths += [length.whole for _, length in rdates_of(self.master, self.zones) if length is not None]
        return max(lengths) + max((abs(each.moved) for each in self.shifts), default=timedelta())


def _anchor(component: Component, series: Series) -> Moment | None:
    """Where a component's time begins: DTSTART, or DUE of a task without."""
    start = of_property(component, "DTSTART", series.zones)
    if start is None and series.kind == "VTODO":
        return of_property(component, "DUE", series.zones)
    return start


def instances(
    series: Series,
    start_ms: int,
    end_ms: int,
    limit: int = MOST_INSTANCES,
    floating: Zone = UTC,
    budget: Budget | None = None,
) -> list[Instance]:
    """The instances that touch a window, in the order of their start, the first `limit` of them. Days and floating
    times are in the zone `floating`. What has no time at all has no instances. Raises BadCalendar."""
    budget = budget or Budget()
    plan = _Plan(series, floating)
    found = list[Instance]()
    for instance in _of_rules(plan, start_ms, end_ms, budget):
        if len(found) >= limit:
            break
        if touches(instance, start_ms, end_ms):
            found.append(instance)
    for override, original in plan.overrides.values():
        single = _single(plan, override, original)
        if single is not None and touches(single, start_ms, end_ms):
            found.append(single)
    found.sort(key=lambda each: (each.start_ms, each.end_ms))
    return found[:limit]


def touches(instance: Instance, start_ms: int, end_ms: int) -> bool:
    """Whether an instance is in a window: it begins before its end and ends after its start; one without length is
    in the window that begins with it (RFC 4791 §9.9)."""
    if instance.end_ms <= instance.start_ms:
        return start_ms <= instance.start_ms < end_ms
    return instance.start_ms < end_ms and instance.end_ms > start_ms


def _single(plan: _Plan, component: Component, original: Moment | None) -> Instance | None:
    start = _anchor_of(plan, component) or original
    return _instance(plan, component, original, start, length_of(component, start, plan.zones)) if start else None


def _anchor_of(plan: _Plan, component: Component) -> Moment | None:
    start = of_property(component, "DTSTART", plan.zones)
    return start or (of_property(component, "DUE", plan.zones) if plan.kind == "VTODO" else None)


def _instance(
    plan: _Plan, component: Component, original: Moment | None, start: Moment, length: Length
) -> Instance:
    end = start.plus(length.nominal, length.exact)
    if original is None or component is not plan.master:
        own = of_property(component, "DTEND", plan.zones)
        end = as_kind_of(end, own) if own is not None and not start.day else end
    return Instance(component, original, start, end, start.ms(plan.floating), end.ms(plan.floating))


def _of_rules(plan: _Plan, start_ms: int, end_ms: int, budget: Budget) -> Iterator[Instance]:
    """The instances of the master that no override stands for, from about the window's start on."""
    if plan.master is None or plan.anchor is None:
        return
    recurs = any(each.name in ("RRULE", "RDATE") for each in plan.master.properties)
    if not recurs:
        # an override without rules says what becomes of the only instance
        if plan.anchor.ms(plan.floating) not in plan.overrides:
            yield _instance(plan, plan.master, None, plan.anchor, plan.length)
        return
    excluded, days = _excluded(plan)
    last = naive(end_ms) + plan.longest + _MARGIN if end_ms < MAX_MS - 366 * 86_400_000 else LATEST
    seen_ms = None
    for start, length in _starts(plan, start_ms, budget):
        if start.local > last:
            return
        at = start.ms(plan.floating)
        if at == seen_ms or at in plan.overrides or at in excluded or start.local.date() in days:
            continue
        seen_ms = at
        yield _shifted(plan, start, at, length)


def _shifted(plan: _Plan, start: Moment, at: int, length: Length) -> Instance:
    assert plan.master is not None
    shift = next((each for each in reversed(plan.shifts) if each.from_ms <= at), None)
    if shift is None:
        return _instance(plan, plan.master, start, start, length)
    try:
        moved = as_kind_of(start.at(start.local + shift.moved), shift.start)
    except OverflowError:
        moved = start
    return _instance(plan, shift.component, start, moved, shift.length)


def _excluded(plan: _Plan) -> tuple[set[int], set[object]]:
    """EXDATE as instants; days that exclude a time as well are read as some clients write them."""
    assert plan.master is not None and plan.anchor is not None
    instants, days = set[int](), set[object]()
    for each in dates_of(plan.master, "EXDATE", plan.zones):
        if each.day:
            days.add(each.local.date())
        else:
            instants.add(as_kind_of(each, plan.anchor).ms(plan.floating))
    return instants, days


def _starts(plan: _Plan, start_ms: int, budget: Budget) -> Iterator[tuple[Moment, Length]]:
    """The starts by rules and dates in the order of their local time, from a time on that is surely before the
    window; each once or more."""
    assert plan.master is not None and plan.anchor is not None
    anchor = plan.anchor
    after = _window(plan, start_ms)
    sources = [_of_rule(plan, each, after, budget) for each in rules_of(plan.master)]
    dates = [(_like(each, anchor), length or plan.length) for each, length in rdates_of(plan.master, plan.zones)]
    dates.append((anchor, plan.length))
    sources.append(iter(sorted(dates, key=lambda each: each[0].local)))
    return heapq.merge(*sources, key=lambda each: each[0].local)


def _like(when: Moment, anchor: Moment) -> Moment:
    """A moment of RDATE as the start is said; a bare day takes the start's time."""
    if when.day and not anchor.day:
        return anchor.at(datetime.combine(when.local.date(), anchor.local.time()))
    return as_kind_of(when, anchor)


def _window(plan: _Plan, start_ms: int) -> datetime | None:
    if start_ms <= MIN_MS + 366 * 86_400_000:
        return None
    assert plan.anchor is not None
    try:
        return (plan.anchor.zone or plan.floating).to_local(start_ms) - plan.longest - _CLOCKS
    except OverflowError:
        return None


def _of_rule(plan: _Plan, each: Rule, after: datetime | None, budget: Budget) -> Iterator[tuple[Moment, Length]]:
    assert plan.anchor is not None
    anchor = plan.anchor
    until = UTC.to_ms(each.until) if each.until is not None and each.until_utc else None
    local = anchor.local
    for start in expand(each, local, budget, after):
        when = anchor.at(start)
        # days and floating times have no instant: UNTIL in UTC is compared as it is written
        if until is not None and start != local and when.ms() > until:
            return
        yield when, plan.length


def bounds(series: Series) -> tuple[int, int | None]:
    """The first and the last millisecond that any instance can touch, wherever the reader is; no last one for what
    goes on without end, or so long that it is not worth finding out. For an index by time: a window outside never
    has an instance. Raises BadCalendar."""
    plan = _Plan(series, UTC)
    spans = [_span(each) for each in _singles(plan)]
    if plan.master is not None and plan.anchor is not None:
        spans.append(_master_span(plan))
    if not spans or (plan.anchor is None and plan.master is not None):
        return MIN_MS, None
    last = None if any(end is None for _, end in spans) else max(end for _, end in spans if end is not None)
    return max(MIN_MS, min(start for start, _ in spans)), last


def _singles(plan: _Plan) -> list[Instance]:
    found = [_single(plan, override, original) for override, original in plan.overrides.values()]
    return [each for each in found if each is not None]


def _span(instance: Instance) -> tuple[int, int | None]:
    loose = _FLOATING_MS if instance.start.zone is None else 0
    return instance.start_ms - loose, max(instance.end_ms, instance.start_ms) + loose


def _master_span(plan: _Plan) -> tuple[int, int | None]:
    assert plan.master is not None and plan.anchor is not None
    only = _instance(plan, plan.master, None, plan.anchor, plan.length)
    first, last = _span(only)
    back = milliseconds(max((-each.moved for each in plan.shifts), default=timedelta()))
    longest = milliseconds(plan.longest) + (_FLOATING_MS if plan.anchor.zone is None else 3_600_000)
    for given, length in rdates_of(plan.master, plan.zones):
        at = _like(given, plan.anchor).ms()
        first = min(first, at - _FLOATING_MS)
        last = max(last or 0, at + longest + milliseconds(length.whole if length else timedelta()))
    for each in rules_of(plan.master):
        ending = _end_of(plan, each)
        last = None if ending is None or last is None else max(last, ending + longest)
        if last is None:
            break
    return first - max(0, back), min(last, MAX_MS) if last is not None else None


def _end_of(plan: _Plan, each: Rule) -> int | None:
    """The latest start of a rule; of one with a count by going through it, as far as that is worth it."""
    assert plan.anchor is not None
    if each.until is not None:
        until = UTC.to_ms(each.until)
        return until if each.until_utc else until + 2 * 86_400_000
    if each.count is None:
        return None
    budget, last = Budget(STEPS // 4), plan.anchor.local
    for local in expand(each, plan.anchor.local, budget):
        last = local
    return None if budget.spent else plan.anchor.at(last).ms()
