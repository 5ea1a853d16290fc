"""What a mailing list is made of."""

from dataclasses import dataclass
from typing import Literal, get_args

Posting = Literal["anyone", "organisation", "members", "moderators"]
Others = Literal["hold", "refuse"]
Purpose = Literal["post", "leave", "moderate"]
POSTING: tuple[Posting, ...] = get_args(Posting)
OTHERS: tuple[Others, ...] = get_args(Others)
MODERATING = ("owner", "moderator")
"""Roles in a group of those who decide about held messages, and get what comes back."""


@dataclass(frozen=True, slots=True)
class ListAddress:
    """An address of a list: to write to all, to leave it, or to decide about a message. `detail` is behind the
    `+`."""

    group_id: int
    purpose: Purpose = "post"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class MailingList:
    """A group that is a list."""

    id: int
    name: str
    address: str
    posting: Posting
    others: Others

    def at(self, purpose: str, detail: str = "") -> str:
        """One of its other addresses: `team-owner@example.org`, `team-leave+detail@example.org`."""
        local, _, domain = self.address.rpartition("@")
        return f"{local}-{purpose}{'+' if detail else ''}{detail}@{domain}"

    @property
    def domain(self) -> str:
        """What follows the `@`."""
        return self.address.rpartition("@")[2]

    @property
    def list_id(self) -> str:
        """What List-Id says, without brackets: the address with a dot in place of the @, so that nobody else has
        it, for as long as the list has its address. RFC 2919 §2, §3, §4, §5"""
        return self.address.replace("@", ".")


@dataclass(frozen=True, slots=True)
class Post:
    """A message to a list on its way."""

    id: int
    group_id: int
    state: Literal["held", "ready", "going"]
    author: str
    subject: str
    why: str
    blob: str
    size: int
    received_ms: int


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody outside who gets the list's mail."""

    id: int
    address: str
