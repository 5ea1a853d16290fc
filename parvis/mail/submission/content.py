"""The message as it leaves: without Bcc and without what only a server may say of it, with Date and Message-ID;
everything else, marks of AI text included, is kept byte by byte. RFC 6409 §8, RFC 8621 §7.5, trust.md TR-02"""

import re
from dataclasses import dataclass

from parvis.kernel import clock, ids
from parvis.wire import authres, mime
from parvis.wire.mime import Address, Header, Message
from parvis.wire.mime.compose import needs_smtputf8
from parvis.wire.mime.fields import date, fold, mailbox

_MOST_WRITTEN = 50
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")


@dataclass(frozen=True, slots=True)
class Content:
    """A message to send, read once."""

    raw: bytes
    message: Message

    @classmethod
    def read(cls, raw: bytes) -> "Content":
        """Reads it; never fails."""
        return cls(raw, mime.parse(raw))

    def fields(self, name: str) -> list[Header]:
        """Header fields of a name."""
        return self.message.root.all(name)

    def addresses(self, *names: str) -> list[Address]:
        """All addresses of some header fields."""
        return [found for name in names for field in self.fields(name) for found in mime.as_addresses(field.value)]

    def recipients(self) -> list[str]:
        """To, Cc and Bcc, each address once. RFC 8621 §7"""
        found = {address.email.lower(): address.email for address in self.addresses("To", "Cc", "Bcc")}
        return [email for email in found.values() if email]

    def written_to(self) -> tuple[tuple[str, str], ...]:
        """Names and addresses of those it is written to, the first of many."""
        addressed = self.addresses("To", "Cc", "Bcc")
        found = {each.email.lower(): (each.name or "", each.email) for each in addressed if each.email}
        return tuple(found.values())[:_MOST_WRITTEN]

    def faults(self) -> list[str]:
        """Properties of the Email that no server would take. RFC 5322 §3.6"""
        wrong = []
        senders = self.fields("From")
        if len(senders) != 1 or not any(address.email for address in self.addresses("From")):
            wrong.append("from")
        if len(self.fields("Sender")) > 1 or len(self.addresses("Sender")) > 1:
            wrong.append("sender")
        return wrong

    def to_send(self, hostname: str, writer: Address | None = None) -> bytes:
        """The bytes that leave, completed, without Bcc; `writer` is who has written it on behalf of From. RFC 5322
        §3.6.2, RFC 5321 §6.4, §7.2"""
        raw, gone = self.raw, ("bcc", "resent-bcc", *(["sender"] if writer else []))
        for field in reversed(self.message.root.headers):
            if field.name.lower() in gone:
                raw = raw[: field.start] + raw[field.end :]
        raw = authres.strip(raw, hostname)
        added = fold("Sender", [mailbox(writer)]).encode() if writer else b""
        if not self.fields("Date"):
            added += f"Date: {date(clock.now())}\r\n".encode()
        if not self.fields("Message-ID"):
            added += f"Message-ID: <{ids.text(ids.new_id())}@{hostname}>\r\n".encode()
        return _BARE.sub(b"\r\n", added + raw) if _BARE.search(raw) else added + raw


def needs(raw: bytes) -> tuple[bool, bool]:
    """Whether a message needs 8BITMIME, and SMTPUTF8."""
    return not raw.isascii(), not raw.isascii() and needs_smtputf8(raw)
