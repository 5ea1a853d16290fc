"""CALDAV:filter (RFC 4791 §9.7): what a calendar-query asks for, read from XML, and whether an object is it.

`window` gives what an index by time can answer beforehand; `matches` decides."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from parvis.kernel.errors import Invalid
from parvis.wire.contentlines import Component, Property
from parvis.wire.dav.element import Element
from parvis.wire.dav.names import caldav
from parvis.wire.ical.alarms import rings_of, triggers
from parvis.wire.ical.calendar import series_of
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.expand import Budget
from parvis.wire.ical.moments import Zones, milliseconds, moment, of_property
from parvis.wire.ical.recurrence import Instance, instances
from parvis.wire.ical.span import Span, read
from parvis.wire.ical.values import parse_duration
from parvis.wire.ical.zones import MAX_MS, MIN_MS, UTC, Zone

MOST_CONDITIONS = 100
"""Filters of one query together."""
MOST_TEXT = 1_000
COLLATIONS = ("i;ascii-casemap", "i;octet", "i;unicode-casemap")
_DEEPEST = 4
_MEMBERS: Mapping[str, frozenset[str]] = {
    "VCALENDAR": frozenset({"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE", "VAVAILABILITY"}),
    "VEVENT": frozenset({"VALARM", "PARTICIPANT", "VLOCATION", "VRESOURCE"}),
    "VTODO": frozenset({"VALARM", "PARTICIPANT", "VLOCATION", "VRESOURCE"}),
    "VTIMEZONE": frozenset({"STANDARD", "DAYLIGHT"}),
    "VAVAILABILITY": frozenset({"AVAILABLE"}),
    "VALARM": frozenset({"VLOCATION"}),
}
_KNOWN = frozenset(_MEMBERS).union(*_MEMBERS.values())
_TIMELESS = frozenset({"VTIMEZONE", "STANDARD", "DAYLIGHT", "PARTICIPANT", "VLOCATION", "VRESOURCE"})
_TIMES = frozenset(
    {
        "DTSTART",
        "DTEND",
        "DUE",
        "DTSTAMP",
        "CREATED",
        "LAST-MODIFIED",
        "COMPLETED",
        "RECURRENCE-ID",
        "EXDATE",
        "RDATE",
    }
    | {"TRIGGER", "ACKNOWLEDGED", "TZUNTIL"}
)
"""What may be where, and what has a time: of VCALENDAR programs mean what is in it. RFC 5545 §3.6, RFC 7953 §3.1,
RFC 9073 §7"""
_LOOKED_AT = 2_000
"""Instances of one object that a window may be compared with."""
Match = Literal["contains", "equals", "starts-with", "ends-with"]


class BadFilter(Invalid):
    """A filter that is none, or that asks for what is not offered. `condition` is the precondition of RFC 4791
    §7.8: `valid-filter`, `supported-filter` or `supported-collation`."""

    def __init__(self, sentence: str, condition: str = "valid-filter") -> None:
        super().__init__(sentence, condition=condition)
        self.condition = condition


@dataclass(frozen=True, slots=True)
class TextMatch:
    """CALDAV:text-match."""

    text: str
    collation: str = "i;ascii-casemap"
    negate: bool = False
    match: Match = "contains"


@dataclass(frozen=True, slots=True)
class ParamFilter:
    """CALDAV:param-filter; `absent` is is-not-defined."""

    name: str
    absent: bool = False
    text: TextMatch | None = None


@dataclass(frozen=True, slots=True)
class PropFilter:
    """CALDAV:prop-filter."""

    name: str
    absent: bool = False
    span: Span | None = None
    text: TextMatch | None = None
    params: tuple[ParamFilter, ...] = ()


@dataclass(frozen=True, slots=True)
class CompFilter:
    """CALDAV:comp-filter."""

    name: str
    absent: bool = False
    span: Span | None = None
    props: tuple[PropFilter, ...] = ()
    comps: tuple["CompFilter", ...] = ()


EVERYTHING = CompFilter("VCALENDAR")


def parse(given: Element) -> CompFilter:
    """The condition of a CALDAV:filter element (RFC 4791 §9.7). Raises BadFilter."""
    if len(given.children) != 1 or given.children[0].name != caldav("comp-filter"):
        raise BadFilter("a filter has one comp-filter")
    if _size(given) > MOST_CONDITIONS:
        raise BadFilter(f"a filter has at most {MOST_CONDITIONS} conditions", "supported-filter")
    found = _comp(given.children[0], 0)
    if found.name != "VCALENDAR":
        raise BadFilter("the outermost comp-filter is VCALENDAR")
    return found


def _size(given: Element) -> int:
    """How many conditions there are, counted as far as they may be deep."""
    found, level = 0, [given]
    for _ in range(_DEEPEST + 4):
        level = [child for each in level for child in each.children]
        found += len(level)
    return found + MOST_CONDITIONS * bool(level)


def _comp(given: Element, depth: int) -> CompFilter:
    if depth > _DEEPEST:
        raise BadFilter("components are not that deep", "supported-filter")
    name, span = _name(given), _span(given)
    if span is not None and (name in _TIMELESS or name not in _KNOWN):
        raise BadFilter(f"{name[:40]} has no time")
    return CompFilter(
        name,
        _absent(given),
        span,
        tuple(_prop(each) for each in given.all(caldav("prop-filter"))),
        tuple(_member(name, _comp(each, depth + 1)) for each in given.all(caldav("comp-filter"))),
    )


def _member(around: str, inner: CompFilter) -> CompFilter:
    """A component that may be in another; of those that nobody knows nothing is known. RFC 4791 §7.8
    (valid-filter)"""
    if inner.name in _KNOWN and inner.name not in _MEMBERS.get(around, _KNOWN):
        raise BadFilter(f"there is no {inner.name} in {around}")
    return inner


def _prop(given: Element) -> PropFilter:
    name, span = _name(given), _span(given)
    if span is not None and name not in _TIMES and not name.startswith("X-"):
        raise BadFilter(f"{name[:40]} is no time")
    return PropFilter(
        name,
        _absent(given),
        span,
        _text(given),
        tuple(ParamFilter(_name(each), _absent(each), _text(each)) for each in given.all(caldav("param-filter"))),
    )


def _name(given: Element) -> str:
    name = given.attributes.get("name", "").strip().upper()
    if not name:
        raise BadFilter("a filter needs a name")
    return name


def _absent(given: Element) -> bool:
    absent = given.first(caldav("is-not-defined")) is not None
    if absent and len(given.children) > 1:
        raise BadFilter("is-not-defined stands alone")
    return absent


def _span(given: Element) -> Span | None:
    found = given.first(caldav("time-range"))
    if found is None:
        return None
    try:
        return read(found.attributes.get("start", ""), found.attributes.get("end", ""))
    except BadCalendar as error:
        raise BadFilter(error.sentence) from error


def _text(given: Element) -> TextMatch | None:
    found = given.first(caldav("text-match"))
    if found is None:
        return None
    collation = found.attributes.get("collation", "i;ascii-casemap")
    if collation == "default":
        collation = "i;ascii-casemap"
    if collation not in COLLATIONS:
        raise BadFilter(f"the collation {collation[:40]} is not known", "supported-collation")
    negate, match = found.attributes.get("negate-condition", "no"), found.attributes.get("match-type", "contains")
    if negate not in ("yes", "no"):
        raise BadFilter("negate-condition is yes or no")
    text = found.text
    if len(text) > MOST_TEXT:
        raise BadFilter(f"a text has at most {MOST_TEXT} characters", "supported-filter")
    for known in ("contains", "equals", "starts-with", "ends-with"):
        if match == known:
            return TextMatch(text, collation, negate == "yes", known)
    raise BadFilter("match-type is not known", "supported-filter")


def window(given: CompFilter) -> tuple[set[str] | None, Span | None]:
    """What an index can tell beforehand: the kinds of components that can match (None for all) and the window that
    an object's `bounds` must touch, edges counted; a superset of what matches."""
    wanted = [each for each in given.comps if not each.absent]
    kinds = {each.name for each in wanted} or None
    spans = [each.span for each in (given, *wanted) if each.span is not None]
    if not spans:
        return kinds, None
    # every comp-filter must match, so each window bounds what does
    return kinds, Span(max(each.start_ms for each in spans), min(each.end_ms for each in spans))


