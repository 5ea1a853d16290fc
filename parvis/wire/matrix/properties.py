"""Properties of events by their paths, as `content.m\\.relates_to.rel_type` (Matrix v1.19 Appendices §Dot-separated
property paths)."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from .canonical import Object

ABSENT: Any = object()
"""What a path that leads nowhere finds."""
Path = tuple[str, ...]
_PART = re.compile(r"(?:[^.\\]|\\.|\\\Z)*", re.S)
_ESCAPED = re.compile(r"\\([.\\])")


@lru_cache(maxsize=4_096)
def path(text: str) -> Path:
    """The names on a path; `\\.` and `\\\\` in a name stand for a dot and a backslash, other escapes for what they
    are."""
    parts, place = [], 0
    while True:
        found = _PART.match(text, place)
        assert found, "matches the empty text too"
        parts.append(_ESCAPED.sub(r"\1", found[0]))
        if found.end() >= len(text):
            return tuple(parts)
        place = found.end() + 1


def find(event: Mapping[str, Any], names: Path) -> Any:
    """What is at a path; ABSENT where nothing is."""
    found: Any = event
    for name in names:
        if not isinstance(found, dict) or name not in found:
            return ABSENT
        found = found[name]
    return found


def only(event: Object, paths: Iterable[Path]) -> Object:
    """A copy of an event with what is at some paths and nothing else."""
    kept: Object = {}
    whole = set[Path]()
    for names in sorted(paths, key=len):
        value = find(event, names)
        if value is ABSENT or any(names[:length] in whole for length in range(1, len(names) + 1)):
            continue
        place = kept
        for name in names[:-1]:
            place = place.setdefault(name, {})
        place[names[-1]] = value
        whole.add(names)
    return kept
