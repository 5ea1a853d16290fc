"""The scheduling inbox of CalDAV, by real requests."""

from parvis.calendar import inbox
from parvis.kernel import ids
from parvis.wire.ical import calendar as ical
from parvis.wire.ical import itip
from tests.calendar.conftest import run_jobs
from tests.calendar.dav.test_events import meeting, names, put
from tests.wire.ical.texts import event, text

SYNC = (
    '<D:sync-collection xmlns:D="DAV:"><D:sync-token>{}</D:sync-token><D:sync-level>1</D:sync-level>'
    "<D:prop><D:getetag/></D:prop></D:sync-collection>"
)
QUERY = (
    '<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/></D:prop>'
    '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="{}"/></C:comp-filter></C:filter>'
    "</C:calendar-query>"
)


async def test_what_came_is_in_the_inbox_until_it_is_taken_away(ann, bob, context) -> None:
    """RFC 6638 §2.2, §4.1; RFC 6578 §3.2"""
    box = bob.home + "inbox/"

    async def step(token: str = "") -> tuple[str, str]:
        answer = await bob.ask("REPORT", box, SYNC.format(token))
        assert answer.status_code == 207, answer.text
        return answer.text, answer.text.partition("<D:sync-token>")[2].partition("</D:sync-token>")[0]

    _, before = await step()
    guests = ["ORGANIZER:mailto:ann@example.org", "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bob@example.org"]
    await put(ann, "a.ics", meeting(*guests))
    await run_jobs(context)
    (name,) = [each for each in names(await bob.ask("PROPFIND", box, depth="1")) if each]
    shown, token = await step(before)
    assert name in shown and token != before and name in (await step())[0]
    message = await bob.get(box + name)
    assert b"METHOD:REQUEST" in message.content and b"UID:" in message.content
    found = await bob.ask("REPORT", box, QUERY.format("VEVENT"), depth="1")
    assert names(found) == [name] and names(await bob.ask("REPORT", box, QUERY.format("VTODO"), depth="1")) == []
    assert (await ann.get(box + name)).status_code == 404
    assert (await bob.ask("MOVE", box + name, destination=bob.calendar + "mine.ics")).status_code == 403
    assert (await bob.ask("PUT", box + "own.ics", message.content, content_type="text/calendar")).status_code == 403
    theirs = next(each for each in names(await bob.ask("PROPFIND", bob.calendar, depth="1")) if each)
    event = (await bob.get(bob.calendar + theirs)).content
    accepted = event.replace(b"PARTSTAT=NEEDS-ACTION", b"PARTSTAT=ACCEPTED")
    assert (await bob.ask("PUT", bob.calendar + theirs, accepted, content_type="text/calendar")).status_code == 204
    await run_jobs(context)
    (reply,) = [each for each in names(await ann.ask("PROPFIND", ann.home + "inbox/", depth="1")) if each]
    assert b"METHOD:REPLY" in (await ann.get(f"{ann.home}inbox/{reply}")).content
    assert (await bob.ask("DELETE", box + name)).status_code == 204
    assert (await bob.get(box + name)).status_code == 404 and (
        await bob.get(bob.calendar + theirs)
    ).status_code == 200
    shown, _ = await step(token)
    assert name in shown and "404" in shown and name not in (await step())[0]


async def test_an_inbox_is_bounded(ann, store, monkeypatch) -> None:
    monkeypatch.setattr(inbox, "MOST", 3)
    monkeypatch.setattr(inbox, "_REMEMBERED", 4)
    message = itip.read(
        ical.read(
            text(
                "METHOD:REQUEST",
                *event(
                    "DTSTART:20260105T100000Z", "ORGANIZER:mailto:x@y.example", "ATTENDEE:mailto:ann@example.org"
                ),
            )
        )
    )
    number = ids.parse(ann.account)
    box = ann.home + "inbox/"
    token = ""
    for count in range(9):
        await store.write(lambda unit: inbox.deliver(unit, number, message))
        if count == 0:
            token = (
                (await ann.ask("PROPFIND", box, depth="0")).text.partition("urn:parvis:sync:")[2].partition("<")[0]
            )
    assert len([each for each in names(await ann.ask("PROPFIND", box, depth="1")) if each]) == 3
    assert await store.db.value("SELECT COUNT(*) FROM calendar_inbox WHERE gone = 1") == 4
    old = SYNC.format(f"urn:parvis:sync:{token}")
    refused = await ann.ask("REPORT", box, old)
    assert refused.status_code == 403 and "valid-sync-token" in refused.text
