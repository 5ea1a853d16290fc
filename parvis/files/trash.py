"""The trash: what is put there loses its shares at once, remembers where it was, comes back there, and goes for
good after a while."""

from dataclasses import dataclass
from typing import Any

from parvis.access.gate import VISIBLE, visible
from parvis.access.principal import Principal, Right
from parvis.files import service, store, tree
from parvis.files.model import Node
from parvis.files.service import Place
from parvis.kernel import clock
from parvis.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit

DAY_MS = 86_400_000
_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Trashed:
    """Where something in the trash was, and who put it there."""

    parent_id: int
    name: str
    trashed_ms: int
    trashed_by: int


async def put(unit: Unit, principal: Principal, node: Node) -> int:
    """Moves a node into the trash of its account. Returns the modseq. Raises NotFound, Forbidden, Invalid."""
    await unit.hold(node.account_id)
    node = await service.find(unit, principal, node.account_id, node.id, Right.DELETE)
    room = await store.room(unit, node.account_id)
    bin_ = await store.by_id(unit, room[1]) if room else None
    if bin_ is None or node.role == "trash":
        raise Invalid("the trash stays where it is", field="parentId")
    if await store.is_in(unit, node.id, bin_.id):
        raise Invalid("this is in the trash already", field="parentId")
    await tree.gather(unit, node, bin_.scope_id)
    name = await service.free_name(unit, Place(node.account_id, bin_.scope_id, bin_), node.name, folder=node.folder)
    node = await store.by_id(unit, node.id) or node
    modseq = await tree.move(unit, node, bin_, bin_.scope_id, name, principal.id)
    await unit.run(
        """INSERT INTO file_trash (node_id, account_id, parent_id, name, trashed_ms, trashed_by)
        VALUES (?, ?, ?, ?, ?, ?)""",
        node.id,
        node.account_id,
        node.parent_id,
        node.name,
        clock.now_ms(),
        principal.id,
    )
    return modseq


async def is_seen(unit: Unit, principal: Principal, account_id: int) -> bool:
    """Whether a principal may read what is in the trash of an account."""
    sql = f"""SELECT 1 FROM file_account a JOIN file_node n ON n.id = a.trash_id
        WHERE a.account_id = ? AND n.scope_id IN {VISIBLE}"""
    return await unit.value(sql, account_id, *visible(principal)) is not None


async def leave(
    unit: Unit, principal: Principal, account_id: int, node_id: int, *, children: bool = False
) -> list[int]:
    """Puts a node into a trash that the principal may not see. Takes, returns and raises what `service.destroy`
    does."""
    await unit.hold(account_id)
    node = await service.find(unit, principal, account_id, node_id, Right.READ | Right.DELETE)
    below = await unit.rows(f"SELECT id FROM file_node WHERE id IN {store.DOWN} AND id <> ?", node_id, node_id)
    if below and not children:
        raise Conflict("the folder is not empty", reason="nodeHasChildren")
    await put(unit, principal, node)
    return [node_id, *(row[0] for row in below)]


async def restore(unit: Unit, principal: Principal, account_id: int, node_id: int) -> tuple[int, str]:
    """Brings something back to where it was, or to the top when that is gone, under its name or, when that is
    taken, one with a number. Returns its folder (0: the top) and name. Raises NotFound, Forbidden."""
    await unit.hold(account_id)
    node = await service.find(unit, principal, account_id, node_id, Right.WRITE | Right.DELETE)
    kept = (await of(unit, [node_id])).get(node_id)
    if kept is None:
        raise NotFound("this is not in the trash")
    where = await _home(unit, principal, node, kept)
    name = await service.free_name(unit, where, kept.name, folder=node.folder)
    await service.move(unit, principal, node, where, name)
    return where.id, name


async def _home(unit: Unit, principal: Principal, node: Node, kept: Trashed) -> Place:
    try:
        where = await service.place(unit, principal, node.account_id, kept.parent_id)
        room = await store.room(unit, node.account_id)
        if where.folder is None or not (room and await store.is_in(unit, where.id, room[1])):
            return where
    except (NotFound, Forbidden, Invalid):
        pass
    return await service.place(unit, principal, node.account_id, 0)


async def of(db: Any, numbers: list[int]) -> dict[int, Trashed]:
    """Where those of some nodes that lie in the trash themselves came from."""
    rows = await db.rows(
        f"""SELECT node_id, parent_id, name, trashed_ms, trashed_by FROM file_trash
        WHERE node_id IN {marks(len(numbers))}""",
        *numbers,
    )
    return {row[0]: Trashed(*row[1:]) for row in rows}


async def purge(kept: Store, days: int) -> int:
    """Destroys what has been in the trash for so many days; part of the daily tidying. Returns how many."""
    before, gone = clock.now_ms() - days * DAY_MS, 0
    while True:
        rows = await kept.db.rows(
            "SELECT node_id FROM file_trash WHERE trashed_ms < ? ORDER BY trashed_ms LIMIT ?", before, _AT_ONCE
        )
        if not rows:
            return gone

        async def work(unit: Unit, numbers: tuple[int, ...] = tuple(row[0] for row in rows)) -> int:
            done = 0
            for number in numbers:
                node = await store.by_id(unit, number)
                if node is not None:
                    await unit.hold(node.account_id)
                    done += len(await tree.destroy(unit, node))
                await unit.run("DELETE FROM file_trash WHERE node_id = ?", number)
            return done

        gone += await kept.write(work)
