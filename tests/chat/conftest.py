"""The real server over chat, on a free port, and people with clients of Matrix."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from parvis import chat
from parvis.access import passwords, sessions
from parvis.access.principal import Principal
from parvis.kernel.egress import Egress
from parvis.ops import people
from parvis.serve.context import Context
from parvis.serve.doors import Doors
from parvis.serve.feature import Feature
from parvis.serve.jmap.core import feature as core
from parvis.store.store import Store
from tests.chat import specification

PASSWORD = "a long enough pass phrase"


@pytest.fixture
def rooms() -> list[str]:
    return ["store", "access", "search", "serve", "chat"]


@pytest.fixture
def context(store: Store, settings) -> Context:
    settings.ports.http = 0
    return Context(settings, store, Egress([]))


@pytest.fixture
def room(context: Context) -> Feature:
    """The room itself."""
    return chat.feature(context)


@pytest.fixture
async def doors(context: Context, room: Feature, tmp_path) -> AsyncIterator[Doors]:
    assert room.start
    await room.start()
    opened = Doors(context, [core(context), room], tmp_path / "web")
    await opened.start()
    yield opened
    await opened.stop()


class Client(httpx.AsyncClient):
    """A client of Matrix."""

    person: Principal
    user: str

    async def send(self, request: httpx.Request, **more) -> httpx.Response:
        found = await super().send(request, **more)
        if not more.get("stream"):
            specification.check(
                request.method, request.url.raw_path.decode().partition("?")[0], found.status_code, found.content
            )
        return found

    async def ask(self, method: str, path: str, status: int = 200, **more) -> dict:
        """What is answered below /_matrix/client, with the status that is expected."""
        found = await self.request(method, f"/_matrix/client{path}", **more)
        assert found.status_code == status, (found.status_code, found.text)
        return found.json()


Opener = Callable[..., Awaitable[Client]]


@pytest.fixture
async def open_client(doors: Doors, context: Context, room: Feature) -> AsyncIterator[Opener]:
    """`await open_client("ann")`: a client of Ann, who is made when there is none yet, signed in by a token."""
    made: list[Client] = []
    persons: dict[str, Principal] = {}

    async def open_(name: str, *, signed_in: bool = True) -> Client:
        if name not in persons:
            address = f"{name}@example.org"
            persons[name] = await people.create(context.store, [room], "person", name.title(), address)
            await passwords.change(context.store, persons[name].id, PASSWORD)
        transport = httpx.ASGITransport(doors.door)  # in the test's task, so that its statements are counted
        client = Client(transport=transport, base_url=context.public_url, trust_env=False)
        client.person, client.user = persons[name], f"@{name}:example.org"
        if signed_in:
            token, _ = await sessions.open(
                context.store, client.person, "test", "", kind="token", protocols=frozenset({"matrix"})
            )
            client.headers["authorization"] = f"Bearer {token}"
        made.append(client)
        return client

    yield open_
    for client in made:
        await client.aclose()
