"""Which of the house's languages a text is in: `fr`, `vi`, `en`, or `und` when nothing in it says so.

Rules first (letters only Vietnamese has, little words, the shape of unaccented Vietnamese syllables),
because the statistical model is trained on sentences and guesses at two words; the model decides what the
rules leave open.
"""

import functools
import re
import threading
from array import array
from collections import Counter
from typing import Any, Final, Protocol, cast

from parvis.kernel import memory
from parvis.search.words.stopwords import ENGLISH, FRENCH, VIETNAMESE
from parvis.search.words.tokens import words

LANGUAGES: Final = ("fr", "vi", "en")
UNKNOWN: Final = "und"
_SAMPLE = 2000
_MODEL_SAMPLE = 600
"""The model reads letter by letter; it says the same of six hundred as of two thousand."""
_LONG_ENOUGH = 12
_SURE = 0.75
_CLEAR = 3
"""So many little words of a language tell a paragraph's."""
_ONLY_VIETNAMESE = re.compile("[ăđơưĂĐƠƯ\u1ea0-\u1ef9]")
_WORD = re.compile(r"\w+")
_ONLY_FRENCH = re.compile("[œŒçÇëËïÏûÛîÎ]|\\b[lLdDnNjJqQsS](?:u)?['’]\\w|\\b[àÀ]\\b")
# Onset, rime and coda of a Vietnamese syllable once its accents are gone.
_SYLLABLE = re.compile(
    r"(?:ngh|gh|ch|kh|ng|nh|ph|th|tr|gi|qu|[bcdghklmnpqrstvx])?"
    r"(?:uye|uya|uyu|oai|oay|oeo|uay|uoi|uou|ieu|yeu|[aeiouy]{1,2})(?:ch|ng|nh|[cmnpt])?"
)
# Syllables that are words of the two other languages say nothing about Vietnamese.
_ALSO_ELSEWHERE = {*FRENCH, *ENGLISH, "an", "go", "hot", "man", "men", "ten", "pen", "sang", "son", "tin", "van"}
_LITTLE = {"fr": FRENCH - ENGLISH, "en": ENGLISH - FRENCH - VIETNAMESE}


class _Identifier(Protocol):
    def classify(self, text: str) -> tuple[str, float]: ...


def detect(text: str, fallback: str = UNKNOWN) -> str:
    """The language of a text; `fallback` (the person's or the document's own language) when the text does
    not say."""
    sample = text[:_SAMPLE]
    found = words(sample)
    if not any(word.isalpha() for word in found):
        return fallback
    return _by_rule(sample, found) or _by_model(sample, found, fallback)


def spoken(text: str) -> str:
    """The language of a paragraph by its little words alone: quick, and empty when these do not tell clearly."""
    found = words(text)
    if len(found) <= _LONG_ENOUGH:
        return ""
    if _vietnamese_letters(text) * 5 > len(found):
        return "vi"
    (first, many), (_, few) = sorted(_little(found).items(), key=lambda entry: -entry[1])
    return first if many >= _CLEAR and many > 3 * few else ""


def _little(found: list[str]) -> dict[str, int]:
    return {language: sum(word in little for word in found) for language, little in _LITTLE.items()}


def _by_rule(sample: str, found: list[str]) -> str | None:
    if _vietnamese_letters(sample) * 5 >= len(found):
        return "vi"
    if len(found) > _LONG_ENOUGH:
        return None
    score = _little(found)
    score["fr"] += 2 * len(_ONLY_FRENCH.findall(sample))
    score["vi"] = _syllables(found)
    best, second = sorted(score.values(), reverse=True)[:2]
    return max(score, key=lambda language: score[language]) if best > 2 * second and best > 1 else None


def _vietnamese_letters(sample: str) -> int:
    return len(_ONLY_VIETNAMESE.findall(_unnamed(sample)))


def _unnamed(sample: str) -> str:
    """A text without its names, when it has Vietnamese letters: names do not make a text Vietnamese."""
    if not _ONLY_VIETNAMESE.search(sample):
        return sample
    return " ".join(word for word in _WORD.findall(sample) if not (word[:1].isupper() and word[1:2].islower()))


