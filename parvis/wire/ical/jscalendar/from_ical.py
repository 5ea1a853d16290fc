"""iCalendar as JSCalendar (RFC 8984): the objects of a series."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from parvis.wire.contentlines import Component, Property, split_text
from parvis.wire.ical.calendar import (
    Length,
    Series,
    dates_of,
    length_of,
    rdates_of,
    recurrence_id,
    rules_of,
    sequence,
)
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.jscalendar import alerts, patch, people, places
from parvis.wire.ical.jscalendar.people import when_utc
from parvis.wire.ical.jscalendar.rules import from_rule
from parvis.wire.ical.jscalendar.words import FREE_BUSY, PRIVACY, VERSION, Json, duration, local
from parvis.wire.ical.moments import Moment, as_kind_of, of_property
from parvis.wire.ical.zones import UTC, alike

KNOWN = frozenset(
    {"UID", "DTSTAMP", "CREATED", "LAST-MODIFIED", "SEQUENCE", "SUMMARY", "DESCRIPTION", "DTSTART", "DTEND", "DUE",
     "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "LOCATION", "GEO", "CONFERENCE", "URL", "ATTACH",
     "IMAGE", "LINK", "CATEGORIES", "CONCEPT", "COLOR", "PRIORITY", "CLASS", "STATUS", "TRANSP", "RELATED-TO",
     "ORGANIZER", "ATTENDEE", "PERCENT-COMPLETE", "COMPLETED", "ESTIMATED-DURATION", "JSPROP"}
)  # fmt: skip
"""Properties that are converted; all others stay in iCalendar."""
NOT_IN_OVERRIDES = frozenset(
    {"@type", "version", "uid", "prodId", "method", "recurrenceRule", "recurrenceOverrides", "recurrenceId",
     "recurrenceIdTimeZone", "privacy", "created", "updated", "sequence", "organizerCalendarAddress", "iCalendar",
     "id", "baseEventId", "calendarIds", "isDraft", "isOrigin", "utcStart", "utcEnd"}
)  # fmt: skip
"""What a patch of one instance does not say (RFC 8984 §4.3.5), and what each component has of its own."""
MOST_OVERRIDES = 20_000


def events(series: Series, *, unknown: bool = False) -> list[Json]:
    """The objects of a series: the master with its overrides; without a master each instance is one. `unknown`:
    with what JSCalendar cannot say, as `iCalendar`. Raises BadCalendar."""
    if series.master is not None:
        return [event(series, unknown=unknown)]
    return [_alone(series, each, unknown) for each in series.overrides]


def event(series: Series, *, unknown: bool = False) -> Json:
    """The object of a series; of instances without a master the first. Raises BadCalendar."""
    if series.master is None:
        return _alone(series, series.overrides[0], unknown)
    said = plain(series, series.master)
    start = _start(series.master, series)
    if start is not None:
        said |= _recurrence(series, series.master, start, said)
    said = _with_jsprops(said, series.master)
    return _unknown(said, series.master) if unknown else said


def _alone(series: Series, component: Component, unknown: bool) -> Json:
    # RFC 8984 §4.3.1, §4.3.2
    said = plain(series, component)
    original = in_iana(recurrence_id(component, series.zones))
    said["recurrenceId"] = local(original.local)
    if original.zone is not None:
        said["recurrenceIdTimeZone"] = original.zone.iana
    said = _with_jsprops(said, component)
    return _unknown(said, component) if unknown else said


def in_iana(when: Moment) -> Moment:
    """A moment in a zone that IANA has: JSCalendar knows no other."""
    if when.zone is None or when.zone.iana:
        return when
    zone = alike(when.zone, when.local.year)
    return Moment(when.local, zone) if zone is not None else Moment(UTC.to_local(when.ms()), UTC)


def _start(component: Component, series: Series) -> Moment | None:
    found = of_property(component, "DTSTART", series.zones)
    if found is None and series.kind == "VTODO":
        found = of_property(component, "DUE", series.zones)
    return found


def plain(series: Series, component: Component) -> Json:
    """A component as an object, without what recurs. RFC 8984 §2.1, §2.2, §3.1, §4.1.1, §4.1.2"""
    said: Json = {"@type": "Task" if series.kind == "VTODO" else "Event", "version": VERSION, "uid": series.uid}
    said |= _times(component, series)
    for make in _PARTS:
        said |= make(component)
    said |= people.from_component(component)
    if found := alerts.from_component(component, series.zones):
        said["alerts"] = found
    return said


def _times(component: Component, series: Series) -> Json:
    # RFC 5545 §3.8.2.2, §3.8.2.4, §3.8.2.5, RFC 8984 §4.7.1, §5.1.1, §5.2.1
    said: Json = {}
    start = of_property(component, "DTSTART", series.zones)
    due = of_property(component, "DUE", series.zones)
    anchor = start or due
    if anchor is None:
        return said
    shown = in_iana(anchor)
    if anchor.day:
        said["showWithoutTime"] = True
    if shown.zone is not None:
        said["timeZone"] = shown.zone.iana
    if start is not None:
        said["start"] = local(shown.local)
    if series.kind == "VTODO":
        if due is not None:
            said["due"] = local(as_kind_of(in_iana(due), shown).local)
        elif start is not None and component.first("DURATION") is not None:
            length = length_of(component, start, series.zones)
            said["due"] = local(shown.plus(length.nominal, length.exact).local)
        return said
    length = length_of(component, anchor, series.zones)
    if length.whole:
        said["duration"] = duration(length.whole)
    end = of_property(component, "DTEND", series.zones)
    if end is not None and end.zone is not None and shown.zone is not None:
        ending = in_iana(end)
        if ending.zone is not None and ending.zone.iana != shown.zone.iana:
            said["endTimeZone"] = ending.zone.iana
    return said


def _recurrence(series: Series, master: Component, start: Moment, said: Json) -> Json:
    found: Json = {}
    shown = in_iana(start)
    rules = rules_of(master)
    if rules:
        found["recurrenceRule"] = from_rule(rules[0], start if shown.zone is start.zone else shown)
    overrides = dict[str, Json]()
    for each, length in rdates_of(master, series.zones):
        overrides[_key(each, shown)] = _period(length, said)
    for each in dates_of(master, "EXDATE", series.zones):
        overrides[_key(each, shown)] = {"excluded": True}
    for override in series.overrides:
        key = _key(recurrence_id(override, series.zones), shown)
        overrides[key] = _patch(plain(series, override), said, key)
    if len(overrides) > MOST_OVERRIDES:
        raise BadCalendar(f"there are more than {MOST_OVERRIDES} overrides", reason="many")
    if overrides:
        found["recurrenceOverrides"] = dict(sorted(overrides.items()))
    return found


def _key(when: Moment, shown: Moment) -> str:
    if when.day and not shown.day:
        return local(datetime.combine(when.local.date(), shown.local.time()))
    return local(as_kind_of(when, shown).local)


def _period(length: Length | None, said: Json) -> Json:
    if length is None or said.get("duration") == duration(length.whole):
        return {}
    return {"duration": duration(length.whole)}


def _patch(instance: Json, master: Json, key: str) -> Json:
    before = {name: each for name, each in master.items() if name not in NOT_IN_OVERRIDES}
    after = {name: each for name, each in instance.items() if name not in NOT_IN_OVERRIDES}
    if "start" in before or "due" not in before:
        before["start"] = key
    return patch.difference(before, after)


def _with_jsprops(said: Json, component: Component) -> Json:
    """What JSPROP properties say, where it still has a place. RFC 8984 §3.3"""
    found: Json = {}
    for each in component.every("JSPROP")[:1_000]:
        try:
            found[each.param("JSPTR")] = json.loads(each.text)
        except (ValueError, RecursionError):
            continue
    return patch.applied(said, found, strict=False) if found else said


def _unknown(said: Json, component: Component) -> Json:
    """`iCalendar`: the properties and components that are not converted, as jCal has them (RFC 7265)."""
    properties = [_jcal(each) for each in component.properties if each.name not in KNOWN]
    components = [_jcal_component(each) for each in component.components if each.name != "VALARM"]
    if not properties and not components:
        return said
    kept: Json = {"@type": "ICalComponent", "name": component.name.lower()}
    if properties:
        kept["properties"] = properties
    if components:
        kept["components"] = components
    return said | {"iCalendar": kept}


def _jcal(given: Property) -> list[Any]:
    params = {
        name.lower(): values[0] if len(values) == 1 else list(values) for name, values in given.params.items()
    }
    return [given.name.lower(), params, "unknown", given.value]


def _jcal_component(given: Component) -> list[Any]:
    inner = [_jcal_component(each) for each in given.components]
    return [given.name.lower(), [_jcal(each) for each in given.properties], inner]


def _stamps(component: Component) -> Json:
    said: Json = {}
    changed = component.first("LAST-MODIFIED") or component.first("DTSTAMP")
    for name, given in (("created", component.first("CREATED")), ("updated", changed)):
        if given is not None and (at := when_utc(given.value)) is not None:
            said[name] = at
    return said | ({"sequence": sequence(component)} if sequence(component) else {})


def _texts(component: Component) -> Json:
    # RFC 5545 §3.8.1.3, §3.8.1.5, §3.8.1.12, RFC 8984 §4.2.1, §4.4.2
    said: Json = {}
    for name, field in (("SUMMARY", "title"), ("DESCRIPTION", "description")):
        if (given := component.first(name)) is not None and given.value:
            said[field] = given.text
    if color := component.value("COLOR"):
        said["color"] = color
    if (privacy := component.value("CLASS").strip().upper()) and privacy != "PUBLIC":
        said["privacy"] = PRIVACY.get(privacy, "private")
    if free := FREE_BUSY.get(component.value("TRANSP").strip().upper()):
        said |= {"freeBusyStatus": free} if free != "busy" else {}
    priority = component.value("PRIORITY").strip()
    if priority.isascii() and priority.isdigit() and 0 < int(priority[:3]) <= 9:
        said["priority"] = int(priority)
    return said


def _sets(component: Component) -> Json:
    # RFC 5545 §3.2.15, §3.8.1.2, §3.8.4.5, RFC 8984 §4.2.9, §4.2.10
    said: Json = {}
    words = {
        word.strip(): True
        for each in component.every("CATEGORIES")
        for word in split_text(each.value, ",")
        if word.strip()
    }
    if words:
        said["keywords"] = words
    if concepts := {each.value.strip(): True for each in component.every("CONCEPT") if each.value.strip()}:
        said["categories"] = concepts
    related = dict[str, Json]()
    for each in component.every("RELATED-TO"):
        known = related.setdefault(each.text, {"@type": "Relation", "relation": {}})
        if each.params.get("RELTYPE"):
            known["relation"][each.param("RELTYPE").lower()] = True
    return said | ({"relatedTo": related} if related else {})


def _status(component: Component) -> Json:
    # RFC 5545 §3.8.2.1, RFC 8984 §5.1.3, §5.2.4
    status = component.value("STATUS").strip().lower()
    if component.name != "VTODO":
        return {"status": status} if status and status != "confirmed" else {}
    said: Json = {"progress": status} if status and status != "needs-action" else {}
    percent = component.value("PERCENT-COMPLETE").strip()
    if percent.isascii() and percent.isdigit() and int(percent[:4]) <= 100:
        said["percentComplete"] = int(percent)
    if (at := when_utc(component.value("COMPLETED"))) is not None:
        said["progressUpdated"] = at
    if length := component.value("ESTIMATED-DURATION"):
        said["estimatedDuration"] = length
    return said


_PARTS: tuple[Callable[[Component], Json], ...] = (
    _stamps, _texts, _sets, _status, places.locations, places.conferences, places.links,
)  # fmt: skip
