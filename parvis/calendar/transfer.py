"""Calendars as files: taken in whole or not at all, and given out as one .ics. RFC 5545 §3.4"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from parvis.access.principal import Principal
from parvis.calendar import calendars, draft, events
from parvis.calendar.draft import Draft, parsed
from parvis.calendar.model import SCOPE
from parvis.kernel.errors import NotFound, TooLarge
from parvis.serve.jmap.blobs import Blob, Library, part_of
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire import contentlines
from parvis.wire.contentlines import BadContent, Component, Limits
from parvis.wire.ical import calendar as ical
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.whole import whole

LETTER = "w"
"""Blob ids of whole calendars: `w` and the calendar's id."""
MOST = 10_000
"""Events of one file."""
_FILE = Limits(bytes=30_000_000, lines=1_000_000, depth=6, components=100_000, properties=1_000_000, params=64)
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file."""

    created: list[int]
    skipped: int
    """Events whose UID the account has already, and what are no events."""


def read(data: bytes) -> tuple[list[Draft], int]:
    """The events of a file, and how much else is in it. Raises BadContent with the line of the first thing that is
    wrong, TooLarge."""
    if len(data) > _FILE.bytes:
        raise TooLarge(f"a file has at most {_FILE.bytes} bytes", limit=_FILE.bytes)
    try:
        found = ical.read_all(data, _FILE)
    except BadCalendar as error:
        raise BadContent(1, error.sentence) from error
    drafts, others = list[Draft](), 0
    for each in found:
        for series in ical.series_of(each).values():
            if series.kind != "VEVENT":
                others += 1
                continue
            if len(drafts) >= MOST:
                raise TooLarge(f"a file has at most {MOST} events", limit=MOST)
            drafts.append(_draft(series, each))
    return drafts, others


def _draft(series: Series, around: Component) -> Draft:
    try:
        return draft.made(series, zones_of=around)
    except (BadCalendar, TooLarge) as error:
        field = str(error.fields.get("field") or "")
        raise BadContent(_line(series, field), error.sentence) from error


def _line(series: Series, field: str) -> int:
    """Where something is wrong: the property, else where the event begins."""
    every = [each for component in series.components for each in component.properties if each.line]
    return next((each.line for each in every if each.name == field), every[0].line if every else 1)


async def take_in(
    store: Store, principal: Principal, account_id: int, calendar_id: int | None, drafts: list[Draft]
) -> Imported:
    """Keeps the events of a file in one unit; those that are there already stay as they are, so that the same file
    can come again. Nobody is told. Raises NotFound, Forbidden, OverQuota."""
    number = calendar_id if calendar_id is not None else await calendars.default_of(store.db, account_id)
    if number is None:
        raise NotFound("there is no calendar")
    target = number

    async def work(unit: Unit) -> Imported:
        _, found = await calendars.writable(unit, principal, target)
        if found.account_id != account_id:
            raise NotFound("no such calendar")
        created, seen = list[int](), set[str]()
        for each in drafts:
            if each.uid in seen or await events.by_uid(unit, account_id, each.uid) is not None:
                continue
            seen.add(each.uid)
            created.append((await events.insert(unit, account_id, target, each)).id)
        return Imported(created, len(drafts) - len(created))

    return await store.write(work)


class Files:
    """Whole calendars as blobs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def resolve(self, library: Library, principal: Principal, account_id: int, given: str) -> Blob | None:
        """A calendar as a file, for whoever may read it; of what is private others get nothing."""
        access = await part_of(self._store.db, principal, account_id, given, SCOPE)
        if access is None:
            return None
        content = await self.written(access.scope.id, access.scope.name, private=access.owner)

        async def stream(start: int, end: int | None) -> AsyncIterator[bytes]:
            yield content[start : len(content) if end is None else end]

        return Blob(given, len(content), "text/calendar", stream)

    async def written(self, calendar_id: int, name: str, *, private: bool) -> bytes:
        """A calendar as one object, each zone once. Raises TooLarge."""
        zones, components, last, size = dict[str, Component](), list[Component](), 0, 0
        while rows := await events.within(self._store.db, calendar_id, None, None, "", last, _PAGE, secret=private):
            for row, data in rows:
                last, size = row.id, size + len(data)
                if size > _FILE.bytes:
                    raise TooLarge("this calendar is too large for one file", limit=_FILE.bytes)
                if row.privacy and not private:
                    continue
                made = whole(parsed(row.etag, data), ical.read(data))
                zones |= {each.value("TZID"): each for each in made.components if each.name == "VTIMEZONE"}
                components += [each for each in made.components if each.name != "VTIMEZONE"]
        made = ical.new([*zones.values(), *components])
        made.properties.append(contentlines.Property("X-WR-CALNAME", contentlines.escape(name)))
        return ical.write(made)
