"""The MIME structure of a message as it is kept beside it: enough to show, count and cut out every part without
parsing the message again. RFC 8621 §4.1.4"""

from collections.abc import Iterator

import msgspec

from parvis.kernel.mapped import Raw
from parvis.wire import mime

PLAIN = frozenset({"7bit", "8bit", "binary"})
_UU = frozenset({"x-uuencode", "uuencode", "x-uue", "uue"})


class Node(msgspec.Struct, frozen=True, array_like=True):
    """One part. Offsets count bytes of the raw message; `size` counts octets after transfer decoding."""

    section: str
    media_type: str
    size: int
    header_start: int
    start: int
    end: int
    encoding: str = "7bit"
    charset: str | None = None
    name: str | None = None
    disposition: str | None = None
    cid: str | None = None
    language: tuple[str, ...] | None = None
    location: str | None = None
    lines: int = 0
    children: tuple["Node", ...] = ()

    @property
    def is_multipart(self) -> bool:
        """Has parts instead of a body."""
        return self.media_type.startswith("multipart/")

    @property
    def is_text(self) -> bool:
        """Has a text that JMAP shows as a body value."""
        return self.media_type.startswith("text/")


class Structure(msgspec.Struct, frozen=True, array_like=True):
    """The tree, and the sections of JMAP's three flat lists."""

    root: Node
    text: tuple[str, ...] = ()
    html: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()

    def walk(self) -> Iterator[Node]:
        """Every part, parents before children, in the order of the message."""
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))

    def leaves(self) -> dict[str, Node]:
        """Every part that is not a multipart, by section."""
        return {node.section: node for node in self.walk() if not node.is_multipart}


_decoder = msgspec.json.Decoder(Structure)


def encode(structure: Structure) -> bytes:
    """The form that is stored."""
    return msgspec.json.encode(structure)


def decode(stored: bytes) -> Structure:
    """The structure that `encode` stored."""
    return _decoder.decode(stored)


def structure_of(raw: Raw, message: mime.Message, views: mime.BodyViews) -> Structure:
    """The structure of a parsed message."""
    return Structure(
        _node(raw, message.root),
        tuple(part.section for part in views.text_body),
        tuple(part.section for part in views.html_body),
        tuple(part.section for part in views.attachments),
    )


def _node(raw: Raw, part: mime.Part) -> Node:
    return Node(
        section=part.section,
        media_type=part.media_type,
        size=0 if part.is_multipart else mime.decoded_size(raw, part),
        header_start=part.header_start,
        start=part.body_start,
        end=part.body_end,
        encoding=part.encoding,
        charset=part.charset,
        name=part.filename,
        disposition=part.disposition,
        cid=part.content_id,
        language=part.language,
        location=part.location,
        lines=part.lines,
        children=tuple(_node(raw, child) for child in part.children),
    )


def body_part(node: Node, length: int) -> mime.Part:
    """The part as wire/mime decodes it, when its raw body alone, of `length` bytes, was read from the blob."""
    kind, _, subtype = node.media_type.partition("/")
    return mime.Part(
        headers=(),
        header_start=0,
        body_start=0,
        body_end=length,
        lines=node.lines,
        type=kind,
        subtype=subtype,
        section=node.section,
        params={},
        charset=node.charset,
        disposition=node.disposition,
        disposition_params={},
        filename=node.name,
        content_id=node.cid,
        language=node.language,
        location=node.location,
        encoding=node.encoding,
    )


def code_of(encoding: str) -> str:
    """The letter of a transfer encoding in the id of a part's blob."""
    if encoding == "base64":
        return "b"
    if encoding == "quoted-printable":
        return "q"
    return "u" if encoding in _UU else "n"


ENCODINGS = {"b": "base64", "q": "quoted-printable", "u": "x-uuencode", "n": "binary"}
