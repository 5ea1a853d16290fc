"""Ids of single instances, as CalendarEvent/query gives them when it expands recurrences, and what is done with
them. draft-ietf-jmap-calendars §5.7, §5.9, §5.11

The id of an instance is that of its event and the start by the rule: `abc…-20260105T100000`."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from parvis.calendar.draft import parsed
from parvis.calendar.events import Kept
from parvis.kernel import ids
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import invalid_properties
from parvis.serve.jmap.types import Object
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.jscalendar import patch
from parvis.wire.ical.jscalendar.to_ical import start_of
from parvis.wire.ical.jscalendar.words import parse_local
from parvis.wire.ical.recurrence import instances

_ID = re.compile(r"([a-z2-9]{13})-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)\Z")
_CHANGE = "parvis:instance:"
"""An inner name of a property: the change of one instance, on its way to the unit."""
_PATCHED = ("recurrenceRule", "recurrenceOverrides", "recurrenceRules", "excludedRecurrenceRules")


def text(event_id: int, key: str) -> str:
    """The id of an instance; `key` is its start by the rule as a LocalDateTime."""
    return f"{ids.text(event_id)}-{key.replace('-', '').replace(':', '')[:15]}"


def split(given: str) -> tuple[str, str] | None:
    """The id of the event and the start by the rule; None for an id of another kind."""
    found = _ID.match(given)
    if found is None:
        return None
    year, month, day, hour, minute, second = found.groups()[1:]
    return found[1], f"{year}-{month}-{day}T{hour}:{minute}:{second}"


def is_change(name: str) -> bool:
    """Whether a property is the change of an instance."""
    return name.startswith(_CHANGE)


def change_of(key: str) -> str:
    """The name of the property that changes an instance."""
    return f"{_CHANGE}{key}"


def there(series: Series, said: Mapping[str, Any], key: str) -> bool:
    """Whether an event has an instance that began so by the rule."""
    change = (said.get("recurrenceOverrides") or {}).get(key)
    if change is not None:
        return change.get("excluded") is not True
    start = start_of(dict(said))
    if start is None or not series.recurring:
        return False
    at = start.at(parse_local(key, "recurrenceId"))
    found = instances(series, at.ms(), at.ms() + 1, 20)
    return any(each.recurrence_id is not None and each.recurrence_id.local == at.local for each in found)


def alone(said: Mapping[str, Any], key: str) -> Object:
    """An instance as an object of its own, with its overrides resolved."""
    whole: Object = {name: value for name, value in said.items() if name not in _PATCHED}
    if "start" in whole:
        whole["start"] = key
    made = patch.applied(whole, (said.get("recurrenceOverrides") or {}).get(key) or {}, strict=False)
    made["recurrenceId"] = key
    if said.get("timeZone"):
        made["recurrenceIdTimeZone"] = said["timeZone"]
    return made


def with_change(said: Object, before: Series, name: str, change: Any) -> Object:
    """The event with one instance changed (by a patch of it), or taken out. Raises SetError."""
    key = name.removeprefix(_CHANGE)
    try:
        if not isinstance(change, dict) or not there(before, said, key):
            raise invalid_properties("id", why="there is no such instance")
        overrides = dict(said.get("recurrenceOverrides") or {})
        if change.get("excluded") is True:
            overrides[key] = {"excluded": True}
        else:
            plain = alone({**said, "recurrenceOverrides": None}, key)
            changed = patch.applied(alone(said, key), change)
            overrides[key] = patch.difference(plain, changed)
    except BadCalendar as error:
        raise invalid_properties(
            *([error.fields["field"]] if error.fields.get("field") else []), why=error.sentence
        ) from error
    return said | {"recurrenceOverrides": overrides}


def read(found: Kept, said: Object, key: str) -> Object | None:
    """An instance of an event that was read, with its id; None when there is none."""
    row, data = found
    try:
        if not there(parsed(row.etag, data), said, key):
            return None
    except BadCalendar:
        return None
    return alone(said, key) | {"id": text(row.id, key), "baseEventId": ids.text(row.id)}


def without_ids(call: Call, given: list[str]) -> tuple[list[str], dict[str, tuple[str, str]]]:
    """The ids of events that are wanted, those of instances apart."""
    apart = {each: parts for each in given if (parts := split(each)) is not None}
    plain = [each for each in given if each not in apart]
    return plain, apart


def into_events(arguments: Any) -> tuple[Any, dict[str, tuple[str, str]], dict[str, tuple[str, str]]]:
    """The arguments of a /set with changes of instances as changes of their events; and which ids were changed, and
    destroyed, in that way."""
    updates = dict(arguments.update or {})
    changed = {each: parts for each in updates if (parts := split(each)) is not None}
    gone = {each: parts for each in arguments.destroy or () if (parts := split(each)) is not None}
    if not changed and not gone:
        return arguments, {}, {}
    for each, (base, key) in changed.items():
        updates[base] = {**updates.get(base, {}), change_of(key): updates.pop(each)}
    for base, key in gone.values():
        updates[base] = {**updates.get(base, {}), change_of(key): {"excluded": True}}
    left = [each for each in arguments.destroy or () if each not in gone]
    return msgspec.structs.replace(arguments, update=updates, destroy=left), changed, gone


def told(answer: Object, changed: Mapping[str, tuple[str, str]], gone: Mapping[str, tuple[str, str]]) -> Object:
    """The answer of that /set with the ids that the client named."""
    updated, failed = dict(answer.get("updated") or {}), dict(answer.get("notUpdated") or {})
    destroyed, kept = list(answer.get("destroyed") or []), dict(answer.get("notDestroyed") or {})
    for each, (base, _) in changed.items():
        if base in failed:
            failed[each] = failed[base]
        else:
            updated[each] = updated.get(base)
    for each, (base, _) in gone.items():
        if base in failed:
            kept[each] = failed[base]
        else:
            destroyed.append(each)
    for base in {base for base, _ in [*changed.values(), *gone.values()]}:
        failed.pop(base, None)
        updated.pop(base, None)
    return answer | {
        "updated": updated or None,
        "notUpdated": failed or None,
        "destroyed": destroyed or None,
        "notDestroyed": kept or None,
    }
