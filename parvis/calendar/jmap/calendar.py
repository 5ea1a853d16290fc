"""Calendar/get and /set. draft-ietf-jmap-calendars §4"""

from collections.abc import Mapping, Sequence
from typing import Any

from parvis.access import parts
from parvis.access.principal import Right
from parvis.access.scopes import part_name
from parvis.calendar import calendars, outgoing, service
from parvis.calendar.model import NAMES, SCOPE
from parvis.kernel import ids
from parvis.kernel.errors import Conflict
from parvis.serve.jmap import shares
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import SetError, invalid_properties
from parvis.serve.jmap.kind import Created, Creation, SetArguments, SetOutcome, Update
from parvis.serve.jmap.types import Invocation, Object
from parvis.store.unit import Unit
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.jscalendar import alerts

_SHARED = {"name": "name", "color": "color", "timeZone": "time_zone"}
"""The owner's for everybody, and one's own for who sets them without the right to share."""
_OWN = (
    "sortOrder",
    "isSubscribed",
    "isVisible",
    "includeInAvailability",
    "defaultAlertsWithTime",
    "defaultAlertsWithoutTime",
)


class CalendarSetArguments(SetArguments):
    """draft-ietf-jmap-calendars §4.3. Nobody is told of events that go with their calendar, unless it is asked for
    as of a single one (§5.9)."""

    on_destroy_remove_events: bool = False
    send_scheduling_messages: bool = False
    on_success_set_is_default: str | None = None


async def read(call: Call, numbers: Sequence[int] | None, wanted: frozenset[str]) -> list[Object]:
    """The calendars of the account that the principal may read, in their order."""
    db: Any = call.db
    found = await parts.readable(db, call.principal, call.account_id, SCOPE)
    seen = {access.scope.id: access for access in found if numbers is None or access.scope.id in numbers}
    present = await calendars.by_ids(db, list(seen))
    chosen = await calendars.chosen(db, list(present), call.principal.id)
    given = dict[int, shares.ShareWith | None]()
    if "shareWith" in wanted:
        given = await shares.read(db, call.principal, list(present), NAMES)
    space = not call.access.owner and await _is_space(db, call.account_id)
    shown = [_shown(each, chosen.get(each.id, {}), seen[each.id].owner, space) for each in present.values()]
    for number, each in zip(present, shown, strict=True):
        each |= {"shareWith": given.get(number), "myRights": shares.mine(seen[number], NAMES)}
    return sorted(shown, key=lambda each: (each["sortOrder"], each["name"], each["id"]))


async def _is_space(db: Any, account_id: int) -> bool:
    return bool(await db.value("SELECT kind FROM principal WHERE id = ?", account_id) == "space")


def _shown(calendar: calendars.Row, chosen: Mapping[str, Any], owner: bool, space: bool) -> Object:
    """What a space has its members follow from the first; what a person shares they follow when they like."""
    return {
        "id": ids.text(calendar.id),
        "name": chosen.get("name", calendar.name),
        "description": calendar.description or None,
        "color": chosen.get("color", calendar.color) or None,
        "sortOrder": chosen.get("sortOrder", 0),
        "isSubscribed": chosen.get("isSubscribed", owner or space),
        "isVisible": chosen.get("isVisible", True),
        "isDefault": calendar.is_default,
        "includeInAvailability": chosen.get("includeInAvailability", "all" if owner else "none"),
        "defaultAlertsWithTime": chosen.get("defaultAlertsWithTime"),
        "defaultAlertsWithoutTime": chosen.get("defaultAlertsWithoutTime"),
        "timeZone": chosen.get("timeZone", calendar.time_zone) or None,
    }


