"""The grammar of ManageSieve: what is read, and that nothing a client sends breaks it. RFC 5804 §4"""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel.errors import Invalid
from parvis.wire.managesieve import Command, answer, literal_size, parse, parse_string, string


def read(raw: bytes) -> Command:
    """A command as a session reads it."""
    return parse(*parts(raw))


def parts(raw: bytes) -> tuple[list[bytes], list[bytes]]:
    lines, literals = [], []
    while True:
        line, _, raw = raw.partition(b"\r\n")
        lines.append(line)
        if (size := literal_size(line)) is None:
            return lines, literals
        literals.append(raw[:size])
        raw = raw[size:]


@pytest.mark.parametrize(
    ("raw", "command"),
    [
        (b"logout", Command("LOGOUT")),
        (b'HaveSpace "a b" 435', Command("HAVESPACE", (b"a b", 435))),
        (b'PUTSCRIPT "a\\"b\\\\" {4+}\r\nke\r\n', Command("PUTSCRIPT", (b'a"b\\', b"ke\r\n"))),
        (b"PUTSCRIPT {3}\r\nfoo {0+}\r\n", Command("PUTSCRIPT", (b"foo", b""))),
        (b'RENAMESCRIPT {1+}\r\na "b"', Command("RENAMESCRIPT", (b"a", b"b"))),
        (b'SETACTIVE ""', Command("SETACTIVE", (b"",))),
    ],
)
def test_commands(raw: bytes, command: Command) -> None:
    assert read(raw) == command


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"7", b'SETACTIVE"a"', b"SETACTIVE a", b'SETACTIVE "a', b'SETACTIVE "a" ', b'SETACTIVE  "a"', b'X "a\\b"',
        b'X{1+}\r\na', b"X {1+}\r\na{1+}\r\nb", b'X "a\0"', b"X 5x", b"X" + b' "a"' * 9,
    ],
)  # fmt: skip
def test_what_is_no_command(raw: bytes) -> None:
    with pytest.raises(Invalid):
        read(raw)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=1500))
def test_a_string_is_read_back(text: str) -> None:
    assert parse_string(*parts(string(text).encode())) == text.encode()


@given(st.binary(max_size=200))
def test_anything_is_a_command_or_refused(raw: bytes) -> None:
    with contextlib.suppress(Invalid):
        assert read(raw).name.isupper()


@given(st.from_regex(rb'X( "[^"]{0,3}"?| \{[0-9]{1,2}\+?\}(\r\n.{0,9})?| [0-9]{1,3}){0,4}', fullmatch=True))
def test_nearly_commands(raw: bytes) -> None:
    try:
        read(raw)
        parse_string(*parts(raw[1:]))
    except Invalid:
        pass


def test_answers() -> None:
    assert answer("OK") == b"OK\r\n"
    assert answer("NO", 'a "b"', "QUOTA/MAXSIZE") == b'NO (QUOTA/MAXSIZE) "a \\"b\\""\r\n'
    assert answer("BYE", "one\r\ntwo") == b"BYE {8}\r\none\r\ntwo\r\n"
