"""What pages say of themselves, whatever they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.wire import opengraph
from parvis.wire.opengraph import Page

URL = "https://www.example.net/news/1?a=b"


def test_a_page_says_what_it_is() -> None:
    page = b"""<!doctype html><head><title>Not this</title>
    <meta property="og:title" content="Th\xc6\xb0 vi\xe1\xbb\x87n &amp; caf\xc3\xa9">
    <meta property="og:title" content="Nor this">
    <meta name=description content="  in\n two   lines ">
    <meta property="og:site_name" content="Example"><meta property=og:image content="../p.png?x=1#y">"""
    assert opengraph.read(page, URL) == Page(
        title="Thư viện & café",
        description="in two lines",
        site="Example",
        image="https://www.example.net/p.png?x=1",
    )


def test_a_page_without_open_graph_has_its_title() -> None:
    assert opengraph.read(b"<title>\n A   page </title><p>text", URL) == Page(title="A page")
    assert opengraph.read(b"", URL) == Page()
    latin = '<meta charset="iso-8859-1"><title>été</title>'.encode("latin-1")
    assert opengraph.read(latin, URL).title == "été"
    assert opengraph.read("<title>été</title>".encode("latin-1"), URL, "iso-8859-1").title == "été"


def test_a_title_cannot_pretend() -> None:
    """Letters that nobody sees, or that turn the direction of others, are left out; nothing is too long."""
    page = "<title>safe\u202egpj.exe\u200b\ttitle</title>"
    assert opengraph.read(page.encode(), URL).title == "safe gpj.exe title"
    assert len(opengraph.read(b"<title>" + b"x" * 9_000, URL).title) == 200


@pytest.mark.parametrize(
    "image",
    ["javascript:alert(1)", "http://plain.example/p.png", "data:image/png;base64,AA", "//[", "https://a@b/c"],
)
def test_pictures_are_fetched_by_https_alone(image: str) -> None:
    assert opengraph.read(f'<meta property="og:image" content="{image}">'.encode(), URL).image == ""


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        (" https://example.net/a?b=c#d ", "https://example.net/a?b=c"),
        ("HTTPS://example.net", "https://example.net"),
        ("https://example.net:8443/", "https://example.net:8443/"),
        ("http://example.net/", ""),
        ("https://ann:secret@example.net/", ""),
        ("https:///path", ""),
        ("https://example.net:0/", ""),
        ("https://example.net:99999/", ""),
        ("https://[::1", ""),
        ("https://example.net/a b", ""),
        ("https://example.net/\r\nhost: x", ""),
        ("file:///etc/passwd", ""),
        ("https://example.net/" + "x" * 2_000, ""),
    ],
)
def test_addresses_that_are_asked(url: str, asked: str) -> None:
    assert opengraph.https(url) == asked


_NAMES = st.sampled_from(["og:title", "og:description", "og:image", "og:site_name", "twitter:image", "description"])


@given(st.lists(st.tuples(_NAMES, st.text(max_size=60))), st.text(max_size=40))
def test_whatever_a_page_says_stays_short_plain_and_https(told: list[tuple[str, str]], between: str) -> None:
    page = "".join(f'{between}<meta property="{name}" content="{value}">' for name, value in told)
    found = opengraph.read(page.encode("utf-8", "replace"), URL)
    for text, limit in ((found.title, 200), (found.description, 400), (found.site, 80)):
        assert len(text) <= limit and text.isprintable() and text == " ".join(text.split())
    assert found.image == "" or opengraph.https(found.image) == found.image


@given(st.binary(max_size=400))
def test_any_bytes_are_read(data: bytes) -> None:
    found = opengraph.read(data, URL)
    assert found.title.isprintable() and found.description.isprintable()


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "piece", [b"<div>", b"<meta a=b>", b"<meta ", b'<meta "', b"<meta '\"", b"<title>", b"<!--", b"<meta a='b' "]
)
def test_a_page_of_one_thing_only_takes_no_time(piece: bytes) -> None:
    opengraph.read(piece * (500_000 // len(piece)), URL)
