"""Port 25: what is taken, what is refused, and that 250 means stored."""

import asyncio
from types import SimpleNamespace

import pytest

from parvis.access import directory
from parvis.kernel.errors import Unavailable
from parvis.mail.authentication import Authentication
from parvis.mail.queue.service import Queue
from parvis.mail.smtp import receive
from parvis.mail.smtp.passing import PassingOn
from parvis.mail.smtp.receive import Receiver
from parvis.mail.smtp.session import Transaction
from parvis.mail.smtp.spool import LARGE_AT_ONCE
from parvis.mail.spam.judge import Judge
from parvis.store.sql.contract import counting
from parvis.wire.smtp import MailFrom, RcptTo
from tests.mail.conftest import plain
from tests.mail.smtp.conftest import Site, talking


async def test_a_message_is_in_the_inbox_when_250_is_said(site: Site) -> None:
    ann = await site.person("ann")
    async with talking(site.ports["smtp"]) as client:
        await client.hello()
        assert await client.message("ann@example.org", plain("Xin chào")) == "250 2.0.0 Stored"
        rows = await site.store.db.rows("SELECT blob FROM email WHERE account_id = ?", ann.id)
        raw = await site.store.blobs.get(rows[0][0])
    assert raw.startswith(b"Return-Path: <bob@example.net>\r\nReceived: from client.example.net ([127.0.0.1])\r\n")
    assert raw.endswith(plain("Xin chào") + b"\r\n")
    assert b"with ESMTP id " in raw and b"for <ann@example.org>" in raw


async def test_what_ehlo_offers(site_sqlite: Site) -> None:
    async with talking(site_sqlite.ports["smtp"]) as client:
        assert (await client.answer()).startswith("220 mail.example.org ESMTP")
        (offer,) = await client.say("EHLO x.example")
    words = {line[4:].split()[0] for line in offer.split("\n")[1:]}
    assert words == {
        "PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES", "STARTTLS",
    }  # fmt: skip
    async with talking(site_sqlite.ports["submission"]) as client:
        await client.answer()
        (offer,) = await client.say("EHLO x.example")
    assert "DSN" in offer


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("ann@example.org", "250 2.1.5"),
        ("ANN@Example.ORG", "250 2.1.5"),
        ("ann+news@example.org", "250 2.1.5"),
        ("ann+@example.org", "250 2.1.5"),
        ("other@example.org", "250 2.1.5"),  # an alias
        ("team@example.org", "250 2.1.5"),  # a group
        ("postmaster@example.org", "250 2.1.5"),
        ("postmaster", "250 2.1.5"),
        ("nobody@example.org", "550 5.1.1"),
        ("+news@example.org", "550 5.1.1"),
        ("empty@example.org", "550 5.1.1"),  # a group without members
        ("ann@elsewhere.example", "550 5.7.1"),
        ("ann%elsewhere.example@example.org", "550 5.1.1"),
        ("", "501 5.1.3"),
        ("no at sign", "553 5.1.3"),
        ("ännchen@example.org", "553 5.6.7"),
    ],
)
async def test_who_is_here(site_sqlite: Site, address: str, code: str) -> None:
    site = site_sqlite
    ann = await site.person("ann", administrator=True)

    async def more(unit) -> None:
        await directory.add_address(unit, ann.id, "other@example.org")
        team = await directory.create(unit, "group", "team", "team@example.org")
        await directory.create(unit, "group", "empty", "empty@example.org")
        await directory.join(unit, team, ann.id)

    await site.store.write(more)
    async with talking(site.ports["smtp"]) as client:
        await client.hello()
        answers = await client.say("MAIL FROM:<>", f"RCPT TO:<{address}>")
    assert answers[1].startswith(code)


