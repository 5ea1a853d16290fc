"""Requests over HTTP: the session, request-level errors, references. RFC 8620 §2, §3"""

import contextlib
import json

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings, strategies

from parvis.serve.jmap.errors import MethodError, RequestError
from parvis.serve.jmap.references import resolve_all
from parvis.serve.jmap.request import decode, shape
from parvis.serve.jmap.search import SearchArguments, SuggestArguments

CORE = "urn:ietf:params:jmap:core"
TODO = "urn:example:todo"


async def ask(client, *calls, using=(CORE, TODO), **extra):
    body = {"using": list(using), "methodCalls": [[n, a, f"c{i}"] for i, (n, a) in enumerate(calls)], **extra}
    return await client.post("/jmap/api", json=body)


async def test_the_session(open_client) -> None:
    ann = await open_client("ann")
    found = await ann.get("/.well-known/jmap", follow_redirects=True)
    session = found.json()
    assert session["capabilities"][CORE]["maxCallsInRequest"] == 64
    assert session["accounts"][ann.account]["isPersonal"] is True
    assert session["accounts"][ann.account]["isReadOnly"] is False
    assert set(session["accounts"][ann.account]["accountCapabilities"]) >= {CORE, TODO, "urn:ietf:params:jmap:blob"}
    assert session["primaryAccounts"][TODO] == ann.account
    assert session["username"] == "ann@example.org"
    assert (await ann.get("/jmap/api")).json() == session
    assert session["apiUrl"].startswith(str(ann.base_url).rstrip("/"))
    for name in ("{accountId}", "{blobId}", "{type}", "{name}"):
        assert name in session["downloadUrl"]
    assert "no-store" in found.headers["cache-control"]
    answer = (await ask(ann, ("Core/echo", {}))).json()
    assert answer["sessionState"] == session["state"]
    assert "createdIds" not in answer


async def test_a_grant_changes_the_session(open_client, store) -> None:
    from parvis.access import gate
    from parvis.access.principal import Right

    ann, bob = await open_client("ann"), await open_client("bob")
    before = (await bob.get("/jmap/session")).json()
    scope = (await gate.require(store.db, ann.person, ann.person.id, "todo")).scope.id
    grant = await store.write(lambda unit: gate.give(unit, ann.person, scope, bob.person.id, Right.READ))
    after = (await bob.get("/jmap/session")).json()
    shared = after["accounts"][ann.account]
    assert after["state"] != before["state"]
    assert (shared["isPersonal"], shared["isReadOnly"], shared["name"]) == (False, True, "ann@example.org")
    assert TODO in shared["accountCapabilities"]
    await store.write(lambda unit: gate.withdraw(unit, ann.person, grant))
    assert (await bob.get("/jmap/session")).json()["state"] == before["state"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "notJSON"),
        (b"{", "notJSON"),
        (b'{"using":[],"using":[],"methodCalls":[]}', "notJSON"),
        (b'{"using":["\xff"],"methodCalls":[]}', "notJSON"),
        (b'{"using":["\\ud800"],"methodCalls":[]}', "notJSON"),
        (b"[" * 5000, "notJSON"),
        (b'{"using":[],"methodCalls":[],"x":123456789012345678901234567890}', "notJSON"),
        (b"NaN", "notJSON"),
        (b"{}", "notRequest"),
        (b"[]", "notRequest"),
        (b'{"using":[],"methodCalls":[["a",{}]]}', "notRequest"),
        (b'{"using":[],"methodCalls":[["a",{},5]]}', "notRequest"),
        (b'{"using":"x","methodCalls":[]}', "notRequest"),
        (b'{"using":[],"methodCalls":[],"createdIds":{"a":5}}', "notRequest"),
        (b'{"using":["urn:none"],"methodCalls":[]}', "unknownCapability"),
    ],
)
async def test_request_level_errors(open_client, body, kind) -> None:
    ann = await open_client("ann")
    answer = await ann.post("/jmap/api", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["type"] == f"urn:ietf:params:jmap:error:{kind}"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_limits_of_a_request(open_client, doors) -> None:
    ann = await open_client("ann")
    wrong = await ann.post("/jmap/api", content=b"{}", headers={"content-type": "text/plain"})
    assert wrong.json()["type"].endswith("notJSON")
    limits = doors.context.settings.limits
    limits.request_bytes, limits.calls_in_request = 400, 3
    large = await ask(ann, ("Core/echo", {"a": "x" * 400}))
    assert (large.json()["limit"], large.status_code) == ("maxSizeRequest", 400)
    many = await ask(ann, *[("Core/echo", {})] * 4)
    assert many.json()["limit"] == "maxCallsInRequest"
    assert (await ask(ann, ("Core/echo", {}))).status_code == 200


async def test_too_many_at_once(open_client, doors) -> None:
    ann, bob = await open_client("ann"), await open_client("bob")
    turns = doors._api.turns
    with contextlib.ExitStack() as taken:
        for _ in range(doors.context.settings.limits.concurrent_requests):
            taken.enter_context(turns.taken(ann.person))
        refused = await ask(ann, ("Core/echo", {}))
        assert (refused.status_code, refused.json()["limit"]) == (400, "maxConcurrentRequests")
        assert (await ask(bob, ("Core/echo", {}))).status_code == 200
    assert (await ask(ann, ("Core/echo", {}))).status_code == 200


async def test_what_is_used_decides_what_is_known(open_client) -> None:
    ann = await open_client("ann")
    none = await ask(ann, ("Core/echo", {}), ("Todo/get", {"accountId": ann.account}), using=())
    assert [each[1]["type"] for each in none.json()["methodResponses"]] == ["unknownMethod"] * 2
    core = await ask(ann, ("Core/echo", {"x": 1}), ("Todo/get", {"accountId": ann.account}), using=(CORE,))
    assert [each[0] for each in core.json()["methodResponses"]] == ["Core/echo", "error"]


async def test_references_between_calls(open_client) -> None:
    ann = await open_client("ann")
    account = {"accountId": ann.account}
    ref = {"resultOf": "c1", "name": "Todo/query", "path": "/ids"}
    answer = await ask(
        ann,
        ("Todo/set", account | {"create": {"a": {"title": "one"}, "b": {"title": "two", "parentId": "#a"}}}),
        ("Todo/query", account | {"sort": [{"property": "title"}]}),
        ("Todo/get", account | {"#ids": ref}),
        ("Todo/get", account | {"#ids": {"resultOf": "c2", "name": "Todo/get", "path": "/list/*/id"}}),
        ("Todo/get", account | {"#ids": ref, "ids": []}),
        ("Todo/get", account | {"#ids": ref | {"name": "Todo/get"}}),
        ("Todo/get", account | {"#ids": ref | {"resultOf": "later"}}),
        ("Todo/get", account | {"#ids": {"resultOf": "c1"}}),
        createdIds={},
    )
    got = [each[1] for each in answer.json()["methodResponses"]]
    assert len(got[2]["list"]) == 2
    assert got[3]["list"] == got[2]["list"]
    assert got[4]["type"] == "invalidArguments"
    assert [each["type"] for each in got[5:]] == ["invalidResultReference"] * 3
    assert set(answer.json()["createdIds"]) == {"a", "b"}


async def test_echoes_of_echoes_do_not_grow_without_bound(open_client) -> None:
    ann = await open_client("ann")
    calls = [("Core/echo", {"a": "x" * 1000})]
    for i in range(60):
        ref = {"resultOf": f"c{i}", "name": "Core/echo", "path": ""}
        calls.append(("Core/echo", {"#a": ref, "#b": ref}))
    answer = await ask(ann, *calls)
    assert len(answer.content) < 100_000_000
    responses = answer.json()["methodResponses"]
    assert len(responses) == 61
    assert responses[-1][0] == "error"
    assert {each[1]["type"] for each in responses if each[0] == "error"} <= {
        "requestTooLarge",
        "invalidResultReference",
    }


JSON = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers(-5, 5) | strategies.text(max_size=5),
    lambda inner: strategies.lists(inner, max_size=4) | strategies.dictionaries(strategies.text(max_size=3), inner),
    max_leaves=20,
)


