"""The one gate: `require` before touching one thing, `VISIBLE` inside every statement that lists or searches.

rows = await db.rows(f"SELECT ... FROM thing WHERE scope_id IN {VISIBLE}", *visible(principal))
"""

from dataclasses import dataclass

from parvis.access import colleagues, directory, notices
from parvis.access.principal import Principal, Right
from parvis.access.scopes import Scope, create_scope, move_scope, rename_scope
from parvis.access.visibility import refresh_grant, turn
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, Forbidden, NotFound
from parvis.store.sql.contract import Database, Row, Tx
from parvis.store.unit import Unit

__all__ = [
    "VISIBLE",
    "Access",
    "Path",
    "Right",
    "Scope",
    "accounts",
    "create_scope",
    "everything",
    "explain",
    "give",
    "move_scope",
    "remove_scope",
    "rename_scope",
    "require",
    "sight",
    "visible",
    "withdraw",
]

VISIBLE = """(SELECT v.scope_id FROM visible v WHERE v.principal_id = ? AND (v.rights & ?) = ?
    AND (v.expires_ms IS NULL OR v.expires_ms > ?))"""
"""A subquery of scope ids; its parameters are `*visible(principal, right)`."""


def visible(principal: Principal, right: Right = Right.READ) -> tuple[int, int, int, int]:
    """The parameters of VISIBLE for this principal."""
    return (principal.id, int(right), int(right), clock.now_ms())


_EVER = 1 << 62


@dataclass(frozen=True, slots=True)
class Access:
    """What a principal may do in a scope."""

    scope: Scope
    rights: Right
    owner: bool

    @property
    def arranges(self) -> bool:
        """Whether somebody says which parts an account has, and which is for new things: its owner, and who manages
        a space."""
        return self.owner or self.rights == Right.owner()


async def require(
    db: Database | Tx | Unit, principal: Principal, account_id: int, kind: str, right: Right = Right.READ
) -> Access:
    """Proves that `principal` has `right` in the account's scope of this kind, and returns what else is allowed.
    Raises NotFound when it may not even read (a stranger's account looks like none), Forbidden otherwise."""
    rows = await db.rows(
        """SELECT s.id, s.account_id, s.kind, s.name, v.rights, v.grant_id FROM scope s
        JOIN visible v ON v.scope_id = s.id AND v.principal_id = ?
        WHERE s.account_id = ? AND s.kind = ? AND (v.expires_ms IS NULL OR v.expires_ms > ?)""",
        principal.id,
        account_id,
        kind,
        clock.now_ms(),
    )
    access = _joined(rows)
    if access is None or not access.rights & Right.READ:
        raise NotFound("no such account")
    if right not in access.rights:
        raise Forbidden(f"this needs the right to {(right.name or 'do that').lower()}")
    return access


async def accounts(db: Database, principal: Principal, kind: str) -> list[Access]:
    """Every account of which the principal can read a scope of this kind, its own first; one that has several is
    there once, with the rights in all of them together (see access.parts for each by itself)."""
    rows = await db.rows(
        """SELECT s.id, s.account_id, s.kind, s.name, v.rights, v.grant_id FROM visible v
        JOIN scope s ON s.id = v.scope_id WHERE v.principal_id = ? AND s.kind = ?
        AND (v.expires_ms IS NULL OR v.expires_ms > ?) ORDER BY s.id""",
        principal.id,
        kind,
        clock.now_ms(),
    )
    by_account: dict[int, list[Row]] = {}
    for row in rows:
        by_account.setdefault(row[1], []).append(row)
    found = [access for group in by_account.values() if (access := _joined(group)) and access.rights & Right.READ]
    return sorted(found, key=lambda access: not access.owner)


async def everything(db: Database | Tx | Unit, principal: Principal, account_id: int | None = None) -> list[Access]:
    """Every scope that the principal can see in some way, of all kinds; of one account when that is given."""
    rows = await db.rows(
        """SELECT s.id, s.account_id, s.kind, s.name, v.rights, v.grant_id FROM visible v
        JOIN scope s ON s.id = v.scope_id WHERE v.principal_id = ? AND (v.expires_ms IS NULL OR v.expires_ms > ?)
        ORDER BY s.id""",
        principal.id,
        clock.now_ms(),
    )
    by_scope: dict[int, list[Row]] = {}
    for row in rows:
        if account_id in (None, row[1]):
            by_scope.setdefault(row[0], []).append(row)
    return [access for group in by_scope.values() if (access := _joined(group))]


