"""Invitations, answers and what comes of them, between people of the server and by mail."""

import pytest

from parvis.access import colleagues
from parvis.calendar import delivery
from parvis.kernel import clock
from parvis.kernel.events import Event
from parvis.serve.post import CALENDAR_MAIL, CalendarMail
from parvis.store.jobs import Job, Retry
from parvis.wire.ical import calendar as ical
from tests.calendar.conftest import run_jobs
from tests.wire.ical.texts import event, ms, text


def people(*names: str, **more) -> dict:
    found = {
        "o": {
            "calendarAddress": "mailto:ann@example.org",
            "roles": {"owner": True, "attendee": True},
            "participationStatus": "accepted",
        }
    }
    for name in names:
        address = name if "@" in name else f"{name}@example.org"
        found[name[0]] = {
            "calendarAddress": f"mailto:{address}",
            "roles": {"attendee": True},
            "participationStatus": "needs-action",
            "expectReply": True,
        }
    return found


async def only(who) -> dict:
    """The one event that somebody has."""
    got = await who("CalendarEvent/get", ids=None)
    assert len(got["list"]) == 1, got
    return got["list"][0]


def answer_of(event: dict, name: str) -> str:
    return next(
        each["participationStatus"]
        for each in event["participants"].values()
        if each["calendarAddress"] == f"mailto:{name}@example.org"
    )


def key_of(event: dict, name: str) -> str:
    return next(
        key
        for key, each in event["participants"].items()
        if each["calendarAddress"] == f"mailto:{name}@example.org"
    )


async def answer(who, word: str, number: str | None = None) -> dict:
    mine = await only(who)
    key = key_of(mine, who.principal.name)
    return await who.change(
        number or mine["id"], {f"participants/{key}/participationStatus": word}, sendSchedulingMessages=True
    )


async def test_an_invitation_is_answered(ann, bob, context, desk) -> None:
    """RFC 6638 §3.2.1, §4.2"""
    number = await ann.make(title="Plan", participants=people("bob"), tell=True)
    await run_jobs(context)
    theirs = await only(bob)
    assert theirs["title"] == "Plan" and theirs["isOrigin"] is False and answer_of(theirs, "bob") == "needs-action"
    await answer(bob, "accepted")
    await run_jobs(context)
    assert answer_of(await ann.event(number), "bob") == "accepted"
    notices = await ann("CalendarEventNotification/get", ids=None)
    assert [(each["type"], each["changedBy"]["email"]) for each in notices["list"]] == [
        ("updated", "bob@example.org")
    ]
    assert [each["type"] for each in (await bob("CalendarEventNotification/get", ids=None))["list"]] == ["created"]
    assert desk.letters == []


async def test_a_word_with_an_answer_reaches_the_organizer_and_nobody_else(ann, bob, person, context) -> None:
    """RFC 8984 §4.4.6, RFC 5546 §3.2.3"""
    cid = await person("cid")
    number = await ann.make(title="Plan", participants=people("bob", "cid"), tell=True)
    await run_jobs(context)
    theirs = await only(bob)
    name = f"participants/{key_of(theirs, 'bob')}"

    async def says(**said: str) -> str | None:
        patch = {f"{name}/{each}": value for each, value in said.items()}
        assert not (await bob.change(theirs["id"], patch, sendSchedulingMessages=True))["notUpdated"]
        await run_jobs(context)
        return (await ann.event(number))["participants"]["b"].get("participationComment")

    assert (
        await says(participationStatus="accepted", participationComment='"Late", sorry\nBob')
        == '"Late", sorry\nBob'
    )
    told = (await ann("CalendarEventNotification/get", ids=None))["list"]
    assert [each["comment"] for each in told] == ['"Late", sorry\nBob']
    assert await says(participationComment="By train") == "By train"
    await ann.change(number, {"title": "Plan B"}, sendSchedulingMessages=True)
    await run_jobs(context)
    mine = await only(bob)
    assert (
        mine["title"] == "Plan B"
        and mine["participants"][key_of(mine, "bob")]["participationComment"] == "By train"
    )
    assert "participationComment" not in str(await only(cid)) and answer_of(await only(cid), "bob") == "accepted"
    assert await says(participationStatus="declined", participationComment="") is None


