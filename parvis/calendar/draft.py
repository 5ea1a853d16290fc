"""An event before it is kept: read and checked, with what it will be found by. Pure, so that it is done outside of
units of work."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from parvis.calendar.model import LARGEST, MOST_PARTICIPANTS, PRIVACY
from parvis.kernel.errors import TooLarge
from parvis.kernel.languages import fold
from parvis.wire.contentlines import Component, Limits, Property, escape
from parvis.wire.ical import calendar
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.jscalendar.words import PRIVACY as WORDS_OF_PRIVACY
from parvis.wire.ical.moments import of_property
from parvis.wire.ical.recurrence import bounds
from parvis.wire.ical.whole import whole
from parvis.wire.ical.zones import MAX_MS

LIMITS = Limits(bytes=LARGEST, lines=60_000, depth=6, components=5_000, properties=50_000, params=64)
_WHOLE = msgspec.structs.replace(LIMITS, ended=True)
MOST_WORDS = 500
LONGEST_WORD = 64
_WORD = re.compile(r"[^\W_]+")
FIELDS = ("title", "description", "location", "owner", "attendee")


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that may be kept: its bytes, and what is said about it in the index."""

    series: Series
    data: bytes
    uid: str
    first_ms: int
    last_ms: int
    start_ms: int
    exact: bool
    privacy: int
    title: str
    words: frozenset[tuple[str, str]]
    """(field, folded word)."""

    @property
    def etag(self) -> str:
        """Another one for other bytes."""
        return hashlib.sha256(self.data).hexdigest()[:24]


def read(data: bytes) -> Draft:
    """An event out of a client's iCalendar object, which is kept byte for byte. Raises BadContent, BadCalendar,
    TooLarge."""
    if len(data) > LARGEST:
        raise TooLarge(f"an event has at most {LARGEST} bytes", limit=LARGEST)
    return _of(calendar.resource(calendar.read(data, _WHOLE)), data)


def made(series: Series, before: bytes | None = None, *, zones_of: Component | None = None) -> Draft:
    """An event out of components; zones that are not there yet are written with it. Raises BadCalendar,
    TooLarge."""
    calendar.check(series)
    around = calendar.read(before) if before is not None else None
    if zones_of is not None:
        around = Component("VCALENDAR", [], [each for each in zones_of.components if each.name == "VTIMEZONE"])
    data = calendar.write(whole(series, around))
    if len(data) > LARGEST:
        raise TooLarge(f"an event has at most {LARGEST} bytes", limit=LARGEST)
    return _of(series, data)


def _of(series: Series, data: bytes) -> Draft:
    if series.kind != "VEVENT":
        raise BadCalendar("a calendar has events", reason="kind")
    if len(series.uid) > 500:
        raise BadCalendar("the UID is too long", reason="uid", field="UID")
    if any(len(each.every("ATTENDEE")) > MOST_PARTICIPANTS for each in series.components):
        raise BadCalendar(f"an event has at most {MOST_PARTICIPANTS} guests", reason="guests", field="ATTENDEE")
    first, last = bounds(series)
    only = series.components[0]
    start = of_property(only, "DTSTART", series.zones)
    exact = len(series.components) == 1 and not series.recurring and start is not None and start.zone is not None
    privacy = max(
        PRIVACY[WORDS_OF_PRIVACY.get(each.value("CLASS").strip().upper() or "PUBLIC", "private")]
        for each in series.components
    )
    title = series.first.value("SUMMARY")[:1_000]
    return Draft(
        series,
        data,
        series.uid,
        first,
        MAX_MS if last is None else last,
        start.ms() if start is not None else first,
        exact,
        privacy,
        title,
        words(series),
    )


def words(series: Series) -> frozenset[tuple[str, str]]:
    """The words that an event is found by; of very long ones not all."""
    found = set[tuple[str, str]]()
    for each in series.components[:50]:
        found.update(_words("title", [each.value("SUMMARY")]))
        found.update(_words("location", [one.text for one in each.every("LOCATION")]))
        found.update(_words("owner", _person(each.every("ORGANIZER"))))
        found.update(_words("attendee", _person(each.every("ATTENDEE"))))
        found.update(_words("description", [each.value("DESCRIPTION"), each.value("CATEGORIES")]))
        if len(found) > MOST_WORDS * 4:
            break
    return frozenset(found)


def _person(found: Iterable[Property]) -> list[str]:
    return [f"{each.param('CN')} {each.value.partition(':')[2]}" for each in found]


def _words(field: str, texts: Iterable[str]) -> Iterable[tuple[str, str]]:
    found = dict.fromkeys(word for text in texts for word in split(text[:20_000]))
    return [(field, word) for word in list(found)[:MOST_WORDS]]


def split(text: str) -> list[str]:
    """The folded words of a text."""
    return [word[:LONGEST_WORD] for word in _WORD.findall(fold(text))]


@lru_cache(maxsize=2_000)
def _parsed(etag: str, data: bytes) -> Series:
    return next(iter(calendar.series_of(calendar.read(data, LIMITS)).values()))


def parsed(etag: str, data: bytes) -> Series:
    """The series of kept bytes; not to be changed, as it is kept for the next who asks."""
    return _parsed(etag, bytes(data))


def masked(series: Series, word: str) -> Series:
    """What others see of an event that is private: when, and nothing else. RFC 8984 §4.4.3"""
    kept = {
        "UID", "DTSTAMP", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "TRANSP",
        "SEQUENCE", "CREATED", "LAST-MODIFIED", "CLASS", "STATUS",
    }  # fmt: skip

    def shown(given: Component) -> Component:
        made = Component(given.name, [each for each in given.properties if each.name in kept], [])
        made.put("SUMMARY", Property("SUMMARY", escape(word)))
        return made

    return series.with_components([shown(each) for each in series.components])
