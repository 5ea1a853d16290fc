"""Ports 587 and 465: people's own programs. RFC 6409, RFC 4954"""

import base64

import pytest

from parvis.access import accounts, app_passwords, signin
from tests.mail.conftest import plain
from tests.mail.smtp.conftest import PASSWORD, Sink, Site, Talk, talking
from tests.serve.lines.test_engine import trusting


def plain_response(name: str, password: str, identity: str = "") -> str:
    return base64.b64encode(f"{identity}\0{name}\0{password}".encode()).decode()


async def signed_in(client: Talk, name: str = "ann@example.org") -> Talk:
    await client.hello()
    assert (await client.say(f"AUTH PLAIN {plain_response(name, PASSWORD)}"))[0].startswith("235 2.7.0")
    return client


async def test_a_message_is_sent_with_what_it_lacks(site: Site, sink: Sink) -> None:
    await site.person("ann", password=PASSWORD)
    raw = b"From: Ann <ann@example.org>\r\nTo: x@one.example\r\nBcc: y@one.example\r\nSubject: Hi\r\n\r\nHello\r\n"
    async with talking(site.ports["submissions"], ssl=trusting()) as client:
        await signed_in(client)
        await client.say(
            "MAIL FROM:<ann@example.org>", "RCPT TO:<x@one.example>", "RCPT TO:<y@one.example>", "DATA"
        )
        await client.raw(raw + b".\r\n")
        assert await client.answer() == "250 2.0.0 Queued"
    await site.idle()
    ((sender, to, data),) = sink.messages
    assert (sender, to) == ("ann@example.org", ["x@one.example", "y@one.example"])
    assert b"\r\nBcc:" not in data and data.count(b"Date: ") == 1 and b"@mail.example.org>\r\n" in data
    assert b"with ESMTPSA id" in data


async def test_nothing_without_a_sign_in_and_no_password_in_clear(site_sqlite: Site) -> None:
    site = site_sqlite
    await site.person("ann", password=PASSWORD)
    async with talking(site.ports["submission"]) as client:
        await client.hello()
        answers = await client.say("MAIL FROM:<ann@example.org>", "RCPT TO:<x@one.example>")
        assert [answer[:9] for answer in answers] == ["530 5.7.0", "503 5.5.1"]
        await client.say("STARTTLS")
        await client.writer.start_tls(trusting())
        (offer,) = await client.say("EHLO x.example")
        assert "AUTH PLAIN LOGIN" in offer


async def test_login_in_steps(site_sqlite: Site) -> None:
    await site_sqlite.person("ann", password=PASSWORD)
    encoded = [base64.b64encode(text.encode()).decode() for text in ("ann@example.org", PASSWORD)]
    async with talking(site_sqlite.ports["submission"]) as client:
        await client.hello()
        assert (await client.say("AUTH LOGIN"))[0] == "334 VXNlcm5hbWU6"
        assert (await client.say(encoded[0]))[0] == "334 UGFzc3dvcmQ6"
        assert (await client.say(encoded[1]))[0].startswith("235")
        assert (await client.say("AUTH PLAIN =", "MAIL FROM:<ann+x@example.org>"))[0].startswith("503")


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["AUTH PLAIN " + plain_response("ann@example.org", "wrong")], "535 5.7.8"),
        (["AUTH PLAIN " + plain_response("nobody@example.org", PASSWORD)], "535 5.7.8"),
        (["AUTH PLAIN " + plain_response("ann@example.org", PASSWORD, "bob@example.org")], "535 5.7.8"),
        (["AUTH PLAIN !!!"], "501"),
        (["AUTH PLAIN", "*"], "501"),
        (["AUTH CRAM-MD5"], "504"),
        (["AUTH"], "504"),
    ],
)
async def test_sign_ins_that_fail(site_sqlite: Site, lines, code) -> None:
    await site_sqlite.person("ann", password=PASSWORD)
    async with talking(site_sqlite.ports["submission"]) as client:
        await client.hello()
        assert (await client.say(*lines))[-1].startswith(code)
        assert (await client.say("MAIL FROM:<ann@example.org>"))[0].startswith("530")


