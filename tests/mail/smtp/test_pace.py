"""Other servers are not pressed: fewer connections where they are too many, nobody written to who is not there, and
an administrator who sees and steers what waits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.kernel import clock, ids
from parvis.mail import service
from parvis.mail.queue import store as queue
from parvis.mail.queue import suppression
from parvis.mail.queue.model import Reply, To
from parvis.mail.queue.pace import Pace, is_too_many
from parvis.mail.queue.service import Queue
from parvis.mail.queue.suppression import REFUSALS, complaint
from parvis.mail.smtp.wiring import HOOKS
from parvis.store.sql.contract import counting
from tests.mail.conftest import plain
from tests.mail.smtp.conftest import Client, Sink, Site
from tests.mail.smtp.test_queue import put, report_of, states

NOW = 1_795_000_000_000
BUSY = Reply(421, "4.7.0 Too many connections from your host")


class Steering(Client):
    using = (*Client.using, "urn:parvis:queue")


def test_half_as_fast_after_a_pause_and_then_faster_again() -> None:
    pace = Pace(8)
    with clock.frozen(NOW):
        assert pace.at_once("one.example") == 8 and pace.not_before_ms("one.example") == 0
        for expected, pause in ((4, 30), (2, 60), (1, 120), (1, 240)):
            pace.heard("one.example", BUSY)
            assert pace.at_once("one.example") == expected
            assert pace.not_before_ms("one.example") == NOW + pause * 1000
        assert pace.at_once("two.example") == 8
        pace.heard("one.example", Reply(450, "4.2.2 mailbox full"))
        assert pace.at_once("one.example") == 1
    rounds = 0
    while pace.at_once("one.example") < 8:
        pace.heard("one.example", Reply(250, "2.0.0 OK"))
        rounds += 1
    assert 20 < rounds < 60


@pytest.mark.parametrize(
    ("reply", "is_it"),
    [
        (BUSY, True), (Reply(452, "4.5.3 Too many recipients"), True), (Reply(451, "4.7.1 rate limit"), True),
        (Reply(421, "4.7.28 unusual rate"), True), (Reply(450, "4.7.1 Greylisted: too fast"), False),
        (Reply(550, "5.7.1 too many"), False), (Reply(451, "4.3.0 disk full"), False),
    ],
)  # fmt: skip
def test_what_means_too_many(reply: Reply, is_it: bool) -> None:
    assert is_too_many(reply) is is_it


async def test_a_server_that_has_enough_gets_a_pause(site_sqlite: Site, sink: Sink) -> None:
    ann = await site_sqlite.person("ann")
    sink.replies = {"x@one.example": "450 4.7.1 rate limit of your address"}
    first = await put(site_sqlite, ann, "x@one.example")
    while not (await states(site_sqlite, first))["x@one.example"][1]:
        await site_sqlite.idle_step()
    second = await put(site_sqlite, ann, "y@one.example")
    for _ in range(20):
        await site_sqlite.idle_step()
    assert (await states(site_sqlite, second))["y@one.example"] == ("queued", "") and len(sink.messages) == 0
    assert "needs a pause" in await site_sqlite.store.db.value(
        "SELECT error FROM job WHERE kind = 'mail-out' AND key = ?", f"{second}:one.example"
    )


async def test_who_takes_reports_tells_the_sender_itself(site_sqlite: Site, sink: Sink) -> None:
    """RFC 3461 §5.2.1 and §5.2.2"""
    ann = await site_sqlite.person("ann")
    await put(site_sqlite, ann, To("x@one.example", "SUCCESS"), envid="e1", ret="HDRS")
    await site_sqlite.idle()
    assert await site_sqlite.inbox(ann, 0) == [] and "RCPT TO:<x@one.example> NOTIFY=SUCCESS" in sink.commands
    sink.offers.remove("DSN")
    await site_sqlite.context.need(Queue)._transfer.close()
    await put(site_sqlite, ann, To("x@two.example", "SUCCESS"), envid="e2", ret="FULL")
    (raw,) = await site_sqlite.inbox(ann)
    report = report_of(raw)
    assert (report.recipients[0].action, report.envid) == ("relayed", "e2")
    assert b"Some words." not in raw  # RET is for failures


async def test_an_address_that_is_not_there_is_left_alone(site: Site, sink: Sink) -> None:
    ann = await site.person("ann")
    sink.replies = {"X@one.example": "550 5.1.1 unknown", "y@one.example": "550 5.7.1 spam"}
    for count in range(1, REFUSALS + 2):
        await put(site, ann, "X@one.example", "y@one.example", "z@one.example")
        await site.inbox(ann, count)
    assert sum(line.startswith("RCPT TO:<X@one") for line in sink.commands) == REFUSALS
    assert sum(line.startswith("RCPT TO:<y@one") for line in sink.commands) == REFUSALS + 1
    assert len(sink.messages) == REFUSALS + 1
    last = next(one for one in report_of((await site.inbox(ann, REFUSALS + 1))[-1]).recipients if "X@" in one.final)
    assert (
        "parvis mail suppressed --lift x@one.example" in last.diagnostic and "550 5.1.1 unknown" in last.diagnostic
    )
    client = Steering(site.engine, ann)
    assert (await client("Suppression/get"))["list"] == []  # those for everybody are for administrators
    assert (await client("Suppression/lift", addresses=["X@one.example", "no@one.example"]))["lifted"] == [
        "X@one.example"
    ]
    sink.replies = {}
    await put(site, ann, "x@one.example")
    await site.idle()
    assert sink.messages[-1][1] == ["x@one.example"]
    assert await site.store.db.rows("SELECT address FROM suppressed") == []


async def test_refusals_long_ago_do_not_count(store) -> None:
    no = Reply(550, "5.1.1 unknown")
    for day in range(REFUSALS + 1):
        with clock.frozen(NOW + day * 31 * 86_400_000):
            await store.write(lambda unit: suppression.refused(unit, "x@one.example", no))
            assert await suppression.among(store.db, 1, ["x@one.example"]) == {}
    await store.write(lambda unit: suppression.taken(unit, "X@one.example"))
    with clock.frozen(NOW):
        for _ in range(REFUSALS):
            await store.write(lambda unit: suppression.refused(unit, "x@one.example", no))
        assert list(await suppression.among(store.db, 1, ["X@one.example"])) == ["x@one.example"]
    with clock.frozen(NOW + 15 * 86_400_000):
        assert await suppression.among(store.db, 1, ["x@one.example"]) == {}


COMPLAINT = b"""From: <abuse@one.example>\r\nSubject: FW\r\nMIME-Version: 1.0\r\nMessage-ID: <c@one.example>\r
Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\n\r\nA complaint.\r\n--b\r
Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1\r
Original-Rcpt-To: <x@one.example>\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: ann@example.org\r
To: x@one.example\r\nMessage-ID: <sent@example.org>\r\n\r\nBuy!\r\n--b--\r\n"""


async def test_who_complains_is_left_alone_by_the_one_they_mean(site_sqlite: Site, sink: Sink) -> None:
    site = site_sqlite
    ann, ben = await site.person("ann"), await site.person("ben")

    async def complain() -> None:
        await service.deliver(site.store, [service.Delivery(ann.id)], COMPLAINT, hooks=HOOKS)
        await site.idle()

    await complain()  # of what Ann never sent
    assert await suppression.among(site.store.db, ann.id, ["x@one.example"]) == {}
    await service.deliver(site.store, [service.Delivery(ann.id)], plain(message_id="sent@example.org"))
    await complain()
    await put(site, ann, "x@one.example")
    report = report_of((await site.inbox(ann, 4))[-1])
    assert "its owner complained" in report.recipients[0].diagnostic
    await put(site, ben, "x@one.example")
    await site.idle()
    assert [sender for sender, _, _ in sink.messages] == ["ben@example.org"]


@given(st.binary(max_size=300))
def test_complaints_of_any_kind_do_no_harm(noise: bytes) -> None:
    complaint(noise)
    complaint(COMPLAINT.replace(b"Original-Rcpt-To", noise))
    complaint(COMPLAINT.replace(b"Buy!", noise))
    assert complaint(COMPLAINT) == ("sent@example.org", ["x@one.example"])
    assert complaint(COMPLAINT.replace(b"abuse\r", b"not-spam\r")) == ("", [])


async def test_the_administrator_steers(site: Site, sink: Sink) -> None:
    site.settings.delivery.retries[:] = [3600]
    root, ann = await site.person("root", administrator=True), await site.person("ann")
    sink.replies = {"x@one.example": "450 4.2.0 later", "y@two.example": "450 4.2.0 later"}
    number = await put(site, ann, "x@one.example")
    while not (await states(site, number))["x@one.example"][1]:
        await site.idle_step()
    assert (await Steering(site.engine, ann)("MailQueue/get"))["error"] == "forbidden"
    client = Steering(site.engine, root)
    (shown,) = (await client("MailQueue/get"))["list"]
    assert (shown["sender"], shown["state"]) == ("ann@example.org", "active")
    assert [(one["address"], one["reply"]) for one in shown["recipients"]] == [("x@one.example", "450 4.2.0 later")]
    sink.replies = {"y@two.example": "450 4.2.0 later"}
    done = await client("MailQueue/act", act="hold", ids=[shown["id"], "zzz"])
    assert (done["done"], done["notFound"]) == ([shown["id"]], ["zzz"])
    (shown,) = (await client("MailQueue/get"))["list"]
    assert shown["state"] == "paused"
    await site.store.write(lambda unit: unit.run("UPDATE job SET run_at_ms = 0 WHERE kind = 'mail-out'"))
    await site.store.bus.publish("jobs")
    await site.idle()
    assert not sink.messages
    assert (await client("MailQueue/act", act="retry", ids=[shown["id"]]))["done"] == [shown["id"]]
    await site.idle()
    assert [to for _, to, _ in sink.messages] == [["x@one.example"]] and await queue.load(
        site.store.db, number
    ) is None
    number = await put(site, ann, "y@two.example")
    while not (await states(site, number))["y@two.example"][1]:
        await site.idle_step()
    (shown,) = (await client("MailQueue/get"))["list"]
    assert (await client("MailQueue/act", act="drop", ids=[shown["id"]]))["done"] == [shown["id"]]
    (raw,) = await site.inbox(ann)
    assert "the administrator of the sending server has dropped" in report_of(raw).recipients[0].diagnostic
    assert (await client("MailQueue/get"))["list"] == []


async def test_the_queue_is_counted_and_read_by_destination(site: Site, sink: Sink) -> None:
    site.settings.delivery.retries[:] = [3600]
    root, ann = await site.person("root", administrator=True), await site.person("ann")
    sink.replies = {f"{name}@{name}.example": "450 4.2.0 later" for name in ("one", "two")}
    client = Steering(site.engine, root)
    assert (await client("MailQueue/get"))["total"] == 0
    begun = clock.now_ms()
    numbers = [await put(site, ann, "one@one.example") for _ in range(4)]
    both = await put(site, ann, "one@one.example", "two@two.example")
    for number in (*numbers, both):
        while not all(reply for _, reply in (await states(site, number)).values()):
            await site.idle_step()
    while await site.store.db.value(
        "SELECT 1 FROM job WHERE kind = 'mail-out' AND finished_ms IS NULL AND run_at_ms < ?", begun + 3_600_000
    ):
        await site.idle_step()
    told = await client("MailQueue/get", limit=2)
    assert (told["total"], [one["id"] for one in told["list"]]) == (5, [ids.text(one) for one in numbers[:2]])
    assert told["destinations"] == [
        {"destination": "one.example", "messages": 5}, {"destination": "two.example", "messages": 1}
    ]  # fmt: skip
    (waits,) = told["list"][0]["recipients"]
    assert waits["destination"] == "one.example"
    assert waits["nextTry"] >= clock.utc_date(begun + 3_600_000)

    async def page(**more: object) -> list[str]:
        return [one["id"] for one in (await client("MailQueue/get", **more))["list"]]

    assert await page(destination="two.example") == [ids.text(both)]
    assert await page(destination="one.example", limit=2, after=told["list"][1]["id"]) == [
        ids.text(one) for one in numbers[2:]
    ]
    assert await page(destination="three.example") == await page(after=ids.text(both)) == []
    with counting() as few:
        await client("MailQueue/get", limit=1)
    with counting() as many:
        await client("MailQueue/get")
    assert len(few) == len(many) <= 6
    await client("MailQueue/act", act="hold", ids=[ids.text(both)])
    assert (await client("MailQueue/get"))["total"] == 5
    await client("MailQueue/act", act="drop", ids=[ids.text(both)])
    assert (await client("MailQueue/get"))["destinations"] == [{"destination": "one.example", "messages": 4}]
