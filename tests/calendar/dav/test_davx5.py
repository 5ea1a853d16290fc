"""DAVx5 with calendars: an account is found, synchronised, changed both ways, and shared. See tests.serve.dav.davx5"""

import httpx
import pytest

from parvis.access.principal import Right
from tests.calendar.conftest import run_jobs
from tests.calendar.dav.test_events import meeting, put, shared
from tests.serve.dav.davx5 import NAMES, Davx5
from tests.wire.ical.texts import event, text


@pytest.fixture
async def store(store_sqlite):
    return store_sqlite


@pytest.fixture
def phone(ann) -> Davx5:
    return Davx5(ann)


async def calendar_of(phone: Davx5):
    return next(each for each in await phone.find("caldav") if each.url.endswith("/calendar/"))


def words(*more: str, **extra) -> str:
    return meeting(*more, **extra).decode()


async def test_an_account_is_found_from_an_address_without_a_path(ann, phone) -> None:
    (found,) = await phone.find("caldav")
    assert found.url == f"{str(ann.base_url).rstrip('/')}{ann.calendar}"
    assert phone.homes == [f"{str(ann.base_url).rstrip('/')}{ann.home}"]
    assert phone.address == "ann@example.org"
    assert found.title and found.writes and found.unbinds
    assert found.components == {"VEVENT"} and found.owner.endswith(f"/{ann.account}/")


async def test_a_first_run_fetches_everything_and_the_next_nothing(ann, phone) -> None:
    for number in range(25):
        await put(ann, f"{number:02}.ics", meeting(f"X-NR:{number}", uid=f"u{number}"))
    calendar = await calendar_of(phone)
    await phone.synchronise(calendar)
    assert sorted(calendar.entries) == [f"{number:02}.ics" for number in range(25)]
    assert calendar.entries["07.ics"].data == words("X-NR:7", uid="u7")
    token, before = calendar.token, dict(calendar.entries)
    await phone.synchronise(calendar)
    assert (calendar.token, calendar.entries) == (token, before)


async def test_changes_go_both_ways(ann, phone) -> None:
    await put(ann, "here.ics", meeting(uid="here"))
    calendar = await calendar_of(phone)
    await phone.synchronise(calendar)
    assert await phone.create(calendar, "there.ics", words(uid="there")) == 201
    assert calendar.entries["there.ics"].etag, "it would be fetched again"
    assert await phone.update(calendar, "here.ics", words("LOCATION:Paris", uid="here")) == 204
    await put(ann, "other.ics", meeting(uid="other"))
    await phone.synchronise(calendar)
    assert sorted(calendar.entries) == ["here.ics", "other.ics", "there.ics"]
    assert b"LOCATION:Paris" in (await ann.get(ann.calendar + "here.ics")).content
    await ann.delete(ann.calendar + "other.ics")
    await put(ann, "here.ics", meeting("LOCATION:Lyon", uid="here"))
    await phone.synchronise(calendar)
    assert sorted(calendar.entries) == ["here.ics", "there.ics"]
    assert "LOCATION:Lyon" in calendar.entries["here.ics"].data
    assert await phone.delete(calendar, "there.ics") == 204
    assert (await ann.get(ann.calendar + "there.ics")).status_code == 404


async def test_what_was_changed_here_meanwhile_is_not_overwritten(ann, phone) -> None:
    await put(ann, "a.ics", meeting())
    calendar = await calendar_of(phone)
    await phone.synchronise(calendar)
    await put(ann, "a.ics", meeting("LOCATION:Lyon"))
    assert await phone.update(calendar, "a.ics", words("LOCATION:Nice")) == 412
    await phone.synchronise(calendar)
    assert "LOCATION:Lyon" in calendar.entries["a.ics"].data
    await put(ann, "a.ics", meeting("LOCATION:Metz"))
    assert await phone.delete(calendar, "a.ics") == 412
    await phone.synchronise(calendar)
    assert "LOCATION:Metz" in calendar.entries["a.ics"].data
    assert await phone.create(calendar, "a.ics", words(uid="new")) == 412


async def test_what_is_gone_here_is_put_anew_from_there(ann, phone) -> None:
    await put(ann, "a.ics", meeting())
    calendar = await calendar_of(phone)
    await phone.synchronise(calendar)
    await ann.delete(ann.calendar + "a.ics")
    status = await phone.update(calendar, "a.ics", words("LOCATION:Nice"))
    assert status in (404, 410, 412)
    if status == 412:  # it forgets the entry at the next run
        await phone.synchronise(calendar)
        assert calendar.entries == {}
    assert await phone.create(calendar, "a.ics", words("LOCATION:Nice")) == 201


