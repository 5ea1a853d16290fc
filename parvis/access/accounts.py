"""The life of an account: switched off, switched on, removed. Its erasure is in access.erasure."""

from parvis.access import notices, sessions, visibility
from parvis.access.sessions import Ended
from parvis.kernel import clock
from parvis.kernel.errors import Conflict, NotFound
from parvis.store.store import Store
from parvis.store.unit import Unit

ERASE = "account-erase"
"""The job that erases an account."""


async def disable(store: Store, principal_id: int) -> None:
    """Switches a principal off: it can no longer sign in, gets no mail, sees nothing from the next statement on,
    and what it holds open is closed within seconds. Everything it has is kept. Raises NotFound."""
    await store.write(lambda unit: switch_off(unit, principal_id))
    await close(store, principal_id)


async def switch_off(unit: Unit, principal_id: int) -> None:
    """What `disable` does in the unit; `close` follows the commit."""
    await visibility.turn(unit)
    await _update(unit, principal_id, clock.now_ms())
    await unit.run("DELETE FROM session WHERE principal_id = ?", principal_id)
    await visibility.close(unit, principal_id)


async def close(store: Store, principal_id: int) -> None:
    """Tells every node to close what a principal holds open."""
    await sessions.announce(store, Ended(principal_id))


async def enable(store: Store, principal_id: int) -> None:
    """Switches a principal on again, and takes back an erasure that has not begun. Raises NotFound, Conflict when
    it has."""

    await store.write(lambda unit: switch_on(unit, principal_id))


async def switch_on(unit: Unit, principal_id: int) -> None:
    """What `enable` does in the unit."""
    await visibility.turn(unit)
    await keep(unit, principal_id)
    await _update(unit, principal_id, None)
    await visibility.reopen(unit, principal_id)


async def keep(unit: Unit, principal_id: int) -> None:
    """Takes a planned erasure back. Raises Conflict when it has begun."""
    mine = "kind = ? AND key = ? AND finished_ms IS NULL", ERASE, str(principal_id)
    if await unit.value(f"SELECT 1 FROM job WHERE {mine[0]} AND attempts > 0", *mine[1:]):
        raise Conflict("this account is being erased")
    await unit.run(f"DELETE FROM job WHERE {mine[0]}", *mine[1:])


async def _update(unit: Unit, principal_id: int, disabled_ms: int | None) -> None:
    if not await unit.run("UPDATE principal SET disabled_ms = ? WHERE id = ?", disabled_ms, principal_id):
        raise NotFound("no such principal")
    await unit.changed(principal_id, "Principal", principal_id, "updated")


async def remove(unit: Unit, principal_id: int) -> list[int]:
    """Removes a principal with its addresses, memberships, sign-ins, grants and scopes, and returns the ids of
    those scopes. Whoever had given it something is told. Raises NotFound."""
    await visibility.turn(unit)
    members = await unit.rows("SELECT member_id FROM membership WHERE group_id = ?", principal_id)
    scopes = [scope for (scope,) in await unit.rows("SELECT id FROM scope WHERE account_id = ?", principal_id)]
    if not await unit.run("DELETE FROM principal WHERE id = ?", principal_id):
        raise NotFound("no such principal")
    for grant, owner in await unit.rows(
        """SELECT g.id, s.account_id FROM access_grant g JOIN scope s ON s.id = g.scope_id
        WHERE g.principal_id = ? AND s.account_id <> ?""",
        principal_id,
        principal_id,
    ):
        await unit.changed(owner, "Grant", grant, "destroyed")
    for table, column in _ROWS:
        await unit.run(f"DELETE FROM {table} WHERE {column} = ?", principal_id)
    await unit.run("UPDATE access_grant SET granted_by = 0 WHERE granted_by = ?", principal_id)
    for notice, told in await unit.rows(
        "SELECT id, account_id FROM share_notice WHERE owner_id = ? ORDER BY account_id, id", principal_id
    ):
        await notices.remove(unit, told, notice)
    await unit.run("UPDATE share_notice SET by_id = 0, by_name = '', by_address = '' WHERE by_id = ?", principal_id)
    for scope in scopes:
        await unit.run("DELETE FROM visible WHERE scope_id = ?", scope)
        await unit.run("DELETE FROM access_grant WHERE scope_id = ?", scope)
    await unit.run("DELETE FROM scope WHERE account_id = ?", principal_id)
    for (member,) in members:
        await visibility.refresh_members(unit, member)
    return scopes


_ROWS = (
    ("address", "principal_id"),
    ("password", "principal_id"),
    ("session", "principal_id"),
    ("membership", "group_id"),
    ("membership", "member_id"),
    ("access_grant", "principal_id"),
    ("visible", "principal_id"),
    ("share_notice", "account_id"),
)
