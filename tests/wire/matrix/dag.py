"""Rooms whose events branch and meet at random, and the resolution of states as its definitions say it, slowly."""

import random
from typing import Any

from parvis.wire.matrix import resolution, versions
from parvis.wire.matrix.authorisation import is_allowed, keys_of
from parvis.wire.matrix.event import Event, StateKey
from parvis.wire.matrix.powers import PowerLevels
from parvis.wire.matrix.resolution import StateIds

from .rooms import ANN, BOB, CLEO, DAN, Room

USERS = [ANN, BOB, CLEO, DAN]


class RandomRoom:
    """A room that grew on several servers at once; `meetings` are the states that met."""

    def __init__(self, seed: int, number: str, steps: int, branches: int = 4) -> None:
        self.random = random.Random(f"{seed} {number}")
        self.room = Room(number)
        self.events = self.room.events
        self.rejected: set[str] = set()
        self.meetings: list[list[StateIds]] = []
        self.heads: list[tuple[str, dict[StateKey, str]]] = []
        self._begin()
        for _ in range(steps):
            self._step(branches)
        self._meet(list(range(len(self.heads))))

    def _begin(self) -> None:
        create = self.room.create
        self.heads = [(create.event_id, {create.key: create.event_id})]
        self._send(0, "m.room.member", ANN, {"membership": "join"}, ANN)
        users = {BOB: 50, CLEO: 50} if self.room.version.hashed_rooms else {ANN: 100, BOB: 50, CLEO: 50}
        self._send(0, "m.room.power_levels", ANN, {"users": users, "invite": 0}, "")
        self._send(0, "m.room.join_rules", ANN, {"join_rule": "public"}, "")
        for user in USERS[1:]:
            self._send(0, "m.room.member", user, {"membership": "join"}, user)

    def _step(self, branches: int) -> None:
        chance = self.random.random()
        if chance < 0.12 and len(self.heads) > 1:
            self._meet(self.random.sample(range(len(self.heads)), self.random.randint(2, len(self.heads))))
        elif chance < 0.3 and len(self.heads) < branches:
            self.heads.append(self.random.choice(self.heads))
        else:
            self._any(self.random.randrange(len(self.heads)))

    def _any(self, head: int) -> None:
        choice, user, other = self.random.choice, self.random.choice(USERS), self.random.choice(USERS)
        match self.random.randrange(9):
            case 0 | 1:
                self._send(head, "m.room.topic", user, {"topic": str(self.random.random())}, choice(["", "x"]))
            case 2:
                self._send(
                    head, "m.room.join_rules", user, {"join_rule": choice(["public", "invite", "restricted"])}, ""
                )
            case 3 | 4:
                self._send(head, "m.room.power_levels", user, self._levels(head), "")
            case 5:
                self._send(head, "m.room.member", user, {"membership": choice(["leave", "ban", "invite"])}, other)
            case 6 | 7:
                self._send(head, "m.room.member", user, {"membership": choice(["join", "join", "leave"])}, user)
            case _:
                self._send(head, "m.x", user, {"n": self.random.randrange(2**40)}, user)

    def _levels(self, head: int) -> dict[str, Any]:
        before = self.heads[head][1].get(("m.room.power_levels", ""))
        content = dict(self.events[before].content) if before else {}
        users = dict(content.get("users", {}))
        users[self.random.choice(USERS[self.room.version.hashed_rooms :])] = self.random.choice([0, 25, 50, 50, 75])
        content["users"] = users
        content[self.random.choice(["ban", "kick", "invite", "state_default"])] = self.random.choice([0, 25, 50])
        return content

    def _send(self, head: int, kind: str, sender: str, content: dict[str, Any], state_key: str) -> None:
        """Sends an event; most are only sent when they are allowed, some are rejected, and name nothing later."""
        prev, state = self.heads[head]
        full = {key: self.events[event_id] for key, event_id in state.items()}
        at = 1_000 + self.random.randrange(40) + len(self.events)
        event = self.room.on(full, kind, sender, content, state_key, prev=[prev], at=at)
        if is_allowed(event, full):
            self.heads[head] = (event.event_id, {**state, event.key: event.event_id})
        else:
            del self.events[event.event_id]

    def _meet(self, heads: list[int]) -> None:
        states: list[StateIds] = [self.heads[head][1] for head in heads]
        self.meetings.append(states)
        resolved = resolution.resolve(states, self.events, self.room.version)
        prev = self.heads[heads[0]][0]
        self.heads = [each for number, each in enumerate(self.heads) if number not in heads]
        self.heads.append((prev, resolved))


