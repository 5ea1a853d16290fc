"""How TLS went on the way to domains that want to know: counted, and told to them once a day. RFC 8460, RFC 8461
§6"""

import logging

from parvis.kernel import clock
from parvis.kernel.errors import ParvisError
from parvis.kernel.resolver import Resolver
from parvis.mail.queue.route import Host
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire import tlsrpt

DAY_MS = 86_400_000
_COUNT = """INSERT INTO tls_result (day, domain, kind, policy, exchanger, address, result, reason, sessions)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (day, domain, kind, exchanger, address, result)
    DO UPDATE SET sessions = tls_result.sessions + 1"""
_log = logging.getLogger(__name__)


class Tally:
    """Counts."""

    def __init__(self, keep: Store, resolver: Resolver) -> None:
        self._keep, self._resolver = keep, resolver

    async def note(self, host: Host, result: str, reason: str = "") -> None:
        """Counts one connection, `result` being empty for a success. Never fails: mail is more important."""
        domain = host.trust.domain
        try:
            if not domain or not tlsrpt.recipients(await self._resolver.texts(f"_smtp._tls.{domain}")):
                return
            kind = "no-policy-found" if host.trust.kind == "any" else host.trust.kind
            key = clock.now_ms() // DAY_MS, domain, kind, "\n".join(host.trust.policy), host.name, host.address

            async def work(unit: Unit) -> None:
                await unit.run(_COUNT, *key, result, reason[:200])

            await self._keep.write(work)
        except ParvisError as error:
            _log.warning("how TLS to %s went is not counted: %s", domain, error.sentence)
