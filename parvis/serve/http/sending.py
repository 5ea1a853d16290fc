"""Answers out of files: the system gives the bytes to the network, and nobody reads them in between. It is ASGI's
extension http.response.zerocopysend, which uvicorn leaves to others."""

import asyncio
import os
import select
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from parvis.serve.http.receiving import FILL, Receiving

BODY = "http.response.body"
ZERO_COPY = "http.response.zerocopysend"
_STEP = 8 * 1024 * 1024
"""Bytes that a thread gives to the network before others have their turn."""
_PARTS = 16
"""How many parts are gathered at most, each with a descriptor."""
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


class _Part(msgspec.Struct):
    """Bytes of a file that are still to be sent; the descriptor is ours."""

    file: int
    offset: int
    count: int


class FileSending:
    """An application as the server runs it for one request over plain TCP: it may send parts of files, and have a
    large body put where it wants it. Parts that follow each other are gathered and go together."""

    __slots__ = ("_application", "_cycle", "_parts", "_receiving", "_socket", "_transport")

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
        self._parts: Sequence[_Part] = ()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The ASGI entry."""
        receiving = self._receiving
        scope["extensions"] = _EXTENSIONS if receiving is None else {**_EXTENSIONS, FILL: receiving.fill}
        try:
            await self._application(scope, receive, self._send)
        finally:
            if self._receiving is not None:
                self._receiving.close()
            for part in self._parts:
                os.close(part.file)
            if self._socket >= 0:
                os.close(self._socket)
                self._hold(None)

    async def _send(self, message: Any) -> None:
        if message["type"] != ZERO_COPY:
            if self._parts:
                await self._flush()
            await self._cycle.send(message)
            return
        count = message["count"]
        if count > self._cycle.expected_content_length:
            await self._flush()
            raise RuntimeError("Response content longer than Content-Length")
        self._cycle.expected_content_length -= count
        part = _Part(os.dup(message["file"]), message["offset"], count)
        self._parts = (*self._parts, part)
        more = message.get("more_body", False)
        if not more or len(self._parts) == _PARTS or sum(part.count for part in self._parts) >= _STEP:
            await self._flush()
        if not more:
            await self._cycle.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _flush(self) -> None:
        """Sends what was gathered."""
        await self._written()
        while self._parts and not self._gone():
            await self._offered()

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

    async def _offered(self) -> None:
        """Lets the network take some of what was gathered. The bytes may have to come from the disk, so that is
        done in a thread; whoever ends the request waits for it, since afterwards the descriptors are somebody
        else's."""
        taking = asyncio.ensure_future(asyncio.to_thread(_taken, self._socket, self._parts))
        try:
            full = await asyncio.shield(taking)
        except asyncio.CancelledError:
            await asyncio.wait([taking])
            raise
        except ConnectionError:  # the client is gone, as it may
            self._transport.close()
            return
        for part in self._parts:
            if not part.count:
                os.close(part.file)
        self._parts = tuple(part for part in self._parts if part.count)
        if full:
            await self._writable()

    async def _writable(self) -> None:
        loop, free = asyncio.get_running_loop(), asyncio.Event()
        loop.add_writer(self._socket, free.set)
        try:
            await free.wait()
        finally:
            loop.remove_writer(self._socket)


def _taken(socket: int, parts: Sequence[_Part]) -> bool:
    """Gives bytes of files to a socket, _STEP at most, and notes in the parts what is left of them. Returns whether
    the socket had no room for a while. Raises ConnectionError, and OSError when a file is shorter than was said."""
    room, left = select.poll(), _STEP
    room.register(socket, select.POLLOUT)
    for part in parts:
        while part.count and left:
            try:
                sent = os.sendfile(socket, part.file, part.offset, min(part.count, left))
            except BlockingIOError:
                if not room.poll(_PATIENCE_MS):
                    return True
            else:
                if not sent:
                    raise OSError("the file has ended")
                part.offset, part.count, left = part.offset + sent, part.count - sent, left - sent
    return False
