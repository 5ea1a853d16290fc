"""From rows to hits: what is shown of a passage, and what to highlight in it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parvis.search.index.wording import Wording
from parvis.search.place import Place
from parvis.search.request import Hit
from parvis.search.words.stem import stem
from parvis.search.words.tokens import tokens

_MIDDLE, _SPREAD = 4.0, 1.5
_COMMON = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row of the statement with its score."""

    row: Sequence[Any]
    score: float
    words: float | None
    meaning: float | None


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
        title_marks=marks(title, language, wording, corrections),
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
