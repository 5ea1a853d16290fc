"""What each sentence of a passage is there for: said, asked, quoted from another message, a head over what
follows, what a program wrote, or only the frame of a letter (greeting, signature, who wrote when). Only what is
said answers."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Literal, NamedTuple

from parvis.assistant.machine import machine_rows

Role = Literal["said", "row", "asked", "quoted", "head", "frame", "machine"]
_QUOTED = re.compile(r"^[ \t]*(?:[A-Za-z]{1,4})?>")
_SIGNATURE = re.compile(r"^(?:- )?-- ?$")
"""RFC 3676 §4.3; OpenPGP puts a dash before it."""
_RULE = re.compile(r"^(?:_{20,}|-{20,}|={20,})$")
_FOOTER = re.compile(
    r"mailing list|sponsored by|unsubscribe|liste de diffusion|désabonner|danh sách thư|hủy đăng ký", re.I
)
"""What a list writes under every message, below a rule."""
_CLAIMED = re.compile(r"^(?:©|\(c\)|copyright\b).*\b(?:19|20)\d\d\b", re.IGNORECASE)
_ATTRIBUTED = re.compile(r"(?:\b(?:wrote|writes)|a écrit|đã viết)[ \u00a0]?:$", re.IGNORECASE)
_BEGUN = re.compile(r"^(?:On|Le|Vào|Ngày|At) .*\d")
_ORIGINAL = re.compile(
    r"^-{2,}[ ]?(?:Original Message|Message d'origine|Thư gốc|Tin nhắn gốc)[ ]?-{2,}$", re.IGNORECASE
)
"""What stands below it is quoted without any mark."""
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
    known = _known(text, letter=letter)
    found: list[Line] = []
    head = table = -1
    for number, (start, end) in enumerate(spans):
        role = _role(text, start, end, known, letter=letter)
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


def _role(text: str, start: int, end: int, known: Mapping[int, Role], *, letter: bool) -> Role:
    line, sentence = _line(text, start, end), text[start:end]
    first = text.rfind("\n", 0, start) + 1
    whole = {known.get(at) for at in _starts(text, first, end)}
    if "machine" in whole:
        return "machine"
    if role := known.get(first):
        return role
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


def _starts(text: str, first: int, end: int) -> Iterator[int]:
    """Where the rows of `text[first:end]` start."""
    while 0 <= first < end:
        yield first
        first = text.find("\n", first, end) + 1 or -1


def _known(text: str, *, letter: bool) -> dict[int, Role]:
    """The roles of the rows that tell theirs by themselves, by where they start."""
    rows = text.split("\n")
    starts = list(accumulate((len(row) + 1 for row in rows), initial=0))
    found: dict[int, Role] = {starts[n]: "frame" for n, row in enumerate(rows) if _HEADER.match(row)}
    found |= {starts[n]: "machine" for n in machine_rows(rows)}
    if letter:
        found |= {starts[n]: "frame" for n in _framing(rows)}
    found |= {starts[n]: "quoted" for n, row in enumerate(rows) if _QUOTED.match(row)}
    original = next((n for n, row in enumerate(rows) if _ORIGINAL.match(row)), len(rows))
    return found | dict.fromkeys(starts[original:-1], "quoted")


def _framing(rows: Sequence[str]) -> set[int]:
    """The rows that only frame a letter: greetings, signatures, footers, who wrote when."""
    found, signed = set(), False
    for number, row in enumerate(rows):
        after = rows[number + 1] if number + 1 < len(rows) else ""
        written = row.strip()
        introduces = bool(_ATTRIBUTED.search(written)) or (written.endswith(":") and bool(_QUOTED.match(after)))
        if introduces and number and _BEGUN.match(rows[number - 1]):
            found.add(number - 1)
        ends = _SIGNATURE.match(row) or (_RULE.match(written) and _FOOTER.search(after))
        signed = (signed or bool(ends)) and not _QUOTED.match(row)
        named = _is_name(written) and not after.strip()
        if signed or introduces or named or _greets(written) or _CLAIMED.match(written):
            found.add(number)
        signed = signed and not introduces
    return found


def _greets(line: str) -> bool:
    return line.endswith(",") and len(line) <= _GREETING and not any(map(str.isdigit, line))


def _is_name(line: str) -> bool:
    words = line.rstrip(".").split()
    return (
        0 < len(words) <= _NAME_WORDS and all(word[0].isupper() for word in words) and not line.endswith(("!", "?"))
    )
