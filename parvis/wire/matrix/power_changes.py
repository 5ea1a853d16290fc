"""Rule 10: who may change which level of power (Matrix v1.19 Room Version 12 §Authorisation rules)."""

from . import identifiers
from .errors import NotAllowed
from .event import Event
from .powers import LEVELS, creators, entries, level


def check_power_levels(event: Event, before: Event | None, power: int, create: Event) -> None:
    """Checks an `m.room.power_levels` against the one before it; `power` is the level of who sends it. Raises
    NotAllowed."""
    _check_shape(event, create)
    if before is None:
        return
    for name in LEVELS:
        _check_change("10.6", event, power, before.content.get(name), event.content.get(name))
    for field in ("events", "notifications") if event.version.notification_levels else ("events",):
        old, new = entries(before.content, field), entries(event.content, field)
        for key in old.keys() | new.keys():
            _check_change("10.7" if key in old else "10.8", event, power, old.get(key), new.get(key))
    old, new = entries(before.content, "users"), entries(event.content, "users")
    for user in old.keys() | new.keys():
        _check_change("10.9" if user in old else "10.10", event, power, old.get(user), new.get(user))
        was = level(old.get(user), event.version)
        if user != event.sender and was is not None and was != level(new.get(user), event.version) and was >= power:
            raise NotAllowed("10.9", "The level of somebody who has as much power")


def _check_change(rule: str, event: Event, power: int, old: object, new: object) -> None:
    was, becomes = level(old, event.version), level(new, event.version)
    if new is not None and becomes is None:
        raise NotAllowed("10.1", "A level is an integer")
    if was == becomes:
        return
    if (was is not None and was > power) or (becomes is not None and becomes > power):
        raise NotAllowed(rule, "A level above that of who changes it")


def _check_shape(event: Event, create: Event) -> None:
    content, version = event.content, event.version
    if version.integer_levels and any(name in content and type(content[name]) is not int for name in LEVELS):
        raise NotAllowed("10.1", "A level is an integer")
    for field in ("events", "notifications"):
        if version.integer_levels and field in content and not _are_integers(content[field]):
            raise NotAllowed("10.2", "Levels of events and notifications are integers")
    users = content.get("users", {})
    if not isinstance(users, dict) or not all(map(identifiers.is_user_id, users)):
        raise NotAllowed("10.3", "Levels are of users")
    if any(level(value, version) is None for value in users.values()):
        raise NotAllowed("10.3", "A level is an integer")
    if version.hashed_rooms and not creators(create).isdisjoint(users):
        raise NotAllowed("10.4", "Creators have no level")


def _are_integers(value: object) -> bool:
    return isinstance(value, dict) and all(type(each) is int for each in value.values())
