"""Parts of dates (RFC 5260 §4)."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, timezone

from parvis.wire.mime import Header, as_date
from parvis.wire.mime.fields import date as written

_ZONE = re.compile(r"([+-])(\d{2})(\d{2})\Z", re.A)
_FIRST_DAY = date(1858, 11, 17)


def date_in(field: Header) -> datetime | None:
    """The date a header field is, or that stands at its end after a semicolon; `None` when there is none."""
    return as_date(field.value.rpartition(b";")[2])


def zone_of(text: str) -> timezone | None:
    """An offset such as `+0100`; `None` when it is not written so (RFC 5260 §4.1)."""
    match = _ZONE.match(text)
    if match is None or int(match.group(2)) > 23 or int(match.group(3)) > 59:
        return None
    offset = timedelta(hours=int(match.group(2)), minutes=int(match.group(3)))
    return timezone(-offset if match.group(1) == "-" else offset)


def _offset(moment: datetime) -> str:
    seconds = int((moment.utcoffset() or timedelta()).total_seconds())
    minutes = abs(seconds) // 60
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02}{minutes % 60:02}"


def _iso(moment: datetime) -> str:
    offset = _offset(moment)
    zone = "Z" if offset == "+0000" else f"{offset[:3]}:{offset[3:]}"
    return f"{moment.year:04}-{moment:%m-%dT%H:%M:%S}{zone}"


PARTS: Mapping[str, Callable[[datetime], str]] = {
    "year": lambda moment: f"{moment.year:04}",
    "month": lambda moment: f"{moment.month:02}",
    "day": lambda moment: f"{moment.day:02}",
    "date": lambda moment: moment.date().isoformat(),
    "julian": lambda moment: str((moment.date() - _FIRST_DAY).days),
    "hour": lambda moment: f"{moment.hour:02}",
    "minute": lambda moment: f"{moment.minute:02}",
    "second": lambda moment: f"{moment.second:02}",
    "time": lambda moment: f"{moment:%H:%M:%S}",
    "iso8601": _iso,
    "std11": written,
    "zone": _offset,
    "weekday": lambda moment: str(moment.isoweekday() % 7),
}
"""Each date-part by its name (RFC 5260 §4.2)."""
