"""The outbound queue: what other servers say, what senders hear, what is tried again."""

import asyncio

import pytest

from parvis.kernel import clock
from parvis.mail.queue import connections
from parvis.mail.queue import store as queue
from parvis.mail.queue.model import Letter, To
from parvis.mail.queue.service import Queue
from parvis.mail.signing import Signer
from parvis.wire import dkim, dsn, mime
from parvis.wire.canonical import Text
from tests.mail.conftest import plain
from tests.mail.smtp.conftest import Sink, Site


async def put(site: Site, person, *to: str | To, raw: bytes = b"", **more) -> int:
    raw = raw or plain(sender=person.address)
    letter = Letter(
        account_id=person.id,
        sender=more.pop("sender", person.address),
        to=tuple(one if isinstance(one, To) else To(one) for one in to),
        blob=await site.store.blobs.put(raw),
        size=len(raw),
        **more,
    )
    return await site.context.need(Queue).send(letter)


async def states(site: Site, number: int) -> dict[str, tuple[str, str]]:
    rows = await queue.recipients(site.store.db, number)
    return {one.address: (one.state, one.reply) for one in rows}


def report_of(raw: bytes) -> dsn.Notification:
    found = dsn.read(raw, mime.parse(raw))
    assert found is not None
    return found


async def test_a_message_goes_out_once_for_all_recipients_of_a_domain(site: Site, sink: Sink) -> None:
    ann = await site.person("ann")
    await put(site, ann, "x@one.example", "y@one.example", "z@two.example")
    await site.idle()
    assert sorted(to for _, to, _ in sink.messages) == [["x@one.example", "y@one.example"], ["z@two.example"]]
    assert all(
        sender == "ann@example.org" and data.endswith(b"\r\n" + plain(sender="ann@example.org"))
        for sender, _, data in sink.messages
    )
    assert await site.store.db.rows("SELECT 1 FROM outgoing") == []  # nothing shows it any more
    assert await site.store.db.rows("SELECT 1 FROM blob_link WHERE kind = 'outgoing'") == []


async def test_each_recipient_has_its_own_fate(site: Site, sink: Sink) -> None:
    ann = await site.person("ann", language="fr")
    sink.replies = {
        "no@one.example": "550-5.1.1 No such\r\n550 5.1.1 user",
        "later@one.example": ["450 4.2.1 busy", "451 4.2.1 still busy"],
    }
    number = await put(site, ann, "yes@one.example", "no@one.example", "later@one.example")
    (raw,) = await site.inbox(ann)
    report = report_of(raw)
    assert [(one.final, one.action, one.status) for one in report.recipients] == [
        ("no@one.example", "failed", "5.1.1")
    ]
    assert report.recipients[0].diagnostic == "550 5.1.1 No such user"
    assert "n’a pas pu être remis" in mime.decode_text(raw, mime.parse(raw).leaves()[0]).text
    await site.idle()
    assert [to for _, to, _ in sink.messages] == [["yes@one.example"], ["later@one.example"]]
    assert await queue.load(site.store.db, number) is None
    assert len(await site.inbox(ann)) == 1


async def test_a_refusal_of_the_whole_counts_for_the_accepted_ones(site: Site, sink: Sink) -> None:
    ann = await site.person("ann")
    sink.replies = {"DATA": "554 5.7.1 looks like spam", "no@one.example": "550 5.1.1 unknown"}
    await put(site, ann, "yes@one.example", "no@one.example")
    (raw,) = await site.inbox(ann)
    assert {one.final: one.status for one in report_of(raw).recipients} == {
        "yes@one.example": "5.7.1", "no@one.example": "5.1.1",
    }  # fmt: skip


async def test_a_connection_that_breaks_after_the_end_is_tried_again(site: Site, sink: Sink) -> None:
    ann = await site.person("ann")
    sink.hang_after_data = True
    number = await put(site, ann, "x@one.example")
    while not sink.messages:
        await site.idle_step()
    sink.hang_after_data = False
    await site.idle()
    assert len(sink.messages) == 2 and await queue.load(site.store.db, number) is None


