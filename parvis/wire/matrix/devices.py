"""Keys of devices and of people, that encrypt between them (Matrix v1.19 Client-Server §End-to-End Encryption):
their shape, and who signed them. What is encrypted is never read here."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from . import base64, canonical, identifiers, signing
from .canonical import Object
from .errors import BadMatrix
from .signing import VerifyKey

SIZE_LIMIT = 65_536
"""Bytes of the keys of a device."""
ONE_TIME_LIMIT = 1_000
"""One-time keys in one upload."""
_KEYS_LIMIT = 100
_CURVES = ("ed25519", "curve25519")
Usage = Literal["master", "self_signing", "user_signing"]


class DeviceKeys(msgspec.Struct, frozen=True):
    """The identity of a device."""

    user_id: str
    device_id: str
    algorithms: list[str]
    keys: dict[str, str]
    """By `algorithm:device`."""
    source: Object

    @property
    def signing_key(self) -> VerifyKey:
        """The key that the device signs with. Raises BadMatrix when there is none."""
        return VerifyKey.read(self.keys.get(f"ed25519:{self.device_id}"), "keys")

    def check_signed(self) -> None:
        """Whether the device signed its own keys. Raises BadMatrix with `M_INVALID_SIGNATURE`."""
        check_signature(self.source, self.user_id, f"ed25519:{self.device_id}", self.signing_key)


def read_device(value: object, user_id: str, device_id: str) -> DeviceKeys:
    """Reads the keys that a device uploads, or that another server tells of it (Matrix v1.19 Client-Server §Device
    keys). Raises BadMatrix."""
    source = _object(value, "device_keys")
    if (source.get("user_id"), source.get("device_id")) != (user_id, device_id):
        raise _bad("The keys of another device", "device_keys")
    identifiers.device_id(device_id)
    algorithms, keys = source.get("algorithms"), source.get("keys")
    if not isinstance(algorithms, list) or not all(isinstance(each, str) for each in algorithms):
        raise _bad("Not a list of algorithms", "algorithms")
    if not isinstance(keys, dict) or len(keys) > _KEYS_LIMIT or not isinstance(source.get("signatures"), dict):
        raise _bad("Not keys and signatures", "keys")
    for name, key in keys.items():
        algorithm, _, of = name.partition(":")
        if of != device_id or not isinstance(key, str):
            raise _bad("Not a key of the device", "keys")
        if algorithm in _CURVES:
            _check_key(key, "keys")
    return DeviceKeys(user_id, device_id, algorithms, keys, source)


class OneTimeKey(msgspec.Struct, frozen=True):
    """A key that is given to one other device, or the one that is given when none is left."""

    algorithm: str
    key_id: str
    key: str | Object
    fallback: bool = False


def read_one_time(value: object, field: str = "one_time_keys") -> list[OneTimeKey]:
    """Reads one-time keys or, as `fallback_keys`, fallback keys, of which there is one for each algorithm (Matrix
    v1.19 Client-Server §One-time and fallback keys). Raises BadMatrix."""
    entries = _object(value, field, size=SIZE_LIMIT * 10)
    if len(entries) > ONE_TIME_LIMIT:
        raise BadMatrix(f"More than {ONE_TIME_LIMIT} keys", errcode="M_TOO_LARGE", field=field)
    found = [_one_time(name, key, field) for name, key in entries.items()]
    if field == "fallback_keys" and len({each.algorithm for each in found}) < len(found):
        raise _bad("Two fallback keys of one algorithm", field)
    return found


def _one_time(name: str, key: object, field: str) -> OneTimeKey:
    algorithm, colon, key_id = name.partition(":")
    if not colon or not algorithm or not key_id or len(name) > identifiers.LENGTH_LIMIT:
        raise _bad("Not the name of a key", field)
    if isinstance(key, str):
        if algorithm in _CURVES:
            _check_key(key, field)
        return OneTimeKey(algorithm, key_id, key, field == "fallback_keys")
    if not isinstance(key, dict) or not isinstance(key.get("signatures"), dict):
        raise _bad("Not a key", field)
    if type(key.get("fallback", False)) is not bool or not isinstance(key.get("key"), str):
        raise _bad("Not a key", field)
    if algorithm == "signed_curve25519":
        _check_key(key["key"], field)
    return OneTimeKey(algorithm, key_id, key, field == "fallback_keys")


def is_same_key(one: str | Object, other: str | Object) -> bool:
    """Whether a one-time key that is uploaded once more is the same: signatures may differ, for they are not made
    the same twice by everybody."""
    if isinstance(one, dict) and isinstance(other, dict):
        return _bare(one) == _bare(other)
    return one == other


class CrossSigningKey(msgspec.Struct, frozen=True):
    """A key of a person."""

    user_id: str
    usage: Usage
    key_id: str
    """`ed25519:` and the key itself."""
    key: VerifyKey
    source: Object

    def check_signed_by(self, master: "CrossSigningKey") -> None:
        """Whether the person's master key signed this. Raises BadMatrix with `M_INVALID_SIGNATURE`."""
        check_signature(self.source, self.user_id, master.key_id, master.key)


