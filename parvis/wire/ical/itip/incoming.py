"""What a message does to the object that is stored (RFC 5546 §3.2, §3.4, §5). Nothing here asks who sent it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from parvis.wire.contentlines import Component, Property
from parvis.wire.ical.calendar import Series, check, recurrence_id, sequence
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.itip.instances import (
    at_same_time,
    by_instance,
    exchanged,
    excluded,
    exclusions,
    instance_of,
    single,
    start_of,
    timing,
    within,
    without,
)
from parvis.wire.ical.itip.message import (
    NOTE,
    REPLIED,
    REVISION,
    Message,
    address,
    attendees,
    is_private,
    made,
    mine,
    organizer,
    with_attendee,
    with_property,
)
from parvis.wire.ical.moments import Moment, Zones, written

Happened = Literal[
    "added",
    "updated",
    "cancelled",
    "replied",
    "countered",
    "declined-counter",
    "refreshed",
    "outdated",
    "left",
    "unknown",
    "refused",
]
_REPLY_PARAMS = ("PARTSTAT", "DELEGATED-TO", "DELEGATED-FROM", "SENT-BY", "CN")
_LONGEST_NOTE = 2_000
_PROGRESS = ("PERCENT-COMPLETE", "COMPLETED", "STATUS")
_OWN = ("TRANSP",)
"""Properties that are the attendee's own."""
_KEPT = frozenset(
    {"UID", "RECURRENCE-ID", "DTSTAMP", "SEQUENCE", "ORGANIZER", "ATTENDEE", "EXDATE", *_OWN, *_PROGRESS}
)
"""Properties of which a cancellation says nothing new: which one it is, who takes part, what is the attendee's."""
_TIMES = ("DTSTART", "RRULE", "RDATE")
_ONE_OF = (
    ("DTEND", "DUE", "DURATION"),
    ("DESCRIPTION", "STYLED-DESCRIPTION", "X-ALT-DESC"),
    ("LOCATION", "GEO"),
)
"""Properties that say one thing together: who says it anew says all of it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happens. `series`: what the object is from now on, None when it stays as it is. `people`: addresses of
    those who answered. `uninvited`: the answers of who was not invited. `answer`: a message to send back.
    `zones`: the VTIMEZONEs that come with the new components."""

    happened: Happened
    series: Series | None = None
    people: tuple[str, ...] = ()
    uninvited: tuple[Component, ...] = ()
    answer: Message | None = None
    zones: tuple[Component, ...] = ()


def received(stored: Series | None, message: Message, me: Collection[str], now_ms: int) -> Outcome:
    """What becomes of a stored object (None when there is none) when a message comes in for `me`, whose addresses
    are `mailto:…` in lower case. Who answers uninvited does not become an attendee by it (RFC 5546 §3.2.3).

    Raises BadCalendar for times that cannot be read."""
    if stored is not None and stored.kind != message.series.kind:
        return Outcome("refused")
    if stored is not None and not _same_organizer(stored, message):
        return Outcome("refused")
    match message.method:
        case "REQUEST" | "PUBLISH":
            return _request(stored, message, me)
        case "ADD":
            return _add(stored, message, me, now_ms)
        case "CANCEL":
            return _cancel(stored, message)
        case "REPLY":
            return _reply(stored, message)
        case "REFRESH":
            return _refresh(stored, message, now_ms)
        case "COUNTER":
            return Outcome("countered" if stored is not None else "unknown", people=_people(message))
        case "DECLINECOUNTER":
            return Outcome("declined-counter" if stored is not None else "unknown")


def with_zones(series: Series, there: Component, more: tuple[Component, ...]) -> Series:
    """The series with the zones of a calendar object and those that came with a message (`Outcome.zones`)."""
    known = [each for each in there.components if each.name == "VTIMEZONE"]
    zones = Zones(Component("VCALENDAR", [], [*known, *more]))
    return Series(series.kind, series.uid, series.master, series.overrides, zones)


def _same_organizer(stored: Series, message: Message) -> bool:
    """An object stays its organizer's: nobody takes it over by its UID (RFC 5546 §6.1.1)."""
    return organizer(stored) == organizer(message.series)


def _zones(message: Message) -> tuple[Component, ...]:
    return tuple(each for each in message.calendar.components if each.name == "VTIMEZONE")


def _people(message: Message) -> tuple[str, ...]:
    return tuple({address(each): None for one in message.series.components for each in one.every("ATTENDEE")})


def age(component: Component) -> tuple[int, str]:
    """Which of two components for an instance is newer: by SEQUENCE, then DTSTAMP (RFC 5546 §2.1.5)."""
    return sequence(component), component.value("DTSTAMP").strip()


