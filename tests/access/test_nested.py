"""What is visible of scopes inside others equals what the grants say, after any sequence of grants, moves, memberships
and people who are switched off, and when these happen at the same moment."""

import asyncio

import pytest

from parvis.access import check, gate, parts
from parvis.access.principal import Principal, Right
from parvis.kernel.errors import Forbidden, Invalid, NotFound
from parvis.store.store import Store
from tests.access.test_visibility import World

KIND = "folder"


class Forest(World):
    """A World whose scopes are folders, in trees."""

    def __init__(self, store: Store, seed: int) -> None:
        super().__init__(store, seed)
        self.parents: dict[int, int | None] = {}

    async def populate(self, make_person) -> None:
        await super().populate(make_person)
        self.scopes.clear()
        for _ in range(6):
            await self.plant()

    async def step(self) -> None:
        actions = [self.give, self.withdraw, self.join, self.leave, self.switch, self.plant, self.move, self.fell]
        await self.chance.choices(actions, weights=[6, 3, 5, 3, 1, 3, 5, 1])[0]()

    def _place(self, owner: Principal) -> int | None:
        return self.chance.choice([None, *(one for one, whose in self.scopes.items() if whose == owner)])

    async def plant(self) -> None:
        owner = self.chance.choice(self.people[:2])
        place = self._place(owner)
        made = await self.store.write(lambda unit: gate.create_scope(unit, owner.id, KIND, "f", place))
        self.scopes[made], self.parents[made] = owner, place

    async def move(self) -> None:
        scope, owner = self.chance.choice(list(self.scopes.items()))
        place = self._place(owner)
        try:
            await self.store.write(lambda unit: gate.move_scope(unit, scope, place))
        except Invalid:
            assert place in self._tree(scope)
            return
        self.parents[scope] = place

    async def fell(self) -> None:
        leaves = [scope for scope in self.scopes if scope not in self.parents.values()]
        scope = self.chance.choice(leaves)
        await self.store.write(lambda unit: gate.remove_scope(unit, scope))
        del self.scopes[scope], self.parents[scope]
        for key in [key for key in self.grants if key[0] == scope]:
            del self.grants[key]
        if not self.scopes:
            await self.plant()

    def _tree(self, scope: int) -> set[int]:
        found = {scope}
        while more := {one for one, parent in self.parents.items() if parent in found} - found:
            found |= more
        return found

    def rights(self, person: Principal, scope: int) -> Right:
        found, place = Right(0), scope
        while place is not None:
            found |= super().rights(person, place)
            place = self.parents[place]
        return found

    async def verify(self) -> None:
        for person in self.people:
            for scope in self.scopes:
                assert await self.rights_in(person, scope) == self.rights(person, scope)
        assert await check.check(self.store.db) == []

    async def rights_in(self, person: Principal, scope: int) -> Right:
        for right in (Right.READ, Right.FREE_BUSY):
            try:
                return (await parts.part(self.store.db, person, scope, KIND, right)).rights
            except (NotFound, Forbidden):
                continue
        return Right(0)


@pytest.mark.parametrize("seed", range(4))
async def test_any_sequence_of_events(store: Store, make_person, seed: int) -> None:
    forest = Forest(store, seed)
    await forest.populate(make_person)
    for _ in range(12):
        for _ in range(6):
            await forest.step()
        await forest.verify()


@pytest.mark.parametrize("seed", range(2))
async def test_events_at_the_same_moment(store: Store, make_person, seed: int) -> None:
    forest = Forest(store, seed)
    await forest.populate(make_person)
    expected = NotFound | Forbidden | Invalid | AssertionError | KeyError
    for _ in range(10):
        results = await asyncio.gather(*(forest.step() for _ in range(6)), return_exceptions=True)
        assert not [r for r in results if r is not None and not isinstance(r, expected)]
        assert await check.check(store.db) == []
