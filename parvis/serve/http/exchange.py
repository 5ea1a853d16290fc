"""One HTTP request and its answer, as handlers see them."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qs

import msgspec

from parvis.access.principal import Principal
from parvis.kernel.errors import Invalid, ParvisError, TooLarge, Unauthenticated, Unavailable
from parvis.kernel.signal import Signal
from parvis.store.blobs.contract import Intake
from parvis.store.blobs.extents import Extent

T = TypeVar("T")
Receive = Callable[[], Awaitable[dict[str, Any]]]
Fill = Callable[[memoryview], Awaitable[int]]
_SILENT_SECONDS = 60.0
GONE = "parvis.gone"
"""Where the server's scope has a request's `gone`."""


class Disconnected(Exception):
    """The client went away."""


@dataclass(slots=True)
class Request:
    """One request. `params` are the parts of the path named by the route; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    receive: Receive
    remote: str = ""
    """The client's address."""
    id: str = ""
    """Names the request in logs and error answers."""
    params: Mapping[str, str] = field(default_factory=dict)
    principal: Principal | None = None
    """Who is asking, or None when nobody is signed in."""
    origin: str = ""
    """Scheme, host and port the client used: `http://127.0.0.1:8080`."""
    raw_path: str = ""
    """The path as it came, still percent-encoded."""
    raw_query: str = ""
    """The query as it came, without its question mark."""
    refuse: "Refuse | None" = None
    """How the route it is for tells of errors."""
    fill: Fill | None = None
    """Puts some of the body straight into memory, where the server can (serve.http.receiving)."""
    gone: Signal = field(default_factory=Signal)
    """Comes when the client's connection is lost."""

    @property
    def who(self) -> Principal:
        """Who is asking. Raises Unauthenticated."""
        if self.principal is None:
            raise Unauthenticated("sign in first")
        return self.principal

    async def chunks(self, limit: int) -> AsyncIterator[bytes]:
        """The body as it comes. Raises TooLarge over `limit` bytes, Disconnected when the client leaves, and
        Unavailable when nothing comes for a minute."""
        declared = self.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > limit:
            raise TooLarge("the request is too large", limit=limit)
        seen = 0
        while True:
            message = await _soon(self.receive())
            if message["type"] == "http.disconnect":
                raise Disconnected
            chunk = message.get("body", b"")
            seen += len(chunk)
            if seen > limit:
                raise TooLarge("the request is too large", limit=limit)
            if chunk:
                yield chunk
            if not message.get("more_body", False):
                return

    async def pour(self, chunks: AsyncIterator[bytes], writer: Intake) -> None:
        """What is still to come of the body's `chunks` into a writer, straight from the network where that can be.
        Raises as `chunks`."""
        async for chunk in chunks:
            await writer.write(chunk)
            if self.fill is not None:
                break
        else:
            return
        while count := await _soon(self.fill(writer.room())):
            await writer.came(count)

    async def body(self, limit: int) -> bytes:
        """The whole body, at most `limit` bytes. Raises as `chunks`."""
        return b"".join([chunk async for chunk in self.chunks(limit)])

    async def left(self) -> None:
        """Returns when the client has gone away. To be waited for when the body has been read, or when there is
        none."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def wait(self, signal: Signal, seconds: float) -> bool:
        """Returns whether a signal came within so many seconds. Raises Disconnected as soon as the client has gone
        away; unlike `left` it takes no task of its own beside."""
        came = await signal.wait(seconds, self.gone)
        if self.gone.is_set():
            raise Disconnected
        return came

    async def json(self, kind: type[Any] = dict, limit: int = 100_000) -> Any:
        """The body as JSON of this type. Raises Invalid."""
        try:
            return msgspec.json.decode(await self.body(limit), type=kind)
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
            raise Invalid(str(error)) from error


async def _soon(coming: Awaitable[T]) -> T:
    """Waits for what the client sends. Raises Unavailable when nothing comes."""
    try:
        async with asyncio.timeout(_SILENT_SECONDS):
            return await coming
    except TimeoutError:
        raise Unavailable("the request did not come whole") from None


@dataclass(slots=True)
class Response:
    """One answer. A body that is an iterator is streamed with flat memory, what lies in a file without being
    read when it can."""

    status: int = 200
    body: bytes | AsyncIterable[bytes | Extent] = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    compress: bool = False
    """Whether it may be compressed; see serve.http.compression for what may."""


def answer(value: Any, status: int = 200, headers: list[tuple[str, str]] | None = None) -> Response:
    """JSON, never cached."""
    base = [("content-type", "application/json"), ("cache-control", "no-store")]
    return Response(status, msgspec.json.encode(value), base + (headers or []))


Handle = Callable[[Request], Awaitable[Response]]
Refuse = Callable[[ParvisError, Request], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path such as `/auth/sessions/{id}`; `{name}` matches one part, `{name*}` the rest.

    `auth` says whether the handler wants a principal: `required` answers 401 without one, `open` asks for none.
    `protocol` is what an app password must be for. A method `*` takes every method. `refuse` answers errors in the
    words of a protocol of its own."""

    method: Literal["GET", "POST", "PUT", "DELETE", "OPTIONS", "*"]
    path: str
    handle: Handle
    auth: Literal["required", "open"] = "required"
    protocol: str = "jmap"
    refuse: Refuse | None = None


def parse_query(raw: bytes) -> dict[str, str]:
    """A query string's values; the last of a repeated name wins."""
    if not raw:
        return {}
    pairs = parse_qs(raw.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=100)
    return {name: values[-1] for name, values in pairs.items()}
