"""The table of visible scopes, kept in the same transaction as whatever changes it.

A person sees a scope by ownership (the account's own principal), by a grant, or by a grant to a group or space
that holds them, through any number of memberships. Each such grant is one row of `visible`, so that withdrawing
one path leaves the others.
"""

from parvis.access.principal import Right
from parvis.store.unit import Unit

_UP = """WITH RECURSIVE up(id) AS (SELECT CAST(? AS BIGINT) UNION
    SELECT m.group_id FROM membership m JOIN up ON m.member_id = up.id)"""
_DOWN = """WITH RECURSIVE down(id) AS (SELECT CAST(? AS BIGINT) UNION
    SELECT m.member_id FROM membership m JOIN down ON m.group_id = down.id)"""


async def refresh_grant(unit: Unit, grant_id: int) -> None:
    """Rewrites the rows that come from one grant, after it was given, changed or withdrawn."""
    await unit.run("DELETE FROM visible WHERE grant_id = ?", grant_id)
    row = await unit.row(
        "SELECT scope_id, principal_id, rights, expires_ms FROM access_grant WHERE id = ?", grant_id
    )
    if row is not None:
        scope_id, grantee, rights, expires_ms = row
        members = await unit.rows(f"{_DOWN} SELECT id FROM down", grantee)
        await unit.many(
            "INSERT INTO visible (principal_id, scope_id, grant_id, rights, expires_ms) VALUES (?, ?, ?, ?, ?)",
            [(member, scope_id, grant_id, rights, expires_ms) for (member,) in members],
        )


async def refresh_members(unit: Unit, member_id: int) -> None:
    """Rewrites what `member_id` and everyone below it sees, after a membership began or ended."""
    for (person,) in await unit.rows(f"{_DOWN} SELECT id FROM down", member_id):
        await unit.run("DELETE FROM visible WHERE principal_id = ? AND grant_id <> 0", person)
        await unit.run(
            f"""INSERT INTO visible (principal_id, scope_id, grant_id, rights, expires_ms)
            {_UP} SELECT CAST(? AS BIGINT), g.scope_id, g.id, g.rights, g.expires_ms
            FROM access_grant g JOIN up ON g.principal_id = up.id""",
            person,
            person,
        )


async def own(unit: Unit, principal_id: int, scope_id: int) -> None:
    """Makes a scope its owner's; for a group or space, each member has what its grants say."""
    await unit.run(
        "INSERT INTO visible (principal_id, scope_id, grant_id, rights, expires_ms) VALUES (?, ?, 0, ?, NULL)",
        principal_id,
        scope_id,
        int(Right.owner()),
    )
