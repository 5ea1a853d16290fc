"""What clients see of an event (Matrix v1.19 Client-Server §Room event format)."""

from collections.abc import Mapping
from typing import Any

from .canonical import Object
from .event import Event
from .redaction import redacted

_SHOWN = ("content", "origin_server_ts", "sender", "state_key", "type")
_STRIPPED = ("content", "sender", "state_key", "type")


def shown(
    event: Event, *, now_ms: int, with_room: bool = True, unsigned: Mapping[str, Any] | None = None
) -> Object:
    """An event for clients. `unsigned` is what is to be told besides its age: `transaction_id` for the device that
    sent it, `prev_content` and `replaces_state`, `membership` of who asks, `m.relations`. What other servers wrote
    into `unsigned` is not passed on (Matrix v1.19 Client-Server §Room event format)."""
    found = {name: event.source[name] for name in _SHOWN if name in event.source}
    found["event_id"] = event.event_id
    if with_room:
        found["room_id"] = event.room_id
    redacts = event.redacts
    if redacts is not None:
        found["redacts"] = redacts
        found["content"] = {**event.content, "redacts": redacts}
    age = max(0, now_ms - event.origin_server_ts)
    found["unsigned"] = {
        "age": age,
        **{name: value for name, value in (unsigned or {}).items() if value is not None},
    }
    return found


def shown_redacted(
    event: Event, because: Event, *, now_ms: int, with_room: bool = True, unsigned: Mapping[str, Any] | None = None
) -> Object:
    """What is left of an event for clients, with the event that redacted it."""
    left = redacted(event.source, event.version)
    found = shown(event, now_ms=now_ms, with_room=with_room, unsigned=unsigned)
    found["content"] = left["content"]
    found.pop("redacts", None)
    told = {name: value for name, value in found["unsigned"].items() if name not in ("prev_content", "m.relations")}
    found["unsigned"] = {**told, "redacted_because": shown(because, now_ms=now_ms)}
    return found


def whole(event: Event, told: Object) -> Object:
    """An event as servers pass it on, for clients that ask for that form (Matrix v1.19 Client-Server §Filtering,
    `event_format`); `told` is what `shown` makes of it, from which it has what is not signed."""
    return {**for_federation(event.source), "event_id": event.event_id, "unsigned": told["unsigned"]}


def stripped(event: Event) -> Object:
    """An event of state as somebody who is invited or knocks sees it (Matrix v1.19 Client-Server §Stripped
    state)."""
    return {name: event.source[name] for name in _STRIPPED if name in event.source}


def for_federation(source: Object) -> Object:
    """An event of ours as other servers get it: without what is said only here."""
    return {name: value for name, value in source.items() if name != "unsigned"}
