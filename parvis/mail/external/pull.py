"""What was changed at the provider since the last time, brought here: new messages, newest first and one commit a
batch; keywords; what is gone. A message that is here already, as it was moved there, is known by its Message-ID and
size, or by its bytes, and is not stored again."""

import calendar
import hashlib
import imaplib
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from parvis.kernel import clock
from parvis.kernel.errors import Invalid
from parvis.mail import message, service
from parvis.mail import store as mailstore
from parvis.mail.external import store
from parvis.mail.external.boxes import Turn, discover
from parvis.mail.external.model import Bound, Folder
from parvis.mail.external.push import keywords_in
from parvis.mail.external.remote import Refusal, Selected, text_of, uid_of
from parvis.mail.service import Delivered, Delivery
from parvis.mail.sieve import store as filters
from parvis.mail.sieve.filter import mail_of
from parvis.mail.store import Edit, New
from parvis.mail.vault import store as vault
from parvis.store.blobs.contract import Step
from parvis.store.unit import Unit
from parvis.wire.imap import numbers
from parvis.wire.imap.answers import Value

_HEADERS = 200
_MESSAGES, _BYTES = 50, 8_000_000
_LARGEST = 100_000_000
_MANY = 10
"""So many messages gone at once, and all of a folder, are not believed for a day, unless each is named."""
_DAY_MS = 86_400_000
_LOOK = "UID FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"
_WHOLE = "UID FLAGS INTERNALDATE BODY.PEEK[]"
_log = logging.getLogger(__name__)
Item = dict[str, Value]
Tell = Callable[[Unit, int], Awaitable[None]]
"""Hears in the unit how many messages were brought by it."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A message there, as it is known before its bytes are fetched."""

    uid: int
    keywords: frozenset[str]
    size: int
    reference: int


@dataclass(slots=True)
class News:
    """What a folder told."""

    folder: Folder
    opened: Selected
    changed: list[tuple[Bound, frozenset[str]]] = field(default_factory=list)
    """Known messages with their keywords there."""
    fresh: list[int] = field(default_factory=list)
    gone: list[Bound] = field(default_factory=list)
    renumbered: bool = False
    """Whether its uids are others than before."""


async def pull(turn: Turn, mailbox_ids: Sequence[int], others: Sequence[int], tell: Tell, *, first: bool) -> bool:
    """Reads these folders, and all others too when something is gone: it may have been moved there. Returns whether
    something stays here that has to be told there. `first` says that nobody is to be told of new mail. Raises
    Unavailable."""
    before = {number: replace(folder) for number, folder in turn.folders.items()}
    found = [news for number in mailbox_ids if (news := await _read(turn, number, tell, first))]
    if any(news.gone for news in found):  # where it went was made and filled before: it is there by now
        again = [*(others or mailbox_ids), *await discover(turn)]
        found += [news for number in again if (news := await _read(turn, number, tell, first))]
    gone, stays = [(news.opened, bound) for news in found for bound in news.gone], False
    for start in range(0, len(gone), _HEADERS):
        page = gone[start : start + _HEADERS]
        stays |= await turn.keep.write(lambda unit, page=page: _remove(unit, turn, page))  # type: ignore[misc]
    for news in found:
        news.folder.modseq = news.opened.modseq
    changed = [news.folder for news in found if news.folder != before[news.folder.mailbox_id]]
    if changed:
        await turn.keep.write(lambda unit: _keep(unit, turn, changed))
    return stays or any(news.renumbered for news in found)


async def _keep(unit: Unit, turn: Turn, folders: Sequence[Folder]) -> None:
    for folder in folders:
        await store.keep_folder(unit, turn.account.id, folder)


async def _read(turn: Turn, mailbox_id: int, tell: Tell, first: bool) -> News | None:
    """Brings what is new in a folder. None when there is none, or it does not open."""
    folder = turn.folders.get(mailbox_id)
    try:
        news = await _news(turn, folder) if folder is not None else None
        if folder is None or news is None:
            return None
        await _apply(turn, news)
        for start in range(0, len(news.fresh), _HEADERS):
            await _bring(turn, folder, news.opened, news.fresh[start : start + _HEADERS], tell, first)
    except Refusal as refusal:
        _log.warning("a folder of account %d is not read: %s", turn.account.id, refusal.sentence)
        return None
    turn.read[mailbox_id] = news.opened
    return news


