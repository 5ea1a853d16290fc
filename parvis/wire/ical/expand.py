"""The local times of a recurrence rule (RFC 5545 §3.3.10), in order, as far as they are asked for.

A rule without COUNT is entered where it is needed and not at its start, so that a window ten years later costs
what one now costs. A budget of steps bounds what a rule can cost that finds nothing, or that finds something each
second: when it is used up the rule is over for this caller. Own code, because the libraries that do this go
through every instance since the start and cannot be stopped between two of them; the tests compare with them."""

from calendar import isleap, monthrange
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta

from parvis.wire.ical.rule import Rule

STEPS = 100_000
"""Periods looked at and instances found that one expansion may cost, well below a second."""
_UNITS = {"HOURLY": 3600, "MINUTELY": 60, "SECONDLY": 1}
_DAY = timedelta(days=1)
LAST_YEAR = 9998


class Budget:
    """Steps that are left. `spent` says that they were not enough."""

    def __init__(self, steps: int = STEPS) -> None:
        self.left = steps

    @property
    def spent(self) -> bool:
        """Whether the answer may be incomplete."""
        return self.left <= 0

    def take(self, steps: int = 1) -> bool:
        """Uses steps. Returns whether there were any."""
        self.left -= steps
        return self.left > 0


def expand(rule: Rule, start: datetime, budget: Budget, after: datetime | None = None) -> Iterator[datetime]:
    """The local times of a rule from its start on, the start first whether it fits the rule or not (it counts as
    the first: RFC 5545 §3.8.5.3). `after`: earlier ones are of no interest and may be left out. The end by COUNT
    and by an UNTIL that is local is obeyed; an UNTIL in UTC is the caller's, who knows the zone."""
    until = _until(rule)
    left = rule.count
    if left is None:
        yield start
        first = _entry(rule, start, after)
    else:
        passed = _regular_before(rule, start, after) if after is not None else 0
        if passed >= left:
            return
        if passed == 0:
            yield start
            passed = 1
        left, first = left - passed, passed if _regular(rule) else 0
    last = start
    for found in _from(rule, start, first, budget, after if rule.count is None else None):
        if found <= last:  # a moved day of RFC 7529 may meet one that is there
            continue
        last = found
        if (until is not None and found > until) or left == 0:
            return
        yield found
        if left is not None:
            left -= 1


def _until(rule: Rule) -> datetime | None:
    if rule.until is None or rule.until_utc:
        return None
    return rule.until + _DAY - timedelta(seconds=1) if rule.until_day else rule.until


def _regular(rule: Rule) -> bool:
    """Whether each period has exactly one instance, at the start's place in it."""
    limits = (rule.seconds, rule.minutes, rule.hours, rule.weekdays, rule.monthdays, rule.yeardays, rule.months)
    return rule.frequency not in ("MONTHLY", "YEARLY") and not any(limits) and not rule.positions


def _regular_before(rule: Rule, start: datetime, after: datetime | None) -> int:
    """How many instances of a regular rule are surely before a time."""
    return _entry(rule, start, after) if _regular(rule) else 0


