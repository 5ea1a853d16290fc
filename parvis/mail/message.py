"""Reading a message once: everything that the store, the lists, the threads and the text index need of it."""

import hashlib
import re
import zlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from parvis.kernel import clock
from parvis.kernel.languages import fold
from parvis.kernel.mapped import Raw
from parvis.mail.structure import Structure, structure_of
from parvis.mail.subject import base_subject, thread_subject
from parvis.mail.words import words
from parvis.wire import mime
from parvis.wire.imap import write
from parvis.wire.text import html_to_text

TEXT_CHARACTERS = 1_000_000
"""How much text of one message is indexed."""
TEXT_OCTETS = 4 * 1024 * 1024
"""How much of one part is looked at for that, as it is written."""
SORT_CHARACTERS = 200
_REFERENCES = 30
_REFERENCE_HEAD = 5
_RECEIVED_DATE = re.compile(rb";([^;]*)\Z")


class Texts(msgspec.Struct):
    """The text of a message by field, as the text index takes it."""

    sender: str
    recipient: str
    copied: str
    blind: str
    subject: str
    body: str


class Parsed(msgspec.Struct):
    """A message that was read. Times in ms; `header` is its header block as bytes, `packed_header` its stored form;
    `envelope` and `body_structure` are as IMAP writes them.
    Whatever takes time is done here, once for all recipients and outside of the transaction."""

    size: int
    summary: dict[str, Any]
    structure: Structure
    header: bytes
    packed_header: bytes
    envelope: bytes
    body_structure: bytes
    texts: Texts
    indexed: tuple[str, ...]
    """The words of `texts`, field by field, as the text index takes them."""
    refs: tuple[int, ...]
    """What it may share with others of its thread, its own Message-ID first."""
    message_ref: int
    sent_ms: int | None
    received_ms: int | None
    """The date of the most recent Received field."""
    has_attachment: bool
    sort_from: str
    sort_to: str
    sort_subject: str


def read(raw: Raw) -> Parsed:
    """Reads a raw message; never fails on strange ones. CPU only: a large one is read in a thread by the caller."""
    message = mime.parse(raw)
    views = mime.body_views(message)
    sent = mime.as_date(field.value) if (field := message.root.last("Date")) else None
    summary = summarise(raw, message, views, sent)
    subject = thread_subject(summary["subject"] or "")
    ids = message_ids(summary)
    texts, header = _texts(raw, message), raw[: message.root.body_start]
    return Parsed(
        size=len(raw),
        summary=summary,
        structure=structure_of(raw, message, views),
        header=header,
        packed_header=zlib.compress(header, 1),
        envelope=write.envelope(message.root),
        body_structure=write.body_structure(raw, message.root, True),
        texts=texts,
        indexed=tuple(" ".join(words(getattr(texts, field))) for field in texts.__struct_fields__),
        refs=tuple(dict.fromkeys(reference(word, subject) for word in ids)),
        message_ref=message_key((summary["messageId"] or [""])[0]),
        sent_ms=_ms(sent),
        received_ms=_received(message),
        has_attachment=summary["hasAttachment"],
        sort_from=_sort_name(summary["from"]),
        sort_to=_sort_name(summary["to"]),
        sort_subject=fold(base_subject(summary["subject"] or ""))[:SORT_CHARACTERS],
    )


def summarise(raw: Raw, message: mime.Message, views: mime.BodyViews, sent: datetime | None) -> dict[str, Any]:
    """The properties that are fast to fetch. RFC 8621 §4.1.3, §4.2"""
    root = message.root
    found: dict[str, Any] = {}
    for name, header in (("messageId", "Message-ID"), ("inReplyTo", "In-Reply-To"), ("references", "References")):
        found[name] = mime.as_message_ids(field.value) if (field := root.last(header)) else None
    for name, header in _ADDRESSES.items():
        found[name] = addresses(field.value) if (field := root.last(header)) else None
    found["subject"] = mime.as_text(field.value) if (field := root.last("Subject")) else None
    found["sentAt"] = date_text(sent) if sent else None
    found["hasAttachment"] = mime.has_attachment(message, views)
    found["preview"] = mime.preview(raw, message, views)[:256]
    return found


