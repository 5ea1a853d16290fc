"""What RFC 4791 and RFC 6638 ask of a server of calendars, where programs seldom look."""

import pytest

from tests.calendar.conftest import run_jobs
from tests.calendar.dav.test_events import C, meeting, names, put, query
from tests.wire.ical.texts import event, text

NS = f'xmlns:D="DAV:" xmlns:C="{C}"'
ZONE = text(
    *("BEGIN:VTIMEZONE", "TZID:Etc/GMT-9", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0900"),
    *("TZOFFSETTO:+0900", "END:STANDARD", "END:VTIMEZONE"),
).decode()
TO_BOB = ("ORGANIZER:mailto:ann@example.org", "ATTENDEE:mailto:ann@example.org", "ATTENDEE:mailto:bob@example.org")


@pytest.fixture
async def store(store_sqlite):
    return store_sqlite


async def told(who, path: str, name: str) -> str:
    body = f"<D:propfind {NS}><D:prop><C:{name}/></D:prop></D:propfind>"
    answer = await who.ask("PROPFIND", path, body, depth="0")
    return answer.text.partition(f"<C:{name}")[2].partition(f"</C:{name}>")[0] if " 200 " in answer.text else ""


async def test_a_calendar_tells_its_limits(ann) -> None:
    """RFC 4791 §5.2.4, §5.2.5, §5.2.9, RFC 6638 §11.1"""
    assert 'content-type="text/calendar"' in await told(ann, ann.calendar, "supported-calendar-data")
    most = int((await told(ann, ann.calendar, "max-resource-size")).strip("<>"))
    answer = await put(ann, "a.ics", meeting("DESCRIPTION:" + "x" * most))
    assert answer.status_code == 403 and "max-resource-size" in answer.text
    guests = int((await told(ann, ann.calendar, "max-attendees-per-instance")).strip("<>"))
    answer = await put(ann, "a.ics", meeting(*["ATTENDEE:mailto:x@example.org"] * (guests + 1)))
    assert answer.status_code == 403 and "max-attendees-per-instance" in answer.text


async def test_times_and_instances_have_no_limit_that_is_told(ann) -> None:
    """RFC 4791 §5.2.6, §5.2.7, §5.2.8: what is not told is not bounded there."""
    for name in ("min-date-time", "max-date-time", "max-instances"):
        assert await told(ann, ann.calendar, name) == ""
    for name, start in (("a.ics", "16010101T000000Z"), ("b.ics", "99991230T000000Z")):
        assert (await put(ann, name, meeting(uid=name, start=start))).status_code == 201
        day = f'<C:time-range start="{start[:8]}T000000Z" end="{start[:8]}T230000Z"/>'
        assert names(await ann.ask("REPORT", ann.calendar, query(day), depth="1")) == [name]
    assert (await put(ann, "c.ics", meeting("RRULE:FREQ=DAILY", uid="c"))).status_code == 201
    day = '<C:time-range start="22260105T000000Z" end="22260106T000000Z"/>'
    assert names(await ann.ask("REPORT", ann.calendar, query(day), depth="1")) == ["c.ics"]


async def test_an_invitation_that_is_moved_or_copied_is_not_sent_again(ann, bob, context) -> None:
    """RFC 6638 §3.2.3.3, §3.2.3.4"""
    other = f"{ann.home}other/"
    assert (await ann.ask("MKCALENDAR", other)).status_code == 201
    await put(ann, "a.ics", meeting(*TO_BOB))
    await run_jobs(context)
    inbox = f"{bob.home}inbox/"
    came = len(names(await bob.ask("PROPFIND", inbox, depth="1")))
    copied = await ann.ask("COPY", f"{ann.calendar}a.ics", destination=f"{other}b.ics")
    assert copied.status_code == 409 and "unique-scheduling-object-resource" in copied.text
    moved = await ann.ask("MOVE", f"{ann.calendar}a.ics", destination=f"{other}a.ics")
    assert moved.status_code == 201
    await run_jobs(context)
    assert len(names(await bob.ask("PROPFIND", inbox, depth="1"))) == came
    (name,) = [each for each in names(await bob.ask("PROPFIND", bob.calendar, depth="1")) if each]
    assert "CANCELLED" not in (await bob.get(bob.calendar + name)).text
    assert (await ann.delete(f"{other}a.ics")).status_code == 204
    await run_jobs(context)
    assert "STATUS:CANCELLED" in (await bob.get(bob.calendar + name)).text


async def test_collections_are_made_in_the_home_and_nowhere_else(ann) -> None:
    """RFC 4791 §4.2, §5.3.1, §5.3.1.1"""
    answer = await ann.ask("MKCALENDAR", f"{ann.calendar}inside/")
    assert answer.status_code == 403 and "calendar-collection-location-ok" in answer.text
    answer = await ann.ask("MKCALENDAR", ann.calendar)
    assert answer.status_code == 403 and "resource-must-be-null" in answer.text
    wrong = f"<C:mkcalendar {NS}><D:set><D:prop><C:calendar-timezone>none</C:calendar-timezone></D:prop></D:set></C:mkcalendar>"
    answer = await ann.ask("MKCALENDAR", f"{ann.home}new/", wrong)
    assert answer.status_code in (207, 403) and "valid-calendar-data" in answer.text
    assert (await ann.ask("PROPFIND", f"{ann.home}new/", depth="0")).status_code == 404


async def test_floating_times_are_in_the_zone_that_is_said(ann) -> None:
    """RFC 4791 §5.2.2, §9.8"""
    await put(ann, "a.ics", text(*event("DTSTART:20260105T100000", "DURATION:PT1H")))
    there, elsewhere = (
        '<C:time-range start="20260105T{}0000Z" end="20260105T{}0000Z"/>'.format(*each)
        for each in (("01", "02"), ("10", "11"))
    )
    zone = f"<C:timezone>{ZONE}</C:timezone></C:calendar-query>"
    for window, found in ((there, ["a.ics"]), (elsewhere, [])):
        body = query(window).replace("</C:calendar-query>", zone)
        assert names(await ann.ask("REPORT", ann.calendar, body, depth="1")) == found
    patch = f"<D:propertyupdate {NS}><D:set><D:prop><C:calendar-timezone>{ZONE}</C:calendar-timezone></D:prop></D:set></D:propertyupdate>"
    assert " 200 " in (await ann.ask("PROPPATCH", ann.calendar, patch)).text
    assert names(await ann.ask("REPORT", ann.calendar, query(there), depth="1")) == ["a.ics"]
    wrong = patch.replace(ZONE, "BEGIN:NOTHING")
    assert "valid-calendar-data" in (await ann.ask("PROPPATCH", ann.calendar, wrong)).text


async def test_an_attendee_takes_an_event_away_with_or_without_a_word(ann, bob, context) -> None:
    """RFC 6638 §3.2.1.1, §3.2.2.3, §3.2.3.1, §3.2.3.2, §8.1"""
    for number, said in enumerate(("F", "T")):
        await put(ann, f"{number}.ics", meeting(*TO_BOB, uid=f"u{number}"))
        await run_jobs(context)
        (name,) = [each for each in names(await bob.ask("PROPFIND", bob.calendar, depth="1")) if each]
        assert (await bob.ask("DELETE", bob.calendar + name, schedule_reply=said)).status_code == 204
        await run_jobs(context)
        kept = (await ann.get(f"{ann.calendar}{number}.ics")).text.replace("\r\n ", "")
        assert ("PARTSTAT=DECLINED" in kept) == (said == "T")


async def test_a_calendar_is_deleted_with_or_without_a_word_of_what_is_still_to_come(ann, bob, context) -> None:
    """RFC 6638 §3.2.3.2, §8.1"""
    for number, said in enumerate(("F", "T")):
        work = [f"{who.home}work{number}/" for who in (ann, bob)]
        for who, path in zip((ann, bob), work, strict=True):
            assert (await who.ask("MKCALENDAR", path)).status_code == 201
        content = meeting(*TO_BOB, uid=f"u{number}", start="20990105T100000Z")
        mine = f"{work[0]}a.ics"
        assert (await ann.ask("PUT", mine, content, content_type="text/calendar")).status_code == 201
        await run_jobs(context)
        (name,) = [each for each in names(await bob.ask("PROPFIND", bob.calendar, depth="1")) if each]
        moved = await bob.ask("MOVE", bob.calendar + name, destination=f"{work[1]}{name}")
        assert moved.status_code == 201, moved.text
        assert (await bob.ask("DELETE", work[1], schedule_reply=said)).status_code == 204
        await run_jobs(context)
        kept = (await ann.get(mine)).text.replace("\r\n ", "")
        assert ("PARTSTAT=DECLINED" in kept) == (said == "T")
        assert (await ann.delete(work[0])).status_code == 204
        sent = await context.store.db.rows("SELECT method FROM calendar_message")
        assert sent == [("CANCEL",)]
        await run_jobs(context)


async def test_what_the_organizer_changes_and_removes_reaches_the_others(ann, bob, context) -> None:
    """RFC 6638 §3.2.1.2, §3.2.1.3, §3.2.5, §3.2.8"""
    await put(ann, "a.ics", meeting(*TO_BOB))
    await run_jobs(context)
    (name,) = [each for each in names(await bob.ask("PROPFIND", bob.calendar, depth="1")) if each]
    theirs = await bob.get(bob.calendar + name)
    accepted = theirs.content.replace(b"ATTENDEE:mailto:bob", b"ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob")
    assert (await put(bob, name, accepted)).status_code == 204
    await run_jobs(context)
    moved = meeting(*TO_BOB, start="20260106T100000Z")
    assert (await put(ann, "a.ics", moved)).status_code == 204
    await run_jobs(context)
    now = (await bob.get(bob.calendar + name)).text.replace("\r\n ", "")
    assert "DTSTART:20260106T100000Z" in now and "SEQUENCE:1" in now and "PARTSTAT=ACCEPTED:mailto:bob" not in now
    await ann.delete(f"{ann.calendar}a.ics")
    await run_jobs(context)
    assert "STATUS:CANCELLED" in (await bob.get(bob.calendar + name)).text


async def test_who_may_not_see_a_calendar_is_told_nothing(ann, bob) -> None:
    """RFC 4791 §11, RFC 6638 §11.2, §11.3"""
    await put(ann, "a.ics", meeting())
    busy = f'<C:free-busy-query {NS}><C:time-range start="20260105T000000Z" end="20260106T000000Z"/></C:free-busy-query>'
    for method, path, body in (
        ("GET", f"{ann.calendar}a.ics", None),
        ("REPORT", ann.calendar, busy),
        ("PROPFIND", ann.calendar, None),
        ("POST", f"{ann.home}outbox/", busy),
    ):
        assert (await bob.ask(method, path, body)).status_code in (403, 404, 405)
