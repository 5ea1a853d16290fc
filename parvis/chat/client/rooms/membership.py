"""Coming and going (Matrix v1.19 Client-Server §Room membership)."""

from collections.abc import Awaitable, Callable

from parvis.chat.client.call import Call, Endpoint, Handle, text
from parvis.chat.client.rooms.asking import me, reason, rooms
from parvis.chat.rooms import joining, store
from parvis.chat.rooms.joining import Act
from parvis.chat.rooms.model import Me, Room, Stored
from parvis.chat.rooms.writing import Writing
from parvis.wire.matrix.canonical import Object


async def _joined(call: Call) -> Object:
    found = await rooms(call).sync.joined(me(call))
    known = await store.rooms_by_ids(call.store.db, [each.room for each in found])
    return {"joined_rooms": [known[each.room].room_id for each in found]}


def _coming(how: Callable[[Writing, Me, Room, str], Awaitable[Stored]]) -> Handle:
    async def come(call: Call) -> Object:
        body, who = await call.json(optional=True), me(call)
        name, why = call.params["room"], reason(body)

        async def work(writing: Writing) -> str:
            room = await joining.named(writing.unit, name)
            await how(writing, who, room, why)
            return room.room_id

        return {"room_id": await rooms(call).write(work)}

    return come


async def _leave(call: Call) -> Object:
    body, who = await call.json(optional=True), me(call)
    name, why = call.params["room"], reason(body)

    async def work(writing: Writing) -> None:
        await joining.leave(writing, who, await joining.named(writing.unit, name), why)

    await rooms(call).write(work)
    return {}


async def _forget(call: Call) -> Object:
    who = me(call)
    await rooms(call).write(lambda writing: joining.forget(writing, who, call.params["room"]))
    return {}


def _act(action: Act) -> Handle:
    async def handle(call: Call) -> Object:
        body, who = await call.json(), me(call)
        target, why = text(body, "user_id", limit=255), reason(body)
        await rooms(call).write(lambda writing: joining.act(writing, who, call.params["room"], action, target, why))
        return {}

    return handle


ENDPOINTS = (
    Endpoint("GET", "/client/v3/joined_rooms", _joined),
    Endpoint("POST", "/client/v3/join/{room}", _coming(joining.join)),
    Endpoint("POST", "/client/v3/rooms/{room}/join", _coming(joining.join)),
    Endpoint("POST", "/client/v3/knock/{room}", _coming(joining.knock)),
    Endpoint("POST", "/client/v3/rooms/{room}/leave", _leave),
    Endpoint("POST", "/client/v3/rooms/{room}/forget", _forget),
    Endpoint("POST", "/client/v3/rooms/{room}/invite", _act("invite")),
    Endpoint("POST", "/client/v3/rooms/{room}/kick", _act("kick")),
    Endpoint("POST", "/client/v3/rooms/{room}/ban", _act("ban")),
    Endpoint("POST", "/client/v3/rooms/{room}/unban", _act("unban")),
)
