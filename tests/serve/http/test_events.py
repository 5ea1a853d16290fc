"""Server-sent events: what proxies and clients that leave make of them."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from parvis.serve.http import events
from parvis.serve.http.exchange import Request


class Client:
    """The receiving half of a request: it leaves when told."""

    def __init__(self) -> None:
        self.left = asyncio.Event()
        self.request = Request("GET", "/x", {}, {}, self.receive)
        self._asked = 0

    async def receive(self) -> dict:
        self._asked += 1
        if self._asked > 1:
            await self.left.wait()
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": b""}


class Slow:
    """Events that come when they are sent; it knows whether it was closed."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.closed = False

    async def pieces(self) -> AsyncGenerator[bytes]:
        try:
            while (piece := await self.queue.get()) is not None:
                yield piece
        finally:
            self.closed = True


async def test_a_silent_stream_is_kept_alive_and_loses_nothing(monkeypatch) -> None:
    monkeypatch.setattr(events, "KEEP_ALIVE_SECONDS", 0.01)
    slow, client = Slow(), Client()
    body = events.stream(client.request, slow.pieces()).body
    assert [await anext(body) for _ in range(4)] == [b": open\n\n", b": \n\n", b": \n\n", b": \n\n"]
    slow.queue.put_nowait(events.event({"a": 1}, name="state", number="7"))
    heard = b""
    while not heard.startswith(b"event"):
        heard = await anext(body)
    assert heard == b'event: state\nid: 7\ndata: {"a":1}\n\n'
    slow.queue.put_nowait(None)
    assert {piece async for piece in body} <= {b": \n\n"}
    assert slow.closed


async def test_it_ends_when_the_client_leaves() -> None:
    slow, client = Slow(), Client()
    body = events.stream(client.request, slow.pieces()).body
    assert await anext(body) == b": open\n\n"
    client.left.set()
    async with asyncio.timeout(10):
        assert [piece async for piece in body] == []
    assert slow.closed


async def test_what_goes_wrong_cuts_the_stream() -> None:
    async def broken() -> AsyncGenerator[bytes]:
        yield b"x"
        raise OSError("lost")

    body = events.stream(Client().request, broken()).body
    assert [await anext(body), await anext(body)] == [b": open\n\n", b"x"]
    with pytest.raises(OSError, match="lost"):
        await anext(body)
