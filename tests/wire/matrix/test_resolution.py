"""What the state of a room is where branches meet. Matrix v1.19 Room Version 2 §State resolution, Room Version 12 §State
resolution"""

import random
import time

import pytest

from parvis.wire.matrix import resolution, versions
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.event import Event, StateKey
from parvis.wire.matrix.resolution import difference, resolve, separate

from .dag import RandomRoom, defined
from .rooms import ANN, BOB, CLEO, Room

TOPIC: StateKey = ("m.room.topic", "")


@pytest.mark.parametrize("number", ["3", "6", "9", "10", "11", "12"])
def test_random_rooms_have_the_state_that_the_definitions_say(number: str) -> None:
    conflicts = 0
    for seed in range(12):
        room = RandomRoom(seed, number, 60)
        for states in room.meetings:
            found = resolve(states, room.events, room.room.version)
            assert found == defined(states, room.events, room.room.version)
            conflicts += len(separate(states)[1])
            shuffled = random.Random(seed).sample(states, len(states))
            assert resolve(shuffled, dict(reversed(room.events.items())), room.room.version) == found
            apart = difference(states, room.events, room.room.version)
            assert resolve(states, room.events, room.room.version, differing=apart) == found
            assert set(resolve([found, found], room.events, room.room.version)) == set(found)
    assert conflicts > 100


class Branched:
    """Ann owns the room, Bob moderates it, all have joined; then it branches."""

    def __init__(self, number: str) -> None:
        self.room = Room(number)
        self.base: dict[StateKey, Event] = self.room.state()
        self.add(self.base, "m.room.member", ANN, {"membership": "join"}, ANN, prev=[self.room.create.event_id])
        users = {BOB: 50} if number == "12" else {ANN: 100, BOB: 50}
        self.add(self.base, "m.room.power_levels", ANN, {"users": users}, "")
        self.add(self.base, "m.room.join_rules", ANN, {"join_rule": "public"}, "")
        for user in (BOB, CLEO):
            self.add(self.base, "m.room.member", user, {"membership": "join"}, user)
        self.add(self.base, "m.room.topic", ANN, {"topic": "first"}, "")

    def add(self, state: dict[StateKey, Event], *args: object, **more: object) -> Event:
        event = self.room.on(state, *args, **more)  # type: ignore[arg-type]
        state[event.key] = event
        return event

    def resolved(self, *states: dict[StateKey, Event], rejected: tuple[str, ...] = ()) -> dict[StateKey, Event]:
        ids = [{key: event.event_id for key, event in state.items()} for state in states]
        found = resolve(ids, self.room.events, self.room.version, rejected=rejected)
        return {key: self.room.events[event_id] for key, event_id in found.items()}


@pytest.mark.parametrize("number", ["10", "12"])
def test_who_is_banned_on_one_branch_changes_nothing_on_the_other(number: str) -> None:
    branched = Branched(number)
    one, other = dict(branched.base), dict(branched.base)
    ban = branched.add(one, "m.room.member", ANN, {"membership": "ban"}, BOB)
    branched.add(other, "m.room.topic", BOB, {"topic": "evil"}, "", at=9_000)
    found = branched.resolved(one, other)
    assert found[TOPIC] == branched.base[TOPIC] and found["m.room.member", BOB] == ban


@pytest.mark.parametrize("number", ["10", "12"])
def test_of_two_topics_the_later_stays(number: str) -> None:
    branched = Branched(number)
    one, other = dict(branched.base), dict(branched.base)
    branched.add(one, "m.room.topic", ANN, {"topic": "a"}, "", at=9_001)
    branched.add(other, "m.room.topic", BOB, {"topic": "b"}, "", at=9_000)
    assert branched.resolved(one, other)[TOPIC].content == {"topic": "a"}


@pytest.mark.parametrize("number", ["10", "12"])
def test_who_has_more_power_is_heard_first(number: str) -> None:
    """Both take power from each other at the same time; the owner's word holds, though it was said later."""
    branched = Branched(number)
    room = branched.room
    levels = branched.base["m.room.power_levels", ""].content["users"]
    one, other = dict(branched.base), dict(branched.base)
    taken = branched.add(one, "m.room.power_levels", ANN, {"users": {**levels, BOB: 0}}, "", at=9_500)
    branched.add(other, "m.room.power_levels", BOB, {"users": {**levels, CLEO: 50}}, "", at=9_000)
    branched.add(other, "m.room.topic", CLEO, {"topic": "cleo's"}, "", at=9_600)
    found = branched.resolved(one, other)
    assert found["m.room.power_levels", ""] in (taken, other["m.room.power_levels", ""])
    assert found["m.room.power_levels", ""] == taken and found[TOPIC] == branched.base[TOPIC]
    assert room.version.id == number


def test_what_was_rejected_allows_nothing() -> None:
    """Matrix v1.19 Room Version 2 §Rejected events"""
    branched = Branched("10")
    one, other = dict(branched.base), dict(branched.base)
    joined = branched.add(one, "m.room.member", "@eve:h", {"membership": "join"}, "@eve:h")
    forged = {
        **one,
        ("m.room.power_levels", ""): branched.room.event(
            "m.room.power_levels", "@eve:h", {"users": {"@eve:h": 50}}, "", auth=[branched.room.create, joined]
        ),
    }
    topic = branched.room.on(forged, "m.room.topic", "@eve:h", {"topic": "eve's"}, "", at=9_900)
    one[TOPIC] = topic
    del other["m.room.power_levels", ""], one["m.room.power_levels", ""]
    levels = forged["m.room.power_levels", ""].event_id
    assert branched.resolved(one, other)[TOPIC] == topic
    found = branched.resolved(one, other, rejected=(levels,))
    assert found[TOPIC] == branched.base[TOPIC] and found["m.room.member", "@eve:h"] == joined


def test_states_that_agree_are_not_looked_at() -> None:
    state = {TOPIC: "$x"}
    assert (
        resolve([state, dict(state)], {}, versions.DEFAULT) == state
        and resolve([state], {}, versions.DEFAULT) == state
    )


def test_events_that_are_missing_are_passed_over() -> None:
    branched = Branched("12")
    state = {key: event.event_id for key, event in branched.base.items()}
    found = resolve([state, {**state, TOPIC: "$gone"}], branched.room.events, branched.room.version)
    assert found == state
    assert resolve([{TOPIC: "$a"}, {TOPIC: "$b"}], {}, versions.DEFAULT) == {}


def test_walks_are_bounded() -> None:
    room = RandomRoom(1, "10", 40)
    with pytest.raises(BadMatrix) as caught:
        difference(max(room.meetings, key=len), room.events, room.room.version, limit=5)
    assert caught.value.errcode == "M_TOO_LARGE"


def test_a_thousand_conflicts_in_a_long_chain() -> None:
    """Each of 1,000 changes of levels rests on the one before: no recursion, and time that grows with their number."""
    branched = Branched("12")
    one, other = dict(branched.base), dict(branched.base)
    for number in range(1_000):
        content = {"users": {BOB: 50}, "users_default": number % 50}
        branched.add(one, "m.room.power_levels", ANN, content, "")
    for number in range(200):
        branched.add(one, "m.x", BOB, {}, f"k{number}")
    branched.add(other, "m.room.topic", BOB, {"topic": "b"}, "")
    start = time.perf_counter()
    found = branched.resolved(one, other)
    assert time.perf_counter() - start < 10
    assert found["m.room.power_levels", ""] == one["m.room.power_levels", ""] and found["m.x", "k199"]
    assert found[TOPIC] == other[TOPIC] and resolution.is_power_event(found["m.room.power_levels", ""])
