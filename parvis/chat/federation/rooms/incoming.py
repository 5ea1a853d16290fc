"""The events of a transaction: each room by itself, one event after the other, durable before it is answered
(Matrix v1.19 Server-Server §PDUs)."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from weakref import WeakValueDictionary

from parvis.chat.federation.contract import Peers
from parvis.chat.federation.rooms.asking import TROUBLE, Asking
from parvis.chat.federation.rooms.checking import Checker
from parvis.chat.federation.rooms.gaps import Gaps
from parvis.chat.rooms import append, closing, invitations, members, outgoing, placing, store
from parvis.chat.rooms.chains import named_by
from parvis.chat.rooms.model import Room
from parvis.chat.rooms.placing import Placed
from parvis.chat.rooms.service import Rooms
from parvis.chat.rooms.states import View
from parvis.chat.rooms.writing import Writing
from parvis.kernel import clock
from parvis.wire.matrix import hashes
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.event import Event
from parvis.wire.matrix.identifiers import server_of

_MOST_GAPS = 10
"""Events whose state others are asked for, for one that came."""
_AT_ONCE = 50
"""Events that another follows, and are taken in one unit."""
_SECONDS = 60.0
"""How long is asked around for what the events of a transaction lack in a room."""
_log = logging.getLogger(__name__)


class Locks:
    """One at a time in each room, on this node."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, room_id: str) -> asyncio.Lock:
        """The lock of a room; to be held while others are asked about it."""
        return self._locks.setdefault(room_id, asyncio.Lock())


