"""Groups as mailing lists, aliases and catch-alls, beside a server outside."""

import asyncio

import pytest

from parvis.access import directory
from parvis.kernel import clock, ids
from parvis.kernel.settings import Dns
from parvis.mail import secrets
from parvis.mail.lists import store as lists
from parvis.mail.lists.intake import Intake
from parvis.mail.lists.model import ListAddress
from parvis.mail.queue.recipients import find
from parvis.mail.signing import Signer
from parvis.wire import arc, dkim, dkim_keys, mime
from parvis.wire.canonical import Text
from tests.authority import Authority, needs_nsd, txt
from tests.mail.conftest import plain
from tests.mail.smtp.conftest import Client, Sink, Site, talking
from tests.mail.smtp.test_queue import put, report_of

BOB = "bob@example.net"


class Moderator(Client):
    using = (*Client.using, "urn:parvis:lists")


async def group(site: Site, *members, posting: str = "members", others: str = "hold", owner=None) -> int:
    """A list `team@example.org`."""

    async def work(unit) -> int:
        number = await directory.create(unit, "group", "The team", "team@example.org")
        for one in members:
            await directory.join(unit, number, one.id, "owner" if one is owner else "member")
        await lists.configure(unit, number, posting, others)
        return number

    return await site.store.write(work)


async def subscribe(site: Site, number: int, *addresses: str) -> None:
    for address in addresses:
        await site.store.write(lambda unit, address=address: lists.subscribe(unit, number, address))


def header(raw: bytes, name: str) -> str:
    return " ".join(mime.as_raw(each.value).strip() for each in Text(raw).all(name.lower()))


async def say(site: Site, to: str, raw: bytes, sender: str = BOB) -> str:
    async with talking(site.ports["smtp"]) as client:
        return await (await client.hello()).message(to, raw, sender)


async def test_a_member_writes_to_all(site: Site, sink: Sink) -> None:
    ann, ben = await site.person("ann"), await site.person("ben")
    number = await group(site, ann, ben)
    await subscribe(site, number, BOB, "eve@one.example")
    raw = plain("Plan", "Ça va.", sender="ann@example.org", to="team@example.org", message_id="1@example.org")
    await put(site, ann, "team@example.org", raw=raw, needs_8bit=True)
    for who in (ann, ben):
        (copy,) = await site.inbox(who)
        assert header(copy, "List-Id") == '"The team" <team.example.org>'
        assert header(copy, "List-Post") == "<mailto:team@example.org>" and header(copy, "Precedence") == "list"
        assert header(copy, "List-Unsubscribe") == "<mailto:team-leave@example.org>"
        assert header(copy, "Return-Path") == "<team-bounces@example.org>"
        assert copy.endswith(raw)
    await site.idle()
    assert sorted((sender, to) for sender, to, _ in sink.messages) == [
        ("team-bounces+bob=example.net@example.org", [BOB]),
        ("team-bounces+eve=one.example@example.org", ["eve@one.example"]),
    ]
    out = sink.messages[0][2]
    assert "List-Unsubscribe=One-Click" in header(out, "List-Unsubscribe-Post")
    assert header(out, "From") == "ann@example.org" and out.endswith(raw + b"")
    records = {one.key.name: one.key.record for one in await Signer(site.store, site.settings).keys("example.org")}
    text, now = Text(out), clock.now_ms() // 1000
    assert arc.validate(text, arc.chain(text), records, now).value == "pass"
    assert [dkim.verify(text, one, records.get(one.key_name), now).value for one in dkim.signatures(text)][:2] == [
        "pass", "pass",
    ]  # fmt: skip
    signed = dkim.signatures(text)[0].names
    assert "list-unsubscribe" in signed and "list-unsubscribe-post" in signed  # RFC 8058 §4
    assert await site.store.db.rows("SELECT 1 FROM list_post") == []
    assert await site.store.db.rows("SELECT 1 FROM blob_link WHERE kind = 'list_post'") == []


