"""Saying things in rooms (Matrix v1.19 Client-Server §Sending events to a room, §Redactions, §Typing notifications,
§Receipts)."""

from typing import cast

from parvis.chat.client.call import Call, Endpoint
from parvis.chat.client.rooms.asking import me, rooms
from parvis.chat.rooms import receipts, sending, store, telling
from parvis.chat.rooms.model import Me, Room
from parvis.chat.rooms.receipts import Kind
from parvis.chat.rooms.saying import Message
from parvis.chat.rooms.writing import Writing
from parvis.wire.matrix import identifiers
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.transactions import Receipt, Typing

_READ = ("m.read", "m.read.private")


async def _send(call: Call) -> Object:
    body, who, params = await call.json(), me(call), call.params
    await _may(call, str(body.get("redacts", "")) if params["type"] == "m.room.redaction" else "")
    name = identifiers.transaction_id(params["txnId"])
    return {"event_id": await rooms(call).say(Message(who, params["roomId"], params["type"], body, name))}


async def _state(call: Call) -> Object:
    body, who, params = await call.json(), me(call), call.params
    abroad, key = rooms(call).abroad, params.get("key", "")
    invites = params["type"] == "m.room.member" and body.get("membership") == "invite"
    if abroad is not None and invites and not call.server.users.is_here(key):
        return {"event_id": await abroad.invite(who, params["roomId"], key, body)}
    found = await rooms(call).write(
        lambda writing: sending.put_state(
            writing, who, params["roomId"], params["type"], params.get("key", ""), body
        )
    )
    return {"event_id": found}


async def _redact(call: Call) -> Object:
    body, who, params = await call.json(optional=True), me(call), call.params
    await _may(call, params["eventId"])
    name = identifiers.transaction_id(params["txnId"])
    found = await rooms(call).write(
        lambda writing: sending.redact(writing, who, params["roomId"], params["eventId"], body, name)
    )
    return {"event_id": found}


async def _may(call: Call, redacts: str) -> None:
    """Who is suspended takes their own words back, and says nothing else."""
    if not call.server.standings.of(call.who.id).suspended:
        return
    if redacts:
        room = await store.require(call.store.db, call.who, call.params["roomId"])
        if (await store.event_of(call.store.db, room, redacts)).event.sender == call.user_id:
            return
    call.may_act()


async def _typing(call: Call) -> Object:
    call.only_self()
    body, who = await call.json(), me(call)
    typing, timeout = body.get("typing"), body.get("timeout", 30_000)
    if not isinstance(typing, bool) or type(timeout) is not int or timeout < 0:
        raise BadMatrix(
            "typing is true or false, timeout in milliseconds", errcode="M_INVALID_PARAM", field="typing"
        )
    room = await store.require(call.store.db, who.principal, call.params["roomId"])
    await rooms(call).typing.say(room.id, who.user_id, timeout if typing else 0)
    await telling.tell(call.server, room, Typing(room.room_id, who.user_id, typing))
    return {}


async def _receipt(call: Call) -> Object:
    body, who, params = await call.json(optional=True), me(call), call.params
    kind, thread = params["type"], body.get("thread_id")
    if thread is not None and (not isinstance(thread, str) or not thread):
        raise BadMatrix("Not a thread", errcode="M_INVALID_PARAM", field="thread_id")
    if kind not in (*_READ, "m.fully_read"):
        raise BadMatrix("There is no such receipt", errcode="M_INVALID_PARAM", field="receiptType")
    await _marked(call, who, {kind: params["eventId"]}, thread)
    return {}


async def _markers(call: Call) -> Object:
    """All at once (Matrix v1.19 Client-Server §POST /read_markers)."""
    body, who = await call.json(optional=True), me(call)
    wanted = {kind: body[kind] for kind in (*_READ, "m.fully_read") if kind in body}
    if not all(isinstance(each, str) for each in wanted.values()):
        raise BadMatrix("Not an event", errcode="M_INVALID_PARAM")
    await _marked(call, who, wanted, None)
    return {}


async def _marked(call: Call, who: Me, wanted: dict[str, str], thread: str | None) -> None:
    room_id = call.params["roomId"]
    for room, receipt in await rooms(call).write(lambda writing: _mark(writing, who, room_id, wanted, thread)):
        await telling.tell(call.server, room, receipt)


async def _mark(
    writing: Writing, who: Me, room_id: str, wanted: dict[str, str], thread: str | None
) -> list[tuple[Room, Receipt]]:
    told = []
    for kind, event_id in wanted.items():
        if kind == "m.fully_read":
            await receipts.mark(writing, who, room_id, event_id)
        elif said := await receipts.put(writing, who, room_id, cast("Kind", kind), event_id, thread):
            told.append(said)
    return told


ENDPOINTS = (
    Endpoint("PUT", "/client/v3/rooms/{roomId}/send/{type}/{txnId}", _send, rate="events"),
    Endpoint("PUT", "/client/v3/rooms/{roomId}/state/{type}", _state, rate="events", acts=True),
    Endpoint("PUT", "/client/v3/rooms/{roomId}/state/{type}/", _state, rate="events", acts=True),
    Endpoint("PUT", "/client/v3/rooms/{roomId}/state/{type}/{key}", _state, rate="events", acts=True),
    Endpoint("PUT", "/client/v3/rooms/{roomId}/redact/{eventId}/{txnId}", _redact, rate="events"),
    Endpoint("PUT", "/client/v3/rooms/{roomId}/typing/{userId}", _typing, acts=True),
    Endpoint("POST", "/client/v3/rooms/{roomId}/receipt/{type}/{eventId}", _receipt),
    Endpoint("POST", "/client/v3/rooms/{roomId}/read_markers", _markers),
)
