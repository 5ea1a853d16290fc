"""What a source of mail gives: messages with their place and state, and faults, in an order that can be resumed."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

MESSAGE_BYTES = 100_000_000
"""A larger message is a fault; it is passed over without being held in memory."""


@dataclass(frozen=True, slots=True)
class Found:
    """One message: the path of its mailbox, its bytes, its keywords, when it was received if that is known."""

    folder: tuple[str, ...]
    raw: bytes
    keywords: frozenset[str] = frozenset()
    received_ms: int | None = None
    role: str | None = None
    """The role of its mailbox where the source says so (IMAP special-use)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that was not understood: where in the source, and why, in words for people."""

    where: str
    what: str


class Reader(Protocol):
    """A source of mail. It may block: it is read in a thread. `position` is JSON; given back to `read`, reading
    goes on after the last message that was taken."""

    @property
    def position(self) -> dict[str, Any]:
        """Where reading stands: after the last thing yielded."""
        ...

    def total(self) -> int:
        """How many messages there are, or 0 when that is not cheap to know."""
        ...

    def read(self, position: dict[str, Any]) -> Iterator[Found | Fault]:
        """What comes after a position ({} is the beginning)."""
        ...


def text_of(path: Path) -> str:
    """A path as text that can be kept: bytes that are no UTF-8 are written as `\\xNN`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def is_message(raw: bytes) -> bool:
    """Whether bytes begin like a message: a line `Name: value` before anything else. RFC 5322 §2.2"""
    line = raw.lstrip(b"\r\n").partition(b"\n")[0]
    name, colon, _ = line.partition(b":")
    return bool(colon) and bool(name.strip()) and all(32 < c < 127 for c in name.rstrip(b" \t"))
