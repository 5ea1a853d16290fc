"""The demo's month of reports and refusals, on any day: what the administrator is told of it, and that it comes once."""

import pytest

from parvis.kernel import clock
from parvis.mail.doctor import findings
from parvis.ops.demo import scenario, standing
from parvis.ops.demo.dates import Calendar

DAY_MS = 86_400_000


@pytest.mark.parametrize("later", range(7))
async def test_the_administrator_has_something_to_read(store_sqlite, later: int) -> None:
    domains, now = scenario.organisation().domains, clock.now_ms() + later * DAY_MS
    with clock.frozen(now):
        await standing.write(store_sqlite, domains, Calendar(now))
        found, reported = await findings.find(store_sqlite.db, set(), {})
    told = {one.words: one.severity for one in found}
    assert told["unknown"] == "note" and told["dmarc"] == "fault" and told["full"] == "note"
    assert told["own-unproved"] == "note" and told["tls-certificate"] == "fault" and told["tls-fine"] == "good"
    assert {day.domain for day in reported.days} == set(domains)
    assert len({day.day for day in reported.days}) == standing.DAYS
    proved, unproved = sum(day.aligned for day in reported.days), sum(day.failed for day in reported.days)
    assert 0 < unproved < proved / 10
    assert set(reported.reporters) == {"google.com", "Outlook.com", "Yahoo", "Fastmail Pty Ltd"}
    assert reported.tls == standing.DAYS * len(domains)


async def test_a_second_run_adds_nothing(store_sqlite) -> None:
    domains, calendar = scenario.organisation().domains, Calendar(clock.now_ms())

    async def kept() -> list[int]:
        return [
            await store_sqlite.db.value(f"SELECT {what} FROM {table}")
            for table, what in (
                ("mail_report", "COUNT(*)"),
                ("dmarc_count", "COUNT(*)"),
                ("refusal", "SUM(messages)"),
            )
        ]

    await standing.write(store_sqlite, domains, calendar)
    before = await kept()
    await standing.write(store_sqlite, domains, calendar)
    assert await kept() == before and before[2] == 9
