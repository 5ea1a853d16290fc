"""The past of a room, as each person may see it (Matrix v1.19 Client-Server §Room History Visibility)."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from parvis.chat.rooms import store, tokens
from parvis.chat.rooms.model import NOWHERE, Page, Room, Stored
from parvis.kernel.errors import NotFound
from parvis.wire.matrix import visibility
from parvis.wire.matrix.filters import Sieve
from parvis.wire.matrix.powers import CREATE

_ROUNDS = 5
"""How often more is read where a filter, or rights, left nothing of what was read."""


@dataclass(slots=True)
class Sight:
    """What of a room's past one user may see."""

    user_id: str
    visibilities: list[tuple[int, str]]
    """Since when history is visible how."""
    memberships: list[tuple[int, object]]
    """Since when the user was what."""
    whole: bool = True
    """Whether the room is here from its creation on, so that what is not said was never said."""

    def sees(self, stored: Stored) -> bool:
        """Whether they may see an event. Of the past that was filled in, what is not known to be visible is not."""
        if not stored.placed:
            return False
        joined_later = any(
            membership == "join" for stream, membership in self.memberships if stream > stored.stream
        )
        return visibility.may_see(
            stored.event,
            self.user_id,
            str(_before(self.visibilities, stored.stream) or self._unsaid(stored)),
            self.membership(stored.stream),
            joined_later=joined_later,
        )

    def _unsaid(self, stored: Stored) -> str:
        return visibility.DEFAULT if self.whole or stored.stream > 0 else "joined"

    def membership(self, stream: int) -> object:
        """What they were before a position."""
        return _before(self.memberships, stream)


def _before(changes: list[tuple[int, str]] | list[tuple[int, object]], stream: int) -> object:
    place = bisect_left([at for at, _ in changes], stream)
    return changes[place - 1][1] if place else None


async def sight(db: store.Reader, room: Room, user_id: str) -> Sight:
    """What a user may see of a room: one statement."""
    return (await sights(db, [room.id], user_id))[room.id]


async def sights(db: store.Reader, rooms: Sequence[int], user_id: str) -> dict[int, Sight]:
    """The same of several rooms: one statement."""
    seen = {room: Sight(user_id, [], []) for room in rooms}
    log = await store.log_of(db, rooms, ("m.room.member", user_id), ("m.room.history_visibility", ""), CREATE)
    for at, each in log:
        match each.event.type:
            case "m.room.member":
                seen[each.room].memberships.append((at, each.event.membership))
            case "m.room.history_visibility":
                seen[each.room].visibilities.append((at, visibility.visibility_of(each.event)))
            case _ if at <= NOWHERE:
                seen[each.room].whole = False
    return seen


async def page(
    db: store.Reader,
    room: Room,
    seen: Sight,
    *,
    back: bool,
    start: int | None,
    end: int | None,
    limit: int,
    sieve: Sieve | None = None,
) -> Page:
    """Events of a room from a position on, one way or the other, not beyond `end`. Positions are behind events."""
    here = start if start is not None else (2**62 if back else NOWHERE)
    found: list[Stored] = []
    more = True
    for _ in range(_ROUNDS):
        rows = await _some(db, room, back=back, here=here, end=end, limit=limit + 1)
        more = len(rows) > limit
        for each in rows[:limit]:
            here = each.stream - 1 if back else each.stream
            if seen.sees(each) and (sieve is None or sieve.takes(each.event.source)):
                found.append(each)
            if len(found) == limit:
                more = more or each is not rows[:limit][-1]
                break
        if len(found) == limit or not more:
            break
    begun = tokens.behind(start if start is not None else (found[0].stream if found and back else 0))
    return Page(found, begun, tokens.behind(here) if more else None)


async def _some(
    db: store.Reader, room: Room, *, back: bool, here: int, end: int | None, limit: int
) -> list[Stored]:
    if back:
        return await store.select(
            db,
            "e.room = ? AND e.stream <= ? AND e.stream > ? ORDER BY e.stream DESC LIMIT ?",
            room.id,
            here,
            NOWHERE if end is None else end,
            limit,
        )
    return await store.select(
        db,
        "e.room = ? AND e.stream > ? AND e.stream <= ? ORDER BY e.stream LIMIT ?",
        room.id,
        here,
        2**62 if end is None else end,
        limit,
    )


async def one(db: store.Reader, room: Room, user_id: str, event_id: str) -> Stored:
    """An event that a user may see. Raises NotFound."""
    stored = await store.event_of(db, room, event_id)
    if not (await sight(db, room, user_id)).sees(stored):
        raise NotFound("no such event")
    return stored


async def at_time(db: store.Reader, room: Room, seen: Sight, ts: int, *, back: bool) -> Stored:
    """The event next to a moment (Matrix v1.19 Client-Server §GET /timestamp_to_event). Raises NotFound."""
    way, order = ("<=", "DESC") if back else (">=", "ASC")
    found = await store.select(
        db,
        f"e.room = ? AND e.origin_ms {way} ? ORDER BY e.origin_ms {order}, e.stream {order} LIMIT 50",
        room.id,
        ts,
    )
    for each in found:
        if seen.sees(each):
            return each
    raise NotFound("there is no event in that direction")
