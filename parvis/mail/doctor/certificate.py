"""The certificate that our doors show, as other servers see it. RFC 6125 §6.4, RFC 8461 §4.2"""

from dataclasses import dataclass
from pathlib import Path

from parvis.kernel import clock
from parvis.kernel.errors import Invalid
from parvis.kernel.later import x509
from parvis.kernel.settings import Settings


@dataclass(frozen=True, slots=True)
class Shown:
    """Names it is for, until when, and whether somebody else than its owner has signed it."""

    names: tuple[str, ...]
    until_ms: int
    is_signed: bool

    @property
    def days(self) -> int:
        """How many days it is still good for."""
        return (self.until_ms - clock.now_ms()) // 86_400_000

    def is_for(self, host: str) -> bool:
        """Whether it names a host; `*.` stands for one label."""
        host = host.lower().rstrip(".")
        return any(name in (host, f"*.{host.partition('.')[2]}") for name in self.names)


def shown(settings: Settings) -> Shown | None:
    """The one that the settings name; None when they name none. Raises Invalid when it cannot be read."""
    if not settings.tls_certificate:
        return None
    try:
        found = x509.load_pem_x509_certificates(Path(settings.tls_certificate).read_bytes())[0]
        named = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = tuple(each.lower() for each in named.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        names = ()
    except (OSError, ValueError) as error:
        raise Invalid(f"{settings.tls_certificate}: {error}", field="tls_certificate") from error
    return Shown(names, clock.to_ms(found.not_valid_after_utc), found.issuer != found.subject)
