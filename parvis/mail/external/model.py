"""ExternalAccount as JMAP shows it, and what the parts of the synchronisation hand each other."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from parvis.kernel.records import Immutable, Record, ServerSet
from parvis.serve.jmap.types import UTCDate

EXTERNAL = "urn:parvis:external"
KIND = "ExternalAccount"
PURPOSE = "external-account"
"""What passwords are sealed for."""
State = Literal["new", "syncing", "ok", "signInFailed", "unreachable", "refused", "paused"]
Security = Literal["tls", "starttls", "none"]


class Server(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a server is, and as whom one signs in there. `none` is only for servers that the settings name."""

    host: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^\s/@]+$")]
    port: Annotated[int, Meta(ge=1, le=65535)]
    security: Security = "tls"
    username: Annotated[str, Meta(max_length=500)] = ""


class ExternalAccount(Record, kw_only=True):
    """A person's account at another provider."""

    kind: ClassVar[str] = KIND
    capability: ClassVar[str] = EXTERNAL

    id: ServerSet[str] = ""
    name: Annotated[str, Meta(max_length=200)] = ""
    address: Immutable[str]
    imap: Server
    smtp: Server | None = None
    password: Annotated[str, Meta(min_length=1, max_length=2000)]
    smtp_password: Annotated[str, Meta(max_length=2000)] | None = None
    account_id: ServerSet[str] = ""
    state: ServerSet[State] = "new"
    sentence: ServerSet[str] = ""
    done: ServerSet[int] = 0
    total: ServerSet[int] = 0
    synced_at: ServerSet[UTCDate | None] = None
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it is stored; passwords are sealed."""

    id: int
    owner_id: int
    name: str
    address: str
    imap: Server
    smtp: Server | None
    password: str
    smtp_password: str
    state: State
    done: int
    total: int
    synced_ms: int | None
    paused: bool
    pushed: int


@dataclass(slots=True)
class Folder:
    """A mailbox here and the folder it is there; `name` in modified UTF-7."""

    mailbox_id: int
    name: str
    path: str
    """The path here when the name was made from it; empty for a mailbox with a role."""
    uid_validity: int = 0
    modseq: int = 0
    suspect_ms: int = 0


@dataclass(frozen=True, slots=True)
class Bound:
    """A message here and the one it is there."""

    mailbox_id: int
    uid: int
    email_id: int
    keywords: frozenset[str]
    """What both sides agreed on last."""


def server_of(text: str) -> Any:
    """A server as it is stored."""
    return msgspec.json.decode(text, type=Server | None)


def text_of(server: Server | None) -> str:
    """The stored form of a server."""
    return msgspec.json.encode(server).decode()
