"""Apple's Calendar as it asks: a new account, its calendars with all the properties it wants, events both ways,
colours and alerts, busy times, and what it writes that is Apple's own."""

from xml.etree import ElementTree

import pytest

from parvis.access.principal import Right
from tests.calendar.conftest import run_jobs
from tests.calendar.dav.test_events import meeting, put, shared
from tests.wire.ical.texts import event, text

NS = {
    "A": "DAV:",
    "B": "urn:ietf:params:xml:ns:caldav",
    "C": "http://calendarserver.org/ns/",
    "D": "http://apple.com/ns/ical/",
    "E": "http://me.com/_namespace/",
}
_AT_PRINCIPAL = (
    "B:calendar-home-set B:calendar-user-address-set A:current-user-principal A:displayname C:dropbox-home-URL"
    " C:email-address-set C:notification-URL A:principal-collection-set A:principal-URL A:resource-id"
    " B:schedule-inbox-URL B:schedule-outbox-URL A:supported-report-set"
)
_AT_HOME = (
    "A:add-member C:allowed-sharing-modes D:autoprovisioned E:bulk-requests B:calendar-alarm D:calendar-color"
    " B:calendar-description B:calendar-free-busy-set D:calendar-order B:calendar-timezone"
    " A:current-user-privilege-set B:default-alarm-vevent-date B:default-alarm-vevent-datetime A:displayname"
    " C:getctag C:invite D:language-code D:location-code A:owner C:pre-publish-url C:publish-url C:push-transports"
    " C:pushkey A:quota-available-bytes A:quota-used-bytes D:refreshrate A:resource-id A:resourcetype"
    " B:schedule-calendar-transp B:schedule-default-calendar-URL C:source C:subscribed-strip-alarms"
    " C:subscribed-strip-attachments C:subscribed-strip-todos B:supported-calendar-component-set"
    " B:supported-calendar-component-sets A:supported-report-set A:sync-token B:managed-attachments-server-URL"
)
_ZONE = (
    "BEGIN:VCALENDAR&#13;\nVERSION:2.0&#13;\nPRODID:-//Apple Inc.//Mac OS X 10.11//EN&#13;\nCALSCALE:GREGORIAN&#13;\n"
    "BEGIN:VTIMEZONE&#13;\nTZID:America/Los_Angeles&#13;\nBEGIN:DAYLIGHT&#13;\nTZOFFSETFROM:-0800&#13;\n"
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU&#13;\nDTSTART:20070311T020000&#13;\nTZNAME:PDT&#13;\nTZOFFSETTO:-0700&#13;\n"
    "END:DAYLIGHT&#13;\nBEGIN:STANDARD&#13;\nTZOFFSETFROM:-0700&#13;\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU&#13;\n"
    "DTSTART:20071104T020000&#13;\nTZNAME:PST&#13;\nTZOFFSETTO:-0800&#13;\nEND:STANDARD&#13;\nEND:VTIMEZONE&#13;\n"
    "END:VCALENDAR&#13;\n"
)
_ALARM = "BEGIN:VALARM&#13;\nUID:49F29226\\&#13;\nTRIGGER:-PT15H&#13;\nATTACH;VALUE=URI:Basso&#13;\nACTION:AUDIO&#13;\nEND:VALARM&#13;\n"


@pytest.fixture
async def store(store_sqlite):
    return store_sqlite


def full(short: str) -> str:
    space, local = short.split(":")
    return f"{{{NS[space]}}}{local}"


def elements(names: str) -> str:
    found = [each.split(":") for each in names.split()]
    return "".join(f'<{space}:{local} xmlns:{space}="{NS[space]}"/>' for space, local in found)


async def asked(who, method: str, path: str, body: str, depth: str | None = "0"):
    """By href, the properties that are there."""
    head = {"content_type": "text/xml", "brief": "t", "prefer": "return=minimal"}
    answer = await who.ask(
        method, path, f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode(), depth=depth, **head
    )
    assert answer.status_code == 207, f"{method} {path}: {answer.status_code} {answer.text}"
    found = {}
    for each in ElementTree.fromstring(answer.content).iterfind("{DAV:}response"):
        props = {}
        for stat in each.iterfind("{DAV:}propstat"):
            if " 200 " in (stat.findtext("{DAV:}status") or ""):
                props |= {one.tag: one for one in stat.find("{DAV:}prop")}
        found[each.findtext("{DAV:}href")] = props
    return found


def propfind(names: str) -> str:
    return f'<A:propfind xmlns:A="DAV:"><A:prop>{elements(names)}</A:prop></A:propfind>'


