"""Durable jobs: put into the same transaction as what asks for them, run at least once, retried with backoff."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from parvis.kernel import clock, ids
from parvis.kernel.errors import ParvisError
from parvis.store.bus.contract import Bus
from parvis.store.sql.contract import Database, Tx, marks
from parvis.store.unit import Unit

LEASE_MS = 120_000
_BACKOFF_MS = (5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000, 14_400_000)
_log = logging.getLogger(__name__)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One claimed job. `attempts` counts this try; times in ms."""

    id: int
    kind: str
    account_id: int | None
    args: dict[str, Any]
    attempts: int
    progress: dict[str, Any]


class Retry(Exception):
    """Raised by a handler: try again at `at_ms`, with the reason people may read."""

    def __init__(self, at_ms: int, reason: str) -> None:
        super().__init__(reason)
        self.at_ms, self.reason = at_ms, reason


Handler = Callable[[Job], Awaitable[None]]


class Jobs:
    """The queue and its workers on this node."""

    def __init__(self, db: Database, bus: Bus) -> None:
        self._db, self._bus = db, bus
        self._handlers: dict[str, Handler] = {}
        self._limits: dict[str, asyncio.Semaphore] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    def handle(self, kind: str, handler: Handler, *, at_once: int = 4) -> None:
        """Declares who runs jobs of `kind`, and how many at once on this node."""
        self._handlers[kind] = handler
        self._limits[kind] = asyncio.Semaphore(at_once)

    @staticmethod
    async def add(
        unit: Unit,
        kind: str,
        args: dict[str, Any],
        *,
        key: str | None = None,
        at_ms: int | None = None,
        account_id: int | None = None,
    ) -> int:
        """Adds a job to the unit; it runs at `at_ms` or at once. With a `key`, one unfinished job of that kind and
        key exists at most. Returns its id (0 when there was one)."""
        job_id = ids.new_id()
        added = await unit.run(
            """INSERT INTO job (id, kind, key, account_id, args, run_at_ms) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT DO NOTHING""",
            job_id,
            kind,
            key,
            account_id,
            msgspec.json.encode(args).decode(),
            clock.now_ms() if at_ms is None else at_ms,
        )
        unit.wakes_jobs = True
        return job_id if added else 0

    async def progress(self, job: Job, progress: dict[str, Any]) -> None:
        """Keeps how far a job is, for people and for the next try; also renews the lease."""
        text, lease = msgspec.json.encode(progress).decode(), clock.now_ms() + LEASE_MS

        async def work(tx: Tx) -> None:
            await tx.run("UPDATE job SET progress = ?, lease_ms = ? WHERE id = ?", text, lease, job.id)

        await self._db.write(work)

    async def run(self) -> None:
        """Claims and runs due jobs for ever."""
        cancel = await self._bus.subscribe("jobs", lambda _: self._wake.set())
        try:
            while True:
                self._wake.clear()
                for job in await self._claim():
                    task = asyncio.create_task(self._perform(job))
                    self._running.add(task)
                    task.add_done_callback(self._running.discard)
                try:
                    await asyncio.wait_for(self._wake.wait(), await self._pause())
                except TimeoutError:
                    continue
        finally:
            cancel()
            for task in self._running:
                task.cancel()

    async def _pause(self) -> float:
        """Seconds until the next job is due, between 0.05 and 5."""
        due = await self._db.value("SELECT MIN(run_at_ms) FROM job WHERE finished_ms IS NULL AND lease_ms = 0")
        return 5.0 if due is None else min(5.0, max(0.05, (due - clock.now_ms()) / 1000))

    async def _claim(self) -> list[Job]:
        free = [kind for kind, limit in self._limits.items() if not limit.locked()]
        now = clock.now_ms()

        async def work(tx: Tx) -> list[Any]:
            return await tx.rows(
                f"""UPDATE job SET lease_ms = ?, attempts = attempts + 1, state = 'running' WHERE id IN (
                SELECT id FROM job WHERE finished_ms IS NULL AND run_at_ms <= ? AND lease_ms < ?
                AND kind IN {marks(len(free))} ORDER BY run_at_ms LIMIT 16 {self._db.dialect.skip_locked})
                RETURNING id, kind, account_id, args, attempts, progress""",
                now + LEASE_MS,
                now,
                now,
                *free,
            )

        due = await self._db.value(
            "SELECT 1 FROM job WHERE finished_ms IS NULL AND run_at_ms <= ? AND lease_ms < ? LIMIT 1", now, now
        )
        rows = await self._db.write(work) if due and free else []
        return [
            Job(
                id=row[0],
                kind=row[1],
                account_id=row[2],
                args=msgspec.json.decode(row[3]),
                attempts=row[4],
                progress=msgspec.json.decode(row[5]),
            )
            for row in rows
        ]

    async def _perform(self, job: Job) -> None:
        async with self._limits[job.kind]:
            try:
                await self._handlers[job.kind](job)
            except Retry as retry:
                await self._later(job, retry.at_ms, retry.reason)
            except ParvisError as error:
                await self._later(job, _backoff(job), error.sentence)
            except Exception as error:
                _log.exception("job %s", job.kind)
                await self._later(job, _backoff(job), f"{type(error).__name__}: {error}")
            else:
                await self._finish(job)
        self._wake.set()

    async def _later(self, job: Job, at_ms: int, reason: str) -> None:
        async def work(tx: Tx) -> None:
            await tx.run(
                "UPDATE job SET run_at_ms = ?, lease_ms = 0, error = ?, state = 'waiting' WHERE id = ?",
                at_ms,
                reason,
                job.id,
            )

        await self._db.write(work)

    async def _finish(self, job: Job) -> None:
        async def work(tx: Tx) -> None:
            await tx.run(
                "UPDATE job SET finished_ms = ?, lease_ms = 0, error = '', state = 'done' WHERE id = ?",
                clock.now_ms(),
                job.id,
            )

        await self._db.write(work)


def _backoff(job: Job) -> int:
    return clock.now_ms() + _BACKOFF_MS[min(job.attempts, len(_BACKOFF_MS)) - 1]
