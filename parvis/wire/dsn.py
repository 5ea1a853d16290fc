"""Delivery status notifications: reports of what became of a message, written and read (RFC 3464, 6522, 6533)."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal

import msgspec

from parvis.kernel.languages import Language

from .dsn_words import WORDS, explanation
from .mime import Address, Message, Part, as_date, as_message_ids, decode_body, parse
from .mime.compose import Addresses, Draft, DraftPart, Field, MessageIds, Raw, Text, compose
from .mime.fields import clean, date
from .mime.words import text_of, unfold

Action = Literal["failed", "delayed", "delivered", "relayed", "expanded"]
ACTIONS: tuple[Action, ...] = ("failed", "delayed", "delivered", "relayed", "expanded")
RECIPIENTS_LIMIT = 5_000


class RecipientStatus(msgspec.Struct, frozen=True):
    """What became of the message for one recipient (RFC 3464 §2.3)."""

    final: str
    """The address it was to go to at last."""
    action: Action
    status: str
    """Enhanced status (RFC 3463), such as `5.1.1`."""
    diagnostic: str | None = None
    """What the other server said, such as `550 5.1.1 No such user`."""
    remote_mta: str | None = None
    """Host name of the other server."""
    original: tuple[str, str] | None = None
    """Type and address of ORCPT: `("rfc822", "joe@example.org")`."""
    last_attempt: datetime | None = None
    will_retry_until: datetime | None = None


class Notification(msgspec.Struct, frozen=True):
    """The machine's half of a report."""

    reporting_mta: str
    recipients: tuple[RecipientStatus, ...]
    envid: str | None = None
    arrival: datetime | None = None
    original_message_id: str | None = None
    """Of the message that this is about, without angle brackets; read from the part that returns it."""


class Report(msgspec.Struct, frozen=True):
    """A report to be written."""

    notification: Notification
    to: str
    """The envelope's sender of the message that this is about."""
    sender: str
    """Who speaks: `mailer-daemon@example.org`. The envelope's sender is to be empty (RFC 3464 §2)."""
    date: datetime
    message_id: str
    original: bytes
    """The message that this is about; its header is enough when `full` is not set."""
    full: bool = False
    language: Language = "en"


def build(report: Report, boundaries: Iterator[str]) -> bytes:
    """The bytes of a report: for people in one language, for machines, and the message or its header. RFC 3461
    §6.2, RFC 3464 §3"""
    original_id = message_id_of(report.original)
    words = WORDS[report.language]
    about = MessageIds((original_id,)) if original_id else None
    headers = (
        Field("From", Addresses((Address(words["sender"], report.sender),))),
        Field("To", Addresses((Address(None, report.to),))),
        Field("Subject", Text(words["subject_" + _worst(report.notification)])),
        Field("Auto-Submitted", Raw(" auto-replied")),
        *((Field("In-Reply-To", about), Field("References", about)) if about else ()),
    )
    structure = DraftPart(
        "multipart/report",
        params=(("report-type", "delivery-status"),),
        children=(
            DraftPart("text/plain", human_text(report), language=(report.language,)),
            _status_part(report.notification),
            _returned_part(report),
        ),
    )
    return compose(Draft(report.date, report.message_id, headers, structure), boundaries)


def message_id_of(original: bytes) -> str | None:
    """The Message-ID of a message or of its header alone."""
    header = parse(original[:200_000]).root.last("Message-ID")
    found = as_message_ids(header.value) if header else None
    return found[0] if found else None


def _worst(notification: Notification) -> str:
    actions = {recipient.action for recipient in notification.recipients}
    return next((action for action in ("failed", "delayed") if action in actions), "delivered")


def human_text(report: Report) -> str:
    """What a person reads: per kind of outcome a sentence, then each address with why."""
    words = WORDS[report.language]
    blocks = []
    for actions, key in (
        (("failed",), "failed"),
        (("delayed",), "delayed"),
        (("delivered", "relayed", "expanded"), "ok"),
    ):
        chosen = [recipient for recipient in report.notification.recipients if recipient.action in actions]
        if chosen:
            lines = [line for recipient in chosen for line in _lines(recipient, report.language)]
            blocks.append("\n".join([words[key], "", *lines]))
    return "\n\n".join([*blocks, words["returned_full" if report.full else "returned_header"]]) + "\n"


def _lines(recipient: RecipientStatus, language: Language) -> Iterable[str]:
    words = WORDS[language]
    yield f"    {clean(recipient.final)}"
    if recipient.action in ("failed", "delayed"):
        yield f"        {explanation(recipient.status, language)}"
    if recipient.diagnostic:
        host = clean(recipient.remote_mta or "")
        who = words["said"].format(host=host) if host else words["answer"]
        yield f"        {who} {clean(recipient.diagnostic)}"
    if recipient.will_retry_until:
        yield f"        {words['until']} {date(recipient.will_retry_until)}"


