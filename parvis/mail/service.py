"""What can be done with mail. Each function starts with a Principal, but for those of the system: delivery, and
what `provision` gives a new account."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from parvis.access import directory, gate
from parvis.access.principal import Principal, Right
from parvis.kernel import clock
from parvis.kernel.errors import Invalid, NotFound, ParvisError
from parvis.kernel.languages import Language
from parvis.kernel.mapped import Raw
from parvis.mail import mailboxes, message, store
from parvis.mail.message import Parsed
from parvis.mail.model import SCOPE, keyword_set
from parvis.mail.store import Edit, New, Stored
from parvis.mail.vault import store as vault
from parvis.store.blobs.contract import Blobs, Step
from parvis.store.sql.contract import Database, Tx
from parvis.store.store import Store
from parvis.store.unit import Unit

_LARGE = 100_000
"""Bytes beyond which a message is read in a thread, so that others need not wait."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One recipient of a message: the account, the address it was sent to, and where it goes."""

    account_id: int
    address: str = ""
    role: str = "inbox"
    keywords: frozenset[str] = frozenset()
    spam_score: float | None = None
    """0 is wanted, 1 unwanted; None when nothing is known. See mail.spam"""
    has_virus: bool = False
    """Whether a scanner found one."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What arrived in an account, for those who act on it in the same unit (vacation, filters)."""

    delivery: Delivery
    email: Stored | None
    """None when a filter kept nothing of it."""
    parsed: Parsed
    mail_from: str
    received_ms: int
    is_junk: bool = False
    """Whether it went to the junk mailbox alone."""


