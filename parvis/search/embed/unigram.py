"""The tokenizer of multilingual-e5: SentencePiece unigram (Kudo, 2018), the likeliest cut of each word into
pieces.

Written out because the library that has it keeps 260 MB in memory for this vocabulary; a plain dictionary
takes 40 and the cut costs a twentieth of the time of the embedding itself.
"""

import functools
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import msgspec

_START, _PAD, _END, _UNKNOWN = 0, 1, 2, 3
_SPACE = "\u2581"
_UNKNOWN_PENALTY = 10.0
# SentencePiece's nmt_nfkc: control characters vanish, every kind of space is one space.
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]")
_SPACES = re.compile("[\\s\u200b\u200e\u200f\u2028\u2029\u2060\ufeff\ufffd]+")


class Unigram:
    """Cuts texts into the numbers of vocabulary pieces."""

    def __init__(self, pieces: Sequence[tuple[str, float]]) -> None:
        self._numbers = {piece: number for number, (piece, _) in enumerate(pieces) if number > _UNKNOWN}
        self._scores = [score for _, score in pieces]
        self._longest = max(map(len, self._numbers))
        self._unknown = min(self._scores) - _UNKNOWN_PENALTY
        self._cut = functools.lru_cache(maxsize=8192)(self._cut_word)

    @classmethod
    def read(cls, path: Path) -> "Unigram":
        """Opens a vocabulary file: a JSON list of pieces with their log-probabilities."""
        return cls(msgspec.json.decode(path.read_bytes(), type=list[tuple[str, float]]))

    def encode(self, text: str, limit: int) -> list[int]:
        """At most `limit` piece numbers, `<s>` and `</s>` included."""
        clean = _SPACES.sub(" ", unicodedata.normalize("NFKC", _CONTROL.sub("", text)))
        numbers = [_START]
        for word in clean.strip(" ").split(" "):
            numbers.extend(self._cut(_SPACE + word))
            if len(numbers) >= limit:
                break
        return [*numbers[: limit - 1], _END]

    def _cut_word(self, word: str) -> tuple[int, ...]:
        """The likeliest cut (Viterbi): the best score of each prefix, and where its last piece starts."""
        best, back = [0.0] + [-1e30] * len(word), [(0, _UNKNOWN)] * (len(word) + 1)
        for start in range(len(word)):
            base = best[start]
            for end in range(start + 1, min(start + self._longest, len(word)) + 1):
                number = self._numbers.get(word[start:end], -1)
                if number >= 0 and base + self._scores[number] > best[end]:
                    best[end], back[end] = base + self._scores[number], (start, number)
            if base + self._unknown > best[start + 1]:
                best[start + 1], back[start + 1] = base + self._unknown, (start, _UNKNOWN)
        return _walk(back)


def _walk(back: list[tuple[int, int]]) -> tuple[int, ...]:
    """The pieces from the end to the start, turned; neighbouring unknown pieces are one."""
    found: list[int] = []
    end = len(back) - 1
    while end > 0:
        end, number = back[end]
        if not (number == _UNKNOWN and found and found[-1] == _UNKNOWN):
            found.append(number)
    return tuple(reversed(found))
