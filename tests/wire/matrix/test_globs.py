"""Patterns and paths. Matrix v1.19 Appendices §Glob-style matching, §Dot-separated property paths"""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.wire.matrix.globs import LENGTH_LIMIT, Glob, glob, has_words
from parvis.wire.matrix.properties import ABSENT, find, only, path

_WORD = "[A-Za-z0-9_]"


def _regex(pattern: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern)


@given(st.text("ab*?é ", max_size=7), st.text("abé \n*?", max_size=9))
def test_a_pattern_fits_what_its_expression_fits(pattern: str, text: str) -> None:
    assert Glob(pattern).matches(text) == bool(re.fullmatch(_regex(pattern), text, re.S))
    bounded = f"(?:(?<!{_WORD})|(?!{_WORD})){_regex(pattern)}(?:(?!{_WORD})|(?<!{_WORD}))"
    assert Glob(pattern).matches_words(text) == bool(re.search(bounded, text, re.S))
    assert Glob(pattern, single=False).matches(text) == bool(
        re.fullmatch(_regex(pattern).replace(".", r"\?").replace(r"\?*", ".*"), text, re.S)
    )


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("lunc?*", ["lunch plans", "lunch"], [" lunch", "lunc", ""]),
        ("", [""], ["a"]),
        ("*", ["", "a\nb"], []),
        ("a*b*c", ["abc", "a b b c"], ["acb", "abcd", "ab"]),
        ("ab*ba", ["abba", "ab ba"], ["aba"]),
    ],
)  # fmt: skip
def test_wholes(pattern: str, yes: list[str], no: list[str]) -> None:
    assert all(map(glob(pattern).matches, yes)) and not any(map(glob(pattern).matches, no))


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("ex*ple", ["an example event.", "exple", "an exciting triple-whammy"], ["anexample", "examples", "ex"]),
        ("cake", ["cake", "a cake!", "cake-like", "(cake)"], ["cakes", "pancake", "cake_1", "1cake"]),
        ("@room", ["@room", "hi @room!", "x@room"], ["@rooms"]),
    ],
)
def test_words(pattern: str, yes: list[str], no: list[str]) -> None:
    assert all(map(glob(pattern).matches_words, yes)) and not any(map(glob(pattern).matches_words, no))
    assert not glob("x" * (LENGTH_LIMIT + 1)).matches_words("x" * (LENGTH_LIMIT + 1))
    assert not glob("x" * (LENGTH_LIMIT + 1)).matches("x" * (LENGTH_LIMIT + 1))


def test_words_with_nothing_special() -> None:
    assert has_words("hi a.b*", "a.b*") and not has_words("hi axb", "a.b") and not has_words("banned", "ann")


def test_no_pattern_takes_long() -> None:
    start = time.perf_counter()
    for pattern in ("*a" * 400 + "b", "a*" * 400 + "b", "?*" * 400 + "b"):
        assert not glob(pattern).matches("a" * 60_000) and not glob(pattern).matches_words("a" * 60_000 + "c")
    assert time.perf_counter() - start < 2


def test_paths() -> None:
    assert path("content.m\\.relates_to.x") == ("content", "m.relates_to", "x")
    assert path("content.m\\\\foo") == ("content", "m\\foo") and path("a\\x.b") == ("a\\x", "b")
    assert path("") == ("",) and path("a.") == ("a", "") and path("a\\") == ("a\\",) and path(".") == ("", "")
    event = {"content": {"m.relates_to": {"x": None}, "list": [1]}, "type": "t"}
    assert find(event, path("content.m\\.relates_to.x")) is None and find(event, path("content.list")) == [1]
    for nowhere in ("content.x", "content.list.0", "type.x", "content.m.relates_to.x"):
        assert find(event, path(nowhere)) is ABSENT
    assert only(event, map(path, ["content.list", "content.m\\.relates_to.x", "x"])) == {
        "content": event["content"]
    }
    assert only(event, map(path, ["content.list", "content", "type"])) == event
    assert only(event, []) == {} and event["content"] == {"m.relates_to": {"x": None}, "list": [1]}


@given(st.text("ab.\\", max_size=10))
def test_any_path_is_read(text: str) -> None:
    names = path(text)
    written = ".".join(each.replace("\\", "\\\\").replace(".", "\\.") for each in names)
    assert path(written) == names
