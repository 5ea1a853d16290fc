r"""Which mailboxes there are: LIST, LSUB, NAMESPACE and STATUS, with what RFC 5258, 5819, 6154, 8438, 8440 and 8474
add. RFC 9051 §6.3.9 to §6.3.11"""

import re
from collections.abc import Iterable, Iterator, Sequence

from parvis.access.gate import Access
from parvis.access.principal import Right
from parvis.kernel import ids
from parvis.mail import mailboxes
from parvis.mail.imap.names import DELIMITER, OTHERS, SHARED, USES, Named, Names
from parvis.mail.imap.session import Done, No, Session
from parvis.mail.mailboxes import MailboxRow
from parvis.store.sql.contract import Database
from parvis.wire.imap import arguments as a
from parvis.wire.imap.command import Command
from parvis.wire.imap.mailbox import encode_mailbox

_COUNTED = {
    "RECENT": "SELECT COUNT(*) FROM email_mailbox WHERE mailbox_id = ? AND uid >= ?",
    "DELETED": "SELECT COUNT(*) FROM deleted_email WHERE mailbox_id = ?",
    "SIZE": """SELECT COALESCE(SUM(e.size), 0) FROM email_mailbox m JOIN email e ON e.id = m.email_id
        WHERE m.mailbox_id = ?""",
    "DELETED-STORAGE": "SELECT COALESCE(SUM(size), 0) FROM deleted_email WHERE mailbox_id = ?",
    "UNSEEN DELETED": """SELECT COUNT(*) FROM deleted_email WHERE mailbox_id = ?
        AND ' ' || keywords || ' ' NOT LIKE '% $seen %'""",
    "UNSEEN DRAFTS": """SELECT COUNT(*) FROM email_keyword k JOIN email_mailbox m ON m.email_id = k.email_id
        WHERE m.mailbox_id = ? AND k.account_id = ? AND k.keyword = '$draft' AND NOT EXISTS
        (SELECT 1 FROM email_keyword s WHERE s.email_id = k.email_id AND s.keyword = '$seen')""",
}
_LETTERS = {Right.READ: "lr", Right.WRITE: "swike", Right.DELETE: "tx", Right.SEND: "p", Right.SHARE: "a"}
"""Rights as letters: with WRITE also to expunge, because that takes away no more than a move. RFC 4314 §2.1,
§2.2, §4, §5.1.1"""


def letters(rights: Right) -> str:
    """Rights of a scope as those of an ACL. RFC 4314 §2.1"""
    held = {letter for right, some in _LETTERS.items() if right in rights for letter in some}
    return "".join(letter for letter in "lrswipkxtea" if letter in held)


async def namespace(session: Session, _: Command) -> Done:
    """RFC 9051 §6.3.10"""
    session.say(f'* NAMESPACE (("" "{DELIMITER}")) (("{OTHERS}/" "{DELIMITER}")) (("{SHARED}/" "{DELIMITER}"))')
    return Done()


async def list_(session: Session, command: Command) -> Done:
    """RFC 9051 §6.3.9, §11.5, RFC 5258 §4, §7, §8"""
    asked = command.arguments
    assert isinstance(asked, a.List)
    if not asked.extended and asked.patterns == ("",):
        session.say(rf'* LIST (\Noselect) "{DELIMITER}" ""')
        return Done()
    names = await session.names()
    chosen = await subscribed(session, names)
    pattern = matcher(asked.reference, asked.patterns)
    for named, attributes in _chosen(names, chosen, asked, pattern):
        say_list(session, named.name, attributes, _childinfo(asked, named, chosen, pattern))
        if named.row is not None and named.access is not None:
            if asked.return_status is not None:
                await say_status(session, named, asked.return_status)
            if asked.return_myrights:
                name = encode_mailbox(named.name, session.utf8)
                session.say(b"* MYRIGHTS " + name + b" " + letters(named.access.rights).encode())
    return Done()


def _chosen(
    names: Names, subscribed: set[str], asked: a.List, pattern: re.Pattern[str]
) -> Iterator[tuple[Named, list[str]]]:
    every = dict(names.by_name)
    if asked.subscribed:
        every.update({name: Named(name) for name in subscribed if name not in every})
    for name, named in sorted(every.items(), key=lambda item: (item[0] != "INBOX", item[0])):
        if not pattern.fullmatch(name):
            continue
        use = USES.get(named.row.role or "") if named.row is not None else None
        if asked.subscribed and name not in subscribed and not _childinfo(asked, named, subscribed, pattern):
            continue
        if asked.special_use_only and use is None:
            continue
        attributes = [r"\NonExistent" if asked.extended else r"\Noselect"] if named.row is None else []
        attributes.append(r"\HasChildren" if names.children(name) else r"\HasNoChildren")
        if (asked.return_subscribed or asked.subscribed) and name in subscribed:
            attributes.append(r"\Subscribed")
        if use is not None:
            attributes.append(use)
        yield named, attributes


def _childinfo(asked: a.List, named: Named, subscribed: set[str], pattern: re.Pattern[str]) -> str:
    """RFC 9051 §6.3.9.6: something below is subscribed and not in this list itself."""
    below = [name for name in subscribed if name.startswith(named.name + DELIMITER)]
    if not (asked.recursive_match and any(not pattern.fullmatch(name) for name in below)):
        return ""
    return ' ("CHILDINFO" ("SUBSCRIBED"))'


