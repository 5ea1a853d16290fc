"""Keys of devices and people, and backups of keys. Matrix v1.19 Client-Server §End-to-End Encryption"""

from typing import Any

import pytest

from parvis.wire.matrix import backup, devices, signing
from parvis.wire.matrix.backup import Session
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.signing import SigningKey

from .rooms import ANN, BOB

DEVICE = SigningKey.generate("DEV")
CURVE = SigningKey.generate("x").verify_key.text
KEYS = {"ed25519:DEV": DEVICE.verify_key.text, "curve25519:DEV": CURVE}
OWN = signing.sign({"user_id": ANN, "device_id": "DEV", "algorithms": ["m.olm"], "keys": KEYS}, ANN, DEVICE)


def person(
    usage: str, user: str = ANN, by: SigningKey | None = None, **change: Any
) -> tuple[SigningKey, dict[str, Any]]:
    text = SigningKey.generate("x")
    public = text.verify_key.text
    value = {"user_id": user, "usage": [usage], "keys": {f"ed25519:{public}": public}, **change}
    return text, signing.with_signature(
        value, user, f"ed25519:{by.verify_key.text}", by.sign(signing.signed_bytes(value))
    ) if by else value


def refused(errcode: str, read: Any, *args: Any) -> None:
    with pytest.raises(BadMatrix) as caught:
        read(*args)
    assert caught.value.errcode == errcode


def test_a_device_signs_its_keys() -> None:
    found = devices.read_device(OWN, ANN, "DEV")
    found.check_signed()
    assert found.signing_key.text == DEVICE.verify_key.text and found.algorithms == ["m.olm"]
    forged = devices.read_device({**OWN, "algorithms": ["x"]}, ANN, "DEV")
    refused("M_INVALID_SIGNATURE", forged.check_signed)
    for change in (
        {"user_id": BOB}, {"device_id": "OTHER"}, {"algorithms": "x"}, {"algorithms": [1]}, {"keys": []}, {"keys": {"ed25519:OTHER": CURVE}},
        {"keys": {"ed25519:DEV": 1}}, {"keys": {"ed25519:DEV": "AAAA"}}, {"signatures": None}, {"keys": {f"x{n}:DEV": "" for n in range(200)}},
    ):  # fmt: skip
        with pytest.raises(BadMatrix):
            devices.read_device({**OWN, **change}, ANN, "DEV")
    refused("M_TOO_LARGE", devices.read_device, {**OWN, "x": "x" * 70_000}, ANN, "DEV")
    refused("M_INVALID_PARAM", devices.read_device, [], ANN, "DEV")


def test_one_time_and_fallback_keys() -> None:
    signed = signing.sign({"key": CURVE}, ANN, DEVICE)
    found = devices.read_one_time(
        {"signed_curve25519:AAAQ": signed, "curve25519:BBB": CURVE, "other:C": "anything"}
    )
    assert [(each.algorithm, each.key_id, each.fallback) for each in found] == [
        ("signed_curve25519", "AAAQ", False), ("curve25519", "BBB", False), ("other", "C", False)
    ]  # fmt: skip
    devices.check_signature(signed, ANN, DEVICE.id, DEVICE.verify_key)
    assert devices.read_one_time({"signed_curve25519:A": {**signed, "fallback": True}}, "fallback_keys")[0].fallback
    assert devices.is_same_key(signed, {**signed, "signatures": {}}) and devices.is_same_key(CURVE, CURVE)
    assert not devices.is_same_key(signed, {**signed, "key": "x"}) and not devices.is_same_key(CURVE, signed)
    for wrong in (
        {"AAAQ": signed}, {":A": CURVE}, {"curve25519:": CURVE}, {"curve25519:A": "AAAA"}, {"signed_curve25519:A": {"key": CURVE}}, {"x:A": 3},
        {"signed_curve25519:A": {**signed, "key": "AAAA"}}, {"signed_curve25519:A": {**signed, "fallback": 1}}, {"x:" + "A" * 255: CURVE},
    ):  # fmt: skip
        refused("M_INVALID_PARAM", devices.read_one_time, wrong)
    refused("M_INVALID_PARAM", devices.read_one_time, {"x:A": "1", "x:B": "2"}, "fallback_keys")
    refused("M_TOO_LARGE", devices.read_one_time, {f"x:{number}": "1" for number in range(1_001)})


