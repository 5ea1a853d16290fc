"""Links with which a calendar is followed from elsewhere, without signing in. A link is good as long as who made it
may share the calendar; of what is private it shows nothing, or only when somebody is busy."""

from collections.abc import Sequence
from typing import Any

from parvis.access import directory, parts
from parvis.access.principal import Principal, Right
from parvis.calendar import calendars, draft, events, words
from parvis.calendar.draft import parsed
from parvis.calendar.model import SCOPE
from parvis.calendar.transfer import Files
from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound, OverQuota
from parvis.serve.context import Context
from parvis.serve.http.exchange import Request, Response, Route
from parvis.store.unit import Unit
from parvis.wire import contentlines
from parvis.wire.contentlines import Component
from parvis.wire.ical import calendar as ical
from parvis.wire.ical.whole import whole

MOST = 20
"""Links of one calendar."""
_LARGEST = 10_000_000


async def make(unit: Unit, principal: Principal, calendar_id: int, *, busy_only: bool) -> str:
    """Makes a link; returns its token. Raises NotFound, Forbidden, OverQuota."""
    _, calendar = await calendars.proved(unit, principal, calendar_id, Right.SHARE)
    if await unit.value("SELECT COUNT(*) FROM calendar_link WHERE calendar_id = ?", calendar_id) >= MOST:
        raise OverQuota(f"at most {MOST} links")
    token = ids.token()
    await unit.run(
        """INSERT INTO calendar_link (id, account_id, calendar_id, token, busy_only, created_by, created_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?)""",
        ids.new_id(),
        calendar.account_id,
        calendar_id,
        token,
        int(busy_only),
        principal.id,
        clock.now_ms(),
    )
    return token


async def of(db: Any, principal: Principal, account_id: int) -> list[dict[str, Any]]:
    """The links of an account's calendars that the principal may share."""
    allowed = [each.scope.id for each in await parts.readable(db, principal, account_id, SCOPE, Right.SHARE)]
    rows = await db.rows(
        "SELECT id, calendar_id, token, busy_only FROM calendar_link WHERE account_id = ? ORDER BY id", account_id
    )
    return [
        {"id": ids.text(number), "calendarId": ids.text(calendar), "token": token, "busyOnly": bool(busy)}
        for number, calendar, token, busy in rows
        if calendar in allowed
    ]


async def withdraw(unit: Unit, principal: Principal, number: int) -> None:
    """Ends a link. Raises NotFound, Forbidden."""
    calendar_id = await unit.value("SELECT calendar_id FROM calendar_link WHERE id = ?", number)
    if calendar_id is None:
        raise NotFound("no such link")
    await calendars.proved(unit, principal, calendar_id, Right.SHARE)
    await unit.run("DELETE FROM calendar_link WHERE id = ?", number)


class LinkDoor:
    """`/published/TOKEN.ics`: `/calendar/` is where the web client shows calendars"""

    def __init__(self, context: Context) -> None:
        self._store, self._files = context.store, Files(context.store)

    def routes(self) -> Sequence[Route]:
        """The route."""
        return [Route("GET", "/published/{token}", self.show, "open")]

    async def show(self, request: Request) -> Response:
        """The calendar of a link, as programs follow it."""
        db = self._store.db
        token = request.params["token"].removesuffix(".ics")
        row = await db.row("SELECT calendar_id, busy_only, created_by FROM calendar_link WHERE token = ?", token)
        if row is None:
            raise NotFound("no such calendar")
        calendar_id, busy_only, maker_id = row
        maker = await directory.by_id(db, maker_id)
        _, calendar = await calendars.proved(db, maker, calendar_id, Right.SHARE)
        if busy_only:
            content = await self._busy(calendar, words.BUSY[maker.language])
        else:
            content = await self._files.written(calendar_id, calendar.name, private=False)
        headers = [
            ("content-type", "text/calendar; charset=utf-8"),
            ("cache-control", "private, max-age=900"),
            ("x-robots-tag", "noindex"),
        ]
        return Response(200, content, headers)

    async def _busy(self, calendar: calendars.Row, word: str) -> bytes:
        """When somebody is busy from a month ago to a year ahead, and nothing else."""
        now = clock.now_ms()
        span = (now - 31 * 86_400_000, now + 366 * 86_400_000)
        components, zones, last, size = list[Component](), dict[str, Component](), 0, 0
        while rows := await events.within(self._store.db, calendar.id, *span, "", last, 200, secret=True):
            for row, data in rows:
                last = row.id
                series = draft.masked(parsed(row.etag, data), word)
                made = whole(series, Component("VCALENDAR"))
                zones |= {each.value("TZID"): each for each in made.components if each.name == "VTIMEZONE"}
                components += [_without_class(each) for each in made.components if each.name != "VTIMEZONE"]
                size += row.size
            if size > _LARGEST:
                break
        made = ical.new([*zones.values(), *components])
        made.properties.append(contentlines.Property("X-WR-CALNAME", contentlines.escape(calendar.name)))
        return ical.write(made)


def _without_class(given: Component) -> Component:
    """What is private is not told apart from the rest."""
    return Component(given.name, [each for each in given.properties if each.name != "CLASS"], given.components)
