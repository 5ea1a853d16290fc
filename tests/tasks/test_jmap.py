"""Lists and tasks in JMAP."""

import pytest

from parvis.kernel import clock
from parvis.store.check import check
from parvis.store.sql.contract import counting
from parvis.tasks.board import between

WRITE = {"mayReadItems": True, "mayWriteAll": True}
READ = {"mayReadItems": True}


async def share(owner, which, other, rights=READ) -> None:
    done = await owner("TaskList/set", update={which: {"shareWith": {other.account: rights}}})
    assert which in (done["updated"] or {}), done


async def test_everybody_begins_with_a_list_in_their_language(open_client) -> None:
    for language, name in (("en", "Tasks"), ("fr", "Tâches"), ("vi", "Việc cần làm")):
        who = await open_client(f"who{language}", language=language)
        (first,) = (await who("TaskList/get"))["list"]
        assert (first["name"], first["role"], first["isSubscribed"]) == (name, "inbox", True)
        assert first["myRights"]["mayWriteAll"] and not first["myRights"]["mayDelete"]
        refused = await who("TaskList/set", destroy=[first["id"]])
        assert refused["notDestroyed"][first["id"]]["type"] == "forbidden"


async def test_a_list_is_made_changed_and_removed(ann) -> None:
    made = await ann("TaskList/set", create={"l": {"name": "Garden", "color": "#00aa00", "sortOrder": 3}})
    number = made["created"]["l"]["id"]
    done = await ann(
        "TaskList/set",
        update={
            number: {
                "name": "Allotment",
                "workflowStatuses": ["todo", "doing", "completed"],
                "workflowNames": {"todo": "À faire", "doing": "En cours"},
                "timeZone": "Europe/Paris",
            }
        },
    )
    assert number in done["updated"]
    await ann("TaskList/set", update={number: {"workflowNames/todo": "Idées", "workflowNames/doing": None}})
    (got,) = (await ann("TaskList/get", ids=[number]))["list"]
    assert (got["name"], got["color"], got["sortOrder"]) == ("Allotment", "#00aa00", 3)
    assert got["workflowStatuses"] == ["todo", "doing", "completed"]
    assert got["workflowNames"] == {"todo": "Idées"}
    wrong = await ann(
        "TaskList/set",
        create={
            "n": {"name": ""},
            "c": {"name": "x", "color": "none of them!"},
            "z": {"name": "x", "timeZone": "Mars/Olympus"},
            "s": {"name": "x", "workflowStatuses": ["a", "a"]},
            "p": {"name": "x", "workflowProgress": {"a": "fast"}},
            "m": {"name": "x", "workflowNames": {"a": ""}},
        },
    )
    assert {key: each["properties"] for key, each in wrong["notCreated"].items()} == {
        "n": ["name"], "c": ["color"], "z": ["timeZone"], "s": ["workflowStatuses"], "p": ["workflowProgress"],
        "m": ["workflowNames"],
    }  # fmt: skip
    task = await ann.add(where=number)
    refused = await ann("TaskList/set", destroy=[number])
    assert refused["notDestroyed"][number]["type"] == "taskListHasTask"
    state = (await ann("Task/get", ids=[]))["state"]
    gone = await ann("TaskList/set", destroy=[number], onDestroyRemoveTasks=True)
    assert gone["destroyed"] == [number]
    assert (await ann("Task/changes", sinceState=state))["destroyed"] == [task]


