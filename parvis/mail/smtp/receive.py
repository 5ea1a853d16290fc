"""Mail from other servers: who may send what to whom, and delivery before the 250. RFC 5321 §4.2.5, §6.1"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

from parvis.kernel import clock
from parvis.kernel.errors import NotFound, OverQuota, ParvisError
from parvis.kernel.settings import Settings
from parvis.mail import service
from parvis.mail.authentication import Authentication, Origin, Verdict
from parvis.mail.queue.recipients import Found, find, with_room
from parvis.mail.service import Delivered, Delivery, Hook, Planner, Refused
from parvis.mail.smtp.passing import Arrived, PassingOn, Plan
from parvis.mail.smtp.session import Session, Transaction
from parvis.mail.smtp.spool import LARGE_AT_ONCE
from parvis.mail.smtp.trace import HOPS, hops, received, return_path
from parvis.mail.spam.judge import Judge, strip
from parvis.serve.lines.connection import Connection
from parvis.serve.rates import Rate, network_of
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire import authres
from parvis.wire.authres import Result
from parvis.wire.smtp import MailFrom, RcptTo, Reply, reply

_log = logging.getLogger(__name__)
_UNKNOWN = reply(550, "5.1.1", "Nobody here has this address")
_RELAY = reply(550, "5.7.1", "This server does not relay")
_FULL = reply(452, "4.2.2", "The mailbox is full")
_REASON_LINES = 20
_LATER = reply(451, "4.3.0", "Not stored; try again")


class Receiver:
    """The policy of port 25: anybody may send, to those who are here."""

    def __init__(
        self,
        keep: Store,
        settings: Settings,
        authentication: Authentication,
        passing: PassingOn,
        judge: Judge,
        hooks: Sequence[Hook] = (),
        planner: Planner | None = None,
    ) -> None:
        self.settings, self.blobs = settings, keep.blobs
        self.large = asyncio.Semaphore(LARGE_AT_ONCE)
        self._keep, self._authentication, self._passing, self._judge = keep, authentication, passing, judge
        self._hooks, self._planner = tuple(hooks), planner
        self._rate = Rate(settings.limits.messages_per_minute)

    async def serve(self, client: Connection) -> None:
        """The session of one client; see serve.lines.Door."""
        await Session(client, self).run()

    def extensions(self, session: Session) -> list[str]:
        """See Policy. Not DSN: of what is delivered here a server that asks for it tells itself. RFC 3461 §5.2.2"""
        return []

    async def command(self, session: Session, verb: str, argument: str) -> Reply | None:
        """See Policy."""
        return None

    async def sender(self, session: Session, mail: MailFrom) -> Reply | None:
        """See Policy: any sender, but not too often."""
        if not session.is_local and not self._rate.take(network_of(session.client.host)):
            return reply(450, "4.7.1", "Too many messages; try again later")
        return None

    async def recipient(self, session: Session, transaction: Transaction, rcpt: RcptTo) -> Reply | None:
        """See Policy: refused unless somebody here has the address, and room; nothing is relayed. RFC 5321 §7.9"""
        address = rcpt.recipient
        if address.lower() == "postmaster":
            address = f"postmaster@{(self.settings.domains or [self.settings.hostname])[0]}"
        found = await find(self._keep, self.settings, address)
        if found.where == "list" or (found.returns and not transaction.mail.sender):
            transaction.targets.append(found)
            return None
        if found.returns:
            return _UNKNOWN
        if found.where != "here":
            return _RELAY if found.where == "elsewhere" else _UNKNOWN
        accounts = await with_room(self._keep.db, found.accounts, transaction.mail.size or 0)
        if not accounts:
            return _FULL
        transaction.targets.append([Delivery(account, address) for account in accounts])
        return None

    async def head(self, session: Session, transaction: Transaction) -> bytes:
        """See Policy: Return-Path and Received."""
        return return_path(transaction.mail.sender) + received(session.arrival(transaction))

    async def accept(self, session: Session, transaction: Transaction, raw: bytes) -> Reply:
        """See Policy: who it is from, then one unit for all recipients; 250 after it is durable. What is not wanted
        is refused, so that its sender hears of it. RFC 5321 §6.2"""
        if hops(raw) > HOPS:
            return reply(554, "5.4.6", "This message runs in a circle")
        passing = [target for target in transaction.targets if isinstance(target, Found)]
        known = [target for target in transaction.targets if not isinstance(target, Found)]
        deliveries = {one.account_id: one for target in known for one in target}
        verdict = await self._verdict(session, transaction, raw)
        if verdict.wish == "reject":
            return reply(550, "5.7.1", f"{verdict.domain} wants mail refused that is not from it (DMARC)")
        if verdict.wish == "quarantine":
            deliveries = {number: replace(one, role="junk") for number, one in deliveries.items()}
        marked = self._marked(raw, transaction, verdict)
        arrived = Arrived(marked, len(transaction.head), transaction.mail.sender, _results(session, verdict))
        try:
            plan = await self._passing.plan(passing, arrived)
        except (ParvisError, OSError) as error:
            _log.warning("a message from %s was not stored: %s", session.client.host, error)
            return _LATER
        if plan.refusal and not deliveries:
            return reply(550, "5.7.1", plan.refusal)
        judged = await self._judge.judge(marked, list(deliveries.values()), _origin(session, transaction))
        head = len(transaction.head)
        whole = marked[:head] + judged.field + marked[head:]
        return await self._deliver(session, transaction, judged.deliveries, whole, plan)

    async def _verdict(self, session: Session, transaction: Transaction, raw: bytes) -> Verdict:
        """Who the message is from, unless it comes from this machine; what is done about it is the domain's wish as
        far as the settings follow it; `none` changes nothing. RFC 7489 §6.7, RFC 9989 §5.4"""
        if session.is_local:
            return Verdict((), "none", "")
        origin = _origin(session, transaction)
        verdict = await self._authentication.examine(raw, len(transaction.head), origin)
        return verdict if self.settings.mail.dmarc == "enforce" else replace(verdict, wish="none")

    def _marked(self, raw: bytes, transaction: Transaction, verdict: Verdict) -> bytes:
        """The message with what was found out below our own trace fields, and nothing that claims to be that. RFC
        8601 §4, §4.1"""
        name, start = self.settings.hostname, len(transaction.head)
        found = authres.write(name, verdict.results) if verdict.results else b""
        rest = strip(authres.strip(raw, name, start))
        return transaction.head + found + rest

    async def _deliver(
        self, session: Session, transaction: Transaction, deliveries: Sequence[Delivery], raw: bytes, plan: Plan
    ) -> Reply:
        async def keep(unit: Unit, one: Delivered) -> None:
            if one.delivery is deliveries[0]:
                await plan.keep(unit)

        try:
            if deliveries:
                await service.deliver(
                    self._keep,
                    deliveries,
                    raw,
                    received_ms=clock.now_ms(),
                    mail_from=transaction.mail.sender,
                    hooks=(*self._hooks, keep),
                    planner=self._planner,
                    refusable=not (plan.judged or plan.letters),
                )
            else:
                await self._keep.write(plan.keep)
        except Refused as refused:  # RFC 5429 §2.1.1
            return reply(550, "5.7.1", *refused.sentence.splitlines()[:_REASON_LINES])
        except OverQuota:
            return _FULL
        except NotFound:  # somebody has just left: RCPT will say so the next time
            return _LATER
        except (ParvisError, OSError) as error:
            _log.warning("a message from %s was not stored: %s", session.client.host, error)
            return _LATER
        return reply(250, "2.0.0", "Stored")


def _results(session: Session, verdict: Verdict) -> tuple[Result, ...] | None:
    return None if session.is_local else verdict.results


def _origin(session: Session, transaction: Transaction) -> Origin:
    address = session.client.host or "0.0.0.0"  # noqa: S104 - means: unknown
    return Origin(address, session.hello, transaction.mail.sender)
