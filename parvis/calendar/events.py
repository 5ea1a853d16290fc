"""Events as rows: their SQL. Nothing here asks for rights. RFC 4791 §4.1"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from parvis.calendar.draft import Draft
from parvis.calendar.model import EVENT, MOST_EVENTS, PROPOSAL
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, NotFound, OverQuota
from parvis.serve.jmap.blobs import unlink
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit
from parvis.wire.ical import managed
from parvis.wire.ical.calendar import Series

ROW = """e.id, e.account_id, e.calendar_id, e.uid, e.name, e.first_ms, e.last_ms, e.start_ms, e.exact, e.privacy,
e.draft, e.title,     e.etag, e.schedule_tag, e.size, e.created_ms, e.modified_ms, e.ring_ms"""
_WITH_DATA = f"SELECT {ROW}, o.data FROM calendar_event e JOIN calendar_object o ON o.event_id = e.id"
SECRET = 2
ATTACHMENT = "CalendarAttachment"
"""The kind of the blob links of attachments."""


@dataclass(frozen=True, slots=True)
class Row:
    """An event as the index has it."""

    id: int
    account_id: int
    calendar_id: int
    uid: str
    name: str
    """The last segment of its path in CalDAV."""
    first_ms: int
    last_ms: int
    start_ms: int
    exact: int
    privacy: int
    draft: int
    title: str
    etag: str
    schedule_tag: str
    size: int
    created_ms: int
    modified_ms: int
    ring_ms: int


Kept = tuple[Row, bytes]
"""An event with its bytes."""


def _kept(row: Sequence[Any]) -> Kept:
    return Row(*row[:-1]), bytes(row[-1])


async def by_ids(db: Any, account_id: int, numbers: Sequence[int]) -> list[Kept]:
    """These events of an account, with their bytes."""
    if not numbers:
        return []
    rows = await db.rows(
        f"{_WITH_DATA} WHERE e.account_id = ? AND e.id IN {marks(len(numbers))}", account_id, *numbers
    )
    return [_kept(row) for row in rows]


async def kept(db: Any, account_id: int, number: int) -> Kept:
    """One event with its bytes. Raises NotFound."""
    found = await by_ids(db, account_id, [number])
    if not found:
        raise NotFound("no such event")
    return found[0]


async def by_uid(db: Any, account_id: int, uid: str) -> Kept | None:
    """The event of this UID in an account."""
    row = await db.row(f"{_WITH_DATA} WHERE e.account_id = ? AND e.uid = ?", account_id, uid)
    return None if row is None else _kept(row)


async def copies(db: Any, row: Row, addresses: Sequence[str], after: int, limit: int) -> list[Row]:
    """The events of the same UID in the accounts that have these addresses, after one of them, by account."""
    rows = await db.rows(
        f"""SELECT {ROW} FROM calendar_event e WHERE e.uid = ? AND e.account_id IN (
        SELECT a.principal_id FROM address a WHERE a.address IN {marks(len(addresses))})
        AND e.account_id > ? AND e.account_id <> ? ORDER BY e.account_id LIMIT ?""",
        row.uid,
        *addresses,
        after,
        row.account_id,
        limit,
    )
    return [Row(*each) for each in rows]


async def contents(db: Any, numbers: Sequence[int]) -> dict[int, bytes]:
    """The bytes of events, whosever they are."""
    if not numbers:
        return {}
    rows = await db.rows(
        f"SELECT event_id, data FROM calendar_object WHERE event_id IN {marks(len(numbers))}", *numbers
    )
    return {number: bytes(data) for number, data in rows}


async def named(db: Any, calendar_id: int, names: Sequence[str], *, secret: bool) -> list[Kept]:
    """The events of these paths in a calendar; `secret`: those too that only the owner may know of."""
    if not names:
        return []
    rows = await db.rows(
        f"{_WITH_DATA} WHERE e.calendar_id = ? AND e.name IN {marks(len(names))} AND e.privacy <= ?",
        calendar_id,
        *names,
        SECRET if secret else SECRET - 1,
    )
    return [_kept(row) for row in rows]


async def within(
    db: Any,
    calendar_id: int,
    start_ms: int | None,
    end_ms: int | None,
    uid: str,
    after_id: int,
    limit: int,
    *,
    secret: bool,
) -> list[Kept]:
    """Events of a calendar that may touch a window, by id: too many, never too few."""
    where, parameters = "", list[Any]()
    for given, sql in (
        (start_ms, "AND e.last_ms >= ?"),
        (end_ms, "AND e.first_ms <= ?"),
        (uid or None, "AND e.uid = ?"),
    ):
        if given is not None:
            where += f" {sql}"
            parameters.append(given)
    rows = await db.rows(
        f"{_WITH_DATA} WHERE e.calendar_id = ? AND e.id > ? AND e.privacy <= ? {where} ORDER BY e.id LIMIT ?",
        calendar_id,
        after_id,
        SECRET if secret else SECRET - 1,
        *parameters,
        limit,
    )
    return [_kept(row) for row in rows]


async def secrets(db: Any, calendar_id: int, numbers: Sequence[int]) -> list[str]:
    """The paths of those of these events of a calendar that only the owner may know of."""
    if not numbers:
        return []
    rows = await db.rows(
        f"SELECT name FROM calendar_event WHERE calendar_id = ? AND privacy = ? AND id IN {marks(len(numbers))}",
        calendar_id,
        SECRET,
        *numbers,
    )
    return [row[0] for row in rows]


async def states(db: Any, calendar_ids: Sequence[int]) -> dict[int, int]:
    """The newest modseq in each of these calendars."""
    if not calendar_ids:
        return {}
    rows = await db.rows(
        f"SELECT part, MAX(modseq) FROM part_state WHERE part IN {marks(len(calendar_ids))} GROUP BY part",
        *calendar_ids,
    )
    return dict(rows)


async def insert(
    unit: Unit, account_id: int, calendar_id: int, draft: Draft, *, name: str = "", unsent: bool = False
) -> Row:
    """Keeps a new event. Raises Conflict (with the `row` of the other) when its UID or path is taken, OverQuota."""
    other = await by_uid(unit, account_id, draft.uid)
    if other is not None:
        raise Conflict("this uid is taken", field="uid", row=other[0])
    if await _count(unit, calendar_id, 1) > MOST_EVENTS:
        raise OverQuota(f"a calendar has at most {MOST_EVENTS} events")
    number, now = ids.new_id(), clock.now_ms()
    row = Row(
        number, account_id, calendar_id, draft.uid, name or f"{ids.text(number)}.ics", draft.first_ms,
        draft.last_ms, draft.start_ms, int(draft.exact), draft.privacy, int(unsent), draft.title, draft.etag,
        ids.text(ids.new_id()), len(draft.data), now, now, 0,
    )  # fmt: skip
    columns = ROW.replace("e.", "")
    await unit.run(f"INSERT INTO calendar_event ({columns}) VALUES {marks(18)}", *_values(row))
    await unit.run("INSERT INTO calendar_object (event_id, data) VALUES (?, ?)", number, draft.data)
    await _index(unit, account_id, number, draft)
    if named := managed.ids_of(draft.series):
        await _attach(unit, row, named)
    await unit.changed(account_id, EVENT, number, "created", part=calendar_id)
    return row


def _values(row: Row) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in Row.__dataclass_fields__)


async def _count(unit: Unit, calendar_id: int, more: int) -> int:
    """Counts events into a calendar, or out of it; how many there are now."""
    held = await unit.value("UPDATE calendar SET held = held + ? WHERE id = ? RETURNING held", more, calendar_id)
    return int(held or 0)


async def replace(
    unit: Unit,
    row: Row,
    before: Series | None,
    draft: Draft,
    *,
    scheduled: bool = True,
    unsent: bool | None = None,
) -> None:
    """Gives an event another content than it had `before` (None: what comes from elsewhere, and has no files here).
    `scheduled`: it is another one for those who schedule (RFC 6638 §3.2.10). Raises Conflict when its UID changed
    to one that is taken."""
    if draft.uid != row.uid and (other := await by_uid(unit, row.account_id, draft.uid)) is not None:
        raise Conflict("this uid is taken", field="uid", row=other[0])
    await unit.run(
        """UPDATE calendar_event SET uid = ?, first_ms = ?, last_ms = ?, start_ms = ?, exact = ?, privacy = ?,
        draft = ?, title = ?, etag = ?, schedule_tag = ?, size = ?, modified_ms = ? WHERE id = ?""",
        draft.uid,
        draft.first_ms,
        draft.last_ms,
        draft.start_ms,
        int(draft.exact),
        draft.privacy,
        row.draft if unsent is None else int(unsent),
        draft.title,
        draft.etag,
        ids.text(ids.new_id()) if scheduled else row.schedule_tag,
        len(draft.data),
        clock.now_ms(),
        row.id,
    )
    await unit.run("UPDATE calendar_object SET data = ? WHERE event_id = ?", draft.data, row.id)
    await unit.run("DELETE FROM calendar_word WHERE event_id = ?", row.id)
    await _index(unit, row.account_id, row.id, draft)
    named, had = managed.ids_of(draft.series), managed.ids_of(before) if before is not None else set()
    if named - had:
        await _attach(unit, row, named)
    if had - named:
        await _detach(unit, row, named)
    await unit.changed(row.account_id, EVENT, row.id, "updated", part=row.calendar_id)


async def _attach(unit: Unit, row: Row, named: Collection[str]) -> None:
    """Files that were made for it in this unit are the event's."""
    numbers = [number for each in named if (number := ids.parse(each)) is not None]
    await unit.run(
        f"""UPDATE calendar_attachment SET event_id = ? WHERE account_id = ? AND event_id = 0
        AND id IN {marks(len(numbers))}""",
        row.id,
        row.account_id,
        *numbers,
    )


