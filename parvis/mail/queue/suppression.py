"""Addresses outside that are not tried for a while, because they refused our mail for good some times, or because
their owner complained (RFC 5965): other servers believe less of who goes on writing to nobody."""

from collections.abc import Sequence
from dataclasses import dataclass

from parvis.kernel import clock
from parvis.mail import service
from parvis.mail.queue.model import Reply
from parvis.mail.service import Delivered
from parvis.store.jobs import Job, Jobs
from parvis.store.sql.contract import Database, marks
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire import dsn, mime
from parvis.wire.mime import as_addresses
from parvis.wire.smtp import is_address

READ = "mail-complaint"
REFUSALS = 3
"""So many for good, none of them long ago and no mail taken in between, and an address is left alone."""
_DAY_MS = 86_400_000
_COUNTED_MS = 30 * _DAY_MS
_PAUSE_MS = 14 * _DAY_MS
EVERYBODY = 0
_GONE = ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1")
"""Nobody has the address, or its mailbox is closed: the fault of no one message. RFC 3463 §3.2, §3.3"""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """One address; `account_id` is EVERYBODY, or whose mail is not sent to it."""

    account_id: int
    address: str
    reason: str
    until_ms: int


async def refused(unit: Unit, address: str, reply: Reply) -> None:
    """Counts a refusal for good."""
    if reply.status not in _GONE:
        return
    now = clock.now_ms()
    await unit.run(
        """INSERT INTO suppressed (account_id, address, refusals, reason, changed_ms) VALUES (?, ?, 1, ?, ?)
        ON CONFLICT (account_id, address) DO UPDATE SET reason = excluded.reason, changed_ms = excluded.changed_ms,
        refusals = CASE WHEN suppressed.changed_ms < ? THEN 1 ELSE suppressed.refusals + 1 END""",
        EVERYBODY, address.lower(), str(reply)[:300], now, now - _COUNTED_MS,
    )  # fmt: skip
    await unit.run(
        "UPDATE suppressed SET until_ms = ?, refusals = 0 WHERE account_id = ? AND address = ? AND refusals >= ?",
        now + _PAUSE_MS, EVERYBODY, address.lower(), REFUSALS,
    )  # fmt: skip


async def taken(unit: Unit, address: str) -> None:
    """An address took mail: what was counted against it is forgotten."""
    await unit.run("DELETE FROM suppressed WHERE account_id = ? AND address = ?", EVERYBODY, address.lower())


async def complained(unit: Unit, account_id: int, address: str) -> None:
    """Somebody does not want the mail of an account."""
    now = clock.now_ms()
    await unit.run(
        """INSERT INTO suppressed (account_id, address, refusals, reason, changed_ms, until_ms)
        VALUES (?, ?, 0, 'complaint', ?, ?) ON CONFLICT (account_id, address) DO UPDATE SET
        until_ms = excluded.until_ms, changed_ms = excluded.changed_ms""",
        account_id, address.lower(), now, now + _PAUSE_MS,
    )  # fmt: skip


async def among(db: Database, account_id: int, addresses: Sequence[str]) -> dict[str, Suppressed]:
    """Those of some addresses that are left alone now, for the mail of an account."""
    asked = sorted({address.lower() for address in addresses})
    rows = await db.rows(
        f"""SELECT account_id, address, reason, until_ms FROM suppressed WHERE account_id IN (?, ?)
        AND address IN {marks(len(asked))} AND until_ms > ?""",
        EVERYBODY, account_id, *asked, clock.now_ms(),
    )  # fmt: skip
    return {row[1]: Suppressed(*row) for row in rows}


def answer(one: Suppressed) -> Reply:
    """What the sender is told, with how to end it."""
    why = "its owner complained of your mail" if one.account_id else f"it has refused mail before ({one.reason})"
    until = clock.utc_date(one.until_ms)[:10]
    lift = f"to have it tried again, lift it in the settings, or: parvis mail suppressed --lift {one.address}"
    return Reply(550, f"5.7.1 not tried until {until}: {why}; {lift}")


async def listing(db: Database, account_ids: Sequence[int], limit: int = 500) -> list[Suppressed]:
    """What is left alone now, for everybody or for some accounts, newest first."""
    rows = await db.rows(
        f"""SELECT account_id, address, reason, until_ms FROM suppressed
        WHERE account_id IN {marks(len(account_ids))} AND until_ms > ? ORDER BY changed_ms DESC LIMIT ?""",
        *account_ids, clock.now_ms(), limit,
    )  # fmt: skip
    return [Suppressed(*row) for row in rows]


async def lift(unit: Unit, address: str, account_id: int = EVERYBODY) -> bool:
    """An address is tried again, by everybody and by an account; False when it was not left alone."""
    gone = await unit.run(
        "DELETE FROM suppressed WHERE account_id IN (?, ?) AND address = ?", EVERYBODY, account_id, address.lower()
    )
    return bool(gone)


async def on_delivery(unit: Unit, delivered: Delivered) -> None:
    """A hook of delivery: complaints are read in a job."""
    if delivered.email is not None and b"feedback-report" in delivered.parsed.header.lower():
        args = {"email": delivered.email.id}
        await Jobs.add(unit, READ, args, account_id=delivered.delivery.account_id)


class Complaints:
    """Handles the jobs of kind `mail-complaint`."""

    def __init__(self, keep: Store) -> None:
        self._keep = keep

    async def handle(self, job: Job) -> None:
        """Reads a complaint, and believes it of a message that the account has: anybody can write one. RFC 5965"""
        row = await self._keep.db.row("SELECT blob, account_id FROM email WHERE id = ?", int(job.args["email"]))
        if row is None:
            return
        raw = await self._keep.blobs.get(row[0])
        message_id, addresses = complaint(raw)
        if not message_id or not await service.find_by_message_id(self._keep.db, row[1], message_id):
            return

        async def work(unit: Unit) -> None:
            for address in addresses:
                await complained(unit, row[1], address)

        await self._keep.write(work)


def complaint(raw: bytes) -> tuple[str, list[str]]:
    """The Message-ID that a complaint is about, and whose mail it was: as the report says, else as the message was
    addressed to one. RFC 5965 §3"""
    parts = mime.parse(raw).leaves()
    report = next((part for part in parts if part.media_type == "message/feedback-report"), None)
    about = next((part for part in parts if part.media_type in ("message/rfc822", "text/rfc822-headers")), None)
    if report is None or about is None:
        return "", []
    said, original = mime.decode_body(raw, report), mime.decode_body(raw, about)
    fields = mime.parse(said + b"\r\n").root
    kind = fields.last("Feedback-Type")
    if kind is None or mime.as_raw(kind.value).strip().lower() not in ("abuse", "opt-out"):
        return "", []
    named = [mime.as_raw(each.value).strip().strip("<>") for each in fields.all("Original-Rcpt-To")]
    to = [one.email for each in mime.parse(original).root.all("To") for one in as_addresses(each.value)]
    found = named or (to if len(to) == 1 else [])
    return dsn.message_id_of(original) or "", [address for address in found if is_address(address)][:10]
