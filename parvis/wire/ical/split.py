"""Changing a series in part: this and all that follow become a series of their own; RANGE=THISANDFUTURE (RFC 5545
§3.2.13) is read but not written, as hardly a client understands it."""

from dataclasses import replace
from datetime import timedelta

from parvis.wire.contentlines import Component, Property, escape
from parvis.wire.ical import rule
from parvis.wire.ical.calendar import Series, length_of, recurrence_id
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.expand import Budget, expand
from parvis.wire.ical.moments import Moment, Zones, as_kind_of, moment, of_property, written
from parvis.wire.ical.rule import Rule
from parvis.wire.ical.zones import UTC

_SECOND = timedelta(seconds=1)


def split(series: Series, at_ms: int, uid: str) -> tuple[Series, Series]:
    """Two series: that before the instance whose original start is `at_ms`, and that of it and what follows, with
    the new UID `uid`. They name each other as `next` and `first` (RELATED-TO, RFC 8984 §4.1.3). Raises BadCalendar
    when nothing recurs, or when there is nothing before."""
    master = series.master
    start = of_property(master, "DTSTART", series.zones) if master is not None else None
    if master is None or start is None or not series.recurring:
        raise BadCalendar("only what recurs can be split", reason="override")
    if at_ms <= start.ms():
        raise BadCalendar("there is nothing before", reason="override")
    zone = start.zone or UTC
    at = start.at(zone.to_local(at_ms))
    before = _before(master, series.zones, start, at)
    after = _after(master, series, start, at, uid)
    first = [each for each in series.overrides if _original(each, series, start) < at_ms]
    rest = [_with_uid(each, uid) for each in series.overrides if _original(each, series, start) >= at_ms]
    before = Component(before.name, [*before.properties, _related(uid, "NEXT")], before.components)
    after = Component(after.name, [*after.properties, _related(series.uid, "FIRST")], after.components)
    return (
        Series(series.kind, series.uid, before, first, series.zones),
        Series(series.kind, uid, after, rest, series.zones),
    )


def _related(uid: str, how: str) -> Property:
    return Property("RELATED-TO", escape(uid), {"RELTYPE": [how]})


def _with_uid(given: Component, uid: str) -> Component:
    changed = Component(given.name, list(given.properties), given.components)
    changed.put("UID", Property("UID", escape(uid)))
    return changed


def _original(override: Component, series: Series, start: Moment) -> int:
    return as_kind_of(recurrence_id(override, series.zones), start).ms()


def _before(master: Component, zones: Zones, start: Moment, at: Moment) -> Component:
    """The master with its rules ending before an instance."""
    properties = list[Property]()
    for each in master.properties:
        if each.name == "RRULE":
            properties.append(each.changed(value=rule.write(_ended(rule.parse(each.value), at))))
        elif each.name in ("RDATE", "EXDATE"):
            properties += _dates(each, zones, start, at, before=True)
        else:
            properties.append(each)
    return Component(master.name, properties, master.components)


def _ended(given: Rule, at: Moment) -> Rule:
    if at.day:
        return given.within(at.local - timedelta(days=1), day=True)
    if at.zone is None:
        return given.within(at.local - _SECOND)
    return given.within(UTC.to_local(at.ms()) - _SECOND, utc=True)


def _after(master: Component, series: Series, start: Moment, at: Moment, uid: str) -> Component:
    """The master beginning with an instance, with what is left of a COUNT."""
    length = length_of(master, start, series.zones)
    properties = list[Property]()
    for each in master.properties:
        match each.name:
            case "UID":
                properties.append(Property("UID", escape(uid)))
            case "DTSTART":
                properties.append(written("DTSTART", at))
            case "DTEND" | "DUE":
                end = as_kind_of(at.plus(length.nominal, length.exact), moment(each, series.zones))
                properties.append(written(each.name, end))
            case "RRULE":
                left = _left(rule.parse(each.value), start, at)
                properties += [each.changed(value=rule.write(left))] if left is not None else []
            case "RDATE" | "EXDATE":
                properties += _dates(each, series.zones, start, at, before=False)
            case _:
                properties.append(each)
    return Component(master.name, properties, master.components)


def _left(given: Rule, start: Moment, at: Moment) -> Rule | None:
    if given.count is None:
        return given
    gone = 0
    for local in expand(given, start.local, Budget()):
        if local >= at.local:
            break
        gone += 1
    return replace(given, count=given.count - gone) if given.count > gone else None


def _dates(given: Property, zones: Zones, start: Moment, at: Moment, *, before: bool) -> list[Property]:
    kept = []
    for text in given.value.split(","):
        when = as_kind_of(moment(given, zones, text.partition("/")[0]), start)
        if (when.ms() < at.ms()) == before:
            kept.append(text)
    if len(kept) == given.value.count(",") + 1:
        return [given]
    return [given.changed(value=",".join(kept))] if kept else []
