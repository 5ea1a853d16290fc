"""The messages that an organizer's change makes. RFC 5546 §3.2.2, §3.2.5, RFC 6638 §3.2.1"""

from collections.abc import Collection

from parvis.wire.contentlines import Component, Property
from parvis.wire.ical.calendar import Series, cancelled, recurrence_id, sequence
from parvis.wire.ical.itip.instances import by_instance, exclusions, single, without
from parvis.wire.ical.itip.message import Message, Method, attendees, is_private, made, scheduled, with_property
from parvis.wire.ical.moments import Moment

_NOT_TOLD = (
    "DTSTAMP",
    "LAST-MODIFIED",
    "CREATED",
    "SEQUENCE",
    "TRANSP",
    "ATTENDEE",
    "COMPLETED",
    "PERCENT-COMPLETE",
)
_TOLD_PARAMS = ("CN", "ROLE", "CUTYPE", "MEMBER", "DELEGATED-TO", "DELEGATED-FROM")


def from_organizer(before: Series | None, after: Series | None, me: Collection[str], now_ms: int) -> list[Message]:
    """The messages to attendees when an organizer (whose addresses are `me`, lower case) changes an object from
    `before` to `after`; None is not there. Attendees whose SCHEDULE-AGENT is not SERVER get none. Those who are
    sent the same are recipients of one message. What is called off is cancelled: the whole, or an instance when
    that is all that is new; whoever hears of more besides is told the whole anew."""
    told = dict[tuple[str, ...], tuple[Method, list[Component], list[str]]]()
    gone = dict[int, list[str]]()
    old_people, new_people = _people(before, me), _people(after, me)
    for person, given in new_people.items():
        assert after is not None
        old, new = for_person(before, person) if before is not None else None, for_person(after, person)
        taken = _taken(old, new)
        for at in taken:
            gone.setdefault(at, []).append(given.value.strip())
        news = _news(_less(old, taken) if old is not None else None, new, forced=_forced(given))
        if news is not None:
            key = (news[0], *(shape(each) for each in news[1]))
            told.setdefault(key, (*news, []))[2].append(given.value.strip())
    messages = list[Message]()
    for method, components, recipients in told.values():
        assert after is not None
        messages.append(made(method, recipients, components, after.zones, now_ms))
    whole = [each.value.strip() for name, each in old_people.items() if name not in new_people]
    return messages + (_cancellations(before, after, whole, gone, now_ms) if before is not None else [])


def _news(old: Series | None, new: Series, *, forced: bool) -> tuple[Method, list[Component]] | None:
    """What somebody is told who is invited: the method and the components."""
    if not new.components:
        return None
    known = old if old is not None and old.components else None
    if _called_off(new):
        told = known is not None and not _called_off(known)
        return ("CANCEL", [new.first]) if told or forced else None
    components = new.components if forced or known is None else _changed(known, new)
    return ("REQUEST", components) if components else None


def _changed(old: Series, new: Series) -> list[Component]:
    """What is to be told of something that is known: the instances that differ, when they are all that does, else
    the whole. RFC 5546 §3.2.2.1"""
    if not _differs(old, new):
        return []
    was, now = by_instance(old), by_instance(new)
    if was.keys() - now.keys() or _master(old) != _master(new):
        return new.components
    differ = [
        each for at, each in now.items() if at is not None and shape(each) != shape(was.get(at) or _ruled(old, at))
    ]
    # an instance of an older revision than the whole would be passed over where the whole is known
    behind = new.master is not None and any(sequence(each) < sequence(new.master) for each in differ)
    return new.components if behind else differ


def _master(series: Series) -> tuple[str, set[int]]:
    return (shape(series.master, "EXDATE"), set(exclusions(series))) if series.master is not None else ("", set())


def _ruled(series: Series, at: int) -> Component:
    """An instance as the rule has it."""
    return single(series, at) if series.master is not None else Component("", [], [])


