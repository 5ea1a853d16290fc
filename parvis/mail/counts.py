"""Counts of mailboxes, kept by difference: for each thread that a unit of work touched, what it adds to each of
its mailboxes is worked out anew and compared with what is stored. RFC 8621 §2"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec

from parvis.store.sql.contract import marks
from parvis.store.unit import Unit

T = TypeVar("T")
_PAGE = 400


class Share(msgspec.Struct, frozen=True, array_like=True):
    """What one thread adds to one mailbox; `unread` is 1 when it is shown as unread there."""

    emails: int = 0
    unread_emails: int = 0
    unread: int = 0
    newest_ms: int = 0
    newest_id: int = 0


NOTHING = Share()


class Place(msgspec.Struct, frozen=True, array_like=True):
    """A message of a thread in one mailbox."""

    email_id: int
    mailbox_id: int
    received_ms: int
    unread: bool


def shares(places: Iterable[Place], trash_id: int) -> dict[int, Share]:
    """What a thread adds to each mailbox. Messages in the trash count as a thread of their own: those only there
    do not make it unread elsewhere, and those not there do not make it unread in the trash. RFC 8621 §2"""
    by_email: dict[int, list[Place]] = defaultdict(list)
    by_mailbox: dict[int, list[Place]] = defaultdict(list)
    for place in places:
        by_email[place.email_id].append(place)
        by_mailbox[place.mailbox_id].append(place)
    unread = [group for group in by_email.values() if group[0].unread]
    outside = any(place.mailbox_id != trash_id for group in unread for place in group)
    inside = any(place.mailbox_id == trash_id for group in unread for place in group)
    found = {}
    for mailbox_id, group in by_mailbox.items():
        newest = max((place.received_ms, place.email_id) for place in group)
        shown = inside if mailbox_id == trash_id else outside
        found[mailbox_id] = Share(len(group), sum(place.unread for place in group), int(shown), *newest)
    return found


async def refresh(unit: Unit, account_id: int, thread_ids: Iterable[int]) -> None:
    """Brings `thread_mailbox` and the mailboxes' counts up to date for these threads of an account, and notes the
    mailboxes whose counts changed. Called once in a unit, after its messages were changed."""
    threads = sorted(set(thread_ids))
    if not threads:
        return
    changed: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for page in pages(threads):
        before, after = await _stored(unit, page), await _present(unit, page)
        gone = [key for key in before if key not in after]
        differing = [(key, share) for key, share in after.items() if before.get(key) != share]
        await _write(unit, gone, differing)
        for key in [*gone, *(key for key, _ in differing)]:
            _add(changed[key[1]], before.get(key, NOTHING), after.get(key, NOTHING))
    await _apply(unit, account_id, changed)


async def _stored(unit: Unit, threads: Sequence[int]) -> dict[tuple[int, int], Share]:
    rows = await unit.rows(
        f"""SELECT thread_id, mailbox_id, emails, unread_emails, unread, newest_ms, newest_id FROM thread_mailbox
        WHERE thread_id IN {marks(len(threads))}""",
        *threads,
    )
    return {(row[0], row[1]): Share(*row[2:]) for row in rows}


async def _present(unit: Unit, threads: Sequence[int]) -> dict[tuple[int, int], Share]:
    rows = await unit.rows(
        f"""SELECT e.thread_id, e.id, m.mailbox_id, e.received_ms, e.unread, b.role FROM email e
        JOIN email_mailbox m ON m.email_id = e.id JOIN mailbox b ON b.id = m.mailbox_id
        WHERE e.thread_id IN {marks(len(threads))}""",
        *threads,
    )
    trash_id = next((row[2] for row in rows if row[5] == "trash"), 0)
    places: dict[int, list[Place]] = defaultdict(list)
    for thread_id, *place, _ in rows:
        places[thread_id].append(Place(*place))
    return {
        (thread_id, mailbox_id): share
        for thread_id, group in places.items()
        for mailbox_id, share in shares(group, trash_id).items()
    }


async def _write(
    unit: Unit, gone: Sequence[tuple[int, int]], differing: Sequence[tuple[tuple[int, int], Share]]
) -> None:
    if gone:
        await unit.many("DELETE FROM thread_mailbox WHERE thread_id = ? AND mailbox_id = ?", gone)
    if differing:
        await unit.many(
            """INSERT INTO thread_mailbox
            (thread_id, mailbox_id, emails, unread_emails, unread, newest_ms, newest_id)
            VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (mailbox_id, thread_id) DO UPDATE SET emails = excluded.emails,
            unread_emails = excluded.unread_emails, unread = excluded.unread, newest_ms = excluded.newest_ms,
            newest_id = excluded.newest_id""",
            [(*key, *msgspec.structs.astuple(share)) for key, share in differing],
        )


def _add(totals: list[int], before: Share, after: Share) -> None:
    totals[0] += after.emails - before.emails
    totals[1] += after.unread_emails - before.unread_emails
    totals[2] += (after.emails > 0) - (before.emails > 0)
    totals[3] += after.unread - before.unread


async def _apply(unit: Unit, account_id: int, changed: dict[int, list[int]]) -> None:
    rows = [(*totals, mailbox_id) for mailbox_id, totals in changed.items() if any(totals)]
    if not rows:
        return
    await unit.many(
        """UPDATE mailbox SET total_emails = total_emails + ?, unread_emails = unread_emails + ?,
        total_threads = total_threads + ?, unread_threads = unread_threads + ? WHERE id = ?""",
        rows,
    )
    for *_, mailbox_id in rows:
        await unit.changed(account_id, "Mailbox", mailbox_id, "updated", counts_only=True)


def pages(numbers: Sequence[T], size: int = _PAGE) -> Iterator[Sequence[T]]:
    """`numbers` in pieces that fit into one statement."""
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]
