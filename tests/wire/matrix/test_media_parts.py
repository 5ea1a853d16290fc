"""Media between servers, in whatever pieces it comes."""

import pytest

from parvis.wire.matrix import media_parts
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.media_parts import About, Parts

BODY = b"\r\nbytes\r\n--not the end\x00"
WHOLE = media_parts.begin("x", "image/png", 'inline; filename="a.png"') + BODY + media_parts.end("x")


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_media_comes_out_as_it_went_in(step) -> None:
    parts, found = Parts('Multipart/Mixed; charset=x; boundary="x"'), b""
    for start in range(0, len(WHOLE), step):
        found += parts.feed(WHOLE[start : start + step])
    assert found == BODY
    assert parts.finish() == About("image/png", "a.png", "")


def test_bytes_that_are_elsewhere() -> None:
    parts = Parts("multipart/mixed; boundary=b")
    parts.feed(b"--b\r\n\r\n{}\r\n--b\r\nLocation: https://a.org/x\r\n\r\n\r\n--b--")
    assert parts.finish() == About("application/octet-stream", "", "https://a.org/x")


@pytest.mark.parametrize(
    "data", [b"", b"no parts", WHOLE[:-20], WHOLE[:40], b"--x\r\n\r\n{}\r\n--x--", b"--x\r\n" + b"y" * 70_000]
)
def test_what_is_not_whole_is_refused(data) -> None:
    parts = Parts("multipart/mixed; boundary=x")
    with pytest.raises(BadMatrix):
        parts.feed(data)
        parts.finish()


@pytest.mark.parametrize("kind", ["", "image/png", "multipart/mixed", "multipart/mixed; boundary="])
def test_headers_that_say_no_parts(kind) -> None:
    with pytest.raises(BadMatrix):
        Parts(kind)
