"""The six standard methods, derived for a toy kind. RFC 8620 §5"""

import pytest

from parvis.access import gate
from parvis.access.principal import Right
from parvis.kernel import errors, ids
from parvis.serve.jmap.errors import of_method, of_object
from parvis.store.sql.contract import counting
from tests.serve.conftest import Peer


async def make(peer, *titles, **extra) -> list[str]:
    done = await peer("Todo/set", create={f"k{i}": {"title": t, **extra} for i, t in enumerate(titles)})
    return [done["created"][f"k{i}"]["id"] for i in range(len(titles))]


async def test_created_answers_what_the_client_did_not_send(ann) -> None:
    done = await ann("Todo/set", create={"a": {"title": "one", "keywords": {"x": True}}})
    made = done["created"]["a"]
    assert made.pop("id")
    assert made == {"estimate": 3, "origin": "here", "parentId": None, "subTodoIds": None, "tree": {}}
    assert done["oldState"] == "0"
    assert done["newState"] != "0"
    assert done["notCreated"] is None
    assert done["destroyed"] is None


async def test_get_selects_and_tells_what_is_not_there(ann) -> None:
    one, two = await make(ann, "one", "two")
    got = await ann("Todo/get", ids=[two, one, two, "nothing", "nothing"], properties=["title"])
    assert got["list"] == [{"id": two, "title": "two"}, {"id": one, "title": "one"}]
    assert got["notFound"] == ["nothing"]
    assert (await ann("Todo/get", ids=[]))["list"] == []
    assert len((await ann("Todo/get"))["list"]) == 2
    assert (await ann("Todo/get", properties=["no"]))["error"] == "invalidArguments"
    for wrong in ({"ids": "x"}, {"ids": [1]}, {"colour": "blue"}):
        refused = await ann("Todo/get", **wrong)
        assert (refused["error"], refused["arguments"]) == ("invalidArguments", list(wrong))
    assert (await ann("Todo/changes"))["arguments"] == ["sinceState"]


async def test_each_object_fails_alone(ann) -> None:
    one, two = await make(ann, "one", "two")
    done = await ann(
        "Todo/set",
        create={"good": {"title": "g"}, "empty": {"title": ""}, "typed": {"title": 5, "extra": 1, "estimate": 3}},
        update={one: {"title": "uno"}, two: {"title": "mine"}, "nothing": {"title": "x"}},
        destroy=["nobody"],
    )
    assert set(done["created"]) == {"good"}
    assert done["notCreated"]["empty"] == {
        "type": "invalidProperties",
        "description": "a title is needed",
        "properties": ["title"],
    }
    assert sorted(done["notCreated"]["typed"]["properties"]) == ["estimate", "extra", "title"]
    assert done["updated"] == {one: {"estimate": 3}} or done["updated"] == {one: {"estimate": 3}}
    assert done["notUpdated"][two]["type"] == "forbidden"
    assert done["notUpdated"]["nothing"]["type"] == "notFound"
    assert done["notDestroyed"]["nobody"]["type"] == "notFound"
    changed = await ann("Todo/changes", sinceState=done["oldState"])
    assert changed["created"] == [done["created"]["good"]["id"]]
    assert changed["updated"] == [one]
    assert changed["newState"] == done["newState"]


async def test_an_unexpected_error_changes_nothing_and_tells_nothing(ann) -> None:
    done = await ann("Todo/set", create={"a": {"title": "fine"}, "b": {"title": "boom"}})
    assert done["error"] == "serverFail"
    assert "Zero" not in str(done)
    assert (await ann("Todo/get"))["list"] == []
    assert (await ann("Todo/get"))["state"] == "0"


