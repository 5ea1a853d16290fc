"""What the assistant may do with calendars, on a person's behalf and under that person's rights. What invites or
answers others leaves the account, and says so. trust.md SE-02"""

from collections.abc import Sequence
from typing import Any

import msgspec

from parvis.access import parts
from parvis.access.principal import Principal
from parvis.calendar import availability, calendars, draft, events, service
from parvis.calendar.draft import parsed
from parvis.calendar.events import Kept
from parvis.calendar.model import SCOPE
from parvis.calendar.source import text_of
from parvis.kernel import clock, ids
from parvis.kernel.errors import Forbidden, Invalid, NotFound
from parvis.kernel.knowledge import Tool
from parvis.serve import scheduling
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.ical import freebusy, jscalendar
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.expand import Budget
from parvis.wire.ical.jscalendar.words import Json
from parvis.wire.ical.recurrence import instances
from parvis.wire.ical.span import Span

_MOST = 100
_MOST_DAYS = 100
_MOST_PEOPLE = 50
_ANSWERS = frozenset({"accepted", "declined", "tentative"})


class Agenda(msgspec.Struct, kw_only=True, rename="camel"):
    """What is on between two times in UTC (RFC 3339), with words that it must have; in one account or in all."""

    start: str
    end: str
    text: str = ""
    account_id: str = ""


class CreateEvent(msgspec.Struct, kw_only=True, rename="camel"):
    """A new event; without a calendar in that which new events go into. `start` is local in `timeZone`. `invite`
    are addresses of people who get an invitation."""

    account_id: str
    title: str
    start: str
    duration: str = "PT1H"
    time_zone: str = "Etc/UTC"
    calendar_id: str = ""
    description: str = ""
    location: str = ""
    invite: list[str] = msgspec.field(default_factory=list)


class ChangeEvent(msgspec.Struct, kw_only=True, rename="camel"):
    """What to change of an event, with all its times; empty leaves as it is. Who is invited is told."""

    account_id: str
    event_id: str
    title: str = ""
    start: str = ""
    duration: str = ""
    description: str = ""
    location: str = ""


class Answer(msgspec.Struct, kw_only=True, rename="camel"):
    """The answer to an invitation: `accepted`, `declined` or `tentative`; it is sent to the organizer."""

    account_id: str
    event_id: str
    answer: str


class Free(msgspec.Struct, kw_only=True, rename="camel"):
    """When people (ids of principals) are busy between two times in UTC."""

    principal_ids: list[str]
    start: str
    end: str