async def _renumber(unit: Unit, turn: Turn, folder: Folder) -> None:
    """The uids of a folder are others than before: what is there is found anew, and what is not is told there anew,
    for nobody said that it was deleted. RFC 9051 §2.3.1.1"""
    await store.forget_all(unit, folder.mailbox_id)
    for (number,) in await unit.rows("SELECT email_id FROM email_mailbox WHERE mailbox_id = ?", folder.mailbox_id):
        await unit.changed(turn.account.id, "Email", number, "updated", counts_only=True)
    await store.keep_folder(unit, turn.account.id, folder)


async def _news(turn: Turn, folder: Folder) -> News | None:
    """What happened in a folder since it was read last. RFC 4549, RFC 7162"""
    since = folder.uid_validity, folder.modseq
    opened = await turn.open(folder.mailbox_id, since)
    if opened is None:
        return None
    renumbered = opened.uid_validity != folder.uid_validity
    if renumbered:
        folder.uid_validity, folder.modseq = opened.uid_validity, 0
        await turn.keep.write(lambda unit: _renumber(unit, turn, folder))
    known = await store.in_folder(turn.keep.db, folder.mailbox_id)
    news, remote = News(folder, opened, renumbered=renumbered and bool(since[0])), turn.remote
    named = bool(folder.modseq and opened.modseq and remote.has("QRESYNC"))
    if named:
        items = [answer.pairs() for answer in opened.flags]
    elif folder.modseq and opened.modseq:
        items = await remote.fetch_changed(folder.modseq) if opened.modseq != folder.modseq else []
    else:
        items = await remote.fetch_all("UID FLAGS") if opened.exists else []
    there = {uid: keywords_in(item) for item in items if (uid := uid_of(item))}
    for uid, keywords in there.items():
        if uid in known and keywords is not None:
            news.changed.append((known[uid], keywords))
        elif uid not in known and keywords is not None:
            news.fresh.append(uid)
    news.fresh.sort(reverse=True)
    await _gone(turn, folder, news, known, there, named=named)
    return news


async def _gone(
    turn: Turn,
    folder: Folder,
    news: News,
    known: dict[int, Bound],
    there: dict[int, frozenset[str] | None],
    *,
    named: bool,
) -> None:
    """Which messages are gone: marked as deleted, named by the server, or not among those that are there."""
    gone = {uid for uid, keywords in there.items() if keywords is None and uid in known}
    if named:
        for text in news.opened.vanished:
            try:
                vanished = numbers.parse(text)
            except Invalid:
                continue
            gone |= {uid for uid in known if vanished.contains(uid, numbers.LARGEST)}
    elif folder.modseq and news.opened.modseq:
        if news.opened.exists != len(known) + len(news.fresh):
            gone |= known.keys() - set(await turn.remote.search("ALL"))
    else:
        gone |= known.keys() - there.keys()
    if not named and not _is_believed(turn, folder, len(gone), len(known)):
        return
    news.gone = [known[uid] for uid in gone]


def _is_believed(turn: Turn, folder: Folder, gone: int, known: int) -> bool:
    """A folder that is suddenly empty is believed after a day, but for those that people empty."""
    if gone < max(known, _MANY) or folder.mailbox_id in (turn.roles.get("trash"), turn.roles.get("junk")):
        folder.suspect_ms = 0
        return True
    folder.suspect_ms = folder.suspect_ms or clock.now_ms()
    return clock.now_ms() - folder.suspect_ms >= _DAY_MS


async def _apply(turn: Turn, news: News) -> None:
    """Keywords that were changed there. What was changed here since is kept."""
    for start in range(0, len(news.changed), _HEADERS):
        page = [one for one in news.changed[start : start + _HEADERS] if one[0].keywords != one[1]]
        if page:
            await turn.keep.write(lambda unit, page=page: _merge(unit, turn, page))  # type: ignore[misc]


async def _merge(unit: Unit, turn: Turn, page: Sequence[tuple[Bound, frozenset[str]]]) -> None:
    account_id = turn.account.id
    rows = await mailstore.rows_of(unit, account_id, list({bound.email_id for bound, _ in page}))
    here = {row[0]: frozenset(row[5].split()) for row in rows}
    for bound, there in page:
        if bound.email_id in here:
            here[bound.email_id] = (here[bound.email_id] - (bound.keywords - there)) | (there - bound.keywords)
    await mailstore.edit(unit, account_id, [Edit(number, keywords=words) for number, words in here.items()])
    await store.bind(unit, account_id, [Bound(b.mailbox_id, b.uid, b.email_id, there) for b, there in page])