async def test_nobody_is_told_unless_it_is_asked_for(ann, bob, context) -> None:
    await ann.make(title="Plan", participants=people("bob"))
    await run_jobs(context)
    assert (await bob("CalendarEvent/get", ids=None))["list"] == []


async def test_a_new_time_asks_again_and_a_cancellation_is_seen(ann, bob, context) -> None:
    number = await ann.make(title="Plan", participants=people("bob"), tell=True)
    await run_jobs(context)
    await answer(bob, "accepted")
    await run_jobs(context)
    await ann.change(number, {"start": "2026-01-06T10:00:00"}, sendSchedulingMessages=True)
    await run_jobs(context)
    theirs = await only(bob)
    assert theirs["start"] == "2026-01-06T10:00:00" and answer_of(theirs, "bob") == "needs-action"
    await ann("CalendarEvent/set", destroy=[number], sendSchedulingMessages=True)
    await run_jobs(context)
    assert (await only(bob))["status"] == "cancelled"


async def in_calendars(ann, bob, context) -> list[str]:
    """Calendars besides the one for new events, Ann's with what she invites Bob to, his with what he accepted of it:
    an event that is over, a series, and one that was never sent."""
    made = [await who("Calendar/set", create={"c": {"name": "Work"}}) for who in (ann, bob)]
    work, theirs = [each["created"]["c"]["id"] for each in made]
    about = {"calendarIds": {work: True}, "participants": people("bob")}
    await ann.make(title="Over", start="2025-11-05T10:00:00", tell=True, **about)
    await ann.make(title="Weekly", recurrenceRule={"frequency": "weekly"}, tell=True, **about)
    await ann.make(title="Unsent", isDraft=True, **about)
    await run_jobs(context)
    for number in await bob.found():
        key = key_of(await bob.event(number), "bob")
        patch = {f"participants/{key}/participationStatus": "accepted", "calendarIds": {theirs: True}}
        assert not (await bob.change(number, patch, sendSchedulingMessages=True))["notUpdated"]
    await run_jobs(context)
    return [work, theirs]


async def test_with_a_calendar_what_is_still_to_come_is_called_off(ann, bob, context) -> None:
    """RFC 6638 §3.2.3.2"""
    with clock.frozen(ms(2026)):
        work, _ = await in_calendars(ann, bob, context)
        tell = {"onDestroyRemoveEvents": True, "sendSchedulingMessages": True}
        assert (await ann("Calendar/set", destroy=[work], **tell))["destroyed"] == [work]
        await run_jobs(context)
        theirs = (await bob("CalendarEvent/get", ids=None))["list"]
        assert {each["title"]: each.get("status", "confirmed") for each in theirs} == {
            "Over": "confirmed",
            "Weekly": "cancelled",
        }
        assert await ann.found() == []


async def test_with_a_calendar_what_is_still_to_come_is_declined(ann, bob, context) -> None:
    """RFC 6638 §3.2.3.2"""
    with clock.frozen(ms(2026)):
        _, theirs = await in_calendars(ann, bob, context)
        tell = {"onDestroyRemoveEvents": True, "sendSchedulingMessages": True}
        assert (await bob("Calendar/set", destroy=[theirs], **tell))["destroyed"] == [theirs]
        await run_jobs(context)
        mine = (await ann("CalendarEvent/get", ids=None))["list"]
        assert {each["title"]: answer_of(each, "bob") for each in mine} == {
            "Over": "accepted",
            "Weekly": "declined",
            "Unsent": "needs-action",
        }


async def test_with_a_calendar_nobody_is_told_unless_it_is_asked_for(ann, bob, context) -> None:
    """draft-ietf-jmap-calendars §4.3"""
    with clock.frozen(ms(2026)):
        work, _ = await in_calendars(ann, bob, context)
        await ann("Calendar/set", destroy=[work], onDestroyRemoveEvents=True)
        assert await context.store.db.value("SELECT COUNT(*) FROM calendar_message") == 0


async def test_only_the_organizer_changes_the_event(ann, bob, context) -> None:
    await ann.make(title="Plan", participants=people("bob"), tell=True)
    await run_jobs(context)
    mine = await only(bob)
    assert (await bob.change(mine["id"], {"title": "Mine"}))["notUpdated"][mine["id"]]["type"] == "forbidden"


