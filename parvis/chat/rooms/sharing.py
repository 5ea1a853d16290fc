"""Who shares a room with whom: those hear of each other's devices and profiles."""

from collections.abc import Sequence

from parvis.chat.rooms import store
from parvis.store.sql.contract import marks


async def peers(db: store.Reader, principal_id: int, *, encrypted: bool = True) -> set[int]:
    """The people of this server who are in a room with somebody, in an encrypted one unless told otherwise; not the
    person themselves."""
    only = " AND r.kind = 'encrypted'" if encrypted else ""
    rows = await db.rows(
        f"""SELECT DISTINCT o.principal_id FROM chat_member m JOIN chat_room r ON r.id = m.room
        JOIN chat_member o ON o.room = m.room AND o.membership = 'join'
        WHERE m.principal_id = ? AND m.membership = 'join'{only} AND o.principal_id NOT IN (0, ?)""",
        principal_id,
        principal_id,
    )
    return {row[0] for row in rows}


async def changed_peers(
    db: store.Reader, principal_id: int, rooms: Sequence[int], after: int, until: int
) -> tuple[set[int], set[int]]:
    """Who came to share an encrypted room with somebody between two positions, and who shares none any more: for
    `device_lists` (Matrix v1.19 Client-Server §Tracking the device list for a user). `rooms` are the encrypted ones
    in which something happened meanwhile."""
    if not rooms:
        return set(), set()
    moved = await db.rows(
        f"""SELECT DISTINCT o.principal_id FROM chat_member m JOIN chat_member o ON o.room = m.room
        WHERE m.principal_id = ? AND m.room IN {marks(len(rooms))}
        AND o.principal_id NOT IN (0, ?) AND ((o.changed > ? AND o.changed <= ?)
        OR (m.changed > ? AND m.changed <= ?))""",
        principal_id, *rooms, principal_id, after, until, after, until,
    )  # fmt: skip
    concerned = {row[0] for row in moved}
    present = await peers(db, principal_id) if concerned else set()
    return concerned & present, concerned - present
