"""Coming into a room that other servers have: its state as they tell it becomes ours, and the event with which
somebody comes is the first in the timeline here."""

from collections.abc import Iterable, Sequence

from parvis.chat.rooms import append, members, outliers, states, store
from parvis.chat.rooms.model import NOWHERE, Room, Stored
from parvis.chat.rooms.writing import Writing
from parvis.wire.matrix import authorisation
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.event import Event, StateKey
from parvis.wire.matrix.identifiers import server_of
from parvis.wire.matrix.powers import CREATE

_AT_ONCE = 500


async def arrive(
    writing: Writing, room_id: str, event: Event, state: Sequence[Event], auth: Iterable[Event]
) -> Stored:
    """Puts the room here with `state` before `event`; the hashes and signatures of all were checked. Raises
    BadMatrix where they do not fit together."""
    unit = writing.unit
    if await store.room_named(unit, room_id) is None:
        create = next((each for each in state if each.key == CREATE), None)
        await append.open_room(writing, room_id, event.version, create.content if create else {})
    room = await append.locked(writing, room_id)
    await unit.run(
        """DELETE FROM chat_event WHERE id IN (SELECT event FROM chat_member WHERE room = ?
        AND membership IN ('invite', 'knock')) AND id NOT IN (SELECT event FROM chat_state_log WHERE room = ?)""",
        room.id, room.id,
    )  # fmt: skip  # invitations that nobody could judge
    known = await outliers.keep(unit, room, {each.event_id: each for each in (*auth, *state)})
    good = {name for name, each in known.items() if not each.rejected}
    stands = {each.key: known[each.event_id] for each in state if each.event_id in good}
    if CREATE not in stands:
        raise BadMatrix("The state of the room has no creation")
    authorisation.check(event, store.as_state(stands.values()))
    if room.latest:
        await _turn(writing, room, stands)
    else:
        await _begin(writing, room, stands)
    room = await append.locked(writing, room_id)
    before = stands.get(event.key)
    own = (await outliers.keep(unit, room, {event.event_id: event})).get(event.event_id)
    if own is None or own.rejected:
        raise BadMatrix("What allows the event is not told")
    if not own.placed:
        own = await append.show(writing, room, event, before.id if before else 0, [event.event_id], own.id)
        await append.stand(writing, room, own, own.stream)
    await unit.run("DELETE FROM chat_invitation WHERE room = ?", room.id)
    return own


async def _turn(writing: Writing, room: Room, stands: dict[StateKey, Stored]) -> None:
    """The state of a room in which nobody of ours was for a while."""
    head = await states.now(writing.unit, room)
    view = await states.against(writing.unit, room.id, {key: each.id for key, each in stands.items()}, head)
    stream = await writing.unit.tick(room.account_id)
    for key, number in view.over.items():
        if number:
            await append.stand(writing, room, stands[key], stream)
        else:
            await append.fall(writing, room, key, stream)


async def _begin(writing: Writing, room: Room, stands: dict[StateKey, Stored]) -> None:
    """The state of a room that is new here, all at once: so large it may be."""
    unit = writing.unit
    await unit.many(
        "INSERT INTO chat_state (room, type, state_key, event) VALUES (?, ?, ?, ?)",
        [(room.id, *key, each.id) for key, each in stands.items()],
    )
    await unit.many(
        "INSERT INTO chat_state_log (room, type, state_key, stream, event) VALUES (?, ?, ?, ?, ?)",
        [(room.id, *key, NOWHERE, each.id) for key, each in stands.items()],
    )
    for key, each in stands.items():
        if key[0] != "m.room.member":
            await append.show_state(writing, room, key, each.event.content)
    stream = await unit.tick(room.account_id)
    people = {key[1]: each for key, each in stands.items() if key[0] == "m.room.member"}
    ours = {user for user in people if server_of(user) == writing.home.name}
    for user in ours:
        await members.apply(writing, room, people[user], stream)
    theirs = {user: str(each.event.membership) for user, each in people.items() if user not in ours}
    await members.strangers(unit, room, {user: (word, people[user].id) for user, word in theirs.items()}, stream)