async def test_one_instance_is_declined(ann, bob, context) -> None:
    number = await ann.make(
        title="Plan", participants=people("bob"), recurrenceRule={"frequency": "weekly", "count": 3}, tell=True
    )
    await run_jobs(context)
    mine = await only(bob)
    await answer(bob, "accepted")
    await answer(bob, "declined", f"{mine['id']}-20260112T100000")
    await run_jobs(context)
    event_ = await ann.event(number)
    assert answer_of(event_, "bob") == "accepted"
    patch = event_["recurrenceOverrides"]["2026-01-12T10:00:00"]
    assert patch[f"participants/{key_of(event_, 'bob')}/participationStatus"] == "declined"


async def test_what_is_called_off_is_cancelled_by_letter_and_stays_here(ann, bob, context, desk) -> None:
    """RFC 5546 §3.2.5"""
    rule = {"frequency": "weekly", "count": 3}
    number = await ann.make(
        title="Plan", participants=people("zoe@x.example", "bob"), recurrenceRule=rule, tell=True
    )
    await run_jobs(context)
    tell = {"sendSchedulingMessages": True}
    off = {"recurrenceOverrides": {"2026-01-12T10:00:00": {"status": "cancelled"}}}
    for patch in (off, {"status": "cancelled"}, {"status": "confirmed"}, {"participants/z": None}):
        assert not (await ann.change(number, patch, **tell))["notUpdated"]
        await run_jobs(context)
    assert [(each.method, each.subject) for each in desk.letters] == [
        ("REQUEST", "Invitation: Plan"),
        ("CANCEL", "Cancelled: Plan"),
        ("CANCEL", "Cancelled: Plan"),
        ("REQUEST", "Invitation: Plan"),
        ("CANCEL", "Invitation withdrawn: Plan"),
    ]
    assert "12 January 2026" in desk.letters[1].text
    for seen in (await ann.event(number), await only(bob)):
        assert seen.get("status", "confirmed") == "confirmed" and len(seen["recurrenceOverrides"]) == 1


async def test_what_is_called_off_with_other_words_has_these_everywhere(ann, bob, context, desk) -> None:
    """RFC 5546 §3.2.5"""
    number = await ann.make(title="Plan", participants=people("zoe@x.example", "bob"), tell=True)
    await run_jobs(context)
    said = {"title": "Later", "description": "Too few of us", "locations": {"p": {"name": "Nowhere"}}}
    patch = said | {"status": "cancelled", "start": "2026-01-06T10:00:00"}
    await ann.change(number, patch, sendSchedulingMessages=True)
    await run_jobs(context)
    theirs = await only(bob)
    assert [theirs[name] for name in ("title", "description", "status", "start")] == [
        "Later", "Too few of us", "cancelled", "2026-01-06T10:00:00",
    ]  # fmt: skip
    assert [each["name"] for each in theirs["locations"].values()] == ["Nowhere"]
    letter = desk.letters[-1]
    assert (letter.method, letter.subject) == ("CANCEL", "Cancelled: Later") and "Too few of us" in letter.text
    assert b"SUMMARY:Later" in letter.calendar and b"LOCATION" in letter.calendar


async def test_messages_about_the_same_event_are_delivered_in_their_order(ann, bob, context) -> None:
    number = await ann.make(title="Plan", participants=people("bob"), tell=True)
    await ann("CalendarEvent/set", destroy=[number], sendSchedulingMessages=True)
    rows = await context.store.db.rows("SELECT id FROM calendar_message ORDER BY id")
    (request, cancel), args = [row[0] for row in rows], {"account_id": None, "attempts": 1, "progress": {}}
    deliverer = delivery.Deliverer(context)
    with pytest.raises(Retry):
        await deliverer.handle(Job(id=1, kind="calendar-deliver", args={"message": cancel}, **args))
    await deliverer.handle(Job(id=1, kind="calendar-deliver", args={"message": request}, **args))
    await run_jobs(context)
    assert (await only(bob))["status"] == "cancelled"


