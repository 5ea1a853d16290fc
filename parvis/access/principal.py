"""Who is asking. Nothing is read or written without a Principal."""

from dataclasses import dataclass
from enum import IntFlag
from typing import Literal

from parvis.kernel.languages import Language

Kind = Literal["person", "group", "space", "resource", "agent", "external"]
"""`external` is nobody: the owner of mail that a person has at another provider. It has no address here, cannot
sign in, and is not in the directory."""


class Right(IntFlag):
    """What a grant allows in a scope."""

    READ = 1
    WRITE = 2
    """Change what is there: keywords, moves, edits."""
    DELETE = 4
    SEND = 8
    """Send on the owner's behalf: the message says who has written it."""
    SHARE = 16
    """Give and withdraw grants."""
    FREE_BUSY = 32
    SEND_AS = 64
    """With SEND: send as the owner."""
    RSVP = 128
    """Answer invitations for the owner."""
    WRITE_OWN = 256
    """Add things, and change or delete those that are one's own."""
    UPDATE_PRIVATE = 512
    """Change what each person has for themselves in a shared thing: colours, reminders, seen."""

    @classmethod
    def owner(cls) -> "Right":
        """Every right."""
        everything = cls(0)
        for right in cls:
            everything |= right
        return everything


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who has signed in (or a system part acting with a name, never with rights of its own)."""

    id: int
    name: str
    address: str
    kind: Kind = "person"
    language: Language = "en"
    administrator: bool = False
    session_id: int = 0
    """The session or token this came by; 0 in the command line and in tests."""
    protocols: frozenset[str] = frozenset({"*"})
    """What this sign-in may be used for: `*`, or names as `smtp`, `imap`, `jmap` for an app password."""
