"""mbox files and Maildir names."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.wire.maildir import dovecot_keywords, folder_of, from_mutf7, parse_name, to_mutf7
from parvis.wire.mbox import Found, MboxReader, looks_like_mbox, received_date, with_crlf
from parvis.wire.mime import parse

LINE = b"From joe@example.org Thu Feb 13 23:32:54 1969\n"
CUTS = st.lists(st.integers(1, 60), min_size=1, max_size=50)


def read(data: bytes, cuts: list[int] | None = None, offset: int = 0, limit: int = 1_000_000) -> list[Found]:
    reader, found, number = MboxReader(offset, limit), [], 0
    while data:
        size = cuts[number % len(cuts)] if cuts else len(data)
        found += reader.feed(data[:size])
        data, number = data[size:], number + 1
    return found + reader.end()


def test_messages_with_their_places_and_dates() -> None:
    data = LINE + b"Subject: a\n\nx\n\n" + LINE + b"Subject: b\n\ny\n"
    first, second = read(data)
    assert (first.raw, second.raw) == (b"Subject: a\n\nx\n", b"Subject: b\n\ny\n")
    assert (first.start, first.end, second.start, second.end) == (0, second.start, first.end, len(data))
    assert first.date == datetime(1969, 2, 13, 23, 32, 54, tzinfo=UTC)
    assert read(data[first.end :], offset=first.end) == [second]


BODY = st.lists(
    st.sampled_from([b"x", b"", b"From here", b">From you", b">>From", b">>From all", b"From: x", b"\xff"]),
    max_size=10,
)


def quoted(body: bytes) -> bytes:
    """As mboxrd writes it."""
    return b"\n".join(b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in body.split(b"\n"))


@given(st.lists(BODY, min_size=1, max_size=6), CUTS, st.booleans())
def test_messages_come_back_from_mboxrd(bodies: list[list[bytes]], cuts: list[int], crlf: bool) -> None:
    messages = [b"Subject: a\n\n" + b"".join(line + b"\n" for line in body) for body in bodies]
    data = b"".join(LINE + quoted(message) + b"\n" for message in messages)
    if crlf:
        data, messages = data.replace(b"\n", b"\r\n"), [message.replace(b"\n", b"\r\n") for message in messages]
    found = read(data, cuts)
    assert [item.raw for item in found] == messages
    assert found == read(data)
    assert b"".join(data[item.start : item.end] for item in found) == data


@given(st.binary(max_size=300), CUTS)
def test_any_bytes_can_be_read_in_any_cuts(data: bytes, cuts: list[int]) -> None:
    data = LINE + b"A: b\n\n" + data.replace(b"\x01", b"\nFrom ").replace(b"\x02", LINE)
    found = read(data, cuts)
    assert found == read(data)
    assert b"".join(data[item.start : item.end] for item in found) == data


@pytest.mark.timeout(10)
def test_a_first_line_that_only_looks_like_one_ends_nothing() -> None:
    """Found by fuzzing: it was looked at for ever."""
    assert read(b"From me to you\n\nabc\n") == []
    (found,) = read(b"From me to you\n\nabc\n" + LINE + b"Subject: x\n\ny\n")
    assert found.raw == b"Subject: x\n\ny\n"


def test_content_length_tells_the_end() -> None:
    body = b"x\n\n" + LINE + b"Fake: yes\n\n>From y\n"
    data = LINE + b"Content-Length: %d\n\n" % len(body) + body + b"\n" + LINE + b"Subject: b\n\ny\n"
    for cuts in (None, [7]):
        first, second = read(data, cuts)
        assert first.raw.endswith(body)  # mboxcl2 quotes nothing
        assert second.raw == b"Subject: b\n\ny\n"


def test_a_content_length_that_lies_is_not_believed() -> None:
    data = LINE + b"Content-Length: 9000\n\nx\n\n" + LINE + b"Content-Length: 1\n\nyyy\n\n" + LINE + b"S: c\n\nz\n"
    assert [item.raw[-4:] for item in read(data)] == [b"\n\nx\n", b"yyy\n", b"\n\nz\n"]


def test_a_sentence_that_begins_with_from_is_no_message() -> None:
    data = LINE + b"Subject: a\n\nHello\n\nFrom my point of view\nnothing\n"
    assert len(read(data)) == 1


def test_a_message_over_the_limit_is_passed_over() -> None:
    data = LINE + b"S: a\n\nx\n\n" + LINE + b"S: big\n\n" + b"y" * 5_000 + b"\n\n" + LINE + b"S: c\n\nz\n"
    for cuts in (None, [100]):
        found = read(data, cuts, limit=1_000)
        assert [item.too_large for item in found] == [False, True, False]
        assert found[2].raw == b"S: c\n\nz\n"
        assert data[found[2].start :].startswith(LINE)
        assert found[1].start == found[0].end and found[1].end == found[2].start


def test_what_stands_before_the_first_message_is_passed_over() -> None:
    assert [item.start for item in read(b"\n\ngarbage\n" + LINE + b"S: a\n\nx\n")] == [10]
    assert read(b"no mbox at all\n") == []
    assert read(b"") == []


@pytest.mark.parametrize(
    ("fields", "keywords"),
    [
        (b"Status: RO\nX-Status: AF", {"$seen", "$answered", "$flagged"}),
        (b"X-Mozilla-Status: 1003", {"$seen", "$answered", "$forwarded"}),
        (b"X-Gmail-Labels: Inbox,Starred", {"$seen", "$flagged"}),
        (b"X-Gmail-Labels: =?UTF-8?Q?Chu=CC=9Ba_=C4=91o=CC=A3c?=,Work", set()),
        (b"Subject: x", set()),
    ],
)
def test_flags(fields: bytes, keywords: set[str]) -> None:
    assert read(LINE + fields + b"\n\nx\n")[0].keywords == keywords


def test_labels_of_an_export() -> None:
    assert read(LINE + b'X-Gmail-Labels: Inbox,"Work"\n\nx\n')[0].labels == ("Inbox", "Work")


def test_line_ends_are_made_crlf() -> None:
    assert with_crlf(b"a\nb\r\nc\n") == b"a\r\nb\r\nc\r\n"
    assert with_crlf(b"a\r\n") == b"a\r\n"


def test_what_kind_of_file() -> None:
    assert looks_like_mbox(LINE + b"A: b\n")
    assert looks_like_mbox(b"From MAILER-DAEMON\nA: b\n")
    assert not looks_like_mbox(b"From: joe\n\nx")


def test_when_a_message_was_received() -> None:
    raw = b"Received: from x; 21 Nov 1997 09:55:06 -0600\nReceived: from y; 20 Nov 1997 09:55:06 -0600\nDate: 1 Nov 1997 00:00:00 +0000\n\n"
    assert received_date(parse(raw).root) == datetime(1997, 11, 21, 15, 55, 6, tzinfo=UTC)
    assert received_date(parse(b"Date: 1 Nov 1997 00:00:00 +0000\n\n").root) == datetime(1997, 11, 1, tzinfo=UTC)
    assert received_date(parse(b"\n").root) is None


def test_names_of_maildir_files() -> None:
    name = parse_name("1204680122.M27P4.host,S=1234,W=1300:2,FSa", {"a": "$label1"})
    assert name is not None
    assert (name.unique, name.size) == ("1204680122.M27P4.host,S=1234,W=1300", 1234)
    assert name.keywords == {"$flagged", "$seen", "$label1"}
    assert name.date == datetime(2008, 3, 5, 1, 22, 2, tzinfo=UTC)
    assert parse_name("1204680122.x;2,T").keywords == {"$deleted"}  # type: ignore[union-attr]
    assert parse_name("1204680122.x").keywords == frozenset()  # type: ignore[union-attr]
    assert parse_name(".hidden") is None


def test_keywords_of_dovecot() -> None:
    assert dovecot_keywords("0 $Label1\n1 NonJunk\n26 no\nx y\n2 bad word\n") == {"a": "$label1", "b": "nonjunk"}


def test_folders() -> None:
    assert folder_of(".Envoy&AOk-s.2020") == ("Envoyés", "2020")
    assert folder_of("cur") == ()


@pytest.mark.parametrize("name", ["Th&AbA- Vi&Hsc-n", "A&-B", "&ZeVnLIqe-"])
def test_names_in_modified_utf7(name: str) -> None:
    assert to_mutf7(from_mutf7(name)) == name


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_any_name_comes_back(name: str) -> None:
    assert from_mutf7(to_mutf7(name)) == name


@given(st.text("&-,+/AZa9 é", max_size=30))
def test_any_text_can_be_read_as_a_name(name: str) -> None:
    from_mutf7(name)
