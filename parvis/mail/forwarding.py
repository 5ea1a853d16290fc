"""Mail that is passed on to another server: from an address of ours that tells who was first, so that SPF holds and
what comes back finds them, and under our seal, with what we found when it came. RFC 7208 §11.5, RFC 8617"""

import asyncio
from collections.abc import Sequence

from parvis.kernel import clock
from parvis.kernel.errors import Invalid
from parvis.kernel.settings import Settings
from parvis.mail import secrets
from parvis.mail.signing import Signer
from parvis.store.store import Store
from parvis.wire import arc, authres
from parvis.wire.authres import Result
from parvis.wire.canonical import Text
from parvis.wire.dkim_keys import SigningKey
from parvis.wire.smtp import split_address

_LARGE = 100_000
"""Bytes beyond which a message is hashed in a thread, so that others need not wait."""


class Forwarder:
    """Makes ready what leaves again."""

    def __init__(self, keep: Store, settings: Settings) -> None:
        self._keep, self._settings, self._signer = keep, settings, Signer(keep, settings)

    async def sender(self, sender: str, by: str) -> str:
        """The envelope's sender when `by`, an address here, passes on what `sender` sent: one of ours, which comes
        back to them (recipients.find). Nobody stays nobody."""
        domain = self._domain(by)
        if not domain or split_address(sender)[1].lower() in self._settings.domains:
            return sender
        return await secrets.forwarder(self._keep, sender, domain)

    async def sealed(self, raw: bytes, by: str, results: Sequence[Result]) -> bytes:
        """The message as `by` passes it on, `results` being what we found about it."""
        domain = self._domain(by)
        keys = await self._signer.keys(domain) if domain else []
        key = sealing_key([one.key for one in keys if one.state == "signs"])
        if key is None:
            return raw
        given = (raw, key, self._settings.hostname, results)
        return sealed(*given) if len(raw) < _LARGE else await asyncio.to_thread(sealed, *given)

    def _domain(self, by: str) -> str:
        """The domain of ours that speaks for an address; empty when there is none at all."""
        own, domain = self._settings.domains, split_address(by)[1].lower()
        return domain if domain in own else next(iter(own), "")


def sealing_key(keys: Sequence[SigningKey]) -> SigningKey | None:
    """The key that seals: of the algorithm that everybody knows. RFC 8617 §4.1.3"""
    return next((one for one in keys if one.algorithm == "rsa"), None)


def sealed(raw: bytes, key: SigningKey, server: str, results: Sequence[Result]) -> bytes:
    """A message with what `server` found about it, and the seal of `key`, before it. As it is when it has a chain
    that was not looked at, since nobody can say whether that is whole, or that may not grow. RFC 8617 §5.1"""
    text = Text(raw)
    chain = arc.chain(text)
    said = next((one.value for one in results if one.method == "arc"), None)
    if chain is not None and said is None:
        return raw
    verdict: arc.Verdict = "none" if chain is None else "pass" if said == "pass" else "fail"
    value = authres.value(server, results)
    return arc.seal(text, chain, verdict, value, key, clock.now_ms() // 1000) + raw


def found_before(raw: bytes, server: str) -> tuple[Result, ...]:
    """What we found out about a message when it came, as it says itself. RFC 8601 §5"""
    for each in Text(raw).all(authres.FIELD.lower()):
        try:
            said = authres.parse(each.value.decode("latin-1"))
        except Invalid:
            continue
        if said.server.lower() == server.lower():
            return said.results
    return ()
