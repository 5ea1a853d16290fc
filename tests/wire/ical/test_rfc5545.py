"""What RFC 5545 requires of whoever reads and writes iCalendar, by its sections; where it leaves a choice, ours."""

from datetime import timedelta

import pytest

from parvis.wire.ical import alarms, calendar, freebusy, itip, jscalendar, values
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.moments import NO_ZONES, of_property
from parvis.wire.ical.recurrence import instances
from parvis.wire.ical.span import Span
from tests.wire.ical.texts import event, lines, ms, read, series, text

JAN, FEB = ms(2026), ms(2026, 2)


def starts(*given: str) -> list[int]:
    return [each.start_ms for each in instances(series(*given), JAN, FEB, 50)]


def again(given: dict) -> list[str]:
    """The lines of an object."""
    return calendar.write(calendar.new(jscalendar.components(given))).decode().replace("\r\n ", "").splitlines()


def refused(*given: str, kind: str = "VEVENT") -> bool:
    try:
        calendar.resource(read(*event(*given, kind=kind)))
    except BadCalendar:
        return True
    return False


def test_people_and_their_parameters_come_back_as_they_were() -> None:
    """RFC 5545 §3.2.2, §3.2.3, §3.2.4, §3.2.5, §3.2.11, §3.2.12, §3.2.16, §3.2.17, §3.2.18, §3.3.3, §3.8.4.1, §3.8.4.3"""
    people = [
        "ORGANIZER;CN=Ann:mailto:ann@example.org",
        "ATTENDEE;CUTYPE=ROOM;PARTSTAT=TENTATIVE;CN=Salle:mailto:salle@example.org",
        'ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO="mailto:dan@example.org":mailto:bob@example.org',
        'ATTENDEE;ROLE=OPT-PARTICIPANT;DELEGATED-FROM="mailto:bob@example.org":mailto:dan@example.org',
        'ATTENDEE;ROLE=CHAIR;RSVP=TRUE;SENT-BY="mailto:eve@example.org":mailto:cid@example.org',
        "ATTENDEE;CUTYPE=GROUP:mailto:team@example.org",
        'ATTENDEE;MEMBER="mailto:team@example.org":mailto:fay@example.org',
        "ATTENDEE;ROLE=NON-PARTICIPANT:mailto:gus@example.org",
    ]
    said = jscalendar.event(series("DTSTART:20260105T100000Z", *people))
    written = [line for line in again(said) if line.startswith(("ATTENDEE", "ORGANIZER"))]
    assert {frozenset(line.replace(":", ";", 1).split(";")) for line in map(_plain, written)} == {
        frozenset(line.replace(":", ";", 1).split(";")) for line in map(_plain, people)
    }


def _plain(line: str) -> str:
    head, _, value = line.rpartition(":mailto:")
    return f"{head.replace(chr(34), '').replace('mailto:', 'mailto|')}:{value}"


def test_files_in_it_and_elsewhere() -> None:
    """RFC 5545 §3.1.3, §3.2.7, §3.2.8, §3.3.1, §3.3.13, §3.8.1.1, §3.8.4.6"""
    said = jscalendar.event(
        series(
            "DTSTART:20260105T100000Z",
            "ATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY:aGVsbG8=",
            "ATTACH;FMTTYPE=application/pdf:https://a.example/a.pdf",
            "ATTACH;VALUE=BINARY;ENCODING=BASE64:%%%",
            "URL:https://a.example/",
        )
    )
    links = sorted((each["href"], each.get("contentType")) for each in said["links"].values())
    assert links == [
        ("data:text/plain;base64,aGVsbG8=", "text/plain"),
        ("https://a.example/", None),
        ("https://a.example/a.pdf", "application/pdf"),
    ]
    assert "ATTACH;VALUE=BINARY;ENCODING=BASE64;FMTTYPE=text/plain:aGVsbG8=" in again(said)


def test_a_relation_that_says_nothing_is_to_the_parent() -> None:
    """RFC 5545 §3.2.15, §3.8.4.5"""
    said = jscalendar.event(
        series("DTSTART:20260105T100000Z", "RELATED-TO:one@a", "RELATED-TO;RELTYPE=SIBLING:two@a")
    )
    assert {uid: [*each["relation"]] for uid, each in said["relatedTo"].items()} == {
        "one@a": [],
        "two@a": ["sibling"],
    }


def test_texts_and_sets() -> None:
    """RFC 5545 §3.3.11, §3.8.1.2, §3.8.1.3, §3.8.1.5, §3.8.1.6, §3.8.1.7, §3.8.1.12"""
    said = jscalendar.event(
        series(
            "DTSTART:20260105T100000Z",
            r"SUMMARY:One\, two\; three \\ four",
            r"DESCRIPTION:first\nsecond\Nthird",
            r"CATEGORIES:A\,B,C",
            "CATEGORIES:D",
            "CLASS:X-UNKNOWN",
            r"LOCATION:Room\, 5",
            "GEO:37.386013;-122.082932",
        )
    )
    assert said["title"] == "One, two; three \\ four" and said["description"] == "first\nsecond\nthird"
    assert said["keywords"] == {"A,B": True, "C": True, "D": True}
    assert said["privacy"] == "private"  # what is not known is taken for PRIVATE
    (place,) = (each for each in said["locations"].values() if each.get("name"))
    assert place["name"] == "Room, 5"
    assert "geo:37.386013,-122.082932" in str(said["locations"])
    assert r"SUMMARY:One\, two\; three \\ four" in again(said)


