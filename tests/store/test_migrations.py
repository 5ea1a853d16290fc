"""A store made by each earlier migration of each room is brought up to date with everything that is in it."""

import importlib.resources
from typing import Any

import pytest

from parvis import app
from parvis.kernel.settings import Settings
from parvis.store.migration import migrate, of_room
from parvis.store.sql.contract import Database, Tx
from parvis.store.sql.sqlite import DIALECT
from parvis.store.store import open_database

ROOMS = [room for room in app.ROOMS if importlib.resources.files(f"parvis.{room}").joinpath("migrations").is_dir()]
STATES = [(room, step.number) for room in ROOMS for step in of_room(room, DIALECT)]
VALUES: dict[str, Any] = {
    "BIGINT": 5,
    "INTEGER": 5,
    "TEXT": "{}",
    "BLOB": b"\0x",
    "bigint": 5,
    "text": "{}",
    "bytea": b"\0x",
}
RESET = {("postgres", "search_passage", "embedded"): ("search", 4, 0)}
"""What a migration sets anew on purpose, and to what: vectors of another form are asked of the model again."""
Table = tuple[str, list[tuple[str, str]]]


@pytest.fixture(params=["sqlite", "postgres"])
async def db(request, tmp_path, prepare):
    settings = Settings(data=str(tmp_path))
    if request.param == "postgres":
        settings.database = await request.getfixturevalue("postgres").fresh()
    database = await open_database(settings, prepare)
    yield database
    await database.close()
    if settings.database:
        await request.getfixturevalue("postgres").drop(settings.database)


async def tables(db: Database) -> list[Table]:
    """Plain tables with their columns; those whose columns this test cannot fill (indexes of words, vectors) are left out."""
    if db.dialect.name == "sqlite":
        rows = await db.rows("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'")
        columns = {name: await db.rows("SELECT name, type FROM pragma_table_info(?)", name) for (name,) in rows}
    else:
        columns = {}
        for name, column, kind in await db.rows(
            """SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns
            WHERE table_schema = 'public' AND is_generated = 'NEVER' AND identity_generation IS NULL ORDER BY 1, 2"""
        ):
            columns.setdefault(name, []).append((column, kind))
    return [
        (name, [(str(column), str(kind)) for column, kind in found])
        for name, found in sorted(columns.items())
        if name not in ("migration", "visible_turn", "organisation", "sqlite_sequence")
        and all(kind in VALUES for _, kind in found)
    ]


async def fill(db: Database, filled: list[Table]) -> None:
    """One row in each of these tables, and no other."""

    async def work(tx: Tx) -> None:
        for name, columns in filled:
            names, marks = ", ".join(column for column, _ in columns), ", ".join("?" * len(columns))
            await tx.run(f"DELETE FROM {name}")
            await tx.run(f"INSERT INTO {name} ({names}) VALUES ({marks})", *(VALUES[kind] for _, kind in columns))

    await db.write(work)


async def check(db: Database, room: str, number: int, old: list[Table], now: list[Table]) -> None:
    """What was in the tables before a step is in them after it."""
    there = dict(now)

    async def work(tx: Tx) -> None:
        for name, columns in old:
            kept = [(column, kind) for column, kind in columns if (column, kind) in there.get(name, [])]
            assert kept, f"{name} is gone: say here where its rows went"
            found = await tx.rows(f"SELECT {', '.join(column for column, _ in kept)} FROM {name}")
            expected = []
            for column, kind in kept:
                by, step, value = RESET.get((db.dialect.name, name, column), ("", 0, None))
                expected.append(value if (by, step) == (room, number) else VALUES[kind])
            assert found == [tuple(expected)], f"{room} {number}: {name}"

    await db.write(work)


async def test_what_was_there_stays_at_each_step(db: Database) -> None:
    """Each step meets every table with a row in it, in the form that the step before has left."""
    old: list[Table] = []
    for room, number in STATES:
        applied = await migrate(db, [room], upto=number)
        assert [(step.room, step.number) for step in applied] == [(room, number)]
        now = await tables(db)
        await check(db, room, number, old, now)
        known, renewed = dict(old), {name for _, name, _ in RESET}
        await fill(db, [(name, columns) for name, columns in now if known.get(name) != columns or name in renewed])
        old = now
    assert await migrate(db, ROOMS) == []


def test_numbers_are_unique_and_both_databases_have_the_same() -> None:
    from parvis.store.sql import postgres

    for room in ROOMS:
        numbers = [step.number for step in of_room(room, DIALECT)]
        assert len(numbers) == len(set(numbers))
        assert numbers == [step.number for step in of_room(room, postgres.DIALECT)]


async def test_a_step_that_fails_leaves_the_store_between_two_steps(db: Database, monkeypatch) -> None:
    from parvis.store import migration

    real = migration.of_room

    def broken(room: str, dialect: Any, done: Any = ()) -> list[migration.Migration]:
        steps = real(room, dialect, done)
        bad = migration.Migration(
            room, 9999, "bad", "CREATE TABLE half (id BIGINT); INSERT INTO nowhere VALUES (1)"
        )
        return [*steps, bad]

    monkeypatch.setattr(migration, "of_room", broken)
    with pytest.raises(Exception, match="nowhere"):
        await migrate(db, ["store"])
    assert "half" not in dict(await tables(db))
    assert await db.value("SELECT MAX(number) FROM migration") == real("store", db.dialect)[-1].number
