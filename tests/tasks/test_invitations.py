"""Tasks that somebody is asked to do: between people of the server and by mail. RFC 5546 §3.4, RFC 6638 §3.2"""

import msgspec
import pytest

from parvis import calendar as calendar_room
from parvis.access import directory, passwords
from parvis.calendar import delivery
from parvis.kernel.events import Event
from parvis.serve.doors import Doors
from parvis.serve.jmap.core import feature as core
from parvis.serve.jmap.engine import Engine
from parvis.serve.newcomers import Newcomers
from parvis.serve.post import CALENDAR_MAIL, SETTLED, CalendarMail
from parvis.serve.scheduling import MESSAGES
from parvis.store.sql.contract import counting
from parvis.wire.ical import calendar as ical
from tests.tasks.conftest import SECRET, Client, Dav
from tests.tasks.test_dav import todo
from tests.tasks.test_jmap import share
from tests.wire.ical.texts import event, text

ANN, BOB, ZOE = "mailto:ann@example.org", "mailto:bob@example.org", "mailto:zoe@elsewhere.example"


@pytest.fixture
def rooms() -> list[str]:
    return ["store", "access", "search", "serve", "calendar", "tasks"]


@pytest.fixture
def calendars(context, tasks):
    """The calendar, which carries the messages."""
    made = calendar_room.feature(context)
    context.offer(Newcomers([made, tasks]))
    for kind, handler in made.jobs.items():
        context.store.jobs.handle(kind, handler)
    return made


@pytest.fixture
async def engine(context, tasks, calendars) -> Engine:
    return Engine(context, [core(context), tasks, calendars])


@pytest.fixture
def open_client(engine, context):
    async def open_(name: str, **extra) -> Client:
        newcomers = context.need(Newcomers)
        number = await context.store.write(
            lambda unit: newcomers.create(unit, "person", name.title(), f"{name}@example.org", **extra)
        )
        return Client(engine, await directory.by_id(context.store.db, number))

    return open_


@pytest.fixture
def carry(context, calendars):
    """`await carry()`: what was sent arrives, and what is sent for it."""
    heard = [0]

    async def work() -> None:
        while rows := await context.store.db.rows(
            "SELECT xid, position, account_id, kind, time_ms, body FROM outbox WHERE kind = ? AND position > ? ORDER BY 2",
            MESSAGES,
            heard[0],
        ):
            for *row, body in rows:
                names = ("xid", "position", "account_id", "kind", "time_ms")
                told = Event(**dict(zip(names, row, strict=True)), body=msgspec.json.decode(body))
                await calendars.followers[delivery.FOLLOWER]([told])
                heard[0] = told.position
            while await context.store.jobs.claim_due():
                await context.store.jobs.idle()

    return work


@pytest.fixture
def mailed(calendars, desk):
    """`await mailed(ann, author, lines...)`: a letter with a task in it."""

    async def work(who: Client, author: str, *lines: str) -> None:
        desk.mail = CalendarMail(author, True, (text(*lines),))
        told = Event(
            xid=1, position=1, account_id=who.principal.id, kind=CALENDAR_MAIL, time_ms=0, body={"email": 1}
        )
        await calendars.followers[delivery.FOLLOWER]([told])

    return work


async def only(who: Client) -> dict:
    """The one task that somebody has."""
    (number,) = (await who("Task/query"))["ids"]
    return await who.task(number)


def person(task: dict, address: str) -> dict:
    return next(each for each in task["participants"].values() if each["calendarAddress"] == address)


