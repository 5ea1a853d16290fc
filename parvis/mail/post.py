"""Mail as other rooms use it: letters in the name of an account, and the iCalendar of messages. See serve.post"""

from collections.abc import Iterator

from parvis.access import directory, gate
from parvis.access.principal import Principal
from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid, NotFound
from parvis.kernel.settings import Settings
from parvis.mail import store
from parvis.mail.jmap.parts import decoded
from parvis.mail.lists.intake import author_of, is_authentic
from parvis.mail.model import SCOPE
from parvis.mail.queue import model
from parvis.mail.queue.model import To
from parvis.mail.queue.service import Queue
from parvis.mail.service import Delivered
from parvis.mail.structure import Node, Structure
from parvis.mail.submission.content import needs
from parvis.serve.post import CALENDAR_MAIL, CalendarMail, Letter, Post, Sending
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire import authres, mime
from parvis.wire.canonical import Text as Fields
from parvis.wire.mime import Address
from parvis.wire.mime.compose import Addresses, Draft, DraftPart, Field, Raw, Text, compose
from parvis.wire.mime.fields import domain_as_ascii
from parvis.wire.smtp import is_address

_CALENDARS = frozenset({"text/calendar", "application/ics"})
_MOST_CALENDARS = 10
_CALENDAR_BYTES = 1_000_000


async def on_delivery(unit: Unit, delivered: Delivered) -> None:
    """Tells of a message with iCalendar in it, unless it is junk; in the unit that delivers it."""
    if delivered.email is None or delivered.is_junk or not _calendars(delivered.parsed.structure):
        return
    unit.emit(delivered.delivery.account_id, CALENDAR_MAIL, {"email": delivered.email.id})


def _calendars(structure: Structure) -> list[Node]:
    return [node for node in structure.walk() if node.media_type in _CALENDARS][:_MOST_CALENDARS]


class MailPost(Post):
    """The Post that mail offers."""

    def __init__(self, keep: Store, settings: Settings, queue: Queue) -> None:
        self._keep, self._settings, self._queue = keep, settings, queue

    async def written(self, letter: Letter) -> Sending:
        """See Post."""
        if wrong := [address for address in letter.to if not is_address(address)]:
            raise Invalid(f"{wrong[0]!r} is not an address", field="to")
        writer = await directory.by_id(self._keep.db, letter.account_id)
        if not writer.address:
            raise NotFound("this account has no address")
        raw = _message(letter, Address(writer.name, writer.address), self._settings.hostname)
        needs_8bit, needs_utf8 = needs(raw)
        queued = model.Letter(
            account_id=letter.account_id,
            sender=domain_as_ascii(writer.address) if letter.answerable else "",
            to=tuple(_to(address, letter) for address in dict.fromkeys(letter.to)),
            blob=await self._keep.blobs.put(raw),
            size=len(raw),
            followed=letter.followed,
            needs_8bit=needs_8bit,
            needs_utf8=needs_utf8 or not all(address.isascii() for address in letter.to),
        )
        destinations = await self._queue.destinations(queued)

        async def send(unit: Unit) -> int:
            return await Queue.add(unit, queued, destinations)

        return send

    async def calendar_of(self, principal: Principal, account_id: int, email_id: int) -> CalendarMail:
        """See Post."""
        await gate.require(self._keep.db, principal, account_id, SCOPE)
        digest = await self._keep.db.value(
            "SELECT blob FROM email WHERE id = ? AND account_id = ?", email_id, account_id
        )
        found = await store.parts_of(self._keep.db, [email_id]) if digest is not None else {}
        if email_id not in found:
            raise NotFound("no such message")
        structure, header = found[email_id]
        contents: list[bytes] = []
        for node in _calendars(structure):
            if node.end - node.start <= 2 * _CALENDAR_BYTES:
                content = await decoded(await self._cut(digest, node), node.encoding)
                if len(content) <= _CALENDAR_BYTES and content not in contents:
                    contents.append(content)
        author = author_of(header)
        return CalendarMail(author, self._is_authentic(header, author), tuple(contents))

    async def _cut(self, digest: str, node: Node) -> bytes:
        return b"".join([chunk async for chunk in self._keep.blobs.stream(digest, node.start, node.end)])

    def _is_authentic(self, header: bytes, author: str) -> bool:
        """What was found when the message came (`smtp.receive` lets in no such field from elsewhere). Without any
        it came from this machine, or from somebody who had to sign in and write as themselves."""
        values = [mime.as_raw(each.value) for each in Fields(header).all("authentication-results")]
        here = self._settings.hostname.lower()
        own = [value for value in values if (authres.server_of(value) or "").lower() == here]
        if not own:
            return author.rpartition("@")[2] in self._settings.domains
        return bool(author) and is_authentic(authres.parse(own[0]).results, author)


def _to(address: str, letter: Letter) -> To:
    return To(domain_as_ascii(address), notify="" if letter.answerable else "NEVER")


def _message(letter: Letter, writer: Address, hostname: str) -> bytes:
    fields = [
        Field("From", Addresses((writer,))),
        Field("To", Addresses(tuple(Address(None, address) for address in dict.fromkeys(letter.to)))),
        Field("Subject", Text(letter.subject)),
    ]
    if not letter.answerable:
        fields.append(Field("Auto-Submitted", Raw("auto-generated")))  # RFC 3834 §5: no machine answers this
    draft = Draft(
        date=clock.now(),
        message_id=f"{ids.text(ids.new_id())}.{ids.token(9)}@{hostname}",
        fields=tuple(fields),
        structure=_structure(letter),
    )
    return compose(draft, _boundaries())


def _structure(letter: Letter) -> DraftPart:
    """Text, HTML and iCalendar as alternatives, the richest last (RFC 2046 §5.1.4); files around them."""
    bodies = [DraftPart("text/plain", letter.text)]
    if letter.html:
        bodies.append(DraftPart("text/html", letter.html))
    files = [
        DraftPart(each.media_type, each.content, name=each.name, disposition="attachment", params=each.params)
        for each in letter.enclosures
    ]
    if letter.calendar:
        method = (("method", letter.method),)
        bodies.append(DraftPart("text/calendar", letter.calendar, charset="utf-8", params=method))
        files.append(
            DraftPart(
                "application/ics", letter.calendar, name="invite.ics", disposition="attachment", params=method
            )
        )
    body = bodies[0] if len(bodies) == 1 else DraftPart("multipart/alternative", children=tuple(bodies))
    return DraftPart("multipart/mixed", children=(body, *files)) if files else body


def _boundaries() -> Iterator[str]:
    while True:
        yield f"=_{ids.token(15)}"
