"""What the transport between servers and the rooms that are shared with them promise each other.

The transport (`service.Federation` has it all) offers `Peers` and `Queue`, and calls `Incoming`. What other servers
ask is told by `Endpoint`s, each called with a `PeerCall`."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict, Unpack
from urllib.parse import parse_qsl, quote

from parvis.chat.server import Server
from parvis.kernel.errors import ParvisError
from parvis.serve.http.exchange import Request, Response
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.signing import VerifyKey
from parvis.wire.matrix.transactions import Edu

if TYPE_CHECKING:
    from parvis.chat.federation.service import Federation

ANSWER_LIMIT = 10_000_000
"""Bytes of an answer that are read unless told otherwise."""
SECONDS = 30.0
Query = Mapping[str, str | Sequence[str]]


class Bounds(TypedDict, total=False):
    """How much of an answer is read, in bytes, and how long it is waited for: ANSWER_LIMIT and SECONDS unless told
    otherwise."""

    limit: int
    seconds: float


def path(*parts: str) -> str:
    """A path below `/_matrix`, its parts percent-encoded: `path("federation", "v1", "event", event_id)`."""
    return "/_matrix/" + "/".join(quote(part, safe="") for part in parts)


class PeerError(ParvisError):
    """Another server refused what it was asked: `errcode` is its word for it (`M_UNKNOWN` where it has none),
    `status` that of HTTP, `body` the whole of what it said."""

    code = "peer"

    def __init__(self, errcode: str, status: int, sentence: str = "", body: Object | None = None) -> None:
        super().__init__(sentence or errcode, errcode=errcode, status=status)
        self.errcode, self.status, self.body = errcode, status, body or {}


class Peers(Protocol):
    """Other servers. Each request is signed, goes past the egress gate, and raises PeerError, or Unavailable for a
    server that does not answer, answers nonsense, or may not be asked. `path` begins with `/_matrix`; its parts are
    percent-encoded (`contract.path`). A server that did not answer lately is not asked again for a while."""

    async def get(self, server: str, path: str, query: Query | None = None, **bounds: Unpack[Bounds]) -> Any:
        """What is there; JSON that is not checked for its form, mostly an object."""
        ...

    async def put(self, server: str, path: str, body: Object, **bounds: Unpack[Bounds]) -> Any:
        """The same with a body."""
        ...

    async def post(self, server: str, path: str, body: Object, **bounds: Unpack[Bounds]) -> Any:
        """The same."""
        ...

    def allows(self, server: str) -> bool:
        """Whether the settings let this server and ours speak with each other."""
        ...

    async def key(self, server: str, key_id: str, at_ms: int, *, enforced: bool = True) -> VerifyKey | None:
        """The key that a server signed events of a moment with; None where it has none of that name, or the key
        cannot be had now. `enforced` is False for rooms before version 5."""
        ...

    async def verify(self, server: str, value: Object, at_ms: int, *, enforced: bool = True) -> None:
        """Checks that a server signed an object at a moment. Raises BadMatrix with `M_UNAUTHORIZED`, Unavailable
        when its keys cannot be had."""
        ...


class Queue(Protocol):
    """What leaves for other servers, in order for each. Our own server among `servers` is passed over."""

    async def event(self, unit: Unit, room: int, stream: int, servers: Collection[str]) -> None:
        """Has the event at a position of a room (`chat_room.id`) sent, from the commit on. What is sent of a room
        are its events with `origin` ours, or with `relayed` = 1 (joins and leaves that came through us)."""
        ...

    async def edu(self, unit: Unit | None, servers: Collection[str], edu: Edu) -> None:
        """Has an EDU sent: what is written in a unit is kept until it arrived, the rest in memory, and is lost
        where the server cannot be reached."""
        ...

    def wake(self) -> None:
        """To be called after a unit that wrote EDUs; events are noticed by themselves."""
        ...


class Incoming(Protocol):
    """What becomes of the events that arrive."""

    async def pdus(self, origin: str, pdus: Sequence[Object]) -> Mapping[str, Object]:
        """Takes the events of one transaction, at most 50, of rooms whose ACL lets `origin` in. Returns by event id
        `{}`, or `{"error": "..."}` (Matrix v1.19 Server-Server §Transactions). Returns when they are durable. An
        error that is raised makes the other server send all of them again."""
        ...


@dataclass(slots=True)
class PeerCall:
    """A request of another server. `origin` is who signed it, `body` the object it sent, empty without one."""

    federation: "Federation"
    request: Request
    origin: str = ""
    body: Object = field(default_factory=dict)

    @property
    def server(self) -> Server:
        """Our server."""
        return self.federation.server

    @property
    def store(self) -> Store:
        """Where things are kept."""
        return self.server.store

    @property
    def params(self) -> Mapping[str, str]:
        """The parts of the path that the endpoint names, decoded."""
        return self.request.params

    @property
    def query(self) -> Mapping[str, str]:
        """The query's values; the last of a name that stands more than once."""
        return self.request.query

    def values(self, name: str) -> list[str]:
        """All values of a name in the query, in order."""
        pairs = parse_qsl(self.request.raw_query, keep_blank_values=True, max_num_fields=200)
        return [value for key, value in pairs if key == name]

    def only_theirs(self, user_id: str, field: str = "userId") -> None:
        """Raises BadMatrix where a user is not one of the server that asks."""
        if user_id.partition(":")[2] != self.origin:
            raise BadMatrix("Not a user of the server that asks", errcode="M_FORBIDDEN", field=field)


Handle = Callable[[PeerCall], Awaitable[Object | list[Any] | Response]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method and a path below `/_matrix`: `/federation/v1/event/{eventId}`. `room` names the part of the path
    with the id of a room, whose ACL must let the server in; `auth` says whether requests are signed."""

    method: Literal["GET", "POST", "PUT"]
    path: str
    handle: Handle
    room: str = ""
    auth: Literal["signed", "open"] = "signed"
    limit: int = 1_000_000
    """Bytes of the body, which is an object."""
