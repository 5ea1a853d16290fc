"""Telling senders what became of their message (RFC 3464), and reading what other servers tell us."""

from collections.abc import Sequence
from datetime import datetime

from parvis.access import directory
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, NotFound, OverQuota
from parvis.kernel.languages import Language
from parvis.kernel.settings import Settings
from parvis.mail import service
from parvis.mail.external import store as external
from parvis.mail.queue import recipients as addresses
from parvis.mail.queue import store as queue
from parvis.mail.queue import suppression
from parvis.mail.queue.model import Letter, Message, Recipient, Reply, To
from parvis.mail.queue.service import Queue
from parvis.mail.service import Delivered, Delivery
from parvis.mail.submission import store as submissions
from parvis.mail.submission.content import needs
from parvis.store.jobs import Job, Jobs, Retry
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire import dsn, mime
from parvis.wire.smtp import decode_xtext

READ = "mail-dsn"
_FULL_BYTES = 1_000_000
_ACTIONS: dict[str, dsn.Action] = {"FAILURE": "failed", "DELAY": "delayed"}


class Reporter:
    """Handles the jobs of kind `mail-report` and `mail-dsn`."""

    def __init__(self, keep: Store, settings: Settings, outbound: Queue) -> None:
        self._keep, self._settings, self._queue = keep, settings, outbound

    async def handle(self, job: Job) -> None:
        """Writes one report about all recipients of a message that have news, and delivers it to the sender."""
        message = await queue.load(self._keep.db, int(job.args["message"]))
        news = [one for one in message.recipients if one.report] if message else []
        if message is None or not news:
            return
        if not message.sender:  # a report about a report goes to nobody. RFC 5321 §6.1
            await self._keep.write(lambda unit: queue.reported(unit, message, news))
            return
        raw = await self._written(message, news)
        try:
            if not await self._deliver(message, news, raw):
                await self._send(message, news, raw)
        except Conflict:  # another report of this message was faster, and may have told only some of it
            raise Retry(clock.now_ms() + 1000, "another report went out") from None

    async def _written(self, message: Message, news: Sequence[Recipient]) -> bytes:
        try:
            original = await self._keep.blobs.get(message.blob)
        except NotFound:
            original = b""
        until = clock.from_ms(message.release_ms + self._settings.delivery.give_up * 1000)
        notification = dsn.Notification(
            reporting_mta=self._settings.hostname,
            recipients=tuple(_status(one, until=until) for one in news),
            envid=decode_xtext(message.envid) if message.envid else None,
            arrival=clock.from_ms(message.queued_ms),
        )
        report = dsn.Report(
            notification=notification,
            to=message.sender,
            sender=f"mailer-daemon@{self._settings.hostname}",
            date=clock.now(),
            message_id=f"{ids.text(ids.new_id())}@{self._settings.hostname}",
            original=original,
            full=message.ret == "FULL" and len(original) <= _FULL_BYTES and _has_failed(news),
            language=await self._language(message),
        )
        return dsn.build(report, iter(lambda: ids.text(ids.new_id()), ""))

    async def _language(self, message: Message) -> Language:
        try:
            return (await directory.by_id(self._keep.db, message.account_id)).language
        except NotFound:
            return self._settings.language

    async def _deliver(self, message: Message, news: Sequence[Recipient], raw: bytes) -> bool:
        """Into the sender's inbox, in one unit with the note that they know. False when it is not here."""
        accounts: Sequence[int] = [message.account_id]
        if await external.by_id(self._keep.db, message.account_id) is None:
            found = await addresses.find(self._keep.db, self._settings, message.sender)
            if found.where == "elsewhere":
                return False
            accounts = found.accounts
        deliveries = [Delivery(account, message.sender) for account in accounts]
        blob = await self._keep.blobs.put(raw)

        async def note(unit: Unit, one: Delivered) -> None:
            if one.delivery is deliveries[0]:
                if message.submission_id:
                    await submissions.add_report(
                        unit, message.account_id, message.submission_id, "dsn", blob, len(raw)
                    )
                await queue.reported(unit, message, news)

        try:
            await service.deliver(self._keep, deliveries, raw, hooks=(note,))
        except (NotFound, OverQuota):
            deliveries = []
        if not deliveries:  # nobody can be told
            await self._keep.write(lambda unit: queue.reported(unit, message, news))
        return True

    async def _send(self, message: Message, news: Sequence[Recipient], raw: bytes) -> None:
        """To the sender at another server, who may be the first one of what we passed on."""
        found = await addresses.find(self._keep.db, self._settings, message.sender)
        needs_8bit, needs_utf8 = needs(raw)
        letter = Letter(
            account_id=message.account_id,
            sender="",
            to=(To(found.returns or message.sender, notify="NEVER"),),
            blob=await self._keep.blobs.put(raw),
            size=len(raw),
            needs_8bit=needs_8bit,
            needs_utf8=needs_utf8,
        )
        destinations = await self._queue.destinations(letter)

        async def work(unit: Unit) -> None:
            await Queue.add(unit, letter, destinations)
            await queue.reported(unit, message, news)

        await self._keep.write(work)

    async def read(self, job: Job) -> None:
        """Reads a report that another server sent about a submission, and keeps what it says there."""
        row = await self._keep.db.row(
            "SELECT blob, size, account_id FROM email WHERE id = ?", int(job.args["email"])
        )
        if row is None:
            return
        blob, size, account_id = row
        raw = await self._keep.blobs.get(blob)
        found = dsn.read(raw, mime.parse(raw))
        number = ids.parse(found.envid or "") if found else None
        if found is None or number is None:
            return

        async def work(unit: Unit) -> None:
            outgoing_id = await unit.value(
                "SELECT outgoing_id FROM submission WHERE id = ? AND account_id = ? AND destroyed_ms IS NULL",
                number,
                account_id,
            )
            if outgoing_id is not None:
                for status in found.recipients:
                    await _learn(unit, outgoing_id, status)
                await submissions.add_report(unit, account_id, number, "dsn", blob, size)

        await self._keep.write(work)


