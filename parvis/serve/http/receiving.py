"""Bodies straight from the network: a large one is put by the system into memory that waits for it, past the server
and its parser, which would copy each byte twice and be woken for every few of them. An extension of ASGI, as
sending out of files is, and only over plain TCP."""

import asyncio
import socket
from typing import Protocol

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from parvis.serve.http.exchange import Disconnected

FILL = "parvis.fill"
"""The extension: `await fill(room)` puts some of the body there, and returns how many bytes; 0 at the end."""
LEAST = 1024 * 1024
"""Bytes of a body for which this is worth while."""


class Connection(Protocol):
    """What is asked of the connection."""

    flow: FlowControl
    unparsed: int
    """Bytes of a body that was taken over that have not been read."""

    def take_over(self, cycle: RequestResponseCycle, length: int) -> None:
        """Reads no more; what has not come yet of its body, of so many bytes, is somebody else's to read."""
        ...

    def passed(self, count: int) -> None:
        """So many bytes of it have been read."""
        ...


class Receiving:
    """The body of one request. Who has once asked for it here does not `receive` it as well."""

    def __init__(self, connection: Connection, cycle: RequestResponseCycle, length: int) -> None:
        self._connection, self._cycle, self._length = connection, cycle, length
        self._own: socket.socket | None = None
        """Our own descriptor, which the transport does not know: only so may others wait for it too."""

    async def fill(self, room: memoryview) -> int:
        """See FILL. Raises Disconnected."""
        await asyncio.sleep(0)  # also when much is there it is others' turn
        if self._cycle.disconnected:
            raise Disconnected
        if self._own is None:
            self._connection.take_over(self._cycle, self._length)
            self._own = _another(self._cycle.transport.get_extra_info("socket"))
        if held := self._cycle.body:
            taken = held[: len(room)]
            room[: len(taken)], self._cycle.body = taken, held[len(taken) :]
            return len(taken)
        if not self._cycle.more_body:
            return 0
        while (count := self._read(self._own, room[: self._connection.unparsed])) is None:
            await _readable(self._own)
        if not count:
            self._cycle.disconnected = True
            self._cycle.transport.close()
            raise Disconnected
        self._connection.passed(count)
        return count

    def _read(self, own: socket.socket, room: memoryview) -> int | None:
        """How many bytes have come; 0 when there will be no more, None when there are none now."""
        assert self._connection.flow.read_paused
        try:
            return own.recv_into(room)
        except BlockingIOError:
            return None
        except ConnectionError:
            return 0

    def close(self) -> None:
        """Ends it, whether all has come or not."""
        if self._own is not None:
            self._own.close()


def _another(known: socket.socket) -> socket.socket:
    """A descriptor of the same connection."""
    own = socket.fromfd(known.fileno(), known.family, known.type)
    own.setblocking(False)
    return own


async def _readable(own: socket.socket) -> None:
    loop, come = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(own, come.set)
    try:
        await come.wait()
    finally:
        loop.remove_reader(own)
