"""The one resolver: whatever the program wants to know of DNS it asks here, past the egress gate.

It stands beside the gate, and not in a room, because its questions leave the machine for mail in both directions
and for the administrator's checks alike, and one cache serves them all.
"""

import contextlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from parvis.kernel.egress import Egress
from parvis.kernel.errors import EgressRefused, Invalid, Unavailable
from parvis.kernel.later import dns
from parvis.kernel.settings import Dns

_SECONDS = 10.0
"""For one question, whatever number of servers is asked."""
_TRY_SECONDS = 2.5
_CACHED = 10_000
"""Answers that are kept, each for as long as it says itself."""
_PAYLOAD = 1232
"""Bytes of an answer by UDP that arrive whole everywhere."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What DNS says of a name. No records, or no such name at all, is an answer too."""

    records: "tuple[dns.rdata.Rdata, ...]" = ()
    exists: bool = True
    """False for NXDOMAIN (RFC 8020)."""
    authentic: bool = False
    """Whether DNSSEC vouches for it, as a server on this machine found (AD, RFC 6840 §5.8); what one further away
    says could be forged on its way."""

    @property
    def texts(self) -> list[str]:
        """TXT records, the strings of each joined (RFC 9989 §4.5); a byte beyond ASCII is one letter."""
        return [b"".join(getattr(each, "strings", ())).decode("latin-1") for each in self.records]

    @property
    def exchangers(self) -> list[tuple[int, str]]:
        """MX records, preference and host, as they came; the host of a null MX is empty (RFC 7505 §3)."""
        words = [each.to_text().split() for each in self.records]
        return [(int(preference), host.rstrip(".").lower()) for preference, host in words]


class Resolver:
    """Asks the servers that the settings name. Also a wire.names.Names."""

    def __init__(self, settings: Dns, egress: Egress) -> None:
        self._settings, self._egress = settings, egress
        self._asking: dns.asyncresolver.Resolver | None = None
        self._near = False

    async def ask(self, name: str, kind: str) -> Answer:
        """The records of a kind at a name. Raises Unavailable when nobody answers, or may be asked."""
        asking = self._opened()
        for server in asking.nameservers[:1]:
            self._pass(server, f"{kind} {name}")
        try:
            found = await asking.resolve(name, kind, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return Answer(exists=False)
        except (dns.resolver.NoNameservers, dns.exception.Timeout, OSError) as error:
            raise Unavailable(f"{name} cannot be looked up: {_short(error)}") from error
        except (dns.exception.DNSException, UnicodeError):
            return Answer(exists=False)  # no name that could be: an empty label, one too long
        authentic = self._near and bool(found.response.flags & dns.flags.AD)
        return Answer(tuple(found.rrset or ()), authentic=authentic)

    def _opened(self) -> "dns.asyncresolver.Resolver":
        if self._asking is None:
            try:
                asking = dns.asyncresolver.Resolver(configure=not self._settings.nameservers)
            except dns.resolver.NoResolverConfiguration as error:
                raise Unavailable("no DNS server is known") from error
            if self._settings.nameservers:
                asking.nameservers = [_server(text) for text in self._settings.nameservers]
            asking.lifetime, asking.timeout = _SECONDS, _TRY_SECONDS
            asking.cache = dns.resolver.LRUCache(_CACHED)
            asking.flags = dns.flags.RD | dns.flags.AD  # RFC 6840 §5.7
            asking.use_edns(0, 0, _PAYLOAD)
            self._near = all(ipaddress.ip_address(_address(each)[0]).is_loopback for each in asking.nameservers)
            self._asking = asking
        return self._asking

    def _pass(self, server: "str | dns.nameserver.Nameserver", reason: str) -> None:
        try:
            self._egress.check("dns", *_address(server), reason)
        except EgressRefused as error:
            raise Unavailable(error.sentence) from error

    async def texts(self, name: str) -> Sequence[str]:
        """The TXT records; see Answer. Raises Unavailable."""
        return (await self.ask(name, "TXT")).texts

    async def addresses(self, name: str, family: Literal[4, 6]) -> Sequence[str]:
        """The A or AAAA records. Raises Unavailable."""
        return [each.to_text() for each in (await self.ask(name, "A" if family == 4 else "AAAA")).records]

    async def exchangers(self, name: str) -> Sequence[tuple[int, str]]:
        """The MX records; see Answer. Raises Unavailable."""
        return (await self.ask(name, "MX")).exchangers

    async def services(self, name: str) -> Sequence[tuple[str, int]]:
        """The SRV records, host and port, the one to be tried first at the beginning (RFC 2782); none where the
        service is said not to be there. Raises Unavailable."""
        words = [each.to_text().split() for each in (await self.ask(name, "SRV")).records]
        found = sorted((int(priority), -int(weight), host, int(port)) for priority, weight, port, host in words)
        return [(host.rstrip(".").lower(), port) for _, _, host, port in found if host != "."]

    async def pointers(self, address: str) -> Sequence[str]:
        """The names of an IP address. Raises Unavailable."""
        found = await self.ask(dns.reversename.from_address(address).to_text(), "PTR")
        return [each.to_text().rstrip(".").lower() for each in found.records]


def _server(text: str) -> "dns.nameserver.Nameserver":
    """`address`, `address:port` or `[address]:port` as a server. Raises Invalid."""
    with contextlib.suppress(ValueError):
        return dns.nameserver.Do53Nameserver(str(ipaddress.ip_address(text.strip("[]"))))
    host, _, port = text.rpartition(":")
    try:
        return dns.nameserver.Do53Nameserver(str(ipaddress.ip_address(host.strip("[]"))), int(port))
    except ValueError:
        raise Invalid(f"{text!r} is no address of a DNS server", field="dns.nameservers") from None


def _address(server: "str | dns.nameserver.Nameserver") -> tuple[str, int]:
    if isinstance(server, dns.nameserver.AddressAndPortNameserver):
        return server.address, server.port
    return str(server), 53


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0][:200]
