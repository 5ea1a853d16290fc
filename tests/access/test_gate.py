"""Grants, groups and withdrawal: what is visible follows in the same transaction."""

import pytest

from parvis.access import directory, gate
from parvis.access.principal import Principal, Right
from parvis.kernel import clock
from parvis.kernel.errors import Forbidden, NotFound
from parvis.store.store import Store


async def person(store: Store, name: str) -> tuple[Principal, int]:
    async def work(unit):
        number = await directory.create(unit, "person", name, f"{name}@example.org")
        return number, await gate.create_scope(unit, number, "mail")

    number, scope = await store.write(work)
    return await directory.by_id(store.db, number), scope


async def test_a_grant_opens_and_its_withdrawal_closes(store: Store) -> None:
    (ann, scope), (bob, _) = await person(store, "ann"), await person(store, "bob")
    with pytest.raises(NotFound):
        await gate.require(store.db, bob, ann.id, "mail")
    grant = await store.write(lambda unit: gate.give(unit, ann, scope, bob.id, Right.READ))
    assert (await gate.require(store.db, bob, ann.id, "mail")).rights == Right.READ
    with pytest.raises(Forbidden):
        await gate.require(store.db, bob, ann.id, "mail", Right.WRITE)
    assert [path.grant_id for path in await gate.explain(store.db, bob, scope)] == [grant]
    await store.write(lambda unit: gate.withdraw(unit, ann, grant))
    with pytest.raises(NotFound):
        await gate.require(store.db, bob, ann.id, "mail")


async def test_nobody_gives_more_than_they_have(store: Store) -> None:
    (ann, scope), (bob, _), (cy, _) = [await person(store, name) for name in ("ann", "bob", "cy")]
    await store.write(lambda unit: gate.give(unit, ann, scope, bob.id, Right.READ | Right.SHARE))
    with pytest.raises(Forbidden):
        await store.write(lambda unit: gate.give(unit, bob, scope, cy.id, Right.WRITE))


async def test_a_nested_group_sees_and_a_leaver_does_not(store: Store) -> None:
    (ann, scope), (bob, _) = await person(store, "ann"), await person(store, "bob")
    outer = await store.write(lambda unit: directory.create(unit, "group", "outer"))
    inner = await store.write(lambda unit: directory.create(unit, "group", "inner"))
    await store.write(lambda unit: gate.give(unit, ann, scope, outer, Right.READ))
    await store.write(lambda unit: directory.join(unit, outer, inner))
    await store.write(lambda unit: directory.join(unit, inner, bob.id))
    assert [path.grantee for path in await gate.explain(store.db, bob, scope)] == ["outer"]
    await store.write(lambda unit: directory.leave(unit, outer, inner))
    assert await gate.explain(store.db, bob, scope) == []


async def test_an_expired_grant_is_no_grant(store: Store) -> None:
    (ann, scope), (bob, _) = await person(store, "ann"), await person(store, "bob")
    end = clock.now_ms() + 1000
    await store.write(lambda unit: gate.give(unit, ann, scope, bob.id, Right.READ, end))
    assert len(await gate.accounts(store.db, bob, "mail")) == 2
    with clock.frozen(end):
        assert len(await gate.accounts(store.db, bob, "mail")) == 1


async def test_nobody_gives_for_longer_than_they_have(store: Store) -> None:
    (ann, scope), (bob, _), (cy, _) = [await person(store, name) for name in ("ann", "bob", "cy")]
    end, rights = clock.now_ms() + 60_000, Right.READ | Right.SHARE
    await store.write(lambda unit: gate.give(unit, ann, scope, bob.id, rights, end))
    for grantee in (bob.id, cy.id):
        for longer in (None, end + 1):
            with pytest.raises(Forbidden):
                await store.write(lambda unit, to=grantee, at=longer: gate.give(unit, bob, scope, to, rights, at))
    await store.write(lambda unit: gate.give(unit, bob, scope, cy.id, Right.READ, end))
    with clock.frozen(end):
        assert await gate.explain(store.db, cy, scope) == await gate.explain(store.db, bob, scope) == []


async def test_the_right_to_share_one_thing_opens_no_other_of_its_kind(store: Store) -> None:
    (ann, one), (bob, _), (cy, _) = [await person(store, name) for name in ("ann", "bob", "cy")]
    other = await store.write(lambda unit: gate.create_scope(unit, ann.id, "mail"))
    await store.write(lambda unit: gate.give(unit, ann, one, bob.id, Right.READ | Right.SHARE))
    with pytest.raises(NotFound):
        await store.write(lambda unit: gate.give(unit, bob, other, cy.id, Right.READ))
    grant = await store.write(lambda unit: gate.give(unit, ann, other, cy.id, Right.READ))
    with pytest.raises(NotFound):
        await store.write(lambda unit: gate.withdraw(unit, bob, grant))
