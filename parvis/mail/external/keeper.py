"""Keeps each account in step: a durable job for each, which holds one connection, compares both sides, and waits
for news of either. The job's lease is what makes sure that only one node does."""

import asyncio
import logging
from collections import defaultdict
from functools import partial

from parvis.kernel import clock
from parvis.kernel.errors import EgressRefused, NotFound, Unauthenticated, Unavailable
from parvis.kernel.events import StateChange
from parvis.mail.external import boxes, store
from parvis.mail.external.boxes import Turn
from parvis.mail.external.model import KIND, PURPOSE, Account, State
from parvis.mail.external.pull import pull
from parvis.mail.external.push import push
from parvis.mail.external.remote import Refusal, Remote, Selected
from parvis.mail.service import Planner
from parvis.serve.context import Context
from parvis.store.bus.contract import Cancel
from parvis.store.jobs import Job, Jobs
from parvis.store.unit import Unit

JOB = "external-sync"
AT_ONCE = 500
"""Accounts that one node keeps in step."""
_POLL_SECONDS = 300.0
_BACKOFF_SECONDS = (5.0, 30.0, 120.0, 600.0, 1800.0)
_CALM_SECONDS = 0.5
"""What is changed here within so long is told together."""
_TURNS = 5
_MINE = frozenset({"Email", "Mailbox"})
_log = logging.getLogger(__name__)


async def plan(unit: Unit, account_id: int) -> None:
    """Has an account kept in step from now on."""
    await Jobs.add(unit, JOB, {"account": account_id}, key=str(account_id), account_id=account_id)


