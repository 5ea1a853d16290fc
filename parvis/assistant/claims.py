"""What a model writes, read line by line as it streams: each line one claim with the source numbers it names.

Anything that is not plain words (Markdown, HTML, links with a text of their own) is reduced to its words."""

import re
from dataclasses import dataclass

from parvis.assistant.labels import visible
from parvis.search.words.sentences import sentences

_NUMBERS = re.compile(
    r"\s*[\[\(【]\s*(?:source\s*)?(\d{1,2}(?:\s*[,;&]\s*\d{1,2})*)\s*[\]\)】](?:\s*:)?", re.IGNORECASE
)
_BULLET = re.compile(r"^\s*(?:[-*•–]|\d{1,2}[.)])\s+")
_HEADING = re.compile(r"^\s*#+\s*")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_TAG = re.compile(r"<[^>]{0,200}>")
_MARKS = re.compile(r"\*\*|__|`+|~~")
NOTHING = "NOTHING"
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Written:
    """One sentence a model wrote: its words, the sources it named (from 1), and whether it is of a list item."""

    text: str
    sources: list[int]
    item: bool


class Reader:
    """Cuts streamed text into lines."""

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, piece: str) -> list[Written]:
        """The lines that `piece` completes."""
        *lines, self._rest = (self._rest + piece).split("\n")
        if len(self._rest) > _LONGEST:
            lines, self._rest = [*lines, self._rest], ""
        return [written for line in lines for written in read(line)]

    def close(self) -> list[Written]:
        """The last line, when it is one."""
        written = read(self._rest)
        self._rest = ""
        return written


def read(line: str) -> list[Written]:
    """The sentences of one line as plain words, each with the source numbers of the line."""
    text = _LINK.sub(r"\1", visible(line).text)
    sources = [int(number) for group in _NUMBERS.findall(text) for number in re.findall(r"\d+", group)]
    item = bool(_BULLET.match(text))
    text = _MARKS.sub("", _TAG.sub("", _HEADING.sub("", _BULLET.sub("", _NUMBERS.sub("", text))))).strip()
    said = [text[start:end] for start, end in sentences(text)]
    return [Written(one, sources, item) for one in said if any(letter.isalnum() for letter in one)]
