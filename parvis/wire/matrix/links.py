"""Links to users, rooms and events: `matrix:u/ann:example.org` and `https://matrix.to/#/@ann:example.org` (Matrix
v1.19 Appendices §URIs)."""

from collections.abc import Iterable
from typing import Literal, Never
from urllib.parse import quote, unquote

import msgspec

from . import identifiers
from .errors import BadMatrix

LENGTH_LIMIT = 4_000
_VIA_LIMIT = 20
_TO = "https://matrix.to/#/"
_TYPES = {"u": "@", "user": "@", "r": "#", "room": "#", "roomid": "!"}
_WRITTEN = {"@": "u", "#": "r", "!": "roomid"}
_UNRESERVED = "-._~!$'()*,;=:@"
"""What stands in a path as it is, besides letters and digits (RFC 3986 §3.3); `&` and `+` would be read by some as
those of a query."""


class Link(msgspec.Struct, frozen=True):
    """What a link names."""

    target: str
    """A user, a room alias or a room."""
    event_id: str = ""
    via: tuple[str, ...] = ()
    """Servers that know the room."""
    action: Literal["", "join", "chat"] = ""


def parse(text: str) -> Link:
    """Reads a link of either kind; what it says besides is left out. Raises BadMatrix."""
    if len(text) > LENGTH_LIMIT:
        _bad()
    if text.startswith(_TO):
        path, _, query = text.removeprefix(_TO).partition("?")
        target, _, event = path.partition("/")
        return _link(_decoded(target), _decoded(event.partition("/")[0]), query)
    scheme, colon, rest = text.partition(":")
    if not colon or scheme.lower() != "matrix":
        _bad()
    path, _, query = rest.partition("#")[0].partition("?")
    if path.startswith("//"):
        path = path[2:].partition("/")[2]
    parts = [_decoded(part) for part in path.split("/")]
    if len(parts) not in (2, 4) or parts[0] not in _TYPES or (len(parts) == 4 and parts[2] not in ("e", "event")):
        _bad()
    return _link(_TYPES[parts[0]] + parts[1], f"${parts[3]}" if len(parts) == 4 else "", query)


def write(link: Link) -> str:
    """As `matrix:` (Matrix v1.19 Appendices §Matrix URI scheme)."""
    path = f"{_WRITTEN[link.target[0]]}/{quote(link.target[1:], _UNRESERVED)}"
    if link.event_id:
        path += f"/e/{quote(link.event_id[1:], _UNRESERVED)}"
    return f"matrix:{path}{_query(link)}"


def write_to(link: Link) -> str:
    """As `https://matrix.to` (Matrix v1.19 Appendices §matrix.to navigation)."""
    path = quote(link.target, _UNRESERVED)
    if link.event_id:
        path += f"/{quote(link.event_id, _UNRESERVED)}"
    return _TO + path + _query(msgspec.structs.replace(link, action=""))


def _query(link: Link) -> str:
    items = [f"action={link.action}"] if link.action else []
    items += [f"via={quote(server, '[]:')}" for server in link.via]
    return "?" + "&".join(items) if items else ""


def _link(target: str, event: str, query: str) -> Link:
    if target[:1] == "@" and not event:
        identifiers.user_id(target, "link")
    elif target[:1] == "#":
        identifiers.room_alias(target, "link")
    else:
        identifiers.room_id(target, "link")
    if event:
        identifiers.event_id(event, "link")
    items = [item.partition("=") for item in query.split("&")]
    via = _via(_decoded(value) for name, _, value in items if name == "via")
    action = next((value for name, _, value in items if name == "action"), "")
    if action == "join" and target[0] != "@":
        return Link(target, event, via, "join")
    return Link(target, event, via, "chat" if action == "chat" and target[0] == "@" else "")


def _via(servers: Iterable[str]) -> tuple[str, ...]:
    found: list[str] = []
    for server in servers:
        identifiers.server_name(server, "via")
        if server not in found and len(found) < _VIA_LIMIT:
            found.append(server)
    return tuple(found)


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        _bad()


def _bad() -> Never:
    raise BadMatrix("Not a link to something of Matrix", errcode="M_INVALID_PARAM", field="link")
