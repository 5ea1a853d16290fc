"""Reports of other servers about our domains, as they arrive by mail: about mail in our name (DMARC, RFC 7489)
and about TLS on the way to us (RFC 8460 §5). They are read and counted beside the mail, which stays where it goes.

Anybody can write one. So it counts only when it is about a domain of ours, of a time not long past, and sent by
somebody whose domain is proved (SPF or DKIM); each counts once, and one sender can fill no table."""

import asyncio
import logging
from dataclasses import dataclass, field

from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid
from parvis.kernel.settings import Settings
from parvis.mail.doctor import refusals
from parvis.mail.forwarding import found_before
from parvis.mail.service import Delivered
from parvis.store.jobs import Job, Jobs
from parvis.store.sql.contract import Tx
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire import dmarc_report, mime, tlsrpt
from parvis.wire.dkim import within
from parvis.wire.smtp import split_address
from parvis.wire.unpack import unpack

JOB = "mail-report-read"
KEPT_DAYS = 90
_DAY_MS = 86_400_000
_LONGEST_DAYS = 8
_OF_ONE_SENDER = 100
"""Reports about one domain from one sender in a day."""
_PARTS = 5
_TEXTS = ("text/plain", "text/html")
_PAGE = 500
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """One report as it is kept; `rows` are those of `dmarc_count` or `tls_count`, the columns after `domain`."""

    kind: str
    domain: str
    reporter: str
    number: str
    begin_ms: int
    end_ms: int
    rows: tuple[tuple[object, ...], ...] = field(default=())


async def on_delivery(unit: Unit, delivered: Delivered) -> None:
    """A hook of delivery: what looks like a report is read in a job."""
    if delivered.email is None:
        return
    subject = (delivered.parsed.summary["subject"] or "").lower()
    if "report domain" in subject or "dmarc" in subject or b"tlsrpt" in delivered.parsed.header.lower():
        args = {"email": delivered.email.id}
        await Jobs.add(unit, JOB, args, account_id=delivered.delivery.account_id)


class ReportReader:
    """Handles the jobs of kind `mail-report-read`."""

    def __init__(self, keep: Store, settings: Settings) -> None:
        self._keep, self._settings = keep, settings

    async def handle(self, job: Job) -> None:
        """Reads what a message brings, and keeps it. What cannot be read is noted, and does no harm."""
        row = await self._keep.db.row("SELECT blob FROM email WHERE id = ?", int(job.args["email"]))
        if row is None:
            return
        raw = await self._keep.blobs.get(row[0])
        sender = await asyncio.to_thread(_sender, raw, self._settings.hostname)
        if not sender:
            return
        try:
            found = await asyncio.to_thread(_read, raw, self._settings.domains)
        except Invalid as error:
            _log.warning("a report from %s cannot be read: %s", sender, error.sentence)
            found = [Heard("unread", "", "", row[0], clock.now_ms(), clock.now_ms())]
        for one in found:
            await self._keep.write(lambda unit, one=one: keep(unit, one, sender))  # type: ignore[misc]


def _sender(raw: bytes, server: str) -> str:
    """The domain that the message is from; empty when nothing proves it. What no other server brought is believed:
    then we have found nothing out about it."""
    header = mime.parse(raw).root.last("From")
    addresses = mime.as_addresses(header.value) if header else []
    domain = split_address(addresses[0].email)[1].lower() if addresses else ""
    results = found_before(raw, server)
    proved = any((one.method, one.value) in (("dkim", "pass"), ("spf", "pass")) for one in results)
    return domain[:253] if proved or not results else ""


def _read(raw: bytes, domains: list[str]) -> list[Heard]:
    """The reports in a message, of those of them that are about our domains. Raises Invalid."""
    parts = [part for part in mime.parse(raw).leaves() if part.media_type not in _TEXTS][:_PARTS]
    found = []
    for part in parts:
        data = unpack(mime.decode_body(raw, part)).removeprefix(b"\xef\xbb\xbf").lstrip()
        if data.startswith(b"{"):
            found += _of_tls(tlsrpt.read(data), domains)
        elif data.startswith(b"<"):
            found += _of_dmarc(dmarc_report.read(data), domains)
    return found


