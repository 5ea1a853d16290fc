"""The strings, lists and dates of a response (RFC 9051 §4)."""

import re
from collections.abc import Iterable

from parvis.kernel.clock import from_ms

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
QUOTED_LIMIT = 1_000
_ASTRING = re.compile(rb"[!#$&'+,\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]+\Z")
_QUOTABLE = re.compile(rb"[\x01-\x09\x0b\x0c\x0e-\x7f]*+\Z")
_ESCAPED = re.compile(rb'["\\]')


def quoted(value: str | bytes) -> bytes:
    """A quoted string; beyond ASCII only where the client has asked for UTF-8 (RFC 9051 §4.3, RFC 6855 §3). Raises
    ValueError for line ends and NUL, which no quoted string can hold."""
    data = _octets(value)
    if b"\r" in data or b"\n" in data or b"\0" in data:
        raise ValueError("not for a quoted string")
    return _in_quotes(data)


def _in_quotes(data: bytes) -> bytes:
    if b'"' in data or b"\\" in data:
        data = _ESCAPED.sub(rb"\\\g<0>", data)
    return b'"%b"' % data


def literal(data: bytes) -> bytes:
    """A literal. NUL, which none may hold, becomes 0x80, so that places stay where they are (RFC 9051 §4.3.1)."""
    return b"{%d}\r\n%b" % (len(data), data.replace(b"\0", b"\x80"))


def literal8(data: bytes) -> bytes:
    """A literal of any octets, for BINARY; without NUL among them it is an ordinary one (RFC 3516 §4.4)."""
    return (b"~" if b"\0" in data else b"") + b"{%d}\r\n%b" % (len(data), data)


def string(value: str | bytes) -> bytes:
    """A string every client can read: quoted when it is short and in ASCII, else a literal (RFC 9051 §4.3)."""
    data = _octets(value)
    return _in_quotes(data) if len(data) <= QUOTED_LIMIT and _QUOTABLE.match(data) else literal(data)


def nstring(value: str | bytes | None) -> bytes:
    """A string, or `NIL` for what is not there (RFC 9051 §4.5)."""
    return b"NIL" if value is None else string(value)


def astring(value: str | bytes) -> bytes:
    """An atom where the value is one, else quoted, else a literal. Text beyond ASCII is quoted: whoever writes it
    knows that the client takes UTF-8."""
    data = _octets(value)
    if _ASTRING.match(data) and data.upper() != b"NIL":
        return data
    if isinstance(value, str) and not value.isascii() and not re.search(rb"[\0\r\n]", data):
        return quoted(data)
    return string(data)


def flags(names: Iterable[str]) -> bytes:
    r"""A list of flags in the order they come: `(\Seen $Forwarded)` (RFC 9051 §9, flag-list)."""
    return b"(" + " ".join(names).encode("ascii") + b")"


def internal_date(milliseconds: int) -> bytes:
    """A stored time as `" 7-Feb-1994 21:52:25 +0000"` (RFC 9051 §9, date-time)."""
    moment = from_ms(milliseconds)
    month = MONTHS[moment.month - 1]
    return f'"{moment.day:2d}-{month}-{moment.year:04d} {moment:%H:%M:%S} +0000"'.encode("ascii")


def _octets(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "replace")
