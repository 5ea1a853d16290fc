"""What things belong to: making, naming and moving scopes. A scope may be inside another of the same kind
in the same account; then everybody whom a grant lets see the outer one sees it too."""

from dataclasses import dataclass

from parvis.access.visibility import disinherit, inherit, inside, own, turn
from parvis.kernel import ids
from parvis.kernel.errors import Invalid, NotFound
from parvis.store.unit import Unit


@dataclass(frozen=True, slots=True)
class Scope:
    """What things belong to. `account_id` is the owner, whose clock counts its changes."""

    id: int
    account_id: int
    kind: str
    name: str


async def create_scope(unit: Unit, account_id: int, kind: str, name: str = "", parent_id: int | None = None) -> int:
    """Makes a scope owned by an account, inside `parent_id` when given. Returns its id. Raises NotFound for a
    parent that is none of this kind in this account. With a parent it takes `visibility.turn`."""
    number = ids.new_id()
    if parent_id is not None:
        await turn(unit)
        await _fitting(unit, parent_id, account_id, kind)
    await unit.run(
        "INSERT INTO scope (id, account_id, kind, name, parent_id) VALUES (?, ?, ?, ?, ?)",
        number,
        account_id,
        kind,
        name,
        parent_id,
    )
    await own(unit, account_id, number)
    if parent_id is not None:
        await inherit(unit, number, parent_id)
    return number


def part_name(name: str) -> str:
    """The name of a part as it is kept: white space is one space. Raises Invalid for none, and for more than 255
    bytes (RFC 9610 §2, draft-ietf-jmap-calendars §4)."""
    plain = " ".join(name.split())
    if not plain or len(plain.encode()) > 255:
        raise Invalid("a name has 1 to 255 bytes", field="name")
    return plain


async def rename_scope(unit: Unit, scope_id: int, name: str) -> None:
    """Gives a scope another name, which is shown to whom it is shared with. Raises NotFound."""
    if not await unit.run("UPDATE scope SET name = ? WHERE id = ?", name, scope_id):
        raise NotFound("no such thing")


async def move_scope(unit: Unit, scope_id: int, parent_id: int | None) -> None:
    """Puts a scope, with what is inside it, into another, or into none: it loses the grants of those that were
    around it and gets those of the new ones. Raises NotFound, and Invalid for a place inside itself."""
    await turn(unit)
    scope = await _scope(unit, scope_id)
    if parent_id is not None:
        await _fitting(unit, parent_id, scope.account_id, scope.kind)
        if parent_id in await inside(unit, scope_id):
            raise Invalid("nothing can be inside itself", field="parentId")
    await disinherit(unit, scope_id)
    await unit.run("UPDATE scope SET parent_id = ? WHERE id = ?", parent_id, scope_id)
    if parent_id is not None:
        await inherit(unit, scope_id, parent_id)


async def _scope(unit: Unit, scope_id: int) -> Scope:
    row = await unit.row("SELECT id, account_id, kind, name FROM scope WHERE id = ?", scope_id)
    if row is None:
        raise NotFound("no such thing")
    return Scope(*row)


async def _fitting(unit: Unit, parent_id: int, account_id: int, kind: str) -> None:
    parent = await _scope(unit, parent_id)
    if (parent.account_id, parent.kind) != (account_id, kind):
        raise NotFound("no such thing")
