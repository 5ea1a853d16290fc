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

    __slots__ = ("_pieces", "_single", "_words")

    def __init__(self, pattern: str, *, single: bool = True) -> None:
        """`single` is whether `?` stands for a character."""
        self._pieces = _STARS.split(pattern) if len(pattern) <= LENGTH_LIMIT else []
        self._single = single and "?" in pattern
        self._words: list[re.Pattern[str]] | None = None

    def matches(self, text: str) -> bool:
        """Whether the whole of a text fits."""
        if len(self._pieces) < 2:
            return [len(text)] == [len(each) for each in self._pieces] and self._fits(self._pieces[0], text, 0)
        first, *middle, last = self._pieces
        if not self._fits(first, text, 0):
            return False
        place, end = len(first), len(text) - len(last)
        for piece in middle:
            found = self._find(piece, text, place)
            if found < 0:
                return False
            place = found + len(piece)
        return place <= end and self._fits(last, text, end)

    def matches_words(self, text: str) -> bool:
        """Whether a part of a text fits that begins and ends at the bounds of words (Matrix v1.19 Client-Server
        §Push Rules)."""
        if self._words is None:
            self._words = _bounded([_expression(piece, self._single) for piece in self._pieces])
        place = 0
        for piece in self._words:
            found = piece.search(text, place)
            if found is None:
                return False
            place = found.end()
        return bool(self._words)

    def _fits(self, piece: str, text: str, place: int) -> bool:
        if self._single and "?" in piece:
            return _compiled(_expression(piece, True)).match(text, place) is not None
        return text.startswith(piece, place)

    def _find(self, piece: str, text: str, place: int) -> int:
        if self._single and "?" in piece:
            found = _compiled(_expression(piece, True)).search(text, place)
            return found.start() if found else -1
        return text.find(piece, place)


def _expression(piece: str, single: bool) -> str:
    escaped = re.escape(piece)
    return escaped.replace(r"\?", ".") if single else escaped


def _bounded(texts: list[str]) -> list[re.Pattern[str]]:
    if len(texts) > 1:
        texts = [_BEGINS + texts[0], *texts[1:-1], texts[-1] + _ENDS]
    else:
        texts = [_BEGINS + text + _ENDS for text in texts]
    return [_compiled(text) for text in texts]


@lru_cache(maxsize=1_024)
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.S)


def has_words(text: str, words: str) -> bool:
    """Whether some words, with nothing special about any character of them, are a part of a text that begins and
    ends at the bounds of words."""
    return len(words) <= LENGTH_LIMIT and _compiled(_BEGINS + re.escape(words) + _ENDS).search(text) is not None


@lru_cache(maxsize=4_096)
def glob(pattern: str, *, single: bool = True) -> Glob:
    """A pattern, read before or now."""
    return Glob(pattern, single=single)
