"""CALDAV:filter, CALDAV:calendar-data, free-busy, alarms, zones written and read."""

from datetime import UTC, datetime, timedelta

import pytest

from parvis.wire import contentlines
from parvis.wire.dav.element import Element
from parvis.wire.dav.names import caldav
from parvis.wire.ical import alarms, calendar, freebusy, query, subset, vtimezone, zones
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.recurrence import instances
from parvis.wire.ical.span import Span
from tests.wire.ical.texts import event, ms, read, series, text

WEEKLY = event(
    "DTSTART:20260105T100000Z", "DTEND:20260105T110000Z", "RRULE:FREQ=WEEKLY", "SUMMARY:Réunion", "CATEGORIES:Work,Paris",
    "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@example.org",
    "BEGIN:VALARM", "TRIGGER:-PT15M", "ACTION:DISPLAY", "REPEAT:1", "DURATION:PT5M", "END:VALARM",
)  # fmt: skip
MOVED = event(
    "RECURRENCE-ID:20260112T100000Z", "DTSTART:20260113T100000Z", "DTEND:20260113T110000Z", "SUMMARY:Autre"
)


def el(tag: str, /, *children: Element, content: str = "", **attributes: str) -> Element:
    given = {key.replace("_", "-"): value for key, value in attributes.items()}
    return Element(caldav(tag), content, list(children), given)


def comp(name: str, *children: Element) -> Element:
    return el("comp-filter", *children, name=name)


def prop(name: str, *children: Element) -> Element:
    return el("prop-filter", *children, name=name)


def span(start: str = "", end: str = "") -> Element:
    return el("time-range", **{key: value for key, value in (("start", start), ("end", end)) if value})


def like(content: str, **attributes: str) -> Element:
    return el("text-match", content=content, **attributes)


def found(lines: list[str], *inner: Element) -> bool:
    return query.matches(read(*lines), query.parse(el("filter", comp("VCALENDAR", *inner))))


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("20260105T000000Z", "20260106T000000Z", True),
        ("20260105T110000Z", "20260106T000000Z", False),
        ("20260112T000000Z", "20260113T000000Z", False),
        ("20260113T103000Z", "20260113T110000Z", True),
        ("20300101T000000Z", "20300109T000000Z", True),
        ("20250101T000000Z", "20260105T100000Z", False),
        ("20400101T000000Z", "", True),
        ("", "20260101T000000Z", False),
    ],
)
def test_time_ranges_of_events(start: str, end: str, expected: bool) -> None:
    assert found([*WEEKLY, *MOVED], comp("VEVENT", span(start, end))) is expected


@pytest.mark.parametrize(
    ("lines", "start", "end", "expected"),
    [
        (["DTSTART:20260105T100000Z", "DURATION:PT1H"], "20260105T110000Z", "20260106T000000Z", True),
        (["DTSTART:20260105T100000Z", "DUE:20260107T100000Z"], "20260106T000000Z", "20260106T010000Z", True),
        (["DTSTART:20260105T100000Z", "DUE:20260107T100000Z"], "20260107T100000Z", "20260108T000000Z", False),
        (["DUE:20260107T100000Z"], "20260106T000000Z", "20260107T100000Z", True),
        (["DUE:20260107T100000Z"], "20260107T100000Z", "20260108T000000Z", False),
        (["DTSTART:20260105T100000Z"], "20260105T100000Z", "20260105T110000Z", True),
        (["DTSTART:20260105T100000Z"], "20260105T090000Z", "20260105T100000Z", False),
        (["COMPLETED:20260105T100000Z", "CREATED:20260103T100000Z"], "20260104T000000Z", "20260104T010000Z", True),
        (["COMPLETED:20260105T100000Z"], "20260104T000000Z", "20260104T010000Z", False),
        (["CREATED:20260103T100000Z"], "20260104T000000Z", "20260104T010000Z", True),
        (["CREATED:20260103T100000Z"], "20260101T000000Z", "20260102T000000Z", False),
        (["SUMMARY:some day"], "20260104T000000Z", "20260104T010000Z", True),
    ],
)
def test_time_ranges_of_tasks(lines: list[str], start: str, end: str, expected: bool) -> None:
    """RFC 4791 §9.9, the table of VTODO."""
    assert found(event(*lines, kind="VTODO"), comp("VTODO", span(start, end))) is expected