def _entry(rule: Rule, start: datetime, after: datetime | None) -> int:
    """The number of the period to begin with."""
    if after is None or after <= start:
        return 0
    gone = after - start
    match rule.frequency:
        case "YEARLY":
            periods = after.year - start.year
        case "MONTHLY":
            periods = (after.year - start.year) * 12 + after.month - start.month
        case "WEEKLY":
            periods = gone.days // 7
        case "DAILY":
            periods = gone.days
        case _:
            periods = int(gone.total_seconds()) // _UNITS[rule.frequency]
    return max(0, periods // rule.interval - 1)


def _from(rule: Rule, start: datetime, first: int, budget: Budget, after: datetime | None) -> Iterator[datetime]:
    try:
        if rule.frequency in _UNITS:
            yield from _by_time(rule, start, first, budget)
        else:
            yield from _by_date(rule, start, first, budget, after.date() if after is not None else date.min)
    except OverflowError:  # the year 9999 is over
        return


def _by_date(rule: Rule, start: datetime, first: int, budget: Budget, after: date) -> Iterator[datetime]:
    """FREQ=DAILY to YEARLY: the days of each period, with the times of each day."""
    times = _times(rule, start)
    for days in Days(rule, start.date()).periods(first):
        if not budget.take():
            return
        if rule.positions:
            if not budget.take(len(days) * len(times)):
                return
            yield from _positioned([datetime.combine(day, clock) for day in days for clock in times], rule)
            continue
        for day in days:
            if day < after:
                continue
            for clock in times:
                if not budget.take():
                    return
                yield datetime.combine(day, clock)


def _positioned(found: list[datetime], rule: Rule) -> list[datetime]:
    """BYSETPOS: the nth of a period (RFC 5545 §3.3.10)."""
    size = len(found)
    places = {place - 1 if place > 0 else size + place for place in rule.positions}
    return [found[place] for place in sorted(places) if 0 <= place < size]


def _times(rule: Rule, start: datetime) -> list[time]:
    seconds = [min(second, 59) for second in rule.seconds] or [start.second]
    minutes, hours = rule.minutes or (start.minute,), rule.hours or (start.hour,)
    return [time(hour, minute, second) for hour in hours for minute in minutes for second in sorted(set(seconds))]


def _by_time(rule: Rule, start: datetime, first: int, budget: Budget) -> Iterator[datetime]:
    """FREQ=HOURLY to SECONDLY: each period is looked at, but for those that a day or hour rules out."""
    unit = _UNITS[rule.frequency] * rule.interval
    begin = start.replace(minute=0 if unit >= 3600 and rule.frequency == "HOURLY" else start.minute, second=0)
    if rule.frequency == "SECONDLY":
        begin = start
    days, number = Days(rule, start.date()), first
    day, fits = date.min, False
    while budget.take():
        at = begin + timedelta(seconds=number * unit)
        if at.year > LAST_YEAR:
            return
        if at.date() != day:
            day = at.date()
            fits = days.fits(day)
        skip_to = _ruled_out(rule, at, fits)
        if skip_to is None:
            yield from _within_period(rule, start, at)
            number += 1
        else:
            number += max(1, -(-int((skip_to - at).total_seconds()) // unit))


def _ruled_out(rule: Rule, at: datetime, fits: bool) -> datetime | None:
    """The next time that may count, when the period at this time does not."""
    if not fits:
        return datetime.combine(at.date() + _DAY, time())
    if rule.hours and at.hour not in rule.hours:
        return at.replace(minute=0, second=0) + timedelta(hours=1)
    if rule.frequency == "HOURLY":
        return None
    if rule.minutes and at.minute not in rule.minutes:
        return at.replace(second=0) + timedelta(minutes=1)
    if rule.frequency == "SECONDLY" and rule.seconds and at.second not in rule.seconds:
        return at + timedelta(seconds=1)
    return None


def _within_period(rule: Rule, start: datetime, at: datetime) -> Iterable[datetime]:
    if rule.frequency == "SECONDLY":
        found = [at]
    else:
        seconds = sorted({min(second, 59) for second in rule.seconds} or {start.second})
        minutes = [at.minute] if rule.frequency == "MINUTELY" else rule.minutes or [start.minute]
        found = [at.replace(minute=minute, second=second) for minute in minutes for second in seconds]
    return _positioned(found, rule) if rule.positions else found


class Days:
    """Which days a rule means."""

    def __init__(self, rule: Rule, start: date) -> None:
        self._rule, self._start = rule, start
        self._months = frozenset(rule.months)
        self._monthdays = rule.monthdays
        self._weekdays = frozenset(rule.weekdays)
        self._fill()

    def _fill(self) -> None:
        """What the rule leaves open is as at the start."""
        rule, start = self._rule, self._start
        if rule.frequency == "WEEKLY" and not rule.weekdays:
            self._weekdays = frozenset({(start.weekday(), 0)})
        if rule.frequency == "YEARLY" and rule.weeks and not rule.weekdays:
            self._weekdays = frozenset({(start.weekday(), 0)})
        if rule.frequency in ("MONTHLY", "YEARLY") and not (
            rule.weekdays or rule.monthdays or rule.yeardays or rule.weeks
        ):
            self._monthdays = (start.day,)
            if rule.frequency == "YEARLY" and not rule.months:
                self._months = frozenset({start.month})

    def periods(self, first: int) -> Iterator[list[date]]:
        """The days of each period, from the `first` one on."""
        match self._rule.frequency:
            case "YEARLY":
                return self._years(first)
            case "MONTHLY":
                return self._each_month(first)
            case "WEEKLY":
                return self._each_week(first)
        return self._each_day(first)

    def _years(self, first: int) -> Iterator[list[date]]:
        for year in range(self._start.year + first * self._rule.interval, LAST_YEAR + 1, self._rule.interval):
            yield self._in_year(year)

    def _in_year(self, year: int) -> list[date]:
        rule, span = self._rule, (date(year, 1, 1), date(year, 12, 31))
        if self._monthdays:
            months = sorted(self._months) or range(1, 13)
            days = [day for month in months for day in self._monthdays_of(year, month)]
        elif rule.yeardays:
            days = list(self._yeardays_of(year))
        elif self._weekdays and not rule.weeks:
            days = list(self._weekdays_between(*span))
        else:
            days = [span[0] + number * _DAY for number in range((span[1] - span[0]).days + 1)]
        whole_year = not self._months
        return sorted({day for day in days if self._fits_year(day, year, whole_year)})

    def _fits_year(self, day: date, year: int, whole_year: bool) -> bool:
        rule = self._rule
        moved = rule.skip != "OMIT"
        if self._months and day.month not in self._months and not (moved and self._monthdays):
            return False
        if rule.yeardays and not self._on_yearday(day):
            return False
        if rule.weeks and not self._in_week(day):
            return False
        return not self._weekdays or self._on_weekday(day, whole_year)

    def _each_month(self, first: int) -> Iterator[list[date]]:
        number = self._start.year * 12 + self._start.month - 1 + first * self._rule.interval
        while number // 12 <= LAST_YEAR:
            year, month = number // 12, number % 12 + 1
            number += self._rule.interval
            yield [] if self._months and month not in self._months else self._in_month(year, month)

    def _in_month(self, year: int, month: int) -> list[date]:
        if self._monthdays:
            days = self._monthdays_of(year, month)
        else:
            days = self._weekdays_between(date(year, month, 1), date(year, month, monthrange(year, month)[1]))
        return sorted({day for day in days if not self._weekdays or self._on_weekday(day, False)})

    def _each_week(self, first: int) -> Iterator[list[date]]:
        weeks = self._start - (self._start.weekday() - self._rule.week_start) % 7 * _DAY
        weeks += timedelta(weeks=first * self._rule.interval)
        offsets = sorted((day - self._rule.week_start) % 7 for day, _ in self._weekdays)
        while weeks.year <= LAST_YEAR:
            days = [weeks + offset * _DAY for offset in offsets]
            yield [day for day in days if not self._months or day.month in self._months]
            weeks += timedelta(weeks=self._rule.interval)

    def _each_day(self, first: int) -> Iterator[list[date]]:
        day = self._start + first * self._rule.interval * _DAY
        while day.year <= LAST_YEAR:
            yield [day] if self.fits(day) else []
            day += self._rule.interval * _DAY

    def fits(self, day: date) -> bool:
        """Whether a rule that goes by days or shorter means this day."""
        rule = self._rule
        if self._months and day.month not in self._months:
            return False
        if rule.monthdays and not self._on_monthday(day):
            return False
        if rule.yeardays and not self._on_yearday(day):
            return False
        return not self._weekdays or (day.weekday(), 0) in self._weekdays

    def _monthdays_of(self, year: int, month: int) -> Iterator[date]:
        length = monthrange(year, month)[1]
        for number in self._monthdays:
            place = number if number > 0 else length + 1 + number
            if 1 <= place <= length:
                yield date(year, month, place)
            elif number > 0 and self._rule.skip == "BACKWARD":  # RFC 7529 §4.1
                yield date(year, month, length)
            elif number > 0 and self._rule.skip == "FORWARD":
                yield date(year, month, length) + _DAY

    def _yeardays_of(self, year: int) -> Iterator[date]:
        length = 365 + isleap(year)
        for number in self._rule.yeardays:
            place = number if number > 0 else length + 1 + number
            if 1 <= place <= length:
                yield date(year, 1, 1) + (place - 1) * _DAY

    def _weekdays_between(self, first: date, last: date) -> Iterator[date]:
        for weekday in {weekday for weekday, _ in self._weekdays}:
            day = first + (weekday - first.weekday()) % 7 * _DAY
            while day <= last:
                yield day
                day += 7 * _DAY

    def _on_monthday(self, day: date) -> bool:
        return (
            day.day in self._rule.monthdays
            or day.day - monthrange(day.year, day.month)[1] - 1 in self._rule.monthdays
        )

    def _on_yearday(self, day: date) -> bool:
        place = day.timetuple().tm_yday
        return place in self._rule.yeardays or place - 366 - isleap(day.year) in self._rule.yeardays

    def _on_weekday(self, day: date, whole_year: bool) -> bool:
        """Whether it is one of the weekdays, with the ordinal in the month or the year."""
        weekday = day.weekday()
        if (weekday, 0) in self._weekdays:
            return True
        if whole_year and self._rule.frequency == "YEARLY":
            place, length = day.timetuple().tm_yday, 365 + isleap(day.year)
        else:
            place, length = day.day, monthrange(day.year, day.month)[1]
        return (weekday, (place - 1) // 7 + 1) in self._weekdays or (
            weekday,
            -((length - place) // 7 + 1),
        ) in self._weekdays

    def _in_week(self, day: date) -> bool:
        number, weeks = _week(day, self._rule.week_start)
        return number in self._rule.weeks or number - weeks - 1 in self._rule.weeks


def _week(day: date, week_start: int) -> tuple[int, int]:
    """The number of a day's week, and how many weeks the year of that week has: the first has at least four days
    in the year (RFC 5545 §3.3.10, as ISO 8601 with another first day)."""
    middle = day + (3 - (day.weekday() - week_start) % 7) * _DAY
    year = middle.year
    return (middle.timetuple().tm_yday - 1) // 7 + 1, _weeks_of(year, week_start)


def _weeks_of(year: int, week_start: int) -> int:
    last = date(year, 12, 31)
    middle = last + (3 - (last.weekday() - week_start) % 7) * _DAY
    if middle.year != year:
        middle -= 7 * _DAY
    return (middle.timetuple().tm_yday - 1) // 7 + 1
