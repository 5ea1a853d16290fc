"""The embedded HTTP server, run inside our own loop."""

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from parvis.kernel.errors import Unavailable
from parvis.kernel.settings import Settings
from parvis.kernel.signal import Signal
from parvis.serve.http.exchange import GONE
from parvis.serve.http.receiving import LEAST, Receiving
from parvis.serve.http.sending import FileSending, Joining

_GRACE_SECONDS = 10
_GOODBYE_SECONDS = 0.5
_HEAD_SECONDS = 30.0
"""For a request's header to come whole, however slowly; also how long a new connection may say nothing."""
_ASGI = {"version": "3.0", "spec_version": "2.3"}
_HEAD_BYTES = 64 * 1024


@lru_cache(maxsize=100)
def _same(address: tuple[str, int | None] | None) -> tuple[str, int | None] | None:
    """Connections come to few addresses of ours, and keep them."""
    return address


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the program's own matter."""
        yield


class _Protocol(HttpToolsProtocol):
    """One connection. uvicorn waits for a header as long as its client likes, and takes as much as that sends: here
    neither. What counts is what has come since the parser last gave something whole."""

    __slots__ = ("_gone", "_loose", "_parsed", "_timer", "_whole", "unparsed")

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.pipeline = ()  # type: ignore[assignment] # a queue only for who asks before the answer has come
        self.unparsed = 0
        """Bytes of the present body that the parser does not see: they are read by others, or let pass."""
        self._parsed = 0
        """Bytes of the present body that it has seen."""
        self._loose = 0
        self._whole = False
        """Whether the parser has seen a request to its end, and nothing of another."""
        self._timer: asyncio.TimerHandle | None = None
        self._gone = Signal()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.server = _same(self.server)
        self.flow._is_writable_event = Signal(already=True)  # type: ignore[assignment] # the same, smaller
        self._await_header()

    def connection_lost(self, exc: Exception | None) -> None:
        self._have_header()
        super().connection_lost(exc)
        self._gone.set()

    def data_received(self, data: bytes) -> None:
        if self.unparsed:
            passing = min(len(data), self.unparsed)
            self.passed(passing)
            if not (data := data[passing:]):
                return
        self._loose += len(data)
        if self._whole:
            self._parse_anew()
        super().data_received(data)
        if self._whole:
            self.parser = None  # type: ignore[assignment] # a kilobyte, while one waits for an answer or a question
        if self._loose > _HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The header is too large.")

    def on_message_begin(self) -> None:
        self._await_header()
        self._whole = False
        super().on_message_begin()
        self.scope["asgi"] = _ASGI  # type: ignore[typeddict-item] # the same for all
        self.scope[GONE] = self._gone  # type: ignore[literal-required] # of ours

    def on_headers_complete(self) -> None:
        self._have_header()
        self._parsed = 0
        if b"#" in self.url:  # RFC 9112 §3.2; what stands before it was perhaps not meant: DELETE /a#b
            self.send_400_response("The address has a fragment.")
            return
        if self.cycle is not None and not self.cycle.response_complete and not self.pipeline:
            self.pipeline = deque()
        super().on_headers_complete()
        if self.cycle is not None and self.cycle.scope is self.scope:
            self.url, self.headers = b"", []  # they are in the request, which may wait long

    def on_body(self, body: bytes) -> None:
        """What is taken from uvicorn as it came is not copied twice, as what is gathered is."""
        self._loose = 0
        self._parsed += len(body)
        held: bytes | bytearray = self.cycle.body
        if not held:
            self.cycle.body = b""  # type: ignore[assignment] # and so is the sum
        elif isinstance(held, bytes):
            self.cycle.body = bytearray(held)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._loose, self._whole = 0, True
        super().on_message_complete()

    def take_over(self, cycle: RequestResponseCycle, length: int) -> None:
        """See receiving.Connection."""
        self.flow.pause_reading()
        if cycle is self.cycle and cycle.more_body:
            self.unparsed = length - self._parsed

    def passed(self, count: int) -> None:
        """See receiving.Connection. After the last of them the next request has a parser of its own, since the one
        before waits for them still."""
        self.unparsed -= count
        if not self.unparsed:
            self._parse_anew()
            self.on_message_complete()

    def _parse_anew(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """What goes through TLS has to be read; all else can be sent out of a file, and a large body be put where
        it is wanted."""
        transport = Joining(cycle.transport)
        cycle.transport = transport  # type: ignore[assignment] # it has all that an answer asks for
        cycle.message_event = Signal(already=cycle.message_event.is_set())  # type: ignore[assignment] # the same, smaller
        if self.scheme != "https":
            length = _length(cycle)
            receiving = Receiving(self, cycle, length) if length >= LEAST else None
            app = FileSending(app, cycle, transport, receiving)
        super()._start_asgi_task(cycle, app)

    def shutdown(self) -> None:
        """Who asks nothing just now is not waited for: over TLS a client that does not read would never say that it
        has heard of the end."""
        idle = self.cycle is None or self.cycle.response_complete
        super().shutdown()
        if idle:
            self.loop.call_later(_GOODBYE_SECONDS, self.transport.abort)

    def _await_header(self) -> None:
        self._have_header()
        self._timer = self.loop.call_later(_HEAD_SECONDS, self.timeout_keep_alive_handler)

    def _have_header(self) -> None:
        self._loose = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _length(cycle: RequestResponseCycle) -> int:
    """Bytes of a request's body; 0 when that is not told before. The parser has seen that it is a number."""
    return next((int(value) for name, value in cycle.scope["headers"] if name == b"content-length"), 0)


class HttpServer:
    """Listens where the settings say; under TLS with a certificate. RFC 8620 §8.1, RFC 8887 §5.1"""

    def __init__(self, application: Callable[..., Any], settings: Settings) -> None:
        self._settings = settings
        self._server = _Server(
            uvicorn.Config(
                application,
                loop="none",
                http=_Protocol,
                ws="websockets-sansio",
                lifespan="off",
                interface="asgi3",
                access_log=False,
                log_config=None,
                server_header=False,
                backlog=2048,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=_GRACE_SECONDS,
                ws_max_size=settings.limits.request_bytes,
                ssl_certfile=settings.tls_certificate or None,
                ssl_keyfile=settings.tls_key or None,
            )
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Listens and returns the port, a free one when the settings say 0. Raises Unavailable."""
        listener = _bound(self._settings.host, self._settings.ports.http)
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]))
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise Unavailable("the HTTP server did not start")
            await asyncio.sleep(0.005)
        port: int = listener.getsockname()[1]
        return port

    async def stop(self) -> None:
        """Takes no more requests, lets those that run end, and closes."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, max(port, 0)))
    except OSError as error:
        listener.close()
        raise Unavailable(f"cannot listen on {host}:{port}: {error.strerror}") from error
    listener.setblocking(False)
    return listener
