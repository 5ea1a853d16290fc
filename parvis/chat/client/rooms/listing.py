"""Finding rooms: names, the public list, spaces, and reports (Matrix v1.19 Client-Server §Room aliases, §Published
room directory, §Spaces, §Reporting Content)."""

from typing import Any

from parvis.access.principal import Right
from parvis.chat.client.call import Call, Endpoint, number, text
from parvis.chat.client.rooms.asking import me, reason, rooms
from parvis.chat.federation import queries
from parvis.chat.people import reports
from parvis.chat.rooms import aliases, history, joining, listing, sharing, store
from parvis.chat.rooms.writing import Writing
from parvis.kernel.errors import Forbidden
from parvis.wire.matrix import identifiers
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.powers import CREATE, POWER_LEVELS, PowerLevels


async def _alias(call: Call) -> Object:
    alias = call.params["alias"]
    if identifiers.room_alias(alias).server != call.server.name:
        room_id, servers = await queries.room_of(call.federation, alias)
        return {"room_id": room_id, "servers": servers}
    room = await joining.named(call.store.db, alias)
    return {"room_id": room.room_id, "servers": [call.server.name]}


async def _put_alias(call: Call) -> Object:
    body, who = await call.json(), me(call)
    room_id = text(body, "room_id", limit=255)

    async def work(writing: Writing) -> None:
        room = await store.require(writing.unit, who.principal, room_id, Right.WRITE)
        await aliases.put(writing, who, call.params["alias"], room)

    await rooms(call).write(work)
    return {}


async def _delete_alias(call: Call) -> Object:
    who = me(call)
    await rooms(call).write(lambda writing: aliases.remove(writing, who, call.params["alias"]))
    return {}


async def _aliases(call: Call) -> Object:
    room = await store.require(call.store.db, call.who, call.params["roomId"])
    return {"aliases": await aliases.of_room(call.store.db, room.id)}


async def _public(call: Call) -> Object:
    query = call.query
    return await _page(
        call, number(query, "limit", 50, 100, 1), query.get("since", ""), {}, query.get("server", "")
    )


async def _search_public(call: Call) -> Object:
    body = await call.json(optional=True)
    limit, since, wanted = body.get("limit", 50), body.get("since") or "", body.get("filter") or {}
    if type(limit) is not int or not isinstance(since, str) or not isinstance(wanted, dict):
        raise BadMatrix("Not a search", errcode="M_INVALID_PARAM")
    return await _page(call, max(1, min(limit, 100)), since, wanted, call.query.get("server", ""))


async def _page(call: Call, limit: int, since: str, wanted: dict[str, Any], server: str) -> Object:
    if server not in ("", call.server.name):
        asked: Object = {"limit": limit, "filter": wanted} | ({"since": since} if since else {})
        return await queries.rooms_of(call.federation, server, asked)
    term, types = wanted.get("generic_search_term", ""), wanted.get("room_types")
    if not isinstance(term, str) or not (types is None or isinstance(types, list)):
        raise BadMatrix("Not a filter", errcode="M_INVALID_PARAM", field="filter")
    return await listing.public(call.store.db, term=term, types=types, since=since, limit=limit)


async def _listed(call: Call) -> Object:
    room = await joining.named(call.store.db, call.params["roomId"])
    return {"visibility": "public" if room.listed else "private"}


async def _list(call: Call) -> Object:
    body, who = await call.json(), me(call)
    wanted = body.get("visibility", "public")
    if wanted not in ("public", "private"):
        raise BadMatrix("Neither public nor private", errcode="M_INVALID_PARAM", field="visibility")

    async def work(writing: Writing) -> None:
        room = await store.require(writing.unit, who.principal, call.params["roomId"], Right.WRITE)
        state = store.as_state((await store.state(writing.unit, room.id, [CREATE, POWER_LEVELS])).values())
        levels = PowerLevels.of(state, room.version)
        if levels.user(who.user_id) < levels.needed("m.room.canonical_alias", state=True):
            raise Forbidden("too little power to list the room")
        await writing.unit.run("UPDATE chat_room SET listed = ? WHERE id = ?", int(wanted == "public"), room.id)

    await rooms(call).write(work)
    return {}


async def _summary(call: Call) -> Object:
    room = await joining.named(call.store.db, call.params["room"])
    return await listing.summary(call.store.db, me(call), room)


async def _hierarchy(call: Call) -> Object:
    room = await joining.named(call.store.db, call.params["roomId"])
    return await listing.hierarchy(
        call.store.db,
        me(call),
        room,
        suggested=call.query.get("suggested_only") == "true",
        depth=number(call.query, "max_depth", 5, 10),
        since=call.query.get("from", ""),
        limit=number(call.query, "limit", 50, 50, 1),
    )


async def _report(call: Call) -> Object:
    """Kept for the administration: of an event, or of the whole room."""
    body, who = await call.json(optional=True), me(call)
    event_id, why = call.params.get("eventId", ""), reason(body)
    room = await store.require(call.store.db, who.principal, call.params["roomId"])
    if event_id:
        await history.one(call.store.db, room, who.user_id, event_id)
    await reports.keep(call.store, who.principal, why, room=room.id, event_id=event_id)
    return {}


async def _mutual(call: Call) -> Object:
    """Matrix v1.19 Client-Server §GET /mutual_rooms"""
    other, limit = call.query.get("user_id", ""), 100
    if identifiers.user_id(other, "user_id") and other == call.user_id:
        raise BadMatrix("That is you yourself", errcode="M_INVALID_PARAM", field="user_id")
    found, count = await sharing.mutual(call.store.db, call.who, other, call.query.get("from", ""), limit + 1)
    more = {"next_batch": found[limit - 1]} if len(found) > limit else {}
    return {"joined": found[:limit], "count": count, **more}


ENDPOINTS = (
    Endpoint("GET", "/client/v3/directory/room/{alias}", _alias),
    Endpoint("PUT", "/client/v3/directory/room/{alias}", _put_alias, acts=True),
    Endpoint("DELETE", "/client/v3/directory/room/{alias}", _delete_alias, acts=True),
    Endpoint("GET", "/client/v3/rooms/{roomId}/aliases", _aliases),
    Endpoint("GET", "/client/v3/publicRooms", _public),
    Endpoint("POST", "/client/v3/publicRooms", _search_public),
    Endpoint("GET", "/client/v3/directory/list/room/{roomId}", _listed),
    Endpoint("PUT", "/client/v3/directory/list/room/{roomId}", _list, acts=True),
    Endpoint("GET", "/client/v1/room_summary/{room}", _summary),
    # Where matrix-js-sdk looks (Cinny, Element): the address before it was specified.
    Endpoint("GET", "/client/unstable/im.nheko.summary/summary/{room}", _summary),
    Endpoint("GET", "/client/v1/rooms/{roomId}/hierarchy", _hierarchy),
    Endpoint("GET", "/client/v1/mutual_rooms", _mutual),
    Endpoint("POST", "/client/v3/rooms/{roomId}/report/{eventId}", _report),
    Endpoint("POST", "/client/v3/rooms/{roomId}/report", _report),
)
