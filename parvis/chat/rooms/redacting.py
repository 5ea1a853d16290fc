"""What was taken back: nothing is left of it but what the rules of the room need (Matrix v1.19 Client-Server
§Redactions)."""

from parvis.chat.rooms import store, using
from parvis.chat.rooms.model import EVENT, Room, Stored
from parvis.chat.rooms.writing import Writing
from parvis.wire.matrix import canonical, relations
from parvis.wire.matrix.authorisation import may_redact
from parvis.wire.matrix.event import Event
from parvis.wire.matrix.powers import CREATE, POWER_LEVELS
from parvis.wire.matrix.redaction import redacted


async def take_back(writing: Writing, room: Room, target: Stored, redaction: str) -> None:
    """Takes an event back because of the one that says so."""
    if target.redacted_by:
        return
    unit = writing.unit
    await unit.run(
        """UPDATE chat_event SET json = ?, redacted_by = ?, relates_to = '', rel_type = '', rel_key = ''
        WHERE id = ?""",
        canonical.encode(redacted(target.event.source, room.version), strict=room.version.strict_json),
        redaction,
        target.id,
    )
    await using.forget(unit, [target.id])
    if not target.placed:
        return
    await unit.changed(room.account_id, EVENT, target.id, "updated", part=room.id)
    relation = relations.relation_of(target.event.content)
    about = await store.by_event_ids(unit, room.id, [relation.event_id]) if relation else {}
    for each in about.values():  # what was edited says again what it said before
        await unit.changed(room.account_id, EVENT, each.id, "updated", part=room.id)


async def reaches(writing: Writing, room: Room, event: Event) -> bool:
    """Whether an event from elsewhere takes nothing back, or something that is here and that it may: else clients
    are not told of it (Matrix v1.19 Room Version 3 §Handling redactions). At most two statements."""
    if event.redacts is None:
        return True
    target = (await store.by_event_ids(writing.unit, room.id, [event.redacts])).get(event.redacts)
    return target is not None and await _may(writing, room, event, target)


async def follow(writing: Writing, room: Room, stored: Stored) -> None:
    """Applies what came from elsewhere: a redaction to what it names, or, where that is not here, once it comes;
    and to an event those that came before it (Matrix v1.19 Room Version 12 §Handling redactions)."""
    unit = writing.unit
    wanted = stored.event.redacts
    if wanted is not None:
        target = (await store.by_event_ids(unit, room.id, [wanted])).get(wanted)
        if target is None:
            await unit.run(
                "INSERT INTO chat_awaited (room, event_id, redaction) VALUES (?, ?, ?)", room.id, wanted, stored.id
            )
        else:
            await _apply(writing, room, stored, target)
    rows = await unit.rows(
        "SELECT redaction FROM chat_awaited WHERE room = ? AND event_id = ? AND redaction <> 0",
        room.id,
        stored.event_id,
    )
    for each in (await store.by_numbers(unit, [row[0] for row in rows])).values():
        await _apply(writing, room, each, stored)


async def _apply(writing: Writing, room: Room, redaction: Stored, target: Stored) -> None:
    if await _may(writing, room, redaction.event, target):
        await take_back(writing, room, target, redaction.event_id)


async def _may(writing: Writing, room: Room, redaction: Event, target: Stored) -> bool:
    state = await store.state(writing.unit, room.id, [CREATE, POWER_LEVELS])
    return target.event.type != "m.room.create" and may_redact(
        redaction, target.event.sender, store.as_state(state.values())
    )
