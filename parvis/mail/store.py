"""The SQL of messages: putting them in, moving them, taking them out, reading them back. Every function that
changes something keeps threads, counts, text index, quota, change log and outbox right in the same unit."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid, NotFound, OverQuota
from parvis.mail import counts, threads
from parvis.mail.message import Parsed
from parvis.mail.model import MAILBOXES, is_unread
from parvis.mail.structure import Structure, decode, encode
from parvis.mail.textindex import text_index
from parvis.serve.jmap import blobs
from parvis.store.sql.contract import Dialect, Row, marks
from parvis.store.unit import Unit

KIND = "Email"
_PAGE = 400


@dataclass(frozen=True, slots=True)
class New:
    """A message to put into an account; its blob is stored already."""

    parsed: Parsed
    blob: str
    mailbox_ids: frozenset[int]
    keywords: frozenset[str] = frozenset()
    received_ms: int | None = None
    email_id: int = 0
    """The id it had before, when it comes back; else it gets a new one."""
    uids: Mapping[int, int] = field(default_factory=dict)
    """The uids it had, by mailbox; elsewhere it gets the next one."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A message that is in an account now."""

    id: int
    thread_id: int
    blob: str
    size: int
    uids: Mapping[int, int]
    """Its uid in each of its mailboxes."""


async def append(unit: Unit, dialect: Dialect, account_id: int, messages: Sequence[New]) -> list[Stored]:
    """Puts messages into an account. Raises Invalid for a mailbox that is not there, OverQuota."""
    for new in messages:
        _check_number(new.mailbox_ids)
    await _use(unit, account_id, sum(new.parsed.size for new in messages), len(messages))
    stored = []
    for new in messages:
        thread_id, fresh = await threads.place(unit, account_id, new.parsed.refs)
        email = await _insert(unit, account_id, new, thread_id)
        await unit.changed(account_id, KIND, email.id, "created")
        await unit.changed(account_id, "Thread", thread_id, "created" if fresh else "updated")
        stored.append(email)
    await text_index(dialect, account_id).add(
        unit, [(email.id, new.parsed.indexed) for email, new in zip(stored, messages, strict=True)]
    )
    await counts.refresh(unit, account_id, {email.thread_id for email in stored})
    return stored


