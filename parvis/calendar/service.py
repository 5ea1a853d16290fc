"""What can be done with events, each under the rights of who asks, with what it means for those who take part.
draft-ietf-jmap-calendars §4.1, RFC 4791 §5.3, RFC 6638 §3"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from parvis.access import parts
from parvis.access.gate import Access
from parvis.access.principal import Principal, Right
from parvis.calendar import calendars, copies, draft, events, notices, outgoing
from parvis.calendar.draft import Draft, parsed
from parvis.calendar.events import Kept, Row
from parvis.calendar.model import SCOPE
from parvis.kernel import clock
from parvis.kernel.errors import Forbidden, Invalid, NotFound
from parvis.serve import scheduling
from parvis.store.unit import Unit
from parvis.wire.ical import itip
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.itip.message import organizer

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Done:
    """What was kept: the row, and whether the bytes are those that were given."""

    row: Row
    draft: Draft
    as_given: bool


def _own(series: Series, mine: Collection[str]) -> bool:
    """Whether an event is one's own, or nobody's. draft-ietf-jmap-calendars §4"""
    owner = organizer(series)
    return not owner or owner in mine


def _pending(known: Series | None, given: Draft, messages: Sequence[itip.Message]) -> Draft:
    """An event as it is kept when messages about it are on their way."""
    kept = scheduling.pending(known, given.series, messages)
    return given if kept is given.series else draft.made(kept, given.data)


async def create(
    unit: Unit,
    principal: Principal,
    calendar_id: int,
    given: Draft,
    *,
    name: str = "",
    unsent: bool = False,
    tell: bool = True,
) -> Row:
    """Makes an event in a calendar; `tell`: who is invited is told so, unless it is a draft (`unsent`). Raises
    NotFound, Forbidden, OverQuota, Conflict."""
    access, calendar = await calendars.proved(unit, principal, calendar_id)
    await calendars.not_fed(unit, calendar_id)
    mine = await scheduling.me(unit, calendar.account_id)
    if Right.WRITE not in access.rights and not (Right.WRITE_OWN in access.rights and _own(given.series, mine)):
        raise Forbidden("you may not make events in this calendar")
    if given.privacy and not access.owner:
        raise Invalid("events in a calendar of others are not private", field="privacy")
    messages = list[itip.Message]()
    if tell and not unsent:
        if scheduling.organizes(given.series, mine):
            messages = itip.from_organizer(None, given.series, mine, clock.now_ms())
        elif scheduling.attends(given.series, mine):
            reply = itip.from_attendee(itip.unanswered(given.series, mine), given.series, mine, clock.now_ms())
            messages = [reply] if reply is not None else []
        given = _pending(None, given, messages)
    row = await events.insert(unit, calendar.account_id, calendar_id, given, name=name, unsent=unsent)
    await outgoing.add(unit, calendar.account_id, messages)
    await outgoing.ring(unit, row, given.series)
    if principal.id != row.account_id:
        await notices.add(unit, row, "created", None, principal, None, given)
    return row


async def allowed(unit: Any, principal: Principal, row: Row, right: Right = Right.READ) -> Access:
    """What may be done with an event. Raises NotFound for one that is secret and somebody else's too."""
    access = await parts.part(unit, principal, row.calendar_id, SCOPE, right)
    if row.privacy == events.SECRET and not access.owner:
        raise NotFound("no such event")
    return access


async def visible(db: Any, principal: Principal, account_id: int, number: int) -> tuple[Kept, Access]:
    """An event that may be read. Raises NotFound."""
    found = await events.kept(db, account_id, number)
    return found, await allowed(db, principal, found[0])


def _changeable(access: Access, row: Row, before: Series, after: Series, mine: Collection[str]) -> None:
    """Raises Forbidden. draft-ietf-jmap-calendars §4 (CalendarRights)"""
    if row.privacy and not access.owner:
        raise Forbidden("this event is private")
    rights = access.rights
    if Right.WRITE in rights or (Right.WRITE_OWN in rights and _own(before, mine)):
        return
    if Right.RSVP in rights and scheduling.attends(before, mine) and itip.may_change(before, after, mine):
        return
    raise Forbidden("you may not change this event")


