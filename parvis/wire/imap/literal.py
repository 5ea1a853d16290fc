"""Literals: a string announced by its number of octets (RFC 9051 §4.3), without waiting (RFC 7888), or of any
octets (RFC 3516 §4.4)."""

import re

import msgspec

_MARK = re.compile(rb"(~?)\{(\d{1,19})(\+?)\}\Z")
_LARGEST = 2**63 - 1


class LiteralMark(msgspec.Struct, frozen=True):
    """What the end of a line announces."""

    size: int
    plus: bool
    """The client does not wait for `+` (RFC 7888 §4)."""
    binary: bool
    """`~{n}`: NUL may be among the octets (RFC 3516 §4.4)."""


class Octets(msgspec.Struct, frozen=True):
    """A literal that came; `data` is `None` when its octets went elsewhere, as those of a message."""

    size: int
    data: bytes | None = None
    binary: bool = False


def literal_at_end(line: bytes) -> LiteralMark | None:
    """The literal that a line, without its CRLF, announces at its end; `None` when it announces none."""
    if not line.endswith(b"}"):
        return None
    match = _MARK.search(line, max(0, len(line) - 24))
    if match is None or int(match[2]) > _LARGEST:
        return None
    return LiteralMark(int(match[2]), bool(match[3]), bool(match[1]))
