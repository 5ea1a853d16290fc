"""An account at another Parvis: kept in step, sent from by its own server, seen by nobody else, and erased."""

import asyncio
import imaplib
import time

import pytest

from parvis.access import erasure
from parvis.kernel.settings import Ports, Settings
from parvis.mail import service
from parvis.ops import people
from parvis.store import tidy
from parvis.store.check import check
from tests.leak.test_erasure import left
from tests.leak.test_leak import BODY, FILE, NAME, PASSWORD, RAW, SUBJECT, Person, everything, someone
from tests.mail.external.conftest import added, agree, closed, letter, opened_app, person, server

pytestmark = pytest.mark.slow


@pytest.fixture
async def provider(tmp_path):
    """Another Parvis, where Bob and Carol have mail."""
    ports = Ports(http=0, smtp=0, submission=0, imap=0)
    settings = Settings(data=str(tmp_path / "there"), domains=["elsewhere.example"], ports=ports)
    opened = await opened_app(settings)
    for name in ("bob", "carol"):
        found = await people.create(
            opened.context.store,
            opened.features,
            "person",
            name.title(),
            f"{name}@elsewhere.example",
            password=PASSWORD,
        )
        setattr(opened, name, found)
    yield opened
    await closed(opened)


def at(provider, port: str) -> dict:
    return server(provider.ports[port], username="bob@elsewhere.example")


async def bobs(app, provider, owner: Person):
    return await added(
        app, owner, 0, PASSWORD, imap=at(provider, "imap"), smtp=at(provider, "submission"), name="Bob elsewhere"
    )


async def box_of(provider) -> imaplib.IMAP4:
    def opened() -> imaplib.IMAP4:
        box = imaplib.IMAP4("127.0.0.1", provider.ports["imap"])
        box.login("bob@elsewhere.example", PASSWORD)
        return box

    return await asyncio.to_thread(opened)


async def test_two_parvis_are_kept_in_step(app, provider) -> None:
    for number in range(20):
        await service.deliver(provider.context.store, [service.Delivery(provider.bob.id)], letter(f"m{number}"))
    ann = await person(app)
    away = await bobs(app, provider, ann)
    await away.until()
    box = await box_of(provider)
    try:
        await agree(away, box)
        boxes, (one, two, three) = await away.boxes(), await away.emails("m1", "m2", "m3")
        await away.set(
            update={
                one: {"mailboxIds": {boxes["archive"]: True}},
                two: {"keywords": {"$seen": True, "label": True}},
            },
            destroy=[three],
        )
        await agree(away, box)
        await service.deliver(provider.context.store, [service.Delivery(provider.bob.id)], letter("pushed"))
        await agree(away, box)
    finally:
        await asyncio.to_thread(box.logout)


async def test_new_uids_take_nothing_away(one_app, provider) -> None:
    far = provider.context.store
    for number in range(20):
        await service.deliver(far, [service.Delivery(provider.bob.id)], letter(f"m{number}"))
    ann = await person(one_app)
    away = await bobs(one_app, provider, ann)
    await away.until()
    names = [f"m{number}" for number in range(20)]
    before = await away.emails(*names)
    rows = await far.db.rows("SELECT id FROM email WHERE account_id = ? ORDER BY id LIMIT 3", provider.bob.id)

    async def renumbered(unit) -> None:
        await unit.run("UPDATE mailbox SET uid_validity = uid_validity + 9, uid_next = 1000")
        await unit.run("UPDATE email_mailbox SET uid = uid + 500")
        for (number,) in rows:
            await unit.run("DELETE FROM email_mailbox WHERE email_id = ?", number)
        await unit.changed(provider.bob.id, "Mailbox", 1, "updated")

    await far.write(renumbered)
    box = await box_of(provider)
    try:
        await agree(away, box)
        assert await away.emails(*names) == before, "each is the one it was"
        assert len((await away.here())["INBOX"]) == 20
    finally:
        await asyncio.to_thread(box.logout)


