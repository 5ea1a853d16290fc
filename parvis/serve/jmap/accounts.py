"""Which account a call may act in, and how. RFC 8620 §3.6.2"""

from parvis.access import gate, parts
from parvis.access.gate import Access, Scope
from parvis.access.principal import Principal, Right
from parvis.kernel import ids
from parvis.kernel.errors import NotFound
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import OWN
from parvis.store.sql.contract import Database

ANY = "*"
"""The scope of methods that work in every account of which anything is visible (blobs)."""


async def account(
    db: Database,
    principal: Principal,
    given: str,
    scope: str,
    right: Right = Right.READ,
    *,
    prefix: str = "",
    parted: bool = False,
) -> Access:
    """What `principal` may do in the account `given`, in its scope of this kind; when there are many of them
    (`parted`), in all together. Raises MethodError accountNotFound, accountNotSupportedByMethod or accountReadOnly;
    `prefix` is for fromAccountNotFound."""
    number = ids.parse(given)
    if number is None:
        raise MethodError(_named(prefix, "accountNotFound"))
    access = await _in_account(db, principal, number, scope, parted=parted)
    if access is None:
        known = number == principal.id or await gate.everything(db, principal, number)
        raise MethodError(_named(prefix, "accountNotSupportedByMethod" if known else "accountNotFound"))
    if right not in access.rights and not (parted and right == Right.READ):
        raise MethodError("accountReadOnly", f"this needs the right to {(right.name or 'do that').lower()}")
    return access


async def _in_account(
    db: Database, principal: Principal, number: int, scope: str, *, parted: bool
) -> Access | None:
    if number == principal.id and scope in (OWN, ANY):
        return Access(Scope(0, number, scope, principal.name), Right.owner(), True)
    if scope == OWN:
        return None
    if scope == ANY:
        return joined(await gate.everything(db, principal, number))
    try:
        if parted:
            return await parts.any_part(db, principal, number, scope)
        return await gate.require(db, principal, number, scope)
    except NotFound:
        return None


def joined(found: list[Access]) -> Access | None:
    """All rights in an account's scopes together; None when nothing may be read."""
    rights = Right(0)
    for access in found:
        rights |= access.rights
    if not rights & Right.READ:
        return None
    return Access(Scope(0, found[0].scope.account_id, ANY, ""), rights, any(access.owner for access in found))


def _named(prefix: str, kind: str) -> str:
    return prefix + kind[0].upper() + kind[1:] if prefix else kind
