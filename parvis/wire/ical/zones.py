"""Time zones by name: IANA's, from the package `tzdata` so that every machine has the same rules, and the names
that other programs use for them. Rules that a calendar brings itself are in `vtimezone.py`."""

import importlib.resources
import re
from datetime import UTC as WORLD
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from tzlocal.windows_tz import win_tz

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - arithmetic on naive times, no clock
MIN_MS = -62_135_596_800_000
"""0001-01-01: before everything."""
MAX_MS = 253_402_300_799_000
"""9999-12-31: after everything."""
_SECOND = timedelta(seconds=1)
_UTC_NAMES = frozenset(
    {"UTC", "Z", "ETC/UTC", "GMT", "ETC/GMT", "ZULU", "UNIVERSAL", "ETC/ZULU", "(UTC) COORDINATED UNIVERSAL TIME"}
)
_OFFSET = re.compile(r"\(?(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?\)?\Z", re.ASCII)
_OTHER_NAMES = {
    "US-Eastern": "America/New_York",
    "US-Central": "America/Chicago",
    "US-Mountain": "America/Denver",
    "US-Pacific": "America/Los_Angeles",
    "Romance": "Europe/Paris",
    "W. Europe": "Europe/Berlin",
    "Central Europe": "Europe/Budapest",
    "Eastern": "America/New_York",
    "Pacific": "America/Los_Angeles",
    "Mountain": "America/Denver",
    "Central": "America/Chicago",
}


class Zone(Protocol):
    """What a place's clocks show."""

    @property
    def name(self) -> str:
        """As TZID says it."""
        ...

    @property
    def iana(self) -> str:
        """IANA's name; empty for rules that only one calendar knows."""
        ...

    def to_ms(self, local: datetime) -> int:
        """The instant of a naive local time, in milliseconds since 1970. A time that is shown twice is the first,
        one that is never shown is counted with the offset before the gap (RFC 5545 §3.3.5)."""
        ...

    def to_local(self, at_ms: int) -> datetime:
        """What the clocks show at an instant, naive."""
        ...


class Utc:
    """The world's clock."""

    name = "UTC"
    iana = "Etc/UTC"

    def to_ms(self, local: datetime) -> int:
        return ms_of(local)

    def to_local(self, at_ms: int) -> datetime:
        return naive(at_ms)


UTC = Utc()


class Fixed:
    """A constant offset."""

    iana = ""

    def __init__(self, name: str, offset: timedelta) -> None:
        self.name, self._offset = name, offset

    def to_ms(self, local: datetime) -> int:
        return ms_of(local) - int(self._offset.total_seconds()) * 1000

    def to_local(self, at_ms: int) -> datetime:
        return naive(at_ms + int(self._offset.total_seconds()) * 1000)


class Iana:
    """A zone of IANA's, under the name that is asked for and the one that IANA has."""

    def __init__(self, name: str, iana: str) -> None:
        self.name, self.iana, self.info = name, iana, _info(iana)

    def to_ms(self, local: datetime) -> int:
        offset = local.replace(tzinfo=self.info, fold=0).utcoffset()
        return ms_of(local) - round((offset or timedelta()).total_seconds() * 1000)

    def to_local(self, at_ms: int) -> datetime:
        aware = naive(at_ms).replace(tzinfo=WORLD)
        try:
            return aware.astimezone(self.info).replace(tzinfo=None)
        except OverflowError:
            return naive(at_ms)


def ms_of(naive_utc: datetime) -> int:
    """A naive time taken as UTC, in milliseconds since 1970."""
    gone = naive_utc - EPOCH
    return gone.days * 86_400_000 + gone.seconds * 1000 + gone.microseconds // 1000


def naive(at_ms: int) -> datetime:
    """An instant as a naive time in UTC; what is outside the years 1 to 9999 is their edge."""
    return EPOCH + timedelta(milliseconds=min(max(at_ms, MIN_MS), MAX_MS))


@cache
def names() -> frozenset[str]:
    """All of IANA's names, those of before as well."""
    return frozenset((importlib.resources.files("tzdata") / "zones").read_text().split())


@cache
def _folded() -> dict[str, str]:
    """From names as programs write them, in lower case, to IANA's."""
    folded = {name.lower(): name for name in names()}
    windows = {name.lower(): iana for name, iana in win_tz.items() if iana in names()}
    short = {name.removesuffix(" standard time"): iana for name, iana in windows.items()}
    return {name.lower(): iana for name, iana in _OTHER_NAMES.items()} | short | windows | folded


@lru_cache(maxsize=700)
def _info(iana: str) -> ZoneInfo:
    file = importlib.resources.files("tzdata") / "zoneinfo"
    for part in iana.split("/"):
        file = file / part
    with file.open("rb") as data:
        return ZoneInfo.from_file(data, key=iana)


@lru_cache(maxsize=2_000)
def zone(name: str) -> Zone | None:
    """The zone of a name: IANA's, or one that Windows, Outlook, Mozilla's or Apple's programs use for it; None when
    nobody knows it."""
    wanted = name.strip().strip('"')
    if wanted.upper() in _UTC_NAMES:
        return UTC
    if iana := iana_name(wanted):
        return Iana(name, iana)
    if found := _OFFSET.match(wanted):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        return Fixed(name, -offset if found[1] == "-" else offset) if offset < timedelta(days=1) else None
    return None


def iana_name(name: str) -> str | None:
    """IANA's name for a name as programs write it: `Europe/Paris`, `Romance Standard Time`,
    `/mozilla.org/20050126_1/Europe/Paris`, `/freeassociation.sourceforge.net/Tzfile/Europe/Paris`,
    `(UTC+01:00) Paris`... None when no part of it is one."""
    folded, wanted = _folded(), name.strip().strip('"').lower()
    if wanted in folded:
        return folded[wanted]
    parts = wanted.strip("/").split("/")
    # RFC 5545 §3.8.3.1: a leading solidus is a registry's prefix; the name follows it, in one to three parts
    for first in range(max(1, len(parts) - 3), len(parts)):
        if (tail := "/".join(parts[first:])) in folded and wanted.startswith("/"):
            return folded[tail]
    if wanted.startswith("(") and ") " in wanted:
        return _city(wanted.partition(") ")[2])
    return None


def _city(text: str) -> str | None:
    """The zone of the first city that IANA has in a long name of Outlook's: `Brussels, Copenhagen, Paris`."""
    cities = _cities()
    for word in re.split(r"[,;/]", text):
        if (city := word.strip().replace(" ", "_")) in cities:
            return cities[city]
    return None


@cache
def _cities() -> dict[str, str]:
    return {name.rpartition("/")[2].lower(): name for name in sorted(names(), reverse=True) if "/" in name}


def alike(zone: Zone, year: int) -> Zone | None:
    """A zone of IANA's whose clocks show the same for three years, for rules that have no name of theirs."""
    noons = [
        EPOCH.replace(year=min(max(at, 1970), 2500), month=month, day=15)
        for at in range(year, year + 3)
        for month in range(1, 13)
    ]
    wanted = [zone.to_ms(noon) for noon in noons]
    for name in _common():
        known = Iana(name, name)
        if all(known.to_ms(noon) == at for noon, at in zip(noons, wanted, strict=True)):
            return known
    return None


@cache
def _common() -> tuple[str, ...]:
    """IANA's names, those first that Windows has a name for: they stand for the others."""
    return tuple(dict.fromkeys([*sorted(iana for iana in win_tz.values() if iana in names()), *sorted(names())]))