@pytest.mark.parametrize(
    ("offers", "more", "status"),
    [
        (["SMTPUTF8"], {"needs_8bit": True}, "5.6.3"),
        (["8BITMIME"], {"needs_8bit": True, "needs_utf8": True}, "5.6.7"),
        (["SIZE 10"], {}, "5.3.4"),
    ],
)
async def test_what_a_server_cannot_take_is_not_rewritten(
    site_sqlite: Site, sink: Sink, offers, more, status
) -> None:
    ann = await site_sqlite.person("ann")
    sink.offers = offers
    await put(site_sqlite, ann, "x@one.example", **more)
    (raw,) = await site_sqlite.inbox(ann)
    assert report_of(raw).recipients[0].status == status and not sink.messages


async def test_eight_bit_and_utf8_and_dsn_are_said(site_sqlite: Site, sink: Sink) -> None:
    ann = await site_sqlite.person("ann")
    await put(
        site_sqlite, ann, To("ngọc@one.example", "SUCCESS,FAILURE", "rfc822;ngoc@two.example"),
        needs_8bit=True, needs_utf8=True, ret="HDRS", envid="abc", raw=plain("Chào", sender="ann@example.org"),
    )  # fmt: skip
    await site_sqlite.idle()
    mail, rcpt = (next(c for c in sink.commands if c.startswith(v)) for v in ("MAIL", "RCPT"))
    assert mail.split(" ", 2)[2].split(" ")[1:] == ["BODY=8BITMIME", "SMTPUTF8", "RET=HDRS", "ENVID=abc"]
    assert rcpt == "RCPT TO:<ngọc@one.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;ngoc@two.example"
    assert await site_sqlite.inbox(ann, 0) == []  # who takes DSN tells the sender itself. RFC 3461 §5.2.1


async def test_a_mailbox_here_is_reached_without_smtp(site: Site) -> None:
    ann, cy = await site.person("ann"), await site.person("cy", quota=100)
    await put(site, ann, "ann+self@example.org", "cy@example.org", "gone@example.org")
    arrived = await site.inbox(ann, 2)
    assert arrived[0] == plain(sender="ann@example.org")
    assert {one.final: one.status for one in report_of(arrived[1]).recipients} == {
        "cy@example.org": "5.2.2", "gone@example.org": "5.1.1",
    }  # fmt: skip
    await site.idle()
    assert await site.store.db.value("SELECT COUNT(*) FROM email WHERE account_id = ?", cy.id) == 0


async def test_a_late_message_is_told_once_and_given_up_in_the_end(site_sqlite: Site, sink: Sink) -> None:
    site = site_sqlite
    ann = await site.person("ann")
    sink.replies = {"x@one.example": "450 4.7.1 greylisted"}
    site.settings.delivery.warn, site.settings.delivery.give_up = 2, 6
    await put(site, ann, "x@one.example")
    late, failed = await site.inbox(ann, 2)
    assert report_of(late).recipients[0].action == "delayed"
    assert report_of(late).recipients[0].status == "4.7.1"
    assert report_of(late).recipients[0].will_retry_until is not None
    assert report_of(failed).recipients[0].action == "failed"
    assert report_of(failed).recipients[0].status == "5.4.7"
    await site.idle()
    assert len(await site.inbox(ann, 2)) == 2


async def test_notify_never_and_the_null_sender_make_no_report(site_sqlite: Site, sink: Sink) -> None:
    ann = await site_sqlite.person("ann")
    sink.replies = {"x@one.example": "550 5.1.1 no"}
    await put(site_sqlite, ann, To("x@one.example", "NEVER"))
    await put(site_sqlite, ann, "x@one.example", sender="")
    await site_sqlite.idle()
    assert await site_sqlite.store.db.value("SELECT COUNT(*) FROM email") == 0
    assert await site_sqlite.store.db.value("SELECT COUNT(*) FROM outgoing") == 0


async def test_a_report_for_a_sender_elsewhere_is_sent(site_sqlite: Site, sink: Sink) -> None:
    ann = await site_sqlite.person("ann")
    sink.replies = {"x@one.example": "550 5.1.1 no"}
    await put(site_sqlite, ann, "x@one.example", sender="bob@two.example")
    await site_sqlite.idle()
    ((sender, to, data),) = sink.messages
    assert (sender, to) == ("", ["bob@two.example"]) and report_of(data).recipients[0].status == "5.1.1"


