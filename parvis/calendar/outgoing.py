"""What a change leaves to be done after it, in its own unit: messages to those who take part, and the next
alarm."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from parvis.calendar import calendars, events, personal
from parvis.calendar.events import Row
from parvis.kernel import clock, ids
from parvis.store.jobs import Jobs
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit
from parvis.wire.ical import alarms, calendar, itip
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.jscalendar.alerts import by_default

DELIVER, RING, PLAN = "calendar-deliver", "calendar-ring", "calendar-plan"
_MOST_MESSAGES = 2_000
"""Messages of one change. RFC 6638 §11.1"""


async def add(unit: Unit, account_id: int, messages: Sequence[itip.Message]) -> None:
    """Messages to be delivered, each by a job of its own: people of this server get them into their calendars,
    others by mail."""
    for message in messages[:_MOST_MESSAGES]:
        number = ids.new_id()
        await unit.run(
            f"INSERT INTO calendar_message (id, account_id, uid, method, recipients, data) VALUES {marks(6)}",
            number,
            account_id,
            message.uid,
            message.method,
            msgspec.json.encode(list(message.recipients)).decode(),
            calendar.write(message.calendar),
        )
        await Jobs.add(unit, DELIVER, {"message": number}, key=str(number), account_id=account_id)


async def with_default_alerts(db: Any, row: Row, series: Series) -> Series:
    """The series with the alerts that ring for the owner of its account: the default ones of its calendar when it
    says so. draft-ietf-jmap-calendars §6.1"""
    if not any(by_default(each) for each in series.components):
        return series
    chosen = (await calendars.chosen(db, [row.calendar_id], row.account_id)).get(row.calendar_id, {})
    return _with_default(series, chosen) if by_default(series.first) else series


def _with_default(series: Series, chosen: Mapping[str, Any]) -> Series:
    start = series.first.first("DTSTART")
    days = start is not None and (start.param("VALUE").upper() == "DATE" or len(start.value.strip()) == 8)
    return personal.with_alerts(series, chosen.get("defaultAlertsWithoutTime" if days else "defaultAlertsWithTime"))


async def with_own_alerts(db: Any, row: Row, series: Series, person: int, chosen: Mapping[str, Any]) -> Series:
    """The series with the alerts that ring for somebody with whom its calendar is shared."""
    if chosen.get("useDefaultAlerts") is True:
        own = (await calendars.chosen(db, [row.calendar_id], person)).get(row.calendar_id, {})
        return _with_default(series, own)
    return personal.with_alerts(series, chosen.get("alerts"))


async def plan_again(unit: Unit, calendar_id: int, account_id: int) -> None:
    """After the default alerts of a calendar changed: its events are planned anew, by a job."""
    args = {"calendar": calendar_id, "account": account_id}
    await Jobs.add(unit, PLAN, args, key=f"{calendar_id}:{clock.now_ms()}", account_id=account_id)


async def moved(unit: Unit, row: Row, before: Series, after: Series) -> None:
    """After a change: what was proposed for an instance that is at another time now, or gone, is over, and so is
    the answer of somebody who is a guest now."""
    known = await events.proposals(unit, row.id)
    gone = [
        each.id
        for each in known
        if itip.times(before, each.at_ms) != itip.times(after, each.at_ms)
        or (each.guest and each.guest in itip.people(after, each.at_ms))
    ]
    await events.forget_proposals(unit, row, gone)


async def ring(unit: Unit, row: Row, series: Series, after_ms: int | None = None) -> None:
    """Sets when the next alarm of an event rings, for its owner and for each of the others who have alerts of their
    own in it; nothing is planned for events without one."""
    now = clock.now_ms() if after_ms is None else after_ms
    await ring_owner(unit, row, series, now)
    for person, chosen, before in await events.own_alerts(unit, row.id):
        await ring_other(unit, row, series, person, chosen, before, now)


async def ring_owner(unit: Unit, row: Row, series: Series, now: int) -> None:
    """The next alarm for the owner."""
    at_ms = _next(await with_default_alerts(unit, row, series), now)
    await unit.run("UPDATE calendar_event SET ring_ms = ? WHERE id = ?", at_ms, row.id)
    if at_ms:
        args = {"event": row.id, "account": row.account_id, "at": at_ms}
        await Jobs.add(unit, RING, args, key=f"{row.id}:{at_ms}", at_ms=at_ms, account_id=row.account_id)


async def ring_other(
    unit: Unit, row: Row, series: Series, person: int, chosen: Mapping[str, Any], before: int, now: int
) -> None:
    """The next alarm for somebody with whom the calendar is shared."""
    at_ms = _next(await with_own_alerts(unit, row, series, person, chosen), now)
    if at_ms != before:
        await unit.run(
            "UPDATE calendar_event_person SET ring_ms = ? WHERE event_id = ? AND principal_id = ?",
            at_ms,
            row.id,
            person,
        )
    if at_ms:
        args = {"event": row.id, "account": row.account_id, "at": at_ms, "person": person}
        key = f"{row.id}:{person}:{at_ms}"
        await Jobs.add(unit, RING, args, key=key, at_ms=at_ms, account_id=row.account_id)


async def ring_again(unit: Unit, row: Row, series: Series, person: int, now: int) -> None:
    """After an alarm has rung for somebody: the next one."""
    if person == row.account_id:
        await ring_owner(unit, row, series, now)
        return
    own = {number: (chosen, before) for number, chosen, before in await events.own_alerts(unit, row.id)}
    if person in own:
        await ring_other(unit, row, series, person, *own[person], now)


def _next(series: Series, now: int) -> int:
    try:
        following = alarms.next_ring(series, now)
    except BadCalendar:
        following = None
    return following.at_ms if following is not None else 0
