"""Durable jobs: put into the same transaction as what asks for them, run at least once, retried with backoff.

A node claims a job for a minute and renews that while it works; when the node dies another takes the job over.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec

from parvis.kernel import clock, ids
from parvis.kernel.errors import ParvisError
from parvis.store.bus.contract import Bus
from parvis.store.sql.contract import Database, Row, Tx
from parvis.store.unit import Unit

LEASE_MS = 60_000
_RENEW_SECONDS = 15.0
_AWAY_SECONDS = 2.0
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


class Progress(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How far a job is, as its account sees it. `error` is the reason of the last failed try."""

    id: int
    kind: str
    state: Literal["waiting", "running", "done"]
    progress: dict[str, Any]
    error: str
    attempts: int
    run_at_ms: int
    finished_ms: int | None


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
        self._limits: dict[str, int] = {}
        self._busy: Counter[str] = Counter()
        self._running: dict[int, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()

    def handle(self, kind: str, handler: Handler, *, at_once: int = 4) -> None:
        """Declares who runs jobs of `kind`, and how many at once on this node."""
        self._handlers[kind] = handler
        self._limits[kind] = at_once

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
        """Keeps how far a job is, for people and for the next try."""
        text = msgspec.json.encode(progress).decode()
        await self._update("progress = ?", text, job_id=job.id)

    @staticmethod
    async def note(unit: Unit, job: Job, progress: dict[str, Any]) -> None:
        """The same in the unit that brought it so far."""
        await unit.run("UPDATE job SET progress = ? WHERE id = ?", msgspec.json.encode(progress).decode(), job.id)

    async def progress_of(self, account_id: int, *, finished_since_ms: int | None = None) -> list[Progress]:
        """The unfinished jobs of an account, newest first, and those finished since a time when one is given."""
        rows = await self._db.rows(
            """SELECT id, kind, state, progress, error, attempts, run_at_ms, finished_ms FROM job
            WHERE account_id = ? AND (finished_ms IS NULL OR finished_ms >= ?) ORDER BY id DESC LIMIT 200""",
            account_id,
            1 << 62 if finished_since_ms is None else finished_since_ms,
        )
        return [
            Progress(
                id=row[0],
                kind=row[1],
                state=row[2],
                progress=msgspec.json.decode(row[3]),
                error=row[4],
                attempts=row[5],
                run_at_ms=row[6],
                finished_ms=row[7],
            )
            for row in rows
        ]

    async def run(self) -> None:
        """Claims and runs due jobs for ever. When it is cancelled, what was running is given back."""
        cancel = await self._bus.subscribe("jobs", lambda _: self._wake.set())
        renewing = asyncio.create_task(self._renew())
        try:
            while True:
                self._wake.clear()
                await clock.woken(self._wake, await self._turn())
        finally:
            cancel()
            renewing.cancel()
            await self.stop()

    async def _turn(self) -> float:
        """Starts what is due. Returns how many seconds to wait; a database that is away is asked again."""
        try:
            await self.claim_due()
            return await self._pause()
        except Exception:
            _log.exception("jobs are not claimed")
            return _AWAY_SECONDS

    async def stop(self) -> None:
        """Cancels what runs here and gives it back."""
        left = dict(self._running)
        for task in left.values():
            task.cancel()
        await asyncio.gather(*left.values(), return_exceptions=True)
        for job_id in left:
            await self._release(job_id)

    async def claim_due(self) -> int:
        """Claims what is due and fits, and starts it. Returns how many jobs were started."""
        now, started, here = clock.now_ms(), 0, frozenset(self._running)
        for kind, first_ms in (await self._first(now)).items():
            if first_ms <= now:
                for job in map(_job, await self._claim(kind, self._limits[kind] - self._busy[kind], now)):
                    if job.id not in here:  # else this node stood still for longer than its claim lasted
                        self._start(job)
                        started += 1
        return started

    async def idle(self) -> None:
        """Waits until nothing runs on this node; for tests and for a clean end."""
        while self._running:
            await asyncio.wait(self._running.values())

    async def _first(self, now: int) -> dict[str, int]:
        """When the first job that nobody has is due, for each kind that fits."""
        free = [kind for kind, limit in self._limits.items() if self._busy[kind] < limit]
        if not free:
            return {}
        of_one = """SELECT kind, run_at_ms FROM job WHERE kind = ? AND finished_ms IS NULL AND lease_ms < ?
            ORDER BY run_at_ms LIMIT 1"""
        of_each = " UNION ALL ".join(f"SELECT * FROM ({of_one}) AS kind_{number}" for number in range(len(free)))
        return dict(await self._db.rows(of_each, *(value for kind in free for value in (kind, now))))

    async def _pause(self) -> float:
        """Seconds until the next job that fits is due, between 0.05 and 5."""
        now = clock.now_ms()
        due = min((await self._first(now)).values(), default=now + 5000)
        return min(5.0, max(0.05, (due - now) / 1000))

    async def _claim(self, kind: str, most: int, now: int) -> list[Row]:
        async def work(tx: Tx) -> list[Row]:
            return await tx.rows(
                f"""UPDATE job SET lease_ms = ?, attempts = attempts + 1, state = 'running' WHERE id IN (
                SELECT id FROM job WHERE finished_ms IS NULL AND run_at_ms <= ? AND lease_ms < ? AND kind = ?
                ORDER BY run_at_ms LIMIT ? {self._db.dialect.skip_locked})
                RETURNING id, kind, account_id, args, attempts, progress""",
                now + LEASE_MS,
                now,
                now,
                kind,
                most,
            )

        claiming = asyncio.ensure_future(self._db.write(work))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:  # the node stops: what was claimed all the same is given back
            for row in await claiming:
                await self._release(row[0])
            raise

    async def _release(self, job_id: int) -> None:
        await self._update("lease_ms = 0, state = 'waiting'", job_id=job_id, and_where="AND finished_ms IS NULL")

    def _start(self, job: Job) -> None:
        self._busy[job.kind] += 1
        task = self._running[job.id] = asyncio.create_task(self._perform(job))

        def ended(_: object) -> None:
            self._busy[job.kind] -= 1
            self._running.pop(job.id, None)
            self._wake.set()

        task.add_done_callback(ended)

    async def _perform(self, job: Job) -> None:
        try:
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
                await self._update(
                    "finished_ms = ?, lease_ms = 0, error = '', state = 'done'", clock.now_ms(), job_id=job.id
                )
        except ParvisError:  # the outcome could not be written: the lease ends and the job is run again
            _log.exception("job %s", job.kind)

    async def _later(self, job: Job, at_ms: int, reason: str) -> None:
        await self._update(
            "run_at_ms = ?, lease_ms = 0, error = ?, state = 'waiting'", at_ms, reason, job_id=job.id
        )

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            try:
                for job_id in list(self._running):
                    await self._update(
                        "lease_ms = ?", clock.now_ms() + LEASE_MS, job_id=job_id, and_where="AND lease_ms > 0"
                    )
            except ParvisError:
                _log.exception("leases not renewed")

    async def _update(self, assignments: str, *values: Any, job_id: int, and_where: str = "") -> None:
        async def work(tx: Tx) -> None:
            await tx.run(f"UPDATE job SET {assignments} WHERE id = ? {and_where}", *values, job_id)

        await self._db.write(work)


def _job(row: Row) -> Job:
    return Job(
        id=row[0],
        kind=row[1],
        account_id=row[2],
        args=msgspec.json.decode(row[3]),
        attempts=row[4],
        progress=msgspec.json.decode(row[5]),
    )


def _backoff(job: Job) -> int:
    return clock.now_ms() + _BACKOFF_MS[min(job.attempts, len(_BACKOFF_MS)) - 1]
