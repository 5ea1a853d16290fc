"""Administrators lock accounts, and suspend them (Matrix v1.19 Client-Server §Server Administration)."""

import msgspec

from parvis.access.principal import Principal
from parvis.chat.client.call import Call, Endpoint
from parvis.chat.rooms.writing import TOPIC, Touched
from parvis.kernel.errors import Forbidden, NotFound
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix


async def _whom(call: Call) -> Principal:
    """Who is meant; whether there is such a user is told to administrators alone. Raises Forbidden, BadMatrix,
    NotFound."""
    if not call.who.administrator:
        raise Forbidden("this is for administrators")
    user_id = call.params["userId"]
    if not call.server.users.is_here(user_id):
        raise BadMatrix("Not a user of this server", errcode="M_INVALID_PARAM", field="userId")
    who = await call.server.users.principal(call.store.db, user_id)
    if who is None:
        raise NotFound("no such user")
    if who.administrator and (who.id != call.who.id or call.request.method != "GET"):
        raise Forbidden("administrators are not locked or suspended")
    return who


async def _is_locked(call: Call) -> Object:
    return {"locked": call.server.standings.of((await _whom(call)).id).locked}


async def _is_suspended(call: Call) -> Object:
    return {"suspended": call.server.standings.of((await _whom(call)).id).suspended}


async def _lock(call: Call) -> Object:
    wanted, who = await _wish(call, "locked"), await _whom(call)
    found = await call.server.standings.put(who.id, locked=wanted)
    await call.store.bus.publish(TOPIC, msgspec.json.encode(Touched(people=[who.id])))  # who waits in /sync is told
    return {"locked": found.locked}


async def _suspend(call: Call) -> Object:
    wanted, who = await _wish(call, "suspended"), await _whom(call)
    return {"suspended": (await call.server.standings.put(who.id, suspended=wanted)).suspended}


async def _wish(call: Call, name: str) -> bool:
    found = (await call.json()).get(name)
    if not isinstance(found, bool):
        raise BadMatrix(f"{name} is true or false", errcode="M_BAD_JSON", field=name)
    return found


_LOCK, _SUSPEND = (f"/client/v1/admin/{verb}/{{userId}}" for verb in ("lock", "suspend"))
ENDPOINTS = (
    Endpoint("GET", _LOCK, _is_locked),
    Endpoint("PUT", _LOCK, _lock),
    Endpoint("GET", _SUSPEND, _is_suspended),
    Endpoint("PUT", _SUSPEND, _suspend),
)
