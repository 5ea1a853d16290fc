"""Mail that a filter passes on: who hears when it does not arrive, and what another server believes of it."""

import asyncio
import contextlib

import pytest

from parvis.access import directory
from parvis.kernel import clock
from parvis.kernel.settings import Delivery, Dns, Limits, Mail, Ports, Settings
from parvis.mail.queue.recipients import find
from parvis.mail.signing import Signer
from parvis.store.store import Store
from parvis.wire import arc, mime
from parvis.wire.canonical import Text
from tests.authority import Authority, needs_nsd, zone
from tests.mail.conftest import plain
from tests.mail.sieve.conftest import Person, send
from tests.mail.smtp.conftest import Site, talking
from tests.mail.smtp.test_authentication import HERE

BOB = "bob@one.example"
TEXTS = {
    "good.example": f"v=spf1 ip4:{HERE or '192.0.2.1'} -all",
    "_dmarc.good.example": "v=DMARC1; p=reject",
    "example.org": "v=spf1 -all",
}


@pytest.fixture
def mail_settings(mail_settings) -> Settings:
    mail_settings.host = "0.0.0.0"
    return mail_settings


async def chain_of(site: Site, raw: bytes) -> arc.Result:
    """What the chain of a message is worth, with our keys."""
    keys = {one.key.name: one.key.record for one in await Signer(site.store, site.settings).keys("example.org")}
    text = Text(raw)
    return arc.validate(text, arc.chain(text), keys, clock.now_ms() // 1000)


async def test_what_does_not_arrive_comes_back_to_who_was_first(site: Site, ann: Person, sink) -> None:
    await site.person("root", administrator=True)
    await ann.filters('redirect "x@two.example";')
    sink.replies = {"x@two.example": "550 5.1.1 nobody"}
    await send(site, plain("one"), sender=BOB)
    await site.idle()
    ((sender, to, raw),) = sink.messages
    assert (sender, to) == ("", [BOB]) and b"x@two.example" in raw and await ann.mail() == {}
    assert (await site.store.db.rows("SELECT 1 FROM outgoing")) == []


async def test_a_notification_from_there_comes_back_too(site: Site, ann: Person, sink) -> None:
    await site.person("root", administrator=True)
    await ann.filters('redirect "x@two.example";')
    await send(site, plain("one"), sender=BOB)
    await site.idle()
    sender = sink.messages.pop()[0]
    assert (await find(site.store, site.settings, sender)).returns == BOB
    assert (await send(site, plain("Undelivered"), sender, sender="")).startswith("250")
    await site.idle()
    ((mail_from, to, raw),) = sink.messages
    assert (mail_from, to) == ("", [BOB]) and (await chain_of(site, raw)).value == "pass"
    assert await ann.mail() == {}


async def test_our_own_mail_keeps_its_sender_and_what_stays_here_is_as_it_was(
    site: Site, ann: Person, sink
) -> None:
    ben = Person(site, await site.person("ben"))
    await ann.filters('require "copy"; redirect :copy "x@two.example"; redirect "ben@example.org";')
    await send(site, plain("one", sender="Ben <ben@example.org>"), sender="ben@example.org")
    await send(site, plain("two"), sender=BOB)
    await site.idle()
    found = {mime.as_text(mime.parse(raw).root.last("Subject").value): sender for sender, _, raw in sink.messages}
    assert found["one"] == "ben@example.org" and found["two"].startswith("SRS0=")
    assert await ben.mail() == {"INBOX": ["one", "two"]}
    assert all(b"ARC-Seal" not in raw for _, _, raw in await ben.emails())
    assert [(await chain_of(site, raw)).value for _, _, raw in sink.messages] == ["pass", "pass"]


async def test_a_filter_cannot_forge_what_we_found(site: Site, ann: Person, sink) -> None:
    forged = "mail.example.org; dmarc=pass header.from=bank.example"
    await ann.filters(
        f'require "editheader"; addheader "Authentication-Results" "{forged}"; redirect "x@two.example";'
    )
    await send(site, b"Authentication-Results: " + forged.encode() + b"\r\n" + plain("one"))
    await site.idle()
    ((_, _, raw),) = sink.messages
    (said,) = mime.parse(raw).root.all("ARC-Authentication-Results")
    assert said.value.strip() == b"i=1; mail.example.org;\r\n\tnone" and (await chain_of(site, raw)).value == "pass"


async def test_a_chain_that_nobody_looked_at_is_not_made_longer(site: Site, ann: Person, sink) -> None:
    await ann.filters('redirect "x@two.example";')
    await send(site, b"ARC-Seal: i=1; cv=none\r\n" + plain("one"))
    await site.idle()
    ((_, _, raw),) = sink.messages
    assert raw.count(b"ARC-Seal:") == 1


@contextlib.asynccontextmanager
async def other_site(folder, rooms, dns: Dns, **mail):
    """A server of another domain, and x@two.example who has mail there."""
    settings = Settings(data=str(folder), host="0.0.0.0", hostname="mail.two.example", domains=["two.example"])
    settings.ports, settings.limits = Ports(http=-1, smtp=0, submission=0, submissions=0), Limits()
    settings.dns, settings.mail, settings.delivery = dns, Mail(**mail), Delivery(routes={"*": "127.0.0.1:1"})
    opened = await Site.open(await Store.open(settings, rooms), settings)
    person = await opened.person("x", administrator=True)
    await opened.store.write(lambda unit: directory.add_address(unit, person.id, "x@two.example"))
    try:
        yield opened, person
    finally:
        await opened.close()
        await opened.store.close()


async def test_over_two_servers_there_and_back(site_sqlite, ann_sqlite, sink, tmp_path, rooms) -> None:
    site = site_sqlite
    await site.person("root", administrator=True)
    await ann_sqlite.filters('redirect "x@two.example";')
    async with other_site(tmp_path / "other", rooms, Dns()) as (other, person):
        routes = {"*": f"127.0.0.1:{sink.port}"}
        site.settings.delivery.routes = routes | {"two.example": f"127.0.0.1:{other.ports['smtp']}"}
        other.settings.delivery.routes = routes | {"example.org": f"127.0.0.1:{site.ports['smtp']}"}
        away = Person(other, person)
        await away.filters('redirect "gone@example.org";')
        await send(site, plain("lost"), sender=BOB)
        while not sink.messages:
            await asyncio.sleep(0.02)
        ((sender, to, raw),) = sink.messages
        assert (sender, to) == ("", [BOB]) and b"gone@example.org" in raw
        await away.filters('redirect "ann@example.org";')
        await send(site, plain("circle"), sender=BOB)
        assert len(await site.inbox(ann_sqlite.who)) == 1
        await site.idle()
        await other.idle()
        assert await ann_sqlite.mail() == {"INBOX": ["circle"]} and await away.mail() == {}
    assert len(sink.messages) == 1


@needs_nsd
@pytest.mark.skipif(not HERE, reason="this machine has no address but loopback")
@pytest.mark.parametrize("trusted", [True, False])
async def test_another_server_believes_our_seal(site_sqlite, ann_sqlite, tmp_path, rooms, trusted: bool) -> None:
    site, keys = site_sqlite, await Signer(site_sqlite.store, site_sqlite.settings).keys("example.org")
    texts = TEXTS | {one.key.name: one.key.record for one in keys}
    authority = await asyncio.to_thread(Authority, tmp_path / "nsd", zone(texts))
    dns = Dns(nameservers=[authority.address])
    site.context.resolver._settings = dns
    await ann_sqlite.filters('require "copy"; redirect :copy "x@two.example";')
    sealers = ["example.org"] if trusted else []
    async with other_site(tmp_path / "other", rooms, dns, trusted_sealers=sealers) as (other, person):
        site.settings.delivery.routes = {"two.example": f"{HERE}:{other.ports['smtp']}", "*": "127.0.0.1:1"}
        async with talking(site.ports["smtp"], host=HERE) as client:
            await client.hello()
            raw = plain("one", sender="Joe <joe@good.example>")
            assert (await client.message("ann@example.org", raw, "joe@good.example")).startswith("250")
        (kept,) = await site.inbox(ann_sqlite.who)
        assert b"dmarc=pass" in kept
        if trusted:
            (stored,) = await other.inbox(person)
            assert b"Return-Path: <SRS0=" in stored and b"i=1; mail.example.org" in stored
            assert b"arc=pass header.d=example.org" in stored and b"dmarc=fail" in stored
        else:
            while not await site.store.db.value("SELECT 1 FROM outgoing_recipient WHERE state = 'failed'"):
                await asyncio.sleep(0.02)
            assert await other.store.db.value("SELECT COUNT(*) FROM email") == 0
    authority.close()
