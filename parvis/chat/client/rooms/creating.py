"""POST /createRoom, and the successor of a room (Matrix v1.19 Client-Server §Creation, §Room upgrades)."""

from parvis.chat.client.call import Call, Endpoint, text
from parvis.chat.client.rooms.asking import me, rooms
from parvis.chat.rooms import creating, upgrading
from parvis.wire.matrix.canonical import Object


async def _create(call: Call) -> Object:
    body = await call.json(optional=True)
    who = me(call)
    room = await rooms(call).write(lambda writing: creating.make(writing, who, body))
    return {"room_id": room.room_id}


async def _upgrade(call: Call) -> Object:
    body = await call.json()
    who, version = me(call), text(body, "new_version", limit=32)
    room = await rooms(call).write(lambda writing: upgrading.upgrade(writing, who, call.params["roomId"], version))
    return {"replacement_room": room.room_id}


ENDPOINTS = (
    Endpoint("POST", "/client/v3/createRoom", _create),
    Endpoint("POST", "/client/v3/rooms/{roomId}/upgrade", _upgrade),
)
