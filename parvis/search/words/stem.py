"""What a word is indexed under besides itself, so that its other forms find it.

French and English words are stemmed (Snowball). Vietnamese has no inflection, but its words are made of several
syllables written apart: each pair of neighbours is indexed together (`hop_dong`), which is what makes "hợp
đồng" a word.
"""

import functools
import itertools
import threading
from collections.abc import Sequence
from typing import Protocol, cast

from parvis.search.words.stopwords import stopwords

_ALGORITHM = {"fr": "french", "en": "english"}
_LOCAL = threading.local()


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802 - the library's name


def forms(found: Sequence[str], language: str) -> list[str]:
    """The index forms of folded words in order: stems, or for Vietnamese pairs of syllables. Stop words give
    none.

    The accents are gone before the stemmer sees a word: what is lost in French verb endings is won back by a
    query typed without accents finding the same stem.
    """
    if language == "vi":
        return pairs(found)
    empty = stopwords(language)
    return [stem(word, language) for word in found if word not in empty]


def pairs(found: Sequence[str]) -> list[str]:
    """Neighbouring syllables joined by `_`."""
    return [f"{first}_{second}" for first, second in itertools.pairwise(found)]


def stem(word: str, language: str) -> str:
    """The Snowball stem in French or English; the word itself in other languages, or when it holds a digit."""
    algorithm = _ALGORITHM.get(language)
    return word if algorithm is None or not word.isalpha() else _stemmed(word, algorithm)


@functools.lru_cache(maxsize=65536)
def _stemmed(word: str, algorithm: str) -> str:
    return _stemmer(algorithm).stemWord(word)


def _stemmer(algorithm: str) -> _Stemmer:
    """One stemmer a thread: the library's objects hold the word they are working on."""
    stemmers = _LOCAL.__dict__.setdefault("stemmers", {})
    if algorithm not in stemmers:
        from snowballstemmer import stemmer

        stemmers[algorithm] = stemmer(algorithm)
    return cast("_Stemmer", stemmers[algorithm])
