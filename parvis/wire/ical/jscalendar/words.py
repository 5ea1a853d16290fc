"""Words of iCalendar beside those of JSCalendar, and the times of JSCalendar (RFC 8984 §1.4)."""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from parvis.wire.contentlines import Property
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.values import parse_duration, write_duration
from parvis.wire.ical.zones import naive

Json = dict[str, Any]
VERSION = "2.0"
PRIVACY = {"PUBLIC": "public", "PRIVATE": "private", "CONFIDENTIAL": "secret"}
FREE_BUSY = {"OPAQUE": "busy", "TRANSPARENT": "free"}
KINDS = {
    "INDIVIDUAL": "individual",
    "GROUP": "group",
    "RESOURCE": "resource",
    "ROOM": "location",
    "UNKNOWN": "unknown",
}
ROLES: Mapping[str, tuple[str, ...]] = {
    "REQ-PARTICIPANT": ("attendee",),
    "CHAIR": ("attendee", "chair"),
    "OPT-PARTICIPANT": ("attendee", "optional"),
    "NON-PARTICIPANT": ("informational",),
}
FREQUENCIES = {"yearly", "monthly", "weekly", "daily", "hourly", "minutely", "secondly"}
_LOCAL = re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?\Z", re.ASCII)


def backwards(words: Mapping[str, str]) -> dict[str, str]:
    """The same table from JSCalendar's words to iCalendar's."""
    return {js: ical for ical, js in words.items()}


def local(when: datetime) -> str:
    """A LocalDateTime (RFC 8984 §1.4.5)."""
    return when.replace(microsecond=0).isoformat()


def parse_local(text: object, field: str) -> datetime:
    """A LocalDateTime read; a `Z` or an offset is refused. Raises BadCalendar."""
    found = _LOCAL.match(text) if isinstance(text, str) else None
    try:
        if found:
            return datetime(*(int(part) for part in found.groups()))  # type: ignore[arg-type] # noqa: DTZ001 - six numbers, local
    except ValueError:
        pass
    raise BadCalendar(f"{field} is a local time as 2026-01-31T10:00:00", reason="value", field=field)


def utc(at_ms: int) -> str:
    """A UTCDateTime (RFC 8984 §1.4.4)."""
    return f"{local(naive(at_ms))}Z"


def parse_utc(text: object, field: str) -> datetime:
    """A UTCDateTime as a naive time in UTC. Raises BadCalendar."""
    if not isinstance(text, str) or not text.endswith("Z"):
        raise BadCalendar(f"{field} is a time in UTC as 2026-01-31T10:00:00Z", reason="value", field=field)
    return parse_local(text[:-1], field)


def duration(length: timedelta) -> str:
    """A Duration (RFC 8984 §1.4.6)."""
    return write_duration(length)


def length(said: str) -> timedelta:
    """What a Duration says (RFC 8984 §1.4.6): unlike in iCalendar of old programs, something stands after its `T`.
    Raises BadCalendar."""
    if said[-1:].upper() == "T":
        raise BadCalendar(f"{said[:40]!r} is no duration")
    return parse_duration(said)


def key_of(*said: str) -> str:
    """The key of a part of a map that has none in iCalendar: the same for the same thing."""
    return hashlib.sha256("\0".join(said).encode()).hexdigest()[:16]


def key(given: Property, *said: str) -> str:
    """The key of a property in a map: its JSID, else made of what it says."""
    return given.param("JSID") or key_of(*said)


def truths(words: object) -> list[str]:
    """The keys of a set (`String[Boolean]`) that are true."""
    return [str(word) for word, true in words.items() if true] if isinstance(words, Mapping) else []


def maps(given: object) -> list[tuple[str, Json]]:
    """The entries of a map of objects that are objects."""
    return (
        [(str(name), each) for name, each in given.items() if isinstance(each, dict)]
        if isinstance(given, Mapping)
        else []
    )


def text(given: object) -> str:
    """A string, or nothing."""
    return given if isinstance(given, str) else ""
