"""What goes wrong between two servers, and what is left of it: nothing lost, nothing twice, and plain words."""

import asyncio

import pytest

from parvis.app import App
from parvis.mail.external import pull as pulling
from parvis.mail.external import push as pushing
from tests import dovecot as dovecots
from tests.mail.external.conftest import Away, added, agree, closed, letter, opened_app, person, server
from tests.mail.external.test_sync import SENT, fill

pytestmark = dovecots.marks
WITHOUT = (
    "IMAP4rev1 SASL-IR LITERAL+ IDLE NAMESPACE",
    "IMAP4rev1 SASL-IR LITERAL+ UIDPLUS MOVE CONDSTORE ENABLE SPECIAL-USE LIST-EXTENDED",
)


async def test_a_wrong_password_keeps_nothing_and_says_what_to_do(one_app, dovecot) -> None:
    ann = await person(one_app)
    given = {"address": "bob@elsewhere.example", "imap": server(dovecot.port), "password": "wrong"}
    answer = await ann(("ExternalAccount/set", {"accountId": ann.account, "create": {"a": given}}))
    error = answer[0][1]["notCreated"]["a"]
    assert error["type"] == "signInFailed" and "app password" in error["description"]
    given = {**given, "imap": server(1), "password": dovecots.PASSWORD}
    answer = await ann(("ExternalAccount/set", {"accountId": ann.account, "create": {"a": given}}))
    assert answer[0][1]["notCreated"]["a"]["type"] == "unreachable"
    for imap in (server(143, host="localhost"), server(993, host="10.0.0.1", security="tls")):
        answer = await ann(
            ("ExternalAccount/set", {"accountId": ann.account, "create": {"a": {**given, "imap": imap}}})
        )
        assert answer[0][1]["notCreated"]["a"]["type"] == "invalidProperties", "what is inside is not contacted"
    here = {**given, "address": "boss@example.net", "imap": server(dovecot.port)}
    answer = await ann(("ExternalAccount/set", {"accountId": ann.account, "create": {"a": here}}))
    assert "address of this server" in answer[0][1]["notCreated"]["a"]["description"]
    made = "SELECT 1 FROM mail_account m JOIN principal p ON p.id = m.account_id WHERE p.kind = 'external'"
    assert not await one_app.context.store.db.rows(made)


async def test_a_server_that_is_gone_comes_back_and_a_password_is_set_right(one_app, dovecot) -> None:
    fill(dovecot.box(), 5)
    ann = await person(one_app)
    away = await added(one_app, ann, dovecot.port)
    await away.until()
    dovecot.stop()
    state = await away.until("unreachable")
    assert "127.0.0.1" in state["sentence"]
    (one,) = await away.emails("m1")
    await away.set(destroy=[one])
    dovecot.start()
    await away.until()
    await agree(away, box := dovecot.box(), SENT)
    for password, wanted in (("wrong", "signInFailed"), (dovecots.PASSWORD, "ok")):
        changed = {"accountId": ann.account, "update": {away.id: {"password": password}}}
        assert away.id in (await ann(("ExternalAccount/set", changed)))[0][1]["updated"]
        await away.until(wanted)
    changed = {"accountId": ann.account, "update": {away.id: {"paused": True}}}
    await ann(("ExternalAccount/set", changed))
    await away.until("paused")
    box.append("INBOX", "", None, letter("later"))
    await asyncio.sleep(1.5)
    assert "later@example.org" not in (await away.here())["INBOX"]
    await ann(("ExternalAccount/set", {"accountId": ann.account, "update": {away.id: {"paused": False}}}))
    await agree(away, box, SENT)


