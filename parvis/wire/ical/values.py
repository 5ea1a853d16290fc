"""Values of iCalendar properties (RFC 5545 §3.3): dates, times, durations, periods and offsets, read and written.

Local times are naive datetimes; which zone they are in is said beside them (`moments.py`). Everything raises
BadCalendar for what is not in the calendar."""

import re
from datetime import date, datetime, timedelta

from parvis.wire.ical.errors import BadCalendar

DAY = timedelta(days=1)
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})\Z", re.ASCII)
_TIME = re.compile(r"(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(Z?)\Z", re.ASCII | re.IGNORECASE)
_DURATION = re.compile(
    r"([+-]?)P(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?\Z",
    re.ASCII | re.IGNORECASE,
)
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})(\d{2})?\Z", re.ASCII)


def parse_date(text: str) -> date:
    """`YYYYMMDD` (RFC 5545 §3.3.4)."""
    found = _DATE.match(text.strip())
    try:
        if found:
            return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        pass
    raise BadCalendar(f"{text[:40]!r} is no date")


def parse_datetime(text: str) -> tuple[datetime, bool]:
    """`YYYYMMDDTHHMMSS`, and whether a `Z` says that it is in UTC (RFC 5545 §3.3.5). Second 60 is taken as 59."""
    found = _TIME.match(text.strip())
    try:
        if found:
            year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
            return datetime(year, month, day, hour, minute, 59 if second == 60 else second), bool(found[7])  # noqa: DTZ001 - local by design
    except ValueError:
        pass
    raise BadCalendar(f"{text[:40]!r} is no date and time")


def write_date(day: date) -> str:
    """A date as iCalendar writes it."""
    return f"{day.year:04}{day.month:02}{day.day:02}"


def write_datetime(local: datetime, utc: bool = False) -> str:
    """A date and time as iCalendar writes it, in whole seconds."""
    clock = f"{local.hour:02}{local.minute:02}{local.second:02}"
    return f"{write_date(local)}T{clock}{'Z' if utc else ''}"


def parse_duration(text: str) -> timedelta:
    """A duration; days and weeks are taken by `timedelta` as days, the rest as seconds (RFC 5545 §3.3.6)."""
    days, seconds = duration_parts(text)
    return days + seconds


def duration_parts(text: str) -> tuple[timedelta, timedelta]:
    """A duration's nominal part (weeks, days) and its exact part (hours, minutes, seconds): the first is added in
    local time, the second on the world's clock (RFC 5545 §3.3.6). Old programs write `P1DT`, with no time."""
    found = _DURATION.match(text.strip())
    if found is None or not any(found.groups()[1:]):
        raise BadCalendar(f"{text[:40]!r} is no duration")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    sign = -1 if found[1] == "-" else 1
    try:
        nominal = timedelta(weeks=weeks, days=days)
        exact = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError as error:
        raise BadCalendar(f"{text[:40]!r} is too long a duration") from error
    return sign * nominal, sign * exact


def write_duration(length: timedelta) -> str:
    """A duration as iCalendar and JSCalendar write it: days and an exact part."""
    sign, length = ("-", -length) if length < timedelta(0) else ("", length)
    hours, rest = divmod(length.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    clock = "".join(f"{amount}{unit}" for amount, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if amount)
    if length.days and length.days % 7 == 0 and not clock:
        return f"{sign}P{length.days // 7}W"
    days = f"{length.days}D" if length.days else ""
    return f"{sign}P{days}{'T' + clock if clock else ''}" if days or clock else "PT0S"


def parse_offset(text: str) -> timedelta:
    """An offset from UTC, as `+0200` (RFC 5545 §3.3.14)."""
    found = _OFFSET.match(text.strip())
    if found is None:
        raise BadCalendar(f"{text[:40]!r} is no offset from UTC")
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]), seconds=int(found[4] or 0))
    if offset >= DAY:
        raise BadCalendar(f"{text[:40]!r} is no offset from UTC")
    return -offset if found[1] == "-" else offset


def write_offset(offset: timedelta) -> str:
    """An offset from UTC as iCalendar writes it."""
    sign, seconds = ("-" if offset < timedelta(0) else "+"), abs(int(offset.total_seconds()))
    rest = seconds % 60
    return f"{sign}{seconds // 3600:02}{seconds // 60 % 60:02}{f'{rest:02}' if rest else ''}"
