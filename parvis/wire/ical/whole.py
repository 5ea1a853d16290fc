"""The calendar object around a series. RFC 5545 §3.4, §3.6.5"""

from parvis.wire.contentlines import Component
from parvis.wire.ical import calendar
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.moments import of_property
from parvis.wire.ical.vtimezone import component as written_zone
from parvis.wire.ical.zones import Iana


def whole(series: Series, before: Component | None = None) -> Component:
    """The object: with the properties that it had `before`, and a VTIMEZONE for each zone in use."""
    used = {each.param("TZID"): None for one in series.components for each in one.properties if each.param("TZID")}
    there = {each.value("TZID"): each for each in before.components if each.name == "VTIMEZONE"} if before else {}
    zones = [there.get(name) or _zone(name, series) for name in used]
    made = calendar.new([*(each for each in zones if each is not None), *series.components])
    if before is not None:
        made.properties = [each for each in before.properties if each.name != "METHOD"] or made.properties
    return made


def _zone(name: str, series: Series) -> Component | None:
    own = series.zones.component(name)
    known = series.zones.of(name)
    if own is not None or not isinstance(known, Iana):
        return own
    years = [
        start.local.year
        for one in series.components
        if (start := of_property(one, "DTSTART", series.zones) or of_property(one, "DUE", series.zones))
    ]
    first = max(1971, min(years, default=1971))
    last = None if series.recurring else min(max(years, default=first) + 1, 2500)
    return written_zone(known, min(first, 2400), last)
