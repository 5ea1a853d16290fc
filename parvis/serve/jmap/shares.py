"""Sharing parts of an account: `shareWith` and `myRights`. RFC 9670"""

from collections.abc import Mapping, Sequence
from typing import Any

from parvis.access import gate, parts
from parvis.access.gate import Access
from parvis.access.principal import Principal, Right
from parvis.kernel import ids
from parvis.serve.jmap.errors import invalid_properties
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit


def mine(access: Access, names: Mapping[str, Right]) -> dict[str, bool]:
    """`myRights`"""
    return {name: right in access.rights for name, right in names.items()}


async def read(
    db: Any, principal: Principal, scope_ids: Sequence[int], names: Mapping[str, Right]
) -> dict[int, Any]:
    """`shareWith` of each part that the principal may share; None for nobody."""
    if not scope_ids:
        return {}
    allowed = await parts.several(db, principal, "files", scope_ids, Right.SHARE)
    rows = await db.rows(
        f"SELECT scope_id, principal_id, rights FROM access_grant WHERE scope_id IN {marks(len(allowed))}", *allowed
    )
    found: dict[int, Any] = {}
    for scope_id, grantee, rights in rows:
        shown = {name: right in Right(rights) for name, right in names.items()}
        found.setdefault(scope_id, {})[ids.text(grantee)] = shown
    return found


async def apply(
    unit: Unit,
    principal: Principal,
    scope_id: int,
    names: Mapping[str, Right],
    wanted: Mapping[str, Mapping[str, bool]],
) -> None:
    """Gives, changes and withdraws grants."""
    rows = await unit.rows("SELECT id, principal_id, rights FROM access_grant WHERE scope_id = ?", scope_id)
    present = {row[1]: (row[0], row[2]) for row in rows}
    due: dict[int, Right] = {}
    for key, given in wanted.items():
        number = ids.parse(key)
        if number is None:
            raise invalid_properties("shareWith", why="no such principal")
        for name, allowed in given.items():
            due[number] = due.get(number, Right(0)) | (names[name] if allowed else Right(0))
    for number, (grant, _) in present.items():
        if not due.get(number):
            await gate.withdraw(unit, principal, grant)
    for number, rights in due.items():
        if rights and present.get(number, (0, 0))[1] != int(rights):
            await gate.give(unit, principal, scope_id, number, rights)
