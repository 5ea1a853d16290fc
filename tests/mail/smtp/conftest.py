"""A whole mail server on free ports, and a client that speaks SMTP byte by byte."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from parvis.access import directory, passwords
from parvis.access.principal import Principal
from parvis.kernel.egress import Egress
from parvis.kernel.settings import Delivery, Limits, Ports, Settings
from parvis.mail import feature as mailboxes
from parvis.mail.smtp import wiring
from parvis.serve.feature import Context, Feature
from parvis.serve.jmap.blobs import Library
from parvis.serve.jmap.core import feature as core
from parvis.serve.jmap.engine import Engine
from parvis.store.store import Store
from tests.answering import Answering
from tests.mail.client import Client as JmapClient

PASSWORD = "correct horse battery"


@dataclass
class Site:
    """One running server."""

    store: Store
    settings: Settings
    context: Context
    mailboxes: Feature
    feature: Feature
    engine: Engine
    ports: dict[str, int] = field(default_factory=dict)
    people: dict[str, Principal] = field(default_factory=dict)
    work: asyncio.Task | None = None

    @classmethod
    async def open(cls, store: Store, settings: Settings) -> "Site":
        context = Context(settings, store, Egress([]))
        boxes, feature = mailboxes(context), wiring.feature(context)
        scopes = {kind.name: kind.scope for kind in (*boxes.kinds, *feature.kinds)}
        context.offer(Library(store, boxes.blobs, scopes))
        engine = Engine(context, [core(context), boxes, feature])
        for kind, handler in feature.jobs.items():
            store.jobs.handle(kind, handler)
        site = cls(store, settings, context, boxes, feature, engine)
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
        if self.feature.stop is not None:
            await self.feature.stop()

    async def person(self, name: str, *, quota: int = 0, password: str = "", **extra) -> Principal:
        hashed = await passwords.hashed(password) if password else ""

        async def work(unit) -> int:
            number = await directory.create(unit, "person", name, f"{name}@example.org", **extra)
            for one in (self.mailboxes, self.feature):
                await one.provision(unit, number, "person")
            await unit.run("UPDATE mail_account SET quota_bytes = ? WHERE account_id = ?", quota, number)
            if password:
                await passwords.keep(unit, number, hashed)
            return number

        found = await directory.by_id(self.store.db, await self.store.write(work))
        self.people[name] = found
        return found

    def client(self, person: Principal) -> "Client":
        return Client(self.engine, person)

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

    async def idle_step(self) -> None:
        await asyncio.sleep(0.02)

    async def idle(self) -> None:
        """Waits until no job is waiting to run now."""
        while await self.store.db.value("SELECT COUNT(*) FROM job WHERE finished_ms IS NULL"):
            await asyncio.sleep(0.02)


class Client(JmapClient):
    """A client that sends."""

    using = (
        "urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail", "urn:ietf:params:jmap:submission",
        "urn:ietf:params:jmap:vacationresponse",
    )  # fmt: skip

    async def identity(self) -> str:
        return (await self("Identity/get", ids=None))["list"][0]["id"]

    async def draft(self, to: str, /, **more) -> str:
        """An Email to send; its id."""
        email = {
            "mailboxIds": {await self.mailbox("drafts"): True},
            "keywords": {"$draft": True},
            "from": [{"name": self.principal.name, "email": self.principal.address}],
            "to": [{"email": to}] if to else None,
            "subject": "Hello",
            "bodyValues": {"1": {"value": "Some words."}},
            "textBody": [{"partId": "1", "type": "text/plain"}],
        }
        email.update(more)
        made = await self("Email/set", create={"d": email})
        return made["created"]["d"]["id"]

    async def send(self, email_id: str, **more):
        """EmailSubmission/set with one create; what became of it."""
        sub = {"identityId": await self.identity(), "emailId": email_id, **more}
        made = await self("EmailSubmission/set", create={"s": sub})
        return (made.get("created") or {}).get("s") or made["notCreated"]["s"]

    async def submission(self, number: str):
        return (await self("EmailSubmission/get", ids=[number]))["list"][0]


class Sink:
    """Another server: takes mail as its script says. `replies` gives the answer for a recipient or a verb."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, list[str], bytes]] = []
        self.settled: set[int] = set()
        """Those after which the client has said something more: it has heard that they were taken."""
        self.commands: list[str] = []
        self.replies: dict[str, str | list[str]] = {}
        self.offers = ["8BITMIME", "SMTPUTF8", "DSN", "SIZE 1000000"]
        self.hang_after_data = False
        self.thinks = 0.0
        """Seconds between a message and the answer to it."""
        self.port = 0
        self.tls: ssl.SSLContext | None = None
        """With one it offers STARTTLS, and says so before it speaks of anything else."""

    async def open(self) -> "Sink":
        self._server = Answering(self._client)
        self.port = await self._server.open()
        return self

    async def close(self) -> None:
        await self._server.close()

    def _reply(self, key: str, default: str) -> bytes:
        found = self.replies.get(key, default)
        if isinstance(found, list):
            found = found.pop(0) if found else default
        return found.encode() + b"\r\n"

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            writer.write(self._reply("greeting", "220 sink"))
            sender, to, taken = "", [], -1
            while line := (await reader.readline()).decode():
                line = line.strip()
                self.commands.append(line)
                self.settled.add(taken)
                verb = line.split(" ")[0].upper()
                if verb == "EHLO":
                    plain = self.tls is not None and writer.get_extra_info("sslcontext") is None
                    offers = ["sink", *self.offers, *(["STARTTLS"] if plain else [])]
                    writer.write("".join(f"250-{offer}\r\n" for offer in offers).encode() + b"250 OK\r\n")
                elif verb == "STARTTLS" and self.tls is not None:
                    writer.write(b"220 go\r\n")
                    await writer.start_tls(self.tls)
                elif verb == "MAIL":
                    sender, to = line.split("<")[1].split(">")[0], []
                    writer.write(self._reply("MAIL", "250 2.1.0 OK"))
                elif verb == "RCPT":
                    address = line.split("<")[1].split(">")[0]
                    answer = self._reply(address, "250 2.1.5 OK")
                    to += [address] if answer.startswith(b"2") else []
                    writer.write(answer)
                elif verb == "DATA":
                    writer.write(b"354 go\r\n")
                    data = await reader.readuntil(b"\r\n.\r\n")
                    answer = self._reply("DATA", "250 2.0.0 taken")
                    if answer.startswith(b"2"):
                        taken = len(self.messages)
                        self.messages.append((sender, to, data[:-3]))
                    if self.hang_after_data:
                        break
                    await asyncio.sleep(self.thinks)
                    writer.write(answer)
                elif verb == "QUIT":
                    writer.write(b"221 bye\r\n")
                    break
                else:
                    writer.write(self._reply(verb, "250 OK"))


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
async def talking(port: int, host: str = "127.0.0.1", **options) -> AsyncIterator[Talk]:
    reader, writer = await asyncio.open_connection(host, port, **options)
    try:
        yield Talk(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@pytest.fixture
def rooms() -> list[str]:
    return ["store", "access", "serve", "mail"]


@pytest.fixture
async def sink(mail_settings) -> AsyncIterator[Sink]:
    """The server of every domain that is not ours."""
    opened = await Sink().open()
    mail_settings.delivery.routes = {"*": f"127.0.0.1:{opened.port}"}
    yield opened
    await opened.close()


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
