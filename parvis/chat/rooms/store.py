"""Rooms and events in SQL."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import msgspec

from parvis.access import parts
from parvis.access.principal import Principal, Right
from parvis.chat.rooms.model import SCOPE, Room, Stored
from parvis.kernel.errors import Forbidden, NotFound
from parvis.store.sql.contract import Row, marks
from parvis.wire.matrix import event as events
from parvis.wire.matrix.event import Event, StateKey
from parvis.wire.matrix.versions import supported

_ROOM = """id, account_id, room_id, version, kind, type, depth, latest, joined, invited, listed, join_rule, name,
topic, alias, avatar, others, eldest"""
_EVENT = "e.id, e.room, e.stream, e.thread, e.redacted_by, e.replaces, e.event_id, e.json, r.version, e.rejected"
_FROM = "chat_event e JOIN chat_room r ON r.id = e.room"
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


async def rooms_by_ids(db: Reader, numbers: Sequence[int]) -> dict[int, Room]:
    """Rooms by their scopes."""
    found: dict[int, Room] = {}
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        rows = await db.rows(f"SELECT {_ROOM} FROM chat_room WHERE id IN {marks(len(some))}", *some)
        found |= {row[0]: _room(row) for row in rows}
    return found


async def require(db: Reader, principal: Principal, room_id: str, right: Right = Right.READ) -> Room:
    """The room, when `principal` is in it. Raises Forbidden: whether there is such a room is told to nobody
    else."""
    room = await room_named(db, room_id)
    if room is None:
        raise Forbidden("you are not in this room")
    try:
        await parts.part(db, principal, room.id, SCOPE, right)
    except NotFound:
        raise Forbidden("you are not in this room") from None
    return room


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
    found: dict[StateKey, Stored] = {}
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        pairs = " OR ".join("(s.type = ? AND s.state_key = ?)" for _ in some)
        where = f"e.id IN (SELECT s.event FROM chat_state s WHERE s.room = ? AND ({pairs}))"
        for each in await select(db, where, room, *(text for key in some for text in key)):
            found[each.event.key] = each
    return found


async def whole_state(db: Reader, room: int, *, without_members: bool = False) -> list[Stored]:
    """All state of a room as it is now."""
    more = " AND s.type <> 'm.room.member'" if without_members else ""
    return await select(
        db, f"e.id IN (SELECT s.event FROM chat_state s WHERE s.room = ?{more}) ORDER BY e.stream", room
    )


async def state_at(db: Reader, room: int, stream: int, *, without_members: bool = False) -> list[Stored]:
    """All state of a room as it was after this position in the stream."""
    more = " AND s.type <> 'm.room.member'" if without_members else ""
    return await select(
        db,
        f"""e.id IN (SELECT l.event FROM chat_state s JOIN chat_state_log l ON l.room = s.room AND l.type = s.type
        AND l.state_key = s.state_key AND l.stream = (SELECT MAX(p.stream) FROM chat_state_log p
        WHERE p.room = s.room AND p.type = s.type AND p.state_key = s.state_key AND p.stream <= ?)
        WHERE s.room = ?{more}) ORDER BY e.stream""",
        stream,
        room,
    )


async def state_between(db: Reader, room: int, after: int, until: int) -> list[Stored]:
    """What came into the state behind one position, up to another, and stood there at the second."""
    log = await _log(db, "l.stream > ? AND l.stream <= ?", room, after, until)
    return list({each.event.key: each for _, each in log}.values())


async def log_of(db: Reader, room: int, *keys: StateKey) -> list[tuple[int, Stored]]:
    """What stood under some keys, each with the position since when."""
    pairs = " OR ".join("(l.type = ? AND l.state_key = ?)" for _ in keys)
    return await _log(db, f"({pairs})", room, *(text for key in keys for text in key))


async def _log(db: Reader, where: str, room: int, *args: Any) -> list[tuple[int, Stored]]:
    rows = await db.rows(
        f"""SELECT {_EVENT}, l.stream FROM chat_state_log l JOIN chat_event e ON e.id = l.event
        JOIN chat_room r ON r.id = e.room WHERE l.room = ? AND {where} ORDER BY l.stream""",
        room,
        *args,
    )
    return [(row[-1], _stored(row)) for row in rows]


def as_state(stored: Iterable[Stored]) -> dict[StateKey, Event]:
    """The same as the rules of authorisation read it."""
    return {each.event.key: each.event for each in stored}
