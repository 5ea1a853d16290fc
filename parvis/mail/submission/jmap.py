"""EmailSubmission in JMAP. RFC 8621 §7"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import msgspec

from parvis.access import gate
from parvis.access.principal import Right
from parvis.kernel import clock, ids
from parvis.kernel.records import Immutable, Record, ServerSet
from parvis.kernel.settings import Settings
from parvis.mail.identity import SUBMISSION
from parvis.mail.model import SCOPE
from parvis.mail.queue import store as outgoing
from parvis.mail.queue.model import Letter
from parvis.mail.queue.service import Queue
from parvis.mail.submission import envelope as envelopes
from parvis.mail.submission import store
from parvis.mail.submission.content import Content, needs
from parvis.mail.submission.envelope import Envelope
from parvis.mail.submission.senders import Senders, of_account, writer_of
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import SetError, invalid_properties
from parvis.serve.jmap.filters import compiled
from parvis.serve.jmap.kind import Copying, Created, Creation, Kind, Query, SetArguments, SetOutcome, Update
from parvis.serve.jmap.types import Id, Invocation, Object, UTCDate
from parvis.store.unit import Unit
from parvis.wire.mime import Address

_MOST = 20_000
"""Submissions of an account that a query looks at, newest first."""


class DeliveryStatus(msgspec.Struct, kw_only=True, rename="camel"):
    """What became of one recipient."""

    smtp_reply: str
    delivered: Literal["queued", "yes", "no", "unknown"]
    displayed: Literal["yes", "unknown"]


class EmailSubmission(Record, kw_only=True):
    """A message that was, or will be, sent."""

    kind: ClassVar[str] = store.KIND
    capability: ClassVar[str] = SUBMISSION

    id: ServerSet[str] = ""
    identity_id: Immutable[Id]
    email_id: Immutable[Id]
    thread_id: ServerSet[str] = ""
    envelope: Immutable[Envelope | None] = None
    send_at: ServerSet[str] = ""
    undo_status: str = "pending"
    delivery_status: ServerSet[dict[str, DeliveryStatus] | None] = None
    dsn_blob_ids: ServerSet[list[str]] = msgspec.field(default_factory=list)
    mdn_blob_ids: ServerSet[list[str]] = msgspec.field(default_factory=list)


class SubmissionSetArguments(SetArguments):
    """RFC 8621 §7.5"""

    on_success_update_email: dict[str, dict[str, Any]] | None = None
    on_success_destroy_email: list[str] | None = None


class Condition(msgspec.Struct, kw_only=True, rename="camel"):
    """RFC 8621 §7.3"""

    identity_ids: list[str] | None = None
    email_ids: list[str] | None = None
    thread_ids: list[str] | None = None
    undo_status: str | None = None
    before: UTCDate | None = None
    after: UTCDate | None = None


@dataclass(frozen=True, slots=True)
class _Ready:
    """A submission that was checked, with its bytes stored."""

    letter: Letter
    destinations: list[str]
    envelope: Envelope
    things: tuple[int, int, int]


async def _prepare(call: Call, wanted: Creation | Update | Copying) -> _Ready | None:
    if not isinstance(wanted, Creation):
        return None
    if Right.SEND not in call.access.rights:
        raise SetError("forbiddenToSend", "you may not send for this account")
    if "undoStatus" in wanted.given:
        raise invalid_properties("undoStatus", why="set by the server")
    identity_id, identity_email = await _identity(call, wanted.values["identityId"])
    email_id, thread_id, blob, size = await _email(call, wanted.values["emailId"])
    limits = call.context.settings.limits
    if size > limits.message_bytes:
        raise SetError("tooLarge", "the message is too large to be sent", maxSize=limits.message_bytes)
    content = Content.read(await call.context.store.blobs.get(blob))
    senders = await of_account(call.context.store.db, call.account_id)
    _check_content(content, senders, writer_of(call.principal, call.access))
    envelope = wanted.values["envelope"] or envelopes.derived(content, identity_email)
    letter = await _letter(call, content, envelope, senders, blob)
    queue = call.context.need(Queue)
    if not queue.allows(call.principal, len(letter.to)):
        raise SetError("rateLimit", "too many recipients in a short time; try again later")
    return _Ready(letter, await queue.destinations(letter), envelope, (identity_id, email_id, thread_id))


async def _identity(call: Call, given: str) -> tuple[int, str]:
    row = await call.db.row(
        "SELECT id, email FROM identity WHERE id = ? AND account_id = ?", call.number(given), call.account_id
    )
    if row is None:
        raise invalid_properties("identityId", why="no such identity")
    return row[0], row[1]


async def _email(call: Call, given: str) -> tuple[int, int, str, int]:
    row = await call.db.row(
        "SELECT id, thread_id, blob, size FROM email WHERE id = ? AND account_id = ?",
        call.number(given), call.account_id,
    )  # fmt: skip
    if row is None:
        raise invalid_properties("emailId", why="no such email")
    return row[0], row[1], row[2], row[3]


def _check_content(content: Content, senders: Senders, writer: Address | None) -> None:
    if wrong := content.faults():
        raise SetError("invalidEmail", "one sender is needed", properties=wrong)
    by = [address.email for address in content.addresses("From", *([] if writer else ["Sender"]))]
    if refused := senders.refused(by):
        raise SetError("forbiddenFrom", f"{refused[0]} is not one of your addresses")


async def _letter(call: Call, content: Content, envelope: Envelope, senders: Senders, blob: str) -> Letter:
    settings: Settings = call.context.settings
    sender, to = envelopes.checked(envelope, senders, settings.limits.recipients)
    ret, envid = envelopes.ret_and_envid(envelope)
    release = envelopes.release_ms(envelope, settings.delivery.max_hold)
    raw = content.to_send(settings.hostname, writer_of(call.principal, call.access))
    digest = blob if raw == content.raw else await call.context.store.blobs.put(raw)
    needs_8bit, needs_utf8 = needs(raw)
    return Letter(
        account_id=call.account_id,
        sender=sender,
        to=to,
        blob=digest,
        size=len(raw),
        needs_8bit=needs_8bit,
        needs_utf8=needs_utf8 or not all(each.isascii() for each in (sender, *(one.address for one in to))),
        release_ms=release,
        ret=ret,
        envid=envid,
        written_to=content.written_to(),
    )


async def _create(call: Call, unit: Unit, creation: Creation) -> Created:
    ready: _Ready = creation.prepared
    await gate.require(unit, call.principal, call.account_id, SCOPE, Right.SEND)  # it may be withdrawn by now
    number = ids.new_id()
    outgoing_id = await Queue.add(unit, _of(ready.letter, number), ready.destinations)
    send_at = max(ready.letter.release_ms, clock.now_ms())
    text = msgspec.json.encode(ready.envelope).decode()
    await store.add(unit, call.account_id, number, outgoing_id, ready.things, text, send_at)
    return Created(number)


def _of(letter: Letter, submission_id: int) -> Letter:
    """The letter of a submission, by whose id reports find it again (ENVID) unless the client gave another."""
    return replace(letter, submission_id=submission_id, envid=letter.envid or ids.text(submission_id))


async def _update(call: Call, unit: Unit, update: Update) -> None:
    wanted, before = update.values.get("undoStatus"), update.before.get("undoStatus")
    if wanted != "canceled":
        raise invalid_properties("undoStatus", why="a submission can only be canceled")
    row = await unit.row(
        "SELECT outgoing_id FROM submission WHERE id = ? AND account_id = ?", update.object_id, call.account_id
    )
    if before != "pending" or row is None or not await outgoing.cancel(unit, row[0]):
        raise SetError("cannotUnsend", "it has been sent")
    await unit.changed(call.account_id, store.KIND, update.object_id, "updated")


async def _destroy(call: Call, unit: Unit, number: int) -> None:
    if not await store.destroy(unit, call.account_id, number):
        raise SetError("notFound")


async def _after_set(call: Call, outcome: SetOutcome) -> list[Invocation]:
    """The implicit Email/set for what was done. RFC 8621 §7.5"""
    arguments = call.arguments
    patches, doomed = arguments.on_success_update_email or {}, arguments.on_success_destroy_email or []
    done = {f"#{key}": each["id"] for key, each in outcome.created.items()}
    done |= {key: key for key in (*outcome.updated, *outcome.destroyed)}
    real = {given: done.get(given) or done.get(call.resolve(given) or "") for given in (*patches, *doomed)}
    numbers = {given: number for given, text in real.items() if text and (number := ids.parse(text))}
    if not numbers:
        return []
    emails = await store.email_ids(call.context.store.db, call.account_id, list(numbers.values()))
    of = {given: ids.text(emails[number]) for given, number in numbers.items() if number in emails}
    return [
        (
            "Email/set",
            {
                "accountId": ids.text(call.account_id),
                "update": {of[given]: patch for given, patch in patches.items() if given in of} or None,
                "destroy": [of[given] for given in doomed if given in of] or None,
            },
            "",
        )
    ]


async def _read(call: Call, numbers: Sequence[int] | None, _: frozenset[str]) -> list[Object]:
    limit = call.context.settings.limits.objects_in_get + 1
    return await store.read(call.db, call.account_id, numbers, limit)


_SORTS = {"emailId": "s.email_id", "threadId": "s.thread_id", "sentAt": "s.send_at_ms", "sendAt": "s.send_at_ms"}


async def _query(call: Call, query: Query) -> list[int]:
    condition, values = compiled(query.filter, _condition)
    order = [f"{_SORTS[each.property]} {'ASC' if each.is_ascending else 'DESC'}" for each in query.sort] or [
        "s.send_at_ms DESC"
    ]
    rows = await call.context.store.db.scan(
        f"""SELECT s.id FROM {store.FROM} WHERE s.account_id = ? AND s.destroyed_ms IS NULL AND {condition}
        ORDER BY {", ".join(order)}, s.id LIMIT {_MOST}""",
        call.account_id, *values,
    )  # fmt: skip
    return [row[0] for row in rows]


def _condition(wanted: Condition) -> tuple[str, list[Any]]:
    parts, values = ["1 = 1"], list[Any]()
    for column, given in (
        ("s.identity_id", wanted.identity_ids),
        ("s.email_id", wanted.email_ids),
        ("s.thread_id", wanted.thread_ids),
    ):
        if given is not None:
            numbers = [number for text in given if (number := ids.parse(text)) is not None]
            parts.append(f"{column} IN ({','.join('?' * len(numbers)) or 'NULL'})")
            values += numbers
    if wanted.undo_status is not None:
        parts.append(f"{store.UNDO} = ?")
        values.append(wanted.undo_status)
    if wanted.before is not None:
        parts.append("s.send_at_ms < ?")
        values.append(envelopes.instant_ms(wanted.before))
    if wanted.after is not None:
        parts.append("s.send_at_ms >= ?")
        values.append(envelopes.instant_ms(wanted.after))
    return " AND ".join(parts), values


KIND = Kind(
    record=EmailSubmission,
    scope=SCOPE,
    read=_read,
    prepare=_prepare,
    create=_create,
    update=_update,
    destroy=_destroy,
    query=_query,
    condition=Condition,
    sorts=frozenset(_SORTS),
    set_arguments=SubmissionSetArguments,
    rights={"create": Right.READ, "update": Right.SEND, "destroy": Right.SEND},
    after_set=_after_set,
)


def account_capability(settings: Settings) -> Object:
    """What a client may do here. RFC 8621 §1.3.2"""
    return {
        "maxDelayedSend": settings.delivery.max_hold,
        "submissionExtensions": {
            "FUTURERELEASE": [],
            "SIZE": [str(settings.limits.message_bytes)],
            "DSN": [],
            "8BITMIME": [],
            "SMTPUTF8": [],
            "ENHANCEDSTATUSCODES": [],
        },
    }
