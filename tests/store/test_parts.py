"""Objects in parts of an account: whoever sees some of the parts hears exactly what is in them."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from parvis.kernel import ids
from parvis.store import changes, check
from parvis.store.sql.contract import counting
from parvis.store.store import Store
from parvis.store.unit import Unit
from tests.store.test_unit import account

KIND = "Thing"


async def does(store: Store, number: int, *acts: tuple) -> None:
    """Acts of one unit: (object, created | updated | destroyed, part, part left, name left)."""

    async def work(unit: Unit) -> None:
        for thing, change, part, *left in acts:
            await unit.changed(number, KIND, thing, change, part=part)
            if left:
                await unit.left(number, KIND, thing, *left)

    await store.write(work)


async def test_what_leaves_the_parts_is_destroyed_and_what_comes_in_is_created(store: Store) -> None:
    number = await account(store)
    await does(store, number, (1, "created", 10), (2, "created", 10), (3, "created", 20))
    state = await changes.state_in(store.db, number, KIND, [10])
    assert state == 2 and await changes.state_in(store.db, number, KIND, [10, 20]) == 3
    await does(store, number, (1, "updated", 20, 10, "one"), (3, "updated", 10, 20, "three"), (2, "updated", 10))
    seen = await changes.since_in(store.db, number, KIND, state, 10, [10])
    assert (seen.created, seen.updated, seen.destroyed) == ([3], [2], [1])
    both = await changes.since_in(store.db, number, KIND, state, 10, [10, 20])
    assert (sorted(both.created), sorted(both.updated), both.destroyed) == ([3], [1, 2], [])
    assert (await changes.since_in(store.db, number, KIND, 0, 10, [])).created == []
    left = await changes.left_since(store.db, number, KIND, 10, state, 10)
    assert [(each.object_id, each.name) for each in left] == [(1, "one")]
    there = await changes.in_part_since(store.db, number, KIND, 10, state, 10)
    assert [thing for thing, _ in there] == [3, 2]
    assert await check.check(store) == []


async def test_a_move_is_told_even_when_nobody_said_that_the_old_part_was_left(store: Store) -> None:
    number = await account(store)
    await does(store, number, (1, "created", 10))
    await does(store, number, (1, "updated", 20))
    assert (await changes.since_in(store.db, number, KIND, 1, 10, [10])).destroyed == [1]
    assert [each.name for each in await changes.left_since(store.db, number, KIND, 10, 1, 10)] == [""]


async def test_changes_elsewhere_do_not_move_the_state(store: Store) -> None:
    number = await account(store)
    await does(store, number, (1, "created", 10))
    await does(store, number, (2, "created", 20))
    found = await changes.since_in(store.db, number, KIND, 1, 10, [10])
    assert (found.new_state, found.has_more, found.created, found.updated) == (1, False, [], [])


async def test_what_an_attempt_undoes_has_not_left(store: Store) -> None:
    number = await account(store)
    await does(store, number, (1, "created", 10))

    async def work(unit: Unit) -> None:
        await unit.changed(number, KIND, 1, "updated", part=10)
        with pytest.raises(ZeroDivisionError):
            async with unit.attempt():
                await unit.changed(number, KIND, 1, "updated", part=20)
                await unit.left(number, KIND, 1, 10, "one")
                raise ZeroDivisionError

    await store.write(work)
    found = await changes.since_in(store.db, number, KIND, 1, 10, [10])
    assert (found.updated, found.destroyed) == ([1], [])
    assert await changes.left_since(store.db, number, KIND, 10, 0, 10) == []


async def test_leaving_without_a_change_is_a_mistake(store: Store) -> None:
    number = await account(store)
    with pytest.raises(RuntimeError, match="did not change"):
        await store.write(lambda unit: _left_only(unit, number))


async def _left_only(unit: Unit, number: int) -> None:
    await unit.changed(number, KIND, 1, "created", part=10)
    await unit.left(number, KIND, 2, 10)


async def test_a_part_cut_out_of_another_is_no_change_for_the_owner(store: Store) -> None:
    number = await account(store)
    await does(store, number, (1, "created", 10), (2, "created", 10))
    await store.write(lambda unit: unit.put_in(number, KIND, 11, "SELECT CAST(? AS BIGINT)", 2))
    assert (await changes.since(store.db, number, KIND, 2, 10)).updated == []
    assert await changes.state_in(store.db, number, KIND, [11]) == 2
    assert (await changes.since_in(store.db, number, KIND, 0, 10, [11])).created == [2]
    assert (await changes.since_in(store.db, number, KIND, 0, 10, [10])).created == [1]
    assert await check.check(store) == []


async def test_it_is_few_statements_however_many_objects_there_are(store: Store) -> None:
    number = await account(store)
    await does(store, number, *((thing, "created", 10) for thing in range(1, 301)))
    await does(store, number, *((thing, "updated", 20) for thing in range(1, 301, 2)))
    with counting() as count:
        found = await changes.since_in(store.db, number, KIND, 300, 5000, [10, 30])
    assert len(found.destroyed) == 150 and len(count) == 4


PARTS = (10, 20, 30)
ACTS = some.lists(
    some.tuples(some.integers(1, 6), some.sampled_from((*PARTS, *PARTS, 0)), some.booleans(), some.booleans()),
    max_size=30,
)


class Client:
    """Somebody who sees some parts and follows /changes in pages."""

    def __init__(self, parts: tuple[int, ...], page: int, lazy: int) -> None:
        self.parts, self.page, self.lazy = parts, page, lazy
        self.known: set[int] = set()
        self.state, self.base = 0, None

    async def follow(self, store: Store, number: int, ever: set[int], pages: int | None) -> None:
        while pages is None or pages > 0:
            found = await changes.since_in(
                store.db, number, KIND, self.state, self.page, self.parts, base=self.base
            )
            for thing in (*found.created, *found.updated, *found.destroyed):
                assert thing in ever, "heard of what was never in a part it sees"
            assert not set(found.updated) - self.known, "told as updated what it does not know"
            self.known = (self.known | set(found.created)) - set(found.destroyed)
            self.base = (self.state if self.base is None else self.base) if found.has_more else None
            assert found.new_state > self.state or not found.has_more
            self.state = found.new_state
            if not found.has_more:
                return
            pages = None if pages is None else pages - 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=ACTS,
    viewers=some.lists(
        some.tuples(some.sets(some.sampled_from(PARTS)), some.integers(1, 4), some.integers(1, 5)),
        min_size=1,
        max_size=4,
    ),
)
async def test_a_client_that_follows_ends_with_what_it_may_see(store: Store, acts, viewers) -> None:
    number = await account(store)
    here = {part: ids.new_id() for part in PARTS} | {0: 0}
    acts = [(thing, here[part], says, walks) for thing, part, says, walks in acts]
    clients = [Client(tuple(here[part] for part in parts), page, lazy) for parts, page, lazy in viewers]
    where: dict[int, int] = {}
    ever: dict[int, set[int]] = {part: set() for part in here.values()}
    real: dict[int, int] = {}
    for step, (thing, part, says, walks) in enumerate(acts):
        was = where.get(thing)
        if was is None and part == 0:
            continue
        if was is None:
            real[thing] = ids.new_id()  # ids are never used again
            await does(store, number, (real[thing], "created", part))
        elif part == 0:
            await does(store, number, (real[thing], "destroyed", was, *((was, "x") if says else ())))
        else:
            left = (was, f"{was}") if says and was != part else ()
            await does(store, number, (real[thing], "updated", part, *left))
        if part:
            where[thing] = part
            ever[part].add(real[thing])
        else:
            del where[thing]
        for client in clients:
            if walks and step % client.lazy == 0:
                seen = set().union(*(ever[each] for each in client.parts)) if client.parts else set()
                await client.follow(store, number, seen, 1)
    for client in clients:
        seen = set().union(*(ever[each] for each in client.parts)) if client.parts else set()
        await client.follow(store, number, seen, None)
        assert client.known == {real[thing] for thing, part in where.items() if part in client.parts}
        assert client.state == await changes.state_in(store.db, number, KIND, client.parts)
