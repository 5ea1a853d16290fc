"""Rules: the examples of RFC 5545, what dateutil makes of any rule, windows, bounds of time."""

import time
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice, takewhile

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis.wire.ical import rule
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.expand import Budget, expand

START = datetime(1997, 9, 2, 9)


def first(text: str, start: datetime = START, most: int = 12) -> list[datetime]:
    return list(islice(expand(rule.parse(text), start, Budget()), most))


def days(text: str, start: datetime = START, most: int = 12) -> list[str]:
    return [f"{each:%Y-%m-%d}" for each in first(text, start, most)]


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        ("FREQ=MONTHLY;COUNT=4;BYDAY=1FR", datetime(1997, 9, 5, 9), "1997-09-05 1997-10-03 1997-11-07 1997-12-05"),
        ("FREQ=MONTHLY;COUNT=3;BYDAY=-2MO", datetime(1997, 9, 22, 9), "1997-09-22 1997-10-20 1997-11-17"),
        ("FREQ=MONTHLY;BYMONTHDAY=-3", datetime(1997, 9, 28, 9), "1997-09-28 1997-10-29 1997-11-28 1997-12-29"),
        ("FREQ=YEARLY;BYDAY=20MO", datetime(1997, 5, 19, 9), "1997-05-19 1998-05-18 1999-05-17"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", datetime(1997, 5, 12, 9), "1997-05-12 1998-05-11 1999-05-17"),
        (
            "FREQ=YEARLY;INTERVAL=3;BYYEARDAY=1,100,200",
            datetime(1997, 1, 1, 9),
            "1997-01-01 1997-04-10 1997-07-19 2000-01-01",
        ),
        (
            "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
            datetime(1996, 11, 5, 9),
            "1996-11-05 2000-11-07 2004-11-02",
        ),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
            datetime(1997, 9, 29, 9),
            "1997-09-29 1997-10-30 1997-11-27 1997-12-30",
        ),
        (
            "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
            datetime(1998, 2, 13, 9),
            "1998-02-13 1998-03-13 1998-11-13 1999-08-13",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
            datetime(1997, 8, 5, 9),
            "1997-08-05 1997-08-10 1997-08-19 1997-08-24",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
            datetime(1997, 8, 5, 9),
            "1997-08-05 1997-08-17 1997-08-19 1997-08-31",
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=31", datetime(2026, 1, 31), "2026-01-31 2026-03-31 2026-05-31"),
        ("RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD", datetime(2026, 1, 31), "2026-01-31 2026-02-28 2026-03-31"),
        (
            "RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD",
            datetime(2024, 2, 29),
            "2024-02-29 2025-03-01 2026-03-01 2027-03-01 2028-02-29",
        ),
        ("FREQ=YEARLY", datetime(2024, 2, 29), "2024-02-29 2028-02-29"),
        # The first of a week is counted in all of the week, also when that began before the start.
        ("FREQ=WEEKLY;BYDAY=MO,TU,TH;BYSETPOS=1", datetime(2000, 1, 5), "2000-01-05 2000-01-10 2000-01-17"),
    ],
)
def test_examples(text: str, start: datetime, expected: str) -> None:
    """RFC 5545 §3.8.5.3, RFC 7529 §4.1"""
    wanted = expected.split()
    assert days(text, start, len(wanted)) == wanted


def test_hours_and_minutes() -> None:
    assert first("FREQ=DAILY;BYHOUR=9,10;BYMINUTE=0,20,40", most=5)[-1] == datetime(1997, 9, 2, 10, 20)
    assert first("FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000") == [START + timedelta(hours=n) for n in (0, 3, 6)]
    assert first("FREQ=MINUTELY;INTERVAL=90;COUNT=4")[-1] == datetime(1997, 9, 2, 13, 30)


def test_the_start_is_the_first_even_if_the_rule_does_not_mean_it() -> None:
    """RFC 5545 §3.8.5.3: it counts."""
    assert days("FREQ=WEEKLY;BYDAY=MO;COUNT=3") == ["1997-09-02", "1997-09-08", "1997-09-15"]


