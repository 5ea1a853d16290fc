"""What a filter sends: the message itself to somewhere else, an answer, a refusal, a notification."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from parvis.access.directory import normal
from parvis.access.principal import Principal
from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid
from parvis.kernel.languages import Language
from parvis.kernel.settings import Settings
from parvis.mail.forwarding import Forwarder, found_before
from parvis.mail.queue.model import HERE, Letter, To
from parvis.mail.queue.service import Queue
from parvis.mail.service import Arrival, Delivery
from parvis.mail.sieve.store import seen_hash
from parvis.mail.smtp.trace import hops
from parvis.mail.submission.content import needs
from parvis.mail.submission.senders import Senders
from parvis.mail.vacation.responder import answer_fields, asked_by, is_addressed, is_from_a_person
from parvis.store.blobs.contract import Step
from parvis.store.store import Store
from parvis.wire import mime
from parvis.wire.mime.compose import (
    Addresses,
    Date,
    Draft,
    DraftPart,
    Field,
    MessageIds,
    Raw,
    Text,
    compose,
    write_field,
)
from parvis.wire.mime.fields import clean
from parvis.wire.sieve import Notify, Redirect, Reject, Vacation
from parvis.wire.smtp import is_address

TRACE = "X-Sieve-Redirected-From"
"""Names who passed a message on, so that it does not run in a circle."""
_HOPS = 25
_WORDS: dict[Language, tuple[str, str]] = {
    "en": ("Your message was refused", "The message was refused by its recipient, with these words:"),
    "fr": ("Votre message a été refusé", "Le message a été refusé par son destinataire, en ces termes :"),
    "vi": ("Thư của bạn bị từ chối", "Người nhận đã từ chối thư với lời sau:"),
}


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose filter it is."""

    person: Principal
    senders: Senders


@dataclass(frozen=True, slots=True)
class Sending:
    """A letter for the queue; the unit takes `step` first. `once` is a key that must be new, and for how many
    seconds it is remembered; `answers` is whom an automatic answer is for."""

    letter: Letter
    destinations: tuple[str, ...]
    step: Step
    once: tuple[str, int] | None = None
    answers: str = ""


class Letters:
    """Writes letters before the unit that puts them into the queue."""

    def __init__(self, keep: Store, settings: Settings, queue: Queue) -> None:
        self._keep, self._hostname, self._queue = keep, settings.hostname, queue
        self._forwarder = Forwarder(keep, settings)

    async def redirect(
        self, owner: Owner, arrival: Arrival, delivery: Delivery, raw: bytes, action: Redirect
    ) -> Sending:
        """The message on its way to another address. To another server it goes sealed, from an address by which its
        sender hears when it does not arrive. Raises Invalid when it would run in a circle. RFC 5228 §4.2, §10"""
        if owner.senders.allow(action.address) or _came_by(owner, arrival.parsed.header) or hops(raw) > _HOPS:
            raise Invalid("The message would run in a circle.")
        if not self._queue.allows(owner.person, 1):
            raise Invalid("Too much was sent in a short time.")
        sender, by = arrival.mail_from, owner.person.address or delivery.address
        raw = f"{TRACE}: {clean(by)}\r\n".encode() + _without_path(raw)
        if await self._queue.destination(action.address) != HERE:
            sender = await self._forwarder.sender(sender, by)
            raw = await self._forwarder.sealed(raw, by, found_before(arrival.raw, self._hostname))
        return await self._sending(owner, sender, action.address, raw)

    async def refuse(self, owner: Owner, arrival: Arrival, delivery: Delivery, action: Reject) -> Sending | None:
        """A notice to the sender that the message was refused; None when there is no sender. RFC 5429 §2.2"""
        if not is_address(arrival.mail_from):
            return None
        raw = refusal(owner.person, self._hostname, arrival, delivery.address, action.reason)
        return await self._sending(owner, "", arrival.mail_from, raw, "NEVER")

    async def vacation(
        self, owner: Owner, arrival: Arrival, delivery: Delivery, action: Vacation
    ) -> Sending | None:
        """An automatic answer; None when this message gets none. It is from nobody in the envelope. RFC 5230 §4.5,
        §4.6, §5.1, §5.4, §5.5, §8"""
        sender = arrival.mail_from.lower()
        more = Senders((*owner.senders.addresses, *filter(None, map(_normal, action.addresses))))
        if delivery.role == "junk" or not is_from_a_person(sender, arrival.parsed.header):
            return None
        if owner.senders.allow(sender) or not is_addressed(arrival.parsed.summary, more):
            return None
        raw = self._answer(owner, asked_by(arrival.mail_from, arrival.parsed.summary), action)
        key = seen_hash("vacation", f"{action.handle}\0{sender}")
        once = (key, action.seconds) if action.seconds else None
        sending = await self._sending(owner, "", arrival.mail_from, raw, "NEVER", once)
        return replace(sending, answers=sender)

    def _answer(self, owner: Owner, asked: dict[str, Any], action: Vacation) -> bytes:
        sender = _sender(owner, action.from_)
        fields = answer_fields(owner.person, asked, action.subject, sender)
        if not action.mime:
            return _written(self._hostname, fields, DraftPart("text/plain", action.reason))
        message_id = f"{ids.text(ids.new_id())}@{self._hostname}"
        head = [*fields, Field("Date", Date(clock.now())), Field("Message-ID", MessageIds((message_id,)))]
        lines = "".join(map(write_field, head)) + "MIME-Version: 1.0\r\n"
        entity = action.reason.replace("\r\n", "\n").replace("\n", "\r\n")
        return (lines + entity).encode("utf-8", "replace")

    async def notify(self, owner: Owner, arrival: Arrival, action: Notify) -> list[Sending]:
        """A notification by mail, to each of its addresses; none about a notification. Raises Invalid when too much
        was sent. RFC 5435 §7, §8, RFC 5436 §2"""
        root = mime.parse(arrival.parsed.header).root
        automatic = root.last("Auto-Submitted")
        if automatic is not None and b"auto-notified" in automatic.value.lower():
            return []
        to, named = _mailto(action.method)
        if not self._queue.allows(owner.person, len(to)):
            raise Invalid("Too much was sent in a short time.")
        about = arrival.parsed.summary["subject"] or ""
        fields = (
            Field("From", Addresses((_sender(owner, action.from_) or _address_of(owner),))),
            Field("To", Addresses(tuple(mime.Address(None, address) for address in to))),
            Field("Subject", Text(action.message or named.get("subject") or about or "-")),
            Field("Auto-Submitted", Raw("auto-notified")),
            Field("X-Priority", Raw({1: "1", 3: "5"}.get(action.importance, "3"))),
        )
        sender = ", ".join(each["email"] or "" for each in arrival.parsed.summary["from"] or ())
        raw = _written(self._hostname, fields, DraftPart("text/plain", named.get("body") or f"{sender}: {about}"))
        return [await self._sending(owner, "", address, raw, "NEVER") for address in to]

    async def _sending(
        self, owner: Owner, sender: str, to: str, raw: bytes, notify: str = "", once: tuple[str, int] | None = None
    ) -> Sending:
        blob, step = await self._keep.blobs.join(raw)
        needs_8bit, needs_utf8 = needs(raw)
        letter = Letter(
            account_id=owner.person.id,
            sender=sender,
            to=(To(to, notify),),
            blob=blob,
            size=len(raw),
            needs_8bit=needs_8bit,
            needs_utf8=needs_utf8 or not (to + sender).isascii(),
        )
        return Sending(letter, (await self._queue.destination(to),), step, once)


