"""Whether a host may send for a domain: `check` asks DNS by itself, within the limits of RFC 7208 §4.6.4."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import quote

from parvis.kernel.errors import Invalid, Unavailable
from parvis.wire import spf_record
from parvis.wire.names import Names
from parvis.wire.spf_record import Address, Directive, Record

Value = Literal["none", "neutral", "pass", "fail", "softfail", "temperror", "permerror"]
LOOKUPS = 10
VOID_LOOKUPS = 2
HOSTS = 10
"""MX hosts and PTR names that one term may bring."""
_QUALIFIERS: dict[str, Value] = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_MACRO = re.compile(r"%(?:([%_-])|\{([a-z])(\d*)(r?)([.+,/_=-]*)\})", re.I)
_SINGLE = {"%": "%", "_": " ", "-": "%20"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What SPF says (RFC 7208 §2.2, §8), and why. `explanation` is the domain's own, for a `fail`."""

    value: Value
    reason: str = ""
    explanation: str = ""


class _Error(Exception):
    """Ends a check (RFC 7208 §4.6)."""

    def __init__(self, value: Literal["temperror", "permerror"], reason: str) -> None:
        super().__init__(reason)
        self.outcome = Outcome(value, reason)


async def check(
    names: Names, address: str, sender: str, hello: str, *, receiver: str = "unknown", now: int = 0
) -> Outcome:
    """check_host() of RFC 7208 §4 for the client `address`. `sender` is that of MAIL FROM; when it is empty or its
    domain is none, `hello` is checked (§2.4). `receiver` and `now` are for explanations only. Never fails: what
    cannot be found out now is `temperror`."""
    local, _, domain = (sender if "@" in sender else f"postmaster@{sender or hello}").rpartition("@")
    domain = _as_ascii(domain)
    if not _is_full(domain):
        return Outcome("none", "no domain to check")
    ip = ipaddress.ip_address(address)
    ip = getattr(ip, "ipv4_mapped", None) or ip
    run = _Run(names, ip, local or "postmaster", domain, hello, receiver, now)
    try:
        outcome, record, where = await run.evaluate(domain)
    except _Error as error:
        return error.outcome
    if outcome.value == "fail" and record is not None and record.exp:
        return replace(outcome, explanation=await run.explanation(record.exp, where))
    return outcome


def _as_ascii(domain: str) -> str:
    try:
        return domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _is_full(domain: str) -> bool:
    """Whether this is a domain to ask for: labels of 1 to 63 bytes, and more than one (RFC 7208 §4.3)."""
    labels = domain.removesuffix(".").split(".")
    return len(labels) > 1 and all(0 < len(label) <= 63 for label in labels) and not domain.startswith("[")


