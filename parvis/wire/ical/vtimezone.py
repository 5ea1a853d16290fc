"""VTIMEZONE (RFC 5545 §3.6.5): rules that a calendar brings itself obeyed, and IANA's zones written as rules for
programs that want them with each object."""

from bisect import bisect_right
from datetime import UTC as WORLD
from datetime import date, datetime, timedelta
from functools import lru_cache

from parvis.wire.contentlines import Component, Property
from parvis.wire.ical import rule
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.expand import Budget, expand
from parvis.wire.ical.values import parse_date, parse_datetime, parse_offset, write_datetime, write_offset
from parvis.wire.ical.zones import EPOCH, UTC, Iana, ms_of, naive

MOST_OBSERVANCES = 500
_ZERO = timedelta()
_STEP_MS = 3 * 86_400_000
"""Shorter than any time between two changes that there has been since 1970."""
_AHEAD = 12
"""Years looked ahead for what is regular in a zone's changes."""
LEAST_YEARS = 3
"""A rule is made of changes that are alike in so many years at least."""


class Rules:
    """A zone by its own rules. Changes are worked out as far as they are asked for, a decade at a time."""

    iana = ""

    def __init__(self, component: Component) -> None:
        self.name = component.value("TZID")
        observances = [each for each in component.components if each.name in ("STANDARD", "DAYLIGHT")]
        if not observances or len(observances) > MOST_OBSERVANCES:
            raise BadCalendar(f"the zone {self.name[:60]!r} has no rules, or too many", reason="zone")
        self._observances = [_Observance(each) for each in observances]
        self._until = 0
        self._switches = list[tuple[datetime, timedelta]]()
        self._instants = list[tuple[int, timedelta]]()
        first = min(self._observances, key=lambda each: each.start)
        self._before = first.offset_from

    def to_ms(self, local: datetime) -> int:
        self._reach(local.year)
        place = bisect_right(self._switches, local, key=lambda each: each[0])
        offset = self._switches[place - 1][1] if place else self._before
        return ms_of(local) - int(offset.total_seconds()) * 1000

    def to_local(self, at_ms: int) -> datetime:
        self._reach(naive(at_ms).year + 1)
        place = bisect_right(self._instants, at_ms, key=lambda each: each[0])
        offset = self._instants[place - 1][1] if place else self._before
        return naive(at_ms + int(offset.total_seconds()) * 1000)

    def _reach(self, year: int) -> None:
        """Works the changes out up to a year."""
        if year <= self._until:
            return
        self._until = min(max(year, 2000) // 10 * 10 + 10, 9999)
        onsets = sorted(
            (onset - each.offset_from, onset, each)
            for each in self._observances
            for onset in each.onsets(self._until)
        )
        self._instants = [(ms_of(utc), each.offset_to) for utc, _, each in onsets]
        # a local time within a gap is counted with the offset before it (RFC 5545 §3.3.5)
        self._switches = [
            (onset + max(_ZERO, each.offset_to - each.offset_from), each.offset_to) for _, onset, each in onsets
        ]


class _Observance:
    """STANDARD or DAYLIGHT."""

    def __init__(self, component: Component) -> None:
        self.offset_from = parse_offset(component.value("TZOFFSETFROM") or component.value("TZOFFSETTO"))
        self.offset_to = parse_offset(component.value("TZOFFSETTO"))
        self.start = _local(component.value("DTSTART"))
        self._rules = [rule.parse(each.value) for each in component.every("RRULE")[:4]]
        self._dates = sorted(
            _local(text.partition("/")[0]) for each in component.every("RDATE") for text in each.value.split(",")
        )

    def __lt__(self, other: "_Observance") -> bool:
        return self.start < other.start

    def onsets(self, last_year: int) -> list[datetime]:
        """The local times, by the offset before, at which it begins, up to the end of a year."""
        found = {self.start, *self._dates}
        for each in self._rules:
            until = each.until + self.offset_from if each.until is not None and each.until_utc else None
            for onset in expand(each, self.start, Budget(20_000)):
                if onset.year > last_year or (until is not None and onset > until):
                    break
                found.add(onset)
        return [onset for onset in found if onset.year <= last_year]


def _local(text: str) -> datetime:
    if "T" not in text.upper():
        return datetime.combine(parse_date(text), datetime.min.time())
    return parse_datetime(text)[0]


@lru_cache(maxsize=512)
def component(zone: Iana, first: int, last: int | None) -> Component:
    """A VTIMEZONE with all changes of a zone in these years (both whole); `last` None is for things without end:
    what is regular at the end goes on for ever."""
    made = Component("VTIMEZONE", [Property("TZID", zone.name)])
    end = last if last is not None else max(first, 2037) + _AHEAD
    changes = _changes(zone, first - 1, end)
    info = _at(zone, ms_of(datetime(first - 1, 1, 1)))  # noqa: DTZ001 - naive by design
    begin = _Change(ms_of(datetime(first - 1, 1, 1)), info, info)  # noqa: DTZ001
    groups = dict[tuple[object, ...], list[_Change]]()
    for change in [begin, *changes]:
        groups.setdefault(change.kind, []).append(change)
    for group in groups.values():
        made.components += _observances(group, None if last is None else end)
    return made


_Info = tuple[timedelta, timedelta, str]
"""Offset, of it for summer time, and the name of the time."""


class _Change:
    """A change of what the clocks show."""

    def __init__(self, at_ms: int, before: _Info, after: _Info) -> None:
        self.at_ms, self.before, self.after = at_ms, before, after
        self.local = naive(at_ms) + before[0]

    @property
    def kind(self) -> tuple[object, ...]:
        """What changes of one observance share."""
        return (self.before[0], self.after, self.local.month, self.local.time(), self.local.weekday())


def _at(zone: Iana, at_ms: int) -> _Info:
    aware = naive(at_ms).replace(tzinfo=WORLD).astimezone(zone.info)
    return aware.utcoffset() or _ZERO, aware.dst() or _ZERO, aware.tzname() or zone.name


def _changes(zone: Iana, first: int, last: int) -> list[_Change]:
    """The changes in these years, to the second."""
    place, end = ms_of(datetime(first, 1, 1)), ms_of(datetime(last, 12, 31))  # noqa: DTZ001
    found, before = list[_Change](), _at(zone, place)
    while place < end:
        after = _at(zone, place + _STEP_MS)
        if after != before:
            low, high = place // 1000, (place + _STEP_MS) // 1000
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _at(zone, middle * 1000) == before else (low, middle)
            found.append(_Change(high * 1000, before, _at(zone, high * 1000)))
            after = found[-1].after
            place = high * 1000
        else:
            place += _STEP_MS
        before = after
    return found


def _observances(group: list[_Change], end: int | None) -> list[Component]:
    """Changes of one kind: as rules where they are regular over years, else as dates."""
    made, rest, place = list[Component](), list[_Change](), 0
    while place < len(group):
        ordinal, length = _run(group, place)
        if length >= LEAST_YEARS:
            run = group[place : place + length]
            made.append(_observance(run[:1], _regular(run, ordinal, end)))
            place += length
        else:
            rest.append(group[place])
            place += 1
    if rest:
        made.append(_observance(rest, None))
    return made


def _run(group: list[_Change], place: int) -> tuple[int, int]:
    """The ordinal of the weekday that holds for the most years from here on, and for how many."""
    first = group[place].local.date()
    best = (0, 0)
    for ordinal in (_ordinal(first), -_from_end(first)):
        length = 0
        for change in group[place:]:
            day = change.local.date()
            if day.year != first.year + length or ordinal not in (_ordinal(day), -_from_end(day)):
                break
            length += 1
        best = max(best, (length, ordinal))
    return best[1], best[0]


def _ordinal(day: date) -> int:
    return (day.day - 1) // 7 + 1


def _from_end(day: date) -> int:
    following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return ((following - day).days - 1) // 7 + 1


def _regular(run: list[_Change], ordinal: int, end: int | None) -> str:
    last, local = run[-1], run[0].local
    text = f"FREQ=YEARLY;BYMONTH={local.month};BYDAY={ordinal}{rule.WEEKDAYS[local.weekday()]}"
    goes_on = end is None and last.local.year >= max(2037, local.year)
    return text if goes_on else f"{text};UNTIL={write_datetime(naive(last.at_ms), utc=True)}"


def _observance(changes: list[_Change], regular: str | None) -> Component:
    # RFC 5545 §3.8.3.2, §3.8.3.3, §3.8.3.4
    first = changes[0]
    properties = [
        Property("DTSTART", write_datetime(first.local)),
        Property("TZOFFSETFROM", write_offset(first.before[0])),
        Property("TZOFFSETTO", write_offset(first.after[0])),
        Property("TZNAME", first.after[2]),
    ]
    if regular is not None:
        properties.append(Property("RRULE", regular))
    properties += [Property("RDATE", write_datetime(each.local)) for each in changes[1:]]
    return Component("DAYLIGHT" if first.after[1] else "STANDARD", properties)


def utc_component() -> Component:
    """A VTIMEZONE for UTC, for those who ask for one."""
    moment = write_datetime(EPOCH)
    standard = [("DTSTART", moment), ("TZOFFSETFROM", "+0000"), ("TZOFFSETTO", "+0000"), ("TZNAME", "UTC")]
    observance = Component("STANDARD", [Property(name, value) for name, value in standard])
    return Component("VTIMEZONE", [Property("TZID", UTC.name)], [observance])
