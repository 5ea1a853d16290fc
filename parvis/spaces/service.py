"""What can be done with spaces. Each function starts with a Principal."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parvis.access import accounts, directory, erasure, visibility
from parvis.access.principal import Principal
from parvis.access.roles import Role
from parvis.kernel import clock
from parvis.kernel.errors import Forbidden, Invalid, NotFound
from parvis.kernel.languages import fold
from parvis.kernel.settings import Settings
from parvis.serve.newcomers import Newcomers
from parvis.spaces import store
from parvis.spaces.model import KEPT_DAYS, MOST_MEMBERS
from parvis.spaces.store import Membership
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit

_DAY_MS = 86_400_000
_LOCAL = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*\Z")
_LONGEST = 60
_TRIES = 50


@dataclass(frozen=True, slots=True)
class Plans:
    """What a new space is to be."""

    name: str
    purpose: str
    hue: int
    local: str | None
    """The part of its address before the @; None takes it from the name."""
    members: Mapping[int, Role]


async def create(unit: Unit, principal: Principal, plans: Plans, newcomers: Newcomers, settings: Settings) -> int:
    """Makes a space with everything that the features give one, and its creator as manager. Returns its id. Raises
    Forbidden, Invalid for a wrong address or member, Conflict for an address that is taken."""
    if settings.spaces.created_by == "administrators" and not principal.administrator:
        raise Forbidden("only administrators make spaces here")
    await visibility.turn(unit)
    address = await _address(unit, plans, settings)
    number = await newcomers.create(unit, "space", plans.name, address, language=principal.language)
    await unit.run(
        "UPDATE space SET purpose = ?, hue = ?, created_by = ? WHERE id = ?",
        plans.purpose,
        plans.hue,
        principal.id,
        number,
    )
    await _seat(unit, number, {**plans.members, principal.id: "manager"})
    await store.told(unit, number, (), await store.everybody(unit, number))
    return number


async def _address(unit: Unit, plans: Plans, settings: Settings) -> str | None:
    if not settings.domains:
        return None
    if plans.local is not None:
        local = plans.local.strip().lower()
        if not _LOCAL.match(local) or len(local) > _LONGEST:
            raise Invalid("letters, digits, dots and hyphens make an address", field="address")
        return f"{local}@{settings.domains[0]}"
    base = "-".join(re.findall(r"[a-z0-9]+", fold(plans.name)))[:_LONGEST].strip("-") or "space"
    tries = [base, *(f"{base}-{number}" for number in range(2, _TRIES))]
    wanted = [f"{local}@{settings.domains[0]}" for local in tries]
    rows = await unit.rows(f"SELECT address FROM address WHERE address IN {marks(len(wanted))}", *wanted)
    taken = {row[0] for row in rows}
    return next((one for one in wanted if one not in taken), None)


async def managed(unit: Unit, principal: Principal, space_id: int) -> Membership:
    """The space, when the principal is a manager of it. Raises NotFound or Forbidden."""
    found = (await store.of_person(unit, principal.id, [space_id])).get(space_id)
    if found is None:
        raise NotFound("no such space")
    if not found.manages:
        raise Forbidden("only its managers may change a space")
    return found


async def change(unit: Unit, principal: Principal, space_id: int, values: Mapping[str, Any]) -> None:
    """Changes what is in `values`: name, purpose, hue, members (id to role), archived, restored. Raises NotFound,
    Forbidden, Invalid."""
    await visibility.turn(unit)
    if set(values) == {"members"} and await _leaves(unit, principal, space_id, values["members"]):
        return
    space, before = await managed(unit, principal, space_id), await store.everybody(unit, space_id)
    if values.get("restored"):
        await accounts.switch_on(unit, space_id)
        await unit.run("UPDATE space SET gone_ms = NULL WHERE id = ?", space_id)
    elif space.gone_ms is not None:
        raise Forbidden("this space was deleted; restore it first")
    await _describe(unit, space_id, values)
    if "members" in values:
        await _seat(unit, space_id, values["members"])
    if "archived" in values and values["archived"] != (space.archived_ms is not None):
        moment = clock.now_ms() if values["archived"] else None
        await unit.run("UPDATE principal SET archived_ms = ? WHERE id = ?", moment, space_id)
        await visibility.refresh_team(unit, space_id)
        await unit.changed(space_id, "Principal", space_id, "updated")
    await store.told(unit, space_id, before, await store.everybody(unit, space_id))


async def _describe(unit: Unit, space_id: int, values: Mapping[str, Any]) -> None:
    if "name" in values:
        await unit.run("UPDATE principal SET name = ? WHERE id = ?", values["name"], space_id)
        await unit.changed(space_id, "Principal", space_id, "updated")
    for column in ("purpose", "hue"):
        if column in values:
            await unit.run(f"UPDATE space SET {column} = ? WHERE id = ?", values[column], space_id)


async def _leaves(unit: Unit, principal: Principal, space_id: int, wanted: Mapping[int, Role]) -> bool:
    """Whether somebody who is no manager only takes themselves out, which everybody may; then it is done."""
    space = (await store.of_person(unit, principal.id, [space_id])).get(space_id)
    present = (await store.members(unit, [space_id]))[space_id]
    rest = {number: role for number, role in present.items() if number != principal.id}
    if space is None or space.manages or principal.id not in present or dict(wanted) != rest:
        return False
    before = await store.everybody(unit, space_id)
    await directory.leave(unit, space_id, principal.id)
    await store.told(unit, space_id, before, await store.everybody(unit, space_id))
    return True


async def _seat(unit: Unit, space_id: int, wanted: Mapping[int, Role]) -> None:
    """Makes exactly these the members. Raises Invalid for somebody who does not exist, for too many, and when no
    manager would be left."""
    if "manager" not in wanted.values():
        raise Invalid("a space needs a manager", field="members")
    if len(wanted) > MOST_MEMBERS:
        raise Invalid(f"at most {MOST_MEMBERS} members; make them a group", field="members")
    present = (await store.members(unit, [space_id]))[space_id]
    fresh = [number for number in wanted if number not in present]
    known = {
        row[0]
        for row in await unit.rows(
            f"""SELECT id FROM principal WHERE kind IN ('person', 'group') AND disabled_ms IS NULL
            AND id IN {marks(len(fresh))}""",
            *fresh,
        )
    }
    if len(known) < len(fresh):
        raise Invalid("members are people and groups of this server", field="members")
    for number in present.keys() - wanted.keys():
        await directory.leave(unit, space_id, number)
    for number, role in wanted.items():
        if present.get(number) != role:
            await directory.join(unit, space_id, number, role)


async def destroy(unit: Unit, principal: Principal, space_id: int) -> None:
    """Closes a space at once for everybody; all it has is erased after KEPT_DAYS, until when a manager may restore
    it. Raises NotFound, Forbidden."""
    await visibility.turn(unit)
    space = await managed(unit, principal, space_id)
    if space.gone_ms is not None:
        raise NotFound("this space was deleted already")
    at_ms = clock.now_ms() + KEPT_DAYS * _DAY_MS
    people = await store.everybody(unit, space_id)
    await unit.run("UPDATE space SET gone_ms = ? WHERE id = ?", at_ms, space_id)
    await erasure.plan(unit, space_id, at_ms)
    see = {person for person in people if space_id in await store.of_person(unit, person, [space_id])}
    await store.told(unit, space_id, people, sorted(see))