async def test_a_group_reaches_each_member_once(site: Site) -> None:
    ann, cy = await site.person("ann"), await site.person("cy")

    async def group(unit) -> None:
        inner = await directory.create(unit, "group", "inner", "inner@example.org")
        outer = await directory.create(unit, "group", "outer", "outer@example.org")
        await directory.join(unit, outer, inner)
        for member in (ann, cy):
            await directory.join(unit, inner, member.id)
        await directory.join(unit, outer, ann.id)

    await site.store.write(group)
    async with talking(site.ports["smtp"]) as client:
        await client.hello()
        await client.say(
            "MAIL FROM:<bob@example.net>", "RCPT TO:<outer@example.org>", "RCPT TO:<ann@example.org>", "DATA"
        )
        await client.raw(plain() + b"\r\n.\r\n")
        assert (await client.answer()).startswith("250")
    counts = await site.store.db.rows("SELECT account_id, COUNT(*) FROM email GROUP BY account_id ORDER BY 1")
    assert counts == [(ann.id, 1), (cy.id, 1)]


async def test_all_recipients_or_none(site: Site, monkeypatch) -> None:
    ann, cy = await site.person("ann"), await site.person("cy", quota=1500)
    async with talking(site.ports["smtp"]) as client:
        await client.hello()
        await client.say(
            "MAIL FROM:<b@example.net>", "RCPT TO:<ann@example.org>", "RCPT TO:<cy@example.org>", "DATA"
        )
        await client.raw(plain(body="x" * 3000) + b"\r\n.\r\n")
        assert (await client.answer()).startswith("452 4.2.2")
        assert (
            await site.store.db.value("SELECT COUNT(*) FROM email WHERE account_id IN (?, ?)", ann.id, cy.id) == 0
        )
        answers = await client.say("MAIL FROM:<b@example.net> SIZE=3000", "RCPT TO:<cy@example.org>")
        assert answers[1].startswith("452 4.2.2")


async def test_a_store_that_cannot_write_is_a_451(site_sqlite: Site, monkeypatch) -> None:
    await site_sqlite.person("ann")

    async def broken(work):
        raise Unavailable("disk full")

    async with talking(site_sqlite.ports["smtp"]) as client:
        await client.hello()
        monkeypatch.setattr(site_sqlite.store, "write", broken)
        assert (await client.message("ann@example.org", plain())).startswith("451 4.3.0")
        monkeypatch.undo()
        assert (await client.message("ann@example.org", plain())).startswith("250")


