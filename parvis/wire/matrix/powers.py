"""How much power users of a room have, and how much is needed for what (Matrix v1.19 Client-Server
§m.room.power_levels)."""

import re
from collections.abc import Mapping

from .canonical import Object
from .event import Event, StateKey
from .versions import RoomVersion

CREATE: StateKey = ("m.room.create", "")
POWER_LEVELS: StateKey = ("m.room.power_levels", "")
INFINITE = 2**63
"""The level of a creator as of room version 12: more than any level that can be given."""
LEVELS = ("users_default", "events_default", "state_default", "ban", "redact", "kick", "invite")
_DEFAULTS = {"ban": 50, "kick": 50, "redact": 50, "state_default": 50}
"""Of the others 0."""
_NOTIFICATION_DEFAULT = 50
_DIGITS = re.compile(r"\s*[+-]?[0-9]{1,300}\s*", re.A)


class PowerLevels:
    """The levels in force in a state of a room."""

    __slots__ = ("_content", "_creators", "_version")

    def __init__(self, create: Event | None, event: Event | None, version: RoomVersion) -> None:
        self._content = event.content if event else None
        self._version = version
        self._creators = creators(create) if create and (version.hashed_rooms or event is None) else frozenset()

    @classmethod
    def of(cls, state: Mapping[StateKey, Event], version: RoomVersion) -> "PowerLevels":
        """Those of a state, which is by type and state key."""
        return cls(state.get(CREATE), state.get(POWER_LEVELS), version)

    def user(self, user_id: str) -> int:
        """The level of a user."""
        if user_id in self._creators:
            return INFINITE if self._version.hashed_rooms else 100
        if self._content is None:
            return 0
        own = self._entry("users", user_id)
        return self.action("users_default") if own is None else own

    def needed(self, kind: str, *, state: bool) -> int:
        """The level needed to send an event of a type (Matrix v1.19 Server-Server §Definitions)."""
        named = self._entry("events", kind)
        return self.action("state_default" if state else "events_default") if named is None else named

    def action(self, name: str) -> int:
        """One of LEVELS: what is needed to `invite`, `kick`, `ban`, `redact`, and what holds where nothing is
        said."""
        stated = level((self._content or {}).get(name), self._version)
        return _DEFAULTS.get(name, 0) if stated is None else stated

    def notification(self, key: str) -> int:
        """The level needed to notify, as all of a `room`."""
        stated = self._entry("notifications", key)
        return _NOTIFICATION_DEFAULT if stated is None else stated

    def _entry(self, field: str, key: str) -> int | None:
        entries = (self._content or {}).get(field)
        return level(entries.get(key), self._version) if isinstance(entries, dict) else None


def creators(create: Event) -> frozenset[str]:
    """Who created a room: who sent `m.room.create`, before room version 11 who is named there, and as of 12 those
    who are named besides (Matrix v1.19 Room Version 12 §Authorisation rules)."""
    if not create.version.sender_creates:
        named = create.content.get("creator")
        return frozenset([named]) if isinstance(named, str) else frozenset()
    more = create.content.get("additional_creators") if create.version.hashed_rooms else None
    besides = [each for each in more if isinstance(each, str)] if isinstance(more, list) else []
    return frozenset([create.sender, *besides])


def level(value: object, version: RoomVersion) -> int | None:
    """A level as it may be written: an integer, and in rooms before version 10 an integer in text, before version 6
    a fraction (Matrix v1.19 Room Version 9 §m.room.power_levels events accept values as strings, Room Version 5
    §m.room.power_levels events accept values as floats). None for anything else."""
    if type(value) is int:
        return value
    if version.integer_levels:
        return None
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    if type(value) is float and not version.strict_json and abs(value) < float("inf"):
        return int(value)
    return None


def entries(content: Object, field: str) -> Object:
    """`users`, `events` or `notifications`, where it is an object."""
    found = content.get(field)
    return found if isinstance(found, dict) else {}
