"""Answers made of cited sentences: what the assistant does without any generative model, and falls back on. A16

A sentence answers when the question's words and meaning are in it or close around it (the head over it, the
question it replies to, its neighbours, the title), and when it has what was asked for: a time, an amount, a name.
Of several statements of the same thing the newest counts. The weights were chosen by `bench/answers.py`."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from parvis.assistant.context import Excerpt, cite
from parvis.assistant.expected import Expected, Kind, expected
from parvis.assistant.support import Sentence, Support, Words, content_stems
from parvis.assistant.tree import Block, Citation, Claim
from parvis.kernel.later import numpy as np
from parvis.search.request import Hit

_SENTENCES = 5
_OF_ONE = 3
"""Sentences of one passage, so that others are heard."""
_REDUNDANT = 0.7
_SHORTEST = 12
_WEIGHTS = (1.0, 0.6, 0.4)
"""What a word of the question is worth in a sentence itself, in those around it, and in the title, the author or
the rest of the passage."""
_ROOT = 6
_RAREST = 3.0
_COVERS, _NEAR, _PASSAGE, _FITS, _NEW = 2.0, 0.3, 0.3, 0.5, 0.25
_NEAR_ACROSS = 0.6
"""Meaning is all there is to compare with in another language."""
_BESIDE = 0.6
"""What a passage takes over of the best one of the same object."""
_SAME = 0.75
"""So near to the best score must a newer statement be to take its place."""
_WORTH = 0.75
_SURE, _UNSURE, _HALF = 9.0, 7.0, 0.5
"""Evidence that something found is about the question. Of 74 questions to the demo 62 are answered rightly; 41 of
these reach the first and 14 more the second, of 89 asked by people who cannot see the answer none, by a margin of
nearly a half, and 9. Without a model of meaning half of the words must be there."""
_STANDING, _AMONG, _OUT = 4, 6, 1.5
"""In another language, where words tell little, the best sentence has to stand out from the next ones in meaning,
and the best passage from those found beside it."""
_SOURCES, _LETTERS = 3, 240
"""What a small model reads in a few seconds."""
_TELLS, _FIRST, _FACTS = 3, 1.0, 0.8
_COUNTED = ("money", "percent", "duration", "measure", "number")
_ROLES = {"said": 0.0, "row": 0.0, "asked": -0.8, "quoted": -0.5, "head": -0.6, "frame": -1.5, "machine": -1.5}
_NEVER = frozenset({"frame", "quoted", "machine"})
"""What is not the author's own words is not shown as theirs: the message that is quoted is found itself."""
Confidence = Literal["sure", "unsure", "none"]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The scores of the sentences for one question, and what it asks for."""

    scores: "np.ndarray"
    near: "np.ndarray"
    """How near each sentence is in meaning, in standard deviations."""
    own: list[frozenset[str]]
    """The words of the question in each sentence itself."""
    asked: Words
    wanted: Expected
    quotable: list[int]
    """The sentences that may be shown as an answer, the best first."""

    @property
    def best(self) -> int:
        """The sentence that answers best; -1 when none may be quoted."""
        return self.quotable[0] if self.quotable else -1


def answer(ranking: Ranking, support: Support, limit: int = _SENTENCES) -> list[tuple[Block, list[Citation]]]:
    """The sentences that answer best, as quotes with their citations numbered from 1, best source first."""
    return _blocks([support.sentences[n] for n in _chosen(ranking, support, limit)], support)


def confidence(ranking: Ranking, support: Support) -> Confidence:
    """How sure it is that something found is about the question, by its words, its meaning and the kind of answer
    that the best sentence has."""
    if ranking.best < 0:
        return "none"
    if not any(passage.meaning_score is not None for passage in support.passages):
        return "sure" if max(_shares(ranking, support)) >= _HALF else "none"
    found = evidence(ranking, support)
    sure = found >= _SURE and not (ranking.wanted.closed and _lacks(ranking, support))
    return "sure" if sure else "unsure" if found >= _UNSURE else "none"


def _lacks(ranking: Ranking, support: Support) -> bool:
    """Whether a word of the question is neither in the best sentence's passage nor in its title: what is asked to
    be confirmed is then not said there."""
    passage = support.passages[support.sentences[ranking.best].index]
    there = _roots(content_stems(f"{passage.title} {passage.author} {passage.text}", passage.language))
    return not _roots(ranking.asked.within(passage.language)) <= there


def _shares(ranking: Ranking, support: Support) -> list[float]:
    """Which part of the question's words is in each passage."""
    return [
        ranking.asked.share(content_stems(f"{p.title} {p.author} {p.text}", p.language), p.language)
        for p in support.passages
    ]