class CalendarTools:
    """The tools over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> Sequence[Tool]:
        """Their declarations."""
        return (
            Tool("calendar.agenda", "Look into the agenda", Agenda, "read", self.agenda),
            Tool("calendar.busy", "See when people are busy", Free, "read", self.busy),
            Tool("calendar.create", "Add an event", CreateEvent, "outside", self.create),
            Tool("calendar.change", "Change an event", ChangeEvent, "outside", self.change),
            Tool("calendar.answer", "Answer an invitation", Answer, "outside", self.answer),
        )

    async def agenda(self, principal: Principal, given: Agenda) -> list[dict[str, Any]]:
        """Events in calendars that may be read, each time that they happen, in order; at most a hundred."""
        span = _span(given.start, given.end)
        account_id = _number(given.account_id) if given.account_id else None
        found, budget, words = list[tuple[int, dict[str, Any]]](), Budget(), draft.split(given.text)[:20]
        for access in await parts.readable(self._store.db, principal, account_id, SCOPE):
            calendar = access.scope.id
            page = await events.within(
                self._store.db, calendar, span.start_ms, span.end_ms, "", 0, 500, secret=access.owner
            )
            for row, data in page:
                if row.privacy and not access.owner:
                    continue
                series = parsed(row.etag, data)
                held = {word for _, word in draft.words(series)}
                if not all(any(each.startswith(word) for each in held) for word in words):
                    continue
                for each in instances(series, span.start_ms, span.end_ms, 50, budget=budget):
                    found.append((each.start_ms, _told((row, data)) | _when(each.start_ms, each.end_ms)))
        return [each for _, each in sorted(found, key=lambda one: one[0])[:_MOST]]

    async def busy(self, principal: Principal, given: Free) -> list[dict[str, Any]]:
        """Times that are taken, for each of the people; of whom nothing may be known it is said."""
        span, found = _span(given.start, given.end), list[dict[str, Any]]()
        for text in given.principal_ids[:_MOST_PEOPLE]:
            try:
                taken = await availability.of(self._store.db, principal, _number(text), span)
            except Forbidden:
                found.append({"principalId": text, "known": False})
                continue
            periods = freebusy.together([each.busy for each in taken])
            found.append(
                {
                    "principalId": text,
                    "known": True,
                    "busy": [_when(each.start_ms, each.end_ms) for each in periods],
                }
            )
        return found

    async def create(self, principal: Principal, given: CreateEvent) -> dict[str, Any]:
        """Adds an event, and invites. Raises NotFound, Forbidden, Invalid."""
        account_id, now = _number(given.account_id), clock.utc_date(clock.now_ms())
        said: Json = {
            "@type": "Event", "uid": ids.uuid(), "created": now, "updated": now, "title": given.title,
            "start": given.start, "duration": given.duration, "timeZone": given.time_zone,
        }  # fmt: skip
        said |= {"description": given.description} if given.description else {}
        said |= _located(given.location)

        async def work(unit: Unit) -> Kept:
            mine = sorted(await scheduling.me(unit, account_id))
            if given.invite:
                said["participants"] = _invited(given.invite, mine)
                said["organizerCalendarAddress"] = mine[0]
            number = (
                _number(given.calendar_id) if given.calendar_id else await calendars.default_of(unit, account_id)
            )
            if number is None:
                raise NotFound("there is no calendar")
            _, calendar = await calendars.proved(unit, principal, number)
            if calendar.account_id != account_id:
                raise NotFound("no such calendar")
            made = _made(said)
            return await service.create(unit, principal, number, made), made.data

        return _told(await self._store.write(work))

    async def change(self, principal: Principal, given: ChangeEvent) -> dict[str, Any]:
        """Changes an event. Raises NotFound, Forbidden, Invalid."""
        changes: Json = {
            name: value
            for name, value in (
                ("title", given.title),
                ("start", given.start),
                ("duration", given.duration),
                ("description", given.description),
            )
            if value
        }
        return await self._changed(principal, given.account_id, given.event_id, changes | _located(given.location))

    async def answer(self, principal: Principal, given: Answer) -> dict[str, Any]:
        """Answers an invitation. Raises NotFound, Forbidden, Invalid."""
        if given.answer not in _ANSWERS:
            raise Invalid("an answer is accepted, declined or tentative", field="answer")
        return await self._changed(principal, given.account_id, given.event_id, {}, given.answer)

    async def _changed(
        self, principal: Principal, account: str, event: str, changes: Json, answer: str = ""
    ) -> dict[str, Any]:
        account_id, number = _number(account), _number(event)

        async def work(unit: Unit) -> Kept:
            found, _ = await service.visible(unit, principal, account_id, number)
            before = parsed(found[0].etag, found[1])
            said = jscalendar.event(before) | changes
            if answer:
                said["participants"] = _answered(said, await scheduling.me(unit, account_id), answer)
            done = await service.replace(unit, principal, found, _made(said, before, found[1]))
            return found[0], done.draft.data

        return _told(await self._store.write(work))


def _number(given: str) -> int:
    number = ids.parse(given)
    if number is None:
        raise NotFound("no such thing")
    return number


def _span(start: str, end: str) -> Span:
    span = Span(clock.parse_utc(start), clock.parse_utc(end))
    if not 0 < span.end_ms - span.start_ms <= _MOST_DAYS * 86_400_000:
        raise Invalid(f"a time has a start before its end, at most {_MOST_DAYS} days apart", field="end")
    return span


def _made(said: Json, before: Any = None, data: bytes | None = None) -> draft.Draft:
    try:
        return draft.made(jscalendar.series(said, before), data)
    except BadCalendar as error:
        raise Invalid(error.sentence, field=str(error.fields.get("field") or "")) from error


def _located(place: str) -> Json:
    return {"locations": {"l": {"@type": "Location", "name": place}}} if place else {}


def _invited(addresses: Sequence[str], mine: Sequence[str]) -> Json:
    people: Json = {
        "o": {
            "calendarAddress": mine[0],
            "roles": {"owner": True, "attendee": True},
            "participationStatus": "accepted",
        }
    }
    for place, address in enumerate(addresses[:_MOST_PEOPLE]):
        people[f"i{place}"] = {
            "calendarAddress": f"mailto:{address}",
            "roles": {"attendee": True},
            "participationStatus": "needs-action",
            "expectReply": True,
        }
    return people


def _answered(said: Json, mine: frozenset[str], answer: str) -> Json:
    people = {key: dict(each) for key, each in (said.get("participants") or {}).items()}
    own = [key for key, each in people.items() if str(each.get("calendarAddress", "")).lower() in mine]
    if not own:
        raise Invalid("this account is not invited", field="eventId")
    people[own[0]]["participationStatus"] = answer
    return people


def _told(found: Kept) -> dict[str, Any]:
    row, data = found
    return {
        "eventId": ids.text(row.id),
        "accountId": ids.text(row.account_id),
        "calendarId": ids.text(row.calendar_id),
        "title": row.title,
        "text": text_of(parsed(row.etag, data))[:2_000],
    }


def _when(start_ms: int, end_ms: int) -> dict[str, str]:
    return {"start": clock.utc_date(start_ms), "end": clock.utc_date(end_ms)}
