"""What the commands of IMAP say, as values. A class is named after its command (RFC 9051 §6); mailboxes are text
with `INBOX` in capitals, times are milliseconds."""

from typing import Literal

import msgspec

from .fetch import FetchItem
from .literal import Octets
from .numbers import Numbers
from .search import SearchKey


class Nothing(msgspec.Struct, frozen=True):
    """A command without arguments."""


class Login(msgspec.Struct, frozen=True):
    """RFC 9051 §6.2.3."""

    user: str
    password: str


class Authenticate(msgspec.Struct, frozen=True):
    """RFC 9051 §6.2.2."""

    mechanism: str
    """In capitals."""
    initial: bytes | None = None
    """The first response out of its base64, `b""` for `=` (RFC 4959 §3)."""


class Enable(msgspec.Struct, frozen=True):
    """RFC 5161 §3.1."""

    names: tuple[str, ...]
    """In capitals."""


class Id(msgspec.Struct, frozen=True):
    """RFC 2971 §3.1."""

    pairs: tuple[tuple[str, str | None], ...] | None
    """`None` for NIL."""


class Compress(msgspec.Struct, frozen=True):
    """RFC 4978 §3."""

    algorithm: str


class Qresync(msgspec.Struct, frozen=True):
    """What a client knows of a mailbox it comes back to (RFC 7162 §3.2.5)."""

    uid_validity: int
    modseq: int
    known: Numbers | None = None
    sequence: tuple[Numbers, Numbers] | None = None
    """Message numbers, and the unique identifiers they had."""


class Select(msgspec.Struct, frozen=True):
    """SELECT, and EXAMINE, which is `read_only` (RFC 9051 §6.3.2)."""

    mailbox: str
    read_only: bool = False
    condstore: bool = False
    qresync: Qresync | None = None


class Create(msgspec.Struct, frozen=True):
    """RFC 9051 §6.3.4."""

    mailbox: str
    special_use: tuple[str, ...] = ()
    r"""As written: `\Drafts` (RFC 6154 §3)."""


class Delete(msgspec.Struct, frozen=True):
    """RFC 9051 §6.3.5."""

    mailbox: str


class Rename(msgspec.Struct, frozen=True):
    """RFC 9051 §6.3.6."""

    old: str
    new: str


class Subscribe(msgspec.Struct, frozen=True):
    """RFC 9051 §6.3.7."""

    mailbox: str


class Unsubscribe(msgspec.Struct, frozen=True):
    """RFC 9051 §6.3.8."""

    mailbox: str


class List(msgspec.Struct, frozen=True):
    """RFC 9051 §6.3.9."""

    reference: str
    patterns: tuple[str, ...]
    subscribed: bool = False
    remote: bool = False
    recursive_match: bool = False
    special_use_only: bool = False
    return_subscribed: bool = False
    return_children: bool = False
    return_special_use: bool = False
    return_status: tuple[str, ...] | None = None
    """Items of STATUS (RFC 5819 §2)."""
    return_myrights: bool = False
    """RFC 8440 §3."""
    extended: bool = False
    """It is written in the longer form of RFC 5258 §3."""


class Lsub(msgspec.Struct, frozen=True):
    """RFC 3501 §6.3.9."""

    reference: str
    pattern: str


class Status(msgspec.Struct, frozen=True):
    """RFC 9051 §6.3.11."""

    mailbox: str
    items: tuple[str, ...]
    """In capitals."""


class CatenateUrl(msgspec.Struct, frozen=True):
    """A piece that is elsewhere on this server (RFC 4469 §3)."""

    url: str


class AppendMessage(msgspec.Struct, frozen=True):
    """One message of APPEND: `octets`, or the pieces of `catenate`."""

    flags: tuple[str, ...] = ()
    internal_date_ms: int | None = None
    octets: Octets | None = None
    catenate: tuple[CatenateUrl | Octets, ...] | None = None
    utf8: bool = False
    """Its header is in UTF-8 (RFC 6855 §4)."""


class Append(msgspec.Struct, frozen=True):
    """One message or more (RFC 9051 §6.3.12, RFC 3502 §6.3.11)."""

    mailbox: str
    messages: tuple[AppendMessage, ...]


class Replace(msgspec.Struct, frozen=True):
    """A message instead of another one (RFC 8508 §3)."""

    uid: bool
    number: int | None
    """`None` for `*`."""
    append: Append


class Fetch(msgspec.Struct, frozen=True):
    """RFC 9051 §6.4.5."""

    uid: bool
    numbers: Numbers
    items: tuple[FetchItem, ...]
    changed_since: int | None = None
    vanished: bool = False
    """RFC 7162 §3.2.6."""
    partial: tuple[int, int] | None = None
    """First and last of what is found, `(1, 100)`; counted from the end `(-1, -100)` (RFC 9394 §3.1)."""


class Search(msgspec.Struct, frozen=True):
    """RFC 9051 §6.4.4."""

    uid: bool
    charset: str | None
    keys: SearchKey
    returns: frozenset[str] | None = None
    """MIN MAX ALL COUNT SAVE PARTIAL CONTEXT UPDATE; `None` without RETURN. Empty brackets ask for ALL."""
    partial: tuple[int, int] | None = None
    """As in Fetch."""


