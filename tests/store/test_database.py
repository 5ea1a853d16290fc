"""The contract of both databases."""

import asyncio
import shutil
import threading
from functools import partial
from pathlib import Path

import apsw
import msgspec
import pytest

from parvis.kernel.errors import Conflict, Unavailable
from parvis.store.migration import migrate
from parvis.store.sql import postgres, sqlite
from parvis.store.sql.contract import counting, marks
from parvis.store.sql.postgres import PostgresDatabase, translated
from parvis.store.sql.sqlite import SqliteDatabase
from parvis.store.store import Store
from parvis.store.unit import Unit
from tests.servers import Postgres

ACCOUNT = "INSERT INTO account (id, modseq) VALUES (?, ?)"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT ? + ?", "SELECT $1 + $2"),
        ("SELECT 'a?b''?' || ?", "SELECT 'a?b''?' || $1"),
        ('SELECT "odd?name" FROM t WHERE x = ?', 'SELECT "odd?name" FROM t WHERE x = $1'),
        ("SELECT 1 -- why?\nWHERE ? = 1", "SELECT 1 -- why?\nWHERE $1 = 1"),
    ],
)
def test_marks_are_numbered_outside_of_strings(sql: str, expected: str) -> None:
    assert translated(sql) == expected


async def test_reads_see_what_was_written(store: Store) -> None:
    async def work(unit: Unit) -> int:
        await unit.many(ACCOUNT, [(1, 10), (2, 20), (3, 30)])
        assert await unit.value("SELECT modseq FROM account WHERE id = ?", 2) == 20
        return await unit.run("UPDATE account SET modseq = modseq + 1 WHERE id > ?", 1)

    assert await store.write(work) == 2
    assert await store.db.rows("SELECT id, modseq FROM account ORDER BY id") == [(1, 10), (2, 21), (3, 31)]
    assert await store.db.row("SELECT id FROM account WHERE id = ?", 9) is None
    assert await store.db.value("SELECT SUM(modseq) FROM account") == 62
    assert isinstance(await store.db.value("SELECT SUM(modseq) FROM account"), int)
    assert await store.db.scan(f"SELECT id FROM account WHERE id IN {marks(2)} ORDER BY id", 1, 3) == [(1,), (3,)]


async def test_what_changes_nothing_says_zero(store: Store) -> None:
    await store.write(lambda unit: unit.run(ACCOUNT, 1, 0))
    ignored = await store.write(lambda unit: unit.run(f"{ACCOUNT} ON CONFLICT DO NOTHING", 1, 0))
    assert ignored == 0
    assert await store.write(lambda unit: unit.run("DELETE FROM account WHERE id = ?", 7)) == 0


async def test_a_raised_error_undoes_everything(store: Store) -> None:
    async def work(unit: Unit) -> None:
        await unit.run(ACCOUNT, 1, 0)
        raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        await store.write(work)
    assert await store.db.rows("SELECT id FROM account") == []


@pytest.mark.parametrize("then", ["nothing", "another statement"])
async def test_a_failed_statement_undoes_the_unit_even_when_caught(store: Store, then: str) -> None:
    await store.write(lambda unit: unit.run(ACCOUNT, 1, 0))

    async def work(unit: Unit) -> None:
        await unit.run(ACCOUNT, 2, 0)
        with pytest.raises(Conflict):
            await unit.run(ACCOUNT, 1, 0)
        if then != "nothing":
            await unit.run(ACCOUNT, 3, 0)

    with pytest.raises(Conflict):
        await store.write(work)
    assert await store.db.rows("SELECT id FROM account") == [(1,)]


