"""What DNS says of our mail, so that other servers believe it: for each domain what is right, what is missing, and
the record to set. RFC 5321 §5.1, RFC 6376, RFC 7208, RFC 7489, RFC 8460, RFC 8461"""

import asyncio
import ipaddress
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Literal

from parvis.kernel.egress import Egress
from parvis.kernel.errors import EgressRefused, Invalid, Unavailable
from parvis.kernel.resolver import Resolver
from parvis.kernel.settings import Settings
from parvis.mail.doctor import certificate, policy, zone
from parvis.mail.queue.policies import Policies
from parvis.mail.signing import Kept, Signer
from parvis.store.store import Store
from parvis.wire import dmarc, spf, spf_record, sts, tags
from parvis.wire.dmarc import Wish
from parvis.wire.sts import Policy

Verdict = Literal["good", "note", "fault"]
_SECONDS = 12.0
"""For what is asked side by side: first about this server, then about all domains."""
_AT_ONCE = 50
_SOON_DAYS = 14
_WISH = re.compile(r"(?<![a-z])p[ \t]*=[ \t]*\w+", re.I)
_Found = AsyncIterator["Record"]


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that DNS says or should say. `words` is a key of doctor.words, `values` what it names."""

    where: str
    what: str
    verdict: Verdict
    words: str
    values: dict[str, str] = field(default_factory=dict)
    line: str = ""
    """What to set, as a line of a zone file."""


@dataclass(frozen=True, slots=True)
class Published:
    """A DMARC record: at which domain, what it wishes for mail of ours that proves nothing, its text."""

    at: str
    wish: Wish
    text: str

    def line(self, wish: Wish) -> str:
        """The record with another wish."""
        return zone.txt(f"_dmarc.{self.at}", _WISH.sub(f"p={wish}", self.text, count=1))


@dataclass(frozen=True, slots=True)
class Examined:
    """All that was found: of this server, then of each domain."""

    server: list[Record]
    domains: dict[str, list[Record]]
    addresses: frozenset[str]
    """Of this server, as DNS has them."""
    published: dict[str, Published]
    """DMARC's record for each domain that has one."""


