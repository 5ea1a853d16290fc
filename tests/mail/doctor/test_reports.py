"""Reports that come by mail are counted once, when they can be believed, and do no harm when not."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel import clock
from parvis.kernel.errors import Invalid
from parvis.mail import service
from parvis.mail.doctor import findings, refusals, reports
from parvis.mail.smtp.wiring import HOOKS
from tests.mail.smtp.conftest import Site, talking
from tests.report_samples import dmarc_mail, google, tls, tls_mail

DAY = 86_400
BEGIN = int(time.time()) // DAY * DAY - DAY
YESTERDAY = clock.utc_date(BEGIN * 1000)[:10]
ROWS = [("192.0.2.1", 12, "none", "pass", "pass"), ("203.0.113.9", 3, "quarantine", "fail", "fail")]


def report(number: str = "123", domain: str = "example.org", begin: int = BEGIN) -> bytes:
    return google(domain, begin, ROWS, number)


async def bring(site: Site, *mails: bytes) -> None:
    root = site.people.get("root") or await site.person("root", administrator=True)
    for raw in mails:
        await service.deliver(site.store, [service.Delivery(root.id)], raw, hooks=HOOKS)
    await site.idle()


async def counted(site: Site) -> list[tuple]:
    return await site.store.db.rows(
        "SELECT domain, source, dkim, spf, disposition, messages FROM dmarc_count ORDER BY report_id, source"
    )


@pytest.fixture(autouse=True)
def ours(mail_settings) -> None:
    mail_settings.domains = ["example.org", "example.net"]
    mail_settings.hostname = "localhost"


@pytest.mark.parametrize("packed", ["gzip", "zip", "plain"])
async def test_a_report_is_counted_once_and_the_mail_stays(site: Site, packed: str) -> None:
    raw = dmarc_mail("example.org", report(), packed)
    await bring(site, raw, raw)
    assert await counted(site) == [
        ("example.org", "192.0.2.1", 1, 1, "none", 12), ("example.org", "203.0.113.9", 0, 0, "quarantine", 3),
    ]  # fmt: skip
    assert await site.store.db.rows("SELECT kind, domain, sender, number, reporter FROM mail_report") == [
        ("dmarc", "example.org", "google.com", "123", "google.com")
    ]
    assert len(await site.inbox(site.people["root"], 2)) == 2


async def test_through_the_door_to_the_postmaster(site: Site) -> None:
    await site.person("root", administrator=True)
    async with talking(site.ports["smtp"]) as talk:
        await talk.hello()
        raw = dmarc_mail("example.org", report())
        answer = await talk.message("postmaster@example.org", raw.removesuffix(b"\r\n"))
        assert answer.startswith("250"), answer
    await site.idle()
    assert len(await counted(site)) == 2


async def test_what_is_not_believed(site_sqlite: Site) -> None:
    site = site_sqlite
    await bring(
        site,
        dmarc_mail("example.org", report("1"), proved=False),
        dmarc_mail("elsewhere.example", report("2", "elsewhere.example")),
        dmarc_mail("example.org", report("3", begin=BEGIN - 200 * DAY)),
        dmarc_mail("example.org", report("4", begin=BEGIN + 30 * DAY)),
    )
    assert await counted(site) == []


async def test_broken_reports_are_noted(site: Site) -> None:
    bomb = bytes(11_000_000)
    await bring(site, dmarc_mail("example.org", b"<feedback>"), dmarc_mail("example.org", bomb, "zip"))
    _, reported = await findings.find(site.store.db, frozenset(), {})
    found, _ = await findings.find(site.store.db, frozenset(), {})
    assert [(one.words, one.count) for one in found] == [("unread", 2)] and reported.dmarc == 0
    assert not await site.store.db.value("SELECT COUNT(*) FROM job WHERE finished_ms IS NULL")


async def test_one_sender_fills_no_table(site_sqlite: Site, monkeypatch) -> None:
    monkeypatch.setattr(reports, "_OF_ONE_SENDER", 2)
    await bring(site_sqlite, *(dmarc_mail("example.org", report(str(number))) for number in range(4)))
    assert await site_sqlite.store.db.value("SELECT COUNT(*) FROM mail_report") == 2


@pytest.mark.parametrize("packed", [True, False])
async def test_reports_of_tls(site: Site, packed: bool) -> None:
    data = tls("example.org", YESTERDAY, 40, [("certificate-expired", 3, "mail.example.org")])
    await bring(site, tls_mail("example.org", data, packed=packed))
    rows = await site.store.db.rows("SELECT domain, kind, result, host, sessions FROM tls_count ORDER BY sessions")
    assert rows == [
        ("example.org", "sts", "certificate-expired", "mail.example.org", 3), ("example.org", "sts", "", "", 40),
    ]  # fmt: skip
    found, reported = await findings.find(site.store.db, frozenset(), {})
    assert [(one.severity, one.words, one.count) for one in found] == [("fault", "tls-certificate", 3)]
    assert reported.tls == 1 and reported.reporters == ("Google Inc.",)


async def test_old_reports_go(site: Site) -> None:
    await bring(site, dmarc_mail("example.org", report()))
    assert await reports.forget(site.store) == 0
    with clock.frozen(clock.now_ms() + 95 * DAY * 1000):
        assert await reports.forget(site.store) == 3
    assert await counted(site) == []


async def test_refusals_go_when_they_are_not_shown_any_more(site: Site) -> None:
    await site.store.write(lambda unit: refusals.note(unit, "x@one.example", "550 5.1.1 no such user"))
    assert await reports.forget(site.store) == 0
    with clock.frozen(clock.now_ms() + 16 * DAY * 1000):
        assert await refusals.of_late(site.store.db) == []
        assert await reports.forget(site.store) == 1


WHOLE = (dmarc_mail("example.org", report()), tls_mail("example.org", tls("example.org", YESTERDAY, 40, [])))


@given(st.binary(max_size=200), st.integers(0, 3000), st.integers(0, 40))
def test_mail_of_any_kind_does_no_harm(noise: bytes, place: int, gone: int) -> None:
    for whole in WHOLE:
        raw = whole[:place] + noise + whole[place + gone :]
        reports._sender(raw, "localhost")
        with contextlib.suppress(Invalid):
            reports._read(raw, ["example.org"])
    assert [len(reports._read(whole, ["example.org"])) for whole in WHOLE] == [1, 1]
