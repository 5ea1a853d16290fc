"""Sends what waits for other servers: to each in order, one transaction after the other, to some at once (Matrix
v1.19 Server-Server §Transactions)."""

import asyncio
import logging
from functools import partial

from parvis.chat.federation.backoff import Backoff
from parvis.chat.federation.client import Client
from parvis.chat.federation.contract import PeerError, path
from parvis.chat.federation.queue import Batch, PeerQueue
from parvis.kernel import clock
from parvis.kernel.errors import Unavailable
from parvis.store.bus.contract import Cancel
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.matrix import transactions

_AT_ONCE = 20
"""Servers that are sent to at the same time."""
_SECONDS = 60.0
_LOOK_SECONDS = 30.0
"""How long something may wait that nobody was woken for: another node's, or a server's that was away."""
_LEASE_MS = 120_000
_LIMIT = 1_000_000
_log = logging.getLogger(__name__)


class Sender:
    """The sending of this node. A server is sent to by one node at a time."""

    def __init__(self, store: Store, us: str, node: int, client: Client, backoff: Backoff) -> None:
        self._store, self._us, self._node, self._client, self._backoff = store, us, node, client, backoff
        self._wake, self._places = asyncio.Event(), asyncio.Semaphore(_AT_ONCE)
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._leases: dict[str, int] = {}
        self._theirs: dict[str, int] = {}
        """Servers that another node sends to, and until when that is believed."""
        self._running: asyncio.Task[None] | None = None
        self._listening: Cancel | None = None

    def wake(self) -> None:
        """Something may wait."""
        self._wake.set()

    async def open(self, queue: PeerQueue, account_id: int) -> None:
        """Begins to send; `account_id` is the account of all rooms."""
        self._queue = queue
        self._listening = await self._store.on_state_change(
            lambda change: self.wake() if change.account_id == account_id else None
        )
        self._running = asyncio.create_task(self._run(), name="federation sender")

    async def stop(self) -> None:
        """Sends no more; what did not arrive is sent again at the next start."""
        if self._listening is not None:
            self._listening()
        tasks = [*self._sending.values(), *([self._running] if self._running else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                pause = await self._turn()
            except Exception:  # a database that is away
                _log.exception("what waits for other servers")
                pause = _LOOK_SECONDS
            await clock.woken(self._wake, pause)

    async def _turn(self) -> float:
        """Begins to send where something waits. Returns how many seconds to wait at most."""
        pause, now = _LOOK_SECONDS, clock.now_ms()
        for server in await self._queue.waiting():
            if server in self._sending or self._theirs.get(server, 0) > now:
                continue
            state = await self._backoff.state(server)
            if state.retry_ms > now:
                self._queue.drop(server)
                pause = min(pause, (state.retry_ms - now) / 1000)
                continue
            task = self._sending[server] = asyncio.create_task(self._send(server), name=f"to {server}")
            task.add_done_callback(partial(self._ended, server))
        return pause

    def _ended(self, server: str, _: asyncio.Task[None]) -> None:
        del self._sending[server]
        self.wake()

    async def _send(self, server: str) -> None:
        async with self._places:
            try:
                while await self._leased(server) and await self._sent(server):
                    pass
            except Exception:
                _log.exception("sending to %s", server)
                await self._backoff.failed(server)

    async def _sent(self, server: str) -> bool:
        """Sends one transaction; says whether there may be more to send now."""
        batch = await self._queue.batch(server)
        if not batch.is_empty:
            try:
                await self._put(batch)
            except (PeerError, Unavailable) as error:
                _log.info("%s takes no transaction: %s", server, error.sentence)
                await self._backoff.failed(server)
                return False
        await self._queue.sent(batch)
        return not batch.is_empty or bool(batch.rooms)

    async def _put(self, batch: Batch) -> None:
        body = transactions.written(self._us, clock.now_ms(), batch.pdus, batch.edus)
        where = path("federation", "v1", "send", batch.name)
        answer = await self._client.ask(
            "PUT", batch.destination, where, None, body, limit=_LIMIT, seconds=_SECONDS, forgiving=False
        )
        results = answer.get("pdus") if isinstance(answer, dict) else None
        for event_id, said in results.items() if isinstance(results, dict) else ():
            if isinstance(said, dict) and "error" in said:
                _log.info("%s does not take %s: %s", batch.destination, event_id, said["error"])

    async def _leased(self, server: str) -> bool:
        """Whether this node is the one that sends to a server now."""
        now = clock.now_ms()
        if self._leases.get(server, 0) > now + _LEASE_MS // 2:
            return True
        until = now + _LEASE_MS

        async def work(unit: Unit) -> int:
            await unit.run("INSERT INTO chat_peer (name) VALUES (?) ON CONFLICT (name) DO NOTHING", server)
            return await unit.run(
                "UPDATE chat_peer SET node = ?, lease_ms = ? WHERE name = ? AND (node = ? OR lease_ms < ?)",
                self._node,
                until,
                server,
                self._node,
                now,
            )

        taken = bool(await self._store.write(work))
        if taken:
            self._leases[server] = until
        else:
            self._leases.pop(server, None)
            self._theirs[server] = now + _LEASE_MS // 2
        return taken
