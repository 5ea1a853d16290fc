"""Preferences, the directory, grants and their explanation."""

import pytest

from parvis.access import directory
from parvis.serve.jmap.preferences import PREFERENCES
from parvis.serve.jmap.principals import PRINCIPALS
from parvis.serve.jmap.sharing import SHARING
from tests.serve.conftest import Peer


async def ask(peer: Peer, name: str, **arguments):
    arguments.setdefault("accountId", peer.account)
    responses, _ = await peer.all((name, arguments), using=(SHARING, PRINCIPALS, PREFERENCES, "urn:example:todo"))
    answered, result, _ = responses[0]
    return result if answered == name else {"error": result["type"]}


async def test_preferences(ann, bob, store) -> None:
    got = (await ask(ann, "Preferences/get"))["list"]
    assert got[0]["id"] == "singleton"
    assert (got[0]["language"], got[0]["undoSeconds"]) == ("en", 10)
    done = await ask(
        ann,
        "Preferences/set",
        update={"singleton": {"language": "vi", "keymap/go": "g i", "theme": "dark"}},
        create={"x": {}},
        destroy=["singleton"],
    )
    assert done["updated"] == {"singleton": None}
    assert done["notCreated"]["x"]["type"] == done["notDestroyed"]["singleton"]["type"] == "singleton"
    got = await ask(ann, "Preferences/get", ids=["singleton", "other"])
    assert got["list"][0]["keymap"] == {"go": "g i"}
    assert got["notFound"] == ["other"]
    assert (await directory.by_id(store.db, ann.principal.id)).language == "vi"
    changed = await ask(ann, "Preferences/changes", sinceState="0")
    assert (changed["updated"], changed["created"]) == (["singleton"], [])
    wrong = await ask(ann, "Preferences/set", update={"singleton": {"theme": "pink", "language": "de"}})
    assert sorted(wrong["notUpdated"]["singleton"]["properties"]) == ["language", "theme"]
    kept = {"favourites": ["/mail/inbox", "/search?q=budget"], "inboxes": {"a2": True}}
    assert (await ask(ann, "Preferences/set", update={"singleton": kept}))["updated"] == {"singleton": None}
    assert kept.items() <= (await ask(ann, "Preferences/get"))["list"][0].items()
    for value in ({"favourites": [1]}, {"inboxes": {"a2": "yes"}}):
        wrong = await ask(ann, "Preferences/set", update={"singleton": value})
        assert wrong["notUpdated"]["singleton"]["properties"] == [*value]
    fine = {"fineWarnings": ["firstTime 1"]}
    assert "singleton" in (await ask(ann, "Preferences/set", update={"singleton": fine}))["updated"]
    assert (await ask(ann, "Preferences/get"))["list"][0]["fineWarnings"] == ["firstTime 1"]
    agenda = {"view": "month", "weekStart": 6, "zones": ["Asia/Ho_Chi_Minh"], "length": 30}
    assert "singleton" in (await ask(ann, "Preferences/set", update={"singleton": {"agenda": agenda}}))["updated"]
    assert agenda.items() <= (await ask(ann, "Preferences/get"))["list"][0]["agenda"].items()
    for value in ({"weekStart": 7}, {"zones": ["x"] * 5}, {"length": 0}, {"colour": 3}):
        wrong = await ask(ann, "Preferences/set", update={"singleton": {"agenda": value}})
        assert wrong["notUpdated"]["singleton"]["properties"] == ["agenda"]
    for many in (["x"] * 61, ["x" * 161]):
        wrong = await ask(ann, "Preferences/set", update={"singleton": {"fineWarnings": many}})
        assert wrong["notUpdated"]["singleton"]["properties"] == ["fineWarnings"]
    assert (await ask(bob, "Preferences/get", accountId=ann.account))["error"] == "accountNotFound"