def evidence(ranking: Ranking, support: Support) -> float:
    """How much speaks for it that the best sentence answers."""
    best = support.sentences[ranking.best]
    own = len(ranking.own[ranking.best]) / max(1, len(_roots(ranking.asked.own)))
    missed = 1.0 - _fit(ranking.wanted, best) if ranking.wanted.kinds else 0.0
    meanings = sorted((passage.meaning_score or 0.0 for passage in support.passages), reverse=True)
    found = float(ranking.scores[ranking.best]) + meanings[0] - 2.0 * missed
    found += 2.0 * max(_shares(ranking, support)) + 2.0 * own
    if support.passages[best.index].language == ranking.asked.language:
        return found
    beside = np.sort(ranking.near)[::-1][:_STANDING]
    out = float(ranking.near[ranking.best] - beside[-1]) + meanings[0] - meanings[:_AMONG][-1]
    return found + out - _OUT


async def rank(question: str, support: Support) -> Ranking:
    """How well each sentence of `support` answers."""
    asked, wanted = Words(question), expected(question)
    passages, sentences = support.passages, support.sentences
    if not sentences:
        return Ranking(np.zeros(0), np.zeros(0), [], asked, wanted, [])
    if wanted.kinds:
        support.prefer(lambda sentence: _fit(wanted, sentence) > 0.0)
    covers = _covers(asked, support, passages)
    near = await support.nearness(question)
    found = _priors(passages)[[s.index for s in sentences]]
    roles = np.array([_role(s, wanted) for s in sentences])
    if "phone" in wanted.kinds:
        roles[:] = 0.0  # a signature has telephone numbers
    fits = np.array([_fit(wanted, s) for s in sentences])
    new = _newness([passages[s.index].time_ms for s in sentences])
    same = np.array([passages[s.index].language == asked.language for s in sentences])
    meant = np.where(same, _NEAR, _NEAR_ACROSS) * near
    scores = _COVERS * covers + meant + _PASSAGE * found + _FITS * fits + _NEW * new + roles
    own = [_roots(asked.within(passages[s.index].language)) & _roots(s.stems) for s in sentences]
    echoes = [s.role == "asked" and _roots(asked.own) <= own[n] for n, s in enumerate(sentences)]
    order = [int(n) for n in np.argsort(-scores, kind="stable")]
    quotable = [n for n in order if _may_be_quoted(sentences[n], wanted) and not echoes[n]]
    return Ranking(scores, near, own, asked, wanted, quotable)


def summary(support: Support, limit: int = 2 * _SENTENCES) -> list[tuple[Block, list[Citation]]]:
    """The sentences that say most of some messages, in their order: what most of them speak of, what comes first in
    each, dates and amounts. Quoted in the same way."""
    sentences = support.sentences
    seen = Counter(word for sentence in sentences for word in sentence.stems if _is_told(sentence))
    told = [n for n, sentence in enumerate(sentences) if sentence.role == "said" and len(sentence.stems) >= _TELLS]
    if not told:
        return []
    first = {sentences[n].index: n for n in reversed(told)}

    def worth(n: int) -> float:
        one = sentences[n]
        common = sum(math.log(1 + seen[word]) for word in one.stems) / math.sqrt(len(one.stems))
        facts = any(letter.isdigit() for letter in one.text)
        return common + _FIRST * (first[one.index] == n) + _FACTS * facts

    chosen: list[int] = []
    for n in sorted(told, key=worth, reverse=True):
        taken = [sentences[i] for i in chosen]
        if sum(t.index == sentences[n].index for t in taken) < _OF_ONE and not _repeats(sentences[n], taken):
            chosen.append(n)
        if len(chosen) == limit:
            break
    return _blocks([sentences[n] for n in sorted(chosen)], support)