async def test_a_task_keeps_all_that_jscalendar_says(ann, store) -> None:
    given = {
        "description": "All of it",
        "due": "2026-12-24T12:00:00",
        "start": "2026-12-20T09:00:00",
        "timeZone": "Europe/Paris",
        "priority": 2,
        "estimatedDuration": "PT2H",
        "estimatedWork": 5,
        "keywords": {"garden": True, "quick": True},
        "percentComplete": 20,
        "checklists": {"c": {"@type": "Checklist", "title": "Tools", "checkItems": [
            {"@type": "CheckItem", "title": "Spade", "isComplete": False}]}},
        "links": {"a": {"@type": "Link", "href": "https://example.org/a", "rel": "enclosure"}},
        "example.org:mood": {"deep": [1, 2]},
    }  # fmt: skip
    number = await ann.add("Dig", **given)
    got = await ann.task(number)
    for name, value in given.items():
        assert got[name] == value, name
    assert (got["title"], got["progress"], got["workflowStatus"]) == ("Dig", "needs-action", "needs-action")
    assert got["utcDue"] == "2026-12-24T11:00:00Z" and got["created"] and got["uid"]
    done = await ann.change(number, **{"keywords/quick": None, "description": None, "priority": 5})
    assert number in done["updated"]
    got = await ann.task(number)
    assert got["keywords"] == {"garden": True} and "description" not in got and got["priority"] == 5
    assert got["checklists"] == given["checklists"] and got["example.org:mood"] == {"deep": [1, 2]}
    plain = await ann.task(number, properties=["title", "workflowStatus"])
    assert plain == {"id": number, "title": "Dig", "workflowStatus": "needs-action"}
    assert await check(store) == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"due": "tomorrow"}, "start"),
        ({"recurrenceRule": {"frequency": "daily"}}, "recurrenceRule"),
        ({"progress": "flying"}, "progress"),
        ({"workflowStatus": "nowhere"}, "workflowStatus"),
        ({"participants": {"x": {"roles": {"attendee": True}}}}, "participants/x"),
        ({"title": "x" * 1_100_000}, None),
        ({"keywords": {str(n): True for n in range(200)}}, "keywords"),
        ({"alerts": {"a": {"trigger": {"offset": "soon"}}}}, None),
        ({"comments": {"c": {"message": ""}}}, "comments/c"),
        ({"parentId": "nobody"}, "parentId"),
        ({"assigneeIds": {"nobody": True}}, "assigneeIds"),
        ({"source": {"kind": "Email", "accountId": "x", "id": "y"}}, "source"),
        ({"position": "not here"}, "position"),
    ],
)
async def test_what_a_task_cannot_have(ann, wrong, field) -> None:
    values = {"taskListId": await ann.first(), "title": "x"} | wrong
    done = await ann("Task/set", create={"t": values})
    refused = done["notCreated"]["t"]
    assert refused["type"] == "invalidProperties", refused
    assert field is None or refused["properties"] == [field]
    assert (await ann("Task/query"))["ids"] == []


async def test_progress_and_columns_follow_each_other(ann) -> None:
    made = await ann(
        "TaskList/set",
        create={"l": {"name": "Board", "workflowStatuses": ["todo", "review", "completed"],
                      "workflowProgress": {"todo": "needs-action"}}},
    )  # fmt: skip
    board = made["created"]["l"]["id"]
    number = await ann.add(where=board)
    assert (await ann.task(number))["workflowStatus"] == "todo"
    await ann.change(number, workflowStatus="review")
    got = await ann.task(number)
    assert (got["workflowStatus"], got["progress"]) == ("review", "in-process")
    await ann.change(number, title="Again")
    assert (await ann.task(number))["workflowStatus"] == "review"
    done = await ann.change(number, progress="completed")
    assert done["updated"][number]["workflowStatus"] == "completed"
    got = await ann.task(number)
    assert (got["percentComplete"], bool(got["progressUpdated"])) == (100, True)
    await ann(
        "TaskList/set",
        update={board: {"workflowStatuses": ["todo", "done"], "workflowProgress": {"done": "completed"}}},
    )
    got = await ann.task(number)
    assert (got["workflowStatus"], got["progress"]) == ("done", "completed")


async def test_cards_are_moved_on_a_board(ann) -> None:
    numbers = [await ann.add(str(number)) for number in range(4)]

    async def column(status="needs-action"):
        found = await ann("Task/query", filter={"workflowStatus": status}, sort=[{"property": "position"}])
        return [numbers.index(each) for each in found["ids"]]

    assert await column() == [0, 1, 2, 3]

    async def place(number) -> str:
        return (await ann.task(numbers[number]))["position"]

    async def put(number, low, high, **more):
        position = between(
            await place(low) if low is not None else "", await place(high) if high is not None else ""
        )
        return (await ann.change(numbers[number], position=position, **more))["updated"][numbers[number]] or {}

    await put(3, 0, 1)
    await put(2, None, 0)
    assert await column() == [2, 0, 3, 1]
    placed = await put(0, None, None, workflowStatus="completed")
    assert placed["progress"] == "completed" and await column("completed") == [0]
    for _ in range(150):
        await put(1, 2, 3)
        await put(3, 2, 1)
    assert await column() == [2, 3, 1]
    assert len(await place(3)) <= 60
    taken = await ann.change(numbers[1], position=await place(2))
    assert await place(2) < taken["updated"][numbers[1]]["position"] < await place(3)
    assert await column() == [2, 1, 3]
    first = await ann.add("First", position=between("", await place(2)))
    numbers.append(first)
    assert await column() == [4, 2, 1, 3]
    for wrong in ("É", "a0", 5):
        refused = await ann.change(first, position=wrong)
        assert refused["notUpdated"][first]["properties"] == ["position"]
    assert await column() == [4, 2, 1, 3]