async def on_delivery(unit: Unit, delivered: Delivered) -> None:
    """A hook of delivery: reports of other servers are read in a job."""
    if (
        delivered.email is not None
        and not delivered.mail_from
        and b"delivery-status" in delivered.parsed.header.lower()
    ):
        args = {"email": delivered.email.id}
        await Jobs.add(unit, READ, args, account_id=delivered.delivery.account_id)


async def _learn(unit: Unit, outgoing_id: int, status: dsn.RecipientStatus) -> None:
    """Only `delivered` and `failed` are news, and only of what was relayed. RFC 8621 §7 (delivered)"""
    fate = {"delivered": "delivered", "failed": "failed"}.get(status.action)
    if fate is None:
        return
    address = status.original[1] if status.original else status.final
    reply = status.diagnostic or f"{'250' if fate == 'delivered' else '550'} {status.status} {status.action}"
    changed = await unit.run(
        """UPDATE outgoing_recipient SET state = ?, reply = ?, changed_ms = ?
        WHERE outgoing_id = ? AND state = 'relayed' AND LOWER(address) IN (?, ?)""",
        fate, reply[:1000], clock.now_ms(), outgoing_id, address.lower(), status.final.lower(),
    )  # fmt: skip
    if changed and fate == "failed":
        await suppression.refused(unit, status.final, Reply(550, status.status))


def _has_failed(news: Sequence[Recipient]) -> bool:
    """RET counts for failures only. RFC 3461 §4.3"""
    return any(one.report == "FAILURE" for one in news)


def _status(one: Recipient, *, until: datetime) -> dsn.RecipientStatus:
    action = _ACTIONS.get(one.report, "delivered" if one.state == "delivered" else "relayed")
    code, _, text = one.reply.partition(" ")
    reply = Reply(int(code), text) if code.isdigit() else Reply(451, "4.0.0")
    status = reply.status
    if status[0] != {"failed": "5", "delayed": "4"}.get(action, "2"):
        status = {"failed": "5", "delayed": "4"}.get(action, "2") + status[1:]
    kind, mark, original = one.orcpt.partition(";")
    return dsn.RecipientStatus(
        final=one.address,
        action=action,
        status=status,
        diagnostic=one.reply or None,
        remote_mta=one.host or None,
        original=(kind, decode_xtext(original) or original) if mark else None,
        last_attempt=clock.from_ms(one.changed_ms),
        will_retry_until=until if action == "delayed" else None,
    )
