"""Cutting a text into passages: long enough to be understood alone, short enough to be about one thing.

Neighbouring blocks are joined up to `TARGET` characters; a heading starts a new passage, and so does another
language; a page, slide or sheet is never left; a longer block is cut between sentences. The sizes were chosen by
`bench/retrieval.py`: with the built-in model one vector for about a thousand characters finds more than two for
five hundred.
"""

from collections.abc import Iterator, Sequence

import msgspec

from parvis.search.extract.contract import Block, Extract
from parvis.search.place import Place
from parvis.search.words.language import spoken
from parvis.search.words.sentences import sentences

TARGET = 1000
LONGEST = 1400
SHORTEST = 300
"""A passage shorter than this takes the next heading in rather than standing alone."""


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """`extract.text[start:end]`, placed where it starts in the original."""

    start: int
    end: int
    place: Place
    heading: str = ""
    """The heading it stands under."""


def cut(extract: Extract) -> list[Passage]:
    """The passages of a text, in order. They cover every block and do not overlap."""
    found: list[Passage] = []
    run: list[Block] = []
    heading = language = ""
    for block in _shortened(extract):
        here = spoken(extract.text[block.start : block.end]) or language
        if run and (_parts(run, block) or (language and here != language)):
            found.append(_joined(run, heading))
            run = []
        language = here
        if block.heading and (not run or not run[-1].heading):
            heading = extract.text[block.start : block.end][:200]
        run.append(block)
    return [*found, _joined(run, heading)] if run else found


def _joined(run: Sequence[Block], heading: str) -> Passage:
    return Passage(start=run[0].start, end=run[-1].end, place=run[0].place, heading=heading)


def _parts(run: Sequence[Block], block: Block) -> bool:
    """Whether a passage ends before this block."""
    first, length = run[0], run[-1].end - run[0].start
    if _leaf(first.place) != _leaf(block.place) or block.end - first.start > LONGEST:
        return True
    if block.heading and not run[-1].heading and length >= SHORTEST:
        return True
    return block.end - first.start > TARGET and length >= SHORTEST


def _leaf(place: Place) -> tuple[int, int, str, tuple[str, ...]]:
    return place.page, place.slide, place.sheet, place.inside


def _shortened(extract: Extract) -> Iterator[Block]:
    """The blocks, those longer than a passage cut between sentences (or, without any, between words)."""
    for block in extract.blocks:
        if block.end - block.start <= LONGEST:
            yield block
            continue
        for start, end in _halves(extract.text, block):
            yield Block(start=start, end=end, place=block.place)


def _halves(text: str, block: Block) -> Iterator[tuple[int, int]]:
    """Cuts of one long block, each as near to TARGET as its sentences allow."""
    spans = [
        piece
        for start, end in sentences(text[block.start : block.end])
        for piece in _words(text, block.start + start, block.start + end)
    ]
    total = block.end - block.start
    wanted = total / max(1, round(total / TARGET))
    first = last = spans[0][0]
    for start, end in spans:
        if last > first and end - first > wanted * 1.15:
            yield first, last
            first = start
        last = end
    yield first, last


def _words(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A sentence longer than a passage, cut at spaces; a run without spaces is cut anywhere."""
    while end - start > TARGET:
        space = text.rfind(" ", start + TARGET // 2, start + TARGET)
        stop = space if space > 0 else start + TARGET
        yield start, stop
        start = stop + (1 if space > 0 else 0)
    if end > start:
        yield start, end
