"""What a domain wants done with mail that names it as the author and is not from it: found in DNS, and applied.

RFC 7489, with the organisational domain found by walking up the DNS tree as RFC 9989 §4.10 has it, without a list
of public suffixes. Of the tags that RFC 9989 took away, `pct=0` still means that a domain only tries.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from parvis.kernel.errors import Invalid, Unavailable
from parvis.wire import tags
from parvis.wire.dkim import within
from parvis.wire.names import Names

Wish = Literal["none", "quarantine", "reject"]
Value = Literal["none", "pass", "fail", "temperror", "permerror"]
LABELS = 8
"""A domain with more is asked for itself, then from its last seven on (RFC 9989 §4.10)."""
_TAG = re.compile(r"\s*[A-Za-z][A-Za-z0-9_]*\s*=")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s,]+\Z")
_SOFTER: dict[Wish, Wish] = {"reject": "quarantine", "quarantine": "none", "none": "none"}


@dataclass(frozen=True, slots=True)
class Record:
    """A policy record (RFC 7489 §6.1, §6.3, §6.4, RFC 9989 §4.7)."""

    policy: Wish
    subdomains: Wish
    missing: Wish
    """For subdomains that do not exist (`np=`)."""
    strict_dkim: bool = False
    strict_spf: bool = False
    testing: bool = False
    public_suffix: Literal["y", "n", "u"] = "u"
    reports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """What counts for mail of an author's domain: the record, whose it is, and the organisational domain."""

    domain: str
    organisation: str
    record: Record
    at: str

    def wish(self, *, exists: bool = True) -> Wish:
        """What is to be done with a message that fails; one step less while the domain only tries (`t=y`)."""
        record = self.record
        wish = record.policy if self.at == self.domain else record.subdomains if exists else record.missing
        return _SOFTER[wish] if record.testing else wish


@dataclass(frozen=True, slots=True)
class Outcome:
    """What DMARC says of a message, and what its author's domain wishes for it."""

    value: Value
    domain: str = ""
    wish: Wish = "none"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """A domain that SPF or DKIM has shown to be behind the message."""

    method: Literal["spf", "dkim"]
    domain: str


def is_record(text: str) -> bool:
    """Whether a TXT record is one of DMARC (RFC 7489 §6.6.3)."""
    name, mark, rest = text.partition("=")
    return bool(mark) and name.strip() == "v" and rest.partition(";")[0].strip() == "DMARC1"


def parse(text: str) -> Record:
    """Reads a record; what is not known in it, or is no tag at all, is passed over. A wish that is none makes it
    `none` when reports are asked for. Raises Invalid (RFC 7489 §6.3, §6.6.3, RFC 9989 §4.8, §4.10.1)."""
    if not is_record(text):
        raise Invalid("not a DMARC record")
    found = tags.parse(";".join(filter(_TAG.match, text.split(";"))))
    reports = tuple(uri.strip() for uri in found.get("rua", "").split(",") if uri.strip())
    wishes = {tag: _wish(found.get(tag)) for tag in ("p", "sp", "np") if tag == "p" or tag in found}
    if None in wishes.values():
        if not any(map(_URI.match, reports)):
            raise Invalid("p=, sp= or np= is missing or not known")
        wishes = {"p": "none"}
    policy = wishes["p"] or "none"
    subdomains = wishes.get("sp") or policy
    suffix = found.get("psd", "u").lower()
    return Record(
        policy=policy,
        subdomains=subdomains,
        missing=wishes.get("np") or subdomains,
        strict_dkim=found.get("adkim", "r").lower() == "s",
        strict_spf=found.get("aspf", "r").lower() == "s",
        testing=found.get("t", "n").lower() == "y" or found.get("pct") == "0",
        public_suffix="y" if suffix == "y" else "n" if suffix == "n" else "u",
        reports=reports,
    )


def _wish(value: str | None) -> Wish | None:
    word = (value or "").lower()
    return word if word in _SOFTER else None