def excerpts(ranking: Ranking, support: Support, most: int = _SOURCES, letters: int = _LETTERS) -> list[Excerpt]:
    """What a model is given to answer from: the sentences that would be quoted, with those around them."""
    chosen = _valid(_chosen(ranking, support, _SENTENCES), ranking, support)
    indices = list(dict.fromkeys(support.sentences[n].index for n in chosen))[:most]
    return [Excerpt(index, _excerpt(index, chosen, support, letters)) for index in indices]


def _valid(chosen: list[int], ranking: Ranking, support: Support) -> list[int]:
    """Without what is older than the first sentence and says something else in its place: models mix them."""
    if not chosen or not ranking.wanted.kinds:
        return chosen
    first, kind = chosen[0], ranking.wanted.kinds[0]

    def outdated(n: int) -> bool:
        older = support.passages[support.sentences[n].index].time_ms < first_ms
        return older and ranking.own[first] <= ranking.own[n] and _has(ranking.wanted, kind, support.sentences[n])

    first_ms = support.passages[support.sentences[first].index].time_ms
    return [n for n in chosen if n == first or not outdated(n)]


def _excerpt(index: int, chosen: list[int], support: Support, letters: int) -> str:
    shown: set[int] = set()
    own = [n for n in chosen if support.sentences[n].index == index]
    around = [i for n in own for i in (support.sentences[n].under, n + 1, n - 1)]
    for n in [*own, *around]:
        if not 0 <= n < len(support.sentences):
            continue
        fits = sum(len(support.sentences[i].text) for i in shown) + len(support.sentences[n].text) <= letters
        if n in own or (fits and support.sentences[n].index == index and _is_told(support.sentences[n])):
            shown.add(n)
    return "\n".join(support.sentences[n].text for n in sorted(shown))


def told(support: Support) -> list[Excerpt]:
    """All that is said in the passages, without quotes of other messages and signatures; the newest first, so that
    what is left out for want of room is the oldest."""
    order = sorted(
        range(len(support.passages)),
        key=lambda n: (-support.passages[n].time_ms, support.passages[n].part != "body", n),
    )
    return [
        Excerpt(index, "\n".join(s.text for s in support.sentences if s.index == index and _is_told(s)))
        for index in order
    ]


def _is_told(sentence: Sentence) -> bool:
    return sentence.role not in _NEVER


def _may_be_quoted(sentence: Sentence, wanted: Expected) -> bool:
    """Signatures have telephone numbers and nothing else that answers."""
    return _is_told(sentence) or (sentence.role == "frame" and "phone" in wanted.kinds)


def _role(sentence: Sentence, wanted: Expected) -> float:
    """What its role takes from the score of a sentence; a head that has itself what is asked for is more."""
    told = sentence.role == "head" and wanted.kinds and _fit(wanted, sentence) > 0.0
    return 0.0 if told else _ROLES[sentence.role]


def _fit(wanted: Expected, sentence: Sentence) -> float:
    if not wanted.kinds:
        return 0.3 if any(letter.isdigit() for letter in sentence.text) else 0.0
    return sum(_has(wanted, kind, sentence) for kind in wanted.kinds) / len(wanted.kinds)


def _has(wanted: Expected, kind: Kind, sentence: Sentence) -> bool:
    """Whether a sentence has an answer of this kind; in a table the unit often stands elsewhere."""
    if wanted.fits(kind, sentence.text):
        return True
    return sentence.role == "row" and kind in _COUNTED and wanted.fits("number", sentence.text)


def _priors(passages: list[Hit]) -> "np.ndarray":
    """How well each passage was found, or the best one beside it in the same object."""
    own = [(passage.meaning_score or 0.0) + 5.0 * (passage.text_score or 0.0) for passage in passages]
    best: dict[tuple[int, int], float] = defaultdict(float)
    for passage, prior in zip(passages, own, strict=True):
        thing = passage.account_id, passage.object_id
        best[thing] = max(best[thing], prior)
    return np.array(
        [max(prior, _BESIDE * best[p.account_id, p.object_id]) for p, prior in zip(passages, own, strict=True)]
    )


def _newness(times: list[int]) -> "np.ndarray":
    """0 for the oldest source to 1 for the newest."""
    order = sorted(set(times))
    return np.array([order.index(time) / max(1, len(order) - 1) for time in times])


