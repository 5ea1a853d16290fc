"""Signatures on JSON (Matrix v1.19 Appendices §Signing JSON): Ed25519 over the canonical form without `signatures`
and `unsigned`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from . import base64, canonical
from .canonical import Object
from .errors import BadMatrix

_SIGNATURES_LIMIT = 100
"""Signatures of one entity that are looked at."""
_VERSION = re.compile(r"[A-Za-z0-9_]{1,100}", re.A)


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """The public half of a key."""

    key: Ed25519PublicKey

    @classmethod
    def read(cls, text: object, field: str = "key") -> "VerifyKey":
        """From Base64. Raises BadMatrix."""
        data = base64.decode(text, field)
        if len(data) != 32:
            raise BadMatrix("Not an Ed25519 key", errcode="M_INVALID_PARAM", field=field)
        return cls(Ed25519PublicKey.from_public_bytes(data))

    @property
    def text(self) -> str:
        """As Base64."""
        return base64.encode(self.key.public_bytes_raw())

    def verifies(self, data: bytes, signature: object) -> bool:
        """Whether `signature`, in Base64, was made over `data` with the other half."""
        try:
            self.key.verify(base64.decode(signature), data)
        except (InvalidSignature, BadMatrix):
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key of our own."""

    version: str
    private: Ed25519PrivateKey

    @classmethod
    def read(cls, version: str, seed: str) -> "SigningKey":
        """From its 32 bytes in Base64. Raises BadMatrix."""
        data = base64.decode(seed, "seed")
        if len(data) != 32 or _VERSION.fullmatch(version) is None:
            raise BadMatrix("Not an Ed25519 key and its version", errcode="M_INVALID_PARAM", field="seed")
        return cls(version, Ed25519PrivateKey.from_private_bytes(data))

    @classmethod
    def generate(cls, version: str) -> "SigningKey":
        """A new key."""
        return cls.read(version, base64.encode(Ed25519PrivateKey.generate().private_bytes_raw()))

    @property
    def id(self) -> str:
        """`ed25519:version`."""
        return f"ed25519:{self.version}"

    @property
    def seed(self) -> str:
        """The private half in Base64, in the clear."""
        return base64.encode(self.private.private_bytes_raw())

    @property
    def verify_key(self) -> VerifyKey:
        """The other half."""
        return VerifyKey(self.private.public_key())

    def sign(self, data: bytes) -> str:
        """The signature of bytes, in Base64."""
        return base64.encode(self.private.sign(data))


def is_key_id(text: str) -> bool:
    """Whether this names a key that servers sign with: `ed25519:version`."""
    return text.startswith("ed25519:") and _VERSION.fullmatch(text[8:]) is not None


def signed_bytes(value: Object, *, strict: bool = True) -> bytes:
    """What of an object is signed (Matrix v1.19 Appendices §Signing Details). Raises BadMatrix."""
    return canonical.encode(
        {name: each for name, each in value.items() if name not in ("signatures", "unsigned")}, strict=strict
    )


def sign(value: Object, entity: str, key: SigningKey, *, strict: bool = True) -> Object:
    """The object with one signature more, by `entity` (a server or a user). Raises BadMatrix."""
    return with_signature(value, entity, key.id, key.sign(signed_bytes(value, strict=strict)))


def with_signature(value: Object, entity: str, key_id: str, signature: str) -> Object:
    """A copy of the object that has one signature more."""
    before = value.get("signatures", {})
    return {**value, "signatures": {**before, entity: {**before.get(entity, {}), key_id: signature}}}


def signatures_of(value: Object, entity: str) -> dict[str, str]:
    """What an entity has signed an object with, by key id; none where there is nothing that may be read (Matrix
    v1.19 Appendices §Checking for a Signature)."""
    entries = value.get("signatures")
    found = entries.get(entity) if isinstance(entries, dict) else None
    if not isinstance(found, dict):
        return {}
    usable = [(key_id, text) for key_id, text in found.items() if key_id.startswith("ed25519:")]
    return {key_id: text for key_id, text in usable[:_SIGNATURES_LIMIT] if isinstance(text, str)}


def verify(value: Object, entity: str, keys: Mapping[str, VerifyKey], *, strict: bool = True) -> None:
    """Checks that an entity signed an object with a known key: all its signatures by keys in `keys` (by key id)
    must be right, and there must be one. Raises BadMatrix with `M_UNAUTHORIZED`."""
    known = {key_id: text for key_id, text in signatures_of(value, entity).items() if key_id in keys}
    if not known:
        raise BadMatrix(f"Not signed by {entity}", errcode="M_UNAUTHORIZED", field="signatures")
    data = signed_bytes(value, strict=strict)
    for key_id, text in known.items():
        if not keys[key_id].verifies(data, text):
            raise BadMatrix(f"The signature of {entity} is wrong", errcode="M_UNAUTHORIZED", field="signatures")
