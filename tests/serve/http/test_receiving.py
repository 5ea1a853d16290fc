"""Large bodies straight from the network: every byte in its place, on both loops, from clients that are slow, pipeline,
send too little, or go."""

import asyncio
import hashlib
import random
from functools import partial

import pytest

from parvis.serve.http import exchange
from parvis.serve.http.door import _request, _send
from parvis.serve.http.exchange import Response
from parvis.serve.http.receiving import LEAST
from tests.serve.http.conftest import Serving, descriptors

BODY = random.Random(7).randbytes(5 * LEAST + 77)
HEAD = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
SMALL = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"


class Vessel:
    """A BlobReceiver that keeps what comes, in memory that is used again."""

    def __init__(self) -> None:
        self.size, self._held, self._room = 0, bytearray(), memoryview(bytearray(300_000))

    async def write(self, chunk: bytes | memoryview) -> None:
        self._held += chunk
        self.size += len(chunk)

    def room(self) -> memoryview:
        return self._room

    async def came(self, count: int) -> None:
        await self.write(self._room[:count])
        await asyncio.sleep(0)

    async def commit(self) -> str:
        return hashlib.sha256(self._held).hexdigest()

    async def abort(self) -> None:
        self._held.clear()


class Application:
    """Answers each request with the hash of its body; after `most` bytes, if given, with an error."""

    def __init__(self) -> None:
        self.offered: list[bool] = []
        self.errors: list[BaseException] = []
        self.most: int | None = None
        self.ended = asyncio.Event()

    async def __call__(self, scope, receive, send) -> None:
        request, vessel = _request(scope, receive), Vessel()
        self.offered.append(request.fill is not None)
        try:
            if self.most is not None:
                vessel.came = self._too_much  # type: ignore[method-assign]
            await request.pour(request.chunks(1 << 30), vessel)
        except ValueError:
            await _send(request, Response(507, b"full"), send, from_files=False)
            return
        except BaseException as error:
            self.errors.append(error)
            return
        finally:
            self.ended.set()
        await _send(request, Response(200, (await vessel.commit()).encode()), send, from_files=False)

    async def _too_much(self, count: int) -> None:
        raise ValueError


@pytest.fixture
def served(serving) -> Serving:
    """Runs a test with a server of the application."""
    return partial(serving, Application())


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return int(head.split()[1]), await reader.readexactly(length)


def told(body: bytes) -> tuple[int, bytes]:
    return 200, hashlib.sha256(body).hexdigest().encode()


def test_large_bodies_come_whole_one_after_the_other_and_pipelined(served) -> None:
    async def test(application: Application, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        before = descriptors()
        for size in (len(BODY), LEAST, LEAST - 1):
            writer.write(HEAD % size + BODY[:size] + SMALL)
            assert await answer(reader) == told(BODY[:size])
            assert await answer(reader) == told(b"abc")
        writer.write((HEAD % len(BODY) + BODY) * 2 + SMALL)
        for expected in (BODY, BODY, b"abc"):
            assert await answer(reader) == told(expected)
        assert application.offered == [True, False, True, False, False, False, True, True, False]
        assert descriptors() == before
        writer.close()

    served(test)


def test_a_body_that_comes_in_bits_comes_whole(served) -> None:
    async def test(application: Application, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        sent, place = HEAD % len(BODY) + BODY + SMALL, 0
        for size in (10, 60, 1, 100_000, 1, 2_000_000, 7, len(sent)):
            writer.write(sent[place : place + size])
            place += size
            await writer.drain()
            await asyncio.sleep(0.01)
        assert [await answer(reader), await answer(reader)] == [told(BODY), told(b"abc")]
        writer.close()

    served(test)


def test_requests_are_understood_wherever_they_are_cut(served) -> None:
    async def test(application: Application, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for sent in (SMALL * 2, b"\r\n" + SMALL + SMALL):
            for place in range(len(sent)):
                writer.write(sent[place : place + 1])
                await asyncio.sleep(0.001)
            assert [await answer(reader), await answer(reader)] == [told(b"abc")] * 2
        half = len(SMALL) // 2
        writer.write(SMALL + SMALL[:half])
        assert await answer(reader) == told(b"abc")
        writer.write(SMALL[half:])
        assert await answer(reader) == told(b"abc")
        writer.close()

    served(test)


def test_who_waits_to_be_told_to_go_on_is_told(served) -> None:
    async def test(application: Application, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD.replace(b"Host", b"Expect: 100-continue\r\nHost") % len(BODY))
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(BODY)
        assert await answer(reader) == told(BODY)
        writer.close()

    served(test)


def test_what_comes_without_a_length_goes_the_other_way(served) -> None:
    async def test(application: Application, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for start in range(0, len(BODY), 700_000):
            chunk = BODY[start : start + 700_000]
            writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        writer.write(b"0\r\n\r\n" + SMALL)
        assert [await answer(reader), await answer(reader)] == [told(BODY), told(b"abc")]
        assert application.offered == [False, False]
        writer.close()

    served(test)


@pytest.mark.parametrize("reset", [False, True])
def test_a_client_that_goes_is_known_to_have_gone(served, reset) -> None:
    async def test(application: Application, port: int) -> None:
        before = descriptors()
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD % len(BODY) + BODY[: 2 * LEAST])
        await writer.drain()
        while not application.offered:
            await asyncio.sleep(0.01)
        writer.transport.abort() if reset else writer.close()
        async with asyncio.timeout(5):
            await application.ended.wait()
            while descriptors() > before:
                await asyncio.sleep(0.01)
        assert [type(error) for error in application.errors] == [exchange.Disconnected]

    served(test)


def test_an_error_in_the_middle_is_told_and_the_next_request_answered(served) -> None:
    async def test(application: Application, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        application.most = 0
        writer.write(HEAD % len(BODY) + BODY + SMALL)
        assert await answer(reader) == (507, b"full")
        assert await answer(reader) == told(b"abc")
        application.most = None
        writer.write(HEAD % len(BODY) + BODY)
        assert await answer(reader) == told(BODY)
        writer.close()

    served(test)


def test_who_sends_nothing_more_is_not_waited_for(served, monkeypatch) -> None:
    monkeypatch.setattr(exchange, "_SILENT_SECONDS", 0.3)

    async def test(application: Application, port: int) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD % len(BODY) + BODY[: 2 * LEAST])
        async with asyncio.timeout(5):
            await application.ended.wait()
        assert [error.code for error in application.errors] == ["unavailable"]  # type: ignore[attr-defined]
        writer.close()

    served(test)
