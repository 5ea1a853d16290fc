"""SEARCH, SORT and THREAD. Conditions become SQL as far as the tables can tell; what they leave open is answered by
the messages themselves, so that a text is found wherever it stands, inside words too. RFC 9051 §6.4.4, RFC 5256"""

from collections.abc import Iterator, Sequence

from parvis.mail.imap.conditions import Candidates, Conditions
from parvis.mail.imap.contents import Form
from parvis.mail.imap.flags import has_flag, is_stored_flag
from parvis.mail.imap.reading import Reading
from parvis.mail.imap.session import Done, No, Session
from parvis.mail.imap.view import paged, words
from parvis.mail.textindex import text_index
from parvis.wire.imap import arguments as a
from parvis.wire.imap import search as keys
from parvis.wire.imap.command import Command
from parvis.wire.imap.numbers import compressed
from parvis.wire.imap.search import SearchKey

_LIVE = "SELECT m.uid FROM email_mailbox m JOIN email e ON e.id = m.email_id WHERE m.mailbox_id = ? AND ({})"
_PLACES = "SELECT m.uid FROM email_mailbox m WHERE m.mailbox_id = ? AND ({})"
_SECONDS = 30.0
_INDEXED = {"SUBJECT": ("subject",), "BODY": ("body",), "TEXT": ("body",)}
"""What the text index has as it stands in the message; of addresses it has not the comments and names of groups."""


async def search(session: Session, command: Command) -> Done:
    """RFC 9051 §6.4.4"""
    asked = command.arguments
    assert isinstance(asked, a.Search)
    found = await matching(session, asked.keys)
    extended = asked.returns is not None or "IMAP4REV2" in session.enabled
    return await _answered(session, command, asked, found, extended=extended)


async def _answered(
    session: Session, command: Command, asked: a.Search | a.Sort, found: Sequence[int], *, extended: bool
) -> Done:
    """Tells what was found, in its order."""
    modseq = await _highest(session, asked, found)
    if extended:
        _say_extended(session, command, asked, found, modseq)
    else:
        numbers = _numbers(session, found, uid=asked.uid)
        more = f" (MODSEQ {modseq})" if modseq and numbers else ""
        session.say(f"* {command.name}{' %d' * len(numbers) % tuple(numbers)}{more}")
    return Done(expunges=asked.uid)


def _say_extended(
    session: Session, command: Command, asked: a.Search | a.Sort, found: Sequence[int], modseq: int
) -> None:
    """RFC 9051 §7.3.4, RFC 4731, RFC 5182, RFC 9394"""
    returns = asked.returns if asked.returns is not None else frozenset({"ALL"})
    if "SAVE" in returns:
        session.box.saved = _saved(found, returns)
        if returns == {"SAVE"}:
            return
    numbers = _numbers(session, found, uid=asked.uid)
    words = [f'* ESEARCH (TAG "{command.tag}")'] + (["UID"] if asked.uid else [])
    lowest, highest = (numbers[0], numbers[-1]) if isinstance(asked, a.Sort) else _ends(numbers)
    if numbers and "MIN" in returns:
        words.append(f"MIN {lowest}")
    if numbers and "MAX" in returns:
        words.append(f"MAX {highest}")
    if "COUNT" in returns:
        words.append(f"COUNT {len(numbers)}")
    if numbers and "ALL" in returns:
        words.append(f"ALL {compressed(numbers)}")
    if "PARTIAL" in returns and asked.partial is not None:
        words.append(_partial(numbers, asked.partial))
    if modseq and numbers:
        words.append(f"MODSEQ {modseq}")
    session.say(" ".join(words))


def _partial(numbers: Sequence[int], asked: tuple[int, int]) -> str:
    """Those from one place to another, counted from the end when negative. RFC 9394 §3.1"""
    first, last = sorted(abs(one) for one in asked)
    order = list(numbers)[::-1] if asked[0] < 0 else list(numbers)
    shown = order[first - 1 : last]
    return f"PARTIAL ({asked[0]}:{asked[1]} {compressed(shown[::-1] if asked[0] < 0 else shown) or 'NIL'})"


