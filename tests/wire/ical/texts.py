"""iCalendar texts for tests, and short ways to read them."""

from datetime import UTC, datetime

from parvis.wire.contentlines import Component
from parvis.wire.ical import calendar
from parvis.wire.ical.calendar import Series


def ms(year: int, month: int = 1, day: int = 1, hour: int = 0, minute: int = 0) -> int:
    """A time in UTC as milliseconds since 1970."""
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()) * 1000


def lines(*given: str) -> bytes:
    return "".join(f"{line}\r\n" for line in given).encode()


def event(*given: str, kind: str = "VEVENT", uid: str = "one") -> list[str]:
    return [f"BEGIN:{kind}", f"UID:{uid}", "DTSTAMP:20260101T000000Z", *given, f"END:{kind}"]


def text(*given: str) -> bytes:
    return lines("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", *given, "END:VCALENDAR")


def read(*given: str) -> Component:
    return calendar.read(text(*given))


def series(*given: str, kind: str = "VEVENT") -> Series:
    """A series of one component with these properties."""
    return calendar.resource(read(*event(*given, kind=kind)))
