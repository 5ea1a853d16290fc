"""Who is typing: kept in memory and told by the bus, never stored (Matrix v1.19 Client-Server §Typing
notifications)."""

import asyncio
from collections import defaultdict
from collections.abc import Callable

import msgspec

from parvis.chat.rooms.serials import Serials
from parvis.kernel import clock
from parvis.store.bus.contract import Bus

TOPIC = "chat-typing"
LONGEST_MS = 60_000
MOST = 50
"""People of one room who are told to be typing."""


class _Said(msgspec.Struct):
    room: int
    user_id: str
    until_ms: int
    serial: int


class Typing:
    """What this node has heard. A room's serial grows with each change there."""

    def __init__(self, bus: Bus, serials: Serials, wake: Callable[[int], None]) -> None:
        self._bus, self._serials, self._wake = bus, serials, wake
        self._until: dict[int, dict[str, int]] = defaultdict(dict)
        self._serial: dict[int, int] = {}

    async def open(self) -> Callable[[], None]:
        """Begins to listen; returns how to end that."""
        decoder = msgspec.json.Decoder(_Said)
        return await self._bus.subscribe(TOPIC, lambda payload: self._heard(decoder.decode(payload)))

    async def say(self, room: int, user_id: str, timeout_ms: int) -> None:
        """Somebody types, for so long at most; 0 says no more."""
        now = clock.now_ms()
        until = now + min(timeout_ms, LONGEST_MS) if timeout_ms else 0
        if not until and user_id not in self._until.get(room, {}):
            return
        await self._bus.publish(TOPIC, msgspec.json.encode(_Said(room, user_id, until, self._serials.next())))

    def _heard(self, said: _Said) -> None:
        people = self._until[said.room]
        new = (said.user_id in people) != bool(said.until_ms)
        if said.until_ms:
            if len(people) >= MOST and said.user_id not in people:
                return
            people[said.user_id] = said.until_ms
            delay = max(0.0, (said.until_ms - clock.now_ms()) / 1000)
            asyncio.get_running_loop().call_later(delay + 0.01, self._end, said.room, said.user_id)
        else:
            people.pop(said.user_id, None)
        if new:
            self._changed(said.room, said.serial)

    def _end(self, room: int, user_id: str) -> None:
        people = self._until.get(room, {})
        if (until := people.get(user_id)) is not None and until <= clock.now_ms():
            del people[user_id]
            self._changed(room, self._serials.next())

    def _changed(self, room: int, serial: int) -> None:
        if not self._until[room]:
            del self._until[room]
        self._serial[room] = self._serials.heard(serial)
        self._wake(room)

    def since(self, room: int, serial: int) -> list[str] | None:
        """Who types in a room, when that changed after a serial; None when it did not."""
        if self._serial.get(room, 0) <= serial:
            return None
        return sorted(self._until.get(room, ()))
