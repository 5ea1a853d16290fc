"""FileComment: what people say about a file or folder. Whoever may read it may say something, and change or take
back what they have said; whoever may delete the file may take back anything. Parvis's own."""

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from parvis.access.gate import VISIBLE, visible
from parvis.access.principal import Right
from parvis.files import service, store
from parvis.files.jmap.node import date
from parvis.files.model import COMMENT, PARVIS_FILES, SCOPE, Node
from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound
from parvis.kernel.records import Immutable, Record, ServerSet
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError, SetError, invalid_properties
from parvis.serve.jmap.kind import Created, Creation, Kind, Query, Update
from parvis.serve.jmap.types import Id, Object
from parvis.store.sql.contract import Row, marks
from parvis.store.unit import Unit

LONGEST, MOST = 10_000, 2_000
"""Characters of a comment; comments on one node."""


class FileComment(Record, kw_only=True):
    """One comment; `replyToId` names the one it answers."""

    kind: ClassVar[str] = COMMENT
    capability: ClassVar[str] = PARVIS_FILES
    id: ServerSet[str] = ""
    node_id: Immutable[Id]
    reply_to_id: Immutable[Id | None] = None
    body: str
    author_id: ServerSet[str] = ""
    author_name: ServerSet[str] = ""
    created: ServerSet[str] = ""
    changed: ServerSet[str | None] = None


class FileCommentCondition(msgspec.Struct, kw_only=True, rename="camel"):
    """On what."""

    node_id: str


async def read(call: Call, numbers: Sequence[int] | None, _: frozenset[str]) -> list[Object]:
    """Comments on nodes that the asker may read."""
    wanted = list(numbers or ())
    rows = await call.db.rows(
        f"""SELECT c.id, c.node_id, c.reply_to, c.body, c.author_id, p.name, c.created_ms, c.changed_ms
        FROM file_comment c JOIN file_node n ON n.id = c.node_id LEFT JOIN principal p ON p.id = c.author_id
        WHERE c.id IN {marks(len(wanted))} AND n.account_id = ? AND n.scope_id IN {VISIBLE}""",
        *wanted,
        call.account_id,
        *visible(call.principal),
    )
    return [_shown(row) for row in rows]


def _shown(row: Row) -> Object:
    return {
        "id": ids.text(row[0]),
        "nodeId": ids.text(row[1]),
        "replyToId": ids.text(row[2]) if row[2] else None,
        "body": row[3],
        "authorId": ids.text(row[4]),
        "authorName": row[5] or "",
        "created": date(row[6]),
        "changed": date(row[7]) if row[7] != row[6] else None,
    }


async def query(call: Call, asked: Query) -> list[int]:
    """The comments on one node, the oldest first."""
    if not isinstance(asked.filter, FileCommentCondition):
        raise MethodError("unsupportedFilter", "name the file: nodeId")
    try:
        node = await service.find(call.db, call.principal, call.account_id, call.number(asked.filter.node_id) or 0)
    except NotFound:
        return []
    rows = await call.db.rows("SELECT id FROM file_comment WHERE node_id = ? ORDER BY id LIMIT ?", node.id, MOST)
    return [row[0] for row in rows]


async def create(call: Call, unit: Unit, creation: Creation) -> Created:
    """Says something."""
    values = creation.values
    node = await service.find(unit, call.principal, call.account_id, call.number(values["nodeId"]) or 0)
    reply_to = call.number(values["replyToId"]) or 0 if values["replyToId"] is not None else 0
    if reply_to and await unit.value("SELECT node_id FROM file_comment WHERE id = ?", reply_to) != node.id:
        raise invalid_properties("replyToId", why="no such comment")
    if await unit.value("SELECT COUNT(*) FROM file_comment WHERE node_id = ?", node.id) >= MOST:
        raise SetError("overQuota", f"at most {MOST} comments")
    number, now = ids.new_id(), clock.now_ms()
    await unit.run(
        """INSERT INTO file_comment (id, account_id, node_id, author_id, reply_to, body, created_ms, changed_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        number,
        call.account_id,
        node.id,
        call.principal.id,
        reply_to,
        _checked(values["body"]),
        now,
        now,
    )
    await unit.changed(call.account_id, COMMENT, number, "created", part=node.scope_id)
    return Created(number)


def _checked(body: str) -> str:
    if not body.strip() or len(body) > LONGEST:
        raise invalid_properties("body", why=f"one to {LONGEST} characters")
    return body


async def update(call: Call, unit: Unit, change: Update) -> None:
    """Says it in other words."""
    author, node = await _found(call, unit, change.object_id)
    if author != call.principal.id:
        raise SetError("forbidden", "only who has said it says it otherwise")
    await unit.run(
        "UPDATE file_comment SET body = ?, changed_ms = ? WHERE id = ?",
        _checked(change.values["body"]),
        clock.now_ms(),
        change.object_id,
    )
    await unit.changed(call.account_id, COMMENT, change.object_id, "updated", part=node.scope_id)


async def destroy(call: Call, unit: Unit, number: int) -> None:
    """Takes it back."""
    author, node = await _found(call, unit, number)
    if author != call.principal.id:
        await service.find(unit, call.principal, call.account_id, node.id, Right.DELETE)
    await unit.run("DELETE FROM file_comment WHERE id = ?", number)
    await unit.changed(call.account_id, COMMENT, number, "destroyed", part=node.scope_id)


async def _found(call: Call, unit: Unit, number: int) -> tuple[int, Node]:
    row = await unit.row(
        "SELECT author_id, node_id FROM file_comment WHERE id = ? AND account_id = ?", number, call.account_id
    )
    node = await store.by_id(unit, row[1]) if row else None
    if row is None or node is None:
        raise SetError("notFound")
    await service.find(unit, call.principal, call.account_id, node.id)
    return int(row[0]), node


COMMENT_KIND = Kind(
    record=FileComment,
    scope=SCOPE,
    parts=True,
    read=read,
    create=create,
    update=update,
    destroy=destroy,
    query=query,
    condition=FileCommentCondition,
    listable=False,
    rights={"create": Right.READ, "update": Right.READ, "destroy": Right.READ},
)
