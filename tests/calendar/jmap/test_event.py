"""CalendarEvent over JMAP: the protocol's methods, instances, rights, what each person has for themselves."""

from functools import partial

import pytest

from parvis.access import directory, gate
from parvis.access.principal import Right
from parvis.calendar.model import CALENDARS, NAMES
from parvis.kernel import ids
from parvis.serve.jmap.session import session
from parvis.store.sql.contract import counting

WEEKLY = {"recurrenceRule": {"@type": "RecurrenceRule", "frequency": "weekly", "count": 4}}


async def shared(ann, bob, *names: str) -> str:
    """Ann's calendar shared with Bob; its id."""
    number = await ann.calendar()
    rights = dict.fromkeys(("mayReadItems", *names), True)
    done = await ann("Calendar/set", update={number: {"shareWith": {bob.account: rights}}})
    assert done["updated"] is not None, done
    return number


async def test_an_event_is_made_read_changed_and_destroyed(ann) -> None:
    number = await ann.make(title="Réunion", description="x", keywords={"work": True})
    event = await ann.event(number)
    assert event["title"] == "Réunion" and event["isOrigin"] is True and event["baseEventId"] is None
    assert event["uid"] and event["created"] == event["updated"] and "iCalendar" not in event
    changed = await ann.change(number, {"title": "Other", "keywords/home": True})
    assert changed["updated"][number]["sequence"] == 1
    event = await ann.event(number, "title", "keywords", "utcStart", "utcEnd")
    assert event == {
        "id": number,
        "title": "Other",
        "keywords": {"work": True, "home": True},
        "utcStart": "2026-01-05T10:00:00Z",
        "utcEnd": "2026-01-05T11:00:00Z",
    }
    assert (await ann("CalendarEvent/set", destroy=[number]))["destroyed"] == [number]
    assert (await ann("CalendarEvent/get", ids=[number]))["notFound"] == [number]


async def test_changes_follow(ann) -> None:
    state = (await ann("CalendarEvent/get", ids=[]))["state"]
    one, two = await ann.make(), await ann.make()
    await ann.change(one, {"title": "x"})
    await ann("CalendarEvent/set", destroy=[two])
    changes = await ann("CalendarEvent/changes", sinceState=state)
    assert changes["created"] == [one] and changes["updated"] == changes["destroyed"] == []


@pytest.mark.parametrize(
    ("wrong", "property_"),
    [
        ({"start": "2026-01-05"}, "start"),
        ({"timeZone": "Mars/Base"}, "timeZone"),
        ({"recurrenceRule": {"frequency": "never"}}, "recurrenceRule"),
        ({"participants": {"a": {}}}, "participants"),
        ({"duration": "-PT1H"}, "duration"),
        ({"method": "request"}, "method"),
        ({"@type": "Task"}, "@type"),
        ({"utcStart": "2026-01-05T10:00:00Z"}, "utcStart"),
        ({"calendarIds": {}}, "calendarIds"),
        ({"calendarIds": {"aaaaaaaaaaaaa": True}}, "calendarIds"),
        ({"alerts": {"a": {"trigger": {"offset": "soon"}}}}, ""),
        ({"priority": 99}, "priority"),
        ({"id": "x"}, "id"),
    ],
)
async def test_what_is_wrong_is_named(ann, wrong, property_) -> None:
    event = {
        "calendarIds": {await ann.calendar(): True},
        "start": "2026-01-05T10:00:00",
        "timeZone": "Etc/UTC",
        **wrong,
    }
    answer = await ann("CalendarEvent/set", create={"e": event})
    error = answer["notCreated"]["e"]
    assert error["type"] == "invalidProperties"
    assert not property_ or property_ in error["properties"], error


async def test_a_uid_is_there_once(ann) -> None:
    number = await ann.make(uid="same")
    event = {"calendarIds": {await ann.calendar(): True}, "start": "2026-01-05T10:00:00", "uid": "same"}
    error = (await ann("CalendarEvent/set", create={"e": event}))["notCreated"]["e"]
    assert error["type"] == "alreadyExists" and error["existingId"] == number


async def test_times_in_utc_may_be_set(ann) -> None:
    number = await ann.make(
        start=None,
        timeZone="Europe/Paris",
        duration=None,
        utcStart="2026-07-05T10:00:00Z",
        utcEnd="2026-07-05T12:30:00Z",
    )
    event = await ann.event(number)
    assert (event["start"], event["duration"]) == ("2026-07-05T12:00:00", "PT2H30M")


