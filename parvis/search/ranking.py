"""From candidates to hits: words and meaning on one scale, one object not too often, what to highlight.

Words count as the share of what could be had: the BM25 score over that of a text that holds every term of the
search many times. A name that stands in a text of another language so counts as the small share it is. Meaning
counts in standard deviations. `WORDS` was chosen by `bench/retrieval.py` on one half of its questions.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parvis.search.index.engine import SATURATION, Question, Terms
from parvis.search.index.wording import Wording
from parvis.search.place import Place
from parvis.search.request import Hit
from parvis.search.words.stem import stem
from parvis.search.words.tokens import tokens

WORDS = 5.0
"""So many standard deviations is a text worth that has every word."""
NEAR_ENOUGH = 1.0
"""A passage with none of the words must be this near in meaning to be a hit at all."""
_MIDDLE, _SPREAD = 4.0, 1.5
_COMMON = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row of the statement with its score."""

    row: Sequence[Any]
    score: float
    words: float | None
    meaning: float | None


def rank(rows: Iterable[Sequence[Any]], terms: Terms, question: Question | None) -> list[Candidate]:
    """Candidates best first. Without a question, meaning takes no part."""
    most = sum(terms.weights.values()) * (SATURATION + 1)
    found = []
    for row in rows:
        *_, raw, cosine = row
        share = min(1.0, max(0.0, raw) / most) if raw is not None and most > 0 else None
        if raw is not None and share is None:
            share = 0.0
        near = None
        if question is not None and cosine is not None:
            near = question.sides[row[1]].deviations(cosine)
        if share is not None or (near is not None and near >= NEAR_ENOUGH):
            found.append(Candidate(row, WORDS * (share or 0.0) + (near or 0.0), share, near))
    return sorted(found, key=lambda candidate: -candidate.score)


def spread(candidates: Iterable[Candidate], per_object: int) -> Iterator[Candidate]:
    """The same order, with at most `per_object` passages of each object (0 for any number)."""
    taken: dict[int, int] = {}
    for candidate in candidates:
        item = candidate.row[7]
        taken[item] = taken.get(item, 0) + 1
        if not per_object or taken[item] <= per_object:
            yield candidate


def hit(
    candidate: Candidate,
    wording: Wording,
    corrections: Mapping[str, str],
    file_names: Mapping[tuple[int, str], str],
) -> Hit:
    """What is shown of a candidate."""
    (
        number,
        language,
        part,
        start,
        end,
        place,
        scope,
        item,
        account,
        kind,
        thing,
        title,
        author,
        moment,
        origin,
        body,
        _,
    ) = candidate.row[:17]
    return Hit(
        passage_id=number,
        account_id=account,
        scope_id=scope,
        kind=kind,
        object_id=thing,
        title=title,
        author=author,
        time_ms=moment,
        origin=origin,
        part=part,
        file_name=file_names.get((item, part), ""),
        place=Place.decode(place),
        language=language,
        start=start,
        end=end,
        text=body,
        marks=marks(body, language, wording, corrections),
        score=1 / (1 + math.exp((_MIDDLE - candidate.score) / _SPREAD)),
        text_score=candidate.words,
        meaning_score=candidate.meaning,
    )


def marks(
    body: str, language: str, wording: Wording, corrections: Mapping[str, str]
) -> tuple[tuple[int, int], ...]:
    """Where the words that were asked for stand in a text, in any of their forms. Neighbours are joined."""
    wanted = {form for word in wording.words for form in wording.alternatives(word)} | set(corrections.values())
    wanted |= {word for phrase in wording.phrases for word in phrase}
    beginnings = {form[:_COMMON] for form in wanted}  # forms of a word begin alike, and stemming is slow
    found: list[tuple[int, int]] = []
    for token in tokens(body):
        word = token.word
        kin = word[:_COMMON] in beginnings and stem(word, language) in wanted
        if kin or word in wanted or word.startswith(wording.beginnings):
            if found and not body[found[-1][1] : token.start].strip(" "):
                found[-1] = (found[-1][0], token.end)
            else:
                found.append((token.start, token.end))
    return tuple(found)
