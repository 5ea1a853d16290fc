"""Email/get: properties from the stored summary, structure and headers; bodies alone read the message.
RFC 8621 §4.2"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from parvis.kernel import clock, ids
from parvis.mail import snooze, store
from parvis.mail.jmap.body import DEFAULT_PART_PROPERTIES, PART_PROPERTIES, Load, Parts
from parvis.mail.jmap.headers import by_name, header_property, is_header_property, listed, value_of
from parvis.mail.structure import Structure
from parvis.serve.jmap.blobs import blob_id
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import GetArguments
from parvis.serve.jmap.reading import MOST_PROPERTIES
from parvis.serve.jmap.types import Object, UnsignedInt
from parvis.wire import mime

SUMMARY = frozenset(
    {
        "messageId", "inReplyTo", "references", "sender", "from", "to", "cc", "bcc", "replyTo", "subject", "sentAt",
        "hasAttachment", "preview",
    }
)  # fmt: skip
BODIES = frozenset({"bodyStructure", "bodyValues", "textBody", "htmlBody", "attachments"})
DEFAULTS = (
    frozenset({"id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt"})
    | SUMMARY
    | (BODIES - {"bodyStructure"})
)
_WHOLE = 262_144
"""A message up to this size is read at once when a body is wanted."""
_summary = msgspec.json.Decoder(dict[str, Any])


@dataclass(frozen=True, slots=True)
class Wanted:
    """What Email/get and Email/parse say about bodies, checked. RFC 8621 §4.2"""

    part_properties: Sequence[str] = DEFAULT_PART_PROPERTIES
    text: bool = False
    html: bool = False
    every: bool = False
    limit: int = 0

    @classmethod
    def of(cls, arguments: Any) -> "Wanted":
        """From the arguments of a call that has them; defaults for any other. Raises MethodError
        invalidArguments."""
        if not hasattr(arguments, "body_properties"):
            return cls()
        properties = arguments.body_properties
        if len(properties or ()) > MOST_PROPERTIES:
            raise MethodError("requestTooLarge", f"at most {MOST_PROPERTIES} properties")
        for name in properties or ():
            if name not in PART_PROPERTIES and not is_header_property(name):
                raise MethodError(
                    "invalidArguments", f"unknown body property {name!r}", arguments=["bodyProperties"]
                )
        return cls(
            DEFAULT_PART_PROPERTIES if properties is None else properties,
            arguments.fetch_text_body_values,
            arguments.fetch_html_body_values,
            arguments.fetch_all_body_values,
            arguments.max_body_value_bytes,
        )


class EmailGetArguments(GetArguments):
    """RFC 8621 §4.2"""

    body_properties: list[str] | None = None
    fetch_text_body_values: bool = False
    fetch_html_body_values: bool = msgspec.field(default=False, name="fetchHTMLBodyValues")
    fetch_all_body_values: bool = False
    max_body_value_bytes: UnsignedInt = 0


async def read(call: Call, numbers: Sequence[int] | None, wanted: frozenset[str]) -> list[Object]:
    """Messages of the account in the order asked."""
    body = Wanted.of(call.arguments)
    rows = await store.rows_of(call.db, call.account_id, list(dict.fromkeys(numbers or ())))
    found = [row[0] for row in rows]
    places = await store.mailboxes_of(call.db, found) if "mailboxIds" in wanted else {}
    waking = await snooze.times(call.db, found) if "snoozedUntil" in wanted else {}
    needs_parts = bool(wanted & BODIES) or any(name.startswith("header") for name in wanted)
    parts = await store.parts_of(call.db, found) if needs_parts else {}
    properties = sorted(wanted)
    shown = []
    for row in rows:
        one = _metadata(row, places.get(row[0], ()), wanted)
        if "snoozedUntil" in wanted:
            one["snoozedUntil"] = clock.utc_date(waking[row[0]]) if row[0] in waking else None
        if wanted & SUMMARY:
            summary = _summary.decode(row[6])
            one.update({name: summary[name] for name in wanted & SUMMARY})
        if row[0] in parts:
            structure, header = parts[row[0]]
            add_headers(one, properties, header)
            load = loader(call, row[2], row[3])
            if wanted & BODIES:
                await add_bodies(
                    one, wanted, Parts(structure, blob_id(row[2]), body.part_properties, load), structure, body
                )
                call.bring(sum(len(body["value"]) for body in one.get("bodyValues", {}).values()))
        shown.append(one)
    return shown


def _metadata(row: Sequence[Any], mailbox_ids: Sequence[int], wanted: frozenset[str]) -> Object:
    number, thread_id, blob, size, received_ms, keywords, _ = row
    one: Object = {"id": ids.text(number)}
    if "blobId" in wanted:
        one["blobId"] = blob_id(blob)
    if "threadId" in wanted:
        one["threadId"] = ids.text(thread_id)
    if "mailboxIds" in wanted:
        one["mailboxIds"] = {_text(mailbox): True for mailbox in mailbox_ids}
    if "keywords" in wanted:
        one["keywords"] = dict.fromkeys(keywords.split(), True)
    if "size" in wanted:
        one["size"] = size
    if "receivedAt" in wanted:
        one["receivedAt"] = clock.utc_date(received_ms)
    return one


_text = lru_cache(maxsize=4096)(ids.text)


def add_headers(one: Object, properties: Sequence[str], header: bytes) -> None:
    """Adds `headers` and `header:*` properties, read from a header block."""
    asked = [found for name in properties if (found := header_property(name)) is not None]
    if not asked and "headers" not in properties:
        return
    fields = mime.parse(header).root.headers
    if "headers" in properties:
        one["headers"] = listed(fields)
    named = by_name(fields)
    for each in asked:
        one[each.property] = value_of(each, named)


async def add_bodies(one: Object, wanted: frozenset[str], parts: Parts, structure: Structure, body: Wanted) -> None:
    """Adds the properties of the body."""
    if "bodyStructure" in wanted:
        one["bodyStructure"] = await parts.tree()
    flat: tuple[tuple[str, Sequence[str]], ...] = (
        ("textBody", structure.text),
        ("htmlBody", structure.html),
        ("attachments", structure.attachments),
    )
    for name, sections in flat:
        if name in wanted:
            one[name] = await parts.flat(sections)
    if "bodyValues" in wanted:
        sections = parts.wanted(body.text, body.html, body.every)
        one["bodyValues"] = await parts.values(sections, body.limit)


def loader(call: Call, digest: str, size: int) -> Load:
    """Reads parts of the message: a short one once and whole, of a long one only what is needed."""
    held: list[bytes] = []

    async def load(start: int, end: int) -> bytes:
        if size > _WHOLE:
            return await call.context.store.blobs.get(digest, start, end)
        if not held:
            held.append(await call.context.store.blobs.get(digest))
        return held[0][start:end]

    return load
