"""Spaces: who is in them, what each role may do in what they have, and their end."""

import pytest

from parvis.access import check, directory, erasure, gate
from parvis.access.principal import Right
from parvis.kernel import ids
from parvis.mail import service
from parvis.ops import people
from parvis.serve.context import Context
from parvis.serve.jmap.accounts import account
from parvis.serve.jmap.errors import MethodError
from parvis.serve.newcomers import Newcomers
from parvis.spaces.activity import KEPT, Activity
from parvis.spaces.feature import _erase
from parvis.store.sql.contract import counting
from parvis.store.store import Store
from tests.mail.conftest import plain
from tests.spaces.conftest import Client, Person


async def rights(store: Store, who: Client, space: str) -> Right:
    """What somebody may do in the mail of a space."""
    try:
        return (await gate.require(store.db, who.principal, ids.parse(space), "mail")).rights
    except gate.NotFound:
        return Right(0)


async def test_who_makes_a_space_manages_it_and_its_mailbox_is_there(person: Person, store: Store) -> None:
    ann, bob = await person("ann"), await person("bob")
    space = await ann.make(name="Đội Dữ liệu", purpose="Water", hue=120, members={bob.account: "member"})
    seen = (await ann.spaces())["Đội Dữ liệu"]
    assert seen["members"] == {ann.account: "manager", bob.account: "member"}
    assert (seen["address"], seen["myRole"], seen["isArchived"]) == ("doi-du-lieu@example.org", "manager", False)
    assert (await bob.spaces())["Đội Dữ liệu"]["myRole"] == "member"
    boxes = await bob("Mailbox/get", accountId=space, ids=None)
    assert {box["role"] for box in boxes["list"]} >= {"inbox", "sent"}
    again = await ann.make(name="Đội dữ liệu")
    assert (await ann("Space/get", ids=[again]))["list"][0]["address"] == "doi-du-lieu-2@example.org"
    assert await check.check(store.db) == []


async def test_rights_follow_the_role_at_once(person: Person, store: Store) -> None:
    ann, bob, cy = await person("ann"), await person("bob"), await person("cy")
    space = await ann.make(name="Lab", members={bob.account: "guest"})
    assert await rights(store, ann, space) == Right.owner()
    assert await rights(store, bob, space) == Right.READ | Right.FREE_BUSY
    assert await rights(store, cy, space) == Right(0)
    for role, may in (("member", True), ("manager", True), ("guest", False)):
        await ann("Space/set", update={space: {"members": {ann.account: "manager", bob.account: role}}})
        assert (Right.WRITE in await rights(store, bob, space)) is may
        assert (Right.SHARE in await rights(store, bob, space)) is (role == "manager")
        assert await check.check(store.db) == []
    await ann("Space/set", update={space: {"members": {ann.account: "manager"}}})
    assert await rights(store, bob, space) == Right(0) and await bob.spaces() == {}
    with pytest.raises(MethodError):
        await account(store.db, bob.principal, space, "mail")


async def test_a_group_is_a_member_with_all_who_are_in_it(person: Person, store: Store, context: Context) -> None:
    ann, bob = await person("ann"), await person("bob")
    group = await people.create(store, (), "group", "Lab", "lab@example.org")
    space = await ann.make(name="Lab", members={ids.text(group.id): "member", bob.account: "guest"})
    assert Right.WRITE not in await rights(store, bob, space)
    await store.write(lambda unit: directory.join(unit, group.id, bob.principal.id))
    assert Right.WRITE in await rights(store, bob, space)
    assert (await bob.spaces())["Lab"]["myRole"] == "member"
    await store.write(lambda unit: directory.leave(unit, group.id, bob.principal.id))
    assert Right.WRITE not in await rights(store, bob, space)
    assert await check.check(store.db) == []


async def test_changes_reach_everybody_concerned(person: Person) -> None:
    ann, bob = await person("ann"), await person("bob")
    before = (await bob("Space/get", ids=[]))["state"]
    space = await ann.make(name="Lab", members={bob.account: "member"})
    told = await bob("Space/changes", sinceState=before)
    assert told["created"] == [space]
    await ann("Space/set", update={space: {"name": "Laboratory"}})
    told = await bob("Space/changes", sinceState=told["newState"])
    assert told["updated"] == [space]
    await ann("Space/set", update={space: {"members": {ann.account: "manager"}}})
    told = await bob("Space/changes", sinceState=told["newState"])
    assert told["destroyed"] == [space]


async def test_only_managers_change_a_space_and_one_stays(person: Person) -> None:
    ann, bob, cy = await person("ann"), await person("bob"), await person("cy")
    space = await ann.make(name="Lab", members={bob.account: "member"})
    all_three = {ann.account: "manager", bob.account: "manager", cy.account: "guest"}
    for who, patch, wrong in (
        (bob, {"name": "Mine"}, "forbidden"),
        (bob, {"members": all_three}, "forbidden"),
        (cy, {"name": "Mine"}, "notFound"),
        (ann, {"members": {bob.account: "member"}}, "invalidProperties"),
        (ann, {"members": {ann.account: "manager", "zzz": "member"}}, "invalidProperties"),
        (ann, {"members": {ann.account: "king"}}, "invalidProperties"),
        (ann, {"deletes": "2030-01-01T00:00:00Z"}, "invalidProperties"),
        (ann, {"name": ""}, "invalidProperties"),
    ):
        answer = await who("Space/set", update={space: patch})
        assert answer["notUpdated"][space]["type"] == wrong, patch
    assert (await bob("Space/set", destroy=[space]))["notDestroyed"][space]["type"] == "forbidden"
    assert (await cy("Space/set", destroy=[space]))["notDestroyed"][space]["type"] == "notFound"


