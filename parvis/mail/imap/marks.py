r"""STORE: the flags of messages, \Deleted among them. RFC 9051 §6.4.6, RFC 7162 §3.1.3"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from parvis.access import gate
from parvis.access.principal import Right
from parvis.mail import deleted, service, store
from parvis.mail.deleted import Deleted
from parvis.mail.imap import flags
from parvis.mail.imap.session import Done, No, Session
from parvis.mail.imap.view import Flagged, Message, View, paged
from parvis.mail.message import Parsed
from parvis.mail.model import SCOPE, keyword_set
from parvis.mail.store import Edit
from parvis.store.unit import Unit
from parvis.wire.imap import arguments as a
from parvis.wire.imap.command import Command
from parvis.wire.imap.numbers import compressed


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
    for page in paged(uids):
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


def _answer(session: Session, messages: Sequence[Message], asked: a.Store, passed: Collection[int]) -> None:
    view = session.box
    told = [Flagged(one.uid, one.keywords, one.modseq, one.deleted) for one in messages]
    view.told(told)
    for flagged in told:
        if not asked.silent:
            session.tell_flags(flagged, uid=asked.uid)
        elif session.condstore and flagged.uid not in passed:
            session.tell_flags(flagged, uid=asked.uid, flags=False)


async def mark(
    session: Session, view: View, uids: Sequence[int], marking: Marking
) -> tuple[list[int], list[Message]]:
    """Changes the flags of a page of messages. Returns the uids that were passed over because they had changed, and
    the messages that are there, as they are now."""
    read = await _read_marked(session, view, uids) if marking.brings_back else {}

    async def work(unit: Unit) -> list[int]:
        await gate.require(unit, session.who, view.account_id, SCOPE, Right.WRITE)
        return await _mark(unit, session, view, uids, marking, read)

    passed = await session.store.write(work)
    return passed, await view.messages(session.store.db, uids)


async def _mark(
    unit: Unit, session: Session, view: View, uids: Sequence[int], marking: Marking, read: dict[int, Parsed]
) -> list[int]:
    dialect, account_id, mailbox_id = session.store.db.dialect, view.account_id, view.mailbox_id
    passed: list[int] = []
    edits: list[Edit] = []
    leaving: list[int] = []
    changed: list[tuple[int, frozenset[str]]] = []
    back: list[tuple[Deleted, frozenset[str], Parsed]] = []
    for message in await view.messages(unit, uids):
        keywords, is_deleted = marking.of(message)
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
                edits.append(Edit(message.email_id, keywords=keywords))
            if is_deleted:
                leaving.append(message.uid)
    await store.edit(unit, account_id, edits)
    await deleted.mark(unit, dialect, account_id, mailbox_id, leaving)
    if changed:
        await deleted.set_keywords(unit, account_id, mailbox_id, changed)
    if back:
        await deleted.unmark(unit, dialect, account_id, mailbox_id, back)
    return passed


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
