"""The tree in SQL: reading nodes, walking up and down, keeping what folders hold counted."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from msgspec.structs import replace

from parvis.access import parts
from parvis.access.gate import VISIBLE, Access, visible
from parvis.access.principal import Principal, Right
from parvis.files.model import KIND, SCOPE, Content, Node, sort_name
from parvis.kernel.errors import OverQuota
from parvis.serve.jmap.blobs import link
from parvis.store.sql.contract import Row, marks
from parvis.store.unit import Unit

COLUMNS = """n.id, n.account_id, n.scope_id, n.parent_id, n.name, n.folder, n.role, n.hash, n.size, n.media_type,
    n.executable, n.tags, n.number, n.tree_bytes, n.tree_nodes, n.created_ms, n.created_by, n.modified_ms,
    n.accessed_ms, n.changed_ms, n.changed_by, n.content_ms, n.content_by, n.modseq,
    n.tree_modseq, n.placed_modseq"""
DOWN = """(WITH RECURSIVE down(id) AS (SELECT id FROM file_node WHERE id = ? UNION ALL
    SELECT f.id FROM file_node f JOIN down ON f.parent_id = down.id) SELECT id FROM down)"""
"""The ids of a node and of all below it; its parameter is the node."""
_UP = """WITH RECURSIVE up(id, parent_id, place) AS (
    SELECT id, parent_id, 0 FROM file_node WHERE id = ? UNION ALL
    SELECT f.id, f.parent_id, up.place + 1 FROM file_node f JOIN up ON f.id = up.parent_id)"""
_INSERT = """INSERT INTO file_node (id, account_id, scope_id, parent_id, name, folder, role, hash, size, media_type,
    executable, tags, number, tree_bytes, tree_nodes, created_ms, created_by, modified_ms, accessed_ms, changed_ms,
    changed_by, content_ms, content_by, modseq, tree_modseq, placed_modseq, sort_name)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
PAGE = 500
_STEPS = 16
"""Folders of a path that one statement walks."""
_RIGHTS = parts.RIGHTS.count(",") + 1


def node_of(row: Row) -> Node:
    """A row of COLUMNS as a node."""
    tags = tuple(row[11].split("\n")) if row[11] else ()
    return Node(*(*row[:5], row[5] == 1, *row[6:10], row[10] == 1, tags, *row[12:]))


def _row(node: Node) -> tuple[Any, ...]:
    return (
        node.id, node.account_id, node.scope_id, node.parent_id, node.name, int(node.folder), node.role, node.hash,
        node.size, node.media_type, int(node.executable), "\n".join(node.tags), node.number, node.tree_bytes,
        node.tree_nodes, node.created_ms, node.created_by, node.modified_ms, node.accessed_ms, node.changed_ms,
        node.changed_by, node.content_ms, node.content_by, node.modseq, node.tree_modseq, node.placed_modseq,
        sort_name(node.name),
    )  # fmt: skip


async def by_id(db: Any, node_id: int, account_id: int | None = None) -> Node | None:
    """A node, or None when it is not there or in another account than the given one. Says nothing about rights."""
    row = await db.row(f"SELECT {COLUMNS} FROM file_node n WHERE n.id = ?", node_id)
    found = node_of(row) if row else None
    return found if found is None or account_id in (None, found.account_id) else None


async def several(db: Any, account_id: int, numbers: Sequence[int], principal: Principal) -> list[Node]:
    """Those of some nodes of an account that a principal may read."""
    found: list[Node] = []
    for start in range(0, len(numbers), PAGE):
        page = numbers[start : start + PAGE]
        rows = await db.rows(
            f"""SELECT {COLUMNS} FROM file_node n WHERE n.id IN {marks(len(page))} AND n.account_id = ?
            AND n.scope_id IN {VISIBLE}""",
            *page,
            account_id,
            *visible(principal),
        )
        found += map(node_of, rows)
    return found


async def first(db: Any, account_id: int, principal: Principal, limit: int) -> list[Node]:
    """The first nodes of an account that a principal may read, at most so many."""
    rows = await db.rows(
        f"""SELECT {COLUMNS} FROM file_node n WHERE n.account_id = ? AND n.scope_id IN {VISIBLE}
        ORDER BY n.parent_id, n.sort_name, n.id LIMIT ?""",
        account_id,
        *visible(principal),
        limit,
    )
    return [node_of(row) for row in rows]


async def child(db: Any, account_id: int, parent_id: int, name: str) -> Node | None:
    """The node of exactly this name in a folder, or None."""
    row = await db.row(
        f"SELECT {COLUMNS} FROM file_node n WHERE n.account_id = ? AND n.parent_id = ? AND n.name = ?",
        account_id,
        parent_id,
        name,
    )
    return node_of(row) if row else None


