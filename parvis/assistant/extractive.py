"""Answers made of cited sentences: what the assistant does without any generative model, and falls back on. A16"""

import math
from collections import Counter

import numpy as np

from parvis.assistant.context import cite
from parvis.assistant.support import Sentence, Support, Words
from parvis.assistant.tree import Block, Citation, Claim
from parvis.search.request import Hit

_SENTENCES = 5
_NEIGHBOUR = 0.5
_OF_ONE = 3
"""Sentences of one passage, so that others are heard."""
_REDUNDANT = 0.7
_RELEVANT = 0.33
_SHORTEST = 12


async def answer(
    question: str, support: Support, passages: list[Hit], limit: int = _SENTENCES
) -> list[tuple[Block, list[Citation]]]:
    """The sentences that answer best, as quotes with their citations numbered from 1, best source first."""
    scores = await _scores(question, support, passages)
    chosen: list[int] = []
    for position in np.argsort(-scores):
        if scores[position] < _RELEVANT * scores.max() or len(chosen) == limit:
            break
        sentence = support.sentences[position]
        of_this = sum(support.sentences[i].index == sentence.index for i in chosen)
        if len(sentence.text) < _SHORTEST or of_this == _OF_ONE:
            continue
        if not _repeats(sentence, [support.sentences[i] for i in chosen]):
            chosen.append(int(position))
    return _blocks([support.sentences[position] for position in chosen], passages)


async def _scores(question: str, support: Support, passages: list[Hit]) -> np.ndarray:
    asked = Words(question)
    rarity = _rarity(support.sentences)
    words = np.array([_weight(asked, s, passages[s.index].language, rarity) for s in support.sentences] or [0.0])
    near = await support.similarities(question)
    known = near != 0.0
    spread = np.where(known, near - near[known].mean(), 0.0) if known.any() else np.zeros_like(words)
    rank = np.array([1.0 / (1 + s.index) for s in support.sentences] or [0.0])
    facts = np.array([0.05 if any(c.isdigit() for c in s.text) else 0.0 for s in support.sentences] or [0.0])
    scores: np.ndarray = words + 6.0 * spread + 0.35 * rank + facts
    scores = scores - scores.min() if scores.size else scores
    return _with_neighbours(scores, [sentence.index for sentence in support.sentences])


def _with_neighbours(scores: np.ndarray, passages: list[int]) -> np.ndarray:
    """A sentence next to one that fits often has the answer: it takes over a part of its neighbours' score."""
    grown = scores.copy()
    for position in range(len(passages)):
        beside = [
            n for n in (position - 1, position + 1) if 0 <= n < len(passages) and passages[n] == passages[position]
        ]
        grown[position] += _NEIGHBOUR * max((scores[n] for n in beside), default=0.0)
    return grown


def _weight(asked: Words, sentence: Sentence, language: str, rarity: dict[str, float]) -> float:
    """Which part of the question's words is in a sentence, rare words counting more."""
    best = 0.0
    for wanted in (asked.own, asked.within(language)):
        total = sum(rarity.get(word, 3.0) for word in wanted) or 1.0
        best = max(best, sum(rarity[word] for word in wanted & sentence.stems) / total)
    return best


def _rarity(sentences: list[Sentence]) -> dict[str, float]:
    seen = Counter(word for sentence in sentences for word in sentence.stems)
    return {word: math.log(1 + len(sentences) / count) for word, count in seen.items()}


def _repeats(sentence: Sentence, chosen: list[Sentence]) -> bool:
    return any(
        len(sentence.stems & other.stems) > _REDUNDANT * max(1, min(len(sentence.stems), len(other.stems)))
        for other in chosen
    )


def _blocks(chosen: list[Sentence], passages: list[Hit]) -> list[tuple[Block, list[Citation]]]:
    """One quote a passage, its sentences in their own order."""
    found = []
    order = list(dict.fromkeys(sentence.index for sentence in chosen))
    number = 0
    for index in order:
        claims, citations = [], []
        for sentence in sorted((s for s in chosen if s.index == index), key=lambda s: s.start):
            number += 1
            citations.append(cite(passages[index], number, sentence.start, sentence.end))
            claims.append(Claim(text=" ".join(sentence.text.split()), citations=[number]))
        found.append((Block(kind="quote", claims=claims), citations))
    return found
