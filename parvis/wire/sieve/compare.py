"""Comparators (RFC 5228 §2.7.3, RFC 4790, RFC 5051) and match types (§2.7.1, RFC 5231), in time that grows with the
lengths of what is compared."""

import operator
import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

COMPARATORS: Mapping[str, str] = {
    "i;octet": "",
    "i;ascii-casemap": "",
    "i;ascii-numeric": "comparator-i;ascii-numeric",
    "i;unicode-casemap": "comparator-i;unicode-casemap",
}
"""Names of the comparators and the capability that must be required for each."""
RELATIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
    "eq": operator.eq,
    "ne": operator.ne,
}
_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_DIGITS = re.compile(r"[0-9]+")


class Match(NamedTuple):
    """How values are compared with keys."""

    type: str = "is"
    relation: str = ""
    comparator: str = "i;ascii-casemap"


PLAIN = Match()


class Folded(NamedTuple):
    """A text as a comparator sees it; `places` says for each of its characters which of the original it comes from,
    `None` where they are the same."""

    text: str
    places: list[int] | None = None


def fold(comparator: str, text: str) -> Folded:
    """A text in the form in which equal ones are the same."""
    if comparator == "i;octet":
        return Folded(text)
    if text.isascii():
        return Folded(text.upper())
    if comparator != "i;unicode-casemap":
        return Folded(text.translate(_UPPER))
    pieces, places = [], []
    for place, letter in enumerate(text):
        title = letter.title()
        piece = unicodedata.normalize("NFKD", title if len(title) == 1 else letter)  # RFC 5051 §2
        pieces.append(piece)
        places += [place] * len(piece)
    return Folded("".join(pieces), [*places, len(text)])


def numeric(text: str) -> tuple[bool, int, str]:
    """The number a text begins with, in a form that can be ordered; without one it is infinite (RFC 4790 §9.1)."""
    match = _DIGITS.match(text)
    if match is None:
        return True, 0, ""
    digits = match.group().lstrip("0")
    return False, len(digits), digits


def related(relation: str, comparator: str, value: str, key: str) -> bool:
    """Does `value` stand in this relation to `key` (RFC 5231 §3, §4.1)?"""
    compare = RELATIONS[relation]
    if comparator == "i;ascii-numeric":
        return compare(numeric(value), numeric(key))
    return compare(fold(comparator, value).text, fold(comparator, key).text)


class Keys:
    """The keys of a test, made ready to be compared with many values."""

    def __init__(self, match: Match, keys: list[str]) -> None:
        self.match = match
        self.keys = keys
        self.folded = [fold(match.comparator, key).text for key in keys]
        self.size = sum(map(len, keys))
        self.wild = sum(map(_wildness, keys)) if match.type == "matches" else 0
        self.weight = 1 + 100 * (match.comparator == "i;unicode-casemap")

    def cost(self, value: str) -> int:
        """Steps that `find` takes at most, each about the time of a command."""
        size = len(value) * (len(self.keys) + self.weight) + self.size * self.weight
        return 1 + len(self.keys) // 20 + size // 5_000 + len(value) * self.wild // 10_000

    def find(self, value: str) -> tuple[str, ...] | None:
        """The match values (RFC 5229 §3.2), the whole first, of the first key that the value matches; `None` when
        it matches none. Types other than `:matches` give no more than the whole."""
        kind, relation, comparator = self.match
        if kind == "value":
            return (value,) if any(related(relation, comparator, value, key) for key in self.keys) else None
        if comparator == "i;ascii-numeric":
            number = numeric(value)
            return (value,) if any(number == numeric(key) for key in self.keys) else None
        folded = fold(comparator, value)
        if kind == "matches":
            found = (wildcard(value, folded, key) for key in self.folded)
            return next((values for values in found if values is not None), None)
        if kind == "contains":
            return (value,) if any(key in folded.text for key in self.folded) else None
        return (value,) if folded.text in self.folded else None


class _Segment(NamedTuple):
    """What stands between two `*`: letters, `None` for each `?`."""

    letters: tuple[str | None, ...]
    plain: str | None
    """The letters when there is no `?`."""
    pattern: re.Pattern[str]


@lru_cache(maxsize=256)
def _segments(key: str) -> tuple[_Segment, ...]:
    """A key of `:matches` cut at its `*`; a backslash makes the next character an ordinary one."""
    found: list[list[str | None]] = [[]]
    place = 0
    while place < len(key):
        letter = key[place]
        if letter == "*":
            found.append([])
        elif letter == "?":
            found[-1].append(None)
        else:
            if letter == "\\" and place + 1 < len(key):
                place += 1
                letter = key[place]
            found[-1].append(letter)
        place += 1
    return tuple(_segment(tuple(letters)) for letters in found)


def _segment(letters: tuple[str | None, ...]) -> _Segment:
    plain = None if None in letters else "".join(letter for letter in letters if letter is not None)
    written = "".join("." if letter is None else re.escape(letter) for letter in letters)
    return _Segment(letters, plain, re.compile(written if plain is None else "", re.S))


def _wildness(key: str) -> int:
    """How many times the length of a text a search for `key` may take: the longest piece with a `?` in it."""
    if "?" not in key:
        return 1
    return max((len(piece) for piece in key.split("*") if "?" in piece), default=1)


def wildcard(value: str, folded: Folded, key: str) -> tuple[str, ...] | None:
    """`:matches` (RFC 5228 §2.7.1): each `*` takes as little as it can (RFC 5229 §3.2), which is found by looking
    for the pieces between them from the left, the last one at the end."""
    text = folded.text
    first, *rest = _segments(key)
    if not _at(text, 0, first) or (not rest and len(text) != len(first.letters)):
        return None
    spans = _marks(first, 0)
    place = len(first.letters)
    for number, segment in enumerate(rest):
        found = _find(text, place, segment, number == len(rest) - 1)
        if found < 0:
            return None
        spans.append((place, found))
        spans += _marks(segment, found)
        place = found + len(segment.letters)
    places = folded.places
    if places is None:
        return (value, *(value[start:end] for start, end in spans))
    return (value, *(value[places[start] : places[end]] for start, end in spans))


def _at(text: str, place: int, segment: _Segment) -> bool:
    if segment.plain is not None:
        return text.startswith(segment.plain, place)
    return segment.pattern.match(text, place) is not None


def _find(text: str, place: int, segment: _Segment, last: bool) -> int:
    """Where a segment stands at or after `place`, the last one at the end of the text; -1 when nowhere."""
    if last:
        end = len(text) - len(segment.letters)
        return end if end >= place and _at(text, end, segment) else -1
    if segment.plain is not None:
        return text.find(segment.plain, place)
    match = segment.pattern.search(text, place)
    return match.start() if match else -1


def _marks(segment: _Segment, place: int) -> list[tuple[int, int]]:
    return [(place + i, place + i + 1) for i, letter in enumerate(segment.letters) if letter is None]