async def test_tasks_have_tasks(ann) -> None:
    top = await ann.add("Top")
    below = await ann.add("Below", parentId=top)
    deeper = await ann.add("Deeper", parentId=below)
    got = await ann.task(below)
    assert got["parentId"] == top
    assert got["relatedTo"] == {(await ann.task(top))["uid"]: {"@type": "Relation", "relation": {"parent": True}}}
    circle = await ann.change(top, parentId=deeper)
    assert circle["notUpdated"][top]["properties"] == ["parentId"]
    assert (await ann("Task/query", filter={"parentId": top}))["ids"] == [below]
    assert (await ann("Task/query", filter={"hasParent": False}))["ids"] == [top]
    await ann.change(below, parentId=None)
    assert (await ann.task(below))["parentId"] is None


async def test_queries(ann, bob) -> None:
    await share(ann, await ann.first(), bob, WRITE)
    late = await ann.add("Late", due="2026-01-01T10:00:00", keywords={"home": True}, priority=1)
    soon = await ann.add("Soon, ça va", due="2026-02-01T10:00:00", assigneeIds={bob.account: True})
    some = await ann.add("Some day", description="Vườn hoa", progress="completed")

    async def ask(**condition):
        return (await ann("Task/query", filter=condition, sort=[{"property": "due"}], calculateTotal=True))["ids"]

    assert await ask() == [late, soon, some]
    assert await ask(text="CA va") == [soon] and await ask(text="vuon") == [some] and await ask(text="100%") == []
    assert await ask(keyword="home") == [late]
    assert await ask(assignee=bob.account) == [soon]
    assert await ask(isDone=True) == [some] and await ask(isDone=False) == [late, soon]
    assert await ask(dueBefore="2026-01-15T00:00:00Z") == [late] and await ask(hasDue=False) == [some]
    either = {"operator": "OR", "conditions": [{"keyword": "home"}, {"progress": "completed"}]}
    found = await ann("Task/query", filter=either, sort=[{"property": "priority"}], limit=1, calculateTotal=True)
    assert (found["ids"], found["total"]) == ([late], 2)
    found = await ann("Task/query", sort=[{"property": "due"}], anchor=soon, anchorOffset=-1, limit=2)
    assert found["ids"] == [late, soon]
    assert (await ann("Task/query", filter={"inTaskList": "nobody"}))["ids"] == []
    assert (await ann("Task/query", sort=[{"property": "smell"}]))["error"] == "unsupportedSort"
    state = found["queryState"]
    await ann.change(late, progress="completed")
    moved = await ann("Task/queryChanges", sinceQueryState=state, filter={"isDone": False})
    assert moved["removed"] == [late] and moved["added"] == []


async def test_a_list_is_shared_by_itself_and_each_has_their_own_of_it(ann, bob) -> None:
    mine = await ann.first()
    made = await ann("TaskList/set", create={"l": {"name": "Club", "color": "red"}})
    club = made["created"]["l"]["id"]
    secret, open_ = await ann.add("Secret"), await ann.add("Open", where=club)
    assert (await bob("Task/get", accountId=ann.account, ids=[secret]))["error"] == "accountNotFound"
    await share(ann, club, bob)
    got = await bob("Task/get", accountId=ann.account, ids=[secret, open_])
    assert [each["id"] for each in got["list"]] == [open_] and got["notFound"] == [secret]
    (shown,) = (await bob("TaskList/get", accountId=ann.account))["list"]
    assert (shown["name"], shown["color"], shown["isSubscribed"], shown["shareWith"]) == (
        "Club",
        "red",
        False,
        None,
    )
    own = await bob(
        "TaskList/set", accountId=ann.account,
        update={club: {"name": "Ann's", "color": "blue", "isSubscribed": True, "sortOrder": 7}},
    )  # fmt: skip
    assert club in own["updated"]
    (shown,) = (await bob("TaskList/get", accountId=ann.account))["list"]
    assert (shown["name"], shown["color"], shown["isSubscribed"], shown["sortOrder"]) == ("Ann's", "blue", True, 7)
    (hers,) = (await ann("TaskList/get", ids=[club]))["list"]
    assert (hers["name"], hers["color"], hers["sortOrder"]) == ("Club", "red", 0)
    refused = await bob("TaskList/set", accountId=ann.account, update={club: {"description": "x"}})
    assert refused["notUpdated"][club]["type"] == "forbidden"
    for verb in ({"update": {open_: {"title": "x"}}}, {"destroy": [open_]}):
        done = await bob("Task/set", accountId=ann.account, **verb)
        assert "forbidden" in str(done) or done.get("error") == "accountReadOnly", done
    await share(ann, club, bob, WRITE)
    assert open_ in (await bob.change(open_, account=ann.account, title="x"))["updated"]
    moved = await bob.change(open_, account=ann.account, taskListId=mine)
    assert "properties" in str(moved) or moved["notUpdated"][open_]["type"] == "notFound"
    state = (await bob("Task/get", accountId=ann.account, ids=[]))["state"]
    await ann.change(open_, taskListId=mine)
    heard = await bob("Task/changes", accountId=ann.account, sinceState=state)
    assert heard["destroyed"] == [open_]
    made = await bob("TaskList/set", accountId=ann.account, create={"l": {"name": "Mine"}})
    assert made["notCreated"]["l"]["type"] == "forbidden"


