"""What is removed by itself: events all followers have read, uploads never used, blobs nothing refers to, finished
jobs. Run once a day by a durable job; each function may also be called alone, at any time, on any node."""

import logging
from collections.abc import Awaitable, Callable, Sequence

from parvis.kernel import clock
from parvis.store.jobs import Job, Retry
from parvis.store.sql.contract import Tx, marks
from parvis.store.store import Store

DAY_MS = 86_400_000
_STALE_MS = 30 * DAY_MS
_LATE_MS = 3_600_000
"""An upload is refused at its end and removed this much later, so that who has just been let in can finish."""
_PAGE = 500
_log = logging.getLogger(__name__)
Task = Callable[[Store], Awaitable[int]]


async def outbox(store: Store, keep_ms: int = DAY_MS) -> int:
    """Removes events that every follower has passed, older than `keep_ms`. A follower that has not moved for a
    month is taken for gone. Returns how many."""
    now = clock.now_ms()
    row = await store.db.row(
        "SELECT xid, position FROM outbox_cursor WHERE moved_ms > ? ORDER BY xid, position LIMIT 1", now - _STALE_MS
    )
    removed = 0
    while row is not None:

        async def work(tx: Tx, place: tuple[int, int] = (row[0], row[1])) -> int:
            return await tx.run(
                """DELETE FROM outbox WHERE position IN (SELECT position FROM outbox
                WHERE (xid, position) <= (?, ?) AND time_ms < ? ORDER BY position LIMIT 1000)""",
                *place,
                now - keep_ms,
            )

        count = await store.db.write(work)
        removed += count
        if count == 0:
            break
    return removed


async def uploads(store: Store) -> int:
    """Ends uploads that were never used. Their bytes go when no other link holds them. Returns how many."""
    before = clock.now_ms() - _LATE_MS

    async def work(tx: Tx) -> int:
        return await tx.run("DELETE FROM blob_link WHERE expires_ms <= ?", before)

    return await store.db.write(work)


async def jobs(store: Store, keep_ms: int = 7 * DAY_MS) -> int:
    """Removes jobs that finished longer ago than `keep_ms`. Returns how many."""
    before = clock.now_ms() - keep_ms

    async def work(tx: Tx) -> int:
        return await tx.run("DELETE FROM job WHERE finished_ms <= ?", before)

    return await store.db.write(work)


async def blobs(store: Store, grace_ms: int = DAY_MS) -> int:
    """Removes blobs that nothing has referred to for `grace_ms`. Returns how many.

    A blob goes in two passes: one notes that it has no link, a later one removes it when it still has none and
    was not written again meanwhile. So who has read a link, or has just stored the same bytes, has a day for it."""
    now = clock.now_ms()
    removed = await _remove_unlinked(store, now - grace_ms)
    async for page in store.blobs.older_than(now - grace_ms):
        for start in range(0, len(page), _PAGE):
            await _note_unlinked(store, page[start : start + _PAGE], now)
    await store.blobs.clean(now - DAY_MS)
    return removed


async def _remove_unlinked(store: Store, before_ms: int) -> int:
    removed = 0
    while True:
        rows = await store.db.rows(
            "SELECT hash, since_ms FROM blob_unlinked WHERE since_ms <= ? ORDER BY hash LIMIT ?", before_ms, _PAGE
        )
        if not rows:
            return removed
        linked = await _linked(store, [digest for digest, _ in rows])
        for digest, since_ms in rows:
            removed += digest not in linked and await store.blobs.delete_older(digest, since_ms)
        await _forget(store, [digest for digest, _ in rows])


async def _note_unlinked(store: Store, digests: list[str], now: int) -> None:
    linked = await _linked(store, digests)

    async def work(tx: Tx) -> None:
        await tx.many(
            "INSERT INTO blob_unlinked (hash, since_ms) VALUES (?, ?) ON CONFLICT DO NOTHING",
            [(digest, now) for digest in digests if digest not in linked],
        )

    if len(linked) < len(digests):
        await store.db.write(work)
    if linked:
        await _forget(store, list(linked))


async def _linked(store: Store, digests: list[str]) -> set[str]:
    rows = await store.db.rows(
        f"""SELECT hash FROM blob_link WHERE hash IN {marks(len(digests))}
        UNION SELECT piece FROM blob_piece WHERE piece IN {marks(len(digests))}""",
        *digests,
        *digests,
    )
    return {digest for (digest,) in rows}


async def _forget(store: Store, digests: list[str]) -> None:
    async def work(tx: Tx) -> None:
        await tx.run(f"DELETE FROM blob_unlinked WHERE hash IN {marks(len(digests))}", *digests)

    await store.db.write(work)


async def daily(store: Store, tasks: Sequence[Task] = ()) -> None:
    """Declares the durable daily job, and adds it when it is not there: this room's tidying, then the `tasks` of
    other rooms (`access.limits.forget`, `access.sessions.prune`). A task that fails does not stop the others."""

    async def run(job: Job) -> None:
        for task in (outbox, uploads, jobs, blobs, *tasks):
            name = f"{task.__module__}.{task.__qualname__}"
            try:
                _log.info("daily %s: %d removed", name, await task(store))
            except Exception:
                _log.exception("daily %s", name)
        raise Retry(clock.now_ms() + DAY_MS, "")

    store.jobs.handle("daily", run, at_once=1)
    await store.write(lambda unit: store.jobs.add(unit, "daily", {}, key="daily"))
