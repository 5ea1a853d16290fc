"""What the state of a room is where branches of its events meet: state resolution, versions 2 and 2.1 (Matrix v1.19
Room Version 2 §State resolution, Room Version 12 §State resolution). Everything is a walk without recursion, along
as many events as are given."""

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence

from .authorisation import create_id, is_allowed, keys_of, state_named
from .errors import BadMatrix
from .event import Event, StateKey
from .powers import CREATE, POWER_LEVELS, PowerLevels
from .versions import RoomVersion

StateIds = Mapping[StateKey, str]
"""A state of a room: ids of events by type and state key."""
Events = Mapping[str, Event]

WALK_LIMIT = 200_000
"""Events of auth chains that `difference` looks at before it gives up."""


def resolve(
    states: Sequence[StateIds],
    events: Events,
    version: RoomVersion,
    *,
    rejected: Collection[str] = frozenset(),
    differing: Collection[str] | None = None,
) -> dict[StateKey, str]:
    """The one state that some states (at least one) of a room make. `events` has the conflicted events and those of
    `differing`, the events that these name, of the states what these are allowed by (`keys_of`), as of room version
    12 the creation of the room, and the power levels that lead from all of them to the first; what is not in it is
    passed over. `rejected` are events that were not allowed by the events they name: they allow nothing.
    `differing` is what `difference` finds, for callers that know it already. Raises BadMatrix when that is too
    much."""
    agreed, conflicted = separate(states)
    if not conflicted:
        return agreed
    if differing is None:
        differing = difference(states, events, version)
    full = {event_id for event_id in conflicted.union(differing) if event_id in events}
    walk = _Walk(events, version, rejected)
    first = walk.power_order(full)
    resolved = {} if version.resolution == "2.1" else dict(agreed)
    walk.apply(first, resolved)
    walk.apply(walk.mainline_order(full.difference(first), resolved.get(POWER_LEVELS)), resolved)
    return {**resolved, **agreed}


def separate(states: Sequence[StateIds]) -> tuple[dict[StateKey, str], set[str]]:
    """What all states have the same, and the events about which they do not agree."""
    first, *others = states
    agreed = {key: found for key, found in first.items() if all(each.get(key) == found for each in others)}
    conflicted = {found for each in states for key, found in each.items() if key not in agreed}
    return agreed, conflicted


def difference(
    states: Sequence[StateIds], events: Events, version: RoomVersion, limit: int = WALK_LIMIT
) -> set[str]:
    """The auth difference: events of the auth chains of some states and not of others; and as of version 2.1 the
    conflicted state subgraph: events on a way from one conflicted event to another. `events` has the auth chains
    whole. An event of a state counts to the chain of that state: the definition leaves it open, and servers read it
    so. Raises BadMatrix when the chains are longer than `limit`."""
    order = _eldest_first({found for each in states for found in each.values()}, events, limit)
    chains = dict.fromkeys(order, 0)
    for number, state in enumerate(states):
        for found in state.values():
            if found in chains:
                chains[found] |= 1 << number
    for event_id in reversed(order):
        for named in _named(event_id, events):
            if named in chains:
                chains[named] |= chains[event_id]
    whole = (1 << len(states)) - 1
    differing = {event_id for event_id, chain in chains.items() if 0 != chain != whole}
    if version.resolution == "2.1":
        differing |= _subgraph(separate(states)[1], order, events)
    return differing


def _subgraph(conflicted: set[str], order: list[str], events: Events) -> set[str]:
    leads = set[str]()  # events that are conflicted, or from which a conflicted one is reached
    for event_id in order:
        if event_id in conflicted or any(named in leads for named in _named(event_id, events)):
            leads.add(event_id)
    reached = set(conflicted)
    for event_id in reversed(order):
        if event_id in reached:
            reached.update(_named(event_id, events))
    return leads & reached


def _named(event_id: str, events: Events) -> tuple[str, ...]:
    event = events.get(event_id)
    return event.auth_events if event else ()


def _eldest_first(starts: Iterable[str], events: Events, limit: int) -> list[str]:
    """Events and their auth chains, each behind those that it names."""
    order, seen = list[str](), set[str]()
    stack = [(event_id, False) for event_id in starts]
    while stack:
        event_id, done = stack.pop()
        if done:
            order.append(event_id)
        elif event_id not in seen and event_id in events:
            seen.add(event_id)
            if len(seen) > limit:
                raise BadMatrix(f"Auth chains of more than {limit} events", errcode="M_TOO_LARGE")
            stack.append((event_id, True))
            stack += [(named, False) for named in events[event_id].auth_events if named not in seen]
    return order


