"""What was changed here since the last time, told to the provider: keywords, places, new messages, deletions. Found
in the account's change log; what a crash left half told is told again and changes nothing twice."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from parvis.kernel import clock
from parvis.kernel.errors import Invalid, NotFound
from parvis.mail import counts
from parvis.mail import store as mailstore
from parvis.mail.external import store
from parvis.mail.external.boxes import Turn
from parvis.mail.external.model import Bound
from parvis.mail.external.remote import Refusal, flag_of, quoted, text_of, uid_of
from parvis.mail.folders import allowed_keywords, keywords_of
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit
from parvis.wire.canonical import Text
from parvis.wire.imap import answers
from parvis.wire.imap.answers import Answer, Value
from parvis.wire.imap.numbers import compressed

_PAGE = 200
GMAIL = "X-GM-EXT-1"
"""The capability of a server that keeps a copy of what is sent by itself."""
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Plan:
    """What is to be told of a page of messages, in groups that one command can tell."""

    marks: dict[tuple[int, frozenset[str], frozenset[str]], list[Bound]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By mailbox and the keywords to add and to remove."""
    moves: dict[tuple[int, int], list[Bound]] = field(default_factory=lambda: defaultdict(list))
    """From one mailbox to another."""
    drops: dict[int, list[Bound]] = field(default_factory=lambda: defaultdict(list))
    """By mailbox."""
    adds: list[tuple[int, int]] = field(default_factory=list)
    """A message and a mailbox."""


async def push(turn: Turn) -> bool:
    """Tells everything. Returns whether there was something. Raises Unavailable."""
    db, account_id = turn.keep.db, turn.account.id
    at, told = (
        int(await db.value("SELECT pushed FROM external_account WHERE account_id = ?", account_id) or 0),
        False,
    )
    while page := await store.changed_between(db, account_id, (at, turn.until), _PAGE):
        plan = await _planned(turn, [number for number, _ in page])
        for (mailbox_id, more, less), bounds in plan.marks.items():
            await _mark(turn, mailbox_id, more, less, bounds)
        for (source, target), bounds in plan.moves.items():
            await _move(turn, source, target, bounds)
        for email_id, mailbox_id in plan.adds:
            await _add(turn, email_id, mailbox_id)
        for mailbox_id, bounds in plan.drops.items():
            await _drop(turn, mailbox_id, bounds)
        told = told or bool(plan.marks or plan.moves or plan.adds or plan.drops)
        at = page[-1][1]
        await turn.keep.write(lambda unit, at=at: store.pushed(unit, account_id, at))  # type: ignore[misc]
    return told


async def _planned(turn: Turn, email_ids: Sequence[int]) -> _Plan:
    """How these messages differ here from what was agreed on."""
    db, plan = turn.keep.db, _Plan()
    keywords = await _keywords(turn, email_ids)
    places = await mailstore.mailboxes_of(db, email_ids)
    bounds: dict[int, dict[int, list[Bound]]] = defaultdict(lambda: defaultdict(list))
    for bound in await store.of_emails(db, email_ids):
        bounds[bound.email_id][bound.mailbox_id].append(bound)
    for number in email_ids:
        there, here = bounds[number], places[number]
        gone = [bound for mailbox_id in there.keys() - set(here) for bound in there[mailbox_id]]
        fresh = sorted(set(here) - there.keys())
        for bound in (each for mailbox_id in here for each in there.get(mailbox_id, ())):
            _compare(plan, bound, keywords[number])
        for target in fresh:
            movable = [bound for bound in gone if bound.mailbox_id not in turn.missing]
            if movable and not _keeps_copies(turn, target):
                gone.remove(movable[0])
                _compare(plan, movable[0], keywords[number])
                plan.moves[movable[0].mailbox_id, target].append(movable[0])
            else:
                plan.adds.append((number, target))
        for bound in gone:
            plan.drops[bound.mailbox_id].append(bound)
    return plan


def _keeps_copies(turn: Turn, mailbox_id: int) -> bool:
    """Whether the provider itself puts what is sent into this mailbox."""
    return turn.remote.has(GMAIL) and mailbox_id == turn.roles.get("sent")


