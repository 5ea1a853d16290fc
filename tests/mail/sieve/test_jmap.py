"""SieveScript in JMAP (RFC 9661), and the methods for those who write filters."""

from collections.abc import AsyncIterator

import pytest

from parvis.access import gate
from parvis.access.principal import Right
from parvis.kernel import ids
from parvis.mail.sieve import existing, service, wiring
from parvis.mail.sieve import store as scripts
from parvis.serve.feature import Feature
from parvis.serve.jmap import session
from parvis.serve.jmap.blobs import Library
from parvis.serve.jmap.core import feature as core
from parvis.serve.jmap.engine import Engine
from tests.mail.client import Client as JmapClient
from tests.mail.conftest import plain
from tests.mail.sieve.conftest import Person, send

USING = ("core", "mail", "sieve", "blob")


class Client(JmapClient):
    """A client that writes filters."""

    using = (*(f"urn:ietf:params:jmap:{name}" for name in USING), existing.FILTERS)

    async def blob(self, source: str) -> str:
        made = await self(
            "Blob/upload", create={"b": {"data": [{"data:asText": source}], "type": "application/sieve"}}
        )
        return made["created"]["b"]["id"]

    async def script(self, source: str, **more) -> dict:
        """SieveScript/set with one create; the whole answer."""
        create = {"s": {"blobId": await self.blob(source), **more.pop("properties", {})}}
        return await self("SieveScript/set", create=create, **more)

    async def scripts(self) -> list[dict]:
        return (await self("SieveScript/get", ids=None))["list"]


@pytest.fixture
async def engine(site) -> AsyncIterator[Engine]:
    feature: Feature = wiring.feature(site.context)
    features = [core(site.context), site.mailboxes, site.feature, feature]
    kinds = [kind for one in features for kind in one.kinds]
    site.context.offer(Library(site.store, site.mailboxes.blobs, {kind.name: kind.scope for kind in kinds}))
    for kind, handler in feature.jobs.items():
        site.store.jobs.handle(kind, handler)
    yield Engine(site.context, features)


@pytest.fixture
def client(engine, ann: Person) -> Client:
    return Client(engine, ann.who)


async def test_the_capability(engine, site, ann: Person) -> None:
    """RFC 9661 §1.2.1"""
    told = await session.session(site.context, engine, ann.who, "http://x")
    assert told["capabilities"]["urn:ietf:params:jmap:sieve"]["implementation"].startswith("Parvis ")
    account = told["accounts"][ids.text(ann.who.id)]["accountCapabilities"]["urn:ietf:params:jmap:sieve"]
    assert account["maxSizeScriptName"] == 512 and account["notificationMethods"] == ["mailto"]
    assert {"fileinto", "vacation", "imap4flags"} <= set(account["sieveExtensions"]) and account[
        "externalLists"
    ] is None


async def test_a_script_is_made_read_changed_and_destroyed(client: Client) -> None:
    made = await client.script("keep;", properties={"name": "one"})
    assert made["created"]["s"].keys() == {"id", "isActive"} and not made["created"]["s"]["isActive"]
    number = made["created"]["s"]["id"]
    nameless = (await client.script("discard;"))["created"]["s"]
    assert nameless["name"]
    composed = await client.script("keep;", properties={"name": "e\u0301"})  # RFC 9661 §2.1
    assert composed["created"]["s"]["name"] == "\u00e9"
    again = await client("SieveScript/set", update={composed["created"]["s"]["id"]: {"name": "o\u0302"}})
    assert list(again["updated"].values()) == [{"name": "\u00f4"}]
    await client("SieveScript/set", destroy=list(again["updated"]))
    got = await client("SieveScript/get", ids=[number])
    assert got["list"][0]["name"] == "one" and got["notFound"] == []
    data = await client("Blob/get", ids=[got["list"][0]["blobId"]], properties=["data:asText"])
    assert data["list"][0]["data:asText"] == "keep;"
    changed = await client(
        "SieveScript/set",
        update={number: {"name": "two", "blobId": await client.blob("stop;")}},
        destroy=[nameless["id"]],
    )
    assert changed["updated"] == {number: None} and changed["destroyed"] == [nameless["id"]]
    since = await client("SieveScript/changes", sinceState=made["newState"])
    assert since["updated"] == [number]
    (left,) = await client.scripts()
    assert left["name"] == "two"


