"""Telling people what was shared with them, changed or withdrawn, in the unit that does it. RFC 9670 §3

Whoever was granted something through a group is told too. Who made the change, and who owns what was shared, is
not.
"""

from parvis.access.principal import Principal, Right
from parvis.access.scopes import Scope
from parvis.kernel import clock, ids
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit

KIND = "ShareNotification"
MOST = 500
"""Kept for one person; the oldest go. RFC 9670 §3"""
_MOST_TOLD = 500
"""A change for more people than this at once is told to none of them: what they see says it."""
Sight = dict[int, Right]
"""Who sees a scope, with which rights."""


async def sight(unit: Unit, scope_id: int, by: Principal) -> Sight:
    """Who sees a scope now, and is to be told when `by` changes that; empty when these are too many to be told.
    Nothing is told of what an account at another provider gives to the person whose it is, nor of who comes into a
    room of chat."""
    if by.kind == "external":
        return {}
    rows = await unit.rows(
        """SELECT principal_id, rights FROM visible WHERE scope_id = ? AND grant_id <> 0
        AND (expires_ms IS NULL OR expires_ms > ?) LIMIT ?""",
        scope_id,
        clock.now_ms(),
        _MOST_TOLD * 4,
    )
    found: Sight = {}
    for number, rights in rows:
        found[number] = found.get(number, Right(0)) | Right(rights)
    return found


async def tell(unit: Unit, scope: Scope, by: Principal, before: Sight) -> None:
    """Tells each person for whom a scope is another than `before`."""
    after = await sight(unit, scope.id, by)
    other = [
        number
        for number in sorted(before.keys() | after.keys())
        if before.get(number) != after.get(number) and number not in (by.id, scope.account_id)
    ]
    if not other or len(other) > _MOST_TOLD:
        return
    people = await unit.rows(
        f"SELECT id FROM principal WHERE kind = 'person' AND id IN {marks(len(other))} ORDER BY id", *other
    )
    for (number,) in people:
        await _note(unit, number, scope, by, before.get(number), after.get(number))


async def _note(
    unit: Unit, account_id: int, scope: Scope, by: Principal, old: Right | None, new: Right | None
) -> None:
    number = ids.new_id()
    await unit.run(
        """INSERT INTO share_notice (id, account_id, created_ms, by_id, by_name, by_address, owner_id, scope_kind,
        scope_id, name, old_rights, new_rights) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        number,
        account_id,
        clock.now_ms(),
        by.id,
        by.name,
        by.address,
        scope.account_id,
        scope.kind,
        scope.id,
        scope.name,
        None if old is None else int(old),
        None if new is None else int(new),
    )
    await unit.changed(account_id, KIND, number, "created")
    oldest = await unit.rows(
        "SELECT id FROM share_notice WHERE account_id = ? ORDER BY id DESC LIMIT 10 OFFSET ?", account_id, MOST
    )
    for (old_number,) in oldest:
        await remove(unit, account_id, old_number)


async def remove(unit: Unit, account_id: int, number: int) -> bool:
    """Removes one notice; False when it is not there."""
    if not await unit.run("DELETE FROM share_notice WHERE id = ? AND account_id = ?", number, account_id):
        return False
    await unit.changed(account_id, KIND, number, "destroyed")
    return True