async def _detach(unit: Unit, row: Row, named: Collection[str]) -> None:
    """Files that an event no longer names are gone."""
    rows = await unit.rows("SELECT id FROM calendar_attachment WHERE event_id = ?", row.id)
    for (number,) in rows:
        if ids.text(number) not in named:
            await unit.run("DELETE FROM calendar_attachment WHERE id = ?", number)
            await unit.run("DELETE FROM calendar_guest_file WHERE attachment_id = ?", number)
            await unlink(unit, row.account_id, ATTACHMENT, number)


async def _index(unit: Unit, account_id: int, number: int, draft: Draft) -> None:
    rows = [(account_id, field, word, number) for field, word in sorted(draft.words)]
    await unit.many("INSERT INTO calendar_word (account_id, field, word, event_id) VALUES (?, ?, ?, ?)", rows)


async def move(unit: Unit, row: Row, calendar_id: int, name: str) -> None:
    """Puts an event into another calendar of its account, or under another name. Raises Conflict when the name is
    taken there."""
    wanted = name or row.name
    try:
        await unit.run(
            "UPDATE calendar_event SET calendar_id = ?, name = ?, modified_ms = ? WHERE id = ?",
            calendar_id,
            wanted,
            clock.now_ms(),
            row.id,
        )
    except Conflict as conflict:
        raise Conflict("this name is taken", field="name", row=row) from conflict
    if calendar_id != row.calendar_id:
        await _count(unit, row.calendar_id, -1)
        if await _count(unit, calendar_id, 1) > MOST_EVENTS:
            raise OverQuota(f"a calendar has at most {MOST_EVENTS} events")
    await unit.changed(row.account_id, EVENT, row.id, "updated", part=calendar_id)
    if (calendar_id, wanted) != (row.calendar_id, row.name):
        await unit.left(row.account_id, EVENT, row.id, row.calendar_id, row.name)


