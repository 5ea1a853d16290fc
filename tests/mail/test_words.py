"""Words of the text index of mail."""

from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel.languages import fold
from parvis.mail.words import WORD, words


@given(st.text(max_size=200) | st.text(st.characters(max_codepoint=127), max_size=200))
def test_both_ways_of_cutting_agree(text: str) -> None:
    assert words(text) == [word[:64] for word in WORD.findall(fold(text))]


def test_a_very_long_word_keeps_its_beginning() -> None:
    assert words("a" * 100 + " b_" + "É" * 100) == ["a" * 64, "b", "e" * 64]
    assert words("A" * 100 + " b") == ["a" * 64, "b"]
