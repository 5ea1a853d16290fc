"""Booking pages and what was booked on them, in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from parvis.access.principal import Principal, Right
from parvis.calendar import calendars
from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid, NotFound, OverQuota
from parvis.kernel.languages import LANGUAGES, Language
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit

MOST_PAGES = 50
MOST_HOSTS = 10
MOST_COUNTED = 10_000
_MOVED_MS = 100 * 86_400_000
"""How much later than it was booked for something may be and is still found: pages go 90 days ahead."""
_COLUMNS = """p.id, p.account_id, p.calendar_id, p.token, p.title, p.about, p.place, p.minutes, p.gap_minutes,
    p.notice_minutes, p.days, p.most_a_day, p.time_zone, p.language, p.hours, p.hosts, p.created_by, p.paused"""
Hours = dict[str, list[tuple[int, int]]]
"""By weekday (`0` is Monday): from when to when, in minutes of the day."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page on which a time is booked."""

    id: int
    account_id: int
    calendar_id: int
    token: str
    title: str
    about: str
    place: str
    minutes: int
    gap_minutes: int
    """Kept free before and after."""
    notice_minutes: int
    """How long before at least."""
    days: int
    """How far ahead."""
    most_a_day: int
    """0 is any number."""
    time_zone: str
    language: Language
    hours: Hours
    hosts: tuple[int, ...]
    """Who takes part besides the calendar's owner: principals who are all to be free."""
    created_by: int
    paused: bool
    """It shows no times at present."""


_PLAIN = (
    "id", "account_id", "calendar_id", "token", "title", "about", "place", "minutes", "gap_minutes",
    "notice_minutes", "days", "most_a_day", "time_zone",
)  # fmt: skip


def _page(row: Sequence[Any]) -> Page:
    language: Language = next((each for each in LANGUAGES if each == row[13]), "en")
    hours = {day: [(int(a), int(b)) for a, b in spans] for day, spans in msgspec.json.decode(row[14]).items()}
    hosts = tuple(msgspec.json.decode(row[15]))
    plain: dict[str, Any] = dict(zip(_PLAIN, row, strict=False))
    return Page(**plain, language=language, hours=hours, hosts=hosts, created_by=row[16], paused=bool(row[17]))


async def by_token(db: Any, token: str) -> Page | None:
    """The page of a link."""
    row = await db.row(f"SELECT {_COLUMNS} FROM calendar_page p WHERE p.token = ?", token)
    return None if row is None else _page(row)


async def of(db: Any, account_id: int) -> list[Page]:
    """The pages of an account."""
    rows = await db.rows(f"SELECT {_COLUMNS} FROM calendar_page p WHERE p.account_id = ? ORDER BY p.id", account_id)
    return [_page(row) for row in rows]


_GIVEN = (
    "title", "about", "place", "minutes", "gap_minutes", "notice_minutes", "days", "most_a_day",
)  # fmt: skip


async def make(
    unit: Unit, principal: Principal, calendar_id: int, given: Mapping[str, Any], hosts: Sequence[int], hours: Hours
) -> Page:
    """Makes a page for one's own calendar (or that of a space). Raises NotFound, Forbidden, Invalid, OverQuota."""
    account_id, values = await _checked(unit, principal, calendar_id, given, hosts, hours)
    if await unit.value("SELECT COUNT(*) FROM calendar_page WHERE account_id = ?", account_id) >= MOST_PAGES:
        raise OverQuota(f"at most {MOST_PAGES} pages")
    number, token = ids.new_id(), ids.token(18)
    names = ", ".join(values)
    await unit.run(
        f"""INSERT INTO calendar_page (id, account_id, token, language, created_by, created_ms, {names})
        VALUES {marks(len(values) + 6)}""",
        number,
        account_id,
        token,
        principal.language,
        principal.id,
        clock.now_ms(),
        *values.values(),
    )
    return await _by_id(unit, number)


async def change(
    unit: Unit,
    principal: Principal,
    number: int,
    calendar_id: int,
    given: Mapping[str, Any],
    hosts: Sequence[int],
    hours: Hours,
) -> Page:
    """Gives a page other words, hours and rules; its address and what was booked stay. Whoever changes it is from
    now on who makes the events. Raises NotFound, Forbidden, Invalid."""
    before = await proved(unit, principal, number)
    account_id, values = await _checked(unit, principal, calendar_id, given, hosts, hours)
    if account_id != before.account_id:
        raise Invalid("a page stays in its account", field="calendarId")
    pairs = ", ".join(f"{name} = ?" for name in (*values, "created_by"))
    await unit.run(f"UPDATE calendar_page SET {pairs} WHERE id = ?", *values.values(), principal.id, number)
    return await _by_id(unit, number)


async def _by_id(db: Any, number: int) -> Page:
    row = await db.row(f"SELECT {_COLUMNS} FROM calendar_page p WHERE p.id = ?", number)
    if row is None:
        raise NotFound("no such page")
    return _page(row)