@pytest.mark.parametrize("failing", [{1}, {2}, {1, 2}, {1, 2, 3, 4}])
async def test_units_of_one_commit_fail_each_by_itself(store_sqlite: Store, failing: set[int]) -> None:
    all_wait = threading.Event()

    async def work(unit: Unit, number: int) -> None:
        await unit.run(ACCOUNT, number, 0)
        assert all_wait.wait(30)  # the first; the others are in one commit with it by then
        if number in failing:
            raise ValueError(number)

    with counting() as count:
        tasks = [asyncio.ensure_future(store_sqlite.write(partial(work, number=number))) for number in range(1, 5)]
        await asyncio.sleep(0)
        all_wait.set()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert {number for number, outcome in enumerate(outcomes, 1) if isinstance(outcome, ValueError)} == failing
    kept = await store_sqlite.db.rows("SELECT id FROM account ORDER BY id")
    assert kept == [(number,) for number in range(1, 5) if number not in failing]
    assert len(count) == 4  # those that were undone because of another one are not counted again


async def test_a_cancelled_caller_does_not_tear_a_unit(store: Store) -> None:
    task = asyncio.ensure_future(store.write(lambda unit: unit.many(ACCOUNT, [(n, 0) for n in range(100)])))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await store.write(lambda unit: unit.run(ACCOUNT, 1000, 0))
    assert await store.db.value("SELECT COUNT(*) FROM account WHERE id < 1000") in (0, 100)


async def test_the_clock_of_one_account_never_skips_or_repeats(store: Store) -> None:
    await store.write(lambda unit: unit.run(ACCOUNT, 1, 0))
    given = await asyncio.gather(*(store.write(lambda unit: unit.tick(1)) for _ in range(40)))
    assert sorted(given) == list(range(1, 41))


async def test_units_that_wait_for_each_other_both_get_done(store: Store) -> None:
    await store.write(lambda unit: unit.many(ACCOUNT, [(1, 0), (2, 0)]))

    async def work(unit: Unit, first: int, second: int) -> None:
        await unit.changed(first, "Thing", 1, "updated")
        await unit.changed(second, "Thing", 1, "updated")

    crossing = [store.write(lambda unit, pair=pair: work(unit, *pair)) for pair in [(1, 2), (2, 1)] * 3]
    await asyncio.gather(*crossing)
    assert await store.db.rows("SELECT modseq FROM account ORDER BY id") == [(6,), (6,)]


async def test_a_scan_that_takes_too_long_is_stopped(store: Store) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n WHERE i < 0"
    with pytest.raises(Unavailable, match="too long"):
        await store.db.scan(endless, seconds=0.2)
    assert await store.db.scan("SELECT 1") == [(1,)]


async def test_text_is_ordered_by_code_point(store: Store) -> None:
    names = ["b", "B", "a", "é", "_", "Z"]
    job = "INSERT INTO outbox_cursor (name, xid, position) VALUES (?, 0, 0)"
    await store.write(lambda unit: unit.many(job, [(name,) for name in names]))
    assert [name for (name,) in await store.db.rows("SELECT name FROM outbox_cursor ORDER BY name")] == sorted(
        names
    )


async def test_a_long_list_of_numbers_is_one_parameter(store: Store) -> None:
    numbers = [*range(0, 200_000, 2), 1 << 60]
    listed = msgspec.json.encode(numbers).decode()
    asked = f"SELECT COUNT(*), MAX(n.value) FROM {store.db.dialect.numbers} AS n(value)"
    if store.db.dialect.name == "sqlite":
        asked = asked.replace("AS n(value)", "AS n")
    assert await store.db.row(asked, listed) == (len(numbers), 1 << 60)
    found = await store.db.rows(
        f"SELECT a.n FROM (SELECT 3 AS n UNION SELECT 4) a WHERE a.n IN {store.db.dialect.numbers}", listed
    )
    assert found == [(4,)]


async def test_every_statement_is_counted(store: Store) -> None:
    with counting() as count:
        await store.db.rows("SELECT 1")
        await store.db.scan("SELECT 2")
        await store.write(lambda unit: unit.run(ACCOUNT, 1, 0))
    assert [sql.split()[0] for sql in count.statements] == ["SELECT", "SELECT", "INSERT"]


