"""NFC in pieces is NFC."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from parvis.wire.mime.normal import nfc

LETTERS = st.text(st.sampled_from("aeê\u0301\u0323\u0302ơ\u1100\u1161\u11a8가é "), max_size=200)


@given(LETTERS, st.integers(0, 3_000))
def test_pieces_are_like_the_whole(text: str, before: int) -> None:
    whole = "a" * before + text + "é" * 10
    assert nfc(whole) == unicodedata.normalize("NFC", whole)