async def test_a_token_that_is_none_of_ours_begins_anew(ann, phone) -> None:
    await put(ann, "a.ics", meeting())
    calendar = await calendar_of(phone)
    body = '<sync-collection xmlns="DAV:"><sync-token>http://example.org/1</sync-token><sync-level>1</sync-level><prop/></sync-collection>'
    answer = await ann.ask("REPORT", ann.calendar, body, depth="0")
    assert answer.status_code in (403, 409) and "valid-sync-token" in answer.text
    assert answer.headers["content-type"].startswith("application/xml")
    await phone.synchronise(calendar)
    assert list(calendar.entries) == ["a.ics"]


async def test_a_window_of_time_is_listed_by_etag(ann, phone) -> None:
    """With a limit of past days it lists with calendar-query in the place of sync-collection."""
    await put(ann, "old.ics", meeting(uid="old", start="20200105T100000Z"))
    await put(ann, "new.ics", meeting(uid="new"))
    calendar = await calendar_of(phone)
    body = (
        f'<CAL:calendar-query xmlns="DAV:" xmlns:CAL="{NAMES["CAL"]}"><prop><getetag /></prop><CAL:filter>'
        '<CAL:comp-filter name="VCALENDAR"><CAL:comp-filter name="VEVENT"><CAL:time-range start="20251001T000000Z" />'
        "</CAL:comp-filter></CAL:comp-filter></CAL:filter></CAL:calendar-query>"
    )
    found, _ = await phone.multistatus("REPORT", calendar.url, body, depth="1")
    assert [(each.href, bool(each.text("getetag"))) for each in found] == [(calendar.url + "new.ics", True)]


async def test_a_calendar_is_made_and_deleted_there(ann, phone) -> None:
    await calendar_of(phone)
    url = f"{phone.homes[0]}5d9e6f6c-6f0f-4a7b-9a2f-0d8f1f2b3c4d/"
    zone = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Paris\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nEND:VCALENDAR\r\n"
    body = (
        '<?xml version="1.0" encoding="UTF-8" ?>'
        f'<CAL:mkcalendar xmlns="DAV:" xmlns:CAL="{NAMES["CAL"]}" xmlns:CARD="{NAMES["CARD"]}"><set><prop>'
        "<resourcetype><collection /><CAL:calendar /></resourcetype><displayname>Équipe</displayname>"
        "<CAL:calendar-description>À nous</CAL:calendar-description>"
        f'<calendar-color xmlns="{NAMES["ICAL"]}">#FF8800FF</calendar-color>'
        f"<CAL:calendar-timezone-id>Europe/Paris</CAL:calendar-timezone-id>"
        f"<CAL:calendar-timezone>{zone}</CAL:calendar-timezone>"
        '<CAL:supported-calendar-component-set><CAL:comp name="VEVENT" /><CAL:comp name="VTODO" />'
        "</CAL:supported-calendar-component-set></prop></set></CAL:mkcalendar>"
    )
    made = await ann.ask("MKCALENDAR", url, body.encode(), content_type="application/xml; charset=utf-8")
    assert made.status_code == 201, made.text
    found = next(each for each in await phone.find("caldav") if each.url == url)
    assert (found.title, found.color[:7].upper(), found.components) == ("Équipe", "#FF8800", {"VEVENT"})
    assert (await ann.delete(url)).status_code == 204
    assert url not in [each.url for each in await phone.find("caldav")]
    assert (await ann.delete(url)).status_code == 404


async def test_a_calendar_that_may_only_be_read_is_shown_so(ann, bob, phone, store) -> None:
    await put(bob, "a.ics", meeting())
    await shared(store, bob, ann, Right.READ)
    found = next(each for each in await phone.find("caldav") if bob.account in each.owner)
    assert not found.writes and not found.unbinds
    await phone.synchronise(found)
    assert list(found.entries) == ["a.ics"]
    refused = await ann.ask(
        "PUT", found.url + "b.ics", meeting(uid="b"), if_none_match="*", content_type="text/calendar"
    )
    assert refused.status_code == 403 and refused.headers["content-type"].startswith("application/xml")
    where = f"<D:href>{httpx.URL(found.url).path}</D:href><D:privilege><D:bind/></D:privilege>"
    assert f"<D:need-privileges><D:resource>{where}</D:resource></D:need-privileges>" in refused.text
    gone = await ann.delete(found.url + "a.ics")
    assert gone.status_code == 403 and "<D:unbind/>" in gone.text


