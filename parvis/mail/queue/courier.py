"""Carries messages out: a job for each message and destination, tried until it is accepted, refused or too old.

A message is never sent again to a recipient for whom another server said 250, because that is stored before
anything else happens. One window is left that no sender can close (RFC 5321 §6.1): killed between the other
server's 250 and our commit, we ask that server again, and it may have the message twice.
"""

import logging
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from parvis.kernel import clock
from parvis.kernel.errors import Conflict, NotFound, OverQuota
from parvis.kernel.settings import Settings
from parvis.mail import service
from parvis.mail.lists.intake import Intake
from parvis.mail.lists.model import ListAddress
from parvis.mail.queue import recipients as addresses
from parvis.mail.queue import store as queue
from parvis.mail.queue import suppression
from parvis.mail.queue.model import HERE, RELAY, Message, Outcome, Recipient, Reply
from parvis.mail.queue.pace import Pace, is_too_many
from parvis.mail.queue.route import Router, Unroutable
from parvis.mail.queue.transfer import Transfer, Unreached
from parvis.mail.queue.trust import ANY
from parvis.mail.service import Delivered, Delivery, Hook, Planner, Refused
from parvis.mail.signing import Signer
from parvis.mail.submission import senders
from parvis.mail.submission.content import Content
from parvis.store.jobs import Job, Retry
from parvis.store.store import Store
from parvis.store.unit import Unit

_BUSY_MS = 1000
_LONGEST_WAIT_MS = 60_000
_log = logging.getLogger(__name__)


