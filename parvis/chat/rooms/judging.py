"""What somebody's push rules say about events (Matrix v1.19 Client-Server §Push Rules)."""

from collections.abc import Mapping, Sequence

from parvis.chat.rooms import store
from parvis.chat.rooms.model import Me, Room, Stored
from parvis.wire.matrix.powers import CREATE, POWER_LEVELS, PowerLevels
from parvis.wire.matrix.push_conditions import Happening
from parvis.wire.matrix.push_rules import Outcome, Rules, RuleSet


async def outcomes(
    db: store.Reader, me: Me, rooms: Mapping[int, Room], rules: RuleSet, events: Sequence[Stored]
) -> list[tuple[Stored, Outcome]]:
    """Events of rooms with what the first rule that matches says, those left out that none is about, and those that
    were taken back. One statement for all rooms, none without events."""
    if not events:
        return []
    member, numbers = ("m.room.member", me.user_id), sorted({each.room for each in events})
    states, asked = await store.states(db, numbers, [CREATE, POWER_LEVELS, member]), Rules(rules, me.user_id)
    levels, names = {}, {}
    for number, state in states.items():
        levels[number] = PowerLevels.of(store.as_state(state.values()), rooms[number].version)
        said = state[member].event.content.get("displayname") if member in state else None
        names[number] = said if isinstance(said, str) else ""
    found = []
    for each in events:
        if each.redacted_by or each.room not in levels:
            continue
        room = rooms[each.room]
        event = {**each.event.source, "room_id": room.room_id}
        happening = Happening(event, members=room.joined, levels=levels[each.room])
        outcome = asked.about(happening, names[each.room])
        if outcome is not None:
            found.append((each, outcome))
    return found


async def happenings(db: store.Reader, room: Room, events: Sequence[Stored]) -> list[tuple[Stored, Happening]]:
    """Events of a room as anybody's rules are asked about them; those that were taken back are left out. One
    statement."""
    state = await store.state(db, room.id, [CREATE, POWER_LEVELS])
    levels = PowerLevels.of(store.as_state(state.values()), room.version)
    return [
        (each, Happening({**each.event.source, "room_id": room.room_id}, members=room.joined, levels=levels))
        for each in events
        if not each.redacted_by
    ]


async def name(db: store.Reader, me: Me, room: Room) -> str:
    """What somebody is called in a room. One statement."""
    for member in (await store.state(db, room.id, [("m.room.member", me.user_id)])).values():
        said = member.event.content.get("displayname")
        return said if isinstance(said, str) else ""
    return ""
