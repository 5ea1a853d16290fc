"""Comparators and match types of Sieve."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.wire.sieve.compare import Keys, Match, fold, numeric, related
from parvis.wire.sieve.texts import MODIFIERS, decode_characters, modified, template_of


def found(kind: str, value: str, key: str, comparator: str = "i;ascii-casemap") -> tuple[str, ...] | None:
    return Keys(Match(kind, "", comparator), [key]).find(value)


@pytest.mark.parametrize(
    ("value", "key", "values"),
    [
        ("frop", "*", ("frop", "frop")),
        ("", "*", ("", "")),
        ("", "?", None),
        ("frop", "f?*p", ("frop", "r", "o")),
        ("frop", "f*p?", None),
        ("[acme-users] [fwd] version 1.0 is out", "[*] *", ("[acme-users] [fwd] version 1.0 is out", "acme-users", "[fwd] version 1.0 is out")),
        ("coyote@ACME.Example.COM", "*@*.*", ("coyote@ACME.Example.COM", "coyote", "ACME", "Example.COM")),
        ("a*b", "a\\*b", ("a*b",)),
        ("axb", "a\\*b", None),
        ("a?b", "a\\?b", ("a?b",)),
        ("a\\b", "a\\\\b", ("a\\b",)),
        ("aXbXc", "*X**", ("aXbXc", "a", "", "bXc")),
        ("abcabd", "*ab?", ("abcabd", "abc", "d")),
        ("line\r\nline", "l*e", ("line\r\nline", "ine\r\nlin")),
    ],
)  # fmt: skip
def test_wildcards_take_as_little_as_they_can(value: str, key: str, values: tuple[str, ...] | None) -> None:
    assert found("matches", value, key) == values  # RFC 5229 §3.2


LETTERS = st.text("abA*?\\é", max_size=12)


@given(LETTERS, LETTERS)
def test_wildcards_are_those_of_a_regular_expression(value: str, key: str) -> None:
    pattern, place = "", 0
    while place < len(key):
        letter = key[place]
        if letter == "\\" and place + 1 < len(key):
            place += 1
            pattern += re.escape(key[place])
        else:
            pattern += {"*": "(.*?)", "?": "(.)"}.get(letter, re.escape(letter))
        place += 1
    match = re.fullmatch(pattern, value, re.S)
    values = found("matches", value, key, "i;octet")
    assert (values is None) == (match is None)
    if match is not None and values is not None:
        assert values == (value, *match.groups())


@pytest.mark.parametrize("key", ["*a" * 5_000 + "b", "a*" * 5_000, "*" * 10_000 + "b", "*a*a*a*a*a*a*a*a*b"])
def test_wildcards_take_time_in_proportion(key: str) -> None:
    begun = time.monotonic()
    assert found("matches", "a" * 100_000, key.replace("b", "c")) is None or "b" not in key
    assert time.monotonic() - begun < 2


def test_comparators() -> None:
    assert found("is", "Frop", "fROP") and not found("is", "Frop", "frop", "i;octet")
    assert not found("is", "É", "é")
    assert found("is", "É", "é", "i;unicode-casemap")
    assert found("is", "ǅ", "ǆ", "i;unicode-casemap")  # RFC 5051 §2
    assert found("contains", "TÈST", "tèst", "i;unicode-casemap")
    assert found("matches", "xTÈSTy", "*tèst*", "i;unicode-casemap") == ("xTÈSTy", "x", "y")
    assert found("is", "042", "42x", "i;ascii-numeric") and found("is", "no", "any", "i;ascii-numeric")


def test_numbers_of_any_length_are_ordered() -> None:
    assert numeric("9") < numeric("10") < numeric("1" * 10_000) < numeric("x")
    assert related("gt", "i;ascii-numeric", "10", "9") and not related("gt", "i;octet", "10", "9")
    assert related("lt", "i;ascii-casemap", "a", "B")


@given(st.text(max_size=50))
def test_folding_keeps_places(text: str) -> None:
    folded = fold("i;unicode-casemap", text)
    assert folded.places is None or len(folded.places) == len(folded.text) + 1
    assert fold("i;unicode-casemap", folded.text).text == folded.text or not text.isascii()


def test_encoded_characters() -> None:
    assert decode_characters("$${hex:40}") == "$@"
    assert decode_characters("${hex: 40 }${HEX:34 0d 0A}") == "@4\r\n"
    assert decode_characters("${unicode:40}${ unicode:40}${unicode:F0001}") == "@${ unicode:40}\U000f0001"
    assert decode_characters("${hex:4}${hex:c3 a9}${hex:zz}") == "\x04é${hex:zz}"
    assert decode_characters("${hex:ff}") == "\ufffd"
    for wrong in ("${unicode:D800}", "${unicode:110000}", "${unicode:fffffffffff}"):
        with pytest.raises(ValueError, match="no character"):
            decode_characters(wrong)


@given(st.text("${}hex:unicod 4aF\n", max_size=40))
def test_encoded_characters_never_fail_otherwise(text: str) -> None:
    try:
        decode_characters(text)
    except ValueError as error:
        assert "is no character" in str(error)


def test_references_to_variables() -> None:
    plain = ("${}", "&%${}!", "${full stop}", "${0", "$ {a}", "${a-b}")
    for text in plain:
        assert template_of(text, frozenset()) == text
    with pytest.raises(ValueError, match="namespace"):
        template_of("${company.name}", frozenset())
    with pytest.raises(ValueError, match="match variable"):
        template_of("${99}", frozenset())


def test_modifiers() -> None:
    """The examples of RFC 5229 §4.1."""
    text = "juMBlEd lETteRS"
    assert modified(text, ["length"], 100) == "15"
    assert modified(text, ["lower"], 100) == "jumbled letters"
    assert modified(text, ["upperfirst"], 100) == "JuMBlEd lETteRS"
    assert modified(text, ["upperfirst", "lower"], 100) == "Jumbled letters"
    assert modified("Rock*", ["quotewildcard"], 100) == "Rock\\*"
    assert modified("a b/ü", ["encodeurl"], 100) == "a%20b%2F%C3%BC"
    assert modified("aaa*", ["quotewildcard"], 4) == "aaa"
    assert modified("éé", [], 3) == "éé" and modified("éé", ["lower"], 3) == "é"
    assert set(MODIFIERS) >= {"lower", "upper", "lowerfirst", "upperfirst", "quotewildcard", "length"}