class Sort(msgspec.Struct, frozen=True):
    """RFC 5256 §3, BASE.6.4.SORT."""

    uid: bool
    criteria: tuple[tuple[str, bool], ...]
    """Name in capitals, and whether it is reversed."""
    charset: str | None
    keys: SearchKey
    returns: frozenset[str] | None = None
    partial: tuple[int, int] | None = None


class CancelUpdate(msgspec.Struct, frozen=True):
    """RFC 5267 §4.3.5."""

    tags: tuple[str, ...]


class Thread(msgspec.Struct, frozen=True):
    """RFC 5256 §3, BASE.6.4.THREAD."""

    uid: bool
    algorithm: str
    charset: str | None
    keys: SearchKey


class Store(msgspec.Struct, frozen=True):
    """RFC 9051 §6.4.6."""

    uid: bool
    numbers: Numbers
    mode: Literal["set", "add", "remove"]
    silent: bool
    flags: tuple[str, ...]
    unchanged_since: int | None = None


class ResetKey(msgspec.Struct, frozen=True):
    """RFC 4467 §7."""

    mailbox: str | None = None
    """`None` for all."""
    mechanisms: tuple[str, ...] = ()
    """In capitals."""


class GenUrlAuth(msgspec.Struct, frozen=True):
    """RFC 4467 §7."""

    urls: tuple[tuple[str, str], ...]
    """Each with its mechanism in capitals."""


class WantedUrl(msgspec.Struct, frozen=True):
    """A URL to be read."""

    url: str
    items: tuple[str, ...] = ()
    """BODYPARTSTRUCTURE, and BODY or BINARY (RFC 5524 §3.1)."""


class UrlFetch(msgspec.Struct, frozen=True):
    """RFC 4467 §7."""

    urls: tuple[WantedUrl, ...]


class Copy(msgspec.Struct, frozen=True):
    """RFC 9051 §6.4.7."""

    uid: bool
    numbers: Numbers
    mailbox: str


class Move(msgspec.Struct, frozen=True):
    """RFC 9051 §6.4.8."""

    uid: bool
    numbers: Numbers
    mailbox: str


class UidExpunge(msgspec.Struct, frozen=True):
    """`UID EXPUNGE` (RFC 9051 §6.4.9)."""

    numbers: Numbers


class GetAcl(msgspec.Struct, frozen=True):
    """RFC 4314 §3.3."""

    mailbox: str


class SetAcl(msgspec.Struct, frozen=True):
    """RFC 4314 §3.1."""

    mailbox: str
    identifier: str
    mode: Literal["set", "add", "remove"]
    rights: str


class DeleteAcl(msgspec.Struct, frozen=True):
    """RFC 4314 §3.2."""

    mailbox: str
    identifier: str


class ListRights(msgspec.Struct, frozen=True):
    """RFC 4314 §3.4."""

    mailbox: str
    identifier: str


class MyRights(msgspec.Struct, frozen=True):
    """RFC 4314 §3.5."""

    mailbox: str


class GetQuota(msgspec.Struct, frozen=True):
    """RFC 9208 §4.1.1."""

    root: str


class GetQuotaRoot(msgspec.Struct, frozen=True):
    """RFC 9208 §4.1.2."""

    mailbox: str


class SetQuota(msgspec.Struct, frozen=True):
    """RFC 9208 §4.1.3."""

    root: str
    limits: tuple[tuple[str, int], ...]
    """Name of the resource in capitals, and its limit."""


class NotifyGroup(msgspec.Struct, frozen=True):
    """What is to be told about some mailboxes (RFC 5465 §6)."""

    filter: str
    """SELECTED, SELECTED-DELAYED, INBOXES, PERSONAL, SUBSCRIBED, SUBTREE or MAILBOXES."""
    mailboxes: tuple[str, ...]
    """Of the last two."""
    events: tuple[str, ...]
    """In capitals; empty for NONE."""
    fetch: tuple[FetchItem, ...] = ()
    """What is told of a new message in the selected mailbox (RFC 5465 §5.2)."""


class Notify(msgspec.Struct, frozen=True):
    """RFC 5465 §3.1."""

    groups: tuple[NotifyGroup, ...] | None
    """`None` for `NOTIFY NONE`."""
    status: bool = False
    """A STATUS of each mailbox is wanted first."""


Arguments = (
    Nothing | Login | Authenticate | Enable | Id | Compress | Select | Create | Delete | Rename | Subscribe
    | Unsubscribe | List | Lsub | Status | Append | Replace | Fetch | Search | Sort | CancelUpdate | Thread | Store
    | Copy | Move | UidExpunge | GetAcl | SetAcl | DeleteAcl | ListRights | MyRights | GetQuota | GetQuotaRoot
    | SetQuota | Notify | ResetKey | GenUrlAuth | UrlFetch
)  # fmt: skip
