"""What rooms share of scheduling without knowing each other: who an account is in something that people take part
in, messages between these people (iTIP, RFC 5546), and what becomes of them. RFC 6638

The calendar carries all messages: it delivers what it hears of as MESSAGES to people of this server and by mail,
and gives what comes in about tasks to the `Keeper` that the room of tasks offers."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from parvis.access import directory
from parvis.access.principal import Principal
from parvis.kernel.errors import Forbidden
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit
from parvis.wire.ical import calendar, itip
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.itip import status
from parvis.wire.ical.itip.message import attendees, organizer

MESSAGES = "scheduling-messages"
"""The outbox event of messages that an account sends: `{"messages": [{"to": [addresses], "calendar": text}, ...]}`,
in that account."""


class NotTheirs(Forbidden):
    """An attendee changes what only the organizer may. RFC 6638 §3.2.2.1"""


class NotHandedOver(Forbidden):
    """An organizer makes somebody else the organizer, who would be said to invite. RFC 6638 §3.2.4.3"""


class Keeper(ABC):
    """A room that keeps what people are asked to do, beside the calendar."""

    @abstractmethod
    async def received(
        self, unit: Unit, person: Principal, message: itip.Message, sender: Principal | None, author: str
    ) -> itip.Outcome:
        """Does what a message says to what `person` has, and says what happened. `sender` is who sent it when they
        are of this server, else `author` is their address. Raises BadCalendar, Invalid, OverQuota, Conflict and
        TooLarge for what cannot be carried out, before anything is changed."""

    @abstractmethod
    async def noted(self, unit: Unit, account_id: int, uid: str, said: Mapping[str, str]) -> None:
        """Says what became of messages to these addresses (lower case, as SCHEDULE-STATUS) in what they were about.
        RFC 6638 §3.2.9"""


def send(unit: Unit, account_id: int, messages: Sequence[itip.Message]) -> None:
    """Sends messages when the unit is committed; nobody does without a calendar."""
    if messages:
        told = [
            {"to": list(each.recipients), "calendar": calendar.write(each.calendar).decode()} for each in messages
        ]
        unit.emit(account_id, MESSAGES, {"messages": told})


def sent(body: Mapping[str, Any]) -> list[itip.Message]:
    """The messages of a MESSAGES event."""
    read = [(each["to"], itip.read(calendar.read(each["calendar"].encode()))) for each in body["messages"]]
    return [itip.Message(each.method, tuple(to), each.calendar, each.series) for to, each in read]


async def me(db: Any, account_id: int) -> frozenset[str]:
    """The addresses of an account as calendars write them, in lower case."""
    return frozenset(f"mailto:{each}" for each in await directory.addresses(db, account_id))


async def of(db: Any, account_ids: Sequence[int]) -> dict[int, set[str]]:
    """The same of several accounts."""
    found: dict[int, set[str]] = {each: set() for each in account_ids}
    rows = await db.rows(
        f"SELECT principal_id, address FROM address WHERE principal_id IN {marks(len(account_ids))}", *account_ids
    )
    for number, address in rows:
        found[number].add(f"mailto:{address}")
    return found


def organizes(series: Series, mine: Collection[str]) -> bool:
    """Whether these addresses organize something that others take part in: nobody sends messages about what is
    somebody else's. RFC 6638 §3.1, §11.2"""
    return organizer(series) in mine and any(attendees(each) for each in series.components)


def attends(series: Series, mine: Collection[str]) -> bool:
    """Whether these addresses take part in something of somebody else."""
    owner = organizer(series)
    return (
        bool(owner)
        and owner not in mine
        and any(name in mine for each in series.components for name in attendees(each))
    )


def pending(before: Series | None, after: Series, messages: Sequence[itip.Message]) -> Series:
    """What is kept when messages about it are on their way: of their recipients it says that, of others what it
    said. The same series when nothing changes. RFC 6638 §3.2.9"""
    to = {each.lower(): status.PENDING for message in messages for each in message.recipients}
    return status.noted(status.carried(before, after), to)
