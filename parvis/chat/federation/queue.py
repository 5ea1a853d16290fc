"""What waits for other servers (Matrix v1.19 Server-Server §Transactions). Of events only how far each room is sent
to each server is kept; an EDU that must arrive is a row."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import msgspec

from parvis.kernel import clock, ids
from parvis.store.sql.contract import Row
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.matrix import transactions
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.transactions import EDUS_LIMIT, PDUS_LIMIT, Edu, Presence, Receipt, Typing

KEPT_MS = 30 * 86_400_000
"""How long an EDU waits for a server that is away."""
TRANSACTIONS_MS = 86_400_000
"""How long the answer to a transaction is known."""
_LATE_MS = 600_000
"""From when on only the newest event of a room is sent."""
_PASSING = 200
"""EDUs in memory for one server."""
_OURS = "(e.origin = ? OR e.relayed = 1)"


@dataclass(slots=True)
class Batch:
    """What goes to a server at one go, and how far it is then."""

    destination: str
    pdus: list[Object] = field(default_factory=list)
    edus: list[Object] = field(default_factory=list)
    rooms: list[tuple[int, int]] = field(default_factory=list)
    """Room, and position until which it is sent then."""
    numbers: list[int] = field(default_factory=list)
    """Rows of EDUs that are sent then."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to send."""
        return not self.pdus and not self.edus

    @property
    def name(self) -> str:
        """The name of the transaction: the same when the same is sent again."""
        if not self.rooms and not self.numbers:
            return ids.text(ids.new_id())
        text = msgspec.json.encode([self.destination, self.rooms, self.numbers])
        return hashlib.sha256(text).hexdigest()[:40]


