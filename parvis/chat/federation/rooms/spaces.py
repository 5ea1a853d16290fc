"""Spaces as other servers see them (Matrix v1.19 Server-Server §Spaces)."""

from parvis.chat.federation.contract import Endpoint, PeerCall
from parvis.chat.federation.rooms.visible import room_of
from parvis.chat.rooms import listing, store
from parvis.chat.rooms.model import Room
from parvis.kernel.errors import NotFound
from parvis.store.sql.contract import marks
from parvis.wire.matrix.canonical import Object

_OPEN = ("public", "knock", "knock_restricted")
_PRESENT = """SELECT r.room_id FROM chat_room r JOIN chat_room_server s ON s.room = r.id AND s.server = ?
AND s.joined > 0 WHERE r.room_id IN """


async def _hierarchy(call: PeerCall) -> Object:
    """A room with the rooms in it, one level deep. At most five statements, and three for each room in it."""
    db = call.store.db
    room = await room_of(db, call.params["roomId"])
    if not await _may_know(call, room):
        raise NotFound("this server is not in such a room")
    suggested = call.query.get("suggested_only") == "true"
    children = await listing.children(db, room, suggested) if room.type == "m.space" else []
    known, hidden = [], []
    for room_id, _ in children:
        child = await store.room_named(db, room_id)
        if child is not None and await _may_know(call, child):
            known.append(child)
        elif child is not None:
            hidden.append(room_id)
    shown = [
        {**chunk, **await _allowed(db, each)}
        for each, chunk in zip([room, *known], await listing.chunks(db, [room, *known]), strict=True)
    ]
    shown[0]["children_state"] = [told for _, told in children]
    return {"room": shown[0], "children": shown[1:], "inaccessible_children": hidden}


async def _may_know(call: PeerCall, room: Room) -> bool:
    """Whether another server may know of a room: some of its users could join or are there."""
    if room.join_rule in _OPEN or room.listed:
        return True
    wanted = [room.room_id, *(await _allowed(call.store.db, room)).get("allowed_room_ids", [])]
    found = await call.store.db.value(f"{_PRESENT}{marks(len(wanted))} LIMIT 1", call.origin, *wanted)
    return found is not None


async def _allowed(db: store.Reader, room: Room) -> Object:
    """The rooms whose members may join."""
    if room.join_rule not in ("restricted", "knock_restricted"):
        return {}
    state = await store.state(db, room.id, [("m.room.join_rules", "")])
    allow = next(iter(state.values())).event.content.get("allow") if state else None
    names = [each.get("room_id") for each in allow if isinstance(each, dict)] if isinstance(allow, list) else []
    return {"allowed_room_ids": [name for name in names if isinstance(name, str)][:100]}


ENDPOINTS = (Endpoint("GET", "/federation/v1/hierarchy/{roomId}", _hierarchy, room="roomId"),)
