"""The form of a message that is signed: header fields and body, `simple` or `relaxed`. RFC 6376 §3.4"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Literal, cast

from parvis.kernel.errors import Invalid
from parvis.wire import mime
from parvis.wire.mime import Header

Form = Literal["simple", "relaxed"]
_PIECE = 100_000
_RUN = re.compile(rb"[ \t]+")
_BLANK_LINES = re.compile(rb"(?:\n\r)*")


class Text:
    """A message cut into header fields and body; what was hashed for one signature is not hashed again for the
    next. `start` is where the message begins in `raw`, behind what we put before it ourselves."""

    def __init__(self, raw: bytes, start: int = 0) -> None:
        self.raw = raw
        self.fields, self._body = mime.header(raw, start)
        self.header_size = self._body - start
        self._digests: dict[tuple[Form, int | None], bytes] = {}
        self._bodies: dict[Form, bytes] = {}

    def all(self, name: str) -> list[Header]:
        """The fields of a name, from the top; case does not matter."""
        return [field for field in self.fields if field.name.lower() == name]

    def body(self, form: Form) -> bytes:
        """The body in a form."""
        if form not in self._bodies:
            self._bodies[form] = canonical_body(self.raw[self._body :], form)
        return self._bodies[form]

    def digest(self, form: Form, length: int | None = None) -> bytes:
        """SHA-256 of the body, or of its first bytes (RFC 6376 §3.7)."""
        if (form, length) not in self._digests:
            self._digests[form, length] = hashlib.sha256(memoryview(self.body(form))[:length]).digest()
        return self._digests[form, length]

    def field(self, field: Header, form: Form) -> bytes:
        """One field in a form, with its line end (RFC 6376 §3.4.1, §3.4.2)."""
        if form == "simple":
            return self.raw[field.start : field.end].removesuffix(b"\r\n") + b"\r\n"
        return canonical_field(field.name, field.value)

    def chosen(self, names: Iterable[str], form: Form, besides: Header) -> list[bytes]:
        """The fields that a list of names stands for: each name takes the lowest that is left, or nothing.
        `besides` is the signature itself (RFC 6376 §5.4.2)."""
        left: dict[str, list[Header]] = defaultdict(list)
        for field in self.fields:
            if field is not besides:
                left[field.name.lower()].append(field)
        return [self.field(left[name].pop(), form) for name in names if left.get(name)]


def canonical_field(name: str, value: bytes) -> bytes:
    """A field `relaxed`, with its line end (RFC 6376 §3.4.2)."""
    unfolded = _RUN.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ")
    return name.lower().encode("ascii") + b":" + unfolded + b"\r\n"


def canonical_body(body: bytes, form: Form) -> bytes:
    """The body `simple` or `relaxed` (RFC 6376 §3.4.3, §3.4.4)."""
    if form == "relaxed":
        body = b"".join(_lines_relaxed(body)).removesuffix(b" ")
    end = body[len(body.rstrip(b"\r\n")) :]
    blank = _BLANK_LINES.match(end[::-1])
    body = body[: len(body) - (blank.end() if blank else 0)]
    return body + b"\r\n" if body or form == "simple" else b""


def _lines_relaxed(body: bytes) -> Iterator[bytes]:
    """The body without needless space, some thousand lines at a time, so that a thread that hashes a large message
    lets the others work in between."""
    place = 0
    while place < len(body):
        end = body.find(b"\n", place + _PIECE) + 1 or len(body)
        lines = body[place:end].replace(b"\t", b" ")
        while b"  " in lines:
            lines = lines.replace(b"  ", b" ")
        yield lines.replace(b" \r\n", b"\r\n")
        place = end


def forms(value: str) -> tuple[Form, Form]:
    """What `c=` says for header and body (RFC 6376 §3.5). Raises Invalid."""
    header, _, body = value.lower().partition("/")
    for form in (header, body or "simple"):
        if form not in ("simple", "relaxed"):
            raise Invalid("a canonicalisation that is not known")
    return cast(Form, header), cast(Form, body or "simple")
