"""What an IMAP server answers. RFC 9051 §7"""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel.errors import Invalid
from parvis.wire.imap import answers
from parvis.wire.imap.answers import parse


def test_statuses_and_codes() -> None:
    answer = parse([b"* OK [PERMANENTFLAGS (\\Seen \\*)] Limited"])
    assert (answer.kind, answer.code, answer.text) == ("OK", ("PERMANENTFLAGS", "(\\Seen", "\\*)"), "Limited")
    assert parse([b"p1 NO"]).kind == "NO"
    assert parse([b"p2 OK [COPYUID 38505 304,319:320 3956:3958] Done"]).code[3] == "3956:3958"
    assert parse([b"+ idling"]).text == "idling"


def test_data_with_literals_quotes_and_lists() -> None:
    item = parse([b"* 12 FETCH (UID 7 FLAGS (\\Seen $Work) BODY[] {5}", b"a\r\n(b", b" X NIL)"])
    assert (item.kind, item.number) == ("FETCH", 12)
    assert item.pairs() == {"UID": b"7", "FLAGS": [b"\\Seen", b"$Work"], "BODY[]": b"a\r\n(b", "X": None}
    header = parse([b"* 1 FETCH (BODY[HEADER.FIELDS (MESSAGE-ID)] {2}", b"\r\n", b")"])
    assert list(header.pairs()) == ["BODY[HEADER.FIELDS (MESSAGE-ID)]"]
    listed = parse([b'* LIST (\\HasNoChildren) "/" "a \\"b\\" \\\\"'])
    assert listed.values == [[b"\\HasNoChildren"], b"/", b'a "b" \\']
    assert parse([b"* VANISHED (EARLIER) 6:7,9"]).values == [[b"EARLIER"], b"6:7,9"]


@pytest.mark.parametrize(
    "line", [b"* 1 FETCH (UID", b"* LIST )", b"*", b"", b"* 1", b"* 5 (" + b"(" * 100 + b")" * 101]
)
def test_what_is_no_response_is_invalid(line: bytes) -> None:
    with pytest.raises(Invalid):
        parse([line])


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5))
def test_anything_is_read_or_invalid(parts: list[bytes]) -> None:
    with contextlib.suppress(Invalid):
        parse(parts).pairs()


@given(st.text("0123456789:,*", max_size=30))
def test_sets_stay_small(text: str) -> None:
    with contextlib.suppress(Invalid):
        assert len(answers.in_order(text, 100)) <= 100


def test_a_long_line_is_read_in_one_pass() -> None:
    assert len(parse([b"* SEARCH" + b" 12345678" * 100_000]).values) == 100_000
    with pytest.raises(Invalid):
        parse([b'* X "' + b"\\\\" * 50_000])
    with pytest.raises(Invalid):
        parse([b"* X " + b"[" * 50_000])
