"""People of other servers come into our rooms, leave them, knock; and ours are invited (Matrix v1.19 Server-Server
§Joining Rooms, §Knocking upon a room, §Leaving Rooms, §Inviting to a room)."""

from typing import Any

from parvis.chat.federation.contract import Endpoint, Handle, PeerCall
from parvis.chat.federation.rooms.checking import listed
from parvis.chat.federation.rooms.service import SharedRooms
from parvis.chat.federation.rooms.visible import room_of
from parvis.chat.rooms import append, invitations, joining, members, states, store
from parvis.chat.rooms.chains import chains, named_by
from parvis.chat.rooms.model import Draft, Room, Stored
from parvis.chat.rooms.stripping import STRIPPED
from parvis.chat.rooms.writing import Writing
from parvis.kernel.errors import Forbidden, NotFound
from parvis.serve.http.exchange import Response, answer
from parvis.wire.matrix import client_format, hashes
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.event import Event
from parvis.wire.matrix.identifiers import server_of
from parvis.wire.matrix.versions import supported

_WORDS = ("join", "leave", "knock")


def shared_rooms(call: PeerCall) -> SharedRooms:
    """Rooms that several servers share."""
    return call.server.context.need(SharedRooms)


def _make(word: str) -> Any:
    async def make(call: PeerCall) -> Object | Response:
        """A draft that the other server signs."""
        user, db = call.params["userId"], call.store.db
        call.only_theirs(user)
        room = await room_of(db, call.params["roomId"])
        if not room.joined:
            raise NotFound("nobody is in this room")
        if word != "leave" and room.version.id not in call.values("ver"):
            said = {"errcode": "M_INCOMPATIBLE_ROOM_VERSION", "error": "A room of another version"}
            return answer({**said, "room_version": room.version.id}, 400)

        async def work(writing: Writing) -> Object:
            locked = await append.locked(writing, room.room_id)
            content: Object = {"membership": word}
            if word == "join":
                content |= await _authorised(writing, locked, user)
            made, _ = await append.build(writing, locked, user, Draft("m.room.member", content, user), anew=True)
            assert made is not None
            return {name: value for name, value in made.source.items() if name not in ("hashes", "signatures")}

        return {"room_version": room.version.id, "event": await shared_rooms(call).rooms.write(work)}

    return make


async def _authorised(writing: Writing, room: Room, user: str) -> Object:
    """Who of ours lets somebody into a restricted room. Raises BadMatrix where nobody can."""
    if room.join_rule not in ("restricted", "knock_restricted") or await joining.present(writing, room, user):
        return {}
    found = await joining.authoriser(writing, user, room)
    if not found:
        raise BadMatrix("Nobody here can let them in", errcode="M_UNABLE_TO_AUTHORISE_JOIN")
    return {"join_authorised_via_users_server": found}


async def _taken(call: PeerCall, word: str) -> tuple[Room, Stored]:
    """Takes the event that the other server signed, and has it go to the others; once more, when its answer was
    lost, as long as it holds. Raises BadMatrix, Forbidden."""
    room = await room_of(call.store.db, call.params["roomId"])
    event = await _signed(call, room, word)
    async with shared_rooms(call).locks.of(room.room_id):
        placed = await shared_rooms(call).events.take(call.origin, room, event, relayed=True)
    if placed.verdict != "placed":
        raise Forbidden(placed.reason or "this is not allowed")
    if not placed.new and await joining.membership(call.store.db, room, event.sender) != word:
        raise Forbidden("it was so, and is over")
    return room, placed.stored


async def _signed(call: PeerCall, room: Room, word: str) -> Event:
    source, home = call.body, shared_rooms(call).rooms.home
    content = source.get("content")
    if not isinstance(content, dict) or content.get("membership") != word or source.get("type") != "m.room.member":
        raise BadMatrix("Not such a membership", errcode="M_INVALID_PARAM")
    authoriser = content.get("join_authorised_via_users_server")
    if isinstance(authoriser, str) and word == "join" and server_of(authoriser) == home.name:
        source = hashes.countersigned(source, room.version, home.name, home.key)
    event = await shared_rooms(call).checker.event(source, room.version)
    if event.event_id != call.params["eventId"] or event.room_id != room.room_id:
        raise BadMatrix("Not the event that is named", errcode="M_INVALID_PARAM")
    if event.state_key != event.sender or server_of(event.sender) != call.origin:
        raise BadMatrix("Not a user of the server that asks", errcode="M_FORBIDDEN")
    return event


