"""Whether a resource is free for what it is asked for, and its answer in an event."""

from parvis.calendar import calendars, events
from parvis.calendar.draft import parsed
from parvis.calendar.events import Kept
from parvis.kernel import clock
from parvis.store.unit import Unit
from parvis.wire.contentlines import Component
from parvis.wire.ical import freebusy
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.expand import Budget
from parvis.wire.ical.recurrence import instances
from parvis.wire.ical.zones import MAX_MS

_HORIZON_MS = 2 * 366 * 86_400_000
"""How far ahead what recurs is compared."""
_MOST_OTHERS = 2_000
_MOST_INSTANCES = 400


def answered(series: Series, mine: frozenset[str], word: str) -> Series:
    """The event with the answer of whom `mine` are the addresses."""

    def said(given: Component) -> Component:
        changed = [
            each.changed(params={**each.params, "PARTSTAT": [word]})
            if each.name == "ATTENDEE" and each.value.strip().lower() in mine
            else each
            for each in given.properties
        ]
        return Component(given.name, changed, given.components)

    return series.with_components([said(each) for each in series.components])


async def is_free(unit: Unit, account_id: int, found: Kept, mine: frozenset[str]) -> bool:
    """Whether nothing else that was accepted overlaps, up to two years ahead."""
    row, data = found
    begin = max(row.first_ms, clock.now_ms() - 86_400_000)
    end = min(row.last_ms, begin + _HORIZON_MS, MAX_MS)
    if end < begin:
        return True
    calendar_id = await calendars.default_of(unit, account_id)
    if calendar_id is None:
        return False
    # one answer at a time: two that overlap are not both accepted
    await unit.run("UPDATE calendar SET held = held WHERE id = ?", calendar_id)
    wanted = instances(parsed(row.etag, data), begin, end + 1, _MOST_INSTANCES)
    others = await events.within(unit, calendar_id, begin, end, "", 0, _MOST_OTHERS, secret=True)
    budget = Budget()
    for other, content in others:
        if other.id == row.id:
            continue
        held = instances(parsed(other.etag, content), begin, end + 1, _MOST_INSTANCES, budget=budget)
        taken = [each for each in held if freebusy.kind_of(each.component, mine) == "BUSY"]
        if any(one.start_ms < each.end_ms and each.start_ms < one.end_ms for one in wanted for each in taken):
            return False
    return True
