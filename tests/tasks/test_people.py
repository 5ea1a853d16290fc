"""Spaces, people who were there before, and what a task is made from."""

import pytest

from parvis.access import accounts, directory
from parvis.access import check as rights
from parvis.kernel import ids
from parvis.kernel.egress import Egress
from parvis.mail import feature as mail_feature
from parvis.mail import service as mail
from parvis.serve.context import Context
from parvis.serve.jmap.core import feature as core
from parvis.serve.jmap.engine import Engine
from parvis.serve.jmap.session import session
from parvis.store.check import check
from parvis.tasks import feature, lists
from parvis.tasks.model import TASKS
from tests.tasks.conftest import Client


async def test_a_space_has_a_board_of_its_own(ann, bob, open_client, store, tasks, engine) -> None:
    eve = await open_client("eve")

    async def work(unit) -> int:
        number = await directory.create(unit, "space", "Visit", "visit@example.org", language="fr")
        await tasks.provision(unit, number, "space")
        await directory.join(unit, number, ann.principal.id, "manager")
        await directory.join(unit, number, bob.principal.id, "member")
        return number

    space = ids.text(await store.write(work))
    (board,) = (await bob("TaskList/get", accountId=space))["list"]
    assert board["name"] == "Tâches" and board["myRights"]["mayWriteAll"]
    assert (await eve("TaskList/get", accountId=space))["error"] == "accountNotFound"
    made = await bob("TaskList/set", accountId=space, create={"l": {"name": "Catering"}})
    catering = made["created"]["l"]["id"]
    assert {each["name"] for each in (await ann("TaskList/get", accountId=space))["list"]} == {"Tâches", "Catering"}
    number = await ann.add("Order", where=catering, account=space, assigneeIds={bob.account: True})
    assert (await bob("Task/mine"))["list"] == [{"accountId": space, "id": number}]
    told = (await bob("TaskNotification/get"))["list"]
    assert [each["type"] for each in told] == ["created"]
    alert = {"a": {"@type": "Alert", "trigger": {"@type": "OffsetTrigger", "offset": "-PT1H"}}}
    await bob.change(number, account=space, alerts=alert)
    assert (await ann.task(number, account=space))["alerts"] is None
    await store.write(lambda unit: directory.leave(unit, ids.parse(space), bob.principal.id))
    assert (await bob("Task/get", accountId=space, ids=[number]))["error"] == "accountNotFound"
    assert await rights.check(store.db) == [] and await check(store) == []


async def test_who_makes_and_removes_lists_is_said(ann, bob, open_client, store, tasks, context, engine) -> None:
    roles = {"manager": True, "member": True, "guest": False}
    people = {role: await open_client(role) for role in roles}

    async def work(unit) -> int:
        number = await directory.create(unit, "space", "Visit", "visit@example.org")
        await tasks.provision(unit, number, "space")
        for role, who in people.items():
            await directory.join(unit, number, who.principal.id, role)
        return number

    space = ids.text(await store.write(work))
    shared = {"mayReadItems": True, "mayWriteAll": True, "mayAdmin": True}
    await ann("TaskList/set", update={await ann.first(): {"shareWith": {bob.account: shared}}})
    for who, account, may in [
        *((people[role], space, may) for role, may in roles.items()),
        (ann, ann.account, True),
        (bob, ann.account, False),
    ]:
        told = (await session(context, engine, who.principal, "http://x"))["accounts"][account]
        assert told["accountCapabilities"][TASKS]["mayCreateTaskList"] is may
        made = await who("TaskList/set", accountId=account, create={"l": {"name": "More"}})
        assert bool(made.get("created")) is may, made
        if may:
            number = made["created"]["l"]["id"]
            (more,) = (await who("TaskList/get", accountId=account, ids=[number]))["list"]
            assert more["myRights"]["mayDelete"]
            assert (await who("TaskList/set", accountId=account, destroy=[number]))["destroyed"] == [number]
        assert not any(
            each["myRights"]["mayDelete"] for each in (await who("TaskList/get", accountId=account))["list"]
        )


async def test_who_was_there_before_tasks_has_a_list_after_the_start(store, tasks, engine) -> None:
    number = await store.write(
        lambda unit: directory.create(unit, "person", "Old", "old@example.org", language="vi")
    )
    group = await store.write(lambda unit: directory.create(unit, "group", "All"))
    for _ in range(2):
        await tasks.start()
    old = Client(engine, await directory.by_id(store.db, number))
    assert [each["name"] for each in (await old("TaskList/get"))["list"]] == ["Việc cần làm"]
    assert await store.db.value("SELECT COUNT(*) FROM tasklist WHERE account_id = ?", group) == 0
    assert lists.complete


async def test_who_is_switched_off_has_a_list_once_they_are_back(store, tasks, engine) -> None:
    number = await store.write(lambda unit: directory.create(unit, "person", "Old", "old@example.org"))
    await accounts.disable(store, number)
    await tasks.start()
    assert await rights.check(store.db) == []
    await accounts.enable(store, number)
    await tasks.start()
    old = Client(engine, await directory.by_id(store.db, number))
    assert len((await old("TaskList/get"))["list"]) == 1 and await rights.check(store.db) == []


RAW = b"From: x@example.net\r\nTo: ann@example.org\r\nSubject: Please sign\r\nMessage-ID: <1@example.net>\r\n\r\nToday.\r\n"


@pytest.fixture
def with_mail(store, settings):
    """People with mail and tasks."""
    context = Context(settings, store, Egress([]))
    features = [core(context), mail_feature(context), feature(context)]
    engine = Engine(context, features)

    async def open_(name: str) -> Client:
        async def work(unit) -> int:
            number = await directory.create(unit, "person", name.title(), f"{name}@example.org")
            for each in features[1:]:
                await each.provision(unit, number, "person")
            return number

        return Client(engine, await directory.by_id(store.db, await store.write(work)))

    return open_


class TestFromMail:
    """A task made from a message has the way back to it."""

    @pytest.fixture
    def rooms(self) -> list[str]:
        return ["store", "access", "serve", "mail", "tasks"]

    async def test_the_link_leads_back(self, with_mail, store) -> None:
        ann, bob = await with_mail("ann"), await with_mail("bob")
        (number,) = await mail.deliver(store, [mail.Delivery(ann.principal.id)], RAW)
        source = {"kind": "Email", "accountId": ann.account, "id": ids.text(number)}
        task = await ann.task(await ann.add("Sign", source=source))
        assert task["source"] == source
        link = task["links"]["source"]
        assert link["href"].endswith(f"/open/Email/{ann.account}/{ids.text(number)}")
        assert (link["rel"], link["title"]) == ("via", "Please sign")
        for who, wrong in (
            (bob, source),
            (ann, source | {"id": ids.text(number + 1)}),
            (ann, source | {"kind": "Nothing"}),
            (ann, {"kind": "Email"}),
        ):
            done = await who("Task/set", create={"t": {"taskListId": await who.first(), "source": wrong}})
            assert done["notCreated"]["t"]["properties"] == ["source"], wrong
