"""What stands between what we have of a room and an event that came: at most so much of it is asked for, and of
what stands before that only what held there (Matrix v1.19 Server-Server §Backfilling and retrieving missing
events)."""

from collections.abc import Iterable, Mapping

from parvis.chat.federation.rooms.asking import TROUBLE, Asking
from parvis.chat.rooms import outliers, states, store
from parvis.chat.rooms.chains import named_by
from parvis.chat.rooms.model import Room
from parvis.chat.rooms.service import Rooms
from parvis.chat.rooms.states import View
from parvis.chat.rooms.writing import Writing
from parvis.kernel import clock
from parvis.wire.matrix import canonical
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.event import Event

_ROUNDS = 100
"""How often a server is asked for what is between, one step after the other; Synapse tells 20 events each time."""
_MOST, _MOST_BYTES, _SECONDS = 2_000, 20_000_000, 30.0
"""Events that are held until they are taken, their bytes, and how long is asked for them."""
_FEW_ENDS = 20
"""Events at which the other server is to begin, and to stop. Our latest ones it may not know yet; it knows what it
names."""
_FEW = 50
"""Events of a state that are asked for one by one; more are asked for all at once."""


class Gaps:
    """Closes them."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms, self._db = rooms, rooms.store.db

    async def between(self, asking: Asking, room: Room, event: Event, most: int = 0) -> list[Event]:
        """What an event follows and is not here, as far as it is to be had and was not purged, the eldest first;
        the event comes last. Who was away for a while gets what came meanwhile in so many steps, until there are
        more than `most` events, or 2,000. What is beyond, or is not told, stays away, but for the state."""
        found, size, until = {event.event_id: event}, 0, clock.monotonic() + _SECONDS
        most = min(most or _MOST, _MOST)
        for _ in range(_ROUNDS):
            outside = _outside(found)
            lacking = set(await self.missing(room, outside))
            if not lacking:
                break
            known = [name for name in outside if name not in lacking]
            ends = [each.event_id for each in found.values() if lacking.intersection(each.prev_events)]
            try:
                new = await asking.missing([*room.latest, *known[-_FEW_ENDS:]], ends[-_FEW_ENDS:])
            except TROUBLE:  # what stands before what came can still be asked for
                break
            new = {name: new[name] for name in await self.missing(room, new) if name not in found}
            kept = {name: each for name, each in new.items() if each.origin_server_ts >= room.purged_ms}
            size += sum(len(canonical.encode(each.source, strict=False)) for each in kept.values())
            before = len(found)
            found = _followed(event, found | kept)
            if len(found) == before or len(found) > most or size > _MOST_BYTES or clock.monotonic() > until:
                break
        return in_order(found)

    async def missing(self, room: Room, names: Iterable[str]) -> list[str]:
        """Those of some events whose place is not known here."""
        wanted = list(dict.fromkeys(names))
        known = await store.by_event_ids(self._db, room.id, wanted)
        return [name for name in wanted if name not in known or not await states.is_known(self._db, known[name])]

    async def allow(self, asking: Asking, room: Room, event: Event) -> None:
        """Gets what an event names as allowing it, where it is not here. Raises BadMatrix, PeerError,
        Unavailable."""
        if await self.unknown(room, named_by(event)):
            await self._keep(room, await asking.auth(event.event_id))

    async def know(self, asking: Asking, room: Room, names: Iterable[str]) -> None:
        """Gets events that others name, where they are not here, with what allows them, as far as it goes."""
        new = await asking.events(await self.unknown(room, names))
        for event in list(new.values()):
            if await self.unknown(room, [name for name in named_by(event) if name not in new]):
                new |= await asking.auth(event.event_id)
        await self._keep(room, new)

    async def after(self, asking: Asking, room: Room, event_id: str) -> View:
        """What held after an event that is not here, as another server tells it. Raises BadMatrix, PeerError,
        Unavailable."""
        state, auth = await asking.state_ids(event_id)
        unknown = await self.unknown(room, [*state, *auth, event_id])
        if len(unknown) > _FEW:
            new = await asking.state(event_id) | await asking.events([event_id])
        else:
            new = await asking.events(unknown)
        said = new.get(event_id)
        await self._keep(room, {name: each for name, each in new.items() if each.state_key is not None})
        known = await store.by_event_ids(self._db, room.id, [*state, event_id])
        own = known.get(event_id)
        if own is None and said is None:
            raise BadMatrix(f"What the event follows is not to be had: {event_id}", errcode="M_NOT_FOUND")
        stands = {
            known[name].event.key: known[name].id
            for name in state
            if name in known and not known[name].rejected and known[name].event.state_key is not None
        }
        view = await states.against(self._db, room.id, stands, await states.now(self._db, room))
        return view if own is None else view.put(own)

    async def unknown(self, room: Room, names: Iterable[str]) -> list[str]:
        """Those of some events that are not here at all."""
        wanted = list(dict.fromkeys(names))
        known = await store.by_event_ids(self._db, room.id, wanted)
        return [name for name in wanted if name not in known]

    async def _keep(self, room: Room, events: Mapping[str, Event]) -> None:
        async def work(writing: Writing) -> None:
            await outliers.keep(writing.unit, room, events)

        if events:
            await self._rooms.write(work)


def _outside(events: Mapping[str, Event]) -> list[str]:
    return [name for each in events.values() for name in each.prev_events if name not in events]


def _followed(event: Event, events: Mapping[str, Event]) -> dict[str, Event]:
    """An event with those that it follows."""
    found, waiting = dict[str, Event](), [event.event_id]
    while waiting:
        name = waiting.pop()
        if name in events and name not in found:
            found[name] = events[name]
            waiting += events[name].prev_events
    return found


def in_order(events: Mapping[str, Event]) -> list[Event]:
    """Events, each behind those that it follows; where they say nothing, by depth."""
    order, seen = list[Event](), set[str]()
    stack = [(each, False) for each in sorted(events.values(), key=lambda each: -each.depth)]
    while stack:
        event, done = stack.pop()
        if done:
            order.append(event)
        elif event.event_id not in seen:
            seen.add(event.event_id)
            stack.append((event, True))
            stack += [(events[name], False) for name in event.prev_events if name in events and name not in seen]
    return order
