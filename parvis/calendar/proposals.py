"""What others propose to the organizer, who takes or declines it: guests another time, which they have too until
that; who answered uninvited themselves. It ends when the event is at another time.
RFC 5546 §3.2.3, §3.2.7, §3.2.8"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from parvis.access.principal import Principal, Right
from parvis.calendar import calendars, draft, events, outgoing, service
from parvis.calendar.draft import parsed
from parvis.calendar.events import Kept
from parvis.calendar.model import PROPOSAL
from parvis.kernel import clock, ids
from parvis.kernel.errors import Forbidden, Invalid, NotFound, OverQuota
from parvis.serve import scheduling
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit
from parvis.wire.contentlines import Component, Property
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.itip import counter, message, uninvited
from parvis.wire.ical.itip.counter import Proposal
from parvis.wire.ical.itip.instances import instance_of
from parvis.wire.ical.jscalendar.from_ical import in_iana
from parvis.wire.ical.jscalendar.words import local

MOST = 200
"""Proposals for one event."""
_LONGEST_MS = 366 * 86_400_000
_COLUMNS = """q.id, q.event_id, q.instance_ms, q.recurrence, q.mine, q.address, q.name, q.start_ms, q.end_ms,
    q.comment, q.created_ms, q.answer"""


@dataclass(frozen=True, slots=True)
class Row:
    """A proposal as it is kept. `address` is its guest's, as `mailto:…` in lower case; `answer` what somebody
    answered who was not invited (a PARTSTAT), empty for another time."""

    id: int
    event_id: int
    instance_ms: int
    recurrence: str
    mine: int
    address: str
    name: str
    start_ms: int
    end_ms: int
    comment: str
    created_ms: int
    answer: str

    @property
    def at_ms(self) -> int | None:
        """The instance; None for the whole."""
        return self.instance_ms or None


async def of(
    db: Any, account_id: int, calendar_ids: Collection[int], numbers: Sequence[int] | None, limit: int
) -> list[tuple[Row, int, int]]:
    """Proposals for events in some calendars of an account, newest first; with each the calendar, and how private
    its event is."""
    some = f"AND q.id IN {marks(len(numbers))}" if numbers is not None else ""
    rows = await db.rows(
        f"""SELECT {_COLUMNS}, e.calendar_id, e.privacy FROM calendar_proposal q
        JOIN calendar_event e ON e.id = q.event_id WHERE q.account_id = ?
        AND e.calendar_id IN {marks(len(calendar_ids))} {some} ORDER BY q.id DESC LIMIT ?""",
        account_id,
        *calendar_ids,
        *(numbers or ()),
        limit,
    )
    return [(Row(*row[:-2]), row[-2], row[-1]) for row in rows]


async def propose(
    unit: Unit,
    principal: Principal,
    found: Kept,
    at_ms: int | None,
    start_ms: int,
    end_ms: int,
    comment: str,
) -> int:
    """Proposes another time to the organizer. Returns the proposal's id. Raises NotFound, Forbidden, Invalid."""
    row, data = found
    access = await service.allowed(unit, principal, row)
    if not access.rights & (Right.RSVP | Right.WRITE) or (row.privacy and not access.owner):
        raise Forbidden("you may not answer for them")
    await calendars.not_fed(unit, row.calendar_id)
    series, mine = parsed(row.etag, data), await scheduling.me(unit, row.account_id)
    if not scheduling.attends(series, mine):
        raise Forbidden("only who is invited proposes another time")
    if not 0 < end_ms - start_ms <= _LONGEST_MS:
        raise Invalid("it ends after it starts, within a year", field="utcEnd")
    now = clock.now_ms()
    try:
        sent = counter.counter(series, at_ms, start_ms, end_ms, mine, comment, now)
        said = counter.proposal(sent, series, mine)
    except BadCalendar as error:
        raise Invalid(error.sentence, field="recurrenceId") from error
    if said is None:
        raise Invalid("this is no other time", field="utcStart")
    await outgoing.add(unit, row.account_id, [sent])
    return await _keep(unit, found, said, mine=True)


async def _forget(unit: Unit, row: events.Row, said: Proposal) -> None:
    """What the same person proposed before for the same instance goes."""
    present = await unit.rows(
        "SELECT id FROM calendar_proposal WHERE event_id = ? AND instance_ms = ? AND address = ?",
        row.id,
        said.instance_ms or 0,
        message.address(said.attendee),
    )
    await events.forget_proposals(unit, row, [each[0] for each in present])


