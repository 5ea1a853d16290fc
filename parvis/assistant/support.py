"""Whether a claim is carried by a passage: citations are computed here, never believed from a model.

A claim is kept when its content words, or its meaning, are those of a sentence there, and every number in it
stands in that sentence or close around it. What nothing carries is dropped. A2, trust.md SE-08
"""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from parvis.assistant.expected import is_calendar
from parvis.assistant.labels import LINK
from parvis.assistant.lines import Role, lines
from parvis.kernel.languages import fold
from parvis.kernel.later import numpy as np
from parvis.search.embed.provider import Embedder, Vectors
from parvis.search.index.everyday import everyday
from parvis.search.index.meaning import Usual
from parvis.search.request import Hit
from parvis.search.words.language import UNKNOWN, detect
from parvis.search.words.sentences import sentences
from parvis.search.words.stem import stem
from parvis.search.words.stopwords import is_stopword
from parvis.search.words.tokens import words

_ENOUGH_WORDS = 0.55
_SOME_WORDS = 0.25
_NEAR = 0.865
_VERY_NEAR = 0.885
_MEANT = 64
"""Sentences whose meaning is asked of the model, those of the best passages first: a quarter of a second's work."""

_NAME = re.compile(r"(?<!^)(?<![.!?:] )\b[A-ZÀ-ỸĐ][^\W\d_]{2,}")
"""A word with a capital that does not begin a sentence."""
_BEGINNING = 4
_FEWEST = 2
"""Words that carry meaning in the shortest claim: a bare number claims nothing."""
_FULL = 5
"""Words that carry meaning in a sentence long enough for its vector to mean something."""


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
    role: Role = "said"
    under: int = -1
    """Position of the sentence that stands over it: a heading, the line before a list, the first row of a table."""


def content_stems(text: str, language: str) -> frozenset[str]:
    """The stems of the words that carry meaning."""
    return frozenset(stem(word, language) for word in words(text) if not is_stopword(word, language))