def walk(domain: str) -> list[str]:
    """The domains whose records are asked for, from the domain itself up (RFC 9989 §4.10)."""
    labels = domain.lower().rstrip(".").split(".")
    higher = labels[1:] if len(labels) < LABELS else labels[-(LABELS - 1) :]
    return [".".join(labels), *(".".join(higher[start:]) for start in range(len(higher)))]


def organisation(domain: str, found: Mapping[str, Record]) -> str:
    """The organisational domain, out of the records that a walk from `domain` found (RFC 9989 §4.10.2)."""
    names, lowest = walk(domain), domain.lower().rstrip(".")
    for place, name in enumerate(names):
        record = found.get(name)
        if record is None:
            continue
        if record.public_suffix == "n":
            return name
        if record.public_suffix == "y" and place > 0:
            return _below(name, domain)
        lowest = name
    return lowest


def _below(name: str, domain: str) -> str:
    labels = domain.lower().rstrip(".").split(".")
    return ".".join(labels[-(name.count(".") + 2) :])


async def records(names: Names, domain: str) -> dict[str, Record]:
    """The records on the way up from a domain, as far as they are needed. Raises Unavailable."""
    found: dict[str, Record] = {}
    for name in walk(domain):
        texts = [text for text in await names.texts(f"_dmarc.{name}") if is_record(text)]
        if len(texts) != 1:  # RFC 7489 §6.6.3, 4
            continue
        try:
            found[name] = parse(texts[0])
        except Invalid:
            continue
        if found[name].public_suffix != "u":
            break
    return found


async def discover(names: Names, domain: str) -> Policy | None:
    """The policy for an author's domain: its own, its organisation's or that of the public suffix; None when there
    is none (RFC 9989 §4.10.1). Raises Unavailable."""
    domain = domain.lower().rstrip(".")
    found = await records(names, domain)
    top = organisation(domain, found)
    for name in (domain, top, top.partition(".")[2]):
        if name in found:
            return Policy(domain, top, found[name], name)
    return None


async def evaluate(names: Names, domain: str, proofs: Iterable[Proof], doubts: Iterable[Proof] = ()) -> Outcome:
    """What DMARC says of a message whose author is at `domain` (RFC 7489 §6.6.2, RFC 9989 §5.3.2, §5.3.4, §5.3.5,
    §5.3.6). Never fails.

    `doubts` are domains of which SPF or DKIM can say nothing now: one that would do makes a fail a `temperror`."""
    try:
        policy = await discover(names, domain)
        if policy is None:
            return Outcome("none", domain)
        for proof in proofs:
            if await aligned(names, policy, proof):
                return Outcome("pass", domain, reason=f"{proof.method} of {proof.domain}")
        for doubt in doubts:
            if await aligned(names, policy, doubt):
                return Outcome("temperror", domain, reason=f"{doubt.method} of {doubt.domain} cannot be told now")
        exists = policy.at == policy.domain or await _exists(names, domain)
    except Unavailable:
        return Outcome("temperror", domain, reason="it cannot be looked up now")
    return Outcome("fail", domain, policy.wish(exists=exists), f"policy of {policy.at}")


async def aligned(names: Names, policy: Policy, proof: Proof) -> bool:
    """Whether a proven domain stands for the author's: the same, or of the same organisation unless the policy is
    strict (RFC 7489 §3.1). Raises Unavailable."""
    proven = proof.domain.lower().rstrip(".")
    if proven == policy.domain:
        return True
    strict = policy.record.strict_spf if proof.method == "spf" else policy.record.strict_dkim
    if strict or not within(proven, policy.organisation):
        return False
    return proven == policy.organisation or (
        organisation(proven, await records(names, proven)) == policy.organisation
    )


async def _exists(names: Names, domain: str) -> bool:
    """Whether anything of mail is at a domain (RFC 9989 §4.7, `np`)."""
    return bool(
        await names.exchangers(domain) or await names.addresses(domain, 4) or await names.addresses(domain, 6)
    )
