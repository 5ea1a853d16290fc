"""Who an account is in an event: the one who organizes it, or one who takes part. RFC 6638 §3.1"""

from collections.abc import Collection, Sequence
from typing import Any

from parvis.access import directory
from parvis.store.sql.contract import marks
from parvis.wire.ical.calendar import Series
from parvis.wire.ical.itip.message import attendees, organizer


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
    """Whether these addresses organize an event that others take part in: nobody sends messages about an event of
    somebody else. RFC 6638 §11.2"""
    return organizer(series) in mine and any(attendees(each) for each in series.components)


def attends(series: Series, mine: Collection[str]) -> bool:
    """Whether these addresses take part in an event of somebody else."""
    owner = organizer(series)
    return (
        bool(owner)
        and owner not in mine
        and any(name in mine for each in series.components for name in attendees(each))
    )