def _covers(asked: Words, support: Support, passages: list[Hit]) -> "np.ndarray":
    """Which part of the question's words is in each sentence or near it, rare words counting more: 0 to 1."""
    rarity = _rarity(support.sentences)
    wide = [_roots(content_stems(f"{p.title} {p.author} {p.file_name} {p.text}", p.language)) for p in passages]
    found = []
    for n, sentence in enumerate(support.sentences):
        places = (_roots(sentence.stems), _roots(support.around(n)), wide[sentence.index])
        wanted = (_roots(asked.own), _roots(asked.within(passages[sentence.index].language)))
        found.append(max(_covered(words, places, rarity) for words in wanted))
    return np.array(found)


def _covered(wanted: frozenset[str], places: Sequence[frozenset[str]], rarity: dict[str, float]) -> float:
    total = sum(rarity.get(word, _RAREST) for word in wanted)
    if not total:
        return 0.0
    found = sum(
        rarity.get(word, _RAREST)
        * next((w for w, place in zip(_WEIGHTS, places, strict=True) if word in place), 0.0)
        for word in wanted
    )
    return found / total


def _roots(stems: frozenset[str]) -> frozenset[str]:
    """Stems cut to where words of one family still agree (arbitré, arbitrage)."""
    return frozenset(word[:_ROOT] for word in stems)


def _rarity(sentences: list[Sentence]) -> dict[str, float]:
    seen = Counter(word for sentence in sentences for word in _roots(sentence.stems))
    return {word: math.log(1 + len(sentences) / count) for word, count in seen.items()}


def _chosen(ranking: Ranking, support: Support, limit: int) -> list[int]:
    """For each kind of answer that was asked for its best sentence, then the best of all."""
    order = ranking.quotable
    if not order:
        return []
    chosen: list[int] = []
    for kind in ranking.wanted.kinds:
        fitting = [n for n in order if _has(ranking.wanted, kind, support.sentences[n])]
        if fitting and not any(n in chosen for n in fitting[:1]):
            chosen.append(_newest(fitting, ranking, support))
    least = _WORTH * ranking.scores[order[0]]
    for n in order:
        if ranking.scores[n] < least or len(chosen) == limit:
            break
        sentence, taken = support.sentences[n], [support.sentences[i] for i in chosen]
        of_this = sum(one.index == sentence.index for one in taken)
        if n in chosen or len(sentence.text) < _SHORTEST or of_this == _OF_ONE or _repeats(sentence, taken):
            continue
        chosen.append(n)
    return chosen


def _newest(fitting: list[int], ranking: Ranking, support: Support) -> int:
    """Of the sentences with the same words of the question as the best one, that of the newest source."""
    best, own = fitting[0], ranking.own
    equal = [
        n
        for n in fitting
        if n == best or (own[best] and own[best] <= own[n] and ranking.scores[n] >= _SAME * ranking.scores[best])
    ]
    return max(equal, key=lambda n: (support.passages[support.sentences[n].index].time_ms, ranking.scores[n]))


def _repeats(sentence: Sentence, chosen: list[Sentence]) -> bool:
    return any(
        len(sentence.stems & other.stems) > _REDUNDANT * max(1, min(len(sentence.stems), len(other.stems)))
        for other in chosen
    )


def _blocks(chosen: list[Sentence], support: Support) -> list[tuple[Block, list[Citation]]]:
    """One quote a passage, its sentences in their own order; a row of a table comes with its columns' names."""
    number = 0
    found = []
    for index in dict.fromkeys(sentence.index for sentence in chosen):
        claims, citations = [], []
        for sentence in sorted(_headed(index, chosen, support), key=lambda s: s.start):
            number += 1
            citations.append(cite(support.passages[index], number, sentence.start, sentence.end))
            claims.append(Claim(text=" ".join(sentence.text.split()), citations=[number]))
        found.append((Block(kind="quote", claims=claims), citations))
    return found


def _headed(index: int, chosen: list[Sentence], support: Support) -> list[Sentence]:
    these = [sentence for sentence in chosen if sentence.index == index]
    heads = [support.sentences[s.under] for s in these if s.role == "row" and s.under >= 0]
    return list(dict.fromkeys([*heads, *these]))
