"""How far people have read (Matrix v1.19 Client-Server §Receipts)."""

from typing import Literal

from parvis.chat.people import data
from parvis.chat.rooms import store
from parvis.chat.rooms.model import RECEIPT, Me, Room
from parvis.chat.rooms.writing import Writing
from parvis.kernel import clock, ids
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix

Kind = Literal["m.read", "m.read.private"]
_MOST = 2_000
"""Receipts of a room that a client is told at once: the newest."""


async def put(writing: Writing, me: Me, room_id: str, kind: Kind, event_id: str, thread: str | None = None) -> None:
    """Notes that everything up to an event was read, in all of the room, in `main` or in a thread. What was read
    further already stays. Raises Forbidden, NotFound, BadMatrix."""
    unit = writing.unit
    room = await store.require(unit, me.principal, room_id)
    stored = await store.event_of(unit, room, event_id)
    place = thread or ""
    if place == "main" and stored.thread:
        raise BadMatrix("The event is in a thread", errcode="M_INVALID_PARAM", field="thread_id")
    if place not in ("", "main") and place not in (stored.thread, stored.event_id):
        raise BadMatrix("The event is not in this thread", errcode="M_INVALID_PARAM", field="thread_id")
    row = await unit.row(
        "SELECT id, reached FROM chat_receipt WHERE room = ? AND user_id = ? AND type = ? AND thread = ?",
        room.id, me.user_id, kind, place,
    )  # fmt: skip
    if row is not None and row[1] >= stored.stream:
        return
    number = row[0] if row else ids.new_id()
    stream = await unit.changed(room.account_id, RECEIPT, number, "updated" if row else "created", part=room.id)
    await unit.run(
        """INSERT INTO chat_receipt (id, room, user_id, principal_id, type, thread, event_id, reached, read_ms,
        stream)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (room, user_id, type, thread) DO UPDATE
        SET event_id = excluded.event_id, reached = excluded.reached, read_ms = excluded.read_ms,
        stream = excluded.stream""",
        number, room.id, me.user_id, me.principal.id, kind, place, event_id, stored.stream, clock.now_ms(), stream,
    )  # fmt: skip
    if kind == "m.read":
        writing.touched.rooms.append(room.id)
    else:
        writing.touched.people.append(me.principal.id)


async def mark(writing: Writing, me: Me, room_id: str, event_id: str) -> None:
    """Keeps where somebody has read everything before (Matrix v1.19 Client-Server §Fully read markers). Raises
    Forbidden, NotFound."""
    room = await store.require(writing.unit, me.principal, room_id)
    await store.event_of(writing.unit, room, event_id)
    await data.put(writing.unit, me.principal, "m.fully_read", {"event_id": event_id}, room_id)


async def since(db: store.Reader, me: Me, room: Room, after: int, until: int) -> Object | None:
    """What clients are told of receipts that came after a position, as `m.receipt`; private ones only of one's
    own."""
    rows = await db.rows(
        """SELECT user_id, type, thread, event_id, read_ms FROM chat_receipt WHERE room = ? AND stream > ?
        AND stream <= ? AND (type = 'm.read' OR user_id = ?) ORDER BY stream DESC LIMIT ?""",
        room.id,
        after,
        until,
        me.user_id,
        _MOST,
    )
    if not rows:
        return None
    content: Object = {}
    for user_id, kind, thread, event_id, read_ms in reversed(rows):
        said = {"ts": read_ms, **({"thread_id": thread} if thread else {})}
        content.setdefault(event_id, {}).setdefault(kind, {})[user_id] = said
    return {"type": "m.receipt", "content": content}


async def reached(db: store.Reader, me: Me, room: int) -> dict[str, int]:
    """How far somebody has read themselves, by thread."""
    rows = await db.rows(
        "SELECT thread, MAX(reached) FROM chat_receipt WHERE room = ? AND user_id = ? GROUP BY thread",
        room,
        me.user_id,
    )
    return dict(rows)
