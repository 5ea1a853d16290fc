"""Alerts of JSCalendar (RFC 8984 §4.5.2) from and to VALARM."""

from typing import Any

from parvis.wire.contentlines import Component, Property
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.jscalendar.people import when_utc
from parvis.wire.ical.jscalendar.words import Json, duration, key_of, length, maps, parse_utc, text, utc
from parvis.wire.ical.moments import Zones, moment
from parvis.wire.ical.values import parse_duration, write_datetime

MOST = 50
_SAID = frozenset({"UID", "TRIGGER", "ACTION", "ACKNOWLEDGED", "RELATED-TO"})


def from_component(component: Component, zones: Zones) -> dict[str, Json]:
    """`alerts` of a component; alarms that cannot be read are left in iCalendar."""
    found = dict[str, Json]()
    for alarm in [each for each in component.components if each.name == "VALARM"][:MOST]:
        try:
            found[key(alarm)] = _alert(alarm, zones)
        except BadCalendar:
            continue
    return found


def by_default(component: Component) -> bool:
    """Whether a component has the default alerts of its calendar or list. RFC 8984 §4.5.1"""
    said = (each for each in component.every("JSPROP") if each.param("JSPTR") == "useDefaultAlerts")
    return any(each.value.strip() == "true" for each in said)


def check_defaults(given: Any) -> None:
    """Raises BadCalendar for what cannot be default alerts: those are relative. draft-ietf-jmap-calendars §4"""
    to_components(given, None, "")
    if any("when" in (each.get("trigger") or {}) for each in (given or {}).values()):
        raise BadCalendar("a default alert is relative", reason="value")


def key(alarm: Component) -> str:
    """The key of an alarm: its UID, else made of when and how it rings."""
    own = alarm.value("UID")
    return (
        own
        if own and len(own) < 200 and "/" not in own
        else key_of(alarm.value("TRIGGER"), alarm.value("ACTION"), own)
    )


def _alert(alarm: Component, zones: Zones) -> Json:
    trigger = alarm.first("TRIGGER")
    if trigger is None:
        raise BadCalendar("an alarm has no TRIGGER", field="TRIGGER")
    said: Json = {"@type": "Alert", "trigger": _trigger(trigger, zones)}
    if alarm.value("ACTION").upper() == "EMAIL":
        said["action"] = "email"
    if (given := alarm.first("ACKNOWLEDGED")) is not None and (at := when_utc(given.value)) is not None:
        said["acknowledged"] = at
    related = {
        each.value: {"@type": "Relation", "relation": {_relation(each): True}} for each in alarm.every("RELATED-TO")
    }
    return said | ({"relatedTo": related} if related else {})


def _relation(given: Property) -> str:
    return (given.param("RELTYPE") or "PARENT").lower()


def _trigger(given: Property, zones: Zones) -> Json:
    if given.param("VALUE").upper() == "DATE-TIME" or given.value[:1].isdigit():
        return {"@type": "AbsoluteTrigger", "when": utc(moment(given, zones).ms())}
    said: Json = {"@type": "OffsetTrigger", "offset": duration(parse_duration(given.value))}
    return said | ({"relativeTo": "end"} if given.param("RELATED").upper() == "END" else {})


def to_components(given: object, before: Component | None, title: str) -> list[Component]:
    """VALARMs of `alerts`; an alarm that says the same as one that was there is that one. Raises BadCalendar."""
    alerts = maps(given)
    if len(alerts) > MOST:
        raise BadCalendar(f"there are more than {MOST} alerts", reason="many", field="alerts")
    old = {key(each): each for each in before.components if each.name == "VALARM"} if before is not None else {}
    return [_alarm(name, each, old.get(name), title) for name, each in alerts]


def _alarm(name: str, given: Json, old: Component | None, title: str) -> Component:
    if old is not None and _same(given, old):
        return old
    trigger = given.get("trigger")
    if not isinstance(trigger, dict):
        raise BadCalendar("an alert needs a trigger", reason="value", field=f"alerts/{name}/trigger")
    action = "EMAIL" if given.get("action") == "email" else "DISPLAY"
    said = [Property("UID", name), _written(trigger, name), Property("ACTION", action)]
    if given.get("acknowledged"):
        at = parse_utc(given["acknowledged"], f"alerts/{name}/acknowledged")
        said.append(Property("ACKNOWLEDGED", write_datetime(at, utc=True)))
    for uid, relation in maps(given.get("relatedTo")):
        kinds = relation.get("relation") or {"parent": True}
        said.append(Property("RELATED-TO", uid, {"RELTYPE": [str(next(iter(kinds), "parent")).upper()]}))
    kept = [each for each in old.properties if each.name not in _SAID] if old is not None else []
    names = {each.name for each in kept}
    for missing in ("DESCRIPTION", "SUMMARY") if action == "EMAIL" else ("DESCRIPTION",):
        if missing not in names:
            kept.append(
                Property(missing, title.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,") or ".")
            )
    return Component("VALARM", [*said, *kept], old.components if old is not None else [])


def _same(given: Json, old: Component) -> bool:
    try:
        return _alert(old, Zones()) == {
            name: value for name, value in given.items() if (name, value) != ("action", "display")
        }
    except BadCalendar:
        return False


def _written(trigger: Json, name: str) -> Property:
    where = f"alerts/{name}/trigger"
    if trigger.get("when") is not None:
        return Property(
            "TRIGGER", write_datetime(parse_utc(trigger["when"], where), utc=True), {"VALUE": ["DATE-TIME"]}
        )
    offset = text(trigger.get("offset"))
    length(offset)
    return Property("TRIGGER", offset, {"RELATED": ["END"]} if trigger.get("relativeTo") == "end" else {})