async def test_a_few_wrong_passwords_end_the_connection(site_sqlite: Site) -> None:
    await site_sqlite.person("ann", password=PASSWORD)
    async with talking(site_sqlite.ports["submission"]) as client:
        await client.hello()
        answers = await client.say(*["AUTH PLAIN " + plain_response("ann@example.org", "wrong")] * 4)
        assert any(answer.startswith("421") for answer in answers)


async def test_one_sends_as_oneself(site_sqlite: Site, sink: Sink) -> None:
    await site_sqlite.person("ann", password=PASSWORD)
    await site_sqlite.person("bob")
    async with talking(site_sqlite.ports["submission"]) as client:
        await signed_in(client)
        assert (await client.say("MAIL FROM:<bob@example.org>"))[0].startswith("550 5.7.1")
        forged = plain(sender="Bob <bob@example.org>")
        assert (await client.message("x@one.example", forged, "ann@example.org")).startswith("550 5.7.1")
        none = b"To: x@one.example\r\n\r\nHello"
        assert (await client.message("x@one.example", none, "ann@example.org")).startswith("554 5.6.0")
        assert (await client.message("gone@example.org", plain(), "ann@example.org")).startswith("554 5.5.1")
        await client.say("RSET")
        good = plain(sender="Ann <ann+x@example.org>")
        assert (await client.message("bob@example.org", good, "ann@example.org")).startswith("250")
    assert len(await site_sqlite.inbox(site_sqlite.people["bob"])) == 1 and not sink.messages


async def test_nobody_says_of_oneself_what_only_a_server_may(site_sqlite: Site, sink: Sink) -> None:
    await site_sqlite.person("ann", password=PASSWORD)
    async with talking(site_sqlite.ports["submission"]) as client:
        await signed_in(client)
        said = "Authentication-Results: mail.example.org; dmarc=pass\r\nAuthentication-Results: x.example; spf=pass"
        good = plain(sender="Ann <ann@example.org>", extra=said)
        assert (await client.message("x@one.example", good, "ann@example.org")).startswith("250")
    while not sink.messages:
        await site_sqlite.idle_step()
    assert b"Results: mail.example.org" not in sink.messages[0][2] and b"Results: x.example" in sink.messages[0][2]


async def test_who_may_no_longer_sign_in_sends_no_more(site: Site) -> None:
    ann = await site.person("ann", password=PASSWORD)
    app, entry = await app_passwords.create(site.store, ann, "printer", ["smtp"])
    async with talking(site.ports["submission"]) as by_app, talking(site.ports["submission"]) as by_password:
        await signed_in(by_password)
        await by_app.hello()
        assert (await by_app.say(f"AUTH PLAIN {plain_response('ann@example.org', app)}"))[0].startswith("235")
        assert (await by_app.say("MAIL FROM:<ann@example.org>", "RSET"))[0].startswith("250")
        await app_passwords.remove(site.store, ann, entry.id)
        assert (await by_app.say("MAIL FROM:<ann@example.org>"))[0].startswith("530 5.7.0")
        assert (await by_password.say("MAIL FROM:<ann@example.org>", "RSET"))[0].startswith("250")
        await signin.change_password(site.store, ann, PASSWORD, PASSWORD + " 2", remote="127.0.0.1")
        assert (await by_password.say("MAIL FROM:<ann@example.org>"))[0].startswith("530 5.7.0")
        answer = plain_response("ann@example.org", PASSWORD + " 2")
        assert (await by_password.say(f"AUTH PLAIN {answer}"))[0].startswith("235")
        assert (await by_password.say("MAIL FROM:<ann@example.org>", "RSET"))[0].startswith("250")
        await accounts.disable(site.store, ann.id)
        assert (await by_password.say("MAIL FROM:<ann@example.org>"))[0].startswith("530 5.7.0")
