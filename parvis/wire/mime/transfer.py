"""Content-Transfer-Encoding (RFC 2045 §6): decoding that forgives everything, and sizes without decoding
twice."""

import binascii
import re
from collections.abc import Iterator
from typing import TypeVar

import msgspec

from parvis.kernel.mapped import PIECE, Raw

from .charsets import decode
from .model import DecodedText, Message, Part
from .scan import parse

T = TypeVar("T", bound=Raw)
KNOWN = frozenset(
    {"7bit", "8bit", "binary", "base64", "quoted-printable", "x-uuencode", "uuencode", "x-uue", "uue"}
)
_UU = frozenset({"x-uuencode", "uuencode", "x-uue", "uue"})
_NOT_BASE64 = bytes(
    sorted(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
)
_BASE64_AND_SPACE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n\t "
_RUNS = 1_000
"""With more paddings than this in a base64 body it is nonsense, and is read as one run."""
_SPACE_AT_END = re.compile(rb"(?<![ \t])[ \t]++(?=\r?\n)")
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} [^\n]*\n", re.M)
_UU_END = re.compile(rb"^end[ \t\r]*$", re.M)


def decode_body(raw: Raw, part: Part) -> bytes:
    """The octets of a part after transfer decoding: what JMAP gives as its blob (RFC 8621 §4.1.4). Never
    fails; an encoding that is not known is read as none. Garbage inside base64 is skipped, a torn end is
    dropped."""
    body = raw[part.body_start : part.body_end]
    encoding = part.encoding
    if encoding == "base64":
        return base64(body)
    if encoding == "quoted-printable":
        return quoted_printable(body)
    if encoding in _UU:
        return uuencoded(body)
    return body


def base64(body: bytes) -> bytes:
    """Base64 with whatever stands between its letters. Padding in the middle, as of files put one after the other,
    begins a new run (RFC 2045 §6.8). A text that a mailing list put behind the letters is left out."""
    return _loose(body[: _letters_end(body, 0, len(body))])


def _letters_end(raw: Raw, start: int, end: int) -> int:
    """Where base64 ends: before a line of words after the letters have ended, which is after padding, an empty or a
    shorter line."""
    if not any(piece.translate(None, _BASE64_AND_SPACE) for piece in _pieces(raw, start, end)):
        return end
    longest, ended = 0, False
    while start < end:
        after = raw.find(b"\n", start, end) + 1 or end
        bare = raw[start:after].strip()
        if ended and bare.translate(None, _BASE64_AND_SPACE):
            return start
        if bare:
            longest = max(longest, len(bare))
            ended = bare.endswith(b"=") or len(bare) < longest
        elif longest:
            ended = True
        start = after
    return end


def _loose(body: bytes) -> bytes:
    if body.count(b"=") > _RUNS:
        return _run(body)
    return b"".join(_run(run) for run in body.split(b"=") if run)


def _run(run: bytes) -> bytes:
    letters = run.translate(None, _NOT_BASE64)
    extra = len(letters) % 4
    if extra == 1:
        letters = letters[:-1]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def quoted_printable(body: bytes) -> bytes:
    """Quoted-printable; a `=` that begins nothing stays as it is, spaces at the end of a line go (RFC 2045
    §6.7)."""
    return body if b"=" not in body else _unquoted(body)


def _unquoted(body: bytes) -> bytes:
    if any(end in body for end in (b" \r\n", b"\t\r\n", b" \n", b"\t\n")):
        body = _SPACE_AT_END.sub(b"", body)
    return binascii.a2b_qp(body)


def uuencoded(body: bytes) -> bytes:
    """The first file of a uuencoded body; a line that is torn is read as far as it goes."""
    begin = _UU_BEGIN.search(body)
    start = begin.end() if begin else 0
    end = _UU_END.search(body, start)
    return b"".join(_uu_line(line) for line in body[start : end.start() if end else len(body)].splitlines())


def _uu_line(line: bytes) -> bytes:
    line = line.rstrip(b"\r\n")
    if not line:
        return b""
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        count = (((line[0] - 32) & 63) * 4 + 5) // 3
        try:
            return binascii.a2b_uu(line[:count])
        except binascii.Error:
            return b""


def decoded_size(raw: Raw, part: Part) -> int:
    """Octets of `decode_body` (JMAP's size), counted piece by piece."""
    encoding = part.encoding
    if encoding == "base64":
        return _base64_size(raw, part.body_start, part.body_end)
    if encoding == "quoted-printable":
        return _quoted_printable_size(raw, part.body_start, part.body_end)
    return len(decode_body(raw, part)) if encoding in _UU else part.size


def _pieces(raw: Raw, start: int, end: int) -> Iterator[bytes]:
    return (raw[at : min(at + PIECE, end)] for at in range(start, end, PIECE))


def _base64_size(raw: Raw, start: int, end: int) -> int:
    end = _letters_end(raw, start, end)
    if raw.count(b"=", start, end) > _RUNS:
        return _run_size(raw, start, end)
    size = 0
    while start < end:
        at = raw.find(b"=", start, end)
        stop = end if at < 0 else at
        size += _run_size(raw, start, stop)
        start = stop + 1
    return size


def _run_size(raw: Raw, start: int, end: int) -> int:
    letters = sum(len(piece.translate(None, _NOT_BASE64)) for piece in _pieces(raw, start, end))
    return letters // 4 * 3 + (0, 0, 1, 2)[letters % 4]


def _quoted_printable_size(raw: Raw, start: int, end: int) -> int:
    """No line reaches into the next one, so that whole lines can be read by themselves."""
    if raw.find(b"=", start, end) < 0:
        return end - start
    size = 0
    while start < end:
        after = raw.find(b"\n", min(start + PIECE, end), end) + 1 or end
        size += len(_unquoted(raw[start:after]))
        start = after
    return size


def decode_text(raw: Raw, part: Part, most: int | None = None) -> DecodedText:
    """The text of a part: transfer encoding and charset decoded, CRLF as LF (RFC 8621 §4.1.4, bodyValues). Of a
    part with more raw octets than `most` only these are read, to the end of their last whole word."""
    if most is None or part.size <= most:
        body = decode_body(raw, part)
    else:
        body = decode_body(raw, msgspec.structs.replace(part, body_end=part.body_start + most))
        body = body[: max(body.rfind(b"\n"), body.rfind(b" ")) + 1] or body
    text, problem = decode(body, declared_charset(part))
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    return DecodedText(text, problem or part.encoding not in KNOWN)


def declared_charset(part: Part) -> str | None:
    """The charset label to decode with."""
    return part.charset


def inner_message(raw: T, part: Part) -> tuple[bytes | T, Message]:
    """The message inside a `message/rfc822` part, with the bytes its offsets count in: `raw` itself where
    nothing is encoded, so that places stay true for IMAP; else the decoded body."""
    if part.encoding in ("base64", "quoted-printable") or part.encoding in _UU:
        body = decode_body(raw, part)
        return body, parse(body)
    return raw, parse(raw, part.body_start, part.body_end)
