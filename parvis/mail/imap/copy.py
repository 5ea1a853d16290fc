r"""COPY and MOVE. A message is copied by being in two mailboxes from then on, with one id (RFC 8474 §5.1) and one
set of flags but for \Deleted; a copy beside itself or in another account is a message of its own. RFC 9051 §6.4.7,
§6.4.8"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from parvis.access import gate
from parvis.access.principal import Right
from parvis.kernel import clock
from parvis.mail import deleted, service, store
from parvis.mail.imap.marks import as_deleted
from parvis.mail.imap.names import Named
from parvis.mail.imap.session import Done, No, Session
from parvis.mail.imap.view import Message, View, paged
from parvis.mail.message import Parsed
from parvis.mail.model import SCOPE
from parvis.mail.store import Edit, New
from parvis.store.unit import Unit
from parvis.wire.imap import arguments as a
from parvis.wire.imap.command import Command
from parvis.wire.imap.numbers import compressed

Pairs = list[tuple[int, int]]
"""The uid of each message and that of its copy."""


@dataclass(frozen=True, slots=True)
class _Job:
    """One command at work on a page of messages."""

    session: Session
    view: View
    account_id: int
    mailbox_id: int
    """Where to."""
    moves: bool
    read: dict[int, Parsed]
    """What is known of the messages that will be messages of their own, by id."""

    @property
    def is_within(self) -> bool:
        """Whether it stays in one account."""
        return self.account_id == self.view.account_id


async def copy(session: Session, command: Command) -> Done:
    """RFC 9051 §6.4.7"""
    asked = command.arguments
    assert isinstance(asked, a.Copy)
    named = await _target(session, asked.mailbox)
    pairs = await _carry(session, session.box.chosen(asked.numbers, uid=asked.uid), named, moves=False)
    return Done("Copied", _code(named, pairs))


async def move(session: Session, command: Command) -> Done:
    """RFC 9051 §6.4.8, RFC 6851 §3.3, §4.3, §4.4"""
    asked, view = command.arguments, session.box
    assert isinstance(asked, a.Move)
    if view.read_only:
        raise No("The mailbox is open for reading only", "CANNOT")
    named = await _target(session, asked.mailbox)
    assert named.row is not None
    uids = view.chosen(asked.numbers, uid=asked.uid)
    if named.row.id == view.mailbox_id:
        pairs = await _move_to_end(session, uids)
    else:
        pairs = await _carry(session, uids, named, moves=True)
    if code := _code(named, pairs):
        session.say(f"* OK [{code}] Moved")
    await session.tell()
    return Done("Moved", f"HIGHESTMODSEQ {view.modseq}" if "QRESYNC" in session.enabled and pairs else "")


async def _target(session: Session, name: str) -> Named:
    named = (await session.names()).find(name)
    if named is None or named.row is None:
        raise No("There is no such mailbox", "TRYCREATE")
    return named


def _code(named: Named, pairs: Pairs) -> str:
    """RFC 9051 §11.4: uids of messages that somebody may read, else none."""
    assert named.row is not None
    if not pairs:
        return ""
    sources, copies = compressed(one for one, _ in pairs), compressed(other for _, other in pairs)
    return f"COPYUID {named.row.uid_validity} {sources} {copies}"


async def _carry(session: Session, uids: Sequence[int], named: Named, *, moves: bool) -> Pairs:
    """Copies or moves messages, a page in a unit."""
    assert named.row is not None
    view, pairs = session.box, []
    for page in paged(uids):
        job = _Job(session, view, named.account_id, named.row.id, moves, {})
        await _prepare(job, page)

        async def work(unit: Unit, job: _Job = job, page: Sequence[int] = page) -> Pairs:
            return await _page(unit, job, page)

        pairs += await session.store.write(work)
    return pairs


async def _move_to_end(session: Session, uids: Sequence[int]) -> Pairs:
    """A move to where the messages are gives them new uids."""
    view, pairs = session.box, []

    async def work(unit: Unit, page: Sequence[int]) -> Pairs:
        await gate.require(unit, session.who, view.account_id, SCOPE, Right.WRITE)
        messages = await view.messages(unit, page)
        fresh = await _take_uids(unit, view.account_id, view.mailbox_id, len(messages))
        modseq = await unit.changed(view.account_id, "Mailbox", view.mailbox_id, "updated", counts_only=True)
        for one, uid in zip(messages, fresh, strict=True):
            table = "deleted_email" if one.deleted else "email_mailbox"
            sql = f"UPDATE {table} SET uid = ?, saved_ms = ? WHERE mailbox_id = ? AND uid = ?"
            await unit.run(sql, uid, clock.now_ms(), view.mailbox_id, one.uid)
        await store.vanish(unit, modseq, [(view.mailbox_id, one.uid) for one in messages])
        return [(one.uid, uid) for one, uid in zip(messages, fresh, strict=True)]

    for page in paged(uids):
        pairs += await session.store.write(partial(work, page=page))
    return pairs


async def _take_uids(unit: Unit, account_id: int, mailbox_id: int, count: int) -> range:
    """The next uids of a mailbox."""
    after = await unit.value(
        "UPDATE mailbox SET uid_next = uid_next + ? WHERE id = ? AND account_id = ? RETURNING uid_next",
        count,
        mailbox_id,
        account_id,
    )
    if after is None:
        raise No("There is no such mailbox", "TRYCREATE")
    return range(int(after) - count, int(after))


async def _prepare(job: _Job, uids: Sequence[int]) -> None:
    """Reads the messages that cannot simply be in one mailbox more."""
    db, blobs = job.session.store.db, job.session.store.blobs
    messages = [one for one in await job.view.messages(db, uids) if not one.deleted or not job.is_within]
    held = await store.mailboxes_of(db, [one.email_id for one in messages])
    for one in messages:
        if not job.is_within or (not job.moves and job.mailbox_id in held[one.email_id]):
            job.read[one.email_id] = await service.read_blob(blobs, one.blob)


async def _page(unit: Unit, job: _Job, uids: Sequence[int]) -> Pairs:
    who, view = job.session.who, job.view
    wanted = Right.WRITE | Right.DELETE if job.moves and not job.is_within else Right.WRITE
    await gate.require(unit, who, job.account_id, SCOPE, Right.WRITE)
    await gate.require(unit, who, view.account_id, SCOPE, wanted if job.moves else Right.READ)
    messages = await view.messages(unit, uids)
    marked = [one for one in messages if one.deleted and job.is_within]
    apart = [one for one in messages if one.email_id in job.read and one not in marked]
    within = [one for one in messages if one not in marked and one not in apart]
    pairs = await _add_places(unit, job, within)
    pairs += await _add_messages(unit, job, apart)
    pairs += await _add_marked(unit, job, marked)
    return sorted(pairs)


async def _add_places(unit: Unit, job: _Job, messages: Sequence[Message]) -> Pairs:
    if not messages or not job.is_within:
        return []
    held = await store.mailboxes_of(unit, [one.email_id for one in messages])
    left = frozenset({job.view.mailbox_id}) if job.moves else frozenset()
    edits = [
        Edit(one.email_id, mailbox_ids=frozenset(held[one.email_id]) - left | {job.mailbox_id}) for one in messages
    ]
    await store.edit(unit, job.account_id, edits)
    uids = await store.uids_in(unit, job.mailbox_id, [one.email_id for one in messages])
    return [(one.uid, uids[one.email_id]) for one in messages]


async def _add_messages(unit: Unit, job: _Job, messages: Sequence[Message]) -> Pairs:
    """Messages of their own; the bytes are kept once all the same."""
    box, dialect = frozenset({job.mailbox_id}), job.session.store.db.dialect
    news = [New(job.read[one.email_id], one.blob, box, one.keywords, one.received_ms) for one in messages]
    stored = await store.append(unit, dialect, job.account_id, news)
    pairs = [(one.uid, new.uids[job.mailbox_id]) for one, new in zip(messages, stored, strict=True)]
    marked = [uid for one, (_, uid) in zip(messages, pairs, strict=True) if one.deleted]
    await deleted.mark(unit, dialect, job.account_id, job.mailbox_id, marked)
    if job.moves:
        await store.remove(
            unit, dialect, job.view.account_id, [one.email_id for one in messages if not one.deleted]
        )
        gone = [one.uid for one in messages if one.deleted]
        await deleted.expunge(unit, job.view.account_id, job.view.mailbox_id, gone)
    return pairs


async def _add_marked(unit: Unit, job: _Job, messages: Sequence[Message]) -> Pairs:
    """Those marked \\Deleted are so in the other mailbox too."""
    if not messages:
        return []
    modseq = await unit.changed(job.account_id, "Mailbox", job.mailbox_id, "updated", counts_only=True)
    uids = await _take_uids(unit, job.account_id, job.mailbox_id, len(messages))
    copies = [
        replace(as_deleted(one), uid=uid, modseq=modseq, saved_ms=clock.now_ms())
        for one, uid in zip(messages, uids, strict=True)
    ]
    await deleted.add(unit, job.account_id, job.mailbox_id, copies)
    if job.moves:
        await deleted.expunge(unit, job.account_id, job.view.mailbox_id, [one.uid for one in messages])
    return [(one.uid, copy.uid) for one, copy in zip(messages, copies, strict=True)]