def refusal(person: Principal, hostname: str, arrival: Arrival, recipient: str, reason: str) -> bytes:
    """The notice as a message: the reason, what became of the message for machines, its header. RFC 5429 §2.2,
    RFC 8098 §3"""
    title, words = _WORDS[person.language]
    summary = arrival.parsed.summary
    about = (summary["messageId"] or [None])[0]
    lines = [f"Reporting-UA: {hostname}; Parvis", f"Final-Recipient: rfc822; {clean(recipient)}"]
    lines += [f"Original-Message-ID: <{clean(about)}>"] if about else []
    lines += ["Disposition: automatic-action/MDN-sent-automatically; deleted", ""]
    header = arrival.parsed.header.rstrip(b"\r\n") + b"\r\n"
    structure = DraftPart(
        "multipart/report",
        params=(("report-type", "disposition-notification"),),
        children=(
            DraftPart("text/plain", f"{words}\n\n{reason}\n", language=(person.language,)),
            DraftPart("message/disposition-notification", "\r\n".join(lines).encode()),
            DraftPart("text/rfc822-headers" if header.isascii() else "message/global-headers", header),
        ),
    )
    sender = mime.Address(person.name, person.address or f"mailer-daemon@{hostname}")
    fields = [
        Field("From", Addresses((sender,))),
        Field("To", Addresses((mime.Address(None, arrival.mail_from),))),
        Field("Subject", Text(f"{title}: {(summary['subject'] or '')[:500]}".rstrip(": "))),
        Field("Auto-Submitted", Raw("auto-replied")),
    ]
    if about:
        fields += [Field("In-Reply-To", MessageIds((about,))), Field("References", MessageIds((about,)))]
    return _written(hostname, tuple(fields), structure)


def _written(hostname: str, fields: tuple[Field, ...], structure: DraftPart) -> bytes:
    draft = Draft(clock.now(), f"{ids.text(ids.new_id())}@{hostname}", fields, structure)
    return compose(draft, _boundaries())


def _boundaries() -> Iterator[str]:
    return iter(lambda: ids.text(ids.new_id()), "")


def _normal(address: str) -> str:
    try:
        return normal(address)
    except Invalid:
        return ""


def _came_by(owner: Owner, header: bytes) -> bool:
    """Whether this filter has passed the message on before."""
    fields = mime.parse(header).root.all(TRACE)
    return any(owner.senders.allow(mime.as_text(field.value).strip()) for field in fields)


def _without_path(raw: bytes) -> bytes:
    """Return-Path is of the delivery here; who delivers next writes another. RFC 5321 §4.4"""
    for field in reversed(mime.parse(raw).root.all("Return-Path")):
        raw = raw[: field.start] + raw[field.end :]
    return raw


def _address_of(owner: Owner) -> mime.Address:
    return mime.Address(owner.person.name, owner.person.address)


def _sender(owner: Owner, given: str | None) -> mime.Address | None:
    """The address of `:from`, when it is one of the owner's. RFC 5230 §4.3"""
    found = mime.as_addresses((given or "").encode("utf-8", "replace"))
    return found[0] if len(found) == 1 and owner.senders.allow(found[0].email) else None


def _mailto(method: str) -> tuple[list[str], dict[str, str]]:
    """The addresses of a mailto URI that was checked, and its `subject` and `body`. RFC 6068 §2"""
    path, _, query = method.partition(":")[2].partition("?")
    named: dict[str, str] = {}
    texts = [unquote(path)]
    for field in query.split("&") if query else ():
        name, _, value = field.partition("=")
        name = unquote(name).lower()
        if name in ("to", "cc"):
            texts.append(unquote(value))
        else:
            named.setdefault(name, unquote(value))
    found = [each.email for text in texts for each in mime.as_addresses(text.encode("utf-8", "replace"))]
    return list(dict.fromkeys(found))[:8], named
