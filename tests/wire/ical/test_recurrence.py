"""Instances of series: exceptions, changed instances, zones, floating times, bounds, and what another library says."""

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis.wire.ical import calendar
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.recurrence import bounds, instances
from parvis.wire.ical.zones import zone
from tests.wire.ical.texts import event, ms, read, series, text

PARIS = zone("Europe/Paris")


def starts(found: Series, first: int, last: int, **rest: int) -> list[str]:
    return [f"{each.start.local:%m-%d %H:%M}" for each in instances(found, first, last, **rest)]


def test_a_rule_with_exceptions_and_changed_instances() -> None:
    found = calendar.resource(
        read(
            *event(
                "DTSTART;TZID=Europe/Paris:20260105T100000",
                "DTEND;TZID=Europe/Paris:20260105T110000",
                "RRULE:FREQ=WEEKLY;BYDAY=MO,WE",
                "EXDATE:20260107T090000Z",
                "RDATE;TZID=Europe/Paris:20260109T080000",
            ),
            *event("RECURRENCE-ID:20260112T090000Z", "DTSTART;TZID=Europe/Paris:20260113T120000", "DURATION:PT2H"),
        )
    )
    assert starts(found, ms(2026), ms(2026, 1, 20)) == [
        "01-05 10:00",
        "01-09 08:00",
        "01-13 12:00",
        "01-14 10:00",
        "01-19 10:00",
    ]
    assert [
        each.recurrence_id.local.day for each in instances(found, ms(2026), ms(2026, 1, 20)) if each.recurrence_id
    ] == [5, 9, 12, 14, 19]


def test_an_instance_is_as_long_on_the_worlds_clock_with_dtend_and_on_the_wall_with_days() -> None:
    """RFC 5545 §3.8.5.3: the night when clocks go forward."""
    exact = series(
        "DTSTART;TZID=Europe/Paris:20260327T220000",
        "DTEND;TZID=Europe/Paris:20260328T100000",
        "RRULE:FREQ=DAILY;COUNT=3",
    )
    ends = [f"{each.end.local:%d %H:%M}" for each in instances(exact, ms(2026), ms(2027))]
    assert ends == ["28 10:00", "29 11:00", "30 10:00"]
    nominal = series("DTSTART;TZID=Europe/Paris:20260327T220000", "DURATION:P1D", "RRULE:FREQ=DAILY;COUNT=3")
    assert [each.end_ms - each.start_ms for each in instances(nominal, ms(2026), ms(2027))] == [
        86_400_000,
        82_800_000,
        86_400_000,
    ]


def test_times_that_are_not_shown_and_that_are_shown_twice() -> None:
    """RFC 5545 §3.3.5"""
    gap = series("DTSTART;TZID=Europe/Paris:20260328T023000", "RRULE:FREQ=DAILY;COUNT=3")
    assert [each.start_ms for each in instances(gap, ms(2026), ms(2027))] == [
        ms(2026, 3, 28, 1, 30),
        ms(2026, 3, 29, 1, 30),
        ms(2026, 3, 30, 0, 30),
    ]
    fold = series("DTSTART;TZID=Europe/Paris:20261025T023000", "DURATION:PT5M")
    assert instances(fold, ms(2026), ms(2027))[0].start_ms == ms(2026, 10, 25, 0, 30)


def test_days_and_floating_times_are_where_the_reader_is() -> None:
    day = series("DTSTART;VALUE=DATE:20260704", "RRULE:FREQ=YEARLY")
    tokyo, here = zone("Asia/Tokyo"), zone("America/New_York")
    assert tokyo is not None and here is not None
    assert instances(day, ms(2026, 7, 4), ms(2026, 7, 5), floating=tokyo)[0].start_ms == ms(2026, 7, 3, 15)
    assert instances(day, ms(2026, 7, 4), ms(2026, 7, 5), floating=here)[0].end_ms == ms(2026, 7, 5, 4)
    assert not instances(day, ms(2026, 7, 3), ms(2026, 7, 3, 14), floating=tokyo)