async def test_nobody_answers(site_sqlite: Site, sink: Sink) -> None:
    site = site_sqlite
    ann = await site.person("ann")
    site.settings.delivery.routes = {"*": "127.0.0.1:1"}
    number = await put(site, ann, "x@one.example")
    while "4.4.1" not in (await states(site, number))["x@one.example"][1]:
        await site.idle_step()
    site.settings.delivery.routes = {"*": f"127.0.0.1:{sink.port}"}
    await site.idle()
    assert len(sink.messages) == 1


async def test_a_smart_host_takes_all_and_gets_the_password_only_in_safety(site_sqlite: Site, sink: Sink) -> None:
    site = site_sqlite
    ann = await site.person("ann")
    site.settings.delivery.routes = {}
    site.settings.relay.host, site.settings.relay.port = "127.0.0.1", sink.port
    await put(site, ann, "x@one.example", "y@two.example")
    await site.idle()
    assert [to for _, to, _ in sink.messages] == [["x@one.example", "y@two.example"]]


async def test_one_destination_has_few_connections(site_sqlite: Site, sink: Sink) -> None:
    ann = await site_sqlite.person("ann")
    site_sqlite.settings.delivery.at_once_to_one = 1
    for _ in range(4):
        await put(site_sqlite, ann, "x@one.example")
    await site_sqlite.idle()
    assert len(sink.messages) == 4


def greetings(sink: Sink) -> int:
    return sum(command.startswith("EHLO") for command in sink.commands)


async def test_the_next_message_goes_by_the_same_connection(site_sqlite: Site, sink: Sink) -> None:
    ann = await site_sqlite.person("ann")
    sink.replies = {"no@one.example": "550 5.1.1 no", "later@one.example": ["450 4.2.1 busy"]}
    for to in ("x@one.example", "no@one.example", "later@one.example", "y@one.example"):
        await put(site_sqlite, ann, to)
        await site_sqlite.idle()
    assert [to for _, to, _ in sink.messages] == [[f"{name}@one.example"] for name in ("x", "later", "y")]
    assert greetings(sink) == 1
    await site_sqlite.feature.stop()
    assert sink.commands[-1] == "QUIT"


async def test_a_connection_that_is_gone_is_made_anew(site_sqlite: Site, sink: Sink) -> None:
    ann = await site_sqlite.person("ann")
    sink.replies = {"RSET": ["421 4.4.2 you were silent"]}
    for _ in range(2):
        await put(site_sqlite, ann, "x@one.example")
        await site_sqlite.idle()
    assert len(sink.messages) == greetings(sink) == 2


@pytest.mark.parametrize(("name", "value"), [("MESSAGES", 1), ("IDLE_SECONDS", 0.0)])
async def test_a_connection_ends_after_a_while(
    site_sqlite: Site, sink: Sink, monkeypatch, name: str, value: float
) -> None:
    monkeypatch.setattr(connections, name, value)
    ann = await site_sqlite.person("ann")
    for _ in range(2):
        await put(site_sqlite, ann, "x@one.example")
        await site_sqlite.idle()
        while sink.commands[-1] != "QUIT":
            await site_sqlite.idle_step()
    assert len(sink.messages) == greetings(sink) == 2


async def test_a_broken_connection_is_not_used_again(site_sqlite: Site, sink: Sink) -> None:
    """Its late answer would be taken for one about the next message."""
    ann = await site_sqlite.person("ann")
    sink.hang_after_data = True
    number = await put(site_sqlite, ann, "x@one.example")
    while not (await states(site_sqlite, number))["x@one.example"][1]:
        await site_sqlite.idle_step()
    sink.hang_after_data = False
    await put(site_sqlite, ann, "y@one.example")
    while len(sink.messages) < 2:
        await site_sqlite.idle_step()
    assert greetings(sink) >= 2


