"""Mail of somebody else: nothing without a grant, what the grant says with it, nothing after it was withdrawn."""

import pytest

from parvis.access import gate
from parvis.access.principal import Right
from parvis.mail import service
from parvis.mail.service import Delivery
from parvis.serve.jmap.blobs import Library


@pytest.fixture
async def secret(ann, store, message) -> str:
    await service.deliver(store, [Delivery(ann.principal.id)], message("Geheimnis", "hush hush"))
    return (await ann("Email/query"))["ids"][0]


async def share(store, ann, bob, rights: Right) -> int:
    scope = (await gate.require(store.db, ann.principal, ann.principal.id, "mail")).scope.id
    return await store.write(lambda unit: gate.give(unit, ann.principal, scope, bob.principal.id, rights))


def every_call(ann, secret: str, blob: str, box: str) -> list[tuple[str, dict]]:
    """Each method that could tell something of the account."""
    return [
        ("Mailbox/get", {}),
        ("Mailbox/query", {}),
        ("Mailbox/changes", {"sinceState": "0"}),
        ("Thread/get", {"ids": [secret]}),
        ("Email/get", {"ids": [secret]}),
        ("Email/query", {}),
        ("Email/changes", {"sinceState": "0"}),
        ("Email/queryChanges", {"sinceQueryState": "0"}),
        ("Email/parse", {"blobIds": [blob]}),
        ("Email/import", {"emails": {"a": {"blobId": blob, "mailboxIds": {box: True}}}}),
        ("Email/set", {"destroy": [secret]}),
        ("SearchSnippet/get", {"emailIds": [secret], "filter": {"text": "hush"}}),
        ("Quota/get", {}),
    ]


async def assert_nothing(ann, bob, secret: str, blob: str, box: str) -> None:
    for name, arguments in every_call(ann, secret, blob, box):
        answer = await bob(name, accountId=ann.account, **arguments)
        assert answer.get("error") == "accountNotFound", name
    own = await bob("Email/get", ids=[secret])
    assert own["list"] == []
    assert own["notFound"] == [secret]
    for name, arguments in (
        ("Email/query", {"filter": {"inMailbox": box}}),
        ("Email/query", {"filter": {"text": "hush"}}),
        ("Email/query", {"filter": {"header": ["Subject"]}}),
    ):
        assert (await bob(name, **arguments))["ids"] == []
    assert (await bob("SearchSnippet/get", emailIds=[secret], filter={"text": "hush"}))["list"] == []
    done = await bob("Email/set", update={secret: {"keywords/$seen": True}}, destroy=[secret])
    assert done["notUpdated"] or done["notDestroyed"]
    assert (await bob("Email/parse", blobIds=[blob]))["notFound"] == [blob]
    taken = {"mailboxIds": {await bob.mailbox("drafts"): True}, "attachments": [{"blobId": blob}]}
    assert (await bob("Email/set", create={"d": taken}))["notCreated"]["d"]["type"] == "blobNotFound"
    into = {"mailboxIds": {box: True}}
    assert (await bob("Email/set", create={"d": into}))["notCreated"]["d"]["type"] == "invalidProperties"
    library = bob.engine._context.need(Library)
    for given in (blob, f"p{blob}_0-10n"):
        for account in (ann.principal.id, bob.principal.id):
            with pytest.raises(Exception, match="no such blob"):
                await library.find(bob.principal, account, given)


async def test_nothing_without_a_grant_and_nothing_after_it(ann, bob, store, secret) -> None:
    blob, box = (await ann.one(secret, "blobId"))["blobId"], await ann.mailbox("inbox")
    await assert_nothing(ann, bob, secret, blob, box)
    grant = await share(store, ann, bob, Right.READ)
    got = await bob("Email/query", accountId=ann.account, filter={"text": "hush"})
    assert got["ids"] == [secret]
    library = bob.engine._context.need(Library)
    assert b"From:" in await (await library.find(bob.principal, ann.principal.id, f"p{blob}_0-100n")).read()
    await store.write(lambda unit: gate.withdraw(unit, ann.principal, grant))
    await assert_nothing(ann, bob, secret, blob, box)


async def test_who_may_only_read(ann, bob, store, secret) -> None:
    await share(store, ann, bob, Right.READ)
    box = (await bob("Mailbox/get", accountId=ann.account))["list"][0]
    assert [name for name, may in box["myRights"].items() if may] == ["mayReadItems"]
    assert not box["isSubscribed"]
    done = await bob("Mailbox/set", accountId=ann.account, update={box["id"]: {"isSubscribed": True}})
    assert done["updated"] == {box["id"]: None}
    assert (await bob("Mailbox/get", accountId=ann.account))["list"][0]["isSubscribed"]
    done = await bob("Mailbox/set", accountId=ann.account, update={box["id"]: {"name": "mine"}})
    assert done["notUpdated"][box["id"]]["type"] == "forbidden"
    for arguments in ({"update": {secret: {"keywords/$seen": True}}}, {"destroy": [secret]}):
        assert (await bob("Email/set", accountId=ann.account, **arguments))["error"] == "accountReadOnly"


async def test_who_may_write_but_not_remove(ann, bob, store, secret) -> None:
    await share(store, ann, bob, Right.READ | Right.WRITE)
    inbox, archive = await ann.mailbox("inbox"), await ann.mailbox("archive")
    done = await bob(
        "Email/set", accountId=ann.account, update={secret: {"keywords/$seen": True}}, destroy=[secret]
    )
    assert done["notDestroyed"] is None or done["notDestroyed"][secret]["type"] == "forbidden"
    done = await bob("Email/set", accountId=ann.account, update={secret: {f"mailboxIds/{archive}": True}})
    assert done["updated"] == {secret: None}
    done = await bob("Email/set", accountId=ann.account, update={secret: {f"mailboxIds/{inbox}": None}})
    assert done["notUpdated"][secret]["type"] == "forbidden"


async def test_a_copy_into_ones_own_account(ann, bob, store, secret) -> None:
    drafts = await bob.mailbox("drafts")
    copying = {"fromAccountId": ann.account, "create": {"c": {"id": secret, "mailboxIds": {drafts: True}}}}
    assert (await bob("Email/copy", **copying))["error"] == "fromAccountNotFound"
    await share(store, ann, bob, Right.READ)
    done = await bob("Email/copy", **copying)
    made = done["created"]["c"]
    assert set(made) == {"id", "blobId", "threadId", "size"}
    assert (await bob("Email/query", filter={"text": "hush"}))["ids"] == [made["id"]]
    done = await bob("Email/copy", **copying, onSuccessDestroyOriginal=True)
    assert done["created"]
    assert (await ann("Email/get", ids=[secret]))["notFound"] == []
