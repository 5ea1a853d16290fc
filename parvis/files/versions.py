"""What files held before: kept with each new content, to be read, restored, named and let go."""

from dataclasses import dataclass
from typing import Any

from parvis.files import store
from parvis.files.model import Content, Node
from parvis.kernel import ids
from parvis.store.unit import Unit

MOST = 50
"""Older contents of a file that are kept; those with a label are not counted, and stay."""


@dataclass(frozen=True, slots=True)
class Version:
    """One older content."""

    id: int
    node_id: int
    number: int
    hash: str
    size: int
    media_type: str
    content_ms: int
    content_by: int
    label: str

    @property
    def content(self) -> Content:
        """Its bytes."""
        return Content(self.hash, self.size, self.media_type)


_COLUMNS = "id, node_id, number, hash, size, media_type, content_ms, content_by, label"


async def octets_below(unit: Unit, node_id: int) -> int:
    """The bytes of all older contents of a node and of what is below it."""
    sql = f"SELECT COALESCE(SUM(size), 0) FROM file_version WHERE node_id IN {store.DOWN}"
    return int(await unit.value(sql, node_id))


async def keep(unit: Unit, node: Node) -> int:
    """Makes a version of what a file holds now. Returns how many bytes the oldest gave back, being one too many."""
    number = ids.new_id()
    await unit.run(
        """INSERT INTO file_version
        (id, account_id, node_id, number, hash, size, media_type, content_ms, content_by)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        number,
        node.account_id,
        node.id,
        node.number,
        node.hash,
        node.size,
        node.media_type,
        node.content_ms,
        node.content_by,
    )
    rows = await unit.rows(
        "SELECT id, size FROM file_version WHERE node_id = ? AND label = '' ORDER BY number DESC LIMIT 10 OFFSET ?",
        node.id,
        MOST,
    )
    for row in rows:
        await drop(unit, node.account_id, row[0])
    return sum(int(row[1]) for row in rows)


async def drop(unit: Unit, account_id: int, version_id: int) -> None:
    """Lets a version go."""
    row = await unit.row("DELETE FROM file_version WHERE id = ? RETURNING node_id, hash", version_id)
    if row is not None:
        await store.release(unit, account_id, row[0], row[1])


async def of(db: Any, node_id: int) -> list[Version]:
    """The versions of a file, the newest first."""
    rows = await db.rows(
        f"SELECT {_COLUMNS} FROM file_version WHERE node_id = ? ORDER BY number DESC LIMIT 1000", node_id
    )
    return [Version(*row) for row in rows]


async def one(db: Any, version_id: int) -> Version | None:
    """A version, or None."""
    row = await db.row(f"SELECT {_COLUMNS} FROM file_version WHERE id = ?", version_id)
    return Version(*row) if row else None
