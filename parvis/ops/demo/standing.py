"""How the demo's mail stands with other servers: a month of their reports, and what they refused of it, so that the
administrator's page of mail has something to say."""

from collections.abc import Iterator, Sequence

from parvis.kernel import clock
from parvis.mail.doctor import refusals, reports
from parvis.mail.doctor.reports import Heard
from parvis.ops.demo.dates import Calendar
from parvis.store.store import Store
from parvis.store.unit import Unit

DAYS = 30
_DAY_MS = 86_400_000
_SERVER, _OLD_SERVER, _PARTNER = "192.0.2.25", "192.0.2.7", "198.51.100.40"
_REPORTERS = (("google.com", 30), ("Outlook.com", 22), ("Yahoo", 9), ("Fastmail Pty Ltd", 4))
"""Who reports, and of how many messages on a working day."""
_FAILING_DAYS = 9
"""So long ago others could not check the certificate of the server that takes mail of the second domain."""
_REFUSALS = (
    ("-5 18:19", "archive@old-gauges.example", "550 5.4.1 no server of old-gauges.example takes a connection", 1),
    ("-2 16:05", "anciens@sinhvien.example", "550 5.1.1 User unknown", 2),
    ("-4 09:12", "accueil@mairie-valmont.example", "552 5.2.2 The mailbox is full", 2),
    ("-3 10:30", "secretariat@personnel-valmont.example",
     "550 5.7.26 This message is not authenticated: it passes neither SPF nor DKIM", 4),
)  # fmt: skip
"""The first is told of in a bounce of the scenario."""


async def write(store: Store, domains: Sequence[str], calendar: Calendar) -> None:
    """Puts reports about `domains` and refusals in, unless there are some."""
    if await store.db.value("SELECT COUNT(*) FROM mail_report"):
        return

    async def work(unit: Unit) -> None:
        for sender, heard in _heard(domains, calendar.now_ms // _DAY_MS):
            await reports.keep(unit, heard, sender)
        for when, address, reply, count in _REFUSALS:
            for _ in range(count):
                await refusals.note(unit, address, reply, clock.to_ms(calendar.moment(when)))

    await store.write(work)


def _heard(domains: Sequence[str], today: int) -> Iterator[tuple[str, Heard]]:
    """The reports of the days before `today`, a number of days since 1970; with the domain that sends each."""
    for ago in range(DAYS, 0, -1):
        day = today - ago
        for domain in domains:
            for reporter, usual in _REPORTERS:
                messages = _messages(usual - 5 * domains.index(domain), day)
                if messages > 0:
                    rows = _rows(domain, domains.index(domain), messages, ago)
                    yield _sender(reporter), _report("dmarc", domain, reporter, day, rows)
            yield "google.com", _report("tls", domain, "google.com", day, _sessions(domain, domains, day, ago))


def _messages(usual: int, day: int) -> int:
    """Fewer at weekends, and never quite the same. Day 0 was a Thursday."""
    weekend = (day + 3) % 7 > 4
    return usual // 6 if weekend else usual + day * 7 % 11 - 5


def _rows(domain: str, index: int, messages: int, ago: int) -> tuple[tuple[object, ...], ...]:
    """Nearly all is proved. A partner's newsletter of the first domain is proved by its address alone; until the
    change of servers the old one of the third did not sign; somebody forges the second one's name some days."""
    rows: list[tuple[object, ...]] = [(_SERVER, domain, 1, 1, "none", messages)]
    if index == 0 and ago % 7 == 2:
        rows.append((_PARTNER, domain, 0, 1, "none", messages // 3 + 1))
    if index == 1 and ago in (4, 5, 17):
        rows.append(("203.0.113.66", domain, 0, 0, "quarantine", messages // 2 + 3))
    if index == 2:
        rows.append((_OLD_SERVER, domain, 0, int(ago % 3 > 0), "none", 1 + ago // 12))
    return tuple(rows)


def _sessions(domain: str, domains: Sequence[str], day: int, ago: int) -> tuple[tuple[object, ...], ...]:
    good = ("sts", "", "", 20 + day * 5 % 13)
    if ago == _FAILING_DAYS and domain == domains[1]:
        return good, ("sts", "certificate-host-mismatch", f"mx.{domain}", 4)
    return (good,)


def _report(kind: str, domain: str, reporter: str, day: int, rows: tuple[tuple[object, ...], ...]) -> Heard:
    begin = day * _DAY_MS
    return Heard(kind, domain, reporter, f"{kind}-{reporter}-{day}", begin, begin + _DAY_MS - 1000, rows)


def _sender(reporter: str) -> str:
    return {"Outlook.com": "microsoft.com", "Yahoo": "yahooinc.com", "Fastmail Pty Ltd": "fastmaildmarc.com"}.get(
        reporter, reporter
    )
