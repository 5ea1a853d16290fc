"""Principal/getAvailability. draft-ietf-jmap-calendars §2.2"""

from typing import Any

from parvis.access import directory
from parvis.calendar import availability
from parvis.calendar.availability import MOST_DAYS, Taken
from parvis.calendar.draft import parsed
from parvis.calendar.jmap import event, instance
from parvis.calendar.model import AVAILABILITY
from parvis.kernel import clock, ids
from parvis.kernel.errors import Forbidden, NotFound, TooLarge
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import OWN, Method
from parvis.serve.jmap.types import Arguments, Object, UTCDate
from parvis.wire.ical import freebusy
from parvis.wire.ical.jscalendar.from_ical import in_iana
from parvis.wire.ical.jscalendar.words import local
from parvis.wire.ical.span import Span

STATUS = {"BUSY": "confirmed", "BUSY-TENTATIVE": "tentative", "BUSY-UNAVAILABLE": "unavailable"}


class AvailabilityArguments(Arguments):
    """draft-ietf-jmap-calendars §2.2"""

    account_id: str
    id: str
    utc_start: UTCDate
    utc_end: UTCDate
    show_details: bool = False
    event_properties: list[str] | None = None


async def get(call: Call) -> Object:
    """When somebody is busy."""
    asked = call.arguments
    number = call.number(asked.id)
    db: Any = call.context.store.db
    try:
        if number is None:
            raise NotFound("no such principal")
        await directory.by_id(db, number)
    except NotFound as error:
        raise MethodError("notFound", error.sentence) from error
    span = Span(clock.parse_utc(asked.utc_start), clock.parse_utc(asked.utc_end))
    if span.end_ms <= span.start_ms:
        raise MethodError("invalidArguments", "it ends before it starts")
    try:
        found = await availability.of(db, call.principal, number, span)
    except Forbidden as error:
        raise MethodError("forbidden", error.sentence) from error
    except TooLarge as error:
        raise MethodError("tooLarge", error.sentence) from error
    shown = [_period(each.busy, _event(call, each, number)) for each in found if asked.show_details and each.event]
    hidden = [each.busy for each in found if not (asked.show_details and each.event)]
    return {"list": [*shown, *(_period(each, None) for each in freebusy.together(hidden))]}


def _period(busy: freebusy.Busy, shown: tuple[Object, str] | None) -> Object:
    return {
        "utcStart": clock.utc_date(busy.start_ms),
        "utcEnd": clock.utc_date(busy.end_ms),
        "busyStatus": STATUS[busy.kind],
        "event": shown[0] if shown else None,
        "accountId": shown[1] if shown else None,
    }


def _event(call: Call, taken: Taken, account_id: int) -> tuple[Object, str]:
    assert taken.event is not None and taken.instance is not None
    row, data = taken.event
    series = parsed(row.etag, data)
    said = event.shown(series, frozenset())
    if call.principal.id != account_id:
        said = {name: value for name, value in said.items() if name not in ("alerts", "useDefaultAlerts")}
    said |= event.ours(row, series, frozenset())
    if taken.instance.recurrence_id is not None:
        key = local(in_iana(taken.instance.recurrence_id).local)
        said = instance.alone(said, key) | {"id": instance.text(row.id, key), "baseEventId": ids.text(row.id)}
    wanted = call.arguments.event_properties
    shown = said if wanted is None else {name: said[name] for name in wanted if name in said}
    return shown, ids.text(account_id)


METHOD = Method(
    name="Principal/getAvailability", capability=AVAILABILITY, arguments=AvailabilityArguments, run=get, scope=OWN
)
DURATION = f"P{MOST_DAYS}D"
