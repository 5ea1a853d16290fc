"""Following the outbox with durable cursors: each follower sees each event at least once, in order."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec

from parvis.kernel import clock
from parvis.kernel.events import Event
from parvis.store.bus.contract import Bus
from parvis.store.sql.contract import Database, Tx
from parvis.store.unit import Unit

_PAGE = 200
_RETRY_SECONDS = 5.0
_SOON_SECONDS = 0.02
_CALM_SECONDS, _CALM_TIMES = 0.2, 10
_REST, _LATE_REST = 19.0, 3.0
"""How many times as long as a page took a follower rests after it, while others have something to do, for each
follower that has more to read; the second one when what it was told of is a minute old."""
_LATE_MS = 60_000
_log = logging.getLogger(__name__)
Follower = Callable[[list[Event]], Awaitable[None]]


class Outbox:
    """Reads what units of work have written."""

    def __init__(self, db: Database, bus: Bus, busy: Callable[[], bool] = lambda: False) -> None:
        """`busy` says whether this node has something to do that goes before what followers do."""
        self._db, self._bus, self._busy = db, bus, busy
        self._behind: set[str] = set()
        """The followers for whom whole pages wait."""
        self._page = f"""SELECT xid, position, account_id, kind, time_ms, body FROM outbox
            WHERE {db.dialect.after} AND {db.dialect.settled} ORDER BY xid, position LIMIT ?"""

    async def after(self, xid: int, position: int, limit: int = _PAGE) -> list[Event]:
        """The next events after a place."""
        return [
            Event(
                xid=row[0],
                position=row[1],
                account_id=row[2],
                kind=row[3],
                time_ms=row[4],
                body=msgspec.json.decode(row[5]),
            )
            for row in await self._db.rows(self._page, xid, position, limit)
        ]

    async def cursor(self, name: str) -> tuple[int, int]:
        """Where a follower stands."""
        row = await self._db.row("SELECT xid, position FROM outbox_cursor WHERE name = ?", name)
        return (row[0], row[1]) if row else (0, 0)

    @staticmethod
    async def advance(unit: Unit, name: str, event: Event) -> None:
        """Moves a follower's cursor past `event`, in the unit that carries out what the event led to."""
        await unit.run(
            """INSERT INTO outbox_cursor (name, xid, position, moved_ms) VALUES (?, ?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET xid = excluded.xid, position = excluded.position,
            moved_ms = excluded.moved_ms""",
            name,
            event.xid,
            event.position,
            clock.now_ms(),
        )

    async def join(self, name: str) -> None:
        """Declares a follower, so that nothing it has not seen is removed; a new one starts at the oldest event."""

        async def work(tx: Tx) -> None:
            await tx.run(
                """INSERT INTO outbox_cursor (name, xid, position, moved_ms) VALUES (?, 0, 0, ?)
                ON CONFLICT (name) DO UPDATE SET moved_ms = excluded.moved_ms""",
                name,
                clock.now_ms(),
            )

        await self._db.write(work)

    async def follow(self, name: str, follower: Follower, page: int = _PAGE) -> None:
        """Hands events to `follower` page by page, for ever; the cursor moves after it returns. What it raises is
        logged and the page is tried again. Those who ask and write, and large content that comes in, go first: the
        follower is called when nobody did for a moment or after two seconds, and while whole pages wait all take a
        twentieth of the time together, a quarter when they are a minute late, and never rest longer than a second.
        Who takes long for each event has small pages, so that others never wait long."""
        wake = asyncio.Event()
        await self.join(name)
        cancel = await self._bus.subscribe("outbox", lambda _: wake.set())
        try:
            while True:
                wake.clear()
                try:
                    await self._turn(name, follower, wake, page)
                except Exception:  # the follower, or a database that is away
                    _log.exception("outbox follower %s", name)
                    await asyncio.sleep(_RETRY_SECONDS)
        finally:
            self._behind.discard(name)
            cancel()

    async def _unsettled(self, name: str) -> bool:
        """Whether events are there that wait for an older transaction to end (PostgreSQL)."""
        place = await self.cursor(name)
        return bool(await self._db.value(f"SELECT 1 FROM outbox WHERE {self._db.dialect.after} LIMIT 1", *place))

    async def _turn(self, name: str, follower: Follower, wake: asyncio.Event, page: int) -> None:
        """Hands one page on, then waits until there may be another."""
        started = clock.monotonic()
        if (told_ms := await self._handed_on(name, follower, page)) is not None:
            self._behind.add(name)
            took = clock.monotonic() - started
            rest = _REST if clock.now_ms() - told_ms < _LATE_MS else _LATE_REST
            others = wake.is_set() or self._busy()
            await asyncio.sleep(min(1.0, rest * took * len(self._behind)) if others else 0)
        else:
            self._behind.discard(name)
            await clock.woken(wake, _SOON_SECONDS if await self._unsettled(name) else _RETRY_SECONDS)
            await self._calm(wake)

    async def _handed_on(self, name: str, follower: Follower, page: int) -> int | None:
        """Hands one page on, and holds nothing of it. Returns when its last event was, if it was a whole one."""
        if events := await self.after(*await self.cursor(name), page):
            await follower(events)
            await self._db.write(lambda tx: self.advance(Unit(tx), name, events[-1]))
        return events[-1].time_ms if len(events) == page else None

    async def _calm(self, wake: asyncio.Event) -> None:
        """Waits until nobody writes or asks any more, though not for long."""
        for _ in range(_CALM_TIMES):
            wake.clear()
            await asyncio.sleep(_CALM_SECONDS)
            if not wake.is_set() and not self._busy():
                return
