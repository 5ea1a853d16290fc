"""Which servers the rooms here keep out (Matrix v1.19 Server-Server §Server Access Control Lists (ACLs))."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping

import msgspec

from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.wire.matrix.acl import ServerAcl
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.versions import RoomVersion, supported

TYPE = "m.room.server_acl"
KEPT_OUT = "This room keeps your server out"
_KEPT = 2_000
_AT_ONCE = 500


class Acls:
    """The lists of rooms, each read once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: OrderedDict[int, ServerAcl] = OrderedDict()

    async def check(self, room_id: str, server: str) -> None:
        """Raises BadMatrix with `M_FORBIDDEN` where a room keeps a server out; a room that is not here keeps out
        nobody."""
        if room_id in await self.closed([room_id], server):
            raise BadMatrix(KEPT_OUT, errcode="M_FORBIDDEN", field="roomId")

    async def closed(self, room_ids: Iterable[str], server: str) -> Mapping[str, RoomVersion]:
        """Those of some rooms that keep a server out, with their versions. One statement for 500 rooms, and one
        more where a list was not read yet."""
        listed, closed = list(dict.fromkeys(room_ids)), dict[str, RoomVersion]()
        for start in range(0, len(listed), _AT_ONCE):
            some = listed[start : start + _AT_ONCE]
            rows = await self._store.db.rows(
                f"""SELECT r.room_id, r.version, s.event FROM chat_room r JOIN chat_state s ON s.room = r.id
                AND s.type = ? AND s.state_key = '' WHERE r.room_id IN {marks(len(some))}""",
                TYPE,
                *some,
            )
            await self._load([event for _, _, event in rows])
            kept_out = [row for row in rows if not self._read[row[2]].allows(server)]
            closed |= {room_id: supported(version) for room_id, version, _ in kept_out}
        return closed

    async def _load(self, events: list[int]) -> None:
        new = [each for each in events if each not in self._read]
        for number, source in (
            await self._store.db.rows(f"SELECT id, json FROM chat_event WHERE id IN {marks(len(new))}", *new)
            if new
            else ()
        ):
            self._read[number] = ServerAcl(msgspec.json.decode(source)["content"])
        for number in events:
            self._read.move_to_end(number)
        while len(self._read) > max(_KEPT, len(events)):
            self._read.popitem(last=False)