class Words:
    """The words that carry meaning in a short text, compared with those of sentences. A short text does not always
    tell its language, so its words are also taken in the language of what they are compared with."""

    def __init__(self, text: str) -> None:
        self.language = detect(text, "en")
        self._words = [word for word in words(text) if not is_stopword(word, self.language)]
        self._others: dict[str, frozenset[str]] = {}
        self.own = self.within(self.language)

    def within(self, language: str) -> frozenset[str]:
        """Its stems in a language."""
        if language not in self._others:
            self._others[language] = frozenset(
                stem(word, language) for word in self._words if not is_stopword(word, language)
            )
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
        self.sentences: list[Sentence] = []
        for index, passage in enumerate(passages):
            self.sentences += _cut(index, passage, len(self.sentences))
        self._replied: dict[int, set[str]] = defaultdict(set)
        for one in self.sentences:
            if one.role == "quoted":
                self._replied[one.index] |= one.stems
        self._beginnings = {
            word[:_BEGINNING] for p in passages for word in words(f"{p.text} {p.title} {p.author} {p.file_name}")
        }
        self._vectors: Vectors | None = None
        self._meant = [n for n, sentence in enumerate(self.sentences) if sentence.role in ("said", "row")][:_MEANT]

    def prefer(self, fits: Callable[[Sentence], bool]) -> None:
        """Has the meaning of those sentences first of all asked of the model. To be called before any is."""
        saying = [n for n, sentence in enumerate(self.sentences) if sentence.role in ("said", "row", "head")]
        self._meant = sorted(saying, key=lambda n: not fits(self.sentences[n]))[:_MEANT]

    def around(self, position: int) -> frozenset[str]:
        """The stems close around a sentence: its neighbours, what stands over it and what it replies to."""
        sentence = self.sentences[position]
        found = {word for one in self._beside(position) for word in one.stems}
        return frozenset(found | self._replied[sentence.index] if sentence.role == "said" else found)

    def _beside(self, position: int) -> list[Sentence]:
        """The sentences before and after one, and what stands over it."""
        sentence = self.sentences[position]
        near = {position - 1, position + 1, sentence.under} & set(range(len(self.sentences)))
        return [self.sentences[n] for n in sorted(near) if self.sentences[n].index == sentence.index]

    async def vectors(self) -> "Vectors | None":
        """The vectors of the sentences that say something, made once; None without a model of meaning."""
        if self._vectors is None and self._embedder is not None and self._meant:
            texts = [self.sentences[n].text for n in self._meant]
            different = list(dict.fromkeys(texts))
            vectors = await self._embedder.embed_passages(different)
            self._vectors = vectors[[different.index(text) for text in texts]]
        return self._vectors

    async def similarities(self, text: str) -> "np.ndarray":
        """How near each sentence is to `text` in meaning, 0 where that is not known."""
        near = np.zeros(len(self.sentences), dtype=np.float32)
        vectors = await self.vectors()
        if vectors is not None and self._embedder is not None:
            near[self._meant] = vectors @ (await self._embedder.embed_passages([text]))[0]
        return near

    async def nearness(self, text: str) -> "np.ndarray":
        """How much nearer in meaning each sentence is to `text` than everyday sentences of its language are, in
        standard deviations; 0 where that is not known."""
        near = np.zeros(len(self.sentences), dtype=np.float32)
        vectors = await self.vectors()
        if vectors is None or self._embedder is None:
            return near
        known = await everyday(self._embedder)
        asked = (await self._embedder.embed_passages([text]))[0]
        sides = Usual(known.samples, {}, known.turns).sides(detect(text, "en"), asked)
        for vector, n in zip(vectors, self._meant, strict=True):
            side = sides.get(self.passages[self.sentences[n].index].language, sides[UNKNOWN])
            near[n] = min(1.0, _telling(self.sentences[n]) / _FULL) * side.deviations(vector)
        return near

    async def find(self, claim: str, preferred: list[int]) -> list[Evidence]:
        """The sentences that carry `claim`, best first, at most one a passage; those of `preferred` passages (the
        ones a model named) win ties. Empty when nothing carries it: then the claim must not be shown."""
        wanted = Words(claim)
        if sum(word.isalpha() for word in wanted.own) < _FEWEST or not self._known(claim):
            return []
        facts = numbers(claim)
        near = await self.similarities(claim)
        best: dict[int, Evidence] = {}
        for position, sentence in enumerate(self.sentences):
            if not facts <= self._facts(position):
                continue
            share = wanted.share(sentence.stems, self.passages[sentence.index].language)
            if not _carries(share, float(near[position])):
                continue
            score = share + float(near[position]) + (0.1 if sentence.index in preferred else 0.0)
            if sentence.index not in best or best[sentence.index].score < score:
                best[sentence.index] = Evidence(sentence.index, sentence.start, sentence.end, score)
        found = sorted(best.values(), key=lambda evidence: -evidence.score)
        return [evidence for evidence in found if evidence.score > found[0].score - 0.15][:3]

    def _facts(self, position: int) -> set[str]:
        """The numbers that a claim carried by a sentence may have: its own, those close around it, of its title."""
        passage = self.passages[self.sentences[position].index]
        near = [self.sentences[position].text, *(one.text for one in self._beside(position))]
        return numbers(" ".join([*near, passage.title, passage.author]))

    def quoted(self, claim: str, preferred: list[int]) -> list[Evidence]:
        """The sentence in which `claim` stands word for word, first in the passages that a model named."""
        wanted = f" {' '.join(words(claim))} "
        if not wanted.strip():
            return []
        holding = [s for s in self.sentences if wanted in f" {' '.join(words(s.text))} "]
        holding.sort(key=lambda s: (s.index not in preferred, s.index))
        return [Evidence(s.index, s.start, s.end, 1.0) for s in holding[:1]]

    def _known(self, claim: str) -> bool:
        """Whether its names and addresses are the sources' own: an address exactly, a name by its beginning, since
        languages end names in their own ways (Genève, Geneva)."""
        names = {fold(name)[:_BEGINNING] for name in _NAME.findall(claim) if not is_calendar(name)}
        return names <= self._beginnings and all(
            any(url.rstrip(".,;)") in p.text for p in self.passages) for url in LINK.findall(claim)
        )


def _telling(sentence: Sentence) -> int:
    """How many words carry meaning; those of an address do not."""
    return min(len(sentence.stems), len(LINK.sub("", sentence.text).split()))


def _cut(index: int, passage: Hit, first: int) -> list[Sentence]:
    spans = [(start, end) for start, end in sentences(passage.text) if passage.text[start:end].strip()]
    letter = passage.kind == "Email" and passage.part == "body"
    return [
        Sentence(
            index,
            start,
            end,
            passage.text[start:end],
            content_stems(passage.text[start:end], passage.language),
            role,
            first + under if under >= 0 else -1,
        )
        for (start, end), (role, under) in zip(spans, lines(passage.text, spans, letter=letter), strict=True)
    ]


def _carries(share: float, near: float) -> bool:
    return share >= _ENOUGH_WORDS or near >= _VERY_NEAR or (share >= _SOME_WORDS and near >= _NEAR)