def test_until_in_utc_is_an_instant() -> None:
    found = series("DTSTART;TZID=America/New_York:20260101T220000", "RRULE:FREQ=DAILY;UNTIL=20260104T030000Z")
    assert starts(found, ms(2026), ms(2027)) == ["01-01 22:00", "01-02 22:00", "01-03 22:00"]


def test_this_and_all_that_follow() -> None:
    """RFC 5545 §3.2.13"""
    found = calendar.resource(
        read(
            *event("DTSTART:20260105T100000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=4"),
            *event(
                "RECURRENCE-ID;RANGE=THISANDFUTURE:20260119T100000Z", "DTSTART:20260120T120000Z", "DURATION:PT2H"
            ),
        )
    )
    assert starts(found, ms(2026), ms(2027)) == ["01-05 10:00", "01-12 10:00", "01-20 12:00", "01-27 12:00"]


def test_an_instance_alone_without_its_series() -> None:
    found = calendar.resource(read(*event("RECURRENCE-ID:20260112T090000Z", "DTSTART:20260113T120000Z")))
    assert found.master is None
    assert starts(found, ms(2026), ms(2027)) == ["01-13 12:00"]
    assert bounds(found) == (ms(2026, 1, 13, 12), ms(2026, 1, 13, 12))


def test_periods_as_dates() -> None:
    found = series(
        "DTSTART:20260105T100000Z",
        "DURATION:PT1H",
        "RDATE;VALUE=PERIOD:20260201T100000Z/PT3H,20260301T100000Z/20260301T140000Z",
    )
    assert [(each.end_ms - each.start_ms) // 3_600_000 for each in instances(found, ms(2026), ms(2027))] == [
        1,
        3,
        4,
    ]


def test_zones_by_their_own_rules() -> None:
    own = [
        "BEGIN:VTIMEZONE", "TZID:Customized Time Zone",
        "BEGIN:STANDARD", "DTSTART:16010101T030000", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "END:STANDARD",
        "BEGIN:DAYLIGHT", "DTSTART:16010101T020000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", "END:DAYLIGHT",
        "END:VTIMEZONE",
    ]  # fmt: skip
    found = calendar.resource(
        read(*own, *event("DTSTART;TZID=Customized Time Zone:20260328T100000", "RRULE:FREQ=DAILY;COUNT=2"))
    )
    assert [each.start_ms for each in instances(found, ms(2026), ms(2027))] == [
        ms(2026, 3, 28, 9),
        ms(2026, 3, 29, 8),
    ]


def test_bounds_of_what_ends_and_what_does_not() -> None:
    hour = "DURATION:PT1H"
    assert bounds(series("DTSTART:20260105T100000Z", hour)) == (ms(2026, 1, 5, 10), ms(2026, 1, 5, 11))
    assert bounds(series("DTSTART:20260105T100000Z", hour, "RRULE:FREQ=DAILY"))[1] is None
    first, last = bounds(series("DTSTART:20260105T100000Z", hour, "RRULE:FREQ=DAILY;COUNT=10"))
    assert first == ms(2026, 1, 5, 10) and last is not None and ms(2026, 1, 14, 11) <= last <= ms(2026, 1, 15)
    assert bounds(series("DTSTART:20260105T100000Z", "RRULE:FREQ=SECONDLY;COUNT=900000000"))[1] is None
    assert bounds(series("SUMMARY:some day", kind="VTODO"))[1] is None


_ZONES = st.sampled_from(["Europe/Paris", "America/New_York", "Asia/Ho_Chi_Minh", "Australia/Lord_Howe", "UTC"])


