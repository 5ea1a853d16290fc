"""FileNode/query: the filter and the order as SQL, so that only the wanted part of a large tree is read.
draft-ietf-jmap-filenode §3.2.5"""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from parvis.access.gate import VISIBLE, visible
from parvis.files.model import DEPTH, KIND
from parvis.kernel import clock
from parvis.kernel.languages import fold
from parvis.search.request import SearchRequest
from parvis.search.service import Search
from parvis.serve.jmap.blobs import digest_of
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.filters import compiled
from parvis.serve.jmap.kind import (
    Comparator,
    Filter,
    Operator,
    Page,
    Query,
    QueryArguments,
    QueryChangesArguments,
    Window,
)
from parvis.serve.jmap.querying import cut
from parvis.serve.jmap.types import UnsignedInt, UTCDate
from parvis.store.sql.contract import marks

SORTS = frozenset(
    {"name", "type", "size", "created", "modified", "accessed", "changed", "nodeType", "tree", "opened", "trashed"}
)
_MOST_FOUND = 1000
"""Nodes whose content holds what is looked for; the best ones."""
_GLOB_CHARACTERS = 500


class FileNodeQueryArguments(QueryArguments):
    """draft-ietf-jmap-filenode §3.2.5"""

    depth: UnsignedInt | None = None


class FileNodeQueryChangesArguments(QueryChangesArguments):
    """The same for changes."""

    depth: UnsignedInt | None = None


class FileNodeCondition(msgspec.Struct, kw_only=True, rename="camel"):
    """draft-ietf-jmap-filenode §3.2.5; the last three are Parvis's own."""

    is_top_level: bool | UnsetType = UNSET
    parent_id: str | UnsetType | None = UNSET
    ancestor_id: str | UnsetType = UNSET
    descendant_id: str | UnsetType = UNSET
    node_type: str | UnsetType = UNSET
    role: str | UnsetType = UNSET
    has_any_role: bool | UnsetType = UNSET
    blob_id: str | UnsetType = UNSET
    is_executable: bool | UnsetType = UNSET
    created_before: UTCDate | UnsetType = UNSET
    created_after: UTCDate | UnsetType = UNSET
    modified_before: UTCDate | UnsetType = UNSET
    modified_after: UTCDate | UnsetType = UNSET
    accessed_before: UTCDate | UnsetType = UNSET
    accessed_after: UTCDate | UnsetType = UNSET
    min_size: UnsignedInt | UnsetType = UNSET
    max_size: UnsignedInt | UnsetType = UNSET
    name: str | UnsetType = UNSET
    name_match: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    type_match: str | UnsetType = UNSET
    body: str | UnsetType = UNSET
    text: str | UnsetType = UNSET
    is_favourite: bool | UnsetType = UNSET
    is_opened: bool | UnsetType = UNSET
    has_tag: str | UnsetType = UNSET


_MOMENTS = {
    "created_before": "n.created_ms <",
    "created_after": "n.created_ms >=",
    "modified_before": "n.modified_ms <",
    "modified_after": "n.modified_ms >=",
    "accessed_before": "n.accessed_ms <",
    "accessed_after": "n.accessed_ms >=",
}
_PLAIN = {"name": "n.name = ?", "type": "n.media_type = ?", "role": "n.role = ?"}
_BELOW = """(WITH RECURSIVE below(id, deep) AS (SELECT id, 1 FROM file_node WHERE account_id = ? AND {start}
    UNION ALL SELECT f.id, below.deep + 1 FROM file_node f JOIN below ON f.parent_id = below.id
    WHERE below.deep <= ?) SELECT id FROM below)"""
_ABOVE = """(WITH RECURSIVE above(id, parent_id) AS (SELECT id, parent_id FROM file_node WHERE id = ? UNION ALL
    SELECT f.id, f.parent_id FROM file_node f JOIN above ON f.id = above.parent_id)
    SELECT id FROM above WHERE id <> ?)"""
_PATH = """WITH RECURSIVE path(id, line) AS (
    SELECT r.id, r.sort_name || '/' FROM file_node r WHERE r.account_id = ? AND r.parent_id = 0 UNION ALL
    SELECT f.id, path.line || f.sort_name || '/' FROM file_node f JOIN path ON f.parent_id = path.id)"""
Sql = tuple[str, list[Any]]


async def query(call: Call, asked: Query) -> Sequence[int]:
    """All ids of the result in order."""
    return [row[0] for row in await _rows(call, asked, None, 0)]