async def test_who_may_only_write_their_own(ann, bob) -> None:
    first = await ann.first()
    hers = await ann.add("Hers")
    await share(ann, first, bob, {"mayReadItems": True, "mayWriteOwn": True})
    his = await bob.add("His", where=first, account=ann.account)
    assert his in (await bob.change(his, account=ann.account, title="Mine"))["updated"]
    refused = await bob.change(hers, account=ann.account, title="Mine")
    assert refused["notUpdated"][hers]["type"] == "forbidden"
    assert (await bob("Task/set", accountId=ann.account, destroy=[his, hers]))["destroyed"] == [his]


async def test_comments_have_their_authors(ann, bob) -> None:
    await share(ann, await ann.first(), bob, WRITE)
    number = await ann.add(comments={"a": {"message": "First", "author": {"name": "Forged"}}})
    got = (await ann.task(number))["comments"]["a"]
    assert (got["author"]["principalId"], got["author"]["name"]) == (ann.account, "Ann") and got["created"]
    done = await bob.change(number, account=ann.account, **{"comments/b": {"message": "Second"}})
    assert number in done["updated"]
    forged = await bob.change(number, account=ann.account, **{"comments/a/message": "Other"})
    assert forged["notUpdated"][number]["type"] == "forbidden"
    await bob.change(number, account=ann.account, **{"comments/b/message": "Better"})
    got = (await ann.task(number))["comments"]
    assert (got["a"]["message"], got["b"]["message"]) == ("First", "Better") and got["b"]["updated"]


async def test_who_is_to_do_it_is_told_and_may_say_how_far_it_is(ann, bob) -> None:
    first = await ann.first()
    refused = await ann("Task/set", create={"t": {"taskListId": first, "assigneeIds": {"znobody": True}}})
    assert refused["notCreated"]["t"]["properties"] == ["assigneeIds"]
    await share(ann, first, bob, {"mayReadItems": True, "mayRSVP": True})
    number = await ann.add("Paint", assigneeIds={bob.account: True})
    other = await ann.add("Other")
    assert (await ann.task(number))["assigneeIds"] == {bob.account: True}
    (told,) = (await bob("TaskNotification/get"))["list"]
    assert (told["type"], told["taskId"], told["changedBy"]["name"]) == ("created", number, "Ann")
    assert told["task"]["title"] == "Paint" and told["taskAccountId"] == ann.account
    mine = await bob("Task/mine")
    assert mine["list"] == [{"accountId": ann.account, "id": number}]
    assert number in (await bob.change(number, account=ann.account, progress="in-process"))["updated"]
    refused = await bob.change(number, account=ann.account, title="Mine")
    assert refused["notUpdated"][number]["type"] == "forbidden"
    refused = await bob.change(other, account=ann.account, progress="completed")
    assert refused["notUpdated"][other]["type"] == "forbidden"
    (heard,) = (await ann("TaskNotification/get"))["list"]
    assert (heard["type"], heard["taskPatch"]["progress"]) == ("updated", "in-process")
    assert (await bob("TaskNotification/query", filter={"type": "updated"}))["ids"] == []
    assert (await bob("TaskNotification/query", filter={"taskIds": [number]}))["ids"] == [told["id"]]
    await ann("TaskList/set", update={first: {"shareWith": None}})
    assert (await bob("TaskNotification/get"))["list"] == [] and (await bob("Task/mine"))["list"] == []
    done = await ann("TaskNotification/set", destroy=[heard["id"]], create={"x": {}})
    assert done["destroyed"] == [heard["id"]] and done["notCreated"]["x"]["type"] == "forbidden"


