"""Mail of our own domains is signed as it leaves, with RSA and with Ed25519. RFC 6376, RFC 8463

It is signed when it is handed to another server and not when it is queued: it may wait for a month and is then
signed by a key that is still published; the queue keeps the bytes that the sender has among the sent ones, and only
once; and whatever leaves passes there, reports and automatic answers too. What it costs is a millisecond for each
time another server is tried."""

import asyncio
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, Invalid
from parvis.kernel.settings import Settings
from parvis.mail import secrets
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire import dkim, dkim_keys, mime
from parvis.wire.canonical import Text
from parvis.wire.dkim_keys import Algorithm, SigningKey
from parvis.wire.mime.fields import domain_as_ascii
from parvis.wire.smtp import split_address

_ALGORITHMS: tuple[Algorithm, ...] = ("rsa", "ed25519")
_DAY_MS = 86_400_000
PUBLISH_DAYS = 2
"""How long a new key is in DNS before it signs: until then every cache has it."""
KEEP_DAYS = 30
"""How long the record of an old key stays in DNS: somebody may read an old message, or a queue be slow."""
_LARGE = 100_000
_load = lru_cache(256)(dkim_keys.load)


@dataclass(frozen=True, slots=True)
class Kept:
    """A key with the time it signs; `until_ms` is 0 when it has no end."""

    key: SigningKey
    from_ms: int
    until_ms: int

    @property
    def state(self) -> Literal["next", "signs", "old"]:
        """What it does now."""
        now = clock.now_ms()
        if self.from_ms > now:
            return "next"
        return "signs" if not self.until_ms or self.until_ms > now else "old"


class Signer:
    """Signs what leaves."""

    def __init__(self, keep: Store, settings: Settings) -> None:
        self._keep, self._settings = keep, settings

    async def signed(self, raw: bytes) -> bytes:
        """The message with a signature of its author's domain before it; as it is when that is none of ours. RFC
        9989 §5.1.2"""
        text = Text(raw)
        domain = author_domain(text)
        if domain not in self._settings.domains:
            return raw
        keys = [one.key for one in await self.keys(domain) if one.state == "signs"]
        now = clock.now_ms() // 1000
        if len(raw) < _LARGE:
            return dkim.sign(text, keys, now) + raw
        return await asyncio.to_thread(dkim.sign, text, keys, now) + raw

    async def keys(self, domain: str) -> list[Kept]:
        """The keys of one of our domains that are in DNS, or should be, oldest first; made when there are none.
        Raises Invalid for a domain that is not ours, Unavailable without the key that they are sealed with."""
        if domain not in self._settings.domains:
            raise Invalid(f"{domain} is no domain of this server (setting `domains`)")
        found = await _stored(self._keep, domain)
        if not found:
            await self._add(domain, clock.now_ms(), first=True)
            found = await _stored(self._keep, domain)
        return found

    async def rotate(self, domain: str, days: int = PUBLISH_DAYS) -> list[Kept]:
        """Makes new keys, which sign in `days`; those of now sign until then. Raises Conflict when new ones wait
        already, Invalid."""
        if any(one.state == "next" for one in await self.keys(domain)):
            raise Conflict(f"new keys of {domain} wait already")
        await self._add(domain, clock.now_ms() + days * _DAY_MS)
        return await self.keys(domain)

    async def _add(self, domain: str, from_ms: int, *, first: bool = False) -> None:
        """New keys, unless somebody else makes them at this moment. Those that are too old to be asked for go."""
        used = await self._keep.db.rows("SELECT selector FROM dkim_key WHERE domain = ?", domain)
        mark = _free({row[0] for row in used})
        made = [await asyncio.to_thread(dkim_keys.generate, domain, f"{mark}-{each}", each) for each in _ALGORITHMS]
        sealed = [await self._keep.sealer.seal(key.pem(), purpose(domain, key.selector)) for key in made]

        async def work(unit: Unit) -> None:
            if first and await unit.value("SELECT 1 FROM dkim_key WHERE domain = ? LIMIT 1", domain):
                return
            await unit.run(
                "DELETE FROM dkim_key WHERE domain = ? AND until_ms > 0 AND until_ms < ?", domain, _forgotten()
            )
            await unit.run(
                "UPDATE dkim_key SET until_ms = ? WHERE domain = ? AND until_ms = 0 AND selector NOT IN (?, ?)",
                from_ms, domain, *(key.selector for key in made),
            )  # fmt: skip
            await unit.many(
                """INSERT INTO dkim_key (id, domain, selector, algorithm, pem, from_ms) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT DO NOTHING""",
                [
                    (ids.new_id(), domain, key.selector, key.algorithm, pem, from_ms)
                    for key, pem in zip(made, sealed, strict=True)
                ],
            )

        await self._keep.write(work)


def purpose(domain: str, selector: str) -> str:
    """What the private key of a selector is sealed for."""
    return f"dkim:{domain}:{selector}"


async def _stored(keep: Store, domain: str) -> list[Kept]:
    rows = await keep.db.rows(
        """SELECT domain, selector, pem, from_ms, until_ms FROM dkim_key
        WHERE domain = ? AND (until_ms = 0 OR until_ms >= ?) ORDER BY from_ms, id""",
        domain,
        _forgotten(),
    )
    found = []
    for _, selector, pem, from_ms, until_ms in rows:
        private = await secrets.opened(keep, pem, purpose(domain, selector))
        found.append(Kept(_load(domain, selector, private), from_ms, until_ms))
    return found


def _forgotten() -> int:
    return clock.now_ms() - KEEP_DAYS * _DAY_MS


def _free(used: set[str]) -> str:
    """How a selector that is not used begins: the day, and a number from the second time on."""
    day = clock.now().strftime("%Y%m%d")
    marks = (day, *(f"{day}-{number}" for number in range(2, len(used) + 3)))
    return next(mark for mark in marks if f"{mark}-rsa" not in used)


def author_domain(text: Text) -> str:
    """The domain of the first author, in small letters."""
    emails = [one.email for field in text.all("from") for one in mime.as_addresses(field.value)]
    return domain_as_ascii(f"x@{split_address(emails[0])[1]}")[2:].lower() if emails else ""