async def test_what_was_undone_and_is_done_again_counts_once(store: Store) -> None:
    await store.write(lambda unit: unit.run(ACCOUNT, 1, 0))

    async def work(unit: Unit) -> None:
        await unit.changed(1, "Thing", 7, "updated")

    async def cost(many: int) -> int:
        with counting() as count:
            await asyncio.gather(*(store.write(work) for _ in range(many)))
        return len(count)

    await store.write(work)
    assert await cost(8) == 8 * await cost(1)


async def test_nodes_that_start_together_migrate_once(postgres: Postgres) -> None:
    url = await postgres.fresh()
    nodes = [await PostgresDatabase.open(url, connections=2) for _ in range(3)]
    applied = await asyncio.gather(*(migrate(node, ["store", "access"]) for node in nodes))
    steps = [(step.room, step.number) for steps in applied for step in steps]
    assert len(steps) == len(set(steps)) > 0
    for node in nodes:
        await node.close()


async def test_a_database_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await PostgresDatabase.open("postgresql://postgres@/none?host=/nowhere")


async def test_what_a_unit_has_read_is_still_true_when_it_commits(store: Store) -> None:
    await store.write(lambda unit: unit.many(ACCOUNT, [(1, 0), (2, 0)]))

    async def destroy(unit: Unit) -> None:
        await unit.run("DELETE FROM outbox_cursor WHERE name = 'thing'")
        await unit.changed(1, "Thing", 7, "destroyed")

    async def update(unit: Unit) -> None:
        if await unit.row("SELECT 1 FROM outbox_cursor WHERE name = 'thing'"):
            await unit.value("SELECT COUNT(*) FROM account")
            await unit.changed(1, "Thing", 7, "updated")

    thing = "INSERT INTO outbox_cursor (name, xid, position) VALUES ('thing', 0, 0)"
    for _ in range(20):
        await store.write(lambda unit: unit.run(thing))
        await store.write(lambda unit: unit.changed(1, "Thing", 7, "created"))
        await asyncio.gather(*(store.write(work) for work in (update, update, destroy, update, update)))
        assert await store.db.value("SELECT destroyed FROM change WHERE object_id = 7") == 1


async def test_the_outbox_tells_an_account_in_the_order_of_its_clock(store: Store) -> None:
    await store.write(lambda unit: unit.many(ACCOUNT, [(1, 0), (2, 0)]))

    async def work(unit: Unit, number: int) -> None:
        await unit.run("INSERT INTO outbox_cursor (name, xid, position) VALUES (?, 0, 0)", str(number))
        await unit.changed(1, "Thing", number, "created")

    await asyncio.gather(*(store.write(lambda unit, n=n: work(unit, n)) for n in range(40)))
    told = [event.body["modseq"] for event in await store.outbox.after(0, 0)]
    assert told == list(range(1, 41))


def test_long_statements_are_not_remembered() -> None:
    before = postgres._remembered.cache_info().currsize
    long = "SELECT ? WHERE id IN (" + ",".join("1" * 10 for _ in range(3_000)) + ")"
    assert postgres.translated(long).startswith("SELECT $1 WHERE")
    assert postgres._remembered.cache_info().currsize == before


async def test_text_with_a_nul_is_no_error(store: Store) -> None:
    async def work(unit: Unit) -> None:
        await unit.run("INSERT INTO kind_state (account_id, kind, modseq) VALUES (?, ?, 1)", 1, "o\0ne")
        await unit.many(
            "INSERT INTO kind_state (account_id, kind, modseq) VALUES (?, ?, 1)", [(1, "t\0w"), (1, "x")]
        )

    await store.write(work)
    rows = await store.db.rows("SELECT kind FROM kind_state WHERE kind IN (?, ?) ORDER BY kind", "o\0ne", "t\0w")
    assert [kind.replace("\0", "") for (kind,) in rows] == ["one", "tw"]
    assert await store.db.scan("SELECT kind FROM kind_state WHERE kind = ?", "t\0w") == rows[1:]


