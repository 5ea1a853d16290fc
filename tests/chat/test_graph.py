"""Events of several servers in one room, in whatever order they come: what holds before each is what the definitions
say, and in the end everybody has the same. Matrix v1.19 Server-Server §Room State Resolution"""

import random

import pytest

from parvis.chat.rooms import append, placing, states, store
from parvis.chat.rooms.service import Rooms
from parvis.chat.rooms.writing import Writing
from parvis.wire.matrix import resolution
from parvis.wire.matrix.authorisation import is_allowed
from parvis.wire.matrix.event import Event, StateKey
from tests.wire.matrix.rooms import ANN, BOB, CLEO, DAN, Room

USERS = [ANN, BOB, CLEO, DAN]
State = dict[StateKey, str]


class Grown:
    """A room that grew on several servers at once, with the state before each event as the definitions say it."""

    def __init__(self, seed: int, number: str, steps: int) -> None:
        self.random = random.Random(f"{seed} {number}")
        self.room = Room(number)
        self.order: list[Event] = [self.room.create]
        self.before: dict[str, State] = {self.room.create.event_id: {}}
        self.heads: list[tuple[tuple[str, ...], State]] = [
            ((self.room.create.event_id,), {self.room.create.key: self.room.create.event_id})
        ]
        self.send(0, "m.room.member", ANN, {"membership": "join"}, ANN)
        users = {BOB: 50, CLEO: 50} if self.room.version.hashed_rooms else {ANN: 100, BOB: 50, CLEO: 50}
        self.send(0, "m.room.power_levels", ANN, {"users": users, "invite": 0}, "")
        self.send(0, "m.room.join_rules", ANN, {"join_rule": "public"}, "")
        for user in USERS[1:]:
            self.send(0, "m.room.member", user, {"membership": "join"}, user)
        for _ in range(steps):
            self.step()
        self.meet(range(len(self.heads)))
        state = self.heads[0][1]
        joined = [user for user in USERS if self.room.events[state["m.room.member", user]].membership == "join"]
        self.send(0, "m.room.message", next(iter(joined), ANN), {"body": "last"}, None, always=True)

    def step(self) -> None:
        chance, head = self.random.random(), self.random.randrange(len(self.heads))
        if chance < 0.15 and len(self.heads) > 1:
            self.meet(self.random.sample(range(len(self.heads)), self.random.randint(2, len(self.heads))))
        elif chance < 0.35 and len(self.heads) < 4:
            self.heads.append(self.random.choice(self.heads))
        else:
            self.anything(head)

    def anything(self, head: int) -> None:
        choice, user, other = self.random.choice, self.random.choice(USERS), self.random.choice(USERS)
        match self.random.randrange(6):
            case 0:
                self.send(head, "m.room.topic", user, {"topic": str(self.random.random())}, choice(["", "x"]))
            case 1:
                self.send(head, "m.room.join_rules", user, {"join_rule": choice(["public", "invite"])}, "")
            case 2:
                levels = self.room.events[self.heads[head][1]["m.room.power_levels", ""]].content
                users = {**levels["users"], choice([BOB, CLEO, DAN]): choice([0, 25, 50])}
                self.send(head, "m.room.power_levels", user, {**levels, "users": users}, "")
            case 3:
                self.send(head, "m.room.member", user, {"membership": choice(["leave", "ban", "invite"])}, other)
            case 4:
                self.send(head, "m.room.member", user, {"membership": choice(["join", "join", "leave"])}, user)
            case _:
                self.send(head, "m.room.message", user, {"body": str(self.random.random())}, None)

    def send(self, head: int, kind: str, user: str, content: dict, key: str | None, always: bool = False) -> None:
        prevs, state = self.heads[head]
        full = {each: self.room.events[name] for each, name in state.items()}
        at = 1_000 + self.random.randrange(40) + len(self.order)
        event = self.room.on(full, kind, user, content, key, prev=prevs, at=at)
        if not always and not is_allowed(event, full) and self.random.random() < 0.8:
            return  # else it is to be rejected
        self.order.append(event)
        self.before[event.event_id] = state
        allowed = is_allowed(event, full)
        after = {**state, event.key: event.event_id} if key is not None and allowed else state
        self.heads[head] = ((event.event_id,), after)

    def meet(self, heads) -> None:
        heads = list(heads)
        met = [self.heads[each] for each in heads]
        rejected = {name for name, state in self.before.items() if not self.allowed(name, state)}
        resolved = resolution.resolve(
            [state for _, state in met], self.room.events, self.room.version, rejected=rejected
        )
        prevs = tuple(dict.fromkeys(name for names, _ in met for name in names))
        self.heads = [each for number, each in enumerate(self.heads) if number not in heads]
        self.heads.append((prevs, resolved))

    def allowed(self, name: str, state: State) -> bool:
        event = self.room.events[name]
        return is_allowed(event, {key: self.room.events[each] for key, each in state.items()})

    def shuffled(self, seed: int) -> list[Event]:
        """In some order in which each comes behind those that it follows."""
        chance, done, left, found = random.Random(seed), set[str](), list(self.order), []
        while left:
            ready = [
                each for each in left if done.issuperset(each.prev_events) and done.issuperset(each.auth_events)
            ]
            event = chance.choice(ready)
            left.remove(event)
            done.add(event.event_id)
            found.append(event)
        return found