class Courier:
    """Handles the jobs of kind `mail-out`."""

    def __init__(
        self,
        keep: Store,
        settings: Settings,
        router: Router,
        transfer: Transfer,
        signer: Signer,
        hooks: Sequence[Hook] = (),
        planner: Planner | None = None,
    ) -> None:
        self._keep, self._settings, self._router, self._transfer = keep, settings, router, transfer
        self._signer, self._intake = signer, Intake(keep, settings)
        self._hooks, self._planner = tuple(hooks), planner
        self._pace = Pace(settings.delivery.at_once_to_one)
        self._busy: Counter[str] = Counter()
        self._turned_away: Counter[str] = Counter()

    async def handle(self, job: Job) -> None:
        """One try of a message to one destination. Raises Retry while recipients are waiting."""
        destination = str(job.args["destination"])
        if destination != HERE:
            if (then := self._pace.not_before_ms(destination)) > clock.now_ms():
                raise Retry(then, "the other server needs a pause")
            if self._busy[destination] >= self._pace.at_once(destination):
                raise Retry(clock.now_ms() + self._wait_ms(destination), "other messages go there first")
        self._turned_away.pop(destination, None)
        self._busy[destination] += 1
        try:
            await self._try(int(job.args["message"]), destination)
        finally:
            self._busy[destination] -= 1
            self._busy += Counter()  # forgets destinations at zero

    def _wait_ms(self, destination: str) -> int:
        """How long a message waits for its turn: the longer, the more wait for the same destination."""
        self._turned_away[destination] += 1
        rounds = 1 + self._turned_away[destination] // self._pace.at_once(destination)
        return min(_BUSY_MS * rounds, _LONGEST_WAIT_MS)

    async def _try(self, message_id: int, destination: str) -> None:
        message = await self._keep.write(partial(queue.begin, message_id=message_id))
        if message is None:
            return
        if waiting := _waiting(message, destination):
            await self._carry(message, destination, waiting)
        await self._end(message_id, destination)

    async def _carry(self, message: Message, destination: str, waiting: Sequence[Recipient]) -> None:
        content = await self._content(message)
        if content is None:
            await self._settle(message, [Outcome(one, Reply(554, "5.3.0 the message is lost")) for one in waiting])
        elif destination == HERE:
            await self._deliver(message, waiting, content)
        else:
            await self._send(message, destination, waiting, content)

    async def _content(self, message: Message) -> bytes | None:
        try:
            return await self._keep.blobs.get(message.blob)
        except NotFound:
            _log.error("outgoing message %d has no blob", message.id)
            return None

    async def _deliver(self, message: Message, waiting: Sequence[Recipient], content: bytes) -> None:
        """Into mailboxes here; each in one unit with the note that it is there."""
        for recipient in waiting:
            found = await addresses.find(self._keep, self._settings, recipient.address)
            refusal = Reply(550, "5.1.1 nobody here has this address")
            if found.where == "here":
                refusal = await self._deliver_to(message, recipient, found.accounts, content) or refusal
                if refusal.accepted:
                    continue
            elif found.list is not None:
                refusal = await self._to_list(message, recipient, found.list, content)
                if refusal.accepted:
                    continue
            await self._settle(message, [Outcome(recipient, refusal, self._settings.hostname)])

    async def _to_list(self, message: Message, recipient: Recipient, to: ListAddress, content: bytes) -> Reply:
        """To a list here: kept for it in one unit with the note that it is there."""
        own = await senders.of_account(self._keep.db, message.account_id)
        authors = Content.read(content).addresses("From")
        authentic = bool(authors) and all(own.allow(each.email) for each in authors)
        judged = await self._intake.judge(to, content, message.sender, authentic=authentic)
        if judged.act == "refuse":
            return Reply(550, f"5.7.1 {judged.why}")
        delivered = Reply(250, "2.1.5 passed on")
        outcome = Outcome(recipient, delivered, self._settings.hostname)

        async def work(unit: Unit) -> None:
            if await queue.settle(unit, message, recipient, "delivered", outcome):
                await self._intake.keep(unit, judged, message.blob, message.size)

        try:
            await self._keep.write(work)
        except NotFound:
            return Reply(550, "5.1.1 nobody here has this address")
        return delivered

    async def _deliver_to(
        self, message: Message, recipient: Recipient, accounts: Sequence[int], content: bytes
    ) -> Reply:
        free = await addresses.with_room(self._keep.db, accounts, len(content))
        deliveries = [Delivery(account, recipient.address) for account in free]
        if not deliveries:
            return Reply(552, "5.2.2 the mailbox is full")
        full = f" to {len(free)} of {len(accounts)}; the others are full" if len(free) < len(accounts) else ""
        delivered = Reply(250, f"2.1.5 delivered{full}")
        outcome = Outcome(recipient, delivered, self._settings.hostname)

        async def note(unit: Unit, one: Delivered) -> None:
            first = one.delivery is deliveries[0]
            if first and not await queue.settle(unit, message, recipient, "delivered", outcome):
                raise Conflict("this was delivered before")

        try:
            await service.deliver(
                self._keep,
                deliveries,
                content,
                mail_from=message.sender,
                hooks=(*self._hooks, note),
                planner=self._planner,
                refusable=True,
            )
        except Refused as refused:
            return Reply(550, f"5.7.1 {' '.join(refused.sentence.split())}"[:500])
        except Conflict:
            _log.warning("message %d was being delivered to %s twice", message.id, recipient.address)
        except OverQuota:
            return Reply(552, "5.2.2 the mailbox is full")
        except NotFound:
            return Reply(550, "5.1.1 nobody here has this address")
        return delivered

    async def _send(self, message: Message, destination: str, waiting: Sequence[Recipient], content: bytes) -> None:
        """Signed, to the first server of the destination that answers; not to who is left alone."""
        alone = await suppression.among(self._keep.db, message.account_id, [one.address for one in waiting])
        if alone:
            left = [one for one in waiting if one.address.lower() in alone]
            told = [Outcome(one, suppression.answer(alone[one.address.lower()])) for one in left]
            await self._settle(message, told)
            waiting = [one for one in waiting if one not in left]
        if waiting:
            await self._hand_over(message, destination, waiting, content)

    async def _hand_over(
        self, message: Message, destination: str, waiting: Sequence[Recipient], content: bytes
    ) -> None:
        trouble = Reply(451, "4.4.4 no server to try")
        try:
            hosts = await self._router.hosts(destination, message.id)
            if message.lax:
                hosts = [replace(host, trust=ANY) for host in hosts]
            content = await self._signer.signed(content)
        except Unroutable as unroutable:
            hosts, trouble = [], unroutable.reply
        for host in hosts:
            try:
                await self._transfer.send(host, message, waiting, content, partial(self._answered, message))
                return
            except Unreached as unreached:
                trouble = unreached.reply
        if is_too_many(trouble):
            self._pace.heard(destination, trouble)
        elif hosts:
            self._pace.unreached(destination, min(self._settings.delivery.retries[0], 60) * 1000)
        await self._settle(message, [Outcome(recipient, trouble) for recipient in waiting])

    async def _answered(self, message: Message, outcomes: list[Outcome]) -> None:
        """Notes at once what another server said about some recipients, and learns from it."""
        for outcome in outcomes:
            self._pace.heard(outcome.recipient.destination, outcome.reply)
        await self._settle(message, outcomes)

    async def _settle(self, message: Message, outcomes: list[Outcome]) -> None:
        """Notes at once what was said about some recipients."""
        age = clock.now_ms() - message.release_ms
        limits = self._settings.delivery

        async def work(unit: Unit) -> None:
            for outcome in outcomes:
                if outcome.reply.accepted:
                    await queue.settle(unit, message, outcome.recipient, "relayed", outcome)
                    await suppression.taken(unit, outcome.recipient.address)
                elif outcome.reply.permanent:
                    await queue.settle(unit, message, outcome.recipient, "failed", outcome)
                    if outcome.host:
                        await suppression.refused(unit, outcome.recipient.address, outcome.reply)
                elif age >= limits.give_up * 1000:
                    late = Outcome(outcome.recipient, _given_up(outcome.reply), outcome.host)
                    await queue.settle(unit, message, outcome.recipient, "failed", late)
                else:
                    await queue.settle(unit, message, outcome.recipient, "queued", outcome)
                    if age >= limits.warn * 1000:
                        await queue.warn(unit, message, outcome.recipient)

        await self._keep.write(work)

    async def _end(self, message_id: int, destination: str) -> None:
        message = await queue.load(self._keep.db, message_id)
        if message is None:
            return
        await self._keep.write(lambda unit: queue.end_try(unit, message))
        if waiting := _waiting(message, destination):
            await self._split(message, destination)
            raise Retry(self._next_ms(message, destination), waiting[0].reply)

    async def _split(self, message: Message, destination: str) -> None:
        """Mail for a smart host that the settings no longer name goes to the recipients' own domains."""
        if destination != RELAY or self._settings.relay.host:
            return

        async def work(unit: Unit) -> None:
            for recipient in _waiting(message, RELAY):
                domain = recipient.address.rpartition("@")[2].lower()
                await unit.run("UPDATE outgoing_recipient SET destination = ? WHERE id = ?", domain, recipient.id)
                await queue.plan(unit, message.account_id, message.id, domain, clock.now_ms())

        await self._keep.write(work)

    def _next_ms(self, message: Message, destination: str) -> int:
        """When to try again: pauses grow with the message's age, a fifth spread so that not all come at once."""
        now, limits = clock.now_ms(), self._settings.delivery
        age = (now - message.release_ms) // 1000
        pause, reached = limits.retries[-1], 0
        for step in limits.retries:
            reached += step
            if age < reached:
                pause = step
                break
        spread = zlib.crc32(f"{message.id}{destination}{age}".encode()) % max(1, pause * 200)
        return min(now + pause * 1000 + spread, max(now + 1000, message.release_ms + limits.give_up * 1000))


def _waiting(message: Message, destination: str) -> list[Recipient]:
    return [one for one in message.recipients if one.destination == destination and one.state == "queued"]


def _given_up(last: Reply) -> Reply:
    return Reply(550, f"5.4.7 given up; the last answer was: {last}")
