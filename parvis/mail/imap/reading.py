"""What only the messages themselves can tell: whether a text stands in them, in which order they come, which
answers which. RFC 9051 §6.4.4, RFC 5256"""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from parvis.kernel import clock
from parvis.kernel.languages import fold
from parvis.mail.imap.conditions import Candidates, day_ms, number_of
from parvis.mail.imap.flags import has_flag
from parvis.mail.imap.session import Session
from parvis.mail.imap.view import Message, headers_of, paged
from parvis.mail.message import field_text
from parvis.wire import mime
from parvis.wire.imap import search as keys
from parvis.wire.imap import write
from parvis.wire.imap.numbers import Numbers
from parvis.wire.imap.search import SearchKey
from parvis.wire.text import html_to_text

_DAY_MS = 86_400_000
_LARGE = 100_000
_NAME = re.compile(r"[A-Za-z0-9-]{1,60}")
_FOLDING = re.compile(r"\r?\n[ \t]+")
_FIELD: dict[str, re.Pattern[bytes]] = {}
_FIELDS = {"FROM": "From", "TO": "To", "CC": "Cc", "BCC": "Bcc", "SUBJECT": "Subject"}


class Facts:
    """One message, read as far as it is asked about."""

    def __init__(self, session: Session, message: Message, header: bytes | None) -> None:
        self._session, self.message, self._header = session, message, header
        self._root: mime.Part | None = None
        self._body: str | None = None

    async def root(self) -> mime.Part:
        """Its header, parsed."""
        if self._root is None:
            header = self._header if self._header is not None else await self._raw()
            self._root = mime.parse(header).root
        return self._root

    async def field(self, name: str) -> list[str]:
        """The fields of a name, decoded and folded."""
        if self._header is None or not _NAME.fullmatch(name):
            return [fold(field_text(one.value)) for one in (await self.root()).all(name)]
        if name not in _FIELD:
            _FIELD[name] = re.compile(rb"(?im)^%b[ \t]*:((?:.*\n[ \t])*.*)$" % name.encode())
        return [fold(field_text(value)) for value in _FIELD[name].findall(self._header)]

    async def header(self) -> str:
        """The whole header, decoded and folded."""
        if self._header is not None and b"=?" not in self._header and self._header.isascii():
            return _FOLDING.sub(" ", self._header.decode("ascii").lower())
        fields = (await self.root()).headers
        return "\n".join(fold(f"{one.name}: {mime.as_text(one.value)}") for one in fields)

    async def body(self) -> str:
        """All text of the body, decoded and folded."""
        if self._body is None:
            raw = await self._raw()
            read = _body_of if len(raw) < _LARGE else None
            self._body = read(raw) if read else await asyncio.to_thread(_body_of, raw)
        return self._body

    async def sent_ms(self) -> int:
        """The day of the Date field, as the start of that day in UTC; of arrival without one. RFC 9051 §6.4.4"""
        field = (await self.root()).last("Date")
        sent = mime.as_date(field.value) if field else None
        if sent is None:
            return self.message.received_ms // _DAY_MS * _DAY_MS
        return day_ms(sent.date())

    async def _raw(self) -> bytes:
        return await self._session.store.blobs.get(self.message.blob)


def _body_of(raw: bytes) -> str:
    message = mime.parse(raw)
    found = []
    for part in message.leaves():
        if part.type == "text":
            text = mime.decode_text(raw, part).text
            found.append(html_to_text(text).text if part.subtype in ("html", "enriched") else text)
        elif part.media_type in ("message/rfc822", "message/delivery-status", "text/rfc822-headers"):
            found.append(mime.decode_body(raw, part).decode("utf-8", "replace"))
    return fold("\n".join(found))


