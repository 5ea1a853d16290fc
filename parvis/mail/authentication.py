"""Who a message from another server is really from: SPF, DKIM, ARC and DMARC, asked side by side before the 250.

What was found is kept in the message itself, in an Authentication-Results field (RFC 8601). All of it takes some
seconds at most: whatever DNS does not say by then is `temperror`, and refuses nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from parvis.kernel import clock
from parvis.kernel.errors import Unavailable
from parvis.kernel.settings import Settings
from parvis.wire import arc, authres, dkim, dmarc, mime, spf
from parvis.wire.authres import Result
from parvis.wire.canonical import Text
from parvis.wire.dkim import Signature
from parvis.wire.dmarc import Proof, Wish
from parvis.wire.mime.fields import domain_as_ascii
from parvis.wire.names import Names
from parvis.wire.smtp import split_address

T = TypeVar("T")
_SENDER_SECONDS = 5.0
"""For SPF and for the keys of signatures, together."""
_POLICY_SECONDS = 3.0
_LARGE = 100_000
"""Bytes beyond which a message is hashed in a thread, so that others need not wait."""
_AUTHORS = 4
"""Domains in From that are looked at; a message with more than one is unusual, and the strictest counts."""
_STRICTNESS: tuple[Wish, ...] = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a message came from: the client's address, the name it gave itself, the envelope's sender."""

    address: str
    hello: str
    sender: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found, and what the author's domain wants done with the message. RFC 6376 §4.2, §6.2, §6.3"""

    results: tuple[Result, ...]
    wish: Wish
    domain: str


@dataclass(frozen=True, slots=True)
class _Keys:
    """What is published at the names of keys; those of `late` nobody said anything about."""

    records: Mapping[str, str | None]
    late: frozenset[str]


class Authentication:
    """Examines messages; `names` is the program's resolver."""

    def __init__(self, names: Names, settings: Settings) -> None:
        self._names, self._settings = names, settings

    async def examine(self, raw: bytes, start: int, origin: Origin) -> Verdict:
        """What can be found out about the message that begins at `start`, while its sender waits (RFC 7208 §2.4,
        §2.5, RFC 9989 §5.3.3). Never fails, and takes no longer than eight seconds and the reading of the
        message."""
        text = await _computed(len(raw), Text, raw, start)
        signatures, chain = dkim.signatures(text), arc.chain(text)
        wanted = [one.key_name for one in signatures if not one.fault] + (chain.key_names if chain else [])
        by_sender, by_hello, keys = await asyncio.gather(
            self._spf(origin, origin.sender), self._spf(origin, ""), self._keys(wanted)
        )
        signed, chained = await _computed(len(raw), _verified, text, signatures, chain, keys)
        by_envelope = by_sender if origin.sender else by_hello
        proofs, doubts = _proofs(origin, by_envelope, zip(signatures, signed, strict=True))
        policies = await asyncio.gather(*(self._dmarc(each, proofs, doubts) for each in _authors(text)))
        results = [
            *([_spf_result(by_sender, "smtp.mailfrom", origin.sender)] if origin.sender else []),
            _spf_result(by_hello, "smtp.helo", origin.hello),
            *(_dkim_result(one, found) for one, found in zip(signatures, signed, strict=True)),
            *([] if signatures else [Result("dkim", "none")]),
            *([_arc_result(chain, chained)] if chain else []),
            *(map(_dmarc_result, policies) if policies else [Result("dmarc", "permerror", "nobody is in From")]),
        ]
        worst = max(policies, key=lambda policy: _STRICTNESS.index(policy.wish), default=dmarc.Outcome("none"))
        wish: Wish = "none" if self._is_trusted(chain, chained) else _followed(worst.wish, proofs)
        return Verdict(tuple(results), wish, worst.domain)

    async def _spf(self, origin: Origin, sender: str) -> spf.Outcome:
        late = spf.Outcome("temperror", "DNS took too long")
        asked = spf.check(self._names, origin.address, sender, origin.hello, receiver=self._settings.hostname)
        return await _within(_SENDER_SECONDS, asked, late)

    async def _keys(self, wanted: Iterable[str]) -> _Keys:
        names = list(dict.fromkeys(wanted))
        late: frozenset[str] = frozenset(names)
        found: dict[str, str | None] = {}

        async def look(name: str) -> None:
            try:
                found[name] = next(iter(await self._names.texts(name)), None)
            except Unavailable:
                return

        await _within(_SENDER_SECONDS, asyncio.gather(*map(look, names)), None)
        return _Keys(found, late - found.keys())

    async def _dmarc(self, domain: str, proofs: Sequence[Proof], doubts: Sequence[Proof]) -> dmarc.Outcome:
        late = dmarc.Outcome("temperror", domain, reason="DNS took too long")
        return await _within(_POLICY_SECONDS, dmarc.evaluate(self._names, domain, proofs, doubts), late)

    def _is_trusted(self, chain: arc.Chain | None, result: arc.Result) -> bool:
        """Whether somebody whom the settings trust has found the message in order before passing it on (RFC 8617
        §7.2.1)."""
        trusted = self._settings.mail.trusted_sealers
        return chain is not None and result.value == "pass" and chain.sealer in trusted


