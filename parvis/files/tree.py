"""What becomes of whole trees: moved, copied, destroyed, put into another part. Each is some statements in one
unit, however many nodes it touches; a move inside one part touches one row and the counts above it."""

from collections.abc import Sequence

from msgspec.structs import replace

from parvis.access import gate
from parvis.files import store, versions
from parvis.files.links import store as links
from parvis.files.model import COMMENT, DEPTH, KIND, MOST_TOUCHED, Node, sort_name
from parvis.files.store import DOWN
from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid, TooLarge
from parvis.serve.dav import dead
from parvis.store.unit import Unit

SAME_PART = """(WITH RECURSIVE down(id) AS (SELECT id FROM file_node WHERE id = ? UNION ALL
    SELECT f.id FROM file_node f JOIN down ON f.parent_id = down.id WHERE f.scope_id + 0 = ?)
    SELECT id FROM down)"""
"""The ids of a node and of what is below it in the same part; its parameters are the node and the part. (The sum
keeps SQLite from walking the whole part for each folder.)"""


async def move(unit: Unit, node: Node, place: Node | None, scope_id: int, name: str, by: int) -> int:
    """Puts a node into a folder (None: the top) of the same account, which is in part `scope_id`, under a name that
    is free there. Returns its modseq. Raises Invalid when it would be inside itself or too deep."""
    target = place.id if place else 0
    if target != node.parent_id:
        await check_place(unit, node, target)
    own = await unit.value("SELECT scope_id FROM file_part WHERE node_id = ?", node.id)
    kept = node.scope_id if own else scope_id
    modseq = await unit.changed(node.account_id, KIND, node.id, "updated", part=kept)
    weight, nodes = (node.tree_bytes, node.tree_nodes + 1) if node.folder else (node.size, 1)
    if target != node.parent_id:
        await store.count(unit, node.parent_id, -weight, -nodes, modseq)
        await store.count(unit, target, weight, nodes, modseq)
    else:
        await store.count(unit, target, 0, 0, modseq)
    await unit.run(
        """UPDATE file_node SET parent_id = ?, name = ?, sort_name = ?, changed_ms = ?, changed_by = ?, modseq = ?,
        tree_modseq = ?, placed_modseq = ? WHERE id = ?""",
        target,
        name,
        sort_name(name),
        clock.now_ms(),
        by,
        modseq,
        modseq,
        modseq,
        node.id,
    )
    await store.depart(unit, node, modseq)
    await store.arrive(unit, node.account_id, target, name, folder=node.folder)
    if own:
        await gate.move_scope(unit, own, scope_id)
        await gate.rename_scope(unit, own, name)
    elif node.scope_id != scope_id:
        await rescope(unit, node, scope_id)
    return modseq


async def check_place(unit: Unit, node: Node, target: int) -> None:
    """Raises Invalid when a node would be inside itself or too deep in a folder (0: the top)."""
    around = await store.above(unit, target)
    if any(folder.id == node.id for folder in around):
        raise Invalid("a folder cannot be inside itself", field="parentId")
    deep = await store.height(unit, node.id) if node.folder else 0
    if len(around) + deep > DEPTH:
        raise Invalid(f"at most {DEPTH} folders inside each other", field="parentId")


async def rescope(unit: Unit, node: Node, scope_id: int) -> None:
    """Puts a node and what is below it into another part; folders below that are shared by themselves stay so, in
    the new surroundings. Raises TooLarge."""
    old, account_id = node.scope_id, node.account_id
    rows = await unit.rows(f"SELECT id FROM file_node WHERE id IN {SAME_PART}", node.id, old)
    if len(rows) > MOST_TOUCHED:
        raise TooLarge(f"at most {MOST_TOUCHED} files at once", limit=MOST_TOUCHED)
    nested = await unit.rows(
        f"""SELECT p.scope_id FROM file_part p JOIN file_node f ON f.id = p.node_id
        WHERE f.parent_id IN {SAME_PART} AND p.scope_id <> ?""",
        node.id,
        old,
        scope_id,
    )
    await unit.run(f"UPDATE file_node SET scope_id = ? WHERE id IN {SAME_PART}", scope_id, node.id, old)
    for (inner,) in nested:
        await gate.move_scope(unit, inner, scope_id)
    for (number,) in rows:
        await unit.changed(account_id, KIND, number, "updated", part=scope_id)
        await unit.left(account_id, KIND, number, old)
    await _follow(unit, node, scope_id)


