"""What an IMAP server answers, read by a client. RFC 3501 §7, RFC 9051 §7"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Union

from parvis.kernel.errors import Invalid
from parvis.wire.imap import numbers

Value = Union[bytes, list["Value"], None]  # noqa: UP007 - it refers to itself
"""A string, an atom or a number as bytes, NIL, or a list in parentheses."""
_DEEPEST = 50
_STATUS = re.compile(rb"(OK|NO|BAD|BYE|PREAUTH)(?: \[(?P<code>[^\]]*)\])?(?: (?P<text>.*))?\Z", re.I | re.S)
_LITERAL = re.compile(rb"~?\{(\d{1,10})\+?\}\Z")
_TOKEN = re.compile(
    rb"""(?P<space>[ \t]+)|(?P<open>\()|(?P<close>\))|"(?P<quoted>(?:[^"\\]|\\.)*)"
    |(?P<atom>(?:[^\x00-\x20()"\[]|\[[^\]]*\])+)""",
    re.X | re.S,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One response: `tag` is `*`, `+` or that of a command; `kind` in capitals (OK, FETCH, LIST); `number` where
    one stands before the kind; `code` the words in brackets; `values` what follows a kind that is no status."""

    tag: str
    kind: str = ""
    number: int = 0
    code: tuple[str, ...] = ()
    text: str = ""
    values: list[Value] = field(default_factory=list)

    def pairs(self) -> dict[str, Value]:
        """The data items of a FETCH by name in capitals. RFC 9051 §7.5.2"""
        items = self.values[0] if self.values and isinstance(self.values[0], list) else []
        names = [bytes(name).decode("latin-1").upper() for name in items[::2] if isinstance(name, bytes)]
        return dict(zip(names, items[1::2], strict=False))


def literal_size(line: bytes) -> int | None:
    """The bytes of the literal that a line announces at its end, or None. RFC 9051 §4.3"""
    match = _LITERAL.search(line)
    return int(match[1]) if match else None


def parse(parts: Sequence[bytes]) -> Answer:
    """A whole response: its first line, then each literal and the line after it, all without CRLF. Raises
    Invalid."""
    tag, _, rest = parts[0].partition(b" ")
    name = tag.decode("latin-1")
    if name == "+":
        return Answer(name, text=rest.decode("utf-8", "replace"))
    if match := _STATUS.match(rest):
        code = tuple((match["code"] or b"").decode("latin-1").split())
        text = (match["text"] or b"").decode("utf-8", "replace")
        return Answer(name, match[1].decode().upper(), code=code, text=text)
    found = values([rest, *parts[1:]])
    number = found.pop(0) if found and isinstance(found[0], bytes) and found[0].isdigit() else b"0"
    kind = found.pop(0) if found else None
    if not isinstance(kind, bytes) or not isinstance(number, bytes) or len(number) > 20:
        raise Invalid("this is no response")
    return Answer(name, kind.decode("latin-1").upper(), int(number), values=found)


def values(parts: Sequence[bytes]) -> list[Value]:
    """The values in lines with literals between them. Raises Invalid."""
    top: list[Value] = []
    stack = [top]
    for word in _tokens(parts):
        if word == "(":
            if len(stack) > _DEEPEST:
                raise Invalid("too many parentheses")
            inner: list[Value] = []
            stack[-1].append(inner)
            stack.append(inner)
        elif word == ")":
            if len(stack) == 1:
                raise Invalid("a parenthesis too many")
            stack.pop()
        else:
            stack[-1].append(word if isinstance(word, bytes) else None)
    if len(stack) > 1:
        raise Invalid("a parenthesis is missing")
    return top


def _tokens(parts: Sequence[bytes]) -> Iterator[str | bytes | None]:
    for number, part in enumerate(parts):
        if number % 2:
            yield part
            continue
        line = _LITERAL.sub(b"", part) if number + 1 < len(parts) else part
        at = 0
        while at < len(line):
            match = _TOKEN.match(line, at)
            if match is None:
                raise Invalid("this is not understood")
            at = match.end()
            if match["open"] or match["close"]:
                yield "(" if match["open"] else ")"
            elif match["quoted"] is not None:
                yield re.sub(rb"\\(.)", rb"\1", match["quoted"])
            elif match["atom"]:
                yield None if match["atom"].upper() == b"NIL" else match["atom"]


def in_order(text: str, most: int) -> list[int]:
    """The numbers of a set in the order they are written (`304,319:320`), as COPYUID has them. Raises Invalid for
    more than `most`. RFC 4315 §3"""
    found: list[int] = []
    for low, high in numbers.parse(text).ranges:
        if low is None or high is None or abs(high - low) >= most - len(found):
            raise Invalid("that is not what was asked for")
        found += range(low, high + 1) if low <= high else range(low, high - 1, -1)
    return found
