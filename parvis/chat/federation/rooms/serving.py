"""What other servers ask about rooms (Matrix v1.19 Server-Server §Retrieving events, §Backfilling and retrieving
missing events)."""

from collections.abc import Iterable

from parvis.chat.federation.contract import Endpoint, PeerCall
from parvis.chat.federation.rooms.checking import named
from parvis.chat.federation.rooms.visible import for_server, shared
from parvis.chat.rooms import states, store
from parvis.chat.rooms.chains import chains, named_by
from parvis.chat.rooms.model import NOWHERE, Room, Stored
from parvis.chat.rooms.states import View
from parvis.kernel import clock
from parvis.kernel.errors import NotFound
from parvis.store.sql.contract import marks
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix

_MOST_BACKFILL = 100
_MOST_MISSING = 50
_MOST_ENDS = 20


async def _event(call: PeerCall) -> Object:
    db, name = call.store.db, call.params["eventId"]
    room_id = await db.value(
        "SELECT r.room_id FROM chat_event e JOIN chat_room r ON r.id = e.room WHERE e.event_id = ?", name
    )
    if room_id is None:
        raise NotFound("no such event")
    await call.federation.acls.check(room_id, call.origin)
    room = await shared(db, room_id, call.origin)
    stored = (await store.by_event_ids(db, room.id, [name]))[name]
    if stored.rejected:
        raise NotFound("no such event")
    return _transaction(call, await for_server(db, room, call.origin, [stored]))


def _transaction(call: PeerCall, pdus: list[Object]) -> Object:
    return {"origin": call.server.name, "origin_server_ts": clock.now_ms(), "pdus": pdus}


async def _before(call: PeerCall) -> tuple[Room, View]:
    """The room, and what held before the event in the query."""
    db, name = call.store.db, call.query.get("event_id", "")
    if not name:
        raise BadMatrix("event_id is missing", errcode="M_MISSING_PARAM", field="event_id")
    room = await shared(db, call.params["roomId"], call.origin)
    stored = (await store.by_event_ids(db, room.id, [name])).get(name)
    view = None if stored is None or stored.rejected else await states.before(db, stored)
    if view is None:
        raise NotFound("what held before this event is not known here")
    return room, view


async def _state_of(call: PeerCall) -> tuple[dict[str, Stored], dict[str, Stored]]:
    """The events of a state, and those that allow them."""
    room, view = await _before(call)
    db = call.store.db
    found = await store.by_numbers(db, (await states.whole(db, room.id, view)).values())
    state = {each.event_id: each for each in found.values()}
    auth = await chains(db, room, {name for each in state.values() for name in named_by(each.event)})
    return state, auth


async def _state(call: PeerCall) -> Object:
    state, auth = await _state_of(call)
    return {
        "pdus": [each.event.source for each in state.values()],
        "auth_chain": [each.event.source for each in auth.values()],
    }


async def _state_ids(call: PeerCall) -> Object:
    state, auth = await _state_of(call)
    return {"pdu_ids": [*state], "auth_chain_ids": [*auth]}


async def _auth(call: PeerCall) -> Object:
    db, name = call.store.db, call.params["eventId"]
    room = await shared(db, call.params["roomId"], call.origin)
    stored = (await store.by_event_ids(db, room.id, [name])).get(name)
    if stored is None:
        raise NotFound("no such event")
    auth = await chains(db, room, named_by(stored.event))
    return {"auth_chain": [each.event.source for each in auth.values()]}


async def _backfill(call: PeerCall) -> Object:
    db = call.store.db
    room = await shared(db, call.params["roomId"], call.origin)
    ends = call.values("v")[:_MOST_ENDS]
    known = await store.by_event_ids(db, room.id, ends)
    last = max((each.stream for each in known.values() if each.placed), default=None)
    if last is None:
        return _transaction(call, [])
    limit = max(1, min(_number(call, "limit"), _MOST_BACKFILL))
    found = await store.select(
        db, "e.room = ? AND e.stream <= ? AND e.stream > ? ORDER BY e.stream DESC LIMIT ?",
        room.id, last, NOWHERE, limit,
    )  # fmt: skip
    return _transaction(call, await for_server(db, room, call.origin, found))


def _number(call: PeerCall, name: str) -> int:
    text = call.query.get(name, "")
    if not (text.isascii() and text.isdigit()) or len(text) > 15:
        raise BadMatrix(f"{name} is no number", errcode="M_INVALID_PARAM", field=name)
    return int(text)


async def _missing(call: PeerCall) -> Object:
    db, body = call.store.db, call.body
    room = await shared(db, call.params["roomId"], call.origin)
    earliest, latest = set(named(body, "earliest_events", 1_000)), named(body, "latest_events", 100)
    limit, depth = body.get("limit", 10), body.get("min_depth", 0)
    if type(limit) is not int or type(depth) is not int:
        raise BadMatrix("Not a number", errcode="M_INVALID_PARAM", field="limit")
    found: dict[str, Stored] = {}
    seen, wanted = earliest | set(latest), set[str]()
    for each in (await store.by_event_ids(db, room.id, latest)).values():
        wanted.update(each.event.prev_events)
    while (wanted := wanted - seen) and len(found) < min(limit, _MOST_MISSING):
        seen |= wanted
        some = await _usable(db, (await store.by_event_ids(db, room.id, wanted)).values())
        kept = [each for each in some if each.event.depth >= depth]
        found |= {each.event_id: each for each in kept}
        wanted = {name for each in kept for name in each.event.prev_events}
    newest = sorted(found.values(), key=lambda each: -each.event.depth)[: min(max(0, limit), _MOST_MISSING)]
    return {"events": await for_server(db, room, call.origin, newest[::-1])}


async def _usable(db: store.Reader, events: Iterable[Stored]) -> list[Stored]:
    """Those that have a place in the room's graph, and were allowed."""
    good = [each for each in events if not each.rejected]
    hidden = [each.id for each in good if not each.placed]
    if not hidden:
        return good
    rows = await db.rows(f"SELECT event FROM chat_branch WHERE event IN {marks(len(hidden))}", *hidden)
    branched = {number for (number,) in rows}
    return [each for each in good if each.placed or each.id in branched]


async def _timestamp(call: PeerCall) -> Object:
    db, room_id = call.store.db, call.params["roomId"]
    room = await shared(db, room_id, call.origin)
    back = call.query.get("dir") == "b"
    way, order = ("<=", "DESC") if back else (">=", "ASC")
    found = await store.select(
        db,
        f"""e.room = ? AND e.origin_ms {way} ? AND e.stream > ? ORDER BY e.origin_ms {order}, e.stream {order}
        LIMIT 1""",
        room.id, _number(call, "ts"), NOWHERE,
    )  # fmt: skip
    if not found:
        raise NotFound("there is no event in that direction")
    return {"event_id": found[0].event_id, "origin_server_ts": found[0].event.origin_server_ts}


ENDPOINTS = (
    Endpoint("GET", "/federation/v1/event/{eventId}", _event),
    Endpoint("GET", "/federation/v1/state/{roomId}", _state, room="roomId"),
    Endpoint("GET", "/federation/v1/state_ids/{roomId}", _state_ids, room="roomId"),
    Endpoint("GET", "/federation/v1/event_auth/{roomId}/{eventId}", _auth, room="roomId"),
    Endpoint("GET", "/federation/v1/backfill/{roomId}", _backfill, room="roomId"),
    Endpoint("POST", "/federation/v1/get_missing_events/{roomId}", _missing, room="roomId"),
    Endpoint("GET", "/federation/v1/timestamp_to_event/{roomId}", _timestamp, room="roomId"),
)
