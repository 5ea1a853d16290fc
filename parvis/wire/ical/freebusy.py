"""Who is busy when (RFC 4791 §7.10, RFC 5545 §3.6.4): periods out of events, put together."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from parvis.wire.contentlines import Component, Property
from parvis.wire.ical.calendar import Series, cancelled
from parvis.wire.ical.expand import Budget
from parvis.wire.ical.query import periods
from parvis.wire.ical.recurrence import instances
from parvis.wire.ical.span import Span
from parvis.wire.ical.values import write_datetime
from parvis.wire.ical.zones import UTC, Zone, naive

Kind = Literal["BUSY", "BUSY-TENTATIVE", "BUSY-UNAVAILABLE"]
_ORDER: tuple[Kind, ...] = ("BUSY", "BUSY-UNAVAILABLE", "BUSY-TENTATIVE")


@dataclass(frozen=True, slots=True, order=True)
class Busy:
    """From when to when, in milliseconds since 1970, and how surely."""

    start_ms: int
    end_ms: int
    kind: Kind = "BUSY"


def busy(
    series: Series,
    span: Span,
    floating: Zone = UTC,
    addresses: Collection[str] = (),
    limit: int = 1_000,
    budget: Budget | None = None,
) -> list[Busy]:
    """The times in a window that an object takes, cut to it (RFC 4791 §7.10). `addresses` are those (lower case, as
    `mailto:ann@example.org`) of the person whose time it is: what they declined takes none, what they have not
    accepted takes it tentatively. Raises BadCalendar."""
    if series.kind == "VFREEBUSY":
        found = [period for each in series.components for period in periods(each)]
        return [
            _cut(Busy(start, end, kind), span)
            for start, end, text in found
            if (kind := _known(text)) and (start < span.end_ms and end > span.start_ms)
        ]
    if series.kind != "VEVENT":
        return []
    found_instances = instances(series, span.start_ms, span.end_ms, limit, floating, budget)
    return [
        _cut(Busy(each.start_ms, each.end_ms, kind), span)
        for each in found_instances
        if each.end_ms > each.start_ms and (kind := kind_of(each.component, addresses)) is not None
    ]


def _known(text: str) -> Kind | None:
    """FBTYPE; what is not known is BUSY (RFC 5545 §3.2.9)."""
    if text == "FREE":
        return None
    return next((kind for kind in _ORDER if kind == text), "BUSY")


def _cut(given: Busy, span: Span) -> Busy:
    return Busy(max(given.start_ms, span.start_ms), min(given.end_ms, span.end_ms), given.kind)


def kind_of(component: Component, addresses: Collection[str] = ()) -> Kind | None:
    """How an event takes time; None when it does not."""
    # RFC 5545 §3.8.2.7
    if component.value("TRANSP").strip().upper() == "TRANSPARENT":
        return None
    if cancelled(component):
        return None
    mine = next((each for each in component.every("ATTENDEE") if each.value.strip().lower() in addresses), None)
    answer = (mine.param("PARTSTAT").upper() or "NEEDS-ACTION") if mine is not None else "ACCEPTED"
    if answer in ("DECLINED", "DELEGATED"):
        return None
    tentative = component.value("STATUS").strip().upper() == "TENTATIVE" or answer != "ACCEPTED"
    return "BUSY-TENTATIVE" if tentative else "BUSY"


def together(given: Iterable[Busy]) -> list[Busy]:
    """Periods in order, those that touch as one; where several kinds are at once the surest counts."""
    taken = list[Busy]()
    for kind in _ORDER:
        merged = _merged(sorted(each for each in given if each.kind == kind))
        surer = sorted(taken)
        taken += [piece for each in merged for piece in _without(each, surer)]
    return sorted(taken)


def _merged(ordered: list[Busy]) -> list[Busy]:
    merged = list[Busy]()
    for each in ordered:
        if merged and each.start_ms <= merged[-1].end_ms:
            merged[-1] = Busy(merged[-1].start_ms, max(merged[-1].end_ms, each.end_ms), each.kind)
        else:
            merged.append(each)
    return merged


def _without(given: Busy, taken: list[Busy]) -> list[Busy]:
    """What of a period is not within others, which are in order."""
    pieces, start = list[Busy](), given.start_ms
    for each in taken:
        if each.end_ms <= start:
            continue
        if each.start_ms >= given.end_ms:
            break
        if each.start_ms > start:
            pieces.append(Busy(start, each.start_ms, given.kind))
        start = max(start, each.end_ms)
    if start < given.end_ms:
        pieces.append(Busy(start, given.end_ms, given.kind))
    return pieces


def component(
    given: Iterable[Busy], span: Span, now_ms: int, uid: str, extra: Iterable[Property] = ()
) -> Component:
    """A VFREEBUSY for a window, as the answer to a free-busy query or request (RFC 4791 §7.10, RFC 5546 §3.3.2);
    `extra` are ORGANIZER, ATTENDEE and the like of who asked."""
    properties = [
        Property("UID", uid),
        Property("DTSTAMP", _utc(now_ms)),
        Property("DTSTART", _utc(span.start_ms)),
        Property("DTEND", _utc(span.end_ms)),
        *extra,
    ]
    for each in together(list(given)):
        said: dict[str, list[str]] = {} if each.kind == "BUSY" else {"FBTYPE": [each.kind]}
        properties.append(Property("FREEBUSY", f"{_utc(each.start_ms)}/{_utc(each.end_ms)}", said))
    return Component("VFREEBUSY", properties)


def _utc(at_ms: int) -> str:
    return write_datetime(naive(at_ms), utc=True)
