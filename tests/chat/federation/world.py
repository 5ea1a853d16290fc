"""A server of ours as others meet it."""

import asyncio
import pathlib

import httpx

from parvis import chat
from parvis.access import passwords
from parvis.chat.federation.outside import Place
from parvis.chat.federation.service import Federation
from parvis.kernel.egress import Contact, Egress
from parvis.kernel.settings import Settings
from parvis.ops import people
from parvis.serve.context import Context
from parvis.serve.doors import Doors
from parvis.serve.jmap.core import feature as core
from parvis.store.store import Store
from tests.certificates import Authority
from tests.chat.conftest import PASSWORD, Client
from tests.servers import free_port

ROOMS = ["store", "access", "search", "serve", "chat"]


class Peer:
    """One server, `localhost:port`."""

    context: Context
    federation: Federation

    def __init__(self, folder: pathlib.Path, database: str, authority: Authority) -> None:
        folder.mkdir()
        port = free_port()
        self.name, self._folder = f"localhost:{port}", folder
        self.settings = Settings(data=str(folder), hostname="localhost", domains=["example.org"], database=database)
        self.settings.ports.http = port
        self.settings.public_url = f"https://{self.name}"
        self.settings.tls_certificate = self.settings.tls_key = str(authority.file.parent / "localhost1.pem")
        self.settings.chat.server_name = self.name
        given = self.settings.chat.federation
        given.enabled, given.private, given.authority = True, True, str(authority.file)
        self.contacts: list[Contact] = []
        self._following: list[asyncio.Task] = []
        self._clients: list[httpx.AsyncClient] = []

    @property
    def place(self) -> Place:
        """Where it answers."""
        return Place(("127.0.0.1",), self.settings.ports.http, self.name, "localhost")

    async def open(self) -> None:
        """Begins to answer."""
        self.store = await Store.open(self.settings, ROOMS)
        egress = Egress([])
        egress.listen(self.contacts.append)
        self.context = Context(self.settings, self.store, egress)
        self.feature = chat.feature(self.context)
        assert self.feature.start is not None
        await self.feature.start()
        self.federation = self.context.need(Federation)
        self._doors = Doors(self.context, [core(self.context), self.feature], self._folder / "web")
        await self._doors.start()

    def follow(self) -> None:
        """Hears of what changes, as the program does."""
        followers = self.feature.followers.items()
        self._following = [asyncio.create_task(self.store.outbox.follow(*each)) for each in followers]

    async def close(self) -> None:
        """Answers no more."""
        for task in self._following:
            task.cancel()
        for client in self._clients:
            await client.aclose()
        await self._doors.stop()
        assert self.feature.stop is not None
        await self.feature.stop()
        await self.store.close()

    async def client(self, name: str) -> Client:
        """Somebody new of this server with a client that has signed in."""
        address = f"{name}@example.org"
        person = await people.create(self.store, [self.feature], "person", name.title(), address)
        await passwords.change(self.store, person.id, PASSWORD)
        transport = httpx.ASGITransport(self._doors.door)
        client = Client(transport=transport, base_url=self.context.public_url, trust_env=False)
        client.person, client.user = person, self.federation.server.users.id_of(person)
        body = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": client.user},
            "password": PASSWORD,
        }
        found = await client.ask("POST", "/v3/login", json=body)
        client.headers["authorization"] = f"Bearer {found['access_token']}"
        client.device = found["device_id"]
        self._clients.append(client)
        return client
