"""What was said in a room before it was here is put before the timeline, so that who reads back finds it. What held
in the room then is known as far as what was filled in says it; what that was before is not, until more is."""

from collections.abc import Sequence

from parvis.chat.rooms import append, outliers, redacting, store, using
from parvis.chat.rooms.chains import named_by
from parvis.chat.rooms.model import NOWHERE, Room, Stored
from parvis.chat.rooms.writing import Writing
from parvis.wire.matrix.event import Event


async def begin(db: store.Reader, room: Room) -> list[Stored]:
    """The eldest events that are here; empty where the room is here from its creation on, or its past went."""
    if room.purged > NOWHERE:
        return []
    found = await store.select(db, "e.room = ? AND e.stream > ? ORDER BY e.stream LIMIT 1", room.id, NOWHERE)
    return [each for each in found if each.event.type != "m.room.create"]


async def fill(writing: Writing, room_id: str, events: Sequence[Event]) -> int:
    """Puts events before the eldest that is here, the newest first; those that are here already, or are not allowed
    by what they name, are left out. Returns how many there were."""
    unit, count = writing.unit, 0
    room = await append.locked(writing, room_id)
    kept = await outliers.keep(unit, room, {each.event_id: each for each in events})
    position = room.eldest
    for event in events:
        stored = kept.get(event.event_id)
        if stored is None or stored.placed or stored.rejected or not await _is_outlier(writing, stored):
            continue
        position, count = position - 1, count + 1
        await append.put_before(writing, room, stored, position)
        if event.state_key is not None:
            await _stood(writing, room, stored, position)
        using.note(unit, writing.home.name, stored)
        await redacting.follow(writing, room, stored)
    await unit.run("UPDATE chat_room SET eldest = ? WHERE id = ?", position, room.id)
    if count:
        writing.touched.rooms.append(room.id)
    return count


async def _is_outlier(writing: Writing, stored: Stored) -> bool:
    return await writing.unit.value("SELECT 1 FROM chat_branch WHERE event = ?", stored.id) is None


async def _stood(writing: Writing, room: Room, stored: Stored, position: int) -> None:
    """What stood there from the beginning of what is known stands there since this event."""
    unit = writing.unit
    where = "room = ? AND type = ? AND state_key = ? AND stream = ?"
    first = await unit.value(f"SELECT event FROM chat_state_log WHERE {where}", room.id, *stored.event.key, NOWHERE)
    if first == stored.id:
        await unit.run(
            f"UPDATE chat_state_log SET stream = ? WHERE {where}", position, room.id, *stored.event.key, NOWHERE
        )
    elif first is None:  # else what came after it was not filled in yet
        await append.note(writing.unit, room, stored.event.key, stored.id, position, now=False)


def allowing(events: Sequence[Event]) -> set[str]:
    """What events name as allowing them, and is not among them."""
    return {name for each in events for name in named_by(each)} - {each.event_id for each in events}
