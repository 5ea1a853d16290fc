"""Messages written from a description (RFC 5322, 2045, 2046; RFC 8621 §4.6). Lines end with CRLF and have at most
998 bytes. The caller brings what is not a matter of form: date, Message-ID, boundaries, the bytes of
attachments."""

import binascii
import re
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from parvis.kernel.errors import Invalid

from . import fields
from .model import Address, AddressGroup
from .scan import parse


class Raw(msgspec.Struct, frozen=True, tag=True):
    """A value written as it is; non-ASCII stays UTF-8 (RFC 6532)."""

    value: str


class Text(msgspec.Struct, frozen=True, tag=True):
    """Words for people."""

    value: str


class Addresses(msgspec.Struct, frozen=True, tag=True):
    value: tuple[Address, ...]


class GroupedAddresses(msgspec.Struct, frozen=True, tag=True):
    value: tuple[AddressGroup, ...]


class MessageIds(msgspec.Struct, frozen=True, tag=True):
    """Ids without angle brackets."""

    value: tuple[str, ...]


class Date(msgspec.Struct, frozen=True, tag=True):
    value: datetime


class Urls(msgspec.Struct, frozen=True, tag=True):
    """Addresses on the web or of mail, without angle brackets."""

    value: tuple[str, ...]


Value = Raw | Text | Addresses | GroupedAddresses | MessageIds | Date | Urls


class Field(msgspec.Struct, frozen=True):
    """One header field to be written, in one of JMAP's forms."""

    name: str
    value: Value


class DraftPart(msgspec.Struct, frozen=True):
    """A body part to be written."""

    type: str = "text/plain"
    body: str | bytes = b""
    """Text (written as UTF-8 with CRLF) or the bytes of a blob (kept exactly). Nothing for a multipart."""
    charset: str | None = None
    """Of bytes of a text type; text is us-ascii or utf-8."""
    name: str | None = None
    disposition: str | None = None
    cid: str | None = None
    language: tuple[str, ...] | None = None
    location: str | None = None
    params: tuple[tuple[str, str], ...] = ()
    """More parameters of Content-Type, such as `("method", "REQUEST")`."""
    fields: tuple[Field, ...] = ()
    """More header fields of the part."""
    children: tuple["DraftPart", ...] = ()


class Draft(msgspec.Struct, frozen=True):
    """A message to be written: either `structure`, or any of `text`, `html` and `attachments`."""

    date: datetime
    """Used when no field `Date` is given."""
    message_id: str
    """Without angle brackets; used when no field `Message-ID` is given."""
    fields: tuple[Field, ...] = ()
    structure: DraftPart | None = None
    text: DraftPart | None = None
    html: DraftPart | None = None
    attachments: tuple[DraftPart, ...] = ()


