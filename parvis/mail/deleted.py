r"""IMAP's \Deleted: a message so marked leaves its mailbox for everybody but IMAP, which shows it until it is
expunged and may take the mark off again; JMAP must not see it. RFC 8621 §4.1.1, RFC 9051 §2.3.2"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parvis.kernel import clock
from parvis.mail import counts, store
from parvis.mail.message import Parsed
from parvis.mail.store import KIND, Edit, New
from parvis.mail.vault import store as vault
from parvis.mail.vault.store import Kept
from parvis.serve.jmap import blobs
from parvis.store.sql.contract import Dialect, Row, Tx, marks
from parvis.store.store import Store
from parvis.store.unit import Unit

LINK = "DeletedEmail"
VANISHED = 50_000
"""Uids that left a mailbox, of which it is remembered when they did."""
_PAGE = 1000
_COLUMNS = "uid, email_id, thread_id, blob, size, received_ms, keywords, modseq, saved_ms"


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message that is marked."""

    uid: int
    email_id: int
    thread_id: int
    blob: str
    size: int
    received_ms: int
    keywords: str
    modseq: int
    saved_ms: int | None
    """When it was put into the mailbox."""


def _deleted(row: Row) -> Deleted:
    return Deleted(*row)


async def marked(db: Any, mailbox_id: int) -> list[Deleted]:
    """The marked messages of a mailbox by uid."""
    rows = await db.rows(f"SELECT {_COLUMNS} FROM deleted_email WHERE mailbox_id = ? ORDER BY uid", mailbox_id)
    return [_deleted(row) for row in rows]


async def mark(unit: Unit, dialect: Dialect, account_id: int, mailbox_id: int, uids: Sequence[int]) -> None:
    """Marks messages of a mailbox; what is not there or marked already stays as it is."""
    rows: list[Row] = []
    for page in counts.pages(uids):
        rows += await unit.rows(
            f"""SELECT m.uid, e.id, e.thread_id, e.blob, e.size, e.received_ms, e.keywords, m.saved_ms, e.summary
            FROM email_mailbox m JOIN email e ON e.id = m.email_id
            WHERE m.mailbox_id = ? AND m.uid IN {marks(len(page))}""",
            mailbox_id,
            *page,
        )
    if not rows:
        return
    since = await unit.value("SELECT modseq FROM account WHERE id = ?", account_id)
    places = await store.mailboxes_of(unit, [row[1] for row in rows])
    elsewhere = {number: frozenset(held) - {mailbox_id} for number, held in places.items()}
    await store.edit(
        unit, account_id, [Edit(number, mailbox_ids=others) for number, others in elsewhere.items() if others]
    )
    await store.remove(unit, dialect, account_id, [number for number, others in elsewhere.items() if not others])
    modseq = await _touched(unit, account_id, mailbox_id)
    await _keep_uids(unit, mailbox_id, since, [row[0] for row in rows])
    marking = [_deleted((*row[:7], modseq, row[7])) for row in rows]
    await _insert(unit, account_id, mailbox_id, marking, {row[1]: vault.about(row[8]) for row in rows})


async def add(unit: Unit, account_id: int, mailbox_id: int, messages: Sequence[Deleted]) -> None:
    """Puts a copy of messages into a mailbox that are marked elsewhere in the account."""
    about = await _about(unit, account_id, [message.email_id for message in messages])
    await _insert(unit, account_id, mailbox_id, messages, about)