async def test_queries_by_time_text_and_calendar(ann) -> None:
    one = await ann.make(title="Réunion de projet", locations={"l": {"name": "Salle Đường"}})
    two = await ann.make(title="Lunch", start="2026-02-05T12:00:00", description="with projects")
    weekly = await ann.make(title="Weekly", start="2025-12-01T09:00:00", recurrenceRule={"frequency": "weekly"})
    day = await ann.make(
        title="Day", start="2026-01-06T00:00:00", timeZone=None, showWithoutTime=True, duration="P1D"
    )
    january = {"after": "2026-01-01T00:00:00", "before": "2026-02-01T00:00:00"}
    assert set(await ann.found(**january)) == {one, weekly, day}
    assert await ann.found(after="2026-01-05T11:00:00", before="2026-01-05T12:00:00") == []
    assert await ann.found(after="2026-01-05T10:59:59", before="2026-01-05T12:00:00") == [one]
    assert await ann.found(after="2026-01-06T00:00:00", before="2026-01-07T00:00:00", timeZone="Asia/Tokyo") == [
        day
    ]
    assert await ann.found(text="reunion") == [one] and await ann.found(location="duong") == [one]
    assert await ann.found(title="proj") == [one] and set(await ann.found(text="proj")) == {one, two}
    assert await ann.found(inCalendar=await ann.calendar(), title="weekly") == [weekly]
    sorted_ = await ann("CalendarEvent/query", filter={}, sort=[{"property": "start", "isAscending": False}])
    assert sorted_["ids"] == [two, day, one, weekly]


async def test_instances_of_what_recurs(ann) -> None:
    number = await ann.make(
        title="Weekly",
        **WEEKLY,
        recurrenceOverrides={"2026-01-12T10:00:00": {"title": "Moved", "start": "2026-01-13T15:00:00"}},
    )
    single = await ann.make(title="Once", start="2026-01-06T08:00:00")
    window = {"after": "2026-01-01T00:00:00", "before": "2026-01-20T00:00:00", "expandRecurrences": True}
    found = await ann.found(**window, sort=[{"property": "start"}])
    assert found == [f"{number}-20260105T100000", single, f"{number}-20260112T100000", f"{number}-20260119T100000"]
    got = await ann("CalendarEvent/get", ids=found)
    assert [each["start"] for each in got["list"] if each["id"] != single] == [
        "2026-01-05T10:00:00",
        "2026-01-13T15:00:00",
        "2026-01-19T10:00:00",
    ]
    moved = next(each for each in got["list"] if each["id"] == found[2])
    assert (moved["title"], moved["recurrenceId"], moved["baseEventId"]) == ("Moved", "2026-01-12T10:00:00", number)
    assert "recurrenceRule" not in moved
    answer = await ann("CalendarEvent/set", update={found[3]: {"title": "Only this"}}, destroy=[found[0]])
    assert answer["updated"] == {found[3]: answer["updated"][found[3]]} and answer["destroyed"] == [found[0]]
    event = await ann.event(number)
    assert event["recurrenceOverrides"]["2026-01-05T10:00:00"] == {"excluded": True}
    assert event["recurrenceOverrides"]["2026-01-19T10:00:00"] == {"title": "Only this"}
    assert event["title"] == "Weekly"
    gone = await ann("CalendarEvent/get", ids=[found[0], f"{number}-20300101T000000"])
    assert gone["notFound"] == [found[0], f"{number}-20300101T000000"]
    refused = await ann("CalendarEvent/set", update={f"{number}-20300101T000000": {"title": "x"}})
    assert list(refused["notUpdated"]) == [f"{number}-20300101T000000"]


async def test_expanding_is_bounded(ann) -> None:
    await ann.make(recurrenceRule={"frequency": "secondly"}, duration="PT0S")
    long = await ann(
        "CalendarEvent/query",
        filter={"after": "2020-01-01T00:00:00", "before": "2026-01-01T00:00:00"},
        expandRecurrences=True,
    )
    assert long["error"] == "expandDurationTooLarge"
    assert (await ann("CalendarEvent/query", filter={"after": "2020-01-01T00:00:00"}, expandRecurrences=True))[
        "error"
    ] == "invalidArguments"
    day = await ann(
        "CalendarEvent/query",
        filter={"after": "2026-01-06T00:00:00", "before": "2026-01-07T00:00:00"},
        expandRecurrences=True,
    )
    assert 0 < len(day["ids"]) <= 1_000