async def _keep(unit: Unit, found: Kept, said: Proposal, *, mine: bool = False, answer: str = "") -> int:
    """Keeps a proposal. Raises OverQuota."""
    row, number = found[0], ids.new_id()
    await _forget(unit, row, said)
    if await unit.value("SELECT COUNT(*) FROM calendar_proposal WHERE event_id = ?", row.id) >= MOST:
        raise OverQuota(f"at most {MOST} proposals")
    await unit.run(
        f"INSERT INTO calendar_proposal (account_id, {_COLUMNS.replace('q.', '')}) VALUES {marks(13)}",
        row.account_id,
        number,
        row.id,
        said.instance_ms or 0,
        local(in_iana(said.at).local) if said.at is not None else "",
        int(mine),
        message.address(said.attendee),
        said.attendee.param("CN")[:200],
        said.start_ms,
        said.end_ms,
        said.comment,
        clock.now_ms(),
        answer,
    )
    await unit.changed(row.account_id, PROPOSAL, number, "created", part=row.calendar_id)
    return number


async def received(unit: Unit, found: Kept, given: message.Message, by: Collection[str]) -> bool:
    """Keeps what a guest proposes; whether it is one who is invited. Raises BadCalendar, OverQuota."""
    said = counter.proposal(given, parsed(found[0].etag, found[1]), by)
    if said is not None:
        await _keep(unit, found, said)
    return said is not None


async def answered(unit: Unit, found: Kept, given: message.Message, answers: Sequence[Component]) -> bool:
    """Keeps what somebody answers who was not invited (`Outcome.uninvited`), until they are or the organizer has
    decided; whether they come. Raises BadCalendar, OverQuota."""
    coming = False
    for said in uninvited.proposals(answers, given.series, parsed(found[0].etag, found[1])):
        answer = said.attendee.param("PARTSTAT").upper()
        if answer in uninvited.COMING:
            await _keep(unit, found, said, answer=answer)
            coming = True
        else:
            await _forget(unit, found[0], said)
    return coming


async def declined(unit: Unit, found: Kept, given: message.Message) -> bool:
    """Forgets one's own proposal that the organizer declined; whether there was one."""
    at_ms = instance_of(given.series.first, given.series)
    known = [each.id for each in await events.proposals(unit, found[0].id) if each.at_ms == at_ms]
    await events.forget_proposals(unit, found[0], known)
    return bool(known)


async def _proved(unit: Unit, principal: Principal, account_id: int, number: int) -> tuple[Row, Kept]:
    """A proposal, for who may change its event. Raises NotFound, Forbidden."""
    row = await unit.row(
        f"SELECT {_COLUMNS} FROM calendar_proposal q WHERE q.id = ? AND q.account_id = ?", number, account_id
    )
    if row is None:
        raise NotFound("no such proposal")
    kept = Row(*row)
    found, access = await service.visible(unit, principal, account_id, kept.event_id)
    if found[0].privacy and not access.owner:
        raise NotFound("no such proposal")
    if Right.WRITE not in access.rights:
        raise Forbidden("you may not answer for them")
    return kept, found


async def take(unit: Unit, principal: Principal, account_id: int, number: int) -> None:
    """Puts the event at the time that was proposed, or makes who answered one of the guests, and tells all. Raises
    NotFound, Forbidden, Invalid."""
    kept, found = await _proved(unit, principal, account_id, number)
    if kept.mine:
        raise Forbidden("the organizer takes it")
    try:
        made = draft.made(_taken(parsed(found[0].etag, found[1]), kept), found[1])
    except BadCalendar as error:
        raise Invalid(error.sentence, field="isAccepted") from error
    await events.forget_proposals(unit, found[0], [number])
    await service.replace(unit, principal, found, made)


def _taken(series: Series, kept: Row) -> Series:
    if not kept.answer:
        return counter.moved(series, kept.at_ms, kept.start_ms, kept.end_ms)
    named = {"CN": [kept.name]} if kept.name else {}
    said = {"PARTSTAT": [kept.answer], "ROLE": ["OPT-PARTICIPANT"]}
    return uninvited.joined(series, kept.at_ms, Property("ATTENDEE", kept.address, named | said))


async def decline(unit: Unit, principal: Principal, account_id: int, number: int, comment: str = "") -> None:
    """Declines a proposal, which its guest is told; one's own is only forgotten, and who answered uninvited is told
    nothing. Raises NotFound, Forbidden."""
    kept, found = await _proved(unit, principal, account_id, number)
    if not kept.mine and not kept.answer:
        series = parsed(found[0].etag, found[1])
        try:
            told = counter.declined_counter(series, kept.at_ms, kept.address, comment, clock.now_ms())
            await outgoing.add(unit, account_id, [told])
        except BadCalendar:  # the instance is gone: there is nothing to say about it
            pass
    await events.forget_proposals(unit, found[0], [number])
