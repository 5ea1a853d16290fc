"""The parts of a message as tests of the body see them (RFC 5173, RFC 5703)."""

from collections.abc import Iterator

import msgspec

from parvis.wire.mime import Header, Part, decode_body, decode_text, inner_message
from parvis.wire.mime.transfer import KNOWN
from parvis.wire.text import html_to_text

_XHTML = "application/xhtml+xml"
_DEPTH = 20
"""Messages inside messages."""


class Entity(msgspec.Struct, frozen=True):
    """A part, with the bytes its offsets count in."""

    raw: bytes
    part: Part
    depth: int = 0

    def children(self) -> list["Entity"]:
        """The parts of a multipart, or the message inside a `message/rfc822`."""
        if self.part.media_type == "message/rfc822" and self.depth < _DEPTH:
            raw, message = inner_message(self.raw, self.part)
            return [Entity(raw, message.root, self.depth + 1)]
        return [Entity(self.raw, child, self.depth) for child in self.part.children]

    def walk(self) -> Iterator["Entity"]:
        """This part and all within, parents first."""
        waiting = [self]
        while waiting:
            entity = waiting.pop()
            yield entity
            waiting += reversed(entity.children())

    def headers(self) -> tuple[Header, ...]:
        """The header fields of the part."""
        return self.part.headers

    def text(self, limit: int) -> str:
        """The content as text, markup removed (RFC 5173 §5.3); at most `limit` bytes of it are read."""
        text = decode_text(self.raw, _short(self.part, limit)).text
        return html_to_text(text, links=False).text if self.part.subtype in ("html", "xhtml+xml") else text


def _short(part: Part, limit: int) -> Part:
    return part if part.size <= limit else msgspec.structs.replace(part, body_end=part.body_start + limit)


def raw_text(entity: Entity, limit: int) -> list[str]:
    """The body of a message without any decoding (RFC 5173 §5.1)."""
    part = _short(entity.part, limit)
    return [_plain(entity.raw[part.body_start : part.body_end])] if _has_body(entity) else []


def _has_body(entity: Entity) -> bool:
    """Is there more than a header without the line that ends it (RFC 5173 §4)?"""
    headers = entity.part.headers
    return not headers or headers[-1].end < len(entity.raw)


def body_texts(entity: Entity, limit: int) -> list[str]:
    """All text of a message (RFC 5173 §5.3), one string for each part."""
    return [_lines(one.text(limit)) for one in entity.walk() if _is_text(one.part)] if _has_body(entity) else []


def _is_text(part: Part) -> bool:
    """Is there text to be read? What is in an encoding that nobody knows is not (RFC 2045 §6.4)."""
    return (part.type == "text" or part.media_type == _XHTML) and part.encoding in KNOWN


def content_texts(entity: Entity, types: list[str], limit: int) -> list[str]:
    """The decoded content of the parts of these types (RFC 5173 §5.2): of a multipart what stands before and after
    its parts, of a message its header."""
    found: list[str] = []
    for one in entity.walk():
        part = one.part
        if not any(_is_type(part, wanted) for wanted in types):
            continue
        if part.is_multipart:
            found += _around(one)
        elif part.media_type == "message/rfc822":
            found += [_header(inner) for inner in one.children() if inner.part.headers]
        elif part.type == "text":
            found.append(_lines(decode_text(one.raw, _short(part, limit)).text))
        else:
            found.append(_plain(decode_body(one.raw, _short(part, limit))))
    return found


def _header(entity: Entity) -> str:
    part = entity.part
    return _plain(entity.raw[part.header_start : part.headers[-1].end])


def _is_type(part: Part, wanted: str) -> bool:
    """`""` is any type, `text` all of its subtypes; what is no type is none (RFC 5173 §5.2)."""
    wanted = wanted.lower()
    if "/" in wanted:
        return wanted == part.media_type
    return not wanted or wanted == part.type


def _around(entity: Entity) -> list[str]:
    """Prologue and epilogue of a multipart."""
    part, raw = entity.part, entity.raw
    mark = b"--" + part.params.get("boundary", "").encode("utf-8", "replace")
    first = part.children[0].header_start if part.children else part.body_end
    last = part.children[-1].body_end if part.children else part.body_end
    before, _, _ = raw[part.body_start : first].rpartition(mark)
    _, _, after = raw[last : part.body_end].partition(mark + b"--")
    return [_plain(before), _plain(after)]


def _plain(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _lines(text: str) -> str:
    """Text with the line ends that strings of a script have."""
    return text.replace("\r\n", "\n").replace("\n", "\r\n")
