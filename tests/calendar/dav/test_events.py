"""CalDAV by real requests: what a client puts comes back byte for byte, what it asks for is found."""

from xml.etree import ElementTree

import pytest

from parvis.access import colleagues, gate
from parvis.access.principal import Right
from parvis.store.sql.contract import counting
from tests.calendar.conftest import run_jobs
from tests.wire.ical.texts import event, text

C = "urn:ietf:params:xml:ns:caldav"


@pytest.fixture
async def store(store_sqlite):
    return store_sqlite


def meeting(*more: str, uid: str = "one", start: str = "20260105T100000Z") -> bytes:
    return text(*event(f"DTSTART:{start}", "DURATION:PT1H", "SUMMARY:Réunion", *more, uid=uid))


def names(answer) -> list[str]:
    tree = ElementTree.fromstring(answer.content)
    return [each.text.rpartition("/")[2] for each in tree.iterfind("{DAV:}response/{DAV:}href")]


async def put(who, name, data, **headers):
    return await who.ask("PUT", who.calendar + name, data, content_type="text/calendar", **headers)


def query(inner: str) -> str:
    return (
        f'<C:calendar-query xmlns:D="DAV:" xmlns:C="{C}"><D:prop><D:getetag/><C:calendar-data/></D:prop>'
        f'<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">{inner}</C:comp-filter>'
        "</C:comp-filter></C:filter></C:calendar-query>"
    )


async def test_put_get_change_delete(ann) -> None:
    """RFC 4791 §5.3.3, §5.3.4"""
    made = await put(ann, "a.ics", meeting("X-KEPT:1"), if_none_match="*")
    assert made.status_code == 201, made.text
    got = await ann.get(ann.calendar + "a.ics")
    assert got.content == meeting("X-KEPT:1") and got.headers["etag"] == made.headers["etag"]
    assert "schedule-tag" in made.headers
    changed = await put(ann, "a.ics", meeting("LOCATION:x"), if_match=made.headers["etag"])
    assert changed.status_code == 204 and changed.headers["etag"] != made.headers["etag"]
    assert (await put(ann, "a.ics", meeting(), if_match=made.headers["etag"])).status_code == 412
    assert (await ann.delete(ann.calendar + "a.ics")).status_code == 204
    assert (await ann.get(ann.calendar + "a.ics")).status_code == 404


@pytest.mark.parametrize(
    "length", ["DURATION:P1DT", "DTEND;VALUE=DATE:20260107", r"DTEND;X-TITLE=Quay 1\; Linz:20260105T110000Z"]
)
async def test_what_old_programs_write_is_taken_and_kept(ann, length) -> None:
    data = text(*event("DTSTART:20260105T100000Z", length))
    assert (await put(ann, "a.ics", data)).status_code == 201
    assert (await ann.get(ann.calendar + "a.ics")).content == data
    window = '<C:time-range start="20260105T103000Z" end="20260105T104500Z"/>'
    assert names(await ann.ask("REPORT", ann.calendar, query(window), depth="1")) == ["a.ics"]


@pytest.mark.parametrize(
    ("data", "condition"),
    [
        (b"hello", "valid-calendar-data"),
        (text(*event("SUMMARY:x")), "valid-calendar-data"),
        (text(*event("DUE:20260101T000000Z", kind="VTODO")), "supported-calendar-component"),
        (text("METHOD:REQUEST", *event("DTSTART:20260101T000000Z")), "valid-calendar-object-resource"),
        (
            text(*event("DTSTART:20260101T000000Z"), *event("DTSTART:20260101T000000Z", uid="x")),
            "valid-calendar-object-resource",
        ),
        (text(*event("DTSTART:20260101T000000Z", "RRULE:FREQ=YEARLY;RSCALE=CHINESE")), "supported-rscale"),
        (text(*event("DTSTART:20260101T000000Z", "DESCRIPTION:" + "x" * 1_600_000)), "max-resource-size"),
    ],
)
async def test_what_is_refused_names_its_condition(ann, data, condition) -> None:
    """RFC 4791 §1.3"""
    answer = await put(ann, "a.ics", data)
    assert answer.status_code in (403, 413), answer.text
    assert condition in answer.text or answer.status_code == 413


async def test_a_uid_is_there_once(ann) -> None:
    await put(ann, "a.ics", meeting())
    taken = await put(ann, "b.ics", meeting())
    assert taken.status_code == 409 and "no-uid-conflict" in taken.text and "a.ics" in taken.text
    assert "no-uid-conflict" in (await put(ann, "a.ics", meeting(uid="two"))).text


