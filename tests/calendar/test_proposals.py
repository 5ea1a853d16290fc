"""Other times that guests propose: to organizers here and elsewhere, taken and declined. RFC 5546 §3.2.7, §3.2.8"""

import pytest

from parvis.calendar import delivery
from parvis.kernel.events import Event
from parvis.serve.post import CALENDAR_MAIL, CalendarMail
from parvis.store.sql.contract import counting
from parvis.wire.ical import calendar as ical
from tests.calendar.conftest import run_jobs
from tests.calendar.test_scheduling import answer, answer_of, only, people
from tests.wire.ical.texts import event, text

pytestmark = pytest.mark.usefixtures("desk")
NEW = {"utcStart": "2026-01-07T14:00:00Z", "utcEnd": "2026-01-07T15:30:00Z"}
ZOE = "zoe@elsewhere.example"


async def proposals(who) -> list[dict]:
    got = await who("CalendarEventProposal/get", ids=None)
    return got["list"]


async def propose(who, **more) -> dict:
    mine = await only(who)
    given = {"calendarEventId": mine["id"], "comment": "Later?"} | NEW | more
    return await who("CalendarEventProposal/set", create={"p": given})


async def invited(ann, context, **more) -> str:
    number = await ann.make(title="Plan", participants=people("bob", "cid"), tell=True, **more)
    await run_jobs(context)
    return number


async def test_another_time_is_proposed_and_taken(ann, bob, person, context) -> None:
    cid = await person("cid")
    number = await invited(ann, context, timeZone="Europe/Paris", start="2026-01-05T10:00:00")
    state = (await ann("CalendarEventProposal/get", ids=[]))["state"]
    made = await propose(bob)
    assert made["created"], made
    await run_jobs(context)
    (told,), (own,) = await proposals(ann), await proposals(bob)
    assert (told["calendarEventId"], told["isMine"], told["comment"]) == (number, False, "Later?")
    assert told["by"]["calendarAddress"] == "mailto:bob@example.org" and own["isMine"] is True
    assert {name: told[name] for name in NEW} == NEW == {name: own[name] for name in NEW}
    assert (await ann("CalendarEventProposal/changes", sinceState=state))["created"] == [told["id"]]
    assert "Later?" in [each["comment"] for each in (await ann("CalendarEventNotification/get", ids=None))["list"]]
    assert await proposals(cid) == []
    refused = await bob("CalendarEventProposal/set", update={own["id"]: {"isAccepted": True}})
    assert refused["notUpdated"][own["id"]]["type"] == "forbidden"
    taken = await ann("CalendarEventProposal/set", update={told["id"]: {"isAccepted": True}})
    assert not taken["notUpdated"], taken
    await run_jobs(context)
    for who in (ann, bob, cid):
        seen = await only(who)
        assert (seen["start"], seen["timeZone"]) == ("2026-01-07T15:00:00", "Europe/Paris")
        assert seen["duration"] == "PT1H30M" and await proposals(who) == []
        assert answer_of(seen, "cid") == "needs-action"


async def test_a_proposal_is_declined_with_a_word(ann, bob, context) -> None:
    await invited(ann, context)
    await propose(bob)
    await run_jobs(context)
    await propose(bob, comment="Please")
    await run_jobs(context)
    (told,) = await proposals(ann)
    assert told["comment"] == "Please"
    done = await ann("CalendarEventProposal/set", destroy=[told["id"]], comment="No room")
    assert done["destroyed"] == [told["id"]]
    await run_jobs(context)
    assert await proposals(bob) == [] and await proposals(ann) == []
    notices = (await bob("CalendarEventNotification/get", ids=None))["list"]
    assert "No room" in [each["comment"] for each in notices]
    assert (await only(bob))["start"] == "2026-01-05T10:00:00"


async def test_one_instance_is_put_at_another_time(ann, bob, context) -> None:
    number = await invited(ann, context, recurrenceRule={"frequency": "weekly", "count": 3})
    assert (await propose(bob))["notCreated"]["p"]["properties"] == ["recurrenceId"]
    wrong = await propose(bob, recurrenceId="2026-01-13T10:00:00")
    assert wrong["notCreated"]["p"]["properties"] == ["recurrenceId"]
    second = {"utcStart": "2026-01-12T16:00:00Z", "utcEnd": "2026-01-12T17:00:00Z"}
    assert (await propose(bob, recurrenceId="2026-01-12T10:00:00", **second))["created"]
    assert (await propose(bob, recurrenceId="2026-01-19T10:00:00"))["created"]
    await run_jobs(context)
    told = next(each for each in await proposals(ann) if each["recurrenceId"] == "2026-01-12T10:00:00")
    await ann("CalendarEventProposal/set", update={told["id"]: {"isAccepted": True}})
    await run_jobs(context)
    for who in (ann, bob):
        overrides = (await only(who))["recurrenceOverrides"]
        assert overrides["2026-01-12T10:00:00"]["start"] == "2026-01-12T16:00:00"
        assert [each["recurrenceId"] for each in await proposals(who)] == ["2026-01-19T10:00:00"]
    await ann.change(f"{number}-20260119T100000", {"excluded": True}, sendSchedulingMessages=True)
    await run_jobs(context)
    assert await proposals(ann) == [] and await proposals(bob) == []


