"""What each sentence of a passage is there for: said, asked, quoted from another message, a head over what
follows, or only the frame of a letter (greeting, signature, who wrote when). Only what is said answers."""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

Role = Literal["said", "row", "asked", "quoted", "head", "frame"]
_QUOTED = re.compile(r"^[ \t]*>")
_SIGNATURE = re.compile(r"^-- ?$")
"""RFC 3676 §4.3."""
_BULLET = re.compile(r"^[ \t]*(?:[-*•–]|\d{1,2}[.)])\s+")
_HEADER = re.compile(
    r"^(?:From|To|Cc|Bcc|Reply-To|Subject|Date|Sent|Message-ID|In-Reply-To|References|Content-[\w-]+|MIME-Version"
    r"|De|À|Objet|Envoyé|Từ|Đến|Tới|Chủ đề|Ngày gửi) ?: ",
    re.IGNORECASE,
)
"""Fields of a message that another one forwards or returns."""
_CELLS = " | "
_ENDS = re.compile(r"[.!?…;:][\"'»”)\]]*$")
_GREETING = 48
_NAME_WORDS = 4


class Line(NamedTuple):
    """The role of a sentence, and the number of the sentence that stands over it (-1 for none)."""

    role: Role
    under: int


def lines(text: str, spans: Sequence[tuple[int, int]], *, letter: bool) -> list[Line]:
    """The roles of the sentences `text[start:end]`; `letter` when the text is the body of a message.

    A head stands over all that follows until the next one, in a letter over the list that follows; the first row of
    a table over its other rows."""
    frame = _frame(text) if letter else frozenset()
    found: list[Line] = []
    head = table = -1
    for number, (start, end) in enumerate(spans):
        role = _role(text, start, end, frame, letter=letter)
        if role == "row" and table < 0:
            found.append(Line("head", head))
            table = number
            continue
        if role != "row":
            table = -1
            if letter and not _BULLET.match(_line(text, start, end)):
                head = -1
        found.append(Line(role, table if role == "row" else head))
        head = number if role == "head" else head
    return found


def _role(text: str, start: int, end: int, frame: frozenset[int], *, letter: bool) -> Role:
    line, sentence = _line(text, start, end), text[start:end]
    if _QUOTED.match(line):
        return "quoted"
    if text.rfind("\n", 0, start) + 1 in frame or _HEADER.match(line):
        return "frame"
    if _CELLS in sentence:
        return "row"
    if sentence.endswith("?"):
        return "asked"
    if sentence.endswith(":") and "\n" not in sentence:
        return "head"
    if (
        not letter
        and not _ENDS.search(sentence)
        and not _BULLET.match(line)
        and not any(map(str.isdigit, sentence))
    ):
        return "head"
    return "said"


def _line(text: str, start: int, end: int) -> str:
    """The whole lines that a sentence stands on."""
    last = text.find("\n", end)
    return text[text.rfind("\n", 0, start) + 1 : last if last >= 0 else len(text)]


def _frame(text: str) -> frozenset[int]:
    """Where the lines start that only frame a letter."""
    found, at, signed = set(), 0, False
    rows = text.split("\n")
    for number, row in enumerate(rows):
        after = rows[number + 1] if number + 1 < len(rows) else ""
        written = row.strip()
        introduces = written.endswith(":") and bool(_QUOTED.match(after))
        signed = (signed or bool(_SIGNATURE.match(row))) and not _QUOTED.match(row)
        if signed or introduces or _greets(written) or (_is_name(written) and not after.strip()):
            found.add(at)
        signed = signed and not introduces
        at += len(row) + 1
    return frozenset(found)


def _greets(line: str) -> bool:
    return line.endswith(",") and len(line) <= _GREETING and not any(map(str.isdigit, line))


def _is_name(line: str) -> bool:
    words = line.rstrip(".").split()
    return (
        0 < len(words) <= _NAME_WORDS and all(word[0].isupper() for word in words) and not line.endswith(("!", "?"))
    )