async def test_patches(ann) -> None:
    (one,) = await make(ann, "one", keywords={"a": True, "b": True}, tree={"x": {"y": 1}, "l": [1, 2]})

    async def patch(**wanted):
        done = await ann("Todo/set", update={one: wanted})
        return "ok" if done["updated"] else done["notUpdated"][one]["type"]

    assert await patch(**{"keywords/c": True, "keywords/a": None, "keywords/never": None}) == "ok"
    got = (await ann("Todo/get", ids=[one]))["list"][0]
    assert got["keywords"] == {"b": True, "c": True}
    assert await patch(**{"tree/x/y": 2, "tree/x/z": "n"}) == "ok"
    assert await patch(**{"tree/l/0": 5}) == "invalidPatch"
    assert await patch(**{"tree/no/deeper": 5}) == "invalidPatch"
    assert await patch(**{"tree": {}, "tree/x": 5}) == "invalidPatch"
    assert await patch(**{"keywords/a~2b": True}) == "invalidPatch"
    assert await patch(keywords=None) == "ok"
    assert (await ann("Todo/get", ids=[one]))["list"][0]["keywords"] == {}
    assert await patch(title=None) == "invalidProperties"
    assert await patch(**{"keywords/a": "yes"}) == "invalidProperties"
    whole = (await ann("Todo/get", ids=[one]))["list"][0]
    assert await patch(**(whole | {"title": "newer"})) == "ok"
    assert await patch(**whole) == "invalidProperties", "estimate is not what it was"
    assert await patch(origin="there") == "invalidProperties"
    assert await patch(nothing=1) == "invalidProperties"


async def test_a_patch_that_changes_nothing_leaves_the_state(ann) -> None:
    (one,) = await make(ann, "one")
    done = await ann("Todo/set", update={one: {"title": "one"}})
    assert done["updated"] == {one: None}
    assert done["oldState"] == done["newState"]


async def test_creation_ids_within_a_call_and_across_calls(ann) -> None:
    responses, created = await ann.all(
        (
            "Todo/set",
            {
                "accountId": ann.account,
                "create": {
                    "child": {"title": "child", "parentId": "#parent"},
                    "parent": {"title": "parent", "subTodoIds": ["#given"]},
                    "lost": {"title": "x", "parentId": "#nobody"},
                    "selfish": {"title": "x", "parentId": "#selfish"},
                },
            },
        ),
        ("Todo/set", {"accountId": ann.account, "update": {"#child": {"subTodoIds": ["#parent"]}}}),
        ("Todo/get", {"accountId": ann.account, "ids": ["#child", "#parent"]}),
        created_ids={"given": "xyz"},
    )
    first, second, third = (result for _, result, _ in responses)
    assert set(first["created"]) == {"child", "parent"}
    assert first["notCreated"]["lost"]["properties"] == ["parentId"]
    assert first["notCreated"]["selfish"]["type"] == "invalidProperties"
    child, parent = third["list"]
    assert second["updated"] == {child["id"]: None}
    assert child["parentId"] == parent["id"]
    assert child["subTodoIds"] == [parent["id"]]
    assert parent["subTodoIds"] == ["xyz"]
    assert created == {"given": "xyz", "child": child["id"], "parent": parent["id"]}


async def test_created_and_updated_and_destroyed_by_reference_in_one_call(ann) -> None:
    done = await ann(
        "Todo/set",
        create={"a": {"title": "a"}, "b": {"title": "b"}},
        update={"#a": {"title": "longer"}},
        destroy=["#b"],
    )
    number = done["created"]["a"]["id"]
    assert done["updated"] == {number: {"estimate": 6}}
    assert done["destroyed"] == [done["created"]["b"]["id"]]
    assert [each["title"] for each in (await ann("Todo/get"))["list"]] == ["longer"]


async def test_the_order_of_destroys_does_not_matter(ann) -> None:
    (parent,) = await make(ann, "parent")
    (child,) = await make(ann, "child", parentId=parent)
    alone = await ann("Todo/set", destroy=[parent])
    assert alone["notDestroyed"][parent]["type"] == "todoHasChild"
    done = await ann("Todo/set", destroy=[parent, child], update={child: {"title": "x"}})
    assert sorted(done["destroyed"]) == sorted([parent, child])
    assert done["notDestroyed"] is None
    assert done["notUpdated"][child]["type"] == "willDestroy"


async def test_if_in_state(ann) -> None:
    (one,) = await make(ann, "one")
    assert (await ann("Todo/set", ifInState="0", destroy=[one]))["error"] == "stateMismatch"
    state = (await ann("Todo/get"))["state"]
    assert (await ann("Todo/set", ifInState=state, destroy=[one]))["destroyed"] == [one]
    assert (await ann("Todo/set", ifInState=state))["error"] == "stateMismatch"


