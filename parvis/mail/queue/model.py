"""What the queue is made of."""

import re
from dataclasses import dataclass, field
from typing import Literal

State = Literal["held", "active", "paused", "done", "canceled"]
Fate = Literal["queued", "delivered", "relayed", "failed", "canceled"]

HERE = "."
"""The destination of recipients whose mailbox is on this server."""
RELAY = "*"
"""The destination of all others when a smart host takes them."""
THROUGH = "@"
"""Begins the destination of mail that leaves by the provider of an external account; its id follows."""
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server said: three digits, then an enhanced status and words, in one line. RFC 5321 §4.2, RFC 3463"""

    code: int
    text: str

    @property
    def accepted(self) -> bool:
        """2xx."""
        return 200 <= self.code < 300

    @property
    def permanent(self) -> bool:
        """5xx: trying again will not help."""
        return self.code >= 500

    @property
    def status(self) -> str:
        """The enhanced status; the general one of its class when the server gave none. RFC 3463 §3"""
        match = _STATUS.match(self.text)
        return match[1] if match else f"{self.code // 100}.0.0"

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


@dataclass(frozen=True, slots=True)
class To:
    """One recipient of a new message; `notify` and `orcpt` as RFC 3461 §4.1 and §4.2 write them."""

    address: str
    notify: str = ""
    orcpt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message to put into the queue. `sender` is the envelope's, empty for reports and automatic answers."""

    account_id: int
    sender: str
    to: tuple[To, ...]
    blob: str
    size: int
    needs_8bit: bool = False
    """Has bytes over 127: the next server must offer 8BITMIME."""
    needs_utf8: bool = False
    """Has UTF-8 in header fields or addresses: the next server must offer SMTPUTF8. RFC 6531"""
    submission_id: int = 0
    release_ms: int = 0
    """When it may leave; 0 is at once."""
    ret: str = ""
    envid: str = ""
    lax: bool = False
    """Goes whatever TLS is like there: a report of what is wrong with it. RFC 8460 §3"""
    followed: bool = False
    """Somebody wants to know what becomes of it. serve.post.SETTLED"""
    written_to: tuple[tuple[str, str], ...] = ()
    """Names and addresses of those whom a person writes to, for who wants to know them; empty for what a machine
    writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One recipient as it is queued."""

    id: int
    address: str
    destination: str
    state: Fate
    reply: str
    host: str
    changed_ms: int
    notify: str
    orcpt: str
    report: str
    warned: bool

    def wants(self, event: Literal["SUCCESS", "FAILURE", "DELAY"]) -> bool:
        """Whether the sender asked to hear of this; without a NOTIFY, of failure and delay. RFC 3461 §4.1"""
        return event in self.notify.split(",") if self.notify else event != "SUCCESS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as it is queued."""

    id: int
    account_id: int
    submission_id: int
    sender: str
    blob: str
    size: int
    state: State
    needs_8bit: bool
    needs_utf8: bool
    ret: str
    envid: str
    queued_ms: int
    release_ms: int
    lax: bool = False
    followed: bool = False
    recipients: tuple[Recipient, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one try brought for one recipient. `host` is who answered, empty when nobody did."""

    recipient: Recipient
    reply: Reply
    host: str = ""
    tells: bool = False
    """Whether that server tells the sender what becomes of it (DSN), so that we need not. RFC 3461 §5.2.1"""
