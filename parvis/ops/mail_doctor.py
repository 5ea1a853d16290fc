"""What DNS says of our mail, so that other servers believe it: for each domain what is right, what is missing, and
the record to set. RFC 5321 §5.1, RFC 6376, RFC 7208, RFC 7489, RFC 8460, RFC 8461"""

import ipaddress
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from parvis.kernel import clock
from parvis.kernel.errors import Invalid, Unavailable
from parvis.kernel.resolver import Resolver
from parvis.kernel.settings import Settings
from parvis.mail.signing import Kept, Signer
from parvis.ops import zone
from parvis.ops.doctor import Verdict
from parvis.wire import dmarc, spf, spf_record, tags

_Found = AsyncIterator["Record"]


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that DNS says or should say. `words` is a key of commands.mail_texts, `values` what it names."""

    where: str
    what: str
    verdict: Verdict
    words: str
    values: dict[str, str] = field(default_factory=dict)
    line: str = ""
    """What to set, as a line of a zone file."""


class MailDoctor:
    """Examines the records of all our domains."""

    def __init__(self, settings: Settings, resolver: Resolver, signer: Signer) -> None:
        self._settings, self._resolver, self._signer = settings, resolver, signer
        self._addresses: list[str] = []

    async def examine(self) -> list[Record]:
        """All findings: those of the server itself, then those of each domain. What DNS does not answer is a
        fault."""
        host = self._settings.hostname
        found = await self._heard(host, "PTR", self._host)
        parts: tuple[tuple[str, Callable[[str], _Found]], ...] = (
            ("MX", self._mx), ("SPF", self._spf), ("DKIM", self._dkim), ("DMARC", self._dmarc),
            ("MTA-STS", self._mta_sts), ("TLS-RPT", self._tls_rpt),
        )  # fmt: skip
        for domain in self._settings.domains:
            for what, part in parts:
                found += await self._heard(domain, what, part)
        return found

    async def _heard(self, where: str, what: str, part: Callable[[str], _Found]) -> list[Record]:
        found = []
        try:
            async for one in part(where):
                found.append(one)
        except Unavailable as error:
            found.append(Record(where, what, "fault", "unreachable", {"why": error.sentence}))
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
        """Whether this server may send for the domain. RFC 7208"""
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
        """RFC 7489"""
        policy = await dmarc.discover(self._resolver, domain)
        if policy is None:
            line = zone.txt(f"_dmarc.{domain}", f"v=DMARC1; p=quarantine; rua=mailto:postmaster@{domain}")
            yield Record(domain, "DMARC", "fault", "dmarc-missing", {}, line)
            return
        values = {"at": policy.at, "wish": policy.wish()}
        mild = policy.wish() == "none"
        yield Record(domain, "DMARC", "note" if mild else "good", "dmarc-mild" if mild else "dmarc-good", values)

    async def _mta_sts(self, domain: str) -> _Found:
        """RFC 8461 §3.1"""
        line = zone.txt(f"_mta-sts.{domain}", f"v=STSv1; id={clock.now():%Y%m%d}")
        yield await self._wanted(domain, "MTA-STS", f"_mta-sts.{domain}", "v=STSv1", "sts", line)

    async def _tls_rpt(self, domain: str) -> _Found:
        """RFC 8460 §3"""
        line = zone.txt(f"_smtp._tls.{domain}", f"v=TLSRPTv1; rua=mailto:postmaster@{domain}")
        yield await self._wanted(domain, "TLS-RPT", f"_smtp._tls.{domain}", "v=TLSRPTv1", "rpt", line)

    async def _wanted(self, domain: str, what: str, name: str, begins: str, words: str, line: str) -> Record:
        """A record that is good to have."""
        found = [text for text in await self._resolver.texts(name) if text.startswith(begins)]
        if found:
            return Record(domain, what, "good", f"{words}-good", {"record": found[0]})
        return Record(domain, what, "note", f"{words}-missing", {"domain": domain}, line)


def _is_key(text: str, one: Kept) -> bool:
    try:
        return tags.data(tags.parse(text).get("p", "")) == tags.data(tags.parse(one.key.record)["p"])
    except Invalid:
        return False
