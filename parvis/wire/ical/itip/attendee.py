"""What an attendee may change of an object that somebody else organizes, and the answers that it makes (RFC 5546
§3.2.3, RFC 6638 §3.2.2)."""

from collections.abc import Collection

from parvis.wire.contentlines import Component, Property, escape
from parvis.wire.ical.calendar import Series, cancelled, sequence
from parvis.wire.ical.itip.instances import by_instance, excluded, exclusions, instance_of, single, timing
from parvis.wire.ical.itip.message import (
    NOTE,
    Message,
    address,
    attendees,
    made,
    mine,
    organizer,
    scheduled,
    with_attendee,
    with_property,
)

_TOLD = ("UID", "SEQUENCE", "RECURRENCE-ID", "DTSTART", "DTEND", "DUE", "DURATION", "SUMMARY", "ORGANIZER")
_TOLD_OF_TASKS = ("STATUS", "PERCENT-COMPLETE", "COMPLETED")
_PROGRESS = ("COMPLETED", "IN-PROCESS")
_WHEN = ("RECURRENCE-ID", "DTSTART", "DTEND", "DUE", "DURATION", "RRULE")
_THEIRS = frozenset(
    {"DTSTART", "DTEND", "DUE", "DURATION", "RRULE", "RDATE", "SUMMARY", "LOCATION", "ORGANIZER", "DESCRIPTION",
     "RECURRENCE-ID", "STATUS"}
)  # fmt: skip
"""The organizer's properties (RFC 6638 §3.2.2.1 lets the attendee change the others)."""


def may_change(before: Series, after: Series, me: Collection[str]) -> bool:
    """Whether the change is one that an attendee may make: their own answer, alarms, what is private, an instance
    that they do not want (RFC 6638 §3.2.2.1)."""
    if organizer(before) != organizer(after):
        return False
    known = by_instance(before)
    for at, component in by_instance(after).items():
        old = known.get(at)
        if old is None and at is not None and before.master is not None:
            old = single(before, at)
        if old is None or _theirs(old, me) != _theirs(component, me) or (mine(old, me) and not mine(component, me)):
            return False
    if before.master is None:  # who is in single instances leaves one by leaving it out
        return True
    return after.master is not None and all(excluded(after, at) for at in _left_out(before, after, me))


def unanswered(series: Series, me: Collection[str]) -> Series:
    """The object as it was before I answered."""

    def before(given: Component) -> Component:
        changed = [
            each.changed(params={name: value for name, value in each.params.items() if name != "PARTSTAT"})
            if each.name == "ATTENDEE" and address(each) in me
            else each
            for each in given.properties
        ]
        return Component(given.name, changed, given.components)

    return series.with_components([before(each) for each in series.components])


def progressed(before: Series, after: Series, me: Collection[str]) -> Series:
    """What an attendee wants stored of a task, with the answer that its progress is: who begins with it or has done
    it says so, unless they answer something else. `after` itself when nothing differs. RFC 5545 §3.2.12"""
    known = by_instance(before)

    def said(new: Component) -> Component:
        return _progressed(known.get(instance_of(new, after)) or before.master, new, me)

    return after.with_components([said(each) for each in after.components])


def _progressed(old: Component | None, new: Component, me: Collection[str]) -> Component:
    own, said = mine(new, me), new.value("STATUS").strip().upper()
    if own is None or old is None or said == old.value("STATUS").strip().upper():
        return new
    if _answer(old, me) != _answer(new, me):
        return new
    answer = said if said in _PROGRESS else "ACCEPTED" if _answer(new, me) in _PROGRESS else ""
    return with_attendee(new, own.changed(params={**own.params, "PARTSTAT": [answer]})) if answer else new


def as_organized(before: Series, after: Series) -> Series:
    """What an attendee wants stored, with the organizer's SEQUENCE, and the organizer's times where these are the
    same: in another zone, with a length instead of an end, a rule with its parts in another order. Programs that
    write so are not refused for it, and no later message is taken for an older one. `after` itself when nothing
    differs. Raises BadCalendar."""
    known = by_instance(before)

    def organized(new: Component) -> Component:
        at = instance_of(new, after)
        old = known.get(at) or before.master
        if old is None:
            return new
        numbered = new if sequence(old) == sequence(new) else with_property(new, _numbered(old))
        there = old if at is None or at in known else single(before, at)
        if _written(there) == _written(new) or timing(there, before) != timing(new, after):
            return numbered
        return _with_times(numbered, there)

    made = after.with_components([organized(each) for each in after.components])
    if made is after:
        return after
    return Series(made.kind, made.uid, made.master, made.overrides, after.zones.beside(before.zones))


def completed(before: Series, after: Series, me: Collection[str]) -> Series:
    """What an attendee wants stored, with the instances that their program left out: EXDATE is what takes one away
    (RFC 6638 §3.2.2.1), and a program that knows only some of them means nothing by it. `after` itself when there
    are none."""
    if before.master is None or after.master is None:
        return after
    left = [each for at, each in _left_out(before, after, me).items() if not excluded(after, at)]
    return Series(after.kind, after.uid, after.master, [*after.overrides, *left], after.zones) if left else after


def _left_out(before: Series, after: Series, me: Collection[str]) -> dict[int, Component]:
    """The instances of `before` that have no component any more though they are not as the rule has them."""
    there = by_instance(after)
    found = {at: each for at, each in by_instance(before).items() if at is not None and at not in there}
    return {at: each for at, each in found.items() if not _as_ruled(before, at, each, me)}


