"""POST /search: the search of the house, asked for what was said in rooms (Matrix v1.19 Client-Server §Server Side
Search). What it finds is what the one who asks may read there at that moment."""

from typing import Any

from parvis.chat.client.call import Call, Endpoint
from parvis.chat.client.rooms.asking import me
from parvis.chat.rooms import history, showing, store, tokens
from parvis.chat.rooms.model import EVENT, Me, Room, Stored
from parvis.search.request import Filters, Hit, SearchRequest
from parvis.search.service import Search
from parvis.wire.matrix import filters
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.filters import RoomEventFilter, Sieve

_MOST = 100
_MOST_ROOMS = 500
_MOST_CONTEXT = 20
_LEFT_OUT = 4
"""How many times as many are looked for as are wanted, since what only its room's name or its speaker's name has in
common with the words is left out: nobody said it."""


async def _search(call: Call) -> Object:
    body = await call.json()
    wanted = _part(_part(body, "search_categories"), "room_events")
    if not wanted:
        return {"search_categories": {}}
    limits = filters.read_room_events(_part(wanted, "filter"))
    said = await _said(call, wanted, limits)
    ranks = {hit.object_id: hit.score for hit in said}
    sieve, results = Sieve(limits), []
    events = await store.by_numbers(call.store.db, ranks)
    rooms = await store.rooms_by_ids(call.store.db, sorted({each.room for each in events.values()}))
    for number in ranks:
        stored = events.get(number)
        if (
            stored is None
            or not sieve.takes_room(rooms[stored.room].room_id)
            or not sieve.takes(stored.event.source)
        ):
            continue
        told = await _told(call, me(call), rooms[stored.room], stored, _part(wanted, "event_context"))
        if told is not None:
            results.append({"rank": ranks[number], **told})
    marked = {hit.text[start:end].lower() for hit in said for start, end in hit.marks}
    answer = {"count": len(results), "highlights": sorted(marked), "results": results}
    return {"search_categories": {"room_events": answer}}


async def _said(call: Call, wanted: Object, limits: RoomEventFilter) -> list[Hit]:
    """What was said with the words, in the rooms that are meant: as many as are wanted. Raises BadMatrix."""
    term, order = wanted.get("search_term"), wanted.get("order_by", "rank")
    if not isinstance(term, str) or order not in ("rank", "recent"):
        raise BadMatrix("Not a search", errcode="M_INVALID_PARAM", field="search_term")
    scopes: list[int] = []
    if limits.rooms is not None:
        named = limits.rooms[:_MOST_ROOMS]
        scopes = await store.numbers_of(call.store.db, named) if named else []
        if not scopes:
            return []
    most = min(limits.limit or 10, _MOST)
    request = SearchRequest(
        text=term,
        kinds=(EVENT,),
        accounts=(call.server.account_id,),
        filters=Filters(scopes=tuple(scopes)),
        limit=most * _LEFT_OUT,
        mode="text",
        order="newest" if order == "recent" else "relevance",
    )
    found = await call.server.context.need(Search).query(call.who, request)
    return [hit for hit in found.hits if hit.marks][:most]


async def _told(call: Call, who: Me, room: Room, stored: Stored, around: Object) -> Object | None:
    """One of what was found, with what stands around it when that was asked for."""
    db = call.store.db
    seen = await history.sight(db, room, who.user_id)
    if stored.redacted_by or not seen.sees(stored):
        return None
    told: Object = {"result": (await showing.shown(db, who, [stored]))[0]}
    if around:
        before, after = (_number(around, name) for name in ("before_limit", "after_limit"))
        place = stored.stream
        earlier = await history.page(db, room, seen, back=True, start=place - 1, end=None, limit=before)
        later = await history.page(db, room, seen, back=False, start=place, end=None, limit=after)
        told["context"] = {
            "events_before": await showing.shown(db, who, earlier.events),
            "events_after": await showing.shown(db, who, later.events),
            "start": tokens.behind((earlier.events[-1].stream if earlier.events else place) - 1),
            "end": tokens.behind(later.events[-1].stream if later.events else place),
        }
    return told


def _part(body: Object, name: str) -> Object:
    found: Any = body.get(name, {})
    if not isinstance(found, dict):
        raise BadMatrix("Not an object", errcode="M_BAD_JSON", field=name)
    return found


def _number(body: Object, name: str) -> int:
    found = body.get(name, 5)
    if type(found) is not int or found < 0:
        raise BadMatrix("Not a number", errcode="M_INVALID_PARAM", field=name)
    return max(1, min(found, _MOST_CONTEXT))


ENDPOINTS = (Endpoint("POST", "/client/v3/search", _search),)
