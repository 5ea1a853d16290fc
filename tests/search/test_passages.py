"""Passages: they cover the text, stay within their page, and end where sentences end."""

from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel.knowledge import Document
from parvis.search import indexer
from parvis.search.extract.contract import LIMITS, Piece, assemble
from parvis.search.passages import LONGEST, TARGET, cut
from parvis.search.place import Place

pieces = st.lists(
    st.builds(
        Piece,
        text=st.text(alphabet="abc ÉĐ.!?\n0", max_size=3000),
        place=st.builds(Place, page=st.integers(1, 3)),
        heading=st.booleans(),
    ),
    max_size=12,
)


@given(pieces)
def test_passages_cover_every_word_once_and_never_leave_their_page(given_pieces: list[Piece]) -> None:
    extract = assemble(given_pieces, LIMITS)
    passages = cut(extract)
    at = 0
    for passage in passages:
        assert passage.start >= at
        assert not extract.text[at : passage.start].strip()
        assert 0 < passage.end - passage.start <= LONGEST
        pages = {b.place.page for b in extract.blocks if b.start < passage.end and b.end > passage.start}
        assert pages == {passage.place.page}
        at = passage.end
    assert not extract.text[at:].strip()


def test_short_paragraphs_are_joined_and_headings_start_anew() -> None:
    body = "Une phrase assez courte. " * 16
    extract = assemble(
        [Piece(text="Un", heading=True), Piece(text=body), Piece(text="Deux", heading=True), Piece(text=body)],
        LIMITS,
    )
    first, second = cut(extract)
    assert (first.heading, second.heading) == ("Un", "Deux")
    assert extract.text[second.start :].startswith("Deux")


def test_a_long_paragraph_is_cut_into_equal_parts_between_sentences() -> None:
    extract = assemble([Piece(text="Đây là một câu khá dài để thử. " * 100)], LIMITS)
    passages = cut(extract)
    assert len(passages) == 3
    for passage in passages:
        assert extract.text[passage.start : passage.end].endswith("thử.")
        assert TARGET * 0.6 < passage.end - passage.start < TARGET * 1.2


def test_another_language_starts_a_passage() -> None:
    french = "Bonjour à tous, voici le programme de la visite et la liste des participants pour la semaine."
    english = "Dear all, this is the programme of the visit and the list of those who are coming this week."
    extract = assemble([Piece(text="Hai Bờ"), Piece(text=french), Piece(text="B 214"), Piece(text=english)], LIMITS)
    passages = [extract.text[passage.start : passage.end] for passage in cut(extract)]
    assert passages == [f"Hai Bờ\n{french}\nB 214", english]


def test_the_language_of_a_name_is_looked_for_once(monkeypatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(indexer, "detect", lambda text, _="und": asked.append(text) or "fr")
    named = Document("0", "", "application/pdf", indexer._nothing, 0, file_name="budget annuel.pdf")
    (found,) = indexer._named(named)
    assert (found.language, asked) == ("fr", ["budget annuel.pdf"])
