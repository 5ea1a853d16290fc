"""Spaces in the database: which a person is in, who is in them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parvis.access.roles import ROLES, Role
from parvis.kernel import clock
from parvis.kernel.events import Change
from parvis.spaces.model import MOST_SPACES
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit

_MINE = f"""WITH RECURSIVE up(id) AS (SELECT CAST(? AS BIGINT) UNION SELECT m.group_id FROM membership m
    JOIN up ON m.member_id = up.id JOIN principal p ON p.id = m.group_id AND p.kind <> 'space'
    AND p.disabled_ms IS NULL)
SELECT s.id, p.name, p.address, s.purpose, s.hue, s.created_ms, s.gone_ms, p.archived_ms, m.role
FROM up JOIN membership m ON m.member_id = up.id JOIN space s ON s.id = m.group_id JOIN principal p ON p.id = s.id
WHERE (p.disabled_ms IS NULL OR s.gone_ms IS NOT NULL) %s ORDER BY s.id LIMIT {MOST_SPACES * len(ROLES)}"""
_DOWN = """WITH RECURSIVE down(id) AS (SELECT member_id FROM membership WHERE group_id = ? UNION
    SELECT m.member_id FROM membership m JOIN down ON m.group_id = down.id)
SELECT d.id FROM down d JOIN principal p ON p.id = d.id AND p.kind = 'person' ORDER BY d.id"""


@dataclass(slots=True)
class Membership:
    """A space with the role that one person has in it."""

    id: int
    name: str
    address: str | None
    purpose: str
    hue: int
    created_ms: int
    gone_ms: int | None
    archived_ms: int | None
    role: Role

    @property
    def manages(self) -> bool:
        """Whether the person may change the space itself."""
        return self.role == "manager"


async def add(unit: Unit, space_id: int) -> None:
    """Notes that a principal that was just made is a space, in a colour of its own."""
    await unit.run(
        "INSERT INTO space (id, hue, created_by, created_ms) VALUES (?, ?, 0, ?)",
        space_id,
        space_id % 12 * 30,
        clock.now_ms(),
    )


async def of_person(db: Any, person_id: int, space_ids: Sequence[int] | None = None) -> dict[int, Membership]:
    """The spaces of a person by id, or those of them that are asked for. Who is not a manager does not see those
    that were destroyed."""
    some = f"AND s.id IN {marks(len(space_ids))}" if space_ids is not None else ""
    found: dict[int, Membership] = {}
    for number, name, address, purpose, hue, created, gone, archived, role in await db.rows(
        _MINE % some, person_id, *(space_ids or ())
    ):
        known: Role = role if role in ROLES else "member"
        each = Membership(number, name, address, purpose, hue, created, gone, archived, known)
        other = found.get(each.id)
        if other is None or ROLES.index(each.role) < ROLES.index(other.role):
            found[each.id] = each
    return {number: each for number, each in found.items() if each.gone_ms is None or each.manages}


async def members(db: Any, space_ids: Sequence[int]) -> dict[int, dict[int, Role]]:
    """Who is in each space by themselves: people and groups with their roles."""
    found: dict[int, dict[int, Role]] = defaultdict(dict)
    if space_ids:
        for space, member, role in await db.rows(
            f"SELECT group_id, member_id, role FROM membership WHERE group_id IN {marks(len(space_ids))}",
            *space_ids,
        ):
            found[space][member] = role if role in ROLES else "member"
    return found


async def everybody(db: Any, space_id: int) -> list[int]:
    """All people in a space, through groups too."""
    return [row[0] for row in await db.rows(_DOWN, space_id)]


async def told(unit: Unit, space_id: int, before: Sequence[int], after: Sequence[int]) -> None:
    """Notes in the account of everybody concerned that a space came, changed or went. Accounts are locked in the
    order of their ids, so that two such units never wait for each other."""
    was, now = set(before), set(after)
    changes: dict[Change, set[int]] = {"created": now - was, "updated": now & was, "destroyed": was - now}
    for person, change in sorted((person, change) for change, people in changes.items() for person in people):
        await unit.changed(person, "Space", space_id, change)