async def test_what_is_refused(client: Client, monkeypatch) -> None:
    """RFC 9661 §2.1, §2.2, §2.4, §3"""
    number = (await client.script("keep;", properties={"name": "one"}))["created"]["s"]["id"]
    wrong = (await client.script("foo;\nbar;"))["notCreated"]["s"]
    assert wrong["type"] == "invalidSieve" and [fault["line"] for fault in wrong["faults"]] == [1, 2]
    assert "line 2" in wrong["description"]
    taken = (await client.script("keep;", properties={"name": "one"}))["notCreated"]["s"]
    assert (taken["type"], taken["existingId"]) == ("alreadyExists", number)
    for name in ("", "x" * 513, "a\nb"):
        assert (await client.script("keep;", properties={"name": name}))["notCreated"]["s"][
            "type"
        ] == "invalidProperties"
    assert (await client.script("#" * 500_001))["notCreated"]["s"]["type"] == "tooLarge"
    without = (await client("Filter/script", rules=[]))["blobId"]
    assert (await client("SieveScript/validate", blobId=without))["error"] is None
    assert (await client("Filter/rules", blobId=without))["rules"] == []
    empty = (await client.script(""))["notCreated"]["s"]
    assert empty["type"] == "invalidSieve" and "empty" in empty["description"]  # RFC 9661 §2.2
    missing = await client("SieveScript/set", create={"s": {"blobId": "b" + "0" * 64}})
    assert missing["notCreated"]["s"]["type"] == "blobNotFound"
    active = await client("SieveScript/set", create={"s": {"blobId": await client.blob("keep;"), "isActive": True}})
    assert active["notCreated"]["s"]["type"] == "invalidProperties"
    monkeypatch.setattr(service, "SCRIPTS", 1)
    assert (await client.script("keep;"))["notCreated"]["s"]["type"] == "overQuota"


async def test_activation(client: Client, ann: Person, site) -> None:
    """RFC 9661 §2.4"""
    made = await client.script("discard;", properties={"name": "one"}, onSuccessActivateScript="#s")
    one = made["created"]["s"]
    assert one["isActive"] and made["newState"] == (await client("SieveScript/get", ids=[]))["state"]
    await send(site, plain("gone"))
    assert await ann.mail() == {}
    second = await client.script("keep;", properties={"name": "two"}, onSuccessActivateScript="#s")
    two = second["created"]["s"]
    assert two["isActive"] and second["updated"] == {one["id"]: {"isActive": False}}
    failed = await client("SieveScript/set", update={two["id"]: {"name": ""}}, onSuccessActivateScript=one["id"])
    assert failed["notUpdated"] and failed["updated"] is None
    refused = await client("SieveScript/set", destroy=[two["id"]])
    assert refused["notDestroyed"][two["id"]]["type"] == "sieveIsActive"
    for nothing in (
        {"onSuccessActivateScript": "nowhere"},
        {"onSuccessDeactivateScript": False},
        {"onSuccessDeactivateScript": None},
    ):
        assert (await client("SieveScript/set", **nothing))["updated"] is None
    back = await client("SieveScript/set", onSuccessActivateScript=one["id"])
    assert back["updated"] == {one["id"]: {"isActive": True}, two["id"]: {"isActive": False}}
    off = await client("SieveScript/set", destroy=[two["id"]], onSuccessDeactivateScript=True)
    assert off["destroyed"] == [two["id"]] and off["updated"] == {one["id"]: {"isActive": False}}
    await send(site, plain("kept"))
    assert await ann.mail() == {"INBOX": ["kept"]}


async def test_query_and_validate(client: Client) -> None:
    """RFC 9661 §2.5, §2.6"""
    numbers = {
        name: (await client.script("keep;", properties={"name": name}))["created"]["s"]["id"]
        for name in ("b", "ab", "c")
    }
    await client("SieveScript/set", onSuccessActivateScript=numbers["c"])
    found = await client("SieveScript/query", filter={"name": "B"}, sort=[{"property": "name"}])
    assert found["ids"] == [numbers["ab"], numbers["b"]]
    assert (await client("SieveScript/query", filter={"isActive": True}))["ids"] == [numbers["c"]]
    assert (await client("SieveScript/validate", blobId=await client.blob("keep;")))["error"] is None
    wrong = await client("SieveScript/validate", blobId=await client.blob("keep"))
    assert wrong["error"]["type"] == "invalidSieve" and wrong["error"]["description"]
    assert (await client("SieveScript/validate", blobId=await client.blob("")))["error"]["type"] == "invalidSieve"
    assert (await client("SieveScript/validate", blobId="b" + "0" * 64))["error"] == "blobNotFound"