def test_pauses_grow_with_age() -> None:
    from parvis.kernel.settings import Settings
    from parvis.mail.queue.courier import Courier
    from parvis.mail.queue.model import Message

    courier = Courier(None, Settings(), None, None, None)
    with clock.frozen(10_000_000_000):
        pauses = []
        for age in (0, 130, 500, 5000, 50_000, 400_000, 432_000):
            message = Message(
                id=1, account_id=1, submission_id=0, sender="", blob="", size=0, state="active", needs_8bit=False,
                needs_utf8=False, ret="", envid="", queued_ms=0, release_ms=clock.now_ms() - age * 1000,
            )  # fmt: skip
            pauses.append((courier._next_ms(message, "x") - clock.now_ms()) // 1000)
    assert pauses[0] in range(120, 145) and pauses[1] in range(300, 361) and pauses[2] in range(900, 1081)
    assert pauses[3] in range(3600, 4321) and pauses[4] in range(14400, 17281)
    assert pauses[5] in range(14400, 17281) and pauses[6] == 1


async def test_the_administrator_sees_the_queue(site_sqlite: Site, sink: Sink) -> None:
    ann = await site_sqlite.person("ann")
    number = await put(site_sqlite, ann, "x@one.example", release_ms=clock.now_ms() + 60_000)
    (listed,) = await queue.listing(site_sqlite.store.db)
    assert (listed.id, listed.state, listed.recipients[0].address) == (number, "held", "x@one.example")


async def test_a_delivery_that_ran_twice_arrives_once(site_sqlite: Site, sink: Sink) -> None:
    """Two nodes with the same job, as when one was thought dead: the second finds it decided."""
    site = site_sqlite
    ann, cy = await site.person("ann"), await site.person("cy")
    number = await put(site, ann, "cy@example.org", release_ms=clock.now_ms() + 3_600_000)
    courier = site.context.need(Queue).courier()
    message = await site.store.write(lambda unit: queue.begin(unit, number))
    content = await site.store.blobs.get(message.blob)
    for _ in range(2):
        await courier._deliver(message, message.recipients, content)
    assert len(await site.inbox(cy)) == 1


async def test_tls_that_does_not_work_is_gone_without(site_sqlite: Site, sink: Sink) -> None:
    ann = await site_sqlite.person("ann")
    sink.offers = ["STARTTLS", "8BITMIME"]
    sink.replies = {"STARTTLS": "454 4.7.0 no TLS now"}
    await put(site_sqlite, ann, "x@one.example")
    await site_sqlite.idle()
    assert len(sink.messages) == 1 and "STARTTLS" in sink.commands


async def test_a_server_that_greets_with_an_error_is_tried_again(site_sqlite: Site, sink: Sink) -> None:
    ann = await site_sqlite.person("ann")
    sink.replies = {"greeting": ["554 5.7.1 go away"], "MAIL": ["450 4.3.0 later"]}
    await put(site_sqlite, ann, "x@one.example")
    await site_sqlite.idle()
    assert len(sink.messages) == 1


async def test_a_node_that_stops_hears_what_becomes_of_what_it_has_handed_over(site: Site, sink: Sink) -> None:
    ann = await site.person("ann")
    sink.thinks = 0.5
    number = await put(site, ann, "x@one.example")
    while not sink.messages:
        await site.idle_step()
    site.work.cancel()
    await asyncio.gather(site.work, return_exceptions=True)
    site.work = asyncio.create_task(site.store.jobs.run())
    await site.idle()
    assert len(sink.messages) == 1 and await queue.load(site.store.db, number) is None


async def test_what_leaves_is_signed_and_what_stays_is_not(site: Site, sink: Sink) -> None:
    ann, bob = await site.person("ann"), await site.person("bob")
    client = site.client(ann)
    await client.send(await client.draft("x@one.example", cc=[{"email": "bob@example.org"}]))
    (inside,) = await site.inbox(bob)
    while not sink.messages:
        await site.idle_step()
    outside = sink.messages[0][2].replace(b"\r\n..", b"\r\n.")
    assert b"DKIM-Signature" not in inside and outside.rstrip().endswith(inside)
    text, keys = Text(outside), await Signer(site.store, site.settings).keys("example.org")
    records = {one.key.name: one.key.record for one in keys}
    found = [dkim.verify(text, one, records[one.key_name], clock.now_ms() // 1000) for one in dkim.signatures(text)]
    assert [one.value for one in found] == ["pass", "pass"]
    assert all({"from", "to", "subject", "ai-content"} <= set(one.names) for one in dkim.signatures(text))
