"""Names of servers, users, rooms, events, devices and media (Matrix v1.19 Appendices §Identifier Grammar). Each
function takes what anybody sent, gives its parts, and raises BadMatrix with `M_INVALID_PARAM` and the field's
name."""

import ipaddress
import re
from typing import NamedTuple, Never

from .errors import BadMatrix

LENGTH_LIMIT = 255
"""Bytes of an identifier, with its sigil."""

_SERVER = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))(?::(?P<port>[0-9]{1,5}))?",
    re.A,
)
_FOUR = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}", re.A)
_LOCALPART = re.compile(r"[a-z0-9._=/+-]+", re.A)
_GRAPHIC = re.compile(r"[!-~]+")
_LOOSE = re.compile("[^:\0\ud800-\udfff]*")
_OPAQUE = re.compile(r"[0-9A-Za-z._~-]{1,255}", re.A)
_HASH = re.compile(r"[A-Za-z0-9_-]{43}", re.A)
_MEDIA = re.compile(r"[A-Za-z0-9_-]{1,255}", re.A)
_NAMESPACED = re.compile(r"[a-z][a-z0-9_.-]{0,254}", re.A)
_VERSION = re.compile(r"[a-z0-9.-]{1,32}", re.A)


class ServerName(NamedTuple):
    """Where a homeserver is: a DNS name, or an address (of IPv6 without its brackets)."""

    host: str
    port: int | None
    literal: bool
    """Whether `host` is an address."""


class Name(NamedTuple):
    """An identifier that a server gave: what stands before the first colon, without the sigil, and the server."""

    localpart: str
    server: str


class Media(NamedTuple):
    """Something uploaded: `mxc://server/id`."""

    server: str
    media_id: str


def server_name(text: object, field: str = "server_name") -> ServerName:
    """Matrix v1.19 Appendices §Server Name"""
    match = _SERVER.fullmatch(text) if isinstance(text, str) and len(text) <= LENGTH_LIMIT else None
    if match is None:
        _bad("Not a server name", field)
    port = int(match["port"]) if match["port"] else None
    if port is not None and port > 65_535:
        _bad("There is no such port", field)
    if match["six"]:
        try:
            ipaddress.IPv6Address(match["six"])
        except ValueError:
            _bad("Not an address of IPv6", field)
        return ServerName(match["six"], port, True)
    host = match["name"]
    if _FOUR.fullmatch(host) is None:
        return ServerName(host, port, False)
    if any(int(part) > 255 for part in host.split(".")):
        _bad("Not an address of IPv4", field)
    return ServerName(host, port, True)


def user_id(text: object, field: str = "user_id", *, historical: bool = True) -> Name:
    """`@localpart:server`. Events may have senders of older grammar, even without a localpart; accounts that are
    made now may not (Matrix v1.19 Appendices §User Identifiers, §Historical User IDs)."""
    found = _name("@", text, field)
    if not historical and _LOCALPART.fullmatch(found.localpart) is None:
        _bad("A user's name has only a-z, 0-9 and ._=-/+", field)
    return found


def is_user_id(text: object) -> bool:
    """Whether somebody's event may name this user."""
    try:
        user_id(text)
    except BadMatrix:
        return False
    return True


def is_compliant(text: str) -> bool:
    """Whether clients are told of this user outside of an event (Matrix v1.19 Appendices §Historical User IDs)."""
    return _GRAPHIC.fullmatch(text[1:].partition(":")[0]) is not None


def localpart_for(text: str) -> str:
    """A name of another system as the localpart of a user (Matrix v1.19 Appendices §Mapping from other character
    sets)."""
    allowed = b"abcdefghijklmnopqrstuvwxyz0123456789._-/+"
    lower = text.encode("utf-8", "replace").lower()
    return "".join(chr(byte) if byte in allowed else f"={byte:02x}" for byte in lower)


def room_alias(text: object, field: str = "room_alias") -> Name:
    """`#localpart:server` (Matrix v1.19 Appendices §Room Aliases)."""
    return _name("#", text, field)