async def along(db: Any, principal: Principal, account_id: int, names: Sequence[str]) -> tuple[Node, Access] | None:
    """The node at the end of a path of names from the top of an account, and what a principal may do with it; None
    when there is none that they may read, and below the trash. One statement, and one more for each sixteen
    folders."""
    parent, deep = 0, max(0, len(names) - 1) // _STEPS * _STEPS
    for start in range(0, deep, _STEPS):
        part = names[start : start + _STEPS]
        parent = await db.value(
            f"SELECT n.id FROM file_node n WHERE {_ends(_STEPS)}", *[account_id] * _STEPS, parent, *part
        )
        if parent is None:
            return None
    last = names[deep:]
    rows = await db.rows(
        f"""SELECT {COLUMNS}, {parts.RIGHTS} FROM file_node n {parts.joined("+n.scope_id")}
        WHERE {_ends(len(last))}""",
        *parts.asked(principal, SCOPE),
        *([account_id] * len(last)),
        parent,
        *last,
    )
    if not rows:
        return None
    [access] = parts.grouped(row[-_RIGHTS:] for row in rows)
    return (node_of(rows[0][:-_RIGHTS]), access) if Right.READ in access.rights else None


@cache
def _ends(steps: int) -> str:
    """That a path of so many names ends at `n`, each looked up by itself in the folder that the one before it is.
    Its parameters are the account, once for each name, the folder in which it begins, and the names."""
    place = "?"
    for _ in range(steps - 1):
        place = f"""(SELECT id FROM file_node WHERE account_id = ? AND parent_id = {place} AND name = ?
            AND role <> 'trash')"""
    return f"n.account_id = ? AND n.parent_id = {place} AND n.name = ? AND n.role <> 'trash'"


async def like(db: Any, account_id: int, parent_id: int, name: str, but: int) -> Node | None:
    """A node beside `but` whose name differs from this one by case or accents at most, or None."""
    rows = await db.rows(
        f"""SELECT {COLUMNS} FROM file_node n WHERE n.account_id = ? AND n.parent_id = ? AND n.sort_name = ?
        AND n.id <> ? LIMIT 100""",
        account_id,
        parent_id,
        sort_name(name),
        but,
    )
    return next((node for node in map(node_of, rows) if node.name.casefold() == name.casefold()), None)


async def children(
    db: Any, account_id: int, parent_id: int, principal: Principal, after: tuple[str, int] = ("", 0)
) -> list[Node]:
    """A page of what a folder holds, by name, after a place (sort name and id), as far as a principal may read
    it."""
    rows = await db.rows(
        f"""SELECT {COLUMNS} FROM file_node n WHERE n.account_id = ? AND n.parent_id = ?
        AND (n.sort_name, n.id) > (?, ?) AND n.scope_id IN {VISIBLE} ORDER BY n.sort_name, n.id LIMIT ?""",
        account_id,
        parent_id,
        *after,
        *visible(principal),
        PAGE,
    )
    return [node_of(row) for row in rows]


async def above(db: Any, node_id: int) -> list[Node]:
    """A node and the folders it is in, from itself to the top."""
    if not node_id:
        return []
    rows = await db.rows(
        f"{_UP} SELECT {COLUMNS} FROM up JOIN file_node n ON n.id = up.id ORDER BY up.place", node_id
    )
    return [node_of(row) for row in rows]


async def seat(db: Any, account_id: int, parent_id: int, name: str) -> tuple[int, int | None]:
    """How many folders there are from one to the top, itself among them, and the id of what is under a name in
    it."""
    row: tuple[int, int | None] = await db.row(
        f"""SELECT ({_UP} SELECT COUNT(*) FROM up),
        (SELECT id FROM file_node WHERE account_id = ? AND parent_id = ? AND name = ?)""",
        parent_id,
        account_id,
        parent_id,
        name,
    )
    return row


async def height(db: Any, node_id: int) -> int:
    """How many folders lie inside each other from this one down; 1 for an empty one."""
    found = await db.value(
        """WITH RECURSIVE down(id, deep) AS (SELECT id, 1 FROM file_node WHERE id = ? AND folder = 1 UNION ALL
        SELECT f.id, down.deep + 1 FROM file_node f JOIN down ON f.parent_id = down.id WHERE f.folder = 1)
        SELECT MAX(deep) FROM down""",
        node_id,
    )
    return int(found or 0)


async def has_children(db: Any, node_id: int) -> bool:
    """Whether a folder holds anything."""
    return await db.value("SELECT 1 FROM file_node WHERE parent_id = ? LIMIT 1", node_id) is not None


