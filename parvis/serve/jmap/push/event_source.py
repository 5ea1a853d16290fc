"""Push by EventSource. RFC 8620 §7.3"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from parvis.kernel import clock
from parvis.kernel.errors import Invalid, RateLimited
from parvis.serve.http import events
from parvis.serve.http.exchange import Request, Response, Route
from parvis.serve.http.metrics import Metrics
from parvis.serve.jmap.push.hub import REFRESH_SECONDS, Hub, Stream, token

_SHORTEST_PING, _LONGEST_PING = 5, 3600
_MOST_STREAMS = 32
_PAUSE_SECONDS = 0.05
"""After a message, so that many changes in a row are few messages."""


class EventSource:
    """The handler."""

    def __init__(self, hub: Hub, metrics: Metrics) -> None:
        self._hub, self._metrics = hub, metrics
        self._open: dict[int, int] = {}

    def routes(self) -> list[Route]:
        """The route."""
        return [Route("GET", "/jmap/events", self.events)]

    async def events(self, request: Request) -> Response:
        """A stream of `state` and `ping` events. Without Last-Event-ID what has changed since the client last asked
        is not told; `pushstate`, as WebSockets have it (RFC 8887 §4.3.5.2), says from where on it is."""
        types = request.query.get("types", "*")
        close_after = request.query.get("closeafter", "no")
        ping = request.query.get("ping", "0")
        if close_after not in ("state", "no"):
            raise Invalid("closeafter is `state` or `no`", field="closeafter")
        if not ping.isdigit() or len(ping) > 9:
            raise Invalid("ping is a number of seconds", field="ping")
        if self._open.get(request.who.id, 0) >= _MOST_STREAMS:
            raise RateLimited("too many streams are open", retry_after=30)
        seconds = min(max(int(ping), _SHORTEST_PING), _LONGEST_PING) if int(ping) else 0
        wanted = None if types == "*" else frozenset(types.split(","))
        since = request.headers.get("last-event-id") or request.query.get("pushstate")
        return events.stream(
            request, self._body(request, wanted, close_after == "state", seconds, since), opens=True
        )

    async def _body(
        self, request: Request, types: frozenset[str] | None, once: bool, ping: int, since: str | None
    ) -> AsyncGenerator[bytes]:
        person = request.who.id
        stream = await self._hub.open(request.who, types, since)
        self._open[person] = self._open.get(person, 0) + 1
        self._metrics.streams += 1
        try:
            yield events.OPEN  # whoever reads this is told of all that changes from now on
            async for piece in self._pieces(stream, once, ping):
                yield piece
        finally:
            self._metrics.streams -= 1
            self._open[person] -= 1
            if not self._open[person]:
                del self._open[person]
            self._hub.close(stream)

    async def _pieces(self, stream: Stream, once: bool, ping: int) -> AsyncIterator[bytes]:
        last = clock.monotonic()
        while not stream.closed:
            left = last + ping - clock.monotonic() if ping else REFRESH_SECONDS
            await clock.woken(stream.wake, min(left, REFRESH_SECONDS))
            if stream.closed:
                return
            news = await self._hub.news(stream)
            while stream.told and not stream.closed:
                told = stream.told.popleft()
                yield events.event(told, name=told["@type"][:1].lower() + told["@type"][1:])
            if news is not None:
                last = clock.monotonic()
                yield events.event(news, name="state", number=token(stream))
                if once:
                    return
                await asyncio.sleep(_PAUSE_SECONDS)
            elif ping and clock.monotonic() >= last + ping:
                last = clock.monotonic()
                yield events.event({"interval": ping}, name="ping")
