"""Mailboxes: names, roles, trees, counts that change, subscriptions. RFC 8621 §2"""

import pytest

from parvis.mail import service
from parvis.mail.service import Delivery
from parvis.serve.quotas import Held, Holder, quotas


async def make(ann, **properties):
    done = await ann("Mailbox/set", create={"m": properties})
    return done["created"]["m"]["id"] if done["created"] else done["notCreated"]["m"]


async def test_everybody_begins_with_six(ann) -> None:
    got = (await ann("Mailbox/get"))["list"]
    assert [one["role"] for one in got] == ["inbox", "drafts", "sent", "archive", "junk", "trash"]
    assert all(one["isSubscribed"] for one in got)
    assert [one["myRights"]["mayDelete"] for one in got] == [False, True, True, True, True, True]


async def test_a_tree_and_its_rules(ann) -> None:
    top = await make(ann, name="Projets")
    child = await make(ann, name="Été", parentId=top, sortOrder=3)
    assert (await make(ann, name="E\u0301te\u0301", parentId=top))["type"] == "alreadyExists"
    assert (await make(ann, name=""))["properties"] == ["name"]
    assert (await make(ann, name="a\nb"))["properties"] == ["name"]
    assert (await make(ann, name="x" * 256))["properties"] == ["name"]
    assert (await make(ann, name="x", parentId="nothing"))["properties"] == ["parentId"]
    assert (await make(ann, name="x", role="inbox"))["properties"] == ["role"]
    assert (await make(ann, name="x", role="king"))["properties"] == ["role"]
    assert (await make(ann, name="x", sortOrder=-1))["properties"] == ["sortOrder"]
    done = await ann("Mailbox/set", update={top: {"parentId": child}})
    assert done["notUpdated"][top]["properties"] == ["parentId"]
    done = await ann("Mailbox/set", destroy=[top])
    assert done["notDestroyed"][top]["type"] == "mailboxHasChild"
    done = await ann("Mailbox/set", destroy=[top, child])
    assert set(done["destroyed"]) == {top, child}


async def test_a_parent_of_the_same_call(ann) -> None:
    done = await ann("Mailbox/set", create={"b": {"name": "b", "parentId": "#a"}, "a": {"name": "a"}})
    got = await ann("Mailbox/get", ids=[done["created"]["b"]["id"]], properties=["parentId"])
    assert got["list"][0]["parentId"] == done["created"]["a"]["id"]


async def test_the_tree_is_too_deep(ann) -> None:
    parent, made = None, 0
    while isinstance(parent, str | None) and made < 40:
        parent = await make(ann, name="deeper", parentId=parent)
        made += 1
    assert made == 33
    assert parent["properties"] == ["parentId"]


async def test_only_counts_changed(ann, store, message) -> None:
    state = (await ann("Mailbox/get"))["state"]
    await service.deliver(store, [Delivery(ann.principal.id)], message())
    told = await ann("Mailbox/changes", sinceState=state)
    assert told["updated"] == [await ann.mailbox("inbox")]
    assert told["updatedProperties"] == ["totalEmails", "totalThreads", "unreadEmails", "unreadThreads"]
    await ann("Mailbox/set", update={await ann.mailbox("junk"): {"name": "Spam"}})
    told = await ann("Mailbox/changes", sinceState=state)
    assert told["updatedProperties"] is None