async def test_another_calendar_another_account(ann, bob) -> None:
    made = await ann("Calendar/set", create={"c": {"name": "Team"}})
    team = made["created"]["c"]["id"]
    number = await ann.make()
    await ann.change(number, {"calendarIds": {team: True}})
    assert (await ann.event(number))["calendarIds"] == {team: True}
    theirs = await shared(ann, bob, "mayWriteAll")
    assert (await bob("CalendarEvent/get", accountId=ann.account, ids=[number]))["notFound"] == [number]
    mine = await bob.make(title="Bob's")
    copied = await bob(
        "CalendarEvent/copy",
        fromAccountId=bob.account,
        accountId=ann.account,
        create={"c": {"id": mine, "calendarIds": {theirs: True}}},
    )
    assert (await ann.event(copied["created"]["c"]["id"]))["title"] == "Bob's"


async def test_what_a_person_has_for_themselves_in_a_shared_event(ann, bob) -> None:
    await shared(ann, bob, "mayUpdatePrivate")
    alert = {"trigger": {"@type": "OffsetTrigger", "offset": "-PT5M"}}
    number = await ann.make(title="Plan", alerts={"a": alert}, color="red")
    seen = await bob.event(number, accountId=ann.account)
    assert seen["color"] == "red" and "alerts" not in seen
    assert (await bob.change(number, {"color": "blue", "alerts": {"b": alert}}, accountId=ann.account))["updated"]
    assert (await bob.event(number, accountId=ann.account))["color"] == "blue"
    mine = await ann.event(number)
    assert mine["color"] == "red" and list(mine["alerts"]) == ["a"]
    refused = await bob.change(number, {"title": "x"}, accountId=ann.account)
    assert refused["notUpdated"][number]["type"] == "forbidden"


async def test_private_and_secret_events_of_others(ann, bob) -> None:
    await shared(ann, bob, "mayWriteAll")
    private = await ann.make(title="Clinic", privacy="private", locations={"l": {"name": "There"}})
    secret = await ann.make(title="Surprise", privacy="secret")
    seen = await bob.event(private, accountId=ann.account)
    assert "title" not in seen and "locations" not in seen and seen["start"] == "2026-01-05T10:00:00"
    assert (await bob("CalendarEvent/get", accountId=ann.account, ids=[secret]))["notFound"] == [secret]
    assert secret not in await bob.found(accountId=ann.account)
    assert (await bob.change(private, {"title": "x"}, accountId=ann.account))["notUpdated"][private][
        "type"
    ] == "forbidden"
    assert (await bob("CalendarEvent/set", accountId=ann.account, destroy=[secret]))["notDestroyed"][secret][
        "type"
    ] == "notFound"


async def test_private_words_are_not_found_by_others(ann, bob) -> None:
    await shared(ann, bob)
    await ann.make(title="Clinic", privacy="private")
    assert await bob.found(accountId=ann.account, text="clinic") == []
    assert len(await ann.found(text="clinic")) == 1


async def test_calendars_of_others(ann, bob) -> None:
    number = await shared(ann, bob)
    seen = (await bob.calendars(accountId=ann.account))["Calendar"]
    assert seen["id"] == number and not seen["isSubscribed"] and seen["includeInAvailability"] == "none"
    assert seen["myRights"]["mayReadItems"] and not seen["myRights"]["mayWriteAll"] and seen["shareWith"] is None
    await bob("Calendar/set", accountId=ann.account, update={number: {"name": "Of Ann", "isSubscribed": True}})
    assert "Of Ann" in await bob.calendars(accountId=ann.account) and "Calendar" in await ann.calendars()
    refused = await bob("Calendar/set", accountId=ann.account, create={"c": {"name": "x"}})
    assert refused["notCreated"]["c"]["type"] == "forbidden"
    await ann("Calendar/set", update={number: {"shareWith": None}})
    assert (await bob("Calendar/get", accountId=ann.account, ids=None))["error"] == "accountNotFound"


