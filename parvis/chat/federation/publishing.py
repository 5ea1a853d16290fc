"""What anybody may know of this server: its keys, those of others that it vouches for, what it runs, and where it
is (Matrix v1.19 Server-Server §Retrieving server keys, §Server implementation)."""

import importlib.metadata
from urllib.parse import urlsplit

from parvis.chat.federation.contract import Endpoint, PeerCall
from parvis.chat.federation.keys import Kept
from parvis.chat.rooms.home import Home
from parvis.kernel import clock
from parvis.serve.context import Context
from parvis.wire.matrix import server_keys
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.server_keys import ServerKeys

_VALID_MS = server_keys.DAY_MS
_MOST_ASKED = 100
"""Servers in one question."""
_PORTS = {"https": 443, "http": 80}


def delegated(context: Context) -> str:
    """Where other servers find this one, as `/.well-known/matrix/server` tells it."""
    if address := context.settings.chat.federation.address:
        return address
    parts = urlsplit(context.public_url)
    host = parts.hostname or "localhost"
    return f"{f'[{host}]' if ':' in host else host}:{parts.port or _PORTS.get(parts.scheme, 443)}"


def ours(home: Home) -> Object:
    """Our keys, as of now."""
    return server_keys.published(home.name, [home.key], home.old_keys, clock.now_ms() + _VALID_MS)


async def _server(call: PeerCall) -> Object:
    return ours(call.federation.home)


async def _one(call: PeerCall) -> Object:
    """The keys of one server, whether or not it can be reached (Matrix v1.19 Server-Server §Querying Keys Through
    Another Server)."""
    until = call.query.get("minimum_valid_until_ts", "")
    wanted = int(until) if until.isascii() and until.isdigit() and len(until) < 16 else None
    return await _notarised(call, {call.params["serverName"]: {"": wanted}})


async def _query(call: PeerCall) -> Object:
    return await _notarised(call, server_keys.read_query(call.body))


async def _notarised(call: PeerCall, asked: dict[str, dict[str, int | None]]) -> Object:
    home, found = call.federation.home, list[ServerKeys]()
    if len(asked) > _MOST_ASKED:
        raise BadMatrix(f"More than {_MOST_ASKED} servers", errcode="M_TOO_LARGE", field="server_keys")
    for server, wanted in asked.items():
        if server == home.name:
            found.append(server_keys.read(ours(home)))
        elif call.federation.policy.allows(server):
            found += await _known(call, server, {key: until for key, until in wanted.items() if key} or {"": None})
    return server_keys.notarised(found, home.name, home.key)


async def _known(call: PeerCall, server: str, wanted: dict[str, int | None]) -> list[ServerKeys]:
    """What is known of a server's keys; it is asked where they are not, or not for long enough."""
    keys, now = call.federation.keyring, clock.now_ms()
    kept = await keys.of_server(server)
    if not kept or any(not _suffices(kept, key, now if until is None else until) for key, until in wanted.items()):
        await keys.refresh(server)
        kept = await keys.of_server(server)
    return [each.said for each in kept if "" in wanted or wanted.keys() & {*each.said.keys, *each.said.old_keys}]


def _suffices(kept: list[Kept], key_id: str, until_ms: int) -> bool:
    return any(
        (each.said.valid_until_ms >= until_ms and (not key_id or key_id in each.said.keys))
        or key_id in each.said.old_keys
        for each in kept
    )


async def _version(call: PeerCall) -> Object:
    return {"server": {"name": "Parvis", "version": importlib.metadata.version("parvis")}}


ENDPOINTS = (
    Endpoint("GET", "/key/v2/server", _server, auth="open"),
    Endpoint("GET", "/key/v2/server/{keyId}", _server, auth="open"),
    Endpoint("POST", "/key/v2/query", _query, auth="open"),
    Endpoint("GET", "/key/v2/query/{serverName}", _one, auth="open"),
    Endpoint("GET", "/key/v2/query/{serverName}/{keyId}", _one, auth="open"),
    Endpoint("GET", "/federation/v1/version", _version, auth="open"),
)
