"""Whom rooms without a name are called after (Matrix v1.19 Client-Server §Calculating the display name for a
room)."""

from collections.abc import Sequence

from parvis.chat.rooms import store
from parvis.chat.rooms.model import Me
from parvis.store.sql.contract import marks

MOST = 5
_LAST = 2**62


async def of(db: store.Reader, me: Me, rooms: Sequence[int]) -> dict[int, list[str]]:
    """By room, those who are there or invited, the first who came; else those who were. At most two statements."""
    found: dict[int, list[str]] = {room: [] for room in rooms}
    for words in (("join", "invite"), ("leave", "ban")):
        empty = [room for room, people in found.items() if not people]
        if not empty:
            break
        rows = await db.rows(
            f"""SELECT m.room, m.user_id FROM (VALUES (?), (?)) k CROSS JOIN chat_room r CROSS JOIN chat_member m
            WHERE r.id IN {marks(len(empty))} AND m.room = r.id AND m.membership = k.column1 AND m.user_id <> ?
            AND m.stream <= COALESCE((SELECT x.stream FROM chat_member x WHERE x.room = r.id
            AND x.membership = k.column1 ORDER BY x.stream LIMIT 1 OFFSET ?), ?) ORDER BY m.stream""",
            *words,
            *empty,
            me.user_id,
            MOST,
            _LAST,
        )
        for room, user_id in rows:
            if len(found[room]) < MOST:
                found[room].append(user_id)
    return found
