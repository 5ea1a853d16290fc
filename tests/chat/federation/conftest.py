"""Two servers of ours, each with its own store, that speak with each other over TLS on loopback."""

from collections.abc import AsyncIterator

import pytest

from parvis.kernel.settings import Settings
from tests.certificates import Authority
from tests.chat.federation.sides import A, B, Net, Side
from tests.chat.federation.world import Peer
from tests.synapse import Synapse

ROOMS = ("store", "access", "search", "serve", "chat")


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Authority:
    """Who signs the certificates of both."""
    made = Authority(tmp_path_factory.mktemp("authority"))
    made.context("localhost")
    return made


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


@pytest.fixture
async def world(authority, tmp_path) -> AsyncIterator[tuple[Peer, Synapse]]:
    """A server of ours and a Synapse."""
    ours, synapse = Peer(tmp_path / "ours", "", authority), Synapse(tmp_path / "theirs", authority)
    await ours.open()
    await synapse.start()
    yield ours, synapse
    await ours.close()
    await synapse.close()
