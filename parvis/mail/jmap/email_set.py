"""Email/set and /copy. RFC 8621 §4.6, §4.7"""

from dataclasses import dataclass
from typing import Any

from parvis.access.principal import Right
from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid, NotFound
from parvis.mail import service, snooze, store
from parvis.mail.jmap.draft import Given, missing_blobs
from parvis.mail.message import Parsed
from parvis.mail.model import keyword_set
from parvis.mail.store import Edit, New, Stored
from parvis.mail.vault import store as vault
from parvis.serve.jmap.blobs import Blob, Library, blob_id
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import SetError, invalid_properties
from parvis.serve.jmap.kind import Copying, Created, Creation, Update
from parvis.serve.jmap.types import Object
from parvis.store.unit import Unit


@dataclass(frozen=True, slots=True)
class Composed:
    """A message that was written and stored before the unit."""

    parsed: Parsed
    digest: str


async def prepare(call: Call, change: Creation | Update | Copying) -> Composed | None:
    """Writes the message of a new Email: blobs are read and the result is stored before the unit."""
    if isinstance(change, Copying):
        return await _original(change)
    if isinstance(change, Update):
        return None
    given = Given(change.values, change.given)
    library = call.context.need(Library)
    blobs, missing, total = dict[str, tuple[Blob, bytes]](), list[str](), 0
    limit = call.context.settings.limits.message_bytes
    for wanted in given.blob_ids():
        try:
            blob = await library.find(call.principal, call.account_id, wanted)
        except NotFound:
            missing.append(wanted)
            continue
        total += blob.size
        if total > limit:
            raise SetError("tooLarge", "the message would be too large", maxSize=limit)
        blobs[wanted] = (blob, await blob.read())
    if missing:
        raise missing_blobs(missing)
    raw = given.raw(blobs, call.context.settings.hostname)
    call.bring(len(raw))
    if len(raw) > limit:
        raise SetError("tooLarge", "the message would be too large", maxSize=limit)
    return Composed(await service.read(raw), await call.context.store.blobs.put(raw))


async def create(call: Call, unit: Unit, creation: Creation) -> Created:
    """Puts the new message into its mailboxes."""
    composed: Composed = creation.prepared
    if creation.values.get("snoozedUntil"):
        raise invalid_properties("snoozedUntil", why="a message is snoozed once it is here")
    new = New(
        composed.parsed,
        composed.digest,
        mailbox_numbers(call, creation.values["mailboxIds"]),
        keywords_of(creation.values["keywords"]),
        received_ms(creation.values.get("receivedAt")),
    )
    return await append(call, unit, new)


async def append(call: Call, unit: Unit, new: New) -> Created:
    """Stores one message, with the SetErrors of RFC 8621 §4.6."""
    try:
        (stored,) = await store.append(unit, call.context.store.db.dialect, call.account_id, [new])
    except Invalid as error:
        raise _set_error(error) from error
    return Created(stored.id, shown(stored))


def shown(stored: Stored) -> Object:
    """What the answer to a creation has. RFC 8621 §4.6"""
    return {
        "id": ids.text(stored.id),
        "blobId": blob_id(stored.blob),
        "threadId": ids.text(stored.thread_id),
        "size": stored.size,
    }


async def update(call: Call, unit: Unit, change: Update) -> Object | None:
    """Changes keywords, mailboxes and the time a snoozed message comes back. Leaving a mailbox needs the right to
    remove."""
    boxes = keywords = None
    if "mailboxIds" in change.values:
        boxes = mailbox_numbers(call, change.values["mailboxIds"])
        gone = set(change.before["mailboxIds"]) - {ids.text(number) for number in boxes}
        if gone and Right.DELETE not in call.access.rights:
            raise SetError("forbidden", "messages may not be removed from a mailbox here")
    if "keywords" in change.values:
        keywords = keywords_of(change.values["keywords"])
    try:
        await store.edit(unit, call.account_id, [Edit(change.object_id, keywords, boxes)])
        if "snoozedUntil" in change.values:
            wake_ms = utc_ms("snoozedUntil", change.values["snoozedUntil"])
            await snooze.until(unit, call.account_id, change.object_id, wake_ms)
    except Invalid as error:
        raise _set_error(error) from error
    return None


async def destroy(call: Call, unit: Unit, number: int) -> None:
    """Destroys a message for good; the vault keeps it for its owner."""
    await vault.keep(unit, call.account_id, [number])
    await store.remove(unit, call.context.store.db.dialect, call.account_id, [number])


async def copy(call: Call, unit: Unit, copying: Copying) -> Created:
    """Puts a message of another account into this one; the bytes are kept once. RFC 8621 §4.7"""
    values = copying.values
    if wrong := set(values) - {"mailboxIds", "keywords", "receivedAt"}:
        raise invalid_properties(*sorted(wrong), why="a copy keeps the message as it is")
    if "mailboxIds" not in values:
        raise invalid_properties("mailboxIds", why="a message must be in a mailbox")
    rows = await store.rows_of(unit, copying.source.account_id, [copying.object_id])
    if not rows or copying.prepared is None:
        raise SetError("notFound", "no such message in the account copied from")
    composed: Composed = copying.prepared
    kept = keywords_of(values["keywords"] if "keywords" in values else dict.fromkeys(rows[0][5].split(), True))
    moment = received_ms(values.get("receivedAt"))
    new = New(
        composed.parsed,
        composed.digest,
        mailbox_numbers(call, values["mailboxIds"]),
        kept,
        rows[0][4] if moment is None else moment,
    )
    return await append(call, unit, new)


async def _original(copying: Copying) -> Composed | None:
    """The message to copy, read again for the text index of the other account."""
    source = copying.source
    rows = await store.rows_of(source.context.store.db, source.account_id, [copying.object_id])
    if not rows:
        return None
    return Composed(await service.read_blob(source.context.store.blobs, rows[0][2]), rows[0][2])


def mailbox_numbers(call: Call, given: dict[str, Any]) -> frozenset[int]:
    """The mailboxes of a mailboxIds object. Raises SetError invalidProperties."""
    numbers = [call.number(one) for one in given]
    if not numbers or None in numbers:
        raise invalid_properties("mailboxIds", why="a message must be in mailboxes that exist")
    return frozenset(number for number in numbers if number is not None)


def keywords_of(given: dict[str, Any] | None) -> frozenset[str]:
    """The keywords of a keywords object. Raises SetError invalidProperties or tooManyKeywords."""
    try:
        return keyword_set(given or ())
    except Invalid as error:
        raise _set_error(error) from error


def received_ms(given: str | None) -> int | None:
    """A receivedAt in ms; None for none. Raises SetError invalidProperties."""
    return utc_ms("receivedAt", given)


def utc_ms(name: str, given: str | None) -> int | None:
    """The UTCDate of a property in ms; None for none. Raises SetError invalidProperties."""
    try:
        return None if given is None else clock.parse_utc(given)
    except Invalid as error:
        raise invalid_properties(name, why=error.sentence) from error


def _set_error(error: Invalid) -> SetError:
    if "reason" in error.fields:
        return SetError(error.fields["reason"], error.sentence)
    return invalid_properties(error.fields.get("field", "mailboxIds"), why=error.sentence)
