"""What comes to the addresses of a list: judged before it is accepted, and kept in the unit of who accepts it."""

import re
from dataclasses import dataclass
from typing import Literal

from parvis.access import directory
from parvis.kernel.errors import Invalid
from parvis.kernel.settings import Settings
from parvis.mail import secrets
from parvis.mail.lists import content, store
from parvis.mail.lists.model import ListAddress, MailingList
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire import mime
from parvis.wire.authres import Result
from parvis.wire.canonical import Text
from parvis.wire.dkim import within
from parvis.wire.smtp import split_address

Act = Literal["post", "hold", "refuse", "leave", "accept", "reject"]
_ACCEPT = frozenset({"accept", "approve", "ok", "yes", "accepter", "approuver", "oui", "duyệt", "đồng", "có"})
_REJECT = frozenset({"reject", "discard", "no", "rejeter", "refuser", "non", "từ", "không", "bỏ"})
_WORD = re.compile(r"[^\W\d_]+")
_MODERATED = "only moderators write to this list without being asked"
_WHO = {"members": "only members write to this list", "organisation": "only the organisation writes to this list"}


@dataclass(frozen=True, slots=True)
class Judged:
    """What is to be done with a message, and why not more."""

    group_id: int
    act: Act
    why: str = ""
    author: str = ""
    subject: str = ""
    number: int = 0
    """Of the held message that is decided about."""


class Intake:
    """Judges and keeps."""

    def __init__(self, keep: Store, settings: Settings) -> None:
        self._keep, self._settings = keep, settings

    async def judge(self, to: ListAddress, raw: bytes, mail_from: str, *, authentic: bool) -> Judged:
        """What is to be done with a message; `authentic` says that its author is who From says."""
        of = await store.by_id(self._keep.db, to.group_id)
        if of is None:
            return Judged(to.group_id, "refuse", "there is no such list")
        text = Text(raw)
        author = _author(text)
        if to.purpose == "leave":
            return await self._leaving(of, to.detail, author if authentic else "")
        if to.purpose == "moderate":
            return await self._deciding(of, to.detail, raw, author if authentic else "")
        subject = next((mime.as_text(each.value) for each in text.all("subject")), "")
        act, why = await self._posting(of, text, mail_from, author, authentic=authentic)
        return Judged(of.id, act, why, author, subject)

    async def _posting(
        self, of: MailingList, text: Text, mail_from: str, author: str, *, authentic: bool
    ) -> tuple[Act, str]:
        if content.is_own(text.raw, of):
            return "refuse", "this message has been through the list"
        if not mail_from or not author or _is_answer(text):
            return "refuse", "automatic answers and messages from nobody do not go to a list"
        why = await self._doubt(of, author, authentic=authentic)
        if not why:
            return "post", ""
        return ("hold" if of.others == "hold" else "refuse"), why

    async def _doubt(self, of: MailingList, author: str, *, authentic: bool) -> str:
        """Why somebody may not write to a list at once; empty when they may."""
        if of.posting == "anyone":
            return ""
        if not authentic:
            return "nothing shows that it is from who it says"
        who = await directory.by_address(self._keep.db, author)
        if who is not None and who.id in await store.moderators(self._keep.db, of.id):
            return ""
        if of.posting == "organisation":
            return "" if who is not None else _WHO["organisation"]
        if of.posting == "members":
            return "" if await store.is_member(self._keep.db, of.id, author) else _WHO["members"]
        return _MODERATED

    async def _leaving(self, of: MailingList, detail: str, author: str) -> Judged:
        """Who wants no more mail: a reader by the word in the address, which only they have, a member by name."""
        if not detail:
            known = bool(author) and await store.is_member(self._keep.db, of.id, author)
            return Judged(of.id, "leave" if known else "refuse", "you do not read this list", author)
        number = secrets.number_of(await secrets.secret(self._keep), "leave", detail)
        reader = await store.reader_of(self._keep.db, number) if number else None
        if reader is None or reader[0] != of.id:
            return Judged(of.id, "refuse", "you do not read this list")
        return Judged(of.id, "leave", author=reader[1])

    async def _deciding(self, of: MailingList, detail: str, raw: bytes, author: str) -> Judged:
        number = secrets.number_of(await secrets.secret(self._keep), "moderate", detail)
        who = await directory.by_address(self._keep.db, author) if author else None
        if number is None or who is None or who.id not in await store.moderators(self._keep.db, of.id):
            return Judged(of.id, "refuse", "only its moderators decide what goes to a list")
        word = command(raw)
        act: Act = "accept" if word in _ACCEPT else "reject" if word in _REJECT else "refuse"
        return Judged(of.id, act, "the answer begins with accept or with reject", number=number)

    @staticmethod
    async def keep(unit: Unit, judged: Judged, blob: str, size: int) -> None:
        """Does what was judged, in the unit of whoever accepts the message; its blob is stored already. Raises
        NotFound when the list has just ended."""
        if judged.act in ("post", "hold"):
            held = judged.why if judged.act == "hold" else ""
            await store.add_post(unit, judged.group_id, judged.author, judged.subject, blob, size, held=held)
        elif judged.act == "leave":
            await store.leave(unit, judged.group_id, judged.author)
        elif judged.act == "accept":
            await store.accept(unit, judged.group_id, judged.number)
        elif judged.act == "reject":
            await store.reject(unit, judged.group_id, judged.number)


def command(raw: bytes) -> str:
    """The first word of an answer, in small letters."""
    message = mime.parse(raw)
    leaf = next((part for part in message.leaves() if part.media_type == "text/plain"), None)
    said = mime.decode_text(raw, leaf).text[:2000] if leaf else ""
    match = _WORD.search(said)
    return match[0].lower() if match else ""


def is_authentic(results: tuple[Result, ...], author: str) -> bool:
    """Whether what was found about a message shows that its author's domain is behind it, with a policy of DMARC or
    without one."""
    values = {one.value for one in results if one.method == "dmarc"}
    if values == {"pass"}:
        return True
    return values == {"none"} and split_address(author)[1].lower() in proven(results)


def proven(results: tuple[Result, ...]) -> list[str]:
    """The domains whose signature is right."""
    signed = (dict(one.properties) for one in results if (one.method, one.value) == ("dkim", "pass"))
    return [each["header.d"].lower() for each in signed if each.get("header.d")]


def aligned(domains: list[str], author: str) -> list[str]:
    """Those that are the author's domain, or stand above it or below."""
    own = split_address(author)[1].lower()
    return [each for each in domains if within(own, each) or within(each, own)]


def author_of(raw: bytes) -> str:
    """The one author of a message in normal form; empty when there is none, or several."""
    return _author(Text(raw))


def _author(text: Text) -> str:
    emails = [one.email for field in text.all("from") for one in mime.as_addresses(field.value)]
    try:
        return directory.normal(emails[0]) if len(emails) == 1 else ""
    except Invalid:
        return ""


def _is_answer(text: Text) -> bool:
    """Whether a machine answers somebody. RFC 3834 §5"""
    automatic = next((mime.as_raw(each.value) for each in text.all("auto-submitted")), "no")
    return automatic.strip().lower().partition(";")[0].strip() not in ("no", "auto-generated")