def matches(calendar: Component, given: CompFilter, floating: Zone = UTC, steps: int = 50_000) -> bool:
    """Whether a calendar object is what a filter asks for. Days and floating times are in the zone `floating`, the
    CALDAV:timezone of the query or of the collection (RFC 4791 §7.3). `steps` bounds the work of its rules."""
    return _Matcher(calendar, floating, Budget(steps)).component(calendar, given, None)


class _Matcher:
    """One object against one filter."""

    def __init__(self, calendar: Component, floating: Zone, budget: Budget) -> None:
        self.floating, self.budget = floating, budget
        self.zones = Zones(calendar)
        self._series = series_of(calendar)
        self._found = dict[tuple[str, Span], list[Instance]]()

    def component(self, given: Component, condition: CompFilter, parent: Component | None) -> bool:
        """Whether a component, which has the name that is asked for, is as the condition says."""
        if condition.span is not None and not self._in_span(given, condition.span, parent):
            return False
        if not all(self._property(given, each) for each in condition.props):
            return False
        return all(self._inner(given, each) for each in condition.comps)

    def _inner(self, given: Component, condition: CompFilter) -> bool:
        inner = [each for each in given.components if each.name == condition.name]
        if condition.absent:
            return not inner
        return any(self.component(each, condition, given) for each in inner)

    def _property(self, given: Component, condition: PropFilter) -> bool:
        found = [each for each in given.properties if each.name == condition.name]
        if condition.absent:
            return not found
        return any(self._value(each, condition) for each in found)

    def _value(self, given: Property, condition: PropFilter) -> bool:
        if condition.span is not None and not self._time(given, condition.span):
            return False
        if condition.text is not None and not text_matches([given.text], condition.text):
            return False
        return all(_param(given, each) for each in condition.params)

    def _time(self, given: Property, span: Span) -> bool:
        """RFC 4791 §9.9: properties whose value is a time."""
        try:
            return span.holds(moment(given, self.zones).ms(self.floating))
        except BadCalendar:
            return False

    def _in_span(self, given: Component, span: Span, parent: Component | None) -> bool:
        try:
            if given.name == "VCALENDAR":  # RFC 4791 §9.9 leaves this open; programs mean any kind of component
                inner = [each for each in given.components if each.value("UID").strip() in self._series]
                return any(self._in_span(each, span, given) for each in inner)
            if given.name == "VALARM":
                return parent is not None and self._rings(given, parent, span)
            return any(self._test(given, each, span) for each in self._instances(given, span)) or (
                _timeless(given, span, self.zones)
            )
        except BadCalendar:
            return False

    def _instances(self, given: Component, span: Span) -> list[Instance]:
        """The instances of a component that are near a window."""
        series = self._series.get(given.value("UID").strip())
        if series is None:
            return []
        if (series.uid, span) not in self._found:
            near = Span(max(MIN_MS, span.start_ms - 1000), min(MAX_MS, span.end_ms + 1000))
            self._found[series.uid, span] = instances(
                series, near.start_ms, near.end_ms, _LOOKED_AT, self.floating, self.budget
            )
        return [each for each in self._found[series.uid, span] if each.component is given]

    def _test(self, given: Component, instance: Instance, span: Span) -> bool:
        return _TESTS.get(given.name, _event)(given, instance, span)

    def _rings(self, alarm: Component, parent: Component, span: Span) -> bool:
        """RFC 4791 §9.9, VALARM: whether it rings within the window for any instance."""
        series = self._series.get(parent.value("UID").strip())
        ringing = [each for each in triggers(parent, self.zones) if each.alarm is alarm]
        if series is None or not ringing:
            return False
        if (at := ringing[0].at_ms) is not None:
            return any(span.holds(at + n * ringing[0].every_ms) for n in range(ringing[0].repeats + 1))
        offset = milliseconds(ringing[0].nominal + ringing[0].exact)
        wide = span.shifted(-offset)
        start, end = wide.start_ms - ringing[0].reach_ms - 90_000_000, wide.end_ms + 90_000_000
        near = instances(series, start, end, _LOOKED_AT, self.floating, self.budget)
        return any(
            span.holds(at)
            for each in near
            if each.component is parent
            for at in rings_of(ringing[0], each, self.floating)
        )


