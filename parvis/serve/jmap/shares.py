"""Objects that are shared each by itself: `myRights` and `shareWith` of a kind whose objects are parts. RFC 9670 §4

NAMES = {"mayReadItems": Right.READ, "mayWriteAll": Right.WRITE | Right.DELETE, "mayShare": Right.SHARE}
Feature(..., shares=(Shared("calendar", "Calendar", NAMES),))

found = await shares.read(call.db, call.principal, scope_ids, NAMES)
await shares.apply(unit, call.principal, scope_id, NAMES, values["shareWith"] or {})
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from parvis.access import gate, parts
from parvis.access.gate import VISIBLE, Access, visible
from parvis.access.principal import Principal, Right
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, Invalid, NotFound
from parvis.serve.jmap.call import Reader
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit

Names = Mapping[str, Right]
"""The names that a kind has for rights: each stands for all of its flags."""
Given = dict[str, bool]
ShareWith = dict[str, Given]
"""By principal id: which rights they were given."""
_MOST = 500
"""People and groups that one object is shared with."""


Objects = Callable[[Reader, Sequence[int]], Awaitable[Mapping[int, int]]]
"""Objects by scope."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A kind of objects that can be shared: its scope kind, its JMAP type, its names of rights."""

    scope: str
    type: str
    names: Names
    objects: "Objects | None" = None
    """The ids of the objects whose parts some scopes are, where these are others than those of the scopes."""


class SharedKinds(dict[str, Shared]):
    """What can be shared, by scope kind; the engine fills it from the features."""


def named(rights: Right, names: Names) -> Given:
    """Rights by a kind's names."""
    return {name: right in rights for name, right in names.items()}


def mine(access: Access, names: Names) -> Given:
    """The value of `myRights`."""
    return named(access.rights, names)


async def read(
    db: Reader, principal: Principal, scope_ids: Sequence[int], names: Names
) -> dict[int, ShareWith | None]:
    """The values of `shareWith`, one for each scope: None for one that is shared with nobody, or that `principal`
    may not share."""
    found: dict[int, ShareWith | None] = dict.fromkeys(scope_ids)
    rows = await db.rows(
        f"""SELECT scope_id, principal_id, rights FROM access_grant WHERE scope_id IN {marks(len(found))}
        AND scope_id IN {VISIBLE} AND (expires_ms IS NULL OR expires_ms > ?) ORDER BY id""",
        *found,
        *visible(principal, Right.SHARE),
        clock.now_ms(),
    )
    for scope_id, grantee, rights in rows:
        known = found[scope_id] = found[scope_id] or {}
        known[ids.text(grantee)] = named(Right(rights), names)
    return found


async def apply(
    unit: Unit, principal: Principal, scope_id: int, names: Names, wanted: Mapping[str, Mapping[str, bool]]
) -> bool:
    """Gives, changes and withdraws grants until exactly `wanted` is given; whose rights are all false has none.
    Rights that the kind has no name for stay. Returns whether anything changed: then the kind notes a change of its
    object. Raises Invalid for a principal or right that is none, NotFound, and Forbidden without the right to
    share. The kind declares `first=visibility.turn`."""
    await _may_share(unit, principal, scope_id)
    goal = _goal(names, wanted)
    rows = await unit.rows(
        "SELECT id, principal_id, rights, expires_ms FROM access_grant WHERE scope_id = ? ORDER BY id", scope_id
    )
    covered = Right(0)
    for right in names.values():
        covered |= right
    changed = False
    for grant_id, grantee, rights, expires_ms in rows:
        ended = expires_ms is not None and expires_ms <= clock.now_ms()
        before = Right(0) if ended else Right(rights)
        after = goal.pop(grantee, Right(0))
        if after:
            after |= before & ~covered
        if after == before:
            continue
        changed = True
        if after:
            await _give(unit, principal, scope_id, grantee, after, None if ended else expires_ms)
        else:
            await gate.withdraw(unit, principal, grant_id)
    for grantee, rights in goal.items():
        if rights:
            changed = True
            await _give(unit, principal, scope_id, grantee, rights, None)
    return changed


async def _may_share(unit: Unit, principal: Principal, scope_id: int) -> None:
    kind = await unit.value("SELECT kind FROM scope WHERE id = ?", scope_id)
    if kind is None:
        raise NotFound("no such thing")
    await parts.part(unit, principal, scope_id, kind, Right.SHARE)


async def _give(
    unit: Unit, principal: Principal, scope_id: int, grantee: int, rights: Right, expires_ms: int | None
) -> None:
    try:
        await gate.give(unit, principal, scope_id, grantee, rights, expires_ms)
    except (NotFound, Conflict) as error:
        raise Invalid(error.sentence, field="shareWith") from error


def _goal(names: Names, wanted: Mapping[str, Mapping[str, bool]]) -> dict[int, Right]:
    if len(wanted) > _MOST:
        raise Invalid(f"at most {_MOST} people and groups", field="shareWith")
    goal: dict[int, Right] = {}
    for given, chosen in wanted.items():
        number = ids.parse(given)
        if number is None:
            raise Invalid("no such principal", field="shareWith")
        if unknown := [name for name in chosen if name not in names]:
            raise Invalid(f"no such right: {unknown[0][:50]}", field="shareWith")
        rights = Right(0)
        for name, yes in chosen.items():
            rights |= names[name] if yes else Right(0)
        if rights & ~Right.FREE_BUSY and Right.READ not in rights:
            raise Invalid("who may do more must be allowed to read", field="shareWith")
        goal[number] = rights
    return goal
