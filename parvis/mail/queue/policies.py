"""The policies of other domains for TLS (MTA-STS), fetched when they are announced and kept as long as they say.
RFC 8461"""

import logging

from parvis.kernel import clock
from parvis.kernel.egress import Egress
from parvis.kernel.errors import EgressRefused, Invalid, Unavailable
from parvis.kernel.later import httpx
from parvis.kernel.resolver import Resolver
from parvis.kernel.settings import Settings
from parvis.mail.queue import trust
from parvis.mail.queue.lookup import addresses
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire import sts
from parvis.wire.sts import Policy

PORT = 443
_SECONDS = 20.0
_AGAIN_MS = 86_400_000
"""A policy whose id is still the same is fetched again after a day, so that its time does not run out (RFC 8461
§10.2)."""
_PAUSE_MS = 300_000
"""Between two tries to fetch (RFC 8461 §3.3)."""
_MANY = 10_000
_log = logging.getLogger(__name__)


class Policies:
    """What domains want."""

    def __init__(self, keep: Store, settings: Settings, egress: Egress, resolver: Resolver) -> None:
        self._keep, self._settings, self._egress, self._resolver = keep, settings, egress, resolver
        self._failed: dict[str, int] = {}

    async def of(self, domain: str) -> Policy | None:
        """The policy that counts for a domain now; None when it has none. One that was fetched counts until its
        time is over, whatever DNS and the web say meanwhile (RFC 8461 §3.4, §5.1, §8.1)."""
        now = clock.now_ms()
        row = await self._keep.db.row(
            "SELECT policy_id, body, fetched_ms FROM sts_policy WHERE domain = ? AND expires_ms > ?", domain, now
        )
        kept = sts.parse(row[1]) if row else None
        try:
            announced = sts.policy_id(await self._resolver.texts(f"_mta-sts.{domain}"))
        except Unavailable:
            return kept
        if announced is None or (row and row[0] == announced and row[2] > now - _AGAIN_MS):
            return kept
        return await self._renewed(domain, announced) or kept

    async def _renewed(self, domain: str, announced: str) -> Policy | None:
        """The policy as it is on the web now, which is kept. None when it cannot be had."""
        now = clock.now_ms()
        if self._failed.get(domain, 0) > now - _PAUSE_MS:
            return None
        try:
            body = await self.fetch(domain)
            policy = sts.parse(body)
        except (Invalid, Unavailable, EgressRefused) as error:
            if len(self._failed) >= _MANY:
                self._failed.clear()
            self._failed[domain] = now
            _log.warning("the MTA-STS policy of %s cannot be had: %s", domain, error.sentence)
            return None

        async def work(unit: Unit) -> None:
            await unit.run("DELETE FROM sts_policy WHERE expires_ms <= ?", now)
            await unit.run(
                """INSERT INTO sts_policy (domain, policy_id, body, fetched_ms, expires_ms) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (domain) DO UPDATE SET policy_id = excluded.policy_id, body = excluded.body,
                fetched_ms = excluded.fetched_ms, expires_ms = excluded.expires_ms""",
                domain, announced, body, now, now + policy.max_age * 1000,
            )  # fmt: skip

        await self._keep.write(work)
        return policy

    async def fetch(self, domain: str) -> str:
        """The text of the policy, from its host alone and with a certificate that is right (RFC 8461 §3.3). Raises
        Unavailable, Invalid, EgressRefused."""
        host = f"mta-sts.{domain}"
        found = (await addresses(self._resolver, self._settings, host)).addresses
        if not found:
            raise Unavailable(f"{host} has no address")
        address = f"[{found[0]}]" if ":" in found[0] else found[0]
        url = f"https://{address}:{PORT}/.well-known/mta-sts.txt"
        tls = trust.context(verified=True)
        try:
            async with self._egress.http("mail-delivery", timeout=_SECONDS, tls=tls) as client:
                named = {"headers": {"Host": host}, "extensions": {"sni_hostname": host}}
                async with client.stream("GET", url, **named) as answer:  # type: ignore[arg-type]
                    return await _text(answer)
        except (httpx.HTTPError, OSError) as error:
            raise Unavailable(f"{host} does not answer: {error}") from error


async def _text(answer: "httpx.Response") -> str:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.status_code != httpx.codes.OK or kind != "text/plain":
        raise Invalid(f"no policy: {answer.status_code} {kind}")
    body = b""
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > sts.POLICY_BYTES:
            raise Invalid("the policy is too long")
    return body.decode("utf-8", "replace")