def test_keys_of_people() -> None:
    """Matrix v1.19 Client-Server §Cross-signing"""
    master, master_key = person("master")
    _, own = person("self_signing", by=master)
    _, others = person("user_signing", by=master)
    found = devices.read_cross_signing_set(
        {"master_key": master_key, "self_signing_key": own, "user_signing_key": others}, ANN, None
    )
    assert found.keys() == {"master", "self_signing", "user_signing"}
    assert devices.read_cross_signing_set({"self_signing_key": own}, ANN, found["master"]).keys() == {
        "self_signing"
    }
    refused("M_MISSING_PARAM", devices.read_cross_signing_set, {"self_signing_key": own}, ANN, None)
    _, foreign = person("self_signing", by=SigningKey.generate("x"))
    refused(
        "M_INVALID_SIGNATURE",
        devices.read_cross_signing_set,
        {"master_key": master_key, "self_signing_key": foreign},
        ANN,
        None,
    )
    same = {**master_key, "usage": ["master", "self_signing"]}
    same = signing.with_signature(same, ANN, found["master"].key_id, master.sign(signing.signed_bytes(same)))
    refused(
        "M_INVALID_PARAM", devices.read_cross_signing_set, {"master_key": same, "self_signing_key": same}, ANN, None
    )
    for change in (
        {"user_id": BOB},
        {"usage": ["x"]},
        {"usage": 3},
        {"keys": {}},
        {"keys": {"ed25519:x": CURVE}},
        {"keys": {"ed25519:AAAA": "AAAA"}},
        {"signatures": 3},
    ):
        refused("M_INVALID_PARAM", devices.read_cross_signing, {**master_key, **change}, ANN, "master")


def test_signatures_are_uploaded() -> None:
    signer, _ = person("self_signing")
    key_id = f"ed25519:{signer.verify_key.text}"
    known = {key_id: signer.verify_key}
    bare = {name: each for name, each in OWN.items() if name != "signatures"}
    uploaded = signing.with_signature(
        {**bare, "unsigned": {}}, ANN, key_id, signer.sign(signing.signed_bytes(bare))
    )
    assert devices.check_upload(uploaded, OWN, ANN, known).keys() == {key_id}
    refused("M_UNKNOWN", devices.check_upload, {**uploaded, "x": 1}, OWN, ANN, known)
    refused("M_INVALID_SIGNATURE", devices.check_upload, uploaded, OWN, ANN, {})
    refused("M_INVALID_SIGNATURE", devices.check_upload, uploaded, OWN, BOB, known)
    refused(
        "M_INVALID_SIGNATURE",
        devices.check_upload,
        signing.with_signature(bare, ANN, key_id, "AAAA"),
        OWN,
        ANN,
        known,
    )


SESSION = {"first_message_index": 1, "forwarded_count": 0, "is_verified": False, "session_data": {"x": "y"}}


def test_backups() -> None:
    """Matrix v1.19 Client-Server §Server-side key backups"""
    assert backup.read_version({"algorithm": backup.CURVE25519, "auth_data": {"public_key": CURVE}}).auth_data == {
        "public_key": CURVE
    }
    backup.read_version({"algorithm": "other", "auth_data": {}})
    for wrong in (
        {},
        [],
        {"algorithm": "x"},
        {"algorithm": backup.CURVE25519, "auth_data": {"public_key": "AAAA"}},
        {"algorithm": "x", "auth_data": {"x": "x" * 70_000}},
    ):
        refused("M_INVALID_PARAM", backup.read_version, wrong)
    session = backup.read_session({**SESSION, "more": 1})
    assert session.shown() == SESSION
    assert backup.read_rooms({"rooms": {"!a:h": {"sessions": {"s": SESSION}}}}) == {"!a:h": {"s": session}}
    for change in (
        {"first_message_index": -1},
        {"forwarded_count": "1"},
        {"is_verified": 1},
        {"session_data": []},
        {"first_message_index": True},
    ):
        refused("M_INVALID_PARAM", backup.read_session, {**SESSION, **change})
    refused("M_TOO_LARGE", backup.read_session, {**SESSION, "session_data": {"x": "x" * 70_000}})
    refused("M_TOO_LARGE", backup.read_room, {"sessions": {str(number): {} for number in range(10_001)}})
    for wrong in (
        {},
        {"rooms": []},
        {"rooms": {"a": {"sessions": {}}}},
        {"rooms": {"!a:h": {}}},
        {"rooms": {"!a:h": {"sessions": {"s": 3}}}},
    ):
        refused("M_INVALID_PARAM", backup.read_rooms, wrong)


def test_backups_of_many_rooms_are_bounded_too() -> None:
    rooms = {f"!r{room}:h": {"sessions": {str(number): SESSION for number in range(6_000)}} for room in range(2)}
    refused("M_TOO_LARGE", backup.read_rooms, {"rooms": rooms})


def test_which_key_wins() -> None:
    old = Session(5, 5, False, {})
    better = [Session(9, 9, True, {}), Session(4, 9, False, {}), Session(5, 4, False, {})]
    assert all(backup.is_better(each, old) and not backup.is_better(old, each) for each in better)
    assert not backup.is_better(old, old)
