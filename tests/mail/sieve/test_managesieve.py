"""The door of ManageSieve, byte by byte, and programs that people use. RFC 5804"""

import asyncio
import base64
import contextlib
import re
import shutil
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from parvis.access import directory, passwords
from parvis.access.principal import Principal
from parvis.kernel.egress import Egress
from parvis.kernel.settings import Ports
from parvis.mail import feature as mailboxes
from parvis.mail.sieve import service, wiring
from parvis.mail.smtp import wiring as smtp
from parvis.serve.feature import Context
from parvis.store.store import Store

PASSWORD = "correct horse battery"
_LITERAL = re.compile(rb"\{(\d+)\}\r\n\Z")


def plain(name: str, password: str = PASSWORD) -> str:
    return base64.b64encode(f"\0{name}\0{password}".encode()).decode()


class Client:
    """`await client('NOOP')` gives the lines of the answer, literals in them; the last one is OK, NO or BYE."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def line(self) -> bytes:
        async with asyncio.timeout(20):
            found = await self.reader.readline()
            while match := _LITERAL.search(found):
                found += await self.reader.readexactly(int(match[1])) + await self.reader.readline()
        return found.removesuffix(b"\r\n")

    async def answer(self) -> list[bytes]:
        lines = [await self.line()]
        while not lines[-1].startswith((b"OK", b"NO", b"BYE")) and lines[-1]:
            lines.append(await self.line())
        return lines

    async def __call__(self, command: str | bytes) -> list[bytes]:
        self.writer.write((command.encode() if isinstance(command, str) else command) + b"\r\n")
        return await self.answer()

    async def ok(self, command: str | bytes) -> list[bytes]:
        lines = await self(command)
        assert lines[-1].startswith(b"OK"), lines
        return lines[:-1]

    async def no(self, command: str | bytes) -> bytes:
        lines = await self(command)
        assert lines[-1].startswith(b"NO"), lines
        return lines[-1]

    async def put(self, name: str, source: bytes) -> list[bytes]:
        return await self(f'PUTSCRIPT "{name}" {{{len(source)}+}}\r\n'.encode() + source)


@dataclass
class Door:
    store: Store
    port: int
    clients: list[Client]
    provision: object

    async def person(self, name: str) -> Principal:
        hashed = await passwords.hashed(PASSWORD)

        async def work(unit) -> int:
            number = await directory.create(unit, "person", name, f"{name}@example.org")
            await self.provision(unit, number, "person")
            await passwords.keep(unit, number, hashed)
            return number

        return await directory.by_id(self.store.db, await self.store.write(work))

    async def connect(self) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        client.greeting = await client.answer()
        return client

    async def sign_in(self, name: str) -> Client:
        client = await self.connect()
        await client.ok(f'AUTHENTICATE "PLAIN" "{plain(f"{name}@example.org")}"')
        return client


@pytest.fixture
async def door(store: Store, settings) -> AsyncIterator[Door]:
    settings.ports = Ports(http=-1, sieve=0)
    context = Context(settings, store, Egress([]))
    boxes, sending = mailboxes(context), smtp.feature(context)
    feature = wiring.feature(context)
    found = Door(store, await feature.listeners[0].start(), [], boxes.provision)
    yield found
    for client in found.clients:
        client.writer.close()
        with contextlib.suppress(OSError, ssl.SSLError):
            await client.writer.wait_closed()
    await feature.listeners[0].stop()
    await sending.stop()


async def test_the_greeting(door: Door) -> None:
    lines = (await door.connect()).greeting
    assert (
        lines[-1] == b'OK "mail.example.org Parvis"' and b'"SASL" "PLAIN"' in lines and b'"VERSION" "1.0"' in lines
    )
    assert b'"STARTTLS"' in lines and b'"MAXREDIRECTS" "8"' in lines and b'"NOTIFY" "mailto"' in lines
    sieve = next(line for line in lines if line.startswith(b'"SIEVE"'))
    assert b"fileinto" in sieve and b"extlists" not in sieve


async def test_signing_in(door: Door) -> None:
    await door.person("ann")
    client = await door.connect()
    assert b"Sign in" in await client.no("LISTSCRIPTS")
    assert b"Wrong" in await client.no(f'AUTHENTICATE "PLAIN" "{plain("ann@example.org", "x")}"')
    assert b"PLAIN is" in await client.no('AUTHENTICATE "LOGIN"')
    client.writer.write(b'AUTHENTICATE "PLAIN"\r\n')
    assert await client.line() == b'""'
    assert b"Given up" in await client.no('"*"')
    client.writer.write(b'AUTHENTICATE "PLAIN"\r\n')
    assert await client.line() == b'""'
    secret = plain("ann@example.org")
    await client.ok(f"{{{len(secret)}+}}\r\n{secret}")
    lines = await client.ok("CAPABILITY")
    assert b'"OWNER" "ann@example.org"' in lines and b'"SASL" ""' in lines and b'"STARTTLS"' not in lines
    assert b"already" in await client.no(f'AUTHENTICATE "PLAIN" "{secret}"')
    await client.ok("UNAUTHENTICATE")
    assert b"Sign in" in await client.no("LISTSCRIPTS")
    await client.ok(f'AUTHENTICATE "PLAIN" "{secret}"')
    assert await client("LOGOUT") == [b'OK "Goodbye"'] and await client.line() == b""


async def test_scripts_come_and_go(door: Door) -> None:
    ann = await door.person("ann")
    client = await door.sign_in("ann")
    assert await client.ok("LISTSCRIPTS") == []
    source = "# Việt\r\nkeep;\r\n".encode()
    assert await client.put("một", source) == [b'OK "Done"']
    assert await client('PUTSCRIPT "two" "discard;"') == [b'OK "Done"']
    await client.ok('SETACTIVE "two"')
    assert await client.ok("LISTSCRIPTS") == ['"một"'.encode(), b'"two" ACTIVE']
    assert await client.ok('GETSCRIPT "một"') == [b"{%d}\r\n%b" % (len(source), source)]
    assert (await client.no('DELETESCRIPT "two"')).startswith(b"NO (ACTIVE)")
    assert (await client.no('RENAMESCRIPT "two" "một"'.encode())).startswith(b"NO (ALREADYEXISTS)")
    await client.ok('RENAMESCRIPT "two" "three"')
    for command in ('GETSCRIPT "two"', 'SETACTIVE "two"', 'DELETESCRIPT "two"', 'RENAMESCRIPT "two" "x"'):
        assert (await client.no(command)).startswith(b"NO (NONEXISTENT)")
    assert len({tuple(await client.ok(f'GETSCRIPT "m{name}t"')) for name in ("\u1ed9", "o\u0323\u0302")}) == 1
    await client.ok('SETACTIVE ""')
    await client.ok('DELETESCRIPT "three"')
    assert await client.ok("LISTSCRIPTS") == ['"một"'.encode()]
    assert await client("noop") == [b'OK "Done"'] and await client('NOOP "a\\"b"') == [b'OK (TAG "a\\"b") "Done"']
    assert len(await service.listing(door.store, ann, ann.id)) == 1


async def test_faults_and_warnings_of_scripts(door: Door) -> None:
    await door.person("ann")
    client = await door.sign_in("ann")
    wrong = b'require "nothing";\r\nfrobnicate;\r\n'
    (answer,) = await client.put("a", wrong)
    assert answer.startswith(b"NO {") and b"line 1: " in answer and b"\r\nline 2: " in answer
    assert await client.no(b"CHECKSCRIPT {%d+}\r\n%b" % (len(wrong), wrong)) == answer
    assert (await client.put("a", b"\xff keep;"))[0].startswith(b"NO")
    assert await client.ok("LISTSCRIPTS") == []
    warned = await client(
        'CHECKSCRIPT "require \\"fileinto\\"; if true { fileinto \\"Nowhere\\"; fileinto \\"INBOX\\"; }"'
    )
    assert warned[0].startswith(b"OK (WARNINGS)") and b"Nowhere" in warned[0] and b"'INBOX'" not in warned[0]
    assert await client('CHECKSCRIPT "keep;"') == [b'OK "Done"']


async def test_quota(door: Door, monkeypatch) -> None:
    await door.person("ann")
    client = await door.sign_in("ann")
    monkeypatch.setattr(service, "SCRIPTS", 1)
    assert (await client.put("a", b"x" * 600_000))[0].startswith(b"NO (QUOTA/MAXSIZE)")
    assert await client('HAVESPACE "a" 1000') == [b'OK "Done"']
    assert (await client.no('HAVESPACE "a" 600000')).startswith(b"NO (QUOTA/MAXSIZE)")
    await client.put("a", b"keep;")
    assert (await client.no('HAVESPACE "b" 10')).startswith(b"NO (QUOTA/MAXSCRIPTS)")
    assert (await client.put("b", b"keep;"))[0].startswith(b"NO (QUOTA/MAXSCRIPTS)")
    assert await client('HAVESPACE "a" 10') == [b'OK "Done"'] == await client.put("a", b"stop;")
    assert (await client.put("", b"keep;"))[0].startswith(b"NO") and (await client.put("x" * 513, b"keep;"))[
        0
    ].startswith(b"NO")
    client.writer.write(b'PUTSCRIPT "c" {99999999+}\r\n')
    assert (await client.answer())[0].startswith(b"BYE") and await client.line() == b""


async def test_strangers_have_little_room(door: Door) -> None:
    client = await door.connect()
    client.writer.write(b'AUTHENTICATE "PLAIN" {60000+}\r\n')
    assert (await client.answer())[0].startswith(b"BYE")
    client = await door.connect()
    answers = [await client("WHAT") for _ in range(20)]
    assert answers[-1][0].startswith(b"NO") and (await client.answer())[0].startswith(b"BYE")
    client = await door.connect()
    assert (await client(b"NOOP\nNOOP"))[0].startswith(b"BYE")


async def test_one_person_does_not_see_anothers(door: Door) -> None:
    await door.person("ann")
    await door.person("bob")
    ann, bob = await door.sign_in("ann"), await door.sign_in("bob")
    await ann.put("mine", b"keep;")
    assert await bob.ok("LISTSCRIPTS") == [] and (await bob.no('GETSCRIPT "mine"')).startswith(b"NO (NONEXISTENT)")


async def test_tls(door: Door) -> None:
    await door.person("ann")
    client = await door.connect()
    await client.ok("STARTTLS")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    await client.writer.start_tls(context)
    lines = await client.answer()
    assert b'"STARTTLS"' not in lines and b'"SASL" "PLAIN"' in lines and lines[-1].startswith(b"OK")
    await client.ok(f'AUTHENTICATE "PLAIN" "{plain("ann@example.org")}"')


@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("sieve-connect"), reason="needs sieve-connect (Debian: sieve-connect)")
@pytest.mark.parametrize("tls", [True, False])
async def test_sieve_connect(door: Door, tmp_path, tls: bool) -> None:
    ann = await door.person("ann")
    (tmp_path / "mine.sieve").write_text('require "fileinto";\nfileinto "Archive";\n')

    async def connect(*options: str) -> str:
        process = await asyncio.create_subprocess_exec(
            "sieve-connect", "--server", "127.0.0.1", "--port", str(door.port), "--user", "ann@example.org",
            "--passwordfd", "0", "--nosrv", "--notlsverify" if tls else "--notls", *options,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await asyncio.wait_for(process.communicate(PASSWORD.encode() + b"\n"), 60)
        assert process.returncode == 0, out.decode()
        return out.decode()

    await connect("--upload", "--remotesieve", "mine", "--localsieve", str(tmp_path / "mine.sieve"))
    await connect("--activate", "--remotesieve", "mine")
    assert '"mine" ACTIVE' in await connect("--list")
    assert [script.active for script in await service.listing(door.store, ann, ann.id)] == [True]
    await connect("--deactivate")
    await connect("--delete", "--remotesieve", "mine")
    assert await service.listing(door.store, ann, ann.id) == []