def test_zones_of_times() -> None:
    """RFC 5545 §3.2.19, §3.2.20, §3.3.4, §3.3.5, §3.3.12, §3.8.3.1, §3.8.3.2, §3.8.3.3, §3.8.3.4, §3.6.5"""
    own = [
        "BEGIN:VTIMEZONE", "TZID:Here", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZNAME:HERE",
        "TZOFFSETFROM:+0330", "TZOFFSETTO:+0330", "END:STANDARD", "END:VTIMEZONE",
    ]  # fmt: skip
    found = calendar.resource(read(*own, *event("DTSTART;TZID=Here:20260105T100000")))
    start = of_property(found.first, "DTSTART", found.zones)
    assert start is not None and start.ms() == ms(2026, 1, 5, 6, 30)
    utc = of_property(series("DTSTART;TZID=Europe/Paris:20260105T100000Z").first, "DTSTART", NO_ZONES)
    assert utc is not None and utc.ms() == ms(2026, 1, 5, 10)  # a TZID has no effect on UTC
    day = of_property(series("DTSTART;VALUE=DATE;TZID=Europe/Paris:20260105").first, "DTSTART", NO_ZONES)
    assert day is not None and day.day and day.zone is None
    floating = of_property(series("DTSTART:20260105T100000").first, "DTSTART", NO_ZONES)
    assert floating is not None and floating.zone is None
    leap = of_property(series("DTSTART:20261231T235960Z").first, "DTSTART", NO_ZONES)
    assert leap is not None  # programs without leap seconds take 59
    for wrong in ("+0", "0100", "+2500"):
        with pytest.raises(BadCalendar):
            values.parse_offset(wrong)
    assert values.parse_offset("-043015") == -timedelta(hours=4, minutes=30, seconds=15)


def test_lengths() -> None:
    """RFC 5545 §3.3.6, §3.3.14, §3.8.2.5"""
    assert values.parse_duration("P15DT5H0M20S") == timedelta(days=15, hours=5, seconds=20)
    assert values.parse_duration("P7W") == timedelta(weeks=7) and values.parse_duration("-PT15M") == -timedelta(
        minutes=15
    )
    assert refused("DTSTART:20260105T100000Z", "DURATION:-PT1H")
    (one,) = instances(series("DTSTART;VALUE=DATE:20260105", "DURATION:P2D"), JAN, FEB, 5)
    assert one.end_ms - one.start_ms == 2 * 86_400_000


@pytest.mark.parametrize(
    "wrong",
    [
        ["SUMMARY:no start"],
        ["DTSTART:20260105T100000Z", "DTEND:20260105T090000Z"],
        ["DTSTART;VALUE=DATE:20260105", "DTEND;VALUE=DATE:20260104"],
        ["DTSTART:20260105T100000Z", "RRULE:FREQ=NEVER"],
        ["DTSTART:20260105T100000Z", "RRULE:FREQ=DAILY;COUNT=2;UNTIL=20260110T100000Z"],
        ["DTSTART:tomorrow"],
    ],
)
def test_what_is_no_event(wrong) -> None:
    """RFC 5545 §3.6.1, §3.8.2.2, §3.8.2.4, §3.3.10"""
    assert refused(*wrong)


def test_what_is_no_task() -> None:
    """RFC 5545 §3.6.2, §3.8.2.1, §3.8.2.3"""
    assert refused("DTSTART:nonsense", kind="VTODO")
    said = jscalendar.event(
        series("DUE:20260105T100000Z", "STATUS:COMPLETED", "COMPLETED:20260104T090000Z", kind="VTODO")
    )
    assert said["progress"] == "completed" and said["progressUpdated"] == "2026-01-04T09:00:00Z"


def test_the_object_around() -> None:
    """RFC 5545 §3.4, §3.6, §3.7.2, §3.7.3, §3.7.4, §3.8.4.7"""
    plain = event("DTSTART:20260105T100000Z")
    made = calendar.write(calendar.new(calendar.resource(read(*plain)).components, "REQUEST")).decode()
    assert made.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:") and "\r\nMETHOD:REQUEST\r\n" in made
    for wrong in (
        lines("BEGIN:VCALENDAR", "PRODID:x", *plain, "END:VCALENDAR"),
        text("METHOD:PUBLISH", *plain),
        text(),
        text(*(line for line in plain if not line.startswith("UID"))),
        text(*plain, *event("DTSTART:20260105T100000Z", uid="two")),
    ):
        with pytest.raises(BadCalendar):
            calendar.resource(calendar.read(wrong))
    assert len(calendar.read_all(text(*plain) + text(*plain))) == 2


