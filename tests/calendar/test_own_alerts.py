"""Alerts that somebody has for themselves in an event of a shared calendar: by JMAP and CalDAV alike; they ring for
them and nobody else. draft-ietf-jmap-calendars §4.1, §6"""

import pytest

from parvis.kernel import clock
from parvis.serve.jmap.engine import Engine
from parvis.serve.jmap.push.hub import PUSHED
from parvis.store.sql.contract import counting
from tests.calendar.conftest import Client, run_jobs
from tests.wire.ical.texts import event, ms, text

RIGHTS = {"mayReadItems": True, "mayWriteAll": True, "mayUpdatePrivate": True}
EARLY = {"e": {"@type": "Alert", "trigger": {"@type": "OffsetTrigger", "offset": "-PT30M"}, "action": "email"}}
LATE = {"l": {"@type": "Alert", "trigger": {"@type": "OffsetTrigger", "offset": "-PT5M"}}}


async def shared(ann, bob, rights: dict | None = None) -> str:
    number = await ann.calendar()
    await ann("Calendar/set", update={number: {"shareWith": {bob.account: RIGHTS if rights is None else rights}}})
    return number


async def rung(context) -> list[tuple[int, str]]:
    """For whom which alert has rung."""
    found = await context.store.outbox.after(0, 0, 1000)
    return [(each.account_id, each.body["object"]["alertId"]) for each in found if each.kind == PUSHED]


async def test_alerts_ring_for_whom_they_belong_to(ann, bob, context, desk) -> None:
    with clock.frozen(ms(2026, 1, 5, 9)):
        number = await ann.make(title="Plan", alerts=LATE)
        await shared(ann, bob)
        mine = await bob.event(number, "alerts", accountId=ann.account)
        assert "alerts" not in mine
        await bob.change(number, {"alerts": EARLY}, accountId=ann.account)
        assert (await bob.event(number, "alerts", accountId=ann.account))["alerts"] == EARLY
        assert list((await ann.event(number, "alerts"))["alerts"]) == ["l"]
        await run_jobs(context)
    assert await rung(context) == []
    with clock.frozen(ms(2026, 1, 5, 9, 31)):
        await run_jobs(context)
    assert await rung(context) == [(bob.principal.id, "e")]
    assert [each.to for each in desk.letters] == [("bob@example.org",)]
    with clock.frozen(ms(2026, 1, 5, 9, 56)):
        await run_jobs(context)
    assert (await rung(context))[1:] == [(ann.principal.id, "l")]


async def test_each_instance_rings_until_the_alert_is_gone(ann, bob, context) -> None:
    with clock.frozen(ms(2026, 1, 5, 9)):
        number = await ann.make(recurrenceRule={"frequency": "daily", "count": 5})
        await shared(ann, bob)
        await bob.change(number, {"alerts": LATE}, accountId=ann.account)
    for day in (5, 6):
        with clock.frozen(ms(2026, 1, day, 9, 56)):
            await run_jobs(context)
    assert await rung(context) == [(bob.principal.id, "l")] * 2
    with clock.frozen(ms(2026, 1, 6, 12)):
        await ann.change(number, {"title": "Other"})
        await bob.change(number, {"alerts": None}, accountId=ann.account)
    with clock.frozen(ms(2026, 1, 8, 9, 56)):
        await run_jobs(context)
    assert len(await rung(context)) == 2


async def test_nothing_rings_for_who_sees_it_no_longer(ann, bob, person, context) -> None:
    cid = await person("cid")
    with clock.frozen(ms(2026, 1, 5, 9)):
        number = await ann.make()
        calendar = await ann.calendar()
        given = {each.account: RIGHTS for each in (bob, cid)}
        await ann("Calendar/set", update={calendar: {"shareWith": given}})
        for who in (bob, cid):
            await who.change(number, {"alerts": LATE}, accountId=ann.account)
        await ann("Calendar/set", update={calendar: {f"shareWith/{bob.account}": None}})
    with clock.frozen(ms(2026, 1, 5, 9, 56)):
        await run_jobs(context)
    assert await rung(context) == [(cid.principal.id, "l")]


async def test_default_alerts_are_each_persons_own(ann, bob, context) -> None:
    with clock.frozen(ms(2026, 1, 5, 9)):
        number = await ann.make(useDefaultAlerts=True)
        calendar = await shared(ann, bob)
        await bob.change(number, {"useDefaultAlerts": True}, accountId=ann.account)
        await bob("Calendar/set", accountId=ann.account, update={calendar: {"defaultAlertsWithTime": LATE}})
        await run_jobs(context)
    with clock.frozen(ms(2026, 1, 5, 9, 56)):
        await run_jobs(context)
    assert await rung(context) == [(bob.principal.id, "l")]


@pytest.fixture
async def peers(peer):
    return await peer("ann"), await peer("bob")


def meeting(*alarm: str, title: str = "Plan") -> bytes:
    lines = event("DTSTART:20260105T100000Z", "DURATION:PT1H", f"SUMMARY:{title}")
    rings = ["BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:.", *alarm, "END:VALARM"] if alarm else []
    return text(*lines[:-1], *rings, lines[-1])


async def put(who, path: str, data: bytes, **headers):
    return await who.ask("PUT", path, data, content_type="text/calendar", **headers)


