"""Who shares a room with whom: those hear of each other's devices and profiles."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from parvis.access import gate
from parvis.access.principal import Principal
from parvis.chat.rooms import store
from parvis.store.sql.contract import marks

Named = TypeVar("Named", int, str)
_AT_ONCE = 500
_MOST_MET = 5_000
_SHARES = """EXISTS (SELECT 1 FROM chat_member them JOIN chat_member me ON me.room = them.room
AND me.principal_id = ? AND me.membership = 'join' JOIN chat_room r ON r.id = them.room AND r.kind = 'encrypted'
WHERE them.user_id = a.user_id AND them.principal_id = 0 AND them.membership = 'join')"""
"""Whether somebody of another server, `a`, is in an encrypted room with somebody of this one."""


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
    within = f"m.principal_id = ? AND m.room IN {marks(len(rooms))}"
    moved = await db.rows(
        f"""SELECT o.principal_id FROM chat_member m JOIN chat_member o ON o.room = m.room
        WHERE {within} AND o.changed > ? AND o.changed <= ?
        UNION SELECT o.principal_id FROM chat_member m JOIN chat_member o ON o.room = m.room
        WHERE {within} AND m.changed > ? AND m.changed <= ?""",
        principal_id, *rooms, after, until, principal_id, *rooms, after, until,
    )  # fmt: skip
    concerned = {row[0] for row in moved} - {0, principal_id}
    present = await peers(db, principal_id) if concerned else set()
    return concerned & present, concerned - present


async def changed_elsewhere(
    db: store.Reader, account_id: int, principal_id: int, rooms: Sequence[int], after: int, until: int
) -> tuple[set[str], set[str]]:
    """The same of people of other servers, with those whose keys changed, by user id: whose devices are others, or
    who came, and who shares no encrypted room any more."""
    told = await db.rows(
        f"""SELECT a.user_id FROM change c JOIN chat_abroad a ON a.id = c.object_id
        WHERE c.account_id = ? AND c.kind = 'ChatKeys' AND c.modseq > ? AND c.modseq <= ? AND {_SHARES}""",
        account_id, after, until, principal_id,
    )  # fmt: skip
    changed = {user_id for (user_id,) in told}
    within = f"a.principal_id = 0 AND m.principal_id = ? AND m.room IN {marks(len(rooms))}"
    moved = await db.rows(
        f"""SELECT a.user_id, CASE WHEN {_SHARES} THEN 1 ELSE 0 END FROM (
        SELECT a.user_id FROM chat_member m JOIN chat_member a ON a.room = m.room
        WHERE {within} AND a.changed > ? AND a.changed <= ?
        UNION SELECT a.user_id FROM chat_member m JOIN chat_member a ON a.room = m.room
        WHERE {within} AND a.membership = 'join' AND m.changed > ? AND m.changed <= ?) a""",
        principal_id, principal_id, *rooms, after, until, principal_id, *rooms, after, until,
    ) if rooms else []  # fmt: skip
    return changed | {user for user, shares in moved if shares}, {user for user, shares in moved if not shares}


async def mutual(
    db: store.Reader, principal: Principal, user_id: str, after: str, limit: int
) -> tuple[list[str], int]:
    """The rooms that both are in, in the order of their ids, behind one of them; and how many there are in all."""
    shared = f"""FROM chat_member m JOIN chat_room r ON r.id = m.room
        JOIN chat_member o ON o.room = m.room AND o.user_id = ? AND o.membership = 'join'
        WHERE m.principal_id = ? AND m.membership = 'join' AND m.room IN {gate.VISIBLE}"""
    who = (user_id, principal.id, *gate.visible(principal))
    rows = await db.rows(
        f"SELECT r.room_id {shared} AND r.room_id > ? ORDER BY r.room_id LIMIT ?", *who, after, limit
    )
    count = len(rows) if not after and len(rows) < limit else await db.value(f"SELECT COUNT(*) {shared}", *who)
    return [room_id for (room_id,) in rows], int(count or 0)


@dataclass(frozen=True, slots=True)
class Moved:
    """Rooms in which somebody may have come behind a position."""

    rooms: Sequence[int]
    after: int


async def met(db: store.Reader, principal_id: int, moved: Moved) -> list[tuple[int, str]]:
    """Who came to share one of these rooms with somebody: people of this server by their number, and all by user
    id. At most 5,000, one statement for 500 rooms."""
    found: dict[str, int] = {}
    both = """FROM chat_member m JOIN chat_member o ON o.room = m.room AND o.membership = 'join'
        WHERE m.principal_id = ? AND m.membership = 'join' AND m.room IN """
    for start in range(0, len(moved.rooms), _AT_ONCE):
        some = moved.rooms[start : start + _AT_ONCE]
        within = f"{both}{marks(len(some))}"
        rows = await db.rows(
            f"""SELECT o.user_id, o.principal_id {within} AND o.changed > ?
            UNION SELECT o.user_id, o.principal_id {within} AND m.changed > ? LIMIT ?""",
            principal_id, *some, moved.after, principal_id, *some, moved.after, _MOST_MET - len(found),
        )  # fmt: skip
        found |= dict(rows)
    return [(number, user) for user, number in found.items()]


async def rooms_of(db: store.Reader, principal_id: int, limit: int) -> list[int]:
    """Rooms that somebody is in."""
    rows = await db.rows(
        "SELECT room FROM chat_member WHERE principal_id = ? AND membership = 'join' ORDER BY room LIMIT ?",
        principal_id,
        limit,
    )
    return [room for (room,) in rows]


async def people_in(db: store.Reader, room: int, people: Container[int]) -> list[int]:
    """Those of some people of this server who are in a room, at most 5,000; one statement."""
    rows = await db.rows(
        """SELECT principal_id FROM chat_member WHERE room = ? AND membership = 'join' AND principal_id <> 0
        LIMIT ?""",
        room,
        _MOST_MET,
    )
    return [person for (person,) in rows if person in people]


async def among(db: store.Reader, principal_id: int, people: Iterable[int]) -> set[int]:
    """Those of some people who share a room with somebody; one statement for 500 people."""
    return await _among(db, principal_id, "principal_id", people)


async def among_users(db: store.Reader, principal_id: int, users: Iterable[str]) -> set[str]:
    """Those of some users of other servers who share a room with somebody; one statement for 500 of them."""
    return await _among(db, principal_id, "user_id", users, " AND o.principal_id = 0")


async def _among(
    db: store.Reader, principal_id: int, name: str, people: Iterable[Named], only: str = ""
) -> set[Named]:
    """`name` is the column that people are named by."""
    listed, found = sorted(people), set[Named]()
    for start in range(0, len(listed), _AT_ONCE):
        some = listed[start : start + _AT_ONCE]
        rows = await db.rows(
            f"""SELECT DISTINCT o.{name} FROM chat_member o JOIN chat_member m ON m.room = o.room
            AND m.principal_id = ? AND m.membership = 'join'
            WHERE o.{name} IN {marks(len(some))}{only} AND o.membership = 'join'""",
            principal_id,
            *some,
        )
        found.update(row[0] for row in rows)
    return found


async def rooms_of_user(db: store.Reader, user_id: str, limit: int) -> list[int]:
    """Rooms that somebody of another server is in."""
    rows = await db.rows(
        "SELECT room FROM chat_member WHERE user_id = ? AND principal_id = 0 AND membership = 'join' LIMIT ?",
        user_id,
        limit,
    )
    return [room for (room,) in rows]


async def servers_of(db: store.Reader, principal_id: int) -> list[str]:
    """The other servers that have members in somebody's rooms."""
    rows = await db.rows(
        """SELECT DISTINCT s.server FROM chat_member m JOIN chat_room_server s ON s.room = m.room AND s.joined > 0
        WHERE m.principal_id = ? AND m.membership = 'join'""",
        principal_id,
    )
    return [server for (server,) in rows]
