"""The conditions of push rules (Matrix v1.19 Client-Server §Conditions), read once and then asked of many
events."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from .canonical import INTEGER_LIMIT, Object
from .globs import glob, has_words
from .powers import PowerLevels
from .properties import Path, find, path

_BODY: Path = ("content", "body")
_COUNT = re.compile(r"(==|<=|>=|<|>)?([0-9]{1,15})", re.A)
Scalar = str | int | bool | None


class Happening:
    """An event about which people may be notified, in a room as it is at that event. What was found out for one of
    them is not looked for again."""

    __slots__ = ("answers", "event", "levels", "lower", "members", "sender")

    def __init__(self, event: Mapping[str, Any], *, members: int, levels: PowerLevels) -> None:
        """`event` as clients see it; `members` is how many have joined the room."""
        self.event = event
        self.members = members
        self.levels = levels
        self.sender = event["sender"]
        self.answers: dict[Condition, bool] = {}
        self.lower: dict[Path, str | None] = {}

    def text(self, names: Path) -> str | None:
        """A property in lower case; None where there is no text."""
        if names not in self.lower:
            value = find(self.event, names)
            self.lower[names] = value.lower() if isinstance(value, str) else None
        return self.lower[names]


class Condition(msgspec.Struct, frozen=True, eq=False):
    """One that holds for an event whoever is asked about; a kind that is not known never does. What says the same
    is the same object, so that it is decided once for an event."""

    def holds(self, happening: Happening, display_name: str) -> bool:
        """Whether it does; what was decided is kept in `happening.answers`."""
        held = happening.answers[self] = self.decide(happening)
        return held

    def decide(self, happening: Happening) -> bool:
        """The same, found out."""
        return False


class Matches(Condition, frozen=True, eq=False):
    """`event_match`."""

    names: Path
    pattern: str

    def decide(self, happening: Happening) -> bool:
        text = happening.text(self.names)
        if text is None:
            return False
        compiled = glob(self.pattern)
        return compiled.matches_words(text) if self.names == _BODY else compiled.matches(text)


class Is(Condition, frozen=True, eq=False):
    """`event_property_is`; `type_name` keeps `1` and `true` apart."""

    names: Path
    value: Scalar
    type_name: str

    def decide(self, happening: Happening) -> bool:
        value = find(happening.event, self.names)
        return type(value).__name__ == self.type_name and value == self.value


class Contains(Condition, frozen=True, eq=False):
    """`event_property_contains`."""

    names: Path
    value: Scalar
    type_name: str

    def decide(self, happening: Happening) -> bool:
        values = find(happening.event, self.names)
        if not isinstance(values, list):
            return False
        return any(type(each).__name__ == self.type_name and each == self.value for each in values)


class ContainsDisplayName(Condition, frozen=True, eq=False):
    """`contains_display_name`: of who is asked about, in the room."""

    def holds(self, happening: Happening, display_name: str) -> bool:
        text = happening.text(_BODY)
        return text is not None and display_name != "" and has_words(text, display_name.lower())


class MemberCount(Condition, frozen=True, eq=False):
    """`room_member_count`."""

    comparison: str
    count: int

    def decide(self, happening: Happening) -> bool:
        members = happening.members
        match self.comparison:
            case "<":
                return members < self.count
            case ">":
                return members > self.count
            case "<=":
                return members <= self.count
            case ">=":
                return members >= self.count
        return members == self.count


class MayNotify(Condition, frozen=True, eq=False):
    """`sender_notification_permission`."""

    key: str

    def decide(self, happening: Happening) -> bool:
        return happening.levels.user(happening.sender) >= happening.levels.notification(self.key)


NEVER = Condition()


@lru_cache(maxsize=8_192)
def _same(kind: type[Condition], *fields: Any) -> Condition:
    return kind(*fields)


def read(condition: Object) -> Condition:
    """A condition as a rule has it. What cannot be understood never holds."""
    key = condition.get("key")
    match condition.get("kind"):
        case "event_match" if isinstance(key, str) and isinstance(condition.get("pattern"), str):
            return _same(Matches, path(key), condition["pattern"].lower())
        case "event_property_is" if isinstance(key, str) and _is_scalar(condition):
            return _same(Is, path(key), condition["value"], type(condition["value"]).__name__)
        case "event_property_contains" if isinstance(key, str) and _is_scalar(condition):
            return _same(Contains, path(key), condition["value"], type(condition["value"]).__name__)
        case "contains_display_name":
            return _same(ContainsDisplayName)
        case "room_member_count" if found := _COUNT.fullmatch(str(condition.get("is"))):
            return _same(MemberCount, found[1] or "==", int(found[2]))
        case "sender_notification_permission" if isinstance(key, str):
            return _same(MayNotify, key)
    return NEVER


def _is_scalar(condition: Object) -> bool:
    value = condition.get("value", ())
    if type(value) is int:
        return abs(value) <= INTEGER_LIMIT
    return value is None or isinstance(value, str | bool)
