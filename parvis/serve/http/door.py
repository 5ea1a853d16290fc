"""The ASGI application: from the server's messages to a handler and back, errors and headers in one place."""

import logging
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from parvis.kernel import clock, ids
from parvis.kernel.activity import Activity
from parvis.kernel.errors import Forbidden, NotFound, ParvisError, Unauthenticated
from parvis.kernel.signal import Signal
from parvis.serve.http.compression import compressed
from parvis.serve.http.errors import refusal
from parvis.serve.http.exchange import GONE, Disconnected, Handle, Request, Response, Route, answer, parse_query
from parvis.serve.http.identity import Identity
from parvis.serve.http.metrics import Metrics
from parvis.serve.http.rates import Rates
from parvis.serve.http.receiving import FILL
from parvis.serve.http.router import Router
from parvis.serve.http.sending import BODY, ZERO_COPY
from parvis.serve.http.static import Static
from parvis.store.blobs.contract import CHUNK
from parvis.store.blobs.extents import Extent

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Socket = Callable[[Request, Receive, Send], Awaitable[None]]
_ALWAYS = (
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "SAMEORIGIN"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(self), geolocation=(), payment=(), usb=()"),
)
_SHORT = 40
"""Bytes of a name of a header that is kept for others."""
_log = logging.getLogger(__name__)


