"""Task/query: filters and orders as SQL, so that only the wanted part of a long list is read."""

from collections.abc import Callable, Sequence
from typing import Any

from parvis.access.gate import VISIBLE, visible
from parvis.kernel import clock, ids
from parvis.kernel.languages import fold
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import Comparator, Filter, Operator, Page, Query, Window
from parvis.serve.jmap.querying import cut
from parvis.tasks.model import DONE, TaskCondition

Clause = tuple[str, list[Any]]
_NEVER = 1 << 62
_ORDERS = {
    "due": f"COALESCE(t.due_ms, {_NEVER})",
    "start": f"COALESCE(t.start_ms, {_NEVER})",
    "created": "t.created_ms",
    "updated": "t.updated_ms",
    "title": "t.title",
    "priority": "CASE WHEN t.priority = 0 THEN 10 ELSE t.priority END",
    "position": "t.place",
    "progress": "t.progress",
    "workflowStatus": "t.status",
}
SORTS = frozenset(_ORDERS)
_MOST_WORDS = 20


async def query(call: Call, question: Query) -> Sequence[int]:
    """All ids of the result in order."""
    where, arguments = _where(call, question)
    rows = await call.context.store.db.scan(
        f"SELECT t.id FROM task t WHERE {where} ORDER BY {_order(question)}", *arguments
    )
    return [number for (number,) in rows]


async def page(call: Call, question: Query, window: Window) -> Page:
    """A part of the result; one that is counted from an id, or from the end, takes the whole."""
    if window.anchor is not None or window.position < 0:
        return cut(await query(call, question), window)
    where, arguments = _where(call, question)
    limit = window.limit if window.limit is not None else call.context.settings.limits.objects_in_get * 10
    rows = await call.context.store.db.scan(
        f"SELECT t.id FROM task t WHERE {where} ORDER BY {_order(question)} LIMIT ? OFFSET ?",
        *arguments,
        limit,
        window.position,
    )
    total = None
    if window.total:
        counted = await call.context.store.db.scan(f"SELECT COUNT(*) FROM task t WHERE {where}", *arguments)
        total = int(counted[0][0])
    return Page([number for (number,) in rows], window.position, total)


def _where(call: Call, question: Query) -> Clause:
    clause, arguments = _clause(call, question.filter)
    return f"t.account_id = ? AND t.list_id IN {VISIBLE} AND {clause}", [
        call.account_id,
        *visible(call.principal),
        *arguments,
    ]


def _order(question: Query) -> str:
    parts = [f"{_ORDERS[by.property]} {'ASC' if by.is_ascending else 'DESC'}" for by in question.sort]
    return ", ".join([*parts, "t.id"])


def check_sort(by: Comparator) -> None:
    """Raises MethodError unsupportedSort for a collation, which no order here has."""
    if by.collation is not None or by.more:
        raise MethodError("unsupportedSort", "tasks are not ordered by a collation")


def _clause(call: Call, given: Filter | None) -> Clause:
    if given is None:
        return "1 = 1", []
    if isinstance(given, Operator):
        inner = [_clause(call, each) for each in given.conditions]
        joined = (" AND " if given.operator == "AND" else " OR ").join(f"({clause})" for clause, _ in inner)
        arguments = [argument for _, more in inner for argument in more]
        if not inner:
            return ("1 = 0", []) if given.operator == "OR" else ("1 = 1", [])
        return (f"NOT ({joined})" if given.operator == "NOT" else joined), arguments
    assert isinstance(given, TaskCondition)
    found = [_CONDITIONS[name](call, value) for name, value in _said(given)]
    if not found:
        return "1 = 1", []
    return " AND ".join(f"({clause})" for clause, _ in found), [each for _, more in found for each in more]


def _said(given: TaskCondition) -> list[tuple[str, Any]]:
    return [(name, value) for name in _CONDITIONS if (value := getattr(given, name)) is not None]


def _number(call: Call, given: str) -> int:
    return call.number(given) or 0


def _text(_: Call, given: str) -> Clause:
    words = fold(given).split()[:_MOST_WORDS]
    return " AND ".join(["t.words LIKE ? ESCAPE '!'"] * len(words)) or "1 = 1", [_like(word) for word in words]


def _like(word: str) -> str:
    escaped = word.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"


def _title(_: Call, given: str) -> Clause:
    return "LOWER(t.title) LIKE ? ESCAPE '!'", [_like(given.lower())]


def _done(_: Call, given: bool) -> Clause:
    marks = ", ".join("?" * len(DONE))
    return f"t.progress {'' if given else 'NOT '}IN ({marks})", sorted(DONE)


def _parent(call: Call, given: str) -> Clause:
    return (
        "t.parent_uid = (SELECT p.uid FROM task p WHERE p.id = ? AND p.account_id = t.account_id)",
        [_number(call, given)],
    )


def _assignee(call: Call, given: str) -> Clause:
    return "t.id IN (SELECT task_id FROM task_person WHERE principal_id = ?)", [_number(call, given)]


def _at(column: str, sign: str) -> Callable[[Call, str], Clause]:
    return lambda _, given: (f"t.{column} {sign} ?", [clock.parse_utc(given)])


def _is(column: str) -> Callable[[Call, str], Clause]:
    return lambda _, given: (f"t.{column} = ?", [given])


def _has(column: str) -> Callable[[Call, bool], Clause]:
    return lambda _, given: (f"t.{column} IS {'NOT ' if given else ''}NULL", [])


_CONDITIONS: dict[str, Callable[[Call, Any], Clause]] = {
    "in_task_list": lambda call, given: ("t.list_id = ?", [_number(call, given)]),
    "uid": _is("uid"),
    "text": _text,
    "title": _title,
    "progress": _is("progress"),
    "is_done": _done,
    "workflow_status": _is("status"),
    "keyword": lambda _, given: ("t.id IN (SELECT task_id FROM task_label WHERE label = ?)", [given]),
    "assignee": _assignee,
    "parent_id": _parent,
    "has_parent": _has("parent_uid"),
    "due_after": _at("due_ms", ">="),
    "due_before": _at("due_ms", "<"),
    "has_due": _has("due_ms"),
    "updated_after": _at("updated_ms", ">="),
    "updated_before": _at("updated_ms", "<"),
}


async def mine(call: Call, *, done: bool, limit: int, position: int) -> list[tuple[int, int]]:
    """One's own tasks of all lists, by when they are due: those one is to do, and those in one's own lists that
    nobody is said to do; account and id of each."""
    marks = ", ".join("?" * len(DONE))
    unfinished = f"AND t.progress NOT IN ({marks})" if not done else ""
    rows = await call.context.store.db.scan(
        f"""SELECT t.account_id, t.id FROM task t WHERE t.list_id IN {VISIBLE} {unfinished} AND (
        t.id IN (SELECT task_id FROM task_person WHERE principal_id = ?) OR (t.account_id = ?
        AND NOT EXISTS (SELECT 1 FROM task_person p WHERE p.task_id = t.id)))
        ORDER BY {_ORDERS["due"]}, {_ORDERS["priority"]}, t.id LIMIT ? OFFSET ?""",
        *visible(call.principal),
        *(sorted(DONE) if not done else []),
        call.principal.id,
        call.principal.id,
        limit,
        position,
    )
    return [(account, number) for account, number in rows]


def found(rows: Sequence[tuple[int, int]]) -> list[dict[str, str]]:
    """Accounts and ids as a client reads them."""
    return [{"accountId": ids.text(account), "id": ids.text(number)} for account, number in rows]