async def test_an_event_is_not_moved_over_another(ann, bob, store) -> None:
    """RFC 4791 §5.3.2.1: nor copied."""
    await put(ann, "a.ics", meeting())
    await put(ann, "b.ics", meeting(uid="two"))
    for method, target in (("MOVE", ann.calendar + "b.ics"), ("MOVE", ann.home + "other/b.ics")):
        if target.startswith(ann.home + "other"):
            assert (await ann.ask("MKCALENDAR", ann.home + "other/")).status_code == 201
            assert (await ann.ask("MOVE", ann.calendar + "b.ics", destination=target)).status_code == 201
        answer = await ann.ask(method, ann.calendar + "a.ics", destination=target, overwrite="T")
        assert answer.status_code == 409 and "no-uid-conflict" in answer.text
        assert b"UID:two" in (await ann.get(target)).content
    await shared(store, bob, ann, Right.READ | Right.WRITE | Right.DELETE)
    await put(bob, "b.ics", meeting(uid="three"))
    answer = await ann.ask(
        "COPY", ann.calendar + "a.ics", destination=f"{ann.home}{bob.account}.calendar/b.ics", overwrite="T"
    )
    assert answer.status_code == 409 and b"UID:three" in (await bob.get(bob.calendar + "b.ics")).content


async def test_an_event_that_is_put_into_another_calendar_has_moved(ann, bob, store) -> None:
    """As Thunderbird and Evolution do it: PUT there, then DELETE here."""
    other = f"{ann.home}other/"
    assert (await ann.ask("MKCALENDAR", other)).status_code == 201
    await put(ann, "a.ics", meeting())
    sync = '<D:sync-collection xmlns:D="DAV:"><D:sync-token>{}</D:sync-token><D:sync-level>1</D:sync-level><D:prop/></D:sync-collection>'
    first = await ann.ask("REPORT", ann.calendar, sync.format(""))
    token = ElementTree.fromstring(first.content).findtext("{DAV:}sync-token")
    put_there = await ann.ask("PUT", other + "a.ics", meeting("LOCATION:x"), content_type="text/calendar")
    assert put_there.status_code == 201, put_there.text
    got = await ann.get(other + "a.ics")
    assert b"LOCATION:x" in got.content and got.headers["etag"] == put_there.headers["etag"]
    assert (await ann.delete(ann.calendar + "a.ics")).status_code == 404
    gone = await ann.ask("REPORT", ann.calendar, sync.format(token))
    assert "a.ics" in gone.text and "404 Not Found" in gone.text
    # who may not take it out of where it is cannot move it
    await shared(store, ann, bob, Right.READ | Right.WRITE)
    taken = await bob.ask("PUT", f"{bob.home}{ann.account}.calendar/b.ics", meeting(), content_type="text/calendar")
    assert taken.status_code == 409 and "no-uid-conflict" in taken.text and "other" not in taken.text


async def test_time_ranges_are_found_by_index(ann) -> None:
    for number in range(30):
        await put(ann, f"{number:02}.ics", meeting(uid=f"u{number}", start=f"202601{number + 1:02}T100000Z"))
    await put(ann, "weekly.ics", meeting("RRULE:FREQ=WEEKLY", uid="weekly", start="20250106T120000Z"))
    span = '<C:time-range start="20260110T000000Z" end="20260112T000000Z"/>'
    answer = await ann.ask("REPORT", ann.calendar, query(span), depth="1")
    assert answer.status_code == 207 and names(answer) == ["09.ics", "10.ics"]
    span = '<C:time-range start="20260112T000000Z" end="20260113T000000Z"/>'
    assert names(await ann.ask("REPORT", ann.calendar, query(span), depth="1")) == ["11.ics", "weekly.ics"]


async def test_synchronising(ann) -> None:
    def sync(token: str) -> str:
        return f'<D:sync-collection xmlns:D="DAV:"><D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>'

    def token(answer) -> str:
        return ElementTree.fromstring(answer.content).findtext("{DAV:}sync-token")

    await put(ann, "a.ics", meeting())
    await put(ann, "b.ics", meeting(uid="two"))
    first = await ann.ask("REPORT", ann.calendar, sync(""))
    assert sorted(names(first)) == ["a.ics", "b.ics"]
    await put(ann, "b.ics", meeting("LOCATION:x", uid="two"))
    await ann.delete(ann.calendar + "a.ics")
    second = await ann.ask("REPORT", ann.calendar, sync(token(first)))
    assert sorted(names(second)) == ["a.ics", "b.ics"] and "404" in second.text
    assert names(await ann.ask("REPORT", ann.calendar, sync(token(second)))) == []


