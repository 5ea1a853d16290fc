"""Parts of an account: scopes of one kind that are shared each by itself, as calendars and folders are.

access = await part(db, principal, calendar_id, "calendar", Right.WRITE)
rows = await db.rows(f"SELECT ... FROM event WHERE scope_id IN {VISIBLE}", *visible(principal))
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from parvis.access import colleagues
from parvis.access.gate import Access
from parvis.access.principal import Principal, Right
from parvis.access.scopes import Scope
from parvis.kernel import clock
from parvis.kernel.errors import Forbidden, NotFound
from parvis.store.sql.contract import Row, marks

ANY_SIGHT = Right.READ | Right.FREE_BUSY
"""Whoever has one of these rights in a part may know that it is there."""
RIGHTS = "s.id, s.account_id, s.kind, s.name, v.rights, v.grant_id"
"""The columns of a row that `grouped` takes."""
_SEEN = f"""SELECT {RIGHTS} FROM visible v
JOIN scope s ON s.id = v.scope_id
WHERE v.principal_id = ? AND s.kind = ? AND (v.expires_ms IS NULL OR v.expires_ms > ?)"""


def joined(column: str, principal: str = "?") -> str:
    """What joins RIGHTS to a statement about things in parts, which are in `column`: rows of what may not be seen
    fall away, and a thing has a row for each grant. Its parameters are `*asked(principal, kind)`; where `principal`
    is a column of the statement, `*asked_for(kind)`."""
    return f"""JOIN visible v ON v.scope_id = {column} AND v.principal_id = {principal}
        AND (v.expires_ms IS NULL OR v.expires_ms > ?) JOIN scope s ON s.id = v.scope_id AND s.kind = ?"""


def asked(principal: Principal, kind: str) -> tuple[int, int, str]:
    """The parameters of `joined`."""
    return (principal.id, *asked_for(kind))


def asked_for(kind: str) -> tuple[int, str]:
    """The same where the statement says who asks."""
    return (clock.now_ms(), kind)


def allows(access: Access, right: Right) -> bool:
    """Whether `right` is among the rights, and so is reading, unless that is FREE_BUSY. Right(0) asks whether
    anything may be known."""
    if not right:
        return bool(access.rights & ANY_SIGHT)
    return right in access.rights and (Right.READ in access.rights or right == Right.FREE_BUSY)


class Reader(Protocol):
    """What a database, a transaction and an open unit can do."""

    async def rows(self, sql: str, *args: Any) -> list[Row]:
        """All rows of a short, indexed read."""
        ...


async def part(db: Reader, principal: Principal, scope_id: int, kind: str, right: Right = Right.READ) -> Access:
    """Proves that `principal` has `right` in this part, and returns what else is allowed. Raises NotFound when it
    may not even be read, Forbidden otherwise. FREE_BUSY does not need the right to read."""
    found = await _seen(db, principal, kind, f"s.id IN {marks(1)}", [scope_id])
    rights = found[0].rights if found else Right(0)
    if right == Right.FREE_BUSY and right in rights:
        return found[0]
    if Right.READ not in rights:
        raise NotFound("no such thing")
    if right not in rights:
        raise Forbidden(f"this needs the right to {_words(right & ~rights)}")
    return found[0]


async def several(
    db: Reader, principal: Principal, kind: str, scope_ids: Sequence[int], right: Right = Right.READ
) -> dict[int, Access]:
    """Those of the parts in which `principal` has `right` (and may read, unless that is FREE_BUSY)."""
    wanted = list(dict.fromkeys(scope_ids))
    found = await _seen(db, principal, kind, f"s.id IN {marks(len(wanted))}", wanted) if wanted else []
    return {access.scope.id: access for access in found if allows(access, right)}


async def readable(
    db: Reader, principal: Principal, account_id: int | None, kind: str, right: Right = Right.READ
) -> list[Access]:
    """All parts of one account (None: of all accounts) in which `principal` has `right`; its own first. Right(0)
    gives those too of which only the free-busy may be read."""
    if account_id is None:
        found = await _seen(db, principal, kind, "1 = 1", [])
    else:
        found = await _seen(db, principal, kind, "s.account_id = ?", [account_id])
    return sorted((access for access in found if allows(access, right)), key=lambda access: not access.owner)


async def available(
    db: Reader, principal: Principal, account_ids: Sequence[int], kind: str, *, inside: bool = True
) -> list[Access]:
    """The parts of some accounts of which `principal` may know when they are busy: those in which it has that right
    and, `inside` the organisation, those of a colleague, of which it may know no more (access.colleagues)."""
    some = f"s.account_id IN {marks(len(account_ids))}"
    known = f"UNION ALL {colleagues.KNOWN} AND {some} AND s.kind = ?" if inside else ""
    rows = await db.rows(
        f"{_SEEN} AND {some} {known} ORDER BY 1",
        *(principal.id, kind, clock.now_ms(), *account_ids),
        *((principal.id, *account_ids, kind) if inside else ()),
    )
    return [access for access in grouped(rows) if allows(access, Right.FREE_BUSY)]


async def any_part(db: Reader, principal: Principal, account_id: int, kind: str) -> Access:
    """Proves that the account may be named for this kind: some part of it may be read, or its free-busy. The rights
    are those of all parts together; `scope.id` is 0. Raises NotFound."""
    return union(await _seen(db, principal, kind, "s.account_id = ?", [account_id]))


def union(parts: Iterable[Access]) -> Access:
    """What `any_part` says of these parts of one account. Raises NotFound when nothing of them may be known."""
    rights, owner, first = Right(0), False, None
    for access in parts:
        rights, owner, first = rights | access.rights, owner or access.owner, first or access.scope
    if first is None or not rights & ANY_SIGHT:
        raise NotFound("no such account")
    return Access(Scope(0, first.account_id, first.kind, ""), rights, owner)


async def sight(db: Reader, principal: Principal, account_id: int, kind: str) -> str:
    """A short digest of which parts of an account `principal` sees and with which rights: another one when a grant
    was given, changed, withdrawn or has ended, or a part was added or removed."""
    return digest(await _seen(db, principal, kind, "s.account_id = ?", [account_id]))


def digest(parts: Iterable[Access]) -> str:
    """What `sight` says of these parts."""
    made_of = sorted((access.scope.id, int(access.rights)) for access in parts)
    return hashlib.sha256(repr(made_of).encode()).hexdigest()[:12]


async def _seen(db: Reader, principal: Principal, kind: str, where: str, arguments: Sequence[int]) -> list[Access]:
    rows = await db.rows(f"{_SEEN} AND {where} ORDER BY s.id", principal.id, kind, clock.now_ms(), *arguments)
    return grouped(rows)


def grouped(rows: Iterable[Row]) -> list[Access]:
    """One Access for each scope of rows (scope's four columns, rights, grant), in their order."""
    found: dict[int, Access] = {}
    for number, account_id, kind, name, rights, grant_id in rows:
        known = found.get(number)
        before, owner = (known.rights, known.owner) if known else (Right(0), False)
        scope = Scope(number, account_id, kind, name)
        found[number] = Access(scope, before | Right(rights), owner or grant_id == 0)
    return list(found.values())


def _words(right: Right) -> str:
    names = [(one.name or "").lower().replace("_", " ") for one in right]
    return " and ".join(names) or "do that"