def test_times_taken_out_and_added_count_once() -> None:
    """RFC 5545 §3.8.5.1, §3.8.5.2, §3.8.5.3, §3.3.9"""
    daily = ("DTSTART:20260105T100000Z", "RRULE:FREQ=DAILY;COUNT=3")
    assert starts(*daily, "EXDATE:20260106T100000Z") == [ms(2026, 1, 5, 10), ms(2026, 1, 7, 10)]
    more = starts(*daily, "RDATE:20260106T100000Z,20260120T100000Z")
    assert more == [ms(2026, 1, 5, 10), ms(2026, 1, 6, 10), ms(2026, 1, 7, 10), ms(2026, 1, 20, 10)]
    (_, _, _, last) = instances(series(*daily, "RDATE;VALUE=PERIOD:20260120T100000Z/PT3H"), JAN, FEB, 9)
    assert last.end_ms - last.start_ms == 3 * 3_600_000
    assert starts(*daily, "RDATE:20260120T100000Z", "EXDATE:20260120T100000Z")[-1] == ms(2026, 1, 7, 10)


def test_one_instance_is_named_by_when_it_was_to_be() -> None:
    """RFC 5545 §3.8.4.4, §3.2.13"""
    whole = event("DTSTART:20260105T100000Z", "RRULE:FREQ=DAILY;COUNT=3")
    moved = event("RECURRENCE-ID:20260106T100000Z", "DTSTART:20260106T150000Z")
    found = instances(calendar.resource(read(*whole, *moved)), JAN, FEB, 9)
    assert [each.start_ms for each in found] == [ms(2026, 1, 5, 10), ms(2026, 1, 6, 15), ms(2026, 1, 7, 10)]
    with pytest.raises(BadCalendar):
        calendar.resource(read(*whole, *moved, *moved))


def test_who_is_busy() -> None:
    """RFC 5545 §3.8.2.7, §3.2.9, §3.6.4, §3.8.2.6"""
    start = "DTSTART:20260105T100000Z"
    kinds = [
        freebusy.kind_of(series(start, *more).first) for more in ([], ["TRANSP:TRANSPARENT"], ["STATUS:TENTATIVE"])
    ]
    assert kinds == ["BUSY", None, "BUSY-TENTATIVE"]


def test_alarms() -> None:
    """RFC 5545 §3.6.6, §3.2.14, §3.8.6.2, §3.8.6.3"""

    def rung(*alarm: str) -> list[int]:
        one = series(
            "DTSTART:20260105T100000Z", "DURATION:PT1H", "BEGIN:VALARM", "ACTION:DISPLAY", *alarm, "END:VALARM"
        )
        return [(each.at_ms - ms(2026, 1, 5, 10)) // 60_000 for each in alarms.rings(one, Span(JAN, FEB))]

    assert rung("TRIGGER:-PT15M") == [-15] and rung("TRIGGER;RELATED=END:PT5M") == [65]
    assert rung("TRIGGER;VALUE=DATE-TIME:20260105T093000Z") == [-30]
    assert rung("TRIGGER:-PT15M", "REPEAT:2", "DURATION:PT5M") == [-15, -10, -5]
    assert rung("TRIGGER:-PT15M", "REPEAT:2") == [-15]  # one without the other says nothing
    assert rung("SUMMARY:none") == []


def test_stamps_are_in_utc() -> None:
    """RFC 5545 §3.8.7.1, §3.8.7.2, §3.8.7.3, §3.8.7.4"""
    said = {"@type": "Event", "uid": "a", "start": "2026-01-05T10:00:00", "timeZone": "Europe/Paris"}
    said |= {"created": "2026-01-01T10:00:00Z", "updated": "2026-01-02T10:00:00Z", "sequence": 3}
    made = again(said)
    for line in (
        "CREATED:20260101T100000Z",
        "DTSTAMP:20260102T100000Z",
        "LAST-MODIFIED:20260102T100000Z",
        "SEQUENCE:3",
    ):
        assert line in made


def test_answers_say_what_became_of_the_request() -> None:
    """RFC 5545 §3.8.8.3, §3.8.1.4"""
    people = ["ORGANIZER:mailto:ann@example.org", "ATTENDEE:mailto:bob@example.org"]
    known = series("DTSTART:20260105T100000Z", *people)
    said = series("DTSTART:20260105T100000Z", people[0], people[1].replace(":", ";PARTSTAT=DECLINED:", 1))
    reply = itip.from_attendee(known, said, {"mailto:bob@example.org"}, JAN, "Away, sorry")
    assert reply is not None
    assert reply.series.first.value("REQUEST-STATUS") == "2.0;Success"
    assert reply.series.first.value("COMMENT") == "Away, sorry"
