"""POST /createRoom, and the successor of a room (Matrix v1.19 Client-Server §Creation, §Room upgrades)."""

import logging

from parvis.chat.client.call import Call, Endpoint, text
from parvis.chat.client.rooms.asking import me, rooms
from parvis.chat.rooms import creating, upgrading
from parvis.chat.rooms.model import MOST_INVITED, Room
from parvis.kernel.errors import ParvisError
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix

_log = logging.getLogger(__name__)


async def _create(call: Call) -> Object:
    body = await call.json(optional=True)
    who = me(call)
    room = await rooms(call).write(lambda writing: creating.make(writing, who, body))
    await _invite_abroad(call, room, body)
    return {"room_id": room.room_id}


async def _invite_abroad(call: Call, room: Room, body: Object) -> None:
    """Invites people of other servers, when the room is there; whom their server does not let be invited is not."""
    abroad, content = rooms(call).abroad, {"is_direct": True} if body.get("is_direct") is True else {}
    if abroad is None:
        return
    for user in dict.fromkeys(body.get("invite", [])):
        if not call.server.users.is_here(user):
            try:
                await abroad.invite(me(call), room.room_id, user, dict(content))
            except ParvisError as error:
                _log.info("%s was not invited: %s", user, error.sentence)


async def _upgrade(call: Call) -> Object:
    body = await call.json()
    who, version = me(call), text(body, "new_version", limit=32)
    creators = body.get("additional_creators", [])
    if not isinstance(creators, list) or len(creators) > MOST_INVITED:
        raise BadMatrix("Not a list of users", errcode="M_INVALID_PARAM", field="additional_creators")
    room = await rooms(call).write(
        lambda writing: upgrading.upgrade(writing, who, call.params["roomId"], version, creators)
    )
    return {"replacement_room": room.room_id}


ENDPOINTS = (
    Endpoint("POST", "/client/v3/createRoom", _create, rate="rooms", acts=True),
    Endpoint("POST", "/client/v3/rooms/{roomId}/upgrade", _upgrade, rate="rooms", acts=True),
)
