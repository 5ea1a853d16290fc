"""FETCH: what a message is and holds. What lists need comes from the database; a body is read from its blob, and a
whole one streams in flat memory. RFC 9051 §6.4.5, §7.5.2"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from parvis.access.principal import Right
from parvis.kernel import ids
from parvis.mail.imap import quick
from parvis.mail.imap.marks import Marking, mark
from parvis.mail.imap.quick import is_quick
from parvis.mail.imap.session import Done, Session
from parvis.mail.imap.view import PAGE, Message, headers_of, paged
from parvis.store.sql.contract import marks
from parvis.wire import mime
from parvis.wire.imap import arguments as a
from parvis.wire.imap import write
from parvis.wire.imap.command import Command
from parvis.wire.imap.fetch import FetchItem, Section, Simple
from parvis.wire.imap.numbers import within

_SEEN = Marking("add", frozenset({"$seen"}))
_LARGE = 100_000
_FROM_HEADER = frozenset({"ENVELOPE"})
_FROM_RAW = frozenset({"BODY", "BODYSTRUCTURE"})
_SHORT_PAGE = 50
"""Messages that are marked as seen together, before their bodies are read."""


async def fetch(session: Session, command: Command) -> Done:
    """RFC 9051 §6.4.5; PARTIAL chooses before CHANGEDSINCE does, RFC 9394 §3.3, §3.4"""
    asked, view = command.arguments, session.box
    assert isinstance(asked, a.Fetch)
    uids = view.chosen(asked.numbers, uid=asked.uid)
    if asked.partial is not None:
        uids = within(uids, asked.partial)
    if asked.changed_since is not None:
        session.enable_condstore()
        await _tell_vanished(session, asked)
        changed = {one.uid for one in await view.changed(session.store.db, asked.changed_since, long_ago=True)}
        uids = [uid for uid in uids if uid in changed]
    plan = _plan(session, asked)
    sees = view.may(Right.WRITE) and any(isinstance(one, Section) and reads(one) for one in plan.items)
    missing = 0
    easy = is_quick(plan.items)
    size = quick.PAGE if easy else _SHORT_PAGE if plan.reads_raw or plan.whole else PAGE
    for page in paged(uids, size):
        if easy and (there := await quick.answer(session, plan.items, page)) is not None:
            missing += len(page) - len(there)
            continue
        messages = await view.messages(session.store.db, page)
        fresh: set[int] = set()
        if sees and (unseen := [one.uid for one in messages if "$seen" not in one.keywords]):
            _, after = await mark(session, view, unseen, _SEEN)
            view.told(after)
            fresh = set(unseen)
            messages = await view.messages(session.store.db, page)
        missing += len(page) - len(messages)
        await _answer(session, plan, messages, fresh)
    if missing and not asked.uid:
        return Done("Some of the messages are gone", "EXPUNGEISSUED", expunges=False)
    return Done(expunges=asked.uid)


async def _tell_vanished(session: Session, asked: a.Fetch) -> None:
    """RFC 7162 §3.2.6"""
    if not asked.vanished:
        return
    assert asked.changed_since is not None
    if gone := await session.box.vanished(session.store.db, asked.changed_since, asked.numbers):
        session.say(f"* VANISHED (EARLIER) {gone}")


def reads(section: Section) -> bool:
    r"""Whether getting it sets \Seen."""
    return not section.peek and section.kind != "BINARY.SIZE"


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is wanted of each message, and what has to be read for it."""

    items: tuple[FetchItem, ...]
    flags: bool
    reads_header: bool
    reads_raw: bool
    whole: bool
    previews: bool


def _plan(session: Session, asked: a.Fetch) -> _Plan:
    items = asked.items
    simple = {one.name for one in items if isinstance(one, Simple)}
    sections = [one for one in items if isinstance(one, Section)]
    if "MODSEQ" in simple:
        session.enable_condstore()
    elif asked.changed_since is not None:
        items = (*items, Simple("MODSEQ"))
    if asked.uid and "UID" not in simple:
        items = (Simple("UID"), *items)
    return _Plan(
        items,
        "FLAGS" in simple,
        bool(simple & _FROM_HEADER) or any(_is_header(one) for one in sections),
        bool(simple & _FROM_RAW) or any(not _is_header(one) and not one.is_whole for one in sections),
        any(one.is_whole for one in sections),
        "PREVIEW" in simple,
    )


def _is_header(section: Section) -> bool:
    """Whether the message's own header is enough for it."""
    return not section.numbers and section.part.startswith("HEADER") and section.kind in ("BODY", "RFC822")


async def _answer(session: Session, plan: _Plan, messages: Sequence[Message], fresh: set[int]) -> None:
    headers = await headers_of(session.store.db, messages) if plan.reads_header else {}
    previews = await _previews(session, messages) if plan.previews else {}
    raws = (
        await session.store.blobs.together([one.blob for one in messages]) if plan.whole or plan.reads_raw else {}
    )
    for message in messages:
        number = session.box.sequence(message.uid)
        if not number:
            continue
        writer = _Writer(session, message, headers.get(message.email_id), previews.get(message.email_id))
        await writer.write(number, plan, raws.get(message.blob), told=message.uid in fresh)
    await session.client.flush()


