"""Tasks: a list that is shared, one that is not, then withdrawn, then the account erased. No JMAP method, no request of
WebDAV, no search, tool or answer shows what is not, or no longer, visible; nothing stays of who is gone. A4, SE-03"""

import asyncio
import json

import pytest

from parvis.access import erasure
from parvis.access.principal import Right
from parvis.app import App
from parvis.kernel import ids
from parvis.kernel.errors import ParvisError
from parvis.store.check import check
from parvis.tasks.tools import ChangeTask, CreateTask, FindTasks
from tests.leak.test_erasure import left
from tests.leak.test_leak import Person, asked, listen, someone

SHOWN, HIDDEN = "quartzlantern", "velvetomnibus"


async def filled(ann: Person, word: str, slug: str) -> tuple[str, str]:
    """A list and a task in it, both full of a word; returns their ids."""
    made = await ann(("TaskList/set", {"accountId": ann.account, "create": {"l": {"name": f"List {word}"}}}))
    number = made[0][1]["created"]["l"]["id"]
    task = {
        "taskListId": number,
        "title": f"Buy {word}",
        "description": f"The {word} costs 4200 euros.",
        "due": "2099-01-01T10:00:00",
        "keywords": {word: True},
        "comments": {"c": {"message": f"Is {word} cheap?"}},
        "alerts": {"a": {"@type": "Alert", "trigger": {"@type": "OffsetTrigger", "offset": "-PT1H"}}},
    }
    done = await ann(("Task/set", {"accountId": ann.account, "create": {"t": task}}))
    return number, done[0][1]["created"]["t"]["id"]


def methods(app: App) -> list[str]:
    return sorted(name for name in app._doors.engine._methods if name.startswith("Task"))


def arguments(name: str, lists: list[str], tasks: list[str]) -> dict:
    kind, _, verb = name.partition("/")
    numbers = {"TaskList": lists, "Task": tasks}.get(kind)
    return {
        "get": {"ids": numbers},
        "changes": {"sinceState": "0"},
        "query": {"calculateTotal": True} | ({"filter": {"text": HIDDEN}} if kind == "Task" else {}),
        "queryChanges": {"sinceQueryState": "0"},
        "set": {
            "update": {
                number: {"color": None} if kind == "TaskList" else {"priority": 3} for number in numbers or []
            }
        },
        "copy": {"create": {"c": {"id": tasks[0], "taskListId": lists[0]}}},
        "place": {"id": tasks[-1]},
        "mine": {},
    }[verb]


async def everything(app: App, who: Person, owner: Person, lists: list[str], tasks: list[str]) -> str:
    """All that is told who asks for the owner's tasks in every way there is, knowing every id and name."""
    told = []
    for name in methods(app):
        given = {"accountId": owner.account} | arguments(name, lists, tasks)
        if name.endswith("/copy"):
            given |= {"accountId": who.account, "fromAccountId": owner.account}
        told.append(await who((name, given)))
        told.append(await who((name, given | {"accountId": who.account})))
    told.append(await dav(who, owner, lists, tasks))
    for word in (SHOWN, HIDDEN, "costs euros"):
        told.append(await who(("Search/query", {"accountId": who.account, "text": word})))
        told.append(await who(("Search/suggest", {"accountId": who.account, "text": word[:6]})))
    told.append(await asked(who, {"task": "ask", "text": "What is to be bought, and what does it cost in euros?"}))
    about = [{"accountId": owner.account, "kind": "Task", "id": tasks[-1]}]
    told.append(await asked(who, {"task": "summarise", "about": about}))
    told.append(await tools(app, who, owner, lists, tasks))
    return json.dumps(told, default=str)


async def dav(who: Person, owner: Person, lists: list[str], tasks: list[str]) -> list[str]:
    """Every method, at the owner's paths and at the mounted ones."""
    told = []
    homes = [f"/dav/calendars/{owner.account}/", f"/dav/calendars/{who.account}/"]
    query = '<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/><C:calendar-data/></prop><C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>'
    sync = '<sync-collection xmlns="DAV:"><sync-token/><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>'
    for home in homes:
        told.append((await who.client.request("PROPFIND", home, headers={"depth": "1"})).text)
        for number, task in zip(lists, tasks, strict=True):
            name = number if home == homes[0] or who is owner else f"{owner.account}.{number}"
            path = f"{home}{name}/{task}.ics"
            for method, at, body in (
                ("GET", path, None), ("HEAD", path, None), ("PROPFIND", path, None), ("COPY", path, None),
                ("REPORT", f"{home}{name}/", query), ("REPORT", f"{home}{name}/", sync),
                ("PROPFIND", f"{home}{name}/", None), ("OPTIONS", path, None), ("LOCK", path, None),
            ):  # fmt: skip
                headers = (
                    {"depth": "1", "destination": f"{homes[1]}tasks/copy-{task}.ics"} if method != "GET" else {}
                )
                answer = await who.client.request(method, at, content=body, headers=headers)
                told.append(f"{answer.status_code} {answer.text}")
        told.append((await who.client.request("GET", f"{homes[1]}tasks/copy-{tasks[-1]}.ics")).text)
    return told


async def tools(app: App, who: Person, owner: Person, lists: list[str], tasks: list[str]) -> list[object]:
    told: list[object] = []
    known = {tool.name: tool for feature in app.features for tool in feature.tools}
    for name, given in (
        ("tasks.find", FindTasks(text="Buy", include_done=True)),
        ("tasks.change", ChangeTask(account_id=owner.account, task_id=tasks[-1], progress="needs-action")),
        ("tasks.create", CreateTask(account_id=owner.account, task_list_id=lists[-1], title="x")),
    ):
        try:
            told.append(await known[name].run(who.principal, given))
        except ParvisError as error:
            told.append(error.code)
    return told


