"""The messages that an organizer's change makes (RFC 5546 §3.2.2, §3.2.5, RFC 6638 §3.2.1), and the revision that
it is (§3.2.8)."""

from collections.abc import Collection

from parvis.wire.contentlines import Component, Property
from parvis.wire.ical.calendar import Series, recurrence_id, sequence
from parvis.wire.ical.itip.instances import by_instance, exclusions, instance_of, single, without
from parvis.wire.ical.itip.message import (
    REPLIED,
    REVISION,
    Message,
    address,
    attendees,
    is_private,
    made,
    scheduled,
    with_attendee,
    with_property,
)
from parvis.wire.ical.moments import Moment

_TIMES = ("DTSTART", "DTEND", "DUE", "DURATION", "RRULE", "RDATE", "EXDATE", "STATUS")
"""A change of these is a new revision (RFC 5546 §2.1.4)."""
_PLACED = tuple(each for each in _TIMES if each not in ("EXDATE", "STATUS"))
_ANSWER = ("PARTSTAT", REPLIED, REVISION, "SCHEDULE-STATUS")
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


def revised(before: Series | None, after: Series, me: Collection[str]) -> Series:
    """What the organizer wants stored, as it is stored: with a higher SEQUENCE where the time changed, and open
    answers where that concerns times that stay (RFC 6638 §3.2.8)."""
    known = by_instance(before) if before is not None else {}
    return after.with_components(
        [_revised(known.get(instance_of(each, after)), each, me) for each in after.components]
    )


def with_answers(before: Series, after: Series) -> Series:
    """What an organizer wants stored who knew the object by its schedule-tag, which answers do not change: with
    those that came in since (RFC 6638 §3.2.10.1). `after` itself when there are none."""
    known = by_instance(before)
    found = [_with_answers(known.get(instance_of(each, after)) or before.master, each) for each in after.components]
    return after.with_components(found)


def _with_answers(old: Component | None, new: Component) -> Component:
    asked, made = attendees(old), new
    for name, given in attendees(new).items():
        known = asked.get(name)
        if known is not None and known.param(REPLIED) != given.param(REPLIED):
            said = {each: list(known.params[each]) for each in _ANSWER if each in known.params}
            kept = {each: values for each, values in given.params.items() if each not in _ANSWER}
            made = with_attendee(made, given.changed(params=kept | said))
    return made


def _revised(old: Component | None, new: Component, me: Collection[str]) -> Component:
    if old is None:
        return new
    if not _moved(old, new):
        number = max(sequence(old), sequence(new))
        return with_property(new, Property("SEQUENCE", str(number))) if number != sequence(new) else new
    number = max(sequence(old) + 1, sequence(new))
    changed = with_property(new, Property("SEQUENCE", str(number)))
    if _rescheduled(old, new):
        changed.properties = [_open(each, me) if each.name == "ATTENDEE" else each for each in changed.properties]
    return changed


def _moved(old: Component, new: Component) -> bool:
    return _values(old, *_TIMES) != _values(new, *_TIMES)


def _rescheduled(old: Component, new: Component) -> bool:
    """Whether it is at another time than it was. Who has said yes to a series has to all that is left of it when a
    time is taken out, and is not asked anew whether they come to what is called off."""
    if _values(old, *_PLACED) != _values(new, *_PLACED):
        return True
    return not _values(old, "EXDATE") <= _values(new, "EXDATE")


def _values(given: Component, *names: str) -> set[tuple[str, str, str]]:
    """Each value of some properties."""
    return {
        (each.name, value, each.param("TZID"))
        for each in given.every(*names)
        for value in (each.value.split(",") if each.name in ("EXDATE", "RDATE") else [each.value])
    }


def _open(given: Property, me: Collection[str]) -> Property:
    """An attendee who is asked again."""
    if address(given) in me or given.param("PARTSTAT").upper() in ("", "NEEDS-ACTION", "DELEGATED"):
        return given
    params = {name: each for name, each in given.params.items() if name not in (REPLIED, REVISION)}
    return given.changed(params=params | {"PARTSTAT": ["NEEDS-ACTION"], "RSVP": ["TRUE"]})


