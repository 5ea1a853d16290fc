"""The engine of line protocols, with a session that echoes: limits, timeouts, TLS, graceful stop, flat memory."""

import asyncio
import contextlib
import ssl

import pytest

from parvis.kernel.errors import Invalid, TooLarge
from parvis.kernel.settings import Settings
from parvis.serve.lines.connection import BUFFER, Connection
from parvis.serve.lines.door import Door, Farewells
from parvis.serve.lines.listener import Listener
from parvis.serve.lines.tls import server_context
from parvis.serve.rates import Rate, network_of

FAREWELLS = Farewells(b"busy\r\n", b"timeout\r\n", b"stopping\r\n", b"fault\r\n")


async def echo(client: Connection) -> None:
    """Answers each line; knows `quit`, `tls`, `fault`, `slow`, `flood` and `body N`."""
    client.write(b"hello\r\n")
    while True:
        try:
            line = await client.line()
        except TooLarge:
            client.write(b"too long\r\n")
            continue
        except Invalid:
            client.write(b"bare\r\n")
            return
        if line == b"quit":
            return
        if line == b"tls":
            client.write(b"go\r\n")
            await client.start_tls()
        elif line == b"fault":
            raise ValueError("a mistake")
        elif line == b"slow":
            await asyncio.sleep(0.3)
            client.write(b"done\r\n")
        elif line == b"flood":
            for _ in range(4000):
                client.write(b"x" * 16384)
                await client.flush()
        elif line.startswith(b"body "):
            left = int(line[5:])
            while left:
                left -= len(await client.some(most=left))
            client.write(b"body\r\n")
        else:
            client.write(b"<" + line + b">" + client.tls_name.encode() + b"\r\n")


@contextlib.asynccontextmanager
async def opened(**changes):
    listener = await Listener.open(Door("echo", echo, farewells=FAREWELLS, **changes))
    try:
        yield listener
    finally:
        await listener.close(0.5)


@contextlib.asynccontextmanager
async def client_of(listener: Listener, **options):
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port, **options)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError, ssl.SSLError):
            await writer.wait_closed()


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def test_pipelined_lines_are_answered_in_order() -> None:
    async with opened() as listener, client_of(listener) as (reader, writer):
        writer.write(b"a\r\nb\r\nc\r\nquit\r\n")
        assert await reader.read() == b"hello\r\n<a>\r\n<b>\r\n<c>\r\n"


async def test_a_line_in_single_bytes_is_one_line() -> None:
    async with opened() as listener, client_of(listener) as (reader, writer):
        for byte in b"slowly\r\nquit\r\n":
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        assert b"<slowly>" in await reader.read()


@pytest.mark.parametrize("length", [99, 1000, 3_000_000])
async def test_a_line_over_the_limit_is_read_past_in_flat_memory(length: int) -> None:
    async with opened(line_bytes=100) as listener, client_of(listener) as (reader, writer):
        writer.write(b"y" * length + b"\r\nnext\r\nquit\r\n")
        assert await reader.read() == b"hello\r\ntoo long\r\n<next>\r\n"


async def test_a_line_of_exactly_the_limit_is_taken() -> None:
    async with opened(line_bytes=100) as listener, client_of(listener) as (reader, writer):
        writer.write(b"y" * 98 + b"\r\nquit\r\n")
        assert b"too long" not in await reader.read()


@pytest.mark.parametrize("bad", [b"a\nb\r\n", b"a\rb\r\n", b"a\n", b"\r\r\n"])
async def test_bare_cr_and_lf_are_reported(bad: bytes) -> None:
    async with opened() as listener, client_of(listener) as (reader, writer):
        writer.write(bad)
        assert await reader.read() == b"hello\r\nbare\r\n"


async def test_a_slow_loris_is_ended_however_it_drips() -> None:
    async with opened(command_seconds=0.3) as listener, client_of(listener) as (reader, writer):
        await reader.readline()
        ended = asyncio.create_task(reader.read())
        while not ended.done():
            writer.write(b"z")
            await asyncio.sleep(0.05)
        assert await ended == b"timeout\r\n"


