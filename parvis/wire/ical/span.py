"""Windows of time as the calendar protocols ask for them."""

from dataclasses import dataclass

from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.values import parse_datetime
from parvis.wire.ical.zones import MAX_MS, MIN_MS, ms_of


@dataclass(frozen=True, slots=True)
class Span:
    """From a time on, up to before another, in milliseconds since 1970."""

    start_ms: int = MIN_MS
    end_ms: int = MAX_MS

    @property
    def bounded(self) -> bool:
        """Whether it has an end and a start."""
        return self.start_ms > MIN_MS and self.end_ms < MAX_MS

    def shifted(self, milliseconds: int) -> "Span":
        """The same window later."""
        return Span(
            self.start_ms if self.start_ms == MIN_MS else self.start_ms + milliseconds,
            self.end_ms if self.end_ms == MAX_MS else self.end_ms + milliseconds,
        )

    def holds(self, at_ms: int) -> bool:
        """Whether an instant is in it."""
        return self.start_ms <= at_ms < self.end_ms


def read(start: str, end: str, *, both: bool = False) -> Span:
    """A window of two times in UTC, as `start` and `end` of CALDAV:time-range (RFC 4791 §9.9); one may be empty
    unless `both`. Raises BadCalendar."""
    if (not start and not end) or (both and not (start and end)):
        raise BadCalendar("a time range has a start, an end or both", reason="range")
    first = _utc(start) if start else MIN_MS
    last = _utc(end) if end else MAX_MS
    if last <= first:
        raise BadCalendar("a time range ends after its start", reason="range")
    return Span(first, last)


def _utc(text: str) -> int:
    local, utc = parse_datetime(text)
    if not utc:
        raise BadCalendar("a time range is in UTC", reason="range")
    return ms_of(local)
