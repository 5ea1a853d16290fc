"""Where the servers of a domain are: static routes, the smart host, or DNS. RFC 5321 §5.1, RFC 7505"""

import contextlib
import ipaddress
import zlib
from dataclasses import dataclass

from parvis.kernel.errors import Unavailable
from parvis.kernel.resolver import Resolver
from parvis.kernel.settings import Settings
from parvis.mail.queue.model import RELAY, Reply

_HOSTS = 5
"""Servers of one domain that are tried. RFC 5321 §5.1 asks for at least two."""


class Unroutable(Exception):
    """There is no way to the domain, now (4xx) or ever (5xx)."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Host:
    """One server to try: its name, the address to connect to, and whether it is our smart host."""

    name: str
    address: str
    port: int
    relay: bool = False


class Router:
    """Finds the servers of a destination."""

    def __init__(self, settings: Settings, resolver: Resolver) -> None:
        self._settings, self._resolver = settings, resolver

    def destination(self, domain: str) -> str:
        """What recipients of a domain are grouped by: the smart host for all, or their own domain."""
        routes = self._settings.delivery.routes
        return RELAY if self._settings.relay.host and domain not in routes else domain

    async def hosts(self, destination: str, seed: int) -> list[Host]:
        """The servers to try, in order; `seed` spreads messages over servers of one preference. Raises
        Unroutable."""
        settings = self._settings
        route = settings.delivery.routes.get(destination) or settings.delivery.routes.get("*")
        if destination == RELAY or (settings.relay.host and not route):
            return [Host(settings.relay.host, settings.relay.host, settings.relay.port, relay=True)]
        if route:
            host, _, port = route.rpartition(":")
            return [Host(host.strip("[]"), host.strip("[]"), int(port))]
        return await self._from_dns(destination, seed)

    async def _from_dns(self, domain: str, seed: int) -> list[Host]:
        names = await self._exchangers(domain, seed)
        found: list[Host] = []
        for name in names[:_HOSTS]:
            found += [Host(name, address, self._settings.delivery.port) for address in await self._addresses(name)]
        if not found:
            raise Unroutable(Reply(450, f"4.4.4 no server of {domain} has an address"))
        return found[:_HOSTS]

    async def _exchangers(self, domain: str, seed: int) -> list[str]:
        """Names by preference; the domain itself when it has no MX. A null MX takes no mail. RFC 7505 §3"""
        try:
            answer = await self._resolver.ask(domain, "MX")
        except Unavailable as error:
            raise Unroutable(Reply(451, f"4.4.3 {error.sentence}")) from error
        if not answer.exists:
            raise Unroutable(Reply(550, f"5.1.2 the domain {domain} does not exist"))
        records = answer.exchangers
        if any(name == "" for _, name in records):
            raise Unroutable(Reply(556, f"5.1.10 {domain} accepts no mail"))
        ordered = sorted(records, key=lambda record: (record[0], _mixed(record[1], seed)))
        return [name for _, name in ordered] or [domain]

    async def _addresses(self, name: str) -> list[str]:
        found: list[str] = []
        for family in (4, 6):
            with contextlib.suppress(Unavailable):
                found += await self._resolver.addresses(name, family)
        return [address for address in found if self._may_be(address)]

    def _may_be(self, address: str) -> bool:
        """A stranger's DNS must not send us to ourselves, unless the settings say so."""
        parsed = ipaddress.ip_address(address)
        parsed = getattr(parsed, "ipv4_mapped", None) or parsed
        if parsed.is_unspecified or parsed.is_multicast or parsed.is_link_local:
            return False
        return self._settings.dns.loopback or not parsed.is_loopback


def is_loopback(address: str) -> bool:
    """Whether connecting to `address` stays on this machine."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(address).is_loopback
    return address == "localhost"


def _mixed(name: str, seed: int) -> int:
    return zlib.crc32(f"{seed}{name}".encode())
