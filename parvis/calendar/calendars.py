"""Calendars: making, changing, destroying and finding them, and what each person has for themselves in one.
draft-ietf-jmap-calendars §4, RFC 4791 §5.2"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from parvis.access import gate, parts
from parvis.access.gate import Access
from parvis.access.principal import Principal, Right
from parvis.access.scopes import part_name
from parvis.calendar import words
from parvis.calendar.model import CALENDAR, MOST_CALENDARS, SCOPE
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, Forbidden, Invalid, NotFound, OverQuota
from parvis.kernel.languages import Language, fold
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit
from parvis.wire.ical.zones import UTC, Zone, zone

_COLUMNS = "c.id, c.account_id, c.slug, c.description, c.color, c.time_zone, c.is_default, c.created_ms, s.name"
_FROM = "calendar c JOIN scope s ON s.id = c.id"
_SLUG = re.compile(r"[a-z0-9]+")
_MOST_CHOSEN = 20_000
Chosen = dict[str, Any]
"""What a person has set for themselves, by JMAP's names."""


@dataclass(frozen=True, slots=True)
class Row:
    """A calendar as it is stored."""

    id: int
    account_id: int
    slug: str
    """The last segment of its path in CalDAV."""
    description: str
    color: str
    time_zone: str
    """IANA's name, or empty."""
    is_default: bool
    created_ms: int
    name: str

    @property
    def zone(self) -> Zone:
        """The zone of days and floating times."""
        return (zone(self.time_zone) if self.time_zone else None) or UTC


def _row(row: Sequence[Any]) -> Row:
    number, account_id, slug, description, color, time_zone, is_default, created_ms, name = row
    return Row(number, account_id, slug, description, color, time_zone, bool(is_default), created_ms, name)


async def by_ids(db: Any, numbers: Sequence[int]) -> dict[int, Row]:
    """These calendars, by id."""
    if not numbers:
        return {}
    rows = await db.rows(f"SELECT {_COLUMNS} FROM {_FROM} WHERE c.id IN {marks(len(numbers))}", *numbers)
    return {row[0]: _row(row) for row in rows}


async def by_slug(db: Any, account_id: int, slug: str) -> Row | None:
    """The calendar of this path in an account."""
    row = await db.row(f"SELECT {_COLUMNS} FROM {_FROM} WHERE c.account_id = ? AND c.slug = ?", account_id, slug)
    return None if row is None else _row(row)


async def default_of(db: Any, account_id: int) -> int | None:
    """The calendar that new events go into."""
    found = await db.value("SELECT id FROM calendar WHERE account_id = ? AND is_default = 1", account_id)
    return None if found is None else int(found)


async def provision(unit: Unit, account_id: int, language: Language) -> int:
    """Gives an account the calendar that it begins with, unless it has one. Returns its id."""
    present = await default_of(unit, account_id)
    if present is not None:
        return present
    return await create(unit, account_id, words.CALENDAR[language], is_default=True, slug="calendar")


