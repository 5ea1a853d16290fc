"""Keys that sign, as clients have them."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from parvis.wire.matrix import base64, canonical


class Signer:
    """An ed25519 key."""

    def __init__(self) -> None:
        self.private = Ed25519PrivateKey.generate()
        self.public = base64.encode(self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, value: dict, user: str, name: str) -> dict:
        """`value` with one more signature, under `ed25519:name`."""
        bare = {key: each for key, each in value.items() if key not in ("signatures", "unsigned")}
        made = base64.encode(self.private.sign(canonical.encode(bare)))
        signatures = {who: dict(each) for who, each in value.get("signatures", {}).items()}
        signatures.setdefault(user, {})[f"ed25519:{name}"] = made
        return {**value, "signatures": signatures}


CURVE = base64.encode(bytes(range(32)))


def device_keys(signer: Signer, user: str, device: str) -> dict:
    """The keys of a device, signed by itself."""
    keys = {f"ed25519:{device}": signer.public, f"curve25519:{device}": CURVE}
    value = {"user_id": user, "device_id": device, "algorithms": ["m.megolm.v1.aes-sha2"], "keys": keys}
    return signer.sign(value, user, device)


def one_time(signer: Signer, user: str, device: str, *names: str) -> dict:
    """One-time keys."""
    return {f"signed_curve25519:{name}": signer.sign({"key": CURVE}, user, device) for name in names}


def cross(signer: Signer, user: str, usage: str, by: Signer | None = None) -> dict:
    """A key of a person, signed by another."""
    value = {"user_id": user, "usage": [usage], "keys": {f"ed25519:{signer.public}": signer.public}}
    return by.sign(value, user, by.public) if by else value
