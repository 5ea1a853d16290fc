"""CalendarEventNotification: what somebody else did to one's events. draft-ietf-jmap-calendars §7

A notice belongs to the account of the event; it is its owner's, and shared with nobody."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import msgspec

from parvis.access.principal import Principal, Right
from parvis.calendar.draft import Draft, parsed
from parvis.calendar.events import Kept, Row
from parvis.calendar.model import CALENDARS, SCOPE
from parvis.kernel import clock, ids
from parvis.kernel.records import Record, ServerSet
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import SetError
from parvis.serve.jmap.filters import compiled
from parvis.serve.jmap.kind import Kind, Query
from parvis.serve.jmap.types import Object
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit
from parvis.wire.ical import itip, jscalendar
from parvis.wire.ical.itip.message import organizer
from parvis.wire.ical.jscalendar import patch

KIND_NAME = "CalendarEventNotification"
MOST = 500
"""Notices of an account; the oldest go."""
_LONGEST = 100_000
Type = Literal["created", "updated", "destroyed"]


class CalendarEventNotification(Record, kw_only=True):
    """draft-ietf-jmap-calendars §7.1"""

    kind: ClassVar[str] = KIND_NAME
    capability: ClassVar[str] = CALENDARS
    id: ServerSet[str] = ""
    created: ServerSet[str] = ""
    changed_by: ServerSet[dict[str, Any]] = msgspec.field(default_factory=dict)
    comment: ServerSet[str | None] = None
    type: ServerSet[str] = ""
    calendar_event_id: ServerSet[str] = ""
    is_draft: ServerSet[bool] = False
    event: ServerSet[dict[str, Any] | None] = None
    event_patch: ServerSet[dict[str, Any] | None] = None


class Condition(msgspec.Struct, kw_only=True, rename="camel"):
    """draft-ietf-jmap-calendars §7.5"""

    after: str | None = None
    before: str | None = None
    type: str | None = None
    calendar_event_ids: list[str] | None = None


async def add(
    unit: Unit,
    row: Row,
    kind: Type,
    message: itip.Message | None,
    by: Principal | None,
    before: Kept | None,
    after: Draft | None,
) -> None:
    """Notes what was done to an event, by whom; of a very long event only that."""
    said = jscalendar.event(parsed(before[0].etag, before[1])) if before is not None else None
    new = jscalendar.event(after.series) if after is not None else None
    change = patch.difference(said, new) if said is not None and new is not None else {}
    shown = said if said is not None else new
    name, email = _who(message, by)
    number, texts = ids.new_id(), [msgspec.json.encode(each).decode() for each in (shown, change)]
    await unit.run(
        f"""INSERT INTO calendar_notice (id, account_id, calendar_id, event_id, type, created_ms, name, email,
        principal_id, comment, event, patch) VALUES {marks(12)}""",
        number,
        row.account_id,
        row.calendar_id,
        row.id,
        kind,
        clock.now_ms(),
        name[:200],
        email[:300],
        by.id if by is not None else 0,
        message.series.first.value("COMMENT")[:2_000] if message is not None else "",
        *(text if len(text) <= _LONGEST else "null" for text in texts),
    )
    await unit.changed(row.account_id, KIND_NAME, number, "created", part=row.calendar_id)
    await _trim(unit, row.account_id)


def _who(message: itip.Message | None, by: Principal | None) -> tuple[str, str]:
    if by is not None:
        return by.name, by.address
    if message is None:
        return "", ""
    speaker = next(iter(sorted(itip.speakers(message))), organizer(message.series))
    address = speaker.partition(":")[2]
    named = (each for one in message.series.components for each in one.every("ORGANIZER", "ATTENDEE"))
    name = next(
        (each.param("CN") for each in named if each.value.strip().lower() == speaker and each.param("CN")), ""
    )
    return name or address, address


async def _trim(unit: Unit, account_id: int) -> None:
    rows = await unit.rows(
        "SELECT id, calendar_id FROM calendar_notice WHERE account_id = ? ORDER BY id DESC LIMIT 10 OFFSET ?",
        account_id,
        MOST,
    )
    for number, calendar_id in rows:
        await _remove(unit, account_id, number, calendar_id)


async def _remove(unit: Unit, account_id: int, number: int, calendar_id: int) -> None:
    await unit.run("DELETE FROM calendar_notice WHERE id = ?", number)
    await unit.changed(account_id, KIND_NAME, number, "destroyed", part=calendar_id)
    await unit.left(account_id, KIND_NAME, number, calendar_id)


async def read(call: Call, numbers: Sequence[int] | None, wanted: frozenset[str]) -> list[Object]:
    """The notices of one's own account."""
    if not call.access.owner:
        return []
    some = f"AND id IN {marks(len(numbers))}" if numbers is not None else ""
    rows = await call.db.rows(
        f"""SELECT id, event_id, type, created_ms, name, email, principal_id, comment, event, patch
        FROM calendar_notice WHERE account_id = ? {some} ORDER BY id DESC LIMIT ?""",
        call.account_id,
        *(numbers or ()),
        MOST + 1,
    )
    return [_shown(row) for row in rows]