def _request(stored: Series | None, message: Message, me: Collection[str]) -> Outcome:
    given = message.series
    if stored is None and _left(given, me):
        return Outcome("left")
    if stored is None:
        components = [_own(each, None, me) for each in given.components]
        return Outcome("added", _rebuilt(given, components), zones=_zones(message))
    known = by_instance(stored)
    newer = [
        each for each in given.components
        if (old := known.get(instance_of(each, given))) is None or age(each) >= age(old)
    ]  # fmt: skip
    if not newer or (given.master is None and stored.master is not None and _behind(stored.master, newer)):
        return Outcome("outdated")
    result = stored
    if given.master is not None and given.master in newer:
        replaced = stored.master is None or sequence(given.master) > sequence(stored.master)
        # a new revision of the whole says all instances that differ
        kept = _with_alarms(stored, given, me) if replaced else list(stored.overrides)
        result = Series(stored.kind, stored.uid, stored.master, kept, stored.zones)
    unwanted = _unwanted(stored, given, me)
    for each in newer:
        at = instance_of(each, given)
        if at not in unwanted:
            if at is not None and given.master is None:  # I am asked about it though I had taken it out
                result = within(result, at)
            result = exchanged(result, _own(each, known.get(at) or stored.master, me), given)
    for moment, when in unwanted.items():
        result = without(result, moment, when)
    return Outcome("updated", _rebuilt(given, result.components, stored), zones=_zones(message))


def _left(given: Series, me: Collection[str]) -> bool:
    """Whether I have declined all that I am invited to, as the organizer knows: what I have removed then stays away
    until I am asked again."""
    answers = [own.param("PARTSTAT").upper() for each in given.components if (own := mine(each, me)) is not None]
    return bool(answers) and all(each == "DECLINED" for each in answers)


def _with_alarms(stored: Series, given: Series, me: Collection[str]) -> list[Component]:
    """The instances for which I have alarms or notes of my own, as they are in a new revision that does not name
    them; none when it is at other times."""
    if (
        stored.master is None
        or given.master is None
        or timing(stored.master, stored) != timing(given.master, given)
    ):
        return []
    named, found = by_instance(given).keys() | exclusions(given).keys(), list[Component]()
    for at, old in by_instance(stored).items():
        own = any(each.name == "VALARM" for each in old.components) or any(map(is_private, old.properties))
        if at is not None and own and at not in named:
            found.append(_own(single(given, at), old, me))
    return found


def _unwanted(stored: Series, given: Series, me: Collection[str]) -> dict[int, Moment]:
    """The instances that I have taken out of my copy and declined, as the organizer knows: they stay out until I am
    asked again. Who is in single instances takes one out by leaving it out."""
    found, known = dict[int, Moment](), by_instance(stored)
    for each in given.overrides:
        at, own = recurrence_id(each, given.zones), mine(each, me)
        if own is None or own.param("PARTSTAT").upper() != "DECLINED":
            continue
        if excluded(stored, at.ms()) if stored.master is not None else at.ms() not in known:
            found[at.ms()] = at
    return found


def _behind(master: Component, newer: list[Component]) -> bool:
    return all(sequence(each) < sequence(master) for each in newer)


def _rebuilt(given: Series, components: list[Component], before: Series | None = None) -> Series:
    master = next((each for each in components if each.first("RECURRENCE-ID") is None), None)
    overrides = [each for each in components if each is not master]
    return Series(given.kind, given.uid, master, overrides, before.zones if before is not None else given.zones)


def _own(given: Component, old: Component | None, me: Collection[str]) -> Component:
    """A component as the attendee keeps it: with their own alarms and not those of the organizer; with the answer
    that was given, as long as the revision is the same; with what became of their last answer."""
    alarms = [each for each in old.components if each.name == "VALARM"] if old is not None else []
    others = [each for each in given.components if each.name != "VALARM"]
    kept = [each for each in old.properties if is_private(each)] if old is not None else []
    told = [each for each in given.properties if not is_private(each)]
    made = Component(given.name, [*told, *kept], [*others, *alarms])
    for name in _OWN:
        if old is not None and (own := old.first(name)) is not None:
            made.put(name, own)
    if old is not None:
        made = _with_progress(_with_status(made, old), old)
    answered = mine(old, me) if old is not None else None
    invited = mine(given, me)
    if old is None or answered is None or invited is None:
        return made
    asked = invited.param("PARTSTAT").upper() in ("", "NEEDS-ACTION")
    if asked and sequence(given) != sequence(old):
        return made
    said = {NOTE: list(answered.params[NOTE])} if NOTE in answered.params else {}
    if asked and answered.param("PARTSTAT"):
        said["PARTSTAT"] = [answered.param("PARTSTAT")]
    return with_attendee(made, invited.changed(params={**invited.params, **said})) if said else made


