"""Answers out of files: the system gives the bytes to the network, and nobody reads them in between. It is ASGI's
extension http.response.zerocopysend, which uvicorn leaves to others."""

import asyncio
import os
import select
from collections.abc import Awaitable, Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from parvis.serve.http.receiving import FILL, Receiving

BODY = "http.response.body"
ZERO_COPY = "http.response.zerocopysend"
_STEP = 8 * 1024 * 1024
"""Bytes that a thread gives to the network before others have their turn."""
_PATIENCE_MS = 5
"""How long it waits there for room: a client that is quick has made some by then, and another way to a thread and
back for each bit of it would cost more than the bytes."""
_CONTINUE = b"HTTP/1.1 100 "
_EXTENSIONS = {ZERO_COPY: dict[str, Any]()}

Application = Callable[..., Awaitable[None]]


class Joining:
    """A connection as one answer writes to it: its head waits for what follows in the same turn of the loop, so
    that a small answer is given to the network once, not twice. All else is that of the transport."""

    __slots__ = ("_begun", "_head", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self._begun = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Takes bytes, the head of the answer first."""
        if self._head is not None:
            self._transport.writelines((self._head, data))
            self._head = None
        elif self._begun or data.startswith(_CONTINUE):
            self._transport.write(data)
        else:
            self._begun, self._head = True, data
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Lets the head go by itself, unless nobody is there any more."""
        head, self._head = self._head, None
        if head is not None and not self._transport.is_closing():
            self._transport.write(head)

    def close(self) -> None:
        """Closes it when everything is out."""
        self.flush()
        self._transport.close()


class FileSending:
    """An application as the server runs it for one request over plain TCP: it may send parts of files, and have a
    large body put where it wants it."""

    __slots__ = ("_application", "_cycle", "_receiving", "_socket", "_transport")

    def __init__(
        self,
        application: Application,
        cycle: RequestResponseCycle,
        transport: Joining,
        receiving: Receiving | None = None,
    ) -> None:
        self._application, self._cycle, self._transport = application, cycle, transport
        self._receiving = receiving
        self._socket = -1

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The ASGI entry."""
        receiving = self._receiving
        scope["extensions"] = _EXTENSIONS if receiving is None else {**_EXTENSIONS, FILL: receiving.fill}
        try:
            await self._application(scope, receive, self._send)
        finally:
            if self._receiving is not None:
                self._receiving.close()
            if self._socket >= 0:
                os.close(self._socket)
                self._hold(None)

    async def _send(self, message: Any) -> None:
        if message["type"] != ZERO_COPY:
            await self._cycle.send(message)
            return
        file, offset, count = message["file"], message["offset"], message["count"]
        if count > self._cycle.expected_content_length:
            raise RuntimeError("Response content longer than Content-Length")
        self._cycle.expected_content_length -= count
        await self._written()
        while count and not self._gone():
            sent = await self._offered(file, offset, min(count, _STEP))
            offset, count = offset + sent, count - sent
        if not message.get("more_body", False):
            await self._cycle.send({"type": "http.response.body", "body": b"", "more_body": False})

    def _gone(self) -> bool:
        return self._cycle.disconnected or bool(self._transport.is_closing())

    def _hold(self, high: int | None) -> None:
        """How many bytes may wait for the network; a connection that is closed cannot be told."""
        if not self._gone():
            self._transport.set_write_buffer_limits(high=high)

    async def _written(self) -> None:
        """Waits until nothing that was sent before is still here. Our own descriptor of the socket is one that the
        transport does not know: only so may others wait for it too."""
        self._hold(0)
        self._transport.flush()
        await self._cycle.flow.drain()
        if self._socket < 0 and not self._gone():
            self._socket = os.dup(self._transport.get_extra_info("socket").fileno())

    async def _offered(self, file: int, offset: int, count: int) -> int:
        """How many bytes the network took; when not all, there is room for more by then. The file's may have to
        come from the disk, so that is done in a thread; whoever ends the request waits for it, since afterwards
        the descriptors are somebody else's."""
        taking = asyncio.ensure_future(asyncio.to_thread(_taken, self._socket, file, offset, count))
        try:
            sent = await asyncio.shield(taking)
        except asyncio.CancelledError:
            await asyncio.wait([taking])
            raise
        except ConnectionError:  # the client is gone, as it may
            self._transport.close()
            return 0
        if sent < count:
            await self._writable()
        return sent

    async def _writable(self) -> None:
        loop, free = asyncio.get_running_loop(), asyncio.Event()
        loop.add_writer(self._socket, free.set)
        try:
            await free.wait()
        finally:
            loop.remove_writer(self._socket)


def _taken(socket: int, file: int, offset: int, count: int) -> int:
    """The bytes that went from the file to the socket: all, or those until it had no room for a while. Raises
    ConnectionError, and OSError when the file is shorter than was said."""
    room, sent = select.poll(), 0
    room.register(socket, select.POLLOUT)
    while sent < count:
        try:
            step = os.sendfile(socket, file, offset + sent, count - sent)
        except BlockingIOError:
            if not room.poll(_PATIENCE_MS):
                break
        else:
            if not step:
                raise OSError("the file has ended")
            sent += step
    return sent
