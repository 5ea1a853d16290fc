"""Words of the text index of mail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel.errors import Invalid
from parvis.kernel.languages import fold
from parvis.mail.words import WORD, terms, words


@given(st.text(max_size=200) | st.text(st.characters(max_codepoint=127), max_size=200))
def test_both_ways_of_cutting_agree(text: str) -> None:
    assert words(text) == [word[:64] for word in WORD.findall(fold(text))]


def test_a_very_long_word_keeps_its_beginning() -> None:
    assert words("a" * 100 + " b_" + "É" * 100) == ["a" * 64, "b", "e" * 64]
    assert words("A" * 100 + " b") == ["a" * 64, "b"]


def test_a_quote_that_never_ends_is_read_in_one_pass() -> None:
    assert terms('"' + "\\" * 5_000 + " found") == [(["found"], False)]
    assert terms(r'"a \" b" c') == [(["a", "b"], False), (["c"], False)]


def test_nobody_asks_for_a_book() -> None:
    with pytest.raises(Invalid):
        terms("word " * 201)
