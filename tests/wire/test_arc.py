"""Chains of those who passed a message on."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.wire import arc, dkim_keys
from parvis.wire.canonical import Text

NOW = 1_800_000_000
PLAIN = b"From: Ann <ann@example.org>\r\nTo: list@example.net\r\nSubject: One\r\n\r\nSome words.\r\n"


@pytest.fixture(scope="module")
def keys() -> list[dkim_keys.SigningKey]:
    return [dkim_keys.generate("example.net", "a", "rsa"), dkim_keys.generate("example.com", "b", "ed25519")]


def records(keys) -> dict[str, str]:
    return {key.name: key.record for key in keys}


def state(raw: bytes, known) -> arc.Result:
    text = Text(raw)
    return arc.validate(text, arc.chain(text), known, NOW)


def passed_on(raw: bytes, key, known) -> bytes:
    """The message with one more set."""
    text = Text(raw)
    found = arc.chain(text)
    verdict = arc.validate(text, found, known, NOW).value
    return arc.seal(text, found, verdict, f"mx.{key.domain}; arc={verdict}", key, NOW) + raw


def test_no_chain() -> None:
    assert state(PLAIN, {}) == ("none", "")


def test_a_chain_grows(keys) -> None:
    raw = PLAIN
    for number in range(1, 5):
        raw = passed_on(raw, keys[number % 2], records(keys))
        assert state(raw, records(keys)) == ("pass", "")
        assert len(arc.chain(Text(raw)).sets) == number
    assert arc.chain(Text(raw)).sealer == "example.net"
    assert set(arc.chain(Text(raw)).key_names) == set(records(keys))


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (rb"Some words", b"Other words", "body was changed"),
        (rb"Subject: One", b"Subject: Two", "header was changed"),
        (rb"i=1; mx", b"i=1; ny", "it was changed"),
        (rb"cv=none", b"cv=pass", "failed before"),
        (rb"cv=pass", b"cv=fail", "failed before"),
        (rb"ARC-Seal: i=1", b"ARC-Seal: i=3", "not complete"),
        (rb"ARC-Seal: i=1", b"ARC-Seal: i=2", "twice"),
        (rb"ARC-Seal: i=2;", b"ARC-Seal: i=2; h=from;", "h= in a seal"),
        (rb"ARC-Seal: i=2; a=rsa", b"ARC-Seal: i=2; a=ed25519", "another algorithm"),
    ],
)
def test_a_chain_breaks(keys, before, after, reason) -> None:
    raw = passed_on(passed_on(PLAIN, keys[1], records(keys)), keys[0], records(keys))
    changed = re.sub(before, after, raw, count=1)
    assert changed != raw
    found = state(changed, records(keys))
    assert found.value == "fail" and reason in found.reason


def test_without_its_key_a_chain_fails(keys) -> None:
    raw = passed_on(passed_on(PLAIN, keys[1], records(keys)), keys[0], records(keys))
    assert state(raw, records(keys[:1])).reason == "seal 1: there is no key"
    assert "there is no key" in state(raw, records(keys[1:])).reason


def test_what_failed_is_sealed_once_as_failed_and_then_no_more(keys) -> None:
    raw = passed_on(PLAIN, keys[0], records(keys)).replace(b"Some", b"Other")
    failed = passed_on(raw, keys[1], records(keys))
    assert b"cv=fail" in failed and state(failed, records(keys)).value == "fail"
    assert passed_on(failed, keys[1], records(keys)) == failed


@given(
    st.lists(st.sampled_from(["ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"])),
    st.text(max_size=80),
)
def test_nonsense_never_passes(names: list[str], value: str) -> None:
    raw = "".join(f"{name}: i={number % 3}; {value}\r\n" for number, name in enumerate(names)).encode() + PLAIN
    assert state(raw, {}).value == ("fail" if names else "none")