async def create(
    unit: Unit,
    account_id: int,
    name: str,
    *,
    description: str = "",
    color: str = "",
    time_zone: str = "",
    is_default: bool = False,
    slug: str = "",
) -> int:
    """Makes a calendar, which is a part of the account. Returns its id. Raises OverQuota, Invalid, and Conflict
    when its path is taken."""
    count = await unit.value("SELECT COUNT(*) FROM calendar WHERE account_id = ?", account_id)
    if count >= MOST_CALENDARS:
        raise OverQuota(f"at most {MOST_CALENDARS} calendars")
    if slug and await by_slug(unit, account_id, slug) is not None:
        raise Conflict("a calendar is there", field="name")
    number = await gate.create_scope(unit, account_id, SCOPE, part_name(name))
    await unit.run(
        """INSERT INTO calendar (id, account_id, slug, description, color, time_zone, is_default, created_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        number,
        account_id,
        slug or await _free_slug(unit, account_id, name),
        description,
        color,
        zoned(time_zone),
        int(is_default),
        clock.now_ms(),
    )
    await unit.changed(account_id, CALENDAR, number, "created", part=number)
    return number


def zoned(name: str) -> str:
    """IANA's name of a zone as it is kept; empty for none. Raises Invalid."""
    if not name:
        return ""
    found = zone(name)
    if found is None or not found.iana:
        raise Invalid("this time zone is not known", field="timeZone")
    return found.iana


async def _free_slug(unit: Unit, account_id: int, name: str) -> str:
    slug = "-".join(_SLUG.findall(fold(name)))[:60] or "calendar"
    taken = await by_slug(unit, account_id, slug)
    return slug if taken is None else f"{slug}-{ids.text(ids.new_id())}"


async def change(unit: Unit, calendar: Row, values: Mapping[str, Any]) -> None:
    """Sets `name`, `description`, `color` or `time_zone` for everybody. Whoever calls has checked the right."""
    if "name" in values:
        await gate.rename_scope(unit, calendar.id, part_name(values["name"]))
    await unit.run(
        "UPDATE calendar SET description = ?, color = ?, time_zone = ? WHERE id = ?",
        values.get("description", calendar.description) or "",
        values.get("color", calendar.color) or "",
        zoned(values.get("time_zone", calendar.time_zone) or ""),
        calendar.id,
    )
    await touched(unit, calendar)


async def touched(unit: Unit, calendar: Row) -> None:
    """Notes that a calendar looks different."""
    await unit.changed(calendar.account_id, CALENDAR, calendar.id, "updated", part=calendar.id)


async def make_default(unit: Unit, account_id: int, number: int) -> list[int]:
    """Lets new events go into this calendar. Returns the calendars for which that changed."""
    calendar = (await by_ids(unit, [number])).get(number)
    before = await default_of(unit, account_id)
    if calendar is None or calendar.account_id != account_id or before == number:
        return []
    await unit.run(
        "UPDATE calendar SET is_default = CASE WHEN id = ? THEN 1 ELSE 0 END WHERE account_id = ?",
        number,
        account_id,
    )
    changed = [number, *([before] if before is not None else [])]
    for each in changed:
        await unit.changed(account_id, CALENDAR, each, "updated", part=each)
    return changed


async def chosen(db: Any, numbers: Sequence[int], principal_id: int) -> dict[int, Chosen]:
    """What a person has for themselves in these calendars."""
    if not numbers:
        return {}
    rows = await db.rows(
        f"""SELECT calendar_id, chosen FROM calendar_person WHERE principal_id = ?
        AND calendar_id IN {marks(len(numbers))}""",
        principal_id,
        *numbers,
    )
    return {number: msgspec.json.decode(text) for number, text in rows}


async def choose(unit: Unit, calendar: Row, principal_id: int, values: Chosen) -> None:
    """Sets what a person has for themselves; None takes it back. Raises Invalid when that is too much."""
    present = (await chosen(unit, [calendar.id], principal_id)).get(calendar.id, {})
    kept = {name: value for name, value in {**present, **values}.items() if value is not None}
    text = msgspec.json.encode(kept).decode()
    if len(text) > _MOST_CHOSEN:
        raise Invalid("these are too many alerts", field="defaultAlertsWithTime")
    await unit.run(
        """INSERT INTO calendar_person (calendar_id, principal_id, chosen) VALUES (?, ?, ?)
        ON CONFLICT (calendar_id, principal_id) DO UPDATE SET chosen = excluded.chosen""",
        calendar.id,
        principal_id,
        text,
    )
    await touched(unit, calendar)


async def proved(unit: Any, principal: Principal, number: int, right: Right = Right.READ) -> tuple[Access, Row]:
    """A calendar in which the principal has a right. Raises NotFound, Forbidden."""
    access = await parts.part(unit, principal, number, SCOPE, right)
    calendar = (await by_ids(unit, [number])).get(number)
    if calendar is None:
        raise NotFound("no such calendar")
    return access, calendar


async def writable(unit: Any, principal: Principal, number: int, right: Right = Right.WRITE) -> tuple[Access, Row]:
    """A calendar in which events may be made and changed: not one that follows a feed. Raises NotFound,
    Forbidden."""
    access, calendar = await proved(unit, principal, number, right)
    await not_fed(unit, number)
    return access, calendar


async def fed(db: Any, number: int) -> bool:
    """Whether a calendar shows what is published elsewhere."""
    return await db.value("SELECT 1 FROM calendar_feed WHERE calendar_id = ?", number) is not None


async def not_fed(unit: Any, number: int) -> None:
    """Raises Forbidden for a calendar that shows what is published elsewhere."""
    if await fed(unit, number):
        raise Forbidden("this calendar shows what is published elsewhere")


async def destroy(unit: Unit, principal: Principal, number: int) -> None:
    """Removes an empty calendar. Raises NotFound, Forbidden, and Conflict for the one that new events go into or
    that has events."""
    _, calendar = await proved(unit, principal, number, Right.DELETE | Right.SHARE)
    if calendar.is_default:
        raise Conflict("new events go into this calendar; choose another for them first", field="isDefault")
    if await unit.value("SELECT 1 FROM calendar_event WHERE calendar_id = ? LIMIT 1", number) is not None:
        raise Conflict("the calendar has events in it", reason="calendarHasEvent")
    for table in ("calendar_feed", "calendar_link"):
        await unit.run(f"DELETE FROM {table} WHERE calendar_id = ?", number)
    await unit.run(
        "DELETE FROM calendar_booking WHERE page_id IN (SELECT id FROM calendar_page WHERE calendar_id = ?)", number
    )
    await unit.run("DELETE FROM calendar_page WHERE calendar_id = ?", number)
    await unit.run("DELETE FROM calendar_person WHERE calendar_id = ?", number)
    await unit.run("DELETE FROM calendar WHERE id = ?", number)
    await gate.remove_scope(unit, number, principal)
    await unit.changed(calendar.account_id, CALENDAR, number, "destroyed", part=number)
