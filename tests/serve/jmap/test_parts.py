"""A kind in parts: notes in binders, each binder shared by itself. RFC 9670 §4, RFC 8620 §5.2"""

import random

import pytest

from parvis.access import directory, parts
from parvis.access.principal import Right
from parvis.kernel import clock, ids
from parvis.serve.jmap.blobs import Library, blob_id
from parvis.serve.jmap.principals import PRINCIPALS
from parvis.serve.jmap.session import PRINCIPALS_OWNER, session
from parvis.serve.jmap.sharing import SHARING
from parvis.store.check import check
from parvis.store.sql.contract import counting
from tests.serve import notes
from tests.serve.conftest import Peer

READ = {"mayRead": True}
WRITE = {"mayRead": True, "mayWrite": True}


async def binder(peer: Peer, name: str, **extra) -> str:
    done = await peer("Binder/set", create={"b": {"name": name, **extra}})
    return done["created"]["b"]["id"]


async def note(peer: Peer, where: str, text: str = "x", **extra) -> str:
    done = await peer("Note/set", create={"n": {"binderId": where, "text": text}}, **extra)
    return done["created"]["n"]["id"]


async def share(peer: Peer, which: str, *others: Peer, rights=READ) -> None:
    done = await peer("Binder/set", update={which: {"shareWith": {other.account: rights for other in others}}})
    assert which in done["updated"], done


async def test_one_binder_is_shared_and_the_others_are_not(ann, bob) -> None:
    one, two = await binder(ann, "one"), await binder(ann, "two")
    seen, hidden = await note(ann, one), await note(ann, two)
    assert (await bob("Note/get", accountId=ann.account, ids=[seen]))["error"] == "accountNotFound"
    await share(ann, one, bob)
    got = await bob("Note/get", accountId=ann.account, ids=[seen, hidden])
    assert ([each["id"] for each in got["list"]], got["notFound"]) == ([seen], [hidden])
    assert (await bob("Note/query", accountId=ann.account))["ids"] == [seen]
    assert (await bob("Note/set", accountId=ann.account, update={seen: {"text": "y"}}))[
        "error"
    ] == "accountReadOnly"
    await share(ann, one, bob, rights=WRITE)
    done = await bob("Note/set", accountId=ann.account, update={seen: {"text": "y"}, hidden: {"text": "y"}})
    assert (list(done["updated"]), done["notUpdated"][hidden]["type"]) == ([seen], "notFound")
    moved = await bob("Note/set", accountId=ann.account, update={seen: {"binderId": two}})
    assert moved["notUpdated"][seen]["type"] == "notFound"
    made = await bob("Note/set", accountId=ann.account, create={"n": {"binderId": two, "text": "z"}})
    assert made["notCreated"]["n"]["type"] == "notFound"
    shown = (await ann("Binder/get", ids=[one]))["list"][0]
    assert shown["shareWith"] == {
        bob.account: {"mayRead": True, "mayWrite": True, "mayShare": False, "mayReadFreeBusy": False}
    }
    theirs = (await bob("Binder/get", accountId=ann.account))["list"]
    assert [(each["id"], each["shareWith"], each["myRights"]["mayWrite"]) for each in theirs] == [(one, None, True)]
    await share(ann, one)
    assert (await bob("Note/get", accountId=ann.account))["error"] == "accountNotFound"
    assert (await ann("Binder/get", ids=[one]))["list"][0]["shareWith"] is None


async def test_what_cannot_be_shared_so(ann, bob, make_person, store) -> None:
    one = await binder(ann, "one")
    for wanted in (
        {"nobody": READ},
        {ann.account: READ},
        {bob.account: {"mayFly": True}},
        {bob.account: {"mayWrite": True}},
        {ids.text(123456): READ},
    ):
        done = await ann("Binder/set", update={one: {"shareWith": wanted}})
        assert done["notUpdated"][one]["type"] == "invalidProperties", wanted
        assert done["notUpdated"][one]["properties"] == ["shareWith"]
    await share(ann, one, bob, rights=WRITE)
    done = await bob("Binder/set", accountId=ann.account, update={one: {"shareWith": {}}})
    assert done["notUpdated"][one]["type"] == "forbidden"
    await share(ann, one, bob, rights={"mayRead": True, "mayShare": True})
    cy = Peer(ann.engine, await make_person(store, "cy", kinds=()))
    more = {f"shareWith/{cy.account}": WRITE}
    done = await bob("Binder/set", accountId=ann.account, update={one: more})
    assert done["notUpdated"][one]["type"] == "forbidden"
    done = await bob("Binder/set", accountId=ann.account, update={one: {f"shareWith/{cy.account}": READ}})
    assert one in done["updated"]
    assert [each["name"] for each in (await cy("Binder/get", accountId=ann.account))["list"]] == ["one"]
    taken = await ann("Binder/set", update={one: {f"shareWith/{bob.account}": None}})
    assert one in taken["updated"]
    assert set((await ann("Binder/get", ids=[one]))["list"][0]["shareWith"]) == {cy.account}


