"""The Authentication-Results field: what a server found out about who sent a message. RFC 8601"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from parvis.kernel.errors import Invalid
from parvis.wire import mime

FIELD = "Authentication-Results"
FIELD_BYTES = 50_000
_STRANGE = re.compile(r"[^\x20-\x7e]")
_PLAIN = re.compile(r"[A-Za-z0-9!#$&'*+./@^_`{|}~-]+\Z")
_SPACE = re.compile(r"[ \t\r\n]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.S)
_WORD = re.compile(r"[^\s\"(;=]+")
_METHOD = re.compile(r"([a-z][a-z0-9-]*)(?:\s*/\s*\d+)?\Z", re.I | re.A)
_PROPERTY = re.compile(r"([a-z]+)\s*\.\s*([a-z][a-z0-9_-]*)\Z", re.I | re.A)


@dataclass(frozen=True, slots=True)
class Result:
    """What one method found (RFC 8601 §2.2, §2.3, §2.7.2); `properties` are such as
    `("header.d", "example.org")`."""

    method: str
    value: str
    reason: str = ""
    properties: tuple[tuple[str, str], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Results:
    """One field: who says it (RFC 8601 §2.5), and what."""

    server: str
    results: tuple[Result, ...]


def value(server: str, results: Sequence[Result]) -> str:
    """The value of the field, one line for each result (RFC 8601 §2.2)."""
    lines = [f"{server}", *(_line(result) for result in results)]
    return ";\r\n\t".join(lines if results else [server, "none"])


def write(server: str, results: Sequence[Result]) -> bytes:
    """The whole field; its lines end with CRLF."""
    return f"{FIELD}: {value(server, results)}\r\n".encode()


def _line(result: Result) -> str:
    reason = f' reason="{_escaped(result.reason)}"' if result.reason else ""
    shown = "".join(f" {name}={_value(text)}" for name, text in result.properties if text)
    return f"{result.method}={result.value}{reason}{shown}"


def _value(text: str) -> str:
    clean = _STRANGE.sub("?", text)[:300]
    return clean if _PLAIN.match(clean) else f'"{_escaped(clean)}"'


def _escaped(text: str) -> str:
    return _STRANGE.sub("?", text)[:300].replace("\\", "\\\\").replace('"', '\\"')


def beginning(signature: bytes) -> str:
    """The first characters of a signature, by which `header.b` tells two of a domain apart (RFC 6008 §4)."""
    return base64.b64encode(signature[:6]).decode()


def parse(text: str) -> Results:
    """Reads the value of a field (RFC 8601 §2.6). Raises Invalid for what is none."""
    if len(text) > FIELD_BYTES:
        raise Invalid("the field is too long")
    parts = _split(text)
    head = parts[0]
    if not head or head[0] == "=" or len(head) > 2:
        raise Invalid("nobody says who found this")
    return Results(head[0], tuple(_result(part) for part in parts[1:] if part and part != ["none"]))


def server_of(text: str) -> str | None:
    """Who says it; None when the field cannot be read."""
    try:
        head = _split(text[:FIELD_BYTES])[0]
    except Invalid:
        return None
    return head[0] if head and head[0] != "=" else None


def _result(words: list[str]) -> Result:
    method = _METHOD.match(words[0])
    if method is None or len(words) < 3 or words[1] != "=":
        raise Invalid("a result is not understood")
    reason, found, rest = "", [], words[3:]
    if len(rest) % 3:
        raise Invalid("a property is not understood")
    for name, mark, said in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        if mark != "=":
            raise Invalid("a property is not understood")
        if name.lower() == "reason":
            reason = said
        elif known := _PROPERTY.match(name):
            found.append((f"{known[1]}.{known[2]}".lower(), said))
        else:
            raise Invalid("a property is not understood")
    return Result(method[1].lower(), words[2].lower(), reason, tuple(found))


def _split(text: str) -> list[list[str]]:
    """The words between semicolons, `=` being one of its own; comments are left out (RFC 8601 §2.2, RFC 5322
    §3.2.2)."""
    parts: list[list[str]] = [[]]
    place = 0
    while place < len(text):
        letter = text[place]
        if space := _SPACE.match(text, place):
            place = space.end()
        elif letter == "(":
            place = _after_comment(text, place)
        elif letter == ";":
            parts.append([])
            place += 1
        elif letter == "=":
            parts[-1].append("=")
            place += 1
        elif quoted := _QUOTED.match(text, place):
            parts[-1].append(re.sub(r"\\(.)", r"\1", quoted[1], flags=re.S))
            place = quoted.end()
        elif word := _WORD.match(text, place):
            parts[-1].append(word[0])
            place = word.end()
        else:
            raise Invalid("the field is not understood")
    return parts


def _after_comment(text: str, place: int) -> int:
    depth = 0
    while place < len(text):
        letter = text[place]
        if letter == "\\":
            place += 1
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
            if depth == 0:
                return place + 1
        place += 1
    raise Invalid("a comment does not end")


def strip(raw: bytes, server: str, start: int = 0) -> bytes:
    """The message that begins at `start`, without fields that claim to be by `server`, or of which nobody can say
    by whom they are: they are forged, since only we write ours, and we have not yet (RFC 8601 §5)."""
    fields, _ = mime.header(raw, start)
    kept, place = [], start
    for each in fields:
        if each.name.lower() == FIELD.lower() and _is_by(each.value, server):
            kept.append(raw[place : each.start])
            place = each.end
    return b"".join([*kept, raw[place:]]) if place != start or start else raw


def _is_by(value: bytes, server: str) -> bool:
    said = server_of(value.decode("latin-1"))
    return said is None or said.lower().rstrip(".") == server.lower().rstrip(".")