@st.composite
def rules(draw: st.DrawFn, frequencies: tuple[str, ...] = rule.FREQUENCIES) -> str:
    """A rule that RFC 5545 allows and that dateutil reads in the same way."""
    frequency = draw(st.sampled_from(frequencies))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 5))}"]

    def maybe(name: str, low: int, high: int, signed: bool = False, most: int = 3) -> None:
        if draw(st.integers(0, 3)):
            return
        numbers = st.integers(low, high)
        if signed:
            numbers = numbers | st.integers(-high, -low)
        parts.append(
            f"{name}={','.join(map(str, draw(st.lists(numbers, min_size=1, max_size=most, unique=True))))}"
        )

    maybe("BYMONTH", 1, 12)
    if frequency != "WEEKLY":
        maybe("BYMONTHDAY", 1, 31, signed=True)
    if frequency in ("YEARLY", "HOURLY", "MINUTELY", "SECONDLY"):
        maybe("BYYEARDAY", 1, 366, signed=True)
    weekdays = draw(st.lists(st.sampled_from(rule.WEEKDAYS), max_size=3, unique=True))
    if weekdays and draw(st.booleans()):
        ordinal = frequency in ("MONTHLY", "YEARLY") and draw(st.booleans())
        parts.append(
            "BYDAY="
            + ",".join(f"{draw(st.sampled_from((-2, -1, 1, 2, 5))) if ordinal else ''}{day}" for day in weekdays)
        )
        if frequency == "YEARLY" and not ordinal:
            maybe("BYWEEKNO", 1, 53, signed=True)
    maybe("BYHOUR", 0, 23)
    maybe("BYMINUTE", 0, 59)
    maybe("BYSECOND", 0, 59)
    if any(part.startswith("BY") for part in parts):
        maybe("BYSETPOS", 1, 5, signed=True)
    parts.append(f"WKST={draw(st.sampled_from(rule.WEEKDAYS))}")
    return ";".join(parts)


@settings(max_examples=150, deadline=None)
@given(rules(("DAILY", "WEEKLY", "MONTHLY", "YEARLY")), st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)))
def test_as_dateutil_has_it(text: str, start: datetime) -> None:
    """Within some years; dateutil leaves a start out that does not fit, so it is left out here too. Positions in a
    week it counts from the start on, where that is in the middle of one: such rules start with the week."""
    start = start.replace(microsecond=0)
    if "WEEKLY" in text and "BYSETPOS" in text:
        start -= timedelta(days=(start.weekday() - rule.WEEKDAYS.index(text[-2:])) % 7)
    ours = list(islice(expand(rule.parse(text), start, Budget(20_000)), 41))[1:]
    ours = [each for each in ours if each.year < start.year + 12]
    # dateutil goes on to the year 9999 for what never happens: only as much is asked of it as there is
    theirs = list(islice(rrulestr(text, dtstart=start).xafter(start), len(ours)))
    assert ours == theirs


@settings(max_examples=25, deadline=None)
@given(rules(("HOURLY", "MINUTELY")), st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)))
def test_short_frequencies_as_each_minute_looked_at_has_them(text: str, start: datetime) -> None:
    """HOURLY and MINUTELY without BYSETPOS, beside the plainest way there is: every minute of two days is asked."""
    start, parsed = start.replace(microsecond=0), replace(rule.parse(text), positions=())
    seconds = sorted(parsed.seconds) or [start.second]
    step, hourly = parsed.interval, parsed.frequency == "HOURLY"
    hour = start.replace(minute=0, second=0)
    theirs = []
    for minute in range(2 * 24 * 60):
        at = start.replace(second=0) + timedelta(minutes=minute)
        units = (at - hour) // timedelta(hours=1) if hourly else minute
        fits = units % step == 0 and (at.minute in (parsed.minutes or (start.minute,)) if hourly else True)
        if fits and _limits(parsed, at):
            theirs += [at.replace(second=second) for second in seconds]
    end = start.replace(second=0) + timedelta(days=2)
    ours = list(takewhile(lambda at: at < end, expand(parsed, start, Budget(100_000))))[1:]
    assert ours == [each for each in theirs if each > start]


