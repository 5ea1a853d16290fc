"""What a domain says about its server, and where a server is found (Matrix v1.19 Server-Server §Server discovery,
Client-Server §Server Discovery). Looking it up is done elsewhere."""

from typing import Literal
from urllib.parse import urlsplit

import msgspec

from . import canonical, identifiers
from .canonical import Object
from .errors import BadMatrix

SIZE_LIMIT = 51_200
"""Bytes of an answer that are read."""
PORT = 8448
HOUR_S = 3_600
CACHE_S, CACHE_MOST_S, CACHE_ERROR_S = 24 * HOUR_S, 48 * HOUR_S, HOUR_S
"""How long what `/.well-known/matrix/server` answered is kept: where the answer does not say it, at most, and where
it is an error."""


class Route(msgspec.Struct, frozen=True):
    """One way to a server. `srv` is the name of an SRV record that says host and port; where it is empty, `host`
    and `port` are said here. The next way is for when there is no such record."""

    host: str
    port: int
    header: str
    """The `Host` of requests."""
    certificate: str
    """The name, or address, that the server's certificate must be for."""
    srv: str = ""


def asks_domain(server: str) -> str:
    """The host that is asked for `/.well-known/matrix/server`; empty where none is, for the name says it all
    (Matrix v1.19 Server-Server §Resolving server names, 1 and 2). Raises BadMatrix."""
    name = identifiers.server_name(server)
    return "" if name.literal or name.port is not None else name.host


def routes(server: str, delegated: str = "") -> list[Route]:
    """The ways to a server, to be tried one after the other; `delegated` is what its domain answered, if it did
    (Matrix v1.19 Server-Server §Resolving server names). Raises BadMatrix."""
    text = delegated or server
    name = identifiers.server_name(text)
    if name.literal or name.port is not None:
        return [Route(name.host, name.port or PORT, text, name.host)]
    last = Route(name.host, PORT, name.host, name.host)
    services = ("_matrix-fed._tcp", "_matrix._tcp")
    found = [msgspec.structs.replace(last, srv=f"{service}.{name.host}") for service in services]
    return [*found, last]


def read_server(data: bytes) -> str:
    """The server that an answer of `/.well-known/matrix/server` delegates to. Raises BadMatrix."""
    value = canonical.decode(data, strict=False, limit=SIZE_LIMIT)
    server = value.get("m.server") if isinstance(value, dict) else None
    identifiers.server_name(server, "m.server")
    return str(server)


def server(delegated: str) -> Object:
    """The answer of `/.well-known/matrix/server`."""
    return {"m.server": delegated}


class Client(msgspec.Struct, frozen=True):
    """Where clients find a server."""

    base_url: str
    identity_server: str = ""


def read_client(data: bytes) -> Client:
    """Reads an answer of `/.well-known/matrix/client`. Raises BadMatrix."""
    value = canonical.decode(data, strict=False, limit=SIZE_LIMIT)
    base_url = _base_url(value, "m.homeserver")
    identity = _base_url(value, "m.identity_server") if "m.identity_server" in value else ""
    return Client(base_url, identity)


def client(base_url: str) -> Object:
    """The answer of `/.well-known/matrix/client`."""
    return {"m.homeserver": {"base_url": base_url}}


def _base_url(value: object, field: str) -> str:
    part = value.get(field) if isinstance(value, dict) else None
    url = part.get("base_url") if isinstance(part, dict) else None
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        valid = parts is not None and parts.scheme in ("https", "http") and bool(parts.hostname)
    except ValueError:
        valid = False
    if not valid or not isinstance(url, str):
        raise BadMatrix("Not a URL", errcode="M_INVALID_PARAM", field=field)
    return url.rstrip("/")


Role = Literal["m.role.admin", "m.role.security"]


class Contact(msgspec.Struct, frozen=True):
    """Whom to write to about a server; one of both addresses is there."""

    role: Role
    matrix_id: str = ""
    email_address: str = ""


def support(contacts: list[Contact], support_page: str = "") -> Object:
    """The answer of `/.well-known/matrix/support` (Matrix v1.19 Client-Server §Gets homeserver contacts and support
    details)."""
    told = [{name: text for name, text in msgspec.structs.asdict(each).items() if text} for each in contacts]
    found: Object = {"contacts": told} if told else {}
    if support_page:
        found["support_page"] = support_page
    return found
