"""What became of messages, as it is said in events: nothing is said to be sent that was not. RFC 6638 §3.2.9, §7"""

import pytest

from parvis.calendar import delivery
from parvis.kernel.events import Event
from parvis.serve.post import SETTLED
from tests.calendar.conftest import run_jobs
from tests.calendar.test_scheduling import answer, only, people
from tests.wire.ical.texts import event, text

ZOE, YAN = "zoe@elsewhere.example", "yan@elsewhere.example"


def status_of(event_: dict, address: str) -> list[str] | None:
    return next(
        each.get("scheduleStatus")
        for each in event_["participants"].values()
        if each["calendarAddress"] == f"mailto:{address}"
    )


async def settled(who, room, letter: int, fate: str, status: str = "2.0.0") -> None:
    body = {"letter": letter, "address": "", "fate": fate, "status": status}
    one = Event(xid=1, position=1, account_id=who.principal.id, kind=SETTLED, time_ms=0, body=body)
    await room.followers[delivery.FOLLOWER]([one])


async def test_people_here_have_it_when_it_is_in_their_calendar(ann, bob, context) -> None:
    number = await ann.make(participants=people("bob"), tell=True)
    assert status_of(await ann.event(number), "bob@example.org") == ["1.0"]
    await run_jobs(context)
    assert status_of(await ann.event(number), "bob@example.org") == ["1.2"]
    assert "scheduleStatus" not in str(await only(bob))
    await answer(bob, "accepted")
    assert status_of(await only(bob), "ann@example.org") == ["1.0"]
    await run_jobs(context)
    assert status_of(await only(bob), "ann@example.org") == ["1.2"]
    assert status_of(await ann.event(number), "bob@example.org") == ["2.0"]


async def test_a_letter_is_sent_when_another_server_has_it(ann, context, room, desk) -> None:
    number = await ann.make(participants=people(ZOE, YAN), tell=True)
    await run_jobs(context)
    assert len(desk.letters) == 2 and all(each.followed for each in desk.letters)
    assert status_of(await ann.event(number), ZOE) == status_of(await ann.event(number), YAN) == ["1.0"]
    place = {each.to[0]: n for n, each in enumerate(desk.letters, 1)}
    await settled(ann, room, place[ZOE], "relayed")
    await settled(ann, room, place[YAN], "failed", "5.1.1")
    event_ = await ann.event(number)
    assert status_of(event_, ZOE) == ["1.1"] and status_of(event_, YAN) == ["3.7"]
    await settled(ann, room, place[ZOE], "failed", "5.7.1")  # heard twice
    assert status_of(await ann.event(number), ZOE) == ["1.1"]


async def test_a_letter_that_cannot_be_delivered(ann, bob, context, room, desk) -> None:
    number = await ann.make(participants=people(ZOE), tell=True)
    await run_jobs(context)
    await settled(bob, room, 1, "failed", "5.7.1")  # not bob's letter
    assert status_of(await ann.event(number), ZOE) == ["1.0"]
    await settled(ann, room, 1, "failed", "5.7.1")
    assert status_of(await ann.event(number), ZOE) == ["5.1"]


async def test_what_became_of_an_older_letter_says_nothing_of_a_newer(ann, context, room, desk) -> None:
    number = await ann.make(participants=people(ZOE), tell=True)
    await run_jobs(context)
    await ann.change(number, {"start": "2026-01-06T10:00:00"}, sendSchedulingMessages=True)
    await settled(ann, room, 1, "relayed")
    assert status_of(await ann.event(number), ZOE) == ["1.0"]
    await run_jobs(context)
    await settled(ann, room, 2, "relayed")
    assert status_of(await ann.event(number), ZOE) == ["1.1"]


async def test_nothing_can_be_sent_without_mail(ann, context) -> None:
    number = await ann.make(participants=people(ZOE), tell=True)
    await run_jobs(context)
    assert status_of(await ann.event(number), ZOE) == ["5.1"]


async def test_nothing_can_be_sent_to_what_is_no_address(ann, bob) -> None:
    """draft-ietf-jmap-calendars §5.8"""
    guests = people("bob")
    guests["x"] = {"calendarAddress": "tel:+123", "roles": {"attendee": True}}
    event_ = {"calendarIds": {await ann.calendar(): True}, "start": "2026-01-05T10:00:00", "participants": guests}
    refused = await ann("CalendarEvent/set", create={"e": event_}, sendSchedulingMessages=True)
    assert refused["notCreated"]["e"]["type"] == "noSupportedScheduleMethods"
    number = await ann.make(participants=guests)
    refused = await ann.change(number, {"title": "New"}, sendSchedulingMessages=True)
    assert refused["notUpdated"][number]["type"] == "noSupportedScheduleMethods"
    assert (await bob("CalendarEvent/get", ids=None))["list"] == []
    guests["x"]["scheduleAgent"] = "client"
    assert await ann.make(participants=guests, tell=True)