class Keeper:
    """Handles the jobs of kind `external-sync`."""

    def __init__(self, context: Context, planner: Planner | None = None) -> None:
        self._context, self._keep, self._planner = context, context.store, planner
        self._wakes: dict[int, asyncio.Event] = defaultdict(asyncio.Event)
        self._owners: dict[int, int] = {}
        self._dirty: set[int] = set()
        """Accounts in which something was changed here."""
        self._cancel: Cancel | None = None

    async def start(self) -> None:
        """Listens for changes here, on any node."""
        self._cancel = await self._keep.on_state_change(self._changed)

    async def stop(self) -> None:
        """Listens no more."""
        if self._cancel is not None:
            self._cancel()

    def _changed(self, change: StateChange) -> None:
        if change.account_id in self._wakes and _MINE & change.changed.keys():
            self._dirty.add(change.account_id)
            self._wakes[change.account_id].set()
        if KIND in change.changed:
            for account_id, owner_id in self._owners.items():
                if owner_id == change.account_id:
                    self._wakes[account_id].set()

    async def handle(self, job: Job) -> None:
        """Keeps one account in step until it is gone."""
        account_id, failures = int(job.args["account"]), 0
        wake = self._wakes[account_id]
        try:
            while (account := await store.by_id(self._keep.db, account_id)) is not None:
                self._owners[account_id] = account.owner_id
                if account.paused or not self._context.settings.mail.external:
                    await self._tell(account, "paused" if account.paused else "refused")
                    await self._until_set(account, _POLL_SECONDS)
                    continue
                failures = await self._once(account, wake, failures)
        except NotFound:  # it went meanwhile
            return
        finally:
            self._wakes.pop(account_id, None)
            self._owners.pop(account_id, None)

    async def _once(self, account: Account, wake: asyncio.Event, failures: int) -> int:
        """One connection, for as long as it holds. Returns how many failed in succession."""
        try:
            await self._connected(account, wake)
            return 0
        except Unauthenticated as error:
            state: State = "signInFailed"
            failures, reason = len(_BACKOFF_SECONDS), error.sentence
        except EgressRefused as error:
            state, failures, reason = "refused", len(_BACKOFF_SECONDS), error.sentence
        except (Unavailable, Refusal) as error:
            state, failures, reason = "unreachable", failures + 1, error.sentence
        _log.info("account %d is not in step: %s", account.id, reason)
        await self._tell(account, state)
        await self._until_set(account, _BACKOFF_SECONDS[min(failures, len(_BACKOFF_SECONDS)) - 1])
        return failures

    async def _until_set(self, account: Account, seconds: float) -> None:
        """Waits, but not when the account is set anew."""
        end = clock.monotonic() + seconds
        while (left := end - clock.monotonic()) > 0 and await clock.woken(self._wakes[account.id], left):
            now = await store.by_id(self._keep.db, account.id)
            if now is None or _set_by_owner(now) != _set_by_owner(account):
                return

    async def _connected(self, account: Account, wake: asyncio.Event) -> None:
        """Compares and waits until the account is set anew. Raises Unauthenticated, Unavailable, EgressRefused."""
        password = await self._keep.sealer.open(account.password, PURPOSE)
        remote = await Remote.open(self._context, account.imap, password)
        try:
            first, whole, news, polled = account.synced_ms is None, True, True, clock.monotonic()
            while True:
                wake.clear()
                now = await store.by_id(self._keep.db, account.id)
                if now is None or _set_by_owner(now) != _set_by_owner(account):
                    return
                if news or account.id in self._dirty:
                    self._dirty.discard(account.id)
                    polled = clock.monotonic() if whole else polled
                    seen = await self._in_step(now, remote, whole=whole, first=first)
                    first = False
                news = await self._wait(remote, wake, polled, seen)
                whole = clock.monotonic() >= polled + _POLL_SECONDS
        finally:
            remote.close()

    async def _wait(self, remote: Remote, wake: asyncio.Event, polled: float, seen: Selected | None) -> bool:
        """Waits for news of either side, or until it is time to read all folders. Returns whether it is that, or
        the server told something; `seen` is the inbox as it was read last."""
        left = max(0.1, polled + _POLL_SECONDS - clock.monotonic())
        if not remote.has("IDLE"):
            return not await clock.woken(wake, left)
        inbox = await remote.select("INBOX")
        if seen is None or (inbox.uid_next, inbox.exists, inbox.modseq) != (
            seen.uid_next,
            seen.exists,
            seen.modseq,
        ):
            return True
        told = False if wake.is_set() else await remote.idle(wake, left)
        if wake.is_set():
            await asyncio.sleep(_CALM_SECONDS)
        return told or clock.monotonic() >= polled + _POLL_SECONDS

    async def _in_step(self, account: Account, remote: Remote, *, whole: bool, first: bool) -> Selected | None:
        """Tells what is new here, reads what is new there, until neither side has anything. Returns the inbox as it
        was read."""
        turn = Turn(self._keep, account, remote, self._planner)
        if first:
            await self._tell(account, "syncing")
        for _ in range(_TURNS):
            await boxes.compare(turn)
            if first:
                await self._count(turn)
            await push(turn)
            inbox = turn.roles.get("inbox", 0)
            every = [inbox, *(number for number in turn.folders if number != inbox)]
            stays = await pull(turn, every if whole else [inbox], partial(self._brought, turn), first=first)
            await boxes.end(turn)
            if not stays:
                break
        await self._tell(account, "ok", synced=True)
        return turn.read.get(turn.roles.get("inbox", 0))

    async def _count(self, turn: Turn) -> None:
        """How many messages there are to bring, and how many are here."""
        total = 0
        for folder in turn.folders.values():
            if folder.mailbox_id not in turn.missing:
                opened = await turn.open(folder.mailbox_id)
                total += opened.exists if opened else 0
        done = await self._keep.db.value(
            "SELECT COUNT(*) FROM external_email WHERE account_id = ?", turn.account.id
        )
        values = {"total": max(total, done), "done": done}
        await self._keep.write(lambda unit: store.change(unit, turn.account, values))

    async def _brought(self, turn: Turn, unit: Unit, number: int) -> None:
        await store.brought(unit, turn.account, number)

    async def _tell(self, account: Account, state: State, *, synced: bool = False) -> None:
        """Keeps the state for the owner, when it is another one."""
        now = await store.by_id(self._keep.db, account.id)
        if now is None:
            raise NotFound("no such account")
        values: dict[str, object] = {"state": state} if now.state != state else {}
        if synced and (values or clock.now_ms() - (now.synced_ms or 0) >= _POLL_SECONDS * 500):
            values |= {"synced_ms": clock.now_ms(), "done": max(now.done, now.total)}
        if values:
            await self._keep.write(lambda unit: store.change(unit, now, values))


def _set_by_owner(account: Account) -> tuple[object, ...]:
    return account.imap, account.password, account.paused