@settings(max_examples=50, deadline=None)
@given(value=strategies.lists(strategies.lists(JSON, max_size=3), max_size=4), tail=strategies.text(max_size=6))
def test_a_star_flattens_one_level_and_never_crashes(value, tail) -> None:
    responses = [("x", {"a": value}, "0")]
    found = resolve_all({"#r": {"resultOf": "0", "name": "x", "path": "/a/*/*"}}, responses)["r"]
    assert found == [
        inner for each in value for item in each for inner in (item if isinstance(item, list) else [item])
    ]
    try:
        resolve_all({"#r": {"resultOf": "0", "name": "x", "path": tail}}, responses)
    except MethodError as error:
        assert error.kind == "invalidResultReference"


@settings(max_examples=60, deadline=None)
@given(data=strategies.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_the_request_parser_never_fails_in_another_way(data) -> None:
    try:
        shape(decode(data))
    except RequestError as error:
        assert error.kind in ("notJSON", "notRequest")


ARGUMENT = strategies.sampled_from(
    [
        "accountId",
        "ids",
        "properties",
        "create",
        "update",
        "destroy",
        "filter",
        "sort",
        "sinceState",
        "anchor",
        "#ids",
    ]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    name=strategies.sampled_from([f"Todo/{v}" for v in ("get", "set", "changes", "query", "queryChanges", "copy")]),
    arguments=strategies.dictionaries(ARGUMENT, JSON, max_size=4),
)
async def test_no_arguments_lead_to_an_unexpected_error(ann, name, arguments) -> None:
    answered = await ann(name, **({"accountId": ann.account} | arguments))
    assert answered.get("error") != "serverFail", (name, arguments, answered)


@pytest.mark.parametrize("arguments", [SearchArguments, SuggestArguments])
def test_nobody_searches_for_a_book(arguments) -> None:
    msgspec.convert({"accountId": "a", "text": "x" * 10_000}, arguments)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"accountId": "a", "text": "x" * 10_001}, arguments)
