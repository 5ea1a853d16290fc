"""Which thread a message belongs to. RFC 8621 §3"""

from collections.abc import Iterable, Sequence
from typing import Any

from parvis.kernel import clock, ids
from parvis.store.jobs import Jobs
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit

JOIN = "mail-join"
"""The job that joins two threads."""
JOIN_MS = 600_000
"""How long that waits: by then nobody takes back what they have just sent."""
LONGEST = 500
"""Messages in one thread; a later one begins a new thread, so that no change costs more than this many rows."""


async def place(unit: Unit, account_id: int, refs: Sequence[int]) -> tuple[int, bool]:
    """The thread for a message that may share these references, and whether it is a new one. The references lead
    to it from now on. When they lead to several threads, the newest takes it, and the others join that later: see
    mail.joining."""
    several = await _candidates(unit, account_id, refs)
    found = await _with_room(unit, several)
    thread_id = found or ids.new_id()
    for other in several:
        if found is not None and other != found:
            await _plan_join(unit, account_id, found, other)
    if refs:
        await unit.many(
            """INSERT INTO thread_ref (account_id, ref, thread_id) VALUES (?, ?, ?)
            ON CONFLICT (account_id, ref) DO UPDATE SET thread_id = excluded.thread_id""",
            [(account_id, ref, thread_id) for ref in refs],
        )
    return thread_id, found is None


async def _candidates(unit: Unit, account_id: int, refs: Sequence[int]) -> list[int]:
    """The threads that references lead to, the newest first."""
    if not refs:
        return []
    rows = await unit.rows(
        f"SELECT DISTINCT thread_id FROM thread_ref WHERE account_id = ? AND ref IN {marks(len(refs))}",
        account_id,
        *refs,
    )
    return sorted((int(row[0]) for row in rows), reverse=True)


async def _with_room(unit: Unit, several: Sequence[int]) -> int | None:
    for thread_id in several:
        if await unit.value("SELECT COUNT(*) FROM email WHERE thread_id = ?", thread_id) < LONGEST:
            return thread_id
    return None


async def _plan_join(unit: Unit, account_id: int, into: int, other: int) -> None:
    args = {"account": account_id, "threads": [into, other]}
    at_ms = clock.now_ms() + JOIN_MS
    await Jobs.add(unit, JOIN, args, key=f"{into}:{other}", at_ms=at_ms, account_id=account_id)


async def after_removal(unit: Unit, account_id: int, thread_ids: Iterable[int]) -> None:
    """Notes that messages left these threads, and forgets threads that are empty."""
    for thread_id in sorted(set(thread_ids)):
        if await unit.value("SELECT 1 FROM email WHERE thread_id = ? LIMIT 1", thread_id) is None:
            await unit.run("DELETE FROM thread_ref WHERE thread_id = ?", thread_id)
            await unit.changed(account_id, "Thread", thread_id, "destroyed")
        else:
            await unit.changed(account_id, "Thread", thread_id, "updated")


async def emails(db: Any, account_id: int, thread_id: int) -> list[int]:
    """The messages of a thread, oldest first."""
    rows = await db.rows(
        "SELECT id FROM email WHERE thread_id = ? AND +account_id = ? ORDER BY received_ms, id",
        thread_id,
        account_id,
    )
    return [row[0] for row in rows]
