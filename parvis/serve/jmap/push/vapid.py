"""Who sends pushes, proved to push services by a signature (RFC 8292), with a key that clients are told of and name
when they subscribe (RFC 9749). It is derived from the one that secrets are sealed with: the same on all nodes."""

import base64
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from parvis.kernel import clock
from parvis.kernel.settings import Settings
from parvis.serve.jmap.types import Object
from parvis.store.store import Store

VAPID = "urn:ietf:params:jmap:webpush-vapid"
_PURPOSE = "web push"
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""How many points P-256 has. SP 800-186 §3.2.1.3"""
_SEED = 40
"""Bytes that a private key is made of: 64 bits more than it has. FIPS 186-5 A.2.1"""
_LIVES_SECONDS = 12 * 3600


class Vapid:
    """The house as push services know it. `start` comes first."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._private: ec.EllipticCurvePrivateKey | None = None
        self.key = ""
        """The public key as browsers take it; empty before the start."""

    async def start(self) -> None:
        """Derives the key. Raises Unavailable when the key that secrets are sealed with is not there."""
        seed = int.from_bytes(await self._store.sealer.derived(_PURPOSE, _SEED))
        self._private = ec.derive_private_key(seed % (_ORDER - 1) + 1, ec.SECP256R1())
        point = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.key = _text(point)

    def capability(self) -> Object:
        """What the Session object tells. RFC 9749 §3"""
        return {"applicationServerKey": self.key}

    def authorization(self, url: str) -> str:
        """The `Authorization` of a message to a push resource. RFC 8292 §2, §3"""
        if self._private is None:
            raise RuntimeError("not started")
        parts = urlsplit(url)
        said = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": clock.now_ms() // 1000 + _LIVES_SECONDS,
            "sub": self._contact(),
        }
        token = ".".join(_text(msgspec.json.encode(each)) for each in ({"typ": "JWT", "alg": "ES256"}, said))
        r, s = decode_dss_signature(self._private.sign(token.encode(), ec.ECDSA(SHA256())))
        return f"vapid t={token}.{_text(r.to_bytes(32) + s.to_bytes(32))}, k={self.key}"

    def _contact(self) -> str:
        """Whom a push service writes to. RFC 8292 §2.1"""
        url, domain = self._settings.public_url, next(iter(self._settings.domains), "localhost")
        return url if url.startswith("https:") else f"mailto:postmaster@{domain}"


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
