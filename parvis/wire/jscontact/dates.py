"""Dates of vCard and of JSContact. RFC 6350 §4.3, RFC 9553 §1.4.5, §2.8.1, RFC 9555 §2.2.2"""

import re

from .patch import Json

_STAMP = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})T(\d{2}):?(\d{2}):?(\d{2})(?:\.\d+)?(?:Z|[+-]00(?::?00)?)\Z", re.IGNORECASE
)
_FULL = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})\Z")
_YEAR = re.compile(r"(\d{4})(?:-(\d{2}))?\Z")
_DAY = re.compile(r"--(\d{2})-?(\d{2})\Z")
_UTC = re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})Z\Z")


def utc_of(value: str) -> str | None:
    """A TIMESTAMP as UTCDateTime; None when it is none in UTC."""
    match = _STAMP.match(value.strip())
    if match is None or not ("01" <= match[2] <= "12" and "01" <= match[3] <= "31" and match[4] < "24"):
        return None
    return f"{match[1]}-{match[2]}-{match[3]}T{match[4]}:{match[5]}:{match[6]}Z"


def stamp_of(utc: str) -> str | None:
    """A UTCDateTime as TIMESTAMP; None when it has fractions, which no TIMESTAMP has."""
    match = _UTC.match(utc)
    return None if match is None else f"{match[1]}{match[2]}{match[3]}T{match[4]}{match[5]}{match[6]}Z"


def anniversary_of(value: str) -> Json | None:
    """A date as PartialDate or Timestamp; None when it is another form."""
    text = value.strip()
    if (utc := utc_of(text)) is not None:
        return {"@type": "Timestamp", "utc": utc}
    parts: dict[str, str | None] = {}
    if (match := _FULL.match(text)) is not None:
        parts = {"year": match[1], "month": match[2], "day": match[3]}
    elif (match := _YEAR.match(text)) is not None:
        parts = {"year": match[1], "month": match[2]}
    elif (match := _DAY.match(text)) is not None:
        parts = {"month": match[1], "day": match[2]}
    date = {key: int(part) for key, part in parts.items() if part is not None}
    if not date or not 1 <= date.get("month", 1) <= 12 or not 1 <= date.get("day", 1) <= 31:
        return None
    return dict(date)


def value_of(date: Json) -> str | None:
    """A PartialDate or Timestamp as the value of BDAY; None when vCard has no form for it."""
    if date.get("@type") == "Timestamp":
        return stamp_of(str(date.get("utc", "")))
    year, month, day = date.get("year"), date.get("month"), date.get("day")
    if not all(each is None or isinstance(each, int) for each in (year, month, day)):
        return None
    if year is not None and month is not None:
        return f"{year:04}-{month:02}" if day is None else f"{year:04}{month:02}{day:02}"
    if year is not None and day is None:
        return f"{year:04}"
    return f"--{month:02}{day:02}" if month is not None and day is not None and year is None else None