async def test_making_calendars_and_their_properties(ann) -> None:
    """RFC 4791 §5.2.1, §5.2.10, §5.3.1, RFC 6638 §9.1"""
    body = (
        f'<C:mkcalendar xmlns:D="DAV:" xmlns:C="{C}" xmlns:I="http://apple.com/ns/ical/"><D:set><D:prop>'
        "<D:displayname>Équipe</D:displayname><I:calendar-color>#FF0000FF</I:calendar-color>"
        "<I:calendar-order>3</I:calendar-order><C:calendar-description>About</C:calendar-description>"
        '<C:supported-calendar-component-set><C:comp name="VEVENT"/></C:supported-calendar-component-set>'
        "</D:prop></D:set></C:mkcalendar>"
    )
    assert (await ann.ask("MKCALENDAR", ann.home + "team/", body)).status_code == 201
    ask = (
        f'<D:propfind xmlns:D="DAV:" xmlns:C="{C}" xmlns:I="http://apple.com/ns/ical/"><D:prop><D:displayname/>'
        "<I:calendar-color/><I:calendar-order/><C:calendar-description/><C:supported-calendar-component-set/>"
        "<C:schedule-calendar-transp/><D:resourcetype/><D:sync-token/></D:prop></D:propfind>"
    )
    shown = await ann.ask("PROPFIND", ann.home + "team/", ask, depth="0")
    for word in ("Équipe", "#FF0000FF", ">3<", "About", "VEVENT", "opaque", "calendar/>", "urn:parvis:sync"):
        assert word in shown.text, word
    patch = (
        '<D:propertyupdate xmlns:D="DAV:" xmlns:I="http://apple.com/ns/ical/"><D:set><D:prop>'
        "<D:displayname>Team</D:displayname><I:calendar-color>#00FF00</I:calendar-color></D:prop></D:set></D:propertyupdate>"
    )
    assert (await ann.ask("PROPPATCH", ann.home + "team/", patch)).status_code == 207
    shown = await ann.ask("PROPFIND", ann.home + "team/", ask, depth="0")
    assert "Team" in shown.text and "#00FF00" in shown.text
    assert (await ann.delete(ann.home + "team/")).status_code == 204
    assert (await ann.delete(ann.calendar)).status_code == 403


async def test_moving_an_event_to_another_calendar(ann) -> None:
    await ann.ask("MKCALENDAR", ann.home + "team/")
    await put(ann, "a.ics", meeting())
    moved = await ann.ask("MOVE", ann.calendar + "a.ics", destination=ann.home + "team/b.ics")
    assert moved.status_code == 201, moved.text
    assert (await ann.get(ann.home + "team/b.ics")).content == meeting()
    assert (await ann.get(ann.calendar + "a.ics")).status_code == 404


async def shared(store, owner, other, right) -> int:
    number = await store.db.value("SELECT id FROM calendar WHERE account_id = ?", owner.person.id)

    async def work(unit):
        return await gate.give(unit, owner.person, number, other.person.id, right)

    return await store.write(work)


async def test_a_shared_calendar_until_it_is_withdrawn(ann, bob, store) -> None:
    await put(ann, "a.ics", meeting())
    await put(ann, "private.ics", meeting("CLASS:PRIVATE", "LOCATION:clinic", uid="two"))
    await put(ann, "secret.ics", meeting("CLASS:CONFIDENTIAL", uid="three"))
    grant = await shared(store, ann, bob, Right.READ)
    listed = await bob.ask("PROPFIND", bob.home, depth="1")
    mount = f"{bob.home}{ann.account}.calendar/"
    assert mount in listed.text
    seen = await bob.ask("PROPFIND", mount, depth="1")
    assert sorted(each for each in names(seen) if each) == ["a.ics", "private.ics"]
    private = (await bob.get(mount + "private.ics")).text
    assert "clinic" not in private and "Réunion" not in private and "Busy" in private
    assert (await bob.get(mount + "secret.ics")).status_code == 404
    found = await bob.ask("REPORT", mount, query('<C:time-range start="20260101T000000Z"/>'), depth="1")
    assert "clinic" not in found.text and "three" not in found.text and "a.ics" in found.text
    assert (await bob.ask("PUT", mount + "b.ics", meeting(uid="new"))).status_code == 403
    assert (await bob.delete(mount + "a.ics")).status_code == 403
    await store.write(lambda unit: gate.withdraw(unit, ann.person, grant))
    assert (await bob.get(mount + "a.ics")).status_code == 404


