"""Email/import. RFC 8621 §4.8"""

from typing import Any, Literal

import msgspec

from parvis.kernel import ids
from parvis.kernel.errors import NotFound, ParvisError
from parvis.mail import service
from parvis.mail.jmap.email_set import append, keywords_of, mailbox_numbers, received_ms
from parvis.mail.message import Parsed
from parvis.mail.store import New
from parvis.serve.jmap.blobs import Library
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.errors import MethodError, SetError, invalid_properties, of_object
from parvis.serve.jmap.kind import Created
from parvis.serve.jmap.types import Arguments, Object, UTCDate
from parvis.store.unit import Unit


class EmailImport(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """RFC 8621 §4.8"""

    blob_id: str
    mailbox_ids: dict[str, Literal[True]]
    keywords: dict[str, Literal[True]] = msgspec.field(default_factory=dict)
    received_at: UTCDate | None = None


class EmailImportArguments(Arguments):
    """RFC 8621 §4.8"""

    account_id: str
    emails: dict[str, dict[str, Any]]
    if_in_state: str | None = None


async def run(call: Call) -> Result:
    """Imports each message in a unit of its own: it succeeds or fails alone."""
    if len(call.arguments.emails) > call.context.settings.limits.objects_in_set:
        raise MethodError("requestTooLarge", "too many messages")
    store = call.context.store
    old = str(await store.state(call.account_id, "Email"))
    if call.arguments.if_in_state not in (None, old):
        raise MethodError("stateMismatch", f"the state is {old}")
    created: dict[str, Object] = {}
    failed: dict[str, Object] = {}
    for creation, given in call.arguments.emails.items():
        try:
            made = await _one(call, given)
            created[creation] = made.properties or {}
            call.exchange.created[creation] = ids.text(made.object_id)
        except SetError as error:
            failed[creation] = error.arguments()
        except ParvisError as error:
            if (found := of_object(error)) is None:
                raise
            failed[creation] = found.arguments()
    return {
        "accountId": ids.text(call.account_id),
        "oldState": old,
        "newState": str(await store.state(call.account_id, "Email")),
        "created": created or None,
        "notCreated": failed or None,
    }


async def _one(call: Call, given: Object) -> Created:
    wanted = _checked(given)
    boxes, keywords = mailbox_numbers(call, wanted.mailbox_ids), keywords_of(wanted.keywords)
    parsed, digest = await _message(call, wanted.blob_id)
    new = New(parsed, digest, boxes, keywords, service.received(parsed, received_ms(wanted.received_at)))

    async def work(unit: Unit) -> Created:
        return await append(call, unit, new)

    return await call.context.store.write(work)


def _checked(given: Object) -> EmailImport:
    """The properties, each converted alone so that the answer names exactly those that are wrong."""
    known = {field.encode_name: field for field in msgspec.structs.fields(EmailImport)}
    wrong = {name: "unknown" for name in given if name not in known}
    for name, field in known.items():
        try:
            if name in given:
                msgspec.convert(given[name], field.type)
            elif field.required:
                wrong[name] = "required"
        except msgspec.ValidationError as error:
            wrong[name] = str(error)
    if wrong:
        raise invalid_properties(*wrong, why="; ".join(f"{name}: {why}" for name, why in wrong.items()))
    return msgspec.convert(given, EmailImport)


async def _message(call: Call, blob_id: str) -> tuple[Parsed, str]:
    """The message in a blob, read and stored. Raises SetError."""
    limit = call.context.settings.limits.message_bytes
    try:
        blob = await call.context.need(Library).find(call.principal, call.account_id, blob_id)
    except NotFound as error:
        raise invalid_properties("blobId", why="no such blob") from error
    if blob.size > limit:
        raise SetError("tooLarge", "the message is too large", maxSize=limit)
    blobs = call.context.store.blobs
    digest = blob.digest or await blobs.put(await blob.read())
    parsed = await service.read_blob(blobs, digest)
    if not is_message(parsed):
        raise SetError("invalidEmail", "this is no message")
    return parsed, digest


def is_message(parsed: Parsed) -> bool:
    """Whether there is any header field at all."""
    return bool(parsed.header.strip()) and b":" in parsed.header
