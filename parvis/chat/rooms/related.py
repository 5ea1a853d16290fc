"""What is about an event, and the threads of a room (Matrix v1.19 Client-Server §Relationships API, §Querying
threads in a room)."""

from parvis.chat.rooms import store, tokens
from parvis.chat.rooms.history import Sight
from parvis.chat.rooms.model import Me, Page, Room

MOST_HOPS = 3
_BELOW = """WITH RECURSIVE about (event_id, hops) AS (SELECT s.event_id, 1 FROM chat_event s WHERE s.event_id = ?
UNION SELECT c.event_id, a.hops + 1 FROM about a JOIN chat_event c ON c.relates_to = a.event_id
AND c.relates_to <> '' WHERE c.room = ? AND a.hops < ?) SELECT event_id FROM about"""
"""An event and what is about it, over some hops."""


async def children(
    db: store.Reader,
    room: Room,
    seen: Sight,
    event_id: str,
    *,
    rel_type: str = "",
    kind: str = "",
    recurse: bool = False,
    back: bool = True,
    start: int | None = None,
    end: int | None = None,
    limit: int = 5,
) -> Page:
    """Events about one, newest first unless `back` is False; with `recurse` also what is about those, over
    MOST_HOPS hops in all."""
    where: list[str] = ["e.relates_to <> ''", "e.room = ?"]
    args: list[str | int] = [room.id]
    where.append(f"e.relates_to IN ({_BELOW})" if recurse else "e.relates_to = ?")
    args += [event_id, room.id, MOST_HOPS] if recurse else [event_id]
    if rel_type:
        where.append("e.rel_type = ?")
        args.append(rel_type)
    if kind:
        where.append("e.type = ?")
        args.append(kind)
    first = start if start is not None else (2**62 if back else 0)
    where.append("e.stream <= ?" if back else "e.stream > ?")
    args.append(first)
    if end is not None:
        where.append("e.stream > ?" if back else "e.stream <= ?")
        args.append(end)
    order = "DESC" if back else "ASC"
    rows = await store.select(db, f"{' AND '.join(where)} ORDER BY e.stream {order} LIMIT ?", *args, limit + 1)
    some = rows[:limit]
    last = None
    if len(rows) > limit:
        last = tokens.behind(some[-1].stream - 1 if back else some[-1].stream)
    return Page([each for each in some if seen.sees(each)], tokens.behind(min(first, 10**18 - 1)), last)


async def threads(
    db: store.Reader, me: Me, room: Room, seen: Sight, *, mine: bool, before: int | None, limit: int
) -> Page:
    """The roots of threads, the one that was written in last first."""
    own = (
        """ AND (r.sender = ? OR EXISTS (SELECT 1 FROM chat_event p WHERE p.room = c.room AND p.thread = c.thread
        AND p.sender = ?))"""
        if mine
        else ""
    )
    rows = await db.rows(
        f"""SELECT c.thread, MAX(c.stream) FROM chat_event c JOIN chat_event r ON r.event_id = c.thread
        AND r.room = c.room WHERE c.room = ? AND c.thread <> '' AND c.rel_type = 'm.thread'{own}
        GROUP BY c.thread HAVING MAX(c.stream) < ? ORDER BY MAX(c.stream) DESC LIMIT ?""",
        room.id,
        *((me.user_id, me.user_id) if mine else ()),
        2**62 if before is None else before,
        limit + 1,
    )
    roots = await store.by_event_ids(db, room.id, [row[0] for row in rows[:limit]])
    found = [roots[name] for name, _ in rows[:limit] if name in roots and seen.sees(roots[name])]
    return Page(found, "", tokens.behind(rows[limit - 1][1]) if len(rows) > limit else None)
