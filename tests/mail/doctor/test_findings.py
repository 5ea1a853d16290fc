"""What is said of mail in our name and of mail that was not taken, in sentences and in numbers."""

import pytest

from parvis.kernel import clock, ids
from parvis.mail import service
from parvis.mail.doctor import findings, refusals, saying
from parvis.mail.doctor.records import Published
from parvis.mail.smtp.wiring import HOOKS
from parvis.store.sql.contract import counting
from tests.mail.smtp.conftest import Sink, Site
from tests.mail.smtp.test_queue import put

DAY_MS = 86_400_000
OWN = frozenset({"192.0.2.1"})
NONE = {
    "example.org": Published("example.org", "none", "v=DMARC1; sp=none; p=none; rua=mailto:postmaster@example.org")
}


async def tell(
    site: Site, *rows: tuple[str, int, int, str, int], days: int = 1, domain: str = "example.org"
) -> None:
    """Rows of a report for each of some days: source, dkim, spf, disposition, messages."""
    today = clock.now_ms() // DAY_MS

    async def work(unit) -> None:
        for day in range(days):
            number = ids.new_id()
            await unit.many(
                """INSERT INTO dmarc_count (report_id, day, domain, source, header_from, dkim, spf, disposition, messages)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                [(number, today - 1 - day, domain, row[0], domain, *row[1:]) for row in rows],
            )

    await site.store.write(work)


async def found(site: Site, published=NONE) -> dict[str, findings.Finding]:
    some, _ = await findings.find(site.store.db, OWN, published)
    return {one.words: one for one in some}


async def test_strangers_in_our_name(site: Site) -> None:
    await tell(
        site,
        ("192.0.2.1", 1, 1, "none", 1200),
        ("203.0.113.9", 0, 0, "quarantine", 38),
        ("203.0.113.9", 0, 0, "none", 2),
    )
    said = {key: saying.finding(one, "en") for key, one in (await found(site)).items()}
    assert said["proved"]["sentence"] == (
        "Of 1,240 messages in the last 7 days that said to be from example.org, 1,200 proved it."
    )
    assert said["stranger"]["sentence"] == (
        "40 messages in the name of example.org came from 203.0.113.9, which is not yours: 2 let in, 38 put into junk, "
        "0 refused."
    )
    assert (said["stranger"]["severity"], said["stranger"]["count"]) == ("note", 40)
    assert set(said) == {"proved", "stranger"}
    french = saying.finding((await found(site))["proved"], "fr")["sentence"]
    assert "1\u202f240 messages" in french


async def test_many_strangers_are_a_sum(site: Site) -> None:
    await tell(site, *((f"203.0.113.{each}", 0, 0, "reject", each + 1) for each in range(8)))
    some, _ = await findings.find(site.store.db, OWN, NONE)
    told = [one for one in some if one.words == "stranger"]
    (rest,) = [one for one in some if one.words == "strangers"]
    assert [one.count for one in told] == [8, 7, 6, 5, 4] and (rest.count, rest.values["addresses"]) == (6, 3)


async def test_our_own_servers(site: Site) -> None:
    await tell(site, ("192.0.2.1", 0, 0, "none", 1), ("198.51.100.7", 0, 1, "none", 5))
    told = await found(site)
    assert (told["own-unproved"].severity, told["own-unproved"].values["address"]) == ("fault", "192.0.2.1")
    assert (told["own-unsigned"].severity, told["own-unsigned"].values["address"]) == ("note", "198.51.100.7")
    assert saying.finding(told["own-unproved"], "en")["sentence"].startswith("1 message from 192.0.2.1")


async def test_a_stricter_record_only_when_all_is_proved(site: Site) -> None:
    await tell(site, ("192.0.2.1", 1, 1, "none", 10), ("203.0.113.9", 0, 0, "none", 90), days=7)
    told = (await found(site))["stricter"]
    assert (
        told.line
        == '_dmarc.example.org. IN TXT "v=DMARC1; sp=none; p=quarantine; rua=mailto:postmaster@example.org"'
    )
    at_most = {"example.org": Published("example.org", "reject", "v=DMARC1; p=reject")}
    assert "stricter" not in await found(site, at_most) and "stricter" not in await found(site, {})
    await tell(site, ("192.0.2.1", 0, 0, "none", 1))
    assert "stricter" not in await found(site)


async def test_too_few_reports_are_no_reason(site_sqlite: Site) -> None:
    await tell(site_sqlite, ("192.0.2.1", 1, 1, "none", 1000), days=6)
    assert "stricter" not in await found(site_sqlite)


async def test_refusals_are_counted_without_saying_who(site: Site, sink: Sink) -> None:
    ann = await site.person("ann")
    sink.replies = {
        "x@one.example": "550 5.1.1 <x@one.example> no such user",
        "y@two.example": "550 5.1.1 unknown y@two.example",
        "z@one.example": "550 5.7.26 Unauthenticated email from example.org is not accepted",
    }
    for address in sink.replies:
        await put(site, ann, address)
    await site.idle()
    some = {one.words: one for one in (await findings.find(site.store.db, OWN, {}))[0]}
    assert (some["dmarc"].severity, some["dmarc"].count, some["unknown"].count) == ("fault", 1, 2)
    assert some["dmarc"].example.startswith("550 5.7.26 Unauthenticated")
    assert "x@" not in some["unknown"].example and "y@" not in some["unknown"].example
    shown = saying.finding(some["unknown"], "en")
    assert shown["sentence"] in (
        "Not delivered: 2 messages to one.example, two.example, because nobody has this address.",
        "Not delivered: 2 messages to two.example, one.example, because nobody has this address.",
    )
    assert shown["advice"].startswith("See whether") and not shown["waiting"]
    assert {saying.finding(some["dmarc"], spoken)["title"] for spoken in ("en", "fr", "vi")} == {
        "Not proved to be yours", "Origine non prouvée", "Không chứng minh được là của bạn",
    }  # fmt: skip


async def test_what_waits(site: Site, sink: Sink) -> None:
    site.settings.delivery.retries[:] = [3600]
    ann = await site.person("ann")
    sink.replies = {"x@one.example": "450 4.2.0 Greylisted, try again"}
    await put(site, ann, "x@one.example")
    while not await refusals.of_late(site.store.db):
        await site.idle_step()
    (one,) = (await findings.find(site.store.db, OWN, {}))[0]
    assert (one.words, one.waits, one.severity, one.count) == ("grey", True, "note", 1)
    assert saying.finding(one, "en")["sentence"].startswith("Still waiting: 1 message to one.example, because")


DSN = b"""From: mailer-daemon@far.example
To: ann@example.org
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; far.example

Final-Recipient: rfc822; x@far.example
Action: failed
Status: 5.2.2
Diagnostic-Code: smtp; 552 5.2.2 mailbox full

--b
Content-Type: text/rfc822-headers

Message-ID: <sent@example.org>

--b--
"""


async def test_bounces_of_servers_further_on(site: Site, message) -> None:
    ann = await site.person("ann")

    async def bounce() -> None:
        await service.deliver(site.store, [service.Delivery(ann.id)], DSN.replace(b"\n", b"\r\n"), hooks=HOOKS)
        await site.idle()

    await bounce()  # of what Ann never sent
    assert await refusals.of_late(site.store.db) == []
    await service.deliver(site.store, [service.Delivery(ann.id)], message(message_id="sent@example.org"))
    await bounce()
    (one,) = await refusals.of_late(site.store.db)
    assert (one.reason, one.count, dict(one.domains)) == ("full", 1, {"far.example": 1})


async def test_however_much_there_is_it_is_six_questions(site: Site) -> None:
    with counting() as few:
        await findings.find(site.store.db, OWN, NONE)
    await tell(site, *((f"10.0.0.{each}", 0, 0, "none", 1) for each in range(200)), days=20)
    with counting() as many:
        _, reported = await findings.find(site.store.db, OWN, NONE)
    assert len(few) == len(many) == 6
    assert [(day.aligned, day.failed) for day in reported.days] == [(0, 200)] * 20


@pytest.mark.parametrize("spoken", ["en", "fr", "vi"])
async def test_numbers_and_lists_in_each_language(spoken) -> None:
    one = findings.Finding("note", "unknown", {"messages": 1, "domains": list("abcde")}, waits=False)
    said = saying.finding(one, spoken)["sentence"]
    assert "a, b, c" in said and "2" in said and "{" not in said
