"""What goes from one account into another, with all in it: it stays what it is, with its id, its versions, its
comments, its tags and what each person noted about it. Shares end, since others see what is in the other account;
links go along, and are good as long as who made them may share where it is now."""

from collections.abc import Sequence

from parvis.access import visibility
from parvis.access.principal import Principal, Right
from parvis.files import service, store, trash, tree, versions
from parvis.files.model import KIND, Node, sort_name
from parvis.files.scan import QUARANTINE
from parvis.files.service import Place
from parvis.files.store import DOWN
from parvis.kernel import clock
from parvis.serve.dav import dead
from parvis.store.unit import Unit

_PLACED = """UPDATE file_node SET account_id = ?, scope_id = ?, parent_id = ?, name = ?, sort_name = ?, role = '',
    changed_ms = ?, changed_by = ?, modseq = ?, tree_modseq = ?, placed_modseq = ? WHERE id = ?"""
_OF_NODES = (
    f"""UPDATE blob_link SET account_id = ? WHERE account_id = ? AND kind IN ('{KIND}', '{QUARANTINE}')
    AND object_id IN {DOWN}""",
    f"UPDATE file_version SET account_id = ? WHERE account_id = ? AND node_id IN {DOWN}",
    f"UPDATE file_person SET account_id = ? WHERE account_id = ? AND node_id IN {DOWN}",
    f"UPDATE file_comment SET account_id = ? WHERE account_id = ? AND node_id IN {DOWN}",
    f"""UPDATE file_link_use SET account_id = ? WHERE account_id = ? AND link_id IN
    (SELECT id FROM file_link WHERE node_id IN {DOWN})""",
    f"UPDATE file_link SET account_id = ? WHERE account_id = ? AND node_id IN {DOWN}",
)
"""What goes along; each statement takes the new account, the old one and the topmost node."""


async def move(unit: Unit, principal: Principal, node: Node, where: Place, name: str) -> int:
    """Moves a node into another account, to a name that is free. Who does not see the trash that it would go into
    otherwise gets a copy, and it goes there, unless all of it is their own. Returns the id of what is there now.
    Raises NotFound, Forbidden, Invalid, Conflict, OverQuota, TooLarge."""
    await visibility.turn(unit)  # shares may end
    for account_id in sorted((node.account_id, where.account_id)):
        await unit.hold(account_id)
    node = await service.find(unit, principal, node.account_id, node.id, Right.READ | Right.DELETE)
    kept = await service.called(unit, node, where, name)
    nodes = await tree.below(unit, node)
    if not await _is_theirs(unit, principal, nodes):
        number = await service.copy(unit, principal, node, where, name)
        await trash.put(unit, principal, node)
        return number
    await tree.check_place(unit, node, where.id)
    await _hand_over(unit, nodes, where, kept, principal.id)
    return node.id


async def _is_theirs(unit: Unit, principal: Principal, nodes: Sequence[Node]) -> bool:
    """Whether somebody may take nodes away for good: they could destroy them too, or nobody else has written in
    them."""
    if await trash.is_seen(unit, principal, nodes[0].account_id):
        return True
    if any(one.created_by != principal.id or one.content_by != principal.id for one in nodes):
        return False
    others = f"SELECT 1 FROM file_version WHERE node_id IN {DOWN} AND content_by <> ? LIMIT 1"
    return await unit.value(others, nodes[0].id, principal.id) is None


async def _hand_over(unit: Unit, nodes: Sequence[Node], where: Place, name: str, by: int) -> None:
    """Makes nodes, the first of which holds the others, another account's. That is some statements, however many
    they are."""
    top, account_id = nodes[0], where.account_id
    source = top.account_id
    for kind, table in tree.ABOUT_NODES:
        await _tell_about(unit, kind, table, top, where)
    await tree.end_parts(unit, top, nodes)
    placed = [await _told(unit, one, where) for one in nodes]
    newest = max(modseq for _, modseq in placed)
    now, rows = clock.now_ms(), list[tuple[int | str, ...]]()
    for one, (_, modseq) in zip(nodes, placed, strict=True):
        place = (where.id, name, sort_name(name), now, by)
        if one is not top:
            place = (one.parent_id, one.name, sort_name(one.name), one.changed_ms, one.changed_by)
        rows.append((account_id, where.scope_id, *place, modseq, newest, modseq, one.id))
    octets, count = (top.tree_bytes, top.tree_nodes + 1) if top.folder else (top.size, 1)
    older = await versions.octets_below(unit, top.id)
    await store.count(unit, top.parent_id, -octets, -count, placed[0][0])
    await store.depart(unit, top, placed[0][0])
    await unit.many(_PLACED, rows)
    for statement in _OF_NODES:
        await unit.run(statement, account_id, source, top.id)
    await dead.give(unit, account_id, [one.id for one in nodes])
    await unit.run(f"DELETE FROM file_trash WHERE node_id IN {DOWN}", top.id)
    # whoever knew these folders here in an earlier time hears of all names that have ended in them since
    departed = f"UPDATE file_departed SET account_id = ?, modseq = ? WHERE parent_id IN {DOWN}"
    await unit.run(departed, account_id, newest, top.id)
    await store.count(unit, where.id, octets, count, newest)
    await store.arrive(unit, account_id, where.id, name, folder=top.folder)
    await store.weigh(unit, source, -octets - older)
    await store.weigh(unit, account_id, octets + older)


async def _told(unit: Unit, node: Node, where: Place) -> tuple[int, int]:
    """Notes that a node is gone in the one account and new in the other; the modseqs there."""
    gone = await unit.changed(node.account_id, KIND, node.id, "destroyed", part=node.scope_id)
    await unit.left(node.account_id, KIND, node.id, node.scope_id)
    return gone, await unit.changed(where.account_id, KIND, node.id, "created", part=where.scope_id)


async def _tell_about(unit: Unit, kind: str, table: str, top: Node, to: Place) -> None:
    rows = await unit.rows(
        f"""SELECT x.id, n.scope_id FROM {table} x JOIN file_node n ON n.id = x.node_id
        WHERE x.account_id = ? AND x.node_id IN {DOWN}""",
        top.account_id,
        top.id,
    )
    for number, scope_id in rows:
        await unit.changed(top.account_id, kind, number, "destroyed", part=scope_id)
        await unit.changed(to.account_id, kind, number, "created", part=to.scope_id)
