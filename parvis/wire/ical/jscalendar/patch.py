"""Patches of JSON objects by JSON Pointer without its leading slash (RFC 8984 §1.4.9)."""

import copy
from collections.abc import Mapping
from typing import Any

from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.jscalendar.words import Json

MOST = 5_000
"""Entries of one patch."""
DEEPEST = 10


def difference(before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = "") -> Json:
    """The patch that makes one object of the other: what is gone is null."""
    patch: Json = {}
    for name in before.keys() | after.keys():
        pointer = f"{prefix}{_escaped(name)}"
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            patch |= difference(old, new, f"{pointer}/")
        else:
            patch[pointer] = new
    return dict(sorted(patch.items()))


def applied(given: Mapping[str, Any], patch: Mapping[str, Any], *, strict: bool = True) -> Json:
    """The object with a patch applied. A pointer into what is not there raises BadCalendar, or is passed over when
    not `strict`."""
    if len(patch) > MOST:
        raise BadCalendar(f"a patch has at most {MOST} entries", reason="many")
    made: Json = copy.deepcopy(dict(given))
    for pointer, value in patch.items():
        if not _put(made, [_plain(part) for part in pointer.strip("/").split("/")], value) and strict:
            raise BadCalendar(f"{pointer[:100]!r} points into nothing", reason="value", field=pointer[:100])
    return made


def _put(made: Json, path: list[str], value: Any) -> bool:
    if len(path) > DEEPEST:
        return False
    place: Any = made
    for part in path[:-1]:
        place = place.get(part) if isinstance(place, dict) else None
    if not isinstance(place, dict):
        return False
    if value is None:
        place.pop(path[-1], None)
    else:
        place[path[-1]] = copy.deepcopy(value)
    return True


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _plain(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