def defined(states: list[StateIds], events: dict[str, Event], version: versions.RoomVersion) -> dict[StateKey, str]:
    """The resolution of states, one definition of the specification after the other."""
    keys = {key for state in states for key in state}
    unconflicted = {
        key: states[0][key] for key in keys if all(state.get(key) == states[0].get(key) for state in states)
    }
    conflicted = {state[key] for state in states for key in keys - unconflicted.keys() if key in state}

    def chain(event_id: str) -> frozenset[str]:
        if event_id not in chains:
            auth = events[event_id].auth_events
            chains[event_id] = frozenset(auth).union(*map(chain, auth))
        return chains[event_id]

    chains: dict[str, frozenset[str]] = {}
    full_chains = [set(state.values()).union(*map(chain, state.values())) for state in states]
    full = conflicted | (set.union(*full_chains) - set.intersection(*full_chains))
    if version.resolution == "2.1" and conflicted:
        full |= {each for each in events if any(each in chain(x) for x in conflicted) and chain(each) & conflicted}
        full |= conflicted

    def named(event_id: str, kind: str) -> str | None:
        return next(
            (
                each
                for each in events[event_id].auth_events
                if (events[each].type, events[each].state_key) == (kind, "")
            ),
            None,
        )

    def creation(event_id: str) -> Event | None:
        found = f"${events[event_id].room_id[1:]}" if version.hashed_rooms else named(event_id, "m.room.create")
        return events[found] if found else None

    def rank(event_id: str) -> tuple[int, int, str]:
        event, levels = events[event_id], named(event_id, "m.room.power_levels")
        power = PowerLevels(creation(event_id), events[levels] if levels else None, version).user(event.sender)
        return -power, event.origin_server_ts, event_id

    def is_power(event: Event) -> bool:
        if event.type in ("m.room.power_levels", "m.room.join_rules"):
            return event.state_key == ""
        return (
            event.type == "m.room.member"
            and event.membership in ("leave", "ban")
            and event.sender != event.state_key
        )

    chosen = {each for each in full if is_power(events[each])}
    while more := {auth for each in chosen for auth in events[each].auth_events if auth in full} - chosen:
        chosen |= more
    order: list[str] = []
    while chosen.difference(order):
        ready = [
            each
            for each in chosen.difference(order)
            if all(auth in order for auth in events[each].auth_events if auth in chosen)
        ]
        order.append(min(ready, key=rank))

    def checked(state: dict[StateKey, str], order: list[str]) -> dict[StateKey, str]:
        for event_id in order:
            event = events[event_id]
            allowing = {events[each].key: events[each] for each in event.auth_events}
            allowing |= {key: events[state[key]] for key in keys_of(event) if key in state}
            create = creation(event_id)
            if create:
                allowing[create.key] = create
            if is_allowed(event, allowing):
                state = {**state, event.key: event_id}
        return state

    partial = checked({} if version.resolution == "2.1" else unconflicted, order)
    mainline, power = [], partial.get(("m.room.power_levels", ""))
    while power:
        mainline.append(power)
        power = named(power, "m.room.power_levels")

    def position(event_id: str) -> float:
        power = named(event_id, "m.room.power_levels")
        while power and power not in mainline:
            power = named(power, "m.room.power_levels")
        return mainline.index(power) if power else float("inf")

    rest = sorted(full.difference(order), key=lambda each: (-position(each), events[each].origin_server_ts, each))
    return {**checked(partial, rest), **unconflicted}
