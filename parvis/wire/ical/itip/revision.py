"""The revision that an organizer's change is, and the answers that it keeps or opens. RFC 5546 §2.1.4,
RFC 6638 §3.2.8, §3.2.10.1"""

from collections.abc import Collection

from parvis.wire.contentlines import Component, Property
from parvis.wire.ical.calendar import Series, sequence
from parvis.wire.ical.expand import Budget
from parvis.wire.ical.itip.instances import at_same_time, by_instance, excluded, instance_of, rules, single
from parvis.wire.ical.itip.message import NOTE, REPLIED, REVISION, address, attendees, with_attendee, with_property
from parvis.wire.ical.itip.organizer import shape
from parvis.wire.ical.recurrence import MOST_INSTANCES, Instance, instances
from parvis.wire.ical.zones import MAX_MS, MIN_MS

_TIMES = ("DTSTART", "DTEND", "DUE", "DURATION", "RRULE", "RDATE", "EXDATE", "STATUS")
"""A change of these is a new revision (RFC 5546 §2.1.4)."""
_PLACED = tuple(each for each in _TIMES if each not in ("EXDATE", "STATUS"))
_ANSWER = ("PARTSTAT", REPLIED, REVISION, NOTE, "SCHEDULE-STATUS")


def revised(before: Series | None, after: Series, me: Collection[str]) -> Series:
    """What the organizer wants stored, as it is stored: with a higher SEQUENCE where the time changed, and open
    answers where that concerns times that stay (RFC 6638 §3.2.8)."""
    if before is None:
        return after
    known = by_instance(before)
    made = list[Component]()
    for each in after.components:
        at = instance_of(each, after)
        if at is None or at in known:
            made.append(_revised(known.get(at), before, each, after, me))
        else:
            made.append(_of_its_own(before, at, each, after, me))
    return after.with_components(made)


def _of_its_own(before: Series, at: int, new: Component, after: Series, me: Collection[str]) -> Component:
    """A component for an instance that had none: at another time than the rule says, or not."""
    if before.master is None or excluded(before, at):
        return new
    old = single(before, at)
    if at_same_time(new, after, old, before):
        return _numbered(new, max(sequence(old), sequence(new)))
    return _asked_again(_numbered(new, max(sequence(old) + 1, sequence(new))), me)


def with_answers(before: Series, after: Series) -> Series:
    """What an organizer wants stored who knew the object by its schedule-tag, which answers do not change: with
    those that came in since (RFC 6638 §3.2.10.1), some of which made an instance one of its own. `after` itself
    when there are none. Raises BadCalendar."""
    known = by_instance(before)
    found = [_with_answers(known.get(instance_of(each, after)) or before.master, each) for each in after.components]
    given = after.with_components(found)
    answered = _answered_alone(before, after)
    if not answered:
        return given
    return Series(given.kind, given.uid, given.master, [*given.overrides, *answered], given.zones)


def _answered_alone(before: Series, given: Series) -> list[Component]:
    """The instances of `before` that are ones of their own by nothing but answers, as they are in what is given."""
    master, known = given.master, before.master
    if master is None or known is None or _rescheduled(known, before, master, given):
        return []
    there, budget = by_instance(given), Budget()
    return [
        _with_answers(old, single(given, at))
        for at, old in by_instance(before).items()
        if at is not None
        and at not in there
        and any(each.start_ms == at for each in _alone(master, given, at, at + 1, budget))
        and shape(old) == shape(single(before, at))
    ]


def _with_answers(old: Component | None, new: Component) -> Component:
    asked, made = attendees(old), new
    for name, given in attendees(new).items():
        known = asked.get(name)
        if known is not None and known.param(REPLIED) != given.param(REPLIED):
            said = {each: list(known.params[each]) for each in _ANSWER if each in known.params}
            kept = {each: values for each, values in given.params.items() if each not in _ANSWER}
            made = with_attendee(made, given.changed(params=kept | said))
    return made


def _revised(
    old: Component | None, before: Series, new: Component, after: Series, me: Collection[str]
) -> Component:
    if old is None:
        return new
    if not _moved(old, new):
        return _numbered(new, max(sequence(old), sequence(new)))
    changed = _numbered(new, max(sequence(old) + 1, sequence(new)))
    return _asked_again(changed, me) if _rescheduled(old, before, new, after) else changed


def _numbered(given: Component, number: int) -> Component:
    return with_property(given, Property("SEQUENCE", str(number))) if number != sequence(given) else given


def _asked_again(given: Component, me: Collection[str]) -> Component:
    properties = [_open(each, me) if each.name == "ATTENDEE" else each for each in given.properties]
    return Component(given.name, properties, given.components)


def _moved(old: Component, new: Component) -> bool:
    return _values(old, *_TIMES) != _values(new, *_TIMES)


def _rescheduled(old: Component, before: Series, new: Component, after: Series) -> bool:
    """Whether it is at times that it was not at. Who has said yes to a series has to all that is left of it when
    times are taken out or it ends earlier, and is not asked anew whether they come to what is called off."""
    placed = _PLACED
    if _ends_earlier(old.value("RRULE"), new.value("RRULE")):
        placed = tuple(each for each in _PLACED if each != "RRULE")
    if _values(old, *placed) == _values(new, *placed) and _values(old, "EXDATE") <= _values(new, "EXDATE"):
        return False
    return not _at_known_times(old, before, new, after)


def _at_known_times(old: Component, before: Series, new: Component, after: Series) -> bool:
    """Whether all times of a component are ones of another, in whatever words either says them. Of more than can
    be gone through the first are, and the rule is the same; False for what takes too long to find out."""
    budget = Budget()
    known, times = (
        _alone(one, of, MIN_MS, MAX_MS, budget, MOST_INSTANCES + 1) for one, of in ((old, before), (new, after))
    )
    if budget.spent or not times or not {_span(each) for each in times} <= {_span(each) for each in known}:
        return False
    if len(times) <= MOST_INSTANCES:
        return True
    return rules(old) == rules(new) and _values(old, "RDATE", "EXDATE") == _values(new, "RDATE", "EXDATE")


def _alone(
    one: Component, of: Series, start_ms: int, end_ms: int, budget: Budget, limit: int = MOST_INSTANCES
) -> list[Instance]:
    """The times of one component, without those that stand for single ones of them."""
    return instances(Series(of.kind, of.uid, one, [], of.zones), start_ms, end_ms, limit, budget=budget)


def _span(each: Instance) -> tuple[int, int, bool, bool]:
    return each.start_ms, each.end_ms, each.start.day, each.start.zone is None


def _ends_earlier(old: str, new: str) -> bool:
    """Whether a rule differs in its end alone, and has one that is no later."""
    was, now = (
        {name: end for name, _, end in (each.partition("=") for each in rule.upper().split(";"))}
        for rule in (old, new)
    )
    before, after = ((rule.pop("UNTIL", ""), rule.pop("COUNT", "")) for rule in (was, now))
    if was != now or not any(after):
        return False
    if not any(before):
        return True
    if before[1].isdecimal() and after[1].isdecimal():
        return int(after[1]) <= int(before[1])
    return len(before[0]) == len(after[0]) > 0 and after[0] <= before[0]


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
    params = {name: each for name, each in given.params.items() if name not in (REPLIED, REVISION, NOTE)}
    return given.changed(params=params | {"PARTSTAT": ["NEEDS-ACTION"], "RSVP": ["TRUE"]})
