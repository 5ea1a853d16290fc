"""Builds each message of the scenario as RFC 5322 bytes: headers, quotes, signature, HTML, attachments."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from parvis.kernel.days import written
from parvis.kernel.languages import Language
from parvis.ops.demo import files, reports
from parvis.ops.demo.dates import Calendar, local
from parvis.ops.demo.files import cards
from parvis.ops.demo.scenario import (
    FOLDER,
    Draft,
    Enclosure,
    Organisation,
    Person,
    language_of,
)

_ANSWER: dict[Language, str] = {
    "fr": "Le {day} à {time}, {name} a écrit :",
    "vi": "Vào {time} {day}, {name} đã viết:",
    "en": "On {day} at {time}, {name} wrote:",
}
_FORWARD: dict[Language, str] = {
    "fr": "---------- Message transféré ----------\nDe : {name} <{address}>\nDate : {day} {time}\n"
    "Objet : {subject}",
    "vi": "---------- Thư được chuyển tiếp ----------\nTừ: {name} <{address}>\nNgày: {day} {time}\n"
    "Chủ đề: {subject}",
    "en": "---------- Forwarded message ----------\nFrom: {name} <{address}>\nDate: {day} {time}\n"
    "Subject: {subject}",
}
WIRE = SMTP.clone(max_line_length=998)
"""How messages are written out: folded lines of the standard library lose the blanks between words with accents."""
_PLAIN_WRITERS = {"khanh", "tom", "marek"}
_LIST_ADDRESS, _LIST_ID = "riverdata@lists.openrivers.example", "riverdata.lists.openrivers.example"


@dataclass
class Post:
    """Makes the messages; one message needs its parents, so their drafts are all here."""

    organisation: Organisation
    drafts: dict[str, Draft]
    enclosures: dict[str, Enclosure]
    calendar: Calendar
    _made: dict[str, EmailMessage] = field(default_factory=dict)
    _files: dict[str, files.File] = field(default_factory=dict)

    def message(self, key: str) -> EmailMessage:
        """The message of a draft."""
        if key not in self._made:
            self._made[key] = self._build(self.drafts[key])
        return self._made[key]

    def sent(self, draft: Draft) -> datetime:
        """When a draft was sent."""
        return self.calendar.moment(draft.headers["when"])

    def author(self, draft: Draft) -> Person:
        """Who wrote a draft."""
        return self.organisation.people[draft.headers["from"]]

    def language(self, draft: Draft) -> Language:
        """The language a draft is written in: the one it says, or its author's."""
        tag = draft.headers.get("lang")
        return language_of(tag) if tag else self.author(draft).language

    def subject(self, draft: Draft) -> str:
        """Its own subject, or `Re:` and its parent's."""
        if own := draft.headers.get("subject"):
            return self.calendar.fill(own, self.language(draft))
        parent = self.subject(self.drafts[draft.parent or ""])
        return parent if re.match(r"(?i)re:", parent) else f"Re: {parent}"

    def message_id(self, key: str) -> str:
        """The Message-ID: the same on each run of one day."""
        draft = self.drafts[key]
        domain = self.author(draft).address.partition("@")[2]
        return f"<{key}.{self.sent(draft):%Y%m%d}@{domain}>"

    def address(self, name: str) -> Address:
        """A person, a group or a bare address as a header shows it."""
        found = self.organisation.people.get(name) or self.organisation.groups.get(name)
        if found:
            return Address(found.name, addr_spec=found.address)
        return Address(addr_spec=name)

    def own_text(self, draft: Draft) -> str:
        """What the author wrote, with the signature, without quotes."""
        person = self.author(draft)
        text = self.calendar.fill(draft.text, self.language(draft))
        signed = person.signature and draft.headers.get("sig") != "no" and "in" not in draft.headers
        return f"{text}\n\n-- \n{person.signature}" if signed else text

    def full_text(self, draft: Draft, depth: int = 2) -> str:
        """The text with what it answers or forwards below, quoted `depth` levels deep."""
        own = self.own_text(draft)
        if forwarded := draft.headers.get("forward"):
            original = self.drafts[forwarded]
            return f"{own}\n\n{self._line(original, _FORWARD, self.language(draft))}\n\n{self.own_text(original)}"
        if not draft.parent or draft.headers.get("quote") == "no" or depth == 0:
            return own
        parent = self.drafts[draft.parent]
        quoted = re.sub(r"\n\n-- \n.*", "", self.full_text(parent, depth - 1), count=1, flags=re.DOTALL)
        lines = "\n".join(f">{line}" if line.startswith(">") else f"> {line}" for line in quoted.split("\n"))
        return f"{own}\n\n{self._line(parent, _ANSWER, self.language(draft))}\n{lines}"

    def _line(self, draft: Draft, forms: dict[Language, str], language: Language) -> str:
        when, person = local(self.sent(draft), language), self.author(draft)
        return forms[language].format(
            day=written(when.date(), language, weekday=True, year=True),
            time=f"{when:%H:%M}",
            name=person.name,
            address=person.address,
            subject=self.subject(draft),
        )

    def _build(self, draft: Draft) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        self._head(draft, message)
        if draft.headers.get("kind") == "bounce":
            reports.fill(message, draft, self.message(draft.headers["about"]), self.author(draft))
            return message
        self._body(draft, message)
        for name in draft.names("attach"):
            self._attach(draft, message, name)
        return message

    def _head(self, draft: Draft, message: EmailMessage) -> None:
        person = self.author(draft)
        message["From"] = Address(person.name, addr_spec=person.address)
        for header in ("To", "Cc"):
            if names := draft.names(header.lower()):
                message[header] = [self.address(name) for name in names]
        message["Subject"] = self.subject(draft)
        message["Date"] = format_datetime(local(self.sent(draft), person.language))
        message["Message-ID"] = self.message_id(draft.key)
        ancestors = self._ancestors(draft)
        if ancestors:
            message["In-Reply-To"] = ancestors[-1]
            message["References"] = " ".join(ancestors)
        if "list" in draft.headers:
            message["List-Id"] = f"<{_LIST_ID}>"
            message["List-Post"] = f"<mailto:{_LIST_ADDRESS}>"
            message["List-Unsubscribe"] = f"<mailto:leave-{_LIST_ADDRESS}>"
        if "unsubscribe" in draft.headers:
            site = f"https://{person.address.partition('@')[2]}/unsubscribe"
            message["List-Unsubscribe"] = f"<{site}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
            message["Precedence"] = "bulk"

    def _ancestors(self, draft: Draft) -> list[str]:
        chain: list[str] = []
        while key := draft.parent:
            chain.insert(0, self.message_id(key))
            draft = self.drafts[key]
        return chain

    def _body(self, draft: Draft, message: EmailMessage) -> None:
        if page := draft.headers.get("html"):
            html = self.calendar.fill((FOLDER / "html" / page).read_text("utf-8"), self.language(draft))
            message.set_content(_as_text(html))
            message.add_alternative(f"<html><body>{html}</body></html>", subtype="html")
            for name in draft.names("inline"):
                file, part = self.file(name), list(message.iter_parts())[1]
                main, _, sub = file.media_type.partition("/")
                part.add_related(file.content, main, sub, cid=f"<{name}>", filename=name, disposition="inline")
            return
        text = self.full_text(draft)
        message.set_content(text, charset=draft.headers.get("charset", "utf-8"))
        if self.author(draft).key not in _PLAIN_WRITERS and draft.headers.get("kind") is None:
            message.add_alternative(_as_html(text), subtype="html")

    def _attach(self, draft: Draft, message: EmailMessage, name: str) -> None:
        enclosure = self.enclosures[name]
        if enclosure.kind == "eml":
            key = enclosure.lines[0].partition(":")[2].strip()
            message.add_attachment(self.message(key), filename=name)
            return
        file = self.file(name)
        main, _, sub = file.media_type.partition("/")
        params = {"method": "REQUEST"} if sub == "calendar" else None
        message.add_attachment(file.content, main, sub, filename=name, params=params)

    def file(self, name: str) -> files.File:
        """A finished attachment, made once."""
        if name not in self._files:
            enclosure = self.enclosures[name]
            lines = [self.calendar.fill(line, enclosure.language) for line in enclosure.lines]
            self._files[name] = (
                self._invitation(enclosure, lines) if enclosure.kind == "ics" else files.make(name, lines)
            )
        return self._files[name]

    def _invitation(self, enclosure: Enclosure, lines: list[str]) -> files.File:
        facts = {head: value.strip() for head, _, value in (line.partition(":") for line in lines)}
        people = self.organisation.people
        content = cards.invitation(
            uid=f"{enclosure.name}.{self.calendar.origin:%Y%m%d}@{self.organisation.domains[0]}",
            summary=facts["SUMMARY"],
            location=facts["LOCATION"],
            start=self.calendar.moment(facts["START"]),
            end=self.calendar.moment(facts["END"]),
            organizer=(people[facts["ORGANIZER"]].name, people[facts["ORGANIZER"]].address),
            attendees=[(people[k.strip()].name, people[k.strip()].address) for k in facts["ATTENDEE"].split(",")],
        )
        return files.File(enclosure.name, files.MEDIA_TYPES["ics"], content)


def _as_text(html: str) -> str:
    """A rough plain alternative of a page: what a sender's own tool would write."""
    shown = re.sub(r"<!--.*?-->|<(\w+)[^>]*(?:display:none|font-size:1px)[^>]*>.*?</\1>", "", html, flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", re.sub(r"</(p|h\d|li|tr|table)>", "\n", shown))
    return "\n".join(line.strip() for line in text.split("\n") if line.strip()) + "\n"


def _as_html(text: str) -> str:
    """The text as a simple page, quotes as blockquote."""
    parts, depth = [], 0
    for line in text.split("\n"):
        marks = re.match(r"(?:>+ ?)?", line)
        prefix = marks.group(0) if marks else ""
        level = prefix.count(">")
        opening = "<blockquote style='border-left:2px solid #9bb;margin:0 0 0 4px;padding-left:10px'>"
        parts.append(opening * max(0, level - depth) + "</blockquote>" * max(0, depth - level))
        depth = level
        parts.append(f"{escape(line[len(prefix) :])}<br>\n")
    return f"<html><body><div>{''.join(parts)}{'</blockquote>' * depth}</div></body></html>"
