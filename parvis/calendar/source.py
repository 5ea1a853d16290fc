"""Events as search and the assistant read them: each is an item of its calendar, with one document. What is private
is not among them: search knows a calendar as a whole, and others may read it too."""

from collections.abc import AsyncIterator

from parvis.calendar import events
from parvis.calendar.draft import parsed
from parvis.calendar.model import EVENT
from parvis.kernel.knowledge import Document, Item, Origin
from parvis.search.newest import newest
from parvis.store.store import Store
from parvis.wire.contentlines import Component, Property
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.itip.message import organizer
from parvis.wire.ical.moments import Moment, of_property

_MOST_PEOPLE = 50
_LONGEST = 50_000


class EventSource:
    """Implements kernel.knowledge.Source."""

    kind = EVENT

    def __init__(self, store: Store) -> None:
        self._store = store

    async def item(self, account_id: int, object_id: int) -> Item | None:
        """The event, or None when it is gone or private."""
        found = await events.by_ids(self._store.db, account_id, [object_id])
        if not found or found[0][0].privacy:
            return None
        row, data = found[0]
        series = parsed(row.etag, data)
        written = text_of(series)
        return Item(
            account_id=account_id,
            scope_id=row.calendar_id,
            kind=EVENT,
            object_id=row.id,
            title=row.title,
            time_ms=row.start_ms,
            origin=await self._origin(account_id, series),
            author=_shown(owner) if (owner := series.first.first("ORGANIZER")) is not None else "",
            people=_people(series),
            documents=(Document.written("event", row.title, written),),
        )

    async def _origin(self, account_id: int, series: Series) -> Origin:
        """Who wrote it: whoever organizes it."""
        address = organizer(series).partition(":")[2]
        if not address:
            return "own"
        owner = await self._store.db.value("SELECT principal_id FROM address WHERE address = ?", address)
        if owner is None:
            return "outside"
        return "own" if owner == account_id else "colleague"

    def every(self, account_id: int) -> AsyncIterator[int]:
        """All events of an account, newest first."""
        return newest(self._store.db, "calendar_event", account_id)


def text_of(series: Series) -> str:
    """An event as text: what it is, when, where, what about; then its changed instances."""
    return "\n\n".join(_text(each, series) for each in series.components[:20])[:_LONGEST]


def _text(component: Component, series: Series) -> str:
    start = of_property(component, "DTSTART", series.zones)
    lines = [component.value("SUMMARY")]
    if start is not None:
        lines.append(_moment(start))
    lines += [each.text for each in component.every("LOCATION")]
    if people := [_shown(each) for each in component.every("ATTENDEE")[:_MOST_PEOPLE]]:
        lines.append(", ".join(people))
    lines += [component.value("DESCRIPTION")]
    return "\n".join(line for line in lines if line.strip())


def _moment(start: Moment) -> str:
    """A moment as every language reads it: the day, the time, the zone."""
    day = start.local.date().isoformat()
    if start.day:
        return day
    zone = f" ({start.zone.name})" if start.zone is not None else ""
    return f"{day} {start.local:%H:%M}{zone}"


def _shown(person: Property) -> str:
    address = person.value.strip().partition(":")[2] or person.value.strip()
    return f"{person.param('CN')} <{address}>" if person.param("CN") else address


def _people(series: Series) -> tuple[str, ...]:
    listed = (_shown(each) for one in series.components for each in one.every("ORGANIZER", "ATTENDEE"))
    return tuple(dict.fromkeys(listed))[:_MOST_PEOPLE]