class _Walk:
    """The steps of a resolution along the events that are given."""

    def __init__(self, events: Events, version: RoomVersion, rejected: Collection[str]) -> None:
        self._events = events
        self._version = version
        self._rejected = rejected

    def power_order(self, full: set[str]) -> list[str]:
        """Power events, and what of the conflicted they rest on, in reverse topological power ordering."""
        named = self._power_events(full)
        waiting = {event_id: len(auth) for event_id, auth in named.items()}
        naming: dict[str, list[str]] = {event_id: [] for event_id in named}
        for event_id, auth in named.items():
            for each in auth:
                naming[each].append(event_id)
        ready = [self._rank(event_id) for event_id, count in waiting.items() if not count]
        heapq.heapify(ready)
        order = []
        while ready:
            event_id = heapq.heappop(ready)[2]
            order.append(event_id)
            for each in naming[event_id]:
                waiting[each] -= 1
                if not waiting[each]:
                    heapq.heappush(ready, self._rank(each))
        return order

    def _power_events(self, full: set[str]) -> dict[str, set[str]]:
        """Power events and what they rest on, each with what it names of the conflicted."""
        found: dict[str, set[str]] = {}
        stack = [event_id for event_id in full if is_power_event(self._events[event_id])]
        while stack:
            event_id = stack.pop()
            if event_id not in found:
                found[event_id] = full.intersection(self._events[event_id].auth_events)
                stack += found[event_id]
        return found

    def _rank(self, event_id: str) -> tuple[int, int, str]:
        """Where an event comes among those that are ready: who has more power first, then by time, then by id."""
        event = self._events[event_id]
        create = self._create(event)
        levels = PowerLevels(create, self._power_levels(event), self._version)
        return -levels.user(event.sender), event.origin_server_ts, event_id

    def _create(self, event: Event) -> Event | None:
        event_id = create_id(event)
        return self._named(event, CREATE) if event_id is None else self._events.get(event_id)

    def _power_levels(self, event: Event) -> Event | None:
        return self._named(event, POWER_LEVELS)

    def _named(self, event: Event, key: StateKey) -> Event | None:
        for event_id in event.auth_events:
            found = self._events.get(event_id)
            if found is not None and (found.type, found.state_key) == key:
                return found
        return None

    def apply(self, order: Iterable[str], state: dict[StateKey, str]) -> None:
        """Iterative auth checks: adds those events to a state that it allows, one after the other."""
        for event_id in order:
            event = self._events[event_id]
            if event.state_key is not None and is_allowed(event, self._allowing(event, state)):
                state[event.key] = event_id

    def _allowing(self, event: Event, state: StateIds) -> dict[StateKey, Event]:
        """What of a state allows an event; where it has nothing, what the event names, unless that was rejected."""
        named = state_named(event, self._events)
        found = {key: each for key, each in named.items() if each.event_id not in self._rejected}
        for key in keys_of(event):
            if key in state and state[key] in self._events:
                found[key] = self._events[state[key]]
        return found

    def mainline_order(self, left: Iterable[str], power_levels: str | None) -> list[str]:
        """The other events in mainline ordering, based on the levels that were resolved."""
        # Where an event of power levels is in the mainline, or the first of those it rests on that is there. It
        # counts from the eldest; 0 where none is there.
        places = dict[str, int]()
        mainline, event = list[str](), self._events.get(power_levels or "")
        while event is not None and event.event_id not in places:
            places[event.event_id] = 0
            mainline.append(event.event_id)
            event = self._power_levels(event)
        places |= {event_id: number for number, event_id in enumerate(reversed(mainline), 1)}
        return sorted(left, key=lambda each: (self._place(each, places), self._events[each].origin_server_ts, each))

    def _place(self, event_id: str, places: dict[str, int]) -> int:
        passed = list[str]()
        event = self._power_levels(self._events[event_id])
        while event is not None and event.event_id not in places:
            places[event.event_id] = 0
            passed.append(event.event_id)
            event = self._power_levels(event)
        place = places[event.event_id] if event else 0
        for each in passed:
            places[each] = place
        return place


def is_power_event(event: Event) -> bool:
    """Whether an event may take from somebody what they could do (Matrix v1.19 Room Version 2 §Definitions)."""
    if event.type in ("m.room.power_levels", "m.room.join_rules"):
        return event.state_key == ""
    return (
        event.type == "m.room.member"
        and event.membership in ("leave", "ban")
        and event.state_key is not None
        and event.sender != event.state_key
    )