async def test_a_task_is_given_to_somebody_and_done(ann, bob, carry, desk) -> None:
    """RFC 5546 §3.4.2, §3.4.3"""
    number = await ann.add(
        "Paint", due="2030-01-01T10:00:00", timeZone="Europe/Paris", assigneeIds={bob.account: True}
    )
    assert person(await ann.task(number), BOB)["scheduleStatus"] == ["1.0"]
    await carry()
    assert person(await ann.task(number), BOB)["scheduleStatus"] == ["1.2"]
    theirs = await only(bob)
    assert (theirs["title"], theirs["due"], theirs["timeZone"]) == ("Paint", "2030-01-01T10:00:00", "Europe/Paris")
    assert theirs["organizerCalendarAddress"] == ANN and theirs["taskListId"] == await bob.first()
    (told,) = (await bob("TaskNotification/get"))["list"]
    assert (told["type"], told["changedBy"]["name"]) == ("created", "Ann")
    done = await bob.change(theirs["id"], progress="in-process", percentComplete=40)
    assert theirs["id"] in done["updated"]
    await carry()
    now = await ann.task(number)
    assert (now["progress"], now["percentComplete"]) == ("in-process", 40)
    assert (person(now, BOB)["participationStatus"], person(now, BOB)["progress"]) == ("accepted", "in-process")
    await bob.change(theirs["id"], progress="completed")
    await carry()
    now = await ann.task(number)
    assert (now["progress"], now["percentComplete"], person(now, BOB)["progress"]) == (
        "completed",
        100,
        "completed",
    )
    assert now["progressUpdated"] == (await only(bob))["progressUpdated"]
    assert [each["type"] for each in (await ann("TaskNotification/get"))["list"]] == ["updated"] * 2
    assert desk.letters == []


async def test_who_sees_the_list_is_sent_nothing(ann, bob, carry) -> None:
    await share(ann, await ann.first(), bob, {"mayReadItems": True, "mayRSVP": True})
    number = await ann.add("Paint", assigneeIds={bob.account: True})
    await carry()
    assert (await bob("Task/query"))["ids"] == []
    assert "organizerCalendarAddress" not in await ann.task(number)


async def test_what_is_changed_and_called_off_is_told_and_what_is_ones_own_stays(ann, bob, carry) -> None:
    """RFC 5546 §3.4.2.1, §3.4.5"""
    number = await ann.add("Paint", due="2030-01-01T10:00:00", assigneeIds={bob.account: True}, description="Blue")
    await carry()
    theirs = (await only(bob))["id"]
    await ann.change(number, comments={"a": {"@type": "Comment", "message": "Ours alone"}})
    note = {"c": {"@type": "Comment", "message": "Which blue?"}}
    await bob.change(theirs, comments=note, workflowStatus="pending", priority=3)
    await carry()
    assert list((await ann.task(number))["comments"]) == ["a"]
    await ann.change(number, due="2030-02-01T10:00:00")
    await carry()
    now = await only(bob)
    assert "Ours alone" not in str(now)
    assert now["due"] == "2030-02-01T10:00:00" and now["comments"]["c"]["message"] == "Which blue?"
    await bob.change(theirs, progress="in-process")
    await carry()
    await ann.change(number, description="Red", progress=None)
    await carry()
    now = await only(bob)
    assert now["description"] == "Red"
    refused = await bob.change(theirs, title="Mine")
    assert refused["notUpdated"][theirs]["type"] == "forbidden"
    assert (await ann("Task/set", destroy=[number]))["destroyed"] == [number]
    await carry()
    assert (await only(bob))["progress"] == "cancelled"
    assert (await bob("Task/set", destroy=[theirs]))["destroyed"] == [theirs]
    await carry()
    assert (await ann("Task/query"))["ids"] == []


async def test_with_a_list_what_is_still_to_be_done_is_called_off_or_declined(ann, bob, carry) -> None:
    """RFC 5546 §3.4.3, §3.4.5"""
    house, mine = [
        (await who("TaskList/set", create={"l": {"name": "House"}}))["created"]["l"]["id"] for who in (ann, bob)
    ]
    for title in ("Paint", "Sweep"):
        await ann.add(title, house, assigneeIds={bob.account: True})
    kept = await ann.add("Wash", assigneeIds={bob.account: True})
    await carry()
    theirs = {each["title"]: each["id"] for each in (await bob("Task/get"))["list"]}
    await bob.change(theirs["Sweep"], progress="completed")
    await bob.change(theirs["Wash"], taskListId=mine)
    await carry()
    for who, number in ((ann, house), (bob, mine)):
        done = await who("TaskList/set", destroy=[number], onDestroyRemoveTasks=True)
        assert done["destroyed"] == [number]
    await carry()
    assert {each["title"]: each["progress"] for each in (await bob("Task/get"))["list"]} == {
        "Paint": "cancelled",
        "Sweep": "completed",
    }
    assert person(await ann.task(kept), BOB)["participationStatus"] == "declined"


async def test_who_does_not_want_it_declines(ann, bob, carry) -> None:
    number = await ann.add("Paint", assigneeIds={bob.account: True})
    await carry()
    await bob("Task/set", destroy=[(await only(bob))["id"]])
    await carry()
    assert person(await ann.task(number), BOB)["participationStatus"] == "declined"


