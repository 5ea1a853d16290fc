"""CalendarEvent/query: by the index of time and the index of words; only what recurs or floats is looked into.
draft-ietf-jmap-calendars §5.10, §5.11"""

import asyncio
from collections.abc import Sequence
from typing import Any

from parvis.access.gate import VISIBLE, visible
from parvis.calendar import draft, events
from parvis.calendar.draft import FIELDS, parsed
from parvis.calendar.jmap import instance
from parvis.calendar.model import MOST_EXPANDED, MOST_EXPANDED_DAYS, EventCondition
from parvis.kernel import clock, ids
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.filters import compiled
from parvis.serve.jmap.kind import Comparator, Query, QueryArguments, QueryChangesArguments
from parvis.serve.jmap.types import Object
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.expand import Budget
from parvis.wire.ical.jscalendar.from_ical import in_iana
from parvis.wire.ical.jscalendar.words import local, parse_local
from parvis.wire.ical.recurrence import Instance, instances
from parvis.wire.ical.span import Span
from parvis.wire.ical.zones import MAX_MS, MIN_MS, Zone, zone

SORTS = frozenset({"start", "uid", "recurrenceId", "created", "updated"})
_COLUMNS = {
    "start": "e.start_ms",
    "uid": "e.uid",
    "recurrenceId": "e.id",
    "created": "e.created_ms",
    "updated": "e.modified_ms",
}
_PAGE = 200
_TEXTS = ("text", "title", "description", "location", "owner", "attendee")
_LAST = "\U0010ffff"
_STEPS = 400_000
"""Of all rules that one query looks into."""
Sql = tuple[str, list[Any]]


class EventQueryArguments(QueryArguments):
    """draft-ietf-jmap-calendars §5.10"""

    expand_recurrences: bool = False
    time_zone: str = "Etc/UTC"


class EventQueryChangesArguments(QueryChangesArguments):
    """The same for /queryChanges."""

    expand_recurrences: bool = False
    time_zone: str = "Etc/UTC"


def place(call: Call) -> Zone:
    """The zone of `after` and `before`. Raises MethodError."""
    found = zone(call.arguments.time_zone)
    if found is None:
        raise MethodError("invalidArguments", "this time zone is not known", arguments=["timeZone"])
    return found


async def query(call: Call, question: Query) -> Sequence[int]:
    """All ids of the result, in order."""
    floating = place(call)
    spans = dict[int, Span]()
    where, parameters = compiled(question.filter, lambda condition: _condition(call, condition, floating, spans))
    order = ", ".join(
        f"{_COLUMNS[each.property]} {'ASC' if each.is_ascending else 'DESC'}" for each in question.sort
    )
    rows = await call.context.store.db.scan(
        f"""SELECT e.id, e.exact FROM calendar_event e WHERE e.account_id = ? AND {_SEEN} AND {where}
        ORDER BY {order + ", " if order else ""}e.id""",
        call.account_id,
        *visible(call.principal),
        call.principal.id,
        *parameters,
    )
    found = [row[0] for row in rows]
    if isinstance(question.filter, EventCondition) and spans:
        doubtful = [row[0] for row in rows if not row[1]]
        gone = await _outside(call, doubtful, next(iter(spans.values())), floating)
        found = [number for number in found if number not in gone]
    return found


_SEEN = f"e.calendar_id IN {VISIBLE} AND (e.privacy < {events.SECRET} OR e.account_id = ?)"


async def _outside(call: Call, numbers: Sequence[int], span: Span, floating: Zone) -> set[int]:
    """Those of these events that have no instance in a window."""
    gone, budget = set[int](), Budget(_STEPS)
    for start in range(0, len(numbers), _PAGE):
        page = await events.by_ids(call.db, call.account_id, numbers[start : start + _PAGE])
        gone |= await asyncio.to_thread(_without_instance, page, span, floating, budget)
    return gone


def _without_instance(page: Sequence[events.Kept], span: Span, floating: Zone, budget: Budget) -> set[int]:
    gone = set[int]()
    for row, data in page:
        try:
            found = instances(parsed(row.etag, data), span.start_ms, span.end_ms, 1, floating, _share(budget))
        except BadCalendar:
            continue
        if not found:
            gone.add(row.id)
    return gone


def _share(budget: Budget) -> Budget:
    """What one event may cost of what is left."""
    part = Budget(max(500, min(20_000, budget.left)))
    budget.take(200)
    return part


def _condition(call: Call, asked: EventCondition, floating: Zone, spans: dict[int, Span]) -> Sql:
    found: list[Sql] = []
    if asked.in_calendar is not None:
        found.append(("e.calendar_id = ?", [call.number(asked.in_calendar) or 0]))
    if asked.uid is not None:
        found.append(("e.uid = ?", [asked.uid]))
    if asked.after is not None or asked.before is not None:
        span = span_of(asked, floating)
        spans[id(asked)] = span
        found.append(("e.last_ms >= ? AND e.first_ms <= ?", [span.start_ms, span.end_ms]))
        # what is exact is compared as the protocol says: it ends after, and begins before
        found.append(
            (
                "(e.exact = 0 OR ((e.last_ms > ? OR e.first_ms = ?) AND e.first_ms < ?))",
                [span.start_ms, span.start_ms, span.end_ms],
            )
        )
    if any(getattr(asked, name) is not None for name in _TEXTS):
        found.append(("e.privacy = 0 OR e.account_id = ?", [call.principal.id]))
    for name in ("title", "description", "location", "owner", "attendee"):
        if (text := getattr(asked, name)) is not None:
            found.append(_words(call.account_id, (name,), text))
    if asked.text is not None:
        found.append(_words(call.account_id, FIELDS, asked.text))
    if not found:
        return "1 = 1", []
    return " AND ".join(f"({sql})" for sql, _ in found), [value for _, values in found for value in values]