async def test_the_directory(ann, bob, make_person, store) -> None:
    """RFC 9670 §2, §2.4.1"""
    await make_person(store, "Đỗ Thị Hà".replace(" ", "."))
    found = await ask(ann, "Principal/query", filter={"text": "do"}, sort=[{"property": "name"}])
    assert len(found["ids"]) == 1
    people = await ask(ann, "Principal/query", filter={"type": "individual"}, sort=[{"property": "name"}])
    assert people["ids"][:2] == [ann.account, bob.account]
    for condition in ({"accountIds": [bob.account]}, {"name": "bob"}, {"email": "bob@"}, {"text": "bob"}):
        assert (await ask(ann, "Principal/query", filter=condition))["ids"] == [bob.account], condition
    for condition in ({"accountIds": []}, {"timeZone": "Europe/Paris"}, {"type": "location"}, {"name": "ob"}):
        assert (await ask(ann, "Principal/query", filter=condition))["ids"] == [], condition
    wrong = await ask(ann, "Principal/query", filter={"phone": "1"})
    assert wrong["error"] in ("unsupportedFilter", "invalidArguments")
    assert people["canCalculateChanges"] is False
    got = await ask(ann, "Principal/get", ids=[bob.account])
    assert got["list"][0]["address"] == "bob@example.org"
    assert (await ask(ann, "Principal/changes", sinceState=got["state"]))["updated"] == []
    await make_person(store, "new")
    assert (await ask(ann, "Principal/changes", sinceState=got["state"]))["error"] == "cannotCalculateChanges"
    change = {"create": {"a": {}}, "update": {bob.account: {"name": "x"}, ann.account: {"name": "y"}}}
    refused = await ask(ann, "Principal/set", destroy=[bob.account], **change)  # RFC 9670 §2.3
    told = {**refused["notCreated"], **refused["notUpdated"], **refused["notDestroyed"]}
    assert {each["type"] for each in told.values()} == {"forbidden"} and len(told) == 3, refused
    assert refused["oldState"] == refused["newState"]


async def test_a_grant_is_given_explained_changed_and_withdrawn(ann, bob) -> None:
    assert (await ask(bob, "Todo/get", accountId=ann.account))["error"] == "accountNotFound"
    done = await ask(
        ann,
        "Grant/set",
        create={
            "g": {"scopeKind": "todo", "granteeId": bob.account, "expires": "2099-01-01T00:00:00Z"},
            "none": {"scopeKind": "nothing", "granteeId": bob.account},
            "who": {"scopeKind": "todo", "granteeId": "nobody"},
            "me": {"scopeKind": "todo", "granteeId": ann.account},
            "past": {"scopeKind": "todo", "granteeId": bob.account, "expires": "2001-01-01T00:00:00Z"},
            "empty": {"scopeKind": "todo", "granteeId": bob.account, "rights": {"read": False}},
        },
    )
    assert {key: each["type"] for key, each in done["notCreated"].items()} == dict.fromkeys(
        ("none", "who", "me", "past", "empty"), "invalidProperties"
    )
    made = done["created"]["g"]
    assert made["rights"]["read"]
    assert not made["rights"]["write"]
    assert "error" not in await ask(bob, "Todo/get", accountId=ann.account)
    assert (await ask(bob, "Todo/set", accountId=ann.account, create={}))["error"] == "accountReadOnly"
    why = await ask(bob, "Grant/explain", accountId=ann.account, scopeId=made["scopeId"])
    assert [(path["owner"], path["grantee"], path["grantedBy"]) for path in why["paths"]] == [(False, "bob", "ann")]
    mine = await ask(ann, "Grant/explain", scopeId=made["scopeId"])
    assert mine["paths"][0]["owner"]
    other = await ask(ann, "Grant/explain", scopeId=made["scopeId"], principalId=bob.account)
    assert other["paths"] == why["paths"]
    spied = await ask(bob, "Grant/explain", accountId=ann.account, scopeId=made["scopeId"], principalId=ann.account)
    assert spied["paths"] == []
    assert (await ask(bob, "Grant/get", accountId=ann.account))["list"] == []
    assert (await ask(bob, "Grant/set", accountId=ann.account, destroy=[made["id"]]))["error"] == "accountReadOnly"
    changed = await ask(ann, "Grant/set", update={made["id"]: {"rights/write": True, "expires": None}})
    assert changed["updated"] == {made["id"]: None}
    done = await ask(bob, "Todo/set", accountId=ann.account, create={"a": {"title": "x"}})
    assert done["created"]
    assert (await ask(ann, "Grant/get"))["list"][0]["rights"]["write"]
    assert (await ask(ann, "Grant/set", destroy=[made["id"]]))["destroyed"] == [made["id"]]
    assert (await ask(bob, "Todo/get", accountId=ann.account))["error"] == "accountNotFound"
    log = await ask(ann, "Grant/changes", sinceState="0")
    assert (log["created"], log["updated"], log["destroyed"]) == ([], [], [])


@pytest.mark.parametrize("right", ["write", "delete", "send", "share"])
async def test_nobody_gives_more_than_they_have(ann, bob, make_person, store, right) -> None:
    await ask(
        ann,
        "Grant/set",
        create={"g": {"scopeKind": "todo", "granteeId": bob.account, "rights": {"share": True}}},
    )
    eve = await make_person(store, "eve")
    from parvis.kernel import ids

    given = {"scopeKind": "todo", "granteeId": ids.text(eve.id), "rights": {right: True}}
    done = await ask(bob, "Grant/set", accountId=ann.account, create={"g": given})
    assert ("created" if done["created"] else done["notCreated"]["g"]["type"]) == (
        "created" if right == "share" else "forbidden"
    )
