"""JSCalendar (RFC 8984) as iCalendar: the components of an object, with everything kept that is in iCalendar
already and has not changed."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from parvis.wire.contentlines import Component, Property, escape, join_text
from parvis.wire.ical import rule
from parvis.wire.ical.calendar import Series, check, recurrence_id
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.jscalendar import alerts, from_ical, patch, people, places
from parvis.wire.ical.jscalendar.from_ical import KNOWN, NOT_IN_OVERRIDES, plain
from parvis.wire.ical.jscalendar.rules import to_rule
from parvis.wire.ical.jscalendar.words import (
    FREE_BUSY,
    PRIVACY,
    Json,
    backwards,
    length,
    local,
    maps,
    parse_local,
    parse_utc,
    text,
    truths,
)
from parvis.wire.ical.moments import Moment, Zones, as_kind_of, written
from parvis.wire.ical.values import duration_parts, write_datetime
from parvis.wire.ical.zones import Iana, Zone, zone

_DEFAULTS: Json = {
    "version": "2.0", "freeBusyStatus": "busy", "privacy": "public", "priority": 0, "sequence": 0,
    "status": "confirmed", "progress": "needs-action", "showWithoutTime": False, "description": "", "title": "",
    "duration": "PT0S",
    "descriptionContentType": "text/plain", "action": "display", "relativeTo": "start", "expectReply": False,
    "kind": "individual", "participationStatus": "needs-action", "scheduleAgent": "server", "interval": 1,
    "skip": "omit", "rscale": "gregorian", "firstDayOfWeek": "mo", "keywords": {}, "percentComplete": 0,
}  # fmt: skip
_NOT_KEPT = frozenset({"iCalendar", "@type", "sendTo", "recurrenceIdTimeZone", "prodId", "method"})
MOST_BYTES = 2_000_000
"""Of one JSPROP, and of all that it may hold."""
Writer = Callable[[Json, Component | None], list[Property]]


def components(given: Json, before: Series | None = None) -> list[Component]:
    """The components of an object; of `before`, the series that was there, everything is kept that the object does
    not change. Raises BadCalendar with the `field` of the object that is wrong."""
    return series(given, before).components


def series(given: Json, before: Series | None = None) -> Series:
    """The series of an object, checked; see `components`."""
    kind = {"Event": "VEVENT", "Task": "VTODO"}.get(text(given.get("@type")) or "Event")
    uid = text(given.get("uid"))
    if kind is None:
        raise BadCalendar("it is no Event and no Task", reason="kind", field="@type")
    if not uid or len(uid) > 1_000 or any(character < " " for character in uid):
        raise BadCalendar("an object needs a uid", reason="uid", field="uid")
    zones = before.zones if before is not None else Zones()
    made = Series(kind, uid, None, [], zones)
    if given.get("recurrenceId") is not None:
        made.overrides.append(_instance_alone(given, made, before))
    else:
        _series(given, made, before)
    _keep_rest(given, made, before)
    check(made)
    return made


def _instance_alone(given: Json, made: Series, before: Series | None) -> Component:
    start = start_of(given)
    zone_name = given.get("recurrenceIdTimeZone", given.get("timeZone"))
    when = parse_local(given["recurrenceId"], "recurrenceId")
    at = Moment(when, None, day=True) if start is not None and start.day else Moment(when, _zone(zone_name))
    old = _override_at(before, at)
    return _component(given, made, old, before, at if old is None else None)


def _series(given: Json, made: Series, before: Series | None) -> None:
    made.master = _component(given, made, before.master if before is not None else None, before, None)
    overrides = maps(given.get("recurrenceOverrides"))
    if len(overrides) > from_ical.MOST_OVERRIDES:
        raise BadCalendar("there are too many overrides", reason="many", field="recurrenceOverrides")
    start = start_of(given)
    for key, change in overrides:
        if change.get("excluded") is True:
            continue
        if start is None:
            raise BadCalendar("what has no start has no overrides", reason="override", field="recurrenceOverrides")
        at = start.at(parse_local(key, "recurrenceOverrides"))
        old = _override_at(before, at)
        if not change and old is None:
            continue  # an instance as it is, said by RDATE
        instance = _instance(given, change, key)
        if old is not None and before is not None:
            instance = _with_own(instance, given, before, old)
        made.overrides.append(_component(instance, made, old, before, at if old is None else None))


def _with_own(instance: Json, given: Json, before: Series, old: Component) -> Json:
    """An instance with what a patch does not say and its component has of its own, unless the master changes it."""
    own, master = plain(before, old), plain(before, before.master) if before.master is not None else {}
    for name in ("sequence", "created", "updated", "privacy", "organizerCalendarAddress"):
        if name in ("sequence", "created", "updated") or given.get(name) == master.get(name):
            instance.pop(name, None)
            instance |= {name: own[name]} if name in own else {}
    return instance


def _instance(given: Json, change: Json, key: str) -> Json:
    """An instance as an object of its own."""
    if wrong := [pointer for pointer in change if pointer.split("/")[0] in NOT_IN_OVERRIDES]:
        raise BadCalendar(
            "one instance cannot change that", reason="override", field=f"recurrenceOverrides/{key}/{wrong[0][:60]}"
        )
    whole = {
        name: each
        for name, each in given.items()
        if name not in ("recurrenceRule", "recurrenceRules", "recurrenceOverrides")
    }
    if "start" in given or "due" not in given:
        whole["start"] = key
    if "due" in given and "start" in given:
        lasting = parse_local(given["due"], "due") - parse_local(given["start"], "start")
        whole["due"] = local(parse_local(key, "recurrenceOverrides") + lasting)
    elif "due" in given:
        whole["due"] = key
    return patch.applied(whole, change)


def _override_at(before: Series | None, at: Moment) -> Component | None:
    if before is None:
        return None
    for each in before.overrides:
        given = recurrence_id(each, before.zones)
        if as_kind_of(given, at).ms() == at.ms():
            return each
    return None


def _component(
    given: Json, made: Series, old: Component | None, before: Series | None, at: Moment | None
) -> Component:
    """A component: families of properties that say the same as before are the properties that were there."""
    new = _families(given, old)
    same = _families(plain_of(before, old), old) if old is not None and before is not None else {}
    properties, done = list[Property](), set[str]()
    for each in old.properties if old is not None else []:
        family = _FAMILY.get(each.name)
        if family is None:
            if each.name != "JSPROP":
                properties.append(each)
        elif new[family] == same.get(family):
            properties.append(each)
            done.add(family)
        elif family not in done:
            properties += new[family]
            done.add(family)
    if old is None:
        properties += [
            Property("UID", escape(made.uid)),
            *([written("RECURRENCE-ID", at)] if at is not None else []),
        ]
    for family, found in new.items():
        if family not in done and found != same.get(family):
            properties += found
    kept_properties, kept_components = _from_jcal(given) if old is None else ([], [])
    properties += kept_properties
    ringing = alerts.to_components(given.get("alerts"), old, text(given.get("title")))
    inner = _beside(old, ringing, made.zones) if old is not None else [*kept_components, *ringing]
    return Component(made.kind, properties, inner)


def _beside(old: Component, ringing: list[Component], zones: Zones) -> list[Component]:
    """The inner components with the alarms at the places where they were, new ones at the end; alarms that
    JSCalendar does not see stay."""
    seen, new, inner = set(alerts.from_component(old, zones)), {alerts.key(each): each for each in ringing}, []
    for each in old.components:
        own = alerts.key(each) if each.name == "VALARM" else ""
        if own in new:
            inner.append(new.pop(own))
        elif own not in seen:
            inner.append(each)
    return [*inner, *new.values()]


def plain_of(before: Series | None, old: Component | None) -> Json:
    """What a component of a series says by itself; the master with what recurs."""
    assert before is not None and old is not None
    return from_ical.event(before) if old is before.master else plain(before, old)


def _families(given: Json, old: Component | None) -> dict[str, list[Property]]:
    return {name: write(given, old) for name, (_, write) in _WRITERS.items()}


def start_of(given: Json) -> Moment | None:
    """The start of an object; of a task without one its due time. Raises BadCalendar."""
    said = given.get("start") if given.get("start") is not None else given.get("due")
    if said is None:
        if text(given.get("@type")) == "Task":
            return None
        raise BadCalendar("an event needs a start", reason="start", field="start")
    return _moment(given, parse_local(said, "start"))


def _moment(given: Json, when: datetime) -> Moment:
    if given.get("showWithoutTime") is True and when.time() == time():
        return Moment(when, None, day=True)
    return Moment(when, _zone(given.get("timeZone")))


def _zone(name: object) -> Zone | None:
    if name is None:
        return None
    found = zone(name) if isinstance(name, str) and name else None
    if found is None or not found.iana:
        raise BadCalendar("that time zone is not known", reason="zone", field="timeZone")
    return Iana(found.iana, found.iana) if found.iana != "Etc/UTC" else found


def _write_times(given: Json, old: Component | None) -> list[Property]:
    start = start_of(given)
    if start is None:
        return []
    made = [written("DTSTART", start)] if given.get("start") is not None else []
    if text(given.get("@type")) == "Task":
        if given.get("due") is not None:
            due = _moment(given, parse_local(given["due"], "due"))
            # RFC 5545 §3.8.2.3: both are days or both are times
            made.append(written("DUE", Moment(due.local, start.zone, start.day) if start.day != due.day else due))
        return made
    return made + _write_length(given, start)


def _write_length(given: Json, start: Moment) -> list[Property]:
    said = text(given.get("duration")) or "PT0S"
    nominal, exact = duration_parts(said)
    if nominal + exact < timedelta():
        raise BadCalendar("a duration is not below zero", reason="value", field="duration")
    ending = given.get("endTimeZone")
    if ending is not None and start.zone is not None:
        end = start.plus(nominal, exact)
        return [written("DTEND", as_kind_of(end, Moment(end.local, _zone(ending))))]
    if not nominal + exact:
        return []
    if start.day:
        whole = nominal + timedelta(days=-(-exact // timedelta(days=1)))
        return [written("DTEND", start.plus(whole, timedelta()))]
    return [written("DTEND", start.plus(nominal, exact))]


def _write_recurrence(given: Json, old: Component | None) -> list[Property]:
    start = start_of(given)
    if start is None:
        return []
    made = list[Property]()
    rules = given.get("recurrenceRules")
    said = given.get("recurrenceRule") or (rules[0] if isinstance(rules, list) and rules else None)
    if said is not None:
        made.append(Property("RRULE", rule.write(to_rule(said, start))))
    for key, change in maps(given.get("recurrenceOverrides")):
        at = start.at(parse_local(key, "recurrenceOverrides"))
        if change.get("excluded") is True:
            made.append(written("EXDATE", at))
        elif said is None or not change:
            made.append(written("RDATE", at))
    return made


def _write_stamps(given: Json, old: Component | None) -> list[Property]:
    # RFC 5545 §3.8.7.1, §3.8.7.2, §3.8.7.3
    made = list[Property]()
    if given.get("updated") is not None:
        at = write_datetime(parse_utc(given["updated"], "updated"), utc=True)
        made = [Property("DTSTAMP", at), Property("LAST-MODIFIED", at)]
    if given.get("created") is not None:
        made.append(Property("CREATED", write_datetime(parse_utc(given["created"], "created"), utc=True)))
    return made


def _write_sequence(given: Json, old: Component | None) -> list[Property]:
    number = given.get("sequence")
    if number is None or number == 0:
        return []
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 2**31:
        raise BadCalendar("a sequence is a number", reason="value", field="sequence")
    return [Property("SEQUENCE", str(number))]


def _text_writer(name: str, field: str, most: int) -> Writer:
    def write(given: Json, old: Component | None) -> list[Property]:
        said = given.get(field)
        if said is None or said == "":
            return []
        if not isinstance(said, str) or len(said) > most:
            raise BadCalendar(f"{field} is a text of at most {most} characters", reason="value", field=field)
        return [Property(name, escape(said))]

    return write


def _word_writer(name: str, field: str, words: Mapping[str, str], default: str) -> Writer:
    def write(given: Json, old: Component | None) -> list[Property]:
        said = given.get(field)
        if said is None or said == default:
            return []
        if not isinstance(said, str) or (words and said not in words):
            raise BadCalendar(f"{field} is not known", reason="value", field=field)
        return [Property(name, words[said] if words else said.upper())]

    return write


def _number_writer(name: str, field: str, most: int) -> Writer:
    def write(given: Json, old: Component | None) -> list[Property]:
        said = given.get(field)
        if said is None or (said == 0 and name == "PRIORITY"):
            return []
        if not isinstance(said, int) or isinstance(said, bool) or not 0 <= said <= most:
            raise BadCalendar(f"{field} is a number up to {most}", reason="value", field=field)
        return [Property(name, str(said))]

    return write


def _write_completed(given: Json, old: Component | None) -> list[Property]:
    if given.get("progressUpdated") is None:
        return []
    return [Property("COMPLETED", write_datetime(parse_utc(given["progressUpdated"], "progressUpdated"), utc=True))]


def _write_estimate(given: Json, old: Component | None) -> list[Property]:
    said = text(given.get("estimatedDuration"))
    if said:
        length(said)
    return [Property("ESTIMATED-DURATION", said)] if said else []


def _write_keywords(given: Json, old: Component | None) -> list[Property]:
    words = truths(given.get("keywords"))
    return [Property("CATEGORIES", join_text(words))] if words else []


def _write_concepts(given: Json, old: Component | None) -> list[Property]:
    return [Property("CONCEPT", "".join(each.split())) for each in truths(given.get("categories")) if ":" in each]


def _write_related(given: Json, old: Component | None) -> list[Property]:
    made = list[Property]()
    for uid, relation in maps(given.get("relatedTo")):
        for kind in truths(relation.get("relation")) or [""]:
            made.append(Property("RELATED-TO", escape(uid), {"RELTYPE": [kind.upper()]} if kind else {}))
    return made


_WRITERS: dict[str, tuple[tuple[str, ...], Writer]] = {
    "times": (("DTSTART", "DTEND", "DUE", "DURATION"), _write_times),
    "recurrence": (("RRULE", "RDATE", "EXDATE"), _write_recurrence),
    "stamps": (("DTSTAMP", "LAST-MODIFIED", "CREATED"), _write_stamps),
    "sequence": (("SEQUENCE",), _write_sequence),
    "title": (("SUMMARY",), _text_writer("SUMMARY", "title", 10_000)),
    "description": (("DESCRIPTION",), _text_writer("DESCRIPTION", "description", 1_000_000)),
    "color": (("COLOR",), _text_writer("COLOR", "color", 100)),
    "locations": (("LOCATION", "GEO"), lambda given, old: places.write_locations(given)),
    "conferences": (("CONFERENCE",), lambda given, old: places.write_conferences(given)),
    "url": (("URL",), lambda given, old: places.write_links(given, "URL")),
    "attachments": (("ATTACH",), lambda given, old: places.write_links(given, "ATTACH")),
    "images": (("IMAGE",), lambda given, old: places.write_links(given, "IMAGE")),
    "links": (("LINK",), lambda given, old: places.write_links(given, "LINK")),
    "keywords": (("CATEGORIES",), _write_keywords),
    "categories": (("CONCEPT",), _write_concepts),
    "related": (("RELATED-TO",), _write_related),
    "privacy": (("CLASS",), _word_writer("CLASS", "privacy", backwards(PRIVACY), "public")),
    "busy": (("TRANSP",), _word_writer("TRANSP", "freeBusyStatus", backwards(FREE_BUSY), "busy")),
    "priority": (("PRIORITY",), _number_writer("PRIORITY", "priority", 9)),
    "status": (("STATUS",), lambda given, old: _write_status(given, old)),
    "percent": (("PERCENT-COMPLETE",), _number_writer("PERCENT-COMPLETE", "percentComplete", 100)),
    "completed": (("COMPLETED",), _write_completed),
    "estimate": (("ESTIMATED-DURATION",), _write_estimate),
    "people": (("ORGANIZER", "ATTENDEE"), people.to_properties),
}
_FAMILY = {name: family for family, (names, _) in _WRITERS.items() for name in names}
_write_event_status = _word_writer("STATUS", "status", {}, "confirmed")
_write_progress = _word_writer("STATUS", "progress", {}, "needs-action")


def _write_status(given: Json, old: Component | None) -> list[Property]:
    return (_write_progress if text(given.get("@type")) == "Task" else _write_event_status)(given, old)


def _from_jcal(given: Json) -> tuple[list[Property], list[Component]]:
    """What `iCalendar` brings (draft-ietf-calext-jscalendar-icalendar): properties and components that JSCalendar
    cannot say. Raises BadCalendar."""
    kept = given.get("iCalendar")
    if not isinstance(kept, dict):
        return [], []
    try:
        properties = [_property(each) for each in kept.get("properties", [])]
        inner = [_inner(each, 0) for each in kept.get("components", [])]
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise BadCalendar("iCalendar is not as jCal", reason="value", field="iCalendar") from error
    return [each for each in properties if each.name not in KNOWN], inner


def _property(given: list[Any]) -> Property:
    name, params, kind, *values = given
    said = {
        str(key).upper(): [str(each) for each in (value if isinstance(value, list) else [value])]
        for key, value in params.items()
    }
    raw = [str(value) for value in values]
    return Property(
        str(name).upper(), raw[0] if kind == "unknown" else ",".join(escape(each) for each in raw), said
    )


def _inner(given: list[Any], depth: int) -> Component:
    name, properties, inner = given
    if depth > 4 or str(name).upper() in ("VEVENT", "VTODO", "VCALENDAR", "VALARM"):
        raise ValueError(name)
    return Component(
        str(name).upper(), [_property(each) for each in properties], [_inner(each, depth + 1) for each in inner]
    )


def _keep_rest(given: Json, made: Series, before: Series | None) -> None:
    """JSPROP for what the components do not say of the object."""
    back = from_ical.event(made)
    target = made.first
    wanted = {
        name: each
        for name, each in given.items()
        if each is not None and name not in _NOT_KEPT and name != "recurrenceRules"
    }
    rest = {pointer: value for pointer, value in patch.difference(back, wanted).items() if _matters(pointer, value)}
    total = 0
    for pointer, value in rest.items():
        said = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        total += len(said)
        if total > MOST_BYTES:
            raise BadCalendar("there is too much that iCalendar cannot say", reason="many", field=pointer[:100])
        target.properties.append(Property("JSPROP", escape(said), {"JSPTR": [pointer]}))


def _matters(pointer: str, value: Any) -> bool:
    """Whether a difference is one of meaning: not what is gone, a type, or a default that is said."""
    name = pointer.rpartition("/")[2]
    return value is not None and name not in _NOT_KEPT and _DEFAULTS.get(name) != value
