"""Cuts what FETCH asks for out of a message: `BODY[2.1.HEADER]<0.100>`, `BINARY[3]` (RFC 9051 §6.4.5)."""

from msgspec.structs import replace

from parvis.kernel.errors import Invalid
from parvis.wire import mime
from parvis.wire.mime.transfer import KNOWN

from .fetch import Section
from .structure import MESSAGES_LIMIT, body_structure, is_message


class UnknownEncoding(Invalid):
    """A part cannot be decoded: `NO [UNKNOWN-CTE]` (RFC 3516 §4.3)."""


def section(raw: bytes, message: mime.Message, wanted: Section) -> bytes | None:
    """The octets of a section of `raw`, cut to its partial; `None` when the message has no such part. `BINARY.SIZE`
    gives the octets to be counted. Raises UnknownEncoding for BINARY."""
    found = _found(raw, message, wanted.numbers)
    if found is None:
        return None
    data = _binary(*found) if wanted.kind.startswith("BINARY") else _cut(*found, wanted)
    if data is None or wanted.partial is None:
        return data
    first, count = wanted.partial
    return data[first : first + count]


def binary_of(raw: bytes, message: mime.Message, wanted: Section) -> bytes | None:
    """The same without its transfer encoding, where it is a part (RFC 5524 §3.1). Raises UnknownEncoding."""
    return section(raw, message, wanted if wanted.part else replace(wanted, kind="BINARY"))


def part_structure(raw: bytes, message: mime.Message, wanted: Section, decoded: bytes | None = None) -> bytes:
    """BODYSTRUCTURE of the part that a section is of; as it is when `decoded`, without lines then: binary data has
    none (RFC 5524 §3.1, §3.2)."""
    found = _found(raw, message, wanted.numbers)
    if found is None:
        return b"NIL"
    raw, part, _ = found
    if decoded is not None and not part.children and not is_message(part):
        encoding = "binary" if b"\0" in decoded else "7bit" if decoded.isascii() else "8bit"
        part = replace(part, encoding=encoding, lines=0, body_end=part.body_start + len(decoded))
    return body_structure(raw, part, extended=True)


def _found(raw: bytes, message: mime.Message, numbers: tuple[int, ...]) -> tuple[bytes, mime.Part, bool] | None:
    """The part of those numbers with the octets its places count in, and whether it is a whole message. A message
    that is no multipart has one part, its body (RFC 9051 §6.4.5.1)."""
    part, whole, messages = message.root, True, 0
    for number in numbers:
        if not whole and is_message(part):
            messages += 1
            if messages > MESSAGES_LIMIT:
                return None
            raw, inner = mime.inner_message(raw, part)
            part, whole = inner.root, True
        if part.children and 1 <= number <= len(part.children):
            part = part.children[number - 1]
        elif part.children or not whole or number != 1:
            return None
        whole = False
    return raw, part, whole


def _cut(raw: bytes, part: mime.Part, whole: bool, wanted: Section) -> bytes | None:
    if wanted.part == "MIME":
        return raw[part.header_start : part.body_start]
    if not wanted.part:
        return raw[part.header_start if whole else part.body_start : part.body_end]
    if not whole:
        if not is_message(part):
            return None
        raw, message = mime.inner_message(raw, part)
        part = message.root
    if wanted.part == "TEXT":
        return raw[part.body_start : part.body_end]
    if wanted.part == "HEADER":
        return raw[part.header_start : part.body_start]
    return _fields(raw, part, wanted)


def _fields(raw: bytes, part: mime.Part, wanted: Section) -> bytes:
    """The fields that are named, or all others, as they are in the message, and the line that ends a header."""
    names = {name.lower() for name in wanted.fields}
    keep = wanted.part == "HEADER.FIELDS"
    lines = [raw[h.start : h.end] for h in part.headers if (h.name.lower() in names) == keep]
    if lines and not lines[-1].endswith(b"\n"):
        lines.append(b"\r\n")
    return b"".join(lines) + b"\r\n"


def _binary(raw: bytes, part: mime.Part, whole: bool) -> bytes:
    """The part without its transfer encoding; a whole message, or one with parts, as it is (RFC 3516 §4.2)."""
    if whole:
        return raw[part.header_start : part.body_end]
    if part.encoding not in KNOWN:
        raise UnknownEncoding("The transfer encoding is not known")
    return mime.decode_body(raw, part)