def room_id(text: object, field: str = "room_id", *, hashed: bool | None = None) -> str:
    """`!opaque:server`, or as of room version 12 `!` and a hash; `hashed` says which of them, None either (Matrix
    v1.19 Appendices §Room IDs). Returns the room id."""
    _opaque("!", text, field, hashed)
    return str(text)


def event_id(text: object, field: str = "event_id", *, hashed: bool | None = None) -> str:
    """`$opaque:server`, or as of room version 4 `$` and a hash; `hashed` says which of them, None any (Matrix v1.19
    Appendices §Event IDs). Returns the event id."""
    _opaque("$", text, field, hashed)
    return str(text)


def device_id(text: object, field: str = "device_id") -> str:
    """The specification leaves its grammar open; control characters and more than 255 bytes are refused."""
    if not isinstance(text, str) or not text or not text.isprintable() or len(text.encode()) > LENGTH_LIMIT:
        _bad("Not a device", field)
    return text


def transaction_id(text: str) -> str:
    """What a client or a server calls a request that it may send again: open, but kept with each event."""
    if len(text.encode()) > LENGTH_LIMIT:
        _bad(f"More than {LENGTH_LIMIT} bytes", "txnId")
    return text


def opaque(text: object, field: str) -> str:
    """Matrix v1.19 Appendices §Opaque Identifiers"""
    if not isinstance(text, str) or _OPAQUE.fullmatch(text) is None:
        _bad("Only 0-9, A-Z, a-z and -._~, at most 255", field)
    return text


def namespaced(text: object, field: str) -> str:
    """Matrix v1.19 Appendices §Common Namespaced Identifier Grammar"""
    if not isinstance(text, str) or _NAMESPACED.fullmatch(text) is None:
        _bad("Only a-z, 0-9 and _.-, a letter first, at most 255", field)
    return text


def room_version(text: object, field: str = "room_version") -> str:
    """Whether or not we know it (Matrix v1.19 Room Versions §Room version grammar)."""
    if not isinstance(text, str) or _VERSION.fullmatch(text) is None:
        _bad("Not a room version", field)
    return text


def media(text: object, field: str = "url") -> Media:
    """`mxc://server/id` (Matrix v1.19 Client-Server §Matrix Content (mxc://) URIs)."""
    if not isinstance(text, str) or not text.startswith("mxc://"):
        _bad("Not an mxc URI", field)
    server, _, name = text.removeprefix("mxc://").partition("/")
    server_name(server, field)
    if _MEDIA.fullmatch(name) is None:
        _bad("Not an mxc URI", field)
    return Media(server, name)


def server_of(identifier: str) -> str:
    """The server in an identifier that was checked: all behind the first colon; empty where there is none."""
    return identifier.partition(":")[2]


def _name(sigil: str, text: object, field: str) -> Name:
    localpart, server = _cut(sigil, text, field)
    if server is None:
        _bad("A server's name is missing", field)
    return Name(localpart, server)


def _opaque(sigil: str, text: object, field: str, hashed: bool | None) -> None:
    localpart, server = _cut(sigil, text, field)
    if server is None and (hashed is False or not localpart):
        _bad("A server's name is missing", field)
    if hashed and (server is not None or _HASH.fullmatch(localpart) is None):
        _bad(f"Not {sigil} and a hash", field)


def _cut(sigil: str, text: object, field: str) -> tuple[str, str | None]:
    if not isinstance(text, str) or not text.startswith(sigil):
        _bad(f"Does not begin with {sigil}", field)
    localpart, colon, server = text[1:].partition(":")
    if _LOOSE.fullmatch(localpart) is None:
        _bad("A character that is not allowed", field)
    if colon:
        server_name(server, field)
    if len(text) * 3 > LENGTH_LIMIT and len(text.encode()) > LENGTH_LIMIT:
        _bad(f"More than {LENGTH_LIMIT} bytes", field)
    return localpart, server if colon else None


def _bad(sentence: str, field: str) -> Never:
    raise BadMatrix(sentence, errcode="M_INVALID_PARAM", field=field)