@pytest.mark.slow
async def test_only_the_list_that_is_shared_is_shown_and_only_while_it_is(app: App) -> None:
    ann, bob = await someone(app, "ann"), await someone(app, "bob")
    first, one = await filled(ann, SHOWN, "one")
    second, two = await filled(ann, HIDDEN, "two")
    lists, tasks = [first, second], [one, two]
    await app._search.indexer.settle()
    assert {"Task/get", "Task/mine", "TaskList/set", "TaskNotification/get", "TaskReminder/get"} <= {*methods(app)}
    own = await everything(app, ann, ann, lists, tasks)
    assert SHOWN in own and HIDDEN in own
    strange = await everything(app, bob, ann, lists, tasks)
    assert SHOWN not in strange and HIDDEN not in strange.replace(f'"{HIDDEN}"', "")

    rights = {"mayReadItems": True, "mayWriteAll": True}
    share = {"update": {first: {"shareWith": {bob.account: rights}}}}
    assert (await ann(("TaskList/set", {"accountId": ann.account, **share})))[0][1]["updated"]
    await ann(
        ("Task/set", {"accountId": ann.account, "update": {one: {"assigneeIds": {bob.account: True}}}}),
        ("Task/set", {"accountId": ann.account, "update": {two: {"title": f"Sell {HIDDEN}"}}}),
    )
    await app._search.indexer.settle()
    seen = await everything(app, bob, ann, lists, tasks)
    assert SHOWN in seen and HIDDEN not in seen.replace(f'"{HIDDEN}"', "")
    for part in ("TaskNotification", "Search", "BEGIN:VTODO", "mine"):
        assert part in seen

    await ann(("TaskList/set", {"accountId": ann.account, "update": {first: {"shareWith": None}}}))
    gone = await bob(("ShareNotification/get", {"accountId": bob.account}))
    told = [each["id"] for each in gone[0][1]["list"]]
    await bob(("ShareNotification/set", {"accountId": bob.account, "destroy": told}))
    copies = (await bob(("Task/query", {"accountId": bob.account})))[0][1]["ids"]
    await bob(("Task/set", {"accountId": bob.account, "destroy": copies}))
    turns = await bob(("AssistantTurn/query", {"accountId": bob.account}))
    await bob(("AssistantTurn/set", {"accountId": bob.account, "destroy": turns[0][1]["ids"]}))
    await app._search.indexer.settle()
    after = await everything(app, bob, ann, lists, tasks)
    assert SHOWN not in after and HIDDEN not in after.replace(f'"{HIDDEN}"', "")

    heard = asyncio.create_task(listen(bob, app.context.public_url))
    await asyncio.sleep(0.3)
    await ann(("Task/set", {"accountId": ann.account, "update": {one: {"title": "New"}}}))
    await asyncio.sleep(0.5)
    heard.cancel()
    assert ann.account not in str(await asyncio.gather(heard, return_exceptions=True))
    assert await check(app.context.store) == []


@pytest.mark.slow
async def test_nothing_is_left_of_an_account_that_is_gone(app: App) -> None:
    ann, bob = await someone(app, "ann"), await someone(app, "bob")
    store = app.context.store
    first, one = await filled(ann, SHOWN, "one")
    theirs, other = await filled(bob, "ordinary", "two")
    for owner, which, to in ((ann, first, bob), (bob, theirs, ann)):
        share = {which: {"shareWith": {to.account: {"mayReadItems": True, "mayWriteAll": True}}}}
        await owner(("TaskList/set", {"accountId": owner.account, "update": share}))
    await bob(("Task/set", {"accountId": ann.account, "update": {one: {"title": f"Sell {SHOWN}"}}}))
    await ann(("Task/set", {"accountId": bob.account, "update": {other: {"priority": 1}}}))
    await ann(("Task/set", {"accountId": ann.account, "update": {one: {"assigneeIds": {bob.account: True}}}}))
    await app._search.indexer.settle()
    scopes = {row[0] for row in await store.db.rows("SELECT id FROM scope WHERE account_id = ?", ann.principal.id)}
    numbers, words = {ann.principal.id, *scopes}, [SHOWN, "ann@example.net"]
    before = {line.partition(":")[0] for line in await left(store, numbers, words)}
    assert {"task", "tasklist", "task_ring", "task_notice", "search_item", "share_notice"} <= before
    await erasure.schedule(store, ann.principal.id)
    await store.write(lambda unit: unit.run("UPDATE job SET run_at_ms = 0 WHERE kind = 'account-erase'"))
    await store.bus.publish("jobs")
    async with asyncio.timeout(60):
        while await store.db.value("SELECT 1 FROM job WHERE kind = 'account-erase' AND finished_ms IS NULL"):
            await asyncio.sleep(0.05)
    async with asyncio.timeout(20):  # others hear of it from the outbox, and search after them
        while await left(store, numbers, words):
            await app._search.indexer.settle()
            await asyncio.sleep(0.2)
    kept = await bob(("Task/get", {"accountId": bob.account, "ids": [other]}))
    assert kept[0][1]["list"][0]["priority"] == 1
    assert await check(store) == []
    assert ids.parse(one) and Right.READ