async def test_who_may_do_all_in_one_calendar_makes_no_other(ann, bob, store) -> None:
    """RFC 4791 §5.3.1"""
    await shared(store, ann, bob, Right.READ | Right.WRITE | Right.DELETE | Right.SHARE)
    assert (await bob.ask("MKCALENDAR", ann.home + "more/")).status_code in (403, 404)
    assert (await ann.ask("MKCALENDAR", ann.home + "more/")).status_code == 201


async def test_who_sees_only_when_somebody_is_busy(ann, bob, store) -> None:
    """RFC 4791 §6.1.1"""
    await put(ann, "a.ics", meeting("LOCATION:clinic"))
    await shared(store, ann, bob, Right.FREE_BUSY)
    mount = f"{bob.home}{ann.account}.calendar/"
    ask = f'<C:free-busy-query xmlns:C="{C}"><C:time-range start="20260105T000000Z" end="20260106T000000Z"/></C:free-busy-query>'
    busy = await bob.ask("REPORT", mount, ask, depth="1")
    assert (
        busy.status_code == 200 and "20260105T100000Z/20260105T110000Z" in busy.text and "clinic" not in busy.text
    )
    assert (await bob.get(mount + "a.ics")).status_code in (403, 404)
    assert names(await bob.ask("PROPFIND", mount, depth="1")).count("a.ics") == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "REPORT"])
async def test_statements_do_not_grow(ann, method) -> None:
    counts = []
    for size in (3, 30):
        for number in range(size):
            await put(ann, f"{size}-{number}.ics", meeting(uid=f"{size}-{number}"))
        with counting() as count:
            if method == "GET":
                await ann.get(ann.calendar + f"{size}-1.ics")
            elif method == "PUT":
                await put(ann, f"{size}-1.ics", meeting("LOCATION:x", uid=f"{size}-1"))
            else:
                await ann.ask("REPORT", ann.calendar, query('<C:time-range start="20260101T000000Z"/>'), depth="1")
        counts.append(len(count))
    assert counts[0] == counts[1] and counts[0] <= 40, counts


async def test_inbox_and_outbox(ann, bob, store) -> None:
    """RFC 6638 §2, §5"""
    ask = f'<D:propfind xmlns:D="DAV:" xmlns:C="{C}"><D:prop><C:schedule-inbox-URL/><C:schedule-outbox-URL/><C:calendar-user-address-set/></D:prop></D:propfind>'
    shown = await ann.ask("PROPFIND", f"/dav/principals/{ann.account}/", ask, depth="0")
    assert f"{ann.home}inbox/" in shown.text and f"{ann.home}outbox/" in shown.text and "mailto:ann@" in shown.text
    ask = f'<D:propfind xmlns:D="DAV:" xmlns:C="{C}"><D:prop><D:resourcetype/><C:schedule-default-calendar-URL/></D:prop></D:propfind>'
    inbox = await ann.ask("PROPFIND", ann.home + "inbox/", ask, depth="0")
    assert "schedule-inbox" in inbox.text and ann.calendar in inbox.text
    assert (await bob.ask("PROPFIND", ann.home + "inbox/", ask, depth="0")).status_code == 404
    await put(bob, "a.ics", meeting("LOCATION:clinic"))
    request = text(
        "METHOD:REQUEST",
        *event(
            "DTSTART:20260105T000000Z", "DTEND:20260106T000000Z", "ORGANIZER:mailto:ann@example.org",
            "ATTENDEE:mailto:bob@example.org", "ATTENDEE:mailto:nobody@example.org", kind="VFREEBUSY",
        ),
    )  # fmt: skip
    for tells, shares in ((True, False), (False, False), (False, True)):
        await store.write(lambda unit, tells=tells: colleagues.choose(unit, bob.person.id, tells))
        if shares:
            await shared(store, bob, ann, Right.FREE_BUSY)
        answer = await ann.ask("POST", ann.home + "outbox/", request, content_type="text/calendar")
        assert answer.status_code == 200 and "3.7;" in answer.text and "clinic" not in answer.text
        known = "2.0;Success" in answer.text and "20260105T100000Z/20260105T110000Z" in answer.text
        assert known == (tells or shares) and ("3.8;" in answer.text) != known
    forged = request.replace(b"ORGANIZER:mailto:ann", b"ORGANIZER:mailto:bob")
    assert (await ann.ask("POST", ann.home + "outbox/", forged, content_type="text/calendar")).status_code == 403
    other = await ann.ask("POST", ann.home + "outbox/", request, content_type="text/plain")
    assert other.status_code == 403 and "supported-calendar-data" in other.text
    for box in ("inbox/", "outbox/"):
        found = await ann.ask("REPORT", ann.home + box, query(""), depth="1")
        assert found.status_code == 207 and names(found) == []


