"""Moments of iCalendar: a date, a floating time, a time in a zone or in UTC (RFC 5545 §3.3.4, §3.3.5), and the
zones that one calendar object knows."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from parvis.wire.contentlines import Component, Property
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.values import DAY, parse_date, parse_datetime, write_date, write_datetime
from parvis.wire.ical.vtimezone import Rules
from parvis.wire.ical.zones import UTC, Zone, zone

LATEST = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001 - local by design


@dataclass(frozen=True, slots=True)
class Moment:
    """A local time, and where. `zone` None is floating: whatever the clocks of the reader show. `day`: only the
    date counts, the time is midnight."""

    local: datetime
    zone: Zone | None = None
    day: bool = False

    def ms(self, floating: Zone = UTC) -> int:
        """The instant, in milliseconds since 1970; floating ones and days in the zone of the reader."""
        return (self.zone or floating).to_ms(self.local)

    def at(self, local: datetime) -> "Moment":
        """Another local time of the same kind."""
        return Moment(local, self.zone, self.day)

    def plus(self, nominal: timedelta, exact: timedelta) -> "Moment":
        """Later by days of the calendar and by an exact time (RFC 5545 §3.3.6)."""
        try:
            local = self.local + nominal
            if not exact:
                return self.at(local)
            if self.zone is None:
                return self.at(local + exact)
            return self.at(self.zone.to_local(self.zone.to_ms(local) + milliseconds(exact)))
        except OverflowError:
            return self.at(LATEST)

    def exactly_since(self, other: "Moment") -> timedelta:
        """The exact time from another moment to this one; local when one of both floats."""
        if self.zone is None or other.zone is None:
            return self.local - other.local
        return timedelta(milliseconds=self.ms() - other.ms())


def milliseconds(length: timedelta) -> int:
    """A duration in milliseconds."""
    return length.days * 86_400_000 + length.seconds * 1000 + length.microseconds // 1000


class Zones:
    """The zones of a calendar object: IANA's by name, then those whose rules it brings."""

    def __init__(self, calendar: Component | None = None) -> None:
        found = calendar.components if calendar is not None else []
        self._own = {each.value("TZID"): each for each in found if each.name == "VTIMEZONE"}
        self._read = dict[str, Zone | None]()

    def of(self, name: str) -> Zone | None:
        """The zone of a TZID; None when neither IANA nor the calendar knows it: its times float."""
        if name not in self._read:
            self._read[name] = self._find(name)
        return self._read[name]

    def _find(self, name: str) -> Zone | None:
        own = self._own.get(name)
        if (known := zone(name)) is not None or own is None:
            return known
        for alias in ("X-LIC-LOCATION", "TZID-ALIAS-OF"):
            if (told := own.value(alias)) and (known := zone(told)) is not None:
                return known
        return Rules(own)

    def beside(self, others: "Zones") -> "Zones":
        """These and the others; where both have one of a name, this one."""
        made = Zones()
        made._own = others._own | self._own
        return made

    def component(self, name: str) -> Component | None:
        """The VTIMEZONE of a TZID."""
        return self._own.get(name)


NO_ZONES = Zones()


def moment(given: Property, zones: Zones, value: str | None = None) -> Moment:
    """The moment of a property, or of one `value` out of its list. Raises BadCalendar with the property's name."""
    try:
        return _moment(given, zones, (given.value if value is None else value).strip())
    except BadCalendar as error:
        raise BadCalendar(error.sentence, reason=error.reason, field=given.name) from error


def _moment(given: Property, zones: Zones, text: str) -> Moment:
    # RFC 5545 §3.2.19, §3.2.20
    if given.param("VALUE").upper() == "DATE" or (len(text) == 8 and "T" not in text):
        return Moment(datetime.combine(parse_date(text[:8]), time()), None, day=True)
    local, utc = parse_datetime(text)
    if utc:
        return Moment(local, UTC)
    name = given.param("TZID")
    return Moment(local, zones.of(name) if name else None)


def moments(properties: list[Property], zones: Zones) -> list[Moment]:
    """The moments of lists as EXDATE; periods are left out."""
    return [
        moment(given, zones, value)
        for given in properties
        for value in given.value.split(",")
        if value.strip() and "/" not in value
    ]


def of_property(component: Component, name: str, zones: Zones) -> Moment | None:
    """The moment of a component's property of that name, when it has one."""
    given = component.first(name)
    return moment(given, zones) if given is not None and given.value.strip() else None


def written(name: str, when: Moment, **params: str) -> Property:
    """The property that says a moment."""
    given = {key: [value] for key, value in params.items()}
    if when.day:
        return Property(name, write_date(when.local), given | {"VALUE": ["DATE"]})
    if when.zone is UTC:
        return Property(name, write_datetime(when.local, utc=True), given)
    zoned = {"TZID": [when.zone.name]} if when.zone is not None else {}
    return Property(name, write_datetime(when.local), given | zoned)


def as_kind_of(when: Moment, other: Moment) -> Moment:
    """The same moment, said as the other one is: a day, floating, or in its zone."""
    if other.day:
        return Moment(datetime.combine(when.local.date(), time()), None, day=True)
    if other.zone is None or when.zone is None:
        return Moment(when.local, other.zone)
    return Moment(other.zone.to_local(when.ms()), other.zone)


def need(when: Moment | None, name: str) -> Moment:
    """A moment that must be there. Raises BadCalendar."""
    if when is None:
        raise BadCalendar(f"there is no {name}", reason="start", field=name)
    return when


def end_of_day(when: Moment) -> Moment:
    """The day after."""
    return when.plus(DAY, timedelta())
