"""Whether a claim is carried by a passage: citations are computed here, never believed from a model.

A claim is kept when every number in it stands in the passage and its content words, or its meaning, are those of
a sentence there. What nothing carries is dropped. A2, trust.md SE-08
"""

import re
from dataclasses import dataclass

import numpy as np

from parvis.search.embed.provider import Embedder, Vectors
from parvis.search.request import Hit
from parvis.search.words.language import detect
from parvis.search.words.sentences import sentences
from parvis.search.words.stem import stem
from parvis.search.words.stopwords import is_stopword
from parvis.search.words.tokens import words

_URL = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)
_ENOUGH_WORDS = 0.55
_SOME_WORDS = 0.25
_NEAR = 0.865
_VERY_NEAR = 0.885
_MEANT = 32
"""Sentences whose meaning is asked of the model, those of the best passages first: a tenth of a second's work."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Sentence `passages[index].text[start:end]` that carries a claim, and how well (0 to 1)."""

    index: int
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of one passage."""

    index: int
    start: int
    end: int
    text: str
    stems: frozenset[str]


def content_stems(text: str, language: str) -> frozenset[str]:
    """The stems of the words that carry meaning."""
    return frozenset(stem(word, language) for word in words(text) if not is_stopword(word, language))


class Words:
    """The words that carry meaning in a short text, compared with those of sentences. A short text does not always
    tell its language, so its words are also taken in the language of what they are compared with."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.own = content_stems(text, detect(text, "en"))
        self._others: dict[str, frozenset[str]] = {}

    def within(self, language: str) -> frozenset[str]:
        """Its stems in a language."""
        if language not in self._others:
            self._others[language] = content_stems(self._text, language)
        return self._others[language]

    def share(self, stems: frozenset[str], language: str) -> float:
        """Which part of them is among `stems`, which are of `language`: 0 to 1."""
        sets = (self.own, self.within(language))
        return max((len(wanted & stems) / len(wanted) for wanted in sets if wanted), default=0.0)


def numbers(text: str) -> set[str]:
    """All runs of digits, without leading zeros."""
    return {word.lstrip("0") or "0" for word in re.findall(r"\d+", text)}


class Support:
    """The sentences of some passages, ready to be asked what they carry."""

    def __init__(self, passages: list[Hit], embedder: Embedder | None) -> None:
        self.passages, self._embedder = passages, embedder
        self.sentences = [
            Sentence(
                index, start, end, passage.text[start:end], content_stems(passage.text[start:end], passage.language)
            )
            for index, passage in enumerate(passages)
            for start, end in sentences(passage.text)
            if passage.text[start:end].strip()
        ]
        self._numbers = [numbers(f"{p.text} {p.title} {p.author}") for p in passages]
        self._vectors: Vectors | None = None

    async def vectors(self) -> Vectors | None:
        """The vectors of all sentences, made once; None without a model of meaning."""
        if self._vectors is None and self._embedder is not None and self.sentences:
            texts = [sentence.text for sentence in self.sentences[:_MEANT]]
            self._vectors = await self._embedder.embed_passages(texts)
        return self._vectors

    async def similarities(self, text: str) -> np.ndarray:
        """How near each sentence is to `text` in meaning, 0 without a model."""
        vectors = await self.vectors()
        if vectors is None or self._embedder is None:
            return np.zeros(len(self.sentences), dtype=np.float32)
        near = np.zeros(len(self.sentences), dtype=np.float32)
        near[: len(vectors)] = vectors @ (await self._embedder.embed_passages([text]))[0]
        return near

    async def find(self, claim: str, preferred: list[int]) -> list[Evidence]:
        """The sentences that carry `claim`, best first, at most one a passage; those of `preferred` passages (the
        ones a model named) win ties. Empty when nothing carries it: then the claim must not be shown."""
        wanted = Words(claim)
        if not wanted.own or not self._urls_known(claim):
            return []
        facts = numbers(claim)
        near = await self.similarities(claim)
        best: dict[int, Evidence] = {}
        for position, sentence in enumerate(self.sentences):
            if not facts <= self._numbers[sentence.index]:
                continue
            share = wanted.share(sentence.stems, self.passages[sentence.index].language)
            if not _carries(share, float(near[position])):
                continue
            score = share + float(near[position]) + (0.1 if sentence.index in preferred else 0.0)
            if sentence.index not in best or best[sentence.index].score < score:
                best[sentence.index] = Evidence(sentence.index, sentence.start, sentence.end, score)
        found = sorted(best.values(), key=lambda evidence: -evidence.score)
        return [evidence for evidence in found if evidence.score > found[0].score - 0.15][:3]

    def _urls_known(self, claim: str) -> bool:
        """An address may be shown only if exactly it stands in a passage."""
        return all(any(url.rstrip(".,;)") in p.text for p in self.passages) for url in _URL.findall(claim))


def _carries(share: float, near: float) -> bool:
    return share >= _ENOUGH_WORDS or near >= _VERY_NEAR or (share >= _SOME_WORDS and near >= _NEAR)