async def _remove(unit: Unit, turn: Turn, page: Sequence[tuple[Selected, Bound]]) -> bool:
    """Takes messages out of mailboxes whose folder has them no more. What was changed here meanwhile stays, and is
    sent there anew. Returns whether something stayed."""
    account_id = turn.account.id
    await store.unbind(unit, [(bound.mailbox_id, bound.uid) for _, bound in page])
    rows = await mailstore.rows_of(unit, account_id, list({bound.email_id for _, bound in page}))
    keywords = {row[0]: frozenset(row[5].split()) for row in rows}
    places = {number: set(held) for number, held in (await mailstore.mailboxes_of(unit, list(keywords))).items()}
    left, stays = set[int](), False
    for opened, bound in page:
        number = bound.email_id
        if number not in keywords or bound.mailbox_id not in places[number]:
            continue
        if opened.carries(keywords[number]) != opened.carries(bound.keywords):
            await unit.changed(account_id, "Email", number, "updated", counts_only=True)
            stays = True
        else:
            places[number].discard(bound.mailbox_id)
            left.add(number)
    edits = [Edit(number, mailbox_ids=frozenset(places[number])) for number in left if places[number]]
    await mailstore.edit(unit, account_id, edits)
    doomed = [number for number in left if not places[number]]
    await vault.keep(unit, account_id, doomed)
    await mailstore.remove(unit, turn.keep.db.dialect, account_id, doomed)
    return stays


async def _bring(turn: Turn, folder: Folder, opened: Selected, uids: list[int], tell: Tell, first: bool) -> None:
    """New messages of a folder: those that are here already are found, the others are fetched."""
    seen = [one for item in await turn.remote.fetch(uids, _LOOK) if (one := _seen(item))]
    seen.sort(key=lambda one: -one.uid)
    known = await store.by_reference(
        turn.keep.db, turn.account.id, [one.reference for one in seen if one.reference]
    )
    copies: dict[int, int] = {}
    if folder.mailbox_id == turn.roles.get("sent"):  # the copy of what was sent may be another one there
        candidates = [number for each in known.values() for number, _, _ in each]
        copies = await mailstore.uids_in(turn.keep.db, folder.mailbox_id, candidates)
    guesses = {
        one.uid: [n for n, size, _ in known.get(one.reference, ()) if size == one.size or n in copies]
        for one in seen
    }
    found = await _free(turn, folder.mailbox_id, guesses)
    if found:
        pairs = [(one, found[one.uid]) for one in seen if one.uid in found]
        await turn.keep.write(lambda unit: _recognise(unit, turn, folder.mailbox_id, opened, pairs))
    wanted = [one for one in seen if one.uid not in found]
    large = [Bound(folder.mailbox_id, one.uid, 0, one.keywords) for one in wanted if one.size > _LARGEST]
    await turn.keep.write(lambda unit: store.bind(unit, turn.account.id, large))
    for batch in _batches([one for one in wanted if one.size <= _LARGEST]):
        await _fetch(turn, folder, opened, batch, tell, first)


def _seen(item: Item) -> _Seen | None:
    keywords, size = keywords_in(item), text_of(item.get("RFC822.SIZE"))
    header = next((value for name, value in item.items() if name.startswith("BODY[HEADER")), None)
    if keywords is None or not uid_of(item):
        return None
    reference = message.read(header).message_ref if isinstance(header, bytes) and header.strip() else 0
    return _Seen(uid_of(item), keywords, int(size) if size.isdigit() else 0, reference)


async def _free(turn: Turn, mailbox_id: int, guesses: dict[int, list[int]]) -> dict[int, int]:
    """By uid, a message here that may be the one there: one that is nothing else in this folder yet."""
    numbers_here = list({number for each in guesses.values() for number in each})
    taken = {
        bound.email_id
        for bound in await store.of_emails(turn.keep.db, numbers_here)
        if bound.mailbox_id == mailbox_id
    }
    found = {}
    for uid, candidates in guesses.items():
        number = next((each for each in candidates if each not in taken), None)
        if number is not None:
            taken.add(number)
            found[uid] = number
    return found


