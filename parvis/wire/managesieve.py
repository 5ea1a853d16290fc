"""The grammar of ManageSieve: commands as a server reads them, and what it answers. RFC 5804 §4"""

import re
from collections.abc import Sequence

import msgspec

from parvis.kernel.errors import Invalid

_MARK = re.compile(rb"\{(\d{1,10})(\+?)\}\Z")
_NAME = re.compile(rb"[A-Za-z]{1,32}(?= |\Z)")
_ARGUMENT = re.compile(rb' (?:"((?:[^"\\\0]|\\["\\])*)"|(\d{1,10})(?= |\Z))')
_ESCAPED = re.compile(rb'\\(["\\])')
_SPECIAL = re.compile(r'["\\]')
_NOT_QUOTED = re.compile(r"[\r\n\0]")
_QUOTED = 1000
"""Bytes of a quoted string that is written; a longer one is a literal. RFC 5804 §4 allows 1024."""
_ARGUMENTS = 8


class Command(msgspec.Struct, frozen=True):
    """A command: its name in capitals, its arguments as bytes (strings) and numbers."""

    name: str
    arguments: tuple[bytes | int, ...] = ()


def literal_size(line: bytes) -> int | None:
    """Octets of the literal that a line, without its CRLF, announces at its end; None when it announces none. They
    follow without being asked for. RFC 5804 §4 (literal-c2s)"""
    match = _MARK.search(line, max(0, len(line) - 16)) if line.endswith(b"}") else None
    return None if match is None else int(match[1])


def parse(lines: Sequence[bytes], literals: Sequence[bytes]) -> Command:
    """A command from its lines, each but the last ended by a literal. Raises Invalid."""
    name = _NAME.match(lines[0])
    if name is None:
        raise Invalid("That is no command.")
    found: list[bytes | int] = []
    for index, line in enumerate(lines):
        start = name.end() if index == 0 else 0
        if index < len(literals):
            mark = _MARK.search(line)
            end = mark.start() if mark is not None else len(line)
            if end <= start or line[end - 1 : end] != b" ":
                raise Invalid("A space stands before each argument.")
            found += [*_arguments(line[start : end - 1]), literals[index]]
        else:
            found += _arguments(line[start:])
    return Command(name.group().decode().upper(), tuple(found))


def parse_string(lines: Sequence[bytes], literals: Sequence[bytes]) -> bytes:
    """A string that stands alone on its line, as an answer to a challenge. Raises Invalid. RFC 5804 §2.1"""
    if literals:
        if _MARK.fullmatch(lines[0]) is None or any(lines[1:]) or len(literals) > 1:
            raise Invalid("That is no string.")
        return literals[0]
    found = _arguments(b" " + lines[0])
    if len(found) != 1 or not isinstance(found[0], bytes):
        raise Invalid("That is no string.")
    return found[0]


def _arguments(text: bytes) -> list[bytes | int]:
    found: list[bytes | int] = []
    place = 0
    while place < len(text):
        match = _ARGUMENT.match(text, place)
        if match is None or len(found) >= _ARGUMENTS:
            raise Invalid("That cannot be read as arguments.")
        found.append(int(match[2]) if match[2] else _ESCAPED.sub(rb"\1", match[1]))
        place = match.end()
    return found


def string(text: str) -> str:
    """A text as a server writes it: quoted, or as a literal when it is long or has line ends."""
    size = len(text.encode("utf-8", "replace"))
    if size > _QUOTED or _NOT_QUOTED.search(text):
        return f"{{{size}}}\r\n{text}"
    return '"' + _SPECIAL.sub(r"\\\g<0>", text) + '"'


def answer(word: str, text: str = "", code: str = "") -> bytes:
    """`OK`, `NO` or `BYE` with a code and words for people. RFC 5804 §1.2, §1.3"""
    parts = [word, f"({code})" if code else "", string(text) if text else ""]
    return (" ".join(part for part in parts if part) + "\r\n").encode("utf-8", "replace")
