"""Encrypting a message to a push subscription. RFC 8620 §8.7, RFC 8291, RFC 8188"""

import base64
import binascii
import secrets

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from parvis.kernel.errors import Invalid

_RECORD_SIZE = 4096
LARGEST = _RECORD_SIZE - 17 - 86
"""Bytes that fit into the one record a push service must take. RFC 8291 §4"""


def unpadded(value: str) -> bytes:
    """URL-safe base64 with or without its padding. Raises Invalid."""
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("not URL-safe base64", field="keys") from error


def check(p256dh: str, auth: str) -> None:
    """Whether these are keys. Raises Invalid."""
    _public(p256dh)
    if len(unpadded(auth)) != 16:
        raise Invalid("auth must be 16 bytes", field="keys")


def _public(p256dh: str) -> ec.EllipticCurvePublicKey:
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unpadded(p256dh))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Invalid("p256dh is no point of P-256", field="keys") from error


def encrypted(content: bytes, p256dh: str, auth: str) -> bytes:
    """The body of an `aes128gcm` message that only the subscription's owner can read."""
    theirs, ours = _public(p256dh), ec.generate_private_key(ec.SECP256R1())
    shared = ours.exchange(ec.ECDH(), theirs)
    theirs_point, ours_point = _point(theirs), _point(ours.public_key())
    material = _derived(shared, unpadded(auth), b"WebPush: info\0" + theirs_point + ours_point, 32)
    salt = secrets.token_bytes(16)
    key = _derived(material, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(material, salt, b"Content-Encoding: nonce\0", 12)
    header = salt + _RECORD_SIZE.to_bytes(4, "big") + bytes([len(ours_point)]) + ours_point
    return header + AESGCM(key).encrypt(nonce, content + b"\x02", None)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derived(material: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(material)