async def patch(who, path: str, inside: str) -> None:
    body = f'<A:propertyupdate xmlns:A="DAV:"><A:set><A:prop>{inside}</A:prop></A:set></A:propertyupdate>'
    answer = await who.ask("PROPPATCH", path, body.encode(), content_type="text/xml")
    assert answer.status_code == 207, answer.text
    assert "HTTP/1.1 200 OK" in answer.text and answer.text.count("<D:propstat>") == 1, answer.text


def href(props, short: str) -> str:
    return props[full(short)].findtext("{DAV:}href")


async def test_a_new_account(ann) -> None:
    """From the well-known address to the calendars. What it does not find is told as missing, never as a fault."""
    names = "A:current-user-principal A:principal-URL A:resourcetype"
    moved = await ann.ask("PROPFIND", "/.well-known/caldav", propfind(names), depth="0")
    assert moved.status_code == 301
    ((_, root),) = (await asked(ann, "PROPFIND", moved.headers["location"], propfind(names))).items()
    principal = href(root, "A:current-user-principal")
    able = await ann.ask("OPTIONS", principal)
    words = {each.strip() for each in able.headers["dav"].split(",")}
    assert {"1", "3", "access-control", "calendar-access", "calendar-auto-schedule", "extended-mkcol"} <= words
    ((_, told),) = (await asked(ann, "PROPFIND", principal, propfind(_AT_PRINCIPAL))).items()
    assert href(told, "B:calendar-home-set") == ann.home and href(told, "A:principal-URL") == principal
    addresses = [each.text for each in told[full("B:calendar-user-address-set")]]
    assert f"mailto:{ann.person.address}" in addresses
    assert told[full("C:email-address-set")].findtext(full("C:email-address")) == ann.person.address
    assert href(told, "B:schedule-inbox-URL") == ann.home + "inbox/"
    assert href(told, "B:schedule-outbox-URL") == ann.home + "outbox/"
    reports = await ann.ask(
        "REPORT", "/dav/principals/", '<A:principal-search-property-set xmlns:A="DAV:"/>', depth="0"
    )
    assert reports.status_code == 200 and "email-address-set" in reports.text


async def test_delegates_are_asked_for_by_expand_property(ann) -> None:
    inner = "".join(
        f'<A:property name="{name}" namespace="{NS[space]}"/>'
        for space, name in (("B", "calendar-user-address-set"), ("C", "email-address-set"), ("A", "displayname"))
    )
    asks = "".join(
        f'<A:property name="calendar-proxy-{kind}-for" namespace="{NS["C"]}">{inner}</A:property>'
        for kind in ("read", "write")
    )
    principal = f"/dav/principals/{ann.account}/"
    found = await asked(ann, "REPORT", principal, f'<A:expand-property xmlns:A="DAV:">{asks}</A:expand-property>')
    assert list(found) == [principal]


async def test_the_home_with_everything_it_wants_to_know(ann) -> None:
    found = await asked(ann, "PROPFIND", ann.home, propfind(_AT_HOME), depth="1")
    assert {ann.home, ann.calendar, ann.home + "inbox/", ann.home + "outbox/"} == set(found)
    calendar = found[ann.calendar]
    assert full("B:calendar") in {each.tag for each in calendar[full("A:resourcetype")]}
    assert [each.get("name") for each in calendar[full("B:supported-calendar-component-set")]] == ["VEVENT"]
    reports = {each.tag for each in calendar[full("A:supported-report-set")].iter()}
    assert {full("A:sync-collection"), full("B:calendar-multiget"), full("B:calendar-query")} <= reports
    assert calendar[full("C:getctag")].text and calendar[full("A:sync-token")].text
    rights = {each.tag for privilege in calendar[full("A:current-user-privilege-set")] for each in privilege}
    assert {full("A:read"), full("A:write"), full("A:all")} <= rights
    assert href(calendar, "A:owner") == f"/dav/principals/{ann.account}/"
    assert full("B:schedule-inbox") in {each.tag for each in found[ann.home + "inbox/"][full("A:resourcetype")]}
    assert href(found[ann.home + "inbox/"], "B:schedule-default-calendar-URL") == ann.calendar


