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


def test_a_part_of_nothing_lies_inside_its_parent() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\n\r\nx\r\n--b\r\n\r\n--a\r\n\r\ny\r\n--a--\r\n"
    )
    inner = parse(raw).root.children[0]
    assert [part.size for part in inner.children] == [1, 0]
    assert inner.children[-1].body_end <= inner.body_end
    assert shape(raw)[-1] == ("2", "text/plain", b"y")


def test_a_continuation_without_indentation_does_not_end_the_header() -> None:
    message = parse(b"X-Long: begins here\r\nand goes on here\r\nSubject: x\r\n\r\nbody\r\n")
    assert [header.name for header in message.root.headers] == ["X-Long", "Subject"]
    assert message.defects == ("junk-header",)


def test_text_without_an_empty_line_before_it_is_the_body() -> None:
    raw = b"Subject: x\r\nHello, this is the text\r\nmore\r\n"
    part = parse(raw).root
    assert raw[part.body_start :] == b"Hello, this is the text\r\nmore\r\n"


def test_the_line_of_a_mbox_is_not_a_field() -> None:
    assert [header.name for header in parse(b"From joe Thu Feb 13 23:32:54 1969\nSubject: x\n\n").root.headers] == [
        "Subject"
    ]


def test_two_delimiters_with_nothing_between_are_one() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=a\n\n--a\n--a\n\nx\n--a\n--a--\n"
    assert shape(raw)[0] == ("1", "text/plain", b"x")


def test_a_multipart_without_parts_is_read_as_text() -> None:
    message = parse(b"Content-Type: multipart/mixed; boundary=a\r\n\r\nwords\r\n")
    assert (message.root.media_type, message.root.part_id) == ("text/plain", "1")
    assert "no-parts" in message.defects


def test_parts_of_a_digest_are_messages() -> None:
    raw = b"Content-Type: multipart/digest; boundary=a\n\n--a\n\nSubject: x\n\ny\n--a\nContent-Type: text/plain\n\nz\n--a--\n"
    assert [part.media_type for part in parse(raw).leaves()] == ["message/rfc822", "text/plain"]


def content(fields: bytes) -> tuple[object, ...]:
    part = parse(fields + b"\r\n\r\nx").root
    return (
        part.media_type,
        part.charset,
        part.disposition,
        part.filename,
        part.content_id,
        part.language,
        part.location,
    )


def test_what_the_content_fields_say() -> None:
    assert content(
        b"Content-Type: (c) Text/HTML (c); charset=\"UTF-8\" (comment)\r\nContent-Disposition: ATTACHMENT;\r\n filename*=iso-8859-1'fr'%E9t%E9.txt\r\n"
        b"Content-Id: (c) <a@b>\r\nContent-Language: fr, vi (c)\r\nContent-Location: https://x/\r\n y"
    ) == ("text/html", "UTF-8", "attachment", "été.txt", "a@b", ("fr", "vi"), "https://x/y")
    assert content(b"X: y") == ("text/plain", "us-ascii", None, None, None, None, None)
    assert content(b"Content-Type: text/css")[:2] == ("text/css", "us-ascii")
    assert content(b"Content-Type: image/png; name=a.png")[:4] == ("image/png", None, None, "a.png")
    assert content(b"Content-Type: nonsense")[:2] == ("text/plain", "us-ascii")


def test_file_names_as_they_are_met() -> None:
    def name(value: str) -> str | None:
        return parse(b"Content-Disposition: attachment; " + value.encode("latin-1") + b"\r\n\r\n").root.filename

    assert name('filename="a b.txt"') == "a b.txt"
    assert name("filename=a b.txt") == "a b.txt"
    assert name("filename=report (1).pdf") == "report (1).pdf"
    assert name('filename="never ends.txt') == "never ends.txt"
    assert name('filename="=?utf-8?B?w6k=?=.txt"') == "é.txt"
    assert name('filename="=?utf-8?Q?caf=C3=A9=2Etxt?="') == "café.txt"
    assert name('filename="caf\xe9.txt"') == "café.txt"
    assert name('filename="C:\\TEMP\\x.png"') == "C:\\TEMP\\x.png"
    assert name('filename="a\\"b"') == 'a"b'
    assert name("filename*0*=utf-8''%C3; filename*1*=%A9; filename*2=\".txt\"") == "é.txt"
    assert name('filename*0="a"; filename*1="b.txt"') == "ab.txt"
    assert name("filename*1=b; filename*0=a; filename*3=d") == "ab"
    assert name("filename=plain.txt; filename*=utf-8''%C3%A9.txt") == "é.txt"
    assert name("filename*=utf-8''a%2") == "a%2"