async def delete(unit: Unit, row: Row) -> None:
    """Removes an event."""
    await _detach(unit, row, ())
    await forget_proposals(unit, row, [each.id for each in await proposals(unit, row.id)])
    for table in ("calendar_event_person", "calendar_word", "calendar_object", "calendar_request"):
        await unit.run(f"DELETE FROM {table} WHERE event_id = ?", row.id)
    await unit.run("DELETE FROM calendar_event WHERE id = ?", row.id)
    await _count(unit, row.calendar_id, -1)
    await unit.changed(row.account_id, EVENT, row.id, "destroyed", part=row.calendar_id)
    await unit.left(row.account_id, EVENT, row.id, row.calendar_id, row.name)


async def decided(unit: Unit, number: int) -> None:
    """Nobody has to decide about an event any more. See approval"""
    await unit.run("DELETE FROM calendar_request WHERE event_id = ?", number)


class Proposed(NamedTuple):
    """What is proposed for an instance of an event (None: the whole); `guest`: the address of who answered it
    uninvited, empty where it is another time."""

    id: int
    at_ms: int | None
    guest: str


async def proposals(db: Any, number: int) -> list[Proposed]:
    """What is proposed for an event. See proposals"""
    rows = await db.rows(
        "SELECT id, instance_ms, answer, address FROM calendar_proposal WHERE event_id = ? ORDER BY id", number
    )
    return [Proposed(each, at or None, address if answer else "") for each, at, answer, address in rows]