async def test_what_it_sets_on_calendars_is_there_at_the_next_start(ann) -> None:
    await patch(
        ann,
        ann.calendar,
        f'<D:calendar-color xmlns:D="{NS["D"]}" symbolic-color="orange">#FD8208FF</D:calendar-color>',
    )
    await patch(ann, ann.calendar, f'<D:calendar-order xmlns:D="{NS["D"]}">3</D:calendar-order>')
    await patch(ann, ann.calendar, f'<B:calendar-timezone xmlns:B="{NS["B"]}">{_ZONE}</B:calendar-timezone>')
    await patch(ann, ann.calendar, "<A:displayname>Travail</A:displayname>")
    for state in ("transparent", "opaque"):
        await patch(
            ann,
            ann.calendar,
            f'<B:schedule-calendar-transp xmlns:B="{NS["B"]}"><B:{state}/></B:schedule-calendar-transp>',
        )
    for place in (ann.home, ann.calendar):
        await patch(
            ann, place, f'<B:default-alarm-vevent-date xmlns:B="{NS["B"]}">{_ALARM}</B:default-alarm-vevent-date>'
        )
    found = await asked(ann, "PROPFIND", ann.home, propfind(_AT_HOME), depth="1")
    kept = found[ann.calendar]
    assert kept[full("D:calendar-color")].text.upper().startswith("#FD8208")
    assert kept[full("D:calendar-order")].text == "3" and kept[full("A:displayname")].text == "Travail"
    assert "TZID:America/Los_Angeles" in kept[full("B:calendar-timezone")].text
    assert [each.tag for each in kept[full("B:schedule-calendar-transp")]] == [full("B:opaque")]
    for place in (ann.home, ann.calendar):
        assert "TRIGGER:-PT15H" in found[place][full("B:default-alarm-vevent-date")].text


async def test_a_calendar_is_made_and_taken_away(ann) -> None:
    path = f"{ann.home}2D1B8E7C-3D8A-4B86-9A8E-0C2F9D6F3B11/"
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?><B:mkcalendar xmlns:B="{NS["B"]}"><A:set xmlns:A="DAV:"><A:prop>'
        f'<D:calendar-order xmlns:D="{NS["D"]}">7</D:calendar-order>'
        '<B:supported-calendar-component-set><B:comp name="VEVENT"/></B:supported-calendar-component-set>'
        f'<D:calendar-color xmlns:D="{NS["D"]}" symbolic-color="custom">#0E61B9FF</D:calendar-color>'
        f"<B:calendar-timezone>{_ZONE}</B:calendar-timezone><A:displayname>Sans titre</A:displayname>"
        "<B:schedule-calendar-transp><B:opaque/></B:schedule-calendar-transp></A:prop></A:set></B:mkcalendar>"
    )
    made = await ann.ask("MKCALENDAR", path, body.encode(), content_type="text/xml")
    assert made.status_code == 201, made.text
    found = (await asked(ann, "PROPFIND", ann.home, propfind(_AT_HOME), depth="1"))[path]
    assert found[full("A:displayname")].text == "Sans titre" and found[full("D:calendar-order")].text == "7"
    assert (await ann.delete(path)).status_code == 204


async def test_events_both_ways(ann) -> None:
    """A poll of tags, the draft's sync-collection without a level, a multiget, then its own changes."""
    sync = (
        '<A:sync-collection xmlns:A="DAV:"><A:sync-token>{}</A:sync-token><A:prop><A:getetag/><A:getcontenttype/>'
        "</A:prop></A:sync-collection>"
    )
    own = (
        'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-APPLE-RADIUS=70;X-TITLE="Parc\\nParis":geo:48.83,2.33',
        "X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC",
        "TRANSP:OPAQUE",
    )
    await put(ann, "web.ics", meeting(uid="web"))
    first = await ann.ask("PROPFIND", ann.calendar, propfind("C:getctag A:sync-token"), depth="0")
    listed = await ann.ask("REPORT", ann.calendar, sync.format(""), depth="1")
    token = ElementTree.fromstring(listed.content).findtext("{DAV:}sync-token")
    assert token in first.text and "web.ics" in listed.text and "text/calendar" in listed.text
    multiget = (
        f'<B:calendar-multiget xmlns:B="{NS["B"]}"><A:prop xmlns:A="DAV:"><A:getetag/><B:calendar-data/><B:schedule-tag/>'
        f'<C:updated-by xmlns:C="{NS["C"]}"/><C:created-by xmlns:C="{NS["C"]}"/></A:prop>'
        f'<A:href xmlns:A="DAV:">{ann.calendar}web.ics</A:href></B:calendar-multiget>'
    )
    got = await asked(ann, "REPORT", ann.calendar, multiget)
    assert "UID:web" in got[ann.calendar + "web.ics"][full("B:calendar-data")].text
    made = await put(ann, "F00D.ics", meeting(*own, uid="F00D"), if_none_match="*")
    assert made.status_code == 201 and made.headers["etag"]
    assert (await ann.get(ann.calendar + "F00D.ics")).content == meeting(*own, uid="F00D")
    changed = await put(ann, "F00D.ics", meeting(*own, "SEQUENCE:1", uid="F00D"), if_match=made.headers["etag"])
    assert changed.status_code == 204
    assert (await ann.ask("DELETE", ann.calendar + "web.ics", if_match='"old"')).status_code == 412
    assert (await ann.ask("DELETE", ann.calendar + "web.ics")).status_code == 204
    again = await ann.ask("REPORT", ann.calendar, sync.format(token), depth="1")
    assert "F00D.ics" in again.text and "404 Not Found" in again.text
    assert (await ann.ask("PROPFIND", ann.calendar, propfind("C:getctag"), depth="0")).text != first.text


