"""A task's iCalendar object: read, made from JSCalendar, and what lists and queries look for in it. What nobody
changed keeps its bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from parvis.kernel import clock
from parvis.kernel.errors import Invalid
from parvis.kernel.languages import fold
from parvis.tasks.model import DEFAULT_ALERTS, DONE, LARGEST, MOST_COMMENTS, MOST_LABELS, MOST_PEOPLE, PROGRESS
from parvis.wire.contentlines import Component, Limits
from parvis.wire.ical import calendar, jscalendar, vtimezone
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.jscalendar import alerts as alarms
from parvis.wire.ical.jscalendar.words import Json, maps, parse_local, text, truths
from parvis.wire.ical.moments import of_property
from parvis.wire.ical.recurrence import Instance, bounds, instances
from parvis.wire.ical.whole import whole
from parvis.wire.ical.zones import MAX_MS, UTC, Iana, Zone, zone

_LONGEST_WORDS = 20_000
_DAY_MS = 86_400_000
_AHEAD_DAYS = (400, 4_000, 40_000)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is kept beside a task's iCalendar."""

    uid: str
    title: str
    progress: str
    wanted_status: str | None
    priority: int
    start_ms: int | None
    due_ms: int | None
    completed_ms: int | None
    first_ms: int
    last_ms: int | None
    parent_uid: str | None
    recurring: bool
    draft: bool
    floating: bool
    """Its times have no zone."""
    labels: tuple[str, ...]
    addresses: tuple[str, ...]
    """Of those who are to do it."""
    words: str


def read(content: bytes, limits: Limits = calendar.LIMITS) -> Series:
    """The task in a calendar object, checked. Raises BadContent, BadCalendar, and Invalid for what is no task."""
    found = calendar.resource(calendar.read(content, limits))
    if found.kind != "VTODO":
        raise Invalid("this is no task", field="kind")
    return found


def said(content: bytes) -> Json:
    """The JSCalendar object of a kept task."""
    return jscalendar.event(read(content))


def made(given: Mapping[str, Any], before: bytes | None = None) -> bytes:
    """The iCalendar object of a JSCalendar task. Of `before` all is kept that the task does not change. Raises
    BadCalendar with the `field` that is wrong, and Invalid for more than one task may have."""
    if given.get("recurrenceRule") and not (text(given.get("start")) or text(given.get("due"))):
        raise Invalid("what has no time does not recur", field="recurrenceRule")
    old = calendar.read(before) if before is not None else None
    series = jscalendar.series(dict(given), calendar.resource(old) if old is not None else None)
    whole = old if old is not None else calendar.new([])
    kept = [each for each in whole.components if each.name not in calendar.KINDS]
    named = {each.value("TZID") for each in kept if each.name == "VTIMEZONE"}
    missing = [each for each in _zones(series) if each.name not in named]
    year = clock.now().year
    kept += [vtimezone.component(each, min(year, _year(series, year)), None) for each in missing]
    content = calendar.write(Component("VCALENDAR", whole.properties, [*kept, *series.components]))
    if len(content) > LARGEST:
        raise Invalid(f"a task has at most {LARGEST} bytes")
    return content


def of(series: Series, before: bytes | None = None) -> bytes:
    """The iCalendar object of a series, with what stood around it `before`. Raises BadCalendar, and Invalid for
    more than one task may have."""
    calendar.check(series)
    content = calendar.write(whole(series, calendar.read(before) if before is not None else None))
    if len(content) > LARGEST:
        raise Invalid(f"a task has at most {LARGEST} bytes")
    return content


def _zones(series: Series) -> list[Iana]:
    found: dict[str, Iana] = {}
    for component in series.components:
        for each in component.properties:
            name = each.param("TZID")
            known = zone(name) if name else None
            if isinstance(known, Iana):
                found[name] = known
    return list(found.values())


def _year(series: Series, otherwise: int) -> int:
    start = of_property(series.first, "DTSTART", series.zones) or of_property(series.first, "DUE", series.zones)
    return max(1971, start.local.year) if start is not None else otherwise


def facts(content: bytes, floating: Zone = UTC) -> Facts:
    """What is looked for in a task; `floating` is the zone of times without one. Raises what `read` raises, and
    Invalid for too much."""
    series = read(content)
    task = jscalendar.event(series)
    first, last = bounds(series)
    labels = tuple(truths(task.get("keywords")))
    addresses = tuple(dict.fromkeys(_assignees(task)))
    comments = maps(task.get("comments"))
    for count, most, name in (
        (len(labels), MOST_LABELS, "keywords"),
        (len(addresses), MOST_PEOPLE, "participants"),
        (len(comments), MOST_COMMENTS, "comments"),
    ):
        if count > most:
            raise Invalid(f"at most {most}", field=name)
    progress = progress_of(task)
    start_ms, due_ms = moment(task, "start", floating), moment(task, "due", floating)
    if marked(series):
        open_ = first_open(series, floating)
        if open_ is None:
            progress = "completed" if progress not in DONE else progress
        else:
            start_ms = open_.start_ms if start_ms is not None else None
            due_ms = open_.end_ms if due_ms is not None else None
    return Facts(
        uid=series.uid,
        title=text(task.get("title"))[:1000],
        progress=progress,
        wanted_status=text(task.get("workflowStatus")) or None,
        priority=task.get("priority", 0),
        start_ms=start_ms,
        due_ms=due_ms,
        completed_ms=clock.parse_utc(task["progressUpdated"])
        if progress in DONE and text(task.get("progressUpdated"))
        else None,
        first_ms=first,
        last_ms=last,
        parent_uid=parent_of(task),
        recurring=series.recurring,
        draft=task.get("isDraft") is True,
        floating=not text(task.get("timeZone")) and bool(text(task.get("due")) or text(task.get("start"))),
        labels=tuple(dict.fromkeys(label[:255] for label in labels)),
        addresses=addresses,
        words=_words(task, labels, comments),
    )


