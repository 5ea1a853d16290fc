"""Sentences in three languages keep their exact place."""

from hypothesis import given
from hypothesis import strategies as st

from parvis.search.words.sentences import sentences


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


def test_abbreviations_do_not_end_a_sentence() -> None:
    assert cut("M. Petit arrive à 14 h. Mme. Lan l’attend.") == ["M. Petit arrive à 14 h.", "Mme. Lan l’attend."]
    assert cut("Dr. J. Smith signed on Mon. Then left.") == ["Dr. J. Smith signed on Mon.", "Then left."]
    assert cut("TP. Huế xác nhận. Đoàn đến ngày 7.") == ["TP. Huế xác nhận.", "Đoàn đến ngày 7."]


def test_list_items_and_paragraphs_stand_alone() -> None:
    assert cut("Ordre du jour\n\n- budget 3.5 M€\n- travaux") == ["Ordre du jour", "- budget 3.5 M€", "- travaux"]


@given(st.text(max_size=3000))
def test_nothing_but_white_space_lies_between_sentences(text: str) -> None:
    last = 0
    for start, end in sentences(text):
        assert last <= start < end and end - start <= 1000
        assert not text[last:start].strip()
        last = end
    assert not text[last:].strip()
