"""A server that speaks IMAP on a free port, and a client that speaks it byte by byte."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from parvis.access import directory, passwords
from parvis.access.principal import Principal
from parvis.kernel.egress import Egress
from parvis.kernel.settings import Limits, Ports, Settings
from parvis.mail import feature as mailboxes
from parvis.mail.imap import wiring
from parvis.serve.feature import Context, Feature
from parvis.serve.jmap.blobs import Library
from parvis.serve.jmap.core import feature as core
from parvis.serve.jmap.engine import Engine
from parvis.store.store import Store
from tests.mail.client import Client as JmapClient

PASSWORD = "correct horse battery"
_LITERAL = re.compile(rb"\{(\d+)\}\r\n\Z")


class Imap:
    """`await imap("SELECT INBOX")` gives the lines of the answer, literals in them; the last one is tagged."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer, self._count = reader, writer, 0

    @classmethod
    async def open(cls, port: int) -> "Imap":
        found = cls(*await asyncio.open_connection("127.0.0.1", port))
        assert (await found.line()).startswith(b"* OK [CAPABILITY IMAP4rev1 IMAP4rev2 ")
        return found

    async def line(self) -> bytes:
        r"""One line, with the literals in it; what is \Recent is left out."""
        async with asyncio.timeout(20):
            found = await self.reader.readline()
            while match := _LITERAL.search(found):
                found += await self.reader.readexactly(int(match[1])) + await self.reader.readline()
        return found.removesuffix(b"\r\n").replace(b"\\Recent ", b"").replace(b"\\Recent", b"")

    async def __call__(self, command: str | bytes) -> list[bytes]:
        self._count += 1
        tag = b"t%d" % self._count
        self.send(tag + b" " + (command.encode() if isinstance(command, str) else command) + b"\r\n")
        lines = [await self.line()]
        while not lines[-1].startswith(tag + b" ") and lines[-1]:
            lines.append(await self.line())
        if not lines[-1]:  # closed
            return lines[:-1]
        lines[-1] = lines[-1].removeprefix(tag + b" ")
        return lines

    async def ok(self, command: str | bytes) -> list[bytes]:
        """The untagged lines of a command that must succeed."""
        lines = await self(command)
        assert lines[-1].startswith(b"OK"), lines
        return lines[:-1]

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def append(self, mailbox: str, raw: bytes, flags: str = "") -> list[bytes]:
        """An APPEND without waiting for `+`."""
        return await self(f'APPEND "{mailbox}" ({flags}) {{{len(raw)}+}}\r\n'.encode() + raw)

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


@dataclass
class Site:
    """One running server."""

    store: Store
    context: Context
    boxes: Feature
    imap: Feature
    port: int
    clients: list[Imap]

    async def person(self, name: str) -> Principal:
        """Somebody with mail and the password."""
        hashed = await passwords.hashed(PASSWORD)

        async def work(unit) -> int:
            number = await directory.create(unit, "person", name, f"{name}@example.org")
            await self.boxes.provision(unit, number, "person")
            await passwords.keep(unit, number, hashed)
            return number

        return await directory.by_id(self.store.db, await self.store.write(work))

    async def connect(self) -> Imap:
        """A client that has not signed in."""
        self.clients.append(await Imap.open(self.port))
        return self.clients[-1]

    async def sign_in(self, name: str, mailbox: str = "") -> Imap:
        """A client of this person, with a mailbox selected when one is named."""
        client = await self.connect()
        await client.ok(f'LOGIN {name}@example.org "{PASSWORD}"')
        if mailbox:
            await client.ok(f'SELECT "{mailbox}"')
        return client

    def jmap(self, principal: Principal) -> JmapClient:
        """The same person over JMAP."""
        self.context.offer(
            Library(self.store, self.boxes.blobs, {kind.name: kind.scope for kind in self.boxes.kinds})
        )
        engine = Engine(self.context, [core(self.context), self.boxes])
        client = JmapClient(engine, principal)
        client.using = ("urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail")
        return client


@pytest.fixture
async def site(store: Store, tmp_path) -> AsyncIterator[Site]:
    """A server on a store of each kind."""
    settings = Settings(
        data=str(tmp_path),
        hostname="mx.example.org",
        ports=Ports(http=-1, imap=0),
        limits=Limits(message_bytes=3_000_000),
    )
    context = Context(settings, store, Egress([]))
    boxes, imap = mailboxes(context), wiring.feature(context)
    await imap.start()
    port = await imap.listeners[0].start()
    found = Site(store, context, boxes, imap, port, [])
    yield found
    for client in found.clients:
        await client.close()
    await imap.listeners[0].stop()
    await imap.stop()