async def test_what_several_are_to_do_is_done_when_each_has(ann, bob, open_client, carry) -> None:
    cid = await open_client("cid")
    number = await ann.add("Paint", assigneeIds={bob.account: True, cid.account: True})
    await carry()
    await bob.change((await only(bob))["id"], progress="completed")
    await carry()
    assert (await ann.task(number))["progress"] == "in-process"
    await ann.change(number, description="Red")
    await carry()
    assert (await only(bob))["progress"] == "completed" and (await only(cid))["progress"] == "needs-action"
    await cid.change((await only(cid))["id"], progress="completed")
    await carry()
    assert (await ann.task(number))["progress"] == "completed"


async def test_what_recurs_goes_on_when_a_time_of_it_was_done(ann, bob, carry) -> None:
    rule = {"@type": "RecurrenceRule", "frequency": "weekly"}
    number = await ann.add(
        "Water", start="2030-01-01T10:00:00", recurrenceRule=rule, assigneeIds={bob.account: True}
    )
    await carry()
    theirs = (await only(bob))["id"]
    await bob.change(theirs, progress="completed")
    await carry()
    now = await ann.task(number)
    assert now["start"] == "2030-01-08T10:00:00" and now.get("progress") in (None, "needs-action")
    record = [await ann.task(each) for each in (await ann("Task/query"))["ids"] if each != number]
    assert [each["progress"] for each in record] == ["completed"]
    again = await bob.task(theirs)
    assert again["start"] == "2030-01-08T10:00:00" and again.get("progress") in (None, "needs-action")
    assert (await bob("Task/query"))["ids"] == [theirs]


async def test_by_mail_with_somebody_elsewhere(open_client, carry, desk, mailed, calendars) -> None:
    """RFC 6047 §2.4, RFC 5546 §3.4.3"""
    ann = await open_client("ann", language="fr")
    people = {"z": {"@type": "Participant", "calendarAddress": ZOE, "roles": {"attendee": True}}}
    number = await ann.add("Peindre", due="2030-01-01T10:00:00", participants=people, organizerCalendarAddress=ANN)
    await carry()
    (letter,) = desk.letters
    assert (letter.to, letter.method) == (("zoe@elsewhere.example",), "REQUEST")
    assert letter.subject == "Tâche\xa0: Peindre"
    assert "Échéance\xa0: " in letter.text and "janvier 2030" in letter.text
    sent = ical.read(letter.calendar)
    assert sent.value("METHOD") == "REQUEST" and sent.components[-1].name == "VTODO"
    uid = sent.components[-1].value("UID")
    body = {"letter": 1, "address": "", "fate": "relayed", "status": "2.0.0"}
    settled = Event(xid=1, position=1, account_id=ann.principal.id, kind=SETTLED, time_ms=0, body=body)
    await calendars.followers[delivery.FOLLOWER]([settled])
    assert person(await ann.task(number), ZOE)["scheduleStatus"] == ["1.1"]
    said = [
        "ORGANIZER:" + ANN,
        "ATTENDEE;CN=Zoé;PARTSTAT=IN-PROCESS:" + ZOE,
        "STATUS:IN-PROCESS",
        "PERCENT-COMPLETE:60",
    ]
    reply = ["METHOD:REPLY", *event(*said, kind="VTODO", uid=uid)]
    await mailed(ann, "mallory@elsewhere.example", *reply)
    crasher = [each.replace("zoe", "mallory") for each in reply]
    await mailed(ann, "mallory@elsewhere.example", *crasher)
    now = await ann.task(number)
    assert now.get("percentComplete") is None and "mallory" not in str(now)
    await mailed(ann, "zoe@elsewhere.example", *reply)
    now = await ann.task(number)
    assert (now["progress"], now["percentComplete"], person(now, ZOE)["progress"]) == (
        "in-process",
        60,
        "in-process",
    )
    (told,) = (await ann("TaskNotification/get"))["list"]
    assert (told["type"], told["changedBy"]["uri"], told["changedBy"]["name"]) == ("updated", ZOE, "Zoé")