async def test_changes_tell_what_is_seen_and_nothing_else(ann, bob) -> None:
    one, two = await binder(ann, "one"), await binder(ann, "two")
    stays, moves, comes = await note(ann, one), await note(ann, one), await note(ann, two)
    await share(ann, one, bob)
    state = (await bob("Note/get", accountId=ann.account))["state"]
    await note(ann, two)
    assert (await bob("Note/get", accountId=ann.account))["state"] == state
    owner = (await ann("Note/get"))["state"]
    await ann("Note/set", update={moves: {"binderId": two}, comes: {"binderId": one}, stays: {"text": "new"}})
    heard = await bob("Note/changes", accountId=ann.account, sinceState=state)
    assert (heard["created"], heard["updated"], heard["destroyed"]) == ([comes], [stays], [moves])
    assert heard["newState"] == (await bob("Note/get", accountId=ann.account))["state"]
    own = await ann("Note/changes", sinceState=owner)
    assert (own["created"], sorted(own["updated"]), own["destroyed"]) == ([], sorted([stays, moves, comes]), [])
    moved = await bob("Note/queryChanges", accountId=ann.account, sinceQueryState=state)
    assert moved["newQueryState"] == heard["newState"]
    assert {each["id"] for each in moved["added"]} == {comes, stays}
    assert set(moved["removed"]) == {moves, stays}


async def test_a_change_of_what_is_seen_is_no_change_that_can_be_told(ann, bob) -> None:
    one, two = await binder(ann, "one"), await binder(ann, "two")
    await share(ann, one, bob)
    state = (await bob("Note/get", accountId=ann.account))["state"]
    await share(ann, two, bob)
    assert (await bob("Note/changes", accountId=ann.account, sinceState=state))["error"] == "cannotCalculateChanges"
    for wrong in ("5~", "1~zz", "x", "1", "9-1~000000000000"):
        refused = await bob("Note/changes", accountId=ann.account, sinceState=wrong)
        assert refused["error"] == "cannotCalculateChanges"
    assert (await ann("Note/changes", sinceState=state))["error"] == "cannotCalculateChanges"


async def test_set_answers_with_the_state_that_get_tells(ann, bob) -> None:
    one = await binder(ann, "one")
    await share(ann, one, bob, rights=WRITE)
    before = (await bob("Note/get", accountId=ann.account))["state"]
    done = await bob(
        "Note/set", accountId=ann.account, ifInState=before, create={"n": {"binderId": one, "text": "x"}}
    )
    assert done["oldState"] == before
    assert done["newState"] == (await bob("Note/get", accountId=ann.account))["state"] != before
    late = await bob("Note/set", accountId=ann.account, ifInState=before, destroy=["x"])
    assert late["error"] == "stateMismatch"


