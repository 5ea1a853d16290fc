"""Sharing a folder or a file by itself: it becomes a part of its own, nested in the one around it, so that whoever
sees what is around it goes on seeing it."""

from collections.abc import Sequence
from typing import Any

from parvis.access import gate
from parvis.access.principal import Principal, Right
from parvis.files import service
from parvis.files.model import KIND, SCOPE, Node
from parvis.files.store import PAGE
from parvis.files.tree import ABOUT_NODES, SAME_PART
from parvis.kernel.errors import Invalid
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit


async def own_part(unit: Unit, principal: Principal, node: Node) -> int:
    """The part whose root a node is, made when there is none. Raises NotFound, Forbidden without the right to
    share, Invalid for the trash."""
    await unit.hold(node.account_id)
    node = await service.find(unit, principal, node.account_id, node.id, Right.SHARE)
    if node.role == "trash":
        raise Invalid("the trash is not shared", field="shareWith")
    found = await unit.value("SELECT scope_id FROM file_part WHERE node_id = ?", node.id)
    return int(found) if found else await _make(unit, node)


async def _make(unit: Unit, node: Node) -> int:
    """Cuts the part out of the one around: one statement for all nodes, and no change of theirs for their owner."""
    old = node.scope_id
    nested = await unit.rows(
        f"""SELECT p.scope_id FROM file_part p JOIN file_node f ON f.id = p.node_id
        WHERE f.parent_id IN {SAME_PART}""",
        node.id,
        old,
    )
    scope_id = await gate.create_scope(unit, node.account_id, SCOPE, node.name, parent_id=old)
    await unit.run(
        "INSERT INTO file_part (scope_id, account_id, node_id) VALUES (?, ?, ?)", scope_id, node.account_id, node.id
    )
    await unit.run(f"UPDATE file_node SET scope_id = ? WHERE id IN {SAME_PART}", scope_id, node.id, old)
    for (inner,) in nested:
        await gate.move_scope(unit, inner, scope_id)
    await unit.put_in(node.account_id, KIND, scope_id, "SELECT id FROM file_node WHERE scope_id = ?", scope_id)
    for kind, table in ABOUT_NODES:
        about = f"SELECT x.id FROM {table} x JOIN file_node n ON n.id = x.node_id WHERE n.scope_id = ?"
        await unit.put_in(node.account_id, kind, scope_id, about, scope_id)
    rows = await unit.rows("SELECT id FROM file_node WHERE scope_id = ?", scope_id)
    told = {"kind": KIND, "created": [], "updated": [row[0] for row in rows], "destroyed": [], "modseq": 0}
    unit.emit(node.account_id, "changed", told)  # the index keeps the part of each node
    return scope_id


async def nodes_of(db: Any, scope_ids: Sequence[int]) -> dict[int, int]:
    """The nodes that some parts are of."""
    found: dict[int, int] = {}
    for start in range(0, len(scope_ids), PAGE):
        page = scope_ids[start : start + PAGE]
        found |= dict(
            await db.rows(f"SELECT scope_id, node_id FROM file_part WHERE scope_id IN {marks(len(page))}", *page)
        )
    return found
