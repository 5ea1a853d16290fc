"""What one guest answers, the others see: in their copies, without a message to anybody. RFC 6638 §3.2.10"""

import pytest

from parvis.calendar import copies
from parvis.kernel import clock
from parvis.store.sql.contract import counting
from tests.calendar.conftest import run_jobs
from tests.calendar.test_scheduling import answer, answer_of, key_of, mailed, only, people
from tests.wire.ical.texts import event, ms, text

ZOE = "zoe@elsewhere.example"


@pytest.fixture
async def cid(person):
    return await person("cid")


async def notices(who) -> int:
    return len((await who("CalendarEventNotification/get", ids=None))["list"])


async def test_the_others_see_it_and_nobody_is_written_to(ann, bob, cid, context, desk) -> None:
    await ann.make(title="Plan", participants=people("bob", "cid", ZOE), tell=True)
    await run_jobs(context)
    told, state = await notices(cid), (await cid("CalendarEvent/get", ids=[]))["state"]
    await answer(bob, "tentative")
    await run_jobs(context)
    theirs = await only(cid)
    assert answer_of(theirs, "bob") == "tentative" and answer_of(theirs, "cid") == "needs-action"
    assert answer_of(await only(bob), "cid") == "needs-action"
    changed = await cid("CalendarEvent/changes", sinceState=state)
    assert changed["updated"] == [theirs["id"]]
    assert await notices(cid) == told and len(desk.letters) == 1
    assert "scheduleStatus" not in str(theirs)


async def test_what_was_answered_by_mail(ann, bob, context, room, desk) -> None:
    number = await ann.make(title="Plan", participants=people("bob", ZOE), tell=True)
    await run_jobs(context)
    reply = event(
        "ORGANIZER:mailto:ann@example.org",
        f"ATTENDEE;PARTSTAT=DECLINED:mailto:{ZOE}",
        uid=(await ann.event(number, "uid"))["uid"],
    )
    await mailed(ann, room, desk, ZOE, "METHOD:REPLY", *reply)
    guest = next(each for each in (await only(bob))["participants"].values() if ZOE in each["calendarAddress"])
    assert guest["participationStatus"] == "declined"


async def test_the_answer_for_one_instance(ann, bob, cid, context) -> None:
    await ann.make(
        title="Plan",
        participants=people("bob", "cid"),
        recurrenceRule={"frequency": "weekly", "count": 3},
        tell=True,
    )
    await run_jobs(context)
    await answer(cid, "accepted")
    await answer(bob, "declined", f"{(await only(bob))['id']}-20260112T100000")
    await run_jobs(context)
    theirs = await only(cid)
    one = (await cid("CalendarEvent/get", ids=[f"{theirs['id']}-20260112T100000"]))["list"][0]
    assert answer_of(theirs, "bob") == "needs-action" and answer_of(one, "bob") == "declined"
    assert answer_of(one, "cid") == "accepted"


async def test_what_the_organizer_answers(ann, bob, context, desk) -> None:
    number = await ann.make(participants=people("bob", ZOE), tell=True)
    await run_jobs(context)
    key = key_of(await ann.event(number), "ann")
    await ann.change(number, {f"participants/{key}/participationStatus": "declined"}, sendSchedulingMessages=True)
    await run_jobs(context)
    assert answer_of(await only(bob), "ann") == "declined"
    assert len(desk.letters) == 1
    await answer(bob, "accepted")  # to the revision that he knows
    await run_jobs(context)
    assert answer_of(await ann.event(number), "bob") == "accepted"


async def test_who_is_invited_sees_what_was_answered_meanwhile(ann, bob, cid, person, context) -> None:
    with clock.frozen(ms(2026)):
        await person("salle", kind="resource")
        await ann.make(participants=people("salle", "bob", "cid"), tell=True)
        await run_jobs(context)
    assert answer_of(await only(bob), "salle") == answer_of(await only(cid), "salle") == "accepted"


