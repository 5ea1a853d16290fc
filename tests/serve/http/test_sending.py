"""Answers that come out of files: every byte in its place, on both loops, for clients that are slow, pipeline, or go."""

import asyncio
import os
import socket
import ssl
from functools import partial
from pathlib import Path

import pytest

from parvis.serve.http.door import _send
from parvis.serve.http.exchange import Request, Response
from parvis.serve.http.sending import ZERO_COPY, Joining
from parvis.store.blobs.extents import Extent
from tests.certificates import Authority
from tests.serve.http.conftest import Serving, descriptors

MIB = 1024 * 1024
CONTENT = os.urandom(9 * MIB + 11)
HEADER = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Application:
    """Answers each request with two parts of a file and bytes between; `said` is the length it promises."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(CONTENT)
        self.path, self.said = path, 9 * MIB + 2
        self.extended: list[bool] = []
        self.ended = asyncio.Event()

    async def __call__(self, scope, receive, send) -> None:
        offered = ZERO_COPY in scope.get("extensions", {})
        self.extended.append(offered)
        request = Request(method=scope["method"], path="/", query={}, headers={}, receive=receive)
        try:
            response = Response(200, self._body(), [("content-length", str(self.said))])
            await _send(request, response, send, from_files=offered)
        finally:
            self.ended.set()

    async def _body(self):
        with self.path.open("rb") as file:
            yield b"<"
            yield Extent(file, 0, 4 * MIB)
            yield Extent(file, 4 * MIB, 5 * MIB)
            yield b">"


WANTED = b"<" + CONTENT[: 9 * MIB] + b">"


@pytest.fixture
def served(serving, tmp_path) -> Serving:
    """Runs a test with a server of the application."""
    return partial(serving, Application(tmp_path / "content"))


async def answer(reader: asyncio.StreamReader, step: int = MIB) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    body = b""
    while len(body) < length:
        chunk = await reader.read(min(step, length - len(body)))
        if not chunk:
            break
        body += chunk
    return body


def test_parts_of_a_file_come_in_their_order_and_pipelined_answers_too(served) -> None:
    async def test(application: Application, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEADER * 3)
        for _ in range(3):
            assert await answer(reader) == WANTED
        writer.write(HEADER)
        assert await answer(reader) == WANTED
        assert application.extended == [True] * 4
        writer.close()

    served(test)


def test_head_has_no_body(served) -> None:
    async def test(application: Application, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEADER.replace(b"GET", b"HEAD") + HEADER)
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"content-length: %d" % len(WANTED) in head
        assert await answer(reader) == WANTED
        writer.close()

    served(test)


def test_a_slow_client_gets_everything_and_hinders_nobody(served) -> None:
    async def test(application: Application, port: int) -> None:
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        slow.setblocking(False)
        await asyncio.get_running_loop().sock_connect(slow, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=slow, limit=8192)
        writer.write(HEADER)
        await asyncio.sleep(0.1)
        others = [await asyncio.open_connection("127.0.0.1", port) for _ in range(8)]
        for _, other in others:
            other.write(HEADER)
        assert await asyncio.gather(*(answer(each) for each, _ in others)) == [WANTED] * 8
        assert await answer(reader, 50_000) == WANTED
        for each in (writer, *(other for _, other in others)):
            each.close()

    served(test)


def test_a_client_that_goes_leaves_nothing_open_and_is_no_fault(served, caplog) -> None:
    async def test(application: Application, port: int) -> None:
        before = descriptors()
        for _ in range(3):
            application.ended.clear()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HEADER)
            await reader.readexactly(100_000)
            writer.transport.abort()
            async with asyncio.timeout(5):
                await application.ended.wait()
        async with asyncio.timeout(5):
            while descriptors() > before:
                await asyncio.sleep(0.01)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEADER)
        assert await answer(reader) == WANTED
        writer.close()

    served(test)
    assert not caplog.records


def test_a_file_that_is_too_short_is_no_whole_answer(served) -> None:
    async def test(application: Application, port: int) -> None:
        with application.path.open("r+b") as file:
            file.truncate(5 * MIB)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEADER)
        assert await answer(reader) == WANTED[: 5 * MIB + 1]
        assert await reader.read() == b""
        writer.close()

    served(test)


def test_more_than_was_said_is_not_sent(served) -> None:
    async def test(application: Application, port: int) -> None:
        application.said = 5 * MIB
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEADER)
        assert await answer(reader) == WANTED[: 4 * MIB + 1]
        writer.close()

    served(test)


def test_through_tls_it_is_read(served, tmp_path) -> None:
    authority = Authority(tmp_path)
    authority.context("localhost")
    given = next(tmp_path.glob("localhost*.pem"))

    async def test(application: Application, port: int) -> None:
        trusting = ssl.create_default_context(cafile=str(authority.file))
        reader, writer = await asyncio.open_connection("localhost", port, ssl=trusting)
        writer.write(HEADER * 2)
        assert [await answer(reader), await answer(reader)] == [WANTED] * 2
        assert application.extended == [False] * 2
        writer.close()

    served(test, tls_certificate=str(given), tls_key=str(given), host="127.0.0.1")


class _Transport:
    """Notes what is given to the network at once."""

    def __init__(self) -> None:
        self.given: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.given.append(data)

    def writelines(self, parts) -> None:
        self.given.append(b"".join(parts))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


async def test_the_head_of_a_small_answer_goes_with_its_body() -> None:
    transport = _Transport()
    joining = Joining(transport)
    joining.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    joining.write(b"head,")
    joining.write(b"body,")
    joining.write(b"more")
    await asyncio.sleep(0)
    assert transport.given == [b"HTTP/1.1 100 Continue\r\n\r\n", b"head,body,", b"more"]


async def test_a_head_without_a_body_goes_by_itself() -> None:
    waits, closes, gone = [_Transport() for _ in range(3)]
    joined = [Joining(transport) for transport in (waits, closes, gone)]
    for each in joined:
        each.write(b"head")
    joined[1].close()
    gone.closed = True
    await asyncio.sleep(0)
    assert [each.given for each in (waits, closes, gone)] == [[b"head"], [b"head"], []]