async def sight(db: Database | Tx | Unit, principal: Principal) -> list[Row]:
    """All that decides what a principal can see, and under which names, as plain values: the same as long as
    nothing was given, withdrawn, ended or renamed."""
    return await db.rows(
        """SELECT v.scope_id, v.grant_id, v.rights, s.account_id, s.kind, p.name, p.address FROM visible v
        JOIN scope s ON s.id = v.scope_id LEFT JOIN principal p ON p.id = s.account_id
        WHERE v.principal_id = ? AND (v.expires_ms IS NULL OR v.expires_ms > ?) ORDER BY v.scope_id, v.grant_id""",
        principal.id,
        clock.now_ms(),
    )


def _joined(rows: list[Row]) -> Access | None:
    if not rows:
        return None
    rights = 0
    for row in rows:
        rights |= row[4]
    return Access(Scope(*rows[0][:4]), Right(rights), any(row[5] == 0 for row in rows))


async def give(
    unit: Unit, giver: Principal, scope_id: int, grantee_id: int, rights: Right, expires_ms: int | None = None
) -> int:
    """Gives rights in a scope to a person, group or space, until `expires_ms` when set. A second grant to the same
    grantee replaces the first. Returns the grant's id. Raises NotFound, Forbidden without the right to share, or
    when giving more than one has, or for longer."""
    await turn(unit)
    scope = await _shared(unit, giver, scope_id, rights, _EVER if expires_ms is None else expires_ms)
    if await unit.value("SELECT 1 FROM principal WHERE id = ? AND disabled_ms IS NULL", grantee_id) is None:
        raise NotFound("no such principal")
    if grantee_id == scope.account_id:
        raise Conflict("this belongs to them already")
    before = await notices.sight(unit, scope_id, giver)
    fresh = ids.new_id()
    number = await unit.value(
        """INSERT INTO access_grant (id, scope_id, principal_id, rights, granted_by, granted_ms, expires_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (scope_id, principal_id) DO UPDATE SET rights = excluded.rights,
        granted_by = excluded.granted_by, granted_ms = excluded.granted_ms, expires_ms = excluded.expires_ms
        RETURNING id""",
        fresh,
        scope_id,
        grantee_id,
        int(rights),
        giver.id,
        clock.now_ms(),
        expires_ms,
    )
    await refresh_grant(unit, number)
    await notices.tell(unit, scope, giver, before)
    await unit.changed(scope.account_id, "Grant", number, "created" if number == fresh else "updated")
    unit.emit(scope.account_id, "grant", {"grant": number, "scope": scope_id, "grantee": grantee_id})
    return int(number)


async def withdraw(unit: Unit, principal: Principal, grant_id: int) -> None:
    """Takes a grant back: gone from the next statement of everything. Raises NotFound or Forbidden."""
    await turn(unit)
    row = await unit.row("SELECT scope_id, principal_id FROM access_grant WHERE id = ?", grant_id)
    if row is None:
        raise NotFound("no such grant")
    scope_id, grantee = row
    scope = await _shared(unit, principal, scope_id, Right(0), 0)
    before = await notices.sight(unit, scope_id, principal)
    await unit.run("DELETE FROM access_grant WHERE id = ?", grant_id)
    await refresh_grant(unit, grant_id)
    await notices.tell(unit, scope, principal, before)
    await unit.changed(scope.account_id, "Grant", grant_id, "destroyed")
    unit.emit(scope.account_id, "grant-withdrawn", {"grant": grant_id, "scope": scope_id, "grantee": grantee})