async def test_many_are_told_by_a_job_for_several_answers_at_once(ann, person, context, monkeypatch) -> None:
    monkeypatch.setattr(copies, "AT_ONCE", 2)
    monkeypatch.setattr(copies, "PAGE", 2)
    names = ["bob", "cid", "dan", "eve", "fay"]
    guests = [await person(name) for name in names]
    at = ms(2026)
    with clock.frozen(at):
        await ann.make(participants=people(*names), tell=True)
        await run_jobs(context)
        await answer(guests[0], "accepted")
        await answer(guests[1], "declined")
        await run_jobs(context)
        assert answer_of(await only(guests[4]), "bob") == "needs-action"
        waiting = await context.store.db.value(
            "SELECT COUNT(*) FROM job WHERE kind = ? AND finished_ms IS NULL", copies.SPREAD
        )
        assert waiting == 1
    with clock.frozen(at + 11_000):
        await run_jobs(context)
    for guest in guests[2:]:
        theirs = await only(guest)
        assert (answer_of(theirs, "bob"), answer_of(theirs, "cid")) == ("accepted", "declined")
    assert answer_of(await only(guests[0]), "cid") == "declined"


async def test_an_answer_asks_a_bounded_number_of_questions(ann, person, context) -> None:
    """One more guest is one more copy that is written, and nothing else."""
    spent = []
    for count in (2, 3, 4):
        guests = [await person(f"{letter}{count}") for letter in "bcdefgh"[:count]]
        number = await ann.make(participants=people(*(each.principal.name for each in guests)), tell=True)
        await run_jobs(context)
        await answer(guests[0], "accepted")
        with counting() as statements:
            await run_jobs(context)
        spent.append(len(statements))
        await ann("CalendarEvent/set", destroy=[number])
    assert spent[2] - spent[1] == spent[1] - spent[0] <= 12, spent


@pytest.fixture
async def programs(peer):
    return await peer("ann"), await peer("bob"), await peer("cid")


async def test_a_program_that_knew_the_schedule_tag_is_not_refused(programs, context) -> None:
    """RFC 6638 §3.2.10.1: what others answered meanwhile is kept."""
    ann, bob, cid = programs
    lines = event(
        "DTSTART:20260105T100000Z",
        "ORGANIZER:mailto:ann@example.org",
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@example.org",
        "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bob@example.org",
        "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:cid@example.org",
    )
    assert (await ann.ask("PUT", ann.calendar + "a.ics", text(*lines), content_type="text/calendar")).is_success
    await run_jobs(context)

    async def theirs(who):
        listed = (await who.ask("PROPFIND", who.calendar, depth="1")).text
        name = next(each.rpartition("/")[2] for each in listed.replace("<", "\n").splitlines() if ".ics" in each)
        return who.calendar + name, await who.get(who.calendar + name)

    place, seen = await theirs(cid)
    where, his = await theirs(bob)
    said = his.text.replace("NEEDS-ACTION:mailto:bob", "ACCEPTED:mailto:bob")
    assert (await bob.ask("PUT", where, said, content_type="text/calendar")).is_success
    await run_jobs(context)
    now = (await theirs(cid))[1]
    assert "PARTSTAT=ACCEPTED:mailto:bob" in now.text
    assert now.headers["etag"] != seen.headers["etag"]
    assert now.headers["schedule-tag"] == seen.headers["schedule-tag"]
    mine = seen.text.replace("NEEDS-ACTION:mailto:cid", "DECLINED:mailto:cid")
    done = await cid.ask(
        "PUT", place, mine, content_type="text/calendar", if_schedule_tag_match=seen.headers["schedule-tag"]
    )
    assert done.status_code == 204 and "etag" not in done.headers
    kept = (await theirs(cid))[1].text
    assert "PARTSTAT=ACCEPTED:mailto:bob" in kept and "PARTSTAT=DECLINED:mailto:cid" in kept
    await run_jobs(context)
    assert "PARTSTAT=DECLINED:mailto:cid" in (await theirs(bob))[1].text
