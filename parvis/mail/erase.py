"""Erasing the mail of an account that is gone, in units of bounded size. See access.erasure"""

from functools import partial

from parvis.access.erasure import Gone, rows, until_none
from parvis.mail import store as mail
from parvis.store.sql.contract import Dialect
from parvis.store.sql.fts import forget_deleted
from parvis.store.store import Store
from parvis.store.unit import Unit

_MESSAGES = 200
_IN_MAILBOXES = "mailbox_id IN (SELECT id FROM mailbox WHERE account_id = ?)"
_OF_SUBMISSIONS = "submission_id IN (SELECT id FROM submission WHERE account_id = ?)"
_OF_OUTGOING = "outgoing_id IN (SELECT id FROM outgoing WHERE account_id = ?)"
_MINE = "account_id = ?"
_KEPT = (
    ("thread_mailbox", "mailbox_id, thread_id", _IN_MAILBOXES),
    ("thread_ref", "account_id, ref", _MINE),
    ("deleted_email", "mailbox_id, uid", _MINE),
    ("vault_email", "id", _MINE),
    ("spam_token", "account_id, token", _MINE),
    ("spam_report", "account_id, blob", _MINE),
    ("spam_total", "account_id", _MINE),
    ("vanished_uid", "mailbox_id, modseq, uid", _IN_MAILBOXES),
    ("mailbox_subscription", "mailbox_id, principal_id", _IN_MAILBOXES),
    ("mailbox_subscription", "mailbox_id, principal_id", "principal_id = ?"),
    ("mailbox_key", "principal_id, mailbox_id", _IN_MAILBOXES),
    ("mailbox_key", "principal_id, mailbox_id", "principal_id = ?"),
    ("template", "id", _MINE),
    ("subscribed_name", "principal_id, name", "principal_id = ?"),
    ("mailbox", "id", _MINE),
)
_SENDING = (
    ("outgoing_recipient", "id", _OF_OUTGOING),
    ("outgoing", "id", _MINE),
    ("submission_report", "id", _OF_SUBMISSIONS),
    ("submission", "id", _MINE),
    ("identity", "id", _MINE),
    ("vacation", "account_id", _MINE),
    ("suppressed", "account_id, address", _MINE),
    ("list_post", "id", "group_id = ?"),
    ("list_reader", "id", "group_id = ?"),
    ("list_reader", "id", "principal_id = ?"),
    ("mail_list", "group_id", "group_id = ?"),
    ("vacation_sent", "account_id, address", _MINE),
)


_FILTERS = (
    ("sieve_script", "id", _MINE),
    ("sieve_seen", "account_id, hash", _MINE),
    ("sieve_log", "id", _MINE),
    ("sieve_undo", "job_id, email_id", _MINE),
)


async def messages(store: Store, gone: Gone) -> None:
    """Messages, threads and mailboxes. The row that lets mail in goes first: from then on nothing arrives."""
    await rows(store, "mail_account", "account_id", _MINE, gone.account_id)
    await until_none(store, partial(_page, dialect=store.db.dialect, account_id=gone.account_id))
    await forget_deleted(store, "email_text")
    for table, key, where in _KEPT:
        await rows(store, table, key, where, gone.account_id)


async def _page(unit: Unit, dialect: Dialect, account_id: int) -> int:
    found = await unit.rows("SELECT id FROM email WHERE account_id = ? LIMIT ?", account_id, _MESSAGES)
    if found:
        await mail.drop(unit, dialect, account_id, [row[0] for row in found])
    return len(found)


async def sending(store: Store, gone: Gone) -> None:
    """What is on its way out (it is not sent any more), what was sent, identities and automatic answers."""
    for table, key, where in _SENDING:
        await rows(store, table, key, where, gone.account_id)


async def filters(store: Store, gone: Gone) -> None:
    """Filter scripts, and what they noted."""
    for table, key, where in _FILTERS:
        await rows(store, table, key, where, gone.account_id)
