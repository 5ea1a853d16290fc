"""Envelopes, structures and sections, orders and conversations."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.wire import mime
from parvis.wire.imap import write
from parvis.wire.imap.command import parse
from parvis.wire.imap.order import base_subject
from parvis.wire.imap.write import Threaded, UnknownEncoding
from tests.wire.imap_peer import values
from tests.wire.mime.corpus import PIECES, seeds

EXAMPLE = (
    b"Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\nFrom: Terry Gray <gray@cac.washington.edu>\r\n"
    b"Subject: IMAP4rev2 WG mtg summary and minutes\r\nTo: imap@cac.washington.edu\r\n"
    b"cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n"
    b"Message-Id: <B27397-0100000@cac.washington.edu>\r\nMIME-Version: 1.0\r\nContent-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\n"
)
FORWARD = b"""Subject: outer
Content-Type: multipart/mixed; boundary=a

--a
Content-Type: text/plain

text\0
--a
Content-Type: message/rfc822

Subject: inner
X: 1
 2
Subject: again

body
--a
Content-Type: text/plain
Content-Transfer-Encoding: x-new

?
--a--
""".replace(b"\n", b"\r\n")


def cut(message: bytes, item: str) -> bytes | None:
    (wanted,) = parse([b"a FETCH 1 " + item.encode()]).arguments.items  # type: ignore[union-attr]
    return write.section(message, mime.parse(message), wanted)


def test_the_envelope_of_the_standard() -> None:
    """RFC 9051 §8."""
    terry = b'(("Terry Gray" NIL "gray" "cac.washington.edu"))'
    assert write.envelope(EXAMPLE) == (
        b'("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" %b %b %b '
        b'((NIL NIL "imap" "cac.washington.edu")) ((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) '
        b'NIL NIL "<B27397-0100000@cac.washington.edu>")' % (terry, terry, terry)
    )
    body = EXAMPLE + b"x" * 66 + b"\r\n"
    assert write.body_structure(body, mime.parse(body).root, False) == (
        b'("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" 68 1)'
    )


def test_values_stay_encoded_and_8_bit_ones_are_utf8() -> None:
    header = (
        b'From: "a, =?utf-8?q?=C3=A9?=" <"x y"@b>, =?utf-8?q?=C3=A9t?= =?utf-8?q?=C3=A9?= <@relay.org:z@b>\r\n'
        b"To: Group: a@b;, nobody\r\nReply-To:\r\nSubject: d\xe9j\xe0\r\n\r\n"
    )
    found = values(write.envelope(header))[0]
    assert found[1] == "déjà".encode()  # type: ignore[index]
    assert found[2] == [  # type: ignore[index]
        [b"a, =?utf-8?q?=C3=A9?=", None, b"x y", b"b"],
        [b"=?utf-8?q?=C3=A9t?= =?utf-8?q?=C3=A9?=", b"@relay.org", b"z", b"b"],
    ]
    assert found[4] == found[2]  # type: ignore[index]
    assert found[5] == [  # type: ignore[index]
        [None, None, b"Group", None],
        [None, None, b"a", b"b"],
        [None, None, None, None],
        [None, None, b"nobody", b""],
    ]


def test_parameters_are_put_together_and_not_decoded() -> None:
    """RFC 9051 §7.5.2, RFC 2231 §4.1."""
    raw = (
        b"Content-Type: application/x; name==?utf-8?q?=C3=A9?=; a*0=b; a*1=c\r\n"
        b"Content-Disposition: ATTACHMENT; filename*0*=utf-8''%C3%A9; filename*1=\"t %\"\r\nContent-Language: fr\r\n\r\n"
    )
    assert values(write.body_structure(raw, mime.parse(raw).root, True)) == [
        [
            b"application", b"x", [b"name", b"=?utf-8?q?=C3=A9?=", b"a", b"bc"], None, None, b"7bit", b"0", None,
            [b"attachment", [b"filename*", b"utf-8''%C3%A9t%20%25"]], [b"fr"], None,
        ]
    ]  # fmt: skip


def test_a_multipart_without_parts_is_still_understood() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n"
    found = values(write.body_structure(raw, mime.parse(raw).root, False))[0]
    assert found == [[b"text", b"plain", [b"charset", b"us-ascii"], None, None, b"7bit", b"0", b"0"], b"mixed"]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("BODY[1]", b"text\0"),
        ("BODY[1.MIME]", b"Content-Type: text/plain\r\n\r\n"),
        ("BODY[2.HEADER]", b"Subject: inner\r\nX: 1\r\n 2\r\nSubject: again\r\n\r\n"),
        ("BODY[2.TEXT]", b"body"),
        ("BODY[2.1]", b"body"),
        ("BODY[2.HEADER.FIELDS (x)]", b"X: 1\r\n 2\r\n\r\n"),
        ("BODY[2.HEADER.FIELDS.NOT (x)]", b"Subject: inner\r\nSubject: again\r\n\r\n"),
        ("BODY[HEADER.FIELDS (y)]", b"\r\n"),
        ("BODY[1]<1.2>", b"ex"),
        ("BODY[1]<9.2>", b""),
        ("BINARY[1]", b"text\0"),
        ("BODY[1.1]", None),
        ("BODY[1.HEADER]", None),
        ("BODY[4]", None),
        ("BODY[2.2]", None),
        ("BODY[2.1.1]", None),
        ("RFC822.HEADER", b"Subject: outer\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n"),
    ],
)
def test_sections(item: str, expected: bytes | None) -> None:
    assert cut(FORWARD, item) == expected


def test_a_part_that_cannot_be_decoded() -> None:
    """RFC 3516 §4.3."""
    with pytest.raises(UnknownEncoding):
        cut(FORWARD, "BINARY[3]")
    assert cut(FORWARD, "BODY[3]") == b"?"


def test_messages_inside_messages_have_an_end() -> None:
    deep = b"Content-Type: message/rfc822\r\n\r\n" * 10_000
    start = time.perf_counter()
    assert write.body_structure(deep, mime.parse(deep).root, True).count(b'"rfc822"') == 20
    assert cut(deep, f"BODY[{'.'.join(['1'] * 400)}]") is None
    assert time.perf_counter() - start < 2


@given(st.sampled_from(seeds()), st.lists(st.tuples(st.integers(0, 2_000), st.sampled_from(PIECES)), max_size=6))
def test_whatever_comes_the_answer_can_be_read(seed: bytes, changes: list[tuple[int, bytes]]) -> None:
    raw = seed
    for place, piece in changes:
        raw = raw[:place] + piece + raw[place:]
    message = mime.parse(raw)
    assert len(values(write.envelope(message.root))[0]) == 10  # type: ignore[arg-type]
    for extended in (True, False):
        written = write.body_structure(raw, message.root, extended)
        assert len(values(written)) == 1
        assert b"\0" not in written
    for item in ("BODY[1.1.HEADER]", "BODY[2.1]", "BODY[HEADER.FIELDS.NOT (a)]", "BODY[1.MIME]", "BODY[]"):
        found = cut(raw, item)
        assert found is None or isinstance(found, bytes)
    assert cut(raw, "BODY[]") == raw


@pytest.mark.parametrize(
    ("subject", "base", "reply"),
    [
        ("Menu", "Menu", False),
        ("Re: Menu", "Menu", True),
        ("RE [2] : Fwd: fw:\t[list] Menu (fwd) ", "Menu", True),
        ("[list] Re: [other] Menu", "Menu", True),
        ("[list]", "[list]", False),
        ("[a] [b]", "[b]", False),
        ("[fwd: Re: Menu]", "Menu", True),
        ("[list] Menu", "Menu", False),
        ("Re:", "", True),
        ("Regarding: x", "Regarding: x", False),
        ("two  words\t here", "two words here", False),
        ("", "", False),
    ],
)
def test_what_a_subject_is_about(subject: str, base: str, reply: bool) -> None:
    """RFC 5256 §2.1."""
    assert base_subject(subject) == (base, reply)
    assert write.sort_base_subject(subject) == base


@given(st.text("[]re:fwd() \tx", max_size=40))
def test_the_base_of_a_base_is_itself(subject: str) -> None:
    base = write.sort_base_subject(subject)
    assert write.sort_base_subject(base) == base


def test_a_subject_made_of_brackets_takes_no_time() -> None:
    start = time.perf_counter()
    for text in ("[]" * 5_000, "[fwd:" * 5_000 + "]" * 5_000, "re" * 5_000, "(fwd)" * 5_000, "[" * 9_000):
        write.sort_base_subject(text)
    assert time.perf_counter() - start < 1


def test_what_is_compared() -> None:
    assert sorted(["b", "É", "a", "e", "Z"], key=write.collation) == ["a", "b", "e", "É", "Z"]
    assert write.collation("ａ") == write.collation("a")
    assert write.sort_address(b'"Zoe" <zoe@x>, a@b') == "zoe"
    assert write.sort_address(b"Team: zoe@x;") == "Team"
    assert (write.sort_address(b""), write.sort_display(b"")) == ("", "")
    assert write.sort_display(b"=?utf-8?q?=C3=A9?= <a@b>") == "é"
    assert write.sort_display(b"a@b") == "a@b"


def letter(number: int, references: str = "", subject: str = "", date: int = 0) -> Threaded:
    return Threaded(number, str(number), tuple(references.split()), subject or f"subject {number}", date or number)


def test_conversations_are_written_as_the_standard_does() -> None:
    """RFC 5256 §4: `(2)(3 6 (4 23)(44 7 96))`."""
    messages = [
        letter(2), letter(3, date=3), letter(6, "3"), letter(4, "3 6", date=10), letter(23, "3 6 4"), letter(44, "6"),
        letter(7, "6 44"), letter(96, "44 7"),
    ]  # fmt: skip
    assert write.thread_references(messages) == b"(2)(3 6 (4 23)(44 7 96))"
    assert write.thread_references([]) == b""


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([letter(1, "9"), letter(2, "9")], b"((1)(2))"),
        ([letter(1, "8 9"), letter(2, "8")], b"((1)(2))"),
        ([letter(1, "9")], b"(1)"),
        ([letter(1, "2"), letter(2, "1")], b"(2 1)"),
        ([letter(1, "1")], b"(1)"),
        ([letter(1, date=5), letter(2)], b"(2)(1)"),
        ([letter(1, subject="x"), letter(2, subject="Re: x")], b"(1 2)"),
        ([letter(1, subject="x"), letter(2, subject="x")], b"((1)(2))"),
        ([letter(1, subject="Re: x"), letter(2, subject="x")], b"(2 1)"),
        ([letter(1, "9", "x"), letter(2, "9", "x"), letter(3, subject="x")], b"((1)(2)(3))"),
        ([letter(1, "8", "x"), letter(2, "8", "x"), letter(3, "9", "x"), letter(4, "9", "x")], b"((1)(2)(3)(4))"),
        (
            [Threaded(1, "a", (), "x", 1), Threaded(2, "a", (), "y", 2), Threaded(3, None, ("a",), "z", 3)],
            b"(1 3)(2)",
        ),
        ([Threaded(1, None, (), "", 1), Threaded(2, None, (), "", 2)], b"(1)(2)"),
    ],
)
def test_conversations_by_reference(messages: list[Threaded], expected: bytes) -> None:
    """RFC 5256 §3, REFERENCES."""
    assert write.thread_references(messages) == expected


def test_conversations_by_subject() -> None:
    """RFC 5256 §3, ORDEREDSUBJECT."""
    subjects = ["a", "b", "Re: a", "A", "Fwd: b"]
    messages = [letter(number, subject=subject) for number, subject in enumerate(subjects, start=1)]
    assert write.thread_orderedsubject(messages) == b"(1 (3)(4))(2 5)"


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdefgh"), max_size=4), st.sampled_from(["x", "Re: x", "y", ""])),
        max_size=12,
    )
)  # fmt: skip
def test_every_message_is_in_one_conversation(rows: list[tuple[str, list[str], str]]) -> None:
    messages = [
        Threaded(number, name, tuple(references), subject, number % 5)
        for number, (name, references, subject) in enumerate(rows, start=1)
    ]
    for written in (write.thread_references(messages), write.thread_orderedsubject(messages)):
        assert sorted(map(int, re.findall(rb"\d+", written))) == list(range(1, len(rows) + 1))
        values(written)
        assert b"()" not in written


def test_long_conversations_are_written_too() -> None:
    start = time.perf_counter()
    chain = [letter(n, " ".join(map(str, range(max(1, n - 20), n))), "Re: x") for n in range(1, 10_001)]
    written = write.thread_references(chain)
    assert sorted(map(int, re.findall(rb"\d+", written))) == list(range(1, 10_001))
    star = [letter(n, "1", "Re: x") for n in range(1, 10_001)]
    assert write.thread_references(star).startswith(b"(1 (2)(3)")
    assert time.perf_counter() - start < 10
