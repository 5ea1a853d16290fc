"""Server-sent events, for every stream of the program. WHATWG HTML §9.2

A stream that has nothing to say sends a comment now and then, so that no proxy takes it for dead, and ends when its
client has left.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import msgspec

from parvis.serve.http.exchange import Request, Response

OPEN = b": open\n\n"
"""What a stream begins with."""
KEEP_ALIVE_SECONDS = 20.0
"""Proxies cut a silent connection after a minute as a rule; some after 30 seconds."""
_HEADERS = (
    ("content-type", "text/event-stream"),
    ("cache-control", "no-cache, no-store"),
    ("x-accel-buffering", "no"),
)


def event(data: object, *, name: str = "", number: str = "") -> bytes:
    """One event with its data as JSON; `number` is what a client gives back as Last-Event-ID."""
    head = (f"event: {name}\n" if name else "") + (f"id: {number}\n" if number else "")
    return head.encode() + b"data: " + msgspec.json.encode(data) + b"\n\n"


def stream(request: Request, events: AsyncGenerator[bytes], *, opens: bool = False) -> Response:
    """An answer that sends `events` as they come. The generator is closed when it, or the client, is done. With
    `opens` it begins with OPEN itself, once nothing more is missed."""
    return Response(200, _kept_alive(request, events, opens=opens), list(_HEADERS))


async def _kept_alive(request: Request, events: AsyncGenerator[bytes], *, opens: bool) -> AsyncIterator[bytes]:
    gone = asyncio.ensure_future(_gone(request))
    coming = asyncio.ensure_future(anext(events, None))
    try:
        if not opens:
            yield OPEN
        while not gone.done():
            await asyncio.wait((coming, gone), timeout=KEEP_ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if coming.done():
                if (piece := coming.result()) is None:
                    return
                yield piece
                coming = asyncio.ensure_future(anext(events, None))
            elif not gone.done():
                yield b": \n\n"
    finally:
        gone.cancel()
        coming.cancel()
        await asyncio.gather(gone, coming, return_exceptions=True)
        await events.aclose()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