async def test_who_may_propose_what(ann, bob, context) -> None:
    number = await invited(ann, context)
    own = {"calendarEventId": number} | NEW
    refused = await ann("CalendarEventProposal/set", create={"p": own})
    assert refused["notCreated"]["p"]["type"] == "forbidden"
    refused = await bob("CalendarEventProposal/set", create={"p": own})
    assert refused["notCreated"]["p"]["properties"] == ["calendarEventId"]
    backwards = await propose(bob, utcEnd="2026-01-07T14:00:00Z")
    assert backwards["notCreated"]["p"]["properties"] == ["utcEnd"]
    answered = await answer(bob, "accepted")
    assert not answered["notUpdated"]
    assert (await propose(bob))["created"]
    (mine,) = await proposals(bob)
    await bob("CalendarEventProposal/set", destroy=[mine["id"]])
    await run_jobs(context)
    assert await proposals(bob) == [] and len(await proposals(ann)) == 1
    await ann("CalendarEvent/set", destroy=[number])
    assert await proposals(ann) == []


async def test_what_a_guest_proposes_is_seen_by_who_may_change_the_event(ann, bob, person, context) -> None:
    cid = await person("cid")
    await invited(ann, context)
    await propose(bob)
    await run_jobs(context)
    number = await ann.calendar()
    for rights, seen in (({"mayReadItems": True}, 0), ({"mayReadItems": True, "mayWriteAll": True}, 1)):
        await ann("Calendar/set", update={number: {"shareWith": {cid.account: rights}}})
        got = await cid("CalendarEventProposal/get", accountId=ann.account, ids=None)
        assert len(got.get("list", [])) == seen
    (told,) = got["list"]
    taken = await cid("CalendarEventProposal/set", accountId=ann.account, update={told["id"]: {"isAccepted": True}})
    assert not taken["notUpdated"]
    await run_jobs(context)
    assert (await only(bob))["start"] == "2026-01-07T14:00:00"


async def mailed(who, room, desk, author: str, *lines: str) -> None:
    desk.mail = CalendarMail(author, True, (text(*lines),))
    body = {"email": 1}
    one = Event(xid=1, position=1, account_id=who.principal.id, kind=CALENDAR_MAIL, time_ms=0, body=body)
    await room.followers[delivery.FOLLOWER]([one])


async def test_a_guest_elsewhere_proposes_by_mail(ann, context, room, desk) -> None:
    await ann.make(title="Plan", participants=people(ZOE), tell=True)
    await run_jobs(context)
    uid = ical.read(desk.letters[0].calendar).components[-1].value("UID")
    said = ("METHOD:COUNTER", *event(
        "DTSTART;TZID=Europe/Paris:20260107T150000",
        "DURATION:PT1H",
        "SEQUENCE:0",
        "COMMENT:Train",
        "ORGANIZER:mailto:ann@example.org",
        f"ATTENDEE;CN=Zoé:mailto:{ZOE}",
        "ATTENDEE:mailto:mallory@elsewhere.example",
        uid=uid,
    ))  # fmt: skip
    await mailed(ann, room, desk, "mallory@elsewhere.example", *said)
    assert await proposals(ann) == []
    await mailed(ann, room, desk, ZOE, *said)
    (told,) = await proposals(ann)
    assert told["by"] == {"name": "Zoé", "calendarAddress": f"mailto:{ZOE}"}
    assert (told["utcStart"], told["utcEnd"]) == ("2026-01-07T14:00:00Z", "2026-01-07T15:00:00Z")
    await ann("CalendarEventProposal/set", destroy=[told["id"]], comment="Non")
    await run_jobs(context)
    letter = desk.letters[-1]
    assert (letter.method, letter.to) == ("DECLINECOUNTER", (ZOE,)) and "Non" in letter.text


def reply_of(who: str, uid: str, *more: str) -> tuple[str, ...]:
    return (
        "METHOD:REPLY",
        *event("DTSTART:20260105T100000Z", "SEQUENCE:0", "ORGANIZER:mailto:ann@example.org", *more, uid=uid),
    )