class Door:
    """Answers every HTTP request and WebSocket."""

    def __init__(
        self,
        routes: Iterable[Route],
        identity: Identity,
        rates: Rates,
        static: Static,
        metrics: Metrics,
        activity: Activity,
        sockets: Mapping[str, Socket] | None = None,
    ) -> None:
        """`activity` hears of each request; `sockets` are the WebSocket handlers by path."""
        self._router = Router(routes)
        self._identity, self._rates, self._static, self._metrics = identity, rates, static, metrics
        self._activity = activity
        self._sockets = sockets or {}

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """The ASGI entry."""
        answered = self._websocket if scope["type"] == "websocket" else self._http
        return answered(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = clock.monotonic()
        self._activity.note()
        request = _request(scope, receive)
        scope["headers"] = ()  # they are in the request, which may wait long
        try:
            response = await self._handled(request)
        except Disconnected:
            return
        from_files = ZERO_COPY in scope.get("extensions", {})
        status = await _send(request, await compressed(request, response), send, from_files=from_files)
        self._metrics.note(request.method, status, clock.monotonic() - started)

    async def _handled(self, request: Request) -> Response:
        """A handler's answer, or the answer that tells of its error."""
        try:
            found = await self._routed(request)
            return found if isinstance(found, Response) else await found(request)
        except Disconnected:
            raise
        except ParvisError as error:
            return _refused(error, request)
        except Exception:
            _log.exception("request %s %s %s", request.id, request.method, request.path)
            failed = ParvisError(f"an unexpected error; it has been logged as {request.id}")
            return _refused(failed, request)

    async def _routed(self, request: Request) -> Response | Handle:
        """What answers a request that may be made: a handler, unless there is none. It is called by who called
        here, since it may wait long and keeps all that waits for it."""
        route, request.params, methods = self._router.find(request.method, request.raw_path)
        if route is None and (found := self._file(request, methods)) is not None:
            return found
        request.refuse = route.refuse if route else None
        self._rates.address(request.remote)
        if route is None:
            return _unrouted(methods)
        if route.auth == "required":
            await self._identify(request, route.protocol)
        return route.handle

    async def _identify(self, request: Request, protocol: str = "jmap") -> None:
        request.principal = await self._identity.of(request, protocol)
        if not request.who.protocols & {"*", protocol}:
            raise Forbidden("this app password is for another protocol")
        self._rates.person(request.who)

    def _file(self, request: Request, methods: list[str]) -> Response | None:
        """A file of the web client; these are cheap and not counted."""
        routed = set(methods) - {"OPTIONS"}
        other = routed or request.path.startswith(("/jmap/", "/auth/", "/.well-known/", "/dav/"))
        return None if other or request.method not in ("GET", "HEAD") else self._static.answer(request)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = _request(scope | {"method": "GET"}, receive)
        handle = self._sockets.get(request.path)
        await receive()
        try:
            if handle is None:
                raise NotFound("there is nothing here")
            self._rates.address(request.remote)
            await self._identify(request)
            _same_origin(request)
        except ParvisError as error:
            await _reject(refusal(error, request.path, request.id, basic=True), send)
            return
        try:
            await handle(request, receive, send)
        except Disconnected:
            return
        except Exception:
            _log.exception("websocket %s", request.id)
            await send({"type": "websocket.close", "code": 1011})


def _unrouted(methods: list[str]) -> Response:
    if not methods:
        raise NotFound("there is nothing here")
    allowed = ", ".join(sorted({*methods, *(["HEAD"] if "GET" in methods else [])}))
    return answer({"code": "invalid", "sentence": "not this method here"}, 405, [("allow", allowed)])


def _refused(error: ParvisError, request: Request) -> Response:
    if request.refuse is not None:
        return request.refuse(error, request)
    offered = isinstance(error, Unauthenticated) and _asks_itself(request)
    return refusal(error, request.path, request.id, basic=offered)


def _asks_itself(request: Request) -> bool:
    """Whether a client without a page of ours asks people for their password: a browser would do so over our page.
    Thunderbird says of its CalDAV and CardDAV, as a browser would, that they come from the same origin."""
    path = request.path
    if "x-parvis" in request.headers:
        return False
    if path.startswith(("/dav", "/remote.php/", "/ocs/")):
        return True
    return path.startswith(("/jmap/", "/.well")) and request.headers.get("sec-fetch-site") != "same-origin"


def _same_origin(request: Request) -> None:
    """A page of another site may not open a socket with our cookie, nor with a password that the browser remembers
    and sends by itself. RFC 6455 §10.2"""
    origin = request.headers.get("origin")
    token = request.headers.get("authorization", "").lower().startswith("bearer ")
    if origin and not token and origin.partition("://")[2] != request.headers.get("host"):
        raise Forbidden("another site may not connect here")


async def _reject(response: Response, send: Send) -> None:
    headers = [(name.encode(), value.encode()) for name, value in response.headers]
    await send({"type": "websocket.http.response.start", "status": response.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": response.body})


@lru_cache(maxsize=500)
def _name(name: bytes) -> str:
    """The name of a header; nearly all have the same, and those who wait keep them."""
    return name.decode("latin-1").lower()


def _request(scope: Scope, receive: Receive) -> Request:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = _name(name) if len(name) <= _SHORT else name.decode("latin-1").lower()
        text = value.decode("latin-1")
        headers[key] = f"{headers[key]}; {text}" if key == "cookie" and key in headers else text
    scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
    client = scope.get("client")
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=parse_query(scope["query_string"]),
        headers=headers,
        receive=receive,
        remote=client[0] if client else "",
        id=ids.text(ids.new_id()),
        origin=f"{scheme}://{headers.get('host', 'localhost')}",
        raw_path=scope["raw_path"].decode("latin-1").partition("?")[0],
        raw_query=scope["query_string"].decode("latin-1"),
        fill=scope.get("extensions", {}).get(FILL),
        gone=scope.get(GONE) or Signal(),
    )


async def _send(request: Request, response: Response, send: Send, *, from_files: bool) -> int:
    """Sends an answer; returns its status. A stream that fails midway is cut, so that it cannot look whole.
    `from_files` says whether the server takes bytes out of files by itself."""
    named = {name for name, _ in response.headers}
    headers = [*response.headers, *((name, value) for name, value in _ALWAYS if name not in named)]
    if isinstance(response.body, bytes) and response.status not in (204, 304) and "content-length" not in named:
        headers.append(("content-length", str(len(response.body))))
    if request.id and "x-request-id" not in named:
        headers.append(("x-request-id", request.id))
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    try:
        await send({"type": "http.response.start", "status": response.status, "headers": encoded})
        if request.method == "HEAD":
            await send({"type": BODY, "body": b""})
        elif isinstance(response.body, bytes):
            await send({"type": BODY, "body": response.body})
        else:
            size = next((int(value) for name, value in response.headers if name == "content-length"), None)
            await _stream(response.body, send, size, from_files=from_files and size is not None)
    finally:
        if (close := getattr(response.body, "aclose", None)) is not None:
            await close()
    return response.status


async def _stream(body: AsyncIterable[bytes | Extent], send: Send, size: int | None, *, from_files: bool) -> None:
    """Chunks that are small enough to wait for a slow client one by one; where the size of all is known, the last
    of them ends the answer."""
    more = True
    async for part in body:
        if isinstance(part, bytes):
            for place in range(0, len(part), CHUNK):
                chunk = part[place : place + CHUNK]
                size = None if size is None else size - len(chunk)
                more = size != 0
                await send({"type": BODY, "body": chunk, "more_body": more})
        elif from_files:
            file = {"file": part.file.fileno(), "offset": part.start, "count": part.size}
            await send({"type": ZERO_COPY, **file, "more_body": True})
        else:
            async for chunk in part.read():
                await send({"type": BODY, "body": chunk, "more_body": True})
    if more:
        await send({"type": BODY, "body": b""})