def _of_dmarc(report: dmarc_report.Report, domains: list[str]) -> list[Heard]:
    rows = tuple(
        (row.source, row.header_from, int(row.dkim), int(row.spf), row.disposition, count)
        for row, count in report.rows
    )
    begin, end = report.begin * 1000, report.end * 1000
    own = _own(report.domain, domains)
    return _plausible(Heard("dmarc", own, report.reporter, report.report_id, begin, end, rows))


def _of_tls(report: tlsrpt.Heard, domains: list[str]) -> list[Heard]:
    begin, end = clock.to_ms(report.begin), clock.to_ms(report.end)
    found = []
    for domain in domains:
        rows = tuple((one.kind, one.result, one.host, n) for one, n in report.counts if one.domain == domain)
        if rows:
            found += _plausible(Heard("tls", domain, report.reporter, report.report_id, begin, end, rows))
    return found


def _own(domain: str, domains: list[str]) -> str:
    """Which of our domains another is, or is below; empty when none."""
    return max((own for own in domains if within(domain, own)), key=len, default="")


def _plausible(heard: Heard) -> list[Heard]:
    """A report about a domain of ours and a time not long past. Raises Invalid for an impossible time."""
    now = clock.now_ms()
    if not now - KEPT_DAYS * _DAY_MS <= heard.begin_ms <= now + _DAY_MS:
        raise Invalid("the report is of another time")
    if not heard.begin_ms <= heard.end_ms <= heard.begin_ms + _LONGEST_DAYS * _DAY_MS:
        raise Invalid("the report is of too long a time")
    return [heard] if heard.domain else []


async def keep(unit: Unit, heard: Heard, sender: str) -> None:
    """Keeps a report, unless it is here already or its sender has sent too many."""
    now, number = clock.now_ms(), ids.new_id()
    sent = await unit.value(
        "SELECT COUNT(*) FROM mail_report WHERE kind = ? AND domain = ? AND sender = ? AND received_ms > ?",
        heard.kind, heard.domain, sender, now - _DAY_MS,
    )  # fmt: skip
    if sent >= _OF_ONE_SENDER:
        return
    added = await unit.run(
        """INSERT INTO mail_report (id, kind, domain, sender, number, reporter, received_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING""",
        number, heard.kind, heard.domain, sender, heard.number, heard.reporter, now,
    )  # fmt: skip
    if not added or not heard.rows:
        return
    table = "dmarc_count" if heard.kind == "dmarc" else "tls_count"
    marks = ", ".join("?" * (3 + len(heard.rows[0])))
    head = (number, heard.begin_ms // _DAY_MS, heard.domain)
    columns = {
        "dmarc_count": "source, header_from, dkim, spf, disposition, messages",
        "tls_count": "kind, result, host, sessions",
    }[table]
    await unit.many(
        f"INSERT INTO {table} (report_id, day, domain, {columns}) VALUES ({marks})",
        [(*head, *row) for row in heard.rows],
    )


async def forget(store: Store) -> int:
    """Removes reports older than 90 days, and refusals that are not shown any more. Returns how many rows."""
    now = clock.now_ms()
    day, removed = now // _DAY_MS - KEPT_DAYS, 0
    for table, key, column, before in (
        ("dmarc_count", "report_id, source, header_from, dkim, spf, disposition", "day", day),
        ("tls_count", "report_id, kind, result, host", "day", day),
        ("refusal", "day, domain, reason", "day", now // _DAY_MS - refusals.DAYS),
        ("mail_report", "id", "received_ms", now - KEPT_DAYS * _DAY_MS),
    ):
        old = f"SELECT {key} FROM {table} WHERE {column} < ? LIMIT {_PAGE}"

        async def work(
            tx: Tx, sql: str = f"DELETE FROM {table} WHERE ({key}) IN ({old})", than: int = before
        ) -> int:
            return await tx.run(sql, than)

        while count := await store.db.write(work):
            removed += count
    return removed
