"""What a search asks for, taken apart: words, phrases, what is left out, beginnings. The same for both
databases."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from parvis.search.words.language import detect
from parvis.search.words.stem import pairs, stem
from parvis.search.words.stopwords import is_stopword
from parvis.search.words.tokens import words

_PART = re.compile(r'(?P<out>-?)(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')
MOST_WORDS = 32
_SHORTEST_BEGINNING = 2


@dataclass(frozen=True, slots=True)
class Wording:
    """A search, folded. `terms` are alternatives that add up: a word with its stem, or a pair of syllables."""

    language: str
    words: tuple[str, ...]
    """Words that count, in order, without stop words (unless there is nothing else)."""
    phrases: tuple[tuple[str, ...], ...]
    excluded: tuple[tuple[str, ...], ...]
    beginnings: tuple[str, ...]
    joined: tuple[str, ...]
    """Pairs of syllables, of a text that is or may be Vietnamese."""
    plain: str
    """The text without its signs, for the model of meaning."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return not (self.words or self.phrases or self.beginnings)

    def alternatives(self, word: str) -> tuple[str, ...]:
        """A word and the stems it may be indexed under. A text of unknown language is stemmed in both."""
        languages = (self.language,) if self.language in ("fr", "en", "vi") else ("fr", "en")
        return tuple(dict.fromkeys([word, *(stem(word, language) for language in languages)]))

    def terms(self) -> list[str]:
        """Every term whose rareness matters for ranking, once each."""
        alternatives = [form for word in self.words for form in self.alternatives(word)]
        return list(dict.fromkeys([*alternatives, *self.joined, *(w for phrase in self.phrases for w in phrase)]))


def understand(text: str, language: str = "und", *, typing: bool = False) -> Wording:
    """Takes a search apart. `language` is the asker's, taken when the text does not say. With `typing`, the
    last word is also a beginning."""
    phrases: list[tuple[str, ...]] = []
    excluded: list[tuple[str, ...]] = []
    beginnings: list[str] = []
    loose: list[str] = []
    for match in _PART.finditer(text):
        found = tuple(words(match["phrase"] or match["word"] or ""))
        if not found:
            continue
        if match["out"]:
            excluded.append(found)
        elif match["phrase"] is not None and len(found) > 1:
            phrases.append(found)
        elif (match["word"] or "").endswith("*"):
            loose += found[:-1]
            beginnings.append(found[-1])
        else:
            loose += found
    plain = " ".join(_PART.sub(lambda m: "" if m["out"] else (m["phrase"] or m["word"] or ""), text).split())
    spoken = detect(plain, language)
    if typing and loose and not text[-1:].isspace() and len(loose[-1]) >= _SHORTEST_BEGINNING:
        beginnings.append(loose[-1])
    return Wording(
        spoken,
        _telling(loose[:MOST_WORDS], spoken, alone=not (phrases or beginnings)),
        tuple(phrases[:MOST_WORDS]),
        tuple(excluded[:MOST_WORDS]),
        tuple(beginnings[:MOST_WORDS]),
        tuple(dict.fromkeys(pairs(loose[:MOST_WORDS]))) if spoken in ("vi", "und") else (),
        plain,
    )


def _telling(found: Iterable[str], language: str, *, alone: bool) -> tuple[str, ...]:
    every = list(dict.fromkeys(found))
    telling = [word for word in every if not is_stopword(word, language)]
    return tuple(telling or (every if alone else []))
