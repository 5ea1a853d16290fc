"""What each person has for themselves in an event of a shared calendar, above all their own alerts: the owner's are
in the event, those of others beside it, the same by JMAP and CalDAV. draft-ietf-jmap-calendars §4.1

Others have the same alerts for all instances of a series."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from parvis.wire.contentlines import Component
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.itip.instances import by_instance
from parvis.wire.ical.jscalendar import alerts

_STAMPS = frozenset({"DTSTAMP", "LAST-MODIFIED"})
Chosen = Mapping[str, Any]


def alerts_of(series: Series) -> dict[str, Any]:
    """The alerts that an event has, in JSCalendar."""
    return dict(alerts.from_component(series.first, series.zones))


def with_alerts(series: Series, given: Any) -> Series:
    """The event with these alerts and no others."""

    def rung(one: Component) -> Component:
        others = [each for each in one.components if each.name != "VALARM"]
        return Component(
            one.name, one.properties, [*others, *alerts.to_components(given, None, one.value("SUMMARY"))]
        )

    return _each(series, rung)


def shared(series: Series, before: Series | None) -> Series:
    """What is everybody's of an event that somebody else than its owner wants kept: with the owner's alerts."""
    known = by_instance(before) if before is not None else {}
    own = {id(each): known.get(at) for at, each in by_instance(series).items()}

    def kept(one: Component) -> Component:
        old = own.get(id(one))
        alarms = [each for each in old.components if each.name == "VALARM"] if old is not None else []
        return Component(
            one.name, one.properties, [*(each for each in one.components if each.name != "VALARM"), *alarms]
        )

    return _each(series, kept) if before is not None or _rings(series) else series


def same(one: Series, other: Series) -> bool:
    """Whether two say the same, but for when they were written."""
    return _said(one) == _said(other)


def _said(series: Series) -> list[Any]:
    return [
        (
            sorted(
                (each.name, each.value, sorted(each.params.items()))
                for each in one.properties
                if each.name not in _STAMPS
            ),
            len([each for each in one.components if each.name != "VALARM"]),
        )
        for one in series.components
    ]


def _others(one: Component) -> list[Component]:
    return [each for each in one.components if each.name != "VALARM"]


def _rings(series: Series) -> bool:
    return any(each.name == "VALARM" for one in series.components for each in one.components)


def shown(series: Series, chosen: Chosen) -> Series:
    """The event as one of those sees it whose calendar it is not."""
    given = chosen.get("alerts")
    return with_alerts(series, given) if given or _rings(series) else series


def tag(etag: str, chosen: Chosen) -> str:
    """The tag of an event with what somebody has for themselves in it."""
    given = chosen.get("alerts")
    if not given:
        return etag
    return f"{etag}-{hashlib.sha256(msgspec.json.encode(given, order='sorted')).hexdigest()[:8]}"


def _each(series: Series, change: Any) -> Series:
    return series.with_components([change(each) for each in series.components])
