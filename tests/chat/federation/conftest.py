"""Two servers of ours, each with its own store, that speak with each other over TLS on loopback."""

from collections.abc import AsyncIterator, Iterator

import pytest

from parvis.chat.federation.contract import Endpoint
from parvis.chat.federation.door import PeerDoor
from parvis.kernel.settings import Settings
from parvis.serve.http.exchange import Handle, Request, Response
from tests.certificates import Authority
from tests.chat import specification
from tests.chat.conftest import Client
from tests.chat.federation.sides import A, B, Net, Side
from tests.chat.federation.world import Peer
from tests.synapse import Synapse, Theirs

ROOMS = ("store", "access", "search", "serve", "chat")


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Authority:
    """Who signs the certificates of both."""
    made = Authority(tmp_path_factory.mktemp("authority"))
    made.context("localhost")
    return made


@pytest.fixture(autouse=True)
def specified(monkeypatch) -> None:
    """What the door of other servers answers is looked at, where the specification is at hand."""
    real = PeerDoor._handler

    def handler(door: PeerDoor, endpoint: Endpoint) -> Handle:
        handle = real(door, endpoint)

        async def looked_at(request: Request) -> Response:
            found = await handle(request)
            if isinstance(found.body, bytes):
                specification.check(request.method, request.raw_path, found.status, found.body)
            return found

        return looked_at

    monkeypatch.setattr(PeerDoor, "_handler", handler)


@pytest.fixture(params=["sqlite", "postgres"])
async def databases(request, tmp_path) -> AsyncIterator[list[str]]:
    """The databases of two servers, as the settings name them."""
    if request.param == "sqlite":
        yield ["", ""]
        return
    server = request.getfixturevalue("postgres")
    made = [await server.migrated(ROOMS) for _ in range(2)]
    yield made
    for each in made:
        await server.release(ROOMS, each)


@pytest.fixture
async def two(databases, authority, tmp_path) -> AsyncIterator[tuple[Peer, Peer]]:
    """`one, other`: both open."""
    made = [Peer(tmp_path / name, database, authority) for name, database in zip("ab", databases, strict=True)]
    for each in made:
        await each.open()
    yield made[0], made[1]
    for each in made:
        await each.close()


@pytest.fixture
async def net(databases, tmp_path) -> AsyncIterator[Net]:
    """Servers A and B that speak with each other in memory."""
    made = Net()
    for name, database in zip((A, B), databases, strict=True):
        settings = Settings(data=str(tmp_path / name), hostname=name, database=database)
        await Side.open(made, name, settings, list(ROOMS))
    yield made
    for side in made.sides.values():
        await side.close()


@pytest.fixture(scope="session")
def synapse(authority, tmp_path_factory) -> Iterator[Synapse]:
    """The one Synapse of this test session."""
    made = Synapse(tmp_path_factory.mktemp("synapse") / "data", authority)
    made.start()
    yield made
    made.stop()


@pytest.fixture
async def ours(authority, tmp_path) -> AsyncIterator[Peer]:
    """A server of ours beside it, on SQLite."""
    made = Peer(tmp_path / "ours", "", authority)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def ann(ours) -> Client:
    """Somebody of ours."""
    return await ours.client("ann")


@pytest.fixture
async def sam(synapse) -> AsyncIterator[Theirs]:
    """Somebody on the Synapse."""
    client = await synapse.client("sam")
    yield client
    await client.aclose()