async def test_no_client_says_what_became_of_a_message(ann, context, desk) -> None:
    guests = people(ZOE)
    guests["z"]["scheduleStatus"] = ["1.2"]
    number = await ann.make(participants=guests, tell=True)
    assert status_of(await ann.event(number), ZOE) == ["1.0"]
    key = next(key for key, each in (await ann.event(number))["participants"].items() if ZOE in str(each))
    await ann.change(number, {f"participants/{key}/scheduleStatus": ["2.0"], "title": "New"})
    assert status_of(await ann.event(number), ZOE) == ["1.0"]


async def test_agents_and_force_send(ann, context, desk) -> None:
    """RFC 6638 §7.1, §7.2"""
    guests = people(ZOE, YAN)
    guests["y"]["scheduleAgent"] = "client"
    number = await ann.make(participants=guests, tell=True)
    await run_jobs(context)
    assert [each.to for each in desk.letters] == [(ZOE,)]
    event_ = await ann.event(number)
    assert status_of(event_, YAN) is None and event_["participants"]
    key = next(key for key, each in event_["participants"].items() if ZOE in str(each))
    await ann.change(number, {f"participants/{key}/scheduleForceSend": True}, sendSchedulingMessages=True)
    await run_jobs(context)
    assert [each.to for each in desk.letters] == [(ZOE,), (ZOE,)]
    assert "scheduleForceSend" not in str(await ann.event(number))
    await ann.change(number, {"description": "Same"}, sendSchedulingMessages=False)
    await run_jobs(context)
    assert len(desk.letters) == 2


@pytest.fixture
async def calendars(peer):
    return await peer("ann"), await peer("bob")


async def test_the_tag_of_scheduling_stays_while_messages_are_delivered(calendars, context) -> None:
    """RFC 6638 §3.2.10: a client that changes the event meanwhile is not refused., RFC 6638 §8.2, §8.3, §9.3"""
    ann, bob = calendars
    lines = event(
        "DTSTART:20260105T100000Z",
        "ORGANIZER:mailto:ann@example.org",
        "ATTENDEE:mailto:ann@example.org",
        "ATTENDEE:mailto:bob@example.org",
    )
    path = ann.calendar + "a.ics"
    made = await ann.ask("PUT", path, text(*lines), content_type="text/calendar")
    assert made.status_code == 201 and "etag" not in made.headers  # it is not kept as it came
    tag = made.headers["schedule-tag"]
    seen = await ann.get(path)
    assert "SCHEDULE-STATUS=1.0:mailto:bob" in seen.text and seen.headers["schedule-tag"] == tag
    await run_jobs(context)
    later = await ann.get(path)
    assert "SCHEDULE-STATUS=1.2:mailto:bob" in later.text
    assert later.headers["schedule-tag"] == tag and later.headers["etag"] != seen.headers["etag"]
    renamed = text(*[*lines[:-1], "SUMMARY:Plan", lines[-1]])
    stale = await ann.ask("PUT", path, renamed, content_type="text/calendar", if_match=seen.headers["etag"])
    assert stale.status_code == 412
    done = await ann.ask("PUT", path, renamed, content_type="text/calendar", if_schedule_tag_match=tag)
    assert done.status_code == 204
    await run_jobs(context)
    (name,) = [
        each for each in (await bob.ask("PROPFIND", bob.calendar, depth="1")).text.split("<") if ".ics" in each
    ]
    assert name


async def test_conditions_of_scheduling(calendars) -> None:
    """RFC 6638 §3.2.4, §3.2.4.3, §4.3"""
    ann, _ = calendars
    start, guests = "DTSTART:20260105T100000Z", ["ATTENDEE:mailto:ann@example.org", "ATTENDEE:mailto:zoe@e.example"]
    plan = event(start, "RRULE:FREQ=DAILY", "ORGANIZER:mailto:ann@example.org", *guests)
    other = event(start, "RECURRENCE-ID:20260106T100000Z", "ORGANIZER:mailto:zoe@e.example", *guests)
    path = ann.calendar + "a.ics"
    refused = await ann.ask("PUT", path, text(*plan, *other), content_type="text/calendar")
    assert refused.status_code == 403 and "same-organizer-in-all-components" in refused.text
    assert (await ann.ask("PUT", path, text(*plan), content_type="text/calendar")).status_code == 201
    forged = [line.replace("ORGANIZER:mailto:ann", "ORGANIZER:mailto:bob") for line in plan]
    for content in (forged, [line for line in forged if "ATTENDEE:mailto:ann" not in line]):
        refused = await ann.ask("PUT", path, text(*content), content_type="text/calendar")
        assert refused.status_code == 403 and "allowed-organizer-scheduling-object-change" in refused.text
    assert (await ann.ask("MKCALENDAR", f"{ann.home}work/")).status_code == 201
    refused = await ann.ask("PUT", f"{ann.calendar}b.ics", text(*plan), content_type="text/calendar")
    assert refused.status_code == 409 and "no-uid-conflict" in refused.text
    refused = await ann.delete(ann.calendar)
    assert refused.status_code == 403 and "default-calendar-needed" in refused.text
    assert (await ann.delete(f"{ann.home}work/")).status_code == 204