async def test_a_window_of_time(ann) -> None:
    for name, start in (("old", "20200105T100000Z"), ("now", "20260105T100000Z"), ("later", "20300105T100000Z")):
        await put(ann, f"{name}.ics", meeting(uid=name, start=start))
    body = (
        '<B:calendar-query xmlns:B="{}"><A:prop xmlns:A="DAV:"><A:getetag/><A:getcontenttype/></A:prop><B:filter>'
        '<B:comp-filter name="VCALENDAR"><B:comp-filter name="VEVENT"><B:time-range start="20260101T000000Z"{}/>'
        "</B:comp-filter></B:comp-filter></B:filter></B:calendar-query>"
    )
    end = ' end="20260201T000000Z"'
    assert list(await asked(ann, "REPORT", ann.calendar, body.format(NS["B"], end), "1")) == [
        ann.calendar + "now.ics"
    ]
    assert len(await asked(ann, "REPORT", ann.calendar, body.format(NS["B"], ""), "1")) == 2


async def test_busy_times_of_several_people(ann, bob, store) -> None:
    """RFC 5546 §3.3.2, §3.3.3, RFC 6638 §5"""
    await shared(store, bob, ann, Right.FREE_BUSY)
    await put(bob, "a.ics", meeting(start="20260105T100000Z"))
    wanted = text(
        "METHOD:REQUEST",
        "BEGIN:VFREEBUSY",
        "UID:4288F0F3",
        "DTSTAMP:20260101T000000Z",
        "DTSTART:20260105T000000Z",
        "DTEND:20260106T000000Z",
        f"ORGANIZER:mailto:{ann.person.address}",
        f"ATTENDEE:mailto:{bob.person.address}",
        "ATTENDEE:mailto:nobody@elsewhere.example",
        "X-CALENDARSERVER-MASK-UID:F00D",
        "END:VFREEBUSY",
    )
    answer = await ann.ask("POST", ann.home + "outbox/", wanted, content_type="text/calendar")
    assert answer.status_code == 200
    root = ElementTree.fromstring(answer.content)
    told = {
        each.find(full("B:recipient")).findtext("{DAV:}href"): each.findtext(full("B:request-status"))
        for each in root.iterfind(full("B:response"))
    }
    assert told[f"mailto:{bob.person.address}"].startswith("2.0;")
    assert told["mailto:nobody@elsewhere.example"].startswith("3.7;")
    assert "20260105T100000Z/" in answer.text


async def test_an_invitation_comes_by_the_inbox(ann, bob, context) -> None:
    """It polls the inbox, shows what is new in it, answers in the calendar and deletes it there."""
    people = (
        f"ORGANIZER:mailto:{ann.person.address}",
        f"ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:{bob.person.address}",
    )
    await put(ann, "a.ics", text(*event("DTSTART:20260105T100000Z", "DURATION:PT1H", *people, uid="one")))
    await run_jobs(context)
    inbox = bob.home + "inbox/"
    found = await asked(bob, "PROPFIND", inbox, propfind("A:getcontenttype A:getetag"), "1")
    (came,) = [each for each, props in found.items() if full("A:getetag") in props and each != inbox]
    assert "METHOD:REQUEST" in (await bob.get(came)).text
    found = await asked(bob, "PROPFIND", bob.calendar, propfind("A:getcontenttype A:getetag"), "1")
    (mine,) = [each for each in found if each.endswith(".ics")]
    now = await bob.get(mine)
    assert now.headers["schedule-tag"]
    said = now.text.replace("NEEDS-ACTION", "ACCEPTED").encode()
    sent = await bob.ask(
        "PUT", mine, said, content_type="text/calendar", if_schedule_tag_match=now.headers["schedule-tag"]
    )
    assert sent.status_code == 204
    assert (await bob.ask("DELETE", came)).status_code == 204
    await run_jobs(context)
    assert "PARTSTAT=ACCEPTED" in (await ann.get(ann.calendar + "a.ics")).text.replace("\r\n ", "")
    assert list(await asked(bob, "PROPFIND", inbox, propfind("A:getetag"), "1")) == [inbox]
