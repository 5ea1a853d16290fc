"""Dates of mail (RFC 5322 §3.3 and §4.3), and the other ways in which programs have written them."""

import re
from datetime import UTC, datetime, timedelta, timezone

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
# RFC 5322 §4.3, and the few names that are found beside them; military letters and unknown names are UTC.
_ZONES = {
    "EDT": -240, "EST": -300, "CDT": -300, "CST": -360, "MDT": -360, "MST": -420, "PDT": -420, "PST": -480,
    "BST": 60, "CET": 60, "MET": 60, "WEST": 60, "CEST": 120, "MEST": 120, "EET": 120, "EEST": 180, "MSK": 180,
    "ICT": 420, "HKT": 480, "JST": 540, "KST": 540, "AEST": 600,
}  # fmt: skip
_TIME = (
    r"(?P<hour>\d{1,2})\s?[:.]\s?(?P<minute>\d{2})"
    r"(?:\s?[:.]\s?(?P<second>\d{1,2})(?:[.,]\d{1,9})?)?\s*(?P<noon>[AaPp][Mm]\b)?"
)
_ZONE = r"\s*(?:(?P<word>[A-Za-z]{1,8})\b\s*)?(?P<zone>[+-]\s?\d{1,2}:?\d{2})?"
_FORMS = (
    # Thu, 13 Feb 1969 23:32:54 -0330; with hyphens, without the name of the day, with two digits for the year
    re.compile(
        r"(?:[A-Za-z]{2,12}[.,\s]\s*,?\s*)?(?P<day>\d{1,2})(?:\s+|-)(?P<month>[A-Za-z]{3,9})[.,]?(?:\s+|-)(?P<year>\d{2,4}),?\s+"
        + _TIME
        + _ZONE
    ),
    # Thu Feb 13 23:32:54 EST 1969 (ctime, with or without a zone)
    re.compile(
        r"[A-Za-z]{3,9},?\s+(?P<month>[A-Za-z]{3,9})\s+(?P<day>\d{1,2}),?\s+"
        + _TIME
        + _ZONE
        + r"\s+(?P<year>\d{4})"
    ),
    # Thu, Feb 13, 1969 23:32:54
    re.compile(
        r"(?:[A-Za-z]{3,9},?\s+)?(?P<month>[A-Za-z]{3,9})\s+(?P<day>\d{1,2}),?\s+(?P<year>\d{4}),?\s+"
        + _TIME
        + _ZONE
    ),
    # 1969-02-13T23:32:54-03:30
    re.compile(r"(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})[T\s]\s*" + _TIME + _ZONE),
)
_COMMENT = re.compile(r"\([^()]*+\)")
_SPACE = re.compile(r"\s+")
DATE_LIMIT = 300


def date_of(text: str) -> datetime | None:
    """The moment a date field names, with its own offset from UTC (UTC where it has none); `None` when
    unreadable."""
    text = text[:DATE_LIMIT]
    if "(" in text:
        text = _COMMENT.sub(" ", text)
    text = _SPACE.sub(" ", text).strip().replace("+-", "-")
    for form in _FORMS:
        match = form.match(text)
        if match is not None:
            return _moment(match)
    return None


def _moment(match: re.Match[str]) -> datetime | None:
    month = match["month"]
    number = int(month) if month.isdecimal() else _MONTHS.get(month[:3].lower())
    if number is None:
        return None
    hour = int(match["hour"])
    if match["noon"] and 1 <= hour <= 12:
        hour = hour % 12 + (12 if match["noon"][0] in "pP" else 0)
    try:
        return datetime(
            _year(match["year"]),
            number,
            int(match["day"]),
            hour,
            int(match["minute"]),
            min(int(match["second"] or 0), 59),  # a leap second is written as the second before it
            tzinfo=_zone(match["zone"], match["word"]),
        )
    except ValueError:
        return None


def _year(digits: str) -> int:
    """Two digits are 1950 to 2049, three are counted from 1900 (RFC 5322 §4.3)."""
    year = int(digits)
    if len(digits) == 2:
        return year + (2000 if year < 50 else 1900)
    return year + 1900 if len(digits) == 3 else year


def _zone(digits: str | None, word: str | None) -> timezone:
    if digits is not None:
        plain = digits[1:].replace(":", "").strip()
        hours, minutes = int(plain[:-2]), int(plain[-2:])
        if hours > 23 or minutes > 59:
            return UTC
        offset = timedelta(hours=hours, minutes=minutes)
    else:
        offset = timedelta(minutes=_ZONES.get((word or "").upper(), 0))
    if not offset:
        return UTC
    return timezone(-offset if digits is not None and digits[0] == "-" else offset)