@st.composite
def sets(draw: st.DrawFn) -> list[str]:
    """A series with a rule, exceptions and changed instances, in a zone, floating, or of days."""
    name = draw(_ZONES)
    start = draw(st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 1))).replace(microsecond=0, second=0)
    days = draw(st.booleans())

    def when(prop: str, at: datetime) -> str:
        if days:
            return f"{prop};VALUE=DATE:{at:%Y%m%d}"
        return f"{prop}:{at:%Y%m%dT%H%M%S}Z" if name == "UTC" else f"{prop};TZID={name}:{at:%Y%m%dT%H%M%S}"

    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    rule = f"RRULE:FREQ={frequency};INTERVAL={draw(st.integers(1, 3))}"
    if draw(st.booleans()):
        rule += f";COUNT={draw(st.integers(1, 30))}"
    step = timedelta(days={"DAILY": 1, "WEEKLY": 7}.get(frequency, 365))
    props = [when("DTSTART", start), f"DURATION:P{draw(st.integers(1, 3))}D" if days else "DURATION:PT1H", rule]
    props += [when("EXDATE", start + draw(st.integers(1, 9)) * step) for _ in range(draw(st.integers(0, 2)))]
    found = event(*props)
    if draw(st.booleans()):
        moved = start + timedelta(days=draw(st.integers(-3, 3)), hours=draw(st.integers(-3, 3)))
        found += event(
            when("RECURRENCE-ID", start), when("DTSTART", moved), "DURATION:P1D" if days else "DURATION:PT3H"
        )
    return found


@settings(max_examples=120, deadline=None)
@given(sets(), st.dates(date(2024, 1, 1), date(2028, 1, 1)), st.integers(1, 400))
def test_as_recurring_ical_events_has_it(lines: list[str], first: date, length: int) -> None:
    begin = datetime.combine(first, datetime.min.time(), UTC)
    end = begin + timedelta(days=length)
    theirs = recurring_ical_events.of(icalendar.Calendar.from_ical(text(*lines))).between(begin, end)
    found = calendar.resource(calendar.read(text(*lines)))
    ours = instances(found, int(begin.timestamp()) * 1000, int(end.timestamp()) * 1000, 2_000)

    def stamp(at: date) -> float:
        whole = at if isinstance(at, datetime) else datetime.combine(at, datetime.min.time(), UTC)
        return (whole if whole.tzinfo else whole.replace(tzinfo=UTC)).timestamp() * 1000

    # times within a gap are other instants there; both are compared where the clocks are regular
    expected = sorted(stamp(each["DTSTART"].dt) for each in theirs)
    assert sorted(_regular(each.start_ms, lines) for each in ours) == sorted(
        _regular(int(at), lines) for at in expected
    )


def _regular(at_ms: int, lines: list[str]) -> int:
    """An instant to the nearest three hours on days when clocks change in one of the zones."""
    name = next((line.split("TZID=")[1].split(":")[0] for line in lines if "TZID=" in line), "UTC")
    at = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(name))
    before, after = (at + timedelta(days=days) for days in (-1, 1))
    return at_ms // 86_400_000 if before.utcoffset() != after.utcoffset() else at_ms


@settings(max_examples=120, deadline=None)
@given(sets(), st.dates(date(2023, 1, 1), date(2040, 1, 1)), st.integers(1, 100))
def test_what_is_outside_the_bounds_has_no_instance(lines: list[str], first: date, length: int) -> None:
    found = calendar.resource(calendar.read(text(*lines)))
    begin = ms(first.year, first.month, first.day)
    earliest, latest = bounds(found)
    for name in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        place = zone(name)
        assert place is not None
        for each in instances(found, begin, begin + length * 86_400_000, 50, place):
            assert each.start_ms >= earliest and (latest is None or each.end_ms <= latest)


