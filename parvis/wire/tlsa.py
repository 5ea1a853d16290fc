"""What DNS says of the certificate of a server, and which certificate it means. RFC 6698, RFC 7671, RFC 7672"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from parvis.kernel.later import x509

ANCHOR, END = 2, 3
"""DANE-TA and DANE-EE, the only usages for mail (RFC 7672 §3.1)."""
_SIZES = {1: 32, 2: 64}


@dataclass(frozen=True, slots=True)
class Tlsa:
    """One record (RFC 6698 §2.1)."""

    usage: int
    selector: int
    matching: int
    data: bytes

    @property
    def usable(self) -> bool:
        """Whether we understand it (RFC 7672 §3.1)."""
        known = self.usage in (ANCHOR, END) and self.selector in (0, 1) and self.matching in (0, 1, 2)
        return known and len(self.data) == _SIZES.get(self.matching, len(self.data)) > 0

    def means(self, certificate: bytes) -> bool:
        """Whether a certificate, in DER, is the one (RFC 6698 §2.1.2, §2.1.3)."""
        data = certificate if self.selector == 0 else _key(certificate)
        if data and self.matching:
            data = (hashlib.sha256 if self.matching == 1 else hashlib.sha512)(data).digest()
        return data == self.data

    def __str__(self) -> str:
        return f"{self.usage} {self.selector} {self.matching} {self.data.hex()}"


class Found(NamedTuple):
    """The certificate that a record means: the server's own, or that of an authority."""

    usage: int
    certificate: bytes


def find(records: Sequence[Tlsa], chain: Sequence[bytes]) -> Found | None:
    """What usable records mean (RFC 7672 §3.2, §5) of what a server shows, its own certificate first; its own is
    enough (RFC 7671 §5.1), an authority's still has to be checked as the anchor (RFC 7671 §5.2)."""
    for record in records:
        if record.usage == END and chain and record.means(chain[0]):
            return Found(END, chain[0])
    for record in records:
        for certificate in chain[1:] if record.usage == ANCHOR else ():
            if record.means(certificate):
                return Found(ANCHOR, certificate)
    return None


def _key(certificate: bytes) -> bytes:
    """The public key with its algorithm, in DER; empty when it cannot be read."""
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm):
        return b""
