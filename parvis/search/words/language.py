"""Which of the house's languages a text is in: `fr`, `vi`, `en`, or `und` when nothing in it says so.

Rules first (letters only Vietnamese has, little words, the shape of unaccented Vietnamese syllables),
because the statistical model is trained on sentences and guesses at two words; the model decides what the
rules leave open.
"""

import functools
import re
import threading
from typing import Final

from parvis.kernel import memory
from parvis.search.words import letters
from parvis.search.words.letters import Letters
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
        language, confidence = _model().classify((_unnamed(sample) or sample)[:_MODEL_SAMPLE])
    return language if confidence >= _SURE or len(found) > _LONG_ENOUGH else fallback


_LOCK = threading.Lock()


def load() -> None:
    """Has the model made when that has not been done: for a thread, since it takes seconds."""
    with _LOCK:
        if not _model.cache_info().currsize:
            _model()
            memory.give_back()


@functools.cache
def _model() -> Letters:
    """Had made at first use: 4 MB that a server without an index never needs."""
    return letters.load(LANGUAGES)
