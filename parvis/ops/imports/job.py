"""An import as a durable job: found again by what it imports into which account, it goes on where it was."""

import asyncio
from typing import Any

import msgspec

from parvis.kernel.errors import ParvisError, Unavailable
from parvis.ops.imports.importer import Importer, State
from parvis.store.jobs import Job, Jobs
from parvis.store.store import Store

KIND = "import"
_POLL_SECONDS = 0.2


async def perform(store: Store, importer: Importer, source: str) -> State:
    """Runs the import of `source` (its name: a path, user@host) to its end in this process, from where an earlier
    run of the same source into the same account stopped. Raises ParvisError when it cannot go on; what was done
    is kept. Another process that is at the same import is waited for, two minutes after its last sign of life."""
    job_id = await _job(store, importer.account_id, source)
    raised: list[BaseException] = []

    async def handle(job: Job) -> None:
        async def keep(state: State) -> None:
            await store.jobs.progress(job, msgspec.to_builtins(state))

        try:
            await importer.run(msgspec.convert(job.progress, State), keep)
        except Exception as error:
            raised.append(error)
            raise

    store.jobs.handle(KIND, handle, at_once=1)
    worker = asyncio.create_task(store.jobs.run())
    try:
        return await _end(store, job_id, raised, worker)
    finally:
        worker.cancel()


async def _job(store: Store, account_id: int, source: str) -> int:
    key = f"{account_id} {source}"

    async def work(unit: Any) -> int:
        args = {"source": source}
        if number := await Jobs.add(unit, KIND, args, key=key, account_id=account_id):
            return number
        # An earlier run was broken off: do not wait for the end of its pause between two tries.
        row = await unit.value("SELECT id FROM job WHERE kind = ? AND key = ? AND finished_ms IS NULL", KIND, key)
        await unit.run("UPDATE job SET run_at_ms = 0 WHERE id = ?", row)
        return int(row)

    return await store.write(work)


async def _end(store: Store, job_id: int, raised: list[BaseException], worker: asyncio.Task[None]) -> State:
    while True:
        row = await store.db.row("SELECT finished_ms, progress FROM job WHERE id = ?", job_id)
        if row is None:
            raise Unavailable("the import was taken away")
        if raised:
            error = raised[0]
            raise error if isinstance(error, ParvisError) else Unavailable(str(error)) from error
        if row[0] is not None:
            return msgspec.convert(msgspec.json.decode(row[1]), State)
        if worker.done():
            await worker
        await asyncio.sleep(_POLL_SECONDS)


def report(state: State) -> list[str]:
    """The report as lines for people: what came in, what was there, and what was not understood, by reason."""
    lines = [f"{state.imported} imported, {state.present} already there, {state.faults} not imported"]
    reasons: dict[str, list[str]] = {}
    for where, what in state.named:
        reasons.setdefault(what, []).append(where)
    for what, places in sorted(reasons.items(), key=lambda pair: -len(pair[1])):
        more = f" and {len(places) - 3} more" if len(places) > 3 else ""
        lines.append(f"  {what}: {'; '.join(places[:3])}{more}")
    return lines
