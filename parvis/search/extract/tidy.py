"""The small repairs that every extracted text gets, so that words are words."""

import re
import unicodedata

_SPACES = re.compile("[ \t\u00a0\u2000-\u200a\u202f\u205f\u3000]+")
_EDGES = re.compile(" ?\n ?")
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufff9-\uffff]")
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})


def tidy(text: str) -> str:
    """Composed accents, ligatures spelled out, single spaces, nothing invisible (soft hyphens, direction marks,
    zero-width characters: what hides words from a reader or from search)."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(_LIGATURES))
    return _EDGES.sub("\n", _SPACES.sub(" ", _INVISIBLE.sub("", text))).strip()
