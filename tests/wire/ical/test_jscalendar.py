"""JSCalendar from and to iCalendar: without loss in both directions, and what is wrong is named."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis.wire import contentlines
from parvis.wire.ical import calendar
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.jscalendar import components, event, events, series
from tests.wire.ical.texts import event as lines_of
from tests.wire.ical.texts import read, text

MEETING = lines_of(
    "CREATED:20260101T080000Z",
    "LAST-MODIFIED:20260102T080000Z",
    "SEQUENCE:3",
    "SUMMARY;LANGUAGE=fr:Réunion\\, équipe",
    "DESCRIPTION:Line 1\\nLine 2",
    "DTSTART;TZID=Romance Standard Time:20260105T100000",
    "DTEND;TZID=Romance Standard Time:20260105T113000",
    "RRULE:FREQ=MONTHLY;UNTIL=20261231T225959Z;BYDAY=1MO,-1FR",
    "EXDATE;TZID=Romance Standard Time:20260130T100000",
    "RDATE;TZID=Romance Standard Time:20260210T100000",
    "LOCATION:Salle 3",
    "GEO:48.85;2.35",
    "CONFERENCE;VALUE=URI;FEATURE=AUDIO,VIDEO;LABEL=Room:https://meet.example.org/x",
    "URL:https://example.org/agenda",
    "ATTACH;FMTTYPE=application/pdf;FILENAME=plan.pdf;SIZE=120:https://example.org/plan.pdf",
    "CATEGORIES:Work,Paris",
    "COLOR:turquoise",
    "PRIORITY:1",
    "CLASS:CONFIDENTIAL",
    "TRANSP:TRANSPARENT",
    "STATUS:TENTATIVE",
    "RELATED-TO;RELTYPE=PARENT:other",
    "ORGANIZER;CN=Ann:mailto:ann@example.org",
    "ATTENDEE;CN=Ann;PARTSTAT=ACCEPTED;X-KEPT=yes:mailto:ann@example.org",
    'ATTENDEE;CN=Bob;ROLE=OPT-PARTICIPANT;RSVP=TRUE;PARTSTAT=NEEDS-ACTION;DELEGATED-TO="mailto:cid@example.org":MAILTO:bob@example.org',
    "ATTENDEE;CUTYPE=ROOM;SCHEDULE-AGENT=CLIENT:mailto:cid@example.org",
    "X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC",
    "X-ALT-DESC;FMTTYPE=text/html:<b>x</b>",
    "BEGIN:VALARM",
    "UID:alarm-1",
    "TRIGGER:-PT15M",
    "ACTION:DISPLAY",
    "DESCRIPTION:Soon",
    "X-LIC-ERROR:none",
    "END:VALARM",
    "BEGIN:VLOCATION",
    "UID:place",
    "NAME:There",
    "END:VLOCATION",
)
MOVED = lines_of(
    "RECURRENCE-ID;TZID=Romance Standard Time:20260202T100000",
    "SEQUENCE:4",
    "SUMMARY:Réunion (déplacée)",
    "DTSTART;TZID=Romance Standard Time:20260203T140000",
    "DURATION:PT1H",
    "X-OWN:kept",
)  # fmt: skip
TASK = lines_of(
    "DTSTART;VALUE=DATE:20260105",
    "DUE;VALUE=DATE:20260110",
    "SUMMARY:Write",
    "STATUS:IN-PROCESS",
    "PERCENT-COMPLETE:40",
    "ESTIMATED-DURATION:PT3H",
    "CATEGORIES:Home",
    kind="VTODO",
)


def one(*lines: str) -> calendar.Series:
    return calendar.resource(read(*lines))


def written(found: calendar.Series) -> bytes:
    return b"".join(contentlines.write(each) for each in found.components)


def test_an_event_as_jscalendar() -> None:
    """RFC 8984 §1.4.5, §1.4.6, §2.1, §3.1, §4.1.1, §4.2.5, §4.3.3, §4.3.5, §4.4.2, §4.4.3, §4.4.6, §4.5.2, §4.7.1,
    §5.1.3"""
    found = event(one(*MEETING, *MOVED))
    assert found["@type"] == "Event"
    assert (found["start"], found["timeZone"], found["duration"]) == (
        "2026-01-05T10:00:00",
        "Europe/Paris",
        "PT1H30M",
    )
    assert found["title"] == "Réunion, équipe"
    assert found["recurrenceRule"]["byDay"] == [
        {"@type": "NDay", "day": "mo", "nthOfPeriod": 1},
        {"@type": "NDay", "day": "fr", "nthOfPeriod": -1},
    ]
    assert found["recurrenceRule"]["until"] == "2026-12-31T23:59:59"
    overrides = found["recurrenceOverrides"]
    assert overrides["2026-01-30T10:00:00"] == {"excluded": True}
    assert overrides["2026-02-10T10:00:00"] == {}
    moved = overrides["2026-02-02T10:00:00"]
    assert (moved["start"], moved["duration"], moved["title"]) == (
        "2026-02-03T14:00:00",
        "PT1H",
        "Réunion (déplacée)",
    )
    assert [each["coordinates"] for each in found["locations"].values()] == ["geo:48.85,2.35"]
    assert found["privacy"] == "secret" and found["freeBusyStatus"] == "free" and found["status"] == "tentative"
    people = {each["calendarAddress"].lower(): each for each in found["participants"].values()}
    assert people["mailto:ann@example.org"]["roles"] == {"attendee": True, "owner": True}
    assert people["mailto:bob@example.org"]["roles"] == {"attendee": True, "optional": True}
    assert people["mailto:cid@example.org"]["kind"] == "location"
    assert list(people["mailto:bob@example.org"]["delegatedTo"]) == [
        key for key, each in found["participants"].items() if each.get("kind")
    ]
    assert found["alerts"]["alarm-1"]["trigger"] == {"@type": "OffsetTrigger", "offset": "-PT15M"}
    assert found["organizerCalendarAddress"] == "mailto:ann@example.org"


@pytest.mark.parametrize("lines", [MEETING, [*MEETING, *MOVED], TASK])
def test_what_does_not_change_is_kept_byte_for_byte(lines: list[str]) -> None:
    before = one(*lines)
    assert written(series(event(before), before)) == written(before)


def test_only_what_changes_is_written_again() -> None:
    before = one(*MEETING, *MOVED)
    changed = event(before) | {"title": "Other", "start": "2026-01-05T11:00:00"}
    changed["recurrenceOverrides"] = {}
    after = written(series(changed, before)).decode()
    assert "SUMMARY:Other\r\n" in after and "DTSTART;TZID=Europe/Paris:20260105T110000" in after
    for kept in (
        "X-ALT-DESC;FMTTYPE=text/html:<b>x</b>",
        "X-KEPT=yes",
        "X-LIC-ERROR:none",
        "BEGIN:VLOCATION",
        "RRULE:FREQ=MONTHLY;UNTIL=20261231T225959Z;BYDAY=1MO,-1FR",
    ):
        assert kept in after.replace("\r\n ", "")
    assert "EXDATE" not in after and "X-OWN" not in after


def test_an_answer_changes_one_parameter() -> None:
    before = one(*MEETING)
    changed = event(before)
    key = next(key for key, each in changed["participants"].items() if each.get("name") == "Bob")
    changed["participants"][key]["participationStatus"] = "accepted"
    after = series(changed, before).first
    assert [each.param("PARTSTAT") for each in after.every("ATTENDEE")] == ["ACCEPTED", "ACCEPTED", ""]
    assert after.every("ATTENDEE")[0].param("X-KEPT") == "yes"


def test_without_what_was_there_nothing_of_jscalendar_is_lost() -> None:
    for lines in ([*MEETING, *MOVED], TASK):
        found = event(one(*lines), unknown=True)
        again = event(calendar.resource(calendar.new(components(found))), unknown=True)
        assert again == found


def test_what_icalendar_cannot_say_is_kept() -> None:
    """RFC 8984 §3.3"""
    said: dict[str, Any] = {
        "@type": "Event", "uid": "u", "start": "2026-01-05T10:00:00", "timeZone": "Asia/Ho_Chi_Minh", "title": "Họp",
        "example.com:own": {"deep": [1, {"x": None}]}, "locale": "vi",
        "locations": {"a": {"@type": "Location", "name": "A", "example.com:floor": 3}, "b": {"@type": "Location", "name": "B"}},
        "participants": {"p": {"@type": "Participant", "calendarAddress": "mailto:x@example.org", "roles": {"attendee": True, "informational": True}}},
    }  # fmt: skip
    found = event(
        calendar.resource(calendar.read(text(*contentlines.write(components(said)[0]).decode().split("\r\n")[:-1])))
    )
    for name, value in said.items():
        assert found[name] == value


def test_instances_without_a_master() -> None:
    """RFC 8984 §4.3.1, §4.3.2"""
    found = events(one(*MOVED))
    assert found[0]["recurrenceId"] == "2026-02-02T10:00:00" and found[0]["recurrenceIdTimeZone"] == "Europe/Paris"
    again = components(found[0])
    assert again[0].first("RECURRENCE-ID") is not None
    assert events(calendar.resource(calendar.new(again)))[0] == found[0]


def test_zones_of_their_own_become_one_that_has_a_name() -> None:
    own = [
        "BEGIN:VTIMEZONE", "TZID:Customized", "BEGIN:STANDARD", "DTSTART:16010101T030000", "TZOFFSETFROM:+0200",
        "TZOFFSETTO:+0100", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "END:STANDARD", "BEGIN:DAYLIGHT", "DTSTART:16010101T020000",
        "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", "END:DAYLIGHT", "END:VTIMEZONE",
    ]  # fmt: skip
    found = event(one(*own, *lines_of("DTSTART;TZID=Customized:20260701T100000")))
    assert found["start"] == "2026-07-01T10:00:00" and found["timeZone"].startswith("Europe/")


_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).map(str.strip).filter(bool)


@st.composite
def objects(draw: st.DrawFn) -> dict[str, Any]:
    start = draw(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1))).replace(microsecond=0)
    said: dict[str, Any] = {"@type": "Event", "version": "2.0", "uid": draw(_TEXT), "start": start.isoformat()}
    maybe = st.booleans()
    if draw(maybe):
        said["timeZone"] = draw(st.sampled_from(["Europe/Paris", "Etc/UTC", "America/New_York"]))
    for name in ("title", "description", "example.org:x"):
        if draw(maybe):
            said[name] = draw(_TEXT)
    if draw(maybe):
        said["duration"] = draw(st.sampled_from(["PT1H", "P1DT2H", "PT90S", "P2W"]))
    if draw(maybe):
        said["keywords"] = dict.fromkeys(draw(st.lists(_TEXT, min_size=1, max_size=3)), True)
    if draw(maybe):
        said["recurrenceRule"] = {
            "@type": "RecurrenceRule",
            "frequency": draw(st.sampled_from(["daily", "weekly", "monthly"])),
        }
        said["recurrenceOverrides"] = {
            start.isoformat(): draw(st.sampled_from([{"excluded": True}, {"title": "other"}, {}]))
        }
    if draw(maybe):
        said["participants"] = {
            key: {
                "@type": "Participant",
                "calendarAddress": f"mailto:{key}@example.org",
                "name": draw(_TEXT),
                "roles": {"attendee": True},
            }
            for key in draw(st.lists(st.sampled_from("abcdef"), min_size=1, unique=True))
        }
    if draw(maybe):
        said["alerts"] = {
            "k": {
                "@type": "Alert",
                "trigger": {"@type": "OffsetTrigger", "offset": draw(st.sampled_from(["-PT5M", "PT0S", "-P1D"]))},
            }
        }
    if draw(maybe):
        said["links"] = {
            "l": {
                "@type": "Link",
                "href": "https://example.org/",
                "rel": draw(st.sampled_from(["enclosure", "describedby", "icon", "self"])),
            }
        }
    return said


@settings(max_examples=150, deadline=None)
@given(objects())
def test_any_object_comes_back(said: dict[str, Any]) -> None:
    data = calendar.write(calendar.new(components(said)))
    found = event(calendar.resource(calendar.read(data)))
    for name, value in said.items():
        if name == "recurrenceOverrides" and value == {said["start"]: {"title": said.get("title")}}:
            continue
        assert found.get(name) == value, name


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"uid": ""}, "uid"),
        ({"start": None}, "start"),
        ({"start": "2026-01-05T10:00:00Z"}, "start"),
        ({"start": "2026-02-30T10:00:00"}, "start"),
        ({"timeZone": "Mars/Base"}, "timeZone"),
        ({"duration": "-PT1H"}, "duration"),
        ({"duration": "1h"}, ""),
        ({"recurrenceRule": {"frequency": "never"}}, "RRULE"),
        ({"recurrenceRule": {"frequency": "daily", "rscale": "chinese"}}, "RRULE"),
        ({"recurrenceOverrides": {"soon": {"title": "x"}}}, "recurrenceOverrides"),
        (
            {"recurrenceOverrides": {"2026-01-05T10:00:00": {"uid": "x"}}},
            "recurrenceOverrides/2026-01-05T10:00:00/uid",
        ),
        ({"participants": {"a": {"roles": {"attendee": True}}}}, "participants/a"),
        ({"alerts": {"a": {}}}, "alerts/a/trigger"),
        ({"alerts": {"a": {"trigger": {"@type": "OffsetTrigger", "offset": "-P1DT"}}}}, ""),
        ({"priority": 12}, "priority"),
        ({"privacy": "open"}, "privacy"),
        ({"links": {"a": {"href": "nothing"}}}, "links/a/href"),
        ({"title": 3}, "title"),
        ({"@type": "Group"}, "@type"),
        ({"updated": "yesterday"}, "updated"),
        ({"iCalendar": {"properties": [1]}}, "iCalendar"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(BadCalendar) as error:
        components(
            {"@type": "Event", "uid": "u", "start": "2026-01-05T10:00:00", "timeZone": "Europe/Paris"} | change
        )
    assert error.value.fields["field"] == field


def test_a_component_that_changes_nothing_of_its_instance_is_kept() -> None:
    same = lines_of("RECURRENCE-ID:20260112T100000Z", "DTSTART:20260112T100000Z", "DURATION:PT1H")
    before = one(*lines_of("DTSTART:20260105T100000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY"), *same)
    assert event(before)["recurrenceOverrides"] == {"2026-01-12T10:00:00": {}}
    assert written(series(event(before), before)) == written(before)


def test_an_address_without_a_scheme_is_one_of_mail() -> None:
    before = one(*lines_of("DTSTART:20260105T100000Z", "ATTENDEE:bob@example.org"))
    assert [each["calendarAddress"] for each in event(before)["participants"].values()] == [
        "mailto:bob@example.org"
    ]
    assert written(series(event(before), before)) == written(before)


def test_how_far_a_task_is_and_somebody_with_it() -> None:
    """RFC 5545 §3.2.12, RFC 8984 §2.2, §4.4.6, §5.2.4, §5.2.5, §5.2.6"""
    owner = "ORGANIZER:mailto:ann@example.org"
    lines = [
        owner,
        "ATTENDEE;PARTSTAT=COMPLETED:mailto:bob@example.org",
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:c@x.org",
    ]
    far = ["STATUS:IN-PROCESS", "PERCENT-COMPLETE:40"]
    said = event(one(*lines_of(*lines, *far, "COMPLETED:20260102T030000Z", kind="VTODO")))
    assert (said["progress"], said["percentComplete"]) == ("in-process", 40)
    assert said["progressUpdated"] == "2026-01-02T03:00:00Z"
    bob, cid = (
        next(each for each in said["participants"].values() if name in each["calendarAddress"])
        for name in ("bob", "c@x")
    )
    assert (bob["participationStatus"], bob["progress"]) == ("accepted", "completed") and "progress" not in cid
    (again,) = components(said)
    assert [each.param("PARTSTAT") for each in again.every("ATTENDEE")] == ["COMPLETED", "ACCEPTED"]
    assert again.first("JSPROP") is None


def test_an_owner_who_does_not_attend_is_one_participant() -> None:
    owner = {"@type": "Participant", "calendarAddress": "mailto:ann@example.org", "roles": {"owner": True}}
    guest = {"@type": "Participant", "calendarAddress": "mailto:bob@example.org", "roles": {"attendee": True}}
    said = {
        "@type": "Event",
        "uid": "one",
        "start": "2026-01-05T10:00:00",
        "participants": {"o": owner, "b": guest},
    }
    again = event(series(said))
    assert again["participants"] == {"o": owner, "b": guest}
    assert event(series(again, series(said)))["participants"] == again["participants"]