async def gather(unit: Unit, node: Node, scope_id: int) -> None:
    """Puts a node and all below it into one part; what was shared by itself there no longer is. Raises TooLarge."""
    nodes = await below(unit, node)
    await unit.run(f"UPDATE file_node SET scope_id = ? WHERE id IN {DOWN}", scope_id, node.id)
    for one in nodes:
        await unit.changed(node.account_id, KIND, one.id, "updated", part=scope_id)
        await unit.left(node.account_id, KIND, one.id, one.scope_id)
    await _follow(unit, node, scope_id)
    await end_parts(unit, node, nodes)


async def end_parts(unit: Unit, node: Node, nodes: Sequence[Node]) -> None:
    """Ends the parts whose roots are a node or below it, inner ones first."""
    parts = await unit.rows(f"SELECT scope_id, node_id FROM file_part WHERE node_id IN {DOWN}", node.id)
    place = {one.id: index for index, one in enumerate(nodes)}
    for scope_id, _ in sorted(parts, key=lambda row: -place.get(row[1], 0)):
        await unit.run("DELETE FROM file_part WHERE scope_id = ?", scope_id)
        await gate.remove_scope(unit, scope_id)


async def below(unit: Unit, node: Node) -> list[Node]:
    """A node and all below it, folders before what they hold. Raises TooLarge."""
    rows = await unit.rows(
        f"SELECT {store.COLUMNS} FROM file_node n WHERE n.id IN {DOWN} LIMIT ?", node.id, MOST_TOUCHED + 1
    )
    if len(rows) > MOST_TOUCHED:
        raise TooLarge(f"at most {MOST_TOUCHED} files at once", limit=MOST_TOUCHED)
    found = {one.id: one for one in map(store.node_of, rows)}
    inside: dict[int, list[Node]] = {}
    for one in found.values():
        inside.setdefault(one.parent_id, []).append(one)
    ordered, waiting = list[Node](), [found[node.id]] if node.id in found else []
    while waiting:
        one = waiting.pop()
        ordered.append(one)
        waiting += inside.get(one.id, ())
    return ordered


async def copy(
    unit: Unit, nodes: Sequence[Node], account_id: int, place: Node | None, scope_id: int, name: str, by: int
) -> int:
    """Copies nodes, the first of which holds the others, to a folder (None: the top) of an account under a name
    that is free there; they belong to part `scope_id`. Returns the id of the first copy. Raises Invalid,
    OverQuota."""
    now, target = clock.now_ms(), place.id if place else 0
    around = await store.above(unit, target)
    if len(around) + await store.height(unit, nodes[0].id) > DEPTH:
        raise Invalid(f"at most {DEPTH} folders inside each other", field="parentId")
    fresh = {node.id: ids.new_id() for node in nodes}
    held = _held(nodes)
    made: list[Node] = []
    for node in nodes:
        number = fresh[node.id]
        octets, count = held[node.id]
        made.append(
            replace(
                node,
                id=number,
                account_id=account_id,
                scope_id=scope_id,
                parent_id=fresh[node.parent_id] if made else target,
                name=node.name if made else name,
                role="",
                number=1,
                tree_bytes=octets if node.folder else 0,
                tree_nodes=count,
                created_ms=now,
                created_by=by,
                changed_ms=now,
                changed_by=by,
                content_ms=now,
                content_by=by,
                modseq=await unit.changed(account_id, KIND, number, "created", part=scope_id),
            )
        )
    await store.insert(unit, made)
    await dead.copy(unit, account_id, list(fresh.items()))
    octets, count = held[nodes[0].id]
    await store.count(unit, target, octets, count + 1, made[-1].modseq)
    await store.weigh(unit, account_id, octets)
    await store.arrive(unit, account_id, target, name, folder=nodes[0].folder)
    return made[0].id


