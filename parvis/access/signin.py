"""Signing in with a name and a password, in every protocol."""

import asyncio

from parvis.access import app_passwords, directory, passwords, sessions
from parvis.access.directory import COLUMNS, principal_of
from parvis.access.limits import Attempt
from parvis.access.principal import Principal
from parvis.kernel.errors import Invalid, Unauthenticated
from parvis.store.store import Store

_touches: set[asyncio.Task[None]] = set()


async def authenticate(
    store: Store, username: str, password: str, *, protocol: str, remote: str, main_everywhere: bool = True
) -> Principal:
    """Who this name and password are. `protocol` is `web`, `jmap`, `smtp`, `imap`, ...; `remote` the client's IP
    address. App passwords open their protocols; the main password opens `web` and `jmap`, and all others unless
    `main_everywhere` is off. Raises Unauthenticated (in the same time, whatever was wrong) or RateLimited."""
    async with Attempt(store, username, remote):
        principal = await _by_app_password(store, username, password, protocol)
        if principal is None and (main_everywhere or protocol in ("web", "jmap")):
            principal = await _by_password(store, username, password)
        if principal is None:
            raise Unauthenticated("wrong name or password")
        return principal


async def _by_app_password(store: Store, username: str, password: str, protocol: str) -> Principal | None:
    letters = app_passwords.bare(password)
    if letters is None:
        return None
    found = await sessions.find(store, sessions.digest_of(letters), ("app",))
    if found is None or protocol not in found[0].protocols:
        return None
    owner = await directory.by_address(store.db, username)
    if owner is None or owner.id != found[0].id:
        return None
    sessions.touch(store, _touches, found[1])
    return found[0]


async def _by_password(store: Store, username: str, password: str) -> Principal | None:
    row = None
    try:
        row = await store.db.row(
            f"""SELECT w.hash, {COLUMNS} FROM address a JOIN principal p ON p.id = a.principal_id
            JOIN password w ON w.principal_id = p.id WHERE a.address = ? AND p.disabled_ms IS NULL""",
            directory.normal(username),
        )
    except Invalid:  # not an address: as unknown as any other, and as slow
        row = None
    if not await passwords.verify(row[0] if row else None, password) or row is None:
        return None
    if passwords.is_outdated(row[0]):
        fresh = await passwords.hashed(password)
        await store.write(lambda unit: passwords.renew(unit, row[1], row[0], fresh))
    return principal_of(row[1:])


async def change_password(store: Store, principal: Principal, old: str, new: str, *, remote: str) -> None:
    """Changes one's own password and ends what else the old one has opened. Raises Unauthenticated when `old` is
    wrong, Invalid when `new` is too weak, RateLimited."""
    async with Attempt(store, principal.address, remote):
        stored = await store.db.value("SELECT hash FROM password WHERE principal_id = ?", principal.id)
        if not await passwords.verify(stored, old):
            raise Unauthenticated("the present password is wrong")
    await passwords.change(store, principal.id, new)
    await sessions.end_by_password(store, principal.id, but=principal.session_id)
