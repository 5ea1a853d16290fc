"""Who makes a request between servers: the `Authorization` header (Matrix v1.19 Server-Server §Request
Authentication)."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from . import identifiers, signing
from .canonical import Object
from .errors import BadMatrix
from .signing import SigningKey, VerifyKey

LENGTH_LIMIT = 4_000
_UNQUOTED = r"[A-Za-z0-9!#$%&'*+.^_`|~:/=\[\]-]*"
"""What stands without quotes; colons and the rest of Base64 and of names do so for older servers."""
_SPACE = r"[ \t]*"
_NAME = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_QUOTED = r'"(?P<quoted>(?:[^"\\]|\\.)*+)"'
_PARAMETER = re.compile(
    f"{_SPACE}(?P<name>{_NAME}){_SPACE}={_SPACE}(?:{_QUOTED}|(?P<token>{_UNQUOTED})){_SPACE}", re.A | re.S
)
_ABSENT: Any = object()


class XMatrix(msgspec.Struct, frozen=True):
    """What the header says."""

    origin: str
    key_id: str
    signature: str
    destination: str = ""
    """Empty where an old server does not say it."""


def parse(header: str) -> XMatrix:
    """Reads the value of the header. Raises BadMatrix with `M_UNAUTHORIZED`."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "x-matrix" or len(header) > LENGTH_LIMIT:
        raise _refused("The scheme is X-Matrix")
    found, place = dict[str, str](), 0
    while place < len(rest):
        match = _PARAMETER.match(rest, place)
        if match is None or (match.end() < len(rest) and rest[match.end()] != ","):
            raise _refused("Not a list of parameters")
        name, quoted = match["name"].lower(), match["quoted"]
        if name in found:
            raise _refused("A parameter stands twice")
        found[name] = match["token"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.S)
        place = match.end() + 1
    try:
        origin, key_id, signature = found["origin"], found["key"], found["sig"]
    except KeyError:
        raise _refused("A parameter is missing") from None
    destination = found.get("destination", "")
    for server in (origin, destination or origin):
        try:
            identifiers.server_name(server, "origin")
        except BadMatrix:
            raise _refused("Not the name of a server") from None
    return XMatrix(origin, key_id, signature, destination)


def write(value: XMatrix) -> str:
    """The value of the header, as also older servers read it."""
    return (
        f'X-Matrix origin="{value.origin}",destination="{value.destination}",'
        f'key="{value.key_id}",sig="{value.signature}"'
    )


def request(method: str, uri: str, origin: str, destination: str, content: object = _ABSENT) -> Object:
    """The object that is signed for a request. `uri` begins with `/_matrix` and has the query; `content` is the
    JSON of the body, where there is one."""
    found: Object = {"method": method, "uri": uri, "origin": origin, "destination": destination}
    if content is not _ABSENT:
        found["content"] = content
    return found


def authorize(
    key: SigningKey, method: str, uri: str, origin: str, destination: str, content: object = _ABSENT
) -> str:
    """The header for a request of ours. Raises BadMatrix for a body that has no canonical form."""
    data = signing.signed_bytes(request(method, uri, origin, destination, content))
    return write(XMatrix(origin, key.id, key.sign(data), destination))


def verify(
    given: XMatrix, keys: Mapping[str, VerifyKey], us: str, method: str, uri: str, content: object = _ABSENT
) -> None:
    """Checks that a request came from the server that its header names; `keys` are those it signs requests with, by
    key id, and `us` is our name. Raises BadMatrix with `M_UNAUTHORIZED`."""
    if given.destination not in ("", us):
        raise _refused("The request is for another server")
    key = keys.get(given.key_id)
    data = signing.signed_bytes(request(method, uri, given.origin, us, content))
    if key is None or not key.verifies(data, given.signature):
        raise _refused("The signature of the request is wrong")


def _refused(sentence: str) -> BadMatrix:
    return BadMatrix(sentence, errcode="M_UNAUTHORIZED", field="Authorization")
