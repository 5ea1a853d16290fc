"""What somebody was notified of, the newest first (Matrix v1.19 Client-Server §GET /notifications). Found among the
newest events of all rooms as it is asked for; nothing is kept for it."""

from dataclasses import dataclass

from parvis.access import gate
from parvis.chat.people.wishes import Wishes
from parvis.chat.rooms import history, judging, receipts, store
from parvis.chat.rooms.model import Me, Room, Stored
from parvis.wire.matrix.push_rules import Outcome

_LOOKED_AT = 1_000
"""Events of the server behind each page."""
_LAST = 2**62


@dataclass(frozen=True, slots=True)
class Notified:
    """One of them."""

    stored: Stored
    room: Room
    outcome: Outcome
    read: bool


async def page(
    db: store.Reader, account_id: int, me: Me, mine: Wishes, *, before: int | None, limit: int, highlight: bool
) -> tuple[list[Notified], int | None]:
    """Some of them, and where to go on; None at the end. A page may be empty before the end. Seven statements."""
    rows = await db.rows(
        f"""SELECT x.id, CASE WHEN m.room IS NULL THEN 0 ELSE 1 END FROM (SELECT id, room FROM chat_event
        WHERE account_id = ? AND id < ? ORDER BY id DESC LIMIT {_LOOKED_AT}) x LEFT JOIN chat_member m
        ON m.room = x.room AND m.user_id = ? AND m.membership = 'join' AND m.room IN {gate.VISIBLE}
        ORDER BY x.id DESC""",
        account_id,
        _LAST if before is None else before,
        me.user_id,
        *gate.visible(me.principal),
    )
    events = await store.by_numbers(db, [number for number, mine in rows if mine])
    rooms = await store.rooms_by_ids(db, sorted({each.room for each in events.values()}))
    if not rooms:
        return [], rows[-1][0] if len(rows) == _LOOKED_AT else None
    seen, reached = await history.sights(db, list(rooms), me.user_id), await receipts.reached(db, me, list(rooms))
    newest = [events[number] for number, mine in rows if mine and number in events]
    visible = [each for each in newest if each.event.sender not in mine.ignored and seen[each.room].sees(each)]
    found = []
    for each, outcome in await judging.outcomes(db, me, rooms, mine.rules, visible):
        if outcome.notify and (outcome.highlight or not highlight):
            last = max(reached[each.room].get("", 0), reached[each.room].get(each.thread or "main", 0))
            found.append(Notified(each, rooms[each.room], outcome, each.stream <= last))
    if len(found) > limit:
        return found[:limit], found[limit - 1].stored.id
    return found, rows[-1][0] if len(rows) == _LOOKED_AT else None
