"""Work grows with the size of a hostile message, not with its square.

Each case is measured at two sizes, eight times apart; work that grows with the square would take 64 times as long.
What is over in a moment is not compared, because there is nothing to be seen in it."""

import gc
import time
import tracemalloc
from collections.abc import Callable

import pytest

from parvis.wire.mbox import MboxReader
from parvis.wire.mime import (
    as_addresses,
    as_date,
    as_message_ids,
    as_text,
    as_urls,
    body_views,
    decode_body,
    decode_text,
    decoded_size,
    has_attachment,
    parse,
    preview,
)
from parvis.wire.mime.params import parse_value
from parvis.wire.text import html_to_text

SMALL, LARGE = 20_000, 160_000
MOMENT = 0.1
SQUARE = 30


def whole(raw: bytes) -> None:
    message = parse(raw)
    for part in message.walk():
        decoded_size(raw, part)
        decode_text(raw, part)
    preview(raw, message)
    has_attachment(message)


def html(text: bytes) -> None:
    html_to_text(text.decode())


def mbox(data: bytes) -> None:
    reader = MboxReader()
    for start in range(0, len(data), 1_000):
        reader.feed(data[start : start + 1_000])
    reader.end()


MULTI = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
ENCODING = b"Content-Transfer-Encoding: "
CASES: dict[str, tuple[Callable[[bytes], object], bytes, bytes, bytes]] = {
    # what reads it, what stands before, what is repeated, what stands after
    "fields": (whole, b"", b"A: b\r\n", b""),
    "folds": (whole, b"A: b\r\n", b" x\r\n", b""),
    "no colon": (whole, b"", b"a", b""),
    "junk between fields": (whole, b"A: b\r\n", b"aaaa\r\nA: b\r\n", b""),
    "empty parts": (whole, MULTI, b"--x\r\n\r\n", b""),
    "dashes": (whole, MULTI + b"--x\r\n\r\n", b"\r\n--", b""),
    "multiparts in multiparts": (whole, b"", MULTI + b"--x\r\n", b""),
    "padding": (whole, ENCODING + b"base64\r\n\r\n", b"A=", b""),
    "soft ends": (whole, ENCODING + b"quoted-printable\r\n\r\n", b"=", b""),
    "spaces": (whole, ENCODING + b"quoted-printable\r\n\r\n=", b" ", b"x"),
    "uu": (whole, ENCODING + b"x-uuencode\r\n\r\n", b"begin 644 x\n", b""),
    "parameters": (parse_value, b"a/b", b";a=b", b""),
    "backslashes": (parse_value, b'a/b;a="', b"\\", b""),
    "brackets in parameters": (parse_value, b"a/b;", b"(", b""),
    "stars": (parse_value, b"a/b;", b"*", b"=1"),
    "words": (as_text, b"", b"=?utf-8?q?x?= ", b""),
    "words out of place": (as_text, b"", b"a=?utf-8?q?x?=a ", b""),
    "words without end": (as_text, b"", b"=?utf-8?q?", b""),
    "accents": (as_text, b"a", "\u0316\u0301".encode(), b""),
    "angles": (as_addresses, b"", b"<", b""),
    "quotes": (as_addresses, b"", b'a"', b""),
    "quotes in angles": (as_addresses, b"", b'\\"<', b""),
    "at signs": (as_addresses, b"", b"a @", b""),
    "dots": (as_addresses, b"", b"a.", b""),
    "groups": (as_addresses, b"", b"a:;", b""),
    "brackets": (as_addresses, b"", b"(", b""),
    "many": (as_addresses, b"", b"a@b,", b""),
    "ids": (as_message_ids, b"", b"<(", b""),
    "urls": (as_urls, b"", b"<a>(b)", b""),
    "date": (as_date, b"", b"1 ", b""),
    "tones": (whole, b"Content-Type: text/plain; charset=tcvn\r\n\r\n", b"\xb4\xb3", b""),
    "utf-7": (whole, b"Content-Type: text/plain; charset=utf-7\r\n\r\n", b"+A", b""),
    "escapes": (whole, b"\r\n", b"\x1b$B", b""),
    "unlabelled": (whole, b"\r\n", b"\xe9", b""),
    "div": (html, b"", b"<div>", b""),
    "quotations": (html, b"", b"<blockquote>y", b""),
    "formats": (html, b"<font color=a><font color=b><font color=c><b><i><u>", b"<p>x", b""),
    "different formats": (html, b"", b"<p><font color=a>", b""),
    "attributes": (html, b"<a ", b"b%d=1 ", b">"),
    "tables": (html, b"", b"<table><td>", b""),
    "comments": (html, b"", b"<!--", b""),
    "rules": (html, b"<style>", b".a{color:red}", b"</style><p class=a>x"),
    "open rules": (html, b"<style>", b"a{", b""),
    "at rules": (html, b"<style>", b"@a{", b""),
    "mbox": (mbox, b"From a Thu Feb 13 23:32:54 1969\n", b"\nFrom ", b""),
    "mbox of one message": (mbox, b"From a Thu Feb 13 23:32:54 1969\n", b"abcdefg\n", b""),
}


def example(before: bytes, piece: bytes, after: bytes, size: int) -> bytes:
    if b"%d" in piece:  # each different
        return before + b"".join(piece % number for number in range(size // len(piece))) + after
    return before + piece * (size // len(piece)) + after


def seconds(function: Callable[[bytes], object], data: bytes) -> float:
    """Processor time, the better of two."""
    found = []
    for _ in range(2):
        gc.collect()
        start = time.process_time()
        function(data)
        found.append(time.process_time() - start)
    return min(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_work_grows_with_the_size(name: str) -> None:
    function, before, piece, after = CASES[name]
    large = seconds(function, example(before, piece, after, LARGE))
    if large > MOMENT:
        assert large < SQUARE * seconds(function, example(before, piece, after, SMALL))


@pytest.mark.parametrize("piece", [b"A: b\r\n", b"--x\r\n\r\n", b"text\r\n"])
def test_memory_is_bounded(piece: bytes) -> None:
    raw = MULTI + example(b"--x\r\n\r\n", piece, b"", 1_000_000)
    tracemalloc.start()
    try:
        message = parse(raw)
        body_views(message)
        used = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert used < 5 * len(raw)


def test_a_deep_message_is_not_walked_forever() -> None:
    raw = b"".join(b"Content-Type: multipart/mixed; boundary=x%d\r\n\r\n--x%d\r\n" % (n, n) for n in range(5_000))
    message = parse(raw)
    assert "depth" in message.defects
    assert len(message.walk()) < 100
    last = message.leaves()[-1]
    assert last.media_type == "application/octet-stream"
    assert b"x4999" in decode_body(raw, last)  # nothing is lost


def test_parts_beyond_the_limit_stay_in_the_last_one() -> None:
    raw = MULTI + b"--x\r\n\r\na\r\n" * 5_000
    message = parse(raw)
    assert "parts" in message.defects
    assert raw.endswith(decode_body(raw, message.leaves()[-1]))
