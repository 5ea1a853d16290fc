"""Signatures and the keys of servers. Matrix v1.19 Appendices §Signing JSON, Server-Server §Retrieving server keys"""

import copy

import pytest

from parvis.wire.matrix import server_keys, signing
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.server_keys import BELIEVED_MS, OldKey
from parvis.wire.matrix.signing import SigningKey, VerifyKey

KEY = SigningKey.read("1", "YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1")
KEYS = {KEY.id: KEY.verify_key}
NOW = 1_700_000_000_000


@pytest.mark.parametrize(
    ("value", "signature"),
    [
        ({}, "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ"),
        (
            {"one": 1, "two": "Two"},
            "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw",
        ),
    ],
)
def test_the_vectors_of_the_specification(value: dict[str, object], signature: str) -> None:
    """Matrix v1.19 Appendices §Cryptographic Test Vectors"""
    signed = signing.sign(value, "domain", KEY)
    assert signed == {**value, "signatures": {"domain": {"ed25519:1": signature}}}
    signing.verify(signed, "domain", KEYS)


def test_what_is_unsigned_may_change_and_signatures_may_be_added() -> None:
    signed = signing.sign({"a": 1, "unsigned": {"age": 3}}, "h", KEY)
    more = signing.sign(signed, "@ann:h", SigningKey.generate("x"))
    more["unsigned"] = {"age": 4}
    signing.verify(more, "h", KEYS)
    assert signed["signatures"].keys() == {"h"} and more["signatures"].keys() == {"h", "@ann:h"}


@pytest.mark.parametrize(
    "change",
    [
        {"a": 2}, {"b": 1}, {"signatures": {}}, {"signatures": None}, {"signatures": {"h": []}},
        {"signatures": {"h": {"ed25519:1": 1}}}, {"signatures": {"h": {"ed25519:1": "AAAA"}}},
        {"signatures": {"h": {"ed25519:1": "!"}}}, {"signatures": {"h": {"rsa:1": "AAAA"}}},
        {"signatures": {"h": {"ed25519:2": "AAAA"}}}, {"a": 1.5},
    ],
)  # fmt: skip
def test_what_is_not_signed(change: dict[str, object]) -> None:
    with pytest.raises(BadMatrix):
        signing.verify({**signing.sign({"a": 1}, "h", KEY), **change}, "h", KEYS)


def test_one_wrong_signature_by_a_known_key_is_enough_to_refuse() -> None:
    other = SigningKey.generate("2")
    value = signing.with_signature(signing.sign({"a": 1}, "h", KEY), "h", other.id, "AAAA")
    signing.verify(value, "h", KEYS)
    with pytest.raises(BadMatrix):
        signing.verify(value, "h", {**KEYS, other.id: other.verify_key})


@pytest.mark.parametrize("text", ["", "AAAA", "!", None, 3])
def test_what_is_no_key(text: object) -> None:
    with pytest.raises(BadMatrix):
        VerifyKey.read(text)


def test_a_key_is_kept_as_text() -> None:
    key = SigningKey.generate("a_1")
    again = SigningKey.read(key.version, key.seed)
    assert again.verify_key.text == key.verify_key.text == VerifyKey.read(key.verify_key.text).text
    with pytest.raises(BadMatrix):
        SigningKey.read("a b", key.seed)


OLD = SigningKey.generate("old")
PUBLISHED = server_keys.published("h", [KEY], {OLD.id: OldKey(OLD.verify_key, NOW - 1_000)}, NOW + BELIEVED_MS * 9)


def test_keys_are_believed_for_a_time() -> None:
    keys = server_keys.read(PUBLISHED, "h")
    assert keys.for_event(KEY.id, NOW, NOW) == keys.keys[KEY.id]
    assert keys.for_event(KEY.id, NOW + BELIEVED_MS, NOW) and not keys.for_event(KEY.id, NOW + BELIEVED_MS + 1, NOW)
    assert keys.for_event(KEY.id, NOW + BELIEVED_MS * 20, NOW, enforced=False)
    assert keys.for_event(OLD.id, NOW - 1_000, NOW) and not keys.for_event(OLD.id, NOW, NOW)
    assert keys.for_request(KEY.id, NOW, NOW) and not keys.for_request(OLD.id, NOW - 2_000, NOW)
    assert keys.for_event("ed25519:no", NOW, NOW) is None
    soon = server_keys.read(server_keys.published("h", [KEY], {}, NOW + 5))
    assert soon.for_event(KEY.id, NOW + 5, NOW) and not soon.for_event(KEY.id, NOW + 6, NOW)


def test_a_notary_signs_too() -> None:
    notary = SigningKey.generate("n")
    answer = server_keys.notarised([server_keys.read(PUBLISHED)], "notary.org", notary)
    (found,) = server_keys.read_notarised(answer, "notary.org", {notary.id: notary.verify_key})
    assert found.server == "h" and found.keys.keys() == {KEY.id}
    assert (
        server_keys.read_notarised(
            {"server_keys": [PUBLISHED, 3, {}]}, "notary.org", {notary.id: notary.verify_key}
        )
        == []
    )
    with pytest.raises(BadMatrix):
        server_keys.read_notarised([], "notary.org", {})


@pytest.mark.parametrize(
    "change",
    [
        {"server_name": "other"}, {"server_name": None}, {"server_name": "a b"}, {"verify_keys": {}}, {"verify_keys": []},
        {"verify_keys": {"ed25519:1": {"key": "AAAA"}}}, {"verify_keys": {"ed25519:1": "AAAA"}}, {"valid_until_ts": "1"},
        {"valid_until_ts": True}, {"signatures": {}}, {"old_verify_keys": {"ed25519:1": {"key": KEY.verify_key.text}}},
        {"verify_keys": {f"ed25519:{number}": {} for number in range(200)}},
    ],
)  # fmt: skip
def test_keys_that_are_not_believed(change: dict[str, object]) -> None:
    with pytest.raises(BadMatrix):
        server_keys.read({**copy.deepcopy(PUBLISHED), **change}, "h")


def test_keys_of_unknown_algorithms_are_left_out() -> None:
    value = {**PUBLISHED, "verify_keys": {**PUBLISHED["verify_keys"], "rsa:1": 3}}
    assert server_keys.read(signing.sign(value, "h", KEY)).keys.keys() == {KEY.id}


def test_what_is_asked_of_a_notary() -> None:
    asked = {"server_keys": {"h": {"ed25519:1": {"minimum_valid_until_ts": 5}, "ed25519:2": {}}, "i:1": {}}}
    assert server_keys.read_query(asked) == {"h": {"ed25519:1": 5, "ed25519:2": None}, "i:1": {}}
    for wrong in (
        {},
        [],
        {"server_keys": {"a b": {}}},
        {"server_keys": {"h": 3}},
        {"server_keys": {"h": {"k": 3}}},
    ):
        with pytest.raises(BadMatrix):
            server_keys.read_query(wrong)
