"""Deleting an account: what happens at once, taking it back, and rights that go with it. The whole program's part is in
tests/leak/test_erasure.py."""

import pytest

from parvis.access import accounts, directory, erasure, gate
from parvis.kernel.errors import Conflict, NotFound
from parvis.store import changes
from parvis.store.store import Store


async def carry_out(store: Store, erasers=()) -> None:
    """Runs the planned erasures now."""
    erasure.handle(store, erasers)
    await store.write(lambda unit: unit.run("UPDATE job SET run_at_ms = 0, lease_ms = 0"))
    await store.jobs.claim_due()
    await store.jobs.idle()


async def test_it_is_closed_at_once_and_can_be_taken_back(store: Store, make_person) -> None:
    ann = await make_person(store, "ann")
    await erasure.schedule(store, ann.id, 86_400_000)
    assert await directory.by_address(store.db, ann.address) is None
    with pytest.raises(NotFound):
        await gate.require(store.db, ann, ann.id, "mail")
    await accounts.enable(store, ann.id)
    await carry_out(store)
    assert (await gate.require(store.db, ann, ann.id, "mail")).owner


async def test_what_was_shared_either_way_is_gone_and_the_giver_is_told(store: Store, make_person) -> None:
    ann, bob = await make_person(store, "ann"), await make_person(store, "bob")
    scopes = dict(await store.db.rows("SELECT account_id, id FROM scope"))
    await store.write(lambda unit: gate.give(unit, ann, scopes[ann.id], bob.id, gate.Right.READ))
    grant = await store.write(lambda unit: gate.give(unit, bob, scopes[bob.id], ann.id, gate.Right.READ))
    state = await store.state(bob.id, "Grant")
    await erasure.schedule(store, ann.id)
    await carry_out(store)
    assert await gate.explain(store.db, bob, scopes[ann.id]) == []
    assert (await changes.since(store.db, bob.id, "Grant", state, 10)).destroyed == [grant]
    assert (await make_person(store, "ann")).id != ann.id


async def test_a_broken_erasure_goes_on_and_cannot_be_taken_back(store: Store, make_person) -> None:
    ann = await make_person(store, "ann")
    asked: list[erasure.Gone] = []

    async def eraser(_: Store, gone: erasure.Gone) -> None:
        asked.append(gone)
        if len(asked) == 1:
            raise OSError("the machine died")

    await erasure.schedule(store, ann.id)
    await carry_out(store, [eraser])
    with pytest.raises(Conflict):
        await accounts.enable(store, ann.id)
    await carry_out(store, [eraser])
    assert len(asked) == 2 and asked[0] == asked[1] and len(asked[0].scope_ids) == 1
    assert await store.db.value("SELECT COUNT(*) FROM account WHERE id = ?", ann.id) == 0