def _ends(numbers: Sequence[int]) -> tuple[int, int]:
    return (min(numbers), max(numbers)) if numbers else (0, 0)


def _saved(found: Sequence[int], returns: frozenset[str]) -> list[int]:
    """With MIN or MAX alone only those are kept. RFC 9051 §6.4.4.1, RFC 5182 §2.4"""
    if not found or returns & {"ALL", "COUNT"} or not returns & {"MIN", "MAX"}:
        return list(found)
    ends = {found[0]} if "MIN" in returns else set()
    return sorted(ends | ({found[-1]} if "MAX" in returns else set()))


def _numbers(session: Session, uids: Sequence[int], *, uid: bool) -> list[int]:
    if uid:
        return list(uids)
    order = sorted(uids)
    if order == uids:
        return [number for number in session.box.sequences(order) if number]
    places = dict(zip(order, session.box.sequences(order), strict=True))
    return [number for one in uids if (number := places[one])]


async def _highest(session: Session, asked: a.Search | a.Sort, found: Sequence[int]) -> int:
    """The newest mod-sequence of what is told, when the search was about them. RFC 7162 §3.1.5, RFC 4731 §3.2"""
    if not any(isinstance(one, keys.Modseq) for one in _leaves(asked.keys)):
        return 0
    session.enable_condstore()
    if asked.returns and not asked.returns & {"ALL", "COUNT", "PARTIAL"} and found:
        ends = [found[0]] * ("MIN" in asked.returns) + [found[-1]] * ("MAX" in asked.returns)
        found = sorted(set(ends)) or found
    highest = 0
    for page in paged(sorted(found)):
        messages = await session.box.messages(session.store.db, page)
        highest = max([highest, *(one.modseq for one in messages)])
    return highest


def _leaves(key: SearchKey) -> Iterator[SearchKey]:
    """The keys of a tree that hold no other."""
    match key:
        case keys.And(several):
            for one in several:
                yield from _leaves(one)
        case keys.Or(left, right):
            yield from _leaves(left)
            yield from _leaves(right)
        case keys.Not(inner):
            yield from _leaves(inner)
        case _:
            yield key


async def matching(session: Session, key: SearchKey) -> list[int]:
    """The uids that a search finds in the selected mailbox, in order."""
    view, db = session.box, session.store.db
    if all(is_stored_flag(one) for one in _leaves(key)):
        return await _by_flags(session, key)
    candidates = await _candidates(session, key)
    condition = Conditions(view, candidates).of(key)
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
    wanted = {place for place in set(places) if _holds(key, contents.forms[place])}
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
    for one in {one for one in _leaves(key) if isinstance(one, keys.Text) and one.field in _INDEXED}:
        fields = _INDEXED[one.field]
        if (known := await index.containing(session.store.db, fields, one.value)) is not None:
            found[one] = known
    return found


async def sort(session: Session, command: Command) -> Done:
    """RFC 5256 §3, §7, RFC 5957, RFC 5465 §7"""
    asked = command.arguments
    assert isinstance(asked, a.Sort)
    found = await matching(session, asked.keys)
    order = await Reading(session).ordered(found, asked.criteria)
    return await _answered(session, command, asked, order, extended=asked.returns is not None)


async def thread(session: Session, command: Command) -> Done:
    """RFC 5256 §3"""
    asked = command.arguments
    assert isinstance(asked, a.Thread)
    reading = Reading(session)
    found = await matching(session, asked.keys)
    written = await reading.threads(found, asked.algorithm, uid=asked.uid)
    if written is None:
        raise No("ORDEREDSUBJECT and REFERENCES are what there is", "CANNOT")
    session.say((b"* THREAD " + written).rstrip())
    return Done(expunges=asked.uid)
