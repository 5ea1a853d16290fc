"""Opening and closing a mailbox: SELECT, EXAMINE, CLOSE, UNSELECT, EXPUNGE. RFC 9051 §6.3.2, §6.4.1 to §6.4.3, with
what RFC 7162 and RFC 8474 add"""

from collections.abc import Sequence

from parvis.access import gate
from parvis.access.principal import Right
from parvis.kernel import ids
from parvis.mail import deleted
from parvis.mail.imap.contents import Contents
from parvis.mail.imap.flags import SYSTEM, as_flag
from parvis.mail.imap.session import Done, No, Session
from parvis.mail.imap.view import View, words
from parvis.mail.mailboxes import MailboxRow
from parvis.mail.model import SCOPE, is_unread
from parvis.store.unit import Unit
from parvis.wire.imap import arguments as a
from parvis.wire.imap.command import Command
from parvis.wire.imap.mailbox import encode_mailbox


async def select(session: Session, command: Command) -> Done:
    """RFC 9051 §6.3.2, §6.3.3, RFC 4314 §5.2, RFC 7162 §3.2.11, RFC 8474 §4, §4.2"""
    asked = command.arguments
    assert isinstance(asked, a.Select)
    was_selected = session.view is not None
    session.leave_mailbox()
    named = (await session.names()).find(asked.mailbox)
    if named is None or named.row is None or named.access is None:
        raise No("There is no such mailbox", "NONEXISTENT")
    if asked.condstore or asked.qresync is not None:
        session.enable_condstore()
    read_only = asked.read_only or Right.WRITE not in named.access.rights
    view = View(named.name, named.access, named.row, read_only)
    contents = await session.server.shelf.get(view.account_id, view.mailbox_id)
    view.load(contents)
    first = None if "IMAP4REV2" in session.enabled else await _first_unseen(session, view, named.row, contents)
    session.view = view
    session.watch_mailbox()
    if was_selected:
        session.say("* OK [CLOSED] The mailbox before is closed")
    await _introduce(session, view, named.row.uid_next, first)
    if asked.qresync is not None and asked.qresync.uid_validity == view.uid_validity:
        await _catch_up(session, view, asked.qresync)
    return Done("Opened", "READ-ONLY" if read_only else "READ-WRITE", tells=False)


async def _introduce(session: Session, view: View, uid_next: int, first: int | None) -> None:
    session.say(f"* {len(view.uids)} EXISTS")
    session.claim_recent()
    if first is not None and (number := view.sequence(first)):
        session.say(f"* OK [UNSEEN {number}] First")
    session.known_flags = {*SYSTEM, *view.said, *(as_flag(word) for word in await _keywords(session, view))}
    session.say_flags()
    kept = "" if view.read_only else " ".join([*SYSTEM, *sorted(session.known_flags - set(SYSTEM)), r"\*"])
    session.say(f"* OK [PERMANENTFLAGS ({kept})] What is kept")
    session.say(f"* OK [UIDVALIDITY {view.uid_validity}] Valid")
    session.say(f"* OK [UIDNEXT {max(uid_next, view.uids[-1] + 1 if view.uids else 1)}] Next")
    session.say(f"* OK [HIGHESTMODSEQ {max(1, view.modseq)}] Newest")
    session.say("* OK [URLMECH INTERNAL] What signs URLs")
    session.say(f"* OK [MAILBOXID ({ids.text(view.mailbox_id)})] Here")
    if "IMAP4REV2" in session.enabled:
        session.say(b'* LIST () "/" ' + encode_mailbox(view.name, True))


async def _keywords(session: Session, view: View) -> set[str]:
    """The keywords of the account, each found by one step through the index, and those of what is marked."""
    rows = await session.store.db.rows(
        """WITH RECURSIVE k (word) AS (SELECT MIN(keyword) FROM email_keyword WHERE account_id = ? UNION ALL
        SELECT (SELECT MIN(e.keyword) FROM email_keyword e WHERE e.account_id = ? AND e.keyword > k.word)
        FROM k WHERE k.word IS NOT NULL) SELECT word FROM k WHERE word IS NOT NULL
        UNION SELECT keywords FROM deleted_email WHERE mailbox_id = ? LIMIT 2000""",
        view.account_id,
        view.account_id,
        view.mailbox_id,
    )
    return {word for row in rows for word in row[0].split()}


async def _first_unseen(session: Session, view: View, row: MailboxRow, contents: Contents) -> int | None:
    """The uid of the first message that is not seen. Where most are not, it is met soon. RFC 3501 §7.1"""
    if contents.flags is not None:
        unseen = {
            place
            for place, form in enumerate(contents.forms)
            if not form.deleted and is_unread(words(form.keywords))
        }
        return next(
            (uid for uid, place in zip(contents.uids, contents.flags, strict=True) if place in unseen), None
        )
    if not row.unread_emails:
        return None
    if 2 * row.unread_emails > row.total_emails:
        sql = """SELECT m.uid FROM email_mailbox m JOIN email e ON e.id = m.email_id
            WHERE m.mailbox_id = ? AND e.account_id = ? AND e.unread = 1 ORDER BY m.uid LIMIT 1"""
    else:
        sql = """SELECT MIN(m.uid) FROM email e JOIN email_mailbox m ON m.email_id = e.id AND m.mailbox_id = ?
            WHERE e.account_id = ? AND e.unread = 1"""
    uid: int | None = await session.store.db.value(sql, view.mailbox_id, view.account_id)
    return uid


async def _catch_up(session: Session, view: View, known: a.Qresync) -> None:
    """What changed since the client was here. RFC 7162 §3.2.5"""
    since = known.modseq
    if gone := await view.vanished(session.store.db, since, known.known):
        session.say(f"* VANISHED (EARLIER) {gone}")
    for flagged in await view.changed(session.store.db, since, long_ago=True):
        if known.known is None or known.known.contains(flagged.uid, view.uids[-1] if view.uids else 0):
            session.tell_flags(flagged, uid=True)


async def close(session: Session, _: Command) -> Done:
    """RFC 9051 §6.4.1, RFC 7162 §3.2.8"""
    if session.box.may(Right.WRITE):
        await _expunge(session, None)
    return await unselect(session, _)


async def unselect(session: Session, _: Command) -> Done:
    """RFC 9051 §6.4.2"""
    session.leave_mailbox()
    session.watch_mailbox()
    return Done()


async def expunge(session: Session, command: Command) -> Done:
    """RFC 9051 §6.4.3, §6.4.9, RFC 7162 §3.2.7, §3.2.9"""
    asked, view = command.arguments, session.box
    if view.read_only:
        raise No("The mailbox is open for reading only", "CANNOT")
    uids = list(view.chosen(asked.numbers, uid=True)) if isinstance(asked, a.UidExpunge) else None
    gone = await _expunge(session, uids)
    if not (gone and session.condstore):
        return Done()
    await session.tell()
    return Done("Expunged", f"HIGHESTMODSEQ {view.modseq}")


async def _expunge(session: Session, uids: Sequence[int] | None) -> list[int]:
    view = session.box

    async def work(unit: Unit) -> list[int]:
        await gate.require(unit, session.who, view.account_id, SCOPE, Right.WRITE)
        return await deleted.expunge(unit, view.account_id, view.mailbox_id, uids)

    return await session.store.write(work)