async def test_mail_leaves_by_the_provider_and_its_copy_is_there(one_app, provider) -> None:
    ann = await person(one_app)
    away = await bobs(one_app, provider, ann)
    await away.until()
    boxes = await away.boxes()
    session = (await ann.client.get("/jmap/session")).json()
    assert session["accounts"][away.id]["name"] == "bob@elsewhere.example"
    assert session["accounts"][away.id]["isPersonal"] and not session["accounts"][away.id]["isReadOnly"]
    identity = (await ann(("Identity/get", {"accountId": away.id})))[0][1]["list"][0]
    assert (identity["email"], identity["mayDelete"]) == ("bob@elsewhere.example", False)
    draft = {
        "mailboxIds": {boxes["drafts"]: True},
        "keywords": {"$draft": True},
        "from": [{"email": "bob@elsewhere.example"}],
        "subject": "Greetings",
        "messageId": ["g@example.org"],
        "to": [{"email": "carol@elsewhere.example"}, {"email": "ann@example.net"}],
        "textBody": [{"partId": "t", "type": "text/plain"}],
        "bodyValues": {"t": {"value": "Hello."}},
    }
    sent = {"identityId": identity["id"], "emailId": "#d"}
    update = {
        "#s": {f"mailboxIds/{boxes['drafts']}": None, f"mailboxIds/{boxes['sent']}": True, "keywords/$draft": None}
    }
    answers = await ann(
        ("Email/set", {"accountId": away.id, "create": {"d": draft}}),
        ("EmailSubmission/set", {"accountId": away.id, "create": {"s": sent}, "onSuccessUpdateEmail": update}),
    )
    assert answers[1][1]["created"], answers
    end = time.monotonic() + 20
    while not await arrived(provider, provider.carol.id):
        assert time.monotonic() < end
        await asyncio.sleep(0.1)
    assert not await service.find_by_message_id(one_app.context.store.db, ann.principal.id, "g@example.org"), (
        "what is for somebody here comes by their own servers too"
    )
    queued = await one_app.context.store.db.rows("SELECT DISTINCT destination FROM outgoing_recipient")
    assert queued == [(f"@{away.number}",)]
    box = await box_of(provider)
    try:
        await agree(away, box)
        assert (await away.here())["Sent"] == {"g@example.org": (frozenset(),)}
    finally:
        await asyncio.to_thread(box.logout)
    forged = {**draft, "from": [{"email": "carol@elsewhere.example"}], "messageId": ["f@example.org"]}
    answers = await ann(
        ("Email/set", {"accountId": away.id, "create": {"d": forged}}),
        ("EmailSubmission/set", {"accountId": away.id, "create": {"s": sent}}),
    )
    assert answers[1][1]["notCreated"]["s"]["type"] == "forbiddenFrom"


async def arrived(provider, account_id: int) -> list[int]:
    return await service.find_by_message_id(provider.context.store.db, account_id, "g@example.org")