async def test_who_is_to_do_something_in_a_list_is_told_that_it_was_deleted(ann, bob, store) -> None:
    made = await ann("TaskList/set", create={"l": {"name": "House"}})
    house = made["created"]["l"]["id"]
    await share(ann, house, bob)
    paint, sweep = [await ann.add(each, house, assigneeIds={bob.account: True}) for each in ("Paint", "Sweep")]
    await ann.add("Other", house)
    await ann.change(sweep, progress="completed")
    state = (await bob("TaskNotification/get"))["state"]
    assert (await ann("TaskList/set", destroy=[house], onDestroyRemoveTasks=True))["destroyed"] == [house]
    (new,) = (await bob("TaskNotification/changes", sinceState=state))["created"]
    (told,) = (await bob("TaskNotification/get", ids=[new]))["list"]
    assert (told["type"], told["taskId"], told["task"]["title"]) == ("destroyed", paint, "Paint")
    assert told["changedBy"]["name"] == "Ann"
    assert {each["taskId"] for each in (await bob("TaskNotification/get"))["list"]} == {paint, sweep}
    assert (await ann("TaskNotification/get"))["list"] == []
    assert await check(store) == []


async def test_of_a_deleted_list_nothing_stays_with_who_no_longer_saw_it(ann, bob, store) -> None:
    made = await ann("TaskList/set", create={"l": {"name": "House"}})
    house = made["created"]["l"]["id"]
    await share(ann, house, bob)
    await ann.add("Paint", house, assigneeIds={bob.account: True})
    await ann("TaskList/set", update={house: {"shareWith": None}})
    await ann("TaskList/set", destroy=[house], onDestroyRemoveTasks=True)
    assert (await bob("TaskNotification/get"))["list"] == []
    assert await store.db.value("SELECT COUNT(*) FROM task_notice") == 0


async def test_alerts_are_each_persons_own(ann, bob) -> None:
    def alert(minutes):
        return {"a": {"@type": "Alert", "trigger": {"@type": "OffsetTrigger", "offset": f"-PT{minutes}M"}}}

    await share(ann, await ann.first(), bob, {"mayReadItems": True, "mayUpdatePrivate": True})
    number = await ann.add(due="2030-01-01T10:00:00", timeZone="Etc/UTC", alerts=alert(10))
    assert (await bob.task(number, account=ann.account))["alerts"] is None
    assert number in (await bob.change(number, account=ann.account, alerts=alert(30)))["updated"]
    assert "-PT30M" in str((await bob.task(number, account=ann.account))["alerts"])
    assert "-PT10M" in str((await ann.task(number))["alerts"])
    assert "-PT30M" not in str(await ann.task(number))


async def test_copying_into_another_account(ann, bob) -> None:
    first = await ann.first()
    await share(ann, first, bob)
    number = await ann.add("Recipe", description="Flour")
    made = await bob(
        "Task/copy", fromAccountId=ann.account, create={"c": {"id": number, "taskListId": await bob.first()}}
    )
    copy = made["created"]["c"]["id"]
    assert (await bob.task(copy))["description"] == "Flour"


async def test_what_it_costs(ann) -> None:
    for number in range(20):
        some = await ann.add(str(number), due="2026-01-01T10:00:00")
    for most, name, arguments in (
        (6, "Task/get", {"ids": None}),
        (4, "Task/query", {"limit": 5}),
        (4, "Task/changes", {"sinceState": "0"}),
        (5, "TaskList/get", {"ids": None}),
        (2, "Task/mine", {}),
        (26, "Task/set", {"create": {"t": {"taskListId": await ann.first(), "title": "x"}}}),
        (24, "Task/set", {"update": {some: {"title": "y"}}}),
        (15, "Task/set", {"update": {some: {"position": "i"}}}),
        (22, "Task/set", {"destroy": [some]}),
    ):
        with counting() as count:
            answer = await ann(name, **arguments)
        assert "error" not in answer and len(count) <= most, (name, count.statements)


async def test_a_draft_tells_nobody(ann, bob) -> None:
    await share(ann, await ann.first(), bob, WRITE)
    number = await bob.add("Draft", where=await ann.first(), account=ann.account, isDraft=True)
    assert (await ann("TaskNotification/get"))["list"] == []
    await bob.change(number, account=ann.account, isDraft=False)
    again = await bob.change(number, account=ann.account, isDraft=True)
    assert again["notUpdated"][number]["properties"] == ["isDraft"]
    assert clock.now_ms()
