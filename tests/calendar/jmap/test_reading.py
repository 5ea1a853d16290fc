"""What CalendarEvent/get gives of an event, and to whom. draft-ietf-jmap-calendars §5.6, §5.7"""

DAILY = {"recurrenceRule": {"@type": "RecurrenceRule", "frequency": "daily", "count": 5}}
GUESTS = {
    "o": {"calendarAddress": "mailto:ann@example.org", "roles": {"owner": True, "attendee": True}},
    "x": {"calendarAddress": "mailto:x@elsewhere.example", "roles": {"attendee": True}},
    "b": {"calendarAddress": "mailto:bob@example.org", "roles": {"attendee": True}},
}


def addresses(event: dict) -> set[str]:
    return {each["calendarAddress"].removeprefix("mailto:") for each in event["participants"].values()}


async def test_computed_times_are_given_when_they_are_asked_for(ann) -> None:
    number = await ann.make()
    assert not {"utcStart", "utcEnd"} & (await ann.event(number)).keys()
    assert (await ann.event(number, "utcStart"))["utcStart"] == "2026-01-05T10:00:00Z"


async def test_the_overrides_of_a_window(ann) -> None:
    changes = {f"2026-01-0{day}T10:00:00": {"title": str(day)} for day in (6, 7, 8)}
    number = await ann.make(**DAILY, recurrenceOverrides=changes, timeZone="Europe/Paris")
    window = {
        "recurrenceOverridesAfter": "2026-01-07T09:00:00Z",
        "recurrenceOverridesBefore": "2026-01-08T09:00:00Z",
    }
    (event,) = (await ann("CalendarEvent/get", ids=[number], **window))["list"]
    assert [*event["recurrenceOverrides"]] == ["2026-01-07T10:00:00"]
    window["recurrenceOverridesBefore"] = "2026-01-07T09:00:00Z"
    (event,) = (await ann("CalendarEvent/get", ids=[number], **window))["list"]
    assert event["recurrenceOverrides"] is None
    refused = await ann("CalendarEvent/get", ids=[number], recurrenceOverridesAfter="soon")
    assert refused["error"] == "invalidArguments"


async def test_few_participants(ann) -> None:
    more = {"@type": "Participant", "calendarAddress": "mailto:y@elsewhere.example", "roles": {"attendee": True}}
    changes = {"2026-01-06T10:00:00": {"title": "More", "participants/y": more}}
    number = await ann.make(**DAILY, participants=GUESTS, recurrenceOverrides=changes)
    assert len(addresses(await ann.event(number))) == 3
    (event,) = (await ann("CalendarEvent/get", ids=[number], reduceParticipants=True))["list"]
    assert addresses(event) == {"ann@example.org"}
    assert event["recurrenceOverrides"] == {"2026-01-06T10:00:00": {"title": "More"}}


async def test_hidden_participants_are_hidden_from_who_does_not_own_the_event(ann, bob, person) -> None:
    cid, calendar = await person("cid"), await ann.calendar()
    number = await ann.make(participants=GUESTS, hideAttendees=True)
    rights = {"mayReadItems": True, "mayReadFreeBusy": True}
    await ann("Calendar/set", update={calendar: {"shareWith": {bob.account: rights, cid.account: rights}}})
    assert len(addresses(await ann.event(number))) == 3
    assert addresses(await bob.event(number, accountId=ann.account)) == {"ann@example.org", "bob@example.org"}
    assert addresses(await cid.event(number, accountId=ann.account)) == {"ann@example.org"}


async def test_a_revision_is_what_concerns_others(ann) -> None:
    number = await ann.make(title="Plan", sequence=7)
    await ann.change(number, {"color": "red", "keywords": {"work": True}, "freeBusyStatus": "free"})
    assert (await ann.event(number))["sequence"] == 7
    other = (await ann("Calendar/set", create={"c": {"name": "Other"}}))["created"]["c"]["id"]
    await ann.change(number, {"calendarIds": {other: True}})
    assert (await ann.event(number))["sequence"] == 7
    assert (await ann.change(number, {"title": "New"}))["updated"][number]["sequence"] == 8


async def test_what_no_instance_has_of_its_own(ann) -> None:
    """RFC 8984 §4.3.5, draft-ietf-jmap-calendars §5"""
    calendar = {await ann.calendar(): True}
    own = {"isDraft": True, "uid": "other", "calendarIds": {"a": True}, "utcStart": "2026-01-06T11:00:00Z"}
    start = {"calendarIds": calendar, "start": "2026-01-05T10:00:00", **DAILY}
    made = {name: {**start, "recurrenceOverrides": {"2026-01-06T10:00:00": {name: own[name]}}} for name in own}
    done = await ann("CalendarEvent/set", create=made)
    assert {name: each["type"] for name, each in done["notCreated"].items()} == dict.fromkeys(
        own, "invalidProperties"
    )


async def test_another_default_calendar_is_told(ann) -> None:
    """draft-ietf-jmap-calendars §4.3"""
    old = await ann.calendar()
    done = await ann("Calendar/set", create={"n": {"name": "New"}}, onSuccessSetIsDefault="#n")
    assert done["created"]["n"]["isDefault"] is True and done["updated"] == {old: {"isDefault": False}}
    back = await ann("Calendar/set", onSuccessSetIsDefault=old)
    assert back["updated"] == {old: {"isDefault": True}, done["created"]["n"]["id"]: {"isDefault": False}}
    assert back["newState"] == (await ann("Calendar/get", ids=[]))["state"] != back["oldState"]
