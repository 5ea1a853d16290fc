"""Transfer encodings that are damaged, and their sizes."""

import pytest

from parvis.wire.mime import decode_body, decoded_size, inner_message, parse


def body(encoding: str, data: bytes) -> bytes:
    raw = f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode() + data
    part = parse(raw).root
    found = decode_body(raw, part)
    assert decoded_size(raw, part) == len(found)
    return found


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"aGVsbG8=", b"hello"),
        (b"aGVs\r\nbG8=\r\n", b"hello"),
        (b"aGVs!!bG8", b"hello"),  # garbage inside, no padding
        (b"aGVsb", b"hel"),  # torn
        (b"aGVsbG8=aGVsbG8=", b"hellohello"),  # two files one after the other
        (b"aGVsbG8h\r\n\r\n_______________________________________________\r\nA list\r\nlist@x\r\n", b"hello!"),
        (b"aGVsbG8=\r\n-- \r\nwords of a list\r\n", b"hello"),
        (b"", b""),
        (b"====", b""),
        (b"\xff\xfe", b""),
    ],
)
def test_base64(data: bytes, expected: bytes) -> None:
    assert body("base64", data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"caf=E9", b"caf\xe9"),
        (b"a=\r\nb", b"ab"),
        (b"a= \r\nb", b"ab"),
        (b"a=", b"a"),
        (b"1=2", b"1=2"),
        (b"=zz", b"=zz"),
        (b"a_b", b"a_b"),
        (b"x=e9", b"x\xe9"),
    ],
)
def test_quoted_printable(data: bytes, expected: bytes) -> None:
    assert body("Quoted-Printable", data) == expected


def test_uuencode() -> None:
    assert body("x-uuencode", b"words\r\nbegin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\nmore\r\n") == b"Cat"
    assert body("uuencode", b"begin 644 a\n#0V%").startswith(b"Ca")
    assert body("uuencode", b"nothing of the kind \xff") == b""


def test_unknown_encodings_are_none() -> None:
    assert body("x-zip", b"a=41") == b"a=41"
    assert body('"8bit" (really)', b"a=41") == b"a=41"


def test_a_message_inside_an_encoded_part() -> None:
    raw = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA0KDQp5\r\n"
    inner_raw, inner = inner_message(raw, parse(raw).root)
    assert (inner_raw, inner.root.headers[0].value) == (b"Subject: x\r\n\r\ny", b" x")