async def test_destroying_a_calendar(ann) -> None:
    made = await ann(
        "Calendar/set",
        create={"c": {"name": "Team", "color": "#ff0000", "timeZone": "Europe/Paris"}},
        onSuccessSetIsDefault="#c",
    )
    team = made["created"]["c"]["id"]
    calendars = await ann.calendars()
    assert calendars["Team"]["isDefault"] and calendars["Team"]["timeZone"] == "Europe/Paris"
    old = calendars["Calendar"]["id"]
    await ann.make(calendarIds={old: True})
    assert (await ann("Calendar/set", destroy=[old]))["notDestroyed"][old]["type"] == "calendarHasEvent"
    assert (await ann("Calendar/set", destroy=[team]))["notDestroyed"][team]["type"] == "invalidProperties"
    assert (await ann("Calendar/set", destroy=[old], onDestroyRemoveEvents=True))["destroyed"] == [old]


@pytest.mark.parametrize("method", ["get", "query", "set"])
async def test_statements_do_not_grow(ann, method) -> None:
    counts = []
    for size in (2, 20):
        made = [await ann.make(title=f"{size} {number}") for number in range(size)]
        with counting() as count:
            if method == "get":
                await ann("CalendarEvent/get", ids=made)
            elif method == "query":
                await ann.found(after="2026-01-01T00:00:00", before="2026-02-01T00:00:00")
            else:
                await ann.change(made[0], {"title": "x"})
        counts.append(len(count))
    assert counts[0] == counts[1] and counts[0] <= 30, counts


async def test_what_others_do_to_ones_events_is_noted(ann, bob) -> None:
    """draft-ietf-jmap-calendars §7"""
    number = await shared(ann, bob, "mayWriteAll")
    own = await ann.make(title="Mine")
    made = await bob.make(account=ann.account, calendarIds={number: True}, title="Bob's idea")
    await bob.change(own, {"title": "Changed"}, accountId=ann.account)
    await bob("CalendarEvent/set", accountId=ann.account, destroy=[made])
    notices = (await ann("CalendarEventNotification/get", ids=None))["list"]
    assert [(each["type"], each["calendarEventId"], each["changedBy"]["name"]) for each in notices] == [
        ("destroyed", made, "bob"),
        ("updated", own, "bob"),
        ("created", made, "bob"),
    ]
    assert notices[1]["event"]["title"] == "Mine" and notices[1]["eventPatch"]["title"] == "Changed"
    assert (await bob("CalendarEventNotification/get", accountId=ann.account, ids=None))["list"] == []
    found = await ann("CalendarEventNotification/query", filter={"type": "updated"})
    done = await ann("CalendarEventNotification/set", destroy=found["ids"])
    assert done["destroyed"] == [notices[1]["id"]]
    assert len((await ann("CalendarEventNotification/get", ids=None))["list"]) == 2


async def test_who_makes_calendars_is_said(ann, bob, person, context, engine) -> None:
    """draft-ietf-jmap-calendars §1.5.1"""
    roles = {"manager": True, "member": False, "guest": False}
    people, team = {role: await person(role) for role in roles}, await person("team", kind="space")
    for role, who in people.items():
        join = partial(directory.join, group_id=team.principal.id, member_id=who.principal.id, role=role)
        await context.store.write(join)
    rights = dict.fromkeys(NAMES, True)
    await ann("Calendar/set", update={await ann.calendar(): {"shareWith": {bob.account: rights}}})
    for who, account, may in [
        *((people[role], team.account, may) for role, may in roles.items()),
        (ann, ann.account, True),
        (bob, ann.account, False),
    ]:
        told = (await session(context, engine, who.principal, "http://x"))["accounts"][account]
        assert told["accountCapabilities"][CALENDARS]["mayCreateCalendar"] is may
        made = await who("Calendar/set", accountId=account, create={"c": {"name": "More"}})
        assert bool(made.get("created")) is may, made


async def test_a_space_shows_its_calendar_to_its_members_until_they_hide_it(person, context, bob) -> None:
    """draft-ietf-jmap-calendars §4: isSubscribed"""
    team = await person("team", kind="space")
    number = await team.calendar()
    await context.store.write(
        lambda unit: gate.give(unit, team.principal, int(ids.parse(number) or 0), bob.principal.id, Right.READ)
    )
    seen = (await bob("Calendar/get", accountId=team.account, ids=None))["list"]
    assert [(each["id"], each["isSubscribed"], each["isVisible"]) for each in seen] == [(number, True, True)]
    done = await bob("Calendar/set", accountId=team.account, update={number: {"isSubscribed": False}})
    assert number in done["updated"], done
    seen = (await bob("Calendar/get", accountId=team.account, ids=None))["list"]
    assert [each["isSubscribed"] for each in seen] == [False]
