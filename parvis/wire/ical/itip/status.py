"""What became of messages, in the objects that they are about: SCHEDULE-STATUS of those to whom they went. RFC 6638
§3.2.9, §7.2, §7.3"""

from collections.abc import Mapping

from parvis.wire.contentlines import Component, Property
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.itip.instances import by_instance
from parvis.wire.ical.itip.message import address

PENDING, SENT, DELIVERED = "1.0", "1.1", "1.2"
NOBODY, REFUSED, UNDELIVERABLE, NO_SERVICE, NO_SUPPORT = "3.7", "3.8", "5.1", "5.2", "5.3"
_STATUS, _FORCED = "SCHEDULE-STATUS", "SCHEDULE-FORCE-SEND"
_PEOPLE = ("ATTENDEE", "ORGANIZER")


def carried(before: Series | None, after: Series) -> Series:
    """What a client wants kept with the statuses that were known: no client says what became of a message (§7.3),
    and what is to be sent in any case is sent once (§7.2). The same series when nothing changes."""
    known = by_instance(before) if before is not None else {}
    master = before.master if before is not None else None
    made: dict[int, Component] = {}
    for at, component in by_instance(after).items():
        old = known.get(at) or master
        was = {(each.name, address(each)): each.param(_STATUS) for each in old.every(*_PEOPLE)} if old else {}
        made[id(component)] = _changed(
            component, {key: was.get(key, "") for key in map(_key, component.every(*_PEOPLE))}
        )
    return after.with_components([made[id(each)] for each in after.components])


def noted(series: Series, statuses: Mapping[str, str]) -> Series:
    """The series with what became of messages to these addresses (lower case): of an organizer it is said with
    ORGANIZER, not among the attendees too. The same when nothing changes."""
    made = list[Component]()
    for each in series.components:
        people = {person[1]: person for name in _PEOPLE for person in map(_key, each.every(name))}
        told = {person: statuses[address] for address, person in people.items() if address in statuses}
        made.append(_changed(each, told))
    return series.with_components(made)


def _key(given: Property) -> tuple[str, str]:
    return given.name, address(given)


def _changed(component: Component, wanted: Mapping[tuple[str, str], str]) -> Component:
    properties = [
        _with(each, wanted[_key(each)]) if each.name in _PEOPLE and _key(each) in wanted else each
        for each in component.properties
    ]
    if all(new is old for new, old in zip(properties, component.properties, strict=True)):
        return component
    return Component(component.name, properties, component.components)


def _with(given: Property, status: str) -> Property:
    params = {name: each for name, each in given.params.items() if name not in (_STATUS, _FORCED)}
    params |= {_STATUS: [status]} if status else {}
    return given if params == given.params else given.changed(params=params)
