"""Words of a text in the one form that the index and the query share: `Đường` and `duong` are the same word.

SQLite's and PostgreSQL's own foldings disagree with each other (neither knows đ, ø, ł and œ alike), so both
engines are only ever given words folded by `kernel.languages.fold` and cut here.
"""

import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

from parvis.kernel.languages import ascii_words, fold

# Scripts written without spaces are cut into single characters; everything else into runs of letters and
# digits.
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|(?:[^\W_{_UNSPACED}]|[\u0300-\u036f])+")
WORD_CHARACTERS = 64
"""A longer run (base64, a hash) keeps its first 64 characters: nobody types more, and the index stays small."""


class Token(NamedTuple):
    """One word of a text: its folded form and where it stands (`text[start:end]`)."""

    word: str
    start: int
    end: int


def tokens(text: str) -> Iterator[Token]:
    """The words of a text in order, folded, with their offsets in the text as given (not in its folded
    form)."""
    for match in _WORD.finditer(text):
        for word in _folded(match.group()):
            yield Token(word, match.start(), match.end())


@functools.lru_cache(maxsize=65536)
def _folded(written: str) -> tuple[str, ...]:
    return tuple(word[:WORD_CHARACTERS] for word in _WORD.findall(fold(written)))


def words(text: str) -> list[str]:
    """The folded words of a text, without offsets (cheaper: the text is folded once)."""
    folded = fold(text)
    if folded.isascii():
        return ascii_words(folded, WORD_CHARACTERS)
    return [match[:WORD_CHARACTERS] for match in _WORD.findall(folded)]
