"""Links. Matrix v1.19 Appendices §URIs"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.links import Link, parse, write, write_to

ROOM, EVENT = "!somewhere:example.org", "$event:example.org"
VIA = ("elsewhere.ca",)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("matrix:r/somewhere:example.org", Link("#somewhere:example.org")),
        ("matrix:roomid/somewhere:example.org?via=elsewhere.ca", Link(ROOM, via=VIA)),
        ("matrix:roomid/somewhere:example.org/e/event:example.org?via=elsewhere.ca", Link(ROOM, EVENT, VIA)),
        ("matrix:u/alice:example.org?action=chat", Link("@alice:example.org", action="chat")),
        ("https://matrix.to/#/%23somewhere:example.org", Link("#somewhere:example.org")),
        ("https://matrix.to/#/!somewhere:example.org?via=elsewhere.ca", Link(ROOM, via=VIA)),
        ("https://matrix.to/#/!somewhere:example.org/$event:example.org?via=elsewhere.ca", Link(ROOM, EVENT, VIA)),
        ("https://matrix.to/#/@alice:example.org", Link("@alice:example.org")),
        ("https://matrix.to/#/%21somewhere%3Aexample.org/%24event%3Aexample.org?via=elsewhere.ca", Link(ROOM, EVENT, VIA)),
        ("https://matrix.to/#/#somewhere:example.org", Link("#somewhere:example.org")),
        ("MATRIX:user/alice:example.org?action=join#x", Link("@alice:example.org")),
        ("matrix://authority/room/a:h?action=join&x=1&via=h&via=h&via=h:1", Link("#a:h", via=("h", "h:1"), action="join")),
    ],
)  # fmt: skip
def test_the_examples_of_the_specification_and_more(text: str, wanted: Link) -> None:
    assert parse(text) == wanted
    assert parse(write(wanted)) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "", "matrix:", "matrix:u", "matrix:u/a", "matrix:x/a:h", "matrix:u/a:h/e/x", "matrix:r/a:h/x/y", "mailto:a:h",
        "matrix:u/%FF:h", "https://matrix.to/#/", "https://matrix.to/#/a:h", "http://matrix.to/#/@a:h",
        "matrix:roomid/a:h?via=%20", "https://matrix.to/#/!a:h/event", "matrix:u/a:h/e/x/e/y", "matrix:u/a:h" + "?" * 5_000,
    ],
)  # fmt: skip
def test_what_is_none(text: str) -> None:
    with pytest.raises(BadMatrix):
        parse(text)


_LOCALPARTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=":\0"), max_size=12)


@given(
    st.sampled_from("@!#"),
    _LOCALPARTS,
    st.booleans(),
    st.lists(st.sampled_from(["h", "h:1", "[::1]:2"]), unique=True),
)
def test_what_is_written_is_read_the_same(sigil: str, localpart: str, event: bool, via: list[str]) -> None:
    link = Link(f"{sigil}{localpart}:h", "$e/+=é" if event and sigil != "@" else "", tuple(via))
    assert parse(write(link)) == parse(write_to(link)) == link