async def test_people_elsewhere_get_a_letter_and_answer_by_mail(ann, context, room, desk) -> None:
    number = await ann.make(title="Réunion", participants=people("zoe@elsewhere.example"), tell=True)
    await run_jobs(context)
    (letter,) = desk.letters
    assert letter.to == ("zoe@elsewhere.example",) and letter.method == "REQUEST" and "Réunion" in letter.subject
    sent = ical.read(letter.calendar)
    reply = text(
        "METHOD:REPLY",
        *event(
            "SEQUENCE:1",
            "ORGANIZER:mailto:ann@example.org",
            "ATTENDEE;PARTSTAT=TENTATIVE:mailto:zoe@elsewhere.example",
            uid=sent.components[-1].value("UID"),
        ),
    )
    follow = room.followers[delivery.FOLLOWER]
    event_ = Event(xid=1, position=1, account_id=ann.principal.id, kind=CALENDAR_MAIL, time_ms=0, body={"email": 1})
    desk.mail = CalendarMail("mallory@elsewhere.example", True, (reply,))
    await follow([event_])
    desk.mail = CalendarMail("zoe@elsewhere.example", False, (reply,))
    await follow([event_])
    assert "tentative" not in str(await ann.event(number))
    desk.mail = CalendarMail("zoe@elsewhere.example", True, (reply, b"rubbish"))
    await follow([event_])
    assert "tentative" in str(await ann.event(number))


async def test_an_invitation_by_mail_from_elsewhere(ann, context, room, desk) -> None:
    request = text(
        "METHOD:REQUEST",
        *event(
            "DTSTART:20260301T100000Z",
            "SUMMARY:Hello",
            "ORGANIZER:mailto:zoe@elsewhere.example",
            "ATTENDEE:mailto:ann@example.org",
        ),
    )
    desk.mail = CalendarMail("zoe@elsewhere.example", True, (request,))
    follow = room.followers[delivery.FOLLOWER]
    await follow(
        [Event(xid=1, position=1, account_id=ann.principal.id, kind=CALENDAR_MAIL, time_ms=0, body={"email": 1})]
    )
    assert (await only(ann))["title"] == "Hello"
    await answer(ann, "accepted")
    await run_jobs(context)
    assert [(each.method, each.to) for each in desk.letters] == [("REPLY", ("zoe@elsewhere.example",))]


async def test_a_room_accepts_what_it_is_free_for(ann, bob, person, context) -> None:
    with clock.frozen(ms(2026)):
        await person("salle", kind="resource")
        first = await ann.make(title="A", participants=people("salle"), tell=True)
        await run_jobs(context)
        assert answer_of(await ann.event(first), "salle") == "accepted"
        second = await ann.make(title="B", participants=people("salle"), start="2026-01-05T10:30:00", tell=True)
        third = await ann.make(title="C", participants=people("salle"), start="2026-01-05T11:00:00", tell=True)
        await run_jobs(context)
        assert answer_of(await ann.event(second), "salle") == "declined"
        assert answer_of(await ann.event(third), "salle") == "accepted"


async def test_alerts_by_mail_once_for_each_instance(ann, context, desk) -> None:
    alert = {"a": {"trigger": {"@type": "OffsetTrigger", "offset": "-PT10M"}, "action": "email"}}
    with clock.frozen(ms(2026, 1, 5, 9)):
        await ann.make(title="Daily", alerts=alert, recurrenceRule={"frequency": "daily", "count": 3})
    for hour, expected in ((9, 0), (10, 1), (11, 1)):
        with clock.frozen(ms(2026, 1, 5, hour)):
            await run_jobs(context)
        assert len(desk.letters) == expected
    with clock.frozen(ms(2026, 1, 6, 10)):
        await run_jobs(context)
    assert [each.subject for each in desk.letters] == ["Reminder: Daily"] * 2 and not desk.letters[0].answerable
    rung = await context.store.db.value("SELECT COUNT(*) FROM outbox WHERE kind = 'pushed'")
    assert rung == 2


async def test_an_alert_that_was_moved_rings_at_its_new_time(ann, context, desk) -> None:
    alert = {"a": {"trigger": {"@type": "OffsetTrigger", "offset": "-PT10M"}, "action": "email"}}
    with clock.frozen(ms(2026, 1, 5, 9)):
        number = await ann.make(title="Once", alerts=alert)
        await ann.change(number, {"start": "2026-01-05T12:00:00"})
    with clock.frozen(ms(2026, 1, 5, 10)):
        await run_jobs(context)
    assert desk.letters == []
    with clock.frozen(ms(2026, 1, 5, 11, 55)):
        await run_jobs(context)
    assert len(desk.letters) == 1


