"""Answers of somebody who was not invited ("party crashers"): what they say, and the object with them in it.
RFC 5546 §3.2.3, §3.2.2.6"""

from collections.abc import Iterable

from parvis.wire.contentlines import Component, Property
from parvis.wire.ical.calendar import Series, length_of, recurrence_id
from parvis.wire.ical.itip.counter import Proposal
from parvis.wire.ical.itip.instances import by_instance, exchanged, instance_of, single, start_of
from parvis.wire.ical.itip.message import address, attendees, with_attendee

COMING = ("ACCEPTED", "TENTATIVE")
"""Who says something else concerns nobody."""


def proposals(answers: Iterable[Component], of: Series, stored: Series) -> list[Proposal]:
    """What they answer (`Outcome.uninvited`, in the message `of`), for which instance, and when that is. Raises
    BadCalendar."""
    found = list[Proposal]()
    for each in answers:
        at = instance_of(each, of)
        component = by_instance(stored).get(at) or (single(stored, at) if at is not None else stored.first)
        start = start_of(component, stored)
        if start is None:
            continue
        length = length_of(component, start, stored.zones)
        end = start.plus(length.nominal, length.exact)
        when = recurrence_id(each, of.zones) if at is not None else None
        said = each.every("ATTENDEE")[0]
        found.append(Proposal(said, when, start.ms(), end.ms(), each.value("COMMENT")[:2_000]))
    return found


def joined(stored: Series, at_ms: int | None, guest: Property) -> Series:
    """The object with one attendee more: in an instance, or in all of it. Raises BadCalendar."""
    if at_ms is not None:
        return exchanged(stored, with_attendee(by_instance(stored).get(at_ms) or single(stored, at_ms), guest))
    return stored.with_components(
        [each if address(guest) in attendees(each) else with_attendee(each, guest) for each in stored.components]
    )
