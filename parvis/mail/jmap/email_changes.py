"""Email/queryChanges for the lists that clients show all day: one mailbox by date, worked out from what changed and
the indexes, without the whole result. Any other question goes the engine's way. RFC 8621 §4.5"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from parvis.mail.jmap.email_query import plain
from parvis.mail.query import Listing, pages
from parvis.serve.jmap import querying
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.kind import Kind
from parvis.serve.jmap.reading import state as state_of
from parvis.serve.jmap.standing import read_state
from parvis.serve.jmap.types import Object
from parvis.store.sql.contract import marks

_MOST = 100
"""Changes beyond which reading the whole result once is cheaper than counting for each."""


@dataclass(slots=True)
class _Moved:
    """Messages that came into the log since a state, or out of it."""

    created: set[int]
    moved: set[int]
    destroyed: set[int]


class QueryChanges:
    """The method, for the kind that `kind` gives (it refers to this method itself)."""

    def __init__(self, kind: Callable[[], Kind]) -> None:
        self._kind = kind

    async def run(self, call: Call) -> Result:
        """RFC 8620 §5.6"""
        kind = self._kind()
        listing = plain(call, querying.read_query(kind, call))
        if listing is not None:
            answer = await self._from_log(kind, call, listing)
            if answer is not None:
                return answer
        return await querying.query_changes(kind, call)

    async def _from_log(self, kind: Kind, call: Call, listing: Listing) -> Object | None:
        while True:
            present = await state_of(kind, call)
            since = read_state(call.arguments.since_query_state, int(present)).reached
            found = await _moved(call, since)
            if found is None:
                return None
            removed, added = await _differences(call, listing, found, since)
            total = await listing.total(call.context.store.db) if call.arguments.calculate_total else None
            if await state_of(kind, call) == present:
                return querying.changes_answer(call, present, removed, added, total)


async def _moved(call: Call, since: int) -> _Moved | None:
    """What the log says; a change of keywords alone moves nothing in these lists. None when it is too much."""
    rows = await call.context.store.db.rows(
        """SELECT object_id, created, whole, destroyed FROM change
        WHERE account_id = ? AND kind = 'Email' AND modseq > ? ORDER BY modseq LIMIT ?""",
        call.account_id,
        since,
        _MOST * 10,
    )
    if len(rows) == _MOST * 10:
        return None
    found = _Moved(set(), set(), set())
    for number, created, whole, destroyed in rows:
        if destroyed:
            if created <= since:
                found.destroyed.add(number)
        elif created > since:
            found.created.add(number)
        elif whole > since:
            found.moved.add(number)
    return None if len(found.created) + len(found.moved) > _MOST else found


async def _differences(
    call: Call, listing: Listing, found: _Moved, since: int
) -> tuple[list[int], list[tuple[int, int]]]:
    """Ids that may have been in the old list and moved, and those in the new one with their places."""
    db = call.context.store.db
    if not listing.collapse:
        places = await listing.places(db, sorted(found.created | found.moved))
        return sorted(found.moved | found.destroyed), places
    threads = await _threads(db, call.account_id, sorted(found.created | found.moved), since)
    members: set[int] = set()
    newest: list[int] = []
    for page in pages(sorted(threads)):
        rows = await db.rows(f"SELECT id FROM email WHERE thread_id IN {marks(len(page))}", *page)
        members.update(row[0] for row in rows)
        rows = await db.rows(
            f"SELECT newest_id FROM thread_mailbox WHERE mailbox_id = ? AND thread_id IN {marks(len(page))}",
            listing.mailbox_id,
            *page,
        )
        newest += [row[0] for row in rows]
    return sorted((members - found.created) | found.destroyed), await listing.places(db, newest)


async def _threads(db: Any, account_id: int, emails: Sequence[int], since: int) -> set[int]:
    """The threads of these messages, and those that messages joined or left."""
    rows = await db.rows(
        "SELECT object_id FROM change WHERE account_id = ? AND kind = 'Thread' AND modseq > ? AND destroyed = 0",
        account_id,
        since,
    )
    found = {row[0] for row in rows}
    for page in pages(emails):
        rows = await db.rows(f"SELECT thread_id FROM email WHERE id IN {marks(len(page))}", *page)
        found.update(row[0] for row in rows)
    return found