async def test_two_units_that_write_the_same_rows_at_once_both_end(store) -> None:
    """A batch of rows that meets another is tried again, as one statement is."""
    insert = """INSERT INTO blob_link (hash, account_id, kind, object_id, size) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT DO NOTHING"""

    async def work(unit) -> None:
        await unit.value("SELECT COUNT(*) FROM blob_link")
        await unit.many(insert, [("h", 1, "x", number, 1) for number in range(50)])

    await asyncio.gather(*(store.write(work) for _ in range(8)))
    assert await store.db.value("SELECT COUNT(*) FROM blob_link") == 50


async def test_the_log_is_brought_over_when_it_is_long_and_when_nothing_is_written(tmp_path) -> None:
    path = tmp_path / "log.sqlite"
    database, alone = SqliteDatabase(path), tmp_path / "alone.sqlite"

    def count() -> int:
        """Rows in the file, without what is only in the log."""
        shutil.copyfile(path, alone)
        found = apsw.Connection(str(alone)).execute("SELECT COUNT(*) FROM thing").fetchone()
        assert found
        return int(found[0])

    async def fill(rows: int) -> None:
        await database.write(lambda tx: tx.many("INSERT INTO thing VALUES (?)", [(b"x" * 4000,)] * rows))

    await database.script("CREATE TABLE thing (content BLOB)")
    await asyncio.sleep(2)
    await fill(10)
    assert count() == 0
    await asyncio.sleep(2)
    assert count() == 10
    for number in range(9):
        await fill(1000)
        assert path.with_name("log.sqlite-wal").stat().st_size < 30_000_000, number
    await database.close()
    assert count() == 9010


async def test_a_statement_is_planned_once_whatever_it_is_given(tmp_path) -> None:
    database = SqliteDatabase(tmp_path / "planned.sqlite")
    await database.script("CREATE TABLE thing (id INTEGER PRIMARY KEY, kind TEXT, place TEXT)")
    await database.script("CREATE INDEX thing_at_home ON thing (place) WHERE kind = 'home'")
    plan = "EXPLAIN QUERY PLAN SELECT id FROM thing WHERE kind = ? AND place = ?"
    assert await database.rows(plan, "home", "here") == await database.rows(plan, "away", "here")
    assert "thing_at_home" in str(await database.rows(plan.replace("kind = ?", "kind = 'home'"), "here"))
    await database.close()


async def test_pages_that_were_written_leave_memory_when_nothing_more_is(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(sqlite, "_REST_SECONDS", 0.05)
    database = SqliteDatabase(tmp_path / "rest.sqlite")
    await database.script("CREATE TABLE thing (content BLOB)")
    before = apsw.memory_used()
    await database.write(lambda tx: tx.many("INSERT INTO thing VALUES (?)", [(b"x" * 4000,)] * 2000))
    async with asyncio.timeout(30):
        while apsw.memory_used() > before + 1_000_000:
            await asyncio.sleep(0.05)
    assert await database.value("SELECT count(*) FROM thing") == 2000
    await database.close()


def mapped(path) -> int:
    """kB of a file that are in this process's memory."""
    found, inside = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if line.startswith("Rss:"):
            found += int(line.split()[1]) if inside else 0
        elif "-" in line.partition(" ")[0]:
            inside = line.endswith(path.name)
    return found


async def test_pages_that_were_read_leave_memory_when_it_is_asked_for(tmp_path) -> None:
    database = SqliteDatabase(tmp_path / "read.sqlite")
    await database.script("CREATE TABLE thing (id INTEGER PRIMARY KEY, content BLOB)")
    await database.write(lambda tx: tx.many("INSERT INTO thing (content) VALUES (?)", [(b"x" * 3000,)] * 2000))
    with apsw.Connection(str(tmp_path / "read.sqlite")) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    total = "SELECT sum(length(content)) FROM thing"
    assert await database.value(total) == (await database.scan(total))[0][0] == 6_000_000
    assert mapped(tmp_path / "read.sqlite") > 4000
    database.let_go()
    assert mapped(tmp_path / "read.sqlite") < 1000
    assert await database.value(total) == 6_000_000
    await database.close()