async def placed(rooms: Rooms, grown: Grown, order: list[Event]) -> tuple[dict[str, str], State]:
    """What became of each, and the state of the room in the end."""
    verdicts: dict[str, str] = {}
    room_id = grown.room.room_id
    await rooms.write(lambda writing: append.open_room(writing, room_id, grown.room.version, {}))
    for event in order:

        async def work(writing: Writing, event: Event = event) -> str:
            room = await append.locked(writing, room_id)
            return (await placing.place(writing, room, event)).verdict

        verdicts[event.event_id] = await rooms.write(work)
    db = rooms.store.db
    room = await store.room_named(db, room_id)
    known = await store.by_event_ids(db, room.id, grown.before)
    for name, stored in known.items():
        view = await states.before(db, stored)
        whole = await states.whole(db, room.id, view)
        events = await store.by_numbers(db, whole.values())
        assert {key: events[number].event_id for key, number in whole.items()} == grown.before[name], name
    found = {each.event.key: each.event_id for each in await store.whole_state(db, room.id)}
    last = grown.order[-1]
    if verdicts[last.event_id] == "placed":  # else what was not let in is missing from the state
        assert found == grown.before[last.event_id]
    joined = {key[1] for key, name in found.items() if grown.room.events[name].membership == "join"}
    rows = await db.rows("SELECT user_id FROM chat_member WHERE room = ? AND membership = 'join'", room.id)
    assert {user for (user,) in rows} == joined and room.others == room.joined == len(joined)
    shown = await store.select(db, "e.room = ? AND e.stream > 0", room.id)
    assert {each.event_id for each in shown} == {name for name, each in verdicts.items() if each == "placed"}
    await forgotten(rooms, room.id)
    return verdicts, found


async def forgotten(rooms: Rooms, room: int) -> None:
    async def work(writing: Writing) -> None:
        for table in (
            "chat_event",
            "chat_state",
            "chat_state_log",
            "chat_member",
            "chat_room_server",
            "chat_awaited",
        ):
            await writing.unit.run(f"DELETE FROM {table} WHERE room = ?", room)
        await writing.unit.run("DELETE FROM chat_room WHERE id = ?", room)

    await rooms.write(work)


@pytest.mark.parametrize("number", ["6", "10", "12"])
async def test_branches_that_meet_have_the_state_of_the_definitions(context, room, number: str) -> None:
    await room.start()
    rooms, counts, met = context.need(Rooms), dict.fromkeys(("placed", "soft failed", "rejected"), 0), 0
    for seed in range(5):
        grown = Grown(seed, number, 40)
        one, state = await placed(rooms, grown, grown.order)
        other, same = await placed(rooms, grown, grown.shuffled(seed))
        last = grown.order[-1].event_id
        if one[last] == other[last] == "placed":
            assert state == same
            met += 1
        assert {name for name, each in one.items() if each == "rejected"} == {
            name for name, each in other.items() if each == "rejected"
        }
        for each in (*one.values(), *other.values()):
            counts[each] += 1
    assert all(counts.values()) and met > 1, (counts, met)
