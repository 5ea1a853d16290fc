"""CalendarEventProposal: another time that a guest proposes, or somebody who answered uninvited. To create one is
to propose another time, in the account of a guest; an organizer takes it with `isAccepted`, and declines it by
destroying it. RFC 5546 §3.2.3, §3.2.7. Ours."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from parvis.access import parts
from parvis.access.principal import Right
from parvis.calendar import events, proposals, service
from parvis.calendar.draft import parsed
from parvis.calendar.jmap import event, instance
from parvis.calendar.model import OWN_CAPABILITY, PROPOSAL, SCOPE
from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound
from parvis.kernel.records import Immutable, Record, ServerSet
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import invalid_properties
from parvis.serve.jmap.kind import Created, Creation, Kind, SetArguments, Update
from parvis.serve.jmap.types import Object, UTCDate
from parvis.store.unit import Unit
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.jscalendar.to_ical import start_of
from parvis.wire.ical.jscalendar.words import parse_local


class CalendarEventProposal(Record, kw_only=True):
    """Whose it is, for what, and from when to when. `recurrenceId`: of the instance that it is for.
    `participationStatus`: what somebody answered who was not invited; null for another time."""

    kind: ClassVar[str] = PROPOSAL
    capability: ClassVar[str] = OWN_CAPABILITY
    id: ServerSet[str] = ""
    calendar_event_id: Immutable[str]
    recurrence_id: Immutable[str | None] = None
    utc_start: Immutable[UTCDate]
    utc_end: Immutable[UTCDate]
    comment: Immutable[Annotated[str, Meta(max_length=2000)]] = ""
    is_mine: ServerSet[bool] = False
    is_accepted: bool = False
    participation_status: ServerSet[str | None] = None
    by: ServerSet[dict[str, Any]] = msgspec.field(default_factory=dict)
    created: ServerSet[str] = ""


class ProposalSetArguments(SetArguments):
    """`comment` is said to those whose proposals are declined."""

    comment: Annotated[str, Meta(max_length=2000)] = ""


async def read(call: Call, numbers: Sequence[int] | None, wanted: frozenset[str]) -> list[Object]:
    """The proposals for events that the principal may change, without those that are private to others."""
    db: Any = call.db
    seen = await parts.readable(db, call.principal, call.account_id, SCOPE, Right.WRITE)
    owned = {each.scope.id: each.owner for each in seen}
    limit = call.context.settings.limits.objects_in_get + 1
    found = await proposals.of(db, call.account_id, owned, numbers, limit)
    return [_shown(row) for row, calendar_id, privacy in found if owned[calendar_id] or not privacy]


def _shown(row: proposals.Row) -> Object:
    return {
        "id": ids.text(row.id),
        "calendarEventId": ids.text(row.event_id),
        "recurrenceId": row.recurrence or None,
        "utcStart": clock.utc_date(row.start_ms),
        "utcEnd": clock.utc_date(row.end_ms),
        "comment": row.comment,
        "isMine": bool(row.mine),
        "isAccepted": False,
        "participationStatus": row.answer.lower() or None,
        "by": {"name": row.name, "calendarAddress": row.address},
        "created": clock.utc_date(row.created_ms),
    }


async def create(call: Call, unit: Unit, creation: Creation) -> Created:
    """Proposes another time."""
    values = creation.values
    number = call.number(values["calendarEventId"])
    if values["isAccepted"]:
        raise invalid_properties("isAccepted", why="the organizer takes it")
    try:
        if number is None:
            raise NotFound("no such event")
        found, _ = await service.visible(unit, call.principal, call.account_id, number)
    except NotFound as error:
        raise invalid_properties("calendarEventId", why=error.sentence) from error
    start, end = (clock.parse_utc(values[name]) for name in ("utcStart", "utcEnd"))
    at_ms = _instance(found, values["recurrenceId"])
    made = await proposals.propose(unit, call.principal, found, at_ms, start, end, values["comment"])
    return Created(made)


def _instance(found: events.Kept, key: str | None) -> int | None:
    """The instance that began so by the rule. Raises SetError."""
    if key is None:
        return None
    series = parsed(found[0].etag, found[1])
    try:
        said = event.shown(series, frozenset())
        start = start_of(said)
        if start is not None and instance.there(series, said, key):
            return start.at(parse_local(key, "recurrenceId")).ms()
    except BadCalendar as error:
        raise invalid_properties("recurrenceId", why=error.sentence) from error
    raise invalid_properties("recurrenceId", why="there is no such instance")


async def update(call: Call, unit: Unit, change: Update) -> None:
    """Takes a proposal."""
    if change.values.get("isAccepted") is not True:
        raise invalid_properties("isAccepted", why="a proposal is taken, or destroyed")
    await proposals.take(unit, call.principal, call.account_id, change.object_id)
    call.gone.append(change.object_id)


async def destroy(call: Call, unit: Unit, number: int) -> None:
    """Declines a proposal; one's own is only forgotten."""
    await proposals.decline(unit, call.principal, call.account_id, number, getattr(call.arguments, "comment", ""))


KIND = Kind(
    record=CalendarEventProposal,
    scope=SCOPE,
    parts=True,
    sees=Right.WRITE,
    read=read,
    create=create,
    update=update,
    destroy=destroy,
    set_arguments=ProposalSetArguments,
    rights={"create": Right.RSVP | Right.WRITE, "update": Right.WRITE, "destroy": Right.WRITE},
)