@pytest.mark.parametrize(
    ("kind", "lines", "start", "end", "expected"),
    [
        ("VJOURNAL", ["DTSTART;VALUE=DATE:20260105"], "20260105T230000Z", "20260106T000000Z", True),
        ("VJOURNAL", ["DTSTART:20260105T100000Z"], "20260105T100001Z", "20260106T000000Z", False),
        ("VJOURNAL", ["SUMMARY:x"], "20260105T000000Z", "20260106T000000Z", False),
        (
            "VFREEBUSY",
            ["DTSTART:20260105T000000Z", "DTEND:20260106T000000Z"],
            "20260106T000000Z",
            "20260107T000000Z",
            True,
        ),
        ("VFREEBUSY", ["FREEBUSY:20260105T000000Z/PT1H"], "20260105T003000Z", "20260107T000000Z", True),
        ("VFREEBUSY", ["FREEBUSY:20260105T000000Z/PT1H"], "20260105T010000Z", "20260107T000000Z", False),
    ],
)
def test_time_ranges_of_other_kinds(kind: str, lines: list[str], start: str, end: str, expected: bool) -> None:
    assert found(event(*lines, kind=kind), comp(kind, span(start, end))) is expected


def test_time_ranges_of_alarms() -> None:
    for start, end, expected in (
        ("20260119T094500Z", "20260119T094600Z", True),
        ("20260119T095000Z", "20260119T095100Z", True),
        ("20260119T095100Z", "20260119T100000Z", False),
    ):
        assert found(WEEKLY, comp("VEVENT", comp("VALARM", span(start, end)))) is expected


def test_a_time_range_of_any_kind_of_component() -> None:
    def found(*lines: str, asked: Element) -> bool:
        condition = query.parse(el("filter", comp("VCALENDAR", asked)))
        assert query.window(condition)[1] is not None
        return query.matches(read(*lines), condition)

    task = event("DTSTART:20260105T100000Z", "DUE:20260105T110000Z", kind="VTODO")
    zone = ["BEGIN:VTIMEZONE", "TZID:X", "END:VTIMEZONE"]
    for lines in (WEEKLY, [*zone, *WEEKLY], task):
        assert found(*lines, asked=span("20260105T103000Z", "20260105T104000Z"))
        assert not found(*lines, asked=span("20260101T000000Z", "20260102T000000Z"))
    assert found(*WEEKLY, asked=span("20260112T103000Z", "20260112T104000Z"))


def test_properties_and_parameters() -> None:
    """RFC 4791 §9.7.2, §9.7.3, §9.7.5"""
    assert found(WEEKLY, comp("VEVENT", prop("SUMMARY", like("réunion", collation="i;unicode-casemap"))))
    assert not found(WEEKLY, comp("VEVENT", prop("SUMMARY", like("réunion", collation="i;octet"))))
    assert found(WEEKLY, comp("VEVENT", prop("SUMMARY", like("r", collation="i;ascii-casemap"))))
    assert not found(WEEKLY, comp("VEVENT", prop("SUMMARY", like("union", negate_condition="yes"))))
    assert found(WEEKLY, comp("VEVENT", prop("LOCATION", el("is-not-defined"))))
    assert not found(WEEKLY, comp("VEVENT", prop("LOCATION")))
    assert found(
        WEEKLY,
        comp("VEVENT", prop("ATTENDEE", like("ann@"), el("param-filter", like("accepted"), name="PARTSTAT"))),
    )
    assert found(WEEKLY, comp("VEVENT", prop("ATTENDEE", el("param-filter", el("is-not-defined"), name="RSVP"))))
    assert found(WEEKLY, comp("VTODO", el("is-not-defined"))) and not found(WEEKLY, comp("VTODO"))
    assert found(WEEKLY, comp("VEVENT", prop("DTSTAMP", span("20260101T000000Z", "20260102T000000Z"))))