@pytest.mark.parametrize("capability", WITHOUT)
async def test_servers_that_can_do_little_are_kept_in_step_too(one_app, capability) -> None:
    dovecot = dovecots.Dovecot(capability)
    try:
        box = dovecot.box()
        fill(box, 25)
        ann = await person(one_app)
        away = await added(one_app, ann, dovecot.port)
        await away.until()
        boxes = await away.boxes()
        one, two, three = await away.emails("m1", "m2", "m3")
        await away.set(
            update={one: {"mailboxIds": {boxes["archive"]: True}}, two: {"keywords/$flagged": True}},
            destroy=[three],
        )
        await agree(away, box, SENT)
        box.select("INBOX")
        box.store("1", "+FLAGS", "(\\Deleted)")
        box.expunge()
        await agree(away, box, SENT)
        assert await away.emails("m1") == [one]
        box.store("1:*", "+FLAGS", "(\\Deleted)")
        box.expunge()
        await asyncio.sleep(1.5)
        assert len((await away.here())["INBOX"]) == 22, "a folder that is suddenly empty is not believed at once"
    finally:
        dovecot.close()


async def test_deleted_on_one_side_and_changed_on_the_other_stays(one_app, dovecot) -> None:
    box = dovecot.box()
    fill(box, 6)
    ann = await person(one_app)
    away = await added(one_app, ann, dovecot.port)
    await away.until()
    one, two = await away.emails("m1", "m2")
    dovecot.stop()
    await away.until("unreachable")
    await away.set(update={one: {"keywords/$flagged": True}}, destroy=[two])
    await ann(("ExternalAccount/set", {"accountId": ann.account, "update": {away.id: {"paused": True}}}))
    dovecot.start()
    box = dovecot.box()
    box.select("INBOX")
    box.store("2", "+FLAGS", "(\\Deleted)")
    box.expunge()
    box.store("2", "+FLAGS", "(\\Answered)")
    await ann(("ExternalAccount/set", {"accountId": ann.account, "update": {away.id: {"paused": False}}}))
    await away.until()
    await agree(away, box, SENT)
    here = (await away.here())["INBOX"]
    assert here["m1@example.org"] == (frozenset({"$flagged", "$seen"}),)
    assert here["m2@example.org"] == (frozenset({"$answered"}),)


async def test_five_hundred_messages_both_ways_with_kills_in_the_middle(tmp_path, dovecot, monkeypatch) -> None:
    """The program is stopped hard in the middle of each side's work, over and over; nothing is twice or lost."""
    box = dovecot.box()
    fill(box, 500)
    settings = settings_of(tmp_path)
    app = await opened_app(settings)
    ann = await person(app)
    away = await added(app, ann, dovecot.port)
    monkeypatch.setattr(pulling, "_MESSAGES", 20)
    for at in range(4):
        await asyncio.sleep(0.3 + 0.2 * at)
        app, away = await killed(app, away)
    await away.until()
    await agree(away, box, SENT, 60)
    boxes = await away.boxes()
    numbers = await away.emails(*(f"m{at}" for at in range(500)))
    await away.set(
        update={number: {"keywords/$flagged": True} for number in numbers[:100]}
        | {number: {"mailboxIds": {boxes["archive"]: True}} for number in numbers[100:250]},
        destroy=numbers[250:300],
    )
    box.select("INBOX")
    box.store("301:350", "+FLAGS", "(\\Answered)")
    for at in range(30):
        box.append("INBOX", "", None, letter(f"n{at}"))
    monkeypatch.setattr(pushing, "_PAGE", 20)
    for at in range(5):
        await asyncio.sleep(0.1 + 0.1 * at)
        app, away = await killed(app, away)
    try:
        await agree(away, box, SENT, 60)
        here = await away.here()
        assert {name: len(held) for name, held in here.items()} == {"INBOX": 330, "Archive": 150}
        assert all(len(each) == 1 for held in here.values() for each in held.values())
    finally:
        await closed(app)


def settings_of(path):
    from parvis.kernel.settings import Ports, Settings

    return Settings(
        data=str(path / "here"), domains=["example.net"], egress_allow=["127.0.0.1"], ports=Ports(http=0)
    )


async def killed(app: App, away: Away) -> tuple[App, Away]:
    """The program ends in the middle of what it does, and is started anew."""
    import httpx

    await closed(app)
    again = await opened_app(app.context.settings)
    owner = away.owner
    owner.client = httpx.AsyncClient(base_url=again.context.public_url, auth=owner.client.auth, timeout=30)
    again.clients.append(owner.client)
    return again, Away(again, owner, away.id)