async def test_filters_are_the_owners(client: Client, engine, site, ann: Person, bob: Person) -> None:
    number = (await client.script("keep;"))["created"]["s"]["id"]
    other = Client(engine, bob.who)
    assert (await other("SieveScript/get", accountId=client.account, ids=None))["error"] == "accountNotFound"
    scope = await site.store.db.value("SELECT id FROM scope WHERE account_id = ?", ann.who.id)
    await site.store.write(
        lambda unit: gate.give(
            unit, ann.who, scope, bob.who.id, Right.READ | Right.WRITE | Right.DELETE | Right.SEND
        )
    )
    refused = await other("SieveScript/set", accountId=client.account, onSuccessActivateScript=number)
    assert refused["error"] == "accountReadOnly"
    assert not await scripts.active(site.store.db, [ann.who.id])
    await site.store.write(lambda unit: gate.give(unit, ann.who, scope, bob.who.id, Right.owner()))
    done = await other("SieveScript/set", accountId=client.account, onSuccessActivateScript=number)
    assert done["updated"] == {number: {"isActive": True}}


RULES = """require ["fileinto", "mailbox", "imap4flags"];
# rule: Lists
if header :contains "subject" "[list]" { addflag "$label"; fileinto :create "Lists/All"; }
# rule: Old
elsif header :contains "subject" "old" { discard; }
"""


async def test_a_script_on_mail_that_is_here(client: Client, site, ann: Person) -> None:
    for subject in ("[list] a", "plain", "old", "[list] b"):
        await send(site, plain(subject))
    before = await ann.mail()
    blob = await client.blob(RULES)
    seen = await client("Filter/preview", blobId=blob)
    assert seen["looked"] == 4 and [(one["mailboxes"], one["keywords"]) for one in seen["list"]] == [
        (["Lists/All"], ["$label"]), (["Trash"], []), (["Lists/All"], ["$label"]),
    ]  # fmt: skip
    action = seen["list"][0]["actions"][0]
    assert action["action"] == "fileinto" and action["isDone"] and "[list]" in action["tests"][-1]["text"]
    assert await ann.mail() == before
    run = await client("Filter/apply", blobId=blob)
    await site.idle()
    assert await ann.mail() == {"Lists/All": ["[list] a", "[list] b"], "INBOX": ["plain"], "Trash": ["old"]}
    found = await client("Filter/result", jobId=run["jobId"])
    assert (found["state"], found["looked"], found["changed"]) == ("done", 4, 3)
    undo = {one["emailId"]: {"mailboxIds": one["mailboxIds"], "keywords": one["keywords"]} for one in found["list"]}
    assert len((await client("Email/set", update=undo))["updated"]) == 3
    assert await ann.mail() == before and not any(keywords for _, keywords, _ in await ann.emails())


async def test_what_cannot_be_done_now_is_said(client: Client, site, ann: Person, sink) -> None:
    await send(site, plain("x"))
    number = (
        await client.script(
            'require ["reject", "fileinto"]; if size :over 1 { redirect "a@one.example"; } else { reject "no"; }'
        )
    )["created"]["s"]["id"]
    seen = await client("Filter/preview", scriptId=number)
    (one,) = seen["list"]
    assert one["mailboxes"] == ["INBOX"] and [(act["action"], act["target"], act["isDone"]) for act in one["actions"]] == [
        ("redirect", "a@one.example", False)
    ]  # fmt: skip
    await client("Filter/apply", scriptId=number)
    await site.idle()
    assert sink.messages == [] and await ann.mail() == {"INBOX": ["x"]}
    assert (await client("Filter/preview"))["error"] == "invalidArguments"
    assert (await client("Filter/preview", blobId=await client.blob("foo;")))["error"] == "invalidSieve"
    assert (await client("Filter/result", jobId="x"))["error"] == "invalidArguments"


async def test_a_run_that_was_broken_off_goes_on(client: Client, site, ann: Person, monkeypatch) -> None:
    monkeypatch.setattr(existing, "_PAGE", 2)
    for number in range(5):
        await send(site, plain(f"[list] {number}"))
    calls = []
    carry_out = existing.Applier._carry_out

    async def broken(self, job, trials, looked, changed):
        calls.append(looked)
        if len(calls) == 2:
            await site.store.write(lambda unit: unit.run("UPDATE job SET run_at_ms = 0 WHERE id = ?", job.id))
            raise existing.Invalid("down")
        return await carry_out(self, job, trials, looked, changed)

    monkeypatch.setattr(existing.Applier, "_carry_out", broken)
    run = await client("Filter/apply", blobId=await client.blob(RULES))
    while (await client("Filter/result", jobId=run["jobId"]))["error"] == "":
        await site.idle_step()
    await site.store.write(lambda unit: unit.run("UPDATE job SET run_at_ms = 0 WHERE finished_ms IS NULL"))
    await site.store.bus.publish("jobs")
    await site.idle()
    found = await client("Filter/result", jobId=run["jobId"])
    assert (found["looked"], found["changed"], len(found["list"])) == (5, 5, 5) and calls == [2, 4, 4, 5]