async def test_by_caldav(peers, context) -> None:
    ann, bob = peers
    owner, other = (Client(context.need(Engine), each.person) for each in peers)
    path = ann.calendar + "a.ics"
    await put(ann, path, meeting("TRIGGER:-PT5M"))
    calendar = await shared(owner, other)
    seen = await bob.get(path)
    assert "VALARM" not in seen.text
    tag = (await ann.get(path)).headers["etag"]
    done = await put(bob, path, meeting("TRIGGER:-PT30M"), if_match=seen.headers["etag"])
    assert done.status_code == 204 and "etag" not in done.headers
    mine = await bob.get(path)
    assert "TRIGGER:-PT30M" in mine.text and mine.headers["etag"] != seen.headers["etag"]
    theirs = await ann.get(path)
    assert "TRIGGER:-PT5M" in theirs.text and "PT30M" not in theirs.text and theirs.headers["etag"] == tag
    await put(bob, path, meeting("TRIGGER:-PT30M", title="New"))
    assert "SUMMARY:New" in (theirs := (await ann.get(path)).text) and "PT5M" in theirs and "PT30M" not in theirs
    (event_,) = (await other("CalendarEvent/get", accountId=ann.account, ids=None))["list"]
    assert [each["trigger"]["offset"] for each in event_["alerts"].values()] == ["-PT30M"]
    await put(bob, path, meeting(title="New"))
    assert "VALARM" not in (await bob.get(path)).text and "PT5M" in (await ann.get(path)).text
    made = await put(bob, ann.calendar + "b.ics", meeting("TRIGGER:-PT30M").replace(b"UID:", b"UID:b"))
    assert made.status_code == 201
    assert "VALARM" not in (await ann.get(ann.calendar + "b.ics")).text
    assert "VALARM" in (await bob.get(ann.calendar + "b.ics")).text
    read = {"mayReadItems": True}
    await owner("Calendar/set", update={calendar: {"shareWith": {bob.account: read}}})
    assert (await put(bob, path, meeting("TRIGGER:-PT9M", title="New"))).status_code == 403
    await owner("Calendar/set", update={calendar: {"shareWith": {bob.account: read | {"mayUpdatePrivate": True}}}})
    assert (await put(bob, path, meeting("TRIGGER:-PT9M", title="New"))).status_code == 204
    assert (await put(bob, path, meeting("TRIGGER:-PT9M", title="Mine"))).status_code == 403
    assert "PT9M" in (await bob.get(path)).text


async def test_a_page_of_a_shared_calendar_is_one_more_statement(peers, context) -> None:
    ann, bob = peers
    owner, other = (Client(context.need(Engine), each.person) for each in peers)
    for number in range(3):
        await owner.make(title=str(number))
    await shared(owner, other)
    tree = next(each for each in context.need(Engine).features if each.name == "calendar").trees[0]
    counts = []
    for who in (ann, bob):
        node = await tree.find(context.store.db, who.person, ann.person.id, ("calendar",))
        with counting() as count:
            assert len(await tree.children(context.store.db, who.person, node, "", 100)) == 3
        counts.append(len(count))
    assert counts == [1, 2]


async def test_what_is_told_of_many_is_what_is_told_of_each(peers, context) -> None:
    ann, bob = peers
    owner, other = (Client(context.need(Engine), each.person) for each in peers)
    paths = [f"{ann.calendar}{name}.ics" for name in "abc"]
    for path in paths:
        await put(ann, path, meeting("TRIGGER:-PT5M").replace(b"UID:one", f"UID:{path}".encode()))
    await shared(owner, other)
    await put(bob, paths[1], meeting("TRIGGER:-PT30M").replace(b"UID:one", f"UID:{paths[1]}".encode()))
    every = "<getetag/><getcontenttype/><getcontentlength/><getlastmodified/><creationdate/><owner/><resourcetype/>"
    prop = f'<prop>{every}<C:schedule-tag xmlns:C="urn:ietf:params:xml:ns:caldav"/></prop>'
    asked = f'<propfind xmlns="DAV:">{prop}</propfind>'
    sync = f'<sync-collection xmlns="DAV:"><sync-token/><sync-level>1</sync-level>{prop}</sync-collection>'
    tags = []
    for who in (ann, bob):
        each = [responses(await who.ask("PROPFIND", path, asked, depth="0"))[0] for path in paths]
        many = responses(await who.ask("PROPFIND", ann.calendar, asked, depth="1"))
        assert each == many[1:] and "getetag" in each[0]
        assert sorted(responses(await who.ask("REPORT", ann.calendar, sync))) == each
        tags.append(
            [(await who.get(path)).headers["etag"] in found for path, found in zip(paths, each, strict=True)]
        )
    assert tags == [[True] * 3] * 2


async def test_what_becomes_secret_is_gone_for_others(peers, context) -> None:
    ann, bob = peers
    await put(ann, ann.calendar + "a.ics", meeting())
    await shared(*(Client(context.need(Engine), each.person) for each in peers))
    sync = '<sync-collection xmlns="DAV:"><sync-token/><sync-level>1</sync-level><prop/></sync-collection>'
    token = (await bob.ask("REPORT", ann.calendar, sync)).text.rpartition("<D:sync-token>")[2].partition("<")[0]
    await put(ann, ann.calendar + "a.ics", meeting().replace(b"SUMMARY", b"CLASS:CONFIDENTIAL\r\nSUMMARY"))
    later = sync.replace("<sync-token/>", f"<sync-token>{token}</sync-token>")
    assert " 404 " in responses(await bob.ask("REPORT", ann.calendar, later))[0]
    assert " 200 " in responses(await ann.ask("REPORT", ann.calendar, later))[0]


def responses(answer) -> list[str]:
    assert answer.status_code == 207, answer.text
    return [each.partition("</D:response>")[0] for each in answer.text.split("<D:response>")[1:]]
