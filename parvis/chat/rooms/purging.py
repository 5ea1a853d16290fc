"""What was said in a room before a moment goes: its bytes, what was said about it, what search has of it. What the
state and the rules of the room need stays, outside the timeline. Done from the eldest on, a few events in each
unit; killed anywhere, it goes on where it was. Nothing that went is asked of other servers again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import takewhile

from parvis.chat.rooms import states, store, using
from parvis.chat.rooms.model import EVENT, NOWHERE, Room, Stored
from parvis.chat.rooms.states import View
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.matrix import canonical
from parvis.wire.matrix.event import StateKey
from parvis.wire.matrix.redaction import redacted

PORTION = 200
"""Events that a unit looks at."""
_ALLOWING = (
    "m.room.create", "m.room.member", "m.room.power_levels", "m.room.join_rules", "m.room.third_party_invite",
)  # fmt: skip
"""Types of state that later events may rest on (Matrix v1.19 Server-Server §Auth events selection)."""


@dataclass(frozen=True, slots=True)
class _Old:
    """An event that goes."""

    id: int
    stream: int
    event_id: str
    is_state: bool


async def purge(keep: Store, number: int, before_ms: int) -> int:
    """Purges what came to a room, or was said in it, before a moment. Returns how many events were looked at."""
    count = 0
    while some := await keep.write(lambda unit: portion(unit, number, before_ms)):
        count += some
    return count


async def portion(unit: Unit, number: int, before_ms: int) -> int:
    """Purges the next few events of a room that came here, or were said, before a moment; returns how many were
    looked at, 0 when there is no more."""
    row = await unit.value("SELECT room_id FROM chat_room WHERE id = ?", number)
    room = None if row is None else await store.locked(unit, row)
    if room is None:
        return 0
    old = await _old(unit, room, before_ms)
    if not old:
        return 0
    upto = old[-1].stream
    if await _settled(unit, room, upto, before_ms) == PORTION:
        return PORTION
    ends = await store.by_event_ids(unit, room.id, room.latest)
    kept = [each for each in ends.values() if each.stream <= upto and each.placed]
    for each in kept:
        await _keep_end(unit, room, each, upto)
    await _drop_outliers(unit, room, upto, before_ms)
    gone = [each.id for each in old if not each.is_state and each.event_id not in ends]
    gone += await _superseded(unit, room, upto, ends)
    await _move(unit, [each.id for each in old if each.is_state])
    await _forget_branches(unit, [each.id for each in old if each.is_state and each.event_id not in ends])
    await delete(unit, room.account_id, room.id, gone, [each.id for each in kept])
    await unit.run(
        "UPDATE chat_room SET purged = ?, purged_ms = ? WHERE id = ?", upto, max(before_ms, room.purged_ms), room.id
    )
    return len(old)


async def _old(unit: Unit, room: Room, before_ms: int) -> list[_Old]:
    rows = await unit.rows(
        """SELECT id, stream, event_id, state_key, origin_ms, received_ms FROM chat_event
        WHERE room = ? AND stream > ? ORDER BY stream LIMIT ?""",
        room.id,
        room.purged,
        PORTION,
    )
    old = takewhile(lambda row: min(row[4], row[5]) < before_ms, rows)
    return [_Old(row[0], row[1], row[2], row[3] is not None) for row in old]


async def _settled(unit: Unit, room: Room, upto: int, before_ms: int) -> int:
    """Has branches that stay rest on nothing that goes; returns how many of them there were."""
    found = await store.select(
        unit,
        f"""e.id IN (SELECT b.event FROM chat_branch b JOIN chat_event x ON x.id = b.event WHERE b.room = ?
        AND b.base < ? AND (x.stream > ? OR (x.stream <= ? AND x.received_ms >= ?)
        OR x.event_id IN {marks(len(room.latest))}) LIMIT {PORTION})""",
        room.id, upto, upto, NOWHERE, before_ms, *room.latest,
    )  # fmt: skip
    for each in found:
        view = await states.before(unit, each)
        assert view is not None, "a branch has a state"
        await states.root(unit, room.id, each, await states.rebased(unit, room.id, view, upto))
    return len(found)


async def _keep_end(unit: Unit, room: Room, stored: Stored, upto: int) -> None:
    """One of the latest events, which the next one follows: nothing is left of it but its place."""
    view = await states.before(unit, stored) or View(stored.stream - 1)
    await states.root(unit, room.id, stored, await states.rebased(unit, room.id, view, upto))
    await _move(unit, [stored.id])
    if stored.event.state_key is None:
        source = redacted(stored.event.source, room.version)
        await unit.run(
            """UPDATE chat_event SET json = ?, relates_to = '', rel_type = '', rel_key = '', thread = ''
            WHERE id = ?""",
            canonical.encode(source, strict=room.version.strict_json),
            stored.id,
        )
        await using.forget(unit, [stored.id])


async def _drop_outliers(unit: Unit, room: Room, upto: int, before_ms: int) -> None:
    """What was never let in: how it stood there is forgotten, and what was said in it goes."""
    rows = await unit.rows(
        f"""SELECT b.event, x.state_key FROM chat_branch b JOIN chat_event x ON x.id = b.event WHERE b.room = ?
        AND b.base < ? AND x.stream <= ? AND x.received_ms < ? AND x.event_id NOT IN {marks(len(room.latest))}
        LIMIT {PORTION}""",
        room.id, upto, NOWHERE, before_ms, *room.latest,
    )  # fmt: skip
    await _forget_branches(unit, [number for number, _ in rows])
    await _remove(unit, [number for number, key in rows if key is None])


async def _superseded(unit: Unit, room: Room, upto: int, ends: Collection[str]) -> list[int]:
    """Forgets what stood in the state and did not any more at a position; returns which of these events nothing
    rests on."""
    rows = await unit.rows(
        """SELECT type, state_key, MAX(stream) FROM chat_state_log WHERE room = ? AND stream > ? AND stream <= ?
        GROUP BY type, state_key""",
        room.id, room.purged, upto,
    )  # fmt: skip
    found: list[int] = []
    for kind, key, last in rows:
        numbers = await _forget_log(unit, room.id, (kind, key), last)
        if numbers and kind not in _ALLOWING:
            found += numbers
    if not found:
        return []
    free = await unit.rows(
        f"""SELECT e.id, e.event_id FROM chat_event e WHERE e.id IN {marks(len(found))} AND NOT EXISTS (SELECT 1
        FROM chat_branch_state s WHERE s.stands = e.id) AND NOT EXISTS (SELECT 1 FROM chat_state_log l
        WHERE l.room = e.room AND l.type = e.type AND l.state_key = e.state_key AND l.event = e.id)""",
        *found,
    )
    return [number for number, event_id in free if event_id not in ends]


async def _forget_log(unit: Unit, room: int, key: StateKey, last: int) -> list[int]:
    rows = await unit.rows(
        """DELETE FROM chat_state_log WHERE room = ? AND type = ? AND state_key = ? AND stream < ?
        RETURNING event""",
        room, *key, last,
    )  # fmt: skip
    return [number for (number,) in rows if number]


async def _move(unit: Unit, numbers: Sequence[int]) -> None:
    """Puts events that stay outside the timeline."""
    if numbers:
        await unit.run(f"UPDATE chat_event SET stream = -id WHERE id IN {marks(len(numbers))}", *numbers)


async def delete(unit: Unit, account_id: int, room: int, gone: Sequence[int], hidden: Sequence[int] = ()) -> None:
    """Deletes events of a room; search hears of those, and of what is hidden, that they are nowhere any more."""
    if not (gone or hidden):
        return
    await _forget_branches(unit, gone)
    await _remove(unit, gone)
    newest = await unit.row(
        """SELECT p.modseq, k.modseq FROM part_state p JOIN kind_state k ON k.account_id = p.account_id
        AND k.kind = p.kind WHERE p.part = ? AND p.kind = ?""",
        room, EVENT,
    )  # fmt: skip
    if newest is None:  # nothing of the room was ever in its timeline
        return
    last, state = newest
    if gone:
        where = f"account_id = ? AND kind = ? AND object_id IN {marks(len(gone))}"
        await unit.run(f"DELETE FROM change WHERE {where} AND modseq < ?", account_id, EVENT, *gone, last)
        for (number,) in await unit.rows(f"SELECT object_id FROM change WHERE {where}", account_id, EVENT, *gone):
            await unit.changed(account_id, EVENT, number, "destroyed", part=room)
    told = {"kind": EVENT, "created": [], "updated": [], "destroyed": [*gone, *hidden], "modseq": state}
    unit.emit(account_id, "changed", told)


async def _remove(unit: Unit, numbers: Sequence[int]) -> None:
    """Deletes the rows of events, and what is known of what they are about and name."""
    if not numbers:
        return
    await unit.run(f"DELETE FROM chat_event WHERE id IN {marks(len(numbers))}", *numbers)
    await unit.run(f"DELETE FROM chat_about WHERE event IN {marks(len(numbers))}", *numbers)
    await using.forget(unit, numbers)


async def _forget_branches(unit: Unit, numbers: Sequence[int]) -> None:
    for table in ("chat_branch", "chat_branch_state") if numbers else ():
        await unit.run(f"DELETE FROM {table} WHERE event IN {marks(len(numbers))}", *numbers)
