"""Is what everyone sees what the grants say? Computed anew, without the statements that keep the table."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from parvis.access.principal import Right
from parvis.access.roles import rights_of
from parvis.store.check import Fault
from parvis.store.sql.contract import Database

Seen = set[tuple[int, int, int, int, int | None]]
"""Rows of `visible`: principal, scope, grant (0 for ownership), rights, end."""


async def check(db: Database) -> list[Fault]:
    """A fault for each row of `visible` that should not be, and for each that is missing."""
    rows = await db.scan("SELECT principal_id, scope_id, grant_id, rights, expires_ms FROM visible")
    kept, due = {(*row,) for row in rows}, await computed(db)
    faults = [f"principal {p} sees scope {s} by grant {g}, and should not" for p, s, g, *_ in kept - due]
    faults += [f"principal {p} should see scope {s} by grant {g}" for p, s, g, *_ in due - kept]
    return [Fault("visible", sentence) for sentence in faults] + await _misplaced(db)


async def _misplaced(db: Database) -> list[Fault]:
    """Scopes inside one that is not there, or of another account or kind; circles."""
    scopes = {row[0]: tuple(row[1:]) for row in await db.scan("SELECT id, account_id, kind, parent_id FROM scope")}
    faults = []
    for number, (account_id, kind, parent) in scopes.items():
        if parent is not None and scopes.get(parent, ())[:2] != (account_id, kind):
            faults.append(
                Fault("scope", f"scope {number} is inside {parent}, which is none of its kind and account")
            )
        if number in _around(number, scopes):
            faults.append(Fault("scope", f"scope {number} is inside itself"))
    return faults


def _around(number: int, scopes: Mapping[int, tuple[Any, ...]]) -> set[int]:
    """All scopes that one is inside of."""
    found: set[int] = set()
    parent = scopes[number][2]
    while parent in scopes and parent not in found:
        found.add(parent)
        parent = scopes[parent][2]
    return found


async def computed(db: Database) -> Seen:
    """What `visible` should hold."""
    alive = {row[0] for row in await db.scan("SELECT id FROM principal WHERE disabled_ms IS NULL")}
    groups: dict[int, set[int]] = defaultdict(set)
    for group, member in await db.scan("SELECT group_id, member_id FROM membership"):
        groups[member].add(group)
    grants: dict[int, list[tuple[int, int, int, int | None]]] = defaultdict(list)
    for number, scope, grantee, rights, end in await db.scan(
        "SELECT id, scope_id, principal_id, rights, expires_ms FROM access_grant"
    ):
        grants[grantee].append((scope, number, rights, end))
    scopes = {row[0]: tuple(row[1:]) for row in await db.scan("SELECT id, account_id, kind, parent_id FROM scope")}
    seen: Seen = {
        (owner, scope, 0, int(Right.owner()), None) for scope, (owner, *_) in scopes.items() if owner in alive
    }
    inside: dict[int, set[int]] = defaultdict(set)
    for scope in scopes:
        for outer in {scope} | _around(scope, scopes):
            inside[outer].add(scope)
    for principal in alive:
        for holder in _holders(principal, groups, alive):
            for scope, number, rights, end in grants[holder]:
                seen |= {(principal, each, number, rights, end) for each in inside[scope]}
    return seen | await _teams(db, alive, groups, scopes)


async def _teams(
    db: Database, alive: set[int], groups: dict[int, set[int]], scopes: Mapping[int, tuple[Any, ...]]
) -> Seen:
    """What everybody sees by being in a space, by themselves or in a group."""
    spaces: dict[int, int | None] = dict(
        await db.scan("SELECT id, archived_ms FROM principal WHERE kind = 'space'")
    )
    owned: dict[int, list[int]] = defaultdict(list)
    for scope, (owner, *_) in scopes.items():
        owned[owner].append(scope)
    roles: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for space, member, role in await db.scan("SELECT group_id, member_id, role FROM membership"):
        if space in spaces and space in alive:
            roles[member].append((space, role))
    rights: dict[tuple[int, int], int] = defaultdict(int)
    for principal in alive:
        for holder in _holders(principal, groups, alive - spaces.keys() | {principal}):
            for space, role in roles[holder]:
                rights[principal, space] |= rights_of(role, archived=spaces[space] is not None)
    return {
        (principal, scope, space, int(held), None)
        for (principal, space), held in rights.items()
        for scope in owned[space]
    }


def _holders(principal: int, groups: dict[int, set[int]], alive: set[int]) -> set[int]:
    """The principal and every group it is in, through living groups only."""
    found, waiting = {principal}, [principal]
    while waiting:
        for group in groups[waiting.pop()] & alive - found:
            found.add(group)
            waiting.append(group)
    return found
