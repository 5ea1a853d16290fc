"""What a change leaves to be done after it, in its own unit: messages to those who take part, and the next
alarm."""

from collections.abc import Sequence

import msgspec

from parvis.calendar.events import Row
from parvis.kernel import clock, ids
from parvis.store.jobs import Jobs
from parvis.store.unit import Unit
from parvis.wire.ical import alarms, calendar, itip
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.errors import BadCalendar

DELIVER, RING = "calendar-deliver", "calendar-ring"
_MOST_MESSAGES = 2_000


async def add(unit: Unit, account_id: int, messages: Sequence[itip.Message]) -> None:
    """Messages to be delivered, each by a job of its own: people of this server get them into their calendars,
    others by mail."""
    for message in messages[:_MOST_MESSAGES]:
        number = ids.new_id()
        await unit.run(
            "INSERT INTO calendar_message (id, account_id, method, recipients, data) VALUES (?, ?, ?, ?, ?)",
            number,
            account_id,
            message.method,
            msgspec.json.encode(list(message.recipients)).decode(),
            calendar.write(message.calendar),
        )
        await Jobs.add(unit, DELIVER, {"message": number}, key=str(number), account_id=account_id)


async def ring(unit: Unit, row: Row, series: Series, after_ms: int | None = None) -> None:
    """Sets when the next alarm of an event rings; nothing is planned for events without one."""
    now = clock.now_ms() if after_ms is None else after_ms
    try:
        following = alarms.next_ring(series, now)
    except BadCalendar:
        following = None
    at_ms = following.at_ms if following is not None else 0
    await unit.run("UPDATE calendar_event SET ring_ms = ? WHERE id = ?", at_ms, row.id)
    if at_ms:
        args = {"event": row.id, "account": row.account_id, "at": at_ms}
        await Jobs.add(unit, RING, args, key=f"{row.id}:{at_ms}", at_ms=at_ms, account_id=row.account_id)
