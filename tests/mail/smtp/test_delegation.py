"""Writing for somebody else: on their behalf, as them, and no longer once it is withdrawn. RFC 5322 §3.6.2"""

import base64

import pytest

from parvis.access import gate
from parvis.access.principal import Right
from parvis.kernel import ids
from parvis.mail.queue.service import Queue
from parvis.mail.submission.senders import voice
from parvis.wire import mime
from parvis.wire.canonical import Text
from tests.mail.conftest import plain
from tests.mail.smtp.conftest import PASSWORD, Client, Sink, Site, talking

BEHALF = Right.READ | Right.WRITE | Right.SEND


async def give(site: Site, giver, taker, rights: Right) -> int:
    scope = (await gate.require(site.store.db, giver, giver.id, "mail")).scope
    return await site.store.write(lambda unit: gate.give(unit, giver, scope.id, taker.id, rights))


def header(raw: bytes, name: str) -> list[str]:
    return [mime.as_raw(each.value).strip() for each in Text(raw).all(name)]


async def submit(site: Site, who, raw: bytes, sender: str) -> str:
    async with talking(site.ports["submission"]) as client:
        await client.hello()
        word = base64.b64encode(f"\0{who.address}\0{PASSWORD}".encode()).decode()
        assert (await client.say(f"AUTH PLAIN {word}"))[0].startswith("235")
        return await client.message("x@one.example", raw, sender)


class For(Client):
    """Somebody in the account of another."""

    def __init__(self, site: Site, who, owner) -> None:
        super().__init__(site.engine, who)
        self.account, self.owner = ids.text(owner.id), owner

    async def draft(self, to: str, /, **more) -> str:
        return await super().draft(to, **{"from": [{"email": self.owner.address}], **more})


@pytest.mark.parametrize(
    ("rights", "sender"), [(BEHALF, ["ann <ann@example.org>"]), (BEHALF | Right.SEND_AS, []), (BEHALF, None)]
)
async def test_by_jmap(site: Site, sink: Sink, rights, sender) -> None:
    boss, ann = await site.person("boss"), await site.person("ann")
    grant = await give(site, boss, ann, rights)
    client = For(site, ann, boss)
    email = await client.draft("x@one.example")
    if sender is None:
        await site.store.write(lambda unit: gate.withdraw(unit, boss, grant))
        assert (await client("EmailSubmission/set", create={"s": {"identityId": "1", "emailId": email}}))["error"]
        assert not sink.messages
        return
    await client.send(email)
    await site.idle()
    ((mail_from, _, raw),) = sink.messages
    assert mail_from == "boss@example.org" and header(raw, "from") == ["boss@example.org"]
    assert header(raw, "sender") == sender


async def test_a_sender_that_is_said_is_not_believed(site_sqlite: Site, sink: Sink) -> None:
    site = site_sqlite
    boss, ann = await site.person("boss"), await site.person("ann")
    await give(site, boss, ann, BEHALF)
    client = For(site, ann, boss)
    await client.send(await client.draft("x@one.example", sender=[{"email": "eve@one.example"}]))
    await site.idle()
    assert header(sink.messages[0][2], "sender") == ["ann <ann@example.org>"]


async def test_a_message_that_is_being_sent_when_it_is_withdrawn(
    site_sqlite: Site, sink: Sink, monkeypatch
) -> None:
    site = site_sqlite
    boss, ann = await site.person("boss"), await site.person("ann")
    grant = await give(site, boss, ann, BEHALF)
    client = For(site, ann, boss)
    email = await client.draft("x@one.example")
    destinations = Queue.destinations

    async def meanwhile(self, letter):
        await site.store.write(lambda unit: gate.withdraw(unit, boss, grant))
        return await destinations(self, letter)

    identity = await client.identity()
    monkeypatch.setattr(Queue, "destinations", meanwhile)
    made = await client("EmailSubmission/set", create={"s": {"identityId": identity, "emailId": email}})
    assert made.get("error") or made["notCreated"]["s"]["type"]
    assert await site.store.db.rows("SELECT 1 FROM outgoing") == []


async def test_by_smtp(site: Site, sink: Sink) -> None:
    boss, ann = await site.person("boss"), await site.person("ann", password=PASSWORD)
    raw = plain(sender="The boss <boss+x@example.org>", extra="Sender: eve@one.example")
    assert "550 5.7.1" in await submit(site, ann, raw, "ann@example.org")
    assert (await submit(site, ann, raw, "boss@example.org")).startswith("5")
    grant = await give(site, boss, ann, BEHALF)
    assert (await submit(site, ann, raw, "boss@example.org")).startswith("250")
    await site.idle()
    sender, _, sent = sink.messages[0]
    assert sender == "boss@example.org" and header(sent, "sender") == ["ann <ann@example.org>"]
    await give(site, boss, ann, BEHALF | Right.SEND_AS)
    assert "Sender: eve@one.example is not" in await submit(site, ann, raw, "ann@example.org")
    plainly = plain(sender="boss@example.org")
    assert (await submit(site, ann, plainly, "ann@example.org")).startswith("250")
    await site.idle()
    assert sink.messages[1][0] == "ann@example.org" and header(sink.messages[1][2], "sender") == []
    await site.store.write(lambda unit: gate.withdraw(unit, boss, grant))
    assert "550 5.7.1" in await submit(site, ann, plainly, "ann@example.org")
    mixed = plain(sender="ann@example.org, boss@example.org", extra="Sender: ann@example.org")
    await give(site, boss, ann, BEHALF)
    assert "550 5.7.1" in await submit(site, ann, mixed, "ann@example.org")
    assert await voice(site.store.db, ann, ["nobody@example.org"]) is None