async def test_when_somebody_is_busy(ann, bob, context) -> None:
    await ann.make(title="A")
    await ann.make(title="B", start="2026-01-05T10:30:00", status="tentative")
    await ann.make(title="C", start="2026-01-05T15:00:00", freeBusyStatus="free")
    window = {"id": ann.account, "utcStart": "2026-01-05T00:00:00Z", "utcEnd": "2026-01-06T00:00:00Z"}
    kept = await ann("Calendar/freeBusy", tellsColleagues=False)
    assert (kept["tellsColleagues"], kept["isToldInside"], kept["publish"]) == (False, True, "no")
    refused = await bob("Principal/getAvailability", **window)
    assert refused["error"] == "forbidden"
    number = await ann.calendar()
    await ann("Calendar/set", update={number: {"shareWith": {bob.account: {"mayReadFreeBusy": True}}}})
    seen = await bob("Principal/getAvailability", **window, showDetails=True)
    assert [
        (each["utcStart"][11:16], each["utcEnd"][11:16], each["busyStatus"], each["event"]) for each in seen["list"]
    ] == [
        ("10:00", "11:00", "confirmed", None),
        ("11:00", "11:30", "tentative", None),
    ]
    own = await ann("Principal/getAvailability", **window, showDetails=True, eventProperties=["title", "id"])
    assert sorted(each["event"]["title"] for each in own["list"]) == ["A", "B"]
    long = await ann("Principal/getAvailability", **{**window, "utcEnd": "2028-01-01T00:00:00Z"})
    assert long["error"] == "tooLarge"


async def test_colleagues_know_when_unless_somebody_keeps_it(ann, bob, context) -> None:
    """Only times that count, and only that they are taken."""
    other = (await ann("Calendar/set", create={"c": {"name": "Hobby", "includeInAvailability": "none"}}))["created"]
    await ann.make(title="Clinic", locations={"l": {"@type": "Location", "name": "Ward 5"}}, privacy="private")
    await ann.make(title="Choir", calendarIds={other["c"]["id"]: True}, start="2026-01-05T20:00:00")
    window = {"id": ann.account, "utcStart": "2026-01-05T00:00:00Z", "utcEnd": "2026-01-06T00:00:00Z"}
    seen = await bob("Principal/getAvailability", **window, showDetails=True)
    taken = {"utcStart": "2026-01-05T10:00:00Z", "utcEnd": "2026-01-05T11:00:00Z", "busyStatus": "confirmed"}
    assert seen["list"] == [taken | {"event": None, "accountId": None}]
    number = await ann.calendar()
    bob.using = (*bob.using, "urn:parvis:sharing")
    why = await bob("Grant/explain", scopeId=number)
    assert [(each["colleague"], each["owner"], each["grantId"]) for each in why["paths"]] == [(True, False, None)]
    assert (await bob("Calendar/get", accountId=ann.account, ids=[number]))["error"] == "accountNotFound"
    await ann("Calendar/freeBusy", tellsColleagues=False)
    assert (await bob("Principal/getAvailability", **window))["error"] == "forbidden"
    assert (await bob("Grant/explain", scopeId=number))["paths"] == []
    assert (await bob("Calendar/freeBusy", accountId=ann.account, tellsColleagues=True))["error"]
    await ann("Calendar/freeBusy", tellsColleagues=True)
    assert (await bob("Principal/getAvailability", **window))["list"]
    await colleagues.settle(context.store, False)
    assert (await bob("Principal/getAvailability", **window))["error"] == "forbidden"
    assert (await ann("Calendar/freeBusy"))["isToldInside"] is False


