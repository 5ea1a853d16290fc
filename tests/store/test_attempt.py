"""A part of a unit that fails leaves nothing behind, neither rows nor marks nor events."""

import pytest

from parvis.kernel.errors import Conflict
from parvis.store import changes


async def test_what_fails_inside_is_undone_and_the_rest_stays(store, make_person) -> None:
    ann = await make_person(store, "ann")

    async def fails(unit) -> None:
        await unit.run("UPDATE principal SET name = 'torn' WHERE id = ?", ann.id)
        await unit.changed(ann.id, "Thing", 1, "updated")
        await unit.changed(ann.id, "Thing", 2, "created")
        unit.emit(ann.id, "torn", {})
        await unit.run("INSERT INTO account (id) VALUES (?)", ann.id)

    async def work(unit) -> None:
        await unit.changed(ann.id, "Thing", 1, "created")
        with pytest.raises(Conflict):
            async with unit.attempt():
                await fails(unit)
        async with unit.attempt():
            await unit.changed(ann.id, "Thing", 3, "created")

    await store.write(work)
    found = await changes.since(store.db, ann.id, "Thing", 0, 10)
    assert (found.created, found.updated) == ([1, 3], [])
    assert await store.db.value("SELECT name FROM principal WHERE id = ?", ann.id) == "ann"
    kinds = {event.kind for event in await store.outbox.after(0, 0)}
    assert "torn" not in kinds
    assert await store.state(ann.id, "Thing") == found.new_state
