"""What FETCH asks for: items, sections of a message, parts of a section (RFC 9051 §6.4.5, RFC 3516 §4.2)."""

import re
from typing import Literal

import msgspec

from .reader import Reader
from .tokens import astring

_SIMPLE = frozenset(
    [
        "FLAGS",
        "UID",
        "RFC822.SIZE",
        "INTERNALDATE",
        "ENVELOPE",
        "BODY",
        "BODYSTRUCTURE",
        "MODSEQ",
        "EMAILID",
        "THREADID",
        "SAVEDATE",
        "PREVIEW",
    ]
)
_MACROS = {
    "FAST": ("FLAGS", "INTERNALDATE", "RFC822.SIZE"),
    "ALL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"),
    "FULL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"),
}
_PARTS = frozenset({"HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT", "TEXT", "MIME"})
_SECTION = re.compile(r"(?:(\d{1,9}(?:\.\d{1,9})*+)(?:\.(?=[A-Z])|\Z))?([A-Z.]*)\Z", re.A)

PartName = Literal["", "HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT", "TEXT", "MIME"]


class Simple(msgspec.Struct, frozen=True):
    """An item that is a word."""

    name: str
    lazy: bool = False
    """A preview only when it costs nothing (RFC 8970 §4.1)."""


class Section(msgspec.Struct, frozen=True):
    """A piece of a message."""

    kind: Literal["BODY", "BINARY", "BINARY.SIZE", "RFC822"]
    numbers: tuple[int, ...] = ()
    """Which part, from the outside to the inside."""
    part: PartName = ""
    fields: tuple[str, ...] = ()
    peek: bool = False
    """Reading it does not set `\\Seen`."""
    partial: tuple[int, int] | None = None
    """First octet and number of octets."""

    @property
    def is_whole(self) -> bool:
        """Whether it is all octets of the message, or some of them."""
        return not self.numbers and not self.part and self.kind != "BINARY.SIZE"

    def label(self) -> bytes:
        """The name under which the response gives it: without PEEK, with the first octet of a partial."""
        if self.kind == "RFC822":
            return b"RFC822." + self.part.encode() if self.part else b"RFC822"
        words = [str(number) for number in self.numbers] + ([self.part] if self.part else [])
        fields = b" (" + b" ".join(map(astring, self.fields)) + b")" if self.fields else b""
        origin = b"" if self.partial is None else b"<%d>" % self.partial[0]
        return self.kind.encode() + b"[" + ".".join(words).encode() + fields + b"]" + origin


FetchItem = Simple | Section


def read_items(reader: Reader) -> tuple[FetchItem, ...]:
    """A macro, one item or a list of items."""
    if reader.next_is(b"("):
        return tuple(dict.fromkeys(reader.listed(lambda: read_item(reader))))
    name = reader.name("An item to fetch")
    if name in _MACROS:
        return tuple(Simple(item) for item in _MACROS[name])
    return (_item(reader, name),)


def read_item(reader: Reader) -> FetchItem:
    """One item."""
    return _item(reader, reader.name("An item to fetch"))


def _item(reader: Reader, name: str) -> FetchItem:
    if reader.next_is(b"["):
        return _section(reader, name)
    if name == "RFC822":
        return Section("RFC822")
    if name == "RFC822.HEADER":
        return Section("RFC822", part="HEADER", peek=True)
    if name == "RFC822.TEXT":
        return Section("RFC822", part="TEXT")
    if name == "PREVIEW":
        return Simple(name, reader.take_word(b" (LAZY)"))
    if name not in _SIMPLE:
        reader.bad(f"There is no item {name[:40]}")
    return Simple(name)


def _section(reader: Reader, name: str) -> Section:
    """`BODY[1.2.HEADER]<0.100>` from its bracket on."""
    peek = name.endswith(".PEEK")
    kind = name.removesuffix(".PEEK")
    if kind not in ("BODY", "BINARY", "BINARY.SIZE") or name == "BINARY.SIZE.PEEK":
        reader.bad(f"{name[:40]} has no sections")
    reader.expect(b"[")
    match = _SECTION.match("" if reader.next_is(b"]") else reader.name("A section"))
    numbers = tuple(int(word) for word in (match[1] or "").split(".") if word) if match else ()
    part = match[2] if match else ""
    if match is None or 0 in numbers or (part and (part not in _PARTS or kind != "BODY")):
        reader.bad("There is no such section")
    if part == "MIME" and not numbers:
        reader.bad("MIME belongs to a part")
    fields: tuple[str, ...] = ()
    if part.startswith("HEADER.FIELDS"):
        reader.space()
        fields = reader.listed(reader.text)
    reader.expect(b"]")
    partial = _partial(reader) if kind != "BINARY.SIZE" else None
    return Section(kind, numbers, part, fields, peek or kind == "BINARY.SIZE", partial)  # type: ignore[arg-type]


def _partial(reader: Reader) -> tuple[int, int] | None:
    """`<offset.count>` (RFC 9051 §9, partial)."""
    if not reader.take(b"<"):
        return None
    first = reader.modseq()
    reader.expect(b".")
    count = reader.modseq(1)
    reader.expect(b">")
    return first, count
