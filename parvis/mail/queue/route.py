"""Where the servers of a domain are: static routes, the smart host, or DNS; and what each must show (RFC 7672,
RFC 8461). RFC 5321 §3.6.2, §5.1, RFC 7505"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from parvis.kernel.errors import Unavailable
from parvis.kernel.later import aiosmtplib
from parvis.kernel.resolver import Answer, Resolver
from parvis.kernel.settings import Settings
from parvis.mail.queue.lookup import addresses
from parvis.mail.queue.model import RELAY, THROUGH, Reply
from parvis.mail.queue.policies import Policies
from parvis.mail.queue.trust import ANY, Trust
from parvis.wire.sts import Policy
from parvis.wire.tlsa import Tlsa

_HOSTS = 5
"""Servers of one domain that are tried. RFC 5321 §5.1 asks for at least two."""


class Unroutable(Exception):
    """There is no way to the domain, now (4xx) or ever (5xx)."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Host:
    """One server to try: its name, the address to connect to, whether it is our smart host, what it must show."""

    name: str
    address: str
    port: int
    relay: bool = False
    trust: Trust = ANY
    account: int = 0
    """The external account whose provider it is."""


class Through(Protocol):
    """Knows the servers of people's providers."""

    async def host(self, account_id: int) -> Host:
        """The server by which mail from an external account leaves. Raises Unroutable."""
        ...

    async def connect(self, host: Host) -> "aiosmtplib.SMTP":
        """A connection to it, signed in. Raises ParvisError."""
        ...


class Router:
    """Finds the servers of a destination. Without `policies`, nobody asks for MTA-STS; without `through`, nothing
    leaves by people's providers."""

    def __init__(
        self,
        settings: Settings,
        resolver: Resolver,
        policies: Policies | None = None,
        through: Through | None = None,
    ) -> None:
        self._settings, self._resolver, self._policies, self._through = settings, resolver, policies, through

    def destination(self, domain: str) -> str:
        """What recipients of a domain are grouped by: the smart host for all, or their own domain."""
        routes = self._settings.delivery.routes
        return RELAY if self._settings.relay.host and domain not in routes else domain

    async def hosts(self, destination: str, seed: int) -> list[Host]:
        """The servers to try, in order; `seed` spreads messages over servers of one preference. Raises
        Unroutable."""
        settings = self._settings
        if self._through is not None and destination.startswith(THROUGH):
            return [await self._through.host(int(destination.removeprefix(THROUGH)))]
        route = settings.delivery.routes.get(destination) or settings.delivery.routes.get("*")
        if destination == RELAY or (settings.relay.host and not route):
            return [Host(settings.relay.host, settings.relay.host, settings.relay.port, relay=True)]
        if route:
            host, _, port = route.rpartition(":")
            return [Host(host.strip("[]"), host.strip("[]"), int(port))]
        return await self._from_dns(destination, seed)

    async def _from_dns(self, domain: str, seed: int) -> list[Host]:
        answer = await self._exchangers(domain)
        names = _ordered(answer, seed) or [domain]
        policy = await self._policies.of(domain) if self._policies else None
        found: list[Host] = []
        trouble = Reply(450, f"4.4.4 no server of {domain} has an address")
        for name in names[:_HOSTS]:
            if policy is not None and policy.mode == "enforce" and not policy.names(name):
                trouble = Reply(451, f"4.7.5 {name} is not in the MTA-STS policy of {domain}")
                continue
            try:
                found += await self._of_name(name, domain, policy, vouched=answer.authentic)
            except Unavailable as error:
                trouble = Reply(451, f"4.7.5 {error.sentence}")
        if not found:
            raise Unroutable(trouble)
        return found[:_HOSTS]

    async def _of_name(self, name: str, domain: str, policy: Policy | None, *, vouched: bool) -> list[Host]:
        """A server at each of its addresses. Raises Unavailable when DNS should say something of its certificate
        and does not: somebody may be in the way (RFC 7672 §2.1.1, §2.1.2, §2.1.3)."""
        found, port = await addresses(self._resolver, self._settings, name), self._settings.delivery.port
        trust = Trust(domain=domain)
        if vouched and found.authentic and (records := await self._tlsa(name, port)) is not None:
            usable = tuple(each for each in records if each.usable)
            trust = Trust("tlsa", domain, records=usable, policy=tuple(map(str, records)))
        elif policy is not None and policy.mode != "none":
            trust = Trust("sts", domain, testing=policy.mode == "testing", policy=policy.lines())
        return [Host(name, address, port, trust=trust) for address in found.addresses]

    async def _tlsa(self, name: str, port: int) -> list[Tlsa] | None:
        """What DNSSEC vouches for of a server's certificate; None when there is nothing (RFC 7672 §2.2)."""
        answer = await self._resolver.ask(f"_{port}._tcp.{name}", "TLSA")
        if not answer.authentic or not answer.records:
            return None
        rows: Sequence[list[str]] = [each.to_text().split(None, 3) for each in answer.records]
        return [
            Tlsa(int(usage), int(selector), int(matching), bytes.fromhex(data))
            for usage, selector, matching, data in rows
        ]

    async def _exchangers(self, domain: str) -> Answer:
        """The MX records; a null MX takes no mail (RFC 7505 §3). Raises Unroutable."""
        try:
            answer = await self._resolver.ask(domain, "MX")
        except Unavailable as error:
            raise Unroutable(Reply(451, f"4.4.3 {error.sentence}")) from error
        if not answer.exists:
            raise Unroutable(Reply(550, f"5.1.2 the domain {domain} does not exist"))
        if any(name == "" for _, name in answer.exchangers):
            raise Unroutable(Reply(556, f"5.1.10 {domain} accepts no mail"))
        return answer


def _ordered(answer: Answer, seed: int) -> list[str]:
    """Names by preference; those of one preference take turns."""
    records = sorted(answer.exchangers, key=lambda record: (record[0], zlib.crc32(f"{seed}{record[1]}".encode())))
    return [name for _, name in records]