async def test_changes_in_pages_end_where_one_page_does(ann) -> None:
    start = (await ann("Todo/get"))["state"]
    many = await make(ann, *(f"t{i}" for i in range(7)))
    middle = (await ann("Todo/get"))["state"]
    await ann("Todo/set", update={many[0]: {"title": "later"}}, destroy=[many[1]])
    for since in (start, middle):
        known, state, pages = set(many if since == middle else ()), since, 0
        while True:
            page = await ann("Todo/changes", sinceState=state, maxChanges=2)
            touched = page["created"] + page["updated"] + page["destroyed"]
            assert len(touched) <= 2
            assert not set(page["updated"]) - known, "updated before it was created"
            known |= set(page["created"])
            known -= set(page["destroyed"])
            state, pages = page["newState"], pages + 1
            if not page["hasMoreChanges"]:
                break
        assert known == set(many) - {many[1]}
        assert state == (await ann("Todo/get"))["state"]
    assert (await ann("Todo/changes", sinceState=start, maxChanges=0))["error"] == "invalidArguments"
    for bad in ("", "x", "999999", "-1", "01"):
        assert (await ann("Todo/changes", sinceState=bad))["error"] == "cannotCalculateChanges"


async def test_query_windows(ann) -> None:
    made = await make(ann, *(f"t{i}" for i in range(6)))

    async def window(**extra):
        return await ann("Todo/query", sort=[{"property": "title"}], **extra)

    assert (await window())["ids"] == made
    assert "total" not in await window()
    assert (await window(position=2, limit=2, calculateTotal=True))["total"] == 6
    assert (await window(position=2, limit=2))["ids"] == made[2:4]
    assert (await window(position=-2))["ids"] == made[4:]
    assert (await window(position=-2))["position"] == 4
    assert (await window(position=-20))["ids"] == made
    assert (await window(position=99))["ids"] == []
    anchored = await window(anchor=made[3], anchorOffset=-1, limit=2, position=77)
    assert (anchored["ids"], anchored["position"]) == (made[2:4], 2)
    assert (await window(anchor=made[1], anchorOffset=-5))["ids"] == made
    assert (await window(anchor="nobody"))["error"] == "anchorNotFound"
    assert (await window(limit=-1))["error"] == "invalidArguments"
    assert (await window(limit=0))["ids"] == []


async def test_filters_and_sorts(ann) -> None:
    a, b, c = await make(ann, "Ab", "ba", "Éc")
    await ann("Todo/set", update={a: {"keywords": {"k": True}}, b: {"keywords": {"k": True, "l": True}}})

    async def find(filter_=None, *sort):
        return await ann("Todo/query", filter=filter_, sort=[*sort, {"property": "title"}])

    k, lab = {"hasKeyword": "k"}, {"hasKeyword": "l"}
    assert (await find(k))["ids"] == [a, b]
    assert (await find({"operator": "NOT", "conditions": [k]}))["ids"] == [c]
    assert (await find({"operator": "AND", "conditions": [k, {"operator": "NOT", "conditions": [lab]}]}))[
        "ids"
    ] == [a]
    assert (await find({"operator": "OR", "conditions": [lab, {"title": "c"}]}))["ids"] == [b, c]
    assert (await find({"operator": "NOT", "conditions": []}))["ids"] == [a, b, c]
    assert (await find({}))["ids"] == [a, b, c]
    by = {"property": "title", "isAscending": False}
    assert (await find(None, by))["ids"] == [c, b, a]
    assert (await find(None, {"property": "title", "collation": "i;octet"}))["ids"] == [a, b, c]
    assert (await find(None, {"property": "title", "collation": "i;nonsense"}))["error"] == "unsupportedSort"
    assert (await find(None, {"property": "origin"}))["error"] == "unsupportedSort"
    assert (await find(None, {}))["error"] == "invalidArguments"
    assert (await find({"unknown": 1}))["error"] == "unsupportedFilter"
    assert (await find({"hasKeyword": 1}))["error"] == "invalidArguments"
    assert (await find({"operator": "XOR", "conditions": []}))["error"] == "invalidArguments"
    deep = k
    for _ in range(50):
        deep = {"operator": "NOT", "conditions": [deep]}
    assert (await find(deep))["error"] == "unsupportedFilter"


