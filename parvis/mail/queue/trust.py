"""What a server must show before it gets mail for a domain, and TLS that shows it: any certificate will do (RFC
7435) unless the domain says more, in DNS by DANE (RFC 7672) or in a policy of MTA-STS (RFC 8461)."""

import ssl
from dataclasses import dataclass
from typing import Any, Literal

from parvis.kernel.later import aiosmtplib
from parvis.wire import tlsa
from parvis.wire.tlsa import Tlsa

SUCCESS = ""
_REASONS = {10: "certificate-expired", 62: "certificate-host-mismatch"}
_NOT_TRUSTED = frozenset({2, 18, 19, 20, 21, 27})
"""Why OpenSSL refuses a certificate: nobody whom we trust has signed it."""


def failures() -> tuple[type[Exception], ...]:
    """What may be raised where a server is not trusted, or cannot be spoken to."""
    return (aiosmtplib.SMTPException, ssl.SSLError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Trust:
    """What a server must show. `domain` is whom the mail is for, `policy` what it said, for its reports."""

    kind: Literal["any", "sts", "tlsa"] = "any"
    domain: str = ""
    testing: bool = False
    """A domain that only tries MTA-STS gets its mail all the same. RFC 8461 §5"""
    records: tuple[Tlsa, ...] = ()
    """For `tlsa`; without any, TLS is needed and any certificate will do. RFC 7672 §2.2"""
    policy: tuple[str, ...] = ()

    @property
    def must(self) -> bool:
        """Whether a server that does not show it gets nothing."""
        return self.kind != "any" and not self.testing


ANY = Trust()


class Insecure(Exception):
    """TLS is not there or not as it must be; `result` names why as reports do. RFC 8460 §4.3"""

    def __init__(self, result: str, reason: str) -> None:
        super().__init__(reason)
        self.result, self.reason = result, reason


class Anchored(Exception):
    """The certificate is as DNS says, if this authority has signed it: TLS is to be begun anew with that one as the
    only one trusted."""

    def __init__(self, authority: bytes) -> None:
        super().__init__("an authority is named")
        self.authority = authority


async def secure(
    client: "aiosmtplib.SMTP", name: str, trust: Trust, authority: bytes = b"", *, verified: bool = False
) -> None:
    """STARTTLS with the server of this name, and the greeting after it; `verified` asks for the right certificate
    whatever the trust is; the server hears its name (RFC 7672 §8.1, RFC 8461 §7.1). RFC 3207 §4.1, RFC 8461
    §4.2. Raises Insecure, Anchored."""
    if not client.supports_extension("starttls"):
        raise Insecure("starttls-not-supported", "it offers no TLS")
    verified = verified or trust.kind == "sts" or bool(authority)
    try:
        await client.starttls(server_hostname=name, tls_context=context(verified=verified, authority=authority))
        await client.ehlo()
    except failures() as error:
        raise Insecure(_result(error), f"TLS fails: {_words(error)}") from error
    if trust.kind == "tlsa" and trust.records and not authority:
        _compare(trust.records, _chain(client.get_transport_info("ssl_object")))


def _compare(records: tuple[Tlsa, ...], chain: list[bytes]) -> None:
    found = tlsa.find(records, chain)
    if found is None:
        raise Insecure("validation-failure", "the certificate is not the one that DNS names (DANE)")
    if found.usage == tlsa.ANCHOR:
        raise Anchored(found.certificate)


def context(*, verified: bool, authority: bytes = b"") -> ssl.SSLContext:
    """For mail servers (TLS 1.2 at least, RFC 8461 §7.2): any certificate, or one that must be right for the
    name, signed by an authority of the system or by the one given in DER."""
    if authority:
        made = ssl.create_default_context(cadata=authority)
        made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return made
    made = ssl.create_default_context()
    if not verified:
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    return made


def _chain(tls: Any) -> list[bytes]:
    """The certificates that a server showed, in DER, its own first."""
    if hasattr(tls, "get_unverified_chain"):  # Python 3.13
        return list(tls.get_unverified_chain())
    return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in tls._sslobj.get_unverified_chain() or ()]


def _result(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in _NOT_TRUSTED:
            return "certificate-not-trusted"
        return _REASONS.get(error.verify_code, "validation-failure")
    return "starttls-not-supported" if isinstance(error, aiosmtplib.SMTPResponseException) else "validation-failure"


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return f"{type(error).__name__}: {error}".partition("\n")[0][:200]
