"""Invitations to rooms of other servers, and what became of them."""

from collections.abc import Sequence

import msgspec

from parvis.chat.rooms import append, members, store
from parvis.chat.rooms.model import Room
from parvis.chat.rooms.writing import Writing
from parvis.kernel import ids
from parvis.store.sql.contract import marks
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.event import Event

_SHOWN = ("content", "sender", "state_key", "type")


async def note(writing: Writing, event: Event, told: list[Object]) -> None:
    """Notes that somebody of ours is invited to a room that we are not in, or knocks there; `told` is what its
    server says of the room, in any of its forms."""
    unit, user = writing.unit, event.state_key or ""
    state = [_shown(each) for each in told if _is_state(each)]
    if await store.room_named(unit, event.room_id) is None:
        create: Object = next((each["content"] for each in state if each["type"] == "m.room.create"), {})
        await append.open_room(writing, event.room_id, event.version, create)
    room = await append.locked(writing, event.room_id)
    if room.latest and await members.is_here(unit, room):
        return  # it comes by the room itself
    number = ids.new_id()
    known = (await store.by_event_ids(unit, room.id, [event.event_id])).get(event.event_id)
    if known is None:
        await append.write_event(unit, room, event, number, -number)
    state.append(_shown(event.source))
    await unit.run(
        """INSERT INTO chat_invitation (room, user_id, state) VALUES (?, ?, ?)
        ON CONFLICT (room, user_id) DO UPDATE SET state = excluded.state""",
        room.id, user, msgspec.json.encode(state).decode(),
    )  # fmt: skip
    row, stream = known.id if known else number, await unit.tick(room.account_id)
    await members.became(writing, room, user, str(event.membership), row, stream)


async def end(writing: Writing, room: Room, user: str, event: Event | None) -> None:
    """Somebody of ours is not invited any more, or leaves a room that we are not in; `event` says it, where a
    server took it."""
    unit, number = writing.unit, 0
    if event is not None and event.event_id not in await store.by_event_ids(unit, room.id, [event.event_id]):
        number = ids.new_id()
        await append.write_event(unit, room, event, number, -number)
    await unit.run("DELETE FROM chat_invitation WHERE room = ? AND user_id = ?", room.id, user)
    await members.became(writing, room, user, "leave", number, await unit.tick(room.account_id))


async def stripped(db: store.Reader, rooms: Sequence[int], user: str) -> dict[int, list[Object]]:
    """What somebody was told of rooms when they were invited; of those that we are in, nothing."""
    rows = await db.rows(
        f"SELECT room, state FROM chat_invitation WHERE user_id = ? AND room IN {marks(len(rooms))}", user, *rooms
    )
    return {room: msgspec.json.decode(text, type=list[Object]) for room, text in rows}


def _shown(each: Object) -> Object:
    return {name: each[name] for name in _SHOWN if name in each}


def _is_state(each: Object) -> bool:
    texts = all(isinstance(each.get(name), str) for name in ("type", "state_key", "sender"))
    return texts and isinstance(each.get("content"), dict)
