"""When somebody is busy, out of all their calendars that count, for whoever may know.
draft-ietf-jmap-calendars §2.2, RFC 6638 §5"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parvis.access import parts
from parvis.access.principal import Principal, Right
from parvis.calendar import calendars, events
from parvis.calendar.calendars import Row as Calendar
from parvis.calendar.draft import parsed
from parvis.calendar.events import Kept
from parvis.calendar.model import SCOPE
from parvis.kernel.errors import Forbidden, TooLarge
from parvis.serve import scheduling
from parvis.store.unit import Unit
from parvis.wire.ical import freebusy
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.expand import Budget
from parvis.wire.ical.itip.message import mine as answer_of
from parvis.wire.ical.recurrence import Instance, instances
from parvis.wire.ical.span import Span

MOST_DAYS = 100
_MOST_EVENTS = 5_000
_MOST_INSTANCES = 5_000
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Taken:
    """A time that an event takes, and the event when it may be read."""

    busy: freebusy.Busy
    event: Kept | None
    instance: Instance | None


async def of(
    db: Any,
    principal: Principal,
    account_id: int,
    span: Span,
    *,
    own: bool = False,
    secret: bool = True,
    inside: bool = True,
) -> list[Taken]:
    """What an account's calendars take in a window, as `principal` may know it. `own`: the account itself asks, or
    the server for it; then not `secret` leaves out what is kept from others. Not `inside`: it is for people outside
    of the organisation, so what only colleagues know is not told. Raises Forbidden for who may know nothing of it,
    TooLarge."""
    if span.end_ms - span.start_ms > MOST_DAYS * 86_400_000:
        raise TooLarge(f"at most {MOST_DAYS} days", limit=MOST_DAYS)
    known = await parts.available(db, principal, [account_id], SCOPE, inside=inside)
    seen = {each.scope.id: each.rights for each in known}
    allowed = list(seen)
    if own:
        rows = await db.rows("SELECT id FROM calendar WHERE account_id = ?", account_id)
        allowed = [row[0] for row in rows]
    if not allowed:
        raise Forbidden("you may not know when they are busy")
    present = await calendars.by_ids(db, allowed)
    chosen = await calendars.chosen(db, allowed, account_id)
    addresses, found, looked = await scheduling.me(db, account_id), list[Taken](), 0
    for number, calendar in present.items():
        counted = chosen.get(number, {}).get("includeInAvailability", "all")
        if counted == "none":
            continue
        readable = Right.READ in seen.get(number, Right(0))
        after = 0
        while True:
            page = await events.within(
                db, number, span.start_ms, span.end_ms, "", after, _PAGE, secret=own and secret
            )
            looked += len(page)
            if looked > _MOST_EVENTS or len(found) > _MOST_INSTANCES:
                raise TooLarge("there is too much in this time")
            attending = counted == "attending"
            given = (page, span, calendar, addresses, attending, readable)
            # a unit of work waits for nothing but its transaction
            found += _taken(*given) if isinstance(db, Unit) else await asyncio.to_thread(_taken, *given)
            if len(page) < _PAGE:
                break
            after = page[-1][0].id
    return found


def _taken(
    page: Sequence[Kept], span: Span, calendar: Calendar, addresses: frozenset[str], attending: bool, readable: bool
) -> list[Taken]:
    found = list[Taken]()
    budget = Budget()
    for row, data in page:
        if row.draft:
            continue
        series = parsed(row.etag, data)
        try:
            held = instances(series, span.start_ms, span.end_ms, 500, calendar.zone, budget)
        except BadCalendar:
            continue
        for each in held:
            kind = freebusy.kind_of(each.component, addresses)
            if kind is None or each.end_ms <= each.start_ms or (attending and not _attends(each, addresses)):
                continue
            busy = freebusy.Busy(max(each.start_ms, span.start_ms), min(each.end_ms, span.end_ms), kind)
            shown = readable and row.privacy == 0
            found.append(Taken(busy, (row, data) if shown else None, each if shown else None))
    return found


def _attends(each: Instance, addresses: frozenset[str]) -> bool:
    own = answer_of(each.component, addresses)
    return own is not None and own.param("PARTSTAT").upper() in ("ACCEPTED", "TENTATIVE")