async def test_a_stranger_waits_for_a_moderator(site: Site, sink: Sink) -> None:
    ann, ben = await site.person("ann", language="fr"), await site.person("ben")
    number = await group(site, ann, ben, owner=ann)
    assert (await say(site, "team@example.org", plain("Hi", to="team@example.org"))).startswith("250")
    (question,) = await site.inbox(ann)
    assert mime.as_text(Text(question).all("subject")[0].value) == "Un message pour The team vous attend"
    client = Moderator(site.engine, ann)
    (held,) = (await client("HeldPost/get"))["list"]
    assert (held["author"], held["subject"], held["why"]) == (BOB, "Hi", "only members write to this list")
    assert (await Moderator(site.engine, ben)("HeldPost/get"))["list"] == []
    shown = await client("HeldPost/read", id=held["id"])
    assert (
        shown["from"] == [{"name": "Bob", "email": BOB}] and "Some words" in shown["text"] and shown["files"] == []
    )
    assert (await Moderator(site.engine, ben)("HeldPost/read", id=held["id"]))["error"] == "invalidArguments"
    other = await Moderator(site.engine, ben)("HeldPost/decide", accept=[held["id"]])
    assert other["notFound"] == [held["id"]]
    assert (await client("HeldPost/decide", accept=[held["id"]]))["accepted"] == [held["id"]]
    (copy,) = await site.inbox(ben)
    assert header(copy, "Subject") == "Hi" and header(copy, "From") == "Bob <bob@example.net>"
    assert (await client("HeldPost/decide", reject=[held["id"]]))["notFound"] == [held["id"]]
    assert ids.parse(held["listId"]) == number


@pytest.mark.parametrize(("word", "count"), [("Accepter, merci\n> quoted", 1), ("reject", 0), ("Duyệt", 1)])
async def test_a_moderator_decides_by_answering(site_sqlite: Site, sink: Sink, word, count) -> None:
    site = site_sqlite
    ann, ben = await site.person("ann"), await site.person("ben")
    await group(site, ann, ben, owner=ann, posting="moderators")
    await put(site, ben, "team@example.org", raw=plain("Hi", sender="ben@example.org"))
    (question,) = await site.inbox(ann)
    to = header(question, "Reply-To")
    answer = plain("Re", word, sender="ben@example.org", to=to)
    await put(site, ben, to, raw=answer)  # no moderator
    (refused,) = await site.inbox(ben)
    assert report_of(refused).recipients[0].diagnostic == "550 5.7.1 only its moderators decide what goes to a list"
    await put(site, ann, to, raw=plain("Re", word, sender="ann@example.org", to=to))
    await site.idle()
    assert len(await site.inbox(ben, 0)) == 1 + count
    assert await site.store.db.value("SELECT COUNT(*) FROM list_post") == 0


async def test_who_may_write(site_sqlite: Site) -> None:
    site = site_sqlite
    ann, ben = await site.person("ann"), await site.person("ben")
    number = await group(site, ann)
    await subscribe(site, number, BOB)
    intake = Intake(site.store, site.settings)

    async def act(
        sender: str, posting: str, *, authentic: bool = True, others: str = "hold", extra: str = ""
    ) -> str:
        await site.store.write(lambda unit: lists.configure(unit, number, posting, others))
        raw = plain(sender=sender, extra=extra)
        judged = await intake.judge(ListAddress(number), raw, "x@example.net", authentic=authentic)
        return judged.act

    assert await act(ann.address, "members") == await act(BOB, "members") == "post"
    assert await act(ben.address, "members") == "hold" and await act(ben.address, "organisation") == "post"
    assert await act(BOB, "organisation") == "hold" and await act(BOB, "organisation", others="refuse") == "refuse"
    assert await act(ann.address, "members", authentic=False) == "hold"
    assert await act("eve@one.example", "anyone", authentic=False) == "post"
    assert await act(ann.address, "moderators") == "hold"
    assert await act(BOB, "anyone", extra="List-Id: Team <TEAM.example.org>") == "refuse"
    assert await act(BOB, "anyone", extra="Auto-Submitted: auto-replied") == "refuse"
    assert await act("a@b.example, c@d.example", "anyone") == "refuse"
    bounce = await intake.judge(ListAddress(number), plain(), "", authentic=True)
    assert bounce.act == "refuse"
    await site.store.write(lambda unit: directory.join(unit, number, ben.id, "moderator"))
    assert await act(ben.address, "moderators") == "post"


