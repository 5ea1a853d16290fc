"""Who waits for something new, and what wakes them: by the bus, so that nobody asks the database meanwhile."""

from collections import defaultdict
from collections.abc import Collection, Iterable

import msgspec

from parvis.chat.rooms.writing import TOPIC, Touched
from parvis.kernel.events import StateChange
from parvis.kernel.signal import Signal
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
        self._rooms: dict[int, set[Signal]] = defaultdict(set)
        self._people: dict[int, set[Signal]] = defaultdict(set)
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

    def waiting(self, person: int) -> "Waiting":
        """Somebody who waits for what is theirs, and for the rooms they name, as long as the context lasts."""
        return Waiting(self, person, self._people, self._rooms)


class Waiting:
    """One who waits."""

    __slots__ = ("_heard", "_mine", "_people", "_person", "_rooms", "_wakes", "come")

    def __init__(
        self, wakes: Wakes, person: int, people: dict[int, set[Signal]], rooms: dict[int, set[Signal]]
    ) -> None:
        self.come = Signal()
        self._wakes, self._person, self._people, self._rooms = wakes, person, people, rooms
        self._mine, self._heard = frozenset[int](), 0

    def __enter__(self) -> "Waiting":
        self._people[self._person].add(self.come)
        return self

    def __exit__(self, *_: object) -> None:
        self.only(())
        self._people[self._person].discard(self.come)
        if not self._people[self._person]:
            del self._people[self._person]

    def begin(self) -> None:
        """To be called before it is asked what there is: what comes from now on wakes."""
        self.come.clear()
        self._heard = self._wakes.heard

    def only(self, rooms: Iterable[int]) -> None:
        """Waits for these rooms and no others."""
        wanted = frozenset(rooms)
        if wanted - self._mine and self._heard != self._wakes.heard:  # perhaps of one of them, before this
            self.come.set()
        for room in wanted - self._mine:
            self._rooms[room].add(self.come)
        for room in self._mine - wanted:
            self._rooms[room].discard(self.come)
            if not self._rooms[room]:
                del self._rooms[room]
        self._mine = wanted


def _set(events: set[Signal] | None) -> None:
    for event in events or ():
        event.set()
