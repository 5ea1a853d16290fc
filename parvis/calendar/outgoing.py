"""What a change leaves to be done after it, in its own unit: messages to those who take part, and the next
alarm."""

from collections.abc import Sequence
from typing import Any

import msgspec

from parvis.calendar import calendars, events
from parvis.calendar.events import Row
from parvis.kernel import clock, ids
from parvis.store.jobs import Jobs
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit
from parvis.wire.contentlines import Component
from parvis.wire.ical import alarms, calendar, itip
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.jscalendar import alerts

DELIVER, RING, PLAN = "calendar-deliver", "calendar-ring", "calendar-plan"
_MOST_MESSAGES = 2_000


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
    if not any(uses_default_alerts(each) for each in series.components):
        return series
    chosen = (await calendars.chosen(db, [row.calendar_id], row.account_id)).get(row.calendar_id, {})

    def rung(given: Component) -> Component:
        if not uses_default_alerts(series.first):
            return given
        start = given.first("DTSTART")
        days = start is not None and (start.param("VALUE").upper() == "DATE" or len(start.value.strip()) == 8)
        wanted = chosen.get("defaultAlertsWithoutTime" if days else "defaultAlertsWithTime")
        others = [each for each in given.components if each.name != "VALARM"]
        alarms_ = alerts.to_components(wanted, None, given.value("SUMMARY"))
        return Component(given.name, given.properties, [*others, *alarms_])

    master = rung(series.master) if series.master is not None else None
    return Series(series.kind, series.uid, master, [rung(each) for each in series.overrides], series.zones)


def uses_default_alerts(given: Component) -> bool:
    """Whether a component says `useDefaultAlerts`."""
    said = (each for each in given.every("JSPROP") if each.param("JSPTR") == "useDefaultAlerts")
    return any(each.value.strip() == "true" for each in said)


async def plan_again(unit: Unit, calendar_id: int, account_id: int) -> None:
    """After the default alerts of a calendar changed: its events are planned anew, by a job."""
    args = {"calendar": calendar_id, "account": account_id}
    await Jobs.add(unit, PLAN, args, key=f"{calendar_id}:{clock.now_ms()}", account_id=account_id)


async def moved(unit: Unit, row: Row, before: Series, after: Series) -> None:
    """After a change: what was proposed for an instance that is at another time now, or gone, is over."""
    known = await events.proposals(unit, row.id)
    gone = [number for number, at_ms in known if itip.times(before, at_ms) != itip.times(after, at_ms)]
    await events.forget_proposals(unit, row, gone)


async def ring(unit: Unit, row: Row, series: Series, after_ms: int | None = None) -> None:
    """Sets when the next alarm of an event rings; nothing is planned for events without one."""
    now = clock.now_ms() if after_ms is None else after_ms
    series = await with_default_alerts(unit, row, series)
    try:
        following = alarms.next_ring(series, now)
    except BadCalendar:
        following = None
    at_ms = following.at_ms if following is not None else 0
    await unit.run("UPDATE calendar_event SET ring_ms = ? WHERE id = ?", at_ms, row.id)
    if at_ms:
        args = {"event": row.id, "account": row.account_id, "at": at_ms}
        await Jobs.add(unit, RING, args, key=f"{row.id}:{at_ms}", at_ms=at_ms, account_id=row.account_id)