async def test_an_attendee_answers_and_changes_nothing_else(ann, bob, context) -> None:
    """RFC 6638 §3.2.2"""
    people = [
        "ORGANIZER:mailto:ann@example.org",
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@example.org",
        "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bob@example.org",
    ]
    await put(ann, "a.ics", meeting(*people))
    await run_jobs(context)
    listed = await bob.ask("PROPFIND", bob.calendar, depth="1")
    name = next(each for each in names(listed) if each)
    theirs = await bob.get(bob.calendar + name)
    tag = theirs.headers["schedule-tag"]
    taken = theirs.content.replace(b"ORGANIZER:mailto:ann", b"ORGANIZER:mailto:bob")
    for other in (theirs.content.replace(b"SUMMARY:R", b"SUMMARY:X"), taken):
        assert other != theirs.content
        refused = await bob.ask("PUT", bob.calendar + name, other, content_type="text/calendar")
        assert refused.status_code == 403 and "allowed-attendee-scheduling-object-change" in refused.text
    accepted = theirs.content.replace(b"PARTSTAT=NEEDS-ACTION", b"PARTSTAT=ACCEPTED")
    done = await bob.ask(
        "PUT", bob.calendar + name, accepted, content_type="text/calendar", if_schedule_tag_match=tag
    )
    assert done.status_code == 204 and done.headers["schedule-tag"] == tag, done.text
    await run_jobs(context)
    assert (await ann.get(ann.calendar + "a.ics")).text.count("PARTSTAT=ACCEPTED") == 2


async def test_what_the_index_is_sure_of_is_what_reading_finds(ann) -> None:
    """A filter of a window alone is answered by the index, one that names a property too by reading: the same."""
    for name, data in (
        ("hour", meeting(uid="hour")),
        ("point", text(*event("DTSTART:20260105T100000Z", "SUMMARY:x", uid="point"))),
        ("zoned", meeting(uid="zoned", start="20260105T110000Z")),
        ("day", text(*event("DTSTART;VALUE=DATE:20260105", uid="day"))),
        ("floating", text(*event("DTSTART:20260105T100000", "DURATION:PT1H", uid="floating"))),
        ("weekly", meeting("RRULE:FREQ=WEEKLY;COUNT=3", uid="weekly")),
    ):
        assert (await put(ann, name, data)).status_code == 201
    seen = set()
    for start, end in (
        ("20260105T090000Z", "20260105T100000Z"),
        ("20260105T090000Z", "20260105T100001Z"),
        ("20260105T100000Z", "20260105T100001Z"),
        ("20260105T110000Z", "20260105T120000Z"),
        ("20260105T105959Z", "20260105T110000Z"),
        ("20260112T100000Z", "20260112T110000Z"),
        ("20260101T000000Z", "20260201T000000Z"),
    ):
        window = f'<C:time-range start="{start}" end="{end}"/>'
        sure = names(await ann.ask("REPORT", ann.calendar, query(window), depth="1"))
        read = names(
            await ann.ask("REPORT", ann.calendar, query(window + '<C:prop-filter name="UID"/>'), depth="1")
        )
        assert sorted(sure) == sorted(read), (start, end)
        seen.update(sure)
    assert seen == {"hour", "point", "zoned", "day", "floating", "weekly"}


