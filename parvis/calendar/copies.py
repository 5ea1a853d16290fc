"""What guests answer, as the other guests of this server have it: their copies say what the organizer's says. No
message is sent for it, and who is outside hears of it with the organizer's next one. RFC 6638 §3.2.10

Few copies are changed together with the organizer's; of many a job does a page at a time, for all the answers of
some seconds at once."""

from collections.abc import Sequence

from parvis.calendar import draft, events
from parvis.calendar.draft import parsed
from parvis.calendar.events import Row
from parvis.calendar.model import MOST_PARTICIPANTS
from parvis.kernel import clock
from parvis.kernel.errors import NotFound, TooLarge
from parvis.serve import scheduling
from parvis.serve.context import Context
from parvis.store.jobs import Job, Jobs
from parvis.store.unit import Unit
from parvis.wire.ical import itip
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.itip.message import attendees, organizer

SPREAD = "calendar-answers"
AT_ONCE = 20
"""Copies that are changed in one unit with the organizer's."""
PAGE = 50
_SPAN_MS = 5_000


async def spread(unit: Unit, row: Row, series: Series) -> None:
    """After an answer to an organizer's event, or of the organizer."""
    found = await _copies(unit, row, series, 0, AT_ONCE + 1)
    if len(found) <= AT_ONCE:
        await _tell(unit, series, found)
        return
    at_ms = (clock.now_ms() // _SPAN_MS + 2) * _SPAN_MS
    args = {"event": row.id, "account": row.account_id}
    await Jobs.add(unit, SPREAD, args, key=f"{row.id}:{at_ms}", at_ms=at_ms, account_id=row.account_id)


async def _copies(unit: Unit, row: Row, series: Series, after: int, limit: int) -> list[Row]:
    """The guests' copies of an event, by account; none of what its account does not organize."""
    if not scheduling.organizes(series, await scheduling.me(unit, row.account_id)):
        return []
    guests = {name for one in series.components for name in attendees(one) if name.startswith("mailto:")}
    addresses = sorted(name.partition(":")[2] for name in guests)[:MOST_PARTICIPANTS]
    return await events.copies(unit, row, addresses, after, limit)


async def _tell(unit: Unit, series: Series, found: Sequence[Row]) -> None:
    contents = await events.contents(unit, [copy.id for copy in found])
    people = await scheduling.of(unit, [copy.account_id for copy in found])
    for copy in found:
        there = parsed(copy.etag, contents[copy.id])
        if organizer(there) != organizer(series):
            continue
        try:
            told = itip.told(there, series, people[copy.account_id])
            if told is not there:
                made = draft.made(told, contents[copy.id])
                await events.replace(unit, copy, there, made, scheduled=False)
        except (BadCalendar, TooLarge):  # it would no longer be one that can be kept: it stays as it was
            continue


class Spreader:
    """Handles the jobs of kind `calendar-answers`."""

    def __init__(self, context: Context) -> None:
        self._store = context.store

    async def handle(self, job: Job) -> None:
        """Changes the copies of one event, a page a unit."""
        after = int(job.progress.get("after", 0))

        async def work(unit: Unit) -> int | None:
            try:
                row, data = await events.kept(unit, int(job.args["account"]), int(job.args["event"]))
            except NotFound:
                return None
            series = parsed(row.etag, data)
            found = await _copies(unit, row, series, after, PAGE)
            await _tell(unit, series, found)
            if len(found) < PAGE:
                return None
            await Jobs.note(unit, job, {"after": found[-1].account_id})
            return found[-1].account_id

        while (place := await self._store.write(work)) is not None:
            after = place