async def create(call: Call, unit: Unit, creation: Creation) -> Created:
    """Makes a calendar in one's own account (or a space's)."""
    values = creation.values
    if not (await parts.any_part(unit, call.principal, call.account_id, SCOPE)).arranges:
        raise SetError("forbidden", "only the owner of an account makes calendars in it")
    number = await calendars.create(
        unit,
        call.account_id,
        values["name"],
        description=values["description"] or "",
        color=values["color"] or "",
        time_zone=values["timeZone"] or "",
    )
    _check_alerts(values)
    own = {name: values[name] for name in _OWN if name in creation.given}
    if not call.access.owner:
        own |= {"isSubscribed": values["isSubscribed"]}
    if own:
        calendar = (await calendars.by_ids(unit, [number]))[number]
        await calendars.choose(unit, calendar, call.principal.id, own)
    if values["shareWith"]:
        await shares.apply(unit, call.principal, number, NAMES, values["shareWith"])
    return Created(number)


def _check_alerts(values: Mapping[str, Any]) -> None:
    """Default alerts are relative. draft-ietf-jmap-calendars §4"""
    for name in ("defaultAlertsWithTime", "defaultAlertsWithoutTime"):
        try:
            alerts.check_defaults(values.get(name))
        except BadCalendar as error:
            raise invalid_properties(name, why=error.sentence) from error


async def update(call: Call, unit: Unit, change: Update) -> Object | None:
    """Changes a calendar: for everybody, or for oneself."""
    access, calendar = await calendars.proved(unit, call.principal, change.object_id)
    if calendar.account_id != call.account_id:
        raise SetError("notFound")
    _check_alerts(change.values)
    own = {name: change.values[name] for name in _OWN if name in change.values}
    shared = {name: change.values[name] for name in _SHARED if name in change.values}
    if "description" in change.values and Right.SHARE not in access.rights:
        raise SetError("forbidden", "only who may share a calendar describes it")
    if shared and Right.SHARE not in access.rights:
        if "timeZone" in shared:
            calendars.zoned(shared["timeZone"] or "")
        if "name" in shared:
            part_name(shared["name"])
        own, shared = own | shared, {}
    if shared or "description" in change.values:
        values = {_SHARED[name]: value for name, value in shared.items()}
        if "description" in change.values:
            values["description"] = change.values["description"]
        await calendars.change(unit, calendar, values)
    if own:
        await calendars.choose(unit, calendar, call.principal.id, own)
        if any(name.startswith("defaultAlerts") for name in own):
            await outgoing.plan_again(unit, calendar.id, calendar.account_id)
    if "shareWith" in change.values and await shares.apply(
        unit, call.principal, calendar.id, NAMES, change.values["shareWith"] or {}
    ):
        await calendars.touched(unit, calendar)
    return None


async def destroy(call: Call, unit: Unit, number: int) -> None:
    """Destroys a calendar, with its events when that is asked for."""
    _, calendar = await calendars.proved(unit, call.principal, number, Right.DELETE | Right.SHARE)
    if calendar.account_id != call.account_id:
        raise SetError("notFound")
    if getattr(call.arguments, "on_destroy_remove_events", False) and not calendar.is_default:
        tell = getattr(call.arguments, "send_scheduling_messages", False)
        await service.clear(unit, calendar, tell=tell)
    try:
        await calendars.destroy(unit, call.principal, number)
    except Conflict as conflict:
        if conflict.fields.get("reason"):
            raise SetError(conflict.fields["reason"], conflict.sentence) from conflict
        raise invalid_properties("isDefault", why=conflict.sentence) from conflict


async def after_set(call: Call, outcome: SetOutcome) -> list[Invocation]:
    """onSuccessSetIsDefault: told among what was created and updated. draft-ietf-jmap-calendars §4.3"""
    given = call.arguments.on_success_set_is_default
    failed = outcome.not_created or outcome.not_updated or outcome.not_destroyed
    number = call.number(given) if given is not None and not failed else None
    if number is None:
        return []

    async def work(unit: Unit) -> list[int]:
        access = await parts.several(unit, call.principal, SCOPE, [number], Right.WRITE | Right.SHARE)
        return await calendars.make_default(unit, call.account_id, number) if access else []

    changed = await call.context.store.write(work)
    outcome.more = bool(changed)
    for each in changed:
        text, value = ids.text(each), each == number
        made = next((made for made in outcome.created.values() if made["id"] == text), None)
        if made is not None:
            made["isDefault"] = value
        else:
            outcome.updated[text] = {**(outcome.updated.get(text) or {}), "isDefault": value}
    return []
