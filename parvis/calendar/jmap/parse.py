"""CalendarEvent/parse. draft-ietf-jmap-calendars §5.14

Beside the draft, who asks for `faults` is told of a blob that cannot be taken in what is wrong, with its line (0:
all of it)."""

import asyncio

from parvis.calendar import transfer
from parvis.calendar.draft import LIMITS
from parvis.calendar.model import LARGEST, PARSING, SCOPE
from parvis.kernel import ids
from parvis.kernel.errors import Invalid, NotFound, TooLarge
from parvis.serve.jmap.blobs import Library
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import Method
from parvis.serve.jmap.types import Arguments, Object
from parvis.wire.contentlines import BadContent
from parvis.wire.ical import calendar, jscalendar

_MOST_BLOBS = 20
_MOST_EVENTS = 2_000


class ParseArguments(Arguments):
    """draft-ietf-jmap-calendars §5.14"""

    account_id: str
    blob_ids: list[str]
    properties: list[str] | None = None
    faults: bool = False


async def parse(call: Call) -> Object:
    """Blobs of iCalendar as events."""
    wanted = list(dict.fromkeys(call.arguments.blob_ids))
    if len(wanted) > _MOST_BLOBS:
        raise MethodError("requestTooLarge", f"at most {_MOST_BLOBS} blobs")
    library = call.context.need(Library)
    parsed, missing, wrong = dict[str, list[Object]](), list[str](), list[str]()
    faults: Object = {}
    for blob_id in wanted:
        try:
            blob = await library.find(call.principal, call.account_id, blob_id)
        except NotFound:
            missing.append(blob_id)
            continue
        if blob.size > LARGEST:
            wrong.append(blob_id)
            continue
        call.bring(blob.size)
        data = await blob.read()
        if call.arguments.faults and (fault := await asyncio.to_thread(_fault, data)) is not None:
            faults[blob_id] = fault
        try:
            found = await asyncio.to_thread(_events, data)
        except Invalid:
            wrong.append(blob_id)
            continue
        parsed[blob_id] = [_only(each, call.arguments.properties) for each in found]
    return {
        "accountId": ids.text(call.account_id),
        "parsed": parsed or None,
        "notFound": missing or None,
        "notParsable": wrong or None,
        "faults": faults or None,
    }


def _events(data: bytes) -> list[Object]:
    series = [each for one in calendar.read_all(data, LIMITS) for each in calendar.series_of(one).values()]
    found = [said for each in series[:_MOST_EVENTS] if each.kind == "VEVENT" for said in jscalendar.events(each)]
    if not found:
        raise Invalid("there is no event in it")
    return found


def _fault(data: bytes) -> Object | None:
    """What taking these bytes in would stumble over; None when it is only too much to be looked into here."""
    try:
        drafts, _ = transfer.read(data)
    except BadContent as error:
        return {"line": error.line, "description": error.reason}
    except TooLarge:
        return None
    return None if drafts else {"line": 0, "description": "there is no event in it"}


def _only(said: Object, wanted: list[str] | None) -> Object:
    ours: Object = dict.fromkeys(("id", "baseEventId", "calendarIds", "isDraft", "isOrigin"))
    whole = said | ours
    return whole if wanted is None else {name: whole.get(name) for name in wanted}


METHOD = Method(name="CalendarEvent/parse", capability=PARSING, arguments=ParseArguments, run=parse, scope=SCOPE)
