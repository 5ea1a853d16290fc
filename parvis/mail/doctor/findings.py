"""What is to be said of mail: why some was not delivered, who writes in our name and how much of it is proved, how
TLS goes on the way to us. From what is kept of answers and of reports, by six questions to the database."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from parvis.kernel import clock
from parvis.mail.doctor import refusals
from parvis.mail.doctor.reasons import OWN_FAULT
from parvis.mail.doctor.records import Published, Verdict
from parvis.mail.doctor.refusals import Trouble
from parvis.store.sql.contract import Database
from parvis.wire.dmarc import Wish

DAYS = 7
"""Of mail in our name that is told of one by one."""
CHART_DAYS = 30
_TLS_DAYS = 14
_DAY_MS = 86_400_000
_STRANGERS = 5
_STRICTER_DAYS, _STRICTER_MESSAGES = 7, 50
"""Reports of so many days, with so many messages, before a stricter record is advised."""
_STRICTER: dict[Wish, Wish] = {"none": "quarantine", "quarantine": "reject"}
_MOST = 20_000
_CERTIFICATE = ("certificate-", "validation-failure")
_DANE = ("tlsa-", "dnssec-", "dane-")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to be said: `words` is a key in FINDINGS of the words, or in REASONS when `waits` is not None.
    `values` are text or numbers; `messages` and `sessions` are shown with their noun."""

    severity: Verdict
    words: str
    values: Mapping[str, Any] = field(default_factory=dict)
    count: int = 0
    since_ms: int = 0
    example: str = ""
    line: str = ""
    waits: bool | None = None


@dataclass(slots=True)
class Source:
    """What came in the name of a domain from one address in some days."""

    address: str
    total: int = 0
    proved: int = 0
    by_spf: int = 0
    by_dkim: int = 0
    junk: int = 0
    refused: int = 0
    since: int = 0

    @property
    def unproved(self) -> int:
        """How many messages proved nothing."""
        return self.total - self.proved

    def add(self, dkim: int, spf: int, disposition: str, messages: int, day: int) -> None:
        """Counts some messages alike."""
        self.total += messages
        self.proved += messages if dkim or spf else 0
        self.by_spf += messages if spf else 0
        self.by_dkim += messages if dkim else 0
        self.junk += messages if disposition == "quarantine" else 0
        self.refused += messages if disposition == "reject" else 0
        self.since = min(self.since or day, day)


@dataclass(frozen=True, slots=True)
class Day:
    """Mail in the name of a domain on one day (since 1970), as others report it."""

    domain: str
    day: int
    aligned: int
    failed: int


@dataclass(frozen=True, slots=True)
class Reported:
    """What came in of reports in the last 30 days."""

    days: tuple[Day, ...]
    reporters: tuple[str, ...]
    dmarc: int
    tls: int
    last_ms: int


async def find(
    db: Database, addresses: AbstractSet[str], published: Mapping[str, Published]
) -> tuple[list[Finding], Reported]:
    """All there is to say, faults first, and the numbers behind it. `addresses` are those of this server."""
    troubles = await refusals.of_late(db)
    days = await _days(db)
    sources = await _sources(db)
    found = [_not_taken(one) for one in troubles]
    for domain, here in sources.items():
        found += _of_domain(domain, here, addresses)
        if not any(one.unproved and (one.proved or one.address in addresses) for one in here.values()):
            found += _stricter(domain, [day for day in days if day.domain == domain], published.get(domain))
    found += await _tls(db)
    reported, unread = await _reports(db, days)
    if unread:
        found.append(Finding("note", "unread", {"count": unread}, unread))
    order: tuple[Verdict, ...] = ("fault", "note", "good")
    return sorted(found, key=lambda one: (order.index(one.severity), -one.count)), reported


def _not_taken(one: Trouble) -> Finding:
    domains = [domain for domain, _ in one.domains.most_common()]
    return Finding(
        severity="fault" if one.reason in OWN_FAULT else "note",
        words=one.reason,
        values={"messages": one.count, "domains": domains},
        count=one.count,
        since_ms=one.since_ms,
        example=one.example,
        waits=one.waits,
    )


async def _sources(db: Database) -> dict[str, dict[str, Source]]:
    """What came in the last days, by domain and address."""
    rows = await db.rows(
        """SELECT domain, source, dkim, spf, disposition, CAST(SUM(messages) AS BIGINT) AS n, MIN(day)
        FROM dmarc_count WHERE day >= ? GROUP BY domain, source, dkim, spf, disposition ORDER BY n DESC LIMIT ?""",
        _today() - DAYS, _MOST,
    )  # fmt: skip
    found: dict[str, dict[str, Source]] = {}
    for domain, source, *rest in rows:
        found.setdefault(domain, {}).setdefault(source, Source(source)).add(*rest)
    return found