def _taken(old: Series | None, new: Series) -> dict[int, Moment]:
    """The instances of which somebody who stays invited is told by a cancellation of each that they are not in them
    any more. Who is in the whole is told of several, or with other news, by its EXDATE."""
    if old is None:
        return {}
    if new.master is None:
        there = by_instance(new)
        return {at: when for each in old.overrides if (at := (when := _when(each, old)).ms()) not in there}
    if old.master is None or _called_off(new):
        return {}
    known = exclusions(old)
    found = {at: when for at, when in exclusions(new).items() if at not in known}
    return found if len(found) == 1 and not _differs(_less(old, found), new) else {}


def _less(series: Series, taken: dict[int, Moment]) -> Series:
    for at, when in taken.items():
        series = without(series, at, when)
    return series


def _called_off(series: Series) -> bool:
    return all(cancelled(each) for each in series.components)


def _people(series: Series | None, me: Collection[str]) -> dict[str, Property]:
    """Whom the server tells: by address."""
    if series is None:
        return {}
    found = {name: each for component in series.components for name, each in attendees(component).items()}
    return {name: each for name, each in found.items() if name not in me and scheduled(each)}


def _forced(given: Property) -> bool:
    return given.param("SCHEDULE-FORCE-SEND").upper() == "REQUEST"


def for_person(series: Series, person: str) -> Series:
    """What an attendee is invited to: the whole without the instances that they are not in or that are called off,
    or only instances."""
    if series.master is None or person not in attendees(series.master):
        own = [each for each in series.overrides if person in attendees(each) and not cancelled(each)]
        return Series(series.kind, series.uid, None, own, series.zones)
    seen = series
    for each in series.overrides:
        if person not in attendees(each) or (cancelled(each) and not cancelled(series.master)):
            when = _when(each, series)
            seen = without(seen, when.ms(), when)
    return seen


def _when(component: Component, series: Series) -> Moment:
    return recurrence_id(component, series.zones)


def shape(given: Component, *unsaid: str) -> str:
    """What a component tells an attendee, to compare; without some properties."""
    said = sorted(
        f"{each.name}{sorted(each.params.items())}{each.value}"
        for each in given.properties
        if each.name not in _NOT_TOLD and each.name not in unsaid and not is_private(each)
    )
    people = sorted(
        f"{name}{[each.param(param) for param in _TOLD_PARAMS]}" for name, each in attendees(given).items()
    )
    return "\n".join([*said, *people])


def _differs(old: Series, new: Series) -> bool:
    shapes = [sorted(shape(each, "EXDATE") for each in series.components) for series in (old, new)]
    return shapes[0] != shapes[1] or exclusions(old).keys() != exclusions(new).keys()


def _cancellations(
    before: Series, after: Series | None, whole: list[str], gone: dict[int, list[str]], now_ms: int
) -> list[Message]:
    """CANCEL for who is no longer there: of the whole, or of instances. It says CANCELLED of what does not take
    place any more, and nothing where others still meet. RFC 5546 §3.2.5"""
    messages = list[Message]()
    if whole:
        said = _cancelled(before.first, off=after is None or _called_off(after))
        messages.append(made("CANCEL", whole, [said], before.zones, now_ms))
    for at, recipients in sorted(gone.items()):
        assert after is not None
        said = _off(after, at) or _cancelled(
            by_instance(before).get(at) or single(before, at), off=not _takes_place(after, at)
        )
        messages.append(made("CANCEL", recipients, [said], before.zones, now_ms))
    return messages


def _off(series: Series, at: int) -> Component | None:
    """An instance that says of itself that it is called off."""
    found = by_instance(series).get(at)
    return found if found is not None and cancelled(found) else None


def _takes_place(series: Series, at: int) -> bool:
    found = by_instance(series).get(at)
    return not cancelled(found) if found is not None else series.master is not None and at not in exclusions(series)


def _cancelled(given: Component, *, off: bool) -> Component:
    changed = with_property(given, Property("SEQUENCE", str(sequence(given) + 1)))
    if off:
        return with_property(changed, Property("STATUS", "CANCELLED"))
    return Component(
        changed.name, [each for each in changed.properties if each.name != "STATUS"], changed.components
    )