class Records:
    """Examines the records of all our domains."""

    def __init__(self, keep: Store, settings: Settings, egress: Egress) -> None:
        self._settings = settings
        self._resolver = Resolver(settings.dns, egress)  # with no answers from before: a record may just be set
        self._signer = Signer(keep, settings)
        self._policies = Policies(keep, settings, egress, self._resolver)
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._addresses: list[str] = []
        self._published: dict[str, Published] = {}

    async def examine(self) -> Examined:
        """What DNS does not answer in time is a fault; all of it takes half a minute at most."""
        host = self._settings.hostname
        server = await self._heard(host, "PTR", self._host)
        server += await self._heard(host, "TLS", self._tls)
        parts: tuple[tuple[str, Callable[[str], _Found]], ...] = (
            ("MX", self._mx), ("SPF", self._spf), ("DKIM", self._dkim), ("DMARC", self._dmarc),
            ("MTA-STS", self._mta_sts), ("TLS-RPT", self._tls_rpt),
        )  # fmt: skip
        found: dict[str, list[Record]] = {domain: [] for domain in self._settings.domains}
        asked = [(domain, what, part) for domain in found for what, part in parts]
        answers = await asyncio.gather(*(self._heard(*each) for each in asked))
        for (domain, _, _), records in zip(asked, answers, strict=True):
            found[domain] += records
        return Examined(server, found, frozenset(self._addresses), self._published)

    async def _heard(self, where: str, what: str, part: Callable[[str], _Found]) -> list[Record]:
        """What one part finds; at least one record."""
        found: list[Record] = []
        try:
            async with asyncio.timeout(_SECONDS), self._at_once:
                async for one in part(where):
                    found.append(one)
        except (Unavailable, TimeoutError) as error:
            found.append(Record(where, what, "fault", "unreachable", {"why": _why(where, error)}))
        return found

    async def _host(self, host: str) -> _Found:
        """Our name leads to addresses, and each of them back to it: many servers ask for that. RFC 1912 §2.1"""
        self._addresses = [
            *await self._resolver.addresses(host, 4),
            *await self._resolver.addresses(host, 6),
        ]
        if not self._addresses:
            line = zone.line(host, "A", "192.0.2.1")
            yield Record(host, "A", "fault", "host-missing", {"host": host}, line)
        for address in self._addresses:
            names = await self._resolver.pointers(address)
            if host.lower() in names:
                yield Record(host, "PTR", "good", "ptr-good", {"address": address, "host": host})
                continue
            line = zone.line(ipaddress.ip_address(address).reverse_pointer, "PTR", f"{host}.")
            values = {"address": address, "names": ", ".join(names) or "-"}
            yield Record(host, "PTR", "fault", "ptr-wrong", values, line)

    async def _tls(self, host: str) -> _Found:
        """The certificate of our doors. RFC 8461 §4.2"""
        try:
            found = certificate.shown(self._settings)
        except Invalid as error:
            yield Record(host, "TLS", "fault", "tls-unread", {"why": error.sentence})
            return
        if found is None:
            yield Record(host, "TLS", "note", "tls-own")
            return
        values = {"host": host, "names": ", ".join(found.names) or "-", "days": str(found.days)}
        if not found.is_signed or not found.is_for(host):
            yield Record(host, "TLS", "fault", "tls-names" if found.is_signed else "tls-unsigned", values)
        elif found.days < _SOON_DAYS:
            yield Record(host, "TLS", "fault" if found.days < 0 else "note", "tls-ends", values)
        else:
            yield Record(host, "TLS", "good", "tls-good", values)

    async def _mx(self, domain: str) -> _Found:
        """RFC 5321 §5.1"""
        host = self._settings.hostname
        hosts = [name for _, name in sorted(await self._resolver.exchangers(domain))]
        line = zone.line(domain, "MX", f"10 {host}.")
        if not hosts:
            yield Record(domain, "MX", "fault", "mx-missing", {}, line)
        elif host.lower() in hosts:
            yield Record(domain, "MX", "good", "mx-good", {"hosts": ", ".join(hosts)})
        else:
            yield Record(domain, "MX", "note", "mx-other", {"hosts": ", ".join(hosts)}, line)

    async def _spf(self, domain: str) -> _Found:
        """Whether this server may send for the domain. RFC 7208, RFC 9989 §5.1.1"""
        found = [text for text in await self._resolver.texts(domain) if spf_record.is_record(text)]
        if len(found) != 1:
            words = "spf-several" if found else "spf-missing"
            yield Record(domain, "SPF", "fault", words, {}, zone.txt(domain, "v=spf1 mx -all"))
            return
        if relay := self._settings.relay.host:
            yield Record(domain, "SPF", "note", "spf-relay", {"record": found[0], "relay": relay})
            return
        for address in self._addresses:
            outcome = await spf.check(self._resolver, address, f"postmaster@{domain}", self._settings.hostname)
            if outcome.value != "pass":
                values = {"address": address, "result": outcome.value, "record": found[0]}
                better = "v=spf1 mx" + found[0][len("v=spf1") :]
                yield Record(domain, "SPF", "fault", "spf-wrong", values, zone.txt(domain, better))
                return
        yield Record(domain, "SPF", "good", "spf-good", {"record": found[0]})

    async def _dkim(self, domain: str) -> _Found:
        """Whether the keys that sign now, and those that will, are published. RFC 6376 §3.6"""
        for one in await self._signer.keys(domain):
            if one.state == "old":
                continue
            texts = await self._resolver.texts(one.key.name)
            values = {"selector": one.key.selector}
            if any(_is_key(text, one) for text in texts):
                yield Record(domain, "DKIM", "good", "dkim-good", values)
            else:
                words = "dkim-other" if texts else "dkim-missing"
                yield Record(domain, "DKIM", "fault", words, values, zone.txt(one.key.name, one.key.record))

    async def _dmarc(self, domain: str) -> _Found:
        """`rua` is whom others report to; who has no record begins with one that only asks for reports. RFC 7489
        §6.3, RFC 9989 §5.1.4, §5.1.6"""
        found = await dmarc.discover(self._resolver, domain)
        reports = f"rua=mailto:postmaster@{domain}"
        if found is None:
            line = zone.txt(f"_dmarc.{domain}", f"v=DMARC1; p=none; {reports}")
            yield Record(domain, "DMARC", "fault", "dmarc-missing", {}, line)
            return
        texts = await self._resolver.texts(f"_dmarc.{found.at}")
        wish = found.wish()
        text = next((text for text in texts if dmarc.is_record(text)), f"v=DMARC1; p={wish}")
        self._published[domain] = Published(found.at, wish, text)
        values = {"at": found.at, "wish": wish}
        if not found.record.reports:
            line = zone.txt(f"_dmarc.{found.at}", f"{text.rstrip('; ')}; {reports}")
            yield Record(domain, "DMARC", "note", "dmarc-deaf", values, line)
        else:
            mild = wish == "none"
            words = "dmarc-mild" if mild else "dmarc-good"
            yield Record(domain, "DMARC", "note" if mild else "good", words, values)

    async def _mta_sts(self, domain: str) -> _Found:
        """The record, the policy on the web and the servers in DNS fit together. RFC 8461 §3.1, §3.3, §4.1"""
        own, name = policy.own(self._settings, domain), f"_mta-sts.{domain}"
        line = zone.txt(name, f"v=STSv1; id={policy.mark(own)}") if own else ""
        announced = sts.policy_id(await self._resolver.texts(name))
        if announced is None:
            wanted = own is not None and own.mode != "none"
            words = "sts-missing" if wanted else "sts-off"
            yield Record(domain, "MTA-STS", "note", words, {"domain": domain}, line if wanted else "")
            return
        try:
            found = sts.parse(await self._policies.fetch(domain))
        except (Unavailable, Invalid, EgressRefused) as error:
            values = {"domain": domain, "why": error.sentence}
            yield Record(domain, "MTA-STS", "note", "sts-unreachable", values)
            return
        hosts = [host for _, host in sorted(await self._resolver.exchangers(domain))]
        yield _fitting(domain, found, own, announced, hosts, line)

    async def _tls_rpt(self, domain: str) -> _Found:
        """RFC 8460 §3"""
        name = f"_smtp._tls.{domain}"
        found = [text for text in await self._resolver.texts(name) if text.startswith("v=TLSRPTv1")]
        if found:
            yield Record(domain, "TLS-RPT", "good", "rpt-good", {"record": found[0]})
            return
        line = zone.txt(name, f"v=TLSRPTv1; rua=mailto:postmaster@{domain}")
        yield Record(domain, "TLS-RPT", "note", "rpt-missing", {}, line)


def _fitting(domain: str, found: Policy, own: Policy | None, announced: str, hosts: list[str], line: str) -> Record:
    """What is to be said of a policy that others can read."""
    missing = [host for host in hosts if not found.names(host)]
    if found.mode != "none" and missing:
        verdict: Verdict = "fault" if found.mode == "enforce" else "note"
        return Record(domain, "MTA-STS", verdict, "sts-mx", {"hosts": ", ".join(missing)})
    if own is not None and found == own and announced != policy.mark(own):
        return Record(domain, "MTA-STS", "note", "sts-id", {}, line)
    return Record(domain, "MTA-STS", "note" if found.mode == "none" else "good", f"sts-{found.mode}")


def _why(where: str, error: Unavailable | TimeoutError) -> str:
    """What could not be asked, and the name of what went wrong."""
    if isinstance(error, TimeoutError):
        return f"{where} (Timeout)"
    name, known, rest = error.sentence.partition(" cannot be looked up: ")
    return f"{name} ({rest.partition(':')[0]})" if known else error.sentence


def _is_key(text: str, one: Kept) -> bool:
    try:
        return tags.data(tags.parse(text).get("p", "")) == tags.data(tags.parse(one.key.record)["p"])
    except Invalid:
        return False