def _compare(plan: _Plan, bound: Bound, keywords: frozenset[str]) -> None:
    if keywords != bound.keywords:
        plan.marks[bound.mailbox_id, keywords - bound.keywords, bound.keywords - keywords].append(bound)


async def _keywords(turn: Turn, email_ids: Sequence[int]) -> dict[int, frozenset[str]]:
    rows = [
        row
        for page in counts.pages(email_ids)
        for row in await turn.keep.db.rows(f"SELECT id, keywords FROM email WHERE id IN {marks(len(page))}", *page)
    ]
    return {row[0]: frozenset(row[1].split()) for row in rows}


async def _mark(
    turn: Turn, mailbox_id: int, more: frozenset[str], less: frozenset[str], bounds: Sequence[Bound]
) -> None:
    """Sets and clears keywords. Those that the server shows then are agreed on; a message that it does not show is
    gone there. RFC 9051 §6.4.6"""
    opened = await turn.open(mailbox_id)
    if opened is None:
        return
    by_uid = {bound.uid: bound for bound in bounds}
    try:
        for sign, words in (("+", opened.carries(more)), ("-", opened.carries(less))):
            if words:
                flags = " ".join(sorted(flag_of(word) for word in words))
                await turn.remote.command(f"UID STORE {compressed(sorted(by_uid))} {sign}FLAGS.SILENT ({flags})")
        present = {uid_of(item) for item in await turn.remote.fetch(list(by_uid), "UID")}
    except Refusal as refusal:
        _log.warning("keywords in account %d are refused: %s", turn.account.id, refusal.sentence)
        return
    agreed = [
        Bound(mailbox_id, uid, bound.email_id, (bound.keywords | opened.carries(more)) - less)
        for uid, bound in by_uid.items()
        if uid in present
    ]
    await turn.keep.write(lambda unit: store.bind(unit, turn.account.id, agreed))


async def _move(turn: Turn, source: int, target: int, bounds: Sequence[Bound]) -> None:
    """Moves messages. Where the server does not say what became of one, it is looked for. RFC 6851, RFC 4315"""
    folder = turn.folders.get(target)
    if folder is None or target in turn.missing or await turn.open(source) is None:
        return
    uids = compressed(sorted(bound.uid for bound in bounds))
    try:
        if turn.remote.has("MOVE"):
            said = await turn.remote.command(f"UID MOVE {uids} {quoted(folder.name)}")
            moved = _copied(said)
        else:
            said = await turn.remote.command(f"UID COPY {uids} {quoted(folder.name)}")
            moved = _copied(said)
            await _expunge(turn, [bound.uid for bound in bounds])
    except Refusal as refusal:
        _log.warning("a move in account %d is refused: %s", turn.account.id, refusal.sentence)
        return
    told = await store.of_emails(turn.keep.db, [bound.email_id for bound in bounds])
    agreed = {(bound.mailbox_id, bound.uid): bound.keywords for bound in told}
    fresh = [
        Bound(target, moved[bound.uid], bound.email_id, agreed.get((source, bound.uid), bound.keywords))
        for bound in bounds
        if bound.uid in moved
    ]

    async def work(unit: Unit) -> None:
        await store.unbind(unit, [(source, bound.uid) for bound in bounds])
        await store.bind(unit, turn.account.id, fresh)

    await turn.keep.write(work)
    for bound in bounds:
        if bound.uid not in moved:
            await _add(turn, bound.email_id, target)


def _copied(said: Iterable[Answer]) -> dict[int, int]:
    """What COPYUID says: new uids by old ones. RFC 4315 §3"""
    for answer in said:
        if len(answer.code) == 4 and answer.code[0].upper() == "COPYUID":
            try:
                before, after = (answers.in_order(text, 2 * _PAGE) for text in answer.code[2:])
            except Invalid:
                continue
            if len(before) == len(after):
                return dict(zip(before, after, strict=True))
    return {}


async def _expunge(turn: Turn, uids: Sequence[int]) -> None:
    """Takes messages of the open folder out of it; where only all that are marked could be taken out, they are but
    marked. RFC 4315 §2.1"""
    wanted = compressed(sorted(uids))
    await turn.remote.command(f"UID STORE {wanted} +FLAGS.SILENT (\\Deleted)")
    if turn.remote.has("UIDPLUS"):
        await turn.remote.command(f"UID EXPUNGE {wanted}")