async def replace(
    unit: Unit,
    principal: Principal,
    found: Kept,
    given: Draft,
    *,
    unsent: bool | None = None,
    tell: bool = True,
    answers: bool = False,
    complete: bool = False,
) -> Done:
    """Gives an event another content. What an organizer changes is told to those who take part; what these answer
    is told to the organizer. With `answers` those that came in meanwhile are kept: they were not known. With
    `complete` the instances that a guest leaves out are put back.
    Raises NotFound, Forbidden (NotTheirs, NotHandedOver), Conflict, Invalid."""
    row, data = found
    before, after = parsed(row.etag, data), given.series
    access = await allowed(unit, principal, row)
    await calendars.not_fed(unit, row.calendar_id)
    mine = await scheduling.me(unit, row.account_id)
    _changeable(access, row, before, after, mine)
    if given.privacy != row.privacy and not access.owner:
        raise Invalid("events in a calendar of others are not private", field="privacy")
    now, was_draft = clock.now_ms(), bool(row.draft)
    is_draft = was_draft if unsent is None else unsent
    messages = list[itip.Message]()
    kept = given
    if scheduling.attends(before, mine):
        told = itip.as_organized(before, itip.completed(before, after, mine) if complete else after)
        told = itip.told(told, before, mine) if answers else told
        if not itip.may_change(before, told, mine):
            raise scheduling.NotTheirs("only the organizer may change this")
        if told is not after:
            kept = draft.made(told, given.data)
            after = told
        reply = itip.from_attendee(before, after, mine, now)
        messages = [reply] if reply is not None else []
        messages += itip.to_delegates(before, after, mine, now)
        await events.decided(unit, row.id)
    elif scheduling.organizes(before, mine) or scheduling.organizes(after, mine):
        if not _own(after, mine):
            raise scheduling.NotHandedOver("nobody makes somebody else the organizer")
        revised = itip.revised(before, itip.with_answers(before, after) if answers else after, mine)
        if [id(each) for each in revised.components] != [id(each) for each in after.components]:
            kept = draft.made(revised, given.data)
        known = before if scheduling.organizes(before, mine) and not was_draft else None
        messages = itip.from_organizer(known, kept.series, mine, now)
    if not tell or is_draft:
        messages = []
    if messages or scheduling.organizes(after, mine) or scheduling.attends(before, mine):
        kept = _pending(before, kept, messages)
    # RFC 6638 §3.2.10: an answer does not change the tag
    await events.replace(unit, row, before, kept, scheduled=not scheduling.attends(before, mine), unsent=unsent)
    await outgoing.add(unit, row.account_id, messages)
    await outgoing.ring(unit, row, kept.series)
    await outgoing.moved(unit, row, before, kept.series)
    if tell and not is_draft and scheduling.organizes(kept.series, mine) and _answered(before, kept.series):
        await copies.spread(unit, row, kept.series)
    if principal.id != row.account_id:
        await notices.add(unit, row, "updated", None, principal, found, kept)
    return Done(row, kept, kept is given)


def _answered(before: Series, after: Series) -> bool:
    """Whether an organizer has changed an answer: their own, or one that they were told."""
    return itip.told(before, after, ()) is not before


async def move(unit: Unit, principal: Principal, row: Row, calendar_id: int, name: str = "") -> None:
    """Puts an event into another calendar of the same account. Raises NotFound, Forbidden, Invalid, Conflict."""
    if calendar_id != row.calendar_id:
        await allowed(unit, principal, row, Right.DELETE)
    else:
        await allowed(unit, principal, row, Right.WRITE)
    await calendars.not_fed(unit, row.calendar_id)
    _, calendar = await calendars.writable(unit, principal, calendar_id)
    if calendar.account_id != row.account_id:
        raise Invalid("the calendar is in another account", field="calendarIds")
    await events.move(unit, row, calendar_id, name)


async def destroy(unit: Unit, principal: Principal, found: Kept, *, tell: bool = True, reply: bool = True) -> None:
    """Removes an event: an organizer calls it off, who takes part declines it (unless not `reply`). Raises
    NotFound, Forbidden."""
    row, data = found
    access = await allowed(unit, principal, row)
    await calendars.not_fed(unit, row.calendar_id)
    series, mine = parsed(row.etag, data), await scheduling.me(unit, row.account_id)
    if row.privacy and not access.owner:
        raise Forbidden("this event is private")
    if Right.DELETE not in access.rights and not (Right.WRITE_OWN in access.rights and _own(series, mine)):
        raise Forbidden("you may not delete this event")
    if tell:
        await _take_leave(unit, row, series, mine, reply=reply)
    await events.delete(unit, row)
    if principal.id != row.account_id:
        await notices.add(unit, row, "destroyed", None, principal, found, None)


async def _take_leave(unit: Unit, row: Row, series: Series, mine: Collection[str], *, reply: bool) -> None:
    """Tells of an event that goes: an organizer calls it off, who takes part declines it."""
    if row.draft:
        return
    messages, now = list[itip.Message](), clock.now_ms()
    if scheduling.organizes(series, mine):
        messages = itip.from_organizer(series, None, mine, now)
    elif reply and scheduling.attends(series, mine):
        answer = itip.from_attendee(series, None, mine, now)
        messages = [answer] if answer is not None else []
    await outgoing.add(unit, row.account_id, messages)


async def clear(unit: Unit, calendar: calendars.Row, *, tell: bool, reply: bool = True) -> None:
    """Removes all events of a calendar. `tell`: as if each was removed; of what is over, and of what is published
    elsewhere, nobody is told. RFC 6638 §3.2.3.2"""
    now, mine = clock.now_ms(), await scheduling.me(unit, calendar.account_id)
    tell = tell and not await calendars.fed(unit, calendar.id)
    while page := await events.within(unit, calendar.id, None, None, "", 0, _PAGE, secret=True):
        for row, data in page:
            if tell and row.last_ms > now:
                await _take_leave(unit, row, parsed(row.etag, data), mine, reply=reply)
            await events.delete(unit, row)
