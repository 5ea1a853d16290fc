"""When alarms ring (RFC 5545 §3.6.6, RFC 9074): relative to an instance or at a time, and repeated."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from parvis.wire.contentlines import Component
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.expand import Budget
from parvis.wire.ical.moments import Zones, milliseconds, moment
from parvis.wire.ical.recurrence import Instance, instances
from parvis.wire.ical.span import Span
from parvis.wire.ical.values import duration_parts, parse_duration
from parvis.wire.ical.zones import MAX_MS, UTC, Zone

MOST_ALARMS = 50
"""Of one component; more are kept but do not ring."""
MOST_REPEATS = 100
_LOOKED_AHEAD = 50


@dataclass(frozen=True, slots=True)
class Trigger:
    """When an alarm first rings: `at_ms`, or so long after the start (or the end) of each instance; and then
    `repeats` times more, `every_ms` apart."""

    alarm: Component
    at_ms: int | None = None
    nominal: timedelta = timedelta()
    exact: timedelta = timedelta()
    from_end: bool = False
    repeats: int = 0
    every_ms: int = 0

    @property
    def reach_ms(self) -> int:
        """From the first to the last ring."""
        return self.repeats * self.every_ms


@dataclass(frozen=True, slots=True)
class Ring:
    """One ring of an alarm."""

    at_ms: int
    alarm: Component
    instance: Instance


def triggers(component: Component, zones: Zones) -> list[Trigger]:
    """The alarms of a component that can be read; what cannot be read does not ring."""
    found = list[Trigger]()
    for alarm in [each for each in component.components if each.name == "VALARM"][:MOST_ALARMS]:
        try:
            found.append(_trigger(alarm, zones))
        except BadCalendar:
            continue
    return found


def _trigger(alarm: Component, zones: Zones) -> Trigger:
    # RFC 5545 §3.8.6.3
    given = alarm.first("TRIGGER")
    if given is None:
        raise BadCalendar("an alarm has no TRIGGER", field="TRIGGER")
    repeats, every = _repeats(alarm)
    if given.param("VALUE").upper() == "DATE-TIME" or (given.value[:1].isdigit()):
        return Trigger(alarm, at_ms=moment(given, zones).ms(), repeats=repeats, every_ms=every)
    nominal, exact = duration_parts(given.value)
    from_end = given.param("RELATED").upper() == "END"
    return Trigger(alarm, None, nominal, exact, from_end, repeats, every)


def _repeats(alarm: Component) -> tuple[int, int]:
    """REPEAT and DURATION, both or none (RFC 5545 §3.6.6)."""
    # RFC 5545 §3.8.6.2
    repeat, every = alarm.value("REPEAT").strip(), alarm.value("DURATION")
    if not (repeat.isascii() and repeat.isdigit() and every):
        return 0, 0
    length = milliseconds(parse_duration(every))
    return (min(int(repeat[:9]), MOST_REPEATS), length) if length > 0 else (0, 0)


def rings_of(trigger: Trigger, instance: Instance, floating: Zone = UTC) -> Iterator[int]:
    """The times at which an alarm rings for an instance, in milliseconds since 1970."""
    first = trigger.at_ms
    if first is None:
        base = instance.end if trigger.from_end else instance.start
        first = base.plus(trigger.nominal, trigger.exact).ms(floating)
    for number in range(trigger.repeats + 1):
        yield first + number * trigger.every_ms


def rings(series: Series, span: Span, limit: int = 100, floating: Zone = UTC) -> list[Ring]:
    """The rings in a window, in order, the first `limit` of them. Raises BadCalendar."""
    found = list[Ring]()
    for component in series.components:
        for trigger in triggers(component, series.zones):
            found += _rings(series, component, trigger, span, limit, floating)
    return sorted(found, key=lambda each: each.at_ms)[:limit]


def _rings(
    series: Series, component: Component, trigger: Trigger, span: Span, limit: int, floating: Zone
) -> Iterator[Ring]:
    if trigger.at_ms is not None:
        if not span.start_ms - trigger.reach_ms <= trigger.at_ms < span.end_ms:
            return
        looked, most = Span(), 1
    else:
        offset = milliseconds(trigger.nominal + trigger.exact)
        loose = 90_000_000  # a day whose clocks change, and an hour
        wide = span.shifted(-offset)
        looked, most = Span(wide.start_ms - trigger.reach_ms - loose, wide.end_ms + loose), limit + _LOOKED_AHEAD
    for instance in instances(series, looked.start_ms, looked.end_ms, most, floating, Budget(50_000)):
        if instance.component is component:
            for at in rings_of(trigger, instance, floating):
                if span.holds(at):
                    yield Ring(at, trigger.alarm, instance)


def next_ring(series: Series, after_ms: int, floating: Zone = UTC) -> Ring | None:
    """The first ring after an instant; None when there is none within about a hundred years. Looks ever further
    ahead, so that it costs little when there is one soon."""
    if not any(triggers(component, series.zones) for component in series.components):
        return None
    begin = after_ms + 1
    for days in (32, 400, 4_000, 36_500):
        end = min(after_ms + days * 86_400_000, MAX_MS)
        if found := rings(series, Span(begin, end), 1, floating):
            return found[0]
        begin = end
    return None