async def _send_join(call: PeerCall) -> Object:
    room, stored = await _taken(call, "join")
    db = call.store.db
    view = await states.before(db, stored)
    assert view is not None
    state = await store.by_numbers(db, (await states.whole(db, room.id, view)).values())
    names = {each.event_id for each in state.values()}
    auth = await chains(db, room, {*names, *named_by(stored.event)})
    return {
        "origin": call.server.name,
        "event": client_format.for_federation(stored.event.source),
        "state": [each.event.source for each in state.values()],
        "auth_chain": [each.event.source for name, each in auth.items() if name not in names],
        "members_omitted": False,
        "servers_in_room": [call.server.name, *await members.servers(db, room.id)],
    }


async def _send_leave(call: PeerCall) -> Object:
    await _taken(call, "leave")
    return {}


async def _send_knock(call: PeerCall) -> Object:
    room, _ = await _taken(call, "knock")
    state = await store.state(call.store.db, room.id, [(kind, "") for kind in STRIPPED])
    return {"knock_room_state": [client_format.stripped(each.event) for each in state.values()]}


async def _invite(call: PeerCall) -> Object:
    body, home = call.body, shared_rooms(call).rooms.home
    version = supported(body.get("room_version"))
    told = listed(body, "invite_room_state", 1_000) if "invite_room_state" in body else []
    event = await shared_rooms(call).checker.event(body.get("event"), version)
    if event.event_id != call.params["eventId"] or event.room_id != call.params["roomId"]:
        raise BadMatrix("Not the event that is named", errcode="M_INVALID_PARAM")
    if event.type != "m.room.member" or event.membership != "invite" or server_of(event.sender) != call.origin:
        raise BadMatrix("Not an invitation of the server that asks", errcode="M_FORBIDDEN")
    if await home.users.principal(call.store.db, event.state_key or "") is None:
        raise NotFound("there is nobody of this name here")
    source = hashes.countersigned(event.source, version, home.name, home.key)
    signed = await shared_rooms(call).checker.event(source, version)

    async def work(writing: Writing) -> None:
        await invitations.note(writing, signed, told)

    async with shared_rooms(call).locks.of(event.room_id):
        await shared_rooms(call).rooms.write(work)
    return {"event": source}


def _older(handle: Handle) -> Handle:
    """The first form of an answer: a list of a status of HTTP and what is said (Matrix v1.19 Server-Server
    §PUT /v1/send_join)."""

    async def answered(call: PeerCall) -> list[Any]:
        return [200, await handle(call)]

    return answered


async def _older_invite(_: PeerCall) -> Object:
    """In its first form an invitation is to a room of version 1 or 2 (Matrix v1.19 Server-Server
    §PUT /v1/invite)."""
    raise BadMatrix("A room of another version", errcode="M_INCOMPATIBLE_ROOM_VERSION", room_version="1")


_BODY = 200_000
ENDPOINTS = (
    *(
        Endpoint("GET", f"/federation/v1/make_{word}/{{roomId}}/{{userId}}", _make(word), room="roomId")
        for word in _WORDS
    ),
    Endpoint("PUT", "/federation/v2/send_join/{roomId}/{eventId}", _send_join, room="roomId", limit=_BODY),
    Endpoint("PUT", "/federation/v2/send_leave/{roomId}/{eventId}", _send_leave, room="roomId", limit=_BODY),
    *(
        Endpoint("PUT", f"/federation/v1/{word}/{{roomId}}/{{eventId}}", _older(take), room="roomId", limit=_BODY)
        for word, take in (("send_join", _send_join), ("send_leave", _send_leave))
    ),
    Endpoint("PUT", "/federation/v1/send_knock/{roomId}/{eventId}", _send_knock, room="roomId", limit=_BODY),
    Endpoint("PUT", "/federation/v2/invite/{roomId}/{eventId}", _invite, room="roomId"),
    Endpoint("PUT", "/federation/v1/invite/{roomId}/{eventId}", _older_invite, room="roomId"),
)
