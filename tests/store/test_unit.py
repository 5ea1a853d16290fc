"""A unit of work: clock, change log, outbox, isolation of failures."""

import asyncio

import pytest

from parvis.kernel import ids
from parvis.kernel.errors import Conflict
from parvis.store import changes
from parvis.store.sql.contract import counting
from parvis.store.store import Store
from parvis.store.unit import Unit


async def account(store: Store) -> int:
    number = ids.new_id()
    await store.write(lambda unit: unit.run("INSERT INTO account (id) VALUES (?)", number))
    return number


async def test_changes_follow_the_clock(store: Store) -> None:
    number = await account(store)

    async def create(unit: Unit) -> None:
        for thing in (1, 2, 3):
            await unit.changed(number, "Thing", thing, "created")

    await store.write(create)
    assert await store.state(number, "Thing") == 3
    await store.write(lambda unit: unit.changed(number, "Thing", 2, "destroyed"))
    found = await changes.since(store.db, number, "Thing", 3, 10)
    assert (found.created, found.destroyed, found.new_state) == ([], [2], 4)
    page = await changes.since(store.db, number, "Thing", 0, 1)
    assert (page.created, page.has_more, page.new_state) == ([1], True, 1)


async def test_an_account_that_is_held_gives_its_first_number_to_the_first_change(store: Store) -> None:
    number = await account(store)

    async def work(unit: Unit) -> tuple[int, int]:
        await unit.hold(number)
        await unit.hold(number)
        first = await unit.changed(number, "Thing", 1, "created")
        await unit.hold(number)
        return first, await unit.changed(number, "Thing", 2, "created")

    assert await store.write(work) == (1, 2)

    async def undone(unit: Unit) -> int:
        with pytest.raises(ValueError, match="enough"):
            async with unit.attempt():
                await unit.hold(number)
                raise ValueError("enough")
        return await unit.changed(number, "Thing", 3, "created")

    assert await store.write(undone) == 3


async def test_one_failing_unit_does_not_disturb_its_neighbours(store: Store) -> None:
    number = await account(store)

    async def good(unit: Unit, thing: int) -> int:
        return await unit.changed(number, "Thing", thing, "created")

    async def bad(unit: Unit) -> None:
        await unit.changed(number, "Thing", 99, "created")
        await unit.run("INSERT INTO account (id) VALUES (?)", number)

    works = [store.write(lambda unit, n=n: good(unit, n)) for n in range(20)] + [store.write(bad)]
    results = await asyncio.gather(*works, return_exceptions=True)
    assert isinstance(results[-1], Conflict)
    found = await changes.since(store.db, number, "Thing", 0, 100)
    assert sorted(found.created) == list(range(20))


async def test_a_unit_may_not_await_the_world(store: Store) -> None:
    async def work(unit: Unit) -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="nothing but its transaction"):
        await store.write(work)


async def test_the_outbox_tells_each_change_once_in_order(store: Store) -> None:
    number = await account(store)
    await store.write(lambda unit: unit.changed(number, "Thing", 7, "created"))
    events = await store.outbox.after(0, 0)
    assert [event.body["created"] for event in events] == [[7]]


async def test_what_may_wait_is_there_for_the_next_statement(store: Store) -> None:
    number, other = await account(store), ids.new_id()

    async def work(unit: Unit) -> int:
        unit.later("INSERT INTO account (id) VALUES (?)", other)
        for modseq in (7, 5):
            unit.later("UPDATE account SET modseq = ? WHERE id = ?", modseq, number)
        found = await unit.value("SELECT modseq FROM account WHERE id = ?", number)
        unit.later("UPDATE account SET modseq = 3 WHERE id = ?", other)
        return int(found)

    assert await store.write(work) == 5
    assert await store.db.value("SELECT modseq FROM account WHERE id = ?", other) == 3


async def test_what_waits_is_written_with_what_a_unit_tells(store: Store) -> None:
    number, other = await account(store), ids.new_id()

    async def work(unit: Unit) -> None:
        unit.later("INSERT INTO account (id) VALUES (?)", other)
        await unit.changed(number, "Thing", 1, "created")
        unit.emit(number, "told", {})

    await store.write(work)
    with counting() as count:
        await store.write(lambda unit: unit.changed(number, "Thing", 2, "created", part=5))
    assert await store.db.value("SELECT 1 FROM account WHERE id = ?", other) == 1
    assert await store.state(number, "Thing") == 2
    assert [event.kind for event in await store.outbox.after(0, 0)] == ["changed", "told", "changed"]
    assert len(count) == (2 if store.db.dialect.name == "postgres" else 5)


async def test_modseqs_are_passed_over(store: Store) -> None:
    number, other = await account(store), await account(store)

    async def work(unit: Unit) -> list[int]:
        await unit.hold(number)
        seen = [await unit.leap(number, 100), await unit.changed(number, "Thing", 1, "created")]
        return [
            *seen,
            await unit.tick(other),
            await unit.leap(other, 1),
            await unit.changed(other, "Thing", 2, "created"),
        ]

    assert await store.write(work) == [100, 101, 1, 2, 3]
    assert [await store.state(each, "Thing") for each in (number, other)] == [101, 3]
    rows = await store.db.rows("SELECT modseq FROM account WHERE id IN (?, ?) ORDER BY modseq", number, other)
    assert rows == [(3,), (101,)]


async def test_what_waits_and_is_wrong_undoes_the_unit(store: Store) -> None:
    number = await account(store)

    async def work(unit: Unit) -> None:
        await unit.changed(number, "Thing", 1, "created")
        unit.later("INSERT INTO account (id) VALUES (?)", number)

    with pytest.raises(Conflict):
        await store.write(work)
    assert await store.state(number, "Thing") == 0

    async def tried(unit: Unit) -> None:
        await unit.changed(number, "Thing", 1, "created")
        with pytest.raises(Conflict):
            async with unit.attempt():
                await unit.changed(number, "Thing", 2, "created")
                unit.later("INSERT INTO account (id) VALUES (?)", number)
        unit.later("UPDATE account SET modseq = 9 WHERE id = ?", number)
        with pytest.raises(KeyError):
            async with unit.attempt():
                unit.later("UPDATE account SET modseq = 10 WHERE id = ?", number)
                raise KeyError

    await store.write(tried)
    found = await changes.since(store.db, number, "Thing", 0, 10)
    assert found.created == [1]
    assert await store.db.value("SELECT modseq FROM account WHERE id = ?", number) == 9