def test_all_conditions_are_about_one_component() -> None:
    """RFC 4791 §9.7.1"""
    both = comp("VEVENT", span("20260105T000000Z", "20260106T000000Z"), prop("SUMMARY", like("Autre")))
    assert not found([*WEEKLY, *MOVED], both)


def test_what_an_index_can_answer_beforehand() -> None:
    kinds, window = query.window(
        query.parse(el("filter", comp("VCALENDAR", comp("VEVENT", span("20260105T000000Z")))))
    )
    assert kinds == {"VEVENT"} and window is not None and window.start_ms == ms(2026, 1, 5)
    assert query.window(query.EVERYTHING) == (None, None)


@pytest.mark.parametrize(
    ("given", "condition"),
    [
        (el("filter"), "valid-filter"),
        (el("filter", comp("VEVENT")), "valid-filter"),
        (el("filter", comp("VCALENDAR", comp("VEVENT", span()))), "valid-filter"),
        (
            el("filter", comp("VCALENDAR", comp("VEVENT", span("20260105T000000Z", "20260104T000000Z")))),
            "valid-filter",
        ),
        (el("filter", comp("VCALENDAR", comp("VEVENT", span("20260105")))), "valid-filter"),
        (
            el("filter", comp("VCALENDAR", comp("VEVENT", prop("SUMMARY", like("x", collation="i;nothing"))))),
            "supported-collation",
        ),
        (el("filter", comp("VCALENDAR", comp("VALARM"))), "valid-filter"),
        (el("filter", comp("VCALENDAR", comp("VTODO", comp("VEVENT")))), "valid-filter"),
        (
            el("filter", comp("VCALENDAR", comp("VTIMEZONE", comp("STANDARD", span("20260105T000000Z"))))),
            "valid-filter",
        ),
        (el("filter", comp("VCALENDAR", comp("VEVENT", comp("X-COMP", span("20260105T000000Z"))))), "valid-filter"),
        (
            el("filter", comp("VCALENDAR", comp("VEVENT", prop("SUMMARY", span("20260105T000000Z"))))),
            "valid-filter",
        ),
        (el("filter", comp("VCALENDAR", *[comp("VEVENT")] * 200)), "supported-filter"),
        (el("filter", comp("VCALENDAR", comp("VEVENT", prop("X", like("x" * 2000))))), "supported-filter"),
    ],
)
def test_filters_that_are_none(given: Element, condition: str) -> None:
    with pytest.raises(query.BadFilter) as error:
        query.parse(given)
    assert error.value.condition == condition


def test_filters_of_what_nobody_knows_find_nothing() -> None:
    given = el(
        "filter", comp("VCALENDAR", comp("VEVENT", comp("X-COMP"), prop("X-WHEN", span("20260105T000000Z"))))
    )
    assert not query.matches(read(*WEEKLY), query.parse(given))


def test_busy_times_limited_to_a_window() -> None:
    """RFC 4791 §9.6.7"""
    periods = "20260105T100000Z/PT1H,20260107T100000Z/PT1H"
    given = read(*event(f"FREEBUSY:{periods}", "FREEBUSY;FBTYPE=FREE:20260107T000000Z/PT1H", kind="VFREEBUSY"))
    window = el("limit-freebusy-set", start="20260105T000000Z", end="20260106T000000Z")
    (limited,) = subset.subset(given, subset.parse(el("calendar-data", window))).components
    assert [each.value for each in limited.every("FREEBUSY")] == ["20260105T100000Z/PT1H"]
    (whole,) = subset.subset(given, subset.parse(el("calendar-data"))).components
    assert [each.value for each in whole.every("FREEBUSY")] == [periods, "20260107T000000Z/PT1H"]