async def test_a_refusal_is_said_at_once(site_sqlite: Site) -> None:
    site = site_sqlite
    ann = await site.person("ann")
    await group(site, ann, others="refuse")
    assert "550 5.7.1 only members write to this list" in await say(site, "team@example.org", plain())
    async with talking(site.ports["smtp"]) as client:  # somebody else has it: then it waits
        await client.hello()
        await client.say(f"MAIL FROM:<{BOB}>", "RCPT TO:<team@example.org>", "RCPT TO:<ann@example.org>", "DATA")
        await client.raw(plain() + b"\r\n.\r\n")
        assert (await client.answer()).startswith("250")
    assert await site.store.db.value("SELECT state FROM list_post") == "held"


async def test_leaving(site: Site, sink: Sink) -> None:
    ann, ben = await site.person("ann"), await site.person("ben")
    number = await group(site, ann, ben)
    await subscribe(site, number, BOB, "eve@one.example")
    word = secrets.token(
        await secrets.secret(site.store), "leave", (await lists.readers(site.store.db, number))[0].id
    )
    route = next(each for each in site.feature.routes if each.method == "POST")
    assert (await route.handle(_Posted(word[:-1] + ("a" if word[-1] == "2" else "2")))).status == 404
    assert [each.address for each in await lists.readers(site.store.db, number)] == [BOB, "eve@one.example"]
    assert (await route.handle(_Posted(word))).status == 200
    assert [each.address for each in await lists.readers(site.store.db, number)] == ["eve@one.example"]
    eve = (await lists.readers(site.store.db, number))[0].id
    to = f"team-leave+{secrets.token(await secrets.secret(site.store), 'leave', eve)}@example.org"
    assert (await say(site, to, plain(), "other@one.example")).startswith("250")
    assert await lists.readers(site.store.db, number) == []
    assert (await say(site, "team-leave@example.org", plain(sender="eve@one.example"))).startswith("550")
    await put(site, ben, "team-leave@example.org", raw=plain(sender="ben@example.org"))
    await site.idle()
    assert await lists.members(site.store.db, number) == [ann.id]
    client = Moderator(site.engine, ben)
    (shown,) = (await client("MailingList/get"))["list"]
    assert shown["reads"] is False and "readers" not in shown
    assert (await client("MailingList/configure", id=shown["id"], posting="anyone"))["error"] == "forbidden"
    await client("MailingList/configure", id=shown["id"], subscribe=["ben@example.org"])
    assert await lists.members(site.store.db, number) == [ann.id, ben.id]


class _Posted:
    """A request as far as the page looks at it."""

    def __init__(self, word: str) -> None:
        self.params = {"word": word}

    async def body(self, limit: int) -> bytes:
        return b"List-Unsubscribe=One-Click"


async def test_what_comes_back_goes_to_the_owners(site_sqlite: Site, sink: Sink) -> None:
    site = site_sqlite
    ann, ben = await site.person("ann"), await site.person("ben")
    number = await group(site, ann, ben, owner=ann)
    await subscribe(site, number, BOB)
    sink.replies = {BOB: "550 5.1.1 gone"}
    await put(site, ben, "team@example.org", raw=plain(sender="ben@example.org"))
    own, bounce = await site.inbox(ann, 2)
    assert report_of(bounce).recipients[0].final == BOB and header(own, "List-Id")
    assert (await say(site, "team-bounces+bob=example.net@example.org", plain("Later"), "")).startswith("250")
    assert len(await site.inbox(ann, 3)) == 3


