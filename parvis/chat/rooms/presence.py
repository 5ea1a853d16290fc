"""Who is there: kept in memory and told by the bus, never stored (Matrix v1.19 Client-Server §Presence). Who shares
a room with somebody sees it, where the settings say that anybody does."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from parvis.access.principal import Principal
from parvis.chat.rooms import sharing
from parvis.chat.rooms.serials import Serials
from parvis.chat.server import Server
from parvis.kernel import clock
from parvis.wire.matrix.canonical import Object

TOPIC = "chat-presence"
Word = Literal["online", "unavailable", "offline"]
_AWAY_MS = 60_000
"""How long after their last sync somebody is there still."""
_FRESH_MS = 30_000
_MOST_ROOMS = 1_000


class Said(msgspec.Struct):
    """What a person is. `active_ms` is when they last did something, 0 for never."""

    person: int
    presence: Word
    status: str = ""
    active_ms: int = 0
    serial: int = 0
    rooms: list[int] = []
    """Where it wakes those who wait."""

    @property
    def content(self) -> Object:
        """As clients see it."""
        found: Object = {"presence": self.presence}
        if self.active_ms:
            found["last_active_ago"] = max(0, clock.now_ms() - self.active_ms)
        if self.presence == "online":
            found["currently_active"] = True
        if self.status:
            found["status_msg"] = self.status
        return found


class Presence:
    """What this node has heard of people."""

    def __init__(self, server: Server, serials: Serials, wake: Callable[[int], None]) -> None:
        self._server, self._serials, self._wake = server, serials, wake
        self._said: OrderedDict[int, Said] = OrderedDict()
        """By person, in the order of their serials."""
        self._ends: dict[int, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_on(self) -> bool:
        """Whether the settings let people see it."""
        return self._server.settings.chat.presence

    async def open(self) -> Callable[[], None]:
        """Begins to listen; returns how to end that."""
        decoder = msgspec.json.Decoder(Said)
        return await self._server.store.bus.subscribe(TOPIC, lambda payload: self._heard(decoder.decode(payload)))

    def stop(self) -> None:
        """Waits for nobody to go away any more."""
        for timer in self._ends.values():
            timer.cancel()
        self._ends.clear()

    def of(self, person: int) -> Said:
        """What somebody is."""
        return self._said.get(person) or Said(person, "offline")

    async def say(self, person: int, presence: Word, status: str | None = None) -> None:
        """Somebody is this now; `status` None leaves what they said about it. Nobody is told what is no news."""
        if not self.is_on:
            return
        before, now = self.of(person), clock.now_ms()
        active = before.active_ms if presence == "offline" else now
        said = Said(person, presence, before.status if status is None else status, active, self._serials.next())
        same = (before.presence, before.status) == (presence, said.status)
        if same and now - before.active_ms < _FRESH_MS:
            return
        if not same:
            said.rooms = await sharing.rooms_of(self._server.store.db, person, _MOST_ROOMS)
        await self._server.store.bus.publish(TOPIC, msgspec.json.encode(said))

    async def seen(self, person: int, wanted: str) -> None:
        """Somebody asks for what is new, and says how they want to look; they go away when they ask no more."""
        if not self.is_on or wanted == "offline":
            return
        await self.say(person, "unavailable" if wanted == "unavailable" else "online")
        if (timer := self._ends.pop(person, None)) is not None:
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._ends[person] = loop.call_later(_AWAY_MS / 1000, self._gone, person)

    def _gone(self, person: int) -> None:
        self._ends.pop(person, None)
        task = asyncio.get_running_loop().create_task(self.say(person, "offline"))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _heard(self, said: Said) -> None:
        said.serial = self._serials.heard(said.serial)
        self._said[said.person] = said
        self._said.move_to_end(said.person)
        for room in said.rooms:
            self._wake(room)
        said.rooms = []

    async def since(self, principal: Principal, serial: int) -> list[Object]:
        """What changed after a serial, of oneself and of those one shares a room with, as events. At most two
        statements, none where nothing changed."""
        new = {said.person: said for said in self._newer(serial)} if self.is_on else {}
        if not new:
            return []
        db = self._server.store.db
        others = new.keys() - {principal.id}
        peers = await sharing.among(db, principal.id, others) if others else set()
        names = await self._server.users.ids_of(db, peers | (new.keys() & {principal.id}))
        return [
            {"type": "m.presence", "sender": user_id, "content": new[person].content}
            for person, user_id in names.items()
        ]

    def _newer(self, serial: int) -> Iterator[Said]:
        for said in reversed(self._said.values()):
            if said.serial <= serial:
                return
            yield said
