"""Messages of iTIP (RFC 5546): read with what each method needs, and put together."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from parvis.wire.contentlines import Component, Property
from parvis.wire.ical import calendar
from parvis.wire.ical.calendar import Series, series_of
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.moments import Zones
from parvis.wire.ical.values import write_datetime
from parvis.wire.ical.zones import naive

Method = Literal["PUBLISH", "REQUEST", "REPLY", "ADD", "CANCEL", "REFRESH", "COUNTER", "DECLINECOUNTER"]
METHODS: tuple[Method, ...] = get_args(Method)
FROM_ATTENDEE: tuple[Method, ...] = ("REPLY", "REFRESH", "COUNTER")
REPLIED = "X-PARVIS-REPLIED"
"""Parameter of ATTENDEE: the DTSTAMP of the answer that counts, so that an older one that comes later does not."""
REVISION = "X-PARVIS-REVISION"
"""Parameter of ATTENDEE: the SEQUENCE of that answer."""
NOTE = "X-PARVIS-NOTE"
"""Parameter of ATTENDEE: what they said with their answer, for the organizer alone."""
_PRIVATE = frozenset({"comments", "isDraft", "useDefaultAlerts", "workflowStatus"})
_UNSAID = frozenset({"SCHEDULE-AGENT", "SCHEDULE-STATUS", "SCHEDULE-FORCE-SEND", REPLIED, REVISION, NOTE})


@dataclass(frozen=True, slots=True)
class Message:
    """A message: to whom (addresses as `mailto:…`), and the calendar with its METHOD."""

    method: Method
    recipients: tuple[str, ...]
    calendar: Component
    series: Series

    @property
    def uid(self) -> str:
        """Of the object that it is about."""
        return self.series.uid


def read(given: Component) -> Message:
    """A message that came in. Raises BadCalendar for what is no iTIP (RFC 5546 §3)."""
    method = next((each for each in METHODS if each == given.value("METHOD").strip().upper()), None)
    if method is None:
        raise BadCalendar("there is no METHOD, or one that is not known", reason="method", field="METHOD")
    found = list(series_of(given).values())
    if len(found) != 1 or found[0].kind not in ("VEVENT", "VTODO"):
        raise BadCalendar("a message is about one event or task", reason="uid", field="UID")
    series = found[0]
    if method in ("PUBLISH", "REQUEST", "ADD", "COUNTER"):
        calendar.check(series)
    for component in series.components:
        if component.first("ORGANIZER") is None and method != "PUBLISH":
            raise BadCalendar("there is no ORGANIZER", reason="organizer", field="ORGANIZER")
        if method in FROM_ATTENDEE and not component.every("ATTENDEE"):
            raise BadCalendar("there is no ATTENDEE", reason="attendee", field="ATTENDEE")
    return Message(method, (), given, series)


def speakers(message: Message) -> set[str]:
    """The addresses, in lower case, that may send a message: the organizer's or the attendee's, and who acts for
    them (SENT-BY). A message from anybody else is not to be believed. An answer is of one attendee (RFC 5546
    §3.2.3): the first is meant, in each component."""
    name = "ATTENDEE" if message.method in FROM_ATTENDEE else "ORGANIZER"
    found = [component.every(name) for component in message.series.components]
    if message.method in ("REPLY", "REFRESH"):
        return set.intersection(*(_speaking(each[:1]) for each in found))
    return _speaking([one for each in found for one in each])


def _speaking(given: Sequence[Property]) -> set[str]:
    return {address(each) for each in given} | {
        each.param("SENT-BY").lower() for each in given if each.param("SENT-BY")
    }


def delegators(message: Message, me: Collection[str]) -> set[str]:
    """The addresses, in lower case, of those who hand an invitation on to me (RFC 5546 §3.2.2.3)."""
    if message.method != "REQUEST":
        return set()
    mine_ = [own for each in message.series.components if (own := mine(each, me)) is not None]
    return {name.lower() for each in mine_ for name in each.params.get("DELEGATED-FROM", [])}


def address(given: Property) -> str:
    """The address of an ORGANIZER or ATTENDEE, in lower case."""
    return given.value.strip().lower()


def organizer(series: Series) -> str:
    """The organizer's address in lower case, empty when there is none."""
    found = next((each for component in series.components if (each := component.first("ORGANIZER"))), None)
    return address(found) if found is not None else ""


def attendees(component: Component | None) -> dict[str, Property]:
    """The attendees by address in lower case."""
    return {address(each): each for each in component.every("ATTENDEE")} if component is not None else {}


def mine(component: Component, me: Collection[str]) -> Property | None:
    """The ATTENDEE of a component that is me."""
    return next((each for each in component.every("ATTENDEE") if address(each) in me), None)


def scheduled(given: Property) -> bool:
    """Whether the server is to send messages to them (RFC 6638 §7.1)."""
    return given.param("SCHEDULE-AGENT").upper() in ("", "SERVER")


def made(
    method: Method, recipients: Iterable[str], components: Sequence[Component], zones: Zones, now_ms: int
) -> Message:
    """A message with these components, without what is nobody else's: alarms, parameters of scheduling."""
    told = [_told(each, now_ms, method) for each in components]
    used = {each.param("TZID") for component in told for each in component.properties if each.param("TZID")}
    known = [zone for name in sorted(used) if (zone := zones.component(name)) is not None]
    whole = calendar.new([*known, *told], method)
    return Message(method, tuple(recipients), whole, next(iter(series_of(whole).values())))


def _told(given: Component, now_ms: int, method: Method) -> Component:
    unsaid = ("DTSTAMP",) if method == "REPLY" else ("DTSTAMP", "REQUEST-STATUS")
    properties = [Property("DTSTAMP", stamp(now_ms))]
    properties += [
        unscheduled(each) for each in given.properties if each.name not in unsaid and not is_private(each)
    ]
    return Component(given.name, properties, [each for each in given.components if each.name != "VALARM"])


def unscheduled(given: Property) -> Property:
    """A person without the parameters of scheduling, which are nobody else's."""
    if given.name not in ("ATTENDEE", "ORGANIZER") or _UNSAID.isdisjoint(given.params):
        return given
    return given.changed(params={name: each for name, each in given.params.items() if name not in _UNSAID})


def is_private(given: Property) -> bool:
    """Whether a property is of who keeps an object and nobody else's: what JSCalendar says of it here, as comments
    and where it is on a board."""
    return given.name == "JSPROP" and given.param("JSPTR").partition("/")[0] in _PRIVATE


def stamp(at_ms: int) -> str:
    """A time in UTC as iCalendar writes it."""
    return write_datetime(naive(at_ms), utc=True)


def with_property(given: Component, made: Property) -> Component:
    """The component with a property instead of those of that name."""
    changed = Component(given.name, list(given.properties), list(given.components))
    changed.put(made.name, made)
    return changed


def with_attendee(given: Component, attendee: Property) -> Component:
    """The component with an attendee instead of the one of that address, else besides the others."""
    own = address(attendee)
    if own not in attendees(given):
        return Component(given.name, [*given.properties, attendee], given.components)
    replaced = [attendee if each.name == "ATTENDEE" and address(each) == own else each for each in given.properties]
    return Component(given.name, replaced, given.components)