async def page(call: Call, asked: Query, window: Window) -> Page:
    """A part of the result. Only an anchor, a place from the end or a total needs all of it."""
    if window.anchor is not None or window.position < 0 or window.total or window.limit is None:
        return cut(await query(call, asked), window)
    rows = await _rows(call, asked, window.limit, window.position)
    return Page([row[0] for row in rows], window.position)


async def _rows(call: Call, asked: Query, limit: int | None, start: int) -> list[Any]:
    condition, values = await _condition(call, asked)
    order, order_values, joins, join_values, before, before_values = _order(call, asked.sort)
    part = "" if limit is None else "LIMIT ? OFFSET ?"
    sql = f"""{before} SELECT n.id FROM file_node n {joins} WHERE n.account_id = ? AND n.scope_id IN {VISIBLE}
        AND {condition} ORDER BY {order} {part}"""
    return await call.context.store.db.scan(
        sql,
        *before_values,
        *join_values,
        call.account_id,
        *visible(call.principal),
        *values,
        *order_values,
        *(() if limit is None else (limit, start)),
    )


async def _condition(call: Call, asked: Query) -> Sql:
    found = {text: await _found(call, text) for text in _texts(asked.filter)}
    hidden = await _tops(call)
    depth = getattr(asked.arguments, "depth", None) or 0
    return compiled(asked.filter, lambda condition: _leaf(call, condition, min(depth, DEPTH), found, hidden))


def _texts(filter_: Filter | None) -> set[str]:
    """What the filter looks for in contents."""
    if filter_ is None:
        return set()
    if isinstance(filter_, Operator):
        return {text for each in filter_.conditions for text in _texts(each)}
    asked = (getattr(filter_, "body", UNSET), getattr(filter_, "text", UNSET))
    return {text for text in asked if isinstance(text, str)}


async def _found(call: Call, text: str) -> list[int]:
    search = call.context.services.get(Search)
    if search is None:
        return []
    request = SearchRequest(text=text, kinds=(KIND,), accounts=(call.account_id,), limit=_MOST_FOUND, mode="text")
    return [hit.object_id for hit in (await search.query(call.principal, request)).hits]


async def _tops(call: Call) -> list[int]:
    """Nodes that are at the top for who does not own the account: the roots of parts whose surroundings they may
    not see."""
    if call.access.owner:
        return []
    rows = await call.db.rows(
        f"""SELECT p.node_id FROM file_part p JOIN file_node n ON n.id = p.node_id
        LEFT JOIN file_node f ON f.id = n.parent_id
        WHERE p.account_id = ? AND p.scope_id IN {VISIBLE} AND f.id IS NOT NULL AND f.scope_id NOT IN {VISIBLE}""",
        call.account_id,
        *visible(call.principal),
        *visible(call.principal),
    )
    return [row[0] for row in rows]


def _leaf(
    call: Call, condition: FileNodeCondition, depth: int, found: dict[str, list[int]], tops: list[int]
) -> Sql:
    parts: list[Sql] = []
    for field in condition.__struct_fields__:
        value = getattr(condition, field)
        if value is not UNSET:
            parts.append(_one(call, field, value, depth, found, tops))
    if not parts:
        return "1 = 1", []
    return " AND ".join(f"({sql})" for sql, _ in parts), [one for _, values in parts for one in values]


def _one(call: Call, field: str, value: Any, depth: int, found: dict[str, list[int]], tops: list[int]) -> Sql:
    if field in _MOMENTS:
        return f"{_MOMENTS[field]} ?", [clock.parse_utc(value)]
    if field in _PLAIN:
        return _PLAIN[field], [value]
    if field in ("is_top_level", "parent_id", "ancestor_id", "descendant_id"):
        return _placed(call, field, value, depth, tops)
    if field in ("body", "text", "name_match", "type_match"):
        return _matched(field, value, found)
    if field in ("is_favourite", "is_opened"):
        column = "favourite" if field == "is_favourite" else "opened_ms"
        sql = f"SELECT node_id FROM file_person WHERE principal_id = ? AND {column} > 0"
        return f"n.id {'IN' if value else 'NOT IN'} ({sql})", [call.principal.id]
    return _rest(field, value)