@dataclass(slots=True)
class _Run:
    """One check with what it may still ask."""

    names: Names
    ip: Address
    local: str
    sender_domain: str
    hello: str
    receiver: str
    now: int
    lookups: int = field(default=0)
    void: int = field(default=0)

    async def evaluate(self, domain: str) -> tuple[Outcome, Record | None, str]:
        """What the record of a domain says, with the record that decided and where it was found. Raises _Error."""
        record = await self._record(domain)
        if record is None:
            return Outcome("none", f"{domain} has no record"), None, domain
        for directive in record.directives:
            if await self._matches(directive, domain):
                return Outcome(_QUALIFIERS[directive.qualifier], f"{directive.name} of {domain}"), record, domain
        if not record.redirect:
            return Outcome("neutral", f"nothing of {domain} matches"), record, domain
        self._count()
        target = await self._expanded(record.redirect, domain)
        found = await self.evaluate(target)
        if found[0].value == "none":
            raise _Error("permerror", "redirect= leads to no record")
        return found

    async def _record(self, domain: str) -> Record | None:
        if not _is_full(domain):
            return None
        try:
            found = [text for text in await self.names.texts(domain) if spf_record.is_record(text)]
        except Unavailable:
            raise _Error("temperror", f"{domain} cannot be looked up") from None
        if len(found) > 1:
            raise _Error("permerror", f"{domain} has several records")
        try:
            return spf_record.parse(found[0]) if found else None
        except Invalid as error:
            raise _Error("permerror", f"{domain}: {error.sentence}") from None

    def _count(self) -> None:
        self.lookups += 1
        if self.lookups > LOOKUPS:
            raise _Error("permerror", "too many look-ups")

    def _found(self, answer: Sequence[object]) -> None:
        """Counts the terms that lead nowhere (RFC 7208 §4.6.4)."""
        self.void += not answer
        if self.void > VOID_LOOKUPS:
            raise _Error("permerror", "too many look-ups of what is not there")

    async def _matches(self, directive: Directive, domain: str) -> bool:
        """RFC 7208 §5"""
        if directive.name == "all":
            return True
        if directive.network is not None:
            return self.ip in directive.network
        self._count()
        target = await self._expanded(directive.domain, domain) if directive.domain else domain
        try:
            return await self._matches_target(directive, target)
        except Unavailable:
            raise _Error("temperror", f"{target} cannot be looked up") from None

    async def _matches_target(self, directive: Directive, target: str) -> bool:
        if directive.name == "include":
            return await self._includes(target)
        if directive.name == "ptr":
            return any(_within(name, target) for name in await self._validated(count=True))
        if not _is_full(target):
            return False
        if directive.name == "exists":
            found = await self.names.addresses(target, 4)
            self._found(found)
            return bool(found)
        if directive.name == "a":
            found = await self.names.addresses(target, self.ip.version)
            self._found(found)
            return self._near(found, directive)
        for host in await self._exchangers(
            target
        ):  # one without an address of this family counts as no void look-up
            if self._near(await self.names.addresses(host, self.ip.version), directive):
                return True
        return False

    async def _includes(self, target: str) -> bool:
        """RFC 7208 §5.2"""
        outcome, _, _ = await self.evaluate(target)
        if outcome.value == "none":
            raise _Error("permerror", f"include: leads to no record at {target}")
        return outcome.value == "pass"

    async def _exchangers(self, target: str) -> list[str]:
        hosts = await self.names.exchangers(target)
        self._found(hosts)
        if len(hosts) > HOSTS:
            raise _Error("permerror", f"{target} has too many MX")
        return [host for _, host in hosts if _is_full(host)]

    def _near(self, addresses: Sequence[str], directive: Directive) -> bool:
        bits = directive.bits4 if self.ip.version == 4 else directive.bits6
        return any(self.ip in ipaddress.ip_network(f"{each}/{bits}", strict=False) for each in addresses)

    async def _validated(self, *, count: bool = False) -> list[str]:
        """The names of the client that lead back to it (RFC 7208 §5.5)."""
        try:
            names = [name.lower().removesuffix(".") for name in await self.names.pointers(str(self.ip))]
        except Unavailable:
            return []
        if count:
            self._found(names)
        found = []
        for name in names[:HOSTS]:
            try:
                addresses = await self.names.addresses(name, self.ip.version)
            except Unavailable:
                continue
            if any(ipaddress.ip_address(address) == self.ip for address in addresses):
                found.append(name)
        return found

    async def explanation(self, exp: str, domain: str) -> str:
        """What the domain says about a `fail`; empty when it cannot be had (RFC 7208 §6.2)."""
        try:
            target = await self._expanded(exp, domain)
            texts = await self.names.texts(target) if _is_full(target) else []
        except Unavailable:
            return ""
        if len(texts) != 1 or not spf_record.is_text(texts[0]):
            return ""
        return await self._with_macros(texts[0], domain)

    async def _expanded(self, spec: str, domain: str) -> str:
        """A domain-spec as a name, cut from the left when it is too long (RFC 7208 §7.3)."""
        name = (await self._with_macros(spec, domain)).removesuffix(".")
        while len(name) > 253 and "." in name:
            name = name.partition(".")[2]
        return name

    async def _with_macros(self, text: str, domain: str) -> str:
        """RFC 7208 §7"""
        pieces, last = [], 0
        for match in _MACRO.finditer(text):
            pieces.append(text[last : match.start()])
            last = match.end()
            if match[1]:
                pieces.append(_SINGLE[match[1]])
                continue
            value = _cut(await self._macro(match[2].lower(), domain), match[3], match[4], match[5])
            pieces.append(quote(value, safe="-._~") if match[2].isupper() else value)
        return "".join([*pieces, text[last:]])

    async def _macro(self, letter: str, domain: str) -> str:
        """RFC 7208 §7.2"""
        if letter == "p":
            return await self._best_name(domain)
        return {
            "s": f"{self.local}@{self.sender_domain}",
            "l": self.local,
            "o": self.sender_domain,
            "d": domain,
            "i": _dotted(self.ip),
            "v": "in-addr" if self.ip.version == 4 else "ip6",
            "h": self.hello,
            "c": str(self.ip),
            "r": self.receiver,
            "t": str(self.now),
        }[letter]

    async def _best_name(self, domain: str) -> str:
        """RFC 7208 §7.3, on `p`"""
        names = await self._validated()
        below = [name for name in names if _within(name, domain)]
        return domain.lower() if domain.lower() in names else next(iter([*below, *names]), "unknown")


def _dotted(ip: Address) -> str:
    return str(ip) if ip.version == 4 else ".".join(ip.exploded.replace(":", ""))


def _cut(value: str, digits: str, reverse: str, delimiters: str) -> str:
    """The transformers of a macro (RFC 7208 §7.1)."""
    parts = re.split(f"[{re.escape(delimiters or '.')}]", value)
    if reverse:
        parts.reverse()
    return ".".join(parts[-int(digits) :] if digits else parts)


def _within(name: str, domain: str) -> bool:
    domain = domain.lower().removesuffix(".")
    return name == domain or name.endswith(f".{domain}")