async def _within(seconds: float, work: Awaitable[T], late: T) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        return late


async def _computed(size: int, work: Callable[..., T], *args: object) -> T:
    return work(*args) if size < _LARGE else await asyncio.to_thread(work, *args)


def _verified(
    text: Text, signatures: Sequence[Signature], chain: arc.Chain | None, keys: _Keys
) -> tuple[list[dkim.Result], arc.Result]:
    now = clock.now_ms() // 1000
    late = dkim.Result("temperror", "the key cannot be looked up now")
    signed = [
        late if one.key_name in keys.late else dkim.verify(text, one, keys.records.get(one.key_name), now)
        for one in signatures
    ]
    if chain is not None and not keys.late.isdisjoint(chain.key_names):
        return signed, arc.Result("fail", late.reason)
    return signed, arc.validate(text, chain, keys.records, now)


def _proofs(
    origin: Origin, found: spf.Outcome, signed: Iterable[tuple[Signature, dkim.Result]]
) -> tuple[list[Proof], list[Proof]]:
    """The domains that are shown to be behind the message, and those that nothing can be said about now."""
    by_value: dict[str, list[Proof]] = {"pass": [], "temperror": []}
    envelope = split_address(origin.sender)[1] or origin.hello
    by_value.setdefault(found.value, []).append(Proof("spf", _ascii(envelope)))
    for one, result in signed:
        by_value.setdefault(result.value, []).append(Proof("dkim", one.domain))
    return by_value["pass"], by_value["temperror"]


def _followed(wish: Wish, proofs: Sequence[Proof]) -> Wish:
    """What is done about a domain's wish. Nobody is refused for that wish alone: when another domain is shown to be
    behind the message, it may have come over a mailing list, and goes into Junk. RFC 9989 §5.4, §7.4"""
    return "quarantine" if wish == "reject" and proofs else wish


def _authors(text: Text) -> list[str]:
    """The domains of all From fields, in A-labels (RFC 7489 §6.6.1, RFC 9989 §5.3.1)."""
    emails = [one.email for field in text.all("from") for one in mime.as_addresses(field.value)]
    domains = [_ascii(split_address(email)[1]) for email in emails]
    return [domain for domain in dict.fromkeys(domains) if domain][:_AUTHORS]


def _ascii(domain: str) -> str:
    """A domain in A-labels, as DNS and signatures have it (RFC 5890)."""
    return domain_as_ascii(f"x@{domain}").removeprefix("x@").lower().rstrip(".")


def _spf_result(found: spf.Outcome, name: str, value: str) -> Result:
    return Result("spf", found.value, found.reason, ((name, value),))


def _dkim_result(one: Signature, found: dkim.Result) -> Result:
    shown = {
        "header.d": one.domain,
        "header.i": one.identity,
        "header.s": one.selector,
        "header.a": one.algorithm,
        "header.b": authres.beginning(one.signature),
    }
    return Result("dkim", found.value, found.reason, tuple(shown.items()))


def _arc_result(chain: arc.Chain, found: arc.Result) -> Result:
    return Result("arc", found.value, found.reason, (("header.d", chain.sealer),))


def _dmarc_result(found: dmarc.Outcome) -> Result:
    wish = found.wish if found.value == "fail" else ""
    return Result("dmarc", found.value, found.reason, (("header.from", found.domain), ("policy.dmarc", wish)))