def _of_domain(domain: str, here: Mapping[str, Source], addresses: AbstractSet[str]) -> list[Finding]:
    """Who writes in the name of a domain. An address that SPF has let send is ours too; one of which some messages
    are proved and others not passes on mail of ours."""
    total, proved = sum(one.total for one in here.values()), sum(one.proved for one in here.values())
    since = min(one.since for one in here.values())
    values = {"domain": domain, "total": total, "proved": proved, "days": DAYS}
    found = [Finding("good" if proved == total else "note", "proved", values, total, since * _DAY_MS)]
    for one in here.values():
        if not (one.address in addresses or one.by_spf):
            continue
        values = {"domain": domain, "address": one.address}
        if one.unproved:
            severity: Verdict = "fault" if one.address in addresses else "note"
            found.append(_of_source(severity, "own-unproved", one, values, one.unproved))
        elif one.by_dkim < one.total:
            found.append(_of_source("note", "own-unsigned", one, values, one.total - one.by_dkim))
    if not addresses:  # then nobody can be said to be a stranger
        return found
    return found + _strangers(
        domain, [one for one in here.values() if one.address not in addresses and not one.proved]
    )


def _strangers(domain: str, found: Sequence[Source]) -> list[Finding]:
    """Those with most messages one by one, the others in a sum."""
    ordered = sorted(found, key=lambda one: -one.total)
    told = [_stranger("stranger", domain, [one]) for one in ordered[:_STRANGERS]]
    return told + ([_stranger("strangers", domain, ordered[_STRANGERS:])] if ordered[_STRANGERS:] else [])


def _stranger(words: str, domain: str, found: Sequence[Source]) -> Finding:
    total, junk = sum(one.total for one in found), sum(one.junk for one in found)
    refused = sum(one.refused for one in found)
    values = {
        "messages": total, "domain": domain, "address": found[0].address, "addresses": len(found),
        "let": total - junk - refused, "junk": junk, "refused": refused,
    }  # fmt: skip
    return Finding("note", words, values, total, min(one.since for one in found) * _DAY_MS)


def _of_source(severity: Verdict, words: str, one: Source, values: Mapping[str, Any], count: int) -> Finding:
    return Finding(severity, words, {**values, "messages": count}, count, one.since * _DAY_MS)


def _stricter(domain: str, days: Sequence[Day], published: Published | None) -> list[Finding]:
    """Whether the record can wish for more, as all that is ours is proved. RFC 7489 §6.3 (p), RFC 9989 §5.1.6"""
    wish = _STRICTER.get(published.wish) if published else None
    proved = sum(day.aligned for day in days)
    if published is None or wish is None or proved < _STRICTER_MESSAGES or len(days) < _STRICTER_DAYS:
        return []
    values = {"domain": domain, "days": len(days), "wish": published.wish, "next": wish}
    return [Finding("note", "stricter", values, line=published.line(wish))]


async def _days(db: Database) -> list[Day]:
    rows = await db.rows(
        """SELECT domain, day, CAST(SUM(CASE WHEN dkim + spf > 0 THEN messages ELSE 0 END) AS BIGINT),
        CAST(SUM(CASE WHEN dkim + spf > 0 THEN 0 ELSE messages END) AS BIGINT) FROM dmarc_count WHERE day >= ?
        GROUP BY domain, day ORDER BY domain, day LIMIT ?""",
        _today() - CHART_DAYS, _MOST,
    )  # fmt: skip
    return [Day(*row) for row in rows]


async def _tls(db: Database) -> list[Finding]:
    """How connections of others to our servers went. RFC 8460 §4.3"""
    rows = await db.rows(
        """SELECT domain, result, host, CAST(SUM(sessions) AS BIGINT) AS n, MIN(day) FROM tls_count WHERE day >= ?
        GROUP BY domain, result, host ORDER BY domain, n DESC LIMIT ?""",
        _today() - _TLS_DAYS, _MOST,
    )  # fmt: skip
    failing = {row[0] for row in rows if row[1]}
    found = []
    for domain, result, host, sessions, day in rows:
        values = {
            "domain": domain,
            "host": host or domain,
            "result": result,
            "sessions": sessions,
            "days": _TLS_DAYS,
        }
        if result or domain not in failing:
            words = _words_of(result) if result else "tls-fine"
            severity: Verdict = "fault" if result else "good"
            found.append(Finding(severity, words, values, sessions, day * _DAY_MS))
    return found


def _words_of(result: str) -> str:
    if result == "starttls-not-supported":
        return "tls-starttls"
    if result.startswith(_CERTIFICATE):
        return "tls-certificate"
    if result.startswith(_DANE):
        return "tls-dane"
    return "tls-sts" if result.startswith("sts-") else "tls-other"


async def _reports(db: Database, days: Iterable[Day]) -> tuple[Reported, int]:
    """What came, and how much of it could not be read."""
    rows = await db.rows(
        """SELECT kind, reporter, COUNT(*) AS n, MAX(received_ms) FROM mail_report WHERE received_ms > ?
        GROUP BY kind, reporter ORDER BY n DESC LIMIT 1000""",
        clock.now_ms() - CHART_DAYS * _DAY_MS,
    )  # fmt: skip
    counts = {kind: sum(row[2] for row in rows if row[0] == kind) for kind in ("dmarc", "tls", "unread")}
    reporters = tuple(dict.fromkeys(row[1] for row in rows if row[1]))
    last_ms = max((row[3] for row in rows), default=0)
    return Reported(tuple(days), reporters, counts["dmarc"], counts["tls"], last_ms), counts["unread"]


def _today() -> int:
    return clock.now_ms() // _DAY_MS