def _status_part(notification: Notification) -> DraftPart:
    addresses = [recipient.final for recipient in notification.recipients]
    addresses += [recipient.original[1] for recipient in notification.recipients if recipient.original]
    ascii_only = all(address.isascii() for address in addresses)
    text = "\r\n".join(_groups(notification))
    kind = "message/delivery-status" if ascii_only else "message/global-delivery-status"
    return DraftPart(kind, text.encode("utf-8" if not ascii_only else "ascii", "replace"))


def _groups(notification: Notification) -> Iterable[str]:
    """The fields of the message, then those of each recipient (RFC 3464 §2.1, RFC 3461 §6.3)."""
    lines = [f"Reporting-MTA: dns; {clean(notification.reporting_mta)}"]
    if notification.envid:
        lines.insert(0, f"Original-Envelope-Id: {clean(notification.envid)}")
    if notification.arrival:
        lines.append(f"Arrival-Date: {date(notification.arrival)}")
    yield "".join(line + "\r\n" for line in lines)
    for recipient in notification.recipients:
        yield "".join(line + "\r\n" for line in _recipient_lines(recipient))


def _recipient_lines(recipient: RecipientStatus) -> Iterable[str]:
    if recipient.original:
        yield f"Original-Recipient: {recipient.original[0]}; {clean(recipient.original[1])}"
    yield f"Final-Recipient: {'rfc822' if recipient.final.isascii() else 'utf-8'}; {clean(recipient.final)}"
    yield f"Action: {recipient.action}"
    yield f"Status: {clean(recipient.status)}"
    if recipient.remote_mta:
        yield f"Remote-MTA: dns; {clean(recipient.remote_mta)}"
    if recipient.diagnostic:
        said = clean(recipient.diagnostic)[:900]
        yield f"Diagnostic-Code: smtp; {said.encode('ascii', 'replace').decode()}"
    if recipient.last_attempt:
        yield f"Last-Attempt-Date: {date(recipient.last_attempt)}"
    if recipient.will_retry_until:
        yield f"Will-Retry-Until: {date(recipient.will_retry_until)}"


def _returned_part(report: Report) -> DraftPart:
    if report.full:
        return DraftPart("message/rfc822", report.original)
    header = report.original[: parse(report.original).root.body_start].rstrip(b"\r\n") + b"\r\n"
    if header.isascii():
        return DraftPart("text/rfc822-headers", header)
    return DraftPart("message/global-headers", header)


_BLANK = re.compile(rb"\r?\n[ \t]*\r?\n")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_KINDS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RETURNED = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"})


def read(raw: bytes, message: Message) -> Notification | None:
    """The machine's half of a message that is a report; `None` when it is none. Recipients whose outcome cannot be
    understood are left out."""
    parts = message.leaves()
    status = next((part for part in parts if part.media_type in _KINDS), None)
    if status is None:
        return None
    groups = [parse(group).root for group in _BLANK.split(decode_body(raw, status).strip(), RECIPIENTS_LIMIT)]
    head, found = groups[0], []
    for group in groups:  # the first is of the message, but careless writers leave the blank line out
        recipient = _recipient(group)
        if recipient is not None:
            found.append(recipient)
    arrival = head.last("Arrival-Date")
    returned = next((part for part in parts if part.media_type in _RETURNED), None)
    return Notification(
        reporting_mta=_typed(head, "Reporting-MTA")[1],
        recipients=tuple(found),
        envid=_plain(head, "Original-Envelope-Id") or None,
        arrival=as_date(arrival.value) if arrival else None,
        original_message_id=message_id_of(decode_body(raw, returned)) if returned else None,
    )


def _recipient(group: Part) -> RecipientStatus | None:
    final = _typed(group, "Final-Recipient")[1]
    original = _typed(group, "Original-Recipient")
    word = _plain(group, "Action").lower()
    action = next((known for known in ACTIONS if word.startswith(known)), None)
    status = _STATUS.search(_plain(group, "Status"))
    if action is None or not (final or original[1]):
        return None
    attempt, until = group.last("Last-Attempt-Date"), group.last("Will-Retry-Until")
    return RecipientStatus(
        final=final or original[1],
        action=action,
        status=status.group() if status else {"failed": "5.0.0", "delayed": "4.0.0"}.get(action, "2.0.0"),
        diagnostic=_typed(group, "Diagnostic-Code")[1] or None,
        remote_mta=_typed(group, "Remote-MTA")[1] or None,
        original=original if original[1] else None,
        last_attempt=as_date(attempt.value) if attempt else None,
        will_retry_until=as_date(until.value) if until else None,
    )


def _plain(group: Part, name: str) -> str:
    header = group.last(name)
    return unfold(text_of(header.value)).strip() if header else ""


def _typed(group: Part, name: str) -> tuple[str, str]:
    """A field such as `rfc822; joe@example.org` as its type in lower case and its value (RFC 3461 §9.1, §9.2,
    §9.3)."""
    kind, mark, value = _plain(group, name).partition(";")
    value = value.strip() if mark else kind.strip()
    return (kind.strip().lower() if mark else ""), value.removeprefix("<").removesuffix(">")