async def _recognise(
    unit: Unit, turn: Turn, mailbox_id: int, opened: Selected, pairs: Sequence[tuple[_Seen, int]]
) -> None:
    """Messages that are here already: they are in this mailbox too. Their keywords here count; where they differ
    from those that were agreed on elsewhere, those there do."""
    account_id = turn.account.id
    rows = await mailstore.rows_of(unit, account_id, [number for _, number in pairs])
    here = {row[0]: frozenset(row[5].split()) for row in rows}
    places = await mailstore.mailboxes_of(unit, list(here))
    agreed = {bound.email_id: bound.keywords for bound in await store.of_emails(unit, list(here))}
    edits = []
    for seen, number in pairs:
        if number in here:
            base = agreed.get(number, seen.keywords)
            words = (here[number] - (base - seen.keywords)) | (seen.keywords - base)
            edits.append(Edit(number, words, frozenset({*places[number], mailbox_id})))
            if opened.carries(words) != seen.keywords:
                await unit.changed(account_id, "Email", number, "updated", counts_only=True)
    await mailstore.edit(unit, account_id, edits)
    await store.bind(
        unit,
        account_id,
        [Bound(mailbox_id, one.uid, number, one.keywords) for one, number in pairs if number in here],
    )


def _batches(seen: Sequence[_Seen]) -> Iterator[list[_Seen]]:
    batch, size = list[_Seen](), 0
    for one in seen:
        if batch and (len(batch) >= _MESSAGES or size + one.size > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += one.size
    if batch:
        yield batch


async def _fetch(
    turn: Turn, folder: Folder, opened: Selected, batch: Sequence[_Seen], tell: Tell, first: bool
) -> None:
    """The bytes of some messages, into their mailbox in one unit with what they are there."""
    items = {uid_of(item): item for item in await turn.remote.fetch([one.uid for one in batch], _WHOLE)}
    raws = {uid: raw for uid, item in items.items() if isinstance(raw := item.get("BODY[]"), bytes)}
    digests = {uid: hashlib.sha256(raw).hexdigest() for uid, raw in raws.items()}
    known = await store.by_blob(turn.keep.db, turn.account.id, list(digests.values()))
    guesses = {uid: [known[digest]] if digest in known else [] for uid, digest in digests.items()}
    found = await _free(turn, folder.mailbox_id, guesses)
    told = not first and folder.mailbox_id == turn.roles.get("inbox")
    filtered = told and bool(await filters.active(turn.keep.db, [turn.account.id]))
    fresh: list[tuple[_Seen, New, Step]] = []
    for one in reversed(batch):
        if one.uid not in raws or one.uid in found:
            continue
        if filtered:
            await _deliver(turn, folder, one, items[one.uid], raws[one.uid])
        else:
            fresh.append((one, *await _new(turn, folder, one, items[one.uid], raws[one.uid])))
    pairs = [(one, found[one.uid]) for one in batch if one.uid in found]

    async def work(unit: Unit) -> None:
        await _recognise(unit, turn, folder.mailbox_id, opened, pairs)
        for _, _, step in fresh:
            await step(unit)
        account_id, dialect, news = turn.account.id, turn.keep.db.dialect, [new for _, new, _ in fresh]
        if told:
            stored = list(await service.arrived(unit, turn.keep, account_id, news))
        else:
            stored = await mailstore.append(unit, dialect, account_id, news)
        bounds = zip(fresh, stored, strict=True)
        await store.bind(
            unit, account_id, [Bound(folder.mailbox_id, one.uid, s.id, one.keywords) for (one, _, _), s in bounds]
        )
        await tell(unit, len(batch))

    await turn.keep.write(work)


async def _deliver(turn: Turn, folder: Folder, seen: _Seen, item: Item, raw: bytes) -> None:
    """A message that comes in, as the person’s filters want it; where they move it here it is moved there. What
    they keep nothing of stays there alone."""
    account = turn.account

    async def note(unit: Unit, one: Delivered) -> None:
        number = 0 if one.email is None else one.email.id
        await store.bind(unit, account.id, [Bound(folder.mailbox_id, seen.uid, number, seen.keywords)])

    await service.deliver(
        turn.keep,
        [Delivery(account.id, account.address, keywords=seen.keywords)],
        raw,
        received_ms=_internal_date(text_of(item.get("INTERNALDATE"))),
        mail_from=mail_of(raw).sender or "",
        hooks=(note,),
        planner=turn.planner,
    )


async def _new(turn: Turn, folder: Folder, seen: _Seen, item: Item, raw: bytes) -> tuple[New, Step]:
    parsed = await service.read(raw)
    digest, step = await turn.keep.blobs.join(raw)
    received = service.received(parsed, _internal_date(text_of(item.get("INTERNALDATE"))))
    return New(parsed, digest, frozenset({folder.mailbox_id}), seen.keywords, received), step


def _internal_date(text: str) -> int | None:
    """INTERNALDATE in ms. RFC 9051 §9 (date-time)"""
    local = imaplib.Internaldate2tuple(f'INTERNALDATE "{text}"'.encode())
    return (calendar.timegm(local) - local.tm_gmtoff) * 1000 if local else None