Hook = Callable[[Unit, Delivered], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that has come, for those who decide what is done with it."""

    deliveries: tuple[Delivery, ...]
    raw: bytes
    parsed: Parsed
    blob: str
    step: Step
    """Stores the blob in the unit."""
    mail_from: str
    received_ms: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What a plan left in an account."""

    emails: tuple[Stored, ...] = ()
    is_junk: bool = False


class Plan(Protocol):
    """What is done for one recipient, in place of keeping the message where the delivery says."""

    @property
    def refusal(self) -> str | None:
        """Why the message is refused, in words for its sender; None when it is not."""
        ...

    async def carry_out(self, unit: Unit) -> Kept:
        """Does it, in the unit of the delivery. May be called again when the unit is run again."""
        ...

    async def note_refusal(self, unit: Unit) -> None:
        """Notes for the recipient that the message was refused."""
        ...


class Planner(Protocol):
    """Decides before the unit; fails for nobody."""

    async def plans(self, arrival: Arrival) -> Sequence[Plan | None]:
        """A plan for each delivery, or None where the message is simply kept."""
        ...


class Refused(ParvisError):
    """No recipient wants the message; the sentence is for its sender."""

    code: ClassVar[str] = "refused"


async def ensure_mailboxes(unit: Unit, account_id: int, language: Language = "en") -> dict[str, int]:
    """Inbox, Drafts, Sent, Archive, Junk and Trash with their roles, made where missing; ids by role."""
    return await mailboxes.ensure(unit, account_id, language)


async def provision(unit: Unit, account_id: int, language: Language = "en", quota_bytes: int = 0) -> int:
    """Gives an account mail: its scope, its quota (bytes; 0 is none) and its mailboxes. Returns the scope's id."""
    scope_id = await gate.create_scope(unit, account_id, SCOPE)
    await unit.run("INSERT INTO mail_account (account_id, quota_bytes) VALUES (?, ?)", account_id, quota_bytes)
    await unit.changed(account_id, "Quota", account_id, "created")
    await ensure_mailboxes(unit, account_id, language)
    return scope_id


async def account_of(db: Database, address: str) -> int | None:
    """The account that mail to this address goes to, with or without `+detail`; None when there is none."""
    local, at, domain = address.rpartition("@")
    for candidate in dict.fromkeys((address, f"{local.partition('+')[0]}{at}{domain}")):
        principal = await directory.by_address(db, candidate)
        if principal is not None and await has_mail(db, principal.id):
            return principal.id
    return None


async def has_mail(db: Database | Tx | Unit, account_id: int) -> bool:
    """Whether an account has mail at all."""
    return await db.value("SELECT 1 FROM mail_account WHERE account_id = ?", account_id) is not None


async def read(raw: Raw) -> Parsed:
    """Reads a message without keeping the loop waiting."""
    return message.read(raw) if len(raw) < _LARGE else await asyncio.to_thread(message.read, raw)


async def read_blob(blobs: Blobs, digest: str) -> Parsed:
    """Reads a message that is stored; a large one never is in memory as a whole. Raises NotFound."""
    async with blobs.mapped(digest) as raw:
        return await read(raw)


async def deliver(
    keep: Store,
    deliveries: Sequence[Delivery],
    raw: bytes,
    *,
    received_ms: int | None = None,
    mail_from: str = "",
    hooks: Sequence[Hook] = (),
    planner: Planner | None = None,
    refusable: bool = False,
) -> list[int]:
    """Delivers a message to the mailboxes of its recipients, for all of them in one unit with its blob (a large one
    is durable before). Durable on return; the ids are in the order of `deliveries`, 0 where a filter kept nothing.

    Raises NotFound for an account without mail, OverQuota, and Refused when it is `refusable` and every recipient's
    filter refuses it; then nothing was delivered to anybody. `hooks` run in the unit for each recipient and may
    await nothing but it."""
    parsed = await read(raw)
    digest, store_bytes = await keep.blobs.join(raw)
    moment = clock.now_ms() if received_ms is None else received_ms
    arrival = Arrival(tuple(deliveries), raw, parsed, digest, store_bytes, mail_from, moment)
    plans: Sequence[Plan | None] = [None] * len(deliveries)
    if planner is not None:
        plans = await planner.plans(arrival)
    if refusable:
        await _refuse(keep, plans)

    async def work(unit: Unit) -> list[int]:
        await store_bytes(unit)
        return [
            await _deliver_one(unit, keep, arrival, delivery, plan, hooks)
            for delivery, plan in zip(deliveries, plans, strict=True)
        ]

    return await keep.write(work)


async def _refuse(keep: Store, plans: Sequence[Plan | None]) -> None:
    """Raises Refused when every recipient's plan says so."""
    refusing = [plan for plan in plans if plan is not None and plan.refusal is not None]
    if not refusing or len(refusing) < len(plans):
        return

    async def work(unit: Unit) -> None:
        for plan in refusing:
            await plan.note_refusal(unit)

    await keep.write(work)
    raise Refused(refusing[0].refusal or "")


async def _deliver_one(
    unit: Unit, keep: Store, arrival: Arrival, delivery: Delivery, plan: Plan | None, hooks: Sequence[Hook]
) -> int:
    if plan is not None:
        kept = await plan.carry_out(unit)
    else:
        target = await landing(unit, delivery)
        new = New(arrival.parsed, arrival.blob, frozenset({target}), delivery.keywords, arrival.received_ms)
        kept = Kept(await arrived(unit, keep, delivery.account_id, [new]), delivery.role == "junk")
    email = kept.emails[0] if kept.emails else None
    told = Delivered(delivery, email, arrival.parsed, arrival.mail_from, arrival.received_ms, kept.is_junk)
    for hook in hooks:
        await hook(unit, told)
    return 0 if email is None else email.id


async def landing(unit: Unit, delivery: Delivery) -> int:
    """The mailbox of a delivery: that of its role, else the inbox."""
    account_id = delivery.account_id
    target = await mailboxes.by_role(unit, account_id, delivery.role)
    target = target or await mailboxes.by_role(unit, account_id, "inbox")
    return target or (await mailboxes.ensure(unit, account_id, "en"))["inbox"]


async def arrived(unit: Unit, keep: Store, account_id: int, messages: Sequence[New]) -> tuple[Stored, ...]:
    """Puts messages into an account as newly come. Raises Invalid, OverQuota, NotFound."""
    stored = await store.append(unit, keep.db.dialect, account_id, messages)
    await unit.changed(account_id, "EmailDelivery", account_id, "updated")  # RFC 8621 §1.5
    return tuple(stored)


@dataclass(frozen=True, slots=True)
class Import:
    """One message to import. Without `received_ms`, its newest Received field counts, else its Date, else now."""

    raw: bytes
    mailbox_ids: frozenset[int]
    keywords: frozenset[str] = frozenset()
    received_ms: int | None = None


async def import_message(
    keep: Store,
    principal: Principal,
    account_id: int,
    raw: bytes,
    mailbox_ids: Iterable[int],
    keywords: Iterable[str] = (),
    received_ms: int | None = None,
) -> int:
    """Puts one message into an account and returns its id. Raises NotFound, Forbidden, Invalid, OverQuota."""
    one = Import(raw, frozenset(mailbox_ids), keyword_set(keywords), received_ms)
    return (await import_messages(keep, principal, account_id, [one]))[0].id


async def import_messages(
    keep: Store, principal: Principal, account_id: int, messages: Sequence[Import]
) -> list[Stored]:
    """Puts many messages into an account in one unit: all or none. For large imports call it with a few hundred at
    a time. Raises as `import_message`."""
    await gate.require(keep.db, principal, account_id, SCOPE, Right.WRITE)
    joined = [await _new(keep, one) for one in messages]

    async def work(unit: Unit) -> list[Stored]:
        await gate.require(unit, principal, account_id, SCOPE, Right.WRITE)
        for _, store_bytes in joined:
            await store_bytes(unit)
        return await store.append(unit, keep.db.dialect, account_id, [new for new, _ in joined])

    return await keep.write(work)


async def _new(keep: Store, one: Import) -> tuple[New, Step]:
    parsed = await read(one.raw)
    digest, store_bytes = await keep.blobs.join(one.raw)
    moment = received(parsed, one.received_ms)
    return New(parsed, digest, one.mailbox_ids, keyword_set(one.keywords), moment), store_bytes


def received(parsed: Parsed, given_ms: int | None = None) -> int:
    """When a message that is imported was received. RFC 8621 §4.8"""
    for moment in (given_ms, parsed.received_ms, parsed.sent_ms):
        if moment is not None:
            return moment
    return clock.now_ms()


async def find_by_message_id(db: Database | Tx | Unit, account_id: int, message_id: str) -> list[int]:
    """Messages with this Message-ID (without angle brackets), newest first: is it here already?"""
    key = message.message_key(message_id)
    rows = await db.rows(
        "SELECT id FROM email WHERE account_id = ? AND message_ref = ? ORDER BY received_ms DESC, id DESC",
        account_id,
        key,
    )
    return [row[0] for row in rows] if key else []


async def raw_of(keep: Store, principal: Principal, account_id: int, email_id: int) -> bytes:
    """The bytes of a message. Raises NotFound."""
    await gate.require(keep.db, principal, account_id, SCOPE)
    digest = await keep.db.value("SELECT blob FROM email WHERE id = ? AND account_id = ?", email_id, account_id)
    if digest is None:
        raise NotFound("no such message")
    return await keep.blobs.get(digest)


async def change_keywords(
    unit: Unit,
    principal: Principal,
    account_id: int,
    email_ids: Sequence[int],
    *,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
) -> None:
    """Adds and removes keywords of messages. Raises NotFound, Forbidden, Invalid."""
    await gate.require(unit, principal, account_id, SCOPE, Right.WRITE)
    added, removed = keyword_set(add), keyword_set(remove)
    rows = await store.rows_of(unit, account_id, email_ids)
    edits = [Edit(row[0], keywords=keyword_set((frozenset(row[5].split()) - removed) | added)) for row in rows]
    await store.edit(unit, account_id, edits)


async def move(
    unit: Unit, principal: Principal, account_id: int, email_ids: Sequence[int], mailbox_ids: Iterable[int]
) -> None:
    """Puts messages into exactly these mailboxes. Raises NotFound, Forbidden, Invalid."""
    await gate.require(unit, principal, account_id, SCOPE, Right.WRITE | Right.DELETE)
    target = frozenset(mailbox_ids)
    if not target:
        raise Invalid("a message must be in a mailbox", field="mailboxIds")
    await store.edit(unit, account_id, [Edit(number, mailbox_ids=target) for number in email_ids])


async def destroy(keep: Store, unit: Unit, principal: Principal, account_id: int, email_ids: Sequence[int]) -> None:
    """Destroys messages for good; the vault keeps them for their owner. Raises NotFound, Forbidden."""
    await gate.require(unit, principal, account_id, SCOPE, Right.DELETE)
    await vault.keep(unit, account_id, email_ids)
    await store.remove(unit, keep.db.dialect, account_id, email_ids)
