"""Resources that somebody decides about: asked for, approved, refused, taken meanwhile; by JMAP and by an answer to a
letter."""

import argparse
from types import SimpleNamespace

import pytest

from parvis.access import directory
from parvis.calendar import approval, delivery
from parvis.kernel import clock, ids
from parvis.kernel.events import Event
from parvis.ops.commands import account
from parvis.serve.post import CALENDAR_MAIL, CalendarMail
from parvis.store.sql.contract import counting
from parvis.wire.ical import calendar as ical
from tests.calendar.conftest import run_jobs
from tests.calendar.test_scheduling import answer_of, people
from tests.wire.ical.texts import ms, text


@pytest.fixture(autouse=True)
def today():
    with clock.frozen(ms(2026)):
        yield


@pytest.fixture
async def salle(person, bob, desk):
    """A room about which bob decides."""
    room = await person("salle", kind="resource")
    root = await person("root", administrator=True)
    told = await root("Calendar/resources", resourceId=room.account, approvers=[bob.account])
    assert told["list"] == [
        {
            "id": room.account,
            "name": "salle",
            "calendarAddress": "mailto:salle@example.org",
            "approvers": [bob.account],
        }
    ]
    return room


async def ask(ann, context, **more) -> str:
    number = await ann.make(title="Plan", participants=people("salle"), tell=True, **more)
    await run_jobs(context)
    return number


async def waiting(who) -> list[dict]:
    return (await who("Calendar/requests"))["list"]


async def test_a_request_is_approved(ann, bob, salle, context, desk) -> None:
    number = await ask(ann, context)
    assert answer_of(await ann.event(number), "salle") == "tentative"
    (request,) = await waiting(bob)
    assert (request["title"], request["resource"]["name"]) == ("Plan", "salle")
    assert (request["utcStart"], request["organizer"]["calendarAddress"]) == (
        "2026-01-05T10:00:00Z",
        "mailto:ann@example.org",
    )
    assert await waiting(ann) == [] and await waiting(salle) == []
    (letter,) = desk.letters
    assert letter.to == ("bob@example.org",) and letter.method == "REQUEST" and "Plan" in letter.subject
    for who in (ann, salle):
        refused = await who("Calendar/decide", requestId=request["id"], approve=True)
        assert refused["error"] == "notFound"
    assert "error" not in await bob("Calendar/decide", requestId=request["id"], approve=True)
    await run_jobs(context)
    assert answer_of(await ann.event(number), "salle") == "accepted" and await waiting(bob) == []
    assert (await bob("Calendar/decide", requestId=request["id"], approve=False))["error"] == "notFound"


async def test_a_request_is_refused_with_a_word(ann, bob, salle, context) -> None:
    number = await ask(ann, context)
    (request,) = await waiting(bob)
    await bob("Calendar/decide", requestId=request["id"], approve=False, comment="Painters")
    await run_jobs(context)
    assert answer_of(await ann.event(number), "salle") == "declined"
    notices = (await ann("CalendarEventNotification/get", ids=None))["list"]
    assert "Painters" in [each["comment"] for each in notices]


async def test_what_is_taken_meanwhile_is_not_approved(ann, bob, salle, context) -> None:
    await ask(ann, context)
    second = await ask(ann, context, start="2026-01-05T10:30:00")
    first_request, second_request = await waiting(bob)
    await bob("Calendar/decide", requestId=first_request["id"], approve=True)
    assert (await bob("Calendar/decide", requestId=second_request["id"], approve=True))["error"] == "conflict"
    assert [each["id"] for each in await waiting(bob)] == [second_request["id"]]
    assert answer_of(await ann.event(second), "salle") == "tentative"
    third = await ask(ann, context, start="2026-01-05T09:30:00")
    assert answer_of(await ann.event(third), "salle") == "declined"


async def test_who_decides_needs_nobody_else(bob, salle, context) -> None:
    owner = {"calendarAddress": "mailto:bob@example.org", "roles": {"owner": True}}
    number = await bob.make(participants=people("salle") | {"o": owner}, tell=True)
    await run_jobs(context)
    assert answer_of(await bob.event(number), "salle") == "accepted" and await waiting(bob) == []


async def test_another_time_asks_again_and_a_cancelled_one_no_more(ann, bob, salle, context, desk) -> None:
    number = await ask(ann, context)
    (request,) = await waiting(bob)
    await ann.change(number, {"description": "More"}, sendSchedulingMessages=True)
    await run_jobs(context)
    assert [each["id"] for each in await waiting(bob)] == [request["id"]] and len(desk.letters) == 1
    await ann.change(number, {"start": "2026-01-06T10:00:00"}, sendSchedulingMessages=True)
    await run_jobs(context)
    (again,) = await waiting(bob)
    assert again["id"] != request["id"] and again["utcStart"] == "2026-01-06T10:00:00Z"
    assert (await bob("Calendar/decide", requestId=request["id"], approve=True))["error"] == "notFound"
    await ann("CalendarEvent/set", destroy=[number], sendSchedulingMessages=True)
    await run_jobs(context)
    assert await waiting(bob) == []


