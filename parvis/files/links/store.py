"""Links in SQL. Whether one is good is asked in one statement, with every use: it lives as long as its time, the
node (not in the trash), and the right to share of who made it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parvis.access.principal import Right
from parvis.files.model import Node
from parvis.files.store import DOWN
from parvis.kernel import clock, ids
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit

KIND = "FileLink"
_COLUMNS = """l.id, l.account_id, l.node_id, l.token, l.mode, l.name, l.message, l.recipient, l.password,
    l.expires_ms, l.most, l.used, l.notify, l.created_by, l.created_ms,
    (SELECT MAX(u.time_ms) FROM file_link_use u WHERE u.link_id = l.id)"""
_MOST_USES = 500


@dataclass(frozen=True, slots=True)
class Link:
    """A link. `password` is its hash, empty for none; `most` is how often it may be used, 0 for any number."""

    id: int
    account_id: int
    node_id: int
    token: str
    mode: str
    name: str
    message: str
    recipient: str
    password: str
    expires_ms: int | None
    most: int
    used: int
    notify: bool
    created_by: int
    created_ms: int
    used_ms: int | None = None
    """When it was used last."""


@dataclass(frozen=True, slots=True)
class Use:
    """One receipt."""

    what: str
    name: str
    size: int
    time_ms: int


def _link(row: Sequence[Any]) -> Link:
    values = list(row)
    values[12] = bool(row[12])
    return Link(*values)


async def add(unit: Unit, link: Link) -> None:
    """Adds a link."""
    await unit.run(
        """INSERT INTO file_link (id, account_id, node_id, token, mode, name, message, recipient, password,
        expires_ms, most, used, notify, created_by, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
        ?)""",
        link.id,
        link.account_id,
        link.node_id,
        link.token,
        link.mode,
        link.name,
        link.message,
        link.recipient,
        link.password,
        link.expires_ms,
        link.most,
        link.used,
        int(link.notify),
        link.created_by,
        link.created_ms,
    )


async def save(unit: Unit, link: Link) -> None:
    """Writes what can be changed of a link."""
    await unit.run(
        """UPDATE file_link SET mode = ?, name = ?, message = ?, recipient = ?, password = ?, expires_ms = ?,
        most = ?, notify = ? WHERE id = ?""",
        link.mode,
        link.name,
        link.message,
        link.recipient,
        link.password,
        link.expires_ms,
        link.most,
        int(link.notify),
        link.id,
    )


async def several(
    db: Any, account_id: int, numbers: Sequence[int] | None, node_id: int | None = None
) -> list[Link]:
    """Links of an account: some, those of a node, or all (the newest thousand)."""
    where, values = "", list[Any]()
    if numbers is not None:
        where, values = f"AND l.id IN {marks(len(numbers))}", list(numbers)
    if node_id is not None:
        where, values = where + " AND l.node_id = ?", [*values, node_id]
    rows = await db.rows(
        f"SELECT {_COLUMNS} FROM file_link l WHERE l.account_id = ? {where} ORDER BY l.id DESC LIMIT 1001",
        account_id,
        *values,
    )
    return [_link(row) for row in rows]


async def good(db: Any, token: str) -> Link | None:
    """The link of a token, when it is good now."""
    share = int(Right.SHARE)
    row = await db.row(
        f"""SELECT {_COLUMNS} FROM file_link l JOIN file_node n ON n.id = l.node_id
        WHERE l.token = ? AND (l.expires_ms IS NULL OR l.expires_ms > ?) AND (l.most = 0 OR l.used < l.most)
        AND EXISTS (SELECT 1 FROM visible v WHERE v.principal_id = l.created_by AND v.scope_id = n.scope_id
        AND (v.rights & ?) = ? AND (v.expires_ms IS NULL OR v.expires_ms > ?))
        AND NOT EXISTS (SELECT 1 FROM file_account a JOIN file_part p ON p.node_id = a.trash_id
        WHERE a.account_id = n.account_id AND p.scope_id = n.scope_id)""",
        token,
        clock.now_ms(),
        share,
        share,
        clock.now_ms(),
    )
    return _link(row) if row else None


async def spend(unit: Unit, link: Link) -> bool:
    """Counts one use; False when there is none left, or the time is over."""
    return bool(
        await unit.run(
            """UPDATE file_link SET used = used + 1 WHERE id = ? AND (most = 0 OR used < most)
            AND (expires_ms IS NULL OR expires_ms > ?)""",
            link.id,
            clock.now_ms(),
        )
    )


async def note(unit: Unit, link: Link, what: str, name: str, size: int) -> None:
    """Adds a receipt."""
    await unit.run(
        """INSERT INTO file_link_use (id, account_id, link_id, what, name, size, time_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?)""",
        ids.new_id(),
        link.account_id,
        link.id,
        what,
        name,
        size,
        clock.now_ms(),
    )


async def uses(db: Any, link_ids: Sequence[int]) -> dict[int, list[Use]]:
    """The receipts of links, the newest first."""
    found: dict[int, list[Use]] = {number: [] for number in link_ids}
    if found:
        rows = await db.rows(
            f"""SELECT link_id, what, name, size, time_ms FROM (SELECT u.*, ROW_NUMBER() OVER
            (PARTITION BY u.link_id ORDER BY u.id DESC) AS place FROM file_link_use u
            WHERE u.link_id IN {marks(len(found))}) newest WHERE place <= {_MOST_USES} ORDER BY link_id, place""",
            *found,
        )
        for number, *use in rows:
            found[number].append(Use(*use))
    return found


async def drop(unit: Unit, link_id: int) -> None:
    """Ends a link, with its receipts."""
    await unit.run("DELETE FROM file_link_use WHERE link_id = ?", link_id)
    await unit.run("DELETE FROM file_link WHERE id = ?", link_id)


async def end_below(unit: Unit, account_id: int, node: Node) -> None:
    """Ends the links to a node and to all below it, which are being destroyed."""
    rows = await unit.rows(
        f"""SELECT l.id, n.scope_id FROM file_link l JOIN file_node n ON n.id = l.node_id
        WHERE l.account_id = ? AND l.node_id IN {DOWN}""",
        account_id,
        node.id,
    )
    for number, scope_id in rows:
        await drop(unit, number)
        await unit.changed(account_id, KIND, number, "destroyed", part=scope_id)
