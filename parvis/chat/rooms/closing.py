"""What was said in a gap of the timeline is put into it as it comes, the newest part first: at the positions that
were left free there. Who reads back finds it; nobody is told of it as of something new, and what holds stays."""

import zlib
from collections.abc import Collection, Mapping, Sequence

from parvis.chat.rooms import append, placing, redacting, states, using
from parvis.chat.rooms.model import Room, Stored
from parvis.chat.rooms.placing import SPARE
from parvis.chat.rooms.states import View
from parvis.chat.rooms.writing import Writing
from parvis.kernel import clock
from parvis.store.jobs import Jobs
from parvis.store.unit import Unit
from parvis.wire.matrix.event import Event, StateKey

JOB = "chat-gap"
_SOON_MS = 10_000
_GAPS = 8
"""Gaps of one room that are filled at a time; of others their edges alone are known."""


async def plan(writing: Writing, room: Room, stored: Stored, missing: Collection[str], server: str) -> None:
    """Has what an event follows and is not here asked for, soon, of a server that may tell it."""
    edges = sorted(missing)
    args = {"room": room.room_id, "server": server, "edges": edges, "end": stored.stream - 1}
    key = f"{room.id} {zlib.crc32(edges[0].encode()) % _GAPS}"
    await Jobs.add(writing.unit, JOB, args, key=key, at_ms=clock.now_ms() + _SOON_MS)


async def put(writing: Writing, room_id: str, end: int, events: Sequence[Event], gap: Mapping[str, View]) -> int:
    """Puts events, the eldest first, into the gap whose last position is `end`, before all that was put there
    already; what they follow is here, or else its state after that is in `gap`. Returns how many it were: none
    where there is no place left, or what was said there is not kept any more."""
    unit, count = writing.unit, 0
    room = await append.locked(writing, room_id)
    first = await unit.value(
        "SELECT MIN(stream) FROM chat_event WHERE room = ? AND stream > ? AND stream < ?", room.id, end - SPARE, end
    )
    position = (first or end) - len(events) - 2
    if position <= max(end - SPARE, room.purged):
        return 0
    for event in events:
        stored = await placing.restore(writing, room, event, gap, position + 1)
        if stored is None:
            continue
        position, count = position + 1, count + 1
        if count == 1:
            await _agree(unit, room, stored, end)
        if event.state_key is not None:
            await _note(unit, room, event.key, stored.id, position, end)
        using.note(unit, writing.home.name, stored)
        await redacting.follow(writing, room, stored)
    await placing.awaits(unit, room, gap)
    if count:
        writing.touched.rooms.append(room.id)
    return count


async def _agree(unit: Unit, room: Room, stored: Stored, end: int) -> None:
    """Has the log say what held before an event: who may see what follows is seen there."""
    view, before = await states.before(unit, stored), stored.stream - 1
    assert view is not None
    for key, number in (await states.changes(unit, room.id, view, View(before))).items():
        await _note(unit, room, key, number, before, end)


async def _note(unit: Unit, room: Room, key: StateKey, number: int, position: int, end: int) -> None:
    """Writes what stood somewhere as of a position in the gap; behind the gap stands what stood there."""
    later = await unit.value(
        """SELECT 1 FROM chat_state_log WHERE room = ? AND type = ? AND state_key = ? AND stream > ? AND stream <= ?
        LIMIT 1""",
        room.id, *key, position, end,
    )  # fmt: skip
    if later is None:
        stood = await states.numbers(unit, room.id, View(end), [key])
        await append.note(unit, room, key, stood.get(key, 0), end, now=False)
    await append.note(unit, room, key, number, position, now=False)