def test_expanded_and_limited() -> None:
    """RFC 4791 §9.6.5, §9.6.6"""
    given = read(*WEEKLY, *MOVED)
    wanted = subset.parse(el("calendar-data", el("expand", start="20260105T000000Z", end="20260120T000000Z")))
    expanded = subset.subset(given, wanted)
    assert [each.value("DTSTART") for each in expanded.components] == [
        "20260105T100000Z",
        "20260113T100000Z",
        "20260119T100000Z",
    ]
    assert [each.value("RECURRENCE-ID") for each in expanded.components] == [
        "20260105T100000Z",
        "20260112T100000Z",
        "20260119T100000Z",
    ]
    assert not any(each.first("RRULE") for each in expanded.components)
    limit = subset.parse(
        el("calendar-data", el("limit-recurrence-set", start="20260201T000000Z", end="20260301T000000Z"))
    )
    assert len(subset.subset(given, limit).components) == 1
    few = el(
        "calendar-data",
        el(
            "comp",
            el("comp", el("prop", name="UID"), el("prop", name="SUMMARY", novalue="yes"), name="VEVENT"),
            el("prop", name="VERSION"),
            name="VCALENDAR",
        ),
    )
    part = subset.subset(given, subset.parse(few))
    assert [[each.name, each.value] for each in part.components[0].properties] == [["UID", "one"], ["SUMMARY", ""]]
    assert subset.subset(given, subset.parse(el("calendar-data"))) is given


def test_expanding_has_a_limit() -> None:
    many = read(*event("DTSTART:20260101T000000Z", "RRULE:FREQ=MINUTELY"))
    with pytest.raises(BadCalendar) as error:
        subset.expanded(many, Span(ms(2026), ms(2027)))
    assert error.value.reason == "many"


def test_busy_times_put_together() -> None:
    window = Span(ms(2026, 1, 5), ms(2026, 1, 6))
    taken = freebusy.busy(series("DTSTART:20260105T100000Z", "DTEND:20260105T120000Z", "RRULE:FREQ=DAILY"), window)
    taken += freebusy.busy(series("DTSTART:20260105T113000Z", "DTEND:20260105T130000Z", "STATUS:TENTATIVE"), window)
    taken += freebusy.busy(
        series("DTSTART:20260105T150000Z", "DTEND:20260105T160000Z", "TRANSP:TRANSPARENT"), window
    )
    taken += freebusy.busy(series("DTSTART:20260105T150000Z", "DTEND:20260105T160000Z", "STATUS:CANCELLED"), window)
    me = ("mailto:ann@example.org",)
    taken += freebusy.busy(
        series("DTSTART:20260105T170000Z", "DURATION:PT1H", "ATTENDEE;PARTSTAT=DECLINED:mailto:ann@example.org"),
        window,
        addresses=me,
    )
    answer = freebusy.component(taken, window, ms(2026), "uid")
    assert [(each.param("FBTYPE"), each.value) for each in answer.every("FREEBUSY")] == [
        ("", "20260105T100000Z/20260105T120000Z"),
        ("BUSY-TENTATIVE", "20260105T120000Z/20260105T130000Z"),
    ]