async def test_who_answers_uninvited_becomes_a_guest_when_the_organizer_says_so(
    ann, bob, context, room, desk
) -> None:
    """RFC 5546 §3.2.3: nothing is sent to them before."""
    number = await invited(ann, context)
    uid = (await ann.event(number, "uid"))["uid"]
    yes = reply_of(ZOE, uid, "COMMENT:May I?", f"ATTENDEE;CN=Zoé;PARTSTAT=ACCEPTED:mailto:{ZOE}")
    no = reply_of(ZOE, uid, f"ATTENDEE;PARTSTAT=DECLINED:mailto:{ZOE}")
    await mailed(ann, room, desk, "mallory@elsewhere.example", *yes)
    await mailed(ann, room, desk, ZOE, *no)
    assert await proposals(ann) == []
    await mailed(ann, room, desk, ZOE, *yes)
    await mailed(ann, room, desk, ZOE, *yes)
    await run_jobs(context)
    (told,) = await proposals(ann)
    assert (told["participationStatus"], told["comment"], told["isMine"]) == ("accepted", "May I?", False)
    assert told["by"] == {"name": "Zoé", "calendarAddress": f"mailto:{ZOE}"}
    assert (told["utcStart"], told["utcEnd"]) == ("2026-01-05T10:00:00Z", "2026-01-05T11:00:00Z")
    assert ZOE not in str(await ann.event(number)) + str(await only(bob)) + str(desk.letters)
    await mailed(ann, room, desk, ZOE, *no)
    assert await proposals(ann) == []
    await mailed(ann, room, desk, ZOE, *yes)
    (told,) = await proposals(ann)
    taken = await ann("CalendarEventProposal/set", update={told["id"]: {"isAccepted": True}})
    assert not taken["notUpdated"], taken
    await run_jobs(context)
    assert await proposals(ann) == []
    for who in (ann, bob):
        (zoe,) = [each for each in (await only(who))["participants"].values() if ZOE in each["calendarAddress"]]
        assert (zoe["participationStatus"], zoe["name"]) == ("accepted", "Zoé")
    assert [each.method for each in desk.letters if each.to == (ZOE,)] == ["REQUEST"]


async def test_an_uninvited_answer_is_ignored_or_over(ann, person, bob, context, room, desk) -> None:
    cid = await person("cid")
    number = await ann.make(
        participants=people("bob"), recurrenceRule={"frequency": "weekly", "count": 3}, tell=True
    )
    await run_jobs(context)
    uid = (await ann.event(number, "uid"))["uid"]
    instance = "RECURRENCE-ID:20260112T100000Z"

    async def answered(word: str, *more: str) -> dict:
        said = reply_of(ZOE, uid, *more, f"ATTENDEE;PARTSTAT={word}:mailto:{ZOE}")
        await mailed(ann, room, desk, ZOE, *said)
        return (await proposals(ann))[0]

    told = await answered("TENTATIVE")
    assert (told["participationStatus"], told["recurrenceId"], told["by"]["name"]) == ("tentative", None, "")
    await ann("CalendarEventProposal/set", destroy=[told["id"]], comment="No")
    await run_jobs(context)
    assert await proposals(ann) == [] and desk.letters == []
    assert (await answered("ACCEPTED", instance))["recurrenceId"] == "2026-01-12T10:00:00"
    (told,) = await proposals(ann)
    await ann("CalendarEventProposal/set", update={told["id"]: {"isAccepted": True}})
    await run_jobs(context)
    (letter,) = desk.letters
    assert (letter.method, letter.to) == ("REQUEST", (ZOE,)) and b"RRULE" not in letter.calendar
    assert ZOE not in str((await ann.event(number))["participants"])
    await answered("ACCEPTED")
    await ann.change(number, {"participants": people("bob", ZOE)}, sendSchedulingMessages=True)
    assert await proposals(ann) == []
    assert await proposals(cid) == await proposals(bob) == []


async def test_an_organizer_elsewhere_is_asked_by_mail(ann, context, room, desk) -> None:
    invitation = event(
        "DTSTART:20260301T100000Z", f"ORGANIZER:mailto:{ZOE}", "ATTENDEE:mailto:ann@example.org", uid="u"
    )
    await mailed(ann, room, desk, ZOE, "METHOD:REQUEST", *invitation)
    assert (await propose(ann))["created"]
    await run_jobs(context)
    (letter,) = desk.letters
    assert (letter.method, letter.to) == ("COUNTER", (ZOE,))
    sent = ical.read(letter.calendar).components[-1]
    assert (sent.value("DTSTART"), sent.value("DTEND")) == ("20260107T140000Z", "20260107T153000Z")
    assert len(await proposals(ann)) == 1
    answer_ = event("DTSTART:20260301T100000Z", f"ORGANIZER:mailto:{ZOE}", "COMMENT:No", uid="u")
    await mailed(ann, room, desk, ZOE, "METHOD:DECLINECOUNTER", *answer_)
    assert await proposals(ann) == []


async def test_the_statements_of_a_list_do_not_grow(ann, bob, context) -> None:
    counts = []
    for day in (8, 9):
        number = await ann.make(participants=people("bob"), start=f"2026-01-{day:02}T10:00:00", tell=True)
        await run_jobs(context)
        uid = (await ann.event(number, "uid"))["uid"]
        mine = (await bob("CalendarEvent/query", filter={"uid": uid}))["ids"][0]
        await bob("CalendarEventProposal/set", create={"p": {"calendarEventId": mine} | NEW})
        await run_jobs(context)
        with counting() as count:
            await proposals(ann)
        counts.append(len(count))
    assert counts[0] == counts[1] <= 8
