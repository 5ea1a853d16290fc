"""JMAP over a WebSocket. RFC 8887"""

import asyncio
from typing import Any

import msgspec

from parvis.kernel import clock
from parvis.kernel.errors import ParvisError, RateLimited
from parvis.kernel.languages import closest
from parvis.serve.context import Context
from parvis.serve.http.exchange import Request
from parvis.serve.http.rates import Rates
from parvis.serve.jmap.api import Api, Turns, encoded
from parvis.serve.jmap.errors import RequestError
from parvis.serve.jmap.push.hub import REFRESH_SECONDS, Hub, Stream, token
from parvis.serve.jmap.request import decode
from parvis.serve.jmap.types import Object

_PAUSE_SECONDS = 0.05
_MOST_SOCKETS = 32
"""Open ones of one person on this node."""


class _Enable(msgspec.Struct, rename="camel"):
    """RFC 8887 §4.3.5.2"""

    data_types: list[str] | None = None
    push_state: str | None = None


class WebSocket:
    """The handler of /jmap/ws."""

    def __init__(self, context: Context, api: Api, hub: Hub, rates: Rates) -> None:
        self._context, self._api, self._hub, self._rates = context, api, hub, rates
        self._open = Turns(_MOST_SOCKETS, "sockets")

    async def __call__(self, request: Request, receive: Any, send: Any) -> None:
        """Serves one connection to its end."""
        offered = {part.strip() for part in request.headers.get("sec-websocket-protocol", "").split(",")}
        try:
            if "jmap" not in offered:  # RFC 8887 §3
                raise RequestError("notRequest", "the subprotocol is jmap")
            with self._open.taken(request.who):
                await send({"type": "websocket.accept", "subprotocol": "jmap"})
                connection = _Connection(self._context, self._api, self._hub, self._rates, request, send)
                await connection.serve(receive)
        except RequestError as error:
            await send({"type": "websocket.http.response.start", "status": error.status, "headers": []})
            await send({"type": "websocket.http.response.body", "body": error.detail.encode()})


class _Connection:
    """One open socket. A stream is always open, so that the end of the sign-in ends the connection; it tells
    nothing until push is enabled."""

    def __init__(self, context: Context, api: Api, hub: Hub, rates: Rates, request: Request, send: Any) -> None:
        self._context, self._api, self._hub, self._rates = context, api, hub, rates
        self._request, self._send = request, send
        self._language = closest(request.headers.get("accept-language", ""), request.who.language)
        self._tasks: set[asyncio.Task[None]] = set()
        self._pushing: tuple[asyncio.Task[None], Stream] | None = None
        self._life: Stream | None = None

    async def serve(self, receive: Any) -> None:
        """Reads messages until the client leaves or its sign-in ends."""
        self._life = await self._hub.open(self._request.who, frozenset())
        ended = asyncio.create_task(self._until_ended(self._life))
        try:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive":
                    return
                if message.get("text") is None:  # binary data has no place here. RFC 8887 §4.2
                    await self._send({"type": "websocket.close", "code": 1003})
                    return
                await self._take(message["text"].encode())
        finally:
            for task in (ended, *self._tasks):
                task.cancel()
            self._disable()
            self._hub.close(self._life)

    async def _until_ended(self, life: Stream) -> None:
        while not life.closed:
            if not await clock.woken(life.wake, REFRESH_SECONDS):
                await self._hub.news(life)
        code, reason = (1001, "the server stops") if self._hub.stopping else (1008, "signed out")
        await self._send({"type": "websocket.close", "code": code, "reason": reason})

    async def _take(self, body: bytes) -> None:
        """One message of the client. RFC 8887 §4.3"""
        value: Any = None
        try:
            value = decode(body)
            kind = value.get("@type") if isinstance(value, dict) else None
            if kind == "Request":
                self._begin(value)
            elif kind == "WebSocketPushEnable":
                await self._enable(value)
            elif kind == "WebSocketPushDisable":
                self._disable()
            else:
                raise RequestError("notRequest", "the @type is not one a client may send")
        except RequestError as error:
            await self._refuse(value, error)

    def _begin(self, value: Object) -> None:
        """Carries a request out beside the others. Those whose answer the client has not taken count too, so that
        who only asks and never listens is not waited for."""
        most = self._context.settings.limits.concurrent_requests
        if len(self._tasks) >= most:
            raise RequestError("limit", f"at most {most} at once", 400, "maxConcurrentRequests")
        task = asyncio.create_task(self._carry_out(value))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, value: Object) -> None:
        request = self._request
        try:
            self._rates.person(request.who)
            with self._api.turns.taken(request.who):
                answer = await self._api.carried_out(request.who, value, self._language, request.origin)
        except RequestError as error:
            await self._refuse(value, error)
        except RateLimited as error:
            await self._refuse(value, RequestError("limit", error.sentence, 429, "requestsPerMinute"))
        except ParvisError as error:
            await self._refuse(value, RequestError("limit", error.sentence, 503))
        else:
            named = {"requestId": value["id"]} if isinstance(value.get("id"), str) else {}
            await self._say({"@type": "Response", **named, **answer})

    async def _refuse(self, value: Any, error: RequestError) -> None:
        """RFC 8887 §4.3.3"""
        given = value.get("id") if isinstance(value, dict) else None
        named = given if isinstance(given, str) else None
        await self._say({"@type": "RequestError", "requestId": named, **error.problem()})

    async def _say(self, value: Object) -> None:
        await self._send({"type": "websocket.send", "text": encoded(value).decode()})

    async def _enable(self, value: Object) -> None:
        """RFC 8887 §4.3.5.2"""
        try:
            wanted = msgspec.convert(value, _Enable)
        except msgspec.ValidationError as error:
            raise RequestError("notRequest", str(error)) from error
        self._disable()
        types = None if wanted.data_types is None else frozenset(wanted.data_types)
        stream = await self._hub.open(self._request.who, types, wanted.push_state)
        self._pushing = asyncio.create_task(self._push(stream)), stream

    def _disable(self) -> None:
        if self._pushing is not None:
            task, stream = self._pushing
            task.cancel()
            self._hub.close(stream)  # a task that is cancelled before its first step closes nothing
            self._pushing = None

    async def _push(self, stream: Stream) -> None:
        try:
            while not stream.closed:
                await clock.woken(stream.wake, REFRESH_SECONDS)
                news = None if stream.closed else await self._hub.news(stream)
                while stream.told and not stream.closed:
                    await self._say(stream.told.popleft())
                if news is not None:
                    await self._say({**news, "pushState": token(stream)})
                    await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            self._hub.close(stream)