class PeerQueue:
    """See contract.Queue."""

    def __init__(self, store: Store, us: str, allows: Callable[[str], bool], wake: Callable[[], None]) -> None:
        self._store, self._us, self._allows, self._wake = store, us, allows, wake
        self._passing: dict[str, dict[object, Object]] = defaultdict(dict)

    async def event(self, unit: Unit, room: int, stream: int, servers: Collection[str]) -> None:
        """See contract.Queue. Where something was said meanwhile that was not for a server, it is not sent what
        came before either: it may ask for that."""
        now = clock.now_ms()
        await unit.many(
            f"""INSERT INTO chat_outgoing (destination, room, sent, reached, since_ms)
            VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (destination, room) DO UPDATE SET sent = CASE WHEN EXISTS (SELECT 1 FROM chat_event e
            WHERE e.room = chat_outgoing.room AND e.stream > chat_outgoing.reached AND e.stream < excluded.reached
            AND {_OURS}) THEN excluded.sent ELSE chat_outgoing.sent END, reached = excluded.reached""",
            [(server, room, stream - 1, stream, now, self._us) for server in self._some(servers)],
        )

    async def edu(self, unit: Unit | None, servers: Collection[str], edu: Edu) -> None:
        """See contract.Queue."""
        wrapped = transactions.wrapped(edu)
        if unit is not None:
            content, now = msgspec.json.encode(wrapped).decode(), clock.now_ms()
            rows = [(ids.new_id(), server, content, now) for server in self._some(servers)]
            await unit.many(
                "INSERT INTO chat_outgoing_edu (id, destination, content, created_ms) VALUES (?, ?, ?, ?)", rows
            )
            return
        for server in self._some(servers):
            waiting, key = self._passing[server], _key(edu)
            if len(waiting) < _PASSING or key in waiting:
                waiting.pop(key, None)
                waiting[key] = wrapped
        self._wake()

    def wake(self) -> None:
        """See contract.Queue."""
        self._wake()

    def drop(self, destination: str) -> None:
        """Forgets what is in memory for a server that does not answer: it would be late."""
        self._passing.pop(destination, None)

    def _some(self, servers: Collection[str]) -> list[str]:
        return [server for server in dict.fromkeys(servers) if self._allows(server)]

    async def waiting(self) -> set[str]:
        """The servers that something waits for. Two statements, each a few steps in an index for each server."""
        found = {server for server, waiting in self._passing.items() if waiting}
        for table in ("chat_outgoing", "chat_outgoing_edu"):
            rows = await self._store.db.rows(
                f"""WITH RECURSIVE each_one (name) AS (SELECT MIN(destination) FROM {table} UNION ALL
                SELECT (SELECT MIN(o.destination) FROM {table} o WHERE o.destination > each_one.name)
                FROM each_one WHERE each_one.name IS NOT NULL)
                SELECT name FROM each_one WHERE name IS NOT NULL"""
            )
            found |= {name for (name,) in rows}
        return found

    async def batch(self, destination: str) -> Batch:
        """What to send a server next, empty for nothing. Of rooms where much time has passed only the newest event:
        the others it asks for (Matrix v1.19 Server-Server §Backfilling and retrieving missing events)."""
        batch = Batch(destination)
        rooms = await self._store.db.rows(
            """SELECT room, sent, reached, since_ms FROM chat_outgoing WHERE destination = ?
            ORDER BY reached LIMIT ?""",
            destination,
            PDUS_LIMIT,
        )
        if rooms:
            await self._events(batch, rooms)
        rows = await self._store.db.rows(
            "SELECT id, content FROM chat_outgoing_edu WHERE destination = ? ORDER BY id LIMIT ?",
            destination,
            EDUS_LIMIT,
        )
        batch.numbers = [number for number, _ in rows]
        batch.edus = [msgspec.json.decode(content) for _, content in rows]
        passing = self._passing.pop(destination, {})
        for key in list(passing)[: EDUS_LIMIT - len(batch.edus)]:
            batch.edus.append(passing.pop(key))
        if passing:
            self._passing[destination] = passing
        return batch

    async def _events(self, batch: Batch, rooms: Sequence[Row]) -> None:
        """Events by position, of all rooms together."""
        late = clock.now_ms() - _LATE_MS
        places = [
            (room, reached - 1 if since_ms < late else sent, reached) for room, sent, reached, since_ms in rooms
        ]
        where = " OR ".join("(e.room = ? AND e.stream > ? AND e.stream <= ?)" for _ in places)
        found = await self._store.db.rows(
            f"SELECT e.stream, e.json FROM chat_event e WHERE ({where}) AND {_OURS} ORDER BY e.stream LIMIT ?",
            *(each for place in places for each in place),
            self._us,
            PDUS_LIMIT,
        )
        batch.pdus = [msgspec.json.decode(source) for _, source in found]
        last = found[-1][0] if len(found) == PDUS_LIMIT else None
        batch.rooms = [(room, reached if last is None else min(reached, last)) for room, _, reached, _ in rooms]

    async def sent(self, batch: Batch) -> None:
        """Notes that a batch arrived, or was empty though something waited."""
        if not batch.rooms and not batch.numbers:
            return

        async def work(unit: Unit) -> None:
            where = "WHERE destination = ? AND room = ?"
            rows = [(upto, batch.destination, room, upto) for room, upto in batch.rooms]
            await unit.many(f"UPDATE chat_outgoing SET sent = ? {where} AND sent < ?", rows)
            rooms = [(batch.destination, room) for room, _ in batch.rooms]
            await unit.many(f"DELETE FROM chat_outgoing {where} AND sent >= reached", rooms)
            await unit.many("DELETE FROM chat_outgoing_edu WHERE id = ?", [(each,) for each in batch.numbers])

        await self._store.write(work)


def _key(edu: Edu) -> object:
    """What of a later one makes an earlier one void."""
    match edu:
        case Typing():
            return "typing", edu.room_id, edu.user_id
        case Receipt():
            return "receipt", edu.room_id, edu.user_id, edu.thread_id
        case Presence():
            return "presence", edu.user_id
    return ids.new_id()


async def forget(store: Store) -> int:
    """Lets go of what waited too long, and of the answers to old transactions; once a day."""
    now = clock.now_ms()

    async def work(unit: Unit) -> int:
        gone = await unit.run(
            """DELETE FROM chat_outgoing_edu WHERE id IN (SELECT id FROM chat_outgoing_edu WHERE created_ms < ?
            ORDER BY id LIMIT 1000)""",
            now - KEPT_MS,
        )
        return gone + await unit.run(
            """DELETE FROM chat_peer_transaction WHERE (origin, name) IN (SELECT origin, name
            FROM chat_peer_transaction WHERE received_ms < ? ORDER BY received_ms LIMIT 1000)""",
            now - TRANSACTIONS_MS,
        )

    total = 0
    while done := await store.write(work):
        total += done
    return total
