"""The rooms of each person in the order in which something happened there, kept in memory and brought up to date by
what changed since: that costs as much for somebody in a thousand rooms as in one. What it says is where to look;
what is told of a room is proved by the gate in the statement that reads it."""

from dataclasses import dataclass, replace

from parvis.chat.rooms.home import Home
from parvis.chat.rooms.model import EVENT, RECEIPT, Me
from parvis.kernel.recent import Recent
from parvis.store.sql.contract import marks

_BUMPING = (
    "m.room.create", "m.room.message", "m.room.encrypted", "m.sticker", "m.call.invite", "m.poll.start",
    "m.beacon_info",
)  # fmt: skip
"""What brings a room up in the lists that people see (MSC4186 §bump_stamp)."""
_LOOKED_AT = 50
_PEOPLE = 2_000
_AT_ONCE = 200
_MOST_CHANGES = 5_000
_HERE = ("join", "invite", "knock")


@dataclass(slots=True)
class Place:
    """A room as one person has it. Positions are of the stream of all rooms."""

    room: int
    membership: str
    changed: int
    """When the membership became what it is."""
    event: int
    room_id: str = ""
    type: str = ""
    encrypted: bool = False
    active: int = 0
    """When something happened last."""
    bump: int = 0
    """When something was said last."""
    receipted: int = 0
    """When somebody's receipt came last."""


@dataclass(slots=True)
class Roster:
    """All rooms of one person as of a position."""

    upto: int
    places: dict[int, Place]
    order: list[Place]
    """The ones they are in, or are asked into; the one where something happened last first."""


class Rosters:
    """Those of this node."""

    def __init__(self, home: Home) -> None:
        self._db, self._home = home.store.db, home
        self._known: Recent[int, Roster] = Recent(_PEOPLE)

    async def of(self, me: Me, upto: int) -> Roster:
        """Somebody's rooms as of a position at least. Three statements where little changed since it was last
        asked."""
        known = self._known.get(me.principal.id)
        if known is None:
            known = await self._begun(me, upto)
        elif known.upto < upto:
            known = await self._renewed(me, known, upto)
        self._known[me.principal.id] = known
        return known

    async def _begun(self, me: Me, upto: int) -> Roster:
        rows = await self._db.rows(
            f"""SELECT room, membership, changed, event FROM chat_member WHERE principal_id = ?
            AND membership IN {marks(len(_HERE))}""",
            me.principal.id,
            *_HERE,
        )
        places = {row[0]: Place(*row) for row in rows}
        rooms = list(places)
        for start in range(0, len(rooms), _AT_ONCE):
            some = rooms[start : start + _AT_ONCE]
            for room, kind, modseq in await self._db.rows(
                f"SELECT part, kind, modseq FROM part_state WHERE part IN {marks(len(some))} AND kind IN (?, ?)",
                *some,
                EVENT,
                RECEIPT,
            ):
                _moved(places[room], kind, modseq)
        await self._look(places, rooms)
        return _ordered(upto, places)

    async def _renewed(self, me: Me, known: Roster, upto: int) -> Roster:
        places = dict(known.places)
        rows = await self._db.rows(
            "SELECT room, membership, changed, event FROM chat_member WHERE principal_id = ? AND changed > ?",
            me.principal.id,
            known.upto,
        )
        new = [row[0] for row in rows if row[1] in _HERE]
        for row in rows:
            before = places.pop(row[0], None)
            if row[1] in _HERE:
                place = places[row[0]] = Place(*row)
                place.active, place.receipted = place.changed, before.receipted if before else 0
        moved = await self._db.rows(
            """SELECT p.part, p.kind, p.modseq FROM part_state p JOIN chat_member m ON m.room = p.part
            AND m.user_id = ? WHERE p.account_id = ? AND p.modseq > ? AND p.kind IN (?, ?) LIMIT ?""",
            me.user_id,
            self._home.account_id,
            known.upto,
            EVENT,
            RECEIPT,
            _MOST_CHANGES,
        )
        if len(moved) == _MOST_CHANGES:
            return await self._begun(me, upto)
        happened = set(new)
        for room, kind, modseq in moved:
            if room in places:
                places[room] = replace(places[room])
                _moved(places[room], kind, modseq)
                happened |= {room} if kind == EVENT else set()
        await self._look(places, list(happened))
        return _ordered(upto, places)

    async def _look(self, places: dict[int, Place], rooms: list[int]) -> None:
        """What rooms are, and when something was said there last."""
        for start in range(0, len(rooms), _AT_ONCE):
            some = rooms[start : start + _AT_ONCE]
            for number, room_id, kind, type_, bump in await self._db.rows(
                f"""SELECT r.id, r.room_id, r.kind, r.type, (SELECT MAX(y.stream) FROM (SELECT x.stream, x.type
                FROM chat_event x WHERE x.room = r.id ORDER BY x.stream DESC LIMIT {_LOOKED_AT}) y
                WHERE y.type IN {marks(len(_BUMPING))}) FROM chat_room r WHERE r.id IN {marks(len(some))}""",
                *_BUMPING,
                *some,
            ):
                place = places[number]
                place.room_id, place.encrypted, place.type = room_id, kind == "encrypted", type_
                if place.membership == "join":
                    place.bump = max(place.bump, bump or 0) or place.changed
                else:
                    place.bump = place.active = place.changed


def _moved(place: Place, kind: str, modseq: int) -> None:
    if kind == EVENT:
        place.active = max(place.active, modseq)
    else:
        place.receipted = max(place.receipted, modseq)


def _ordered(upto: int, places: dict[int, Place]) -> Roster:
    return Roster(upto, places, sorted(places.values(), key=lambda place: (-place.active, place.room)))
