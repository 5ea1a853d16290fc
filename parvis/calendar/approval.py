"""Resources that somebody decides about: who that is, what waits for them, what they decide. A request keeps the
resource tentatively; those who decide hear of it by a letter that any calendar program can answer (RFC 5546), and
find it in what waits for them. Whoever answers first has decided."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parvis.access import directory
from parvis.access.principal import Principal
from parvis.calendar import draft, events, outgoing, vacancy
from parvis.calendar.draft import parsed
from parvis.calendar.events import Kept, Row
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, Invalid, NotFound
from parvis.serve import scheduling
from parvis.store.jobs import Jobs
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit
from parvis.wire.ical import itip
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.itip.message import organizer

ASK = "calendar-ask"
UID = "approval-"
"""Begins the UID of what is asked by letter; the request's id follows."""
MOST = 50
"""People and groups who decide about a resource."""
MOST_WAITING = 500
_WAITS, _APPROVED, _DECLINED = 0, 1, 2
_ANSWERS = {_WAITS: "TENTATIVE", _APPROVED: "ACCEPTED", _DECLINED: "DECLINED"}
_TIMES = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
_UP = """WITH RECURSIVE up(id) AS (SELECT CAST(? AS BIGINT) UNION
    SELECT m.group_id FROM membership m JOIN up ON m.member_id = up.id)"""
_DOWN = f"""WITH RECURSIVE down(id) AS (SELECT principal_id FROM calendar_approver WHERE account_id = ? UNION
    SELECT m.member_id FROM membership m JOIN down ON m.group_id = down.id)
    SELECT {directory.COLUMNS} FROM down JOIN principal p ON p.id = down.id
    WHERE p.kind = 'person' AND p.disabled_ms IS NULL ORDER BY p.id LIMIT 200"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a resource is asked for."""

    id: int
    created_ms: int
    resource: Principal
    found: Kept


async def approvers(db: Any, resource_id: int) -> list[int]:
    """The people and groups who decide about a resource; without any it answers by itself."""
    rows = await db.rows(
        "SELECT principal_id FROM calendar_approver WHERE account_id = ? ORDER BY principal_id", resource_id
    )
    return [row[0] for row in rows]


async def deciding(db: Any, resource_id: int) -> list[Principal]:
    """The people who decide: those named, and the members of groups."""
    return [directory.principal_of(row) for row in await db.rows(_DOWN, resource_id)]


async def choose(unit: Unit, resource_id: int, chosen: Sequence[int]) -> None:
    """Says who decides about a resource. Whoever calls has checked that this is an administrator. Raises NotFound,
    Invalid."""
    resource = await directory.by_id(unit, resource_id)
    if resource.kind != "resource":
        raise Invalid("only for a resource somebody decides", field="resourceId")
    wanted = list(dict.fromkeys(chosen))
    known = await unit.rows(
        f"""SELECT id FROM principal WHERE disabled_ms IS NULL AND kind IN ('person', 'group', 'space')
        AND id IN {marks(len(wanted))}""",
        *wanted,
    )
    if len(known) < len(wanted) or len(wanted) > MOST:
        raise Invalid(f"up to {MOST} people and groups decide", field="approvers")
    await unit.run("DELETE FROM calendar_approver WHERE account_id = ?", resource_id)
    await unit.many(
        "INSERT INTO calendar_approver (account_id, principal_id) VALUES (?, ?)",
        [(resource_id, each) for each in wanted],
    )


async def standing(unit: Unit, row: Row, series: Series) -> str:
    """What was decided about these times, as PARTSTAT; TENTATIVE while that waits: those who decide are told once.
    What the organizer says of it does not count."""
    number, revision = ids.new_id(), _revision(series)
    known = await unit.row("SELECT revision, state FROM calendar_request WHERE event_id = ?", row.id)
    if known is not None and known[0] == revision:
        return _ANSWERS[known[1]]
    await events.decided(unit, row.id)
    await unit.run(
        "INSERT INTO calendar_request (id, account_id, event_id, revision, created_ms) VALUES (?, ?, ?, ?, ?)",
        number,
        row.account_id,
        row.id,
        revision,
        clock.now_ms(),
    )
    await Jobs.add(unit, ASK, {"request": number}, key=str(number), account_id=row.account_id)
    return _ANSWERS[_WAITS]


def _revision(series: Series) -> str:
    """Another one for other times."""
    times = (each for one in series.components for each in one.every(*_TIMES))
    said = [f"{each.name}{sorted(each.params.items())}{each.value}" for each in times]
    return hashlib.sha256("\n".join(sorted(said)).encode()).hexdigest()[:24]


