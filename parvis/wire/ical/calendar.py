"""Calendar objects: VCALENDAR read, checked and written, and its components put together by their UID.

A `Series` is what a person calls an event or a task: the component with its rule, and the components that stand for
single instances of it (RFC 5545 §3.8.4.4)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from parvis.wire import contentlines
from parvis.wire.contentlines import Component, Limits, Property
from parvis.wire.ical import rule
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.moments import Moment, Zones, moment, moments, of_property
from parvis.wire.ical.rule import Rule
from parvis.wire.ical.values import DAY, duration_parts

PRODUCT = "-//Parvis//Parvis//EN"
KINDS = ("VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY")
LIMITS = Limits(bytes=10_000_000, lines=200_000, depth=6, components=20_000, properties=200_000, params=64)
MOST_RULES = 8
MOST_DATES = 20_000
"""RDATE and EXDATE of one component."""


@dataclass
class Series:
    """The components of one UID."""

    kind: str
    uid: str
    master: Component | None
    overrides: list[Component] = field(default_factory=list)
    """Each has a RECURRENCE-ID."""
    zones: Zones = field(default_factory=Zones)

    @property
    def components(self) -> list[Component]:
        """The master first."""
        return [self.master, *self.overrides] if self.master is not None else list(self.overrides)

    @property
    def first(self) -> Component:
        """The master, or the first instance when that is all there is."""
        return self.components[0]

    @property
    def recurring(self) -> bool:
        """Whether it has a rule or dates."""
        return self.master is not None and any(each.name in ("RRULE", "RDATE") for each in self.master.properties)

    def with_components(self, given: list[Component]) -> "Series":
        """The same with another component for each, in the order of `components`; itself when none is another."""
        if all(new is old for new, old in zip(given, self.components, strict=True)):
            return self
        master, overrides = (given[0], given[1:]) if self.master is not None else (None, given)
        return Series(self.kind, self.uid, master, overrides, self.zones)


def read(data: bytes, limits: Limits = LIMITS) -> Component:
    """The one VCALENDAR of a text. Raises BadContent (with the line) and BadCalendar."""
    found = contentlines.parse(data, limits)
    if len(found) != 1 or found[0].name != "VCALENDAR":
        raise BadCalendar("it is not one VCALENDAR", reason="shape")
    return found[0]


def read_all(data: bytes, limits: Limits = LIMITS) -> list[Component]:
    """The VCALENDARs of a stream (RFC 5545 §3.4). Raises BadContent and BadCalendar."""
    found = contentlines.parse(data, limits)
    if any(each.name != "VCALENDAR" for each in found):
        raise BadCalendar("it is not iCalendar", reason="shape")
    return found


def write(calendar: Component) -> bytes:
    """A VCALENDAR as bytes; what nobody touched is written as it came."""
    return contentlines.write(calendar)


def new(components: Sequence[Component], method: str = "") -> Component:
    """A VCALENDAR around components."""
    # RFC 5545 §3.7.2, §3.7.3, §3.7.4
    said = [Property("VERSION", "2.0"), Property("PRODID", PRODUCT)]
    if method:
        said.append(Property("METHOD", method))
    return Component("VCALENDAR", said, list(components))


def series_of(calendar: Component) -> dict[str, Series]:
    """The series of a calendar by UID, in their order; components without a UID are left out. A UID that is there
    twice as a master keeps the one with the higher SEQUENCE, then the later one."""
    # RFC 5545 §3.8.4.7
    zones, found = Zones(calendar), dict[str, Series]()
    for component in calendar.components:
        uid = component.value("UID").strip()
        if component.name not in KINDS or not uid:
            continue
        known = found.setdefault(uid, Series(component.name, uid, None, [], zones))
        if component.first("RECURRENCE-ID") is not None:
            known.overrides.append(component)
        elif known.master is None or sequence(component) >= sequence(known.master):
            known.master = component
    return found


def resource(calendar: Component) -> Series:
    """The one series of a calendar object resource, checked (RFC 4791 §4.1). Raises BadCalendar: `version`,
    `method`, `kind`, `uid`, `empty`, and what `check` raises."""
    version = calendar.value("VERSION").strip()
    if version != "2.0":
        raise BadCalendar("VERSION is not 2.0", reason="version", field="VERSION")
    if calendar.first("METHOD") is not None:
        raise BadCalendar("a stored object has no METHOD", reason="method", field="METHOD")
    kept = [each for each in calendar.components if each.name != "VTIMEZONE"]
    if not kept:
        raise BadCalendar("there is nothing in the calendar", reason="empty")
    if len({each.name for each in kept}) > 1:
        raise BadCalendar("one object has components of one kind", reason="kind")
    if any(not each.value("UID").strip() for each in kept):
        raise BadCalendar("each component needs a UID", reason="uid", field="UID")
    if len({each.value("UID") for each in kept}) > 1:
        raise BadCalendar("one object has one UID", reason="uid", field="UID")
    if kept[0].name not in KINDS:
        raise BadCalendar(f"{kept[0].name[:40]} is not supported", reason="kind")
    if sum(each.first("RECURRENCE-ID") is None for each in kept) > 1:
        raise BadCalendar("one UID has one component without RECURRENCE-ID", reason="uid", field="RECURRENCE-ID")
    found = next(iter(series_of(calendar).values()))
    check(found)
    return found


def check(series: Series) -> None:
    """What would make a series useless: no start, an end before it, a rule or a date that cannot be read, two
    instances with one RECURRENCE-ID. Raises BadCalendar."""
    for component in series.components:
        start = of_property(component, "DTSTART", series.zones)
        timed = series.kind == "VEVENT" or component.first("RRULE") is not None
        if start is None and timed and not (series.kind == "VTODO" and component.first("DUE") is not None):
            raise BadCalendar("there is no DTSTART", reason="start", field="DTSTART")
        _check_end(component, start, series.zones)
        rules_of(component)
        dates_of(component, "EXDATE", series.zones)
        rdates_of(component, series.zones)
    seen = set[int]()
    for override in series.overrides:
        at = recurrence_id(override, series.zones).ms()
        if at in seen:
            raise BadCalendar("two components stand for one instance", reason="override", field="RECURRENCE-ID")
        seen.add(at)


def _check_end(component: Component, start: Moment | None, zones: Zones) -> None:
    for name in ("DTEND", "DUE"):
        end = of_property(component, name, zones)
        if end is None:
            continue
        if component.first("DURATION") is not None:
            raise BadCalendar(f"{name} and DURATION exclude each other", reason="start", field=name)
        if start is not None and name == "DTEND" and end.ms() < start.ms():
            raise BadCalendar("it ends before it starts", reason="start", field=name)
    if (length := component.first("DURATION")) is not None:
        nominal, exact = duration_parts(length.value)
        if nominal + exact < timedelta():
            raise BadCalendar("DURATION is below zero", reason="start", field="DURATION")


def sequence(component: Component) -> int:
    """SEQUENCE, 0 when there is none (RFC 5545 §3.8.7.4)."""
    text = component.value("SEQUENCE").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def cancelled(component: Component) -> bool:
    """Whether it does not take place (RFC 5545 §3.8.1.11)."""
    return component.value("STATUS").strip().upper() == "CANCELLED"


def recurrence_id(component: Component, zones: Zones) -> Moment:
    """The original start of an instance. Raises BadCalendar."""
    found = of_property(component, "RECURRENCE-ID", zones)
    if found is None:
        raise BadCalendar("there is no RECURRENCE-ID", reason="override", field="RECURRENCE-ID")
    return found


def rules_of(component: Component, name: str = "RRULE") -> list[Rule]:
    """The rules of a component. Raises BadCalendar."""
    found = component.every(name)
    if len(found) > MOST_RULES:
        raise BadCalendar(f"there are more than {MOST_RULES} rules", reason="rule", field=name)
    return [rule.parse(each.value) for each in found]


def dates_of(component: Component, name: str, zones: Zones) -> list[Moment]:
    """The moments of EXDATE, bounded. Raises BadCalendar."""
    found = component.every(name)
    if sum(each.value.count(",") + 1 for each in found) > MOST_DATES:
        raise BadCalendar(f"there are more than {MOST_DATES} dates", reason="many", field=name)
    return moments(found, zones)


@dataclass(frozen=True, slots=True)
class Length:
    """How long an instance is: days of the calendar, and an exact part."""

    nominal: timedelta = timedelta()
    exact: timedelta = timedelta()

    @property
    def whole(self) -> timedelta:
        """Both together."""
        return self.nominal + self.exact


def rdates_of(component: Component, zones: Zones) -> list[tuple[Moment, Length | None]]:
    """The moments of RDATE, bounded; those that are periods with their length (RFC 5545 §3.8.5.2)."""
    found = component.every("RDATE")
    if sum(each.value.count(",") + 1 for each in found) > MOST_DATES:
        raise BadCalendar(f"there are more than {MOST_DATES} dates", reason="many", field="RDATE")
    return [_rdate(given, zones, text) for given in found for text in given.value.split(",") if text.strip()]


def _rdate(given: Property, zones: Zones, text: str) -> tuple[Moment, Length | None]:
    begin, mark, rest = text.partition("/")
    start = moment(given, zones, begin)
    if not mark:
        return start, None
    if rest.strip()[:1].upper() in ("P", "+", "-"):
        return start, Length(*duration_parts(rest))
    return start, Length(exact=moment(given, zones, rest).exactly_since(start))


def length_of(component: Component, start: Moment, zones: Zones) -> Length:
    """How long the instances of a component are: by its end an exact time, by DURATION a nominal one, a day for a
    date (RFC 5545 §3.6.1, §3.8.5.3). Where one of start and end is a day and the other is not, against §3.8.2.2, as
    programs write tasks above all, a time ends with the night before that day, and days are whole."""
    end = of_property(component, "DTEND" if component.name != "VTODO" else "DUE", zones)
    if end is not None:
        if start.day or end.day:
            nominal = max(end.local - start.local, timedelta())
            return Length(nominal=-(-nominal // DAY) * DAY if start.day else nominal)
        return Length(exact=max(end.exactly_since(start), timedelta()))
    if (given := component.first("DURATION")) is not None:
        return Length(*duration_parts(given.value))
    return Length(nominal=DAY) if start.day and component.name in ("VEVENT", "VJOURNAL") else Length()
