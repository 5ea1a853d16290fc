"""The report of how TLS went, once a day for each domain that wants one, by mail. RFC 8460 §4, §5"""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import cast

from parvis.kernel import clock, ids
from parvis.kernel.errors import Unavailable
from parvis.kernel.resolver import Resolver
from parvis.kernel.settings import Settings
from parvis.mail.queue.model import Letter, To
from parvis.mail.queue.recipients import administrators
from parvis.mail.queue.service import Queue
from parvis.mail.queue.tally import DAY_MS
from parvis.store.jobs import Job, Jobs, Retry
from parvis.store.sql.contract import Row
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire import mime, tlsrpt
from parvis.wire.mime.compose import Addresses, Draft, DraftPart, Field, Raw, Text, compose

JOB = "mail-tls-report"
_KEPT_DAYS = 7
"""A report that cannot be sent for so long is not sent any more."""


class TlsReporter:
    """Handles the job of kind `mail-tls-report`, which comes back every day."""

    def __init__(self, keep: Store, settings: Settings, queue: Queue, resolver: Resolver) -> None:
        self._keep, self._settings, self._queue, self._resolver = keep, settings, queue, resolver

    async def plan(self) -> None:
        """Adds the job when it is not there."""
        await self._keep.write(lambda unit: Jobs.add(unit, JOB, {}, key="daily"))

    async def handle(self, job: Job) -> None:
        """Reports of all days that are over. Raises Retry for tomorrow, after midnight (UTC)."""
        today = clock.now_ms() // DAY_MS
        rows = await self._keep.db.rows(
            "SELECT DISTINCT day, domain FROM tls_result WHERE day < ? LIMIT 5000", today
        )
        for day, domain in rows:
            await self._report(day, domain)
        await self._keep.write(lambda unit: unit.run("DELETE FROM tls_result WHERE day < ?", today - _KEPT_DAYS))
        raise Retry((today + 1) * DAY_MS + 3_600_000, "")

    async def _report(self, day: int, domain: str) -> None:
        """One report, in one unit with the note that it is written; later when DNS does not say for whom."""
        try:
            to = tlsrpt.recipients(await self._resolver.texts(f"_smtp._tls.{domain}"))
        except Unavailable:
            return
        owners = await administrators(self._keep.db)
        forget = partial(_forget, day=day, domain=domain)
        if not to or not owners or not self._settings.domains:
            await self._keep.write(forget)
            return
        rows = await self._keep.db.rows(
            """SELECT kind, policy, exchanger, address, result, reason, sessions FROM tls_result
            WHERE day = ? AND domain = ? ORDER BY kind, exchanger, address, result""",
            day, domain,
        )  # fmt: skip
        raw = self._written(day, domain, rows, to)
        letter = Letter(
            account_id=owners[0],
            sender="",
            to=tuple(To(address, notify="NEVER") for address in to),
            blob=await self._keep.blobs.put(raw),
            size=len(raw),
            lax=True,
        )
        destinations = await self._queue.destinations(letter)

        async def work(unit: Unit) -> None:
            if await forget(unit):
                await Queue.add(unit, letter, destinations)

        await self._keep.write(work)

    def _written(self, day: int, domain: str, rows: Sequence[Row], to: Sequence[str]) -> bytes:
        own, number = self._settings.domains[0], ids.text(ids.new_id())
        contact = f"postmaster@{own}"
        start, end = clock.from_ms(day * DAY_MS), clock.from_ms((day + 1) * DAY_MS - 1000)
        report = tlsrpt.Report(own, tlsrpt.Span(start, end), contact, number, _policies(domain, rows))
        span = f"{day * DAY_MS // 1000}!{(day + 1) * DAY_MS // 1000 - 1}"
        fields = (
            Field("From", Addresses((mime.Address(None, contact),))),
            Field("To", Addresses(tuple(mime.Address(None, address) for address in to))),
            Field("Subject", Text(f"Report Domain: {domain} Submitter: {own} Report-ID: <{number}@{own}>")),
            Field("TLS-Report-Domain", Raw(domain)),
            Field("TLS-Report-Submitter", Raw(own)),
            Field("Auto-Submitted", Raw("auto-generated")),
        )
        text = f"How TLS went from {own} to {domain} on {start:%Y-%m-%d}: see the attached report (RFC 8460).\n"
        name = f"{own}!{domain}!{span}!{number}.json.gz"
        structure = DraftPart(
            "multipart/report",
            params=(("report-type", "tlsrpt"),),
            children=(
                DraftPart("text/plain", text),
                DraftPart("application/tlsrpt+gzip", report.packed(), name=name, disposition="attachment"),
            ),
        )
        draft = Draft(clock.now(), f"{number}@{own}", fields, structure)
        return compose(draft, iter(lambda: ids.text(ids.new_id()), ""))


def _policies(domain: str, rows: Sequence[Row]) -> tuple[tlsrpt.Result, ...]:
    """What was counted, by policy. RFC 8460 §4.4"""
    by_policy: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for kind, policy, *rest in rows:
        by_policy[kind, policy].append(tuple(rest))
    found = []
    for (kind, policy), counted in by_policy.items():
        lines = tuple(line for line in policy.split("\n") if line)
        servers = tuple(line.removeprefix("mx: ") for line in lines if line.startswith("mx: "))
        good = sum(row[4] for row in counted if not row[2])
        failures = tuple(
            tlsrpt.Failure(result, sessions, exchanger, address, reason)
            for exchanger, address, result, reason, sessions in counted
            if result
        )
        bad = sum(one.failed_session_count for one in failures)
        named = tlsrpt.Policy(cast(tlsrpt.Kind, kind), domain, lines, servers)
        found.append(tlsrpt.Result(named, tlsrpt.Summary(good, bad), failures))
    return tuple(found)


async def _forget(unit: Unit, day: int, domain: str) -> int:
    return await unit.run("DELETE FROM tls_result WHERE day = ? AND domain = ?", day, domain)