@needs_nsd
@pytest.mark.parametrize("signs", [True, False])
async def test_from_where_the_authors_domain_is_strict(site_sqlite: Site, sink: Sink, tmp_path, signs) -> None:
    site = site_sqlite
    key = dkim_keys.generate("example.net", "k", "ed25519")
    zone = "\n".join([txt("_dmarc.example.net", "v=DMARC1; p=reject"), txt(key.name, key.record)])
    authority = await asyncio.to_thread(Authority, tmp_path / "nsd", zone)
    site.settings.dns.nameservers[:] = [authority.address]
    site.context.resolver._settings = Dns(nameservers=[authority.address])
    ann = await site.person("ann")
    number = await group(site, ann, posting="anyone")
    await subscribe(site, number, "eve@one.example")
    raw = plain("Hello", sender="Bob <bob@example.net>", to="team@example.org")
    if signs:
        raw = dkim.sign(Text(raw), [key], clock.now_ms() // 1000) + raw
    result = "dmarc=pass header.from=example.net; dkim=pass header.d=example.net" if signs else "dmarc=pass"
    marked = f"Authentication-Results: {site.settings.hostname}; {result}\r\n".encode() + raw
    blob = await site.store.blobs.put(marked)
    await site.store.write(lambda unit: lists.add_post(unit, number, BOB, "Hello", blob, len(marked)))
    await site.idle()
    ((_, _, out),) = sink.messages
    text, now = Text(out), clock.now_ms() // 1000
    if signs:
        assert header(out, "From") == "Bob <bob@example.net>"
        theirs = next(one for one in dkim.signatures(text) if one.domain == "example.net")
        assert dkim.verify(text, theirs, key.record, now).value == "pass"
    else:
        assert header(out, "From") == '"Bob (The team)" <team@example.org>'
        assert header(out, "Reply-To") == "Bob <bob@example.net>"
        assert {one.domain for one in dkim.signatures(text)} == {"example.org"}
    (copy,) = await site.inbox(ann)
    assert header(copy, "From") == "Bob <bob@example.net>"
    authority.close()


async def test_what_we_passed_on_comes_back_to_who_was_first(site: Site, sink: Sink) -> None:
    ann = await site.person("ann", administrator=True)
    sender = await secrets.forwarder(site.store, BOB, "example.org")
    found = await find(site.store, site.settings, sender)
    assert (found.where, found.returns) == ("elsewhere", BOB)
    assert (await say(site, sender, plain("Undelivered"), "")).startswith("250")
    await site.idle()
    ((mail_from, to, raw),) = sink.messages
    assert (mail_from, to) == ("", [BOB]) and b"Subject: Undelivered" in raw and b"Return-Path" not in raw
    assert (await say(site, sender, plain(), "eve@one.example")).startswith("554 5.5.1")  # no relay for others
    assert (await say(site, sender.replace("bob", "eve"), plain(), "")).startswith("554 5.5.1")
    sink.replies = {"x@one.example": "550 5.1.1 no"}
    await put(site, ann, "x@one.example", sender=sender)
    await site.idle()
    assert sink.messages[1][:2] == ("", [BOB])


async def test_aliases_details_and_catch_all(site_sqlite: Site) -> None:
    site = site_sqlite
    ann, ben = await site.person("ann"), await site.person("ben")
    await site.store.write(lambda unit: directory.add_address(unit, ann.id, "a.long@example.org"))

    async def who(address: str) -> tuple:
        found = await find(site.store, site.settings, address)
        return (found.where, *found.accounts, found.detail)

    assert await who("A.Long@example.org") == ("here", ann.id, "")
    assert await who("ann+shop@example.org") == ("here", ann.id, "shop")
    assert await who("nobody@example.org") == ("nowhere", "")
    site.settings.mail.catch_all = {"example.org": "ben@example.org"}
    assert await who("nobody@example.org") == ("here", ben.id, "")
    site.settings.mail.separators = {"*": "", "example.org": "-+"}
    assert await who("ann-a+b@example.org") == ("here", ann.id, "a+b")
    site.settings.mail.separators = {"*": ""}
    assert await who("ann+shop@example.org") == ("here", ben.id, "")
