"""A light client of Matrix for measurements: bytes that are made before they are sent, and answers of which no more
is read than is needed."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import cast
from urllib.parse import quote

_HEAD_END = b"\r\n\r\n"
_MARK = b'"body":"to all '
LAZY = quote('{"room":{"state":{"lazy_load_members":true}}}')


def request(method: str, path: str, token: str, body: object = None) -> bytes:
    """A whole request, as bytes."""
    data = b"" if body is None else json.dumps(body).encode()
    head = f"{method} /_matrix/client/v3{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data


class Connection(asyncio.Protocol):
    """One connection, over which one thing is asked at a time."""

    def __init__(self) -> None:
        self._buffer, self._head = bytearray(), b""
        self._need, self._chunked = -1, False
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport

    @classmethod
    async def open(cls, port: int) -> "Connection":
        """Connects to this machine."""
        return (await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port))[1]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._need < 0 and (end := self._buffer.find(_HEAD_END)) >= 0:
            self._head = bytes(self._buffer[:end]).lower()
            del self._buffer[: end + 4]
            place = self._head.find(b"content-length:")
            self._need = int(self._head[place + 15 :].partition(b"\r")[0]) if place >= 0 else 0
            self._chunked = place < 0
        if self._need < 0 or len(self._buffer) < self._need:
            return
        if self._chunked and not self._buffer.endswith(b"0\r\n\r\n"):
            return
        body, self._need = _unchunked(self._buffer) if self._chunked else bytes(self._buffer), -1
        self._buffer.clear()
        if self._head[9:12] == b"200":
            self.answered(body)
        else:
            self.failed(RuntimeError((self._head + body)[-500:].decode("utf-8", "replace")))

    def connection_lost(self, exc: Exception | None) -> None:
        self.failed(exc or ConnectionError("the server closed"))

    def failed(self, error: Exception) -> None:
        """An answer has come that is not a good one, or none."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def answered(self, body: bytes) -> None:
        """An answer has come."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(body)

    def write(self, data: bytes) -> None:
        """Asks, and waits for nothing."""
        self._transport.write(data)

    async def ask(self, data: bytes) -> bytes:
        """Asks; the body of the answer."""
        self._answer = asyncio.get_running_loop().create_future()
        self.write(data)
        return await self._answer

    async def json(self, method: str, path: str, token: str, body: object = None) -> dict[str, object]:
        """The same in one, with the answer read."""
        found: dict[str, object] = json.loads(await self.ask(request(method, path, token, body)))
        return found

    def close(self) -> None:
        """Ends it."""
        self._transport.close()


class Listener(Connection):
    """A client that syncs for ever, and tells of each message of the measurement that it is told of."""

    def __init__(self) -> None:
        super().__init__()
        self.token = ""
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.heard: Callable[[int, float], None] = lambda number, at: None
        self.lost: Callable[[Exception], None] = lambda error: None
        self._seen = -1
        self.closing = False

    def start(self, token: str) -> None:
        """Begins with an initial sync; `ready` is done when the first answer has come."""
        self.token = token
        self.write(request("GET", f"/sync?filter={LAZY}", token))

    def answered(self, body: bytes) -> None:
        now = time.perf_counter()
        if not self.ready.done():
            self.ready.set_result(None)
        place = body.rfind(_MARK)
        if place >= 0:
            newest = int(body[place + len(_MARK) :].partition(b" ")[0])
            for number in range(self._seen + 1, newest + 1):
                self.heard(number, now)
            self._seen = max(self._seen, newest)
        start = body.find(b'"next_batch":"') + 14
        since = body[start : body.index(b'"', start)].decode()
        self.write(request("GET", f"/sync?timeout=30000&filter={LAZY}&since={since}", self.token))

    def failed(self, error: Exception) -> None:
        if not self.closing:
            self.lost(error)

    def close(self) -> None:
        self.closing = True
        super().close()


def _unchunked(data: bytearray) -> bytes:
    """A body that came in chunks (RFC 9112 §7.1)."""
    parts, place = [], 0
    while place < len(data):
        end = data.index(b"\r\n", place)
        length = int(data[place:end], 16)
        parts.append(bytes(data[end + 2 : end + 2 + length]))
        place = end + length + 4
    return b"".join(parts)