async def test_which_rule_acted(client: Client, site, ann: Person) -> None:
    await client.script(RULES.replace("elsif", "if"), properties={"name": "main"}, onSuccessActivateScript="#s")
    await send(site, plain("[list] a"))
    await send(site, plain("old"))
    (email,) = [number for number, _, _ in await ann.emails()]
    flag, note = (await client("Filter/explain", emailIds=[ids.text(email)]))["list"]
    assert (flag["action"], flag["target"], flag["rule"]) == ("flag", "$label", None)
    assert note["action"] == "fileinto" and note["script"] == "main" and note["emailId"] == ids.text(email)
    assert [one["action"] for one in (await client("Filter/explain"))["list"]] == ["discard", "flag", "fileinto"]


MOVE = {
    "name": "Lists",
    "match": "any",
    "enabled": True,
    "conditions": [{"subject": "subject", "comparison": "contains", "value": "[list]"}],
    "actions": [{"kind": "flag", "value": "\\Flagged"}, {"kind": "fileinto", "value": "Archive", "mailboxId": "M"}],
}


async def test_rules_become_a_script_and_come_back(client: Client, site, ann: Person) -> None:
    archive = next(one["id"] for one in (await client("Mailbox/get", ids=None))["list"] if one["role"] == "archive")
    rule = {**MOVE, "actions": [MOVE["actions"][0], {**MOVE["actions"][1], "mailboxId": archive, "value": "Gone"}]}
    made = await client("Filter/script", rules=[rule, {"name": "Read", "actions": [{"kind": "markread"}]}])
    script = await client("SieveScript/set", create={"s": {"blobId": made["blobId"]}}, onSuccessActivateScript="#s")
    number = script["created"]["s"]["id"]
    for given in ({"scriptId": number}, {"blobId": made["blobId"]}):
        first, second = (await client("Filter/rules", **given))["rules"]
        assert first["actions"][1] == {"kind": "fileinto", "value": "Gone", "mailboxId": archive}
        assert first["conditions"][0]["value"] == "[list]" and second["name"] == "Read"
    await send(site, plain("[list] a"))
    assert await ann.mail() == {"Archive": ["[list] a"]}
    ((email, keywords, _),) = await ann.emails()
    assert keywords == "$flagged"  # what is filed already is marked no more (RFC 5232 §5)
    notes = (await client("Filter/explain", emailIds=[ids.text(email)]))["list"]
    assert [(one["rule"], one["action"], one["target"]) for one in notes] == [
        ("Lists", "flag", "\\Flagged"), ("Lists", "fileinto", "Archive"),
    ]  # fmt: skip
    (test,) = notes[-1]["tests"]
    assert (test["condition"]["subject"], test["condition"]["value"]) == ("subject", "[list]")
    seen = await client("Filter/preview", blobId=made["blobId"], emailIds=[ids.text(email)])
    assert [act["action"] for act in seen["list"][0]["actions"]] == ["fileinto", "flag"]


async def test_rules_that_cannot_be(client: Client) -> None:
    for wrong in (
        {**MOVE, "actions": [{"kind": "redirect", "value": "nobody"}]},
        {**MOVE, "conditions": [{"subject": "size", "comparison": "is"}]},
        {**MOVE, "color": "red"},
    ):
        assert (await client("Filter/script", rules=[wrong]))["error"] == "invalidArguments"
    reason = {"name": "x", "actions": [{"kind": "reject", "value": "x" * 150_000}]}
    assert (await client("Filter/script", rules=[reason] * 4))["error"] == "requestTooLarge"


async def test_scripts_that_are_no_rules(client: Client, engine, bob: Person) -> None:
    number = (await client.script(RULES))["created"]["s"]["id"]
    assert (await client("Filter/rules", scriptId=number))["rules"] is None
    for wrong in ({}, {"scriptId": number, "blobId": "b"}, {"scriptId": "x"}, {"blobId": "b" + "0" * 64}):
        assert (await client("Filter/rules", **wrong))["error"] == "invalidArguments"
    other = Client(engine, bob.who)
    assert (await other("Filter/rules", accountId=client.account, scriptId=number))["error"] == "accountNotFound"
