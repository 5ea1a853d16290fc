"""How far people have read (Matrix v1.19 Client-Server §Receipts)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from parvis.chat.people import data
from parvis.chat.rooms import members, store
from parvis.chat.rooms.model import RECEIPT, Me, Room, Stored
from parvis.chat.rooms.writing import Writing
from parvis.kernel import clock, ids
from parvis.store.sql.contract import marks
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.transactions import Receipt

Kind = Literal["m.read", "m.read.private"]
_MOST = 2_000
"""Receipts of a room that a client is told at once: the newest."""


async def put(
    writing: Writing, me: Me, room_id: str, kind: Kind, event_id: str, thread: str | None = None
) -> tuple[Room, Receipt] | None:
    """Notes that everything up to an event was read, in all of the room, in `main` or in a thread. What was read
    further already stays. Returns what others may know of it. Raises Forbidden, NotFound, BadMatrix."""
    unit = writing.unit
    room = await store.require(unit, me.principal, room_id)
    stored = await store.event_of(unit, room, event_id)
    place = thread or ""
    if place == "main" and stored.thread:
        raise BadMatrix("The event is in a thread", errcode="M_INVALID_PARAM", field="thread_id")
    if place not in ("", "main") and place not in (stored.thread, stored.event_id):
        raise BadMatrix("The event is not in this thread", errcode="M_INVALID_PARAM", field="thread_id")
    now, reader = clock.now_ms(), _Reader(me.user_id, me.principal.id)
    if not await _keep(writing, room, stored, reader, kind, place, now) or kind != "m.read":
        return None
    return room, Receipt(room_id, me.user_id, event_id, now, place)


async def heard(writing: Writing, room_id: str, receipt: Receipt) -> None:
    """Notes the same of somebody of another server, who is in the room; what is not here is passed over."""
    room = await store.room_named(writing.unit, room_id)
    stored = None
    if room is not None and await members.is_in(writing.unit, room.id, receipt.user_id):
        stored = (await store.by_event_ids(writing.unit, room.id, [receipt.event_id])).get(receipt.event_id)
    if room is not None and stored is not None:
        read_ms = min(receipt.ts, clock.now_ms())
        await _keep(writing, room, stored, _Reader(receipt.user_id, 0), "m.read", receipt.thread_id, read_ms)


class _Reader(NamedTuple):
    user_id: str
    principal_id: int


async def _keep(
    writing: Writing, room: Room, stored: Stored, who: _Reader, kind: Kind, place: str, read_ms: int
) -> bool:
    """Says whether that was further than before."""
    unit = writing.unit
    row = await unit.row(
        "SELECT id, reached FROM chat_receipt WHERE room = ? AND user_id = ? AND type = ? AND thread = ?",
        room.id, who.user_id, kind, place,
    )  # fmt: skip
    if row is not None and row[1] >= stored.stream:
        return False
    number = row[0] if row else ids.new_id()
    stream = await unit.changed(room.account_id, RECEIPT, number, "updated" if row else "created", part=room.id)
    await unit.run(
        """INSERT INTO chat_receipt (id, room, user_id, principal_id, type, thread, event_id, reached, read_ms,
        stream)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (room, user_id, type, thread) DO UPDATE
        SET event_id = excluded.event_id, reached = excluded.reached, read_ms = excluded.read_ms,
        stream = excluded.stream""",
        number, room.id, who.user_id, who.principal_id, kind, place, stored.event_id, stored.stream, read_ms,
        stream,
    )  # fmt: skip
    if kind == "m.read":
        writing.touched.rooms.append(room.id)
    else:
        writing.touched.people.append(who.principal_id)
    return True


async def mark(writing: Writing, me: Me, room_id: str, event_id: str) -> None:
    """Keeps where somebody has read everything before (Matrix v1.19 Client-Server §Fully read markers). Raises
    Forbidden, NotFound."""
    room = await store.require(writing.unit, me.principal, room_id)
    await store.event_of(writing.unit, room, event_id)
    await data.put(writing.unit, me.principal, "m.fully_read", {"event_id": event_id}, room_id)


@dataclass(frozen=True, slots=True)
class Read:
    """That somebody has read up to an event."""

    room: int
    user_id: str
    kind: str
    thread: str
    event_id: str
    read_ms: int


async def between(db: store.Reader, rooms: Sequence[int], after: int, until: int) -> list[Read]:
    """Everybody's receipts that came after a position, up to another, in order; private ones too. One statement."""
    if not rooms:
        return []
    rows = await db.rows(
        f"""SELECT c.room, c.user_id, c.type, c.thread, c.event_id, c.read_ms FROM chat_room r
        JOIN chat_receipt c ON c.room = r.id WHERE r.id IN {marks(len(rooms))} AND c.stream <= ?
        AND c.stream > COALESCE((SELECT x.stream FROM chat_receipt x WHERE x.room = r.id AND x.stream > ?
        AND x.stream <= ? ORDER BY x.stream DESC LIMIT 1 OFFSET ?), ?) ORDER BY c.stream""",
        *rooms, until, after, until, _MOST, after,
    )  # fmt: skip
    return [Read(*row) for row in rows]


async def since(db: store.Reader, me: Me, rooms: Sequence[int], after: int, until: int) -> dict[int, Object]:
    """What somebody is told of receipts that came after a position. One statement."""
    return shown(await between(db, rooms, after, until), me)


def shown(found: Iterable[Read], me: Me) -> dict[int, Object]:
    """What somebody is told of receipts, as `m.receipt` by room: private ones only of their own."""
    told: dict[int, Object] = {}
    for each in found:
        if each.kind == "m.read" or each.user_id == me.user_id:
            said = {"ts": each.read_ms, **({"thread_id": each.thread} if each.thread else {})}
            of_event = told.setdefault(each.room, {}).setdefault(each.event_id, {})
            of_event.setdefault(each.kind, {})[each.user_id] = said
    return {room: {"type": "m.receipt", "content": content} for room, content in told.items()}


async def reached(db: store.Reader, me: Me, rooms: Sequence[int]) -> dict[int, dict[str, int]]:
    """How far somebody has read themselves, by room and thread. One statement."""
    rows = await db.rows(
        f"""SELECT room, thread, MAX(reached) FROM chat_receipt WHERE room IN {marks(len(rooms))} AND user_id = ?
        GROUP BY room, thread""",
        *rooms,
        me.user_id,
    )
    found: dict[int, dict[str, int]] = {room: {} for room in rooms}
    for room, thread, stream in rows:
        found[room][thread] = stream
    return found
