"""Certificates for servers that tests start: an authority of our own and what it signs."""

import contextlib
import datetime
import ipaddress
import pathlib
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from parvis.kernel import clock


class Authority:
    """Signs certificates; `file` is its own, to be trusted."""

    def __init__(self, folder: pathlib.Path, name: str = "An authority") -> None:
        self._folder, self._name = folder, _name(name)
        folder.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        built = _begun(self._name, self._name, self._key.public_key(), 1)
        built = built.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        self.certificate = built.sign(self._key, hashes.SHA256())
        self.der = self.certificate.public_bytes(serialization.Encoding.DER)
        self.file = folder / "authority.pem"
        self.file.write_bytes(_pem(self.certificate))

    def context(self, *names: str, days: int = 1) -> tuple[ssl.SSLContext, bytes]:
        """What a server of these names or addresses uses, with the whole chain, and its certificate in DER; with `days` below zero
        it has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        built = _begun(_name(names[0]), self._name, key.public_key(), days)
        built = built.add_extension(x509.SubjectAlternativeName([_subject(each) for each in names]), False)
        certificate = built.sign(self._key, hashes.SHA256())
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file = self._folder / f"{names[0]}{days}.pem"
        file.write_bytes(private + _pem(certificate) + _pem(self.certificate))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context, certificate.public_bytes(serialization.Encoding.DER)


def key_of(der: bytes) -> bytes:
    """The public key of a certificate, as TLSA records mean it."""
    key = x509.load_der_x509_certificate(der).public_key()
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _subject(text: str) -> x509.GeneralName:
    with contextlib.suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(text))
    return x509.DNSName(text)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _begun(subject: x509.Name, issuer: x509.Name, key, days: int) -> x509.CertificateBuilder:
    now = clock.now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=10))
        .not_valid_after(now + datetime.timedelta(days=days))
    )