class _Writer:
    """Writes one message's answer. RFC 8970 §3.2, §3.3"""

    def __init__(self, session: Session, message: Message, header: bytes | None, preview: str | None) -> None:
        self._session, self._message, self._header, self._preview = session, message, header, preview
        self._raw: bytes | None = None
        self._parsed: mime.Message | None = None

    async def write(self, number: int, plan: _Plan, raw: bytes | None, *, told: bool) -> None:
        """The whole line; `raw` is the message when it was read already. Whatever may fail is done before its first
        byte is written, but for the streaming."""
        self._raw = raw
        if plan.reads_raw:
            await self._read()
        pieces = [await self._item(item) for item in plan.items]
        if told and not plan.flags:
            pieces.append(b"FLAGS (" + self._flags() + b")")
        client, held = self._session.client, [b"* %d FETCH (" % number]
        for place, piece in enumerate(pieces):
            held.append(b" " if place else b"")
            if isinstance(piece, bytes):
                held.append(piece)
                continue
            client.write(b"".join(held))
            held.clear()
            await self._stream(piece)
        client.write(b"".join(held) + b")\r\n")

    async def _read(self) -> None:
        raw = self._raw or await self._session.store.blobs.get(self._message.blob)
        self._raw = raw
        self._parsed = mime.parse(raw) if len(raw) < _LARGE else await asyncio.to_thread(mime.parse, raw)

    def _flags(self) -> bytes:
        return self._session.flags_of(self._message).encode()

    async def _item(self, item: FetchItem) -> bytes | Section:
        """An item with its name; a section that is to be streamed stays itself."""
        if isinstance(item, Simple):
            return await self._simple(item.name)
        return item if item.is_whole else item.label() + b" " + await self._section(item)

    async def _simple(self, name: str) -> bytes:
        if name in _FROM_RAW:
            assert self._raw is not None and self._parsed is not None
            form = write.body_structure(self._raw, self._parsed.root, extended=name == "BODYSTRUCTURE")
            return name.encode() + b" " + form
        if name == "ENVELOPE":
            return b"ENVELOPE " + write.envelope(await self._own_header())
        if name == "PREVIEW":
            return b"PREVIEW " + write.nstring(await self._preview_text())
        return name.encode() + b" " + self._fact(name)

    def _fact(self, name: str) -> bytes:
        message = self._message
        match name:
            case "FLAGS":
                return b"(" + self._flags() + b")"
            case "UID":
                return b"%d" % message.uid
            case "RFC822.SIZE":
                return b"%d" % message.size
            case "INTERNALDATE":
                return write.internal_date(message.received_ms)
            case "SAVEDATE":
                return write.internal_date(message.saved_ms)
            case "MODSEQ":
                return b"(%d)" % message.modseq
            case "EMAILID":
                return b"(%s)" % ids.text(message.email_id).encode()
            case "THREADID":
                return b"(%s)" % ids.text(message.thread_id).encode()
        return b"NIL"

    async def _own_header(self) -> bytes:
        if self._header is None:
            raw = self._raw or await self._session.store.blobs.get(self._message.blob)
            self._header = raw[: mime.parse(raw).root.body_start]
        return self._header

    async def _preview_text(self) -> str:
        if self._preview is not None:
            return self._preview
        raw = self._raw or await self._session.store.blobs.get(self._message.blob)
        parsed = mime.parse(raw)
        return mime.preview(raw, parsed, mime.body_views(parsed))[:256]

    async def _section(self, section: Section) -> bytes:
        if _is_header(section):
            header = await self._own_header()
            found = write.section(header, mime.parse(header), section)
        else:
            assert self._raw is not None and self._parsed is not None
            found = write.section(self._raw, self._parsed, section)
        if section.kind == "BINARY.SIZE":
            return b"%d" % len(found or b"")
        if found is None:
            return b"NIL"
        if section.kind == "BINARY":
            return b"~{%d}\r\n" % len(found) + found
        return write.literal(found)

    async def _stream(self, section: Section) -> None:
        start, end = 0, self._message.size
        if section.partial is not None:
            start = min(section.partial[0], end)
            end = min(start + section.partial[1], end)
        client, mark = self._session.client, b"~" if section.kind == "BINARY" else b""
        client.write(section.label() + b" " + mark + b"{%d}\r\n" % (end - start))
        if self._raw is not None:
            client.write(self._raw[start:end] if mark else without_nul(self._raw[start:end]))
        elif start < end:
            async for chunk in self._session.store.blobs.stream(self._message.blob, start, end):
                client.write(chunk if mark else without_nul(chunk))
                await client.flush()


def without_nul(data: bytes) -> bytes:
    """A literal has no NUL; BINARY has. RFC 9051 §4.3"""
    return data.replace(b"\0", b"\x80") if b"\0" in data else data


async def _previews(session: Session, messages: Sequence[Message]) -> dict[int, str]:
    numbers = [one.email_id for one in messages if not one.deleted]
    rows = await session.store.db.rows(f"SELECT id, summary FROM email WHERE id IN {marks(len(numbers))}", *numbers)
    return {row[0]: msgspec.json.decode(row[1])["preview"] for row in rows}