@pytest.mark.parametrize(
    "properties",
    [
        ["RRULE:FREQ=SECONDLY"],
        ["RRULE:FREQ=DAILY;COUNT=100000"],
        ["RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=1;BYMINUTE=1"],
        ["RRULE:FREQ=MINUTELY;COUNT=900000;BYHOUR=1,2,3"],
        [
            "RDATE:"
            + ",".join(f"{1990 + n // 365:04}0101T{n % 24:02}{n % 60:02}{n % 60:02}Z" for n in range(15_000))
        ],
        [
            "EXDATE:"
            + ",".join(f"{1990 + n // 365:04}0101T{n % 24:02}{n % 60:02}{n % 60:02}Z" for n in range(15_000)),
            "RRULE:FREQ=DAILY",
        ],
    ],
)
def test_hostile_series_in_bounded_time(properties: list[str]) -> None:
    """RFC 8984 §7.1"""
    found = series("DTSTART:19700101T000000Z", *properties)
    began = time.process_time()
    assert len(instances(found, ms(2026), ms(2027), 500)) <= 500
    bounds(found)
    assert time.process_time() - began < 3


def test_too_many_dates_are_refused() -> None:
    with pytest.raises(BadCalendar) as error:
        series("DTSTART:20260101T000000Z", "RDATE:" + ",".join(["20260101T000000Z"] * 20_001))
    assert error.value.reason == "many"


@pytest.mark.parametrize(
    ("given_lines", "kind", "begin", "end"),
    [
        (["DTSTART:20260101T100000Z", "DURATION:P1DT"], "VEVENT", ms(2026, 1, 1, 10), ms(2026, 1, 2, 10)),
        (["DTSTART:20260101T100000Z", "DTEND;VALUE=DATE:20260103"], "VEVENT", ms(2026, 1, 1, 10), ms(2026, 1, 3)),
        (["DTSTART;VALUE=DATE:20260101", "DTEND:20260102T100000Z"], "VEVENT", ms(2026, 1, 1), ms(2026, 1, 3)),
        (["DTSTART:20260101T100000Z", "DUE;VALUE=DATE:20260103"], "VTODO", ms(2026, 1, 1, 10), ms(2026, 1, 3)),
        (["DTSTART;VALUE=DATE:20260101", "DUE:20260101T100000Z"], "VTODO", ms(2026, 1, 1), ms(2026, 1, 2)),
    ],
)
def test_what_old_programs_write_and_the_standard_does_not_have(
    given_lines: list[str], kind: str, begin: int, end: int
) -> None:
    """It is read as it is meant, and kept as it came."""
    made = read(*event(*given_lines, kind=kind))
    (found,) = instances(calendar.resource(made), begin - 1, end + 1, 5)
    assert (found.start_ms, found.end_ms) == (begin, end)
    assert all(line.encode() in calendar.write(made) for line in given_lines)


@pytest.mark.parametrize(
    ("given_lines", "reason"),
    [
        ([], "empty"),
        (["METHOD:REQUEST", *event("DTSTART:20260101T000000Z")], "method"),
        ([*event("DTSTART:20260101T000000Z"), *event("DTSTART:20260101T000000Z", uid="two")], "uid"),
        ([*event("DTSTART:20260101T000000Z"), *event("DTSTART:20260101T000000Z")], "uid"),
        ([*event("DTSTART:20260101T000000Z"), *event(kind="VTODO")], "kind"),
        (event("SUMMARY:x"), "start"),
        (event("DTSTART:20260101T000000Z", "DTEND:20250101T000000Z"), "start"),
        (event("DTSTART:20260101T100000Z", "DTEND;VALUE=DATE:20260101"), "start"),
        (event("DTSTART:20260101T000000Z", "DURATION:PT"), "value"),
        (event("DTSTART:20261301T000000Z"), "value"),
        (event("DTSTART:20260101T000000Z", "RRULE:FREQ=NEVER"), "rule"),
        (event("DTSTART:20260101T000000Z", kind="VPOLL"), "kind"),
        ([*event("DTSTART:20260101T000000Z", "RECURRENCE-ID:20260101T000000Z")] * 2, "override"),
    ],
)
def test_what_cannot_be_stored(given_lines: list[str], reason: str) -> None:
    """RFC 4791 §4.1"""
    with pytest.raises(BadCalendar) as error:
        calendar.resource(read(*given_lines))
    assert error.value.reason == reason
