"""How long rooms keep what is said: as the organisation has set, and as each room says itself within its bounds
(MSC1763, `m.room.retention`). Once a day it is seen where something is too old; jobs purge it, some at a time."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from parvis.chat.rooms import purging, store
from parvis.chat.rooms.model import NOWHERE
from parvis.kernel import clock
from parvis.kernel.settings import Retention, Settings
from parvis.store.jobs import Job, Jobs
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.matrix.canonical import Object

JOB = "chat-purge"
POLICY = ("m.room.retention", "")
_DAY_MS = 86_400_000
_ROOMS = 200
_log = logging.getLogger(__name__)


def lifetime_ms(settings: Retention, policy: Object | None) -> int:
    """How long a room keeps what is said, by what stands in its state; 0 for as long as it is there."""
    wanted, most = settings.days * _DAY_MS, settings.most_days * _DAY_MS
    said = (policy or {}).get("max_lifetime")
    if settings.least_days > 0 and type(said) is int and said >= 0:
        wanted = max(said, settings.least_days * _DAY_MS)
    return min(wanted or most, most) if most else wanted


def tidying(settings: Settings) -> Callable[[Store], Awaitable[int]]:
    """Plans what is to be purged, for the daily tidying. It returns in how many rooms."""

    async def retention(keep: Store) -> int:
        last = planned = 0
        while rows := await keep.db.rows(
            "SELECT id, purged FROM chat_room WHERE id > ? ORDER BY id LIMIT ?", last, _ROOMS
        ):
            last = rows[-1][0]
            planned += await _plan_some(keep, settings.chat.retention, dict(rows))
        return planned

    return retention


async def _plan_some(keep: Store, settings: Retention, rooms: Mapping[int, int]) -> int:
    policies = await store.states(keep.db, list(rooms), [POLICY])
    now, planned = clock.now_ms(), 0
    for room, purged in rooms.items():
        stands = policies.get(room, {}).get(POLICY)
        lifetime = lifetime_ms(settings, stands.event.content if stands else None)
        if lifetime and await _has_older(keep, room, purged, now - lifetime):
            await keep.write(partial(_plan, room, now - lifetime))
            planned += 1
    return planned


async def _has_older(keep: Store, room: int, purged: int, before_ms: int) -> bool:
    row = await keep.db.row(
        "SELECT origin_ms, received_ms FROM chat_event WHERE room = ? AND stream > ? ORDER BY stream LIMIT 1",
        room,
        max(purged, NOWHERE),
    )
    return row is not None and min(row) < before_ms


async def _plan(room: int, before_ms: int, unit: Unit) -> None:
    """Has what was said in a room before a moment purged, soon; one job for a room at a time."""
    await Jobs.add(unit, JOB, {"room": room, "before": before_ms}, key=str(room))


class Purging:
    """Carries it out."""

    def __init__(self, keep: Store) -> None:
        self._store = keep

    async def run(self, job: Job) -> None:
        """See Jobs.handle."""
        room, before_ms = int(job.args["room"]), int(job.args["before"])
        count = await purging.purge(self._store, room, before_ms)
        _log.info("room %d: %d events of before %s went", room, count, clock.utc_date(before_ms))
