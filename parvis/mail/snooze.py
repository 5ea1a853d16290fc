"""Snoozing: a message waits in the mailbox of role `snoozed` and comes back to the inbox at its time.

It comes back as one that has just arrived: unread, at the top, with a new id, for the date of arrival of an Email
never changes (RFC 8621 §4.1.1). So every program sees it come, by JMAP and by IMAP. Leaving the mailbox before, by
whichever door, is the end of it."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from parvis.kernel import clock
from parvis.kernel.errors import Invalid, OverQuota
from parvis.mail import counts, mailboxes, service, store
from parvis.mail.message import Parsed
from parvis.mail.store import Edit, New
from parvis.store.jobs import Job, Jobs
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit

JOB = "mail-snooze"
ROLE = "snoozed"
_WAITING = """FROM snooze s JOIN email_mailbox m ON m.email_id = s.email_id
    JOIN mailbox b ON b.id = m.mailbox_id AND b.role = 'snoozed'"""


async def until(unit: Unit, account_id: int, email_id: int, wake_ms: int | None) -> None:
    """Sets when a message comes back; None lets it stay where it is. Raises Invalid when it is not among the
    snoozed ones."""
    await unit.run("DELETE FROM snooze WHERE email_id = ? AND account_id = ?", email_id, account_id)
    if wake_ms is not None:
        box = await mailboxes.by_role(unit, account_id, ROLE)
        if box is None or box not in (await store.mailboxes_of(unit, [email_id]))[email_id]:
            raise Invalid("only a message in the mailbox of role snoozed comes back", field="snoozedUntil")
        await unit.run(
            "INSERT INTO snooze (email_id, account_id, wake_ms) VALUES (?, ?, ?)", email_id, account_id, wake_ms
        )
        args = {"account": account_id, "email": email_id}
        await Jobs.add(unit, JOB, args, key=f"{email_id}:{wake_ms}", at_ms=wake_ms, account_id=account_id)
    await unit.changed(account_id, store.KIND, email_id, "updated")


async def times(db: Any, email_ids: Sequence[int]) -> dict[int, int]:
    """When those of these messages that are snoozed come back."""
    return {
        row[0]: row[1]
        for page in counts.pages(email_ids)
        for row in await db.rows(
            f"SELECT s.email_id, s.wake_ms {_WAITING} WHERE s.email_id IN {marks(len(page))}", *page
        )
    }


class Waker:
    """Handles the jobs of kind `mail-snooze`."""

    def __init__(self, keep: Store) -> None:
        self._keep = keep

    async def handle(self, job: Job) -> None:
        """Brings a message back whose time has come; one that was snoozed longer meanwhile has another job."""
        account_id, email_id = int(job.args["account"]), int(job.args["email"])
        rows = await store.rows_of(self._keep.db, account_id, [email_id])
        if rows:
            parsed = await service.read_blob(self._keep.blobs, rows[0][2])
            await self._keep.write(partial(self._wake, account_id=account_id, email_id=email_id, parsed=parsed))

    async def _wake(self, unit: Unit, account_id: int, email_id: int, parsed: Parsed) -> None:
        due = await unit.value(f"SELECT s.wake_ms {_WAITING} WHERE s.email_id = ?", email_id)
        if due is None or due > clock.now_ms():
            return
        boxes = await mailboxes.ensure(unit, account_id, "en")
        ((_, _, blob, _, _, keywords, _),) = await store.rows_of(unit, account_id, [email_id])
        held = frozenset((await store.mailboxes_of(unit, [email_id]))[email_id])
        places = held - {await mailboxes.by_role(unit, account_id, ROLE)} | {boxes["inbox"]}
        marked = frozenset(keywords.split()) - {"$seen"}
        dialect = self._keep.db.dialect
        try:
            async with unit.attempt():
                await store.append(unit, dialect, account_id, [New(parsed, blob, places, marked)])
                await store.remove(unit, dialect, account_id, [email_id])
                await unit.changed(account_id, "EmailDelivery", account_id, "updated")  # RFC 8621 §1.5
        except OverQuota:  # it comes back as it is, at the place of its date
            await unit.run("DELETE FROM snooze WHERE email_id = ?", email_id)
            await store.edit(unit, account_id, [Edit(email_id, marked, places)])
