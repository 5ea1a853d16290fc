"""Profiles, and finding people (Matrix v1.19 Client-Server §Profiles, §User Directory)."""

from parvis.access import directory
from parvis.access.principal import Principal
from parvis.chat.client.call import Call, Endpoint, text
from parvis.chat.federation import queries
from parvis.chat.people import profiles
from parvis.kernel.errors import NotFound
from parvis.kernel.languages import fold
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix

_MOST = 50


async def _someone(call: Call) -> Principal:
    found = await call.server.users.principal(call.store.db, call.params["userId"])
    if found is None:
        raise NotFound("no such user")
    return found


async def _whole(call: Call) -> Object:
    if not call.server.users.is_here(call.params["userId"]):
        return await queries.profile_of(call.federation, call.params["userId"])
    who = await _someone(call)
    return dict((await profiles.of(call.store.db, [who]))[who.id])


async def _field(call: Call) -> Object:
    name = call.params["keyName"]
    if not call.server.users.is_here(call.params["userId"]):
        return await queries.profile_of(call.federation, call.params["userId"], name)
    found = await _whole(call)
    if name not in found:
        raise NotFound("there is nothing of that name")
    return {name: found[name]}


async def _put(call: Call) -> Object:
    call.only_self()
    name, body = call.params["keyName"], await call.json(strict=False)
    if name not in body:
        raise BadMatrix(f"{name} is missing", errcode="M_MISSING_PARAM", field=name)
    await profiles.put(call.store, call.who, name, body[name])
    return {}


async def _delete(call: Call) -> Object:
    call.only_self()
    await profiles.remove(call.store, call.who, call.params["keyName"])
    return {}


async def _search(call: Call) -> Object:
    """Everybody of this server, as in the directory of the house; each word must begin one of a name or address."""
    body = await call.json(strict=False)
    words = fold(text(body, "search_term")).split()
    limit = body.get("limit", 10)
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        raise BadMatrix("limit is no number", errcode="M_INVALID_PARAM", field="limit")
    most, found = min(limit, _MOST), []
    for who in await directory.everyone(call.store.db) if words else ():
        if who.id != call.who.id and _matches(call.server.users.id_of(who), who, words):
            found.append(who)
    some = found[:most]
    shown = await profiles.of(call.store.db, some)
    return {"results": [_result(call, who, shown[who.id]) for who in some], "limited": len(found) > most}


def _matches(user_id: str, who: Principal, words: list[str]) -> bool:
    parts = f"{fold(who.name)} {who.address} {user_id} {user_id[1:]}".split()
    return all(any(part.startswith(word) for part in parts) for word in words)


def _result(call: Call, who: Principal, profile: Object) -> Object:
    found: Object = {"user_id": call.server.users.id_of(who), "display_name": profile[profiles.NAME]}
    if profile.get(profiles.AVATAR):
        found["avatar_url"] = profile[profiles.AVATAR]
    return found


ENDPOINTS = (
    Endpoint("GET", "/client/v3/profile/{userId}", _whole),
    Endpoint("GET", "/client/v3/profile/{userId}/{keyName}", _field),
    Endpoint("PUT", "/client/v3/profile/{userId}/{keyName}", _put, acts=True),
    Endpoint("DELETE", "/client/v3/profile/{userId}/{keyName}", _delete, acts=True),
    Endpoint("POST", "/client/v3/user_directory/search", _search),
)
