"""Telling people what others did to tasks that concern them: whose account it is, and who is to do it."""

from collections.abc import Iterable

import msgspec

from parvis.access.principal import Principal, Right
from parvis.kernel import clock, ids
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit
from parvis.tasks import content
from parvis.tasks.model import NOTICE
from parvis.tasks.store import Kept
from parvis.wire.ical.jscalendar import patch
from parvis.wire.ical.jscalendar.words import Json

MOST = 500
"""Kept for one person; the oldest go."""
_MOST_TOLD = 50
_LONGEST = 20_000
_DULL = frozenset({"updated", "sequence", "progressUpdated"})


async def tell(unit: Unit, by: Principal, before: Kept | None, after: Kept | None, people: Iterable[int]) -> None:
    """Tells whoever a change of a task concerns, may still see its list, and did not make it."""
    task = after or before
    assert task is not None
    concerned = sorted({*people, task.account_id} - {by.id})[:_MOST_TOLD]
    if not concerned:
        return
    kind = "created" if before is None else "destroyed" if after is None else "updated"
    shown, change = _shown(before, after)
    if kind == "updated" and not set(change) - _DULL:
        return
    rows = await unit.rows(
        f"""SELECT DISTINCT p.id FROM principal p JOIN visible v ON v.principal_id = p.id AND v.scope_id = ?
        WHERE p.kind = 'person' AND p.id IN {marks(len(concerned))} AND (v.rights & ?) <> 0
        AND (v.expires_ms IS NULL OR v.expires_ms > ?) ORDER BY p.id""",
        task.list_id,
        *concerned,
        int(Right.READ),
        clock.now_ms(),
    )
    for (number,) in rows:
        await _note(unit, number, by, task, kind, shown, change)


def _shown(before: Kept | None, after: Kept | None) -> tuple[Json, Json]:
    """The task as it was (or is, when it is new), and what changed."""
    old = content.said(before.content) if before is not None else None
    new = content.said(after.content) if after is not None else None
    change = patch.difference(old, new) if old is not None and new is not None else {}
    return _short(old if old is not None else new or {}), _short(change)


def _short(given: Json) -> Json:
    """Without what would make a notice long."""
    if len(msgspec.json.encode(given)) <= _LONGEST:
        return given
    return {name: given[name] for name in ("@type", "uid", "title", "progress", "due") if name in given}


async def _note(unit: Unit, person: int, by: Principal, task: Kept, kind: str, shown: Json, change: Json) -> None:
    number = ids.new_id()
    await unit.run(
        f"""INSERT INTO task_notice (id, account_id, owner_id, list_id, task_id, created_ms, type, by_id, by_name,
        by_address, task, patch) VALUES {marks(12)}""",
        number,
        person,
        task.account_id,
        task.list_id,
        task.id,
        clock.now_ms(),
        kind,
        by.id,
        by.name,
        by.address,
        msgspec.json.encode(shown).decode(),
        msgspec.json.encode(change).decode(),
    )
    await unit.changed(person, NOTICE, number, "created")
    oldest = await unit.rows(
        "SELECT id FROM task_notice WHERE account_id = ? ORDER BY id DESC LIMIT 10 OFFSET ?", person, MOST
    )
    for (old,) in oldest:
        await remove(unit, person, old)


async def keep(unit: Unit, list_id: int) -> None:
    """A list goes: what was told of it stays with those who see it until then, as their own; the rest goes."""
    await unit.run(
        """UPDATE task_notice SET list_id = 0 WHERE list_id = ? AND EXISTS (SELECT 1 FROM visible v
        WHERE v.principal_id = task_notice.account_id AND v.scope_id = task_notice.list_id AND (v.rights & ?) <> 0
        AND (v.expires_ms IS NULL OR v.expires_ms > ?))""",
        list_id,
        int(Right.READ),
        clock.now_ms(),
    )
    rows = await unit.rows("SELECT id, account_id FROM task_notice WHERE list_id = ? ORDER BY account_id", list_id)
    for number, account_id in rows:
        await remove(unit, account_id, number)


async def remove(unit: Unit, account_id: int, number: int) -> bool:
    """Removes one notice; False when it is not there."""
    if not await unit.run("DELETE FROM task_notice WHERE id = ? AND account_id = ?", number, account_id):
        return False
    await unit.changed(account_id, NOTICE, number, "destroyed")
    return True
