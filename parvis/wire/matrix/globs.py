"""Patterns with `*` and `?` (Matrix v1.19 Appendices §Glob-style matching), in time that grows with the text alone:
each piece between two stars is looked for once, from the left."""

import re
from functools import lru_cache

LENGTH_LIMIT = 1_000
"""Characters of a pattern; a longer one matches nothing."""
_WORD = "[A-Za-z0-9_]"
_BEGINS = f"(?:(?<!{_WORD})|(?!{_WORD}))"
_ENDS = f"(?:(?!{_WORD})|(?<!{_WORD}))"
_STARS = re.compile(r"\*+")


class Glob:
    """A pattern that was read once. Case matters: who wants that it does not gives both in lower case."""

    __slots__ = ("_exact", "_first", "_last", "_last_length", "_middle", "_pattern", "_word")

    def __init__(self, pattern: str, *, single: bool = True) -> None:
        """`single` is whether `?` stands for a character."""
        pieces = _STARS.split(pattern) if len(pattern) <= LENGTH_LIMIT else []
        self._pattern = pattern
        self._exact = len(pieces) == 1 and not (single and "?" in pattern)
        texts = [_expression(piece, single) for piece in pieces]
        compiled = [re.compile(text, re.S) for text in texts]
        self._first, self._middle, self._last = compiled[:1], compiled[1:-1], compiled[1:][-1:]
        self._last_length = len(pieces[-1]) if pieces else 0
        self._word = [re.compile(text, re.S) for text in _bounded(texts)]

    def matches(self, text: str) -> bool:
        """Whether the whole of a text fits."""
        if self._exact:
            return text == self._pattern
        if not self._first:
            return False
        if not self._last:
            return self._first[0].fullmatch(text) is not None
        found = self._first[0].match(text)
        for piece in self._middle:
            found = piece.search(text, found.end()) if found else None
        start = len(text) - self._last_length
        return found is not None and start >= found.end() and self._last[0].match(text, start) is not None

    def matches_words(self, text: str) -> bool:
        """Whether a part of a text fits that begins and ends at the bounds of words (Matrix v1.19 Client-Server
        §Push Rules)."""
        place = 0
        for piece in self._word:
            found = piece.search(text, place)
            if found is None:
                return False
            place = found.end()
        return bool(self._word)


def _expression(piece: str, single: bool) -> str:
    escaped = re.escape(piece)
    return escaped.replace(r"\?", ".") if single else escaped


def _bounded(texts: list[str]) -> list[str]:
    if not texts:
        return []
    first, *others = texts
    if not others:
        return [_BEGINS + first + _ENDS]
    return [_BEGINS + first, *others[:-1], others[-1] + _ENDS]


def has_words(text: str, words: str) -> bool:
    """Whether some words, with nothing special about any character of them, are a part of a text that begins and
    ends at the bounds of words."""
    return len(words) <= LENGTH_LIMIT and re.search(_BEGINS + re.escape(words) + _ENDS, text) is not None


@lru_cache(maxsize=4_096)
def glob(pattern: str, *, single: bool = True) -> Glob:
    """A pattern, read before or now."""
    return Glob(pattern, single=single)