def _with_status(made: Component, old: Component) -> Component:
    """RFC 6638 §7.3: what became of a guest's answer stays said of who organizes."""
    new, known = made.first("ORGANIZER"), old.first("ORGANIZER")
    if new is None or known is None or not (said := known.params.get("SCHEDULE-STATUS")):
        return made
    return with_property(made, new.changed(params={**new.params, "SCHEDULE-STATUS": list(said)}))


def _with_progress(made: Component, old: Component) -> Component:
    """How far somebody is with a task stays theirs as long as the revision is the same."""
    if made.name != "VTODO" or sequence(made) != sequence(old):
        return made
    changed = Component(made.name, list(made.properties), made.components)
    for name in _PROGRESS:
        changed.put(name, *old.every(name))
    return changed


def _add(stored: Series | None, message: Message, me: Collection[str], now_ms: int) -> Outcome:
    """RFC 5546 §3.2.4: more instances. Who does not have the series, or not this revision, asks for it."""
    given = message.series
    new = given.master
    if new is None or stored is None or stored.master is None or sequence(new) < sequence(stored.master):
        return Outcome("unknown", answer=_ask(message, me, now_ms))
    start = start_of(new, given)
    if start is None:
        return Outcome("refused")
    kept = [each for each in new.properties if each.name not in ("RRULE", "RDATE", "EXDATE")]
    override = Component(new.name, [written("RECURRENCE-ID", start), *kept], new.components)
    dated = Component(
        stored.master.name, [*stored.master.properties, written("RDATE", start)], stored.master.components
    )
    dated = with_property(dated, Property("SEQUENCE", str(sequence(new))))
    result = exchanged(Series(stored.kind, stored.uid, dated, stored.overrides, stored.zones), override, given)
    return Outcome("updated", result, zones=_zones(message))


def _ask(message: Message, me: Collection[str], now_ms: int) -> Message | None:
    component = message.series.first
    own = mine(component, me)
    if own is None:
        return None
    kept = [each for each in component.properties if each.name in ("UID", "ORGANIZER")]
    to = organizer(message.series)
    return made("REFRESH", [to], [Component(component.name, [*kept, own])], message.series.zones, now_ms)


def _cancel(stored: Series | None, message: Message) -> Outcome:
    """RFC 5546 §3.2.5: the whole gets STATUS:CANCELLED, an instance goes."""
    if stored is None:
        return Outcome("unknown")
    given, known = message.series, by_instance(stored)
    whole = given.master
    if whole is not None:
        old = stored.first
        if age(whole) < age(old) and sequence(whole) < sequence(old):
            return Outcome("outdated")
        return Outcome("cancelled", _cancelled(stored, whole, given), zones=_zones(message))
    result, done = stored, False
    for each in given.overrides:
        at = instance_of(each, given)
        old_one = known.get(at) or stored.master
        if at is None or old_one is None or sequence(each) < sequence(old_one):
            continue
        result, done = without(result, at, recurrence_id(each, given.zones)), True
    if not done:
        return Outcome("outdated")
    if result.components:
        return Outcome("cancelled", result)
    return Outcome("cancelled", _cancelled(stored, given.first, given), zones=_zones(message))


def _cancelled(stored: Series, by: Component, of: Series) -> Series:
    def cancelled(each: Component) -> Component:
        each = with_property(each, Property("STATUS", "CANCELLED"))
        each = with_property(each, Property("SEQUENCE", str(max(sequence(by), sequence(each)))))
        return with_property(each, by.first("DTSTAMP") or Property("DTSTAMP", each.value("DTSTAMP")))

    return _rebuilt(stored, [cancelled(each) for each in _described(stored, by, of)], stored)


def _described(stored: Series, by: Component, of: Series) -> list[Component]:
    """The components with what a cancellation says of them besides, as some programs say all and others only which
    one it is; as they are when that cannot be read. Instances with words of their own keep these."""
    old, others = stored.first, stored.components[1:]
    if instance_of(by, of) != instance_of(old, stored):
        return stored.components
    new = _with_said(old, old, by)
    try:
        check(Series(stored.kind, stored.uid, new, [], of.zones))
        moved = by.first("DTSTART") is not None and timing(new, of) != timing(old, stored)
    except BadCalendar:
        return stored.components
    if stored.master is None:
        return [new, *others]
    return [new] if moved else [new, *(_with_said(each, old, by) for each in others)]