def _shown(row: Sequence[Any]) -> Object:
    number, event_id, kind, created_ms, name, email, principal_id, comment, event, change = row
    return {
        "id": ids.text(number),
        "created": clock.utc_date(created_ms),
        "changedBy": {
            "name": name,
            "email": email or None,
            "principalId": ids.text(principal_id) if principal_id else None,
            "calendarAddress": f"mailto:{email}" if email else None,
        },
        "comment": comment or None,
        "type": kind,
        "calendarEventId": ids.text(event_id),
        "isDraft": False,
        "event": msgspec.json.decode(event),
        "eventPatch": msgspec.json.decode(change) if kind == "updated" else None,
    }


async def destroy(call: Call, unit: Unit, number: int) -> None:
    """Dismisses a notice."""
    found = await unit.value(
        "SELECT calendar_id FROM calendar_notice WHERE id = ? AND account_id = ?", number, call.account_id
    )
    if found is None or not call.access.owner:
        raise SetError("notFound")
    await _remove(unit, call.account_id, number, found)


async def query(call: Call, question: Query) -> list[int]:
    """The notices of one's own account, newest first unless asked otherwise."""
    if not call.access.owner:
        return []
    where, parameters = compiled(question.filter, lambda asked: _condition(call, asked))
    ascending = bool(question.sort) and question.sort[0].is_ascending
    rows = await call.db.rows(
        f"""SELECT id FROM calendar_notice WHERE account_id = ? AND {where}
        ORDER BY created_ms {"ASC" if ascending else "DESC"}, id {"ASC" if ascending else "DESC"}""",
        call.account_id,
        *parameters,
    )
    return [row[0] for row in rows]


def _condition(call: Call, asked: Condition) -> tuple[str, list[Any]]:
    found: list[tuple[str, list[Any]]] = []
    if asked.after is not None:
        found.append(("created_ms >= ?", [clock.parse_utc(asked.after)]))
    if asked.before is not None:
        found.append(("created_ms < ?", [clock.parse_utc(asked.before)]))
    if asked.type is not None:
        found.append(("type = ?", [asked.type]))
    if asked.calendar_event_ids is not None:
        numbers = [call.number(each) or 0 for each in asked.calendar_event_ids[:500]]
        found.append((f"event_id IN {marks(len(numbers))}" if numbers else "1 = 0", list(numbers)))
    if not found:
        return "1 = 1", []
    return " AND ".join(sql for sql, _ in found), [value for _, values in found for value in values]


KIND = Kind(
    record=CalendarEventNotification,
    scope=SCOPE,
    parts=True,
    sees=Right.SHARE,
    read=read,
    destroy=destroy,
    query=query,
    condition=Condition,
    sorts=frozenset({"created"}),
)
