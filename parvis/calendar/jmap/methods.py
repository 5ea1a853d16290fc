"""Methods of our own: files taken in, and calendars of elsewhere."""

import asyncio
from typing import Annotated

from msgspec import Meta

from parvis.calendar import feeds, transfer
from parvis.calendar.model import LARGEST, OWN_CAPABILITY, SCOPE, CalendarName, Colour
from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid, NotFound, TooLarge
from parvis.serve.jmap.blobs import Library
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import Method
from parvis.serve.jmap.types import Arguments, Object
from parvis.store.unit import Unit
from parvis.wire.contentlines import BadContent

_LARGEST_FILE = 20 * LARGEST


class ImportArguments(Arguments):
    """A blob of iCalendar, and the calendar that it goes into; without one the default one."""

    account_id: str
    blob_id: str
    calendar_id: str | None = None


async def import_(call: Call) -> Object:
    """Takes the events of a file in, whole or not at all; a wrong line is named."""
    library = call.context.need(Library)
    try:
        blob = await library.find(call.principal, call.account_id, call.arguments.blob_id)
    except NotFound as error:
        raise MethodError("invalidArguments", "no such blob", arguments=["blobId"]) from error
    if blob.size > _LARGEST_FILE:
        raise MethodError("requestTooLarge", f"a file has at most {_LARGEST_FILE} bytes")
    call.bring(blob.size)
    try:
        drafts, others = await asyncio.to_thread(transfer.read, await blob.read())
    except BadContent as error:
        raise MethodError("notParsable", error.reason, line=error.line) from error
    except TooLarge as error:
        raise MethodError("requestTooLarge", error.sentence) from error
    given = call.arguments.calendar_id
    number = call.number(given) if given is not None else None
    if given is not None and number is None:
        raise MethodError("invalidArguments", "no such calendar", arguments=["calendarId"])
    done = await transfer.take_in(call.context.store, call.principal, call.account_id, number, drafts)
    return {
        "accountId": ids.text(call.account_id),
        "created": [ids.text(each) for each in done.created],
        "skipped": done.skipped + others,
    }


class SubscribeArguments(Arguments):
    """The address of a published calendar."""

    account_id: str
    name: CalendarName
    url: Annotated[str, Meta(max_length=2000)]
    color: Colour | None = None


async def subscribe(call: Call) -> Object:
    """Follows a calendar of elsewhere; it is looked at at once, and then every six hours."""
    if not call.access.owner:
        raise MethodError("forbidden", "calendars of elsewhere are followed in one's own account")
    asked = call.arguments

    async def work(unit: Unit) -> int:
        return await feeds.subscribe(
            unit, call.principal, call.account_id, asked.name, asked.url, asked.color or ""
        )

    try:
        number = await call.context.store.write(work)
    except Invalid as error:
        raise MethodError("invalidArguments", error.sentence, arguments=["url"]) from error
    return {"accountId": ids.text(call.account_id), "calendarId": ids.text(number)}


class FeedsArguments(Arguments):
    """Which calendars follow what; `refresh` names one to be looked at now."""

    account_id: str
    refresh: str | None = None


async def followed(call: Call) -> Object:
    """The addresses that calendars follow, when they were looked at, and what was wrong: in a sentence, and as
    `reason`, which is refused, unreachable, tooLarge or notCalendar."""
    if not call.access.owner:
        raise MethodError("forbidden", "these are their own")
    if call.arguments.refresh is not None:
        await _refresh(call, call.number(call.arguments.refresh) or 0)
    rows = await call.context.store.db.rows(
        """SELECT calendar_id, url, refreshed_ms, error, reason FROM calendar_feed WHERE account_id = ?
        ORDER BY calendar_id""",
        call.account_id,
    )
    return {
        "accountId": ids.text(call.account_id),
        "list": [
            {
                "calendarId": ids.text(number),
                "url": url,
                "refreshed": clock.utc_date(refreshed_ms) if refreshed_ms else None,
                "error": error or None,
                "reason": reason or None,
            }
            for number, url, refreshed_ms, error, reason in rows
        ],
    }


async def _refresh(call: Call, number: int) -> None:
    async def work(unit: Unit) -> None:
        await feeds.proved(unit, call.principal, number)
        await feeds.plan(unit, call.account_id, number, clock.now_ms())

    await call.context.store.write(work)


METHODS = tuple(
    Method(name=name, capability=OWN_CAPABILITY, arguments=arguments, run=run, scope=SCOPE)
    for name, arguments, run in (
        ("CalendarEvent/import", ImportArguments, import_),
        ("Calendar/follow", SubscribeArguments, subscribe),
        ("Calendar/followed", FeedsArguments, followed),
    )
)
