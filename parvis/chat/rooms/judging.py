"""What somebody's push rules say about events (Matrix v1.19 Client-Server §Push Rules)."""

from collections.abc import Iterator, Mapping, Sequence

from parvis.chat.rooms import store
from parvis.chat.rooms.model import Me, Room, Stored
from parvis.wire.matrix.event import StateKey
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
    found = []
    for each, happening in _happenings(rooms, states, events):
        outcome = asked.about(happening, called(states[each.room].get(member)))
        if outcome is not None:
            found.append((each, outcome))
    return found


async def happenings(
    db: store.Reader, rooms: Mapping[int, Room], events: Sequence[Stored]
) -> list[tuple[Stored, Happening]]:
    """Events of rooms as anybody's rules are asked about them; those that were taken back are left out. One
    statement."""
    return list(_happenings(rooms, await store.states(db, list(rooms), [CREATE, POWER_LEVELS]), events))


def _happenings(
    rooms: Mapping[int, Room], states: Mapping[int, Mapping[StateKey, Stored]], events: Sequence[Stored]
) -> Iterator[tuple[Stored, Happening]]:
    levels = {
        number: PowerLevels.of(store.as_state(state.values()), rooms[number].version)
        for number, state in states.items()
        if number in rooms
    }
    for each in events:
        if not each.redacted_by and each.room in levels:
            room = rooms[each.room]
            event = {**each.event.source, "room_id": room.room_id}
            yield each, Happening(event, members=room.joined, levels=levels[room.id])


async def name(db: store.Reader, me: Me, room: Room) -> str:
    """What somebody is called in a room. One statement."""
    key = ("m.room.member", me.user_id)
    return called((await store.state(db, room.id, [key])).get(key))


def called(member: Stored | None) -> str:
    """What a member is called; empty where they are called nothing."""
    said = member.event.content.get("displayname") if member else None
    return said if isinstance(said, str) else ""
