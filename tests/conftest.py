"""Fixtures for every room: a store on SQLite, or the same test on both databases.

`store_sqlite` is a store on SQLite; `store` runs a test twice, on SQLite and on PostgreSQL. Which rooms' schema it
has is said by the fixture `rooms`, and `prepare` gives functions for each SQLite connection: a folder of tests
overrides them in its own conftest.py. `make_person(store, "ann")` gives somebody with a mail scope.
"""

import os
import pathlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import argon2
import pytest

from parvis.access import directory, gate, passwords
from parvis.access.principal import Principal
from parvis.kernel.settings import Settings
from parvis.serve.post import Post
from parvis.store.migration import migrate
from parvis.store.sql import contract
from parvis.store.sql.postgres import PostgresDatabase
from parvis.store.sql.sqlite import SqliteDatabase
from parvis.store.store import Store
from tests.desk import Desk
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


@pytest.fixture(autouse=True)
def every_unit_runs_twice(monkeypatch) -> None:
    """With PARVIS_RERUN_UNITS=1 each unit of work is run, undone and run again, as PostgreSQL makes it when two meet:
    a unit that keeps something outside of its result is found by the tests that it breaks."""
    if os.environ.get("PARVIS_RERUN_UNITS"):
        for database in (SqliteDatabase, PostgresDatabase):
            monkeypatch.setattr(database, "write", _twice(database.write))


class _Undone(Exception):
    pass


def _twice(write):
    async def first_undone(self, work):
        async def first(tx):
            await work(tx)
            raise _Undone

        uncounted = contract._count.set(None)
        try:
            await write(self, first)
        except _Undone:
            pass
        finally:
            contract._count.reset(uncounted)
        return await write(self, work)

    return first_undone


@pytest.fixture
def settings(tmp_path) -> Settings:
    """Settings of a test: everything in its own folder."""
    return Settings(data=str(tmp_path), hostname="mail.example.org", domains=["example.org"])


@pytest.fixture(scope="session", autouse=True)
def full_price() -> Iterator[argon2.PasswordHasher]:
    """What makes hashes of passwords in service; in tests they cost next to nothing."""
    real = passwords._HASHER
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        patch.setattr(passwords, "_NOBODY", passwords._HASHER.hash("nobody has this password"))
        yield real


class SqliteFiles:
    """Migrated SQLite files by their rooms, made when first needed: to copy one costs less than its migrations."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._made: dict[tuple[str, ...], pathlib.Path] = {}

    async def bring(self, settings: Settings, rooms: list[str], prepare: list) -> None:
        """Puts a file with the schema of these rooms where the store of the settings will look for it."""
        made = self._made.get(tuple(rooms))
        if made is None:
            made = self._made[tuple(rooms)] = self._folder / str(len(self._made)) / "parvis.sqlite"
            db = SqliteDatabase(made, prepare)
            await migrate(db, rooms)
            await db.close()
        shutil.copyfile(made, settings.folder / made.name)


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory) -> SqliteFiles:
    """The one set of such files of this test session."""
    return SqliteFiles(tmp_path_factory.mktemp("schemas"))


@pytest.fixture
async def store_sqlite(settings, rooms, prepare, sqlite_files) -> AsyncIterator[Store]:
    """A store on SQLite."""
    await sqlite_files.bring(settings, rooms, prepare)
    opened = await Store.open(settings, rooms, prepare)
    yield opened
    await opened.close()


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request, settings, rooms, prepare, sqlite_files) -> AsyncIterator[Store]:
    """A store on SQLite, then on PostgreSQL."""
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        settings.database = await server.migrated(tuple(rooms))
    else:
        await sqlite_files.bring(settings, rooms, prepare)
    opened = await Store.open(settings, rooms, prepare)
    yield opened
    await opened.close()
    if settings.database:
        await server.release(tuple(rooms), settings.database)


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


@pytest.fixture
def desk(context) -> Desk:
    """Mail that keeps what it is given, offered to the features of a test."""
    made = Desk()
    context.offer(made, under=Post)
    return made
