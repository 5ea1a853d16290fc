"""Tasks as the assistant reads them and what it may do."""

import pytest

from parvis.kernel import ids
from parvis.kernel.errors import Forbidden, Invalid, NotFound
from parvis.tasks.source import TaskSource
from parvis.tasks.tools import ChangeTask, CreateTask, FindTasks, TaskTools
from tests.tasks.test_jmap import READ, WRITE, share


async def test_an_item_says_where_it_belongs_and_what_is_in_it(ann, bob, store) -> None:
    first = await ann.first()
    await share(ann, first, bob, WRITE)
    number = await bob.add(
        "Order chairs", where=first, account=ann.account, description="Twelve of them", due="2026-05-01T10:00:00",
        comments={"c": {"message": "The blue ones"}}, assigneeIds={bob.account: True}, keywords={"party": True},
    )  # fmt: skip
    source = TaskSource(store)
    item = await source.item(ann.principal.id, ids.parse(number))
    assert (item.kind, item.scope_id, item.title, item.origin) == (
        "Task",
        ids.parse(first),
        "Order chairs",
        "colleague",
    )
    assert item.author == "Bob <bob@example.org>" and item.facets == {"keywords": ["party"]}
    (document,) = item.documents
    read = (await document.load()).decode()
    assert read == "Order chairs\n☐ 2026-05-01 10:00\nTwelve of them\nBob: The blue ones"
    assert [each async for each in source.every(ann.principal.id)] == [ids.parse(number)]
    await ann("Task/set", destroy=[number])
    assert await source.item(ann.principal.id, ids.parse(number)) is None


async def test_tools_act_under_the_rights_of_who_asks(ann, bob, store) -> None:
    tools = TaskTools(store)
    made = await tools.create(
        ann.principal, CreateTask(account_id=ann.account, title="Đặt bàn", due="2026-05-01T10:00:00Z", priority=2)
    )
    assert (await ann.task(made["taskId"]))["utcDue"] == "2026-05-01T10:00:00Z"
    (found,) = await tools.find(ann.principal, FindTasks(text="dat ban"))
    assert found == made and await tools.find(bob.principal, FindTasks(text="dat ban")) == []
    for refused in (
        tools.change(bob.principal, ChangeTask(account_id=ann.account, task_id=made["taskId"], title="x")),
        tools.create(bob.principal, CreateTask(account_id=ann.account, title="x")),
        tools.change(ann.principal, ChangeTask(account_id=bob.account, task_id=made["taskId"], title="x")),
    ):
        with pytest.raises(NotFound):
            await refused
    await share(ann, await ann.first(), bob, READ)
    with pytest.raises(Forbidden):
        await tools.change(bob.principal, ChangeTask(account_id=ann.account, task_id=made["taskId"], title="x"))
    with pytest.raises(Invalid):
        await tools.change(
            ann.principal, ChangeTask(account_id=ann.account, task_id=made["taskId"], progress="flying")
        )
    done = await tools.change(
        ann.principal,
        ChangeTask(account_id=ann.account, task_id=made["taskId"], progress="completed", title="Xong"),
    )
    assert (done["progress"], done["title"]) == ("completed", "Xong")
    assert await tools.find(ann.principal, FindTasks()) == []
    assert len(await tools.find(bob.principal, FindTasks(include_done=True))) == 1