async def _insert(unit: Unit, account_id: int, new: New, thread_id: int) -> Stored:
    parsed, email_id = new.parsed, new.email_id or ids.new_id()
    received = clock.now_ms() if new.received_ms is None else new.received_ms
    await unit.run(
        """INSERT INTO email (id, account_id, thread_id, blob, size, received_ms, sent_ms, has_attachment, unread,
        keywords, message_ref, sort_from, sort_to, sort_subject, summary)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        email_id,
        account_id,
        thread_id,
        new.blob,
        parsed.size,
        received,
        parsed.sent_ms,
        int(parsed.has_attachment),
        int(is_unread(new.keywords)),
        " ".join(sorted(new.keywords)),
        parsed.message_ref,
        parsed.sort_from,
        parsed.sort_to,
        parsed.sort_subject,
        msgspec.json.encode(parsed.summary).decode(),
    )
    await unit.run(
        "INSERT INTO email_part (email_id, structure, headers, envelope, body_structure) VALUES (?, ?, ?, ?, ?)",
        email_id,
        encode(parsed.structure),
        parsed.packed_header,
        parsed.envelope,
        parsed.body_structure,
    )
    uids = await add_places(unit, account_id, (email_id, thread_id), received, new.mailbox_ids, new.uids)
    await _add_keywords(unit, account_id, email_id, new.keywords)
    await blobs.link(unit, new.blob, account_id, KIND, email_id, parsed.size, "message/rfc822")
    return Stored(email_id, thread_id, new.blob, parsed.size, uids)


async def add_places(
    unit: Unit,
    account_id: int,
    email: tuple[int, int],
    received_ms: int,
    mailbox_ids: Iterable[int],
    uids: Mapping[int, int] = {},
) -> dict[int, int]:
    """Puts a message (its id and thread) into mailboxes, with the next uid there or the one in `uids`; gives those
    that it got. Raises Invalid for a mailbox that is not there."""
    got = {}
    for mailbox_id in sorted(mailbox_ids):
        uid = await unit.value(
            "UPDATE mailbox SET uid_next = uid_next + ? WHERE id = ? AND account_id = ? RETURNING uid_next - 1",
            0 if mailbox_id in uids else 1,
            mailbox_id,
            account_id,
        )
        if uid is None:
            raise Invalid("a message must be in mailboxes that exist", field="mailboxIds")
        got[mailbox_id] = uids.get(mailbox_id, uid)
        await unit.run(
            """INSERT INTO email_mailbox (email_id, mailbox_id, uid, received_ms, thread_id, saved_ms)
            VALUES (?, ?, ?, ?, ?, ?)""",
            email[0],
            mailbox_id,
            got[mailbox_id],
            received_ms,
            email[1],
            clock.now_ms(),
        )
    return got


async def _add_keywords(unit: Unit, account_id: int, email_id: int, keywords: Iterable[str]) -> None:
    rows = [(email_id, keyword, account_id) for keyword in sorted(keywords)]
    if rows:
        await unit.many("INSERT INTO email_keyword (email_id, keyword, account_id) VALUES (?, ?, ?)", rows)


def _check_number(mailbox_ids: frozenset[int]) -> None:
    if len(mailbox_ids) > MAILBOXES:
        raise Invalid("too many mailboxes", field="mailboxIds", reason="tooManyMailboxes")
    if not mailbox_ids:
        raise Invalid("a message must be in a mailbox", field="mailboxIds")


async def _use(unit: Unit, account_id: int, octets: int, messages: int) -> None:
    """Counts what the account holds; whoever listens is told (RFC 9425 §6). Raises OverQuota, NotFound for an
    account without mail."""
    row = await unit.row(
        """UPDATE mail_account SET used_bytes = used_bytes + ?, messages = messages + ? WHERE account_id = ?
        RETURNING used_bytes, quota_bytes""",
        octets,
        messages,
        account_id,
    )
    if row is None:
        raise NotFound("this account has no mail", account_id=account_id)
    used, quota = row
    if octets > 0 and quota and used > quota:
        raise OverQuota("the mailbox is full", quota_bytes=quota)
    await unit.changed(account_id, "Quota", account_id, "updated", counts_only=True)


@dataclass(frozen=True, slots=True)
class Edit:
    """New keywords or mailboxes of a message; None leaves them."""

    email_id: int
    keywords: frozenset[str] | None = None
    mailbox_ids: frozenset[int] | None = None


async def edit(unit: Unit, account_id: int, edits: Sequence[Edit]) -> dict[int, int]:
    """Changes keywords and mailboxes of messages, each named once. Returns the modseq of each that is another now.
    A change of keywords alone is noted as `counts_only`, so that queries which do not look at keywords stay
    undisturbed. Raises NotFound, Invalid."""
    touched: set[int] = set()
    modseqs: dict[int, int] = {}
    for start in range(0, len(edits), _PAGE):
        touched |= await _edit_page(unit, account_id, edits[start : start + _PAGE], modseqs)
    await counts.refresh(unit, account_id, touched)
    return modseqs


async def _edit_page(unit: Unit, account_id: int, edits: Sequence[Edit], modseqs: dict[int, int]) -> set[int]:
    """Adds the modseqs of the messages that changed; returns the threads whose counts may have."""
    numbers = [change.email_id for change in edits]
    rows = await unit.rows(
        f"""SELECT id, thread_id, received_ms, keywords FROM email
        WHERE +account_id = ? AND id IN {marks(len(numbers))}""",
        account_id,
        *numbers,
    )
    known = {row[0]: row[1:] for row in rows}
    if len(known) != len(numbers):
        raise NotFound("no such message")
    touched: set[int] = set()
    marked: list[tuple[int, frozenset[str], frozenset[str]]] = []
    for change in edits:
        thread_id, received_ms, stored = known[change.email_id]
        left = await _move(unit, account_id, change, thread_id, received_ms)
        before = frozenset(stored.split())
        is_marked = change.keywords is not None and change.keywords != before
        if change.keywords is not None and is_marked:
            marked.append((change.email_id, before, change.keywords))
        if left is not None or is_marked:
            modseq = await unit.changed(account_id, KIND, change.email_id, "updated", counts_only=left is None)
            modseqs[change.email_id] = modseq
            if left:
                await vanish(unit, modseq, left)
        if left is not None or (is_marked and is_unread(before) != is_unread(change.keywords or ())):
            touched.add(thread_id)
    await _mark(unit, account_id, marked)
    return touched


async def _move(
    unit: Unit, account_id: int, change: Edit, thread_id: int, received_ms: int
) -> list[tuple[int, int]] | None:
    """The places (mailbox and uid) that the message left; None when it stays where it is."""
    if change.mailbox_ids is None:
        return None
    rows = await unit.rows("SELECT mailbox_id, uid FROM email_mailbox WHERE email_id = ?", change.email_id)
    before = {row[0] for row in rows}
    if before == change.mailbox_ids:
        return None
    _check_number(change.mailbox_ids)
    left = [(mailbox_id, uid) for mailbox_id, uid in rows if mailbox_id not in change.mailbox_ids]
    if left:
        gone = [(change.email_id, mailbox_id) for mailbox_id, _ in left]
        await unit.many("DELETE FROM email_mailbox WHERE email_id = ? AND mailbox_id = ?", gone)
    await add_places(unit, account_id, (change.email_id, thread_id), received_ms, change.mailbox_ids - before)
    return left


async def vanish(unit: Unit, modseq: int, places: Iterable[tuple[int, int]]) -> None:
    """Notes that uids (with their mailboxes) are not in use any more. RFC 7162 §3.2.10"""
    if rows := [(mailbox_id, modseq, uid) for mailbox_id, uid in places]:
        await unit.many("INSERT INTO vanished_uid (mailbox_id, modseq, uid) VALUES (?, ?, ?)", rows)


async def _mark(unit: Unit, account_id: int, changes: Sequence[tuple[int, frozenset[str], frozenset[str]]]) -> None:
    """Gives messages other keywords: the id, those before, those after."""
    gone = [(number, word) for number, before, after in changes for word in before - after]
    fresh = [(number, word, account_id) for number, before, after in changes for word in sorted(after - before)]
    if gone:
        await unit.many("DELETE FROM email_keyword WHERE email_id = ? AND keyword = ?", gone)
    if fresh:
        await unit.many("INSERT INTO email_keyword (email_id, keyword, account_id) VALUES (?, ?, ?)", fresh)
    if changes:
        await unit.many(
            "UPDATE email SET keywords = ?, unread = ? WHERE id = ?",
            [(" ".join(sorted(after)), int(is_unread(after)), number) for number, _, after in changes],
        )


async def remove(unit: Unit, dialect: Dialect, account_id: int, email_ids: Sequence[int]) -> None:
    """Destroys messages for good. Raises NotFound when one is not there."""
    touched: set[int] = set()
    for page in counts.pages(list(email_ids)):
        rows = await unit.rows(
            f"SELECT id, thread_id, size FROM email WHERE +account_id = ? AND id IN {marks(len(page))}",
            account_id,
            *page,
        )
        if len(rows) != len(set(page)):
            raise NotFound("no such message")
        await _delete(unit, dialect, account_id, [row[0] for row in rows])
        await _use(unit, account_id, -sum(row[2] for row in rows), -len(rows))
        touched.update(row[1] for row in rows)
    await counts.refresh(unit, account_id, touched)
    await threads.after_removal(unit, account_id, touched)


async def drop(unit: Unit, dialect: Dialect, account_id: int, page: Sequence[int]) -> None:
    """Deletes the rows of some messages, and nothing else."""
    where = f"email_id IN {marks(len(page))}"
    for table in ("email_mailbox", "email_keyword", "email_part", "snooze"):
        await unit.run(f"DELETE FROM {table} WHERE {where}", *page)
    await unit.run(f"DELETE FROM email WHERE id IN {marks(len(page))}", *page)
    await text_index(dialect, account_id).remove(unit, page)


async def _delete(unit: Unit, dialect: Dialect, account_id: int, page: Sequence[int]) -> None:
    places = await unit.rows(
        f"SELECT email_id, mailbox_id, uid FROM email_mailbox WHERE email_id IN {marks(len(page))}", *page
    )
    await drop(unit, dialect, account_id, page)
    modseqs = {}
    for email_id in page:
        await blobs.unlink(unit, account_id, KIND, email_id)
        modseqs[email_id] = await unit.changed(account_id, KIND, email_id, "destroyed")
    rows = [(mailbox_id, modseqs[email_id], uid) for email_id, mailbox_id, uid in places]
    await unit.many("INSERT INTO vanished_uid (mailbox_id, modseq, uid) VALUES (?, ?, ?)", rows)


_COLUMNS = "id, thread_id, blob, size, received_ms, keywords, summary"


async def rows_of(db: Any, account_id: int, email_ids: Sequence[int]) -> list[Row]:
    """`(id, thread_id, blob, size, received_ms, keywords, summary)` of those messages that are there."""
    return [
        row
        for page in counts.pages(email_ids)
        for row in await db.rows(
            f"SELECT {_COLUMNS} FROM email WHERE +account_id = ? AND id IN {marks(len(page))}", account_id, *page
        )
    ]


async def mailboxes_of(db: Any, email_ids: Sequence[int]) -> Mapping[int, list[int]]:
    """The mailboxes of each message."""
    found: dict[int, list[int]] = {number: [] for number in email_ids}
    for page in counts.pages(email_ids):
        for email_id, mailbox_id in await db.rows(
            f"SELECT email_id, mailbox_id FROM email_mailbox WHERE email_id IN {marks(len(page))}", *page
        ):
            found[email_id].append(mailbox_id)
    return found


async def uids_in(db: Any, mailbox_id: int, email_ids: Sequence[int]) -> dict[int, int]:
    """The uid of each message in a mailbox."""
    return {
        row[0]: row[1]
        for page in counts.pages(email_ids)
        for row in await db.rows(
            f"SELECT email_id, uid FROM email_mailbox WHERE email_id IN {marks(len(page))} AND mailbox_id = ?",
            *page,
            mailbox_id,
        )
    }


async def parts_of(db: Any, email_ids: Sequence[int]) -> dict[int, tuple[Structure, bytes]]:
    """The structure and the header block of each message."""
    return {
        row[0]: (decode(row[1]), zlib.decompress(row[2]))
        for page in counts.pages(email_ids)
        for row in await db.rows(
            f"SELECT email_id, structure, headers FROM email_part WHERE email_id IN {marks(len(page))}", *page
        )
    }