def test_the_next_ring_of_an_alarm() -> None:
    weekly = calendar.resource(read(*WEEKLY))
    rings = alarms.rings(weekly, Span(ms(2026, 1, 12), ms(2026, 1, 20)))
    assert [each.at_ms for each in rings] == [
        ms(2026, 1, 12, 9, 45),
        ms(2026, 1, 12, 9, 50),
        ms(2026, 1, 19, 9, 45),
        ms(2026, 1, 19, 9, 50),
    ]
    following = alarms.next_ring(weekly, ms(2026, 1, 12, 9, 50))
    assert following is not None and following.at_ms == ms(2026, 1, 19, 9, 45)
    assert alarms.next_ring(series("DTSTART:20260105T100000Z"), ms(2026)) is None
    absolute = series(
        "DTSTART:20260105T100000Z",
        "RRULE:FREQ=DAILY",
        "BEGIN:VALARM",
        "TRIGGER;VALUE=DATE-TIME:20260301T080000Z",
        "ACTION:EMAIL",
        "END:VALARM",
    )
    ring = alarms.next_ring(absolute, ms(2026))
    assert ring is not None and ring.at_ms == ms(2026, 3, 1, 8)
    assert alarms.next_ring(absolute, ring.at_ms) is None


@pytest.mark.parametrize(
    "name",
    [
        "Europe/Paris",
        "America/New_York",
        "Africa/Casablanca",
        "Asia/Jerusalem",
        "Australia/Lord_Howe",
        "America/Sao_Paulo",
        "Asia/Ho_Chi_Minh",
    ],
)
def test_zones_written_and_read_show_the_same(name: str) -> None:
    place = zones.zone(name)
    assert isinstance(place, zones.Iana)
    for last in (2031, None):
        rules = vtimezone.Rules(vtimezone.component(place, 2020, last))
        at = datetime(2020, 1, 1, tzinfo=UTC)
        while at.year < 2032:
            moment = int(at.timestamp()) * 1000
            assert rules.to_local(moment) == place.to_local(moment)
            assert rules.to_ms(place.to_local(moment)) == place.to_ms(place.to_local(moment))
            at += timedelta(hours=29)


def test_a_zone_that_goes_on_has_rules_and_not_dates() -> None:
    place = zones.zone("Europe/Paris")
    assert isinstance(place, zones.Iana)
    said = contentlines.write(vtimezone.component(place, 2026, None)).decode()
    assert said.count("RRULE:FREQ=YEARLY;BYMONTH=") == 2 and "UNTIL" not in said and "RDATE" not in said


@pytest.mark.parametrize(
    ("name", "iana"),
    [
        ("Europe/Paris", "Europe/Paris"), ("europe/paris", "Europe/Paris"), ("Romance Standard Time", "Europe/Paris"),
        ("W. Europe Standard Time", "Europe/Berlin"), ("SE Asia Standard Time", "Asia/Bangkok"),
        ("/freeassociation.sourceforge.net/Tzfile/Europe/Paris", "Europe/Paris"),
        ("/mozilla.org/20070129_1/America/Indiana/Knox", "America/Indiana/Knox"),
        ("(UTC+01:00) Brussels, Copenhagen, Madrid, Paris", "Europe/Brussels"), ("UTC", "Etc/UTC"), ("Z", "Etc/UTC"),
    ],
)  # fmt: skip
def test_names_that_programs_use(name: str, iana: str) -> None:
    found_zone = zones.zone(name)
    assert found_zone is not None and found_zone.iana == iana


def test_names_that_nobody_knows() -> None:
    for name in ("", "Mars/Base", "../../etc/passwd", "Europe/../Paris", "/"):
        assert zones.zone(name) is None
    fixed = zones.zone("GMT+0230")
    assert fixed is not None and fixed.to_ms(datetime(2026, 1, 1)) == ms(2025, 12, 31, 21, 30)


def test_an_unknown_zone_floats() -> None:
    floating = calendar.resource(read(*event("DTSTART;TZID=Mars/Base:20260105T100000")))
    assert instances(floating, ms(2026), ms(2027))[0].start.zone is None


def test_untouched_text_is_written_as_it_came() -> None:
    data = text("X-UNKNOWN;X=1:y", *WEEKLY, *MOVED).replace(b"SUMMARY", b"SUM\r\n MARY")
    assert calendar.write(calendar.read(data)) == data
