"""What is visible equals what the grants say, after any sequence of events and under concurrent ones."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from parvis.access import accounts, check, directory, gate
from parvis.access.principal import Principal, Right
from parvis.kernel import clock
from parvis.kernel.errors import Conflict, Forbidden, NotFound
from parvis.store.sql.contract import counting
from parvis.store.store import Store

RIGHTS = [Right.READ, Right.READ | Right.WRITE, Right.READ | Right.SHARE, Right.FREE_BUSY]


class World:
    """People, groups and scopes, with the naive model of who may do what beside the store."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store, self.chance = store, random.Random(seed)
        self.people: list[Principal] = []
        self.groups: list[int] = []
        self.scopes: dict[int, Principal] = {}
        self.grants: dict[tuple[int, int], tuple[int, Right, int | None]] = {}
        self.members: set[tuple[int, int]] = set()
        self.disabled: set[int] = set()

    async def populate(self, make_person) -> None:
        for name in ("ann", "bob", "cy", "dee", "eve"):
            person = await make_person(self.store, name)
            self.people.append(person)
            scope = await self.store.db.value("SELECT id FROM scope WHERE account_id = ?", person.id)
            self.scopes[scope] = person
        for name in ("red", "blue", "green", "all"):
            self.groups.append(await self.store.write(lambda unit, n=name: directory.create(unit, "group", n)))

    async def step(self) -> None:
        action = self.chance.choices(
            [self.give, self.withdraw, self.join, self.leave, self.switch], weights=[5, 3, 5, 3, 1]
        )[0]
        await action()

    async def give(self) -> None:
        scope, owner = self.chance.choice(list(self.scopes.items()))
        grantee = self.chance.choice([*self.groups, *(person.id for person in self.people)])
        rights = self.chance.choice(RIGHTS)
        end = self.chance.choice([None, None, clock.now_ms() - 1000, clock.now_ms() + 3_600_000])
        try:
            number = await self.store.write(lambda unit: gate.give(unit, owner, scope, grantee, rights, end))
        except (Conflict, NotFound):  # its own, or one of the two is switched off
            assert grantee == owner.id or {grantee, owner.id} & self.disabled
            return
        self.grants[scope, grantee] = (number, rights, end)

    async def withdraw(self) -> None:
        if not self.grants:
            return
        scope, grantee = self.chance.choice(list(self.grants))
        owner, (number, _, _) = self.scopes[scope], self.grants[scope, grantee]
        if owner.id in self.disabled:
            return
        await self.store.write(lambda unit: gate.withdraw(unit, owner, number))
        self.grants.pop((scope, grantee), None)

    async def join(self) -> None:
        group = self.chance.choice(self.groups)
        member = self.chance.choice([*self.groups, *(person.id for person in self.people)])
        await self.store.write(lambda unit: directory.join(unit, group, member))
        self.members.add((group, member))

    async def leave(self) -> None:
        if self.members:
            group, member = self.chance.choice(sorted(self.members))
            await self.store.write(lambda unit: directory.leave(unit, group, member))
            self.members.discard((group, member))

    async def switch(self) -> None:
        number = self.chance.choice([*self.groups, self.people[-1].id])
        change: Callable[[Store, int], Awaitable[None]] = (
            accounts.enable if number in self.disabled else accounts.disable
        )
        await change(self.store, number)
        self.disabled ^= {number}

    def rights(self, person: Principal, scope: int) -> Right:
        """What the model says the person may do in the scope."""
        if person.id in self.disabled:
            return Right(0)
        if self.scopes[scope] == person:
            return Right.owner()
        holders, grew = {person.id}, True
        while grew:
            above = {g for g, m in self.members if m in holders and g not in self.disabled}
            grew = not above <= holders
            holders |= above
        found = Right(0)
        for holder in holders:
            _, rights, end = self.grants.get((scope, holder), (0, Right(0), None))
            found |= rights if end is None or end > clock.now_ms() else Right(0)
        return found

    async def verify(self) -> None:
        for person in self.people:
            for scope, owner in self.scopes.items():
                assert await self.allowed(person, owner) == self.rights(person, scope)
        assert await check.check(self.store.db) == []

    async def allowed(self, person: Principal, owner: Principal) -> Right:
        rows = await self.store.db.rows(
            f"SELECT s.id FROM scope s WHERE s.account_id = ? AND s.id IN {gate.VISIBLE}",
            owner.id,
            *gate.visible(person),
        )
        try:
            access = await gate.require(self.store.db, person, owner.id, "mail")
        except NotFound:
            assert rows == []
            joined = await self.store.db.rows(
                """SELECT rights FROM visible v JOIN scope s ON s.id = v.scope_id WHERE v.principal_id = ?
                AND s.account_id = ? AND (v.expires_ms IS NULL OR v.expires_ms > ?)""",
                person.id,
                owner.id,
                clock.now_ms(),
            )
            return Right(int(bool(joined)) * int(Right.FREE_BUSY))
        assert len(rows) == 1 and await gate.explain(self.store.db, person, rows[0][0])
        return access.rights


@pytest.mark.parametrize("seed", range(4))
async def test_any_sequence_of_events(store: Store, make_person, seed: int) -> None:
    world = World(store, seed)
    await world.populate(make_person)
    for _ in range(12):
        for _ in range(6):
            await world.step()
        await world.verify()


@pytest.mark.parametrize("seed", range(3))
async def test_events_at_the_same_moment(store: Store, make_person, seed: int) -> None:
    world = World(store, seed)
    await world.populate(make_person)
    for _ in range(10):
        results = await asyncio.gather(*(world.step() for _ in range(6)), return_exceptions=True)
        assert not [
            r for r in results if r is not None and not isinstance(r, NotFound | Forbidden | AssertionError)
        ]
        assert await check.check(store.db) == []


async def test_require_is_one_statement(store: Store, make_person) -> None:
    ann = await make_person(store, "ann")
    with counting() as count:
        await gate.require(store.db, ann, ann.id, "mail")
    assert len(count) == 1


async def test_the_check_finds_a_row_too_many_and_one_too_few(store: Store, make_person) -> None:
    ann, bob = await make_person(store, "ann"), await make_person(store, "bob")
    await store.write(
        lambda unit: unit.run("UPDATE visible SET principal_id = ? WHERE principal_id = ?", bob.id + 1, ann.id)
    )
    assert len(await check.check(store.db)) == 2
