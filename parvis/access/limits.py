"""Guessing passwords is slow: failures are counted by who is tried and from which network, and each makes the next
try wait longer. The counts are stored, so that neither a restart nor another node forgets them."""

import asyncio
import ipaddress
import weakref
from dataclasses import dataclass
from types import TracebackType

from parvis.kernel import clock
from parvis.kernel.errors import RateLimited, Unauthenticated
from parvis.store.sql.contract import Tx, marks
from parvis.store.store import Store

_FORGOTTEN_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Rule:
    """After `free` failures each one doubles the wait, from one second up to `most_ms`."""

    free: int
    most_ms: int

    def wait_ms(self, failures: int) -> int:
        """How long after the last of so many failures nobody may try again."""
        over = failures - self.free
        return 0 if over < 0 else min(self.most_ms, 1000 << min(over, 30))


# One person from one network soon waits long; a whole network later; a person tried from everywhere waits little,
# so that nobody can lock a stranger out for long.
PAIR = Rule(5, 900_000)
NETWORK = Rule(30, 3_600_000)
ADDRESS = Rule(50, 30_000)
_turns: "weakref.WeakValueDictionary[str, asyncio.Lock]" = weakref.WeakValueDictionary()


def network(remote: str) -> str:
    """The network a client's address is counted as: /24 for IPv4, /56 for IPv6."""
    try:
        address = ipaddress.ip_address(remote.partition("%")[0])
    except ValueError:
        return "?"
    mapped = getattr(address, "ipv4_mapped", None) or address
    return str(ipaddress.ip_network((mapped, 24 if mapped.version == 4 else 56), strict=False))


class Attempt:
    """One try to sign in, as an async context. Entering raises RateLimited with `retry_after` (seconds); leaving
    with Unauthenticated counts a failure, leaving without an error forgives this person from this network. Tries
    for one person from one network are made one after the other, so that guessing in parallel gains nothing."""

    def __init__(self, store: Store, username: str, remote: str) -> None:
        self._store = store
        who, where = "".join(filter(str.isprintable, username)).strip().lower()[:320], network(remote)
        self._rules = {f"{who} {where}": PAIR, f"@ {where}": NETWORK, f"{who} @": ADDRESS}
        self._pair = next(iter(self._rules))
        self._failures: dict[str, int] = {}
        self._turn = _turns.setdefault(self._pair, asyncio.Lock())

    async def __aenter__(self) -> "Attempt":
        await self._turn.acquire()
        try:
            await self._check()
        except BaseException:
            self._turn.release()
            raise
        return self

    async def _check(self) -> None:
        now = clock.now_ms()
        names = list(self._rules)
        rows = await self._store.db.rows(
            f"SELECT name, failures, last_ms FROM attempt WHERE name IN {marks(len(names))} AND last_ms > ?",
            *names,
            now - _FORGOTTEN_MS,
        )
        last = {name: (failures, last_ms) for name, failures, last_ms in rows}
        for name, rule in self._rules.items():
            self._failures[name], last_ms = last.get(name, (0, now))
            left = last_ms + rule.wait_ms(self._failures[name]) - now
            if left > 0:
                raise RateLimited("too many failed sign-ins", retry_after=-(-left // 1000))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is not None and issubclass(kind, Unauthenticated):
                await self._store.db.write(self._count)
            elif kind is None and self._failures[self._pair]:
                await self._store.db.write(self._forgive)
        finally:
            self._turn.release()

    async def _count(self, tx: Tx) -> None:
        now = clock.now_ms()
        await tx.many(
            """INSERT INTO attempt (name, failures, last_ms, until_ms) VALUES (?, 1, ?, ?)
            ON CONFLICT (name) DO UPDATE SET last_ms = excluded.last_ms, until_ms = excluded.until_ms,
            failures = CASE WHEN attempt.last_ms > ? THEN attempt.failures + 1 ELSE 1 END""",
            [
                (name, now, now + rule.wait_ms(self._failures[name] + 1), now - _FORGOTTEN_MS)
                for name, rule in sorted(self._rules.items())
            ],
        )

    async def _forgive(self, tx: Tx) -> None:
        await tx.run("DELETE FROM attempt WHERE name = ?", self._pair)


async def forget(store: Store) -> int:
    """Removes counts that are a day old; part of the daily tidying. Returns how many."""
    before = clock.now_ms() - _FORGOTTEN_MS

    async def work(tx: Tx) -> int:
        return await tx.run("DELETE FROM attempt WHERE last_ms <= ?", before)

    return await store.db.write(work)
