"""Methods of our own for what strangers see: links that publish a calendar, and booking pages."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from parvis.calendar.model import OWN_CAPABILITY, SCOPE
from parvis.calendar.public import links, store
from parvis.calendar.public.store import Page
from parvis.kernel import clock, ids
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import Method
from parvis.serve.jmap.types import Arguments, Object
from parvis.store.unit import Unit

Minutes = Annotated[int, Meta(ge=0, le=10_080)]


class LinksArguments(Arguments):
    """What to make, what to end; without both only what is there."""

    account_id: str
    create: str | None = None
    """The id of a calendar."""
    busy_only: bool = False
    destroy: str | None = None


async def published(call: Call) -> Object:
    """The links of an account's calendars, after one was made or ended."""
    asked = call.arguments

    async def work(unit: Unit) -> None:
        if asked.create is not None:
            await links.make(unit, call.principal, call.number(asked.create) or 0, busy_only=asked.busy_only)
        if asked.destroy is not None:
            await links.withdraw(unit, call.principal, call.number(asked.destroy) or 0)

    if asked.create is not None or asked.destroy is not None:
        await call.context.store.write(work)
    db: Any = call.context.store.db
    found = await links.of(db, call.principal, call.account_id)
    base = call.exchange.origin or call.context.public_url
    return {
        "accountId": ids.text(call.account_id),
        "list": [each | {"url": f"{base}/published/{each.pop('token')}.ics"} for each in found],
    }


class PagesArguments(Arguments):
    """The pages of an account; `destroy` ends one first."""

    account_id: str
    destroy: str | None = None


async def pages(call: Call) -> Object:
    """The booking pages of one's own account."""
    if not call.access.owner:
        raise MethodError("forbidden", "these are their own")
    if (given := call.arguments.destroy) is not None:
        await call.context.store.write(lambda unit: store.remove(unit, call.principal, call.number(given) or 0))
    found = await store.of(call.context.store.db, call.account_id)
    return {"accountId": ids.text(call.account_id), "list": [_shown(call, each) for each in found]}


class PageArguments(Arguments, kw_only=True):
    """A new page, or with `id` one there is as it is to be. `hours` are by weekday (0 is Monday): from when to
    when, in minutes of the day."""

    account_id: str
    id: str | None = None
    calendar_id: str
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    about: Annotated[str, Meta(max_length=2000)] = ""
    place: Annotated[str, Meta(max_length=500)] = ""
    minutes: Annotated[int, Meta(ge=5, le=480)] = 30
    gap_minutes: Annotated[int, Meta(ge=0, le=240)] = 0
    notice_minutes: Minutes = 240
    days: Annotated[int, Meta(ge=1, le=90)] = 30
    most_a_day: Annotated[int, Meta(ge=0, le=100)] = 0
    time_zone: str = "Etc/UTC"
    hours: dict[str, list[tuple[int, int]]]
    hosts: Annotated[list[str], Meta(max_length=10)] = msgspec.field(default_factory=list)
    paused: bool = False
    """No times are shown."""


async def open_page(call: Call) -> Object:
    """Makes or changes a booking page; whoever has its address may book."""
    asked = call.arguments
    hosts = [call.number(each) for each in asked.hosts]
    if None in hosts:
        raise MethodError("invalidArguments", "no such principal", arguments=["hosts"])
    given = {name: getattr(asked, name) for name in PageArguments.__struct_fields__}
    known = [each for each in hosts if each is not None]

    calendar = call.number(asked.calendar_id) or 0

    async def work(unit: Unit) -> Page:
        if asked.id is None:
            return await store.make(unit, call.principal, calendar, given, known, asked.hours)
        number = call.number(asked.id) or 0
        return await store.change(unit, call.principal, number, calendar, given, known, asked.hours)

    made = await call.context.store.write(work)
    return {"accountId": ids.text(call.account_id), "page": _shown(call, made)}


def _shown(call: Call, page: Page) -> Object:
    base = call.exchange.origin or call.context.public_url
    return {
        "id": ids.text(page.id),
        "calendarId": ids.text(page.calendar_id),
        "url": f"{base}/book/{page.token}",
        "title": page.title,
        "about": page.about,
        "place": page.place,
        "minutes": page.minutes,
        "gapMinutes": page.gap_minutes,
        "noticeMinutes": page.notice_minutes,
        "days": page.days,
        "mostADay": page.most_a_day,
        "timeZone": page.time_zone,
        "hours": page.hours,
        "hosts": [ids.text(each) for each in page.hosts],
        "paused": page.paused,
    }


class BookingsArguments(Arguments):
    """A page."""

    account_id: str
    page_id: str


async def bookings(call: Call) -> Object:
    """Who booked on a page for today and later, the next first; each is an event."""
    db: Any = call.context.store.db
    page = await store.proved(db, call.principal, call.number(call.arguments.page_id) or 0)
    found = await store.bookings(db, page, clock.now_ms() - 86_400_000)
    return {
        "accountId": ids.text(call.account_id),
        "list": [
            {
                "id": ids.text(each.id),
                "eventId": ids.text(each.event_id),
                "utcStart": clock.utc_date(each.start_ms),
                "name": each.name,
                "email": each.guest,
            }
            for each in found
        ],
    }


METHODS = tuple(
    Method(name=name, capability=OWN_CAPABILITY, arguments=arguments, run=run, scope=SCOPE)
    for name, arguments, run in (
        ("Calendar/published", LinksArguments, published),
        ("Calendar/bookingPages", PagesArguments, pages),
        ("Calendar/openBookingPage", PageArguments, open_page),
        ("Calendar/bookings", BookingsArguments, bookings),
    )
)