async def test_what_is_in_a_mailbox_that_goes(ann, store, message) -> None:
    work = await make(ann, name="Work")
    await service.deliver(store, [Delivery(ann.principal.id)], message())
    email = (await ann("Email/query"))["ids"][0]
    await ann("Email/set", update={email: {"mailboxIds": {work: True}}})
    done = await ann("Mailbox/set", destroy=[work])
    assert done["notDestroyed"][work]["type"] == "mailboxHasEmail"
    done = await ann("Mailbox/set", destroy=[work], onDestroyRemoveEmails=True)
    assert done["destroyed"] == [work]
    assert (await ann("Email/get", ids=[email]))["notFound"] == [email]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"filter": {"parentId": None}, "sort": [{"property": "name"}]}, ["Archive", "B", "Drafts"]),
        ({"filter": {"name": "ÀB"}}, ["ab"]),
        ({"filter": {"hasAnyRole": False}, "sort": [{"property": "name"}], "sortAsTree": True}, ["B", "ab", "z"]),
        ({"filter": {"name": "z"}, "filterAsTree": True}, []),
    ],
)
async def test_queries(ann, arguments, expected) -> None:
    done = await ann(
        "Mailbox/set",
        create={"b": {"name": "B"}, "z": {"name": "z", "parentId": "#b"}, "a": {"name": "ab", "parentId": "#b"}},
    )
    assert len(done["created"]) == 3
    got = await ann("Mailbox/query", **arguments)
    names = {one["id"]: one["name"] for one in (await ann("Mailbox/get"))["list"]}
    assert [names[one] for one in got["ids"]][:3] == expected


async def test_a_quota(ann, store) -> None:
    """RFC 9425 §4.1, §4.2, §4.4"""
    assert (await ann("Quota/get"))["list"] == []
    await store.db.write(
        lambda tx: tx.run("UPDATE mail_account SET quota_bytes = 1000 WHERE account_id = ?", ann.principal.id)
    )
    got = (await ann("Quota/get"))["list"][0]
    assert (got["hardLimit"], got["used"], got["resourceType"]) == (1000, 0, "octets")
    assert got["types"] == ["Email"]
    assert (await ann("Quota/query", filter={"type": "Email"}))["ids"] == [got["id"]]
    ann.using = tuple(one for one in ann.using if one != "urn:ietf:params:jmap:mail")  # RFC 9425 §4.1
    assert (await ann("Quota/get"))["list"] == [] and (await ann("Quota/query"))["ids"] == []
    ann.using = type(ann).using
    email = {"mailboxIds": {await ann.mailbox("drafts"): True}, "subject": "x" * 1000}
    done = await ann("Email/set", create={"d": email})
    assert done["notCreated"]["d"]["type"] == "overQuota"


async def test_quotas_of_all_rooms_are_in_one_list(ann, store, engine) -> None:
    """RFC 9425 §4: one for each room that a request uses, found by type, sorted by use."""

    async def held(db, principal, account_id):
        return Held(7, 900, 1000) if account_id == ann.principal.id else None

    quotas(engine._context).add(Holder("shelf", "urn:ietf:params:jmap:core", ("Book",), held))
    quotas(engine._context).add(Holder("elsewhere", "urn:unused", ("Cup",), held))
    await store.db.write(
        lambda tx: tx.run("UPDATE mail_account SET quota_bytes = 1000 WHERE account_id = ?", ann.principal.id)
    )
    got = (await ann("Quota/get"))["list"]
    assert [(one["name"], one["types"], one["used"], one["warnLimit"]) for one in got] == [
        ("mail", ["Email"], 0, 900),
        ("shelf", ["Book"], 900, 900),
    ]
    mail, shelf = (one["id"] for one in got)
    assert (await ann("Quota/get", ids=[shelf, "nothing"]))["list"] == [got[1]]
    assert (await ann("Quota/query", filter={"type": "Book"}))["ids"] == [shelf]
    for sort, expected in ((("used", False), [shelf, mail]), (("name", True), [mail, shelf])):
        asked = [{"property": sort[0], "isAscending": sort[1]}]
        assert (await ann("Quota/query", sort=asked))["ids"] == expected


async def test_an_account_has_a_limit_of_mailboxes(ann, monkeypatch) -> None:
    monkeypatch.setattr("parvis.mail.mailboxes.MOST", 7)
    assert isinstance(await make(ann, name="seven"), str)
    assert (await make(ann, name="eight"))["type"] == "overQuota"