async def test_query_changes_lead_from_the_old_result_to_the_new(ann) -> None:
    made = await make(ann, *(f"t{i}" for i in range(6)), keywords={"k": True})
    ask = {"filter": {"hasKeyword": "k"}, "sort": [{"property": "title"}]}
    before = await ann("Todo/query", **ask)
    await ann(
        "Todo/set",
        create={"n": {"title": "t25", "keywords": {"k": True}}, "other": {"title": "t26"}},
        update={made[0]: {"title": "t9"}, made[1]: {"keywords/k": None}, made[2]: {"tree": {"a": 1}}},
        destroy=[made[3]],
    )
    after = await ann("Todo/query", **ask, calculateTotal=True)
    diff = await ann("Todo/queryChanges", **ask, sinceQueryState=before["queryState"], calculateTotal=True)
    mine = [one for one in before["ids"] if one not in diff["removed"]]
    for item in diff["added"]:
        mine.insert(item["index"], item["id"])
    assert mine == after["ids"]
    assert diff["newQueryState"] == after["queryState"]
    assert diff["total"] == after["total"] == 5
    few = await ann("Todo/queryChanges", **ask, sinceQueryState=before["queryState"], maxChanges=2)
    assert few["error"] == "tooManyChanges"
    same = await ann("Todo/queryChanges", **ask, sinceQueryState=after["queryState"])
    assert (same["removed"], same["added"]) == ([], [])
    assert (await ann("Todo/queryChanges", sinceQueryState="zz"))["error"] == "cannotCalculateChanges"


async def test_copy_and_destroy_the_original(ann, bob, store) -> None:
    (one, two) = await make(ann, "one", "two")
    scope = (await gate.require(store.db, ann.principal, ann.principal.id, "todo")).scope.id
    ask = {"fromAccountId": ann.account, "accountId": bob.account, "create": {"k": {"id": one, "title": "uno"}}}
    assert (await bob("Todo/copy", **ask))["error"] == "fromAccountNotFound"
    await store.write(lambda unit: gate.give(unit, ann.principal, scope, bob.principal.id, Right.READ))
    responses, _ = await bob.all(("Todo/copy", ask | {"onSuccessDestroyOriginal": True}))
    assert [name for name, _, _ in responses] == ["Todo/copy", "error"]
    assert responses[1][1]["type"] == "accountReadOnly"
    assert [each["title"] for each in (await bob("Todo/get"))["list"]] == ["uno"]
    await store.write(
        lambda unit: gate.give(
            unit, ann.principal, scope, bob.principal.id, Right.READ | Right.WRITE | Right.DELETE
        )
    )
    ask["create"] = {"a": {"id": two}, "b": {"id": "nothing"}}
    responses, _ = await bob.all(("Todo/copy", ask | {"onSuccessDestroyOriginal": True}))
    assert responses[0][1]["notCreated"]["b"]["type"] == "notFound"
    assert responses[1][1]["destroyed"] == [two]
    assert responses[1][2] == responses[0][2]
    assert (await ann("Todo/copy", fromAccountId=ann.account, create={}))["error"] == "invalidArguments"
    assert (await bob("Todo/copy", **(ask | {"ifInState": "0"})))["error"] == "stateMismatch"
    assert (await bob("Todo/copy", **(ask | {"ifFromInState": "0"})))["error"] == "stateMismatch"


async def test_accounts_and_rights(ann, bob, store) -> None:
    (one,) = await make(ann, "one")
    assert (await bob("Todo/get", accountId=ann.account))["error"] == "accountNotFound"
    assert (await bob("Todo/get", accountId="nonsense"))["error"] == "accountNotFound"
    assert (await bob("Todo/get", accountId=5))["error"] == "invalidArguments"
    scope = (await gate.require(store.db, ann.principal, ann.principal.id, "todo")).scope.id
    grant = await store.write(lambda unit: gate.give(unit, ann.principal, scope, bob.principal.id, Right.READ))
    assert len((await bob("Todo/get", accountId=ann.account))["list"]) == 1
    assert (await bob("Todo/set", accountId=ann.account, destroy=[one]))["error"] == "accountReadOnly"
    both = Right.READ | Right.WRITE
    await store.write(lambda unit: gate.give(unit, ann.principal, scope, bob.principal.id, both))
    done = await bob("Todo/set", accountId=ann.account, destroy=[one], update={one: {"title": "x"}})
    assert done["notDestroyed"][one]["type"] == "forbidden"
    assert done["updated"]
    await store.write(lambda unit: gate.withdraw(unit, ann.principal, grant))
    assert (await bob("Todo/get", accountId=ann.account))["error"] == "accountNotFound"