async def test_whoever_follows_in_pages_ends_with_what_they_may_see(ann, bob) -> None:
    chance = random.Random(7)
    binders = [await binder(ann, str(number)) for number in range(3)]
    await share(ann, binders[0], bob)
    await share(ann, binders[1], bob)
    state = (await bob("Note/get", accountId=ann.account))["state"]
    known: set[str] = set()
    alive: dict[str, str] = {}
    hidden_only: set[str] = set()
    for _ in range(60):
        where, act = chance.choice(binders), chance.random()
        if act < 0.4 or not alive:
            made = await note(ann, where)
            alive[made] = where
            hidden_only |= {made} if where == binders[2] else set()
        elif act < 0.8:
            moved = chance.choice(list(alive))
            alive[moved] = where
            hidden_only -= {moved} if where != binders[2] else set()
            await ann("Note/set", update={moved: {"binderId": where, "text": str(act)}})
        else:
            await ann("Note/set", destroy=[gone := chance.choice(list(alive))])
            del alive[gone]
        if chance.random() < 0.5:
            heard = await bob("Note/changes", accountId=ann.account, sinceState=state, maxChanges=2)
            assert not hidden_only & {*heard["created"], *heard["updated"], *heard["destroyed"]}
            known, state = (known | set(heard["created"])) - set(heard["destroyed"]), heard["newState"]
    more = True
    while more:
        heard = await bob("Note/changes", accountId=ann.account, sinceState=state, maxChanges=3)
        known, state = (known | set(heard["created"])) - set(heard["destroyed"]), heard["newState"]
        more = heard["hasMoreChanges"]
    assert known == {each for each, where in alive.items() if where != binders[2]}
    assert known == set((await bob("Note/query", accountId=ann.account))["ids"])
    assert state == (await bob("Note/get", accountId=ann.account))["state"]
    assert await check(ann.engine._context.store) == []


async def test_the_session_has_an_account_with_parts_once(ann, bob) -> None:
    """RFC 9670 §1.5.1, §1.5.2"""
    one, two = await binder(ann, "one"), await binder(ann, "two")
    context = ann.engine._context
    await share(ann, one, bob)
    await share(ann, two, bob, rights={"mayReadFreeBusy": True})
    shown = (await session(context, ann.engine, bob.principal, "http://x"))["accounts"]
    assert set(shown) == {ann.account, bob.account} and shown[ann.account]["isReadOnly"]
    assert shown[ann.account]["accountCapabilities"][notes.URN] == {"mayCreateNote": False}
    await share(ann, two, bob, rights=WRITE)
    told = await session(context, ann.engine, bob.principal, "http://x")
    capabilities = told["accounts"][ann.account]["accountCapabilities"]
    assert not told["accounts"][ann.account]["isReadOnly"] and capabilities[notes.URN] == {"mayCreateNote": True}
    assert capabilities[PRINCIPALS_OWNER] == {"accountIdForPrincipal": bob.account, "principalId": ann.account}
    people = await bob("Principal/get", ids=[ann.account])
    assert capabilities[SHARING] == {"ownerName": people["list"][0]["name"]}
    assert PRINCIPALS in told["capabilities"] and PRINCIPALS_OWNER not in told["capabilities"]
    own = told["accounts"][bob.account]["accountCapabilities"]
    assert own[PRINCIPALS] == {"currentUserPrincipalId": bob.account} and PRINCIPALS not in capabilities
    assert people["list"][0]["accounts"][ann.account] == told["accounts"][ann.account]
    assert people["list"][0]["email"] == "ann@example.org"


async def test_free_busy_alone_shows_the_binder_and_nothing_in_it(ann, bob) -> None:
    one = await binder(ann, "one")
    inside = await note(ann, one)
    await share(ann, one, bob, rights={"mayReadFreeBusy": True})
    assert [each["id"] for each in (await bob("Binder/get", accountId=ann.account))["list"]] == [one]
    state = (await bob("Note/get", accountId=ann.account))["state"]
    assert (await bob("Note/get", accountId=ann.account, ids=[inside]))["list"] == []
    await note(ann, one)
    heard = await bob("Note/changes", accountId=ann.account, sinceState=state)
    assert heard["created"] == [] and heard["newState"] == state


async def test_blobs_are_opened_by_the_part_of_their_object(ann, bob, store) -> None:
    one, two = await binder(ann, "one"), await binder(ann, "two")
    open_, closed = await store.blobs.put(b"open!"), await store.blobs.put(b"shut!")
    await note(ann, one, f"blob {open_}")
    await note(ann, two, f"blob {closed}")
    await share(ann, one, bob)
    engine = ann.engine
    library = Library(store, {}, {"Note": notes.BINDER}, engine.parted)
    assert await (await library.find(bob.principal, ann.principal.id, blob_id(open_))).read() == b"open!"
    with pytest.raises(Exception, match="no such blob"):
        await library.find(bob.principal, ann.principal.id, blob_id(closed))
    assert await (await library.find(ann.principal, ann.principal.id, blob_id(closed))).read() == b"shut!"