async def test_default_alerts_of_a_calendar_ring_also_when_they_come_later(ann, context, desk) -> None:
    """draft-ietf-jmap-calendars §6.1"""
    alert = {"d": {"trigger": {"@type": "OffsetTrigger", "offset": "-PT30M"}, "action": "email"}}
    number = await ann.calendar()
    with clock.frozen(ms(2026, 1, 5, 8)):
        event_ = await ann.make(title="By default", useDefaultAlerts=True)
        await ann.make(title="Without", start="2026-01-05T10:00:00")
        assert (await ann.event(event_))["useDefaultAlerts"] is True
        wrong = {"d": {"trigger": {"@type": "AbsoluteTrigger", "when": "2026-01-01T00:00:00Z"}}}
        refused = await ann("Calendar/set", update={number: {"defaultAlertsWithTime": wrong}})
        assert refused["notUpdated"][number]["type"] == "invalidProperties"
        await ann("Calendar/set", update={number: {"defaultAlertsWithTime": alert}})
        await run_jobs(context)
    assert desk.letters == []
    with clock.frozen(ms(2026, 1, 5, 9, 31)):
        await run_jobs(context)
    assert [each.subject for each in desk.letters] == ["Reminder: By default"]


def handed_on(mine: dict, to: str) -> dict:
    """The change by which bob lets somebody else go."""
    key = key_of(mine, "bob")
    guest = {
        "calendarAddress": f"mailto:{to}",
        "roles": {"attendee": True},
        "participationStatus": "needs-action",
        "expectReply": True,
        "delegatedFrom": {key: True},
    }
    return {
        f"participants/{key}/participationStatus": "delegated",
        f"participants/{key}/delegatedTo": {"new": True},
        "participants/new": guest,
    }


async def test_an_invitation_is_handed_on(ann, bob, person, context, desk) -> None:
    """RFC 5546 §3.2.2.3"""
    cid = await person("cid")
    number = await ann.make(title="Plan", participants=people("bob"), tell=True)
    await run_jobs(context)
    mine = await only(bob)
    done = await bob.change(mine["id"], handed_on(mine, "cid@example.org"), sendSchedulingMessages=True)
    assert not done["notUpdated"], done
    await run_jobs(context)
    told = await ann.event(number)
    assert answer_of(told, "bob") == "delegated" and answer_of(told, "cid") == "needs-action"
    assert (await only(cid))["title"] == "Plan"
    await answer(cid, "accepted")
    await run_jobs(context)
    assert answer_of(await ann.event(number), "cid") == "accepted"
    assert desk.letters == []


async def test_an_invitation_is_handed_on_to_somebody_elsewhere(ann, bob, context, desk) -> None:
    number = await ann.make(title="Plan", participants=people("bob"), tell=True)
    await run_jobs(context)
    mine = await only(bob)
    await bob.change(mine["id"], handed_on(mine, "zoe@elsewhere.example"), sendSchedulingMessages=True)
    await run_jobs(context)
    assert [(each.method, each.to) for each in desk.letters] == [("REQUEST", ("zoe@elsewhere.example",))]
    assert b"DELEGATED-FROM" in desk.letters[0].calendar
    assert "zoe@elsewhere.example" in str(await ann.event(number))


async def mailed(who, room, desk, author: str, *lines: str) -> None:
    desk.mail = CalendarMail(author, True, (text(*lines),))
    body = {"email": 1}
    one = Event(xid=1, position=1, account_id=who.principal.id, kind=CALENDAR_MAIL, time_ms=0, body=body)
    await room.followers[delivery.FOLLOWER]([one])


async def test_only_what_is_not_known_is_handed_on(ann, room, desk) -> None:
    """Nobody changes an event of somebody else by handing it on."""
    handed = event(
        "DTSTART:20260301T100000Z",
        "SUMMARY:Handed on",
        "ORGANIZER:mailto:boss@elsewhere.example",
        'ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO="mailto:ann@example.org":mailto:zoe@elsewhere.example',
        'ATTENDEE;DELEGATED-FROM="mailto:zoe@elsewhere.example":mailto:ann@example.org',
    )
    await mailed(ann, room, desk, "mallory@elsewhere.example", "METHOD:REQUEST", *handed)
    assert (await ann("CalendarEvent/get", ids=None))["list"] == []
    await mailed(ann, room, desk, "zoe@elsewhere.example", "METHOD:REQUEST", *handed)
    assert (await only(ann))["title"] == "Handed on"
    changed = [line.replace("Handed on", "Changed").replace("T10", "T11") for line in handed]
    await mailed(ann, room, desk, "zoe@elsewhere.example", "METHOD:REQUEST", *changed)
    assert (await only(ann))["title"] == "Handed on"