def _event(given: Component, instance: Instance, span: Span) -> bool:
    """RFC 4791 §9.9, VEVENT; also VAVAILABILITY and a VFREEBUSY with start and end."""
    if instance.end_ms <= instance.start_ms:
        return span.holds(instance.start_ms)
    return span.start_ms < instance.end_ms and span.end_ms > instance.start_ms


def _todo(given: Component, instance: Instance, span: Span) -> bool:
    """RFC 4791 §9.9, VTODO with DTSTART or DUE."""
    start, due, first, last = span.start_ms, instance.end_ms, instance.start_ms, span.end_ms
    if given.first("DTSTART") is None:
        return start < due <= last
    if given.first("DURATION") is not None:
        return start <= due and (last > first or last >= due)
    if given.first("DUE") is not None:
        return (start < due or start <= first) and (last > first or last >= due)
    return span.holds(first)


def _journal(given: Component, instance: Instance, span: Span) -> bool:
    """RFC 4791 §9.9, VJOURNAL."""
    if instance.start.day:
        return span.start_ms < instance.end_ms and span.end_ms > instance.start_ms
    return span.holds(instance.start_ms)


def _freebusy(given: Component, instance: Instance, span: Span) -> bool:
    """RFC 4791 §9.9, VFREEBUSY with DTSTART and DTEND."""
    if given.first("DTEND") is None:
        return False
    return span.start_ms <= instance.end_ms and span.end_ms > instance.start_ms


