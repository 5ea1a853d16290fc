"""Telling push services. One message at a time a subscription; what changes meanwhile is in the next one.
RFC 8620 §7.2, RFC 8030"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from parvis.access import sessions
from parvis.access.directory import COLUMNS, principal_of
from parvis.access.principal import Principal
from parvis.access.sessions import Ended
from parvis.kernel import clock, ids
from parvis.kernel.errors import EgressRefused
from parvis.kernel.events import Event
from parvis.kernel.later import httpx
from parvis.serve.context import Context
from parvis.serve.jmap.push import encryption
from parvis.serve.jmap.push.hub import PUSHED, Hub
from parvis.serve.jmap.push.vapid import Vapid
from parvis.serve.jmap.types import Object
from parvis.serve.rates import Rate
from parvis.store.bus.contract import Cancel
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit

_PAUSE_SECONDS = 1.0
_TTL_SECONDS = 86_400
_NEW_PER_MINUTE = 10
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Target:
    """One subscription."""

    id: int
    principal: Principal
    url: str
    p256dh: str = ""
    auth: str = ""
    types: frozenset[str] | None = None


@dataclass(slots=True)
class _Pending:
    target: Target
    changed: set[tuple[int, str]] = field(default_factory=set)


class Delivery:
    """The senders of this node."""

    def __init__(self, context: Context, hub: Hub) -> None:
        self._context, self._hub = context, hub
        self._vapid = Vapid(context.store, context.settings)
        context.offer(self._vapid)
        self._pending: dict[int, _Pending] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._cancel: Cancel | None = None
        self.new = Rate(_NEW_PER_MINUTE, 3 * _NEW_PER_MINUTE)
        """How many subscriptions a person makes: each is a request to a server that they name. RFC 8620 §7.2"""

    async def start(self) -> None:
        """Begins to hear of sign-ins that end: where they wanted to be told is erased. RFC 8620 §7.2"""
        await self._vapid.start()
        self._cancel = await sessions.on_end(self._context.store, self._ended)

    def _ended(self, ended: Ended) -> None:
        self._start(self._erase(ended))

    async def _erase(self, ended: Ended) -> None:
        one = "AND session_id = ?" if ended.session_id else ""
        named = (ended.opener,) if ended.session_id else ()

        async def work(unit: Unit) -> None:
            await unit.run(
                f"DELETE FROM push_subscription WHERE principal_id = ? {one}", ended.principal_id, *named
            )

        await self._context.store.write(work)

    async def follow(self, events: list[Event]) -> None:
        """Hears of changes from the outbox. What cannot be sent is dropped: a client that is told later, or not at
        all, finds the same state. RFC 8620 §7"""
        changed: dict[int, set[str]] = {}
        for event in events:
            if event.kind == PUSHED:
                await self._told(event.account_id, event.body["object"])
            if event.kind == "changed":
                changed.setdefault(event.account_id, set()).add(event.body["kind"])
        if not changed:
            return
        for target in await self._targets(list(changed)):
            pending = self._pending.get(target.id)
            if pending is None:
                pending = self._pending[target.id] = _Pending(target)
                self._start(self._send_all(pending))
            pending.changed |= {(account, kind) for account, kinds in changed.items() for kind in kinds}

    async def _told(self, account_id: int, given: Object) -> None:
        """An object for the owner of an account goes to their streams on every node, and to their subscriptions."""
        payload = msgspec.json.encode({"account": account_id, "object": given})
        await self._context.store.bus.publish(PUSHED, payload)
        for target in await self._targets([account_id]):
            wanted = target.types is None or given["@type"] in target.types
            if wanted and target.principal.id == account_id:
                self._start(self._post(target, given))

    async def _targets(self, accounts: Sequence[int]) -> list[Target]:
        """Verified subscriptions of those who may see one of these accounts, whose sign-in still lives."""
        rows = await self._context.store.db.rows(
            f"""SELECT DISTINCT s.id, s.url, s.p256dh, s.auth, s.types, s.session_id, {COLUMNS}
            FROM push_subscription s JOIN principal p ON p.id = s.principal_id
            WHERE s.verified = 1 AND s.expires_ms > ? AND p.disabled_ms IS NULL
            AND (s.session_id = 0 OR EXISTS (SELECT 1 FROM session n WHERE n.id = s.session_id))
            AND s.principal_id IN (SELECT v.principal_id FROM visible v JOIN scope c ON c.id = v.scope_id
            WHERE c.account_id IN {marks(len(accounts))} UNION SELECT a.id FROM account a
            WHERE a.id IN {marks(len(accounts))})""",
            clock.now_ms(),
            *accounts,
            *accounts,
        )
        return [
            Target(
                row[0],
                principal_of(row[6:], session_id=row[5]),
                row[1],
                row[2],
                row[3],
                frozenset(msgspec.json.decode(row[4])) if row[4] else None,
            )
            for row in rows
        ]

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_all(self, pending: _Pending) -> None:
        try:
            while pending.changed:
                await asyncio.sleep(_PAUSE_SECONDS)
                changed, pending.changed = pending.changed, set()
                visible = await self._hub.states(pending.target.principal, pending.target.types)
                told: dict[str, dict[str, str]] = {}
                for account, kind in changed:
                    if (state := visible.states.get((account, kind))) is not None:
                        told.setdefault(ids.text(account), {})[kind] = state.text
                for part in _parts(told, encrypted=bool(pending.target.p256dh)):
                    await self._post(pending.target, {"@type": "StateChange", "changed": part})
        finally:
            del self._pending[pending.target.id]

    def verify(self, target: Target, code: str) -> None:
        """Sends the verification code, and nothing else before it came back. RFC 8620 §7.2.2, §8.6"""
        body = {"@type": "PushVerification", "pushSubscriptionId": ids.text(target.id), "verificationCode": code}
        self._start(self._post(target, body))

    async def _post(self, target: Target, message: Object) -> None:
        content = msgspec.json.encode(message)
        headers = {"content-type": "application/json", "ttl": str(_TTL_SECONDS), "urgency": "normal"}
        headers["authorization"] = self._vapid.authorization(target.url)
        if target.p256dh:
            content = encryption.encrypted(content, target.p256dh, target.auth)
            headers |= {"content-encoding": "aes128gcm", "content-type": "application/octet-stream"}
        try:
            async with (
                self._context.egress.http("push", timeout=20) as client,
                client.stream("POST", target.url, content=content, headers=headers) as answer,
            ):
                pass  # what the service says beside its status is not read, however long it is
        except (httpx.HTTPError, EgressRefused, OSError) as error:
            _log.info("push to subscription %s failed: %s", ids.text(target.id), type(error).__name__)
            return
        if answer.status_code in (404, 410):  # the push service knows it no longer. RFC 8030 §7.3
            await self._context.store.write(lambda unit: _gone(unit, target.id))
        elif answer.status_code == 429:
            wait = answer.headers.get("retry-after", "")
            await asyncio.sleep(min(int(wait), 3600) if wait.isdecimal() and len(wait) < 10 else 60)

    async def stop(self) -> None:
        """Ends what is being sent."""
        if self._cancel is not None:
            self._cancel()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _parts(told: dict[str, dict[str, str]], *, encrypted: bool) -> list[dict[str, dict[str, str]]]:
    """The same in messages that a push service must take: account by account when it is encrypted and large."""
    if not told or not encrypted or len(msgspec.json.encode(told)) < encryption.LARGEST - 100:
        return [told] if told else []
    return [{account: kinds} for account, kinds in told.items()]


async def _gone(unit: Unit, number: int) -> None:
    await unit.run("DELETE FROM push_subscription WHERE id = ?", number)
