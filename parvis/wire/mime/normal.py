"""Normalization Form C in time that grows with the size: the library's own takes the square of the length of a row
of combining characters, which a hostile message can make as long as it likes."""

import unicodedata

_PIECE = 1_000


def nfc(text: str) -> str:
    """Text in NFC. A row of more than a thousand combining characters may be cut, which no real text has."""
    if text.isascii():
        return text
    if len(text) <= _PIECE:
        return unicodedata.normalize("NFC", text)
    pieces, start = [], 0
    while start < len(text):
        stop = min(start + _PIECE, len(text))
        for place in range(stop, min(stop + 100, len(text))):
            if not unicodedata.combining(text[place]) and not "\u1160" <= text[place] <= "\u11ff":  # Hangul letters
                stop = place
                break
        pieces.append(unicodedata.normalize("NFC", text[start:stop]))
        start = stop
    return "".join(pieces)
