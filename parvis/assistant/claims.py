"""What a model writes, read line by line as it streams: each line one claim with the source numbers it names.

Anything that is not plain words (Markdown, HTML, links with a text of their own) is reduced to its words."""

import re
from dataclasses import dataclass

from parvis.assistant.labels import visible

_NUMBERS = re.compile(r"\s*[\[\(【]\s*(?:source\s*)?(\d{1,2}(?:\s*[,;&]\s*\d{1,2})*)\s*[\]\)】]", re.IGNORECASE)
_BULLET = re.compile(r"^\s*(?:[-*•–]|\d{1,2}[.)])\s+")
_HEADING = re.compile(r"^\s*#+\s*")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_TAG = re.compile(r"<[^>]{0,200}>")
_MARKS = re.compile(r"\*\*|__|`+|~~")
NOTHING = "NOTHING"
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Written:
    """One line a model wrote: its words, the sources it named (from 1), and whether it was a list item."""

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
        return [written for line in lines if (written := read(line))]

    def close(self) -> list[Written]:
        """The last line, when it is one."""
        written = read(self._rest)
        self._rest = ""
        return [written] if written else []


def read(line: str) -> Written | None:
    """One line as plain words and source numbers, or None when no words are in it."""
    text = _LINK.sub(r"\1", visible(line).text)
    sources = [int(number) for group in _NUMBERS.findall(text) for number in re.findall(r"\d+", group)]
    item = bool(_BULLET.match(text))
    text = _MARKS.sub("", _TAG.sub("", _HEADING.sub("", _BULLET.sub("", _NUMBERS.sub("", text))))).strip()
    if not any(letter.isalnum() for letter in text):
        return None
    return Written(text, sources, item)
