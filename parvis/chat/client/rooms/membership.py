"""Coming and going (Matrix v1.19 Client-Server §Room membership)."""

from collections.abc import Awaitable, Callable
from typing import Literal
from urllib.parse import parse_qsl

from parvis.chat.client.call import Call, Endpoint, Handle, text
from parvis.chat.client.rooms.asking import me, reason, rooms
from parvis.chat.rooms import joining, members, store
from parvis.chat.rooms.joining import Act
from parvis.chat.rooms.model import Me, Room, Stored
from parvis.chat.rooms.writing import Writing
from parvis.kernel.errors import NotFound
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import NotAllowed
from parvis.wire.matrix.identifiers import server_of


async def _joined(call: Call) -> Object:
    found = await rooms(call).sync.joined(me(call))
    known = await store.rooms_by_ids(call.store.db, [each.room for each in found])
    return {"joined_rooms": [known[each.room].room_id for each in found]}


def _coming(how: Callable[[Writing, Me, Room, str], Awaitable[Stored]], word: Literal["join", "knock"]) -> Handle:
    async def come(call: Call) -> Object:
        body, who = await call.json(optional=True), me(call)
        name, why = call.params["room"], reason(body)

        async def work(writing: Writing) -> str:
            room = await joining.named(writing.unit, name)
            await how(writing, who, room, why)
            return room.room_id

        abroad = rooms(call).abroad
        if abroad is not None and not await _is_here(call, name):
            return {"room_id": await getattr(abroad, word)(who, name, _via(call), why)}
        try:
            return {"room_id": await rooms(call).write(work)}
        except NotAllowed:
            if abroad is None or not await _may_be_let_in(call, name):
                raise
            return {"room_id": await getattr(abroad, word)(who, name, _via(call), why)}

    return come


async def _is_here(call: Call, name: str) -> bool:
    try:
        return await members.is_here(call.store.db, await joining.named(call.store.db, name))
    except NotFound:
        return server_of(name) == call.server.name


async def _may_be_let_in(call: Call, name: str) -> bool:
    """Whether another server may know that somebody is in a room whose members may join."""
    room = await joining.named(call.store.db, name)
    return bool(room.others) and room.join_rule in ("restricted", "knock_restricted")


def _via(call: Call) -> list[str]:
    """The servers that may have the room, as the query names them."""
    pairs = parse_qsl(call.request.raw_query, max_num_fields=100)
    return [value for name, value in pairs if name in ("via", "server_name")]


async def _leave(call: Call) -> Object:
    body, who = await call.json(optional=True), me(call)
    name, why = call.params["room"], reason(body)
    room, abroad = await joining.named(call.store.db, name), rooms(call).abroad
    if abroad is not None and not await members.is_here(call.store.db, room):
        if await joining.membership(call.store.db, room, who.user_id) in ("invite", "knock", "join"):
            await abroad.leave(who, room, why)
        return {}

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
        if action == "invite" and "user_id" not in body and "medium" in body:
            raise joining.NoIdentityServer("medium")
        target, why = text(body, "user_id", limit=255), reason(body)
        if action == "invite" and (abroad := rooms(call).abroad) and not call.server.users.is_here(target):
            if await joining.may_be_invited(call.store.db, call.params["room"], target):
                await abroad.invite(who, call.params["room"], target, {"reason": why} if why else {})
            return {}
        await rooms(call).write(lambda writing: joining.act(writing, who, call.params["room"], action, target, why))
        return {}

    return handle


ENDPOINTS = (
    Endpoint("GET", "/client/v3/joined_rooms", _joined),
    Endpoint("POST", "/client/v3/join/{room}", _coming(joining.join, "join"), rate="joins", acts=True),
    Endpoint("POST", "/client/v3/rooms/{room}/join", _coming(joining.join, "join"), rate="joins", acts=True),
    Endpoint("POST", "/client/v3/knock/{room}", _coming(joining.knock, "knock"), rate="joins", acts=True),
    Endpoint("POST", "/client/v3/rooms/{room}/leave", _leave),
    Endpoint("POST", "/client/v3/rooms/{room}/forget", _forget),
    Endpoint("POST", "/client/v3/rooms/{room}/invite", _act("invite"), rate="invites", acts=True),
    Endpoint("POST", "/client/v3/rooms/{room}/kick", _act("kick"), acts=True),
    Endpoint("POST", "/client/v3/rooms/{room}/ban", _act("ban"), acts=True),
    Endpoint("POST", "/client/v3/rooms/{room}/unban", _act("unban"), acts=True),
)
