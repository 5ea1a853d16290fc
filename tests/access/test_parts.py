"""Parts of an account: each is shared by itself, and one inside another has what the outer one was given."""

import pytest

from parvis.access import accounts, check, directory, erasure, gate, parts
from parvis.access.principal import Principal, Right
from parvis.kernel import clock
from parvis.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from parvis.store.sql.contract import counting
from parvis.store.store import Store
from tests.access.test_erasure import carry_out

KIND = "folder"


async def make(store: Store, owner: Principal, name: str, parent: int | None = None) -> int:
    return await store.write(lambda unit: gate.create_scope(unit, owner.id, KIND, name, parent))


async def give(store: Store, owner: Principal, scope: int, to: int, rights: Right = Right.READ, end=None) -> int:
    return await store.write(lambda unit: gate.give(unit, owner, scope, to, rights, end))


async def seen(store: Store, who: Principal, owner: Principal) -> set[str]:
    assert await check.check(store.db) == []
    return {access.scope.name for access in await parts.readable(store.db, who, owner.id, KIND)}


@pytest.fixture
async def people(store: Store, make_person) -> list[Principal]:
    return [await make_person(store, name) for name in ("ann", "bob", "cy")]


async def test_each_part_is_shared_by_itself(store: Store, people) -> None:
    ann, bob, _ = people
    one, two = await make(store, ann, "one"), await make(store, ann, "two")
    with pytest.raises(NotFound):
        await parts.any_part(store.db, bob, ann.id, KIND)
    grant = await give(store, ann, one, bob.id, Right.READ | Right.WRITE)
    assert (await parts.part(store.db, bob, one, KIND, Right.WRITE)).scope.name == "one"
    with pytest.raises(NotFound):
        await parts.part(store.db, bob, two, KIND)
    with pytest.raises(NotFound):
        await parts.part(store.db, bob, one, "mail")
    with pytest.raises(Forbidden, match="delete"):
        await parts.part(store.db, bob, one, KIND, Right.DELETE)
    await give(store, ann, two, bob.id, Right.READ)
    assert set(await parts.several(store.db, bob, KIND, [one, two, 77], Right.WRITE)) == {one}
    whole = await parts.any_part(store.db, bob, ann.id, KIND)
    assert (whole.rights, whole.owner, whole.scope.id) == (Right.READ | Right.WRITE, False, 0)
    assert [access.scope.account_id for access in await gate.accounts(store.db, bob, KIND)] == [ann.id]
    await make(store, bob, "mine")
    everywhere = await parts.readable(store.db, bob, None, KIND)
    assert [access.scope.name for access in everywhere] == ["mine", "one", "two"]
    await store.write(lambda unit: gate.withdraw(unit, ann, grant))
    with pytest.raises(NotFound):
        await parts.part(store.db, bob, one, KIND)


async def test_free_busy_alone_is_no_right_to_read(store: Store, people) -> None:
    ann, bob, _ = people
    one = await make(store, ann, "one")
    await give(store, ann, one, bob.id, Right.FREE_BUSY)
    assert (await parts.part(store.db, bob, one, KIND, Right.FREE_BUSY)).rights == Right.FREE_BUSY
    with pytest.raises(NotFound):
        await parts.part(store.db, bob, one, KIND)
    assert await parts.readable(store.db, bob, ann.id, KIND) == []
    assert len(await parts.readable(store.db, bob, ann.id, KIND, Right.FREE_BUSY)) == 1
    assert (await parts.any_part(store.db, bob, ann.id, KIND)).rights == Right.FREE_BUSY


async def test_what_is_inside_has_the_grants_of_what_is_around_it(store: Store, people) -> None:
    ann, bob, cy = people
    outer = await make(store, ann, "outer")
    inner = await make(store, ann, "inner", outer)
    await give(store, ann, outer, bob.id)
    deepest = await make(store, ann, "deepest", inner)
    await give(store, ann, inner, cy.id)
    assert await seen(store, bob, ann) == {"outer", "inner", "deepest"}
    assert await seen(store, cy, ann) == {"inner", "deepest"}
    assert [path.grantee for path in await gate.explain(store.db, bob, deepest)] == ["bob"]
    other = await make(store, ann, "other")
    await give(store, ann, other, cy.id, Right.READ | Right.WRITE)
    await store.write(lambda unit: gate.move_scope(unit, inner, other))
    assert await seen(store, bob, ann) == {"outer"}
    assert (await parts.part(store.db, cy, deepest, KIND, Right.WRITE)).scope.id == deepest
    await store.write(lambda unit: gate.move_scope(unit, inner, None))
    assert await seen(store, cy, ann) == {"inner", "deepest", "other"}
    with pytest.raises(Forbidden):
        await parts.part(store.db, cy, deepest, KIND, Right.WRITE)


