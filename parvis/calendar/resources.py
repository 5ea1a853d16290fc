"""Rooms and things that can be booked: what they are not free for they decline; the rest they accept, or keep
tentatively until somebody has decided. An event that overlaps with another keeps who came first."""

from parvis.access.principal import Principal
from parvis.calendar import approval, draft, events, outgoing
from parvis.calendar.draft import parsed
from parvis.calendar.events import Kept
from parvis.calendar.vacancy import answered, is_free
from parvis.kernel import clock
from parvis.serve import scheduling
from parvis.store.unit import Unit
from parvis.wire.ical import itip
from parvis.wire.ical.calendar import cancelled
from parvis.wire.ical.itip.message import organizer


async def answer(unit: Unit, resource: Principal, found: Kept) -> None:
    """Answers an invitation that a resource has got; people and spaces answer themselves."""
    if resource.kind != "resource":
        return
    row, data = found
    series, mine = parsed(row.etag, data), await scheduling.me(unit, resource.id)
    if not scheduling.attends(series, mine) or cancelled(series.first):
        return
    word = await _answer(unit, resource, found, mine)
    said = answered(series, mine, word)
    reply = itip.from_attendee(series, said, mine, clock.now_ms())
    await events.replace(unit, row, series, draft.made(said, data), scheduled=False)
    if reply is not None:
        await outgoing.add(unit, resource.id, [reply])


async def _answer(unit: Unit, resource: Principal, found: Kept, mine: frozenset[str]) -> str:
    """What a resource says at once. Who decides about it needs nobody else's word."""
    if not await is_free(unit, resource.id, found, mine):
        return "DECLINED"
    series = parsed(found[0].etag, found[1])
    people = await approval.deciding(unit, resource.id)
    if organizer(series).removeprefix("mailto:") in {each.address for each in people}:
        return "ACCEPTED"
    if not people and not await approval.approvers(unit, resource.id):
        return "ACCEPTED"
    return await approval.standing(unit, found[0], series)