async def test_everybody_may_leave_but_the_last_manager(person: Person, store: Store) -> None:
    ann, bob = await person("ann"), await person("bob")
    space = await ann.make(name="Lab", members={bob.account: "member"})
    left = await bob("Space/set", update={space: {f"members/{bob.account}": None}})
    assert left["updated"] == {space: None} and await bob.spaces() == {}
    stays = await ann("Space/set", update={space: {f"members/{ann.account}": None}})
    assert stays["notUpdated"][space]["type"] == "invalidProperties"


async def test_an_archived_space_is_read_and_not_changed(person: Person, store: Store) -> None:
    ann, bob = await person("ann"), await person("bob")
    space = await ann.make(name="Lab", members={bob.account: "member"})
    await ann("Space/set", update={space: {"isArchived": True}})
    assert await rights(store, bob, space) == await rights(store, ann, space) == Right.READ | Right.FREE_BUSY
    assert (await bob.spaces())["Lab"]["isArchived"] and await check.check(store.db) == []
    refused = await bob("Mailbox/set", accountId=space, create={"x": {"name": "New"}})
    assert refused["notCreated"]["x"]["type"] == "forbidden"
    await ann("Space/set", update={space: {"isArchived": False}})
    assert Right.WRITE in await rights(store, bob, space) and await check.check(store.db) == []


async def test_a_deleted_space_is_gone_at_once_restored_in_time_and_erased_whole(
    person: Person, store: Store, context: Context
) -> None:
    ann, bob = await person("ann"), await person("bob")
    space = await ann.make(name="Lab", members={bob.account: "member"})
    number = ids.parse(space)
    await service.deliver(store, [service.Delivery(number)], plain())
    assert (await ann("Space/set", destroy=[space]))["destroyed"] == [space]
    assert await bob.spaces() == {} and (await ann.spaces())["Lab"]["deletes"] is not None
    assert await rights(store, ann, space) == await rights(store, bob, space) == Right(0)
    assert (await ann("Space/set", update={space: {"name": "X"}}))["notUpdated"][space]["type"] == "forbidden"
    await ann("Space/set", update={space: {"deletes": None}})
    assert Right.WRITE in await rights(store, bob, space) and (await bob.spaces())["Lab"]["deletes"] is None
    assert await check.check(store.db) == []
    await ann("Space/set", destroy=[space])
    await store.write(lambda unit: erasure.accounts.remove(unit, number))
    await _erase(store, erasure.Gone(number, ()))
    assert await ann.spaces() == {} and await store.db.value("SELECT COUNT(*) FROM space") == 0
    assert await check.check(store.db) == []


async def test_what_happens_in_a_space_is_told_to_its_members(
    person: Person, store: Store, context: Context
) -> None:
    ann, bob, cy = await person("ann"), await person("bob"), await person("cy")
    space = await ann.make(name="Lab", members={bob.account: "guest"})
    follower = Activity(store)
    for subject in ("one", "two"):
        await service.deliver(store, [service.Delivery(ids.parse(space))], plain(subject))
    await service.deliver(store, [service.Delivery(ann.principal.id)], plain("private"))
    events = await store.outbox.after(0, 0, 1000)
    await follower.follow(events)
    await follower.follow(events)
    asked = await bob("SpaceActivity/query", filter={"spaceId": space})
    got = (await bob("SpaceActivity/get", ids=asked["ids"]))["list"]
    assert [(each["type"], each["change"]) for each in got] == [("Email", "created")] * 2
    mails = await bob("Email/get", accountId=space, ids=[each["objectId"] for each in got], properties=["subject"])
    assert [each["subject"] for each in mails["list"]] == ["two", "one"]
    assert (await cy("SpaceActivity/query"))["ids"] == []
    assert (await cy("SpaceActivity/get", ids=asked["ids"]))["list"] == []


async def test_activity_is_bounded(person: Person, store: Store) -> None:
    ann = await person("ann")
    number = ids.parse(await ann.make(name="Lab"))

    async def work(unit) -> None:
        for place in range(KEPT + 60):
            await unit.changed(number, "Task", place + 1, "created")

    await store.write(work)
    events = await store.outbox.after(0, 0, 1000)
    for event in events:
        await Activity(store).follow([event])
    assert await store.db.value("SELECT COUNT(*) FROM space_activity") <= KEPT


async def test_the_number_of_statements_does_not_grow(person: Person) -> None:
    ann, counts = await person("ann"), []
    for name in ("One", "Two", "Three"):
        await ann.make(name=name)
        with counting() as statements:
            await ann("Space/get", ids=None)
        counts.append(len(statements))
    assert counts[0] == counts[-1] <= 5


async def test_administrators_alone_when_so_set(person: Person, context: Context) -> None:
    context.settings.spaces.created_by = "administrators"
    ann, root = await person("ann"), await person("root", administrator=True)
    made = await ann("Space/set", create={"s": {"name": "Lab"}})
    assert made["notCreated"]["s"]["type"] == "forbidden"
    assert await root.make(name="Lab")
    for local, wrong in (("no spaces", "invalidProperties"), ("ann", "invalidProperties")):
        made = await root("Space/set", create={"s": {"name": "Lab", "address": local}})
        assert made["notCreated"]["s"]["type"] == wrong, made


async def test_a_space_made_by_an_administrator_is_one_too(person: Person, store: Store, context: Context) -> None:
    ann = await person("ann")
    team = await people.create(store, context.need(Newcomers).features, "space", "Team", "team@example.org")
    await store.write(lambda unit: directory.join(unit, team.id, ann.principal.id, "manager"))
    assert (await ann.spaces())["Team"]["address"] == "team@example.org"
    assert await rights(store, ann, ids.text(team.id)) == Right.owner()