async def notices(peer: Peer) -> list[dict]:
    return (await peer("ShareNotification/get"))["list"]


async def test_people_are_told_what_was_shared_with_them(ann, bob, make_person, store) -> None:
    """RFC 9670 §3, §3.3, §3.4.2"""
    cy = Peer(ann.engine, await make_person(store, "cy", kinds=()))
    team = await store.write(lambda unit: directory.create(unit, "group", "team"))
    for member in (bob, cy):
        await store.write(lambda unit, m=member: directory.join(unit, team, m.principal.id))
    one = await binder(ann, "one")
    await share(ann, one, bob)
    (told,) = await notices(bob)
    assert told.pop("id") and told.pop("created")
    assert told == {
        "changedBy": {"name": "ann", "email": "ann@example.org", "principalId": ann.account},
        "objectType": "Binder",
        "objectAccountId": ann.account,
        "objectId": one,
        "name": "one",
        "oldRights": None,
        "newRights": {"mayRead": True, "mayWrite": False, "mayShare": False, "mayReadFreeBusy": False},
    }
    await share(ann, one, bob, rights=WRITE)
    assert [(each["oldRights"] or {}).get("mayWrite") for each in await notices(bob)] == [None, False]
    wanted = {bob.account: WRITE, ids.text(team): READ}
    await ann("Binder/set", update={one: {"shareWith": wanted}})
    assert len(await notices(bob)) == 2 and len(await notices(cy)) == 1 and await notices(ann) == []
    state = (await bob("ShareNotification/get"))["state"]
    await ann("Binder/set", destroy=[one])
    last = (await bob("ShareNotification/query", sort=[{"property": "created", "isAscending": False}]))["ids"]
    heard = await bob("ShareNotification/changes", sinceState=state)
    assert len(heard["created"]) == 1 and set(heard["created"]) <= set(last)
    gone = (await bob("ShareNotification/get", ids=heard["created"]))["list"][0]
    assert gone["newRights"] is None and gone["oldRights"]["mayWrite"]
    after = {"filter": {"after": clock.utc_date(clock.now_ms() + 60_000)}}
    assert (await bob("ShareNotification/query", **after))["ids"] == []
    assert len((await bob("ShareNotification/query", filter={"objectType": "Binder"}))["ids"]) == 3
    done = await bob("ShareNotification/set", destroy=heard["created"], create={"x": {}}, update={last[0]: {}})
    assert done["destroyed"] == heard["created"]
    assert done["notCreated"]["x"]["type"] == "forbidden"
    assert (await ann("ShareNotification/set", destroy=last))["destroyed"] is None
    assert len(await notices(bob)) == 2


async def test_nested_binders_are_seen_with_the_outer_one(ann, bob) -> None:
    outer = await binder(ann, "outer")
    inner = await binder(ann, "inner", parentId=outer)
    await share(ann, outer, bob)
    inside = await note(ann, inner)
    assert (await bob("Note/query", accountId=ann.account))["ids"] == [inside]
    refused = await ann("Binder/set", destroy=[outer])
    assert refused["notDestroyed"][outer]["type"] == "invalidProperties"
    both = await ann("Binder/set", destroy=[outer, inner])
    assert sorted(both["destroyed"]) == sorted([outer, inner])
    assert await parts.readable(ann.engine._context.store.db, ann.principal, ann.principal.id, "nothing") == []


async def test_statements_do_not_grow_with_parts(ann, bob) -> None:
    for number in range(6):
        each = await binder(ann, str(number))
        await note(ann, each)
        await share(ann, each, bob)
    state = (await bob("Note/get", accountId=ann.account))["state"]
    await ann("Note/set", update={n: {"text": "y"} for n in (await ann("Note/query"))["ids"]})
    for most, name, arguments in (
        (3, "Note/get", {"ids": None}),
        (5, "Note/changes", {"sinceState": state}),
        (4, "Note/query", {}),
        (4, "Binder/get", {"ids": None}),
    ):
        with counting() as count:
            await bob(name, accountId=ann.account, **arguments)
        assert len(count) <= most, (name, count.statements)


def test_every_right_has_a_name() -> None:
    from parvis.serve.jmap.sharing import RIGHTS

    assert set(RIGHTS.values()) == set(Right)
