"""What people of the organisation know of each other: when they are busy, by a right that opens nothing else."""

import pytest

from parvis.access import accounts, colleagues, directory, gate, parts
from parvis.access.check import check
from parvis.access.principal import Principal, Right
from parvis.kernel.errors import NotFound
from parvis.store.sql.contract import counting
from parvis.store.store import Store

KIND = colleagues.TIMED


async def owner(store: Store, name: str, kind: str = "person") -> tuple[Principal, int]:
    async def work(unit):
        number = await directory.create(unit, kind, name, None if kind == "external" else f"{name}@example.org")
        return number, await gate.create_scope(unit, number, KIND, "Agenda")

    number, scope = await store.write(work)
    return await directory.by_id(store.db, number), scope


async def known(store: Store, who: Principal, of: Principal, **more) -> list[int]:
    found = await parts.available(store.db, who, [of.id], KIND, **more)
    assert all(each.rights == Right.FREE_BUSY for each in found if not each.owner)
    return [each.scope.id for each in found]


@pytest.fixture
async def people(store: Store) -> tuple[Principal, int, Principal]:
    """Ann with her calendar, and Bob; the organisation tells."""
    (ann, scope), (bob, _) = await owner(store, "ann"), await owner(store, "bob")
    await colleagues.settle(store, True)
    return ann, scope, bob


async def test_a_colleague_knows_when_and_nothing_else(store: Store, people) -> None:
    ann, scope, bob = people
    with counting() as count:
        assert await known(store, bob, ann) == [scope]
    assert len(count) == 1
    why = await gate.explain(store.db, bob, scope)
    assert [(path.grant_id, path.colleague, path.rights) for path in why] == [(0, True, Right.FREE_BUSY)]
    for right in (Right.READ, Right.FREE_BUSY):
        with pytest.raises(NotFound):
            await parts.part(store.db, bob, scope, KIND, right)
    with pytest.raises(NotFound):
        await parts.any_part(store.db, bob, ann.id, KIND)
    assert await parts.several(store.db, bob, KIND, [scope], Right.FREE_BUSY) == {}
    assert ann.id not in {each.scope.account_id for each in await gate.accounts(store.db, bob, KIND)}
    assert ann.id not in {each.scope.account_id for each in await gate.everything(store.db, bob)}
    assert await check(store.db) == []


async def test_one_who_keeps_it_is_not_known_from_the_next_statement(store: Store, people) -> None:
    ann, scope, bob = people
    await store.write(lambda unit: colleagues.choose(unit, ann.id, False))
    assert await known(store, bob, ann) == [] and await gate.explain(store.db, bob, scope) == []
    grant = await store.write(lambda unit: gate.give(unit, ann, scope, bob.id, Right.FREE_BUSY))
    assert await known(store, bob, ann) == [scope]
    await store.write(lambda unit: gate.withdraw(unit, ann, grant))
    assert await known(store, bob, ann) == []
    await store.write(lambda unit: colleagues.choose(unit, ann.id, True))
    assert await known(store, bob, ann) == [scope]


async def test_an_organisation_that_does_not_tell(store: Store, people) -> None:
    ann, scope, bob = people
    await colleagues.settle(store, False)
    assert await known(store, bob, ann) == [] and await known(store, ann, ann) == [scope]
    assert await gate.explain(store.db, bob, scope) == []
    assert [path.colleague for path in await gate.explain(store.db, ann, scope)] == [False]


async def test_what_is_asked_for_strangers_is_not_what_colleagues_know(store: Store, people) -> None:
    ann, _, bob = people
    assert await known(store, bob, ann, inside=False) == []


async def test_who_is_no_colleague(store: Store, people) -> None:
    ann, scope, bob = people
    room, its = await owner(store, "room", "resource")
    assert await known(store, bob, room) == [its]
    for kind in ("space", "group", "agent", "external", "resource"):
        other, own = await owner(store, f"other-{kind}", kind)
        assert await known(store, other, ann) == [], kind
        assert await known(store, bob, other) == ([own] if kind == "resource" else []), kind
    await accounts.disable(store, bob.id)
    assert await known(store, bob, ann) == [] and await gate.explain(store.db, bob, scope) == []
    await accounts.enable(store, bob.id)
    await accounts.disable(store, ann.id)
    assert await known(store, bob, ann) == []


async def test_nothing_but_time_is_known(store: Store, people) -> None:
    ann, _, bob = people
    mail = await store.write(lambda unit: gate.create_scope(unit, ann.id, "mail"))
    assert await parts.available(store.db, bob, [ann.id], "mail") == []
    assert await gate.explain(store.db, bob, mail) == []
