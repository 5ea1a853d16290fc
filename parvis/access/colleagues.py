"""What people of the organisation may know of each other without a grant: when they are busy, and nothing else.

The right is derived: no row of `visible` holds it, so it lists no calendar and opens no account;
`access.parts.available` alone asks for it. It is a person's, about people and resources, while the organisation has
it so (`calendar.free_busy_inside`) and whoever it is about does. Who has no account of their own here, agents and
accounts at other providers are no colleagues.
"""

from typing import Any

from parvis.access.principal import Principal, Right
from parvis.store.store import Store
from parvis.store.unit import Unit

TIMED = "calendar"
"""The kind of scope that takes people's time."""
KNOWN = f"""SELECT s.id, s.account_id, s.kind, s.name, CAST({int(Right.FREE_BUSY)} AS BIGINT), CAST(-1 AS BIGINT)
FROM principal a JOIN organisation t ON t.tells_busy = 1
JOIN principal o ON o.kind IN ('person', 'resource') AND o.disabled_ms IS NULL AND o.tells_busy = 1
JOIN scope s ON s.account_id = o.id AND s.kind = '{TIMED}'
WHERE a.id = ? AND a.kind = 'person' AND a.disabled_ms IS NULL"""
"""The scopes of which a colleague (the parameter) knows when they are busy, as the rows that `access.parts` reads;
more conditions are added."""


async def settle(store: Store, tells_busy: bool) -> None:
    """Lets the organisation have it as its settings say: the database alone decides, on each node and at once."""
    if await store.db.value("SELECT tells_busy FROM organisation WHERE id = 1") != int(tells_busy):
        await store.write(lambda unit: unit.run("UPDATE organisation SET tells_busy = ?", int(tells_busy)))


async def choose(unit: Unit, principal_id: int, tells_busy: bool) -> None:
    """Lets colleagues know when somebody is busy, or not; what was granted is not touched."""
    await unit.run("UPDATE principal SET tells_busy = ? WHERE id = ?", int(tells_busy), principal_id)


async def chosen(db: Any, principal_id: int) -> tuple[bool, bool]:
    """Whether somebody lets colleagues know when they are busy, and whether the organisation does."""
    row = await db.row(
        "SELECT p.tells_busy, t.tells_busy FROM principal p, organisation t WHERE p.id = ?", principal_id
    )
    return (bool(row[0]), bool(row[1])) if row else (False, False)


async def knows(db: Any, principal: Principal, scope_id: int) -> bool:
    """Whether `principal` knows as a colleague when this scope of somebody else is busy."""
    rows = await db.rows(f"{KNOWN} AND s.id = ? AND o.id <> a.id", principal.id, scope_id)
    return bool(rows)
