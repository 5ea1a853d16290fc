"""What a search finds in the selected mailbox. Conditions become SQL as far as the tables can tell; what they leave
open is answered by the messages themselves, so that a text is found wherever it stands, inside words too. RFC 9051
§6.4.4"""

from collections.abc import Iterator

from parvis.mail.imap.conditions import Candidates, Conditions
from parvis.mail.imap.contents import Form
from parvis.mail.imap.flags import has_flag, is_stored_flag
from parvis.mail.imap.reading import Reading
from parvis.mail.imap.session import Session
from parvis.mail.imap.view import paged, words
from parvis.mail.textindex import text_index
from parvis.wire.imap import search as keys
from parvis.wire.imap.search import SearchKey

_LIVE = "SELECT m.uid FROM email_mailbox m JOIN email e ON e.id = m.email_id WHERE m.mailbox_id = ? AND ({})"
_PLACES = "SELECT m.uid FROM email_mailbox m WHERE m.mailbox_id = ? AND ({})"
_SECONDS = 30.0
_INDEXED = {
    "FROM": ("sender",),
    "TO": ("recipient",),
    "CC": ("copied",),
    "BCC": ("blind",),
    "SUBJECT": ("subject",),
    "BODY": ("body",),
    "TEXT": ("body",),
}
"""What the text index has as it stands in the message."""


async def matching(session: Session, key: SearchKey) -> list[int]:
    """The uids that a search finds in the selected mailbox, in order."""
    view, db = session.box, session.store.db
    if all(is_stored_flag(one) for one in leaves(key)):
        return await _by_flags(session, key)
    candidates = await _candidates(session, key)
    condition = Conditions(view, candidates, db.dialect).of(key)
    sql = (_LIVE if "e." in condition.sql else _PLACES).format(condition.sql)
    rows = await db.scan(sql, view.mailbox_id, *condition.parameters, seconds=_SECONDS)
    live = sorted(row[0] for row in rows)
    live = [uid for uid, number in zip(live, view.sequences(live), strict=True) if number]
    reading = Reading(session, candidates)
    if not condition.exact:
        live = [uid for page in paged(live) for uid in await reading.filtered(page, key)]
    marked = await db.rows("SELECT uid FROM deleted_email WHERE mailbox_id = ?", view.mailbox_id)
    if not marked:
        return live
    others = sorted(row[0] for row in marked if view.sequence(row[0]))
    return sorted(live + [uid for page in paged(others) for uid in await reading.filtered(page, key)])


async def _by_flags(session: Session, key: SearchKey) -> list[int]:
    """What is found by flags alone: each combination of them is looked at once, in memory."""
    view = session.box
    contents = await session.server.shelf.get(view.account_id, view.mailbox_id, flags=True)
    there, places = contents.flags_of(view.uids)
    used = set(places)
    wanted = {place for place in used if _holds(key, contents.forms[place])}
    if wanted == used:
        return list(there)
    return [uid for uid, place in zip(there, places, strict=True) if place in wanted]


def _holds(key: SearchKey, form: Form) -> bool:
    match key:
        case keys.And(several):
            return all(_holds(one, form) for one in several)
        case keys.Or(left, right):
            return _holds(left, form) or _holds(right, form)
        case keys.Not(inner):
            return not _holds(inner, form)
        case keys.Flag() | keys.Keyword():
            return has_flag(key, words(form.keywords), form.deleted)
    return True


async def _candidates(session: Session, key: SearchKey) -> Candidates:
    """What the text index knows of the texts that are looked for in bodies."""
    index = text_index(session.store.db.dialect, session.box.account_id)
    found: Candidates = {}
    for one in {one for one in leaves(key) if isinstance(one, keys.Text) and one.field in _INDEXED}:
        fields = _INDEXED[one.field]
        if (known := await index.containing(session.store.db, fields, one.value)) is not None:
            found[one] = known
    return found


def leaves(key: SearchKey) -> Iterator[SearchKey]:
    """The keys of a tree that hold no other."""
    match key:
        case keys.And(several):
            for one in several:
                yield from leaves(one)
        case keys.Or(left, right):
            yield from leaves(left)
            yield from leaves(right)
        case keys.Not(inner):
            yield from leaves(inner)
        case _:
            yield key