_TESTS: dict[str, Callable[[Component, Instance, Span], bool]] = {
    "VTODO": _todo,
    "VJOURNAL": _journal,
    "VFREEBUSY": _freebusy,
}


def _timeless(given: Component, span: Span, zones: Zones) -> bool:
    """RFC 4791 §9.9: a VTODO without start and due, a VFREEBUSY that only has periods."""
    if given.name == "VFREEBUSY" and not (given.first("DTSTART") and given.first("DTEND")):
        return any(start < span.end_ms and end > span.start_ms for start, end, _ in periods(given))
    if given.name != "VTODO" or given.first("DTSTART") is not None or given.first("DUE") is not None:
        return False
    completed, created = (_ms(given, name, zones) for name in ("COMPLETED", "CREATED"))
    if completed is not None and created is not None:
        return (span.start_ms <= created or span.start_ms <= completed) and (
            span.end_ms >= created or span.end_ms >= completed
        )
    if completed is not None:
        return span.start_ms <= completed <= span.end_ms
    return created is None or span.end_ms > created


def _ms(given: Component, name: str, zones: Zones) -> int | None:
    found = of_property(given, name, zones)
    return found.ms() if found is not None else None


def periods(given: Component, most: int = 10_000) -> Iterable[tuple[int, int, str]]:
    """The periods of FREEBUSY with their FBTYPE (RFC 5545 §3.8.2.6); what cannot be read is left out."""
    for each in given.every("FREEBUSY"):
        kind = each.param("FBTYPE").upper() or "BUSY"
        for text in each.value.split(",", most)[:most]:
            begin, _, rest = text.strip().partition("/")
            try:
                start = moment(each, Zones(), begin).ms()
                exact = rest[:1].upper() in ("P", "+")
                yield (
                    start,
                    start + milliseconds(parse_duration(rest)) if exact else moment(each, Zones(), rest).ms(),
                    kind,
                )
            except BadCalendar:
                continue


def _param(given: Property, condition: ParamFilter) -> bool:
    found = given.params.get(condition.name)
    if condition.absent:
        return found is None
    if found is None:
        return False
    return condition.text is None or text_matches(found, condition.text)


def text_matches(values: Iterable[str], condition: TextMatch) -> bool:
    """CALDAV:text-match (RFC 4791 §9.7.5): whether one of the values has the text; negated, whether none has."""
    fold = _FOLDS[condition.collation]
    wanted = fold(condition.text)
    found = any(_has(fold(value), wanted, condition.match) for value in values)
    return found != condition.negate


def _has(value: str, wanted: str, match: Match) -> bool:
    match match:
        case "equals":
            return value == wanted
        case "starts-with":
            return value.startswith(wanted)
        case "ends-with":
            return value.endswith(wanted)
    return wanted in value


def _ascii(text: str) -> str:
    return "".join(each.upper() if each < "\x80" else each for each in text)


_FOLDS: dict[str, Callable[[str], str]] = {
    "i;ascii-casemap": lambda text: text.upper() if text.isascii() else _ascii(text),
    "i;octet": lambda text: text,
    "i;unicode-casemap": str.casefold,
}
