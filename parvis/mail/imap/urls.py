"""What URLs name: messages and pieces of them, in the mailboxes that somebody sees. RFC 5092, RFC 4469 §3"""

import asyncio
from collections.abc import AsyncIterator, Sequence

from parvis.kernel.errors import Invalid
from parvis.mail.imap.names import Named, Names
from parvis.mail.imap.session import No, Session
from parvis.mail.imap.view import Message, View
from parvis.mail.smtp.spool import Spool
from parvis.store.store import Store
from parvis.wire import mime
from parvis.wire.imap import arguments as a
from parvis.wire.imap import write
from parvis.wire.imap.fetch import Section
from parvis.wire.imap.literal import Octets
from parvis.wire.imap.section import UnknownEncoding
from parvis.wire.imap.url import ImapUrl, parse_url

_LARGE = 100_000
_MISSING = Invalid("There is no such message")


def mailbox_of(names: Names, url: ImapUrl) -> Named:
    """The mailbox that a URL names. Raises Invalid."""
    named = names.find(url.mailbox)
    if named is None or named.row is None or url.uid_validity not in (None, named.row.uid_validity):
        raise _MISSING
    return named


async def message_of(keep: Store, names: Names, url: ImapUrl) -> Message:
    """The message that a URL names. Raises Invalid."""
    named = mailbox_of(names, url)
    assert named.row is not None and named.access is not None
    view = View(named.name, named.access, named.row, read_only=True)
    found = await view.messages(keep.db, [url.uid])
    if not found:
        raise _MISSING
    return found[0]


async def pieces(keep: Store, message: Message, section: Section) -> AsyncIterator[bytes]:
    """The octets of a section; a whole message comes bit by bit. Raises Invalid when there is no such section."""
    if not section.is_whole:
        raw, parsed = await parsed_of(keep, message)
        found = write.section(raw, parsed, section)
        if found is None:
            raise Invalid("There is no such section")
        yield found
        return
    first, count = section.partial or (0, message.size)
    start, end = min(first, message.size), min(first + count, message.size)
    if start < end:
        async for chunk in keep.blobs.stream(message.blob, start, end):
            yield chunk


async def octets(keep: Store, message: Message, section: Section) -> bytes:
    """The same at once."""
    return b"".join([piece async for piece in pieces(keep, message, section)])


async def parsed_of(keep: Store, message: Message) -> tuple[bytes, mime.Message]:
    """All octets of a message, and what they mean."""
    raw = await keep.blobs.get(message.blob)
    return raw, mime.parse(raw) if len(raw) < _LARGE else await asyncio.to_thread(mime.parse, raw)


async def catenate(session: Session, parts: Sequence[a.CatenateUrl | Octets]) -> Spool:
    """The message that texts and URLs make; the texts are the first of the session's spools. Raises No. RFC 4469
    §3, §4"""
    whole = Spool(session.store.blobs, session.server.settings.limits.message_bytes)
    session.spools.insert(0, whole)
    names = await session.names()
    for part in parts:
        if isinstance(part, Octets):
            text = session.spools.pop(1)
            await whole.add(await text.whole())
        else:
            await _add(session.store, whole, names, part.url)
        if whole.over:
            raise No("The message is too large", "TOOBIG")
    return session.spools.pop(0)


async def _add(keep: Store, whole: Spool, names: Names, text: str) -> None:
    try:
        url = parse_url(text)
        message = await message_of(keep, names, url)
        async for chunk in pieces(keep, message, url.section):
            await whole.add(chunk)
    except (Invalid, UnknownEncoding) as error:
        shown = "".join(one for one in text if " " <= one <= "~" and one != "]")
        raise No(error.sentence, f"BADURL {shown}") from None
