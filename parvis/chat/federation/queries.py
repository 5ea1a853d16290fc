"""What servers ask of each other about people and rooms: profiles, names of rooms, lists of rooms (Matrix v1.19
Server-Server §Querying for information, §Published Room Directory). Both sides."""

from typing import Any

from parvis.chat.federation.contract import Endpoint, PeerCall, PeerError, path
from parvis.chat.federation.service import Federation
from parvis.chat.people import profiles
from parvis.chat.rooms import aliases, listing
from parvis.kernel.errors import NotFound, ParvisError
from parvis.wire.matrix import identifiers
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix

_PROFILE = path("federation", "v1", "query", "profile")
_DIRECTORY = path("federation", "v1", "query", "directory")
_PUBLIC = path("federation", "v1", "publicRooms")
_LIMIT = 70_000
"""Bytes of a profile (Matrix v1.19 Client-Server §Profiles) and what stands around it."""
_SECONDS = 10.0
_MOST_SERVERS = 50
_MOST_ROOMS = 100


async def _profile(call: PeerCall) -> Object:
    who = await call.server.users.principal(call.store.db, call.query.get("user_id", ""))
    if who is None:
        raise NotFound("no such user")
    found, field = (await profiles.of(call.store.db, [who]))[who.id], call.query.get("field", "")
    if not field:
        return dict(found)
    if field not in found:
        raise NotFound("there is nothing of that name")
    return {field: found[field]}


async def _directory(call: PeerCall) -> Object:
    alias = call.query.get("room_alias", "")
    identifiers.room_alias(alias)
    room = await aliases.find(call.store.db, alias)
    if room is None:
        raise NotFound("no such room")
    return {"room_id": room.room_id, "servers": [call.server.name]}


async def _public(call: PeerCall) -> Object:
    limit = call.query.get("limit", "")
    most = int(limit) if limit.isascii() and limit.isdigit() and len(limit) < 9 else _MOST_ROOMS
    return await _page(call, most, call.query.get("since", ""), {})


async def _search(call: PeerCall) -> Object:
    limit, since, wanted = (call.body.get(name) for name in ("limit", "since", "filter"))
    most = limit if type(limit) is int else _MOST_ROOMS
    given = wanted if isinstance(wanted, dict) else {}
    return await _page(call, most, since if isinstance(since, str) else "", given)


async def _page(call: PeerCall, limit: int, since: str, wanted: Object) -> Object:
    term, types = wanted.get("generic_search_term"), wanted.get("room_types")
    return await listing.public(
        call.store.db,
        term=term if isinstance(term, str) else "",
        types=types if isinstance(types, list) else None,
        since=since,
        limit=max(1, min(limit, _MOST_ROOMS)),
    )


async def profile_of(federation: Federation, user_id: str, field: str = "") -> Object:
    """The profile of somebody of another server, or one field of it. Raises NotFound, Unavailable."""
    server = identifiers.user_id(user_id).server
    query = {"user_id": user_id} | ({"field": field} if field else {})
    found = await _asked(federation, server, _PROFILE, query)
    if field and field not in found:
        raise NotFound("there is nothing of that name")
    return {name: value for name, value in found.items() if not field or name == field}


async def room_of(federation: Federation, alias: str) -> tuple[str, list[str]]:
    """The room that another server has under a name, and servers that are in it. Raises NotFound, Unavailable."""
    server = identifiers.room_alias(alias).server
    found = await _asked(federation, server, _DIRECTORY, {"room_alias": alias})
    room_id, servers = found.get("room_id"), found.get("servers")
    try:
        identifiers.room_id(room_id)
    except BadMatrix:
        raise NotFound("no such room") from None
    named = [each for each in servers if isinstance(each, str)] if isinstance(servers, list) else []
    return str(room_id), list(dict.fromkeys([server, *named]))[:_MOST_SERVERS]


async def rooms_of(federation: Federation, server: str, body: Object) -> Object:
    """A page of the rooms that another server lists; `body` as clients ask for it. Raises NotFound, Unavailable."""
    try:
        found = await federation.peers.post(server, _PUBLIC, body, limit=1_000_000, seconds=_SECONDS)
    except PeerError as error:
        raise _told(error) from error
    chunk = found.get("chunk") if isinstance(found, dict) else None
    shown = [each for each in chunk if isinstance(each, dict)] if isinstance(chunk, list) else []
    answer: Object = {"chunk": shown[:_MOST_ROOMS]}
    for name, kind in (("next_batch", str), ("prev_batch", str), ("total_room_count_estimate", int)):
        if type(found.get(name)) is kind:
            answer[name] = found[name]
    return answer


async def _asked(federation: Federation, server: str, where: str, query: dict[str, str]) -> dict[str, Any]:
    try:
        found = await federation.peers.get(server, where, query, limit=_LIMIT, seconds=_SECONDS)
    except PeerError as error:
        raise _told(error) from error
    return found if isinstance(found, dict) else {}


def _told(error: PeerError) -> ParvisError:
    """What clients are told where another server refuses."""
    return NotFound(error.sentence) if error.status in (403, 404) else error


ENDPOINTS = (
    Endpoint("GET", "/federation/v1/query/profile", _profile),
    Endpoint("GET", "/federation/v1/query/directory", _directory),
    Endpoint("GET", "/federation/v1/publicRooms", _public),
    Endpoint("POST", "/federation/v1/publicRooms", _search),
)