DEPTH = 40
_NAME = re.compile(r"[!-9;-~]{1,100}\Z")
_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,120}/[A-Za-z0-9!#$&^_.+-]{1,120}\Z")
_LINE_END = re.compile(r"\r\n|\r|\n")
_LONE = re.compile(rb"\r(?!\n)|(?<!\r)\n|\0")
_LONE_LF = re.compile(rb"(?<!\r)\n")
_LONG_LINE = re.compile(rb"[^\n]{998}")


def compose(draft: Draft, boundaries: Iterator[str]) -> bytes:
    """The bytes of a message. `boundaries` gives short ASCII words, never one twice (from `kernel.ids`); one that
    occurs in the content is passed over. Raises Invalid for names of fields and types that cannot be written."""
    root = draft.structure if draft.structure is not None else structure_of(draft)
    given = {field.name.lower() for field in draft.fields}
    lines = [write_field(field) for field in draft.fields]
    if "date" not in given:
        lines.append(write_field(Field("Date", Date(draft.date))))
    if "message-id" not in given:
        lines.append(write_field(Field("Message-ID", MessageIds((draft.message_id,)))))
    if "mime-version" not in given:
        lines.append("MIME-Version: 1.0\r\n")  # RFC 2045 §4
    head = "".join(lines).encode("utf-8", "replace")
    return head + b"".join(_Writer(boundaries).part(root, 0))


def structure_of(draft: Draft) -> DraftPart:
    """The tree for text, HTML and attachments: alternatives inside, pictures of the HTML beside it (RFC 2387),
    other attachments around."""
    html = draft.html
    related = tuple(part for part in draft.attachments if html and part.cid and part.disposition == "inline")
    others = tuple(part for part in draft.attachments if part not in related)
    if html is not None and related:
        html = DraftPart("multipart/related", params=(("type", "text/html"),), children=(html, *related))
    bodies = tuple(part for part in (draft.text, html) if part is not None)
    if len(bodies) == 2:
        bodies = (DraftPart("multipart/alternative", children=bodies),)
    if others:
        return DraftPart("multipart/mixed", children=(*bodies, *others))
    return bodies[0] if bodies else DraftPart()


def write_field(field: Field) -> str:
    """One header field with its CRLF, folded."""
    name, value = field.name, field.value
    if not _NAME.match(name):
        raise Invalid("A header field's name has characters that are not allowed.", field=name)
    if isinstance(value, Raw):
        return _bounded(f"{name}:{fields.raw(value.value)}\r\n")
    if isinstance(value, Text):
        return fields.fold(name, fields.text_words(value.value))
    if isinstance(value, Addresses):
        return fields.groups(name, (AddressGroup(None, value.value),))
    if isinstance(value, GroupedAddresses):
        return fields.groups(name, value.value)
    if isinstance(value, MessageIds):
        return fields.angled(name, value.value, "")
    if isinstance(value, Date):
        return f"{name}: {fields.date(value.value)}\r\n"
    return fields.angled(name, value.value, ",")


def _bounded(text: str) -> str:
    """Raw text whose lines are broken at a space, or anywhere, when they have more than 998 bytes."""
    if not _LONG_LINE.search(text.encode("utf-8", "replace")):
        return text
    out = []
    for line in text.removesuffix("\r\n").split("\r\n"):
        while len(line.encode("utf-8", "replace")) > 990:
            head = line.encode("utf-8", "replace")[:990].decode("utf-8", "ignore")
            cut = head.rfind(" ", 1) if " " in head[1:].strip() else len(head)
            out.append(line[:cut])
            line = " " + line[cut:].lstrip(" ")
        out.append(line)
    return "\r\n".join(out) + "\r\n"


class _Writer:
    """Writes one tree of parts."""

    def __init__(self, boundaries: Iterator[str]) -> None:
        self.boundaries = boundaries

    def part(self, part: DraftPart, depth: int) -> list[bytes]:
        """Header, blank line and body of one part, in pieces to be joined."""
        if not _TYPE.match(part.type) or depth > DEPTH:
            raise Invalid("A body part has a type that cannot be written.", field="type")
        if part.type.lower().startswith("multipart/"):
            return self.multipart(part, depth)
        body, encoding = encode_body(part)
        head = "".join(content_fields(part, encoding))
        return [head.encode("utf-8", "replace"), b"\r\n", body]

    def multipart(self, part: DraftPart, depth: int) -> list[bytes]:
        children = [self.part(child, depth + 1) for child in part.children]
        boundary = self.free(children)
        params = tuple(item for item in part.params if item[0].lower() != "boundary")
        own = msgspec.structs.replace(part, params=(*params, ("boundary", boundary)), name=None, charset=None)
        pieces = ["".join(content_fields(own, "7bit")).encode("utf-8", "replace")]
        for child in children:
            pieces += [f"\r\n--{boundary}\r\n".encode(), *child]
        pieces.append(f"\r\n--{boundary}--\r\n".encode())
        return pieces

    def free(self, children: list[list[bytes]]) -> str:
        """The next boundary that does not occur in what it shall separate."""
        for boundary in self.boundaries:
            word = boundary.encode("ascii")
            if not any(word in piece for child in children for piece in child):
                return boundary
        raise Invalid("There are not enough boundaries for the parts.", field="boundaries")


def content_fields(part: DraftPart, encoding: str) -> Iterable[str]:
    """The header fields of one part."""
    given = {field.name.lower() for field in part.fields}
    is_multipart = part.type.lower().startswith("multipart/")
    if is_multipart or "content-type" not in given:
        yield fields.with_parameters("Content-Type", part.type, _type_params(part))
    if part.disposition is not None:
        named = [("filename", part.name)] if part.name else []
        yield fields.with_parameters("Content-Disposition", part.disposition, named)
    if part.cid:
        yield fields.angled("Content-Id", (part.cid,), "")
    if part.language:
        *tags, last = (fields.clean(tag)[:100] for tag in part.language)
        yield fields.fold("Content-Language", [*(tag + "," for tag in tags), last])
    if part.location:
        yield fields.fold("Content-Location", fields.text_words("".join(part.location.split())))
    if encoding != "7bit":
        yield f"Content-Transfer-Encoding: {encoding}\r\n"
    for field in part.fields:
        if field.name.lower() != "content-transfer-encoding" and not (
            is_multipart and field.name.lower() == "content-type"
        ):
            yield write_field(field)


def _type_params(part: DraftPart) -> Iterable[tuple[str, str]]:
    if part.type.lower().startswith("text/"):
        if isinstance(part.body, str):
            yield "charset", "us-ascii" if part.body.isascii() else "utf-8"
        elif part.charset:
            yield "charset", part.charset
    yield from ((name, value) for name, value in part.params if _TYPE.match(f"x/{name}") and name != "charset")
    if part.name and part.disposition is None:
        yield "name", part.name


def encode_body(part: DraftPart) -> tuple[bytes, str]:
    """The body of one part in the transfer encoding that suits it, which is given too (RFC 2045 §6)."""
    kind = part.type.lower()
    is_text = kind.startswith("text/")
    body = part.body
    data = _LINE_END.sub("\r\n", body).encode("utf-8", "replace") if isinstance(body, str) else body
    if kind.startswith(("text/", "message/")) and not _LONE.search(data) and not _LONG_LINE.search(data):
        if data.isascii():
            return data, "7bit"
        if kind == "message/rfc822":  # RFC 2046 §5.2.1 allows nothing else
            return data, "8bit"
    if is_text and not _LONE.search(data) and _is_mostly_ascii(data):
        return _LONE_LF.sub(b"\r\n", binascii.b2a_qp(data, istext=True)), "quoted-printable"
    return base64_lines(data), "base64"


def _is_mostly_ascii(data: bytes) -> bool:
    sample = data[:100_000]
    return sum(byte > 127 for byte in sample) * 6 <= len(sample)


def base64_lines(data: bytes) -> bytes:
    """Base64 in lines of 76 letters, without a line end after the last."""
    letters = binascii.b2a_base64(data, newline=False)
    return b"\r\n".join(letters[start : start + 76] for start in range(0, len(letters), 76))


def needs_smtputf8(raw: bytes) -> bool:
    """Has any header of the message 8-bit bytes, so that only a server with SMTPUTF8 may be given it (RFC 6531)?"""
    return any(not header.value.isascii() for part in parse(raw).walk() for header in part.headers)