async def test_an_answer_to_an_invitation_keeps_the_schedule_tag(ann, bob, phone, context) -> None:
    """The organizer's event there, answered meanwhile: what is sent on condition of the schedule-tag goes through,
    and the answer is kept."""
    people = (
        f"ORGANIZER:mailto:{ann.person.address}",
        f"ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:{bob.person.address}",
    )
    await put(ann, "a.ics", text(*event("DTSTART:20260105T100000Z", "DURATION:PT1H", *people, uid="one")))
    await run_jobs(context)
    calendar = await calendar_of(phone)
    await phone.synchronise(calendar)
    listed = await bob.ask("PROPFIND", bob.calendar, depth="1")
    (path,) = [each for each in listed.text.split("<D:href>") if ".ics" in each]
    path = path.partition("<")[0]
    mine = (await bob.get(path)).text.replace("NEEDS-ACTION", "ACCEPTED")
    assert (await bob.ask("PUT", path, mine.encode(), content_type="text/calendar")).status_code == 204
    await run_jobs(context)
    assert "PARTSTAT=ACCEPTED" in (await ann.get(ann.calendar + "a.ics")).text.replace("\r\n ", "")
    stale = calendar.entries["a.ics"].data.replace("DURATION:PT1H", "DURATION:PT1H\r\nLOCATION:Paris")
    assert await phone.update(calendar, "a.ics", stale) == 204
    kept = (await ann.get(ann.calendar + "a.ics")).text.replace("\r\n ", "")
    assert "LOCATION:Paris" in kept and "PARTSTAT=ACCEPTED" in kept
    # who knows the event as it is may say what they were told on the phone
    now = await ann.get(ann.calendar + "a.ics")
    said = now.text.replace("ACCEPTED", "DECLINED").encode()
    assert (await put(ann, "a.ics", said, if_match=now.headers["etag"])).status_code == 204
    assert "PARTSTAT=DECLINED" in (await ann.get(ann.calendar + "a.ics")).text.replace("\r\n ", "")


async def test_who_answers_may_write_times_as_their_program_does(ann, bob, context) -> None:
    """A phone knows no zones by the names of Windows, and writes an end where there was a length."""
    people = (
        f"ORGANIZER:mailto:{ann.person.address}",
        f"ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:{bob.person.address}",
    )
    start = "DTSTART;TZID=Romance Standard Time:20260105T110000"
    await put(ann, "a.ics", text(*event(start, "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3", *people, uid="one")))
    await run_jobs(context)
    phone = Davx5(bob)
    calendar = await calendar_of(phone)
    await phone.synchronise(calendar)
    (name,) = calendar.entries
    times = ("DTSTART;TZID=Europe/Paris:20260105T110000", "DTEND;TZID=Europe/Paris:20260105T120000")
    said = [each.replace("NEEDS-ACTION", "ACCEPTED") for each in people]
    answer = text(*event(*times, "RRULE:COUNT=3;FREQ=DAILY", *said, uid="one")).decode()
    assert await phone.update(calendar, name, answer) == 204
    await run_jobs(context)
    kept = (await bob.get(bob.calendar + name)).text
    assert start in kept and "DURATION:PT1H" in kept and "DTEND" not in kept
    assert "PARTSTAT=ACCEPTED" in (await ann.get(ann.calendar + "a.ics")).text.replace("\r\n ", "")


async def test_who_answers_need_not_know_the_number_of_the_revision(ann, bob, context) -> None:
    """A program that writes another SEQUENCE than the organizer's is not refused, and the next change still comes."""
    people = (
        f"ORGANIZER:mailto:{ann.person.address}",
        f"ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:{bob.person.address}",
    )

    def written(length: str, *more: str) -> bytes:
        return text(*event("DTSTART:20260105T100000Z", f"DURATION:{length}", *people, *more, uid="one"))

    await put(ann, "a.ics", written("PT1H"))
    await put(ann, "a.ics", written("PT2H"))
    await run_jobs(context)
    phone = Davx5(bob)
    calendar = await calendar_of(phone)
    await phone.synchronise(calendar)
    ((name, known),) = calendar.entries.items()
    assert "SEQUENCE:1" in known.data
    answer = known.data.replace("SEQUENCE:1", "SEQUENCE:5").replace("NEEDS-ACTION", "ACCEPTED")
    assert await phone.update(calendar, name, answer) == 204
    await run_jobs(context)
    assert "SEQUENCE:1\r\n" in (await bob.get(bob.calendar + name)).text
    assert "PARTSTAT=ACCEPTED" in (await ann.get(ann.calendar + "a.ics")).text.replace("\r\n ", "")
    await put(ann, "a.ics", written("PT3H", "SEQUENCE:2"))
    await run_jobs(context)
    assert "PT3H" in (await bob.get(bob.calendar + name)).text
