"""One unit that writes to rooms, and whom it wakes when it is durable."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from parvis.chat.rooms.home import Home
from parvis.store.unit import Unit

TOPIC = "chat"
T = TypeVar("T")


class Touched(msgspec.Struct):
    """What a unit changed: rooms, and people beside those who are in them."""

    rooms: list[int] = []
    people: list[int] = []
    met: list[tuple[int, str]] = []
    """Rooms with who came into them, where that makes another server hear of people here."""

    def add(self, other: "Touched") -> None:
        """What another work in the unit changed too."""
        self.rooms += other.rooms
        self.people += other.people
        self.met += other.met


@dataclass(slots=True)
class Writing:
    """A unit with the server that writes; made anew for each run of the unit."""

    unit: Unit
    home: Home
    touched: Touched = field(default_factory=Touched)


Work = Callable[[Writing], Awaitable[T]]


async def write(home: Home, work: Work[T], answer: Callable[[T], None] | None = None) -> T:
    """Runs `work` in a unit; then those wake who wait for what it changed, on all nodes. `answer` is called before
    that: programs expect that what they sent is confirmed before it comes back to them."""

    async def body(unit: Unit) -> tuple[T, Touched]:
        writing = Writing(unit, home)
        return await work(writing), writing.touched

    result, touched = await home.store.write(body)
    if answer is not None:
        answer(result)
    if touched.rooms or touched.people:
        told = Touched(list(dict.fromkeys(touched.rooms)), list(dict.fromkeys(touched.people)), touched.met)
        await home.store.bus.publish(TOPIC, msgspec.json.encode(told))
    return result
