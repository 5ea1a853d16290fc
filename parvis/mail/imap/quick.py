"""FETCH of what the tables have ready: flags, sizes, dates, envelopes. A page is one statement and one loop, and
none for flags alone: lists of a hundred thousand messages are read like this. RFC 9051 §2.3.3, §2.3.4, §6.4.5,
RFC 8474 §5.2, RFC 8621 §1.6"""

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any

from parvis.kernel import ids
from parvis.mail.imap.contents import Form
from parvis.mail.imap.session import Session
from parvis.mail.imap.view import words
from parvis.mail.store import KIND
from parvis.wire.imap import write
from parvis.wire.imap.fetch import FetchItem, Simple

PAGE = 1000
_COLUMNS = {
    "UID": "m.uid",
    "FLAGS": "e.keywords",
    "RFC822.SIZE": "e.size",
    "INTERNALDATE": "e.received_ms",
    "SAVEDATE": "COALESCE(m.saved_ms, m.received_ms)",
    "EMAILID": "e.id",
    "THREADID": "e.thread_id",
    "MODSEQ": "c.modseq",
    "ENVELOPE": "p.envelope",
    "BODYSTRUCTURE": "p.body_structure",
}
_WRITTEN: dict[str, Callable[[Any], bytes]] = {
    "INTERNALDATE": write.internal_date,
    "SAVEDATE": write.internal_date,
    "EMAILID": lambda number: b"(%b)" % ids.text(number).encode(),
    "THREADID": lambda number: b"(%b)" % ids.text(number).encode(),
    "MODSEQ": lambda number: b"(%d)" % (number or 1),
}
_NUMBERS = frozenset({"UID", "RFC822.SIZE"})
_HELD = frozenset({"UID", "FLAGS"})
"""What is in memory."""


def is_quick(items: Sequence[FetchItem]) -> bool:
    """Whether all of it stands in the tables."""
    return all(isinstance(one, Simple) and one.name in _COLUMNS for one in items)


async def answer(session: Session, items: Sequence[FetchItem], uids: Sequence[int]) -> Sequence[int] | None:
    """Answers for a page of uids. Returns those that are there, or None when it has answered nothing because
    something of the page is kept elsewhere."""
    view, db = session.box, session.store.db
    names = [one.name for one in items if isinstance(one, Simple)]
    if "FLAGS" in names and _HELD.issuperset(names):
        return await _from_memory(session, names, uids)
    span = view.mailbox_id, uids[0], uids[-1]
    marked = "SELECT 1 FROM deleted_email WHERE mailbox_id = ? AND uid >= ? AND uid <= ? LIMIT 1"
    if await db.value(marked, *span) is not None:
        return None
    sql, parameters = _statement(names, view.account_id)
    rows = await db.rows(sql, *parameters, *span)
    if len(rows) > len(uids):
        wanted = set(uids)
        rows = [row for row in rows if row[0] in wanted]
    if any(None in row for row in rows):
        return None  # from before envelopes were kept
    _write(session, names, rows)
    await session.client.flush()
    return [row[0] for row in rows]


async def _from_memory(session: Session, names: Sequence[str], uids: Sequence[int]) -> Sequence[int]:
    view = session.box
    contents = await session.server.shelf.get(view.account_id, view.mailbox_id, flags=True)
    there, places = contents.flags_of(uids)
    if there:
        recent = view.recent_among(there[0], there[-1])
        shown = list(zip(places, map(view.is_recent, there) if recent is None else repeat(recent), strict=False))
        written = {key: _flags(session, contents.forms[key[0]], recent=key[1]) for key in set(shown)}
        columns: dict[str, Iterable[Any]] = {"UID": there, "FLAGS": map(written.__getitem__, shown)}
        form = _form(names)
        rows = zip(view.sequences(there), *(columns[name] for name in names), strict=True)
        session.client.write(b"".join([form % row for row in rows if row[0]]))
    await session.client.flush()
    return there


def _statement(names: Sequence[str], account_id: int) -> tuple[str, list[int]]:
    columns = [_COLUMNS[name] for name in names]
    sql, parameters = f"SELECT m.uid, {', '.join(columns)} FROM email_mailbox m", []
    if any(column.startswith("e.") for column in columns):
        sql += " JOIN email e ON e.id = m.email_id"
    if "MODSEQ" in names:
        sql += f" JOIN change c ON c.account_id = ? AND c.kind = '{KIND}' AND c.object_id = m.email_id"
        parameters.append(account_id)
    if any(column.startswith("p.") for column in columns):
        sql += " JOIN email_part p ON p.email_id = m.email_id"
    return f"{sql} WHERE m.mailbox_id = ? AND m.uid >= ? AND m.uid <= ? ORDER BY m.uid", parameters


def _flags(session: Session, form: Form, *, recent: bool) -> bytes:
    return session.shown(words(form.keywords), deleted=form.deleted, recent=recent).encode()


def _form(names: Sequence[str]) -> bytes:
    """The line of one message, with places for what is told of it."""
    forms = [f"{name} {'(%b)' if name == 'FLAGS' else '%d' if name in _NUMBERS else '%b'}" for name in names]
    return f"* %d FETCH ({' '.join(forms)})\r\n".encode()


def _write(session: Session, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    view, known = session.box, {}
    form = _form(names)
    changes = [(place, _WRITTEN[name]) for place, name in enumerate(names, 1) if name in _WRITTEN]
    flags = names.index("FLAGS") + 1 if "FLAGS" in names else 0
    lines = []
    recent = view.recent_among(rows[0][0], rows[-1][0]) if rows else False
    for number, row in zip(view.sequences([row[0] for row in rows]), rows, strict=True):
        if not number:
            continue
        values = [number, *row[1:]]
        if flags:
            key = row[flags], view.is_recent(row[0]) if recent is None else recent
            if key not in known:
                known[key] = _flags(session, Form(key[0], False), recent=key[1])
            values[flags] = known[key]
        for where, written in changes:
            values[where] = written(values[where])
        lines.append(form % tuple(values))
    session.client.write(b"".join(lines))
