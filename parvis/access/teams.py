"""Who is in a space, and the rows of `visible` that come from it: they see all that it owns, by their role. The
`grant_id` of those rows is the id of the space. See access.visibility, which writes them in its turn."""

from collections.abc import Collection

from parvis.access.principal import Right
from parvis.access.roles import rights_sql
from parvis.store.sql.contract import Database, Tx, marks
from parvis.store.unit import Unit

CHANGED = "membership"
"""The event for a group or space into which somebody came, or which somebody left: `{"group": its id}`."""

_SEATED = f"""WITH RECURSIVE seated(id, rights) AS (
    SELECT m.member_id, {rights_sql("m.role", "s.archived_ms")} FROM membership m
    JOIN principal s ON s.id = m.group_id AND s.kind = 'space' AND s.disabled_ms IS NULL WHERE m.group_id = ?
    UNION SELECT m.member_id, seated.rights FROM seated
    JOIN principal g ON g.id = seated.id AND g.kind <> 'space' AND g.disabled_ms IS NULL
    JOIN membership m ON m.group_id = seated.id)"""
_TEAMS = f"""WITH RECURSIVE up(id) AS (SELECT id FROM principal WHERE id = ? AND disabled_ms IS NULL UNION
    SELECT m.group_id FROM membership m JOIN up ON m.member_id = up.id
    JOIN principal p ON p.id = m.group_id AND p.kind <> 'space' AND p.disabled_ms IS NULL)
    SELECT CAST(? AS BIGINT), o.id, s.id, MAX({rights_sql("m.role", "s.archived_ms")}), NULL
    FROM up JOIN membership m ON m.member_id = up.id
    JOIN principal s ON s.id = m.group_id AND s.kind = 'space' AND s.disabled_ms IS NULL
    JOIN scope o ON o.account_id = s.id GROUP BY o.id, s.id"""
_ABOVE = """WITH RECURSIVE up(id) AS (SELECT id FROM principal WHERE id IN %s UNION
    SELECT m.group_id FROM membership m JOIN up ON m.member_id = up.id)
    SELECT p.id FROM up JOIN principal p ON p.id = up.id AND p.kind = 'space' ORDER BY p.id"""
_COLUMNS = "INSERT INTO visible (principal_id, scope_id, grant_id, rights, expires_ms)"


async def open_scope(unit: Unit, space_id: int, scope_id: int) -> None:
    """Lets everybody in a space see a scope that it has just got; does nothing for the account of a person."""
    await unit.run(
        f"""{_COLUMNS} {_SEATED} SELECT p.id, CAST(? AS BIGINT), CAST(? AS BIGINT), MAX(seated.rights), NULL
        FROM seated JOIN principal p ON p.id = seated.id AND p.disabled_ms IS NULL GROUP BY p.id""",
        space_id,
        scope_id,
        space_id,
    )


async def refresh_person(unit: Unit, person_id: int) -> None:
    """Adds what one principal sees by being in spaces; what was there before is deleted already."""
    await unit.run(f"{_COLUMNS} {_TEAMS}", person_id, person_id)


async def refresh_space(unit: Unit, space_id: int) -> None:
    """Rewrites what everybody in a space sees of it, after it was archived, closed or opened again."""
    await unit.run("DELETE FROM visible WHERE grant_id = ?", space_id)
    for (scope,) in await unit.rows("SELECT id FROM scope WHERE account_id = ?", space_id):
        await open_scope(unit, space_id, scope)


async def seats(db: Database | Tx | Unit, space_id: int) -> dict[int, Right]:
    """The people in a space, through groups too, each with what they may do in it; nobody in one that is closed."""
    rows = await db.rows(
        f"""{_SEATED} SELECT p.id, MAX(seated.rights) FROM seated
        JOIN principal p ON p.id = seated.id AND p.kind = 'person' AND p.disabled_ms IS NULL GROUP BY p.id""",
        space_id,
    )
    return {number: Right(rights) for number, rights in rows}


async def above(db: Database | Tx | Unit, principal_ids: Collection[int]) -> list[int]:
    """The spaces among principals, and those that they are in, through groups too."""
    rows = await db.rows(_ABOVE % marks(len(principal_ids)), *principal_ids)
    return [row[0] for row in rows]