def marked(series: Series) -> bool:
    """Whether single times of a series are marked as done, as some clients do it. RFC 5545 §3.8.4.4"""
    return series.recurring and any(_is_over(each) for each in series.overrides)


def first_open(series: Series, floating: Zone = UTC) -> Instance | None:
    """The first time of a series that is not done; None when all are."""
    begin, most = bounds(series)[0] - _DAY_MS, len(series.overrides) + 10
    for days in _AHEAD_DAYS:
        try:
            found = instances(series, begin, min(begin + days * _DAY_MS, MAX_MS), most, floating)
        except BadCalendar:
            return None
        if (first := next((each for each in found if not _is_over(each.component)), None)) is not None:
            return first
    return None


def _is_over(component: Component) -> bool:
    return component.value("STATUS").strip().upper() in ("COMPLETED", "CANCELLED")


def progress_of(task: Mapping[str, Any]) -> str:
    """RFC 8984 §5.2.5"""
    given = text(task.get("progress"))
    return given if given in PROGRESS else "needs-action"


def moment(task: Mapping[str, Any], name: str, floating: Zone = UTC) -> int | None:
    """When a local time of a task is, in ms."""
    given = text(task.get(name))
    if not given:
        return None
    own = zone(text(task.get("timeZone"))) if text(task.get("timeZone")) else None
    return (own or floating).to_ms(parse_local(given, name))


def local_of(task: Mapping[str, Any], name: str) -> datetime | None:
    """A local time of a task."""
    return parse_local(text(task.get(name)), name) if text(task.get(name)) else None


def parent_of(task: Mapping[str, Any]) -> str | None:
    """The uid of the task that this one is a part of; in iCalendar a relation that says nothing is PARENT."""
    for uid, relation in maps(task.get("relatedTo")):
        if not truths(relation.get("relation")) or "parent" in truths(relation.get("relation")):
            return uid[:1000]
    return None


def _assignees(task: Mapping[str, Any]) -> list[str]:
    return [
        address_of(each)
        for _, each in maps(task.get("participants"))
        if {"attendee", "assignee"} & set(truths(each.get("roles"))) and address_of(each)
    ]


def address_of(participant: Mapping[str, Any]) -> str:
    """The e-mail address of a participant, in lower case; empty when there is none."""
    given = text(participant.get("calendarAddress")) or text(participant.get("email"))
    return given.strip().lower().removeprefix("mailto:")[:320]


def _words(task: Mapping[str, Any], labels: tuple[str, ...], comments: list[tuple[str, Json]]) -> str:
    parts = [text(task.get("title")), text(task.get("description")), *labels]
    parts += [text(each.get("message")) for _, each in comments]
    for _, each in maps(task.get("checklists")):
        items = each.get("checkItems")
        parts += (
            [text(item.get("title")) for item in items if isinstance(item, dict)] if isinstance(items, list) else []
        )
    return fold(" ".join(part for part in parts if part))[:_LONGEST_WORDS]


def ringing(series: Series, alerts: Mapping[str, Any] | None) -> Series:
    """The same series with the alerts of one person in place of those it has; None leaves those. What is done does
    not ring."""
    new = alarms.to_components(dict(alerts), None, "") if alerts is not None else None

    def rung(given: Component, *, single: bool = False) -> Component:
        others = [inner for inner in given.components if inner.name != "VALARM"]
        if single and _is_over(given):
            return Component(given.name, given.properties, others)
        return given if new is None else Component(given.name, given.properties, [*others, *new])

    master = rung(series.master) if series.master is not None else None
    return Series(
        series.kind, series.uid, master, [rung(each, single=True) for each in series.overrides], series.zones
    )


def by_default(content: bytes) -> bool:
    """Whether a task has the default alerts of its list."""
    return b"useDefaultAlerts" in content and alarms.by_default(read(content).first)


def usual(content: bytes, defaults: Mapping[str, Any]) -> Mapping[str, Any]:
    """Which of somebody's default alerts a task has: those for days, or those for times."""
    given = read(content).first
    start = given.first("DUE") or given.first("DTSTART")
    days = start is not None and (start.param("VALUE").upper() == "DATE" or len(start.value.strip()) == 8)
    found: Mapping[str, Any] = defaults.get(DEFAULT_ALERTS[1] if days else DEFAULT_ALERTS[0]) or {}
    return found


def with_alerts_of(content: bytes, other: bytes) -> bytes:
    """A calendar object with the alarms of another one, component by component: what a person puts who has alerts
    of their own."""
    whole, source = calendar.read(content), calendar.read(other)
    kept = {_place(each): each for each in source.components if each.name == "VTODO"}
    for each in whole.components:
        if each.name == "VTODO":
            before = kept.get(_place(each))
            alarms_before = [inner for inner in before.components if inner.name == "VALARM"] if before else []
            each.components = [inner for inner in each.components if inner.name != "VALARM"] + alarms_before
    return calendar.write(whole)


def _place(component: Component) -> str:
    return component.value("RECURRENCE-ID")


def personal(content: bytes, alerts: Mapping[str, Any] | None) -> bytes:
    """A calendar object as somebody sees it who does not own the account: with their own alerts."""
    whole = calendar.read(content)
    new = alarms.to_components(dict(alerts), None, "") if alerts else []
    for each in whole.components:
        if each.name == "VTODO":
            each.components = [inner for inner in each.components if inner.name != "VALARM"] + new
    return calendar.write(whole)
