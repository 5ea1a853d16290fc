"""Another time that an attendee proposes: the message to the organizer, what it says, what taking it makes of the
event, and the message that declines it. RFC 5546 §3.2.7, §3.2.8"""

from collections.abc import Collection
from dataclasses import dataclass

from parvis.wire.contentlines import Component, Property, escape
from parvis.wire.ical.calendar import Series, cancelled, length_of, recurrence_id
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.itip.instances import by_instance, exchanged, excluded, instance_of, single, start_of
from parvis.wire.ical.itip.message import Message, attendees, made, mine, with_property
from parvis.wire.ical.moments import Moment, end_of_day, need, written
from parvis.wire.ical.zones import UTC

_SAID = ("UID", "SEQUENCE", "RECURRENCE-ID", "DTSTART", "DTEND", "SUMMARY", "LOCATION", "ORGANIZER")


@dataclass(frozen=True, slots=True)
class Proposal:
    """Whose, for which instance (None: the whole), from when to when, and why."""

    attendee: Property
    at: Moment | None
    start_ms: int
    end_ms: int
    comment: str

    @property
    def instance_ms(self) -> int | None:
        """The original start of the instance."""
        return self.at.ms() if self.at is not None else None


def component_at(series: Series, at_ms: int | None) -> Component:
    """The component that stands for an instance, or for an event that is there once. Raises BadCalendar for a
    series as a whole: another time is proposed for one of its instances."""
    if at_ms is None:
        if series.recurring or len(series.components) > 1:
            raise BadCalendar("another time is proposed for one of the instances", reason="override")
        return series.first
    return by_instance(series).get(at_ms) or single(series, at_ms)


def times(series: Series, at_ms: int | None) -> tuple[int, int] | None:
    """When an instance is, or an event that is there once; None when it is not there, or called off. To compare."""
    try:
        component = component_at(series, at_ms)
        start = need(start_of(component, series), "DTSTART")
        length = length_of(component, start, series.zones)
    except BadCalendar:
        return None
    if cancelled(component) or (at_ms is not None and excluded(series, at_ms)):
        return None
    return start.ms(), start.plus(length.nominal, length.exact).ms()


def people(series: Series, at_ms: int | None) -> dict[str, Property]:
    """Who is invited to an instance, or to the whole, by address in lower case."""
    return attendees(by_instance(series).get(at_ms) or series.master)


def moved(series: Series, at_ms: int | None, start_ms: int, end_ms: int) -> Series:
    """The series with an instance at another time, in the zone that it has. Raises BadCalendar."""
    component = component_at(series, at_ms)
    start = need(start_of(component, series), "DTSTART")
    first, last = _like(start, start_ms), _like(start, end_ms)
    if start.day and last.local <= first.local:
        last = end_of_day(first)
    changed = with_property(component, written("DTSTART", first))
    changed.properties = [each for each in changed.properties if each.name not in ("DTEND", "DURATION")]
    changed.properties.append(written("DTEND", last))
    return exchanged(series, changed)


def _like(start: Moment, at_ms: int) -> Moment:
    local = (start.zone or UTC).to_local(at_ms)
    return start.at(local.replace(hour=0, minute=0, second=0) if start.day else local)


def counter(
    series: Series,
    at_ms: int | None,
    start_ms: int,
    end_ms: int,
    me: Collection[str],
    comment: str,
    now_ms: int,
) -> Message:
    """The proposal of an attendee, whose addresses are `me`, to the organizer. Raises BadCalendar."""
    proposed = moved(series, at_ms, start_ms, end_ms)
    component = component_at(proposed, at_ms)
    own, organizer = mine(component, me), component.first("ORGANIZER")
    if own is None or organizer is None:
        raise BadCalendar("only who is invited proposes another time", reason="attendee", field="ATTENDEE")
    said = [each for each in component.properties if each.name in _SAID]
    said.append(own.changed(params={name: value for name, value in own.params.items() if name != "RSVP"}))
    said += [Property("COMMENT", escape(comment))] if comment else []
    return made("COUNTER", [organizer.value.strip()], [Component(component.name, said)], series.zones, now_ms)


def proposal(message: Message, stored: Series, by: Collection[str]) -> Proposal | None:
    """What a COUNTER proposes; None when it is of nobody who is invited. `by`: the addresses of who sent it. Raises
    BadCalendar for times that cannot be read."""
    component = message.series.first
    own = mine(component, by)
    at_ms = instance_of(component, message.series)
    invited = own is not None and own.value.strip().lower() in attendees(component_at(stored, at_ms))
    start = start_of(component, message.series)
    if own is None or not invited or start is None:
        return None
    length = length_of(component, start, message.series.zones)
    end = start.plus(length.nominal, length.exact)
    at = recurrence_id(component, message.series.zones) if at_ms is not None else None
    if end.ms() <= start.ms():
        return None
    return Proposal(own, at, start.ms(), end.ms(), component.value("COMMENT")[:2_000])


def declined_counter(series: Series, at_ms: int | None, to: str, comment: str, now_ms: int) -> Message:
    """The organizer's no to who proposed. Raises BadCalendar."""
    component = component_at(series, at_ms)
    asked = attendees(component).get(to.lower())
    said = [each for each in component.properties if each.name in _SAID]
    said.append(asked if asked is not None else Property("ATTENDEE", to))
    said += [Property("COMMENT", escape(comment))] if comment else []
    return made("DECLINECOUNTER", [to], [Component(component.name, said)], series.zones, now_ms)
