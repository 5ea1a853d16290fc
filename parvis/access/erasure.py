"""The end of an account: switched off at once, restored while there is time, then erased by a durable job.

First the principal goes, with its addresses, sign-ins, grants and scopes, in one unit. Then each feature erases
what it keeps for the account, in bounded units, so that a large mailbox holds up nobody. What every account has
(change log, links to blobs, jobs, events) goes last. Killed anywhere, the job goes on where it was.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from parvis.access import accounts
from parvis.kernel import clock
from parvis.kernel.errors import NotFound
from parvis.store.jobs import Job, Jobs
from parvis.store.store import Store
from parvis.store.unit import Unit

SOON_MS = 60_000
"""An account is switched off at least this long before it is erased: by then nothing begun before still runs."""
_PAGE = 500
_EVENTS = 2000


@dataclass(frozen=True, slots=True)
class Gone:
    """An account that is being erased, with the scopes it had."""

    account_id: int
    scope_ids: tuple[int, ...]


Eraser = Callable[[Store, Gone], Awaitable[None]]
"""Erases what one room keeps for an account, in many small units; may be called again."""


async def schedule(store: Store, principal_id: int, delay_ms: int = 0) -> int:
    """Switches a principal off and plans its erasure. Returns when that begins, in ms; `accounts.enable` takes it
    back until then. Raises NotFound."""
    at_ms = clock.now_ms() + max(delay_ms, SOON_MS)

    await store.write(lambda unit: plan(unit, principal_id, at_ms))
    await accounts.close(store, principal_id)
    return at_ms


async def plan(unit: Unit, principal_id: int, at_ms: int) -> None:
    """What `schedule` does in the unit. Raises NotFound, and Conflict when the erasure has begun."""
    await accounts.switch_off(unit, principal_id)
    await accounts.keep(unit, principal_id)
    await Jobs.add(unit, accounts.ERASE, {"account": principal_id}, key=str(principal_id), at_ms=at_ms)


def handle(store: Store, erasers: Sequence[Eraser]) -> None:
    """Declares who carries erasures out; `erasers` are asked in their order."""
    store.jobs.handle(accounts.ERASE, partial(_erase, store, erasers), at_once=1)


async def _erase(store: Store, erasers: Sequence[Eraser], job: Job) -> None:
    scopes: list[int] | None = job.progress.get("scopes")
    if scopes is None:
        try:
            scopes = await store.write(partial(_leave, job=job))
        except NotFound:
            return
    gone = Gone(int(job.args["account"]), tuple(scopes or ()))
    for eraser in erasers:
        await eraser(store, gone)
    await _common(store, gone)


async def _leave(unit: Unit, job: Job) -> list[int]:
    account_id = int(job.args["account"])
    await _attempts(unit, account_id)
    scopes = await accounts.remove(unit, account_id)
    await Jobs.note(unit, job, {"scopes": scopes})
    return scopes


async def _attempts(unit: Unit, account_id: int) -> None:
    """Failed sign-ins are counted by who was tried. See access.limits"""
    for (address,) in await unit.rows("SELECT address FROM address WHERE principal_id = ?", account_id):
        await unit.run("DELETE FROM attempt WHERE name > ? AND name < ?", f"{address} ", f"{address}!")


async def rows(store: Store, table: str, key: str, where: str, *args: Any) -> None:
    """Deletes the rows of `table` that meet `where`, some at a time; `key` is the primary key's columns."""

    async def work(unit: Unit) -> int:
        return await unit.run(
            f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {where} LIMIT {_PAGE})", *args
        )

    await until_none(store, work)


async def until_none(store: Store, work: Callable[[Unit], Awaitable[int]]) -> None:
    """Runs `work` in one unit after another until it did nothing."""
    while await store.write(work):
        pass


async def _common(store: Store, gone: Gone) -> None:
    """What every account has; the account itself last, so that its clock outlives whatever ticks it."""
    mine = "account_id = ?", gone.account_id
    await rows(store, "blob_link", "hash, account_id, kind, object_id", *mine)
    await rows(store, "job", "id", *mine)
    await rows(store, "change", "account_id, kind, object_id", *mine)
    await rows(store, "departed", "account_id, kind, part, object_id, name", *mine)
    await rows(store, "part_state", "part, kind", *mine)

    async def last(unit: Unit) -> None:
        await unit.run("DELETE FROM kind_state WHERE account_id = ?", gone.account_id)
        await unit.run("DELETE FROM account WHERE id = ?", gone.account_id)
        unit.emit(0, "account-erased", {"account": gone.account_id})

    await store.write(last)
    await _events(store, gone.account_id)


async def _events(store: Store, account_id: int) -> None:
    """Its events; `account-erased` stands after them all, so that no follower is ahead of the outbox."""
    row = await store.db.row("SELECT MIN(position), MAX(position) FROM outbox")
    first, end = (row[0] or 0, row[1] or 0) if row else (0, 0)
    for start in range(first, end + 1, _EVENTS):
        await store.write(
            lambda unit, start=start: unit.run(  # type: ignore[misc]
                "DELETE FROM outbox WHERE position >= ? AND position < ? AND account_id = ?",
                start,
                start + _EVENTS,
                account_id,
            )
        )
