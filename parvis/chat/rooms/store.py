"""Rooms and events in SQL."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from parvis.access import gate, parts
from parvis.access.principal import Principal, Right
from parvis.chat.rooms.model import SCOPE, Room, Stored
from parvis.kernel.errors import Forbidden, NotFound
from parvis.store.sql.contract import Row, marks, rounded
from parvis.wire.matrix import event as events
from parvis.wire.matrix.event import Event, StateKey
from parvis.wire.matrix.versions import supported

_ROOM = """id, account_id, room_id, version, kind, type, depth, latest, joined, invited, listed, join_rule, \
name, topic, alias, avatar, others, eldest, purged, purged_ms, team"""
_EVENT = "e.id, e.room, e.stream, e.thread, e.redacted_by, e.replaces, e.event_id, e.json, r.version, e.rejected"
_FROM = "chat_event e JOIN chat_room r ON r.id = e.room"
_NO_MEMBERS = "s.type <> 'm.room.member'"
_AT_ONCE = 200


class Reader(Protocol):
    """What a database and an open unit can do."""

    async def rows(self, sql: str, *args: Any) -> list[Row]:
        """All rows."""
        ...

    async def row(self, sql: str, *args: Any) -> Row | None:
        """The first row."""
        ...

    async def value(self, sql: str, *args: Any) -> Any:
        """The first column of the first row."""
        ...


def _room(row: Row) -> Room:
    return Room(
        row[0], row[1], row[2], supported(row[3]), row[4], row[5], row[6], tuple(msgspec.json.decode(row[7])),
        row[8], row[9], bool(row[10]), *row[11:],
    )  # fmt: skip


def _stored(row: Row) -> Stored:
    source = msgspec.json.decode(row[7])
    event = events.load(source, supported(row[8]), row[6])
    return Stored(row[0], row[1], row[2], row[3], row[4], row[5], event, bool(row[9]))


async def room_named(db: Reader, room_id: str) -> Room | None:
    """The room of this id in Matrix, whoever asks."""
    row = await db.row(f"SELECT {_ROOM} FROM chat_room WHERE room_id = ?", room_id)
    return None if row is None else _room(row)


async def room_of_team(db: Reader, space_id: int) -> Room | None:
    """The room of a space of the house."""
    row = await db.row(f"SELECT {_ROOM} FROM chat_room WHERE team = ? AND team <> 0", space_id)
    return None if row is None else _room(row)


async def numbers_of(db: Reader, room_ids: Sequence[str]) -> list[int]:
    """The scopes of the rooms of these ids in Matrix; of those that are known here."""
    rows = await db.rows(f"SELECT id FROM chat_room WHERE room_id IN {marks(len(room_ids))}", *room_ids)
    return [row[0] for row in rows]


async def locked(unit: Reader, room_id: str) -> Room | None:
    """The same; nobody else changes it until the unit ends."""
    row = await unit.row(f"UPDATE chat_room SET depth = depth WHERE room_id = ? RETURNING {_ROOM}", room_id)
    return None if row is None else _room(row)


async def rooms_by_ids(db: Reader, numbers: Sequence[int]) -> dict[int, Room]:
    """Rooms by their scopes."""
    found: dict[int, Room] = {}
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        rows = await db.rows(f"SELECT {_ROOM} FROM chat_room WHERE id IN {marks(len(some))}", *some)
        found |= {row[0]: _room(row) for row in rows}
    return found


async def visible_rooms(db: Reader, principal: Principal, numbers: Sequence[int]) -> dict[int, Room]:
    """Those of some rooms that `principal` may read."""
    found: dict[int, Room] = {}
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        rows = await db.rows(
            f"SELECT {_ROOM} FROM chat_room WHERE id IN {marks(len(some))} AND id IN {gate.VISIBLE}",
            *some,
            *gate.visible(principal),
        )
        found |= {row[0]: _room(row) for row in rows}
    return found


async def require(db: Reader, principal: Principal, room_id: str, right: Right = Right.READ) -> Room:
    """The room, when `principal` is in it. Raises Forbidden: whether there is such a room is told to nobody
    else."""
    found = await required(db, [(principal, room_id)], right)
    if not found:
        raise Forbidden("you are not in this room")
    return found[principal.id, room_id]


async def required(
    db: Reader, wanted: Iterable[tuple[Principal, str]], right: Right = Right.READ
) -> dict[tuple[int, str], Room]:
    """The same for several principals and rooms, by the ids of both; a room in which somebody has not this right is
    left out. One statement for 200."""
    pairs = list(dict.fromkeys((principal.id, room_id) for principal, room_id in wanted))
    seen: dict[tuple[int, str], list[Row]] = {}
    for start in range(0, len(pairs), _AT_ONCE):
        some = rounded(pairs[start : start + _AT_ONCE])
        rows = await db.rows(
            f"""SELECT w.column1, r.{_ROOM.replace(", ", ", r.")}, {parts.RIGHTS}
            FROM ({numbered(len(some), "?")}) w CROSS JOIN chat_room r {parts.joined("r.id", "w.column1")}
            WHERE r.room_id = w.column2""",
            *(value for pair in some for value in pair),
            *parts.asked_for(SCOPE),
        )
        for row in rows:
            seen.setdefault((row[0], row[3]), []).append(row)
    return {
        pair: _room(rows[0][1:-6])
        for pair, rows in seen.items()
        if any(parts.allows(access, right) for access in parts.grouped(row[-6:] for row in rows))
    }


async def select(db: Reader, where: str, *args: Any) -> list[Stored]:
    """Events that meet a condition; it names their table `e`, and may sort and limit."""
    return [_stored(row) for row in await db.rows(f"SELECT {_EVENT} FROM {_FROM} WHERE {where}", *args)]


async def by_event_ids(db: Reader, room: int, wanted: Iterable[str]) -> dict[str, Stored]:
    """Events of a room by their ids."""
    names = list(dict.fromkeys(wanted))
    found: dict[str, Stored] = {}
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        for each in await select(db, f"e.event_id IN {marks(len(some))} AND e.room = ?", *some, room):
            found[each.event_id] = each
    return found


async def by_numbers(db: Reader, wanted: Iterable[int]) -> dict[int, Stored]:
    """Events by their rows."""
    numbers = list(dict.fromkeys(wanted))
    found: dict[int, Stored] = {}
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        found |= {each.id: each for each in await select(db, f"e.id IN {marks(len(some))}", *some)}
    return found


async def event_of(db: Reader, room: Room, event_id: str) -> Stored:
    """One event of a room's timeline or state. Raises NotFound."""
    found = await by_event_ids(db, room.id, [event_id])
    if event_id not in found or not found[event_id].placed:
        raise NotFound("no such event")
    return found[event_id]