async def remove_scope(unit: Unit, scope_id: int, by: Principal | None = None) -> None:
    """Removes a scope with its grants: nobody sees it from the next statement on, and whoever did is told that `by`
    (its owner when None) did it. What belonged to it is the room's to remove, and so are scopes inside it, before.
    Raises NotFound, and Conflict when there are such."""
    await turn(unit)
    row = await unit.row(
        f"""SELECT s.id, s.account_id, s.kind, s.name, {directory.COLUMNS} FROM scope s
        JOIN principal p ON p.id = s.account_id WHERE s.id = ?""",
        scope_id,
    )
    if row is None:
        raise NotFound("no such thing")
    if await unit.value("SELECT 1 FROM scope WHERE parent_id = ?", scope_id) is not None:
        raise Conflict("there is something else inside")
    scope, remover = Scope(*row[:4]), by or directory.principal_of(row[4:])
    before = await notices.sight(unit, scope_id, remover)
    for grant_id, grantee in await unit.rows(
        "SELECT id, principal_id FROM access_grant WHERE scope_id = ? ORDER BY id", scope_id
    ):
        await unit.changed(scope.account_id, "Grant", grant_id, "destroyed")
        unit.emit(scope.account_id, "grant-withdrawn", {"grant": grant_id, "scope": scope_id, "grantee": grantee})
    for table, column in (("access_grant", "scope_id"), ("visible", "scope_id"), ("scope", "id")):
        await unit.run(f"DELETE FROM {table} WHERE {column} = ?", scope_id)
    await notices.tell(unit, scope, remover, before)


async def _shared(unit: Unit, principal: Principal, scope_id: int, rights: Right, end: int) -> Scope:
    """The scope, when the principal may share it, and has `rights` in it until `end` at least."""
    row = await unit.row("SELECT id, account_id, kind, name FROM scope WHERE id = ?", scope_id)
    held = await _held(unit, principal, scope_id, clock.now_ms() + 1)
    if row is None or Right.READ not in held:
        raise NotFound("no such thing")
    if Right.SHARE not in held:
        raise Forbidden("this needs the right to share")
    if rights and (rights | Right.SHARE) & ~await _held(unit, principal, scope_id, end):
        raise Forbidden("nobody can give more than they have, or for longer")
    return Scope(*row)


async def _held(unit: Unit, principal: Principal, scope_id: int, until_ms: int) -> Right:
    rows = await unit.rows(
        "SELECT rights, expires_ms FROM visible WHERE principal_id = ? AND scope_id = ?", principal.id, scope_id
    )
    held = Right(0)
    for rights, end in rows:
        held |= Right(rights) if end is None or end >= until_ms else Right(0)
    return held


@dataclass(frozen=True, slots=True)
class Path:
    """One reason why a principal sees a scope: the grant, and the groups it came through (empty when direct)."""

    grant_id: int
    """0 for ownership, and for what a colleague knows."""
    rights: Right
    grantee_id: int
    grantee: str
    granted_by: str
    granted_ms: int
    expires_ms: int | None
    colleague: bool = False
    """No grant: when this is busy is known inside the organisation."""


async def explain(db: Database, principal: Principal, scope_id: int) -> list[Path]:
    """Why `principal` sees a scope: every path of grants, ownership first, then what it knows as a colleague; empty
    when it is not visible. ★A3"""
    rows = await db.rows(
        """SELECT v.grant_id, v.rights, COALESCE(g.principal_id, v.principal_id), COALESCE(p.name, ''),
        COALESCE(b.name, ''), COALESCE(g.granted_ms, 0), v.expires_ms FROM visible v
        LEFT JOIN access_grant g ON g.id = v.grant_id
        LEFT JOIN principal p ON p.id = COALESCE(g.principal_id, v.principal_id)
        LEFT JOIN principal b ON b.id = g.granted_by
        WHERE v.principal_id = ? AND v.scope_id = ? AND (v.expires_ms IS NULL OR v.expires_ms > ?)
        ORDER BY v.grant_id""",
        principal.id,
        scope_id,
        clock.now_ms(),
    )
    paths = [Path(row[0], Right(row[1]), *row[2:]) for row in rows]
    if await colleagues.knows(db, principal, scope_id):
        paths.append(Path(0, Right.FREE_BUSY, principal.id, principal.name, "", 0, None, colleague=True))
    return paths
