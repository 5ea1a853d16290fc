"""The demo's calendar: the scenario counts working days from the last full one, so that it always ends today.

In texts `[[+9]]` is the day nine working days later, written in the language of the text with its weekday,
`[[+9 d]]` without weekday, `[[+9 y]]` with the year; `[[Y]]` and `[[Y+1]]` are years."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from parvis.kernel import clock
from parvis.kernel.days import written
from parvis.kernel.languages import Language

_MARK = re.compile(r"\[\[(?:Y(\+\d)?|([+-]\d+)(?: ([dy]))?)\]\]")
HANOI = timezone(timedelta(hours=7))


def europe(day: date, winter_hours: int) -> timezone:
    """The offset of a place in Europe on `day`: summer time from the last Sunday of March to that of October."""
    start, end = (_last_sunday(day.year, month) for month in (3, 10))
    return timezone(timedelta(hours=winter_hours + (1 if start <= day < end else 0)))


def _last_sunday(year: int, month: int) -> date:
    last = date(year, month, 31)
    return last - timedelta(days=(last.weekday() + 1) % 7)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Turns the scenario's days into real ones; `now_ms` is the present moment."""

    now_ms: int

    @property
    def origin(self) -> date:
        """Day 0: the last working day that is over at 18:00 UTC."""
        return _working(clock.from_ms(self.now_ms - 18 * 3_600_000).date(), 0)

    def day(self, offset: int) -> date:
        """The day `offset` working days after day 0."""
        return _working(self.origin, offset)

    def moment(self, when: str) -> datetime:
        """The instant of `-27 09:14` (working day, Valmont's time) or of `now-35` (minutes ago)."""
        if when.startswith("now-"):
            return clock.from_ms(self.now_ms - int(when[4:]) * 60_000)
        offset, time = when.split()
        day, (hour, minute) = self.day(int(offset)), time.split(":")
        zone = europe(day, 1)
        return datetime(day.year, day.month, day.day, int(hour), int(minute), tzinfo=zone).astimezone(UTC)

    def fill(self, text: str, language: Language) -> str:
        """`text` with its marks replaced."""

        def replace(match: re.Match[str]) -> str:
            years, offset, form = match.groups()
            if offset is None:
                return str(self.origin.year + int(years or 0))
            day = self.day(int(offset))
            return written(day, language, weekday=form is None, year=form == "y")

        return _MARK.sub(replace, text)


def _working(start: date, offset: int) -> date:
    day, step = start, 1 if offset > 0 else -1
    while day.weekday() > 4:
        day -= timedelta(days=1)
    for _ in range(abs(offset)):
        day += timedelta(days=step)
        while day.weekday() > 4:
            day += timedelta(days=step)
    return day


def local(moment: datetime, language: Language) -> datetime:
    """`moment` in the time zone of where a language of the demo is at home."""
    if language == "vi":
        return moment.astimezone(HANOI)
    return moment.astimezone(europe(moment.date(), 1 if language == "fr" else 0))
