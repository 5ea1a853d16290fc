"""Who waits for something new, and what wakes them: by the bus, so that nobody asks the database meanwhile."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

import msgspec

from parvis.chat.rooms.writing import TOPIC, Touched
from parvis.kernel.events import StateChange
from parvis.store.bus.contract import Cancel
from parvis.store.store import Store


class Wakes:
    """Those who wait on this node, by room and by person."""

    def __init__(self, kinds: Collection[str]) -> None:
        """`kinds` are those of changes of an account that its owner is told; in the account of all rooms they are
        told to everybody."""
        self._kinds, self._all = frozenset(kinds), 0
        self.heard = 0
        """How often anything was heard."""
        self._rooms: dict[int, set[asyncio.Event]] = defaultdict(set)
        self._people: dict[int, set[asyncio.Event]] = defaultdict(set)
        self.closed = False
        """Whether nobody is to wait any more."""

    def close(self) -> None:
        """Wakes everybody, for the last time."""
        self.closed = True
        self._everybody()

    async def open(self, store: Store, rooms_account: int) -> list[Cancel]:
        """Begins to listen to rooms, and to what is each person's own."""
        self._all = rooms_account
        decoder = msgspec.json.Decoder(Touched)
        return [
            await store.bus.subscribe(TOPIC, lambda payload: self._heard(decoder.decode(payload))),
            await store.on_state_change(self._own),
        ]

    def _heard(self, touched: Touched) -> None:
        self.heard += 1
        for room in touched.rooms:
            self.room(room)
        for person in touched.people:
            _set(self._people.get(person))

    def _own(self, change: StateChange) -> None:
        if not change.changed.keys() & self._kinds:
            return
        if change.account_id != self._all:
            _set(self._people.get(change.account_id))
            return
        self._everybody()

    def _everybody(self) -> None:
        for events in list(self._people.values()):
            _set(events)

    def room(self, room: int) -> None:
        """Wakes all who are in a room."""
        _set(self._rooms.get(room))

    @contextmanager
    def waiting(self, person: int) -> Iterator["Waiting"]:
        """Somebody who waits for what is theirs, and for the rooms they name."""
        waiting = Waiting(self, self._rooms)
        self._people[person].add(waiting.event)
        try:
            yield waiting
        finally:
            waiting.only(())
            self._people[person].discard(waiting.event)
            if not self._people[person]:
                del self._people[person]


class Waiting:
    """One who waits."""

    def __init__(self, wakes: Wakes, rooms: dict[int, set[asyncio.Event]]) -> None:
        self.event = asyncio.Event()
        self._wakes, self._all, self._mine, self._heard = wakes, rooms, frozenset[int](), 0

    def begin(self) -> None:
        """To be called before it is asked what there is: what comes from now on wakes."""
        self.event.clear()
        self._heard = self._wakes.heard

    def only(self, rooms: Iterable[int]) -> None:
        """Waits for these rooms and no others."""
        wanted = frozenset(rooms)
        if wanted - self._mine and self._heard != self._wakes.heard:  # perhaps of one of them, before this
            self.event.set()
        for room in wanted - self._mine:
            self._all[room].add(self.event)
        for room in self._mine - wanted:
            self._all[room].discard(self.event)
            if not self._all[room]:
                del self._all[room]
        self._mine = wanted


def _set(events: set[asyncio.Event] | None) -> None:
    for event in events or ():
        event.set()
