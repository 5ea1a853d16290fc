"""What differs between the versions of rooms (Matrix v1.19 Room Versions)."""

from typing import Literal

import msgspec

from .errors import BadMatrix


class RoomVersion(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of a room. The number behind each is the version that brought it."""

    id: str
    event_ids: Literal["given", "base64", "url"] = "url"
    """Whether events come with their ids, or have their hash as id (3), in the alphabet that suits URLs (4)."""
    resolution: Literal["1", "2", "2.1"] = "2"
    """The algorithm of state resolution (2, 12)."""
    keys_expire: bool = True
    """Whether a signature counts only while its key was valid (5)."""
    strict_json: bool = True
    """Whether events are canonical JSON (6)."""
    aliases_special: bool = False
    """Whether `m.room.aliases` has rules of its own (until 5)."""
    notification_levels: bool = True
    """Whether changes of `notifications` need power (6)."""
    knocking: bool = True
    """Whether one may knock (7)."""
    restricted: bool = True
    """Whether members of other rooms may join (8)."""
    keeps_authoriser: bool = True
    """Whether a redaction leaves `join_authorised_via_users_server` (9)."""
    integer_levels: bool = True
    """Whether power levels are integers and nothing else (10)."""
    knock_restricted: bool = True
    """Whether a room may have the join rule `knock_restricted` (10)."""
    sender_creates: bool = True
    """Whether the creator is who sent `m.room.create`, `redacts` is in the content, and a redaction leaves what it
    leaves since (11)."""
    hashed_rooms: bool = True
    """Whether a room has the hash of its `m.room.create` as id, and its creators all power (12)."""


def _version(number: int) -> RoomVersion:
    return RoomVersion(
        id=str(number),
        event_ids="given" if number < 3 else "base64" if number == 3 else "url",
        resolution="1" if number == 1 else "2.1" if number >= 12 else "2",
        keys_expire=number >= 5,
        strict_json=number >= 6,
        aliases_special=number <= 5,
        notification_levels=number >= 6,
        knocking=number >= 7,
        restricted=number >= 8,
        keeps_authoriser=number >= 9,
        integer_levels=number >= 10,
        knock_restricted=number >= 10,
        sender_creates=number >= 11,
        hashed_rooms=number >= 12,
    )


KNOWN = {str(number): _version(number) for number in range(1, 13)}
"""All versions of the specification, by id. A room of any of them may be named, as by `m.room.create`."""
SUPPORTED = {str(number): KNOWN[str(number)] for number in range(3, 13)}
"""Those that we can be in a room of. Events of the first two choose their ids themselves, and the first resolves
state in a way of its own."""
DEFAULT = SUPPORTED["12"]
"""Of new rooms."""


def supported(version_id: object, field: str = "room_version") -> RoomVersion:
    """A version that we can be in a room of. Raises BadMatrix with `M_INCOMPATIBLE_ROOM_VERSION`."""
    named = version_id if isinstance(version_id, str) else ""
    found = SUPPORTED.get(named)
    if found is None:
        raise BadMatrix(
            "A room version that is not known",
            errcode="M_INCOMPATIBLE_ROOM_VERSION",
            field=field,
            room_version=named,
        )
    return found


def capabilities() -> dict[str, object]:
    """What clients are told (Matrix v1.19 Client-Server §m.room_versions capability)."""
    return {"default": DEFAULT.id, "available": dict.fromkeys(SUPPORTED, "stable")}
