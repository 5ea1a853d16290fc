"""One client of a line protocol: an asyncio.Protocol that a session coroutine pulls lines and bytes from.

What the session writes is gathered and sent when it next has to wait for input, so that pipelined commands are
answered in one packet (RFC 2920 §3.2). Reading stops while the session is busy with more than a buffer of input,
and writing waits for a client that does not read: memory is flat whatever the client does.
"""

import asyncio
import contextlib
import ipaddress
import logging
import ssl
from collections.abc import Callable
from typing import Any, cast

from parvis.kernel.errors import Invalid, TooLarge
from parvis.serve.lines.deflated import Deflated
from parvis.serve.lines.door import Door

BUFFER = 256 * 1024
"""Input held before the socket is no longer read, in bytes."""
_OUT = 64 * 1024
_LINGER = 2.0
_log = logging.getLogger(__name__)


class Ended(Exception):
    """The engine ends this connection; a session cleans up and lets it pass."""


class Disconnected(Ended):
    """The client is gone."""


class TimedOut(Ended):
    """The client took too long."""


class Stopping(Ended):
    """The server is stopping."""


class Connection(asyncio.Protocol):
    """See the module. A session uses `line`, `some`, `write`, `flush`, `start_tls` and nothing else."""

    def __init__(self, door: Door, accept: Callable[["Connection"], bool], gone: Callable[["Connection"], None]):
        self.door, self._accept, self._gone = door, accept, gone
        self.host, self.port, self.local_port = "", 0, 0
        self.tls: ssl.SSLObject | None = None
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._in, self._scanned = bytearray(), 0
        self._out: list[bytes] = []
        self._out_size = 0
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._discarding = self._eof = self._lost = self._reading_paused = self._stopping = False
        self._cut_off: asyncio.TimerHandle | None = None
        self._deflated: Deflated | None = None
        self.buffer = BUFFER
        """Input held before the socket is no longer read; a session may ask for less."""
        self.task: asyncio.Task[None] | None = None

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Counts the client in and starts its session, or turns it away."""
        self._transport = cast(asyncio.Transport, transport)
        self.tls = transport.get_extra_info("ssl_object")
        peer, here = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if isinstance(peer, tuple):
            self.host, self.port = plain_address(str(peer[0])), int(peer[1])
        self.local_port = int(here[1]) if isinstance(here, tuple) else 0
        if not self._accept(self):
            self._transport.write(self.door.farewells.busy)
            self._transport.close()
            return
        self.task = self._loop.create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        """Takes bytes in; after the session has ended they are let fall."""
        if self._cut_off is not None:
            return
        self._in += data if self._deflated is None else self._inflated(data)
        if len(self._in) > self.buffer and not self._reading_paused and self._transport is not None:
            self._reading_paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """The client sends no more; over plain TCP what it asked is still answered."""
        self._eof = True
        self._wake()
        return self.tls is None and self._cut_off is None

    def connection_lost(self, exc: Exception | None) -> None:
        """The end; a waiting session hears it as Disconnected."""
        self._lost = self._eof = True
        if self._cut_off is not None:
            self._cut_off.cancel()
        self._wake()
        self.resume_writing()
        self._gone(self)

    def pause_writing(self) -> None:
        """The client reads too slowly."""
        if self._writable is None:
            self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        """The client has caught up."""
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    # What the session calls.

    async def line(self, seconds: float | None = None, most: int | None = None) -> bytes:
        """The next line without its CRLF. `seconds` and `most` bytes default to the door's limits.

        Raises TooLarge once for a line over the limit (already read past), Invalid for one that ends in a bare
        LF or holds a bare CR: a protocol that accepted those could be smuggled past (the session should end)."""
        limit = self.door.line_bytes if most is None else most
        end = None if seconds is None else self._loop.time() + seconds
        while (at := self._in.find(b"\n", self._scanned)) < 0:
            self._shorten(limit)
            end = self._loop.time() + self.door.command_seconds if end is None else end
            await self._more(end)
        found = bytes(self._in[: at + 1])
        self._drop(at + 1)
        if self._discarding or len(found) > limit:
            self._discarding = False
            raise TooLarge("line too long", limit=limit)
        if not found.endswith(b"\r\n") or b"\r" in found[:-2]:
            raise Invalid("lines end with CRLF", field="line")
        return found[:-2]

    def _shorten(self, limit: int) -> None:
        """Keeps no more than the start of a line that is over the limit already."""
        self._scanned = len(self._in)
        if self._discarding or self._scanned > limit:
            self._discarding = True
            self._drop(self._scanned)

    async def some(self, seconds: float | None = None, most: int = BUFFER) -> bytes:
        """At least one byte and at most `most`, as they come: for the body of a message or a literal."""
        if not self._in:
            await self._more(self._loop.time() + (self.door.command_seconds if seconds is None else seconds))
        taken = bytes(self._in[:most])
        self._drop(len(taken))
        return taken

    def unread(self, data: bytes) -> None:
        """Puts back what was taken by `some` and belongs to what follows."""
        self._in[:0] = data
        self._scanned = 0

    @property
    def has_input(self) -> bool:
        """Whether the client has sent something that was not read yet."""
        return bool(self._in)

    def write(self, data: bytes) -> None:
        """Answers; sent at the latest when the session waits for input."""
        self._out.append(data)
        self._out_size += len(data)
        if self._out_size > _OUT:
            self._send()

    async def flush(self) -> None:
        """Sends what was written and waits while the client is too slow to take it. Raises TimedOut."""
        self._send()
        if self._writable is not None:
            try:
                await asyncio.wait_for(asyncio.shield(self._writable), self.door.write_seconds)
            except TimeoutError:
                raise TimedOut from None
        if self._lost:
            raise Disconnected

    async def start_tls(self) -> None:
        """Begins TLS, after what was written is sent. Whatever the client has sent before is thrown away, so that
        nothing said in the clear counts as said under TLS. RFC 3207 §4.2, §6, RFC 9051 §6.2.1. Raises
        Disconnected."""
        assert self._transport is not None and self.door.tls is not None and self.tls is None
        await self.flush()
        self._drop(len(self._in))
        self._discarding = False
        try:
            secured = await self._loop.start_tls(
                self._transport,
                self,
                self.door.tls,
                server_side=True,
                ssl_handshake_timeout=self.door.handshake_seconds,
            )
        except (OSError, EOFError, ConnectionError) as error:
            _log.debug("TLS with %s: %s", self.host, error)
            raise Disconnected from error
        if secured is None:
            raise Disconnected
        self._transport, self.tls = secured, secured.get_extra_info("ssl_object")
        self._reading_paused = False

    async def start_compression(self) -> None:
        """Begins to compress, after what was written is sent; what the client sends after that is compressed too.
        RFC 4978 §3"""
        await self.flush()
        self._deflated = Deflated()
        held = bytes(self._in)
        self._drop(len(held))
        self.data_received(held)

    @property
    def is_compressed(self) -> bool:
        """Whether compression has begun."""
        return self._deflated is not None

    @property
    def is_local(self) -> bool:
        """Whether the client is on this machine."""
        return ipaddress.ip_address(self.host or "0.0.0.0").is_loopback  # noqa: S104 - means: unknown

    @property
    def is_safe(self) -> bool:
        """Whether a password may be said: under TLS, or from this machine."""
        return self.tls is not None or self.is_local

    @property
    def tls_name(self) -> str:
        """Version and cipher for a Received header, as `TLSv1.3 with TLS_AES_256_GCM_SHA384`; empty in clear."""
        cipher = self.tls.cipher() if self.tls is not None else None
        return f"{cipher[1]} with {cipher[0]}" if cipher else ""

    # Inside.

    async def _more(self, end: float) -> None:
        """Waits for input until the loop's time `end`. Raises Ended."""
        if self._eof:
            raise Disconnected
        await self.flush()
        if self._stopping:
            raise Stopping
        self._waiter = self._loop.create_future()
        timer = self._loop.call_at(end, _expire, self._waiter)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _drop(self, count: int) -> None:
        del self._in[:count]
        self._scanned = 0
        if self._deflated is not None and self._deflated.has_more and len(self._in) < self.buffer // 2:
            self._in += self._inflated(b"")
        if self._reading_paused and len(self._in) < self.buffer // 2 and self._transport is not None:
            self._reading_paused = False
            self._transport.resume_reading()

    def _inflated(self, data: bytes) -> bytes:
        """What came, decompressed; a client that sends anything else is cut off."""
        assert self._deflated is not None and self._transport is not None
        try:
            return self._deflated.read(data, self.buffer)
        except Invalid:
            self._transport.abort()
            return b""

    def _send(self) -> None:
        if self._out and self._transport is not None and not self._lost:
            data = b"".join(self._out) if len(self._out) > 1 else self._out[0]
            self._transport.write(data if self._deflated is None else self._deflated.written(data))
        self._out.clear()
        self._out_size = 0

    async def _serve(self) -> None:
        try:
            await self.door.session(self)
        except Ended as ended:
            self.write(_farewell(self.door, ended))
        except Exception:
            _log.exception("%s with %s", self.door.name, self.host)
            self.write(self.door.farewells.fault)
        finally:
            await self._finish()

    async def _finish(self) -> None:
        """Sends the rest and closes; a client that does not take it is cut off. With input left unread the kernel
        would answer a close by a reset, and the client lose our last line: then only our side is closed first."""
        assert self._transport is not None
        with contextlib.suppress(Ended):
            await self.flush()
        if self._lost:
            return
        linger = bool(self._in or self._reading_paused) and self._transport.can_write_eof() and not self._eof
        self._in.clear()
        self._cut_off = self._loop.call_later(_LINGER if linger else self.door.write_seconds, self._transport.abort)
        if linger:
            self._transport.write_eof()
            self._transport.resume_reading()
        else:
            self._transport.close()

    def stop(self) -> None:
        """Ends the session when it next waits for input; work in progress is finished first."""
        self._stopping = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(Stopping())

    def abort(self) -> None:
        """Ends it now."""
        if self._transport is not None:
            self._transport.abort()
        if self.task is not None:
            self.task.cancel()


def plain_address(address: str) -> str:
    """An IP address as people write it: without zone, and IPv4 not mapped into IPv6."""
    bare = address.partition("%")[0]
    return bare.removeprefix("::ffff:") if "." in bare else bare


def _expire(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_exception(TimedOut())


def _farewell(door: Door, ended: Ended) -> bytes:
    said: dict[type[Any], bytes] = {TimedOut: door.farewells.timeout, Stopping: door.farewells.stopping}
    return said.get(type(ended), b"")
