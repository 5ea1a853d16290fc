"""Putting messages in: APPEND, several at once too, and made of pieces. RFC 9051 §6.3.12, RFC 3502, RFC 4469"""

import contextlib

from parvis.access import gate
from parvis.access.principal import Right
from parvis.mail import deleted, service, store
from parvis.mail.imap import flags, urls
from parvis.mail.imap.names import Named
from parvis.mail.imap.session import Done, No, Session
from parvis.mail.model import SCOPE
from parvis.mail.smtp.spool import IN_MEMORY
from parvis.mail.store import New
from parvis.store.blobs.contract import Step, stored
from parvis.store.unit import Unit
from parvis.wire.imap import arguments as a
from parvis.wire.imap.command import Command
from parvis.wire.imap.numbers import compressed


async def append(session: Session, command: Command) -> Done:
    """RFC 9051 §6.3.12. All of them or none; durable when it says OK."""
    asked = command.arguments
    assert isinstance(asked, a.Append)
    named = (await session.names()).find(asked.mailbox)
    if named is None or named.row is None:
        raise No("There is no such mailbox", "TRYCREATE")
    size = sum(one.octets.size for one in asked.messages if one.octets is not None)
    is_large = size > IN_MEMORY or any(one.catenate is not None for one in asked.messages)
    async with session.server.large if is_large else contextlib.nullcontext():
        uids = await _keep(session, named, asked)
    return Done("Kept", f"APPENDUID {named.row.uid_validity} {compressed(uids)}")


async def _keep(session: Session, named: Named, asked: a.Append) -> list[int]:
    """Reads the messages and keeps them; their uids."""
    assert named.row is not None
    read = [await _read(session, named, one) for one in asked.messages]
    account_id, mailbox_id = named.account_id, named.row.id

    async def work(unit: Unit) -> list[int]:
        await gate.require(unit, session.who, account_id, SCOPE, Right.WRITE)
        for _, step, _ in read:
            await step(unit)
        kept = await store.append(unit, session.store.db.dialect, account_id, [new for new, _, _ in read])
        uids = [one.uids[mailbox_id] for one in kept]
        marked = [uid for uid, (_, _, is_deleted) in zip(uids, read, strict=True) if is_deleted]
        await deleted.mark(unit, session.store.db.dialect, account_id, mailbox_id, marked)
        return uids

    return await session.store.write(work)


async def _read(session: Session, named: Named, one: a.AppendMessage) -> tuple[New, Step, bool]:
    """A message, the step that stores it, and whether it is marked \\Deleted."""
    assert named.row is not None
    spool = session.spools.pop(0) if one.catenate is None else await urls.catenate(session, one.catenate)
    if spool.size == 0:
        raise No("An empty message is none", "CANNOT")
    keywords, is_deleted = flags.read(one.flags)
    content, blobs = await spool.content(), session.store.blobs
    if isinstance(content, bytes):
        digest, step = await blobs.join(content)
        parsed = await service.read(content)
    else:
        digest, step = content, stored
        parsed = await service.read_blob(blobs, digest)
    return New(parsed, digest, frozenset({named.row.id}), keywords, one.internal_date_ms), step, is_deleted
