"""Backups of keys (Matrix v1.19 Client-Server §Server-side key backups)."""

from parvis.chat.client.call import Call, Endpoint
from parvis.chat.people import backups
from parvis.kernel.errors import NotFound
from parvis.wire.matrix import backup, identifiers
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix

_LIMIT = 50_000_000
_VERSION = "/client/v3/room_keys/version"
_KEYS = "/client/v3/room_keys/keys"


async def _create(call: Call) -> Object:
    given = backup.read_version(await call.json(strict=False))
    return {"version": str(await backups.create(call.store, call.who, given))}


async def _newest(call: Call) -> Object:
    return (await backups.get(call.store.db, call.who)).shown()


async def _get(call: Call) -> Object:
    return (await backups.get(call.store.db, call.who, call.params["version"])).shown()


async def _change(call: Call) -> Object:
    body, version = await call.json(strict=False), call.params["version"]
    if body.get("version", version) != version:
        raise BadMatrix("Another version", errcode="M_INVALID_PARAM", field="version")
    await backups.change(call.store, call.who, version, backup.read_version(body))
    return {}


async def _remove(call: Call) -> Object:
    await backups.remove(call.store, call.who, call.params["version"])
    return {}


def _version(call: Call) -> str:
    version = call.query.get("version")
    if not version:
        raise BadMatrix("version is missing", errcode="M_MISSING_PARAM", field="version")
    return version


def _place(call: Call) -> tuple[str | None, str | None]:
    room = call.params.get("roomId")
    if room is not None:
        identifiers.room_id(room, "roomId")
    return room, call.params.get("sessionId")


async def _add(call: Call) -> Object:
    version, (room, session) = _version(call), _place(call)
    body = await call.json(strict=False, limit=_LIMIT)
    if room is None:
        rooms = backup.read_rooms(body)
    elif session is None:
        rooms = {room: backup.read_room(body)}
    else:
        rooms = {room: {session: backup.read_session(body)}}
    return (await backups.add(call.store, call.who, version, rooms)).counted()


async def _read(call: Call) -> Object:
    room, session = _place(call)
    found = await backups.sessions(call.store.db, call.who, _version(call), room, session)
    if room is None:
        return {"rooms": {name: {"sessions": each} for name, each in found.items()}}
    if session is None:
        return {"sessions": found.get(room, {})}
    if session not in found.get(room, {}):
        raise NotFound("no such keys")
    return found[room][session]


async def _forget(call: Call) -> Object:
    return (await backups.forget(call.store, call.who, _version(call), *_place(call))).counted()


_PLACES = (_KEYS, f"{_KEYS}/{{roomId}}", f"{_KEYS}/{{roomId}}/{{sessionId}}")
ENDPOINTS = (
    Endpoint("POST", _VERSION, _create),
    Endpoint("GET", _VERSION, _newest),
    Endpoint("GET", f"{_VERSION}/{{version}}", _get),
    Endpoint("PUT", f"{_VERSION}/{{version}}", _change),
    Endpoint("DELETE", f"{_VERSION}/{{version}}", _remove),
    *(Endpoint("PUT", place, _add) for place in _PLACES),
    *(Endpoint("GET", place, _read) for place in _PLACES),
    *(Endpoint("DELETE", place, _forget) for place in _PLACES),
)
