"""The three languages that are equal here, and the folding that makes accents optional everywhere."""

import unicodedata
from typing import Literal

Language = Literal["fr", "vi", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "vi", "en")

# Letters that Unicode decomposition leaves whole; đ is why "duong" must find "Đường".
_WHOLE = str.maketrans(
    {"đ": "d", "ł": "l", "ø": "o", "œ": "oe", "æ": "ae", "ß": "ss", "ı": "i", "ħ": "h", "þ": "th", "ð": "d"}
)
# Normalising a row of combining marks costs the square of its length, so long texts are folded in pieces.
_PIECE = 256
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u02bc": "'"})


def fold(text: str) -> str:
    """`text` in lower case without accents or diacritics, the one form that is indexed and compared.

    >>> fold("Đường Œuvre Straße")
    'duong oeuvre strasse'
    """
    if text.isascii():
        return text.lower()
    if len(text) <= _PIECE:
        return _folded(text)
    return "".join(_folded(text[start : start + _PIECE]) for start in range(0, len(text), _PIECE))


def _folded(text: str) -> str:
    lowered = text.lower().translate(_APOSTROPHES)
    bare = "".join(c for c in unicodedata.normalize("NFD", lowered) if not "\u0300" <= c <= "\u036f")
    return unicodedata.normalize("NFC", bare.translate(_WHOLE))


def closest(accept: str, default: Language = "en") -> Language:
    """The first of our languages in an Accept-Language header or a language tag."""
    for part in accept.lower().replace(" ", "").split(","):
        tag = part.split(";")[0].split("-")[0]
        for language in LANGUAGES:
            if tag == language:
                return language
    return default
