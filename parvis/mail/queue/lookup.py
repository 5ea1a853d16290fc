"""The addresses of a server that may be contacted for a stranger's sake."""

import contextlib
import ipaddress
from dataclasses import dataclass

from parvis.kernel.errors import Unavailable
from parvis.kernel.resolver import Resolver
from parvis.kernel.settings import Settings


@dataclass(frozen=True, slots=True)
class Addresses:
    """What DNS says of a name; `authentic` when DNSSEC vouches for all of it."""

    addresses: list[str]
    authentic: bool


async def addresses(resolver: Resolver, settings: Settings, name: str) -> Addresses:
    """The addresses of a name, IPv4 first; a family that cannot be looked up is left out."""
    found, authentic = list[str](), True
    for kind in ("A", "AAAA"):
        with contextlib.suppress(Unavailable):
            answer = await resolver.ask(name, kind)
            found += [each.to_text() for each in answer.records]
            authentic &= answer.authentic
    return Addresses([address for address in found if may_be(settings, address)], authentic and bool(found))


def may_be(settings: Settings, address: str) -> bool:
    """A stranger's DNS must not send us to ourselves, unless the settings say so."""
    parsed = ipaddress.ip_address(address)
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    if parsed.is_unspecified or parsed.is_multicast or parsed.is_link_local:
        return False
    return settings.dns.loopback or not parsed.is_loopback


def is_loopback(address: str) -> bool:
    """Whether connecting to `address` stays on this machine."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(address).is_loopback
    return address == "localhost"