async def test_a_calendar_as_a_file(ann, bob, store) -> None:
    for uid, more in (("one", ()), ("two", ("CLASS:PRIVATE",)), ("three", ())):
        assert (await put(ann, f"{uid}.ics", meeting(*more, uid=uid))).status_code == 201
    got = await ann.get(ann.calendar)
    assert got.headers["content-type"] == "text/calendar; charset=utf-8"
    assert got.content.count(b"BEGIN:VEVENT") == 3 and got.content.count(b"BEGIN:VCALENDAR") == 1
    assert (await ann.ask("GET", ann.calendar, if_none_match=got.headers["etag"])).status_code == 304
    assert (await ann.get(ann.calendar.replace("/calendar/", "/inbox/"))).status_code == 405
    assert (await bob.get(ann.calendar)).status_code == 404
    await shared(store, ann, bob, Right.FREE_BUSY)
    assert (await bob.get(ann.calendar)).status_code == 403
    await shared(store, ann, bob, Right.READ)
    seen = await bob.get(ann.calendar)
    assert seen.content.count(b"BEGIN:VEVENT") == 2 and b"UID:two" not in seen.content


async def test_which_calendar_new_events_go_into_may_be_changed(ann, bob) -> None:
    """RFC 6638 §9.2"""

    def change(href: str) -> str:
        return f"""<D:propertyupdate xmlns:D="DAV:" xmlns:C="{C}"><D:set><D:prop><C:schedule-default-calendar-URL>
        <D:href>{href}</D:href></C:schedule-default-calendar-URL></D:prop></D:set></D:propertyupdate>"""

    inbox, work = ann.home + "inbox/", ann.home + "work/"
    await ann.ask("MKCALENDAR", work)
    ask = (
        f'<D:propfind xmlns:D="DAV:" xmlns:C="{C}"><D:prop><C:schedule-default-calendar-URL/></D:prop></D:propfind>'
    )
    for wrong in (ann.home, ann.home + "none/", inbox, bob.calendar, "http://[/", "//", ann.calendar + "a.ics"):
        refused = await ann.ask("PROPPATCH", inbox, change(wrong))
        assert "HTTP/1.1 200" not in refused.text, wrong
    assert "valid-schedule-default-calendar-URL" in (await ann.ask("PROPPATCH", inbox, change(bob.calendar))).text
    assert ann.calendar in (await ann.ask("PROPFIND", inbox, ask, depth="0")).text
    assert "HTTP/1.1 200" in (await ann.ask("PROPPATCH", inbox, change(work))).text
    assert work in (await ann.ask("PROPFIND", inbox, ask, depth="0")).text
    assert (await ann.ask("DELETE", work)).status_code == 403
    assert (await bob.ask("PROPPATCH", inbox, change(ann.calendar))).status_code == 404
    assert (await ann.ask("PROPPATCH", work, change(ann.calendar))).status_code == 403


async def test_an_answer_about_one_instance_stays_though_the_organizers_program_did_not_know(
    ann, bob, context
) -> None:
    """RFC 6638 §3.2.10.1"""
    people = ["ORGANIZER:mailto:ann@example.org", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@example.org"]
    guest = "ATTENDEE;PARTSTAT={}:mailto:bob@example.org"
    rule = "RRULE:FREQ=WEEKLY;COUNT=3"
    made = await put(ann, "a.ics", meeting(rule, *people, guest.format("NEEDS-ACTION")))
    await run_jobs(context)
    name = next(each for each in names(await bob.ask("PROPFIND", bob.calendar, depth="1")) if each)
    one = event(
        "RECURRENCE-ID:20260112T100000Z", "DTSTART:20260112T100000Z", "DURATION:PT1H", "SUMMARY:Réunion",
        *people, guest.format("DECLINED"), uid="one",
    )  # fmt: skip
    whole = event(
        "DTSTART:20260105T100000Z",
        "DURATION:PT1H",
        "SUMMARY:Réunion",
        rule,
        *people,
        guest.format("ACCEPTED"),
        uid="one",
    )
    assert (await put(bob, name, text(*whole, *one))).status_code == 204
    await run_jobs(context)
    later = meeting(rule, *people, guest.format("NEEDS-ACTION")).replace("Réunion".encode(), b"Plan")
    done = await put(ann, "a.ics", later, if_schedule_tag_match=made.headers["schedule-tag"])
    assert done.status_code == 204, done.text
    found = (await ann.get(ann.calendar + "a.ics")).text.replace("\r\n ", "")
    assert found.count("SUMMARY:Plan") == 2 and found.count("PARTSTAT=DECLINED") == 1, found
