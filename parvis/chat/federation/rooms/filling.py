"""The past of a room, from the servers that are in it (Matrix v1.19 Server-Server §Backfilling and retrieving
missing events)."""

from parvis.chat.federation.contract import Peers
from parvis.chat.federation.rooms.asking import TROUBLE, Asking
from parvis.chat.federation.rooms.checking import Checker
from parvis.chat.federation.rooms.gaps import Gaps, in_order
from parvis.chat.federation.rooms.incoming import Locks
from parvis.chat.rooms import filling, members
from parvis.chat.rooms.model import Room
from parvis.chat.rooms.service import Rooms
from parvis.kernel import clock

_LIMIT = 100
_MOST_SERVERS = 3
_SECONDS = 60.0
"""How long all of them are asked."""


class Filling:
    """Asks for it."""

    def __init__(self, rooms: Rooms, peers: Peers, checker: Checker, locks: Locks) -> None:
        self._rooms, self._peers, self._checker, self._locks = rooms, peers, checker, locks
        self._gaps = Gaps(rooms)

    async def fill(self, room: Room) -> bool:
        """See rooms.abroad."""
        until = clock.monotonic() + _SECONDS
        async with self._locks.of(room.room_id):
            eldest = await filling.begin(self._rooms.store.db, room)
            if not eldest:
                return False
            for server in (await members.servers(self._rooms.store.db, room.id))[:_MOST_SERVERS]:
                try:
                    if await self._by(server, room, eldest[0].event_id, until):
                        return True
                except TROUBLE:
                    continue
        return False

    async def _by(self, server: str, room: Room, before: str, until: float) -> bool:
        asking = Asking(self._peers, self._checker, server, room, until=until)
        found = await asking.backfill([before], _LIMIT)
        order = in_order(found)[::-1]
        await self._gaps.know(asking, room, filling.allowing(order))
        return await self._rooms.write(lambda writing: filling.fill(writing, room.room_id, order)) > 0
