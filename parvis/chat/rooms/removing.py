"""Rooms that nobody of this server is in any more go, some time after: nothing is left of them but a line in the
change log. First the room itself, so that nobody can come back to a half of it; then what was in it, some at a
time. Whoever is invited again joins it as one that is new here."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial

from parvis.access import gate
from parvis.access.erasure import rows, until_none
from parvis.chat.rooms import purging, store
from parvis.kernel import clock
from parvis.kernel.settings import Settings
from parvis.store.jobs import Job, Jobs
from parvis.store.store import Store
from parvis.store.unit import Unit

JOB = "chat-remove"
_DAY_MS = 86_400_000
_LATER_MS = 600_000
"""A removal that is not done after so long was cut off."""
_ROOMS = 200
_HERE = "m.principal_id <> 0 AND m.membership IN ('join', 'invite', 'knock')"
_LEFT = (
    ("chat_state", "room, type, state_key"),
    ("chat_state_log", "room, type, state_key, stream"),
    ("chat_member", "room, user_id"),
    ("chat_alias", "alias"),
    ("chat_receipt", "id"),
    ("chat_room_server", "room, server"),
    ("chat_awaited", "room, event_id, redaction"),
    ("chat_invitation", "room, user_id"),
    ("chat_outgoing", "destination, room"),
)
"""What is kept of a room beside its events: table and primary key."""
_log = logging.getLogger(__name__)


def tidying(settings: Settings) -> Callable[[Store], Awaitable[int]]:
    """Plans what is to be removed, for the daily tidying. It returns how many rooms."""

    async def abandoned(keep: Store) -> int:
        days, last, planned = settings.chat.retention.left_days, 0, 0
        while days and (found := await _abandoned(keep, last, clock.now_ms() - days * _DAY_MS)):
            last = found[-1][0]
            old = [room for room, is_old in found if is_old]
            for room in old:
                await keep.write(partial(_plan, room))
            planned += len(old)
        return planned

    return abandoned


async def _abandoned(keep: Store, after: int, before_ms: int) -> list[tuple[int, bool]]:
    """Rooms behind one that nobody is in, each with whether nothing has come there since a moment. That of a space
    stays as long as the space, which may be restored."""
    found = await keep.db.rows(
        f"""SELECT r.id, COALESCE((SELECT e.received_ms FROM chat_event e WHERE e.room = r.id
        ORDER BY e.stream DESC LIMIT 1), r.created_ms) FROM chat_room r WHERE r.id > ? AND r.team = 0
        AND NOT EXISTS (SELECT 1 FROM chat_member m WHERE m.room = r.id AND {_HERE})
        ORDER BY r.id LIMIT {_ROOMS}""",
        after,
    )
    return [(room, received_ms < before_ms) for room, received_ms in found]


async def _plan(room: int, unit: Unit, at_ms: int | None = None) -> None:
    await Jobs.add(unit, JOB, {"room": room}, key=str(room), at_ms=at_ms)


class Removing:
    """Carries it out."""

    def __init__(self, keep: Store) -> None:
        self._store = keep

    async def run(self, job: Job) -> None:
        """See Jobs.handle."""
        room = int(job.args["room"])
        if await remove(self._store, room):
            _log.info("room %d is gone: nobody was in it", room)


async def remove(keep: Store, room: int) -> bool:
    """Removes a room with all that was in it, in many small units; what is left where it is killed goes by a job.
    False where somebody is in it."""
    if not await keep.write(partial(_close, room)):
        return False
    await until_none(keep, partial(_events, room))
    for table, key in _LEFT:
        await rows(keep, table, key, "room = ?", room)
    return True


async def _close(number: int, unit: Unit) -> bool:
    """Takes the room away; False where somebody has come back."""
    name = await unit.value("SELECT room_id FROM chat_room WHERE id = ?", number)
    if name is None:
        return True  # it was, before the job was cut off
    await store.locked(unit, name)
    if await unit.value(f"SELECT 1 FROM chat_member m WHERE m.room = ? AND {_HERE} LIMIT 1", number) is not None:
        return False
    await unit.run("DELETE FROM chat_room WHERE id = ?", number)
    await gate.remove_scope(unit, number)
    await _plan(number, unit, clock.now_ms() + _LATER_MS)  # where this is cut off, nothing else leads to the rest
    return True


async def _events(room: int, unit: Unit) -> int:
    found = await unit.rows("SELECT id, account_id FROM chat_event WHERE room = ? LIMIT ?", room, purging.PORTION)
    if found:
        await purging.delete(unit, found[0][1], room, [number for number, _ in found])
    return len(found)