_ADDRESSES = {
    "sender": "Sender", "from": "From", "to": "To", "cc": "Cc", "bcc": "Bcc", "replyTo": "Reply-To",
}  # fmt: skip


def addresses(value: bytes) -> list[dict[str, str | None]]:
    """EmailAddress objects of a field's value. RFC 8621 §4.1.2.3"""
    return [{"name": address.name, "email": address.email} for address in mime.as_addresses(value)]


def date_text(instant: datetime) -> str:
    """JMAP's Date, with the offset that was written, whole seconds. RFC 8620 §1.4"""
    text = instant.replace(microsecond=0).isoformat()
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def message_ids(summary: dict[str, Any]) -> list[str]:
    """The ids that tie a message to a thread: its own, then the latest and the first it refers to."""
    references = list(summary["references"] or ())
    if len(references) > _REFERENCES:
        references = references[:_REFERENCE_HEAD] + references[_REFERENCE_HEAD - _REFERENCES :]
    return [*(summary["messageId"] or ())[:1], *(summary["inReplyTo"] or ())[:_REFERENCES], *references]


def reference(message_id: str, subject: str) -> int:
    """A Message-ID together with the base subject, as 64 bits: equal for messages of one thread. RFC 8621 §3"""
    return _key(f"{message_id}\0{subject}")


def message_key(message_id: str) -> int:
    """A Message-ID as 64 bits; 0 for none."""
    return _key(message_id) if message_id else 0


def _key(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _ms(instant: datetime | None) -> int | None:
    try:
        return clock.to_ms(instant) if instant else None
    except (OverflowError, ValueError):
        return None


def _received(message: mime.Message) -> int | None:
    """The date of the newest Received field, which is the first. RFC 5321 §4.4"""
    fields = message.root.all("Received")
    match = _RECEIVED_DATE.search(fields[0].value) if fields else None
    return _ms(mime.as_date(match[1])) if match else None


def _sort_name(people: list[dict[str, str | None]] | None) -> str:
    """The first one's name or address. RFC 8621 §4.4.2"""
    if not people:
        return ""
    return fold(people[0]["name"] or people[0]["email"] or "")[:SORT_CHARACTERS]


def _texts(raw: Raw, message: mime.Message) -> Texts:
    return Texts(
        sender=_fields(message.root, "From"),
        recipient=_fields(message.root, "To"),
        copied=_fields(message.root, "Cc"),
        blind=_fields(message.root, "Bcc"),
        subject=_fields(message.root, "Subject"),
        body=body_text((raw, part) for part in message.leaves()),
    )


def _fields(root: mime.Part, name: str) -> str:
    return "\n".join(field_text(field.value) for field in root.all(name))


def field_text(value: bytes) -> str:
    """The text of a field that is looked into: decoded, with the addresses that comments pull apart."""
    text = mime.as_text(value)
    if "(" in text and "@" in text:
        text += " " + " ".join(one.email for one in mime.as_addresses(value))
    return text


def body_text(parts: Iterable[tuple[Raw, mime.Part]]) -> str:
    """The words of every text part, each with the bytes it is in, as a reader sees them; an HTML part that says the
    same as a plain one beside it adds only what that one lacks."""
    plain: list[str] = []
    html: list[str] = []
    left = TEXT_CHARACTERS
    for raw, part in parts:
        if part.type != "text" or left <= 0:
            continue
        text = mime.decode_text(raw, part, TEXT_OCTETS).text[:left]
        left -= len(text)
        if part.subtype in ("html", "enriched"):
            html.append(html_to_text(text).text)
        else:
            plain.append(text)
    if html:
        said = fold(" ".join(plain))
        lines = (line for text in html for line in text.splitlines())
        plain += [line for line in lines if line.strip() and fold(line.strip()) not in said]
    return "\n".join(plain)