def _with_said(each: Component, old: Component, by: Component) -> Component:
    """A component with what is said anew, where it says the same as the old one."""
    made = Component(each.name, list(each.properties), each.components)
    named = dict.fromkeys(one.name for one in by.properties if one.name not in _KEPT)
    for names in dict.fromkeys(next((group for group in _ONE_OF if name in group), (name,)) for name in named):
        timed = names == _ONE_OF[0] or names[0] in _TIMES
        if each is old or (not timed and _values(each, names) == _values(old, names)):
            for name in names:
                own = [one for one in each.every(name) if is_private(one)]
                made.put(name, *(one for one in by.every(name) if not is_private(one)), *own)
    return made


def _values(component: Component, names: Collection[str]) -> list[tuple[str, str]]:
    return [(one.name, one.value) for one in component.every(*names) if not is_private(one)]


def _reply(stored: Series | None, message: Message) -> Outcome:
    """RFC 5546 §3.2.3, §4.4: the answer of one attendee, for the whole or for instances."""
    if stored is None:
        return Outcome("unknown")
    result, people, uninvited = stored, list[str](), list[Component]()
    for each in message.series.components:
        for answer in each.every("ATTENDEE")[:1]:
            changed = _answered(result, each, answer, message.series)
            if changed is None:
                continue
            if changed is result:
                uninvited.append(each)
            result = changed
            people.append(address(answer))
    if not people:
        return Outcome("outdated")
    changed_series = result if result is not stored else None
    return Outcome("replied", changed_series, tuple(dict.fromkeys(people)), tuple(uninvited))


def _answered(stored: Series, reply: Component, answer: Property, of: Series) -> Series | None:
    """The series with an answer; the same when nobody asked for it, None when it is too old or for what is not
    there. One to an older revision counts as long as the time is the same: not of each revision guests are told.
    Who was handed it is on the list by the word of who did so, never by their own (RFC 5546 §3.2.2.3)."""
    at = instance_of(reply, of)
    target = by_instance(stored).get(at)
    if target is None:
        if at is None or stored.master is None:
            return None
        target = single(stored, at)
    if sequence(reply) < sequence(target) and not at_same_time(reply, of, target, stored):
        return None
    invited = attendees(target).get(address(answer))
    if invited is None:
        return stored
    if invited.param(REPLIED) > reply.value("DTSTAMP").strip():
        return None
    target = with_attendee(target, _with_answer(invited, answer, reply))
    for to in answer.params.get("DELEGATED-TO", []):
        if to.lower() not in attendees(target):
            params = {"DELEGATED-FROM": [answer.value], "PARTSTAT": ["NEEDS-ACTION"], "RSVP": ["TRUE"]}
            target = with_attendee(target, Property("ATTENDEE", to, params))
    return exchanged(stored, _progress(target, reply))


def _with_answer(invited: Property, answer: Property, reply: Component) -> Property:
    said = {name: list(answer.params[name]) for name in _REPLY_PARAMS if name in answer.params}
    before = dict(invited.params)
    if "CN" in before:
        said.pop("CN", None)
    if said.get("PARTSTAT", [""])[0].upper() not in ("", "NEEDS-ACTION"):
        before.pop("RSVP", None)
    stamped = reply.value("DTSTAMP").strip()
    for name in (REVISION, NOTE):
        before.pop(name, None)
    if note := reply.value("COMMENT")[:_LONGEST_NOTE]:
        said[NOTE] = [note]
    params = before | said | {"SCHEDULE-STATUS": ["2.0"]} | ({REPLIED: [stamped]} if stamped else {})
    params |= {REVISION: [str(sequence(reply))]} if sequence(reply) else {}
    return invited.changed(params=params)


def _progress(target: Component, reply: Component) -> Component:
    """RFC 5546 §3.4.3: of a task also how far it is. What several are to do has not been done before each has."""
    if target.name != "VTODO":
        return target
    if reply.value("STATUS").strip().upper() == "COMPLETED" and not _done_by_all(target):
        return with_property(target, Property("STATUS", "IN-PROCESS"))
    for name in _PROGRESS:
        if (said := reply.first(name)) is not None:
            target = with_property(target, said)
    return target


def _done_by_all(task: Component) -> bool:
    """Whether nobody is left who has still to do it; who organizes it is not asked."""
    owner = task.value("ORGANIZER").strip().lower()
    answers = [each.param("PARTSTAT").upper() for name, each in attendees(task).items() if name != owner]
    return all(each in ("COMPLETED", "DECLINED", "DELEGATED") for each in answers)


def _refresh(stored: Series | None, message: Message, now_ms: int) -> Outcome:
    """RFC 5546 §3.2.6: an attendee who asks is sent what they are invited to."""
    if stored is None:
        return Outcome("unknown")
    asking = next(iter(_people(message)), "")
    told = [each for each in stored.components if asking in attendees(each)]
    if not told:
        return Outcome("refused")
    return Outcome("refreshed", answer=made("REQUEST", [asking], told, stored.zones, now_ms))