async def waiting(db: Any, principal: Principal, limit: int = MOST_WAITING) -> list[Waiting]:
    """What waits for somebody, oldest first."""
    return await _waiting(
        db,
        f"""{_UP} SELECT r.id, r.created_ms, {directory.COLUMNS}, {events.ROW}, o.data FROM calendar_request r
        JOIN principal p ON p.id = r.account_id JOIN calendar_event e ON e.id = r.event_id
        JOIN calendar_object o ON o.event_id = e.id WHERE EXISTS (SELECT 1 FROM calendar_approver a
        JOIN up ON up.id = a.principal_id WHERE a.account_id = r.account_id) AND r.state = 0
        ORDER BY r.id LIMIT ?""",
        principal.id,
        limit,
    )


async def request(db: Any, number: int) -> Waiting | None:
    """One request that waits, whoever it waits for."""
    found = await _waiting(
        db,
        f"""SELECT r.id, r.created_ms, {directory.COLUMNS}, {events.ROW}, o.data FROM calendar_request r
        JOIN principal p ON p.id = r.account_id JOIN calendar_event e ON e.id = r.event_id
        JOIN calendar_object o ON o.event_id = e.id WHERE r.id = ? AND r.state = 0""",
        number,
    )
    return found[0] if found else None


async def _waiting(db: Any, sql: str, *parameters: int) -> list[Waiting]:
    width = 2 + directory.COLUMNS.count(",") + 1
    return [
        Waiting(row[0], row[1], directory.principal_of(row[2:width]), (Row(*row[width:-1]), bytes(row[-1])))
        for row in await db.rows(sql, *parameters)
    ]


async def decide(unit: Unit, principal: Principal, number: int, *, approve: bool, comment: str = "") -> None:
    """Accepts or declines for a resource. Raises NotFound for what does not wait for who decides, and Conflict when
    the time is taken meanwhile: then it still waits."""
    asked = await request(unit, number)
    if asked is None or not await _decides(unit, principal.id, asked.resource.id):
        raise NotFound("no such request")
    row, data = asked.found
    series, mine = parsed(row.etag, data), await scheduling.me(unit, row.account_id)
    if approve and not await vacancy.is_free(unit, row.account_id, asked.found, mine):
        raise Conflict("this time is taken", reason="conflict")
    said = vacancy.answered(series, mine, "ACCEPTED" if approve else "DECLINED")
    reply = itip.from_attendee(series, said, mine, clock.now_ms(), comment)
    await events.replace(unit, row, series, draft.made(said, data), scheduled=False)
    state = _APPROVED if approve else _DECLINED
    await unit.run("UPDATE calendar_request SET state = ? WHERE id = ?", state, number)
    await outgoing.add(unit, row.account_id, [reply] if reply is not None else [])


async def _decides(unit: Unit, principal_id: int, resource_id: int) -> bool:
    found = await unit.value(
        f"""{_UP} SELECT 1 FROM calendar_approver a JOIN up ON up.id = a.principal_id WHERE a.account_id = ?
        LIMIT 1""",
        principal_id,
        resource_id,
    )
    return found is not None


async def replied(unit: Unit, resource: Principal, message: itip.Message, by: Principal | None) -> bool:
    """Whether a message answers what was asked by letter; then that is decided. An answer of whom it is not for,
    to what is decided already, or for a time that is taken, changes nothing."""
    if resource.kind != "resource" or message.method != "REPLY" or not message.uid.startswith(UID):
        return False
    number = ids.parse(message.uid.removeprefix(UID))
    answer = next(iter(message.series.first.every("ATTENDEE")), None)
    words = {"ACCEPTED": True, "DECLINED": False}
    said = words.get(answer.param("PARTSTAT").upper()) if answer is not None else None
    if number is None or said is None or by is None:
        return True
    asked = await request(unit, number)
    if asked is not None and asked.resource.id == resource.id:
        try:
            comment = message.series.first.value("COMMENT")[:2_000]
            await decide(unit, by, number, approve=said, comment=comment)
        except (NotFound, Conflict):
            return True
    return True


def asker(found: Kept) -> tuple[str, str]:
    """Name and address of who asks for a resource."""
    series = parsed(found[0].etag, found[1])
    person = next((each for one in series.components if (each := one.first("ORGANIZER"))), None)
    return (person.param("CN") if person is not None else "", organizer(series))