async def test_somebody_elsewhere_asks(ann, carry, desk, mailed) -> None:
    """RFC 5546 §3.4.2, §3.4.5, RFC 6047 §3"""
    given = ["ORGANIZER:" + ZOE, "ATTENDEE;RSVP=TRUE:" + ANN, "DUE;VALUE=DATE:20300102", "SUMMARY:Report"]
    hidden = "JSPROP;JSPTR=isDraft:true"
    await mailed(ann, "zoe@elsewhere.example", "METHOD:REQUEST", *event(*given, hidden, kind="VTODO"))
    task = await only(ann)
    assert (task["title"], task["due"], task["isDraft"]) == ("Report", "2030-01-02T00:00:00", False)
    await ann.change(task["id"], progress="completed")
    await carry()
    (letter,) = desk.letters
    reply = ical.read(letter.calendar).components[-1]
    assert (letter.method, letter.subject) == ("REPLY", "Done: Report")
    assert (reply.value("STATUS"), reply.value("PERCENT-COMPLETE")) == ("COMPLETED", "100")
    assert reply.value("COMPLETED") and "PARTSTAT=COMPLETED" in letter.calendar.decode().replace("\r\n ", "")
    await mailed(ann, "zoe@elsewhere.example", "METHOD:CANCEL", *event(*given, "SEQUENCE:1", kind="VTODO"))
    assert (await only(ann))["progress"] == "cancelled"
    broken = event("ORGANIZER:" + ZOE, "DUE:never", uid="two", kind="VTODO")
    await mailed(ann, "zoe@elsewhere.example", "METHOD:REQUEST", *broken)
    assert len((await ann("Task/query"))["ids"]) == 1


async def test_what_it_costs(ann, open_client) -> None:
    people = [(await open_client(name)).account for name in ("bob", "cid", "dan", "eve", "fay")]
    costs = list[int]()
    for many in (1, 1, 5):  # the first has to find out what the others know
        with counting() as count:
            await ann.add("Paint", assigneeIds=dict.fromkeys(people[:many], True))
        costs.append(len(count))
    assert costs[2] == costs[1] <= 40


async def test_over_caldav(context, tasks, calendars, engine, open_client, carry, settings, tmp_path) -> None:
    """RFC 6638 §3.2.1, §3.2.2.1, §8.1"""
    settings.ports.http = 0
    doors = Doors(context, [core(context), tasks, calendars], tmp_path / "web")
    await doors.start()
    peers = []
    for name in ("ann", "bob"):
        client = await open_client(name)
        await passwords.change(context.store, client.principal.id, SECRET)
        peers.append(Dav(context.public_url, client))
    ann, bob = peers
    try:
        path = ann.home + "tasks/a.ics"
        made = await ann.ask("PUT", path, todo("a@x", f"ORGANIZER:{ANN}", f"ATTENDEE:{BOB}", name="Milk"))
        assert made.status_code == 201 and "etag" not in made.headers  # it is not kept as it came
        assert "SCHEDULE-STATUS=1.0" in (await ann.get(path)).text.replace("\r\n ", "")
        await carry()
        (number,) = (await bob.jmap("Task/query"))["ids"]
        theirs = f"{bob.home}tasks/{number}.ics"
        kept = (await bob.get(theirs)).text
        assert "SUMMARY:Milk" in kept and "X-THEIRS" in kept and "METHOD" not in kept
        listed = await bob.ask("PROPFIND", f"{bob.home}inbox/", Depth="1")
        assert listed.text.count(".ics</") == 1
        for other in (kept.replace("Milk", "Tea"), kept.replace("ORGANIZER", f"ORGANIZER:{BOB}\r\nX-OLD", 1)):
            refused = await bob.ask("PUT", theirs, other)
            assert refused.status_code == 403 and "allowed-attendee-scheduling-object-change" in refused.text
        done = kept.replace("END:VTODO", "STATUS:COMPLETED\r\nCOMPLETED:20260102T030000Z\r\nEND:VTODO")
        assert (await bob.ask("PUT", theirs, done)).status_code == 204
        await carry()
        seen = (await ann.get(path)).text.replace("\r\n ", "")
        assert "STATUS:COMPLETED" in seen and "COMPLETED:20260102T030000Z" in seen and "PARTSTAT=COMPLETED" in seen
        assert (await bob.ask("DELETE", theirs, Schedule_Reply="F")).status_code == 204
        await carry()
        assert "DECLINED" not in (await ann.get(path)).text
    finally:
        for each in peers:
            await each.aclose()
        await doors.stop()
