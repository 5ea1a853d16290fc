"""The components of a series by the instance that they stand for, and series with one of them exchanged."""

from datetime import datetime, timedelta

from parvis.wire.contentlines import Component, Property
from parvis.wire.ical.calendar import Length, Series, length_of, recurrence_id
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.moments import Moment, as_kind_of, moment, of_property, written

_OF_SERIES = ("RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID", "DTSTART", "DTEND", "DUE", "DURATION")


def start_of(component: Component, series: Series) -> Moment | None:
    """DTSTART, or DUE of a task without."""
    return of_property(component, "DTSTART", series.zones) or of_property(component, "DUE", series.zones)


def at_same_time(one: Component, of: Series, other: Component, of_other: Series) -> bool:
    """Whether two components are at the same time, as far as the first says when it ends. Raises BadCalendar."""
    start, there = start_of(one, of), start_of(other, of_other)
    if start is None or there is None:
        return start is there
    ends = any(one.first(name) is not None for name in ("DTEND", "DUE", "DURATION"))
    if not ends:
        return start.ms() == there.ms()
    lengths = length_of(one, start, of.zones), length_of(other, there, of_other.zones)
    return start.ms() == there.ms() and lengths[0].whole == lengths[1].whole


def timing(component: Component, of: Series) -> tuple[object, ...]:
    """When a component is, and how it recurs, in whatever words that is said. To compare. Raises BadCalendar."""
    start = start_of(component, of)
    if start is None:
        return ()
    return start.ms(), start.day, start.zone is None, length_of(component, start, of.zones).whole, rules(component)


def rules(component: Component) -> list[list[str]]:
    """How it recurs, in whatever order that is said."""
    return [sorted(each.value.strip().upper().split(";")) for each in component.every("RRULE")]


def by_instance(series: Series) -> dict[int | None, Component]:
    """The components by the original start of their instance in milliseconds; the master under None."""
    found: dict[int | None, Component] = {recurrence_id(each, series.zones).ms(): each for each in series.overrides}
    return found | ({None: series.master} if series.master is not None else {})


def instance_of(component: Component, series: Series) -> int | None:
    """Which instance a component stands for."""
    return recurrence_id(component, series.zones).ms() if component.first("RECURRENCE-ID") is not None else None


def exchanged(series: Series, component: Component, zones_of: Series | None = None) -> Series:
    """The series with a component instead of the one for the same instance, else besides the others."""
    own = instance_of(component, zones_of or series)
    if own is None:
        return Series(series.kind, series.uid, component, list(series.overrides), series.zones)
    overrides = [each for each in series.overrides if instance_of(each, series) != own]
    return Series(series.kind, series.uid, series.master, [*overrides, component], series.zones)


def single(series: Series, at_ms: int) -> Component:
    """A component for one instance of the master as it is by the rule. Raises BadCalendar without a master."""
    master = series.master
    start = start_of(master, series) if master is not None else None
    if master is None or start is None:
        raise BadCalendar("there is no series", reason="override")
    local = start.zone.to_local(at_ms) if start.zone is not None else _floating(at_ms)
    at = start.at(datetime.combine(local.date(), datetime.min.time()) if start.day else local)
    length = length_of(master, start, series.zones)
    kept = [each for each in master.properties if each.name not in _OF_SERIES]
    times = [written("RECURRENCE-ID", at)]
    if master.first("DTSTART") is not None:
        times.append(written("DTSTART", at))
    times += _end(master, at, length)
    return Component(master.name, [*kept[:1], *times, *kept[1:]], list(master.components))


def _floating(at_ms: int) -> datetime:
    return datetime(1970, 1, 1) + timedelta(milliseconds=at_ms)  # noqa: DTZ001 - floating times have no zone


def _end(master: Component, at: Moment, length: Length) -> list[Property]:
    for name in ("DTEND", "DUE"):
        if (given := master.first(name)) is not None:
            ending = at.plus(length.nominal, length.exact)
            return [written(name, ending.at(ending.local))] if given is not None else []
    given = master.first("DURATION")
    return [given] if given is not None else []


def without(series: Series, at_ms: int, when: Moment) -> Series:
    """The series without an instance: EXDATE, and no component for it."""
    overrides = [each for each in series.overrides if instance_of(each, series) != at_ms]
    master = series.master
    if master is not None:
        start = start_of(master, series)
        said = written("EXDATE", as_kind_of(when, start) if start is not None else when)
        if not excluded(series, at_ms):
            master = Component(master.name, [*master.properties, said], master.components)
    return Series(series.kind, series.uid, master, overrides, series.zones)


def within(series: Series, at_ms: int) -> Series:
    """The series with an instance that EXDATE had taken out; itself when it is in."""
    master = series.master
    if master is None or not excluded(series, at_ms):
        return series
    start, kept = start_of(master, series), list[Property]()
    for each in master.properties:
        if each.name != "EXDATE":
            kept.append(each)
            continue
        values = [text for text in each.value.split(",") if _at(each, series, text, start) != at_ms]
        if values:
            kept.append(each.changed(value=",".join(values)))
    inside = Component(master.name, kept, master.components)
    return Series(series.kind, series.uid, inside, series.overrides, series.zones)


def _at(given: Property, series: Series, text: str, start: Moment | None) -> int:
    when = moment(given, series.zones, text)
    return (as_kind_of(when, start) if start is not None else when).ms()


def excluded(series: Series, at_ms: int) -> bool:
    """Whether the master has an EXDATE for an instance."""
    if series.master is None:
        return False
    start = start_of(series.master, series)
    for each in series.master.every("EXDATE"):
        for text in each.value.split(","):
            when = moment(each, series.zones, text)
            if start is not None and as_kind_of(when, start).ms() == at_ms:
                return True
    return False


def exclusions(series: Series) -> dict[int, Moment]:
    """The instances that EXDATE takes away."""
    found = dict[int, Moment]()
    start = start_of(series.master, series) if series.master is not None else None
    for each in series.master.every("EXDATE") if series.master is not None else []:
        for text in each.value.split(","):
            when = moment(each, series.zones, text)
            when = as_kind_of(when, start) if start is not None else when
            found[when.ms()] = when
    return found
