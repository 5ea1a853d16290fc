r"""STORE: the flags of messages, \Deleted among them. RFC 9051 §6.4.6, RFC 7162 §3.1.3"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from parvis.access import gate
from parvis.access.principal import Right
from parvis.mail import deleted, service, store
from parvis.mail.deleted import Deleted
from parvis.mail.imap import flags
from parvis.mail.imap.contents import Flagged
from parvis.mail.imap.session import Done, No, Session
from parvis.mail.imap.view import Message, View, paged
from parvis.mail.message import Parsed
from parvis.mail.model import SCOPE, keyword_set
from parvis.mail.store import Edit
from parvis.store.unit import Unit
from parvis.wire.imap import arguments as a
from parvis.wire.imap.command import Command
from parvis.wire.imap.numbers import compressed

_TOGETHER = 1000
"""Messages whose flags change in one unit."""


@dataclass(frozen=True, slots=True)
class Marking:
    """What is to be done with the flags of some messages."""

    mode: Literal["set", "add", "remove"]
    keywords: frozenset[str]
    deleted: bool = False
    unchanged_since: int | None = None

    def of(self, message: Message) -> tuple[frozenset[str], bool]:
        """The flags that a message has after it."""
        if self.mode == "set":
            return self.keywords, self.deleted
        if self.mode == "add":
            return keyword_set(message.keywords | self.keywords), message.deleted or self.deleted
        return message.keywords - self.keywords, message.deleted and not self.deleted

    @property
    def brings_back(self) -> bool:
        r"""Whether it can take \Deleted off."""
        return (self.mode == "set" and not self.deleted) or (self.mode == "remove" and self.deleted)


async def store_(session: Session, command: Command) -> Done:
    """RFC 9051 §6.4.6"""
    asked, view = command.arguments, session.box
    assert isinstance(asked, a.Store)
    if view.read_only:
        raise No("The mailbox is open for reading only", "CANNOT")
    if asked.unchanged_since is not None:
        session.enable_condstore()
    keywords, is_deleted = flags.read(asked.flags)
    marking = Marking(asked.mode, keywords, is_deleted, asked.unchanged_since)
    uids = view.chosen(asked.numbers, uid=asked.uid)
    passed: list[int] = []
    missing = 0
    for page in paged(uids, _TOGETHER):
        over, there = await mark(session, view, page, marking)
        passed += over
        missing += len(page) - len(there)
        _answer(session, there, asked, set(over))
    if not passed and missing and not asked.uid:
        return Done("Some of the messages are gone", "EXPUNGEISSUED", expunges=False)
    if not passed:
        return Done(expunges=asked.uid)
    numbers = passed if asked.uid else [view.sequence(uid) for uid in passed]
    return Done("Some have changed since", f"MODIFIED {compressed(numbers)}", expunges=asked.uid)


def _answer(session: Session, told: Sequence[Flagged], asked: a.Store, passed: Collection[int]) -> None:
    session.box.told(told)
    if asked.silent and not session.condstore:
        return
    for flagged in told:
        if not asked.silent:
            session.tell_flags(flagged, uid=asked.uid)
        elif flagged.uid not in passed:
            session.tell_flags(flagged, uid=asked.uid, flags=False)


async def mark(
    session: Session, view: View, uids: Sequence[int], marking: Marking
) -> tuple[list[int], list[Flagged]]:
    """Changes the flags of a page of messages. Returns the uids that were passed over because they had changed, and
    the messages that are there, as they are now."""
    read = await _read_marked(session, view, uids) if marking.brings_back else {}
    contents = await session.server.shelf.get(view.account_id, view.mailbox_id)

    async def work(unit: Unit) -> _Marked:
        await gate.require(unit, session.who, view.account_id, SCOPE, Right.WRITE)
        return await _mark(unit, session, view, uids, marking, read)

    marked = await session.store.write(work)
    if marked.there is None:
        messages = await view.messages(session.store.db, uids)
        return marked.passed, [Flagged(one.uid, one.keywords, one.modseq, one.deleted) for one in messages]
    if marked.until:
        contents.wrote(marked.since, marked.until, marked.there)
        if not session.contexts:  # they have to hear of what changed
            view.wrote(marked.since, marked.until)
    return marked.passed, marked.there


@dataclass(frozen=True, slots=True)
class _Marked:
    """What a unit did. When it did no more than change keywords: the messages as they are now, and where it found
    and left the account's clock, 0 when nothing changed."""

    passed: list[int]
    there: list[Flagged] | None = None
    since: int = 0
    until: int = 0


async def _mark(
    unit: Unit, session: Session, view: View, uids: Sequence[int], marking: Marking, read: dict[int, Parsed]
) -> _Marked:
    dialect, account_id, mailbox_id = session.store.db.dialect, view.account_id, view.mailbox_id
    forms: dict[tuple[frozenset[str], bool], tuple[frozenset[str], bool]] = {}
    passed: list[int] = []
    edits: dict[int, Edit] = {}
    leaving: list[int] = []
    changed: list[tuple[int, frozenset[str]]] = []
    back: list[tuple[Deleted, frozenset[str], Parsed]] = []
    messages = await view.messages(unit, uids)
    for message in messages:
        form = message.keywords, message.deleted
        if form not in forms:
            forms[form] = marking.of(message)
        keywords, is_deleted = forms[form]
        if marking.unchanged_since is not None and message.modseq > marking.unchanged_since:
            passed.append(message.uid)
        elif message.deleted and not is_deleted:
            if message.email_id in read:
                back.append((as_deleted(message), keywords, read[message.email_id]))
        elif message.deleted:
            if keywords != message.keywords:
                changed.append((message.uid, keywords))
        else:
            if keywords != message.keywords:
                edits[message.uid] = Edit(message.email_id, keywords=keywords)
            if is_deleted:
                leaving.append(message.uid)
    modseqs = await store.edit(unit, account_id, list(edits.values()))
    if not (leaving or changed or back):
        there = [_flagged(one, edits.get(one.uid), modseqs) for one in messages]
        since = min(modseqs.values(), default=1) - 1
        return _Marked(passed, there, since, unit.clock_of(account_id))
    await deleted.mark(unit, dialect, account_id, mailbox_id, leaving)
    if changed:
        await deleted.set_keywords(unit, account_id, mailbox_id, changed)
    if back:
        await deleted.unmark(unit, dialect, account_id, mailbox_id, back)
    return _Marked(passed)


def _flagged(message: Message, edit: Edit | None, modseqs: Mapping[int, int]) -> Flagged:
    """The flags of a message after an edit."""
    if edit is None or edit.keywords is None:
        return Flagged(message.uid, message.keywords, message.modseq, message.deleted)
    return Flagged(message.uid, edit.keywords, modseqs[message.email_id], False)


def as_deleted(message: Message) -> Deleted:
    r"""A message that is marked \Deleted, as mail.deleted has it."""
    return Deleted(
        message.uid,
        message.email_id,
        message.thread_id,
        message.blob,
        message.size,
        message.received_ms,
        " ".join(sorted(message.keywords)),
        message.modseq,
        message.saved_ms,
    )


async def _read_marked(session: Session, view: View, uids: Sequence[int]) -> dict[int, Parsed]:
    """What there is to know of the messages that may come back."""
    messages = await view.messages(session.store.db, uids)
    return {
        one.email_id: await service.read(await session.store.blobs.get(one.blob)) for one in messages if one.deleted
    }