def span_of(asked: EventCondition, floating: Zone) -> Span:
    """The window of `after` and `before`. Raises MethodError."""
    try:
        start = floating.to_ms(parse_local(asked.after, "after")) if asked.after is not None else MIN_MS
        end = floating.to_ms(parse_local(asked.before, "before")) if asked.before is not None else MAX_MS
    except BadCalendar as error:
        raise MethodError("invalidArguments", f"filter: {error.sentence}") from error
    return Span(start, end)


def _words(account_id: int, fields: Sequence[str], text: str) -> Sql:
    """Events with all words of a text in some fields: each begins a word there."""
    listed = "(" + ", ".join(f"'{field}'" for field in fields) + ")"
    found = [
        (
            f"""e.id IN (SELECT w.event_id FROM calendar_word w WHERE w.account_id = ? AND w.field IN {listed}
            AND w.word >= ? AND w.word < ?)""",
            [account_id, word, word + _LAST],
        )
        for word in draft.split(text)[:20]
    ]
    if not found:
        return ("1 = 1" if not text.strip() else "1 = 0"), []
    return " AND ".join(sql for sql, _ in found), [value for _, values in found for value in values]


def check_sort(sort: Comparator) -> None:
    """Collations are not kept."""
    if sort.more:
        raise MethodError("unsupportedSort", "a comparator has no further properties")


async def expanded(call: Call, question: Query) -> Object:
    """The answer of a query with expandRecurrences: an id for each instance."""
    asked = question.filter
    if not isinstance(asked, EventCondition) or asked.after is None or asked.before is None:
        raise MethodError("invalidArguments", "to expand, the filter is one condition with after and before")
    floating = place(call)
    span = span_of(asked, floating)
    if span.end_ms - span.start_ms > MOST_EXPANDED_DAYS * 86_400_000:
        raise MethodError("expandDurationTooLarge", f"at most {MOST_EXPANDED_DAYS} days")
    numbers = await query(call, question)
    found = list[tuple[Instance, int, str]]()
    budget = Budget(_STEPS)
    for start in range(0, len(numbers), _PAGE):
        page = await events.by_ids(call.db, call.account_id, numbers[start : start + _PAGE])
        found += await asyncio.to_thread(_instances, page, span, floating, budget)
        if len(found) > MOST_EXPANDED:
            raise MethodError("cannotCalculateOccurrences", f"more than {MOST_EXPANDED} instances")
    given = _ordered(found, question.sort)
    return _answer(call, given)


def _instances(
    page: Sequence[events.Kept], span: Span, floating: Zone, budget: Budget
) -> list[tuple[Instance, int, str]]:
    found = list[tuple[Instance, int, str]]()
    for row, data in page:
        try:
            each = instances(parsed(row.etag, data), span.start_ms, span.end_ms, 1_000, floating, _share(budget))
        except BadCalendar:
            continue
        found += [(one, row.id, row.uid) for one in each]
    return found


def _ordered(found: list[tuple[Instance, int, str]], sort: Sequence[Comparator]) -> list[str]:
    def key(each: tuple[Instance, int, str], by: str) -> Any:
        one, number, uid = each
        return {
            "start": one.start_ms,
            "uid": uid,
            "recurrenceId": one.recurrence_id.ms() if one.recurrence_id else 0,
        }.get(by, number)

    found.sort(key=lambda each: (each[0].start_ms, each[1]))
    for comparator in reversed(sort):
        found.sort(key=lambda each: key(each, comparator.property), reverse=not comparator.is_ascending)
    return [_id(one, number) for one, number, _ in found]


def _id(one: Instance, number: int) -> str:
    if one.recurrence_id is None:
        return ids.text(number)
    return instance.text(number, local(in_iana(one.recurrence_id).local))


def _answer(call: Call, given: list[str]) -> Object:
    arguments = call.arguments
    position = arguments.position if arguments.position >= 0 else max(0, len(given) + arguments.position)
    if arguments.anchor is not None:
        if arguments.anchor not in given:
            raise MethodError("anchorNotFound", "no such id in the result")
        position = max(0, given.index(arguments.anchor) + arguments.anchor_offset)
    end = None if arguments.limit is None else position + arguments.limit
    answer: Object = {
        "accountId": ids.text(call.account_id),
        "queryState": clock.utc_date(clock.now_ms()),
        "canCalculateChanges": False,
        "position": position,
        "ids": given[position:end],
    }
    return answer | ({"total": len(given)} if arguments.calculate_total else {})
