"""Calendars that show what is published elsewhere: fetched through the egress gate, bounded, and refreshed by a
job. Only the feed changes what is in them."""

import asyncio
from typing import Any

from parvis.access.principal import Principal, Right
from parvis.calendar import calendars, events, transfer
from parvis.calendar.calendars import Row as Calendar
from parvis.calendar.draft import Draft
from parvis.calendar.outside import Outside, checked
from parvis.kernel import clock
from parvis.kernel.errors import EgressRefused, NotFound, OverQuota, TooLarge, Unavailable
from parvis.serve.context import Context
from parvis.store.jobs import Job, Jobs
from parvis.store.unit import Unit
from parvis.wire.contentlines import BadContent

JOB = "calendar-feed"
EVERY_MS = 6 * 3_600_000
MOST_FEEDS = 50
"""Of one account."""
_LARGEST = 10_000_000
_SECONDS = 30.0
_REASONS: dict[type[Exception], str] = {
    EgressRefused: "refused",
    Unavailable: "unreachable",
    TooLarge: "tooLarge",
    BadContent: "notCalendar",
}
"""What is wrong, in a word."""


async def subscribe(unit: Unit, principal: Principal, account_id: int, name: str, url: str, color: str = "") -> int:
    """Makes a calendar that follows an address; it is looked at at once. Returns its id. Raises Invalid for an
    address that is none, OverQuota."""
    address = checked(url)
    if await unit.value("SELECT COUNT(*) FROM calendar_feed WHERE account_id = ?", account_id) >= MOST_FEEDS:
        raise OverQuota(f"at most {MOST_FEEDS} calendars of elsewhere")
    number = await calendars.create(unit, account_id, name, color=color)
    await unit.run(
        "INSERT INTO calendar_feed (calendar_id, account_id, url) VALUES (?, ?, ?)", number, account_id, address
    )
    await plan(unit, account_id, number, clock.now_ms())
    return number


async def plan(unit: Unit, account_id: int, calendar_id: int, at_ms: int) -> None:
    """The next look."""
    args = {"calendar": calendar_id, "account": account_id}
    await Jobs.add(unit, JOB, args, key=f"{calendar_id}:{at_ms}", at_ms=at_ms, account_id=account_id)


async def proved(db: Any, principal: Principal, number: int) -> Calendar:
    """A calendar that follows an address, for who may change it. Raises NotFound, Forbidden."""
    _, calendar = await calendars.proved(db, principal, number, Right.WRITE)
    if await db.value("SELECT 1 FROM calendar_feed WHERE calendar_id = ?", number) is None:
        raise NotFound("no such feed")
    return calendar


class Reader:
    """Handles the jobs of kind `calendar-feed`."""

    def __init__(self, context: Context) -> None:
        self._store, self._outside = context.store, Outside(context)

    async def handle(self, job: Job) -> None:
        """Looks at an address; what went wrong is said, and tried again the next time."""
        number, account_id = int(job.args["calendar"]), int(job.args["account"])
        row = await self._store.db.row("SELECT url, tag FROM calendar_feed WHERE calendar_id = ?", number)
        if row is None:
            return
        error, reason, tag, drafts = "", "", row[1], None
        try:
            content, tag = await self._outside.get(row[0], row[1], largest=_LARGEST, seconds=_SECONDS)
            if content is not None:
                drafts, _ = await asyncio.to_thread(transfer.read, content)
        except (EgressRefused, Unavailable, TooLarge, BadContent) as failed:
            error, reason = failed.sentence, _REASONS[type(failed)]

        async def work(unit: Unit) -> None:
            await self._kept(unit, account_id, number, drafts, tag, error, reason)

        await self._store.write(work)

    async def _kept(
        self,
        unit: Unit,
        account_id: int,
        number: int,
        drafts: list[Draft] | None,
        tag: str,
        error: str,
        reason: str,
    ) -> None:
        calendar = (await calendars.by_ids(unit, [number])).get(number)
        if calendar is None:
            return
        if drafts is not None:
            await replace_all(unit, account_id, number, drafts)
        now = clock.now_ms()
        await unit.run(
            "UPDATE calendar_feed SET tag = ?, refreshed_ms = ?, error = ?, reason = ? WHERE calendar_id = ?",
            tag,
            now,
            error[:500],
            reason,
            number,
        )
        await calendars.touched(unit, calendar)
        await plan(unit, account_id, number, now + EVERY_MS)


async def replace_all(unit: Unit, account_id: int, calendar_id: int, drafts: list[Draft]) -> None:
    """Makes a calendar show exactly these events; one whose UID another calendar of the account has is left out."""
    rows = await unit.rows(f"SELECT {events.ROW} FROM calendar_event e WHERE e.calendar_id = ?", calendar_id)
    present = {row.uid: row for row in (events.Row(*each) for each in rows)}
    for each in {one.uid: one for one in drafts}.values():
        known = present.pop(each.uid, None)
        if known is None:
            if await events.by_uid(unit, account_id, each.uid) is None:
                await events.insert(unit, account_id, calendar_id, each)
        elif known.etag != each.etag:
            await events.replace(unit, known, None, each)
    for gone in present.values():
        await events.delete(unit, gone)
