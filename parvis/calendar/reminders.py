"""Alarms when they ring: by mail when the alert says so, and told to whoever listens. draft-ietf-jmap-calendars §6

Each event has at most one planned job: that of its next ring. A ring that comes late, as after the machine stood
still, is still told within a day; older ones are passed over."""

from typing import Any

from parvis.access import directory, parts
from parvis.access.principal import Principal
from parvis.calendar import events, letters, outgoing, words
from parvis.calendar.draft import parsed
from parvis.calendar.events import Row
from parvis.calendar.model import SCOPE
from parvis.kernel import clock, ids
from parvis.kernel.days import colon
from parvis.kernel.errors import Invalid, NotFound
from parvis.serve.context import Context
from parvis.serve.jmap.push.hub import PUSHED
from parvis.serve.post import Letter, Post
from parvis.store.jobs import Job
from parvis.store.unit import Unit
from parvis.wire.ical import alarms
from parvis.wire.ical.alarms import Ring
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.jscalendar import alerts
from parvis.wire.ical.jscalendar.from_ical import in_iana
from parvis.wire.ical.jscalendar.words import local
from parvis.wire.ical.span import Span

_LATE_MS = 86_400_000
_AT_ONCE = 20
_PAGE = 200


class Ringer:
    """Handles the jobs of kind `calendar-ring`."""

    def __init__(self, context: Context) -> None:
        self._context, self._store = context, context.store

    async def handle(self, job: Job) -> None:
        """Rings what is due of an event, and plans the next ring; an event that was changed has another job."""
        account_id, number, at_ms = (int(job.args[name]) for name in ("account", "event", "at"))
        person_id = int(job.args.get("person", account_id))
        found = await events.by_ids(self._store.db, account_id, [number])
        if not found or await _planned(self._store.db, number, account_id, person_id) != at_ms:
            return
        row, data = found[0]
        own, now = parsed(row.etag, data), max(clock.now_ms(), at_ms)
        person = await self._person(person_id)
        series = await self._series(row, own, person, person_id)
        due = alarms.rings(series, Span(max(at_ms, now - _LATE_MS), now + 1), _AT_ONCE) if series else []
        letters_ = (
            [await self._letter(person, each) for each in due if _by_mail(each)] if person is not None else []
        )

        async def work(unit: Unit) -> None:
            if await _planned(unit, number, account_id, person_id) != at_ms:
                return
            for each in due:
                unit.emit(person_id, PUSHED, {"object": _alert(row, each)})
            for sending in letters_:
                if sending is not None:
                    await sending(unit)
            await outgoing.ring_again(unit, row, own, person_id, now)

        await self._store.write(work)

    async def _series(self, row: Row, own: Series, person: Principal | None, person_id: int) -> Series | None:
        """The event with the alerts of whom it rings for; None when they may no longer read it."""
        db = self._store.db
        if person_id == row.account_id:
            return await outgoing.with_default_alerts(db, row, own)
        access = (
            (await parts.several(db, person, SCOPE, [row.calendar_id])).get(row.calendar_id) if person else None
        )
        if access is None or row.privacy:
            return None
        chosen = (await events.chosen(db, [row.id], person_id)).get(row.id, {})
        return await outgoing.with_own_alerts(db, row, own, person_id, chosen)

    async def plan(self, job: Job) -> None:
        """Plans the rings of a calendar's events anew, as its default alerts are others."""
        calendar_id, after = int(job.args["calendar"]), 0
        while page := await events.within(
            self._store.db, calendar_id, clock.now_ms(), None, "", after, _PAGE, secret=True
        ):
            after = page[-1][0].id
            others = await events.with_others(self._store.db, [row.id for row, _ in page])
            known = [(row, parsed(row.etag, data)) for row, data in page]
            wanted = [(row, series) for row, series in known if row.id in others or _by_default(series)]

            async def work(unit: Unit, planned: list[tuple[Row, Series]] = wanted) -> None:
                for row, series in planned:
                    if await unit.value("SELECT etag FROM calendar_event WHERE id = ?", row.id) == row.etag:
                        await outgoing.ring(unit, row, series)

            if wanted:
                await self._store.write(work)

    async def _person(self, account_id: int) -> Principal | None:
        try:
            return await directory.by_id(self._store.db, account_id)
        except NotFound:
            return None

    async def _letter(self, person: Principal, ring: Ring) -> Any:
        post = self._context.services.get(Post)
        if post is None or not person.address:
            return None
        title = ring.instance.component.value("SUMMARY") or words.UNTITLED[person.language]
        place = ring.instance.component.value("LOCATION")
        when = letters.when(ring.instance.start, ring.instance.end, person.language)
        after = colon(person.language)
        lines = [words.WHEN[person.language] + after + when]
        lines += [words.WHERE[person.language] + after + place[:500]] if place else []
        letter = Letter(
            account_id=person.id,
            to=(person.address,),
            subject=(words.REMINDER[person.language] + after + title)[:500],
            text="\n".join(lines) + "\n",
            answerable=False,
        )
        try:
            return await post.written(letter)
        except (Invalid, NotFound):
            return None


def _by_default(series: Series) -> bool:
    return any(alerts.by_default(each) for each in series.components)


async def _planned(db: Any, number: int, account_id: int, person_id: int) -> int | None:
    """When an event rings next for somebody."""
    if person_id == account_id:
        found = await db.value("SELECT ring_ms FROM calendar_event WHERE id = ?", number)
    else:
        found = await db.value(
            "SELECT ring_ms FROM calendar_event_person WHERE event_id = ? AND principal_id = ?", number, person_id
        )
    return None if found is None else int(found)


def _by_mail(ring: Ring) -> bool:
    return ring.alarm.value("ACTION").upper() == "EMAIL"


def _alert(row: Row, ring: Ring) -> dict[str, Any]:
    """draft-ietf-jmap-calendars §6.4"""
    original = ring.instance.recurrence_id
    return {
        "@type": "CalendarAlert",
        "accountId": ids.text(row.account_id),
        "calendarEventId": ids.text(row.id),
        "uid": row.uid,
        "recurrenceId": local(in_iana(original).local) if original is not None else None,
        "alertId": alerts.key(ring.alarm),
    }
