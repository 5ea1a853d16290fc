"""Where sentences end in French, Vietnamese and English: after a full stop that is none of an abbreviation, and at
the end of each line that stands for itself (a heading, a list item, a row)."""

import re
from collections.abc import Iterator

_END = re.compile(r"[.!?…]+[\"'»”)\]]*(?=\s)|\n\s*\n|\n(?=\s*(?:[-*•–]|\d{1,2}[.)])\s)|\n(?=[A-ZÀ-ỸĐ>])")
_WRITTEN_SHORT = """m mm mme mmes mlle me dr pr st ste no n° art p pp av bd cf env etc ex fig ref réf tél tel
    vol chap al
    mr mrs ms prof inc ltd co jr sr vs eg ie dept approx est gov jan feb mar apr jun jul aug sep sept oct nov dec
    janv févr avr juil déc ts gs pgs ths bs ks tp q p tt ubnd nxb tr"""
_ABBREVIATIONS = frozenset(_WRITTEN_SHORT.split())
_LAST_WORD = re.compile(r"(?:^|[\s(«\"'’])([\w°]+)$")
_LONGEST = 1000


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """The sentences of a text in order as offsets; what lies between two is white space. A run of more than 1000
    characters without an end is cut there."""
    start = 0
    for match in _END.finditer(text):
        if match.group()[0] == "." and _abbreviated(text, start, match.start()):
            continue
        yield from _cut(text, start, match.end())
        start = match.end()
    yield from _cut(text, start, len(text))


def _abbreviated(text: str, start: int, dot: int) -> bool:
    """Whether the full stop belongs to an abbreviation or an initial."""
    word = _LAST_WORD.search(text[max(start, dot - 12) : dot])
    if word is None:
        return False
    letters = word.group(1)
    return letters.lower() in _ABBREVIATIONS or (len(letters) == 1 and letters.isalpha() and letters.isupper())


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    while end - start > _LONGEST:
        space = text.rfind(" ", start + 1, start + _LONGEST)
        middle = space if space > start else start + _LONGEST
        yield start, middle
        start = middle + 1 if space > start else middle
    if start < end:
        yield start, end