def _held(nodes: Sequence[Node]) -> dict[int, tuple[int, int]]:
    """For each node the bytes in it, and how many nodes are below it."""
    held = {node.id: [node.size, 0] for node in nodes}
    for node in reversed(nodes):
        if node.parent_id in held:
            held[node.parent_id][0] += held[node.id][0]
            held[node.parent_id][1] += held[node.id][1] + 1
    return {number: (octets, count) for number, (octets, count) in held.items()}


_OF_NODES = (
    f"""DELETE FROM blob_link WHERE account_id = ? AND kind IN ('{KIND}', 'FileQuarantine')
    AND object_id IN {DOWN}""",
    f"DELETE FROM file_version WHERE account_id = ? AND node_id IN {DOWN}",
    f"DELETE FROM file_person WHERE account_id = ? AND node_id IN {DOWN}",
    f"DELETE FROM file_trash WHERE account_id = ? AND node_id IN {DOWN}",
    f"DELETE FROM file_departed WHERE account_id = ? AND parent_id IN {DOWN}",
)
"""What goes with nodes; each statement takes the account and the topmost node."""


async def destroy(unit: Unit, node: Node) -> list[int]:
    """Destroys a node and all below it, with their versions. Returns the ids of all, the node's own first. Raises
    TooLarge."""
    nodes = await below(unit, node)
    account_id = node.account_id
    older = await versions.octets_below(unit, node.id)
    await links.end_below(unit, account_id, node)
    await _end_comments(unit, account_id, node)
    await end_parts(unit, node, nodes)
    for statement in _OF_NODES:
        await unit.run(statement, account_id, node.id)
    await dead.forget(unit, [one.id for one in nodes])
    await unit.run(f"DELETE FROM file_node WHERE id IN {DOWN}", node.id)
    for one in nodes:
        modseq = await unit.changed(account_id, KIND, one.id, "destroyed", part=one.scope_id)
        await unit.left(account_id, KIND, one.id, one.scope_id)
        if one is nodes[0]:
            octets, count = _held(nodes)[node.id]
            await store.depart(unit, node, modseq)
            await store.count(unit, node.parent_id, -octets, -count - 1, modseq)
    await store.weigh(unit, account_id, -octets - older)
    return [one.id for one in nodes]


async def _end_comments(unit: Unit, account_id: int, node: Node) -> None:
    rows = await unit.rows(
        f"""SELECT c.id, n.scope_id FROM file_comment c JOIN file_node n ON n.id = c.node_id
        WHERE c.account_id = ? AND c.node_id IN {DOWN}""",
        account_id,
        node.id,
    )
    for number, scope_id in rows:
        await unit.changed(account_id, COMMENT, number, "destroyed", part=scope_id)
    await unit.many("DELETE FROM file_comment WHERE id = ?", [(row[0],) for row in rows])


ABOUT_NODES = (("FileComment", "file_comment"), ("FileLink", "file_link"))
"""Kinds whose objects are in the part of the node they are about, with their tables."""


async def _follow(unit: Unit, node: Node, scope_id: int) -> None:
    """Lets what is about a node, or about nodes below it, be in the part that they are in now."""
    for kind, table in ABOUT_NODES:
        rows = await unit.rows(
            f"""SELECT x.id FROM {table} x JOIN file_node n ON n.id = x.node_id
            WHERE x.node_id IN {DOWN} AND n.scope_id = ?""",
            node.id,
            scope_id,
        )
        for (number,) in rows:
            await unit.changed(node.account_id, kind, number, "updated", part=scope_id)