async def _insert(
    unit: Unit,
    account_id: int,
    mailbox_id: int,
    messages: Sequence[Deleted],
    about: Mapping[int, tuple[str, str]],
) -> None:
    await unit.many(
        f"""INSERT INTO deleted_email (mailbox_id, account_id, {_COLUMNS}, subject, sender)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        [
            (mailbox_id, account_id, m.uid, m.email_id, m.thread_id, m.blob, m.size, m.received_ms, m.keywords,
             m.modseq, m.saved_ms, *about.get(m.email_id, ("", "")))
            for m in messages
        ],
    )  # fmt: skip
    for message in messages:
        await blobs.link(unit, message.blob, account_id, LINK, message.email_id, message.size, "message/rfc822")


async def _about(unit: Unit, account_id: int, email_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Subject and sender of marked messages, by id."""
    return {
        row[0]: (row[1], row[2])
        for page in counts.pages(email_ids)
        for row in await unit.rows(
            f"""SELECT email_id, subject, sender FROM deleted_email WHERE account_id = ?
            AND email_id IN {marks(len(page))}""",
            account_id,
            *page,
        )
    }


async def set_keywords(
    unit: Unit, account_id: int, mailbox_id: int, changes: Sequence[tuple[int, frozenset[str]]]
) -> int:
    """Gives marked messages (by uid) other keywords. Returns the modseq of that."""
    modseq = await _touched(unit, account_id, mailbox_id)
    await unit.many(
        "UPDATE deleted_email SET keywords = ?, modseq = ? WHERE mailbox_id = ? AND uid = ?",
        [(" ".join(sorted(keywords)), modseq, mailbox_id, uid) for uid, keywords in changes],
    )
    return modseq


async def unmark(
    unit: Unit,
    dialect: Dialect,
    account_id: int,
    mailbox_id: int,
    messages: Sequence[tuple[Deleted, frozenset[str], Parsed]],
) -> None:
    """Brings marked messages back where they were, with their ids and uids and these keywords. `Parsed` is what was
    read of their bytes. Raises OverQuota."""
    await _forget(unit, account_id, mailbox_id, [message for message, _, _ in messages])
    fresh = []
    for message, keywords, parsed in messages:
        uids = {mailbox_id: message.uid}
        row = await unit.row("SELECT thread_id, received_ms FROM email WHERE id = ?", message.email_id)
        if row is None:
            box = frozenset({mailbox_id})
            fresh.append(New(parsed, message.blob, box, keywords, message.received_ms, message.email_id, uids))
            continue
        await store.add_places(unit, account_id, (message.email_id, row[0]), row[1], {mailbox_id}, uids)
        await unit.changed(account_id, KIND, message.email_id, "updated")
        await store.edit(unit, account_id, [Edit(message.email_id, keywords=keywords)])
        await counts.refresh(unit, account_id, [row[0]])
    if fresh:
        await store.append(unit, dialect, account_id, fresh)
    await unit.many(
        "UPDATE email_mailbox SET saved_ms = ? WHERE mailbox_id = ? AND uid = ?",
        [(message.saved_ms, mailbox_id, message.uid) for message, _, _ in messages],
    )


async def expunge(unit: Unit, account_id: int, mailbox_id: int, uids: Sequence[int] | None = None) -> list[int]:
    """Takes marked messages out for good: all of a mailbox or those of `uids`. Returns the uids that are gone."""
    found = await marked(unit, mailbox_id)
    if uids is not None:
        wanted = set(uids)
        found = [message for message in found if message.uid in wanted]
    if not found:
        return []
    await _end(unit, account_id, mailbox_id, found)
    modseq = await _touched(unit, account_id, mailbox_id)
    await store.vanish(unit, modseq, [(mailbox_id, message.uid) for message in found])
    return [message.uid for message in found]


async def drop_mailbox(unit: Unit, account_id: int, mailbox_id: int) -> None:
    """What is kept of a mailbox for IMAP goes with it."""
    await _end(unit, account_id, mailbox_id, await marked(unit, mailbox_id))
    for table in ("vanished_uid", "mailbox_key"):
        await unit.run(f"DELETE FROM {table} WHERE mailbox_id = ?", mailbox_id)


async def forget_vanished(keep: Store, most: int = VANISHED) -> int:
    """Forgets which uids left a mailbox long ago, where they are many, and notes until when. Returns how many it
    forgot. RFC 7162 §3.2.10.2"""
    removed = 0
    for (mailbox_id,) in await keep.db.rows(
        "SELECT mailbox_id FROM vanished_uid GROUP BY mailbox_id HAVING COUNT(*) > ?", most
    ):
        until = await keep.db.value(
            "SELECT modseq FROM vanished_uid WHERE mailbox_id = ? ORDER BY modseq DESC LIMIT 1 OFFSET ?",
            mailbox_id,
            most,
        )

        async def work(tx: Tx, mailbox_id: int = mailbox_id, until: int = until) -> int:
            await tx.run("UPDATE mailbox SET vanished_until = ? WHERE id = ?", until, mailbox_id)
            return await tx.run(
                f"""DELETE FROM vanished_uid WHERE (mailbox_id, modseq, uid) IN (SELECT mailbox_id, modseq, uid
                FROM vanished_uid WHERE mailbox_id = ? AND modseq <= ? ORDER BY modseq LIMIT {_PAGE})""",
                mailbox_id,
                until,
            )

        while count := await keep.db.write(work):
            removed += count
    return removed


async def _end(unit: Unit, account_id: int, mailbox_id: int, messages: Sequence[Deleted]) -> None:
    """Marked messages go for good; what is in no other mailbox goes into the vault."""
    about = await _about(unit, account_id, [message.email_id for message in messages])
    await _forget(unit, account_id, mailbox_id, messages)
    gone = {message.email_id: message for message in messages if "$draft" not in message.keywords.split()}
    left = await _about(unit, account_id, list(gone))
    left |= dict.fromkeys([row[0] for row in await store.rows_of(unit, account_id, list(gone))], ("", ""))
    now = clock.now_ms()
    await vault.add(
        unit,
        account_id,
        [
            Kept(m.email_id, m.blob, m.size, m.received_ms, now, m.keywords, str(mailbox_id), *about[m.email_id])
            for m in gone.values()
            if m.email_id not in left
        ],
    )


async def _touched(unit: Unit, account_id: int, mailbox_id: int) -> int:
    return await unit.changed(account_id, "Mailbox", mailbox_id, "updated", counts_only=True)


async def _keep_uids(unit: Unit, mailbox_id: int, since: int, uids: Sequence[int]) -> None:
    """They are shown still, so they have not vanished."""
    for page in counts.pages(uids):
        sql = f"DELETE FROM vanished_uid WHERE mailbox_id = ? AND modseq >= ? AND uid IN {marks(len(page))}"
        await unit.run(sql, mailbox_id, since, *page)


async def _forget(unit: Unit, account_id: int, mailbox_id: int, messages: Sequence[Deleted]) -> None:
    await unit.many(
        "DELETE FROM deleted_email WHERE mailbox_id = ? AND uid = ?", [(mailbox_id, one.uid) for one in messages]
    )
    for email_id in dict.fromkeys(message.email_id for message in messages):
        left = "SELECT 1 FROM deleted_email WHERE account_id = ? AND email_id = ?"
        if await unit.value(left, account_id, email_id) is None:
            await blobs.unlink(unit, account_id, LINK, email_id)
