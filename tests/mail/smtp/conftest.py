"""A whole mail server on free ports, and a client that speaks SMTP byte by byte."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from parvis.access import directory, passwords
from parvis.access.principal import Principal
from parvis.kernel.egress import Egress
from parvis.kernel.settings import Delivery, Limits, Ports, Settings
from parvis.mail import service
from parvis.mail.smtp import wiring
from parvis.serve.feature import Context, Feature
from parvis.store.store import Store

PASSWORD = "correct horse battery"


@dataclass
class Site:
    """One running server."""

    store: Store
    settings: Settings
    context: Context
    feature: Feature
    ports: dict[str, int] = field(default_factory=dict)
    people: dict[str, Principal] = field(default_factory=dict)
    work: asyncio.Task | None = None

    @classmethod
    async def open(cls, store: Store, settings: Settings) -> "Site":
        context = Context(settings, store, Egress([]))
        feature = wiring.feature(context)
        for kind, handler in feature.jobs.items():
            store.jobs.handle(kind, handler)
        site = cls(store, settings, context, feature)
        for listener in feature.listeners:
            site.ports[listener.name] = await listener.start()
        site.work = asyncio.create_task(store.jobs.run())
        return site

    async def close(self) -> None:
        for listener in self.feature.listeners:
            await listener.stop()
        if self.work is not None:
            self.work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.work

    async def person(self, name: str, *, quota: int = 0, password: str = "", **extra) -> Principal:
        hashed = await passwords.hashed(password) if password else ""

        async def work(unit) -> int:
            number = await directory.create(unit, "person", name, f"{name}@example.org", **extra)
            await service.provision(unit, number, extra.get("language", "en"), quota)
            await self.feature.provision(unit, number, "person")
            if password:
                await passwords.keep(unit, number, hashed)
            return number

        found = await directory.by_id(self.store.db, await self.store.write(work))
        self.people[name] = found
        return found

    async def inbox(self, person: Principal, count: int = 1) -> list[bytes]:
        """The messages of a person's inbox, oldest first, once there are `count`."""
        while True:
            rows = await self.store.db.rows(
                """SELECT e.blob FROM email e JOIN email_mailbox p ON p.email_id = e.id
                JOIN mailbox m ON m.id = p.mailbox_id WHERE m.account_id = ? AND m.role = 'inbox'
                ORDER BY e.id""",
                person.id,
            )
            if len(rows) >= count:
                return [await self.store.blobs.get(row[0]) for row in rows]
            await asyncio.sleep(0.02)

    async def idle(self) -> None:
        """Waits until no job is waiting to run now."""
        while await self.store.db.value("SELECT COUNT(*) FROM job WHERE finished_ms IS NULL"):
            await asyncio.sleep(0.02)


class Talk:
    """An SMTP client without opinions."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def answer(self) -> str:
        """One whole reply, its lines joined by newlines; empty when the server closed."""
        lines = []
        while True:
            line = (await self.reader.readline()).decode()
            lines.append(line.rstrip("\r\n"))
            if line[3:4] != "-":
                return "\n".join(lines)

    async def say(self, *lines: str | bytes) -> list[str]:
        """Sends lines at once and reads as many answers."""
        for line in lines:
            self.writer.write((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        return [await self.answer() for _ in lines]

    async def raw(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def hello(self) -> "Talk":
        await self.answer()
        await self.say("EHLO client.example.net")
        return self

    async def message(self, to: str, data: bytes, sender: str = "bob@example.net") -> str:
        """A whole transaction; the last answer."""
        *_, start = await self.say(f"MAIL FROM:<{sender}>", f"RCPT TO:<{to}>", "DATA")
        if not start.startswith("354"):
            return start
        await self.raw(data + b"\r\n.\r\n")
        return await self.answer()


@contextlib.asynccontextmanager
async def talking(port: int, **options) -> AsyncIterator[Talk]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, **options)
    try:
        yield Talk(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@pytest.fixture
def mail_settings(settings) -> Settings:
    settings.ports = Ports(http=-1, smtp=0, submission=0, submissions=0)
    settings.limits = Limits(message_bytes=5_000_000, recipients=100)
    settings.delivery = Delivery(retries=[1])
    return settings


@pytest.fixture
async def site(store, mail_settings) -> AsyncIterator[Site]:
    """A server on each database."""
    opened = await Site.open(store, mail_settings)
    yield opened
    await opened.close()


@pytest.fixture
async def site_sqlite(store_sqlite, mail_settings) -> AsyncIterator[Site]:
    """A server on SQLite."""
    opened = await Site.open(store_sqlite, mail_settings)
    yield opened
    await opened.close()
