"""What a change of a task says to those who take part in it: who organizes it asks others, who is asked answers.
RFC 5546 §3.4, RFC 6638 §3.2

Who sees the list that a task is in has it already; they are sent nothing."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from parvis.access.principal import Right
from parvis.kernel import clock
from parvis.serve import scheduling
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit
from parvis.tasks import content
from parvis.wire.ical import itip
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.itip.message import attendees

_ORGANIZED = re.compile(rb"^ORGANIZER[;:]", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Told:
    """A task as it is kept, and the messages that leave with it."""

    content: bytes
    messages: tuple[itip.Message, ...] = ()


async def me(unit: Unit, account_id: int, *contents: bytes) -> frozenset[str]:
    """The addresses of an account, when one of these tasks has an organizer; none otherwise."""
    if not any(_ORGANIZED.search(each) for each in contents):
        return frozenset()
    return await scheduling.me(unit, account_id)


def theirs(task: bytes, mine: Collection[str]) -> bool:
    """Whether a task is somebody else's, who has asked for it."""
    return bool(mine) and scheduling.attends(content.read(task), mine)


async def made(unit: Unit, list_id: int, task: bytes, mine: frozenset[str]) -> Told:
    """A new task: who is to do it is asked; who puts what they have been asked for answers."""
    series = content.read(task)
    if scheduling.organizes(series, mine):
        others = mine | await _seeing(unit, list_id, [series])
        return _told(None, series, itip.from_organizer(None, series, others, clock.now_ms()), task)
    if scheduling.attends(series, mine):
        reply = itip.from_attendee(itip.unanswered(series, mine), series, mine, clock.now_ms())
        return _told(None, series, [reply] if reply is not None else [], task)
    return Told(task)


async def changed(
    unit: Unit, list_id: int, before: bytes, after: bytes, mine: frozenset[str], *, known: bool = True
) -> Told:
    """A task that is changed; `known`: others know of it as it was before. Raises NotTheirs."""
    old, new, now = content.read(before), content.read(after), clock.now_ms()
    if scheduling.attends(old, mine):
        kept = itip.progressed(old, itip.as_organized(old, new), mine)
        if not itip.may_change(old, kept, mine):
            raise scheduling.NotTheirs("only who organizes the task may change this")
        reply = itip.from_attendee(old, kept, mine, now)
        messages = [*([reply] if reply is not None else []), *itip.to_delegates(old, kept, mine, now)]
        return _told(old, kept, messages, after, new)
    if scheduling.organizes(old, mine) or scheduling.organizes(new, mine):
        known = known and scheduling.organizes(old, mine)
        kept = itip.revised(old, new, mine)
        others = mine | await _seeing(unit, list_id, [old, kept])
        return _told(old, kept, itip.from_organizer(old if known else None, kept, others, now), after, new)
    return Told(after)


async def ended(
    unit: Unit, list_id: int, task: bytes, mine: frozenset[str], *, reply: bool = True
) -> list[itip.Message]:
    """The messages when a task is removed: who organizes it calls it off; who was asked declines (unless not
    `reply`)."""
    series, now = content.read(task), clock.now_ms()
    if scheduling.organizes(series, mine):
        return itip.from_organizer(series, None, mine | await _seeing(unit, list_id, [series]), now)
    answer = itip.from_attendee(series, None, mine, now) if reply and scheduling.attends(series, mine) else None
    return [answer] if answer is not None else []


def _told(
    old: Series | None, kept: Series, messages: list[itip.Message], given: bytes, new: Series | None = None
) -> Told:
    shown = scheduling.pending(old, kept, messages)
    same = all(one is other for one, other in zip(shown.components, (new or kept).components, strict=True))
    return Told(given if same else content.of(shown, given), tuple(messages))


async def seeing(unit: Unit, list_id: int, addresses: Iterable[str]) -> frozenset[str]:
    """Those of some addresses whose people may read a list."""
    given = sorted(addresses)
    rows = await unit.rows(
        f"""SELECT DISTINCT a.address FROM address a JOIN visible v ON v.principal_id = a.principal_id
        WHERE v.scope_id = ? AND a.address IN {marks(len(given))} AND (v.rights & ?) <> 0
        AND (v.expires_ms IS NULL OR v.expires_ms > ?)""",
        list_id,
        *given,
        int(Right.READ),
        clock.now_ms(),
    )
    return frozenset(address for (address,) in rows)


async def _seeing(unit: Unit, list_id: int, known: list[Series]) -> frozenset[str]:
    people = {name for series in known for one in series.components for name in attendees(one)}
    found = await seeing(unit, list_id, (name.removeprefix("mailto:") for name in people))
    return frozenset(f"mailto:{address}" for address in found)
