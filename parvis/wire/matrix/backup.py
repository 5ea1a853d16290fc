"""Backups of the keys of conversations, encrypted by whoever owns them (Matrix v1.19 Client-Server §Server-side key
backups)."""

from typing import Any

import msgspec

from . import base64, canonical, identifiers
from .canonical import Object
from .errors import BadMatrix

CURVE25519 = "m.megolm_backup.v1.curve25519-aes-sha2"
SESSION_LIMIT = 65_536
"""Bytes of what one session needs."""
SESSIONS_LIMIT = 10_000
"""Sessions in one upload."""


class Version(msgspec.Struct, frozen=True):
    """A backup: how its keys are encrypted."""

    algorithm: str
    auth_data: Object


def read_version(value: object) -> Version:
    """Reads what a backup is made, or changed, with. Raises BadMatrix."""
    if not isinstance(value, dict) or not isinstance(value.get("algorithm"), str):
        raise _bad("An algorithm is missing", "algorithm")
    auth_data = value.get("auth_data")
    if not isinstance(auth_data, dict) or len(canonical.encode(auth_data)) > SESSION_LIMIT:
        raise _bad("Not what an algorithm needs", "auth_data")
    if value["algorithm"] == CURVE25519 and len(base64.decode(auth_data.get("public_key"), "public_key")) != 32:
        raise _bad("Not a key of 32 bytes", "public_key")
    return Version(value["algorithm"], auth_data)


class Session(msgspec.Struct, frozen=True):
    """The keys of a session of a room, from some message on."""

    first_message_index: int
    forwarded_count: int
    is_verified: bool
    session_data: Object

    def shown(self) -> Object:
        """As clients see it."""
        return msgspec.structs.asdict(self)


def read_session(value: object) -> Session:
    """Reads the keys of a session. Raises BadMatrix."""
    if not isinstance(value, dict):
        raise _bad("Not an object", "sessions")
    data = value.get("session_data")
    if not isinstance(data, dict):
        raise _bad("Not an object", "session_data")
    if len(canonical.encode(data)) > SESSION_LIMIT:
        raise BadMatrix(f"More than {SESSION_LIMIT} bytes", errcode="M_TOO_LARGE", field="session_data")
    if type(value.get("is_verified")) is not bool:
        raise _bad("Neither true nor false", "is_verified")
    return Session(
        _count(value, "first_message_index"), _count(value, "forwarded_count"), value["is_verified"], data
    )


def read_rooms(value: object) -> dict[str, dict[str, Session]]:
    """Reads the keys of sessions by room and session. Raises BadMatrix."""
    found = {room: read_room(each) for room, each in _entries(value, "rooms").items()}
    for room in found:
        identifiers.room_id(room, "rooms")
    if sum(map(len, found.values())) > SESSIONS_LIMIT:
        raise BadMatrix(f"More than {SESSIONS_LIMIT} sessions", errcode="M_TOO_LARGE", field="rooms")
    return found


def read_room(value: object) -> dict[str, Session]:
    """Reads the keys of the sessions of a room. Raises BadMatrix."""
    sessions = _entries(value, "sessions")
    if len(sessions) > SESSIONS_LIMIT:
        raise BadMatrix(f"More than {SESSIONS_LIMIT} sessions", errcode="M_TOO_LARGE", field="sessions")
    return {session: read_session(each) for session, each in sessions.items()}


def is_better(new: Session, old: Session) -> bool:
    """Whether keys take the place of those that are there: verified ones, then those from an earlier message on,
    then those that were passed on less often (Matrix v1.19 Client-Server §Server-side key backups)."""
    return _rank(new) < _rank(old)


def _rank(session: Session) -> tuple[bool, int, int]:
    return not session.is_verified, session.first_message_index, session.forwarded_count


def _count(value: Object, field: str) -> int:
    number = value.get(field)
    if type(number) is not int or not 0 <= number <= canonical.INTEGER_LIMIT:
        raise _bad("Not a number", field)
    return number


def _entries(value: object, field: str) -> dict[str, Any]:
    found = value.get(field) if isinstance(value, dict) else None
    if not isinstance(found, dict):
        raise _bad("Not an object", field)
    return found


def _bad(sentence: str, field: str) -> BadMatrix:
    return BadMatrix(sentence, errcode="M_INVALID_PARAM", field=field)
