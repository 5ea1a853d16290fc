"""What recurs, and what rings."""

from datetime import datetime

import msgspec
import pytest

from parvis.kernel import clock, ids
from parvis.serve.jmap.push.hub import PUSHED
from parvis.serve.post import Post
from parvis.store.check import check
from parvis.tasks import board, words
from parvis.tasks.check import check as check_tasks
from tests.tasks.test_jmap import share

DAILY = {"@type": "RecurrenceRule", "frequency": "daily"}


def alert(offset: str, action: str = "display") -> dict:
    return {
        "a": {
            "@type": "Alert",
            "action": action,
            "trigger": {"@type": "OffsetTrigger", "offset": offset, "relativeTo": "end"},
        }
    }


async def test_completing_what_recurs_makes_the_next(ann, store) -> None:
    number = await ann.add(
        "Water the plants",
        due="2026-03-28T18:00:00",
        timeZone="Europe/Paris",
        recurrenceRule=DAILY | {"count": 4},
        recurrenceOverrides={
            "2026-03-29T18:00:00": {"excluded": True},
            "2026-03-30T18:00:00": {"title": "And the roses"},
        },
        checklists={
            "c": {"@type": "Checklist", "checkItems": [{"@type": "CheckItem", "title": "Can", "isComplete": True}]}
        },
    )
    done = await ann.change(number, progress="completed")
    told = done["updated"][number]
    assert (told["due"], told["progress"]) == ("2026-03-30T18:00:00", "needs-action")
    got = await ann.task(number)
    assert got["due"] == "2026-03-30T18:00:00" and got["utcDue"] == "2026-03-30T16:00:00Z"
    assert got["recurrenceRule"]["count"] == 2
    assert [*got["recurrenceOverrides"]] == ["2026-03-30T18:00:00"]
    assert got["recurrenceOverrides"]["2026-03-30T18:00:00"]["title"] == "And the roses"
    assert got["checklists"]["c"]["checkItems"][0]["isComplete"] is False
    (past,) = (await ann("Task/query", filter={"isDone": True}))["ids"]
    was = await ann.task(past)
    assert (was["due"], was["progress"], was["title"]) == ("2026-03-28T18:00:00", "completed", "Water the plants")
    assert "recurrenceRule" not in was and was["relatedTo"] == {
        got["uid"]: {"@type": "Relation", "relation": {"next": True}}
    }
    await ann.change(number, progress="completed")
    assert (await ann.task(number))["due"] == "2026-03-31T18:00:00"
    await ann.change(number, progress="completed")
    assert (await ann.task(number))["progress"] == "completed"
    assert len((await ann("Task/query", filter={"isDone": True}))["ids"]) == 3
    assert await check_tasks(store.db) == []


async def test_a_card_that_recurs_goes_back_to_its_column(ann) -> None:
    number = await ann.add(due="2026-03-28T18:00:00", recurrenceRule=DAILY)
    placed = await ann.change(number, workflowStatus="completed", position="i")
    assert placed["updated"][number]["workflowStatus"] == "needs-action"
    assert (await ann.task(number))["due"] == "2026-03-29T18:00:00"


async def rung(store, at_ms: int) -> None:
    """Lets the time come and runs what is due."""
    with clock.frozen(at_ms):
        await store.write(lambda unit: unit.run("UPDATE job SET lease_ms = 0"))
        await store.jobs.claim_due()
        await store.jobs.idle()


