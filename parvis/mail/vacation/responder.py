"""Answers on behalf of somebody who is away: once a week to each person, never to lists, machines or bulk. RFC 3834

The decision is made in the unit that delivers the message (`on_delivery`), together with the note that this sender
has been answered; the answer itself is written and queued by a job."""

import re
from typing import Any

from parvis.access import directory
from parvis.access.principal import Principal
from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound
from parvis.kernel.languages import Language
from parvis.kernel.settings import Settings
from parvis.mail.queue.model import Letter, To
from parvis.mail.queue.service import Queue
from parvis.mail.service import Delivered
from parvis.mail.submission.content import needs
from parvis.mail.submission.senders import Senders
from parvis.store.jobs import Job, Jobs
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire import mime
from parvis.wire.mime.compose import Addresses, Draft, DraftPart, Field, MessageIds, Raw, Text, compose
from parvis.wire.smtp import is_address, split_address

JOB = "mail-vacation"
AGAIN_MS = 7 * 86_400_000
_MACHINE = re.compile(
    r"(?:mailer-daemon|postmaster|listserv|majordomo|root|daemon|no-?reply|do-?not-?reply|bounces?|news(?:letter)?"
    r"|owner-.*|.*-(?:owner|request|relay|bounces?|return))(?:[-+=].*)?\Z"
)
_LISTS = ("List-Id", "List-Help", "List-Post", "List-Owner", "List-Archive", "List-Subscribe", "List-Unsubscribe")
_WORDS: dict[Language, tuple[str, str]] = {
    "en": ("Automatic reply", "I am away at the moment and will read your message when I am back."),
    "fr": (
        "Réponse automatique",
        "Je suis absent(e) pour le moment et lirai votre message à mon retour.",
    ),
    "vi": ("Trả lời tự động", "Hiện tôi vắng mặt và sẽ đọc thư của bạn khi trở lại."),
}


async def on_delivery(unit: Unit, delivered: Delivered) -> None:
    """A hook of delivery: plans an answer when one is due, to what was kept and is no junk."""
    if delivered.email is None or delivered.is_junk:
        return
    account_id, sender = delivered.delivery.account_id, delivered.mail_from.lower()
    row = await unit.row(
        """SELECT 1 FROM vacation WHERE account_id = ? AND enabled = 1
        AND (from_ms IS NULL OR from_ms <= ?) AND (to_ms IS NULL OR to_ms > ?)""",
        account_id, delivered.received_ms, delivered.received_ms,
    )  # fmt: skip
    if row is None or not is_from_a_person(sender, delivered.parsed.header):
        return
    rows = await unit.rows("SELECT address FROM address WHERE principal_id = ?", account_id)
    own = Senders(tuple(each[0] for each in rows))
    if own.allow(sender) or not is_addressed(delivered.parsed.summary, own):
        return
    if await is_first(unit, account_id, sender):
        args = {"account": account_id, **asked_by(delivered.mail_from, delivered.parsed.summary)}
        await Jobs.add(unit, JOB, args, account_id=account_id)


async def is_first(unit: Unit, account_id: int, sender: str) -> bool:
    """Notes that somebody is answered now, by whatever answers for the account: the one memory of filters and of
    VacationResponse. Whether nobody had answered them within a week."""
    now, sender = clock.now_ms(), sender.lower()
    await unit.run("DELETE FROM vacation_sent WHERE account_id = ? AND sent_ms <= ?", account_id, now - AGAIN_MS)
    fresh = await unit.run(
        "INSERT INTO vacation_sent (account_id, address, sent_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        account_id, sender, now,
    )  # fmt: skip
    return bool(fresh)


def asked_by(sender: str, summary: dict[str, Any]) -> dict[str, Any]:
    """What an answer needs to know of the message that it is for: `to`, `subject`, `answers`, `references`."""
    return {
        "to": sender,
        "subject": (summary["subject"] or "")[:500],
        "answers": (summary["messageId"] or [""])[0],
        "references": (summary["references"] or summary["inReplyTo"] or [])[-20:],
    }


