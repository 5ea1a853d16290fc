"""Who comes into the room that is in the place of another finds there what they had set for that one: tags, and
what they want to be notified about (Matrix v1.19 Client-Server §Room upgrades)."""

import msgspec

from parvis.chat.people import data, rules
from parvis.chat.rooms import store
from parvis.chat.rooms.model import Me, Room
from parvis.chat.rooms.writing import Writing
from parvis.wire.matrix.event import StateKey
from parvis.wire.matrix.powers import CREATE

_TAGS = "m.tag"
_TOMBSTONE: StateKey = ("m.room.tombstone", "")


async def carry(writing: Writing, me: Me, room: Room) -> None:
    """Gives it to somebody who has come; nothing where the room of before is not here, or does not name this one.
    One statement for a room that is in the place of none."""
    unit = writing.unit
    before = await _before(writing, room)
    if before is None:
        return
    entries = await data.of_rooms(unit, me.principal, [before.room_id, room.room_id])
    tags = {each.room_id: each.content for each in entries if each.type == _TAGS}
    if before.room_id in tags and room.room_id not in tags:
        await data.put(unit, me.principal, _TAGS, tags[before.room_id], room.room_id)
    asked = await rules.of(unit, me.principal)
    carried = asked.carried(before.room_id, room.room_id)
    if carried is not asked:
        await data.put(unit, me.principal, rules.TYPE, msgspec.to_builtins(carried))


async def _before(writing: Writing, room: Room) -> Room | None:
    """The room in whose place another is, as both say it."""
    unit = writing.unit
    create = (await store.state(unit, room.id, [CREATE])).get(CREATE)
    told = create.event.content.get("predecessor") if create else None
    name = told.get("room_id") if isinstance(told, dict) else None
    before = await store.room_named(unit, name) if isinstance(name, str) else None
    if before is None:
        return None
    grave = (await store.state(unit, before.id, [_TOMBSTONE])).get(_TOMBSTONE)
    named = grave is not None and grave.event.content.get("replacement_room") == room.room_id
    return before if named else None
