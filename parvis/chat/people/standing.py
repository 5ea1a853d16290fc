"""Accounts that are locked or suspended in chat (Matrix v1.19 Client-Server §Account moderation). Who is locked can
do nothing there but sign out, and keeps devices and keys; who is suspended reads on, and says nothing. They are
few, so that each node has all of them in memory: no request asks the database."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass

from parvis.kernel import clock
from parvis.store.bus.contract import Cancel
from parvis.store.store import Store
from parvis.store.unit import Unit

TOPIC = "chat-standing"
_SECONDS = 30.0
"""How soon a node knows at the latest that has not heard of a change."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands."""

    locked: bool = False
    suspended: bool = False


FREE = Standing()
"""Of nearly everybody."""


class Standings:
    """Those of all people, open while the program runs."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[int, Standing] = {}
        self._wake = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._listening: Cancel | None = None

    async def open(self) -> None:
        """Reads them, and hears of changes from then on."""
        await self._read()
        self._listening = await self._store.bus.subscribe(TOPIC, lambda _: self._wake.set())
        self._running = asyncio.create_task(self._follow(), name="standings")

    async def stop(self) -> None:
        """Hears no more."""
        if self._listening is not None:
            self._listening()
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running

    def of(self, principal_id: int) -> Standing:
        """How somebody stands; no statement."""
        return self._known.get(principal_id, FREE)

    async def put(
        self, principal_id: int, *, locked: bool | None = None, suspended: bool | None = None
    ) -> Standing:
        """Changes it, on all nodes; None leaves what it is."""

        async def work(unit: Unit) -> Standing:
            await unit.hold(principal_id)  # one after the other
            row = await unit.row(
                "SELECT locked, suspended FROM chat_standing WHERE principal_id = ?", principal_id
            ) or (0, 0)
            now = Standing(
                bool(row[0]) if locked is None else locked, bool(row[1]) if suspended is None else suspended
            )
            if now == FREE:
                await unit.run("DELETE FROM chat_standing WHERE principal_id = ?", principal_id)
            else:
                await unit.run(
                    """INSERT INTO chat_standing (principal_id, locked, suspended) VALUES (?, ?, ?)
                    ON CONFLICT (principal_id) DO UPDATE SET locked = excluded.locked,
                    suspended = excluded.suspended""",
                    principal_id,
                    int(now.locked),
                    int(now.suspended),
                )
            return now

        found = await self._store.write(work)
        await self._read()
        await self._store.bus.publish(TOPIC, b"")
        return found

    async def _follow(self) -> None:
        while True:
            await clock.woken(self._wake, _SECONDS)
            try:
                await self._read()
            except Exception:  # a database that is away
                _log.exception("how people stand")

    async def _read(self) -> None:
        rows = await self._store.db.rows("SELECT principal_id, locked, suspended FROM chat_standing")
        self._known = {number: Standing(bool(locked), bool(suspended)) for number, locked, suspended in rows}