class PeerEvents:
    """Implements contract.Incoming."""

    def __init__(self, rooms: Rooms, peers: Peers, checker: Checker, locks: Locks) -> None:
        self._rooms, self._peers, self._checker, self._locks = rooms, peers, checker, locks
        self._gaps = Gaps(rooms)

    async def pdus(self, origin: str, pdus: Sequence[Object]) -> Mapping[str, Object]:
        """See contract.Incoming."""
        by_room: dict[str, list[Object]] = defaultdict(list)
        for pdu in pdus:
            if isinstance(room_id := pdu.get("room_id"), str):
                by_room[room_id].append(pdu)
        told: dict[str, Object] = {}
        for room_id, some in by_room.items():
            if (room := await self._here(room_id)) is not None:
                events = await self._checked(room, some, told)
                async with self._locks.of(room_id):
                    told |= await self._in_room(origin, room_id, events)
            else:
                await self._taken_back(origin, room_id, some)
        return told

    async def _taken_back(self, origin: str, room_id: str, pdus: list[Object]) -> None:
        """Ends invitations to a room that we are not in, as their server says."""
        ends = [pdu for pdu in pdus if _ends(pdu)]
        if not ends or (room := await store.room_named(self._rooms.store.db, room_id)) is None:
            return
        async with self._locks.of(room_id):
            for event in await self._checked(room, ends, {}):
                if server_of(event.sender) == origin:
                    await self._rooms.write(partial(_end, event=event))

    async def _here(self, room_id: str) -> Room | None:
        room = await store.room_named(self._rooms.store.db, room_id)
        return room if room is not None and await members.is_here(self._rooms.store.db, room) else None

    async def _checked(self, room: Room, pdus: list[Object], told: dict[str, Object]) -> list[Event]:
        """Those of some events whose hashes and signatures are right; of the others is told what is wrong."""
        events: list[Event] = []
        for pdu in pdus:
            try:
                events.append(await self._checker.event(pdu, room.version))
            except TROUBLE as error:
                told[hashes.named(pdu, room.version)] = {"error": error.sentence}
        return events

    async def _in_room(self, origin: str, room_id: str, events: list[Event]) -> dict[str, Object]:
        """Takes events, the room's lock held: nobody holds it longer by being slow about many of them."""
        if (room := await self._here(room_id)) is None:
            return {}
        told: dict[str, Object] = {}
        until = clock.monotonic() + _SECONDS
        if len(events) > 1 and await self._together(room, events):
            return {event.event_id: {} for event in events}
        for event in events:
            try:
                await self.take(origin, room, event, until=until)
                told[event.event_id] = {}
            except TROUBLE as error:
                told[event.event_id] = {"error": error.sentence}
                _log.info("an event of %s for %s was not taken: %s", origin, room_id, error.sentence)
        return told

    async def _together(self, room: Room, events: Sequence[Event]) -> bool:
        """Takes events in one unit, where nothing is missing before them; says whether that went well."""
        own = {event.event_id for event in events}
        if await self._gaps.missing(room, {name for event in events for name in event.prev_events} - own):
            return False
        if await self._gaps.unknown(room, {name for event in events for name in named_by(event)} - own):
            return False

        async def work(writing: Writing) -> None:
            for event in events:
                await placing.place(writing, await append.locked(writing, room.room_id), event)

        try:
            await self._rooms.write(work)
        except BadMatrix:  # one of them; which one, is seen when each is taken by itself
            return False
        return True

    async def take(
        self, origin: str, room: Room, event: Event, *, relayed: bool = False, until: float | None = None
    ) -> Placed:
        """Takes an event that was checked, with what is missing before it, as far as that comes until some moment
        of `clock.monotonic`; the room's lock is held. With `relayed` it goes on to the other servers. Raises
        BadMatrix, PeerError, Unavailable."""
        until = clock.monotonic() + _SECONDS if until is None else until
        asking = Asking(self._peers, self._checker, origin, room, until=until)
        return await self._take(asking, room, event, origin if relayed else "")

    async def _take(self, asking: Asking, room: Room, event: Event, relay_of: str) -> Placed:
        order, left = [event], _MOST_GAPS
        if await self._gaps.missing(room, event.prev_events):
            order = await self._gaps.between(asking, room, event)
        for start in range(0, len(order) - 1, _AT_ONCE):
            some = order[start : min(start + _AT_ONCE, len(order) - 1)]
            if len(some) > 1 and await self._together(room, some):
                continue
            for each in some:
                try:
                    left, _ = await self._fill(asking, room, each, left)
                except TROUBLE as error:
                    _log.info("an event that another follows was not taken: %s", error.sentence)
        return (await self._fill(asking, room, event, left, relay_of))[1]

    async def _fill(
        self, asking: Asking, room: Room, event: Event, left: int, relay_of: str = ""
    ) -> tuple[int, Placed]:
        gap: dict[str, View] = {}
        for name in await self._gaps.missing(room, event.prev_events):
            left -= 1
            if left < 0:
                raise BadMatrix("Too much is missing before the event")
            gap[name] = await self._gaps.after(asking, room, name)
        await self._gaps.allow(asking, room, event)
        return left, await self._place(asking.server, room, event, gap, relay_of)

    async def _place(self, server: str, room: Room, event: Event, gap: dict[str, View], relay_of: str) -> Placed:
        async def work(writing: Writing) -> Placed:
            locked = await append.locked(writing, room.room_id)
            placed = await placing.place(writing, locked, event, gap)
            taken = placed.new and placed.verdict == "placed"
            if gap and taken:
                await closing.plan(writing, locked, placed.stored, gap, server)
            if relay_of and taken:
                await writing.unit.run("UPDATE chat_event SET relayed = 1 WHERE id = ?", placed.stored.id)
                await outgoing.send(writing, locked, placed.stored, without=relay_of)
            return placed

        placed = await self._rooms.write(work)
        if placed.verdict != "placed":
            _log.info("%s in %s was %s: %s", event.event_id, room.room_id, placed.verdict, placed.reason)
        return placed


async def _end(writing: Writing, event: Event) -> None:
    room, user = await append.locked(writing, event.room_id), str(event.state_key)
    known = (await store.memberships(writing.unit, [(room.id, user)])).get((room.id, user))
    if known is None or known.event.membership != "invite" or await members.is_here(writing.unit, room):
        return
    if server_of(known.event.sender) == server_of(event.sender) and known.event_id in event.auth_events:
        await invitations.end(writing, room, user, event)


def _ends(pdu: Object) -> bool:
    content = pdu.get("content")
    return pdu.get("type") == "m.room.member" and isinstance(content, dict) and content.get("membership") == "leave"
