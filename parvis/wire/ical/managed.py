"""Managed attachments in events: ATTACH with a MANAGED-ID. RFC 8607 §4"""

from collections.abc import Callable, Sequence

from parvis.wire.contentlines import Component, Property
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.itip.instances import by_instance, exchanged, single
from parvis.wire.ical.moments import moment

MANAGED_ID = "MANAGED-ID"
_MOST_INSTANCES = 50


def ids_of(series: Series) -> set[str]:
    """The ids of all managed attachments of a series."""
    return {
        each.param(MANAGED_ID)
        for one in series.components
        for each in one.every("ATTACH")
        if each.param(MANAGED_ID)
    }


def restored(before: Series, after: Series) -> Series:
    """What a client wants stored, with the attachments that the object has as the server wrote them: a program that
    gives their addresses without all that belongs to them takes none away. `after` itself when nothing differs.
    RFC 8607 §4"""
    own = [each for one in before.components for each in one.every("ATTACH") if each.param(MANAGED_ID)]
    known = {each.param(MANAGED_ID): each for each in own} | {each.value.strip(): each for each in own}

    def kept(given: Property) -> Property:
        if given.name != "ATTACH":
            return given
        there = known.get(given.param(MANAGED_ID)) or known.get(given.value.strip()) or given
        return given if (there.params, there.value) == (given.params, given.value) else there

    def component(given: Component) -> Component:
        properties = [kept(each) for each in given.properties]
        if all(new is old for new, old in zip(properties, given.properties, strict=True)):
            return given
        return Component(given.name, properties, given.components)

    return after.with_components([component(each) for each in after.components]) if own else after


def instances_of(series: Series, rid: str) -> list[int | None]:
    """The instances that `rid` names: `M` is the master; without any, all components. Raises BadCalendar. RFC 8607
    §3.3.2"""
    if not rid:
        return list(by_instance(series))
    names = [each.strip() for each in rid.split(",")][: _MOST_INSTANCES + 1]
    if len(names) > _MOST_INSTANCES:
        raise BadCalendar(f"at most {_MOST_INSTANCES} instances", reason="rid")
    start = series.first.first("DTSTART")
    params = start.params if start is not None else {}
    found = list[int | None]()
    for name in names:
        own = {} if name.endswith("Z") else params
        found.append(None if name == "M" else moment(Property("RECURRENCE-ID", name, own), series.zones).ms())
    return found


def changed(series: Series, at: Sequence[int | None], change: Callable[[Component], Component]) -> Series:
    """The series with some of its instances changed, those that are as the rule says as well. Raises
    BadCalendar."""
    for each in at:
        known = by_instance(series).get(each)
        if known is None and each is None:
            raise BadCalendar("there is no master", reason="rid")
        series = exchanged(series, change(known or single(series, each or 0)))
    return series


def added(given: Property) -> Callable[[Component], Component]:
    """Adds an attachment to a component."""
    return lambda one: Component(one.name, [*one.properties, given], one.components)


def exchanged_for(managed_id: str, given: Property | None) -> Callable[[Component], Component]:
    """Puts another attachment into the place of one; None takes it out."""

    def change(one: Component) -> Component:
        properties = list[Property]()
        for each in one.properties:
            if each.name != "ATTACH" or each.param(MANAGED_ID) != managed_id:
                properties.append(each)
            elif given is not None:
                properties.append(given)
        return Component(one.name, properties, one.components)

    return change


def having(series: Series, managed_id: str) -> list[int | None]:
    """The instances that have an attachment."""
    return [
        at
        for at, one in by_instance(series).items()
        if any(each.param(MANAGED_ID) == managed_id for each in one.every("ATTACH"))
    ]