async def state(db: Reader, room: int, keys: Sequence[StateKey]) -> dict[StateKey, Stored]:
    """What stands in the state of a room now under these keys."""
    return (await states(db, [room], keys)).get(room, {})


async def states(db: Reader, rooms: Sequence[int], keys: Sequence[StateKey]) -> dict[int, dict[StateKey, Stored]]:
    """The same for several rooms at once, by room."""
    found: dict[int, dict[StateKey, Stored]] = {}
    for start in range(0, len(keys) if rooms else 0, _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        where = f"""e.id IN (SELECT s.event FROM chat_state s WHERE s.room IN {marks(len(rooms))}
        AND (s.type, s.state_key) IN ({_pairs(some)}))"""
        for each in await select(db, where, *rooms, *(text for key in some for text in key)):
            found.setdefault(each.room, {})[each.event.key] = each
    return found


async def standing(db: Reader, wanted: Iterable[tuple[int, StateKey]]) -> dict[tuple[int, StateKey], Stored]:
    """What stands in some places of the state of rooms now: one statement for 200."""
    places, found = list(dict.fromkeys(wanted)), {}
    for start in range(0, len(places), _AT_ONCE):
        some = rounded(places[start : start + _AT_ONCE])
        where = f"""e.id IN (SELECT s.event FROM ({numbered(len(some), "?, ?")}) w CROSS JOIN chat_state s
        WHERE s.room = w.column1 AND s.type = w.column2 AND s.state_key = w.column3)"""
        for each in await select(db, where, *(value for room, key in some for value in (room, *key))):
            found[each.room, each.event.key] = each
    return found


def _pairs(keys: Sequence[StateKey]) -> str:
    return f"VALUES {', '.join(['(?, ?)'] * len(keys))}"


async def memberships(db: Reader, wanted: Iterable[tuple[int, str]]) -> dict[tuple[int, str], Stored]:
    """What the state says now of some users in their rooms: one statement for 200."""
    pairs, found = sorted(set(wanted)), {}
    for start in range(0, len(pairs), _AT_ONCE):
        some = pairs[start : start + _AT_ONCE]
        where = f"""e.id IN (SELECT m.event FROM ({numbered(len(some), "?")}) w CROSS JOIN chat_member m
        WHERE m.room = w.column1 AND m.user_id = w.column2)"""
        for each in await select(db, where, *(value for pair in some for value in pair)):
            found[each.room, each.event.state_key or ""] = each
    return found


async def whole_state(db: Reader, room: int, *, without_members: bool = False) -> list[Stored]:
    """All state of a room as it is now."""
    more = f" AND {_NO_MEMBERS}" if without_members else ""
    return await select(
        db, f"e.id IN (SELECT s.event FROM chat_state s WHERE s.room = ?{more}) ORDER BY e.stream", room
    )


async def state_at(db: Reader, room: int, stream: int, *, without_members: bool = False) -> list[Stored]:
    """All state of a room as it was after this position in the stream."""
    return (await states_at(db, {room: stream}, without_members=without_members)).get(room, [])


async def states_at(
    db: Reader, wanted: Mapping[int, int], *, without_members: bool = False
) -> dict[int, list[Stored]]:
    """All state of rooms as it was after a position of each: one statement for 200 rooms."""
    found: dict[int, list[Stored]] = {}
    more = f" AND {_NO_MEMBERS}" if without_members else ""
    rooms = list(wanted.items())
    for start in range(0, len(rooms), _AT_ONCE):
        some = rooms[start : start + _AT_ONCE]
        where = f"""e.id IN (SELECT l.event FROM ({numbered(len(some))}) w CROSS JOIN chat_state s
        CROSS JOIN chat_state_log l WHERE s.room = w.column1{more} AND l.room = s.room AND l.type = s.type
        AND l.state_key = s.state_key AND l.stream = (SELECT MAX(p.stream) FROM chat_state_log p
        WHERE p.room = s.room AND p.type = s.type AND p.state_key = s.state_key AND p.stream <= w.column2))
        ORDER BY e.stream"""
        for each in await select(db, where, *(number for pair in some for number in pair)):
            found.setdefault(each.room, []).append(each)
    return found


def numbered(count: int, others: str = "CAST(? AS BIGINT)") -> str:
    """A table of so many rows: a number, and what `others` are."""
    return f"VALUES {', '.join([f'(CAST(? AS BIGINT), {others})'] * count)}"


async def states_between(db: Reader, wanted: Mapping[int, int], after: int) -> dict[int, list[Stored]]:
    """What came into the state of rooms behind one position, up to another of each, and stood there at that: one
    statement for 200 rooms."""
    found: dict[int, dict[StateKey, Stored]] = {}
    rooms = list(wanted.items())
    for start in range(0, len(rooms), _AT_ONCE):
        some = rooms[start : start + _AT_ONCE]
        log = await _log(
            db,
            f"({numbered(len(some))}) w CROSS JOIN chat_state_log l",
            "l.room = w.column1 AND l.stream > ? AND l.stream <= w.column2",
            *(number for pair in some for number in pair),
            after,
        )
        for _, each in log:
            found.setdefault(each.room, {})[each.event.key] = each
    return {room: list(state.values()) for room, state in found.items()}


async def log_of(db: Reader, rooms: Sequence[int], *keys: StateKey) -> list[tuple[int, Stored]]:
    """What stood in rooms under some keys, each with the position since when: one statement."""
    where = f"l.room IN {marks(len(rooms))} AND (l.type, l.state_key) IN ({_pairs(keys)})"
    return await _log(db, "chat_state_log l", where, *rooms, *(text for key in keys for text in key))


async def _log(db: Reader, source: str, where: str, *args: Any) -> list[tuple[int, Stored]]:
    rows = await db.rows(
        f"""SELECT {_EVENT}, l.stream FROM {source} CROSS JOIN chat_event e CROSS JOIN chat_room r
        WHERE {where} AND e.id = l.event AND r.id = e.room ORDER BY l.stream""",
        *args,
    )
    return [(row[-1], _stored(row)) for row in rows]


async def newest(db: Reader, rooms: Sequence[int], after: int, until: int, most: int) -> dict[int, list[Stored]]:
    """The newest events of each room behind one position, up to another, the last first: one statement for 200
    rooms."""
    found: dict[int, list[Stored]] = {}
    for start in range(0, len(rooms), _AT_ONCE):
        some = rooms[start : start + _AT_ONCE]
        where = f"""r.id IN {marks(len(some))} AND e.stream <= ? AND e.stream > COALESCE((SELECT x.stream
        FROM chat_event x WHERE x.room = r.id AND x.stream > ? AND x.stream <= ? ORDER BY x.stream DESC
        LIMIT 1 OFFSET ?), ?) ORDER BY e.stream DESC"""
        for each in await select(db, where, *some, until, after, until, most, after):
            found.setdefault(each.room, []).append(each)
    return found


def as_state(stored: Iterable[Stored]) -> dict[StateKey, Event]:
    """The same as the rules of authorisation read it."""
    return {each.event.key: each.event for each in stored}
