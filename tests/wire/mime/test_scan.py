"""The shape of messages: which parts, where they begin and end."""

from parvis.wire.mime import parse

NESTED = b"""Subject: hi\r
Content-Type: multipart/mixed;\r
 boundary="abc"\r
\r
preamble\r
--abc\r
Content-Type: multipart/alternative; boundary=abc2\r
\r
--abc2\r
\r
text\r
--abc2\r
Content-Type: text/html; charset=utf-8\r
\r
<b>x</b>\r
--abc2--\r
between\r
--abc  \r
Content-Type: message/rfc822\r
\r
Subject: inner\r
\r
x\r
--abc--\r
epilogue\r
"""


def shape(raw: bytes) -> list[tuple[str, str, bytes]]:
    return [(part.section, part.media_type, raw[part.body_start : part.body_end]) for part in parse(raw).leaves()]


def test_parts_have_their_bytes_and_their_numbers() -> None:
    assert shape(NESTED) == [
        ("1.1", "text/plain", b"text"),
        ("1.2", "text/html", b"<b>x</b>"),
        ("2", "message/rfc822", b"Subject: inner\r\n\r\nx"),
    ]


def test_line_ends_without_cr_give_the_same_parts() -> None:
    bare = NESTED.replace(b"\r\n", b"\n")
    assert [(number, kind) for number, kind, _ in shape(bare)] == [
        (number, kind) for number, kind, _ in shape(NESTED)
    ]


def test_a_message_without_anything() -> None:
    message = parse(b"")
    assert message.root.media_type == "text/plain"
    assert message.root.part_id == "1"
    assert message.root.charset == "us-ascii"