async def lsub(session: Session, command: Command) -> Done:
    r"""RFC 3501 §6.3.9: with `%`, a step above a subscribed mailbox stands for it as \Noselect."""
    asked = command.arguments
    assert isinstance(asked, a.Lsub)
    names = await session.names()
    pattern = matcher(asked.reference, (asked.pattern,))
    shown: dict[str, list[str]] = {}
    for name in sorted(await subscribed(session, names)):
        if pattern.fullmatch(name):
            shown[name] = []
            continue
        steps = name.split(DELIMITER)
        for count in range(len(steps) - 1, 0, -1):
            above = DELIMITER.join(steps[:count])
            if asked.pattern.endswith("%") and pattern.fullmatch(above):
                shown.setdefault(above, [r"\Noselect"])
                break
    for name, attributes in shown.items():
        say_list(session, name, attributes, verb="LSUB")
    return Done()


async def subscribed(session: Session, names: Names) -> set[str]:
    """The names of the mailboxes that the person wants to see."""
    accounts = [access.scope.account_id for access in names.roots.values()]
    chosen = await mailboxes.subscriptions(session.store.db, accounts, session.who.id)
    rows = await session.store.db.rows("SELECT name FROM subscribed_name WHERE principal_id = ?", session.who.id)
    return {row[0] for row in rows} | {
        name
        for name, named in names.by_name.items()
        if named.row is not None and named.access is not None and chosen.get(named.row.id, named.access.owner)
    }


def matcher(reference: str, patterns: Sequence[str]) -> re.Pattern[str]:
    """`*` stands for anything, `%` for anything within a step. RFC 9051 §6.3.9"""
    wanted = []
    for pattern in patterns:
        whole = reference + pattern
        if whole.upper() == "INBOX" or whole.upper().startswith("INBOX/"):
            whole = "INBOX" + whole[5:]
        runs = re.split(r"([*%]+)", whole)
        wanted.append("".join(_piece(run) for run in runs))
    return re.compile("|".join(wanted), re.DOTALL)


def _piece(run: str) -> str:
    if run and not run.strip("*%"):
        return ".*" if "*" in run else "[^/]*"
    return re.escape(run)


def say_list(session: Session, name: str, attributes: Iterable[str], more: str = "", *, verb: str = "LIST") -> None:
    """One line of LIST or LSUB."""
    line = f'* {verb} ({" ".join(attributes)}) "{DELIMITER}" '.encode()
    session.say(line + encode_mailbox(name, session.utf8) + more.encode())


async def status(session: Session, command: Command) -> Done:
    """RFC 9051 §6.3.11"""
    asked = command.arguments
    assert isinstance(asked, a.Status)
    named = (await session.names()).find(asked.mailbox)
    if named is None:
        raise No("There is no such mailbox", "NONEXISTENT")
    await say_status(session, named, asked.items)
    return Done()


async def say_status(session: Session, named: Named, items: Sequence[str]) -> None:
    """A STATUS of a mailbox."""
    assert named.row is not None
    if "HIGHESTMODSEQ" in items:
        session.enable_condstore()
    found = await figures(session, named.row, named.access, items)
    words = " ".join(f"{item} {value}" for item, value in found.items())
    session.say(b"* STATUS " + encode_mailbox(named.name, session.utf8) + f" ({words})".encode())


async def figures(
    session: Session, row: MailboxRow, access: Access | None, items: Sequence[str]
) -> dict[str, int | str]:
    """What STATUS tells of a mailbox. Messages that are marked \\Deleted count, as they are there for IMAP. RFC
    8438 §3, RFC 8474 §4.3, RFC 9208 §4.1.4"""
    assert access is not None
    db, account_id = session.store.db, access.scope.account_id
    found: dict[str, int | str] = {}
    for item in items:
        if item == "MESSAGES":
            found[item] = row.total_emails + await db.value(_COUNTED["DELETED"], row.id)
        elif item == "UNSEEN":
            found[item] = row.unread_emails + await _unseen(db, account_id, row.id)
        elif item == "SIZE":
            found[item] = await _scanned(db, "SIZE", row.id) + await _scanned(db, "DELETED-STORAGE", row.id)
        elif item in ("DELETED", "DELETED-STORAGE"):
            found[item] = await _scanned(db, item, row.id)
        elif item == "HIGHESTMODSEQ":
            found[item] = max(1, await db.value("SELECT modseq FROM account WHERE id = ?", account_id) or 0)
        elif item == "RECENT":
            fresh = session.server.watch.recent(row.id, row.uid_next - 1, claim=False)
            found[item] = await db.value(_COUNTED["RECENT"], row.id, fresh.start)
        elif item == "MAILBOXID":
            found[item] = f"({ids.text(row.id)})"
        elif item in _SIMPLE:
            found[item] = getattr(row, _SIMPLE[item])
    return found


_SIMPLE = {"UIDNEXT": "uid_next", "UIDVALIDITY": "uid_validity"}


async def _scanned(db: Database, item: str, mailbox_id: int) -> int:
    return int((await db.scan(_COUNTED[item], mailbox_id))[0][0])


async def _unseen(db: Database, account_id: int, mailbox_id: int) -> int:
    """What counts as read elsewhere and is not \\Seen: drafts; and what is marked \\Deleted."""
    drafts = await db.value(_COUNTED["UNSEEN DRAFTS"], mailbox_id, account_id)
    return int(drafts + await db.value(_COUNTED["UNSEEN DELETED"], mailbox_id))
