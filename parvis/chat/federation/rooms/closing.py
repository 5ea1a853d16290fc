"""What was missed in a room for so long that it did not come at once is asked for piece by piece: so much a minute,
until all is here, or nobody tells more (Matrix v1.19 Server-Server §Backfilling and retrieving missing events)."""

from collections.abc import Sequence

from parvis.chat.federation.contract import Peers
from parvis.chat.federation.rooms.asking import TROUBLE, Asking
from parvis.chat.federation.rooms.checking import Checker
from parvis.chat.federation.rooms.gaps import Gaps
from parvis.chat.federation.rooms.incoming import Locks
from parvis.chat.rooms import closing, filling, members, store
from parvis.chat.rooms.model import Room
from parvis.chat.rooms.service import Rooms
from parvis.kernel import clock
from parvis.store.jobs import Job, Retry
from parvis.wire.matrix.errors import BadMatrix

_AT_ONCE = 500
"""Events after which no more are asked for in one piece."""
_PAUSE_MS = 60_000
_TRIES = 6
"""How often nobody may tell more before a gap is left as it is."""
_MOST_SERVERS, _MOST_STATES, _MOST_EDGES = 3, 10, 100
_SECONDS = 60.0
"""How long all servers are asked for one piece."""


class Closing:
    """Asks for it."""

    def __init__(self, rooms: Rooms, peers: Peers, checker: Checker, locks: Locks) -> None:
        self._rooms, self._peers, self._checker, self._locks = rooms, peers, checker, locks
        self._gaps = Gaps(rooms)

    async def run(self, job: Job) -> None:
        """See Jobs.handle."""
        db = self._rooms.store.db
        edges, failed = job.progress.get("edges", job.args["edges"]), job.progress.get("failed", 0)
        room = await store.room_named(db, job.args["room"])
        if room is None or not await members.is_here(db, room):
            return
        servers = dict.fromkeys([job.args["server"], *await members.servers(db, room.id)])
        left = await self._by_any(list(servers)[:_MOST_SERVERS], room, edges, job.args["end"])
        if left is None:
            left, failed = edges, failed + 1
        if left and failed < _TRIES:
            await self._rooms.store.jobs.progress(job, {"edges": left[:_MOST_EDGES], "failed": failed})
            raise Retry(clock.now_ms() + _PAUSE_MS, "more of the gap is to come")

    async def _by_any(self, servers: Sequence[str], room: Room, edges: Sequence[str], end: int) -> list[str] | None:
        """What is missing after one piece; None where no server told it."""
        until = clock.monotonic() + _SECONDS
        for server in servers:
            try:
                asking = Asking(self._peers, self._checker, server, room, until=until)
                async with self._locks.of(room.room_id):
                    return await self._piece(asking, room, edges, end)
            except TROUBLE:
                continue
        return None

    async def _piece(self, asking: Asking, room: Room, edges: Sequence[str], end: int) -> list[str]:
        first, *others = await self._gaps.missing(room, edges) or [""]
        if not first:
            return []
        event = (await asking.events([first])).get(first)
        if event is None:
            raise BadMatrix("What is missing is not to be had", errcode="M_NOT_FOUND")
        if event.origin_server_ts < room.purged_ms:
            return others
        order = await self._gaps.between(asking, room, event, _AT_ONCE)
        own = {each.event_id for each in order}
        outside = await self._gaps.missing(room, [name for each in order for name in each.prev_events])
        before = [name for name in outside if name not in own]
        gap = {name: await self._gaps.after(asking, room, name) for name in before[:_MOST_STATES]}
        await self._gaps.know(asking, room, filling.allowing(order))
        count = await self._rooms.write(lambda writing: closing.put(writing, room.room_id, end, order, gap))
        return [*others, *before] if count else others
