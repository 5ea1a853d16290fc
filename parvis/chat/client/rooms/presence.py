"""Who is there (Matrix v1.19 Client-Server §Presence)."""

from typing import cast

from parvis.chat.client.call import Call, Endpoint, text
from parvis.chat.client.rooms.asking import rooms
from parvis.chat.rooms import sharing
from parvis.chat.rooms.presence import Word
from parvis.kernel.errors import Forbidden, NotFound
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix

_WORDS = ("online", "unavailable", "offline")
_PATH = "/client/v3/presence/{userId}/status"


async def _get(call: Call) -> Object:
    user_id = call.params["userId"]
    if not call.server.users.is_here(user_id):
        if not await sharing.among_users(call.store.db, call.who.id, [user_id]):
            raise Forbidden("you share no room with them")
        return rooms(call).presence.of(user_id).content
    who = await call.server.users.principal(call.store.db, user_id)
    if who is None:
        raise NotFound("no such user")
    if who.id != call.who.id and not await sharing.among(call.store.db, call.who.id, [who.id]):
        raise Forbidden("you share no room with them")
    return rooms(call).presence.of(who.id).content


async def _put(call: Call) -> Object:
    call.only_self()
    body = await call.json()
    presence, status = text(body, "presence"), text(body, "status_msg", default="")
    if presence not in _WORDS:
        raise BadMatrix("online, unavailable or offline", errcode="M_INVALID_PARAM", field="presence")
    await rooms(call).presence.say(call.who.id, cast("Word", presence), status)
    return {}


ENDPOINTS = (Endpoint("GET", _PATH, _get), Endpoint("PUT", _PATH, _put))
