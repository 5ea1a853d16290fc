"""One request of a client, as the endpoints see it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from parvis.access.principal import Principal
from parvis.chat.federation.service import Federation
from parvis.chat.server import Server
from parvis.kernel.errors import NotFound
from parvis.serve.http.exchange import Request, Response
from parvis.store.store import Store
from parvis.wire.matrix import canonical
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix

BODY_LIMIT = 1_000_000
"""Bytes of JSON in a request; an event has at most 65,536 of them."""


@dataclass(slots=True)
class Call:
    """A request with who makes it. `device` is the id of the device that its access token is of, empty when it came
    by another sign-in of the house (a browser's session)."""

    server: Server
    request: Request
    device: str = ""

    @property
    def store(self) -> Store:
        """Where things are kept."""
        return self.server.store

    @property
    def federation(self) -> Federation:
        """Other servers. Raises NotFound where they are not spoken to."""
        found = self.server.federation
        if found is None or not found.policy.enabled:
            raise NotFound("other servers are not spoken to here")
        return found

    @property
    def who(self) -> Principal:
        """Who is asking. Raises Unauthenticated."""
        return self.request.who

    @property
    def user_id(self) -> str:
        """Who is asking, as Matrix names them."""
        return self.server.users.id_of(self.who)

    @property
    def params(self) -> Mapping[str, str]:
        """The parts of the path that the endpoint names, decoded."""
        return self.request.params

    @property
    def query(self) -> Mapping[str, str]:
        """The query's values."""
        return self.request.query

    def admitted(self, who: Principal | None = None) -> None:
        """Raises BadMatrix with `M_USER_LOCKED` when the account of who asks, or of `who`, is locked (Matrix v1.19
        Client-Server §Account locking)."""
        if self.server.standings.of((who or self.who).id).locked:
            raise BadMatrix("This account is locked", errcode="M_USER_LOCKED")

    def may_act(self) -> None:
        """Raises BadMatrix with `M_USER_SUSPENDED` when the account is suspended (Matrix v1.19 Client-Server
        §Account suspension)."""
        if self.server.standings.of(self.who.id).suspended:
            raise BadMatrix("This account is suspended: it reads, and says nothing", errcode="M_USER_SUSPENDED")

    def own_device(self) -> str:
        """The device. Raises BadMatrix for a sign-in that has none."""
        if not self.device:
            raise BadMatrix("This sign-in has no device", errcode="M_UNRECOGNIZED")
        return self.device

    def only_self(self, name: str = "userId") -> None:
        """Raises BadMatrix when the user in the path is somebody else."""
        if self.params[name] != self.user_id:
            raise BadMatrix("This belongs to somebody else", errcode="M_FORBIDDEN", field=name)

    async def json(self, *, limit: int = BODY_LIMIT, strict: bool = True, optional: bool = False) -> Object:
        """The body: an object. With `optional`, none at all is an empty one. Raises BadMatrix."""
        data = await self.request.body(limit)
        if optional and not data:
            return {}
        value = canonical.decode(data, strict=strict, limit=limit)
        if not isinstance(value, dict):
            raise BadMatrix("Not an object", errcode="M_BAD_JSON")
        return value


Handle = Callable[[Call], Awaitable[Object | Response]]
Rated = Literal["sign_ins", "events", "joins", "invites", "rooms", "claims", "previews"]
"""What there may be too much of in a minute; the settings say how much."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method and a path below `/_matrix`, with parts as `serve.http` names them: `/client/v3/join/{room}`.

    `auth` says whether somebody must have signed in; `rate` which limit counts it; `acts` whether others see what
    comes of it, so that suspended accounts may not; `locked` whether locked ones may. What is answered is an
    object, or a whole Response."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    handle: Handle
    auth: Literal["required", "open"] = "required"
    rate: Rated | None = None
    acts: bool = False
    locked: bool = False


def text(body: Mapping[str, Any], name: str, *, limit: int = 1024, default: str | None = None) -> str:
    """A member of a body that is text. Raises BadMatrix where it is missing without a `default`, or is none."""
    value = body.get(name, default)
    if value is None:
        raise BadMatrix(f"{name} is missing", errcode="M_MISSING_PARAM", field=name)
    if not isinstance(value, str) or len(value) > limit:
        raise BadMatrix(f"{name} is no text of at most {limit} characters", errcode="M_INVALID_PARAM", field=name)
    return value


def number(query: Mapping[str, str], name: str, default: int, most: int, least: int = 0) -> int:
    """A number in the query, at most `most`. Raises BadMatrix for what is none."""
    value = query.get(name)
    if value is None or value == "":
        return default
    if not (value.isascii() and value.isdigit()) or len(value) > 15:
        raise BadMatrix(f"{name} is no number", errcode="M_INVALID_PARAM", field=name)
    return max(least, min(int(value), most))
