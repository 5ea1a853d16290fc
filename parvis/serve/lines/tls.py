"""The server's TLS: the certificate of the settings, or one made here and signed by itself, which is what mail
servers accept from each other when nothing better is there (RFC 7435)."""

import datetime
import ipaddress
import os
import ssl
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from parvis.kernel import clock
from parvis.kernel.later import x509
from parvis.kernel.settings import Settings

_YEARS = 10


def server_context(settings: Settings) -> ssl.SSLContext:
    """What doors use; TLS 1.2 at least. Raises OSError or ssl.SSLError when the named files do not fit."""
    certificate, key = settings.tls_certificate, settings.tls_key or settings.tls_certificate
    if not certificate:
        certificate = key = str(_own(settings.folder / "tls.pem", settings.hostname))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.load_cert_chain(certificate, key)
    return context


def _own(file: Path, hostname: str) -> Path:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(".new")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(self_signed(hostname))
        temporary.replace(file)
    return file


def self_signed(hostname: str) -> bytes:
    """A new key and a certificate for `hostname` and loopback, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, hostname[:64])])
    now = clock.now()
    names: list[x509.GeneralName] = [
        x509.DNSName(host) for host in sorted({hostname, "localhost"}) if host.isascii()
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365 * _YEARS))
        .add_extension(
            x509.SubjectAlternativeName([*names, x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