def _limits(parsed: rule.Rule, at: datetime) -> bool:
    following = (at.replace(day=28) + timedelta(days=4)).replace(day=1)
    length = (following - timedelta(days=1)).day
    whole = 366 if at.year % 4 == 0 else 365
    day = at.timetuple().tm_yday
    return (
        (not parsed.months or at.month in parsed.months)
        and (not parsed.monthdays or at.day in parsed.monthdays or at.day - length - 1 in parsed.monthdays)
        and (not parsed.yeardays or day in parsed.yeardays or day - whole - 1 in parsed.yeardays)
        and (not parsed.weekdays or (at.weekday(), 0) in parsed.weekdays)
        and (not parsed.hours or at.hour in parsed.hours)
        and (parsed.frequency == "HOURLY" or not parsed.minutes or at.minute in parsed.minutes)
    )


@settings(max_examples=40, deadline=None)
@given(
    rules(),
    st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)),
    st.integers(0, 4000),
    st.sampled_from([None, 30]),
)
def test_a_window_later_has_the_same(text: str, start: datetime, later: int, count: int | None) -> None:
    """Entering a rule where it is needed finds what going through it finds."""
    parsed = rule.parse(text + (f";COUNT={count}" if count else ""))
    start = start.replace(microsecond=0)
    hours = later if parsed.frequency in ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY") else later // 60
    after = start + timedelta(hours=hours)
    whole = islice(expand(parsed, start, Budget(20_000)), 20_000)
    window = islice(expand(parsed, start, Budget(40_000), after), 3_000)
    first = list(islice((each for each in whole if each >= after), 10))
    assert list(islice((each for each in window if each >= after), len(first))) == first


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=SECONDLY",
        "FREQ=SECONDLY;COUNT=100000000",
        "FREQ=SECONDLY;INTERVAL=7;BYHOUR=3;BYMINUTE=3;BYSECOND=3;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=31",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=300",
        "FREQ=YEARLY;BYSECOND="
        + ",".join(map(str, range(60)))
        + ";BYMINUTE="
        + ",".join(map(str, range(60)))
        + ";BYHOUR="
        + ",".join(map(str, range(24)))
        + ";BYMONTHDAY="
        + ",".join(map(str, range(1, 32)))
        + ";BYSETPOS=366",
        "FREQ=DAILY;INTERVAL=999999999",
        "FREQ=YEARLY;INTERVAL=999999999",
    ],
)
def test_bounded_time(text: str) -> None:
    began = time.process_time()
    for _ in expand(rule.parse(text), datetime(1970, 1, 1), Budget(), datetime(2026, 1, 1)):
        pass
    assert time.process_time() - began < 6


@settings(max_examples=200)
@given(rules())
def test_written_and_read_again(text: str) -> None:
    assert rule.parse(rule.write(rule.parse(text))) == rule.parse(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "rule"),
        ("FREQ=FORTNIGHTLY", "rule"),
        ("FREQ=DAILY;COUNT=0", "rule"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20260101", "rule"),
        ("FREQ=DAILY;BYHOUR=24", "rule"),
        ("FREQ=DAILY;BYHOUR=-1", "rule"),
        ("FREQ=DAILY;FREQ=DAILY", "rule"),
        ("FREQ=WEEKLY;BYDAY=1MO", "rule"),
        ("FREQ=MONTHLY;BYWEEKNO=3", "rule"),
        ("FREQ=DAILY;INTERVAL=0", "rule"),
        ("FREQ=DAILY;BYEASTER=1", "rule"),
        ("RSCALE=CHINESE;FREQ=YEARLY", "rscale"),
        ("RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L", "rscale"),
        ("FREQ=DAILY;UNTIL=20261301", "value"),
    ],
)
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(BadCalendar) as error:
        rule.parse(text)
    assert error.value.reason == reason