async def test_a_place_that_cannot_be(store: Store, people) -> None:
    ann, bob, _ = people
    outer = await make(store, ann, "outer")
    inner = await make(store, ann, "inner", outer)
    with pytest.raises(Invalid):
        await store.write(lambda unit: gate.move_scope(unit, outer, inner))
    with pytest.raises(NotFound):
        await make(store, bob, "stolen", outer)
    with pytest.raises(NotFound):
        await store.write(lambda unit: gate.create_scope(unit, ann.id, "mail", "", outer))
    with pytest.raises(Conflict):
        await store.write(lambda unit: gate.remove_scope(unit, outer))
    await give(store, ann, inner, bob.id)
    state = await store.state(ann.id, "Grant")
    await store.write(lambda unit: gate.remove_scope(unit, inner))
    assert await store.state(ann.id, "Grant") > state and await seen(store, bob, ann) == set()
    await store.write(lambda unit: gate.remove_scope(unit, outer))
    assert await seen(store, ann, ann) == set()


async def test_groups_in_groups_and_who_is_switched_off(store: Store, people) -> None:
    ann, bob, _ = people
    outer = await make(store, ann, "outer")
    inner = await make(store, ann, "inner", outer)
    team, all_ = [await store.write(lambda unit, n=n: directory.create(unit, "group", n)) for n in ("team", "all")]
    await store.write(lambda unit: directory.join(unit, all_, team))
    await give(store, ann, outer, all_)
    await store.write(lambda unit: directory.join(unit, team, bob.id))
    assert await seen(store, bob, ann) == {"outer", "inner"}
    await accounts.disable(store, team)
    assert await seen(store, bob, ann) == set()
    await accounts.enable(store, team)
    await accounts.disable(store, bob.id)
    assert await seen(store, bob, ann) == set()
    await accounts.enable(store, bob.id)
    third = await make(store, ann, "third", inner)
    assert await seen(store, bob, ann) == {"outer", "inner", "third"}
    await accounts.disable(store, ann.id)
    await accounts.enable(store, ann.id)
    assert await seen(store, ann, ann) == {"outer", "inner", "third"}
    await store.write(lambda unit: directory.leave(unit, all_, team))
    with pytest.raises(NotFound):
        await parts.part(store.db, bob, third, KIND)
    await erasure.schedule(store, ann.id)
    await carry_out(store)
    assert await store.db.value("SELECT COUNT(*) FROM scope WHERE account_id = ?", ann.id) == 0
    assert await check.check(store.db) == []


async def test_sight_changes_with_every_grant(store: Store, people) -> None:
    ann, bob, _ = people
    one, two = await make(store, ann, "one"), await make(store, ann, "two")
    end, sights = clock.now_ms() + 60_000, []

    async def look() -> None:
        sights.append(await parts.sight(store.db, bob, ann.id, KIND))

    await look()
    await give(store, ann, one, bob.id)
    await look()
    await give(store, ann, one, bob.id, Right.READ | Right.WRITE)
    await look()
    await give(store, ann, two, bob.id, Right.READ, end)
    await look()
    await make(store, ann, "inside", one)
    await look()
    assert len(set(sights)) == len(sights)
    with clock.frozen(end):
        await look()
    assert sights[-1] not in sights[:-1]
    await store.write(lambda unit: gate.rename_scope(unit, one, "uno"))
    assert await seen(store, bob, ann) == {"uno", "two", "inside"}


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("UPDATE scope SET parent_id = 7 WHERE name = 'inner'", "scope"),
        ("UPDATE scope SET parent_id = id WHERE name = 'inner'", "scope"),
        ("UPDATE scope SET parent_id = NULL WHERE name = 'inner'", "visible"),
        (
            "DELETE FROM visible WHERE grant_id <> 0 AND scope_id IN (SELECT id FROM scope WHERE name = 'inner')",
            "visible",
        ),
    ],
)
async def test_the_check_finds_what_is_wrong_with_parts(store: Store, people, damage: str, found: str) -> None:
    ann, bob, _ = people
    outer = await make(store, ann, "outer")
    await make(store, ann, "inner", outer)
    await give(store, ann, outer, bob.id)
    assert await check.check(store.db) == []
    await store.write(lambda unit: unit.run(damage))
    assert found in {fault.code for fault in await check.check(store.db)}


async def test_each_proof_is_one_statement(store: Store, people) -> None:
    ann, bob, _ = people
    scopes = [await make(store, ann, str(number)) for number in range(5)]
    for scope in scopes:
        await give(store, ann, scope, bob.id)
    for proof in (
        lambda: parts.part(store.db, bob, scopes[0], KIND),
        lambda: parts.several(store.db, bob, KIND, scopes),
        lambda: parts.readable(store.db, bob, ann.id, KIND),
        lambda: parts.any_part(store.db, bob, ann.id, KIND),
        lambda: parts.sight(store.db, bob, ann.id, KIND),
    ):
        with counting() as count:
            await proof()
        assert len(count) == 1