async def forget_proposals(unit: Unit, row: Row, numbers: Sequence[int]) -> None:
    """Removes some of them."""
    for number in numbers:
        await unit.run("DELETE FROM calendar_proposal WHERE id = ?", number)
        await unit.changed(row.account_id, PROPOSAL, number, "destroyed", part=row.calendar_id)
        await unit.left(row.account_id, PROPOSAL, number, row.calendar_id)


async def chosen(db: Any, numbers: Sequence[int], principal_id: int) -> dict[int, dict[str, Any]]:
    """What a person has for themselves in these events."""
    if not numbers:
        return {}
    rows = await db.rows(
        f"""SELECT event_id, chosen FROM calendar_event_person WHERE principal_id = ?
        AND event_id IN {marks(len(numbers))}""",
        principal_id,
        *numbers,
    )
    return {number: msgspec.json.decode(text) for number, text in rows}


async def own_alerts(db: Any, number: int) -> list[tuple[int, dict[str, Any], int]]:
    """The people who have alerts of their own in an event, with what they have for themselves, and when they are
    rung next."""
    rows = await db.rows(
        "SELECT principal_id, chosen, ring_ms FROM calendar_event_person WHERE event_id = ? ORDER BY principal_id",
        number,
    )
    return [(person, msgspec.json.decode(text), at_ms) for person, text, at_ms in rows]


async def with_others(db: Any, numbers: Sequence[int]) -> set[int]:
    """Those of these events in which somebody who is not their owner has something for themselves."""
    rows = await db.rows(
        f"SELECT DISTINCT event_id FROM calendar_event_person WHERE event_id IN {marks(len(numbers))}", *numbers
    )
    return {row[0] for row in rows}


async def choose(unit: Unit, row: Row, principal_id: int, values: dict[str, Any]) -> None:
    """Keeps what a person has for themselves in an event; None takes it back."""
    present = (await chosen(unit, [row.id], principal_id)).get(row.id, {})
    kept_now = {name: value for name, value in {**present, **values}.items() if value is not None}
    await unit.run(
        """INSERT INTO calendar_event_person (event_id, principal_id, chosen) VALUES (?, ?, ?)
        ON CONFLICT (event_id, principal_id) DO UPDATE SET chosen = excluded.chosen""",
        row.id,
        principal_id,
        msgspec.json.encode(kept_now).decode(),
    )
    await unit.changed(row.account_id, EVENT, row.id, "updated", part=row.calendar_id)
