"""Reading rooms (Matrix v1.19 Client-Server §Getting events for a room, §Event context)."""

from parvis.chat.client.call import Call, Endpoint, number
from parvis.chat.client.rooms.asking import back, me, room_filter, rooms, stream
from parvis.chat.rooms import history, members, showing, store, tokens
from parvis.chat.rooms.model import Me, Page, Room, Stored
from parvis.kernel.errors import Forbidden, NotFound
from parvis.serve.http.exchange import Response, answer
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.filters import RoomEventFilter, Sieve

_MOST = 100


async def _room(call: Call) -> tuple[Me, Room]:
    who = me(call)
    return who, await store.require(call.store.db, who.principal, call.params["roomId"])


async def _messages(call: Call) -> Object:
    who, room = await _room(call)
    wanted, backwards = room_filter(call), back(call)
    page = await _page(call, who, room, wanted, backwards)
    abroad = rooms(call).abroad if room.others else None
    if backwards and page.end is None and abroad is not None and await abroad.fill(room):
        page = await _page(call, who, room, wanted, backwards)
    start = page.start
    if not call.query.get("from"):
        start = tokens.behind(await rooms(call).position() if backwards else 0)
    answer: Object = {
        "chunk": await showing.shown(call.store.db, who, page.events),
        "start": call.query.get("from") or start,
    }
    if page.end is not None:
        answer["end"] = page.end
    if wanted.lazy_load_members:
        answer["state"] = await _senders(call, who, room, page.events)
    return answer


async def _page(call: Call, who: Me, room: Room, wanted: RoomEventFilter, backwards: bool) -> Page:
    return await history.page(
        call.store.db,
        room,
        await history.sight(call.store.db, room, who.user_id),
        back=backwards,
        start=stream(call, "from"),
        end=stream(call, "to"),
        limit=min(number(call.query, "limit", 10, _MOST, 1), wanted.limit or _MOST),
        sieve=Sieve(wanted),
    )


async def _senders(call: Call, who: Me, room: Room, events: list[Stored]) -> list[Object]:
    users = sorted({each.event.sender for each in events})
    members = await store.state(call.store.db, room.id, [("m.room.member", user) for user in users])
    return await showing.shown(call.store.db, who, list(members.values()))


async def _event(call: Call) -> Object:
    try:
        who, room = await _room(call)
    except Forbidden:  # Matrix v1.19 Client-Server §GET /rooms/{roomId}/event/{eventId}
        raise NotFound("no such event") from None
    stored = await history.one(call.store.db, room, who.user_id, call.params["eventId"])
    return (await showing.shown(call.store.db, who, [stored]))[0]


async def _context(call: Call) -> Object:
    who, room = await _room(call)
    db, limit = call.store.db, number(call.query, "limit", 10, _MOST)
    wanted: RoomEventFilter = room_filter(call)
    stored = await store.event_of(db, room, call.params["eventId"])
    seen = await history.sight(db, room, who.user_id)
    if not seen.sees(stored):
        raise NotFound("no such event")
    sieve, place = Sieve(wanted), stored.stream
    half = max(1, limit // 2)
    before = await history.page(db, room, seen, back=True, start=place - 1, end=None, limit=half, sieve=sieve)
    after = await history.page(db, room, seen, back=False, start=place, end=None, limit=half, sieve=sieve)
    earlier, later = (before.events, after.events) if limit else ([], [])
    last = later[-1].stream if later else place
    state = await store.state_at(db, room.id, last, without_members=wanted.lazy_load_members)
    if wanted.lazy_load_members:
        users = sorted({each.event.sender for each in (*earlier, stored, *later)})
        state += (await store.state(db, room.id, [("m.room.member", user) for user in users])).values()
    shown = await showing.shown(db, who, [*earlier, stored, *later])
    cut = len(earlier)
    return {
        "start": tokens.behind((earlier[-1].stream if earlier else place) - 1),
        "end": tokens.behind(last),
        "event": shown[cut],
        "events_before": shown[:cut],
        "events_after": shown[cut + 1 :],
        "state": await showing.shown(db, who, state),
    }


async def _timestamp(call: Call) -> Object:
    who, room = await _room(call)
    if "ts" not in call.query:
        raise BadMatrix("ts is missing", errcode="M_MISSING_PARAM", field="ts")
    seen = await history.sight(call.store.db, room, who.user_id)
    ts = number(call.query, "ts", 0, 2**53)
    found = await history.at_time(call.store.db, room, seen, ts, back=back(call, "f"))
    return {"event_id": found.event_id, "origin_server_ts": found.event.origin_server_ts}


async def _state(call: Call) -> Response:
    who, room = await _room(call)
    found = await showing.shown(call.store.db, who, await store.whole_state(call.store.db, room.id))
    return answer(found)


async def _one_state(call: Call) -> Object:
    who, room = await _room(call)
    key = (call.params["type"], call.params.get("key", ""))
    found = await store.state(call.store.db, room.id, [key])
    if key not in found:
        raise NotFound("there is no such state")
    if call.query.get("format") == "event":
        return (await showing.shown(call.store.db, who, [found[key]]))[0]
    return found[key].event.content


async def _members(call: Call) -> Object:
    who, room = await _room(call)
    at, db = stream(call, "at"), call.store.db
    found = await store.state_at(db, room.id, at) if at is not None else await store.whole_state(db, room.id)
    only, not_only = call.query.get("membership"), call.query.get("not_membership")
    listed = [
        each
        for each in found
        if each.event.type == "m.room.member"
        and (only is None or each.event.membership == only)
        and (not_only is None or each.event.membership != not_only)
    ]
    return {"chunk": await showing.shown(db, who, listed)}


async def _joined_members(call: Call) -> Object:
    _, room = await _room(call)
    return {"joined": await members.joined(call.store.db, room.id)}


_ROOM = "/client/v3/rooms/{roomId}"
ENDPOINTS = (
    Endpoint("GET", f"{_ROOM}/messages", _messages),
    Endpoint("GET", f"{_ROOM}/event/{{eventId}}", _event),
    Endpoint("GET", f"{_ROOM}/context/{{eventId}}", _context),
    Endpoint("GET", "/client/v1/rooms/{roomId}/timestamp_to_event", _timestamp),
    Endpoint("GET", f"{_ROOM}/state", _state),
    Endpoint("GET", f"{_ROOM}/state/{{type}}", _one_state),
    Endpoint("GET", f"{_ROOM}/state/{{type}}/", _one_state),
    Endpoint("GET", f"{_ROOM}/state/{{type}}/{{key}}", _one_state),
    Endpoint("GET", f"{_ROOM}/members", _members),
    Endpoint("GET", f"{_ROOM}/joined_members", _joined_members),
)