def read_cross_signing(value: object, user_id: str, usage: Usage) -> CrossSigningKey:
    """Reads a key that signs other keys of its user (Matrix v1.19 Client-Server §Cross-signing). Raises
    BadMatrix."""
    field = f"{usage}_key"
    source = _object(value, field)
    usages, keys = source.get("usage"), source.get("keys")
    if source.get("user_id") != user_id:
        raise _bad("The key of another user", field)
    if not isinstance(usages, list) or usage not in usages:
        raise _bad(f"Not a {usage} key", field)
    if not isinstance(keys, dict) or len(keys) != 1:
        raise _bad("Exactly one key", field)
    ((key_id, text),) = keys.items()
    key = VerifyKey.read(text, field)
    if key_id != f"ed25519:{text}":
        raise _bad("A key that is named after itself", field)
    if not isinstance(source.get("signatures", {}), dict):
        raise _bad("Not signatures", field)
    return CrossSigningKey(user_id, usage, key_id, key, source)


def read_cross_signing_set(
    value: object, user_id: str, master: CrossSigningKey | None
) -> dict[Usage, CrossSigningKey]:
    """Reads the keys that a person uploads; those that are no master key must be signed by the one among them, or
    by `master`, which is there already. Raises BadMatrix, with `M_INVALID_SIGNATURE` where one is not."""
    given = _object(value, "keys", size=SIZE_LIMIT * 3)
    usages: tuple[Usage, ...] = ("master", "self_signing", "user_signing")
    found = {
        usage: read_cross_signing(given[f"{usage}_key"], user_id, usage)
        for usage in usages
        if f"{usage}_key" in given
    }
    by = found.get("master", master)
    for usage, key in found.items():
        if usage != "master":
            if by is None:
                raise BadMatrix("There is no master key", errcode="M_MISSING_PARAM", field="master_key")
            key.check_signed_by(by)
    if len({key.key_id for key in found.values()}) < len(found):
        raise _bad("Two keys that are one", "keys")
    return found


def check_upload(uploaded: object, stored: Object, signer: str, keys: Mapping[str, VerifyKey]) -> dict[str, str]:
    """The new signatures of a user on a device or a key that is stored: nothing but signatures may differ, and each
    by one of `keys` (by key id) must be right; those by others are left out (Matrix v1.19 Client-Server
    §Cross-signing). Raises BadMatrix."""
    given = _object(uploaded, "signatures")
    if _bare(given) != _bare(stored):
        raise BadMatrix("Not the key that is stored", errcode="M_UNKNOWN", field="signatures")
    new = {key_id: text for key_id, text in signing.signatures_of(given, signer).items() if key_id in keys}
    if not new:
        raise BadMatrix("Not signed", errcode="M_INVALID_SIGNATURE", field="signatures")
    for key_id in new:
        check_signature(given, signer, key_id, keys[key_id])
    return new


def check_signature(value: Object, signer: str, key_id: str, key: VerifyKey) -> None:
    """Whether an object is signed by a user with one key. Raises BadMatrix with `M_INVALID_SIGNATURE`."""
    try:
        signing.verify(value, signer, {key_id: key})
    except BadMatrix as error:
        raise BadMatrix(error.sentence, errcode="M_INVALID_SIGNATURE", field="signatures") from None


def _bare(value: Object) -> Object:
    return {name: each for name, each in value.items() if name not in ("signatures", "unsigned")}


def _check_key(text: str, field: str) -> None:
    if len(base64.decode(text, field)) != 32:
        raise _bad("Not a key of 32 bytes", field)


def _object(value: object, field: str, size: int = SIZE_LIMIT) -> Object:
    if not isinstance(value, dict):
        raise _bad("Not an object", field)
    if len(canonical.encode(value)) > size:
        raise BadMatrix(f"More than {size} bytes", errcode="M_TOO_LARGE", field=field)
    return value


def _bad(sentence: str, field: str) -> BadMatrix:
    return BadMatrix(sentence, errcode="M_INVALID_PARAM", field=field)