async def test_limits_of_connections() -> None:
    async with opened(at_once_per_address=2) as listener:
        async with client_of(listener) as (one, _), client_of(listener) as (two, _):
            assert await one.readline() == await two.readline() == b"hello\r\n"
            async with client_of(listener) as (three, _):
                assert await three.read() == b"busy\r\n"
            assert listener.turned_away == 1 and len(listener) == 2
        while len(listener):
            await asyncio.sleep(0.01)
        async with client_of(listener) as (again, _):
            assert await again.readline() == b"hello\r\n"


async def test_starttls_throws_away_what_was_said_in_the_clear(tmp_path) -> None:
    tls = server_context(Settings(data=str(tmp_path)))
    async with opened(tls=tls) as listener, client_of(listener) as (reader, writer):
        writer.write(b"tls\r\ninjected\r\n")
        assert [await reader.readline() for _ in range(2)] == [b"hello\r\n", b"go\r\n"]
        await writer.start_tls(trusting())
        writer.write(b"after\r\nquit\r\n")
        answer = await reader.read()
        assert answer.startswith(b"<after>TLSv1.3 with ") and b"injected" not in answer


async def test_implicit_tls_and_a_client_that_speaks_none(tmp_path) -> None:
    tls = server_context(Settings(data=str(tmp_path)))
    async with opened(tls=tls, implicit_tls=True, handshake_seconds=1) as listener:
        async with client_of(listener, ssl=trusting()) as (reader, writer):
            writer.write(b"a\r\nquit\r\n")
            assert (await reader.read()).startswith(b"hello\r\n<a>TLS")
        async with client_of(listener) as (reader, writer):
            writer.write(b"plain\r\n" * 10)
            with contextlib.suppress(ConnectionResetError):
                assert b"hello" not in await reader.read()


async def test_stopping_lets_the_command_in_progress_finish() -> None:
    async with opened() as listener, client_of(listener) as (reader, writer), client_of(listener) as (idle, _):
        assert await reader.readline() == await idle.readline() == b"hello\r\n"
        writer.write(b"slow\r\n")
        await asyncio.sleep(0.05)
        await listener.close(5)
        assert await reader.read() == b"done\r\nstopping\r\n"
        assert await idle.read() == b"stopping\r\n"
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", listener.port)


async def test_a_fault_of_the_session_is_told_and_ends_it(caplog) -> None:
    async with opened() as listener, client_of(listener) as (reader, writer):
        writer.write(b"fault\r\n")
        assert await reader.read() == b"hello\r\nfault\r\n"
    assert "a mistake" in caplog.text


async def test_a_client_that_does_not_read_is_cut_off() -> None:
    async with opened(write_seconds=0.3) as listener, client_of(listener) as (_, writer):
        writer.write(b"flood\r\n")
        while not len(listener):
            await asyncio.sleep(0.01)
        while len(listener):
            await asyncio.sleep(0.02)


async def test_input_waits_in_the_socket_while_the_session_is_busy() -> None:
    async with opened() as listener, client_of(listener) as (reader, writer):
        writer.write(b"slow\r\nbody 8000000\r\n")
        writer.write(b"b" * 8_000_000 + b"quit\r\n")
        await asyncio.sleep(0.15)
        (connection,) = listener._connections
        assert len(connection._in) <= BUFFER * 3
        assert await reader.read() == b"hello\r\ndone\r\nbody\r\n"


def test_limits_count_an_ipv6_network_as_one() -> None:
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2:9::9") == "2001:db8:1:2::/64"
    assert network_of("192.0.2.1") == "192.0.2.1"


def test_a_rate_has_a_burst_for_each_key() -> None:
    rate = Rate(per_minute=0.001, burst=2)
    assert [rate.take("a") for _ in range(3)] == [True, True, False]
    assert rate.take("b") and Rate(0).take("a", 1e9)