async def test_nobody_else_sees_it(one_app, provider) -> None:
    await service.deliver(provider.context.store, [service.Delivery(provider.bob.id)], RAW)
    ann, eve = await person(one_app), await someone(one_app, "eve")
    away = await bobs(one_app, provider, ann)
    await away.until()
    await one_app._search.indexer.settle()
    email = (await ann(("Email/query", {"accountId": away.id})))[0][1]["ids"][0]
    blob = (await ann(("Email/get", {"accountId": away.id, "ids": [email]})))[0][1]["list"][0]["blobId"]
    owner = Person(ann.principal, ann.client, ann.using)
    found = await ann(("Email/query", {"accountId": away.id, "filter": {"text": BODY}}))
    assert found[0][1]["ids"] == [email], "its owner finds it"

    class There(Person):
        @property
        def account(self) -> str:
            return away.id

    told = await everything(eve, There(owner.principal, owner.client, owner.using), email, [blob])
    told += str(
        await eve(
            ("Principal/get", {"accountId": eve.account, "ids": None}),
            ("Principal/query", {"accountId": eve.account, "filter": {"text": "bob"}}),
            ("ExternalAccount/get", {"accountId": eve.account}),
            ("ExternalAccount/get", {"accountId": ann.account}),
            ("ExternalAccount/set", {"accountId": eve.account, "destroy": [away.id]}),
            ("ExternalAccount/set", {"accountId": eve.account, "update": {away.id: {"paused": True}}}),
        )
    )
    for word in (BODY, SUBJECT, FILE, NAME, "bob@elsewhere.example"):
        assert word not in told
    assert (await away.state())["paused"] is False
    shown = str(await ann(("ExternalAccount/get", {"accountId": ann.account})))
    assert PASSWORD not in shown and "1." + "AAAA" not in shown
    dump = "\n".join(await left(one_app.context.store, set(), [PASSWORD]))
    assert dump == "", "the password is in no table"


@pytest.mark.parametrize("whose", ["account", "owner"])
async def test_nothing_of_it_is_left(app, provider, whose: str, monkeypatch) -> None:
    monkeypatch.setattr(erasure, "SOON_MS", 0)
    await service.deliver(provider.context.store, [service.Delivery(provider.bob.id)], RAW)
    ann = await person(app)
    away = await bobs(app, provider, ann)
    await away.until()
    store = app.context.store
    await app._search.indexer.settle()
    words = ["bob@elsewhere.example", BODY, SUBJECT]
    tables = {line.partition(":")[0] for line in await left(store, {away.number}, words)}
    assert {"external_account", "external_mailbox", "external_email", "email", "principal", "identity"} <= tables
    if whose == "account":
        answer = await ann(("ExternalAccount/set", {"accountId": ann.account, "destroy": [away.id]}))
        assert answer[0][1]["destroyed"] == [away.id]
        gone = await ann(("Email/query", {"accountId": away.id}))
        assert gone[0][0] == "error"
    else:
        await erasure.schedule(store, ann.principal.id)
    end = time.monotonic() + 60
    while await store.db.value(
        "SELECT 1 FROM job WHERE kind IN ('account-erase', 'external-sync') AND finished_ms IS NULL"
    ) or await store.db.value("SELECT 1 FROM account WHERE id = ?", away.number):
        assert time.monotonic() < end, await store.db.rows("SELECT * FROM job WHERE finished_ms IS NULL")
        await asyncio.sleep(0.1)
    await tidy.blobs(store, grace_ms=0)
    await tidy.blobs(store, grace_ms=0)
    numbers = {away.number} | ({ann.principal.id} if whose == "owner" else set())
    log = f"change: ({ann.principal.id}, 'ExternalAccount', {away.number}"  # that it is gone
    assert [line for line in await left(store, numbers, words) if not line.startswith(log)] == []
    assert await check(store) == []
    assert await service.find_by_message_id(provider.context.store.db, provider.bob.id, "leak@elsewhere.example")


async def test_the_organisation_may_forbid_it(tmp_path) -> None:
    settings = Settings(
        data=str(tmp_path), domains=["example.net"], egress_allow=["127.0.0.1"], ports=Ports(http=0)
    )
    settings.mail.external = False
    app = await opened_app(settings)
    try:
        ann = await person(app)
        given = {"address": "bob@elsewhere.example", "imap": server(1), "password": "x"}
        answers = await ann(
            ("ExternalAccount/set", {"accountId": ann.account, "create": {"a": given}}),
            ("ExternalAccount/discover", {"accountId": ann.account, "address": "bob@elsewhere.example"}),
        )
        assert answers[0][1]["notCreated"]["a"]["type"] == "forbidden"
        assert answers[1][1]["type"] == "forbidden"
    finally:
        await closed(app)