def _as_ruled(series: Series, at: int, given: Component, me: Collection[str]) -> bool:
    """Whether an instance is one of its own by nothing but what is the attendee's alone, as alarms."""
    if series.master is None:
        return False
    rule = single(series, at)
    return _theirs(given, me) == _theirs(rule, me) and _answer(given, me) == _answer(rule, me)


def _numbered(old: Component) -> Property:
    return Property("SEQUENCE", str(sequence(old)))


def _written(given: Component) -> list[tuple[str, str, str]]:
    return sorted((each.name, each.value.strip(), each.param("TZID")) for each in given.every(*_WHEN))


def _with_times(given: Component, of: Component) -> Component:
    others = [each for each in given.properties if each.name not in _WHEN]
    return Component(given.name, [*others[:1], *of.every(*_WHEN), *others[1:]], given.components)


def _theirs(given: Component, me: Collection[str]) -> list[tuple[str, str, str]]:
    names = _THEIRS - {"STATUS"} if given.name == "VTODO" else _THEIRS
    said = [(each.name, each.value.strip(), each.param("TZID")) for each in given.properties if each.name in names]
    others = [
        (name, each.param("PARTSTAT").upper() or "NEEDS-ACTION", each.param("DELEGATED-FROM"))
        for name, each in attendees(given).items()
        if name not in me and not each.param("DELEGATED-FROM")
    ]
    return sorted([*said, *others])


def from_attendee(
    before: Series, after: Series | None, me: Collection[str], now_ms: int, comment: str = ""
) -> Message | None:
    """The answer to the organizer when an attendee (whose addresses are `me`, lower case) changes an object; None
    when nothing of it is news to them. Who removes what they have not declined declines it."""
    components = _declined_all(before, me) if after is None else _changed(before, after, me)
    person = next((each for one in before.components if (each := one.first("ORGANIZER")) is not None), None)
    if not components or person is None or not scheduled(person) or organizer(before) in me:
        return None
    told = [_reply(each, me, comment) for each in components]
    return made("REPLY", [person.value.strip()], told, before.zones, now_ms)


def to_delegates(before: Series, after: Series, me: Collection[str], now_ms: int) -> list[Message]:
    """The invitations of those to whom an attendee (whose addresses are `me`, lower case) hands theirs on
    (RFC 5546 §3.2.2.3): they are told of the event as it is then."""
    known, people = by_instance(before), dict[str, list[Component]]()
    for at, component in by_instance(after).items():
        old = attendees(known.get(at) or before.master)
        for name, each in attendees(component).items():
            if name not in old and name not in me and _handed_on(each, me):
                people.setdefault(each.value.strip(), []).append(component)
    return [made("REQUEST", [name], told, after.zones, now_ms) for name, told in people.items()]


def _handed_on(given: Property, me: Collection[str]) -> bool:
    return any(each.lower() in me for each in given.params.get("DELEGATED-FROM", []))


def declined(component: Component, me: Collection[str]) -> Component:
    """The component with my answer: no."""
    own = mine(component, me)
    if own is None:
        return component
    said = own.changed(params={**own.params, "PARTSTAT": ["DECLINED"]})
    return Component(
        component.name, [said if each is own else each for each in component.properties], component.components
    )


def _answer(component: Component | None, me: Collection[str]) -> str:
    own = mine(component, me) if component is not None else None
    return (own.param("PARTSTAT").upper() or "NEEDS-ACTION") if own is not None else ""


def _declined_all(before: Series, me: Collection[str]) -> list[Component]:
    if all(cancelled(each) for each in before.components):
        return []
    return [declined(each, me) for each in before.components if _answer(each, me) not in ("", "DECLINED")]


def _changed(before: Series, after: Series, me: Collection[str]) -> list[Component]:
    known, found = by_instance(before), list[Component]()
    master = _answer(before.master, me)
    for at, component in by_instance(after).items():
        said = _answer(component, me)
        was = _answer(known[at], me) if at in known else master
        news = _note(component, me) not in ("", _note(known.get(at) or before.master, me))
        if said and (
            said != was or news or _progress(component) != _progress(known.get(at)) or _forced(component, me)
        ):
            found.append(component)
    left = known.keys() - by_instance(after).keys() if before.master is None else set[int | None]()
    gone = {at for at in left if not cancelled(known[at])}
    for at in sorted(
        each for each in exclusions(after).keys() - exclusions(before).keys() | gone if each is not None
    ):
        old = known.get(at) or (single(before, at) if before.master is not None else None)
        if old is not None and _answer(old, me) not in ("", "DECLINED"):
            found.append(declined(old, me))
    return found


def _note(component: Component | None, me: Collection[str]) -> str:
    own = mine(component, me) if component is not None else None
    return own.param(NOTE) if own is not None else ""


def _forced(component: Component, me: Collection[str]) -> bool:
    person = component.first("ORGANIZER")
    return person is not None and person.param("SCHEDULE-FORCE-SEND").upper() == "REPLY"


def _progress(component: Component | None) -> list[str]:
    if component is None or component.name != "VTODO":
        return []
    return [component.value(name) for name in _TOLD_OF_TASKS]


def _reply(component: Component, me: Collection[str], comment: str) -> Component:
    """RFC 5546 §3.2.3: the answer has only who answers."""
    # RFC 5545 §3.8.1.4, §3.8.8.3
    names = _TOLD + (_TOLD_OF_TASKS if component.name == "VTODO" else ())
    own = mine(component, me)
    properties = [each for each in component.properties if each.name in names]
    if own is not None:
        properties.append(own.changed(params={name: each for name, each in own.params.items() if name != "RSVP"}))
    if comment := comment or _note(component, me):
        properties.append(Property("COMMENT", escape(comment)))
    return Component(component.name, [*properties, Property("REQUEST-STATUS", "2.0;Success")])