def is_from_a_person(sender: str, header: bytes) -> bool:
    """Whether a message may be answered by a machine. RFC 3834 §2, §6, RFC 5230 §4.6"""
    if not is_address(sender) or _MACHINE.match(split_address(sender)[0]):
        return False
    root = mime.parse(header).root
    automatic = root.last("Auto-Submitted")
    if automatic is not None and mime.as_raw(automatic.value).strip().lower().partition(";")[0].strip() != "no":
        return False
    precedence = root.last("Precedence")
    if precedence is not None and mime.as_raw(precedence.value).strip().lower() in ("bulk", "list", "junk"):
        return False
    if root.last("X-Auto-Response-Suppress") is not None or root.media_type == "multipart/report":
        return False
    return all(root.last(name) is None for name in _LISTS)


def is_addressed(summary: dict[str, Any], own: Senders) -> bool:
    """Whether a message names the person, so that mail to a group is not answered by each member."""
    named = [each["email"] or "" for name in ("to", "cc", "bcc") for each in summary[name] or ()]
    return any(own.allow(email) for email in named)


class Responder:
    """Handles the jobs of kind `mail-vacation`."""

    def __init__(self, keep: Store, settings: Settings, queue: Queue) -> None:
        self._keep, self._settings, self._queue = keep, settings, queue

    async def handle(self, job: Job) -> None:
        """Writes one answer to the envelope's sender and puts it into the queue, from nobody, so that it cannot
        bounce to a person. RFC 3834 §4"""
        account_id = int(job.args["account"])
        row = await self._keep.db.row(
            "SELECT subject, text_body, html_body FROM vacation WHERE account_id = ? AND enabled = 1",
            account_id,
        )
        try:
            person = await directory.by_id(self._keep.db, account_id)
        except NotFound:
            return
        if row is None or not person.address:
            return
        raw = answer(person, self._settings.hostname, job.args, *row)
        needs_8bit, needs_utf8 = needs(raw)
        to = str(job.args["to"])
        letter = Letter(
            account_id=person.id,
            sender="",
            to=(To(to, notify="NEVER"),),
            blob=await self._keep.blobs.put(raw),
            size=len(raw),
            needs_8bit=needs_8bit,
            needs_utf8=needs_utf8 or not to.isascii(),
        )
        await self._queue.send(letter)


def answer(
    person: Principal, hostname: str, asked: dict[str, Any], subject: str | None, text: str | None, html: str | None
) -> bytes:
    """The answer as a message. RFC 3834 §3"""
    if text is None and html is None:
        text = _WORDS[person.language][1]
    return compose(
        Draft(
            date=clock.now(),
            message_id=f"{ids.text(ids.new_id())}@{hostname}",
            fields=answer_fields(person, asked, subject),
            text=None if text is None else DraftPart("text/plain", text),
            html=None if html is None else DraftPart("text/html", html),
        ),
        iter(lambda: ids.text(ids.new_id()), ""),
    )


def answer_fields(
    person: Principal, asked: dict[str, Any], subject: str | None, sender: mime.Address | None = None
) -> tuple[Field, ...]:
    """The header of an answer, from the person's main address unless `sender` is given. RFC 3834 §3.1, RFC
    5230 §5.2, §5.3, §5.6, §5.8"""
    references = [*asked["references"], asked["answers"]] if asked["answers"] else []
    fields = [
        Field("From", Addresses((sender or mime.Address(person.name, person.address),))),
        Field("To", Addresses((mime.Address(None, asked["to"]),))),
        Field("Subject", Text(subject or f"{_WORDS[person.language][0]}: {asked['subject']}".rstrip(": "))),
        Field("Auto-Submitted", Raw("auto-replied")),
    ]
    if references:
        fields.append(Field("In-Reply-To", MessageIds((asked["answers"],))))
        fields.append(Field("References", MessageIds(tuple(references))))
    return tuple(fields)