async def insert(unit: Unit, nodes: Sequence[Node]) -> None:
    """Adds nodes that are new, those in one unit at once, with the links that keep their bytes."""
    newest = max(node.modseq for node in nodes)
    await unit.many(_INSERT, [_row(replace(node, tree_modseq=newest, placed_modseq=node.modseq)) for node in nodes])
    await unit.many(
        """INSERT INTO blob_link (hash, account_id, kind, object_id, size, media_type, expires_ms)
        VALUES (?, ?, ?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING""",
        [(n.hash, n.account_id, KIND, n.id, n.size, n.media_type) for n in nodes if not n.folder],
    )


async def hold(unit: Unit, node: Node, content: Content) -> None:
    """Lets a node keep some bytes: those of its content and of its versions, which all are read by its rights."""
    await link(unit, content.hash, node.account_id, KIND, node.id, content.size, content.media_type)


async def release(unit: Unit, account_id: int, node_id: int, digest: str) -> None:
    """Lets bytes go that are in no content and no version of a node any more."""
    await unit.run(
        """DELETE FROM blob_link WHERE hash = ? AND account_id = ? AND kind IN (?, 'FileQuarantine') AND object_id
        = ? AND NOT EXISTS (SELECT 1 FROM file_node n WHERE n.id = ? AND n.hash = ?) AND NOT EXISTS (SELECT 1 FROM
        file_version v WHERE v.node_id = ? AND v.hash = ?)""",
        digest,
        account_id,
        KIND,
        node_id,
        node_id,
        digest,
        node_id,
        digest,
    )


async def count(unit: Unit, folder_id: int, octets: int, nodes: int, modseq: int) -> None:
    """Adds to what a folder and all around it hold, and lets them know of the change that is `modseq`."""
    if folder_id:
        await unit.run(
            f"""UPDATE file_node SET tree_bytes = tree_bytes + ?, tree_nodes = tree_nodes + ?, tree_modseq = ?
            WHERE id IN ({_UP} SELECT id FROM up)""",
            octets,
            nodes,
            modseq,
            folder_id,
        )


async def weigh(unit: Unit, account_id: int, octets: int) -> None:
    """Adds to what an account holds. Raises OverQuota."""
    row = await unit.row(
        """UPDATE file_account SET used_bytes = used_bytes + ? WHERE account_id = ?
        RETURNING used_bytes, quota_bytes, root_scope""",
        octets,
        account_id,
    )
    if row and octets > 0 and row[1] and row[0] > row[1]:
        raise OverQuota("there is no room for that", quota=row[1])
    if row and octets and row[1]:
        await unit.changed(account_id, "Quota", row[2], "updated", counts_only=True)


async def depart(unit: Unit, node: Node, modseq: int) -> None:
    """Notes that a name has ended in its folder."""
    await unit.run(
        """INSERT INTO file_departed (account_id, parent_id, name, modseq) VALUES (?, ?, ?, ?)
        ON CONFLICT (parent_id, name) DO UPDATE SET modseq = excluded.modseq, account_id = excluded.account_id""",
        node.account_id,
        node.parent_id or -node.account_id,
        node.name,
        modseq,
    )


async def arrive(unit: Unit, account_id: int, parent_id: int, name: str, *, folder: bool) -> None:
    """Notes that a name is there (again). That something else had the name of a folder stays noted: whoever kept
    what was in that one must hear of it."""
    if not folder:
        parent = parent_id or -account_id
        await unit.run("DELETE FROM file_departed WHERE parent_id = ? AND name = ?", parent, name)


async def newest(db: Any, principal: Principal, accounts: Sequence[int]) -> dict[int, int]:
    """The newest change of files in each of some accounts, as far as a principal may read them."""
    rows = await db.rows(
        f"""SELECT account_id, MAX(modseq) FROM part_state WHERE account_id IN {marks(len(accounts))} AND kind = ?
        AND part IN {VISIBLE} GROUP BY account_id""",
        *accounts,
        KIND,
        *visible(principal),
    )
    return {row[0]: row[1] for row in rows}


async def room(db: Any, account_id: int) -> tuple[int, int, int, int] | None:
    """An account's root scope, the id of its trash, the bytes it holds and may hold (0: any); None without
    files."""
    row = await db.row(
        "SELECT root_scope, trash_id, used_bytes, quota_bytes FROM file_account WHERE account_id = ?", account_id
    )
    return (row[0], row[1], row[2], row[3]) if row else None


def fits(room: tuple[int, int, int, int], octets: int) -> None:
    """Raises OverQuota when an account of this room could not hold so many bytes more."""
    _, _, used, quota = room
    if quota and used + octets > quota:
        raise OverQuota("there is no room for that", quota=quota)


async def is_in(db: Any, node_id: int, folder_id: int) -> bool:
    """Whether a node is a folder or lies anywhere in it."""
    return any(node.id == folder_id for node in await above(db, node_id))
