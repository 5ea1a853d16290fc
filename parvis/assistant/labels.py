"""What a text is before a model sees it: its label (who wrote it), and only what a person could see of it.

Text written by others is data, never instructions: it is cleaned of everything invisible, fenced, numbered and
named by its label, and nothing in it can close the fence. trust.md SE-06, SE-08
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from parvis.kernel.knowledge import Origin

_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
_JOINERS = frozenset("\u200b\u200c\u2060\ufeff\u00ad\u180e")
_FENCE = re.compile(r"<\s*/?\s*(source|system|user|assistant|instructions?)\b[^>]*>", re.IGNORECASE)
_PREAMBLE = re.compile(r"\A\s*[^\n]{1,80}:\s*\n+(?=<|-{5})")
_RULE = re.compile(r"^-{5}\n?", re.MULTILINE)
_CONTROL_TOKENS = re.compile(r"<\|[^|<>]{1,40}\|>|\[/?INST\]|<</?SYS>>")
LINK = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)
_SPOKEN: dict[Origin, str] = {
    "own": "written by the person who asks",
    "colleague": "written by a colleague",
    "outside": "written by somebody outside the organisation",
    "system": "written by this system",
}


@dataclass(frozen=True, slots=True)
class Visible:
    """Text as a person sees it, and how many characters nobody could see were taken out."""

    text: str
    removed: int


def visible(text: str) -> Visible:
    """Takes out what is invisible: tag characters, zero-width and direction controls, private use, other controls.

    >>> visible("pay" + "\\U000e0041" + "\\u200b now")
    Visible(text='pay now', removed=2)
    """
    kept = "".join(letter for letter in text if not _hidden(letter))
    return Visible(kept, len(text) - len(kept))


def _hidden(letter: str) -> bool:
    if letter.isascii():
        return (letter < " " and letter not in "\n\t\r") or letter == "\x7f"
    point = ord(letter)
    if letter in _BIDI or letter in _JOINERS or 0xE0000 <= point <= 0xE0FFF or 0xFE00 <= point <= 0xFE0F:
        return True
    return unicodedata.category(letter) in ("Cc", "Co", "Cn", "Cs")


def fenced(number: int, origin: Origin, title: str, text: str) -> str:
    """One source of a prompt, numbered from 1 and labelled."""
    return f'<source id="{number}" label="{_SPOKEN[origin]}" title="{_attribute(title)}">\n{plain(text)}\n</source>'


def plain(text: str) -> str:
    """Visible text in which nothing reads as a fence or as a model's control token."""
    return _CONTROL_TOKENS.sub(" ", _FENCE.sub(" ", visible(text).text))


def _attribute(text: str) -> str:
    return plain(text).replace('"', "'").replace("\n", " ")[:200]


def answered(text: str) -> str:
    """What a model wrote, without the fences and lines that it repeats from its prompt, nor a line that announces
    them."""
    found = _PREAMBLE.sub("", visible(text).text)
    return _RULE.sub("", without_fences(found)).strip("\n")


def without_fences(text: str) -> str:
    """The text inside fences alone."""
    return _FENCE.sub("", text)


def without_new_links(text: str, known: Sequence[str]) -> str:
    """`text` with `...` for each address that stands in none of the `known` texts: a model invents no links."""
    return LINK.sub(lambda found: found[0] if any(_bare(found[0]) in one for one in known) else "...", text)


def _bare(link: str) -> str:
    return link.rstrip(".,;:!?)]}'\"»”")
