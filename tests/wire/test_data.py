"""Where a message ends: the same for every cut of the stream, and never at anything but CRLF.CRLF."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.wire.data import DataDecoder, LineEnds, stuffed

LINES = st.lists(st.sampled_from([b"", b".", b"..", b".a", b"text", b"a.", b"\x00\xff"]), max_size=12)
SOUP = st.lists(st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"x", b"\r\n.", b"\r\n.\r\n"]), max_size=30).map(
    b"".join
)
CUTS = st.lists(st.integers(1, 5), min_size=1, max_size=100)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    found, number = [], 0
    while data:
        size = cuts[number % len(cuts)]
        found.append(data[:size])
        data, number = data[size:], number + 1
    return found


def read(data: bytes, cuts: list[int]) -> tuple[bytes, bytes, bool, bool]:
    decoder = DataDecoder()
    message = b"".join(decoder.feed(piece) for piece in pieces(data, cuts))
    return message, decoder.rest, decoder.done, decoder.bare


@given(LINES, CUTS)
def test_a_message_comes_back(lines: list[bytes], cuts: list[int]) -> None:
    message = b"".join(line + b"\r\n" for line in lines)
    sent = stuffed(message) if message else b".\r\n"
    assert read(sent + b"QUIT\r\n", cuts) == (message, b"QUIT\r\n", True, False)


@given(SOUP, CUTS)
def test_the_end_is_the_same_for_every_cut(soup: bytes, cuts: list[int]) -> None:
    whole = read(soup + b"\r\n.\r\nREST", [10_000])
    assert read(soup + b"\r\n.\r\nREST", cuts) == whole
    message, rest, done, bare = whole
    assert done
    sent = (b"\r\n" + soup + b"\r\n.\r\nREST")[: -len(rest)]
    assert sent.find(b"\r\n.\r\n") == len(sent) - 5  # the first CRLF.CRLF, no other
    clean = message.replace(b"\r\n", b"")
    assert bare == (b"\r" in clean or b"\n" in clean)


@pytest.mark.parametrize(
    "end",
    [
        b"\n.\n",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r",
        b"\r.\r\n",
        b"\r\n.\r",
        b"\r\n\x00.\r\n",
        b"\n\n.\r\n",
        b"\r\n.\r\r\n",
    ],
)
def test_nothing_else_ends_a_message(end: bytes) -> None:
    smuggled = b"Subject: a\r\n\r\nb" + end + b"MAIL FROM:<evil@x>\r\n"
    message, rest, done, bare = read(smuggled, [10_000])
    assert (rest, done) == (b"", False)
    assert bare or end == b"\r\n\x00.\r\n"
    assert b"MAIL FROM" in message


def test_size_is_counted() -> None:
    decoder = DataDecoder()
    decoder.feed(b"..abc\r\n")
    decoder.feed(b".\r\n")
    assert (decoder.size, decoder.done) == (6, True)


@given(SOUP, CUTS)
def test_line_ends_are_seen_over_cuts(soup: bytes, cuts: list[int]) -> None:
    watch = LineEnds()
    for piece in pieces(soup, cuts):
        watch.feed(piece)
    clean = soup.replace(b"\r\n", b"")
    assert watch.end() == (b"\r" in clean or b"\n" in clean)
