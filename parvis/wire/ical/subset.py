"""CALDAV:calendar-data (RFC 4791 §9.6): the part of an object that a client asks for."""

from dataclasses import dataclass

from parvis.wire.contentlines import Component, Property
from parvis.wire.dav.element import Element
from parvis.wire.dav.names import caldav
from parvis.wire.ical.calendar import Series, recurrence_id, series_of
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.moments import Moment, of_property, written
from parvis.wire.ical.query import periods
from parvis.wire.ical.recurrence import MOST_INSTANCES, Instance, instances, touches
from parvis.wire.ical.span import Span, read
from parvis.wire.ical.zones import UTC, Zone

_NOT_EXPANDED = ("RRULE", "RDATE", "EXRULE", "EXDATE", "RECURRENCE-ID", "DTSTART", "DTEND", "DUE", "DURATION")


@dataclass(frozen=True, slots=True)
class Part:
    """CALDAV:comp: what is wanted of a component; None for all."""

    name: str
    props: dict[str, bool] | None = None
    """Name, and whether the value is left out (novalue)."""
    comps: tuple["Part", ...] | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a CALDAV:calendar-data element asks for."""

    part: Part | None = None
    expand: Span | None = None
    limit: Span | None = None
    limit_freebusy: Span | None = None


def parse(given: Element) -> Wanted:
    """Reads a CALDAV:calendar-data element. Raises BadCalendar (`range`, or `shape` for what is not offered)."""
    kind, version = given.attributes.get("content-type", "text/calendar"), given.attributes.get("version", "2.0")
    if kind.lower() != "text/calendar" or version != "2.0":
        raise BadCalendar("calendar data is text/calendar 2.0", reason="data")
    spans = {name: _span(given, name) for name in ("expand", "limit-recurrence-set", "limit-freebusy-set")}
    if spans["expand"] is not None and spans["limit-recurrence-set"] is not None:
        raise BadCalendar("expand and limit-recurrence-set exclude each other", reason="shape")
    part = given.first(caldav("comp"))
    return Wanted(_part(part, 0) if part is not None else None, *spans.values())


def _span(given: Element, name: str) -> Span | None:
    found = given.first(caldav(name))
    return (
        read(found.attributes.get("start", ""), found.attributes.get("end", ""), both=True)
        if found is not None
        else None
    )


def _part(given: Element, depth: int) -> Part:
    if depth > 4:
        raise BadCalendar("components are not that deep", reason="shape")
    props: dict[str, bool] | None = {
        each.attributes.get("name", "").upper(): each.attributes.get("novalue") == "yes"
        for each in given.all(caldav("prop"))
    }
    comps: tuple[Part, ...] | None = tuple(_part(each, depth + 1) for each in given.all(caldav("comp")))
    if not given.children:  # Apple's Calendar asks so for all of a component
        props, comps = None, None
    if given.first(caldav("allprop")) is not None:
        props = None
    if given.first(caldav("allcomp")) is not None:
        comps = None
    return Part(given.attributes.get("name", "").upper(), props, comps)


def subset(calendar: Component, wanted: Wanted, floating: Zone = UTC) -> Component:
    """The part of an object that is asked for; the object itself when that is all of it. Raises BadCalendar with
    `many` when expanding it would give more than MOST_INSTANCES."""
    if wanted.expand is not None:
        calendar = expanded(calendar, wanted.expand, floating)
    elif wanted.limit is not None:
        calendar = _limited(calendar, wanted.limit, floating)
    if wanted.limit_freebusy is not None:
        calendar = _limited_freebusy(calendar, wanted.limit_freebusy)
    return _only(calendar, wanted.part) if wanted.part is not None else calendar


def _only(given: Component, part: Part) -> Component:
    properties = given.properties
    if part.props is not None:
        kept = [each for each in properties if each.name in part.props]
        properties = [each.changed(value="") if part.props[each.name] else each for each in kept]
    components = given.components
    if part.comps is not None:
        wanted = {each.name: each for each in part.comps}
        components = [_only(each, wanted[each.name]) for each in components if each.name in wanted]
    return Component(given.name, properties, components)


def expanded(calendar: Component, span: Span, floating: Zone = UTC) -> Component:
    """The object with each instance in a window as a component of its own, in UTC, without rules and zones
    (RFC 4791 §9.6.5)."""
    components = list[Component]()
    for series in series_of(calendar).values():
        if series.kind == "VFREEBUSY":
            components += series.components
            continue
        found = instances(series, span.start_ms, span.end_ms, MOST_INSTANCES + 1, floating)
        if len(found) > MOST_INSTANCES:
            raise BadCalendar(f"there are more than {MOST_INSTANCES} instances", reason="many")
        components += [alone(each, series) for each in found]
    return Component(calendar.name, calendar.properties, components)


def alone(instance: Instance, series: Series) -> Component:
    """An instance as a component without rules, its times in UTC; days and floating times stay as they are."""
    given = instance.component
    times = [written("DTSTART", _utc(instance.start))] if _has(given, "DTSTART") else []
    end = "DUE" if series.kind == "VTODO" else "DTEND"
    if _has(given, end) or (_has(given, "DURATION") and not times):
        times.append(written(end, _utc(instance.end)))
    elif (length := given.first("DURATION")) is not None:
        times.append(length)
    if instance.recurrence_id is not None:
        times.append(written("RECURRENCE-ID", _utc(instance.recurrence_id)))
    kept = [_in_utc(each, series) for each in given.properties if each.name not in _NOT_EXPANDED]
    return Component(given.name, [*kept, *times], given.components)


def _has(given: Component, name: str) -> bool:
    return given.first(name) is not None


def _in_utc(given: Property, series: Series) -> Property:
    """Other times of a component with a TZID, which would mean nothing without its zone."""
    if "TZID" not in given.params:
        return given
    try:
        when = of_property(Component("", [given]), given.name, series.zones)
    except BadCalendar:
        return given
    return written(given.name, _utc(when)) if when is not None else given


def _utc(when: Moment) -> Moment:
    return when if when.zone is None else Moment(UTC.to_local(when.ms()), UTC)


def _limited(calendar: Component, span: Span, floating: Zone) -> Component:
    """The object with only those changed instances that are or were in a window (RFC 4791 §9.6.6)."""
    left = set[int]()
    for series in series_of(calendar).values():
        near = {id(each.component) for each in instances(series, span.start_ms, span.end_ms, 10_000, floating)}
        for override in series.overrides:
            given = override.first("RECURRENCE-ID")
            future = given is not None and given.param("RANGE").upper() == "THISANDFUTURE"
            original = recurrence_id(override, series.zones)
            at = original.ms(floating)
            was = Instance(override, original, original, original, at, at)
            if not (
                id(override) in near or touches(was, span.start_ms, span.end_ms) or (future and at < span.end_ms)
            ):
                left.add(id(override))
    components = [each for each in calendar.components if id(each) not in left]
    return Component(calendar.name, calendar.properties, components)


def _limited_freebusy(calendar: Component, span: Span) -> Component:
    """The object with only the periods of FREEBUSY that touch a window (RFC 4791 §9.6.7)."""

    def near(given: Property) -> list[Property]:
        texts = [
            text
            for text in given.value.split(",")
            for start, end, _ in periods(Component("", [given.changed(value=text)]))
            if start < span.end_ms and end > span.start_ms
        ]
        return (
            [given if len(texts) == given.value.count(",") + 1 else given.changed(value=",".join(texts))]
            if texts
            else []
        )

    def limited(given: Component) -> Component:
        if given.name != "VFREEBUSY":
            return given
        kept = [new for each in given.properties for new in (near(each) if each.name == "FREEBUSY" else [each])]
        return Component(given.name, kept, given.components)

    return Component(calendar.name, calendar.properties, [limited(each) for each in calendar.components])
