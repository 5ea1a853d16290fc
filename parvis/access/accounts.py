"""The life of an account: switched off, switched on, removed."""

from parvis.access import sessions, visibility
from parvis.access.sessions import Ended
from parvis.kernel import clock
from parvis.kernel.errors import NotFound
from parvis.store.store import Store
from parvis.store.unit import Unit


async def disable(store: Store, principal_id: int) -> None:
    """Switches a principal off: it can no longer sign in, sees nothing from the next statement on, and what it
    holds open is closed within seconds. Everything it has is kept. Raises NotFound."""

    async def work(unit: Unit) -> None:
        await visibility.turn(unit)
        await _update(unit, principal_id, clock.now_ms())
        await unit.run("DELETE FROM session WHERE principal_id = ?", principal_id)
        await visibility.close(unit, principal_id)

    await store.write(work)
    await sessions.announce(store, Ended(principal_id))


async def enable(store: Store, principal_id: int) -> None:
    """Switches a principal on again. Raises NotFound."""

    async def work(unit: Unit) -> None:
        await visibility.turn(unit)
        await _update(unit, principal_id, None)
        await visibility.reopen(unit, principal_id)

    await store.write(work)


async def _update(unit: Unit, principal_id: int, disabled_ms: int | None) -> None:
    if not await unit.run("UPDATE principal SET disabled_ms = ? WHERE id = ?", disabled_ms, principal_id):
        raise NotFound("no such principal")
    await unit.changed(principal_id, "Principal", principal_id, "updated")


async def delete(store: Store, principal_id: int) -> None:
    """Removes a principal, its addresses, memberships, sign-ins, grants and scopes. What features keep for it they
    remove when they hear the outbox event `account-deleted` of this account. Raises NotFound."""
    await store.write(lambda unit: _delete(unit, principal_id))
    await sessions.announce(store, Ended(principal_id))


async def _delete(unit: Unit, number: int) -> None:
    await visibility.turn(unit)
    members = await unit.rows("SELECT member_id FROM membership WHERE group_id = ?", number)
    scopes = [scope for (scope,) in await unit.rows("SELECT id FROM scope WHERE account_id = ?", number)]
    if not await unit.run("DELETE FROM principal WHERE id = ?", number):
        raise NotFound("no such principal")
    for table, column in (
        ("address", "principal_id"),
        ("password", "principal_id"),
        ("session", "principal_id"),
        ("membership", "group_id"),
        ("membership", "member_id"),
        ("access_grant", "principal_id"),
        ("visible", "principal_id"),
    ):
        await unit.run(f"DELETE FROM {table} WHERE {column} = ?", number)
    for scope in scopes:
        await unit.run("DELETE FROM visible WHERE scope_id = ?", scope)
        await unit.run("DELETE FROM access_grant WHERE scope_id = ?", scope)
    await unit.run("DELETE FROM scope WHERE account_id = ?", number)
    for (member,) in members:
        await visibility.refresh_members(unit, member)
    unit.emit(number, "account-deleted", {"account": number, "scopes": scopes})
