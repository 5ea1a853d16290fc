"""Fixtures for every room: a store on SQLite, or the same test on both databases.

`store_sqlite` is a store on SQLite; `store` runs a test twice, on SQLite and on PostgreSQL. Which rooms' schema it
has is said by the fixture `rooms`, and `prepare` gives functions for each SQLite connection: a folder of tests
overrides them in its own conftest.py. `make_person(store, "ann")` gives somebody with a mail scope.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from parvis.access import directory, gate
from parvis.access.principal import Principal
from parvis.kernel.settings import Settings
from parvis.store.store import Store
from tests.servers import S3, Nats, Postgres

Maker = Callable[..., Awaitable[Principal]]


@pytest.fixture
def rooms() -> list[str]:
    """Rooms whose migrations a test's store has."""
    return ["store", "access"]


@pytest.fixture
def prepare() -> list:
    """What to call with each new SQLite connection."""
    return []


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The one PostgreSQL server of this test session, started when first needed."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """The one S3 server of this test session; its keys are in the environment."""
    server = S3()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", server.key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", server.secret)
        yield server
    server.close()


@pytest.fixture(scope="session")
def nats_server() -> Iterator[Nats]:
    """The one NATS server of this test session."""
    server = Nats()
    yield server
    server.close()


@pytest.fixture
def settings(tmp_path) -> Settings:
    """Settings of a test: everything in its own folder."""
    return Settings(data=str(tmp_path), hostname="mail.example.org", domains=["example.org"])


@pytest.fixture
async def store_sqlite(settings, rooms, prepare) -> AsyncIterator[Store]:
    """A store on SQLite."""
    opened = await Store.open(settings, rooms, prepare)
    yield opened
    await opened.close()


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request, settings, rooms, prepare) -> AsyncIterator[Store]:
    """A store on SQLite, then on PostgreSQL."""
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        settings.database = await server.migrated(tuple(rooms))
    opened = await Store.open(settings, rooms, prepare)
    yield opened
    await opened.close()
    if settings.database:
        await server.drop(settings.database)


@pytest.fixture
def make_person() -> Maker:
    """`await make_person(store, name)`: a person `name@example.org` who owns a scope of kind mail."""

    async def make(store: Store, name: str, *, kinds: tuple[str, ...] = ("mail",), **extra) -> Principal:
        async def work(unit) -> int:
            number = await directory.create(unit, "person", name, f"{name}@example.org", **extra)
            for kind in kinds:
                await gate.create_scope(unit, number, kind)
            return number

        return await directory.by_id(store.db, await store.write(work))

    return make
