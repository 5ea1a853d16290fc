"""What guests see of each other: the answers that the organizer has, in the copies of the others. RFC 5546 §2.1.1,
RFC 6638 §3.2.10"""

from collections.abc import Collection

from parvis.wire.contentlines import Component, Property
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.itip.instances import at_same_time, by_instance, excluded, single
from parvis.wire.ical.itip.message import attendees, unscheduled, with_attendee

_SAID = ("PARTSTAT", "DELEGATED-TO", "DELEGATED-FROM")
_TAKEN = (*_SAID, "RSVP")


def told(copy: Series, known: Series, me: Collection[str]) -> Series:
    """The copy of a guest, whose addresses are `me` (lower case), with the answers of all others as they are
    `known`; `copy` itself when it has them. What is at another time is left alone: a message about it is on its
    way. Raises BadCalendar for times that cannot be read."""
    there, source = by_instance(copy), by_instance(known)
    found = {id(one): one for one in copy.components}
    for at, one in there.items():
        if (same := source.get(at)) is None or at_same_time(one, copy, same, known):
            found[id(one)] = _told(one, same or known.master, me)
    more = list[Component]()
    for at, one in source.items():
        if at is not None and at not in there and (made := _instance(copy, at)) is not None:
            changed = _told(made, one, me) if at_same_time(made, copy, one, known) else made
            more += [changed] if changed is not made else []
    if not more and all(found[id(one)] is one for one in copy.components):
        return copy
    master = found[id(copy.master)] if copy.master is not None else None
    overrides = [found[id(one)] for one in copy.overrides]
    return Series(copy.kind, copy.uid, master, [*overrides, *more], copy.zones)


def _instance(copy: Series, at: int) -> Component | None:
    if copy.master is None or excluded(copy, at):
        return None
    try:
        return single(copy, at)
    except BadCalendar:
        return None


def _told(one: Component, known: Component | None, me: Collection[str]) -> Component:
    if known is None:
        return one
    there, made = attendees(one), one
    for name, given in attendees(known).items():
        old = there.get(name)
        if name in me:
            continue
        if old is not None and _said(old) != _said(given):
            kept = {each: values for each, values in old.params.items() if each not in _TAKEN}
            taken = {each: list(given.params[each]) for each in _TAKEN if each in given.params}
            made = with_attendee(made, old.changed(params=kept | taken))
        elif old is None and given.param("DELEGATED-FROM").lower() in there:
            made = with_attendee(made, unscheduled(given))
    return made


def _said(given: Property) -> list[str]:
    return [given.param(name).upper() or ("NEEDS-ACTION" if name == "PARTSTAT" else "") for name in _SAID]
