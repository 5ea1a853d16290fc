"""Recurrence rules (RFC 5545 §3.3.10, RFC 7529 as far as the Gregorian calendar): read, checked, written."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Literal, get_args

from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.values import parse_date, parse_datetime, write_date, write_datetime

Frequency = Literal["SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]
Skip = Literal["OMIT", "BACKWARD", "FORWARD"]
FREQUENCIES: tuple[Frequency, ...] = get_args(Frequency)
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MOST_VALUES = 400
"""In one part of a rule; BYYEARDAY and BYSETPOS have 366 of each sign, no sensible rule more."""
_WEEKDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)\Z", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,3}\Z", re.ASCII)
_LIMITS = {
    "BYSECOND": (0, 60),
    "BYMINUTE": (0, 59),
    "BYHOUR": (0, 23),
    "BYMONTHDAY": (1, 31),
    "BYYEARDAY": (1, 366),
    "BYWEEKNO": (1, 53),
    "BYMONTH": (1, 12),
    "BYSETPOS": (1, 366),
}
_SIGNED = {"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. `until` is a naive time: in UTC when `until_utc`, else local; a day when `until_day` (then all of
    it). Weekdays are numbers from Monday = 0, with the ordinal (0 for every one)."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    until_utc: bool = False
    until_day: bool = False
    seconds: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    weekdays: tuple[tuple[int, int], ...] = ()
    """(weekday, ordinal)."""
    monthdays: tuple[int, ...] = ()
    yeardays: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0
    skip: Skip = "OMIT"
    """What happens to a day that its month has not (RFC 7529 §4.1)."""

    def within(self, until: datetime, *, utc: bool = False, day: bool = False) -> "Rule":
        """The same rule up to a time, without a count."""
        return replace(self, count=None, until=until, until_utc=utc, until_day=day)


def parse(text: str) -> Rule:
    """Reads a rule. Raises BadCalendar: `rscale` for calendars that are not Gregorian, else `rule`."""
    parts = _parts(text)
    scale = parts.pop("RSCALE", "GREGORIAN")
    if scale != "GREGORIAN":
        raise BadCalendar(
            f"recurrence in the calendar {scale[:20]} is not supported", reason="rscale", field="RRULE"
        )
    frequency = parts.pop("FREQ", "")
    if frequency not in FREQUENCIES:
        raise _bad("FREQ is missing or not known")
    until, utc, day = _until(parts.pop("UNTIL", ""))
    rule = Rule(
        frequency=frequency,
        interval=_positive(parts.pop("INTERVAL", "1"), "INTERVAL") or 1,
        count=_positive(parts.pop("COUNT", ""), "COUNT"),
        until=until,
        until_utc=utc,
        until_day=day,
        weekdays=_weekdays(parts.pop("BYDAY", "")),
        week_start=_week_start(parts.pop("WKST", "MO")),
        skip=_skip(parts.pop("SKIP", "OMIT")),
        **{field: _numbers(parts.pop(name, ""), name) for name, field in _FIELDS},
    )
    if unknown := [name for name in parts if not name.startswith("X-")]:
        raise _bad(f"{unknown[0][:20]} is not a part of a rule")
    _check(rule)
    return rule


_FIELDS = (
    ("BYSECOND", "seconds"),
    ("BYMINUTE", "minutes"),
    ("BYHOUR", "hours"),
    ("BYMONTHDAY", "monthdays"),
    ("BYYEARDAY", "yeardays"),
    ("BYWEEKNO", "weeks"),
    ("BYMONTH", "months"),
    ("BYSETPOS", "positions"),
)


def _parts(text: str) -> dict[str, str]:
    parts = dict[str, str]()
    for part in text.strip().strip(";").split(";"):
        name, mark, value = part.partition("=")
        name = name.strip().upper()
        if not mark or name in parts:
            raise _bad(f"{part[:40]!r} is given twice or is no part of a rule")
        parts[name] = value.strip().upper()
    return parts


def _bad(sentence: str) -> BadCalendar:
    return BadCalendar(f"the recurrence rule: {sentence}", reason="rule", field="RRULE")


def _positive(text: str, name: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise _bad(f"{name} is a number above zero")
    return int(text)


def _until(text: str) -> tuple[datetime | None, bool, bool]:
    if not text:
        return None, False, False
    if "T" in text:
        moment, utc = parse_datetime(text)
        return moment, utc, False
    return datetime.combine(parse_date(text), time()), False, True


def _weekdays(text: str) -> tuple[tuple[int, int], ...]:
    if not text:
        return ()
    found = list[tuple[int, int]]()
    for word in text.split(",", MOST_VALUES):
        match = _WEEKDAY.match(word.strip())
        ordinal = int(match[1] or 0) if match else 0
        if match is None or abs(ordinal) > 53 or (match[1] and not ordinal):
            raise _bad(f"{word[:20]!r} is no weekday")
        found.append((WEEKDAYS.index(match[2]), ordinal))
    return tuple(dict.fromkeys(found))


def _week_start(text: str) -> int:
    if text not in WEEKDAYS:
        raise _bad("WKST is a weekday")
    return WEEKDAYS.index(text)


def _skip(text: str) -> Skip:
    if text not in get_args(Skip):
        raise _bad("SKIP is OMIT, BACKWARD or FORWARD")
    return text  # type: ignore[return-value] # one of them, by the line above


def _numbers(text: str, name: str) -> tuple[int, ...]:
    if not text:
        return ()
    low, high = _LIMITS[name]
    found = list[int]()
    for word in text.split(",", 2 * MOST_VALUES):
        word = word.strip()
        if not _NUMBER.match(word) or (name not in _SIGNED and word[0] in "+-"):
            if name == "BYMONTH" and word.endswith("L"):
                raise BadCalendar("leap months are not of the Gregorian calendar", reason="rscale", field="RRULE")
            raise _bad(f"{name} has {word[:20]!r}")
        number = int(word)
        if not low <= abs(number) <= high:
            raise _bad(f"{name} has {number}, which is not between {low} and {high}")
        found.append(number)
    return tuple(sorted(set(found)))


def _check(rule: Rule) -> None:
    """What RFC 5545 §3.3.10 forbids and would have no meaning; what is only superfluous is let pass."""
    if rule.count is not None and rule.until is not None:
        raise _bad("COUNT and UNTIL exclude each other")
    ordinals = any(ordinal for _, ordinal in rule.weekdays)
    if ordinals and rule.frequency not in ("MONTHLY", "YEARLY"):
        raise _bad("BYDAY has numbers only with FREQ=MONTHLY and FREQ=YEARLY")
    if ordinals and rule.weeks:
        raise _bad("BYDAY has no numbers with BYWEEKNO")
    if rule.weeks and rule.frequency != "YEARLY":
        raise _bad("BYWEEKNO is for FREQ=YEARLY")
    if rule.yeardays and rule.frequency in ("DAILY", "WEEKLY", "MONTHLY"):
        raise _bad(f"BYYEARDAY is not for FREQ={rule.frequency}")
    if rule.monthdays and rule.frequency == "WEEKLY":
        raise _bad("BYMONTHDAY is not for FREQ=WEEKLY")


def write(rule: Rule) -> str:
    """A rule as iCalendar writes it."""
    parts = ["RSCALE=GREGORIAN"] if rule.skip != "OMIT" else []
    parts.append(f"FREQ={rule.frequency}")
    if rule.until is not None:
        parts.append(f"UNTIL={write_until(rule.until, utc=rule.until_utc, day=rule.until_day)}")
    if rule.count is not None:
        parts.append(f"COUNT={rule.count}")
    if rule.interval != 1:
        parts.append(f"INTERVAL={rule.interval}")
    for name, field in _FIELDS[:-1]:
        if numbers := getattr(rule, field):
            parts.append(f"{name}={','.join(map(str, numbers))}")
    if rule.weekdays:
        parts.append("BYDAY=" + ",".join(f"{ordinal or ''}{WEEKDAYS[day]}" for day, ordinal in rule.weekdays))
    if rule.positions:
        parts.append(f"BYSETPOS={','.join(map(str, rule.positions))}")
    if rule.week_start:
        parts.append(f"WKST={WEEKDAYS[rule.week_start]}")
    if rule.skip != "OMIT":
        parts.append(f"SKIP={rule.skip}")
    return ";".join(parts)


def write_until(until: datetime | date, *, utc: bool, day: bool) -> str:
    """The value of UNTIL."""
    return write_date(until) if day or not isinstance(until, datetime) else write_datetime(until, utc)
