"""A task that recurs stands for its next time. Completing it makes two of it: what was done, and the series that
goes on with the time after that. Some clients (Thunderbird) leave the series as it is and mark single times of it
as done; such a series is gone on with in their way, and stands for the first time that is not done."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from parvis.kernel import clock, ids
from parvis.tasks import content
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.jscalendar.words import Json, local, maps, parse_local, text
from parvis.wire.ical.moments import Moment, of_property
from parvis.wire.ical.recurrence import instances
from parvis.wire.ical.zones import MAX_MS, MIN_MS

_AHEAD_DAYS = (40, 400, 4_000, 40_000)
_DAY_MS = 86_400_000
_MOST = 200
_OF_PROGRESS = ("progress", "progressUpdated", "percentComplete", "workflowStatus")
_OF_SERIES = ("recurrenceRule", "recurrenceOverrides", "alerts")


@dataclass(frozen=True, slots=True)
class Following:
    """What becomes of a completed task: the series with its next time, and the task that was done."""

    series: bytes
    done: bytes | None
    """None where the series itself says what was done."""


def following(made: bytes, before: bytes) -> Following | None:
    """What a completed task becomes that was `before`; None when there is no next time."""
    series, old = content.read(made), content.read(before)
    if content.marked(old):
        now = content.first_open(old)
        if now is None or now.recurrence_id is None:
            return None
        ticked = _ticked(content.said(made), content.said(before), now.recurrence_id.local)
        return Following(content.made(ticked, made), None)
    anchor = _anchor(series)
    if anchor is None:
        return None
    at = _next(series, anchor)
    if at is None:
        return None
    task = content.said(made)
    return Following(content.made(_advanced(task, anchor.local, at), made), content.made(_done(task)))


def _anchor(series: Series) -> Moment | None:
    if series.master is None:
        return None
    start = of_property(series.master, "DTSTART", series.zones)
    return start or of_property(series.master, "DUE", series.zones)


def _next(series: Series, anchor: Moment) -> datetime | None:
    """The start of the next instance, as its rule has it."""
    begin = max(anchor.ms(), MIN_MS)
    for days in _AHEAD_DAYS:
        try:
            found = instances(series, begin, min(begin + days * _DAY_MS, MAX_MS), _MOST)
        except BadCalendar:
            return None
        starts = [
            each.recurrence_id.local
            for each in found
            if each.recurrence_id is not None and each.recurrence_id.local > anchor.local
        ]
        if starts:
            return min(starts)
    return None


def _ticked(task: Mapping[str, Any], before: Mapping[str, Any], at: datetime) -> Json:
    """The series with one more of its times done."""
    made = {name: value for name, value in copy.deepcopy(dict(task)).items() if name not in _OF_PROGRESS}
    overrides = dict(maps(made.get("recurrenceOverrides")))
    done = {"progress": "completed", "progressUpdated": clock.utc_date(clock.now_ms()), "percentComplete": 100}
    was = {
        key: {name: patch[name] for name in _OF_PROGRESS if name in patch}
        for key, patch in maps(before.get("recurrenceOverrides"))
    }
    for key, progress in {**was, local(at): done}.items():
        if progress:
            overrides[key] = overrides.get(key, {}) | progress
    return made | {"recurrenceOverrides": overrides}


def _advanced(task: Mapping[str, Any], before: datetime, at: datetime) -> Json:
    made = copy.deepcopy(dict(task))
    shift = at - before
    for name in ("start", "due"):
        if text(made.get(name)):
            made[name] = local(parse_local(made[name], name) + shift)
    for name in _OF_PROGRESS:
        made.pop(name, None)
    overrides = dict(maps(made.get("recurrenceOverrides")))
    passed = [key for key in overrides if parse_local(key, "recurrenceOverrides") < at]
    skipped = sum(overrides[key].get("excluded") is True for key in passed if _after(key, before))
    made["recurrenceOverrides"] = {key: value for key, value in overrides.items() if key not in passed}
    rule = made.get("recurrenceRule")
    if isinstance(rule, dict) and isinstance(rule.get("count"), int):
        made["recurrenceRule"] = rule | {"count": max(1, rule["count"] - 1 - skipped)}
    for _, checklist in maps(made.get("checklists")):
        items = checklist.get("checkItems")
        for item in items if isinstance(items, list) else []:
            if isinstance(item, dict):
                item["isComplete"] = False
    return made


def _after(key: str, before: datetime) -> bool:
    return parse_local(key, "recurrenceOverrides") > before


def _done(task: Mapping[str, Any]) -> Json:
    """What was done, by itself, with the series as what comes next."""
    made = {name: value for name, value in copy.deepcopy(dict(task)).items() if name not in _OF_SERIES}
    related = dict(maps(made.get("relatedTo")))
    related[task["uid"]] = {"@type": "Relation", "relation": {"next": True}}
    made.pop("organizerCalendarAddress", None)  # it is a record: nobody is asked for it again
    for _, each in maps(made.get("participants")):
        each["roles"] = {name: yes for name, yes in (each.get("roles") or {}).items() if name != "owner"}
    return made | {"uid": f"{ids.text(ids.new_id())}-{ids.token(9)}", "relatedTo": related}