def from_organizer(before: Series | None, after: Series | None, me: Collection[str], now_ms: int) -> list[Message]:
    """The messages to attendees when an organizer (whose addresses are `me`, lower case) changes an object from
    `before` to `after`; None is not there. Attendees whose SCHEDULE-AGENT is not SERVER get none. Those who are
    sent the same are recipients of one message."""
    messages = list[Message]()
    old_people = _people(before, me)
    new_people = _people(after, me)
    told = dict[tuple[str, ...], tuple[list[Component], list[str]]]()
    for person, given in new_people.items():
        assert after is not None
        components = for_person(after, person)
        if _forced(given) or before is None or _differs(for_person(before, person), components):
            key = tuple(_shape(each) for each in components)
            told.setdefault(key, (components, []))[1].append(given.value.strip())
    for components, recipients in told.values():
        assert after is not None
        messages.append(made("REQUEST", recipients, components, after.zones, now_ms))
    if before is not None:
        messages += _cancellations(before, after, old_people, new_people, now_ms)
    return messages


def _people(series: Series | None, me: Collection[str]) -> dict[str, Property]:
    """Whom the server tells: by address."""
    if series is None:
        return {}
    found = {name: each for component in series.components for name, each in attendees(component).items()}
    return {name: each for name, each in found.items() if name not in me and scheduled(each)}


def _forced(given: Property) -> bool:
    return given.param("SCHEDULE-FORCE-SEND").upper() == "REQUEST"


def for_person(series: Series, person: str) -> list[Component]:
    """What an attendee is invited to: the whole without the instances that they are not in, or only instances."""
    if series.master is None or person not in attendees(series.master):
        return [each for each in series.overrides if person in attendees(each)]
    seen = series
    for each in series.overrides:
        if person not in attendees(each) and (at := instance_of(each, series)) is not None:
            seen = without(seen, at, _when(each, series))
    return seen.components


def _when(component: Component, series: Series) -> Moment:
    return recurrence_id(component, series.zones)


def _shape(given: Component) -> str:
    """What a component tells an attendee, to compare."""
    said = sorted(
        f"{each.name}{sorted(each.params.items())}{each.value}"
        for each in given.properties
        if each.name not in _NOT_TOLD and not is_private(each)
    )
    people = sorted(
        f"{name}{[each.param(param) for param in _TOLD_PARAMS]}" for name, each in attendees(given).items()
    )
    return "\n".join([*said, *people])


def _differs(old: list[Component], new: list[Component]) -> bool:
    return sorted(map(_shape, old)) != sorted(map(_shape, new))


def _cancellations(
    before: Series,
    after: Series | None,
    old_people: dict[str, Property],
    new_people: dict[str, Property],
    now_ms: int,
) -> list[Message]:
    """CANCEL for who is no longer there: of the whole, or of instances."""
    whole = [each.value.strip() for name, each in old_people.items() if name not in new_people]
    messages = list[Message]()
    if whole:
        components = [_cancelled(each) for each in before.components[:1]]
        messages.append(made("CANCEL", whole, components, before.zones, now_ms))
    if after is None:
        return messages
    gone = dict[int, list[str]]()
    for name, given in new_people.items():
        for at in _instances_gone(before, after, name):
            gone.setdefault(at, []).append(given.value.strip())
    for at, recipients in sorted(gone.items()):
        component = by_instance(before).get(at) or single(before, at)
        messages.append(made("CANCEL", recipients, [_cancelled(component)], before.zones, now_ms))
    return messages


def _instances_gone(before: Series, after: Series, person: str) -> list[int]:
    """Instances that a person was in and is no longer, while they are still in others; where they are in the whole
    they are told so by its EXDATE, in the request."""
    if after.master is not None and person in attendees(after.master):
        return []
    now = {instance_of(each, after) for each in after.overrides if person in attendees(each)}
    was = {instance_of(each, before) for each in before.overrides if person in attendees(each)}
    taken = set(exclusions(after)) if after.master is not None else set()
    return sorted(at for at in (was - now) | (was & taken) if at is not None)


def _cancelled(given: Component) -> Component:
    changed = with_property(given, Property("STATUS", "CANCELLED"))
    return with_property(changed, Property("SEQUENCE", str(sequence(given) + 1)))
