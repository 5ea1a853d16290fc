"""What a parsed message is: parts, header fields and what is read out of them. Offsets count bytes of the raw
message."""

from typing import NamedTuple

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """How much of a hostile message is looked at. What is beyond a limit is never lost: it stays in the raw
    bytes and in the body of the part that holds it."""

    depth: int = 40
    """Multiparts inside multiparts; a deeper one is a leaf of type `application/octet-stream`."""
    parts: int = 2_000
    """Parts in one message; later delimiters are text of the last part."""
    headers: int = 5_000
    """Header fields in one message, all parts together; later ones are skipped."""
    addresses: int = 10_000
    """Mailboxes read out of one header field."""
    value: int = 200_000
    """Bytes of one header field that a parsed form looks at (the Raw form has them all)."""


LIMITS = Limits()


class Header(msgspec.Struct, frozen=True, gc=False):
    """One header field as written (RFC 5322 §2.2)."""

    name: str
    """The field name with its capitalisation."""
    value: bytes
    """Everything after the colon up to, not including, the last line end; folding and leading space
    included."""
    start: int
    """Where the field name begins in the raw message."""
    end: int
    """Where the next line begins."""


class Address(NamedTuple):
    """One mailbox (RFC 8621 §4.1.2.3)."""

    name: str | None
    email: str


class AddressGroup(NamedTuple):
    """A named group, or, with the name `None`, neighbouring mailboxes outside of any group (RFC 8621
    §4.1.2.4)."""

    name: str | None
    addresses: tuple[Address, ...]


class DecodedText(NamedTuple):
    """Text of a part. `is_encoding_problem` is JMAP's isEncodingProblem (RFC 8621 §4.1.4)."""

    text: str
    is_encoding_problem: bool


class Part(msgspec.Struct, frozen=True):
    """One MIME entity (RFC 2045 §2.4): the message itself or a body part of a multipart."""

    headers: tuple[Header, ...]
    header_start: int
    body_start: int
    """First byte after the blank line that ends the header."""
    body_end: int
    """One past the last byte of the body; the line end before a delimiter belongs to the delimiter (RFC 2046
    §5.1.1)."""
    lines: int
    """Line ends in the raw body; 0 for a multipart."""
    type: str
    """Major type in lower case, such as `text`."""
    subtype: str
    """Minor type in lower case, such as `plain`."""
    section: str
    """The number IMAP gives it (RFC 9051 §6.4.5): `""` for a root that is a multipart, `"1"`, `"2.1"`, ..."""
    params: dict[str, str]
    """Parameters of Content-Type, names in lower case, values decoded (RFC 2231)."""
    charset: str | None
    """JMAP's charset: `us-ascii` where the standard implies it, `None` for types that have none."""
    disposition: str | None
    """`inline`, `attachment` or another word, in lower case; `None` without the field."""
    disposition_params: dict[str, str]
    filename: str | None
    """JMAP's name: decoded `filename` of Content-Disposition, else `name` of Content-Type."""
    content_id: str | None
    """Without angle brackets."""
    language: tuple[str, ...] | None
    location: str | None
    encoding: str
    """Content-Transfer-Encoding in lower case; `7bit` when there is none."""
    children: tuple["Part", ...] = ()

    @property
    def size(self) -> int:
        """Bytes of the raw (still encoded) body."""
        return self.body_end - self.body_start

    @property
    def media_type(self) -> str:
        """Such as `text/plain`."""
        return f"{self.type}/{self.subtype}"

    @property
    def is_multipart(self) -> bool:
        return self.type == "multipart"

    @property
    def part_id(self) -> str | None:
        """JMAP's partId: the section, or `None` for a multipart."""
        return None if self.type == "multipart" else self.section

    def all(self, name: str) -> list[Header]:
        """Every header field of that name, in order; case does not matter."""
        wanted, length = name.lower(), len(name)
        return [one for one in self.headers if len(one.name) == length and one.name.lower() == wanted]

    def last(self, name: str) -> Header | None:
        """The last header field of that name, which is the one JMAP reads (RFC 8621 §4.1.3)."""
        wanted, length = name.lower(), len(name)
        for header in reversed(self.headers):
            if len(header.name) == length and header.name.lower() == wanted:
                return header
        return None


class Message(msgspec.Struct, frozen=True):
    """A parsed message. The raw bytes are not kept here: functions that need them take them as an
    argument."""

    root: Part
    size: int
    """Bytes of the raw message."""
    defects: tuple[str, ...] = ()
    """What was not as it should be, each word once: `depth`, `parts`, `headers` (a limit was met),
    `junk-header`, `no-boundary`, `no-parts`, `unclosed`, `bad-content-type`."""

    def leaves(self) -> list[Part]:
        """Every part that is not a multipart, in the order of the message."""
        return [part for part in self.walk() if not part.is_multipart]

    def walk(self) -> list[Part]:
        """Every part, parents before children, in the order of the message."""
        found, waiting = [], [self.root]
        while waiting:
            part = waiting.pop()
            found.append(part)
            waiting.extend(reversed(part.children))
        return found

    def part(self, section: str) -> Part | None:
        """The part of that JMAP partId or IMAP section, or `None`."""
        return next((part for part in self.walk() if part.section == section), None)
