"""Cutting a text into passages: long enough to be understood alone, short enough to be about one thing.

Neighbouring blocks are joined up to `TARGET` characters; a heading starts a new passage; a page, slide or
sheet is never left; a longer block is cut between sentences. The sizes were chosen by `bench/retrieval.py`:
with the built-in model one vector for about a thousand characters finds more than two for five hundred.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from parvis.search.extract.contract import Block, Extract
from parvis.search.place import Place

TARGET = 1000
LONGEST = 1400
SHORTEST = 300
"""A passage shorter than this takes the next heading in rather than standing alone."""

# A sentence ends at . ! ? … (with quotes or brackets closed behind it) before a capital, a digit or an opening
# sign.
_CAPITAL = "A-ZÀ-ÖØ-ÞĂĐĨŨƠƯẠ-Ỹ"
_END = re.compile(rf"[.!?…]+(?:[\"'”’)\]]|\s?»)*(?=\s+[\"'“‘«(\[–—-]*\s*[{_CAPITAL}0-9])|\n+|[。！？]")
# ... but not after these, folded to lower case, nor after a single capital (an initial).
_SHORT = "m mm mme mmes mlle mr mrs ms dr pr st ste no nos art al cf etc ex fig p pp vol ch éd ed env av bd tél tel"
_SHORTER = "inc ltd co corp vs jr sr e.g i.e a.m p.m tp q p.gs gs ts ths ks bs"
_ABBREVIATIONS = {*_SHORT.split(), *_SHORTER.split()}
_LAST_WORD = re.compile(r"[\w.]+$")


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """`extract.text[start:end]`, placed where it starts in the original."""

    start: int
    end: int
    place: Place
    heading: str = ""
    """The heading it stands under."""


def sentences(text: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """Where each sentence of a text starts and ends, in French, Vietnamese and English; `start` is added to
    both. The spaces between sentences belong to none."""
    at = 0
    for match in _END.finditer(text):
        if match.group()[0] == "." and _abbreviated(text[at : match.start()]):
            continue
        yield from _trimmed(text, at, match.end(), start)
        at = match.end()
    yield from _trimmed(text, at, len(text), start)


def _abbreviated(before: str) -> bool:
    last = _LAST_WORD.search(before)
    word = last.group() if last else ""
    return word.lower() in _ABBREVIATIONS or (len(word) == 1 and word.isupper())


def _trimmed(text: str, start: int, end: int, base: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        yield base + start, base + end


def cut(extract: Extract) -> list[Passage]:
    """The passages of a text, in order. They cover every block and do not overlap."""
    found: list[Passage] = []
    run: list[Block] = []
    heading = ""
    for block in _shortened(extract):
        if run and _parts(run, block):
            found.append(_joined(run, heading))
            run = []
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
        for start, end in sentences(text[block.start : block.end], block.start)
        for piece in _words(text, start, end)
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