async def _drop(turn: Turn, mailbox_id: int, bounds: Sequence[Bound]) -> None:
    """Deletes messages that are gone here. One that was changed there meanwhile stays, and comes back."""
    if await turn.open(mailbox_id) is not None:
        by_uid = {bound.uid: bound for bound in bounds}
        try:
            items = await turn.remote.fetch(list(by_uid), "UID FLAGS")
            same = [uid for item in items if _is_same(item, by_uid.get(uid := uid_of(item)))]
            if same:
                await _expunge(turn, same)
        except Refusal as refusal:
            _log.warning("a deletion in account %d is refused: %s", turn.account.id, refusal.sentence)
    elif mailbox_id in turn.folders and mailbox_id not in turn.missing:
        return
    await turn.keep.write(lambda unit: store.unbind(unit, [(mailbox_id, bound.uid) for bound in bounds]))


def _is_same(item: dict[str, Value], bound: Bound | None) -> bool:
    """Whether a message there is as it was agreed on."""
    return bound is not None and keywords_in(item) == bound.keywords


async def _add(turn: Turn, email_id: int, mailbox_id: int) -> None:
    """A message into a folder: the copy that is there, by its Message-ID; else a new one. RFC 9051 §6.3.12"""
    opened = await turn.open(mailbox_id)
    row = await turn.keep.db.row("SELECT blob, received_ms, keywords FROM email WHERE id = ?", email_id)
    if opened is None or row is None:
        return
    digest, received_ms, stored = row
    wanted = keywords = opened.carries(frozenset(stored.split()))
    try:
        raw = await turn.keep.blobs.get(digest)
        uid = await _found(turn, mailbox_id, raw)
        if not uid and not _keeps_copies(turn, mailbox_id):
            uid = await _append(turn, mailbox_id, raw, keywords, received_ms)
        elif uid:
            keywords = keywords_in((await turn.remote.fetch([uid], "UID FLAGS"))[0]) or frozenset()
    except (Refusal, NotFound, IndexError) as error:
        _log.warning("a message is not put into account %d: %s", turn.account.id, error)
        return
    if uid:
        bound = Bound(mailbox_id, uid, email_id, keywords)
        await turn.keep.write(lambda unit: store.bind(unit, turn.account.id, [bound]))
        if wanted != keywords:
            await _mark(turn, mailbox_id, wanted - keywords, keywords - wanted, [bound])


async def _found(turn: Turn, mailbox_id: int, raw: bytes) -> int:
    """The uid of this message in the open folder, when it is nobody else's; 0 when it is not there."""
    fields = Text(raw).all("message-id")
    if not fields or not (wanted := fields[0].value.strip()):
        return 0
    uids = await turn.remote.search("UNDELETED HEADER Message-ID", wanted)
    known = await store.in_folder(turn.keep.db, mailbox_id) if uids else {}
    return next((uid for uid in uids if uid not in known), 0)


async def _append(turn: Turn, mailbox_id: int, raw: bytes, keywords: frozenset[str], received_ms: int) -> int:
    """Puts a message into the open folder. Returns its uid; 0 when the server does not say: it is found when the
    folder is read."""
    flags = " ".join(sorted(flag_of(word) for word in keywords))
    moment = clock.from_ms(received_ms)
    month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][moment.month - 1]
    date = f"{moment.day:2d}-{month}-{moment.year:04d} {moment:%H:%M:%S} +0000"
    name = turn.folders[mailbox_id].name
    said = await turn.remote.command(f'APPEND {quoted(name)} ({flags}) "{date}"', literals=[raw])
    code = next((answer.code for answer in said if answer.code[:1] == ("APPENDUID",)), ())
    return int(code[2]) if len(code) == 3 and code[2].isdigit() else await _found(turn, mailbox_id, raw)


def keywords_in(item: dict[str, Value]) -> frozenset[str] | None:
    """The keywords of a message there; None for one that is marked as deleted. RFC 8621 §4.1.1"""
    flags = item.get("FLAGS")
    listed = [text_of(each) for each in flags] if isinstance(flags, list) else []
    found = keywords_of([flag for flag in listed if flag.lower() != "\\recent"])
    return None if found is None else allowed_keywords(found)