class Reading:
    """Reads messages of the selected mailbox."""

    def __init__(self, session: Session, candidates: Candidates | None = None) -> None:
        self._candidates = candidates or {}
        self._session, self._view, self._db = session, session.box, session.store.db
        self._sets: dict[tuple[Numbers, bool], frozenset[int]] = {}

    async def filtered(self, uids: Sequence[int], key: SearchKey) -> list[int]:
        """Those of a page of uids that a key finds."""
        await asyncio.sleep(0)  # others have their turn
        messages = await self._view.messages(self._db, uids)
        headers = await headers_of(self._db, messages)
        found = []
        for one in messages:
            if await self._holds(key, Facts(self._session, one, headers.get(one.email_id))):
                found.append(one.uid)
        return found

    async def _holds(self, key: SearchKey, facts: Facts) -> bool:
        match key:
            case keys.And(several):
                for one in several:
                    if not await self._holds(one, facts):
                        return False
                return True
            case keys.Or(left, right):
                return await self._holds(left, facts) or await self._holds(right, facts)
            case keys.Not(inner):
                return not await self._holds(inner, facts)
            case keys.Uids(numbers):
                return facts.message.uid in self._chosen(numbers, uid=True)
            case keys.Sequence(numbers):
                return facts.message.uid in self._chosen(numbers, uid=False)
            case keys.Flag(name, present) if name.upper() == r"\RECENT":
                return self._view.is_recent(facts.message.uid) == present
            case keys.Text(field, value):
                return await self._has_text(facts, key, field, value)
            case keys.Header(name, value):
                fields = await facts.field(name)
                return any(fold(value) in one for one in fields)
        return await _is(facts, key)

    def _chosen(self, numbers: Numbers, *, uid: bool) -> frozenset[int]:
        key = numbers, uid
        if key not in self._sets:
            self._sets[key] = frozenset(self._view.chosen(numbers, uid=uid))
        return self._sets[key]

    async def _has_text(self, facts: Facts, key: keys.Text, field: str, text: str) -> bool:
        value = fold(text)
        if field in _FIELDS:
            return any(value in one for one in await facts.field(_FIELDS[field]))
        if field == "TEXT" and value in await facts.header():
            return True
        found = self._candidates.get(key)
        if found is not None and not facts.message.has_attachment:
            numbers, sure = found
            if sure or facts.message.email_id not in numbers:
                return facts.message.email_id in numbers
        return value in await facts.body()

    async def ordered(self, uids: Sequence[int], criteria: Sequence[tuple[str, bool]]) -> list[int]:
        """The uids in the order of some criteria, then of the mailbox. RFC 5256 §3"""
        found = await self._facts(uids)
        order = [uid for uid in uids if uid in found]
        for name, reverse in reversed(criteria):
            values = {uid: await _sort_key(name, found[uid]) for uid in order}
            order.sort(key=values.__getitem__, reverse=reverse)
        return order

    async def threads(self, uids: Sequence[int], algorithm: str, *, uid: bool) -> bytes | None:
        """The threads as THREAD writes them; None for an algorithm that there is not."""
        found = await self._facts(uids)
        members = [
            await _threaded(facts, number if uid else self._view.sequence(number))
            for number, facts in found.items()
        ]
        if algorithm == "REFERENCES":
            return write.thread_references(members)
        return write.thread_orderedsubject(members) if algorithm == "ORDEREDSUBJECT" else None

    async def _facts(self, uids: Sequence[int]) -> dict[int, Facts]:
        found = {}
        for page in paged(uids):
            messages = await self._view.messages(self._db, page)
            headers = await headers_of(self._db, messages)
            for one in messages:
                found[one.uid] = Facts(self._session, one, headers.get(one.email_id))
        return found


async def _is(facts: Facts, key: SearchKey) -> bool:
    """A key that asks for a plain fact."""
    message = facts.message
    match key:
        case keys.All():
            return True
        case keys.Flag() | keys.Keyword():
            return has_flag(key, message.keywords, message.deleted)
        case keys.Size(relation, octets):
            return message.size > octets if relation == "larger" else message.size < octets
        case keys.When(field, relation, day):
            arrived = message.saved_ms if field == "SAVED" else message.received_ms
            moment = await facts.sent_ms() if field == "SENT" else arrived
            start = day_ms(day)
            return {
                "before": moment < start,
                "on": start <= moment < start + _DAY_MS,
                "since": moment >= start,
            }[relation]
        case keys.Within(relation, seconds):
            age = clock.now_ms() - message.received_ms
            return age <= 1000 * seconds if relation == "younger" else age >= 1000 * seconds
        case keys.Modseq(value):
            return message.modseq >= value
        case keys.EmailId(given):
            return message.email_id == number_of(given)
        case keys.ThreadId(given):
            return message.thread_id == number_of(given)
    return False


async def _sort_key(name: str, facts: Facts) -> Any:
    if name == "ARRIVAL":
        return facts.message.received_ms
    if name == "SIZE":
        return facts.message.size
    if name == "DATE":
        return await _sent(facts)
    root = await facts.root()
    if name == "SUBJECT":
        return write.collation(write.sort_base_subject(_text(root, "Subject")))
    field = root.last(name.removeprefix("DISPLAY"))
    value = field.value if field else b""
    return write.collation(write.sort_display(value) if name.startswith("DISPLAY") else write.sort_address(value))


async def _threaded(facts: Facts, number: int) -> write.Threaded:
    root = await facts.root()
    own = _ids(root, "Message-ID")
    references = _ids(root, "References") or _ids(root, "In-Reply-To")[:1]
    moment = await _sent(facts)
    return write.Threaded(number, own[0] if own else None, tuple(references), _text(root, "Subject"), moment)


async def _sent(facts: Facts) -> int:
    """When it was sent, else when it arrived. RFC 5256 §2.2"""
    field = (await facts.root()).last("Date")
    sent = mime.as_date(field.value) if field else None
    return clock.to_ms(sent) if sent else facts.message.received_ms


def _text(root: mime.Part, name: str) -> str:
    field = root.last(name)
    return mime.as_text(field.value) if field else ""


def _ids(root: mime.Part, name: str) -> list[str]:
    field = root.last(name)
    return list(mime.as_message_ids(field.value) or ()) if field else []
