"""Words: how text is cut and folded for the text index and for what is looked for, the same on both databases."""

import re

from parvis.kernel.errors import Invalid
from parvis.kernel.languages import ascii_words, fold

_SINGLE = "\u2e80-\u2fff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
WORD = re.compile(rf"[{_SINGLE}]|[^\W_{_SINGLE}]+")
_PHRASE = re.compile(r"""(['"])((?:\\.|(?!\1)[^\\])*)\1(?=\s|\Z)|(\S+)""", re.DOTALL)
_LONGEST_WORD = 64
_MOST_TERMS = 200
Term = tuple[list[str], bool]
"""Words that must stand in a row, and whether the last is only the beginning of a word."""


def words(text: str) -> list[str]:
    """The words of a text, folded; a letter of Chinese or Japanese is a word of its own."""
    folded = fold(text)
    if folded.isascii():
        return ascii_words(folded, _LONGEST_WORD)
    return [word[:_LONGEST_WORD] for word in WORD.findall(folded)]


def terms(query: str) -> list[Term]:
    """What a filter asks for: words, phrases in quotes, `begin*`. All of them must be there. Raises Invalid for too
    many. RFC 8621 §4.4.1"""
    found: list[Term] = []
    for match in _PHRASE.finditer(query):
        text = re.sub(r"\\(.)", r"\1", match[2]) if match[1] else match[3]
        cut = words(text)
        if cut:
            found.append((cut, not match[1] and text.endswith("*")))
        if len(found) > _MOST_TERMS:
            raise Invalid(f"at most {_MOST_TERMS} words can be looked for", field="filter")
    return found
