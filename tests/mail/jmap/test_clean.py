"""Warnings and the vault, as a client meets them."""

import pytest

from parvis.access import directory
from parvis.kernel import clock, ids
from parvis.kernel.egress import Egress
from parvis.mail import clean, feature, mailboxes, service
from parvis.mail.jmap.warnings import CAPABILITY as WARNINGS
from parvis.mail.service import Delivery, Import
from parvis.mail.vault import store as vault
from parvis.mail.vault.jmap import CAPABILITY as VAULT
from parvis.serve.context import Context
from parvis.serve.jmap.blobs import Library
from parvis.serve.jmap.core import feature as core
from parvis.serve.jmap.engine import Engine
from tests.mail.conftest import plain
from tests.mail.jmap.conftest import Client as MailClient

DAY = 86_400_000


class Client(MailClient):
    """A client that knows of warnings and of the vault."""

    using = (*MailClient.using, WARNINGS, VAULT)


@pytest.fixture
def context(store, settings) -> Context:
    settings.domains = ["example.org"]
    return Context(settings, store, Egress([]))


@pytest.fixture
async def engine(context) -> Engine:
    features = [feature(context), clean.feature(context)]
    scopes = {kind.name: kind.scope for one in features for kind in one.kinds}
    context.offer(Library(context.store, features[0].blobs, scopes))
    return Engine(context, [core(context), *features])


@pytest.fixture
async def ann(engine, store, make_user) -> Client:
    return Client(engine, await make_user(store, "ann"))


@pytest.fixture
async def bob(engine, store, make_user) -> Client:
    return Client(engine, await make_user(store, "bob"))


@pytest.fixture
def deliver(store):
    """`await deliver(ann, raw)`: the id of a message that has come."""

    async def run(client: Client, raw: bytes, **more) -> str:
        (number,) = await service.deliver(store, [Delivery(client.principal.id)], raw, **more)
        return ids.text(number)

    return run


async def warned(client: Client, email_id: str) -> list[str]:
    (one,) = (await client("Email/warnings", emailIds=[email_id]))["list"]
    assert one["emailId"] == email_id
    return [found["kind"] for found in one["warnings"]]


async def test_warnings(ann, bob, store, deliver) -> None:
    first = await deliver(ann, plain(sender="Zoe <zoe@partner.example>", message_id="1@x"), received_ms=1000)
    assert await warned(ann, first) == ["firstTime"]
    second = await deliver(ann, plain(sender="Zoe <zoe@partner.example>", message_id="2@x"), received_ms=2000)
    assert await warned(ann, second) == []
    assert await warned(ann, await deliver(ann, plain(sender="bob <bob@example.org>"))) == []
    html = '<a href="http://evil.test/">https://bank.example/</a>'
    bad = plain(body=html, sender="Zoe <zoe@exarnple.org>", extra="Reply-To: x@elsewhere.example").replace(
        b"text/plain", b"text/html"
    )
    found = b"Authentication-Results: mail.example.org; dmarc=fail header.from=exarnple.org\r\n"
    forged = b"Authentication-Results: other.example; dmarc=pass\r\n"
    assert await warned(ann, await deliver(ann, forged + found + bad)) == [
        "notProved", "lookalikeSender", "replyElsewhere", "firstTime", "linkElsewhere",
    ]  # fmt: skip
    await store.write(lambda unit: directory.create(unit, "person", "Nguyễn Thị Mai", "mai@example.org"))
    with clock.frozen(clock.now_ms() + 120_000):
        assert "nameOfColleague" in await warned(
            ann, await deliver(ann, plain(sender="Nguyen Thi Mai <m@x.example>"))
        )
    asked = await bob("Email/warnings", emailIds=[first, "nothing"])
    assert asked["list"] == [] and asked["notFound"] == [first, "nothing"]
    assert (await bob("Email/warnings", accountId=ann.account, emailIds=[first]))["error"] == "accountNotFound"


async def test_whom_one_wrote_to_is_no_stranger(ann, store, deliver) -> None:
    sent = await mailboxes.by_role(store.db, ann.principal.id, "sent")
    raw = plain(sender="ann@example.org", to="Zoe <zoe@partner.example>")
    await service.import_messages(
        store, ann.principal, ann.principal.id, [Import(raw, frozenset({sent}), received_ms=1)]
    )
    assert await warned(ann, await deliver(ann, plain(sender="zoe@partner.example"))) == []
    junk = await mailboxes.by_role(store.db, ann.principal.id, "junk")
    bad = plain(sender="spam@bad.example")
    await service.import_messages(
        store, ann.principal, ann.principal.id, [Import(bad, frozenset({junk}), received_ms=1)]
    )
    assert await warned(ann, await deliver(ann, bad)) == ["firstTime"]


