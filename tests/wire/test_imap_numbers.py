"""Sets of numbers, names of mailboxes, literals and strings."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel.errors import Invalid
from parvis.wire.imap.literal import LiteralMark, literal_at_end
from parvis.wire.imap.mailbox import decode_mailbox, encode_mailbox
from parvis.wire.imap.numbers import LARGEST, Numbers, compressed, parse, within
from parvis.wire.imap.tokens import astring, flags, internal_date, literal, literal8, nstring, quoted, string
from parvis.wire.mime.normal import nfc

ENDS = st.one_of(st.none(), st.integers(1, LARGEST))
SMALL = st.one_of(st.none(), st.integers(1, 60))


def test_a_set_is_resolved() -> None:
    """RFC 9051 §9: `2,4:7,9,12:*` of 15 messages, `*:4,5:7` of 10."""
    assert parse("2,4:7,9,12:*").resolve(15) == [range(2, 3), range(4, 8), range(9, 10), range(12, 16)]
    assert parse("*:4,5:7").resolve(10) == [range(4, 11)]
    assert parse("559:*").resolve(12) == [range(12, 13)]
    assert parse("1:*").resolve(0) == []
    assert parse("4,5:9").resolve(3) == []
    assert parse("1:4294967295").resolve(4_000_000_000) == [range(1, 4_000_000_001)]
    assert parse("$").saved
    assert (parse("3:7,9").highest, parse("*").highest) == (9, 0)


@pytest.mark.parametrize(
    "text", ["", "0", "1,", ",1", "1:", ":1", "1:2:3", "a", "1 ", "4294967296", "1,$", "**", "١"]
)
def test_what_is_no_set(text: str) -> None:
    with pytest.raises(Invalid):
        parse(text)


@given(st.lists(st.tuples(ENDS, ENDS), min_size=1, max_size=20))
def test_a_set_reads_as_it_was_written(ranges: list[tuple[int | None, int | None]]) -> None:
    assert parse(str(Numbers(tuple(ranges)))) == Numbers(tuple(ranges))


@given(st.lists(st.tuples(SMALL, SMALL), min_size=1, max_size=8), st.integers(0, 50))
def test_resolving_and_containing_agree(ranges: list[tuple[int | None, int | None]], largest: int) -> None:
    numbers = Numbers(tuple(ranges))
    found = numbers.resolve(largest)
    assert all(left.stop < right.start for left, right in itertools.pairwise(found))
    assert [n for run in found for n in run] == [n for n in range(1, largest + 1) if numbers.contains(n, largest)]


@given(st.sets(st.integers(1, LARGEST), max_size=50))
def test_numbers_are_written_short(numbers: set[int]) -> None:
    text = compressed(sorted(numbers))
    assert bool(text) == bool(numbers)
    if numbers:
        assert {n for run in parse(text).resolve(LARGEST) for n in run} == numbers
    assert compressed([1, 2, 3, 5]) == "1:3,5"


@given(st.lists(st.integers(1, 99), max_size=8), st.integers(1, 12), st.integers(1, 12))
def test_a_part_is_the_same_from_either_end(found: list[int], one: int, other: int) -> None:
    """RFC 9394 §3.1"""
    first, last = min(one, other), max(one, other)
    assert within(found, (first, last)) == [
        number for place, number in enumerate(found, 1) if first <= place <= last
    ]
    assert within(found, (-first, -last)) == within(found[::-1], (first, last))[::-1]


def test_literals_are_announced() -> None:
    assert literal_at_end(b"a LOGIN {5}") == LiteralMark(5, False, False)
    assert literal_at_end(b"a LOGIN {5+}") == LiteralMark(5, True, False)
    assert literal_at_end(b"a APPEND x ~{9223372036854775807}") == LiteralMark(2**63 - 1, False, True)
    for line in (b"", b"{5} ", b"{}", b"{-1}", b"{9223372036854775808}", b"{99999999999999999999}", b"{5-}", b"5}"):
        assert literal_at_end(line) is None


def test_names_of_mailboxes() -> None:
    """RFC 3501 §5.1.3."""
    assert decode_mailbox(b"~peter/mail/&U,BTFw-/&ZeVnLIqe-", False) == "~peter/mail/台北/日本語"
    assert decode_mailbox(b"iNBox", False) == "INBOX"
    assert decode_mailbox(b"Lists &- more", False) == "Lists & more"
    assert decode_mailbox("Công việc & nhà".encode(), True) == "Công việc & nhà"
    assert encode_mailbox("Été", False) == b"&AMk-t&AOk-"
    assert encode_mailbox("Été", True) == '"Été"'.encode()
    assert encode_mailbox("a b", True) == b'"a b"'
    assert encode_mailbox("nil", True) == b'"nil"'
    for name in (b"a\nb", b"&AAo-", b"\xff"):
        with pytest.raises(Invalid):
            decode_mailbox(name, False)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30), st.booleans())
def test_a_name_comes_back(name: str, utf8: bool) -> None:
    written = encode_mailbox(name, utf8)
    if written.startswith(b'"'):
        written = written[1:-1].replace(b'\\"', b'"').replace(b"\\\\", b"\\")
    expected = nfc(name)
    assert decode_mailbox(written, utf8) == ("INBOX" if expected.upper() == "INBOX" else expected)


def test_strings() -> None:
    assert quoted('a"b\\c') == b'"a\\"b\\\\c"'
    assert string(b"a\r\nb") == b"{4}\r\na\r\nb"
    assert string("é") == b"{2}\r\n\xc3\xa9"
    assert (nstring(None), nstring("")) == (b"NIL", b'""')
    assert (literal(b"a\0"), literal8(b"a\0"), literal8(b"a")) == (b"{2}\r\na\x80", b"~{2}\r\na\0", b"{1}\r\na")
    assert (astring("a]b"), astring("a b"), astring(""), astring("a%")) == (b"a]b", b'"a b"', b'""', b'"a%"')
    assert flags(["\\Seen", "$Forwarded"]) == b"(\\Seen $Forwarded)"
    assert internal_date(760_657_945_000) == b'" 7-Feb-1994 21:52:25 +0000"'
    for value in ("a\nb", "a\0"):
        with pytest.raises(ValueError, match="quoted"):
            quoted(value)
