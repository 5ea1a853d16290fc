"""The table of visible scopes, kept in the same transaction as whatever changes it.

A person sees a scope by ownership (the account's own principal), by a grant, by a grant to a group or space that
holds them, through any number of memberships, or by being in the space that owns it (access.teams). Each grant is
one row of `visible` for the scope it was given in and for each scope inside that, so that withdrawing one path
leaves the others. Who is disabled sees nothing, and nothing is seen through a disabled group.

Whoever changes a grant, a membership, a principal or where a scope is calls `turn` first: on PostgreSQL two such
transactions would otherwise compute from what the other is changing, and a withdrawn grant could come back.
"""

from parvis.access import teams
from parvis.access.principal import Right
from parvis.store.unit import Unit

_UP = """WITH RECURSIVE up(id) AS (SELECT id FROM principal WHERE id = ? AND disabled_ms IS NULL UNION
    SELECT m.group_id FROM membership m JOIN up ON m.member_id = up.id
    JOIN principal p ON p.id = m.group_id AND p.disabled_ms IS NULL)"""
_DOWN = """WITH RECURSIVE down(id) AS (SELECT id FROM principal WHERE id = ? AND disabled_ms IS NULL UNION
    SELECT m.member_id FROM membership m JOIN down ON m.group_id = down.id
    JOIN principal p ON p.id = m.member_id AND p.disabled_ms IS NULL)"""
_BELOW = """WITH RECURSIVE below(id) AS (SELECT CAST(? AS BIGINT) UNION
    SELECT m.member_id FROM membership m JOIN below ON m.group_id = below.id)"""

_INSIDE = """WITH RECURSIVE inside(id) AS (SELECT CAST(? AS BIGINT) UNION
    SELECT s.id FROM scope s JOIN inside ON s.parent_id = inside.id)"""


async def turn(unit: Unit) -> None:
    """Waits for every other transaction that changes what is visible; held until the commit."""
    await unit.run("UPDATE visible_turn SET taken = taken + 1 WHERE id = 1")


async def refresh_grant(unit: Unit, grant_id: int) -> None:
    """Rewrites the rows that come from one grant, after it was given, changed or withdrawn."""
    await turn(unit)
    await unit.run("DELETE FROM visible WHERE grant_id = ?", grant_id)
    row = await unit.row(
        "SELECT scope_id, principal_id, rights, expires_ms FROM access_grant WHERE id = ?", grant_id
    )
    if row is not None:
        scope_id, grantee, rights, expires_ms = row
        members = await unit.rows(f"{_DOWN} SELECT id FROM down", grantee)
        scopes = await inside(unit, scope_id)
        await unit.many(
            "INSERT INTO visible (principal_id, scope_id, grant_id, rights, expires_ms) VALUES (?, ?, ?, ?, ?)",
            [(member, scope, grant_id, rights, expires_ms) for (member,) in members for scope in scopes],
        )


async def inside(unit: Unit, scope_id: int) -> list[int]:
    """A scope and all that are inside it."""
    return [scope for (scope,) in await unit.rows(f"{_INSIDE} SELECT id FROM inside", scope_id)]


async def refresh_members(unit: Unit, member_id: int) -> None:
    """Rewrites what `member_id` and everyone below it sees, after a membership or a principal began or ended."""
    await turn(unit)
    for (person,) in await unit.rows(f"{_BELOW} SELECT id FROM below", member_id):
        await unit.run("DELETE FROM visible WHERE principal_id = ? AND grant_id <> 0", person)
        await unit.run(
            f"""INSERT INTO visible (principal_id, scope_id, grant_id, rights, expires_ms)
            {_UP}, given(scope_id, grant_id, rights, expires_ms) AS (
            SELECT g.scope_id, g.id, g.rights, g.expires_ms FROM access_grant g JOIN up ON g.principal_id = up.id
            UNION SELECT s.id, f.grant_id, f.rights, f.expires_ms
            FROM scope s JOIN given f ON s.parent_id = f.scope_id)
            SELECT CAST(? AS BIGINT), scope_id, grant_id, rights, expires_ms FROM given""",
            person,
            person,
        )
        await teams.refresh_person(unit, person)


async def refresh_team(unit: Unit, space_id: int) -> None:
    """Rewrites what those who are in a space see of it, after it was archived or opened again."""
    await turn(unit)
    await teams.refresh_space(unit, space_id)


async def own(unit: Unit, principal_id: int, scope_id: int) -> None:
    """Makes a scope its owner's. Who is in a space has it too, by their role; of a group's, what its grants say."""
    await unit.run(
        "INSERT INTO visible (principal_id, scope_id, grant_id, rights, expires_ms) VALUES (?, ?, 0, ?, NULL)",
        principal_id,
        scope_id,
        int(Right.owner()),
    )
    await teams.open_scope(unit, principal_id, scope_id)


async def inherit(unit: Unit, scope_id: int, parent_id: int) -> None:
    """Lets whoever sees the parent by a grant see a scope that was just put into it, and what is inside."""
    for scope in await inside(unit, scope_id):
        await unit.run(
            """INSERT INTO visible (principal_id, scope_id, grant_id, rights, expires_ms)
            SELECT principal_id, CAST(? AS BIGINT), grant_id, rights, expires_ms FROM visible
            WHERE scope_id = ? AND grant_id <> 0 ON CONFLICT DO NOTHING""",
            scope,
            parent_id,
        )


async def disinherit(unit: Unit, scope_id: int) -> None:
    """Ends what a scope, and what is inside, has from the grants of those around it, before it is moved. What
    members of a space have in all of its scopes (`grant_id` is the space's, their account's) stays."""
    scopes = await inside(unit, scope_id)
    for scope in scopes:
        await unit.run(
            f"""DELETE FROM visible WHERE scope_id = ? AND grant_id <> 0
            AND grant_id <> (SELECT account_id FROM scope WHERE id = ?) AND grant_id NOT IN
            ({_INSIDE} SELECT g.id FROM access_grant g JOIN inside ON g.scope_id = inside.id)""",
            scope,
            scope,
            scope_id,
        )


async def close(unit: Unit, principal_id: int) -> None:
    """Lets a principal that was just disabled see nothing, and nobody anything through it."""
    await refresh_members(unit, principal_id)
    await unit.run("DELETE FROM visible WHERE principal_id = ? AND grant_id = 0", principal_id)


async def reopen(unit: Unit, principal_id: int) -> None:
    """Lets a principal that was just enabled see again what is its own and what it was given."""
    await refresh_members(unit, principal_id)
    await unit.run(
        """INSERT INTO visible (principal_id, scope_id, grant_id, rights, expires_ms)
        SELECT s.account_id, s.id, 0, CAST(? AS BIGINT), NULL FROM scope s WHERE s.account_id = ?
        ON CONFLICT DO NOTHING""",
        int(Right.owner()),
        principal_id,
    )