async def test_limits(ann, settings) -> None:
    settings.limits.objects_in_set = settings.limits.objects_in_get = 3
    assert (await ann("Todo/set", create={str(i): {"title": "x"} for i in range(4)}))["error"] == "requestTooLarge"
    assert (await ann("Todo/get", ids=[str(i) for i in range(4)]))["error"] == "requestTooLarge"
    for _ in range(2):
        await make(ann, "a", "b")
    assert (await ann("Todo/get"))["error"] == "requestTooLarge"


@pytest.mark.parametrize("objects", [1, 20])
async def test_query_budget(ann, objects) -> None:
    with counting() as count:
        made = await make(ann, *("t" for _ in range(objects)))
    assert len(count) <= 8 + 1 * objects, count.statements
    with counting() as count:
        await ann("Todo/get", ids=made)
    assert len(count) == 3, count.statements
    with counting() as count:
        await ann("Todo/changes", sinceState="0")
    assert len(count) == 3, count.statements
    assert ids.parse(made[0])


async def test_an_account_without_the_kind(engine, store, make_person, ann) -> None:
    none = Peer(engine, await make_person(store, "none", kinds=()))
    assert (await none("Todo/get"))["error"] == "accountNotSupportedByMethod"
    copied = await none("Todo/copy", fromAccountId=ann.account, create={})
    assert copied["error"] == "accountNotSupportedByMethod"
    copied = await ann("Todo/copy", fromAccountId=none.account, create={})
    assert copied["error"] == "fromAccountNotFound"
    scope = await store.write(lambda unit: gate.create_scope(unit, none.principal.id, "other"))
    await store.write(lambda unit: gate.give(unit, none.principal, scope, ann.principal.id, Right.READ))
    copied = await ann("Todo/copy", fromAccountId=none.account, create={})
    assert copied["error"] == "fromAccountNotSupportedByMethod"
    assert (await ann("Todo/get", accountId=none.account))["error"] == "accountNotSupportedByMethod"


@pytest.mark.parametrize(
    ("raised", "object_error", "method_error"),
    [
        (errors.Forbidden, "forbidden", "forbidden"),
        (errors.NotFound, "notFound", "invalidArguments"),
        (errors.Invalid, "invalidProperties", "invalidArguments"),
        (errors.TooLarge, "tooLarge", "requestTooLarge"),
        (errors.OverQuota, "overQuota", "overQuota"),
        (errors.RateLimited, "rateLimit", "rateLimit"),
        (errors.Conflict, "invalidProperties", "serverUnavailable"),
        (errors.EgressRefused, "forbidden", "forbidden"),
        (errors.StateMismatch, None, "stateMismatch"),
        (errors.Unavailable, None, "serverUnavailable"),
    ],
)
def test_the_table_of_errors(raised, object_error, method_error) -> None:
    found = of_object(raised("why", field="name"))
    assert (found.kind if found else None) == object_error
    if object_error == "invalidProperties":
        assert found.arguments()["properties"] == ["name"]
    assert of_method(raised("why")).arguments() == {"type": method_error, "description": "why"}


async def test_a_question_without_end_is_refused(ann) -> None:
    await make(ann, "one")
    assert (await ann("Todo/query", filter={"title": "x" * 20_001}))["error"] == "unsupportedFilter"
    parts = [{"title": "x" * 4_000}] * 6
    asked = await ann("Todo/query", filter={"operator": "OR", "conditions": parts})
    assert asked["error"] == "unsupportedFilter"
    assert (await ann("Todo/query", sort=[{"property": "title"}] * 21))["error"] == "unsupportedSort"