@pytest.fixture
async def due_ms():
    return (clock.now_ms() // 1000 + 7200) * 1000


def when(at_ms: int) -> str:
    return clock.utc_date(at_ms).removesuffix("Z")


async def test_a_reminder_comes_at_its_time_to_each_who_asked_for_it(ann, bob, store, due_ms) -> None:
    await share(ann, await ann.first(), bob, {"mayReadItems": True, "mayUpdatePrivate": True})
    number = await ann.add("Call", due=when(due_ms), timeZone="Etc/UTC", alerts=alert("-PT30M"))
    await bob.change(number, account=ann.account, alerts=alert("-PT10M"))
    await rung(store, due_ms - 31 * 60_000)
    assert (await ann("TaskReminder/get"))["list"] == []
    state = (await ann("TaskReminder/get"))["state"]
    await rung(store, due_ms - 30 * 60_000)
    (told,) = (await ann("TaskReminder/get"))["list"]
    assert (told["title"], told["taskId"], told["due"]) == ("Call", number, clock.utc_date(due_ms))
    assert (await ann("TaskReminder/changes", sinceState=state))["created"] == [told["id"]]
    assert (await bob("TaskReminder/get"))["list"] == []
    await rung(store, due_ms - 30 * 60_000)
    assert len((await ann("TaskReminder/get"))["list"]) == 1
    await rung(store, due_ms - 10 * 60_000)
    (his,) = (await bob("TaskReminder/query"))["ids"]
    assert (await bob("TaskReminder/set", destroy=[his]))["destroyed"] == [his]
    await ann("Task/set", destroy=[number])
    assert (await ann("TaskReminder/get"))["list"] == []
    assert await check(store) == [] and await check_tasks(store.db) == []


async def test_a_reminder_is_pushed_and_gone_once_its_time_is_done(ann, bob, store, due_ms) -> None:
    await share(ann, await ann.first(), bob, {"mayReadItems": True, "mayUpdatePrivate": True})
    about = {"due": when(due_ms), "timeZone": "Etc/UTC"}
    once = await ann.add("Once", alerts=alert("PT0S"), **about)
    await bob.change(once, account=ann.account, alerts=alert("PT0S"))
    daily = await ann.add("Daily", recurrenceRule=DAILY, start=when(due_ms), alerts=alert("PT0S"), **about)
    await rung(store, due_ms)
    pushed = await store.db.rows("SELECT account_id, body FROM outbox WHERE kind = ? ORDER BY position", PUSHED)
    told = [(account, msgspec.json.decode(body)["object"]) for account, body in pushed]
    expected = [(ann, once), (bob, once), (ann, daily)]
    assert sorted(told, key=str) == sorted(
        ((who.principal.id, {"@type": "TaskAlert", "accountId": ann.account, "taskId": n}) for who, n in expected),
        key=str,
    )
    state = (await bob("TaskReminder/get"))["state"]
    await ann.change(once, progress="completed")
    assert len((await bob("TaskReminder/changes", sinceState=state))["destroyed"]) == 1
    assert [each["taskId"] for each in (await ann("TaskReminder/get"))["list"]] == [daily]
    await ann.change(daily, progress="completed")
    assert (await ann.task(daily))["progress"] == "needs-action"
    assert (await ann("TaskReminder/get"))["list"] == []


async def test_what_is_done_moved_or_withdrawn_does_not_ring(ann, bob, store, due_ms) -> None:
    first = await ann.first()
    await share(ann, first, bob, {"mayReadItems": True, "mayUpdatePrivate": True})
    done = await ann.add("Done", due=when(due_ms), timeZone="Etc/UTC", alerts=alert("PT0S"))
    later = await ann.add("Later", due=when(due_ms), timeZone="Etc/UTC", alerts=alert("PT0S"))
    await bob.change(later, account=ann.account, alerts=alert("PT0S"))
    await ann.change(done, progress="completed")
    await ann.change(later, due=when(due_ms + 3_600_000))
    await rung(store, due_ms + 1000)
    assert (await ann("TaskReminder/get"))["list"] == []
    await ann("TaskList/set", update={first: {"shareWith": None}})
    await rung(store, due_ms + 3_600_000)
    assert [each["title"] for each in (await ann("TaskReminder/get"))["list"]] == ["Later"]
    assert await store.db.value("SELECT COUNT(*) FROM task_reminder WHERE account_id = ?", bob.principal.id) == 0


async def test_what_is_edited_when_it_should_ring_still_rings(ann, store, due_ms) -> None:
    number = await ann.add("Now", due=when(due_ms), timeZone="Etc/UTC", alerts=alert("PT0S"))
    with clock.frozen(due_ms + 1000):
        await ann.change(number, title="Right now")
    await rung(store, due_ms + 2000)
    assert [each["title"] for each in (await ann("TaskReminder/get"))["list"]] == ["Right now"]


async def test_what_recurs_rings_each_time(ann, store, due_ms) -> None:
    await ann.add("Daily", due=when(due_ms), timeZone="Etc/UTC", recurrenceRule=DAILY, alerts=alert("PT0S"))
    for day in range(3):
        await rung(store, due_ms + day * 86_400_000)
        assert len((await ann("TaskReminder/get"))["list"]) == day + 1


async def test_times_without_a_zone_are_in_that_of_the_list(ann, store) -> None:
    first = await ann.first()
    year = clock.now().year + 1
    await ann.add("Rings", due=f"{year}-07-01T10:00:00", alerts=alert("PT0S"))
    at = await store.db.value("SELECT at_ms FROM task_ring")
    await ann("TaskList/set", update={first: {"timeZone": "Europe/Paris"}})
    assert await store.db.value("SELECT at_ms FROM task_ring") == at - 7_200_000
    await ann("TaskList/set", update={first: {"timeZone": None}})
    number = await ann.add("Floats", due="2026-07-01T10:00:00")
    fixed = await ann.add("Fixed", due="2026-07-01T10:00:00", timeZone="Asia/Tokyo")
    assert (await ann.task(number))["utcDue"] == "2026-07-01T10:00:00Z"
    await ann("TaskList/set", update={first: {"timeZone": "Europe/Paris"}})
    assert (await ann.task(number))["utcDue"] == "2026-07-01T08:00:00Z"
    assert (await ann.task(fixed))["utcDue"] == "2026-07-01T01:00:00Z"
    await ann("TaskList/set", update={first: {"timeZone": None}})
    assert (await ann.task(number))["utcDue"] == "2026-07-01T10:00:00Z"
    assert await check_tasks(store.db) == []


class Letters(Post):
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent = []

    async def written(self, letter):
        async def send(unit) -> int:
            if letter not in self.sent:  # a unit may run twice
                self.sent.append(letter)
            return 1

        return send

    async def calendar_of(self, principal, account_id, email_id):
        raise NotImplementedError


async def test_a_reminder_by_mail_is_a_letter_in_the_persons_language(open_client, context, store, due_ms) -> None:
    letters = Letters()
    context.offer(letters, under=Post)
    chloe = await open_client("chloe", language="fr")
    await chloe.add("Appeler", due=when(due_ms), timeZone="Etc/UTC", alerts=alert("PT0S", "email"))
    await rung(store, due_ms)
    (letter,) = letters.sent
    assert letter.to == ("chloe@example.org",) and letter.subject == "Rappel : Appeler" and not letter.answerable
    assert f" {clock.from_ms(due_ms).year}, {clock.from_ms(due_ms):%H:%M}" in letter.text
    assert len((await chloe("TaskReminder/get"))["list"]) == 1


def test_days_in_three_languages() -> None:
    shown = [words.day_of(datetime(2026, 8, 1, 18, 5), language) for language in ("en", "fr", "vi")]
    assert shown == ["1 August 2026, 18:05", "1er août 2026, 18:05", "ngày 1 tháng 8 năm 2026, 18:05"]
    assert words.day_of(datetime(2026, 12, 24), "en") == "24 December 2026"


def test_between_any_two_places_there_is_another() -> None:
    places = [board.between("", "")]
    for _ in range(500):
        places.append(board.between(places[-1], ""))
    for _ in range(500):
        places.insert(0, board.between("", places[0]))
    low, high = places[3], places[4]
    for turn in range(200):
        middle = board.between(low, high)
        assert low < middle < high and not middle.endswith("0")
        low, high = (middle, high) if turn % 2 else (low, middle)
    assert places == sorted(places) and max(map(len, places)) < 12
    assert board.spread(5) == sorted(board.spread(5))
    with pytest.raises(ValueError, match="order"):
        board.between("b", "a")


async def test_default_alerts_of_a_list_ring_for_each_as_they_have_set_them(ann, bob, store, due_ms) -> None:
    number = await ann.first()
    await share(ann, number, bob, {"mayReadItems": True, "mayUpdatePrivate": True})
    task = await ann.add("Call", due=when(due_ms), timeZone="Etc/UTC", useDefaultAlerts=True)
    plain = await ann.add("Plain", due=when(due_ms), timeZone="Etc/UTC")
    assert (await bob.task(task, account=ann.account)).get("useDefaultAlerts") is None
    done = await bob.change(task, account=ann.account, useDefaultAlerts=True, alerts=alert("-PT1M"))
    assert done["updated"], done
    assert (await bob.task(task, account=ann.account))["useDefaultAlerts"] is True
    wrong = {"a": {"@type": "Alert", "trigger": {"@type": "AbsoluteTrigger", "when": "2026-01-01T00:00:00Z"}}}
    refused = await ann("TaskList/set", update={number: {"defaultAlertsWithTime": wrong}})
    assert refused["notUpdated"][number]["properties"] == ["defaultAlertsWithTime"]
    await ann("TaskList/set", update={number: {"defaultAlertsWithTime": alert("-PT30M")}})
    his = {"defaultAlertsWithTime": alert("-PT10M"), "defaultAlertsWithoutTime": alert("PT9H")}
    done = await bob("TaskList/set", accountId=ann.account, update={number: his})
    assert done["updated"], done
    (seen,) = (await bob("TaskList/get", accountId=ann.account, ids=[number]))["list"]
    assert his.items() <= seen.items()
    (mine,) = (await ann("TaskList/get", ids=[number]))["list"]
    assert mine["defaultAlertsWithTime"] == alert("-PT30M") and mine["defaultAlertsWithoutTime"] is None
    await rung(store, clock.now_ms())  # plans what is there already
    await rung(store, due_ms - 30 * 60_000)
    assert [each["taskId"] for each in (await ann("TaskReminder/get"))["list"]] == [task]
    assert (await bob("TaskReminder/get"))["list"] == []
    await rung(store, due_ms - 10 * 60_000)
    assert [each["taskId"] for each in (await bob("TaskReminder/get"))["list"]] == [task]
    with clock.frozen(due_ms - 9 * 60_000):
        await bob.change(task, account=ann.account, useDefaultAlerts=False)
    await rung(store, due_ms - 60_000)
    assert len((await bob("TaskReminder/get"))["list"]) == 2
    assert [each["taskId"] for each in (await ann("TaskReminder/get"))["list"]] == [task] and plain
    assert await check(store) == [] and await check_tasks(store.db) == []


async def test_the_default_alerts_are_those_of_the_list_that_a_task_is_in(ann, store, due_ms) -> None:
    other = (await ann("TaskList/set", create={"l": {"name": "L", "defaultAlertsWithTime": alert("-PT5M")}}))[
        "created"
    ]
    whole = {"defaultAlertsWithoutTime": alert("-P1D"), "defaultAlertsWithTime": alert("-PT50M")}
    await ann("TaskList/set", update={await ann.first(): whole})
    moved = await ann.add("Moved", due=when(due_ms), timeZone="Etc/UTC", useDefaultAlerts=True)
    await ann.change(moved, taskListId=other["l"]["id"])
    day = await ann.add(
        "Day", due=f"{when(due_ms + 3 * 86_400_000)[:10]}T00:00:00", showWithoutTime=True, useDefaultAlerts=True
    )
    rows = dict(await store.db.rows("SELECT task_id, at_ms FROM task_ring"))
    assert rows[ids.parse(moved)] == due_ms - 5 * 60_000
    assert rows[ids.parse(day)] > due_ms + 86_400_000