async def test_sizes(site_sqlite: Site) -> None:
    await site_sqlite.person("ann")
    limit = site_sqlite.settings.limits.message_bytes
    async with talking(site_sqlite.ports["smtp"]) as client:
        await client.hello()
        assert (await client.say(f"MAIL FROM:<b@example.net> SIZE={limit + 1}"))[0].startswith("552 5.3.4")
        line = b"y" * 98 + b"\r\n"
        assert (await client.message("ann@example.org", line * (limit // 100 + 5))).startswith("552 5.3.4")
        large = plain() + b"\r\n" + line * 40_000
        assert (await client.message("ann@example.org", large)).startswith("250")
    rows = await site_sqlite.store.db.rows("SELECT blob FROM email")
    assert (await site_sqlite.store.blobs.get(rows[0][0])).endswith(large + b"\r\n")
    assert not list((site_sqlite.settings.folder / "blobs" / "incoming").iterdir())


async def test_chunks_beside_data(site: Site) -> None:
    ann = await site.person("ann")
    raw = plain(body=".\r\n..\r\nMAIL FROM:<x@example.net>\r\n.\r\nend") + b"\r\n"
    async with talking(site.ports["smtp"]) as client:
        await client.hello()
        await client.say("MAIL FROM:<b@example.net> BODY=8BITMIME", "RCPT TO:<ann@example.org>")
        await client.raw(
            b"BDAT 10\r\n" + raw[:10] + f"BDAT {len(raw) - 10} LAST\r\n".encode() + raw[10:] + b"NOOP\r\n"
        )
        assert [(await client.answer())[:3] for _ in range(3)] == ["250", "250", "250"]
        # A chunk without a recipient is read, not taken for commands.
        await client.raw(b"MAIL FROM:<b@example.net>\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n")
        assert [(await client.answer())[:3] for _ in range(3)] == ["250", "554", "250"]
        await client.raw(b"RSET\r\nBDAT 6\r\nQUIT\r\nDATA\r\n")
        assert [(await client.answer())[:3] for _ in range(3)] == ["250", "503", "503"]
    (stored,) = await site.inbox(ann)
    assert stored.endswith(raw)


async def test_dots_are_taken_away_once(site_sqlite: Site) -> None:
    ann = await site_sqlite.person("ann")
    async with talking(site_sqlite.ports["smtp"]) as client:
        await client.hello()
        assert (await client.message("ann@example.org", plain(body="..one\r\n..\r\n...three"))).startswith("250")
    (stored,) = await site_sqlite.inbox(ann)
    assert stored.endswith(b"\r\n\r\n.one\r\n.\r\n..three\r\n\r\n")


async def test_utf8_addresses_and_eight_bit_bodies(site: Site) -> None:
    ann = await site.person("ann")
    await site.store.write(lambda unit: directory.add_address(unit, ann.id, "ngọc@example.org"))
    raw = "From: Ngọc <ngọc@ví-dụ.example>\r\nTo: ngọc@example.org\r\nSubject: Chào\r\n\r\nĐây\r\n".encode()
    async with talking(site.ports["smtp"]) as client:
        await client.hello()
        answers = await client.say(
            "MAIL FROM:<ngọc@ví-dụ.example> SMTPUTF8 BODY=8BITMIME", "RCPT TO:<ngọc@example.org>", "DATA"
        )
        assert answers[2].startswith("354")
        await client.raw(raw + b".\r\n")
        assert (await client.answer()).startswith("250")
    (stored,) = await site.inbox(ann)
    assert b"with UTF8SMTP id" in stored and stored.endswith(raw)
    summary = await site.store.db.value("SELECT summary FROM email")
    assert "ngọc@ví-dụ.example" in summary


async def test_the_order_of_commands(site_sqlite: Site) -> None:
    async with talking(site_sqlite.ports["smtp"]) as client:
        await client.answer()
        codes = [
            answer[:3]
            for answer in await client.say(
                "MAIL FROM:<a@example.net>", "RCPT TO:<ann@example.org>", "DATA", "EHLO", "EHLO [127.0.0.1]", "DATA",
                "RCPT TO:<x@example.org>", "MAIL FROM:<a@example.net> BODY=BINARYMIME", "MAIL FROM:<a@example.net>",
                "MAIL FROM:<a@example.net>", "DATA", "VRFY ann", "EXPN all", "WHAT", "AUTH PLAIN", "NOOP x", "QUIT",
            )
        ]  # fmt: skip
    assert codes == [
        "503", "503", "503", "501", "250", "503", "503", "555", "250", "503", "554", "252", "500", "500", "500",
        "250", "221",
    ]  # fmt: skip


async def test_starttls_begins_anew(site_sqlite: Site) -> None:
    from tests.serve.lines.test_engine import trusting

    await site_sqlite.person("ann")
    async with talking(site_sqlite.ports["smtp"]) as client:
        await client.hello()
        await client.raw(b"MAIL FROM:<a@example.net>\r\nSTARTTLS\r\nEHLO injected.example\r\nNOOP\r\n")
        assert [(await client.answer())[:3] for _ in range(2)] == ["250", "220"]
        await client.writer.start_tls(trusting())
        assert (await client.say("RCPT TO:<ann@example.org>"))[0].startswith("503")
        (offer,) = await client.say("EHLO x.example")
        assert "STARTTLS" not in offer
        assert (await client.message("ann@example.org", plain())).startswith("250")
    raw = await site_sqlite.store.blobs.get(await site_sqlite.store.db.value("SELECT blob FROM email"))
    assert b"with ESMTPS id" in raw and b"\t(TLSv1.3 with " in raw


async def test_a_circle_is_cut(site_sqlite: Site) -> None:
    await site_sqlite.person("ann")
    many = b"Received: from a by b; Tue, 03 Feb 2026 10:00:00 +0100\r\n"
    async with talking(site_sqlite.ports["smtp"]) as client:
        await client.hello()
        assert (await client.message("ann@example.org", many * 50 + plain())).startswith("554 5.4.6")
        assert (await client.message("ann@example.org", many * 40 + plain())).startswith("250")


async def test_who_guesses_addresses_is_sent_away(site_sqlite: Site) -> None:
    await site_sqlite.person("ann")
    async with talking(site_sqlite.ports["smtp"]) as client:
        await client.hello()
        await client.say("MAIL FROM:<>")
        answers = await client.say(*(f"RCPT TO:<guess{n}@example.org>" for n in range(21)))
        assert answers[18].startswith("550 5.1.1")
        assert any(answer.startswith("421 4.7.0") for answer in answers)
        assert await client.reader.read() == b""


async def test_too_many_recipients_and_messages(site_sqlite: Site) -> None:
    await site_sqlite.person("ann")
    site_sqlite.settings.limits.recipients = 3
    async with talking(site_sqlite.ports["smtp"]) as client:
        await client.hello()
        await client.say("MAIL FROM:<>")
        answers = await client.say(*["RCPT TO:<ann@example.org>"] * 4)
    assert [answer[:9] for answer in answers] == ["250 2.1.5"] * 3 + ["452 4.5.3"]


async def test_another_protocol_is_not_spoken(site_sqlite: Site) -> None:
    async with talking(site_sqlite.ports["smtp"]) as client:
        await client.answer()
        await client.raw(b"POST / HTTP/1.1\r\nHost: x\r\n\r\nEHLO x\r\nMAIL FROM:<a@b.example>\r\n")
        rest = await client.reader.read()
    assert rest.startswith(b"421 5.7.0") and rest.count(b"\r\n") == 1


async def test_a_long_line_and_a_lost_connection(site_sqlite: Site) -> None:
    ann = await site_sqlite.person("ann")
    async with talking(site_sqlite.ports["smtp"]) as client:
        await client.hello()
        assert (await client.say("NOOP " + "x" * 1_000_000))[0].startswith("500 5.5.6")
        await client.say("MAIL FROM:<>", "RCPT TO:<ann@example.org>", "DATA")
        await client.raw(b"Subject: half\r\n\r\nthis ends with")
    await asyncio.sleep(0.1)
    assert await site_sqlite.store.db.value("SELECT COUNT(*) FROM email WHERE account_id = ?", ann.id) == 0


async def test_how_many_statements_a_recipient_and_a_message_cost(site: Site) -> None:
    """RCPT reads who it is and whether there is room; the rest is one unit of work."""
    await site.person("ann")
    passing, judge = (
        PassingOn(site.store, site.settings, site.context.need(Queue)),
        Judge(site.store, site.settings),
    )
    authentication = Authentication(site.context.resolver, site.settings)
    receiver = Receiver(site.store, site.settings, authentication, passing, judge)
    here = SimpleNamespace(is_local=True, client=SimpleNamespace(host="127.0.0.1"), hello="here")
    transaction = Transaction(MailFrom(sender="bob@example.net"))
    with counting() as count:
        assert await receiver.recipient(None, transaction, RcptTo("ann@example.org")) is None
    assert len(count) == 2
    await receiver.accept(here, transaction, plain(message_id="warm@example.net"))
    with counting() as count:
        assert (await receiver.accept(here, transaction, plain(message_id="x@example.net"))).code == 250
    assert len(count) <= 21, count.statements


async def test_few_large_messages_are_in_memory_at_once(site_sqlite: Site, monkeypatch) -> None:
    await site_sqlite.person("ann")
    inside, most, deliver = 0, 0, receive.service.deliver

    async def watched(*args, **named):
        nonlocal inside, most
        inside, most = inside + 1, max(most, inside + 1)
        await asyncio.sleep(0.05)
        inside -= 1
        return await deliver(*args, **named)

    monkeypatch.setattr(receive.service, "deliver", watched)

    async def one(raw: bytes) -> str:
        async with talking(site_sqlite.ports["smtp"]) as client:
            return await (await client.hello()).message("ann@example.org", raw)

    large, small = plain(body="a line of words\r\n" * 80_000), plain()
    assert set(await asyncio.gather(*(one(large) for _ in range(8)))) == {"250 2.0.0 Stored"}
    assert most == LARGE_AT_ONCE
    assert set(await asyncio.gather(*(one(small) for _ in range(8)))) == {"250 2.0.0 Stored"}
    assert most > LARGE_AT_ONCE