def _rest(field: str, value: Any) -> Sql:
    if field == "node_type":
        wanted = {"directory": 1, "file": 0}.get(value)
        return ("1 = 0", []) if wanted is None else ("n.folder = ?", [wanted])
    if field == "has_any_role":
        return f"n.role {'<>' if value else '='} ''", []
    if field == "blob_id":
        return "n.hash = ? AND n.folder = 0", [digest_of(value) or "-"]
    if field == "is_executable":
        return "n.executable = ?", [int(value)]
    if field == "has_tag":
        return "? || n.tags || ? LIKE ? ESCAPE ?", ["\n", "\n", f"%\n{_escaped(value)}\n%", "!"]
    return ("n.size >= ? AND n.folder = 0" if field == "min_size" else "n.size < ? AND n.folder = 0"), [value]


def _placed(call: Call, field: str, value: Any, depth: int, tops: list[int]) -> Sql:
    """Where a node is; for who does not own the account, the roots of what they see are at the top."""
    if field == "is_top_level":
        sql, values = f"(n.parent_id = 0 OR n.id IN {marks(len(tops))})", list(tops)
        return (sql, values) if value else (f"NOT {sql}", values)
    number = call.number(value) if value is not None else 0
    if number is None:
        return "1 = 0", []
    if field == "descendant_id":
        return f"n.id IN {_ABOVE}", [number, number]
    if field == "ancestor_id" or depth:
        most = DEPTH * 2 if field == "ancestor_id" else depth
        start = "parent_id = ?" if number or not tops else f"(parent_id = ? OR id IN {marks(len(tops))})"
        values = [call.account_id, number, *([] if number else tops), most]
        return f"n.id IN {_BELOW.replace('{start}', start)}", values
    if not number:
        return f"(n.parent_id = 0 OR n.id IN {marks(len(tops))})", list(tops)
    return "n.parent_id = ?", [number]


def _matched(field: str, value: str, found: dict[str, list[int]]) -> Sql:
    if field == "body":
        return f"n.id IN {marks(len(found[value]))}", list(found[value])
    if field == "text":
        words = [f"%{_escaped(word)}%" for word in fold(value).split()[:20]]
        names = " AND ".join("n.sort_name LIKE ? ESCAPE ?" for _ in words) or "1 = 0"
        values = [part for word in words for part in (word, "!")]
        return f"(n.id IN {marks(len(found[value]))} OR ({names}))", [*found[value], *values]
    column = "n.sort_name" if field == "name_match" else "n.media_type"
    return _globbed(column, fold(value) if field == "name_match" else value.lower())


def _globbed(column: str, pattern: str) -> Sql:
    """A glob as LIKE; one with brackets as alternatives is beyond LIKE and is refused.

    >>> _globbed("n.sort_name", "a*.p?f")[1]
    ['a%.p_f', '!']
    """
    if "[" in pattern or len(pattern) > _GLOB_CHARACTERS:
        raise MethodError("unsupportedFilter", "brackets are not supported in a glob")
    return f"{column} LIKE ? ESCAPE ?", [_escaped(pattern).replace("*", "%").replace("?", "_"), "!"]


def _escaped(text: str) -> str:
    """Text whose % and _ mean themselves in LIKE."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


_COLUMNS = {
    "name": "n.sort_name",
    "type": "n.folder DESC, n.media_type",
    "size": "n.size",
    "created": "n.created_ms",
    "modified": "n.modified_ms",
    "accessed": "n.accessed_ms",
    "changed": "n.changed_ms",
}


def _order(call: Call, sort: Sequence[Comparator]) -> tuple[str, list[Any], str, list[Any], str, list[Any]]:
    """ORDER BY, then joins and what comes before the statement, each with its parameters."""
    order, joins, join_values, before, before_values = [], "", list[Any](), "", list[Any]()
    for comparator in sort:
        way = "" if comparator.is_ascending else " DESC"
        if comparator.property == "tree":
            before, before_values = _PATH, [call.account_id]
            joins += " JOIN path ON path.id = n.id" if "JOIN path" not in joins else ""
            order.append(f"path.line{way}")
        elif comparator.property == "nodeType":
            order.append(f"n.folder{' DESC' if comparator.is_ascending else ''}")
        elif comparator.property == "opened":
            if "file_person" not in joins:
                joins += " LEFT JOIN file_person o ON o.node_id = n.id AND o.principal_id = ?"
                join_values.append(call.principal.id)
            order.append(f"COALESCE(o.opened_ms, 0){way}")
        elif comparator.property == "trashed":
            joins += " LEFT JOIN file_trash t ON t.node_id = n.id" if "file_trash" not in joins else ""
            order.append(f"COALESCE(t.trashed_ms, 0){way}")
        else:
            order.append(f"{_COLUMNS[comparator.property]}{way}")
    return ", ".join([*order, "n.sort_name", "n.id"]), [], joins, join_values, before, before_values