async def test_what_was_destroyed_comes_back(ann, bob, store, context, deliver) -> None:
    raw = plain("Hợp đồng", "Important words", sender="Zoé Martin <zoe@partner.example>", message_id="1@x")
    email = await deliver(ann, raw, received_ms=clock.parse_utc("2026-02-03T10:00:00Z"))
    await ann("Email/set", update={email: {"keywords": {"$seen": True, "work": True}}})
    assert (await ann("Email/set", destroy=[email]))["destroyed"] == [email]
    assert await store.db.value("SELECT used_bytes FROM mail_account WHERE account_id = ?", ann.principal.id) == 0
    (kept,) = (await ann("VaultEmail/get", ids=None))["list"]
    assert (kept["id"], kept["subject"], kept["sender"]) == (email, "Hợp đồng", "Zoé Martin <zoe@partner.example>")
    assert kept["receivedAt"] == "2026-02-03T10:00:00Z" and kept["size"] == len(raw)
    for wanted in ({"text": "hop dong"}, {"sender": "ZOE"}, {"subject": "đồng", "after": "2026-02-03T00:00:00Z"}):
        assert (await ann("VaultEmail/query", filter=wanted))["ids"] == [email]
    for wanted in ({"text": "important"}, {"sender": "hop"}, {"before": "2026-02-03T10:00:00Z"}):
        assert (await ann("VaultEmail/query", filter=wanted))["ids"] == []
    assert (await ann("Email/get", ids=[email]))["notFound"] == [email]
    assert (await ann("Email/query", filter={"text": "hop dong"}))["ids"] == []
    library = context.need(Library)
    assert await (await library.find(ann.principal, ann.principal.id, kept["blobId"])).read() == raw
    assert (await bob("VaultEmail/get", accountId=ann.account, ids=None))["error"] == "accountNotFound"
    assert email in (await bob("VaultEmail/restore", ids=[email]))["notRestored"]

    answer = await ann("VaultEmail/restore", ids=[email, "x"])
    assert answer["restored"] == {email: email} and list(answer["notRestored"]) == ["x"]
    back = await ann.one(email, "keywords", "mailboxIds", "subject", "receivedAt")
    assert back["keywords"] == {"$seen": True, "work": True} and back["receivedAt"] == "2026-02-03T10:00:00Z"
    assert back["mailboxIds"] == {await ann.mailbox("inbox"): True}
    assert (await ann("VaultEmail/get", ids=None))["list"] == []
    assert (await ann("Email/query", filter={"text": "hop dong"}))["ids"] == [email]


async def test_from_the_trash_into_the_inbox_and_from_a_folder_into_it(ann, deliver) -> None:
    made = await ann("Mailbox/set", create={"m": {"name": "Bills"}})
    bills = made["created"]["m"]["id"]
    emails = [await deliver(ann, plain(message_id=f"{number}@x")) for number in range(3)]
    places = dict(zip(emails, [await ann.mailbox("trash"), bills, bills], strict=True))
    await ann("Email/set", update={number: {"mailboxIds": {box: True}} for number, box in places.items()})
    await ann("Email/set", destroy=emails[:2])
    await ann("VaultEmail/restore", ids=emails[:2])
    assert (await ann.one(emails[0], "mailboxIds"))["mailboxIds"] == {await ann.mailbox("inbox"): True}
    assert (await ann.one(emails[1], "mailboxIds"))["mailboxIds"] == {bills: True}
    await ann("Mailbox/set", destroy=[bills], onDestroyRemoveEmails=True)
    kept = (await ann("VaultEmail/query"))["ids"]
    assert set(kept) == set(emails[1:])
    await ann("VaultEmail/restore", ids=kept)
    assert (await ann.one(emails[2], "mailboxIds"))["mailboxIds"] == {await ann.mailbox("inbox"): True}


async def test_drafts_are_not_kept_and_a_full_mailbox_takes_nothing_back(ann, store, deliver) -> None:
    draft = await deliver(ann, plain(message_id="d@x"))
    await ann("Email/set", update={draft: {"keywords": {"$draft": True}}})
    email = await deliver(ann, plain(message_id="e@x"))
    await ann("Email/set", destroy=[draft, email])
    assert (await ann("VaultEmail/query"))["ids"] == [email]
    await store.write(lambda unit: unit.run("UPDATE mail_account SET quota_bytes = 10"))
    assert (await ann("VaultEmail/restore", ids=[email]))["notRestored"][email]["type"] == "overQuota"
    assert (await ann("VaultEmail/set", destroy=[email]))["destroyed"] == [email]
    assert (await ann("VaultEmail/query"))["ids"] == []
    assert await store.db.value("SELECT COUNT(*) FROM blob_link WHERE kind = 'VaultEmail'") == 0


async def test_it_ends(ann, store, settings, deliver) -> None:
    email = await deliver(ann, plain())
    await ann("Email/set", destroy=[email])
    state = (await ann("VaultEmail/get", ids=[]))["state"]
    with clock.frozen(clock.now_ms() + 29 * DAY):
        assert await vault.forget(store, 30) == 0
        assert (await ann("VaultEmail/query"))["ids"] == [email]
    with clock.frozen(clock.now_ms() + 30 * DAY):
        assert (await ann("VaultEmail/query"))["ids"] == []
        assert email in (await ann("VaultEmail/restore", ids=[email]))["notRestored"]
        assert await vault.forget(store, 30) == 1
    assert (await ann("VaultEmail/changes", sinceState=state))["destroyed"] == [email]
    assert await store.db.value("SELECT COUNT(*) FROM blob_link WHERE kind = 'VaultEmail'") == 0
