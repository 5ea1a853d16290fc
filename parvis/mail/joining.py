"""Joining two threads that a later message has shown to be one. RFC 8621 §3

The thread of an Email never changes, so the messages of the smaller thread are destroyed and put in again with new
ids, in one unit. That waits until nobody is likely to be at work with them, and is left when it would be large.
"""

from collections.abc import Sequence
from functools import partial

from parvis.kernel import clock
from parvis.kernel.errors import Conflict, OverQuota
from parvis.mail import service, snooze, store
from parvis.mail.message import Parsed
from parvis.mail.store import New
from parvis.mail.threads import JOIN, LONGEST
from parvis.store.jobs import Job, Retry
from parvis.store.store import Store
from parvis.store.unit import Unit

__all__ = ["JOIN", "Joiner"]
_MOST = 50
"""Messages moved in one unit; two threads that are both longer stay apart."""
_HOUR_MS = 3_600_000
_TRIES = 48


class Joiner:
    """Handles the jobs of kind `mail-join`, one at a time."""

    def __init__(self, keep: Store) -> None:
        self._keep = keep

    async def handle(self, job: Job) -> None:
        """Joins the two threads of a job. Raises Retry while one of them holds a draft."""
        account_id = int(job.args["account"])
        threads = [await self._present(account_id, int(number)) for number in job.args["threads"]]
        into, moved = [await self._ids(account_id, number) for number in threads]
        if len(into) < len(moved):
            into, moved = moved, into
            threads.reverse()
        if threads[0] == threads[1] or not moved or len(moved) > _MOST or len(into) + len(moved) > LONGEST:
            return
        read = {number: await self._read(account_id, number) for number in moved}
        work = partial(self._move, account_id=account_id, threads=threads, read=read, patient=job.attempts < _TRIES)
        try:
            await self._keep.write(work)
        except OverQuota:  # what is there stays where it is
            return

    async def _present(self, account_id: int, thread_id: int) -> int:
        """The thread that a thread has become by now. A thread that was joined to another leads to it as one more
        reference."""
        found = await self._keep.db.value(
            "SELECT thread_id FROM thread_ref WHERE account_id = ? AND ref = ?", account_id, thread_id
        )
        return thread_id if found is None else int(found)

    async def _ids(self, account_id: int, thread_id: int) -> list[int]:
        rows = await self._keep.db.rows(
            "SELECT id FROM email WHERE thread_id = ? AND +account_id = ?", thread_id, account_id
        )
        return [row[0] for row in rows]

    async def _read(self, account_id: int, email_id: int) -> Parsed:
        rows = await store.rows_of(self._keep.db, account_id, [email_id])
        if not rows:
            raise Conflict("a message of the thread has just gone")
        return await service.read_blob(self._keep.blobs, rows[0][2])

    async def _move(
        self, unit: Unit, account_id: int, threads: Sequence[int], read: dict[int, Parsed], *, patient: bool
    ) -> None:
        into, emptied = threads
        rows = await unit.rows(
            "SELECT id, blob, received_ms, keywords FROM email WHERE thread_id = ? AND +account_id = ?",
            emptied,
            account_id,
        )
        if {row[0] for row in rows} != read.keys():
            raise Conflict("the thread has just changed")
        if any("$draft" in row[3].split() for row in rows):
            if patient:
                raise Retry(clock.now_ms() + _HOUR_MS, "somebody is writing")
            return
        boxes = await store.mailboxes_of(unit, list(read))
        waking = await snooze.times(unit, list(read))
        again = [
            New(read[number], blob, frozenset(boxes[number]), frozenset(keywords.split()), received_ms)
            for number, blob, received_ms, keywords in rows
        ]
        await unit.run("UPDATE thread_ref SET thread_id = ? WHERE thread_id = ?", into, emptied)
        await unit.run(
            "INSERT INTO thread_ref (account_id, ref, thread_id) VALUES (?, ?, ?)", account_id, emptied, into
        )
        await store.remove(unit, self._keep.db.dialect, account_id, list(read))
        stored = await store.append(unit, self._keep.db.dialect, account_id, again)
        for row, email in zip(rows, stored, strict=True):
            if row[0] in waking:
                await snooze.until(unit, account_id, email.id, waking[row[0]])
