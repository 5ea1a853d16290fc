"""Is the mail whole? Counts, threads, places, the text index and the change log, computed anew without the
statements that keep them. Reads only; what changes while it reads may be reported."""

from collections import defaultdict
from collections.abc import Sequence

from parvis.mail.counts import Place, shares
from parvis.store.check import Fault
from parvis.store.sql.contract import Database

_SECONDS = 600.0
# Each statement finds rows that must not be: (code, sentence with the row's columns, statement).
_RULES = (
    (
        "mail-place",
        "message {0} is in no mailbox",
        "SELECT id FROM email e WHERE NOT EXISTS (SELECT 1 FROM email_mailbox m WHERE m.email_id = e.id)",
    ),
    (
        "mail-place",
        "mailbox {1} holds message {0}, and one of them is not there or in another account",
        """SELECT m.email_id, m.mailbox_id FROM email_mailbox m LEFT JOIN email e ON e.id = m.email_id
        LEFT JOIN mailbox b ON b.id = m.mailbox_id AND b.account_id = e.account_id
        WHERE b.id IS NULL OR m.received_ms <> e.received_ms OR m.thread_id <> e.thread_id""",
    ),
    (
        "mail-uid",
        "mailbox {0} would give the uid {1} again",
        """SELECT b.id, b.uid_next FROM mailbox b JOIN email_mailbox m ON m.mailbox_id = b.id
        WHERE m.uid >= b.uid_next GROUP BY b.id, b.uid_next""",
    ),
    (
        "mail-part",
        "message {0} has no structure",
        "SELECT id FROM email e WHERE NOT EXISTS (SELECT 1 FROM email_part p WHERE p.email_id = e.id)",
    ),
    (
        "mail-blob",
        "message {0} does not hold its bytes",
        """SELECT id FROM email e WHERE NOT EXISTS (SELECT 1 FROM blob_link l WHERE l.hash = e.blob
        AND l.account_id = e.account_id AND l.kind = 'Email' AND l.object_id = e.id)""",
    ),
    (
        "mail-blob",
        "message {0}, marked as deleted, does not hold its bytes",
        """SELECT email_id FROM deleted_email d WHERE NOT EXISTS (SELECT 1 FROM blob_link l WHERE l.hash = d.blob
        AND l.account_id = d.account_id AND l.kind = 'DeletedEmail' AND l.object_id = d.email_id)""",
    ),
    (
        "mail-uid",
        "mailbox {0} has the uid {1} twice",
        """SELECT d.mailbox_id, d.uid FROM deleted_email d JOIN email_mailbox m ON m.mailbox_id = d.mailbox_id
        AND m.uid = d.uid""",
    ),
    (
        "mail-log",
        "message {0} is not in the change log",
        """SELECT id FROM email e WHERE NOT EXISTS (SELECT 1 FROM change c WHERE c.account_id = e.account_id
        AND c.kind = 'Email' AND c.object_id = e.id AND c.destroyed = 0)""",
    ),
    (
        "mail-log",
        "the change log has message {0}, which is not there",
        """SELECT object_id FROM change c WHERE c.kind = 'Email' AND c.destroyed = 0
        AND NOT EXISTS (SELECT 1 FROM email e WHERE e.id = c.object_id)""",
    ),
    (
        "mail-log",
        "the change log has thread {0}, which has no message",
        """SELECT object_id FROM change c WHERE c.kind = 'Thread' AND c.destroyed = 0
        AND NOT EXISTS (SELECT 1 FROM email e WHERE e.thread_id = c.object_id)""",
    ),
    (
        "mail-snooze",
        "message {0}, which is not there, is to come back",
        "SELECT email_id FROM snooze s WHERE NOT EXISTS (SELECT 1 FROM email e WHERE e.id = s.email_id)",
    ),
    (
        "mail-used",
        "account {0} is said to hold {1} messages, it holds {2}",
        """SELECT a.account_id, a.messages, COUNT(e.id) FROM mail_account a LEFT JOIN email e
        ON e.account_id = a.account_id GROUP BY a.account_id, a.messages, a.used_bytes
        HAVING a.messages <> COUNT(e.id) OR a.used_bytes <> COALESCE(SUM(e.size), 0)""",
    ),
)


async def check(db: Database) -> list[Fault]:
    """What is wrong with the mail of all accounts; nothing when it is whole."""
    faults = []
    for code, sentence, statement in _RULES:
        rows = await db.scan(statement, seconds=_SECONDS)
        faults += [Fault(code, sentence.format(*row)) for row in rows]
    for (account_id,) in await db.rows("SELECT account_id FROM mail_account"):
        faults += await _counts(db, account_id)
    return faults + await _text(db)


async def _counts(db: Database, account_id: int) -> list[Fault]:
    """The counts of each mailbox against what its threads add to it. RFC 8621 §2"""
    boxes = await db.rows(
        """SELECT id, total_emails, unread_emails, total_threads, unread_threads, role FROM mailbox
        WHERE account_id = ?""",
        account_id,
    )
    trash = next((row[0] for row in boxes if row[5] == "trash"), 0)
    places: dict[int, list[Place]] = defaultdict(list)
    for thread_id, *place in await db.scan(
        """SELECT e.thread_id, e.id, m.mailbox_id, e.received_ms, e.unread FROM email e
        JOIN email_mailbox m ON m.email_id = e.id WHERE e.account_id = ?""",
        account_id,
        seconds=_SECONDS,
    ):
        places[thread_id].append(Place(*place))
    due: dict[int, list[int]] = {row[0]: [0, 0, 0, 0] for row in boxes}
    for group in places.values():
        for mailbox_id, share in shares(group, trash).items():
            added = (share.emails, share.unread_emails, 1, share.unread)
            due[mailbox_id] = [one + more for one, more in zip(due[mailbox_id], added, strict=True)]
    return [_fault(row, due[row[0]]) for row in boxes if list(row[1:5]) != due[row[0]]]


def _fault(row: Sequence[object], due: Sequence[int]) -> Fault:
    return Fault("mail-count", f"mailbox {row[0]} counts {list(row[1:5])}, it holds {list(due)}")


async def _text(db: Database) -> list[Fault]:
    """Each message is in the text index, and nothing else is."""
    number = "rowid" if db.dialect.name == "sqlite" else "email_id"
    indexed = {row[0] for row in await db.scan(f"SELECT {number} FROM email_text", seconds=_SECONDS)}
    stored = {row[0] for row in await db.scan("SELECT id FROM email", seconds=_SECONDS)}
    faults = [Fault("mail-text", f"message {one} is not in the text index") for one in stored - indexed]
    return faults + [Fault("mail-text", f"the text index has message {one}") for one in indexed - stored]
