"""Servers that are slow, too talkative, not who they say, or speak nonsense: each costs a bounded time and memory."""

import asyncio
import contextlib
import json

import pytest

from parvis.chat.federation.contract import PeerError, path
from parvis.chat.federation.outside import Asked
from parvis.kernel import clock
from parvis.kernel.errors import Unavailable
from tests.certificates import Authority

VERSION = path("federation", "v1", "version")
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


@contextlib.asynccontextmanager
async def server(authority, answer, *names: str, days: int = 1):
    """One that answers each request by `answer(writer)`; yields its name."""
    tls, _ = authority.context(*(names or ("localhost",)), days=days)

    async def serve(reader, writer) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer)
            writer.close()

    opened = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    yield f"localhost:{opened.sockets[0].getsockname()[1]}"
    opened.close()


def whole(body: bytes, head: bytes = HEAD):
    async def answer(writer) -> None:
        writer.write(head + f"content-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    return answer


async def never(writer) -> None:
    await asyncio.sleep(30)


async def drops(writer) -> None:
    writer.write(HEAD + b"content-length: 1000000\r\n\r\n")
    for _ in range(300):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.1)


async def endless(writer) -> None:
    writer.write(HEAD + b"\r\n")
    while True:
        writer.write(b" " * 65_536)
        await writer.drain()


@pytest.fixture
async def one(two):
    return two[0]


@pytest.mark.parametrize("answer", [never, drops])
async def test_slow_servers_have_an_end(one, authority, answer) -> None:
    async with server(authority, answer) as name:
        started = clock.monotonic()
        with pytest.raises(Unavailable, match="in time"):
            await one.federation.peers.get(name, VERSION, seconds=0.5)
        assert clock.monotonic() - started < 3
        assert (await one.federation.backoff.state(name)).tries <= 1


@pytest.mark.parametrize(
    "answer",
    [
        endless,
        whole(b"no json"),
        whole(b'{"a": 1, "a": 2}'),
        whole(b"[" * 100_000),
        whole(b"{}", HEAD + b"content-encoding: gzip\r\n"),
        whole(b"", b"nonsense\r\n"),
    ],
)
async def test_nonsense_is_unavailable(one, authority, answer) -> None:
    async with server(authority, answer) as name:
        with pytest.raises(Unavailable):
            await one.federation.peers.get(name, VERSION, limit=1_000_000, seconds=5)


async def test_refusals_in_other_words(one, authority) -> None:
    for status, body, code in (
        (403, b'{"errcode": "M_FORBIDDEN", "error": "no"}', "M_FORBIDDEN"),
        (404, b"<html>", "M_UNKNOWN"),
        (418, b"[]", "M_UNKNOWN"),
        (400, json.dumps({"errcode": 7, "error": ["x"]}).encode(), "M_UNKNOWN"),
        (302, b"", ""),
    ):
        head = f"HTTP/1.1 {status} X\r\nlocation: https://a.org/\r\n".encode()
        async with server(authority, whole(body, head)) as name:
            with pytest.raises((PeerError, Unavailable)) as error:
                await one.federation.peers.get(name, VERSION, seconds=5)
            if code:
                assert isinstance(error.value, PeerError) and error.value.errcode == code
                assert error.value.status == status


async def test_who_has_another_certificate_is_not_spoken_to(one, authority, tmp_path) -> None:

    stranger = Authority(tmp_path / "stranger")
    for trusted, names, days in (
        (authority, ("other.example",), 1),
        (authority, ("localhost",), -1),
        (stranger, ("localhost",), 1),
    ):
        async with server(trusted, whole(b"{}"), *names, days=days) as name:
            with pytest.raises(Unavailable, match=r"(?i)certificate"):
                await one.federation.peers.get(name, VERSION, seconds=5)


async def test_the_bodies_of_strangers_are_not_read(two) -> None:
    """Nobody is asked for a body before there is a key that could have signed it."""
    one, other = two

    header = 'X-Matrix origin="localhost:1",destination="x",key="ed25519:1",sig="AAAA"'
    asked = Asked(
        target=path("federation", "v1", "send", "1"),
        method="PUT",
        headers={"authorization": header},
        content=b"no json at all",
        seconds=5,
    )
    answer = await one.federation.outside.ask(other.place, asked, 10_000)
    assert answer.status == 401, answer.body
