"""Spaces in JMAP, a capability of our own: Space and SpaceActivity, in each person's own account."""

from collections.abc import Sequence
from typing import Any

from parvis.access import visibility
from parvis.access.roles import Role
from parvis.kernel import clock, ids
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import invalid_properties
from parvis.serve.jmap.filters import matches, ordered
from parvis.serve.jmap.kind import OWN, Created, Creation, Kind, Query, Update
from parvis.serve.jmap.types import Object
from parvis.serve.newcomers import Newcomers
from parvis.spaces import service, store
from parvis.spaces.model import ActivityCondition, Space, SpaceActivity
from parvis.spaces.service import Plans
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit


async def read(call: Call, numbers: Sequence[int] | None, wanted: frozenset[str]) -> list[Object]:
    """The spaces of who asks."""
    found = await store.of_person(call.db, call.principal.id, numbers)
    seats = await store.members(call.db, list(found)) if "members" in wanted else {}
    return [
        {
            "id": ids.text(each.id),
            "name": each.name,
            "purpose": each.purpose,
            "hue": each.hue,
            "address": each.address,
            "members": {ids.text(number): role for number, role in seats.get(each.id, {}).items()},
            "myRole": each.role,
            "isArchived": each.archived_ms is not None,
            "created": clock.utc_date(each.created_ms),
            "deletes": clock.utc_date(each.gone_ms) if each.gone_ms is not None else None,
        }
        for each in found.values()
    ]


def _members(call: Call, given: dict[str, Role]) -> dict[int, Role]:
    found: dict[int, Role] = {}
    for one, role in given.items():
        number = call.number(one)
        if number is None:
            raise invalid_properties("members", why="no such principal")
        found[number] = role
    return found


async def _create(call: Call, unit: Unit, creation: Creation) -> Created:
    values = creation.values
    if values["deletes"] is not None or values["isArchived"]:
        raise invalid_properties("deletes", "isArchived", why="a new space is open")
    plans = Plans(
        values["name"].strip(),
        values["purpose"],
        values["hue"],
        values["address"],
        _members(call, values["members"]),
    )
    if not plans.name:
        raise invalid_properties("name", why="a name is needed")
    newcomers, settings = call.context.need(Newcomers), call.context.settings
    return Created(await service.create(unit, call.principal, plans, newcomers, settings))


async def _update(call: Call, unit: Unit, change: Update) -> None:
    values: dict[str, Any] = {
        name: change.values[name] for name in ("name", "purpose", "hue") if name in change.values
    }
    if "members" in change.values:
        values["members"] = _members(call, change.values["members"])
    if "isArchived" in change.values:
        values["archived"] = change.values["isArchived"]
    if "deletes" in change.values:
        if change.values["deletes"] is not None:
            raise invalid_properties("deletes", why="destroy the space to delete it")
        values["restored"] = True
    await service.change(unit, call.principal, change.object_id, values)


async def _destroy(call: Call, unit: Unit, number: int) -> None:
    await service.destroy(unit, call.principal, number)


SPACE = Kind(
    record=Space,
    scope=OWN,
    read=read,
    create=_create,
    update=_update,
    destroy=_destroy,
    first=visibility.turn,
)


async def _open(call: Call) -> list[int]:
    """The spaces of who asks that were not deleted."""
    return [each.id for each in (await store.of_person(call.db, call.principal.id)).values() if not each.gone_ms]


async def _read_activity(call: Call, numbers: Sequence[int] | None, _: frozenset[str]) -> list[Object]:
    spaces = await _open(call)
    if not spaces or numbers == []:
        return []
    some = f"AND id IN {marks(len(numbers))}" if numbers is not None else ""
    rows = await call.db.rows(
        f"""SELECT id, space_id, kind, object_id, created, time_ms FROM space_activity
        WHERE space_id IN {marks(len(spaces))} {some} ORDER BY time_ms DESC, id DESC LIMIT 1000""",
        *spaces,
        *(numbers or ()),
    )
    return [
        {
            "id": ids.text(row[0]),
            "spaceId": ids.text(row[1]),
            "type": row[2],
            "objectId": ids.text(row[3]),
            "change": "created" if row[4] else "updated",
            "at": clock.utc_date(row[5]),
        }
        for row in rows
    ]


async def _query_activity(call: Call, question: Query) -> list[int]:
    """The newest thousand things of all spaces of who asks, newest first unless asked otherwise."""

    def leaf(condition: ActivityCondition) -> bool:
        return (condition.space_id is None or each["spaceId"] == condition.space_id) and (
            condition.types is None or each["type"] in condition.types
        )

    kept: list[Object] = []
    for each in await _read_activity(call, None, frozenset()):
        if matches(question.filter, leaf):
            kept.append(each)
    if question.sort:
        kept = ordered(kept, question.sort, lambda one, by: one[by.property], lambda one: one["id"])
    return [ids.parse(each["id"]) or 0 for each in kept]


async def _activity_state(call: Call) -> str:
    """Another one with each thing that happens in any space of who asks: it has the largest id."""
    spaces = await _open(call)
    row = await call.db.row(
        f"SELECT COUNT(*), COALESCE(MAX(id), 0) FROM space_activity WHERE space_id IN {marks(len(spaces))}", *spaces
    )
    return f"{row[0]}-{row[1]}" if row else "0"


ACTIVITY = Kind(
    record=SpaceActivity,
    scope=OWN,
    read=_read_activity,
    query=_query_activity,
    condition=ActivityCondition,
    sorts=frozenset({"at"}),
    state=_activity_state,
)
KINDS = (SPACE, ACTIVITY)
