"""Recurrence rules of JSCalendar (RFC 8984 §4.3.3) from and to those of iCalendar."""

from datetime import datetime

from parvis.wire.ical import rule
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.jscalendar.words import Json, local, parse_local
from parvis.wire.ical.moments import Moment
from parvis.wire.ical.rule import Rule
from parvis.wire.ical.zones import UTC

_LISTS = (
    ("byMonthDay", "BYMONTHDAY", "monthdays"),
    ("byMonth", "BYMONTH", "months"),
    ("byYearDay", "BYYEARDAY", "yeardays"),
    ("byWeekNo", "BYWEEKNO", "weeks"),
    ("byHour", "BYHOUR", "hours"),
    ("byMinute", "BYMINUTE", "minutes"),
    ("bySecond", "BYSECOND", "seconds"),
    ("bySetPosition", "BYSETPOS", "positions"),
)
_KNOWN = {name for name, _, _ in _LISTS} | {
    "@type", "frequency", "interval", "rscale", "skip", "firstDayOfWeek", "byDay", "count", "until",
}  # fmt: skip


def from_rule(given: Rule, start: Moment) -> Json:
    """A rule as JSCalendar says it; UNTIL in UTC becomes a local time of the start's zone."""
    said: Json = {"@type": "RecurrenceRule", "frequency": given.frequency.lower()}
    if given.interval != 1:
        said["interval"] = given.interval
    if given.skip != "OMIT":
        said |= {"rscale": "gregorian", "skip": given.skip.lower()}
    if given.week_start:
        said["firstDayOfWeek"] = rule.WEEKDAYS[given.week_start].lower()
    if given.weekdays:
        said["byDay"] = [_day(weekday, ordinal) for weekday, ordinal in given.weekdays]
    for name, _, field in _LISTS:
        if numbers := getattr(given, field):
            said[name] = [str(number) for number in numbers] if name == "byMonth" else list(numbers)
    if given.count is not None:
        said["count"] = given.count
    if given.until is not None:
        said["until"] = local(_until(given.until, given, start))
    return said


def _day(weekday: int, ordinal: int) -> Json:
    day: Json = {"@type": "NDay", "day": rule.WEEKDAYS[weekday].lower()}
    return day | {"nthOfPeriod": ordinal} if ordinal else day


def _until(until: datetime, given: Rule, start: Moment) -> datetime:
    if given.until_day and not start.day:
        return until.replace(hour=23, minute=59, second=59)
    if given.until_utc and start.zone is not None:
        return start.zone.to_local(UTC.to_ms(until))
    return until


def to_rule(given: object, start: Moment) -> Rule:
    """A rule of JSCalendar's, checked as iCalendar's are. Raises BadCalendar."""
    if not isinstance(given, dict):
        raise _bad("it is an object")
    if unknown := [name for name in given if name not in _KNOWN and ":" not in str(name) and "." not in str(name)]:
        raise _bad(f"{str(unknown[0])[:40]} is not known")
    parts = [f"FREQ={_word(given.get('frequency'))}", f"INTERVAL={_number(given.get('interval', 1))}"]
    if "rscale" in given:
        parts.append(f"RSCALE={_word(given['rscale'])}")
    if "skip" in given:
        parts.append(f"SKIP={_word(given['skip'])}")
    if "firstDayOfWeek" in given:
        parts.append(f"WKST={_word(given['firstDayOfWeek'])}")
    if given.get("byDay"):
        parts.append(f"BYDAY={','.join(_weekday(day) for day in _list(given['byDay']))}")
    for name, part, _ in _LISTS:
        if given.get(name):
            parts.append(f"{part}={','.join(_number(number) for number in _list(given[name]))}")
    if given.get("count") is not None:
        parts.append(f"COUNT={_number(given['count'])}")
    made = rule.parse(";".join(parts))
    if given.get("until") is None:
        return made
    if made.count is not None:
        raise _bad("count and until exclude each other")
    until = parse_local(given["until"], "recurrenceRule/until")
    if start.day:
        return made.within(until.replace(hour=0, minute=0, second=0), day=True)
    if start.zone is None:
        return made.within(until)
    # RFC 5545 §3.3.10: with a zone UNTIL is in UTC
    return made.within(UTC.to_local(start.zone.to_ms(until)), utc=True)


def _bad(sentence: str) -> BadCalendar:
    return BadCalendar(f"recurrenceRule: {sentence}", reason="rule", field="recurrenceRule")


def _word(given: object) -> str:
    if not isinstance(given, str) or not given.replace("-", "").isalnum():
        raise _bad("a word is expected")
    return given.upper()


def _number(given: object) -> str:
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise _bad("a number is expected")
    return str(given).upper()


def _list(given: object) -> list[object]:
    if not isinstance(given, list):
        raise _bad("a list is expected")
    return given


def _weekday(given: object) -> str:
    if not isinstance(given, dict):
        raise _bad("byDay is a list of objects")
    ordinal = given.get("nthOfPeriod")
    return f"{_number(ordinal) if ordinal is not None else ''}{_word(given.get('day'))}"
