"""What other servers did not take of ours, counted by day, so that it can be told apart from one bad address."""

import re
from collections import Counter
from dataclasses import dataclass

from parvis.kernel import clock
from parvis.mail.doctor.reasons import reason
from parvis.store.sql.contract import Database
from parvis.store.unit import Unit

DAYS = 14
_DAY_MS = 86_400_000
_MOST = 5_000
_LOCAL_PART = re.compile(r"[^\s<>()\[\]\"',;:=@]+@")
_STRANGE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_COUNT = """INSERT INTO refusal (day, domain, reason, messages, example, first_ms) VALUES (?, ?, ?, 1, ?, ?)
    ON CONFLICT (day, domain, reason)
    DO UPDATE SET messages = refusal.messages + 1, example = excluded.example"""
_WAITING = """SELECT r.reply, r.destination, o.release_ms FROM outgoing_recipient r JOIN outgoing o
    ON o.id = r.outgoing_id WHERE o.state IN ('active', 'paused') AND r.state = 'queued' AND r.reply <> ''
    ORDER BY o.queued_ms LIMIT ?"""


@dataclass(slots=True)
class Trouble:
    """Messages that were not taken for one reason: how many at which domains, since when, with an answer."""

    reason: str
    waits: bool
    domains: Counter[str]
    since_ms: int
    example: str

    @property
    def count(self) -> int:
        """How many messages, a recipient being one."""
        return self.domains.total()


async def note(unit: Unit, address: str, reply: str, at_ms: int = 0) -> None:
    """Counts one refusal for good, in the unit that notes it; it is of now unless `at_ms` says when. Who the
    recipient was is not kept."""
    if why := reason(reply):
        when, domain = at_ms or clock.now_ms(), address.rpartition("@")[2].lower()
        await unit.run(_COUNT, when // _DAY_MS, domain, why, _shown(reply), when)


async def of_late(db: Database) -> list[Trouble]:
    """What was refused in the last days and what waits now because of an answer, the most frequent first."""
    found: dict[tuple[str, bool], Trouble] = {}
    since = clock.now_ms() // _DAY_MS - DAYS
    refused = await db.rows(
        "SELECT reason, domain, messages, first_ms, example FROM refusal WHERE day > ? ORDER BY day DESC LIMIT ?",
        since, _MOST,
    )  # fmt: skip
    for why, domain, messages, first_ms, example in refused:
        _add(found, (why, False), domain, messages, first_ms, example)
    for reply, destination, release_ms in await db.rows(_WAITING, _MOST):
        if why := reason(reply):
            _add(found, (why, True), destination, 1, release_ms, _shown(reply))
    return sorted(found.values(), key=lambda one: -one.count)


def _add(
    found: dict[tuple[str, bool], Trouble], key: tuple[str, bool], domain: str, count: int, since: int, said: str
) -> None:
    one = found.setdefault(key, Trouble(*key, Counter(), since, said))
    one.domains[domain] += count
    one.since_ms = min(one.since_ms, since)


def _shown(reply: str) -> str:
    """An answer as it is kept, and shown to the administrator."""
    return _STRANGE.sub(" ", _LOCAL_PART.sub("…@", reply[:1000]))[:500]
