"""Who waits for something new, and goes before it has come."""

import asyncio

import pytest

from parvis.kernel.signal import Signal
from parvis.serve.http.door import _request
from parvis.serve.http.exchange import Disconnected, Request
from tests.serve.http.conftest import Serving

HEADER = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Application:
    """Answers when it is told to; it knows of those who went before."""

    def __init__(self) -> None:
        self.begun, self.left = asyncio.Event(), asyncio.Event()
        self.signal = Signal()

    async def __call__(self, scope, receive, send) -> None:
        request = _request(scope, receive)
        self.begun.set()
        try:
            await request.wait(self.signal, 60)
        except Disconnected:
            self.left.set()
            return
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})


@pytest.mark.parametrize("hard", [False, True])
def test_what_waits_ends_with_its_connection(serving: Serving, *, hard: bool) -> None:
    async def test(application: Application, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(10):
            writer.write(HEADER)
            await application.begun.wait()
            application.signal.set()
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204")
            application.signal.clear()
            application.begun.clear()
            writer.write(HEADER)
            await application.begun.wait()
            if hard:
                writer.transport.abort()
            writer.close()
            await application.left.wait()

    serving(Application(), test)


async def test_what_has_come_is_not_told_to_nobody() -> None:
    signal, request = Signal(already=True), Request("GET", "/", {}, {}, asyncio.Event().wait)  # type: ignore[arg-type]
    assert await request.wait(signal, 60)
    request.gone.set()
    with pytest.raises(Disconnected):
        await request.wait(signal, 60)
