"""Depth, Timeout, ETags, the If header, paths."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel.errors import Invalid, ParvisError
from parvis.wire.dav import headers, ifheader, paths


def test_depths() -> None:
    assert [headers.depth(each, 1) for each in (None, "0", "1", "Infinity", " 0 ")] == [
        1,
        0,
        1,
        headers.INFINITY,
        0,
    ]
    for bad in ("2", "", "1,0", "inf"):
        with pytest.raises(Invalid):
            headers.depth(bad, 0)


def test_timeouts_are_bounded() -> None:
    assert headers.timeout("Second-60", 9) == 60
    assert headers.timeout("Infinite, Second-4100000000", 9) == headers.MOST_SECONDS
    assert headers.timeout("Second-4100000000", 9) == headers.MOST_SECONDS
    assert headers.timeout("Extend, Second-5", 9) == 5
    assert [headers.timeout(each, 9) for each in (None, "", "Second-", "Second-x", "Second--1")] == [9] * 5


def test_entity_tags() -> None:
    found = headers.etags('"a", W/"b" ,"c,d"')
    assert found is not None
    assert [found.has(each) for each in ("a", "b", "c,d", "")] == [True, False, True, False]
    assert found.has("b", weakly=True)
    assert headers.etags("*") == headers.Tags(True)
    assert headers.etags(None) is None
    bare = headers.etags("abc")
    assert bare is not None
    assert bare.has("abc")
    for bad in ('"a" "b"', '"a', "a b", ""):
        with pytest.raises(Invalid):
            headers.etags(bad)


def test_preferences() -> None:
    assert headers.preferences("return=minimal, depth-noroot", None) == headers.Preferences("minimal", True)
    assert headers.preferences(None, "t").returned == "minimal"
    assert headers.preferences("return=representation", "t").returned == "representation"
    assert headers.preferences(None, "f") == headers.Preferences()


def state(known):
    return lambda resource: known.get(resource, ("", frozenset()))


def test_the_if_header_is_a_choice_of_lists() -> None:
    found = ifheader.parse('(<urn:a> ["x"]) (Not <DAV:no-lock> ["y"])')
    assert found.tokens() == {"urn:a", "DAV:no-lock"}
    assert found.holds(state({"": ("x", frozenset({"urn:a"}))}))
    assert found.holds(state({"": ("y", frozenset())}))
    assert not found.holds(state({"": ("x", frozenset())}))


def test_lists_may_be_tagged() -> None:
    found = ifheader.parse('<http://h/a> (<urn:a>) (["z"]) </b> (["q"])')
    assert found.resources() == {"http://h/a", "/b"}
    assert found.holds(state({"/b": ("q", frozenset())}))
    assert found.holds(state({"http://h/a": ("z", frozenset())}))
    assert not found.holds(state({"": ("z", frozenset({"urn:a"}))}))


def test_a_weak_tag_matches_nothing_and_no_tag_is_no_tag() -> None:
    assert not ifheader.parse('([W/"x"])').holds(state({"": ("x", frozenset())}))
    assert not ifheader.parse('([""])').holds(state({}))


@pytest.mark.parametrize(
    "bad",
    ["", " ", "()", "(", "(<a>", "<a>", "(<a>) x", "(Not)", "(Not Not <a>)", "(<a b>)", "<a> <b> (<c>)", '("x")'],
)
def test_what_is_no_if_header_is_refused(bad) -> None:
    with pytest.raises(Invalid):
        ifheader.parse(bad)


@given(st.text(alphabet='<>()[]" Notabc:/*W,', max_size=60))
def test_only_refusals_come_out_of_headers(text) -> None:
    for read in (ifheader.parse, headers.etags, lambda each: headers.depth(each, 0), headers.lock_token):
        with contextlib.suppress(ParvisError):
            read(text)


def test_paths_are_decoded_once_and_kept_in_nfc() -> None:
    assert paths.segments("/dav/a%20b/c%2520d/") == ("dav", "a b", "c%20d")
    assert paths.segments("/e%CC%81") == ("é",)
    assert paths.segments("/") == ()
    assert paths.segments("//dav//a//") == ("dav", "a")
    assert paths.encoded("dav", "a b", "é#?", collection=True) == "/dav/a%20b/%C3%A9%23%3F/"


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "a",
        "/a/../b",
        "/a/%2e%2e/b",
        "/a/./b",
        "/a%2Fb",
        "/a%00",
        "/a%0Ab",
        "/%FF",
        "/" + "a" * 256,
        "/a" * 101,
    ],
)
def test_path_tricks_are_refused(bad) -> None:
    with pytest.raises(Invalid):
        paths.segments(bad)


@given(st.lists(st.text(min_size=1, max_size=30), max_size=6))
def test_what_is_encoded_is_found_again(parts) -> None:
    import unicodedata

    try:
        for part in parts:
            paths.check(part)
    except Invalid:
        return
    assert paths.segments(paths.encoded(*parts)) == tuple(unicodedata.normalize("NFC", part) for part in parts)


def test_only_paths_of_this_server_are_local() -> None:
    here = frozenset({"h:80"})
    assert paths.local("http://h:80/a", here) == "/a"
    assert paths.local("/a", here) == "/a"
    assert paths.local("http://h:81/a", here) is None
    assert paths.local("//other/a", here) is None
    assert paths.local("ftp://h:80/a", here) is None
    with pytest.raises(Invalid):
        paths.local("a", here)


def test_the_first_of_two_preferences_counts() -> None:
    """RFC 7240 §2"""
    assert headers.preferences("return=representation, return=minimal", "t").returned == "representation"