async def test_what_was_decided_stays_so_whatever_the_organizer_says(ann, bob, salle, context, desk) -> None:
    guests = people("salle")
    guests["s"]["participationStatus"] = "accepted"
    number = await ann.make(participants=guests, tell=True)
    await run_jobs(context)
    assert answer_of(await ann.event(number), "salle") == "tentative"
    await bob("Calendar/decide", requestId=(await waiting(bob))[0]["id"], approve=False)
    await run_jobs(context)
    await ann.change(number, {"description": "Please"}, sendSchedulingMessages=True)
    await run_jobs(context)
    assert answer_of(await ann.event(number), "salle") == "declined"
    assert await waiting(bob) == [] and len(desk.letters) == 1


async def mailed(context, room, salle, desk, answer: bytes, author: str, *, authentic: bool = True) -> None:
    desk.mail = CalendarMail(author, authentic, (answer,))
    body = {"email": 1}
    event = Event(xid=1, position=1, account_id=salle.principal.id, kind=CALENDAR_MAIL, time_ms=0, body=body)
    await room.followers[delivery.FOLLOWER]([event])


def reply(letter, word: str, who: str = "bob") -> bytes:
    """What any program answers to a letter."""
    asked = ical.read(letter.calendar).components[-1]
    kept = [f"{name}:{asked.value(name)}" for name in ("UID", "ORGANIZER", "DTSTART")]
    said = ["DTSTAMP:20260101T000000Z", f"ATTENDEE;PARTSTAT={word}:mailto:{who}@example.org"]
    return text("METHOD:REPLY", "BEGIN:VEVENT", *kept, *said, "END:VEVENT")


async def test_a_letter_is_answered(ann, bob, salle, context, room, desk) -> None:
    number = await ask(ann, context)
    (letter,) = desk.letters
    await mailed(context, room, salle, desk, reply(letter, "ACCEPTED", "ann"), "ann@example.org")
    await mailed(context, room, salle, desk, reply(letter, "ACCEPTED"), "bob@example.org", authentic=False)
    await mailed(context, room, salle, desk, reply(letter, "ACCEPTED"), "ann@example.org")
    await mailed(context, room, salle, desk, reply(letter, "TENTATIVE"), "bob@example.org")
    await run_jobs(context)
    assert answer_of(await ann.event(number), "salle") == "tentative"
    await mailed(context, room, salle, desk, reply(letter, "ACCEPTED"), "bob@example.org")
    await run_jobs(context)
    assert answer_of(await ann.event(number), "salle") == "accepted"
    await mailed(context, room, salle, desk, reply(letter, "DECLINED"), "bob@example.org")
    await run_jobs(context)
    assert answer_of(await ann.event(number), "salle") == "accepted"  # the first answer has decided


async def test_the_question_kept_as_an_event_is_answered_there(ann, bob, salle, context, desk) -> None:
    number = await ask(ann, context)
    asked = ical.read(desk.letters[0].calendar).components[-1]
    guests = {
        "o": {"calendarAddress": "mailto:salle@example.org", "roles": {"owner": True}},
        "b": {
            "calendarAddress": "mailto:bob@example.org",
            "roles": {"attendee": True},
            "participationStatus": "declined",
        },
    }
    await bob.make(
        uid=asked.value("UID"), participants=guests, organizerCalendarAddress="mailto:salle@example.org", tell=True
    )
    await run_jobs(context)
    assert answer_of(await ann.event(number), "salle") == "declined"


async def test_a_group_decides_as_long_as_one_is_in_it(ann, bob, salle, person, context) -> None:
    group = await context.store.write(lambda unit: directory.create(unit, "group", "Concierges"))
    await context.store.write(lambda unit: approval.choose(unit, salle.principal.id, [group]))
    number = await ask(ann, context)
    assert answer_of(await ann.event(number), "salle") == "tentative" and await waiting(bob) == []
    await context.store.write(lambda unit: directory.join(unit, group, bob.principal.id))
    (request,) = await waiting(bob)
    await context.store.write(lambda unit: directory.leave(unit, group, bob.principal.id))
    assert await waiting(bob) == []
    assert (await bob("Calendar/decide", requestId=request["id"], approve=True))["error"] == "notFound"


async def test_only_an_administrator_says_who_decides(ann, bob, salle, person) -> None:
    assert (await ann("Calendar/resources", resourceId=salle.account, approvers=[]))["error"] == "forbidden"
    root = await person("root2", administrator=True)
    for resource, approvers in ((bob, [ann.account]), (salle, [salle.account]), (salle, [ids.text(5)])):
        answer = await root("Calendar/resources", resourceId=resource.account, approvers=approvers)
        assert answer["error"] == "invalidArguments"


async def test_the_command_line_says_who_decides(ann, bob, salle, context, capsys) -> None:
    async def run(**given) -> str:
        args = argparse.Namespace(address="salle@example.org", **({"add": [], "remove": []} | given))
        await account._approvers(args, SimpleNamespace(context=context, features=()))
        return capsys.readouterr().out

    assert await run() == "salle: bob\n"
    assert await run(add=["ann@example.org"], remove=["bob@example.org"]) == "salle: ann\n"
    assert "answers by itself" in await run(remove=["ann@example.org"])


async def test_what_waits_is_one_statement(ann, bob, salle, context) -> None:
    for hour in (9, 11, 13):
        await ask(ann, context, start=f"2026-01-05T{hour:02}:00:00")
    with counting() as count:
        assert len(await approval.waiting(context.store.db, bob.principal)) == 3
    assert len(count) == 1
