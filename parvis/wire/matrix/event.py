"""Events of rooms as servers exchange them, PDUs (Matrix v1.19 Server-Server §PDUs, and §Event format of each room
version)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from . import canonical, hashes, identifiers
from .canonical import INTEGER_LIMIT, Object
from .errors import BadMatrix
from .versions import RoomVersion

SIZE_LIMIT = 65_536
"""Bytes of a whole event in canonical form (Matrix v1.19 Client-Server §Size limits)."""
FIELD_LIMIT = 255
AUTH_EVENTS_LIMIT, PREV_EVENTS_LIMIT = 10, 20

StateKey = tuple[str, str]
"""What an event of state stands under: its type and its state key."""


class Event(msgspec.Struct, frozen=True, eq=False):
    """An event of a room whose format was checked. `source` is the whole of it as it came; nothing of it is ever
    changed."""

    event_id: str
    room_id: str
    type: str
    sender: str
    state_key: str | None
    """None for an event that is no state."""
    content: Object
    auth_events: tuple[str, ...]
    prev_events: tuple[str, ...]
    depth: int
    origin_server_ts: int
    """Milliseconds, as the sender's server says."""
    version: RoomVersion
    source: Object

    @property
    def membership(self) -> object:
        """What `m.room.member` says; anything may stand there."""
        return self.content.get("membership")

    @property
    def key(self) -> StateKey:
        """Where the event stands in the state; only for one that is state."""
        assert self.state_key is not None, "not state"
        return self.type, self.state_key

    @property
    def redacts(self) -> str | None:
        """The event that `m.room.redaction` redacts (Matrix v1.19 Room Version 11 §Event format)."""
        found = self.content.get("redacts") if self.version.sender_creates else self.source.get("redacts")
        return found if self.type == "m.room.redaction" and isinstance(found, str) else None


State = Mapping[StateKey, Event]
"""What holds in a room."""


def read(source: object, version: RoomVersion) -> Event:
    """Checks the format of an event that anybody sent, and finds its id. Its hash, its signatures and whether it is
    allowed are checked by others. Raises BadMatrix, with `M_TOO_LARGE` where a size is over its limit."""
    if not isinstance(source, dict):
        raise BadMatrix("An event is an object")
    if len(canonical.encode(source, strict=version.strict_json)) > SIZE_LIMIT:
        raise BadMatrix(f"An event of more than {SIZE_LIMIT} bytes", errcode="M_TOO_LARGE")
    for name in ("type", "sender"):
        _text(source, name)
    if "state_key" in source:
        _text(source, "state_key")
    identifiers.user_id(source["sender"], "sender")
    _objects(source)
    for name, most in (("auth_events", AUTH_EVENTS_LIMIT), ("prev_events", PREV_EVENTS_LIMIT)):
        _references(source, name, most, version)
    for name, least, greatest in (
        ("depth", 0, INTEGER_LIMIT if version.strict_json else 2**63 - 1),
        ("origin_server_ts", -INTEGER_LIMIT, INTEGER_LIMIT),
    ):
        if type(source.get(name)) is not int or not least <= source[name] <= greatest:
            raise BadMatrix("Not an integer that is allowed here", field=name)
    _room(source, version)
    return load(source, version)


def load(source: Object, version: RoomVersion, event_id: str = "") -> Event:
    """An event that was checked before, as one that we kept; its id is calculated where it is not given."""
    event_id = event_id or hashes.event_id(source, version)
    return Event(
        event_id,
        source["room_id"] if "room_id" in source else f"!{event_id[1:]}",
        source["type"],
        source["sender"],
        source.get("state_key"),
        source["content"],
        _ids(source["auth_events"]),
        _ids(source["prev_events"]),
        source["depth"],
        source["origin_server_ts"],
        version,
        source,
    )


def _ids(references: list[Any]) -> tuple[str, ...]:
    return tuple([each if isinstance(each, str) else each[0] for each in references])


def _text(source: Object, name: str) -> None:
    value = source.get(name)
    if not isinstance(value, str):
        raise BadMatrix("Not text", field=name)
    if len(value) * 3 > FIELD_LIMIT and len(value.encode()) > FIELD_LIMIT:
        raise BadMatrix(f"More than {FIELD_LIMIT} bytes", errcode="M_TOO_LARGE", field=name)


def _objects(source: Object) -> None:
    for name in ("content", "hashes", "signatures"):
        if not isinstance(source.get(name), dict):
            raise BadMatrix("Not an object", field=name)
    if not isinstance(source.get("unsigned", {}), dict):
        raise BadMatrix("Not an object", field="unsigned")
    if not isinstance(source["hashes"].get("sha256"), str):
        raise BadMatrix("There is no hash", field="hashes")
    for signatures in source["signatures"].values():
        if not isinstance(signatures, dict) or not all(isinstance(each, str) for each in signatures.values()):
            raise BadMatrix("Not signatures", field="signatures")


def _references(source: Object, name: str, most: int, version: RoomVersion) -> None:
    """Ids of events; in the first two versions each with its hashes (Matrix v1.19 Room Version 1 §Event format)."""
    value = source.get(name)
    if not isinstance(value, list) or len(value) > most:
        raise BadMatrix(f"Not a list of at most {most} events", field=name)
    for each in value:
        if version.event_ids == "given":
            if not (isinstance(each, list) and len(each) == 2 and isinstance(each[1], dict)):
                raise BadMatrix("Not an event and its hashes", field=name)
            each = each[0]
        if not isinstance(each, str) or not each.startswith("$") or len(each.encode()) > FIELD_LIMIT:
            raise BadMatrix("Not the id of an event", field=name)


def _room(source: Object, version: RoomVersion) -> None:
    """As of room version 12 `m.room.create` names no room, for it is the room (Matrix v1.19 Room Version 12 §Event
    format). Events name themselves only in the first two versions."""
    if version.event_ids != "given" and "event_id" in source:
        raise BadMatrix("An event does not name itself", field="event_id")
    if version.event_ids == "given":
        identifiers.event_id(source.get("event_id"), hashed=False)
    if version.hashed_rooms and source["type"] == "m.room.create" and source.get("state_key") == "":
        if "room_id" in source:
            raise BadMatrix("The creation of a room does not name it", field="room_id")
        return
    identifiers.room_id(source.get("room_id"), hashed=version.hashed_rooms)
