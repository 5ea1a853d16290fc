"""Keys of DKIM: what a domain publishes, and what it signs with. RFC 6376 §3.3, §3.6.1, RFC 8301, RFC 8463"""

import base64
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key

from parvis.kernel.errors import Invalid
from parvis.wire import tags

Algorithm = Literal["rsa", "ed25519"]
_LEAST_BITS, _MOST_BITS = 1024, 4096
"""Of an RSA key that is believed (RFC 8301 §3.2); a longer one costs those who verify too much."""
_OWN_BITS = 2048


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key as a domain publishes it."""

    algorithm: Algorithm
    key: RSAPublicKey | Ed25519PublicKey
    hashes: tuple[str, ...]
    """Those it may be used with; none means any."""
    strict: bool
    """Whether `i=` must name the domain itself (`t=s`)."""
    testing: bool
    """Whether the domain only tries DKIM (`t=y`)."""

    def verifies(self, data: bytes, digest: bytes, signature: bytes) -> bool:
        """Whether `signature` was made with the other half: RSA signs `data`, Ed25519 its SHA-256 (RFC 8463 §3)."""
        try:
            if isinstance(self.key, RSAPublicKey):
                self.key.verify(signature, data, PKCS1v15(), hashes.SHA256())
            else:
                self.key.verify(signature, digest)
        except InvalidSignature:
            return False
        return True


def parse_key(record: str) -> PublicKey:
    """Reads the TXT record of a key (RFC 6376 §3.6.1). Raises Invalid for one that is wrong, revoked or weak (RFC
    6376 §8.8, RFC 8463 §5)."""
    found = tags.parse(record)
    if "v" in found and (next(iter(found)) != "v" or found["v"] != "DKIM1"):
        raise Invalid("not a DKIM key")
    algorithm = found.get("k", "rsa").lower()
    if algorithm not in ("rsa", "ed25519"):
        raise Invalid("a key of an unknown kind")
    if not {"*", "email"} & set(tags.words(found.get("s", "*"))):
        raise Invalid("the key is not for mail")
    if "p" not in found:
        raise Invalid("there is no key in the record")
    if not (data := tags.data(found["p"])):
        raise Invalid("the key was revoked")
    flags = tags.words(found.get("t", ""))
    return PublicKey(
        algorithm="ed25519" if algorithm == "ed25519" else "rsa",
        key=_ed25519(data) if algorithm == "ed25519" else _rsa(data),
        hashes=tags.words(found["h"]) if "h" in found else (),
        strict="s" in flags,
        testing="y" in flags,
    )


def _ed25519(data: bytes) -> Ed25519PublicKey:
    if len(data) != 32:
        raise Invalid("not an Ed25519 key")
    return Ed25519PublicKey.from_public_bytes(data)


def _rsa(data: bytes) -> RSAPublicKey:
    """In either of the two forms that domains publish (RFC 6376 §3.6.1 and its erratum 3017)."""
    try:
        key = serialization.load_der_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise Invalid("not an RSA key") from None
    if not isinstance(key, RSAPublicKey):
        raise Invalid("not an RSA key")
    if not _LEAST_BITS <= key.key_size <= _MOST_BITS:
        raise Invalid(f"an RSA key of {key.key_size} bits")
    return key


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key of our own: `selector._domainkey.domain` names its public half."""

    domain: str
    selector: str
    private: RSAPrivateKey | Ed25519PrivateKey

    @property
    def algorithm(self) -> Algorithm:
        """Which of the two."""
        return "rsa" if isinstance(self.private, RSAPrivateKey) else "ed25519"

    @property
    def name(self) -> str:
        """Where its record belongs (RFC 6376 §3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """What is published there (RFC 6376 §3.6.1, RFC 8463 §4)."""
        if isinstance(self.private, RSAPrivateKey):
            public = self.private.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        else:
            public = self.private.public_key().public_bytes_raw()
        return f"v=DKIM1; k={self.algorithm}; p={base64.b64encode(public).decode()}"

    def sign(self, data: bytes, digest: bytes) -> bytes:
        """The signature of `data`, whose SHA-256 is `digest`."""
        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(data, PKCS1v15(), hashes.SHA256())
        return self.private.sign(digest)

    def pem(self) -> str:
        """The private half as text, in the clear (PKCS #8, RFC 5958)."""
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()


def load(domain: str, selector: str, pem: str) -> SigningKey:
    """A key from its text. Raises Invalid."""
    try:
        private = serialization.load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Invalid("not a private key") from None
    if not isinstance(private, RSAPrivateKey | Ed25519PrivateKey):
        raise Invalid("a key of an unknown kind")
    return SigningKey(domain, selector, private)


def generate(domain: str, selector: str, algorithm: Algorithm) -> SigningKey:
    """A new key; one of RSA takes a tenth of a second or more."""
    private = generate_private_key(65537, _OWN_BITS) if algorithm == "rsa" else Ed25519PrivateKey.generate()
    return SigningKey(domain, selector, private)
