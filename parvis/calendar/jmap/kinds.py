"""What the room offers in JMAP."""

from collections.abc import Mapping, Sequence

import msgspec

from parvis.access import parts, visibility
from parvis.access.gate import Access
from parvis.access.principal import Right
from parvis.calendar import events, notices
from parvis.calendar.jmap import (
    availability,
    calendar,
    event,
    event_query,
    find_time,
    identity,
    instance,
    methods,
    parse,
    proposal,
    public,
    resources,
)
from parvis.calendar.model import (
    AVAILABILITY,
    CALENDAR,
    CALENDARS,
    MOST_EXPANDED_DAYS,
    MOST_PARTICIPANTS,
    NAMES,
    OWN_CAPABILITY,
    PARSING,
    SCOPE,
    Calendar,
    CalendarEvent,
    EventCondition,
)
from parvis.calendar.public import freebusy as published
from parvis.kernel import ids
from parvis.serve.feature import Capability
from parvis.serve.jmap import querying, reading
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.kind import Kind
from parvis.serve.jmap.shares import Shared
from parvis.serve.jmap.types import Object
from parvis.serve.jmap.writing import Setting
from parvis.wire.ical.zones import UTC, zone

_SHARED_WITH = frozenset({"individual", "group"})


def _account(access: Access) -> Object:
    """draft-ietf-jmap-calendars §1.5.1"""
    return {
        "maxCalendarsPerEvent": 1,
        "minDateTime": "0001-01-01T00:00:00Z",
        "maxDateTime": "9998-12-31T23:59:59Z",
        "maxExpandedQueryDuration": f"P{MOST_EXPANDED_DAYS}D",
        "maxParticipantsPerEvent": MOST_PARTICIPANTS,
        "mayCreateCalendar": access.arranges,
    }


async def _of_principals(call: Call, found: Sequence[Object]) -> list[Object]:
    """Whose calendars may be read, who may be asked when they are busy, whom calendars are shared with, and by
    which address they are invited. draft-ietf-jmap-calendars §2.1"""
    numbers = {each["id"]: ids.parse(each["id"]) or 0 for each in found}
    telling = await parts.available(call.db, call.principal, list(numbers.values()), SCOPE)
    busy = {access.scope.account_id for access in telling}
    readable = await parts.readable(call.db, call.principal, None, SCOPE)
    read = {access.scope.account_id for access in readable}
    return [
        {
            "accountId": each["id"] if numbers[each["id"]] in read else None,
            "mayGetAvailability": numbers[each["id"]] in busy,
            "mayShareWith": numbers[each["id"]] != call.principal.id and each["type"] in _SHARED_WITH,
        }
        | ({"calendarAddress": f"mailto:{each['email']}"} if each["email"] else {})
        for each in found
    ]


async def _get(call: Call) -> Result:
    """CalendarEvent/get, of instances too."""
    given = call.arguments.ids
    if given is None or not any(map(instance.split, given)):
        return await reading.get(EVENTS, call)
    plain, apart = instance.without_ids(call, given)
    wanted = call.arguments.properties
    bases = list(dict.fromkeys([*plain, *(base for base, _ in apart.values())]))
    whole = None if wanted is None else [*wanted, *_NEEDED]
    call.arguments = msgspec.structs.replace(call.arguments, ids=bases, properties=whole)
    answer = await reading.get(EVENTS, call)
    found = {each["id"]: each for each in answer["list"]}
    kept = await events.by_ids(
        call.db, call.account_id, [n for base in found if (n := ids.parse(base)) is not None]
    )
    rows = {ids.text(row.id): (row, data) for row, data in kept}
    shown: list[Object] = [found[each] for each in plain if each in found]
    missing = [each for each in plain if each not in found]
    for each, (base, key) in apart.items():
        made = instance.read(rows[base], found[base], key) if base in found and base in rows else None
        if made is None:
            missing.append(each)
        else:
            floating = zone(call.arguments.time_zone) or UTC
            shown.append(made | (event.computed(made, floating) if wanted and event.asks_utc(wanted) else {}))
    if wanted is not None:
        shown = [_only(each, wanted) for each in shown]
    return answer | {"list": shown, "notFound": missing}


_NEEDED = (
    "start",
    "timeZone",
    "duration",
    "recurrenceRule",
    "recurrenceOverrides",
    "showWithoutTime",
    "@type",
    "uid",
)


def _only(given: Mapping[str, object], wanted: list[str]) -> Object:
    return {name: value for name, value in given.items() if name in wanted or name == "id"}


async def _set(call: Call) -> Result:
    """CalendarEvent/set, of instances too."""
    call.arguments, changed, gone = instance.into_events(call.arguments)
    answer, _ = await Setting(EVENTS, call).perform()
    return instance.told(answer, changed, gone) if changed or gone else answer


async def _query(call: Call) -> Result:
    """CalendarEvent/query, expanded when that is asked for."""
    if call.arguments.expand_recurrences:
        return await event_query.expanded(call, querying.read_query(EVENTS, call))
    return await querying.query(EVENTS, call)


CAPABILITIES = (
    Capability(CALENDARS, SCOPE, account=_account, principals=_of_principals),
    Capability(PARSING, SCOPE),
    Capability(OWN_CAPABILITY, SCOPE),
    Capability(AVAILABILITY, "", account=lambda _: {"maxAvailabilityDuration": availability.DURATION}),
)
METHODS = (
    parse.METHOD,
    availability.METHOD,
    find_time.METHOD,
    published.METHOD,
    *resources.METHODS,
    *methods.METHODS,
    *public.METHODS,
)
EVENTS = Kind(
    record=CalendarEvent,
    scope=SCOPE,
    parts=True,
    open=True,
    read=event.read,
    prepare=event.prepare,
    create=event.create,
    update=event.update,
    destroy=event.destroy,
    copy=event.copy,
    query=event_query.query,
    condition=EventCondition,
    sorts=event_query.SORTS,
    check_sort=event_query.check_sort,
    get_arguments=event.EventGetArguments,
    set_arguments=event.EventSetArguments,
    query_arguments=event_query.EventQueryArguments,
    query_changes_arguments=event_query.EventQueryChangesArguments,
    rights={
        "create": Right.WRITE,
        "update": Right.WRITE | Right.RSVP | Right.UPDATE_PRIVATE,
        "destroy": Right.DELETE,
    },
    calculable=lambda question: not question.arguments.expand_recurrences,
    methods={"get": _get, "set": _set, "query": _query},
)
KINDS = (
    Kind(
        record=Calendar,
        scope=SCOPE,
        parts=True,
        read=calendar.read,
        create=calendar.create,
        update=calendar.update,
        destroy=calendar.destroy,
        after_set=calendar.after_set,
        set_arguments=calendar.CalendarSetArguments,
        rights={
            "create": Right.WRITE | Right.SHARE,
            "update": Right.READ | Right.WRITE | Right.SHARE,
            "destroy": Right.DELETE,
        },
        first=visibility.turn,
    ),
    EVENTS,
    identity.KIND,
    notices.KIND,
    proposal.KIND,
)
SHARES = (Shared(SCOPE, CALENDAR, NAMES),)
