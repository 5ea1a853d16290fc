"""The keys of servers: what a server publishes, until when it is believed, and what a notary makes of it (Matrix
v1.19 Server-Server §Retrieving server keys)."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from . import identifiers, signing
from .canonical import Object
from .errors import BadMatrix
from .signing import SigningKey, VerifyKey

DAY_MS = 86_400_000
BELIEVED_MS = 7 * DAY_MS
"""How long keys are believed at most, whatever their server says (Matrix v1.19 Room Version 5 §Signing key validity
period)."""
_KEYS_LIMIT = 100
_QUERY_LIMIT = 1_000


class OldKey(msgspec.Struct, frozen=True):
    """A key that its server signs with no more."""

    key: VerifyKey
    expired_ms: int


class ServerKeys(msgspec.Struct, frozen=True):
    """What a server says about its keys."""

    server: str
    keys: dict[str, VerifyKey]
    """Those it signs with now, by key id."""
    old_keys: dict[str, OldKey]
    valid_until_ms: int
    source: Object
    """As it came, with its signatures."""

    def for_event(self, key_id: str, at_ms: int, fetched_ms: int, *, enforced: bool = True) -> VerifyKey | None:
        """The key, when an event of the moment `at_ms` may be signed with it; `fetched_ms` is when these keys came.
        Rooms before version 5 do not enforce how long (Matrix v1.19 Room Version 5 §Signing key validity
        period)."""
        if key_id in self.keys:
            valid = not enforced or at_ms <= min(self.valid_until_ms, fetched_ms + BELIEVED_MS)
            return self.keys[key_id] if valid else None
        old = self.old_keys.get(key_id)
        return old.key if old and at_ms <= old.expired_ms else None

    def for_request(self, key_id: str, now_ms: int, fetched_ms: int) -> VerifyKey | None:
        """The key, when a request of now may be signed with it."""
        return self.for_event(key_id, now_ms, fetched_ms) if key_id in self.keys else None


def read(value: object, server: str | None = None) -> ServerKeys:
    """Reads an answer of `/_matrix/key/v2/server`, or one of those of a notary. The object must be of `server`,
    where one is given, and signed with a key that it says is in use. Raises BadMatrix."""
    if not isinstance(value, dict):
        raise BadMatrix("Not the keys of a server")
    name, valid = value.get("server_name"), value.get("valid_until_ts")
    identifiers.server_name(name)
    if not isinstance(name, str) or (server is not None and name != server):
        raise BadMatrix("The keys of another server", errcode="M_UNAUTHORIZED", field="server_name")
    if type(valid) is not int:
        raise BadMatrix("Not a moment", field="valid_until_ts")
    keys = {key_id: VerifyKey.read(each.get("key"), key_id) for key_id, each in _keys(value, "verify_keys")}
    old = {
        key_id: OldKey(VerifyKey.read(each.get("key"), key_id), _moment(each.get("expired_ts")))
        for key_id, each in _keys(value, "old_verify_keys")
    }
    if not keys:
        raise BadMatrix("A server has a key", field="verify_keys")
    signing.verify(value, name, keys)
    return ServerKeys(name, keys, old, valid, value)


def published(server: str, keys: Iterable[SigningKey], old: Mapping[str, OldKey], valid_until_ms: int) -> Object:
    """What a server with these keys answers to `/_matrix/key/v2/server` (Matrix v1.19 Server-Server §Publishing
    Keys)."""
    keys = list(keys)
    value: Object = {
        "server_name": server,
        "verify_keys": {key.id: {"key": key.verify_key.text} for key in keys},
        "old_verify_keys": {
            key_id: {"key": each.key.text, "expired_ts": each.expired_ms} for key_id, each in old.items()
        },
        "valid_until_ts": valid_until_ms,
    }
    for key in keys:
        value = signing.sign(value, server, key)
    return value


def notarised(keys: Iterable[ServerKeys], server: str, key: SigningKey) -> Object:
    """What a notary answers: the keys of other servers, signed by it too (Matrix v1.19 Server-Server §Querying Keys
    Through Another Server)."""
    return {"server_keys": [signing.sign(each.source, server, key) for each in keys]}


def read_notarised(value: object, notary: str, keys: Mapping[str, VerifyKey]) -> list[ServerKeys]:
    """Reads what a notary answered; what it did not sign, or is wrong in itself, is left out. Raises BadMatrix
    where it is no such answer."""
    answers = value.get("server_keys") if isinstance(value, dict) else None
    if not isinstance(answers, list):
        raise BadMatrix("Not the answer of a notary", field="server_keys")
    found = []
    for answer in answers[:_QUERY_LIMIT]:
        try:
            read_one = read(answer)
            signing.verify(read_one.source, notary, keys)
        except BadMatrix:
            continue
        found.append(read_one)
    return found


def read_query(value: object) -> dict[str, dict[str, int | None]]:
    """What somebody asks a notary: by server and key id the moment until which the key must be valid, None for now.
    A server without key ids means all its keys. Raises BadMatrix."""
    servers = value.get("server_keys") if isinstance(value, dict) else None
    if not isinstance(servers, dict) or len(servers) > _QUERY_LIMIT:
        raise BadMatrix(f"An object of at most {_QUERY_LIMIT} servers", field="server_keys")
    found: dict[str, dict[str, int | None]] = {}
    for server, keys in servers.items():
        identifiers.server_name(server, "server_keys")
        if not isinstance(keys, dict) or len(keys) > _KEYS_LIMIT:
            raise BadMatrix(f"An object of at most {_KEYS_LIMIT} keys", field="server_keys")
        found[server] = {key_id: _until(criteria) for key_id, criteria in keys.items()}
    return found


def _until(criteria: object) -> int | None:
    if not isinstance(criteria, dict):
        raise BadMatrix("Not the criteria of a key", field="server_keys")
    moment = criteria.get("minimum_valid_until_ts")
    return None if moment is None else _moment(moment)


def _keys(value: Object, field: str) -> list[tuple[str, dict[str, Any]]]:
    """The Ed25519 keys; those of algorithms that are not known are left out."""
    entries = value.get(field, {})
    if not isinstance(entries, dict) or len(entries) > _KEYS_LIMIT:
        raise BadMatrix(f"An object of at most {_KEYS_LIMIT} keys", field=field)
    found = [(key_id, each) for key_id, each in entries.items() if signing.is_key_id(key_id)]
    if not all(isinstance(each, dict) for _, each in found):
        raise BadMatrix("Not a key", field=field)
    return found


def _moment(value: object) -> int:
    if type(value) is not int:
        raise BadMatrix("Not a moment in milliseconds")
    return value
