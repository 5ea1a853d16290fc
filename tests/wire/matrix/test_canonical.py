"""Canonical JSON and Base64. Matrix v1.19 Appendices §Canonical JSON, §Unpadded Base64"""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parvis.wire.matrix import base64, canonical
from parvis.wire.matrix.errors import BadMatrix

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=25,
)


def defined(value: object) -> bytes:
    """What the specification defines, in its own words of Python."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("UTF-8")


@pytest.mark.parametrize(
    ("given_json", "wanted"),
    [
        ("{}", "{}"),
        ('{"one": 1, "two": "Two"}', '{"one":1,"two":"Two"}'),
        ('{"b": "2", "a": "1"}', '{"a":"1","b":"2"}'),
        (
            '{"auth": {"success": true, "mxid": "@john.doe:example.com", "profile": {"display_name": "John Doe",'
            '"three_pids": [{"medium": "email", "address": "john.doe@example.org"},'
            '{"medium": "msisdn", "address": "123456789"}]}}}',
            '{"auth":{"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe","three_pids":'
            '[{"address":"john.doe@example.org","medium":"email"},{"address":"123456789","medium":"msisdn"}]},'
            '"success":true}}',
        ),
        ('{"a": "日本語"}', '{"a":"日本語"}'),
        ('{"本": 2, "日": 1}', '{"日":1,"本":2}'),
        ('{"a": "\\u65E5"}', '{"a":"日"}'),
        ('{"a": null}', '{"a":null}'),
    ],
)
def test_the_examples_of_the_specification(given_json: str, wanted: str) -> None:
    for strict in (True, False):
        assert canonical.encode(canonical.decode(given_json.encode(), strict=strict)) == wanted.encode()


def test_the_example_with_numbers_that_only_old_rooms_have() -> None:
    data = b'{"a": -0, "b": 1e10}'
    assert canonical.encode(canonical.decode(data, strict=False), strict=False) == b'{"a":0,"b":10000000000}'
    with pytest.raises(BadMatrix):
        canonical.decode(data)


@given(VALUES)
@example({"\uffff": 1, "\U00010000": 2, "\x7f": '\x00\x1f\x7f\u2028/"\\'})
def test_it_is_what_the_definition_gives(value: object) -> None:
    written = canonical.encode(value)
    assert written == defined(value) == canonical.encode(value, strict=False)
    assert canonical.decode(written) == canonical.decode(written, strict=False) == value
    assert canonical.decode(json.dumps(value, indent=1).encode()) == value


@given(st.text(alphabet='{}[]",:\\ua0d8.e-+1tn', max_size=40))
def test_whatever_is_read_has_a_canonical_form(text: str) -> None:
    for strict in (True, False):
        try:
            value = canonical.decode(text.encode(), strict=strict)
        except BadMatrix:
            continue
        try:
            assert canonical.decode(canonical.encode(value, strict=strict), strict=strict) == value
        except BadMatrix as error:
            assert "surrogate" in error.sentence and not strict


@pytest.mark.parametrize(
    ("data", "errcode"),
    [
        (b"", "M_NOT_JSON"), (b"{", "M_NOT_JSON"), (b"nul", "M_NOT_JSON"), (b"[1,]", "M_NOT_JSON"),
        (b"\xef\xbb\xbf{}", "M_NOT_JSON"), (b'"\xff"', "M_NOT_JSON"), (b'"\\ud800"', "M_NOT_JSON"),
        (b"[NaN]", "M_NOT_JSON"), (b"[Infinity]", "M_NOT_JSON"), (b"1 2", "M_NOT_JSON"), (b"01", "M_NOT_JSON"),
        (b"1.0", "M_BAD_JSON"), (b"1e3", "M_BAD_JSON"), (b"-0", "M_BAD_JSON"), (b"[-0]", "M_BAD_JSON"),
        (b"9007199254740992", "M_BAD_JSON"), (b"-9007199254740992", "M_BAD_JSON"), (b"9" * 5_000, "M_NOT_JSON"),
        (b'{"a":1,"a":1}', "M_BAD_JSON"), (b'{"a":{"b":1,"\\u0062":2}}', "M_BAD_JSON"),
        (b"[" * 257 + b"]" * 257, "M_BAD_JSON"), (b"[" * 100_000, "M_BAD_JSON"), (b'{"a":' * 100_000, "M_BAD_JSON"),
    ],
)  # fmt: skip
def test_what_is_refused(data: bytes, errcode: str) -> None:
    with pytest.raises(BadMatrix) as caught:
        canonical.decode(data)
    assert caught.value.errcode == errcode


def test_what_is_just_allowed() -> None:
    assert canonical.decode(b"[" * 256 + b"]" * 256)
    assert canonical.decode(b"9007199254740991") == 2**53 - 1
    assert canonical.decode(b'{"a":"-0 : {\\"b\\":1.5}"}') == {"a": '-0 : {"b":1.5}'}
    assert canonical.decode(b"[[],{}]" + b" " * 100) == [[], {}]
    assert len(canonical.decode(b"[" + b"[]," * 1_000 + b"[]]")) == 1_001


def test_size_is_bounded() -> None:
    with pytest.raises(BadMatrix) as caught:
        canonical.decode(b'"abc"', limit=4)
    assert caught.value.errcode == "M_TOO_LARGE"


@pytest.mark.parametrize(
    "value", [1.0, float("nan"), b"a", (1,), {1, 2}, {"a": object()}, 2**53, "\ud800", ["\udfff"]]
)
def test_what_cannot_be_written(value: object) -> None:
    with pytest.raises(BadMatrix):
        canonical.encode(value)


def test_old_rooms_have_more_numbers() -> None:
    assert canonical.decode(b"[1.5, 9007199254740993, 1E2]", strict=False) == [1.5, 2**53 + 1, 100.0]
    with pytest.raises(BadMatrix):
        canonical.encode(canonical.decode(b"[1.0]", strict=False))
    assert canonical.encode([1.5, 2**60, {"a": -0.0}], strict=False) == b'[1.5,1152921504606846976,{"a":0}]'
    for data in (
        b"[NaN]",
        b"[-Infinity]",
        b"[1e999]",
        b'{"a":1,"a":2}',
        b"[" * 100_000,
        b"9" * 10_000,
        b"\xff",
        "{}".encode("utf-16"),
        b"\xef\xbb\xbf{}",
    ):
        with pytest.raises(BadMatrix):
            canonical.decode(data, strict=False)


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"", ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"foo", "Zm9v"), (b"foob", "Zm9vYg"), (b"foobar", "Zm9vYmFy")],
)
def test_base64_of_the_specification(data: bytes, text: str) -> None:
    assert base64.encode(data) == text and base64.decode(text) == data


@given(st.binary(max_size=40))
def test_base64_is_read_with_and_without_padding_in_either_alphabet(data: bytes) -> None:
    for text in (base64.encode(data), base64.encode_url(data)):
        assert "=" not in text
        assert base64.decode(text) == base64.decode(text + "=" * (-len(text) % 4)) == data


@pytest.mark.parametrize("text", ["A", "Zg!", "Zm 8", "é", 1, None, b"Zg", "Z=g"])
def test_what_is_no_base64(text: object) -> None:
    with pytest.raises(BadMatrix):
        base64.decode(text)
