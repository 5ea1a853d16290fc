"""ENVELOPE and BODYSTRUCTURE (RFC 9051 §7.5.2): header values as the message has them, encoded words untouched;
8-bit ones in UTF-8."""

import re

from parvis.kernel.mapped import Raw
from parvis.wire import mime
from parvis.wire.mime.addresses import grouped
from parvis.wire.mime.params import written_parameters
from parvis.wire.mime.words import text_of, unfold

from .tokens import nstring, string

_ROUTE = re.compile(rb"<\s*(@[^:<>]{1,500}):\s*([^<>\s]{1,500})\s*>")
MESSAGES_LIMIT = 20
"""Messages inside messages that are looked into; what is deeper is a file."""
_EMPTY = {
    False: b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0)',
    True: b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL)',
}
"""What stands for the parts of a multipart that has none."""
_RECIPIENTS = ("To", "Cc", "Bcc")


def is_message(part: mime.Part) -> bool:
    """Does the part hold a message that IMAP looks into?"""
    return part.type == "message" and part.subtype in ("rfc822", "global")


def envelope(header: bytes | mime.Part) -> bytes:
    """Date, subject, from, sender, reply-to, to, cc, bcc, in-reply-to, message-id, of a header or of the part that
    has it."""
    part = mime.parse(header).root if isinstance(header, bytes) else header
    author = _addresses(part, "From")
    sender, reply = _addresses(part, "Sender"), _addresses(part, "Reply-To")
    items = [
        nstring(_text(part, "Date")),
        nstring(_text(part, "Subject")),
        author,
        author if sender == b"NIL" else sender,
        author if reply == b"NIL" else reply,
        *(_addresses(part, name) for name in _RECIPIENTS),
        nstring(_text(part, "In-Reply-To")),
        nstring(_text(part, "Message-ID")),
    ]
    return b"(" + b" ".join(items) + b")"


def _text(part: mime.Part, name: str) -> str | None:
    """The value of the last field of that name, unfolded; `None` when there is none."""
    header = part.last(name)
    return None if header is None else unfold(text_of(header.value)).strip()


def _addresses(part: mime.Part, name: str) -> bytes:
    """A list of addresses, groups marked as RFC 9051 §7.5.2 has it; the addresses of fields that are repeated come
    one after the other."""
    written: list[bytes] = []
    for header in part.all(name):
        routes = {email: route for route, email in _ROUTE.findall(header.value[:10_000])}
        for group in grouped(header.value, decoded=False):
            if group.name is not None:
                written.append(b"(NIL NIL %b NIL)" % string(group.name))
            written += (_address(one, routes.get(one.email.encode())) for one in group.addresses)
            if group.name is not None:
                written.append(b"(NIL NIL NIL NIL)")
    return b"(" + b"".join(written) + b")" if written else b"NIL"


def _address(address: mime.Address, route: bytes | None = None) -> bytes:
    """`(name route mailbox host)`. A missing host is empty, as NIL would begin a group."""
    mailbox, host = mailbox_and_host(address.email)
    return b"(%b %b %b %b)" % (nstring(address.name), nstring(route), string(mailbox), string(host))


def mailbox_and_host(email: str) -> tuple[str, str]:
    """An address in two, its local part without quotes (RFC 9051 §7.5.2)."""
    mailbox, at, host = email.rpartition("@")
    if not at:
        mailbox, host = host, ""
    if len(mailbox) > 1 and mailbox[0] == mailbox[-1] == '"':
        mailbox = mailbox[1:-1].replace("\\", "")
    return mailbox, host


def body_structure(raw: Raw, part: mime.Part, extended: bool) -> bytes:
    """BODYSTRUCTURE of a part of `raw`, or BODY when it is not `extended` (RFC 9051 §7.5.2)."""
    return _structure(raw, part, extended, MESSAGES_LIMIT)


def _structure(raw: Raw, part: mime.Part, extended: bool, messages: int) -> bytes:
    if part.is_multipart:
        children = b"".join(_structure(raw, child, extended, messages) for child in part.children)
        items = [children or _EMPTY[extended], string(part.subtype)]
        if extended:
            items += [_parameters(part, "Content-Type"), *_extension(part)]
        return b"(" + b" ".join(items) + b")"
    if is_message(part) and not messages:
        kind, subtype = "application", "octet-stream"
    else:
        kind, subtype = part.type, part.subtype
    items = [
        string(kind),
        string(subtype),
        _parameters(part, "Content-Type"),
        nstring(_field(part, "Content-ID")),
        nstring(_field(part, "Content-Description")),
        string(part.encoding),
        b"%d" % part.size,
    ]
    if kind == "text":
        items.append(b"%d" % part.lines)
    elif is_message(part) and messages:
        inside, message = mime.inner_message(raw, part)
        items.append(envelope(message.root))
        items.append(_structure(inside, message.root, extended, messages - 1))
        items.append(b"%d" % part.lines)
    if extended:
        items += [nstring(_field(part, "Content-MD5")), *_extension(part)]
    return b"(" + b" ".join(items) + b")"


def _field(part: mime.Part, name: str) -> str | None:
    """The value of the first field of that name, unfolded; `None` when it is missing or empty."""
    found = part.all(name)
    return unfold(text_of(found[0].value)).strip() or None if found else None


def _parameters(part: mime.Part, name: str) -> bytes:
    """The parameters of a field; text without a charset is in US-ASCII (RFC 2045 §5.2)."""
    found = part.all(name)
    values = written_parameters(found[0].value) if found else {}
    if name == "Content-Type" and not part.is_multipart and found and b"multipart/" in found[0].value[:20].lower():
        values = {}  # those of a multipart in which no parts were found
    if name == "Content-Type" and part.type == "text" and not values.get("charset", values.get("charset*")):
        values["charset"] = "us-ascii"
    if not values:
        return b"NIL"
    return b"(" + b" ".join(string(key) + b" " + string(value) for key, value in values.items()) + b")"


def _extension(part: mime.Part) -> list[bytes]:
    """Disposition, language and location."""
    disposition = b"NIL"
    if part.disposition:
        disposition = b"(%b %b)" % (string(part.disposition), _parameters(part, "Content-Disposition"))
    languages = part.language or ()
    language = b"(" + b" ".join(map(string, languages)) + b")" if languages else b"NIL"
    return [disposition, language, nstring(part.location)]