async def _checked(
    unit: Unit, principal: Principal, calendar_id: int, given: Mapping[str, Any], hosts: Sequence[int], hours: Hours
) -> tuple[int, dict[str, Any]]:
    """The account of a page, and its columns."""
    _, calendar = await calendars.proved(unit, principal, calendar_id, Right.SHARE | Right.WRITE)
    if len(hosts) > MOST_HOSTS:
        raise Invalid(f"at most {MOST_HOSTS} hosts", field="hosts")
    _check_hours(hours)
    values = {name: given[name] for name in _GIVEN} | {
        "calendar_id": calendar_id,
        "time_zone": calendars.zoned(given["time_zone"]),
        "paused": int(given["paused"]),
        "hours": msgspec.json.encode(hours).decode(),
        "hosts": msgspec.json.encode(list(hosts)).decode(),
    }
    return calendar.account_id, values


def _check_hours(hours: Hours) -> None:
    for day, spans in hours.items():
        if day not in {"0", "1", "2", "3", "4", "5", "6"} or len(spans) > 10:
            raise Invalid("hours are by weekday, 0 to 6", field="hours")
        if any(not 0 <= start < end <= 1440 for start, end in spans):
            raise Invalid("hours are minutes of a day, from before to", field="hours")


async def remove(unit: Unit, principal: Principal, number: int) -> None:
    """Ends a page; what was booked stays. Raises NotFound, Forbidden."""
    await proved(unit, principal, number)
    await unit.run("DELETE FROM calendar_booking WHERE page_id = ?", number)
    await unit.run("DELETE FROM calendar_page WHERE id = ?", number)


MOST_BOOKINGS = 200


@dataclass(frozen=True, slots=True)
class Booking:
    """What was booked."""

    id: int
    page_id: int
    event_id: int
    token: str
    guest: str
    """Their address."""
    name: str
    start_ms: int
    """When it begins: as the event says, which its owner may have moved."""


_BOOKING = """b.id, b.page_id, b.event_id, b.token, b.guest, b.name, e.start_ms
    FROM calendar_booking b JOIN calendar_event e ON e.id = b.event_id"""


async def booking(db: Any, page: Page, token: str) -> Booking | None:
    """What a guest booked, as long as it is in the calendar."""
    row = await db.row(f"SELECT {_BOOKING} WHERE b.token = ? AND b.page_id = ?", token, page.id)
    return None if row is None else Booking(*row)


async def bookings(db: Any, page: Page, from_ms: int) -> list[Booking]:
    """What was booked for `from_ms` and later, the next first."""
    rows = await db.rows(
        f"""SELECT {_BOOKING} WHERE b.page_id = ? AND b.start_ms >= ? AND e.start_ms >= ?
        ORDER BY e.start_ms, b.id LIMIT {MOST_BOOKINGS}""",
        page.id,
        from_ms - _MOVED_MS,
        from_ms,
    )
    return [Booking(*row) for row in rows]


async def proved(db: Any, principal: Principal, number: int) -> Page:
    """A page, for who may change it. Raises NotFound, Forbidden."""
    page = await _by_id(db, number)
    await calendars.proved(db, principal, page.calendar_id, Right.SHARE | Right.WRITE)
    return page


async def book(unit: Unit, page: Page, event_id: int, name: str, guest: str, start_ms: int) -> Booking:
    """Notes what was booked."""
    made = Booking(ids.new_id(), page.id, event_id, ids.token(18), guest, name, start_ms)
    await unit.run(
        """INSERT INTO calendar_booking
        (id, account_id, page_id, event_id, token, guest, name, start_ms, created_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        made.id,
        page.account_id,
        page.id,
        event_id,
        made.token,
        guest,
        name,
        start_ms,
        clock.now_ms(),
    )
    return made


async def moved(unit: Unit, found: Booking, start_ms: int) -> None:
    """A booking at another time."""
    await unit.run("UPDATE calendar_booking SET start_ms = ? WHERE id = ?", start_ms, found.id)


async def forget(unit: Unit, found: Booking) -> None:
    """A booking that was cancelled."""
    await unit.run("DELETE FROM calendar_booking WHERE id = ?", found.id)


async def booked(db: Any, page: Page, start_ms: int, end_ms: int) -> list[int]:
    """When bookings of a page begin."""
    rows = await db.rows(
        f"""SELECT e.start_ms FROM calendar_booking b JOIN calendar_event e ON e.id = b.event_id
        WHERE b.page_id = ? AND b.start_ms >= ? AND e.start_ms >= ? AND e.start_ms < ? LIMIT {MOST_COUNTED}""",
        page.id,
        start_ms - _MOVED_MS,
        start_ms,
        end_ms,
    )
    return [row[0] for row in rows]
