"""The check of tasks says nothing of whole ones and names each thing that is torn."""

import pytest

from parvis.tasks.check import check


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        ("UPDATE task SET list_id = 7", "task-list"),
        ("DELETE FROM scope WHERE kind = 'tasklist'", "task-list"),
        ("DELETE FROM tasklist", "task-list"),
        ("UPDATE change SET part = 7 WHERE kind = 'Task'", "task-log"),
        ("DELETE FROM task", "task-log"),
        ("UPDATE task_label SET task_id = 7", "task-beside"),
        ("UPDATE task SET title = 'other'", "task-content"),
        ("UPDATE task SET due_ms = 5", "task-content"),
    ],
)
async def test_damage_is_named(ann, store, damage: str, code: str) -> None:
    await ann.add("Dig", due="2026-12-24T12:00:00", keywords={"garden": True})
    assert await check(store.db) == []
    await store.write(lambda unit: unit.run(damage))
    assert code in {fault.code for fault in await check(store.db)}
