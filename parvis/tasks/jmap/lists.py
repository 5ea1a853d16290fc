"""TaskList in JMAP."""

from collections.abc import Sequence

import msgspec

from parvis.access import parts, visibility
from parvis.access.principal import Right
from parvis.kernel import ids
from parvis.kernel.errors import Conflict
from parvis.serve.jmap import shares
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import SetError
from parvis.serve.jmap.kind import Created, Creation, Kind, SetArguments, Update
from parvis.serve.jmap.types import Object
from parvis.store.unit import Unit
from parvis.tasks import lists, service
from parvis.tasks.model import DEFAULT_ALERTS, LIST, NAMES, SCOPE, TaskList


class ListSetArguments(SetArguments):
    """TaskList/set has one more."""

    on_destroy_remove_tasks: bool = False


async def read(call: Call, numbers: Sequence[int] | None, wanted: frozenset[str]) -> list[Object]:
    """The lists of an account that the asker may read, as they have them."""
    found = await parts.readable(call.db, call.principal, call.account_id, SCOPE)
    accesses = {each.scope.id: each for each in found if numbers is None or each.scope.id in numbers}
    boards = await lists.read(call.db, call.principal, list(accesses.values()))
    given = {}
    if "shareWith" in wanted:
        given = await shares.read(call.db, call.principal, list(accesses), NAMES)
    mine = call.principal.id == call.account_id
    arranges = bool(found) and lists.arranges(parts.union(found))
    return [
        {
            "id": ids.text(each.id),
            "role": each.role if mine else None,
            "name": each.own.name or each.name,
            "description": each.description or None,
            "color": each.own.color or each.color,
            "keywordColors": each.colors.get("keywordColors"),
            "categoryColors": each.colors.get("categoryColors"),
            "sortOrder": each.own.sort_order,
            "isSubscribed": mine if each.own.subscribed is None else bool(each.own.subscribed),
            "timeZone": each.time_zone,
            **dict.fromkeys(DEFAULT_ALERTS),
            **msgspec.json.decode(each.own.alerts),
            "workflowStatuses": list(each.statuses),
            "workflowProgress": dict(each.progress) or None,
            "workflowNames": dict(each.names) or None,
            "shareWith": given.get(each.id),
            "myRights": shares.mine(accesses[each.id], NAMES)
            | {"mayDelete": arranges and each.role is None and Right.DELETE in accesses[each.id].rights},
        }
        for each in boards
    ]


async def create(call: Call, unit: Unit, creation: Creation) -> Created:
    """A list of the account."""
    number = await lists.create(unit, call.principal, call.account_id, creation.values)
    names = ("sortOrder", "isSubscribed", *DEFAULT_ALERTS)
    own: Object = {name: creation.values[name] for name in names if name in creation.given}
    if own:
        await lists.update(unit, call.principal, number, own)
    if creation.values["shareWith"]:
        await _share(call, unit, number, creation.values["shareWith"])
    return Created(number)


async def update(call: Call, unit: Unit, change: Update) -> None:
    """What is each person's own, what is shared, and with whom."""
    values = {name: value for name, value in change.values.items() if name != "shareWith"}
    if "sortOrder" in values and values["sortOrder"] is None:
        values["sortOrder"] = 0
    if values:
        await service.update_list(unit, call.principal, change.object_id, values)
    if "shareWith" in change.values:
        await _share(call, unit, change.object_id, change.values["shareWith"] or {})


async def _share(call: Call, unit: Unit, number: int, wanted: dict[str, dict[str, bool]]) -> None:
    cleaned = {
        person: {name: yes for name, yes in rights.items() if name != "mayDelete"}
        for person, rights in wanted.items()
    }
    if await shares.apply(unit, call.principal, number, NAMES, cleaned):
        await unit.changed(call.account_id, LIST, number, "updated", part=number)


async def destroy(call: Call, unit: Unit, number: int) -> None:
    """Removes a list, with its tasks when that is asked for."""
    try:
        await service.remove_list(
            unit, call.principal, number, with_tasks=getattr(call.arguments, "on_destroy_remove_tasks", False)
        )
    except Conflict as error:
        raise SetError("taskListHasTask", error.sentence) from error


KIND = Kind(
    record=TaskList,
    scope=SCOPE,
    parts=True,
    read=read,
    create=create,
    update=update,
    destroy=destroy,
    set_arguments=ListSetArguments,
    rights={"create": Right.WRITE, "update": Right.READ, "destroy": Right.DELETE},
    first=visibility.turn,
)