async def test_nobody_answers_for_somebody_else(ann, bob, context, room, desk) -> None:
    """RFC 6638 §11.2, RFC 5546 §6.1.2, §6.2.1"""
    number = await ann.make(participants=people("zoe@elsewhere.example", "mallory@elsewhere.example"), tell=True)
    await run_jobs(context)
    said = event(
        "ORGANIZER:mailto:ann@example.org",
        "ATTENDEE;PARTSTAT=DECLINED:mailto:zoe@elsewhere.example",
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:mallory@elsewhere.example",
        uid=(await ann.event(number, "uid"))["uid"],
    )
    await mailed(ann, room, desk, "mallory@elsewhere.example", "METHOD:REPLY", *said)
    assert "declined" not in str(await ann.event(number)) and "accepted" in str(await ann.event(number))


async def test_which_answer_counts_is_told(ann, bob, context) -> None:
    """draft-ietf-jmap-calendars §5.5 (scheduleSequence, scheduleUpdated)"""
    number = await ann.make(title="Plan", participants=people("bob"), tell=True)
    await ann.change(number, {"title": "New plan"}, sendSchedulingMessages=True)
    await run_jobs(context)
    with clock.frozen(ms(2026, 1, 2, 12)):
        await answer(bob, "accepted")
        await run_jobs(context)
    said = (await ann.event(number))["participants"][key_of(await ann.event(number), "bob")]
    assert said["scheduleUpdated"] == "2026-01-02T12:00:00Z" and said["scheduleSequence"] == 1
    await ann.change(number, {"description": "x"}, sendSchedulingMessages=True)
    kept = (await ann.event(number))["participants"][key_of(await ann.event(number), "bob")]
    assert kept["scheduleUpdated"] == said["scheduleUpdated"]
    assert "scheduleUpdated" not in str(await only(bob))


async def test_what_was_declined_and_removed_stays_away_until_its_time_is_another(ann, bob, context) -> None:
    number = await ann.make(title="Plan", participants=people("bob", "cid"), tell=True)
    await run_jobs(context)
    await answer(bob, "declined")
    await bob("CalendarEvent/set", destroy=[(await only(bob))["id"]], sendSchedulingMessages=True)
    await run_jobs(context)
    for word in ("New plan", "Newer plan"):
        await ann.change(number, {"title": word}, sendSchedulingMessages=True)
        await run_jobs(context)
        assert (await bob("CalendarEvent/get", ids=None))["list"] == []
    assert answer_of(await ann.event(number), "bob") == "declined"
    await ann.change(number, {"start": "2026-01-07T10:00:00"}, sendSchedulingMessages=True)
    await run_jobs(context)
    theirs = await only(bob)
    assert theirs["title"] == "Newer plan" and answer_of(theirs, "bob") == "needs-action"


async def test_an_instance_that_was_taken_out_stays_out_until_its_time_is_another(ann, bob, context) -> None:
    weekly = {"recurrenceRule": {"frequency": "weekly", "count": 3}}
    number = await ann.make(title="Plan", participants=people("bob"), **weekly, tell=True)
    await run_jobs(context)
    await answer(bob, "accepted")
    mine = (await only(bob))["id"]
    await bob("CalendarEvent/set", destroy=[f"{mine}-20260112T100000"], sendSchedulingMessages=True)
    await run_jobs(context)
    await ann.change(number, {"title": "New plan"}, sendSchedulingMessages=True)
    await run_jobs(context)
    theirs = await only(bob)
    assert theirs["title"] == "New plan"
    assert theirs["recurrenceOverrides"] == {"2026-01-12T10:00:00": {"excluded": True}}
    later = {"recurrenceOverrides/2026-01-12T10:00:00/start": "2026-01-12T15:00:00"}
    done = await ann.change(number, later, sendSchedulingMessages=True)
    assert not done["notUpdated"], done
    await run_jobs(context)
    assert (await only(bob))["recurrenceOverrides"]["2026-01-12T10:00:00"]["start"] == "2026-01-12T15:00:00"