def _syllables(found: list[str]) -> int:
    """How many words look Vietnamese without accents: nothing unless nearly all of at least three do."""
    letters = [word for word in found if word.isalpha()]
    shaped = sum(bool(_SYLLABLE.fullmatch(word)) for word in letters)
    if len(letters) < 3 or shaped < 0.85 * len(letters):
        return 0
    return sum(bool(_SYLLABLE.fullmatch(word)) and word not in _ALSO_ELSEWHERE for word in letters)


def _by_model(sample: str, found: list[str], fallback: str) -> str:
    with _LOCK:
        language, confidence = _identifier().classify((_unnamed(sample) or sample)[:_MODEL_SAMPLE])
    return language if confidence >= _SURE or len(found) > _LONG_ENOUGH else fallback


_LOCK = threading.Lock()


def load() -> None:
    """Reads the model when that has not been done: for a thread, since it takes about a second."""
    with _LOCK:
        if not _identifier.cache_info().currsize:
            _identifier()
            memory.give_back()  # some 20 MB that reading it took


@functools.cache
def _identifier() -> _Identifier:
    """Loaded at first use: 4 MB that a server without an index never needs. What the model says of languages that
    are not ours, some 30 MB more, is let go, and of its table of moves the 40 MB that others of its rows tell."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    every = LanguageIdentifier.from_model_file(MODEL_FILE)
    every.set_languages(list(LANGUAGES))
    moves = _Moves(every)

    class Sparse(LanguageIdentifier):  # type: ignore[misc]  # the library has no types
        def _raw_score(self, text: bytes) -> object:
            found = moves.features(text)
            return self._sparse_score(found, self.nb_ptc) if found else super()._raw_score(b"")

    ours = (every.nb_ptc, every.nb_pc, every.nb_classes)
    return cast("_Identifier", Sparse(*ours, (), (), norm_probs=True, tk_row=()))


class _Moves:
    """The automaton that finds the model's features in a text (Aho and Corasick, Communications of the ACM 18,
    1975). The model's table has a row of 256 moves for each state. Of these nearly all are those of the state that
    the end of the same letters leads to, one letter less: only others are kept, and the way back to that state. A
    state without any is left for that one at once; those after the first letter have whole rows, as they are met
    most."""

    def __init__(self, model: Any) -> None:
        import numpy as np

        rows = np.asarray(model.tk_nextmove).reshape(-1, 256)
        of_state = np.asarray(model.tk_row)
        first = rows[of_state[0]]
        back = np.zeros(len(of_state), np.uint32)
        near = level = np.unique(first[first != 0])
        edges = []
        while len(level):  # of the states so many letters away from the first
            mine, others = rows[of_state[level]], rows[of_state[back[level]]]
            place, letters = np.nonzero(mine != others)
            to = mine[place, letters]
            edges.append((level[place], letters, to))
            back[to], level = others[place, letters], np.unique(to)
        state, letters, to = map(np.concatenate, zip(*edges, strict=True))
        order = np.argsort(state, kind="stable")
        begin = np.searchsorted(state[order], np.arange(len(of_state) + 1)).astype(np.uint32)
        self._near = {each: array("I", rows[of_state[each]].tobytes()) for each in (0, *near.tolist())}
        self._letters, self._to = letters[order].astype(np.uint8).tobytes(), array("I", to[order].tobytes())
        own = begin[1:] != begin[:-1]
        own[[0, *near]] = True
        live = np.where(own, np.arange(len(own), dtype=np.uint32), back)
        while not own[live].all():
            live = live[live]
        self._begin, self._back = array("I", begin.tobytes()), array("I", live[back].tobytes())
        self._live = array("I", live.tobytes())
        self._feature = array("i", model.tk_output)

    def features(self, text: bytes) -> Counter[int]:
        """How often each is in a text."""
        state, found = 0, list[int]()
        near, letters, to, begin, back, live, feature = (
            self._near.get, self._letters.find, self._to, self._begin, self._back, self._live, self._feature,
        )  # fmt: skip
        for letter in text:
            while (row := near(state)) is None:
                if (at := letters(letter, begin[state], begin[state + 1])) >= 0:
                    state = to[at]
                    break
                state = back[state]
            else:
                state = row[letter]
            if (one := feature[state]) >= 0:
                found.append(one)
            state = live[state]
        return Counter(found)
