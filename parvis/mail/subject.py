"""The base subject: what is left when automatic prefixes are gone. RFC 5256 §2.1, with the prefixes that French,
Vietnamese, German and other programs write."""

import re

from parvis.kernel.languages import fold

_SPACE = re.compile(r"\s+")
_WORDS = (
    r"re|fwd?|r[eé]f|tr|aw|wg|sv|vs|vb|antw(?:ort)?|rv|rif|enc|tl|ang|"
    r"tr[aả] l[oờ]i|chuy[eể]n ti[eế]p|transf(?:[eé]r[eé])?"
)
_PREFIX = re.compile(rf"(?:\[[^\[\]]*\]\s*)*+(?:{_WORDS})\s?(?:\[[^\[\]]*\]|\(\d+\)|\^\d+)?\s?:\s*", re.IGNORECASE)
_BLOB = re.compile(r"\[[^\[\]]*\]\s*")
_FORWARDED = re.compile(r"\[fwd:\s*(.*)\]\Z", re.IGNORECASE | re.DOTALL)
_LIMIT = 1000


def base_subject(subject: str) -> str:
    """The subject without `Re:`, `Fwd:`, `[list]`, `(fwd)`; white space collapsed; capitals kept.

    >>> base_subject("Re: [dev] TR : Réunion (fwd)")
    'Réunion'
    """
    text = _SPACE.sub(" ", subject[:_LIMIT]).strip()
    while True:
        before = text
        while text[-5:].lower() == "(fwd)":
            text = text[:-5].rstrip()
        if (prefix := _PREFIX.match(text)) is not None:
            text = text[prefix.end() :]
        elif (blob := _BLOB.match(text)) is not None and blob.end() < len(text):
            text = text[blob.end() :]
        if (forwarded := _FORWARDED.match(text)) is not None:
            text = forwarded[1].strip()
        if text == before:
            return text


def thread_subject(subject: str) -> str:
    """The form in which subjects of one thread are equal: base subject, folded, without white space."""
    return fold(base_subject(subject)).replace(" ", "")
