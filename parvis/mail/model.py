"""What mail is made of: the records as JMAP shows them, roles, and the rules of names and keywords. RFC 8621"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal, get_args

import msgspec
from msgspec import Meta

from parvis.access.principal import Right
from parvis.kernel.errors import Invalid
from parvis.kernel.languages import Language
from parvis.kernel.records import Immutable, Record, ServerSet
from parvis.serve.jmap.types import Date, Id, UTCDate

MAIL = "urn:ietf:params:jmap:mail"
QUOTA = "urn:ietf:params:jmap:quota"
PARVIS_MAIL = "urn:parvis:mail"
"""What this server adds to RFC 8621: `snoozedUntil` of an Email, EmailTemplate, Email/unsubscribe."""
SCOPE = "mail"
"""The kind of scope that holds an account's mail."""

Role = Literal[
    "all", "archive", "drafts", "flagged", "important", "inbox", "junk", "sent", "subscribed", "trash",
    "memos", "scheduled", "snoozed",
]  # fmt: skip
ROLES: frozenset[str] = frozenset(get_args(Role))

NAME_BYTES = 255
DEPTH = 32
KEYWORDS = 100
MAILBOXES = 100
_KEYWORD = re.compile(r"[!#-$&-'+-\[^-z|-~]{1,255}\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

MAILBOX_NAMES: dict[Language, tuple[tuple[str, str, int], ...]] = {
    "en": (
        ("inbox", "Inbox", 1), ("drafts", "Drafts", 2), ("sent", "Sent", 3),
        ("archive", "Archive", 4), ("junk", "Junk", 5), ("trash", "Trash", 6),
    ),
    "fr": (
        ("inbox", "Boîte de réception", 1), ("drafts", "Brouillons", 2), ("sent", "Envoyés", 3),
        ("archive", "Archives", 4), ("junk", "Indésirables", 5), ("trash", "Corbeille", 6),
    ),
    "vi": (
        ("inbox", "Hộp thư đến", 1), ("drafts", "Thư nháp", 2), ("sent", "Đã gửi", 3),
        ("archive", "Lưu trữ", 4), ("junk", "Thư rác", 5), ("trash", "Thùng rác", 6),
    ),
}  # fmt: skip
"""Role, name and order of the mailboxes that every account begins with."""


class MailboxRights(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the reader may do with a mailbox. RFC 8621 §2"""

    may_read_items: bool
    may_add_items: bool
    may_remove_items: bool
    may_set_seen: bool
    may_set_keywords: bool
    may_create_child: bool
    may_rename: bool
    may_delete: bool
    may_submit: bool


class Mailbox(Record):
    """A named set of messages. RFC 8621 §2"""

    kind: ClassVar[str] = "Mailbox"
    capability: ClassVar[str] = MAIL

    name: str
    id: ServerSet[str] = ""
    parent_id: Id | None = None
    role: str | None = None
    sort_order: Annotated[int, Meta(ge=0, lt=2**31)] = 0
    total_emails: ServerSet[int] = 0
    unread_emails: ServerSet[int] = 0
    total_threads: ServerSet[int] = 0
    unread_threads: ServerSet[int] = 0
    my_rights: ServerSet[MailboxRights | None] = None
    is_subscribed: bool = True


class Thread(Record):
    """Messages that answer each other, oldest first. RFC 8621 §3"""

    kind: ClassVar[str] = "Thread"
    capability: ClassVar[str] = MAIL

    id: ServerSet[str] = ""
    email_ids: ServerSet[list[str]] = msgspec.field(default_factory=list)


class EmailAddress(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 8621 §4.1.2.3"""

    email: str
    name: str | None = None


class EmailBodyValue(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """RFC 8621 §4.1.4"""

    value: str
    is_encoding_problem: bool | None = False
    is_truncated: bool | None = False


People = Immutable[list[EmailAddress] | None]
MessageIds = Immutable[list[str] | None]
BodyPart = dict[str, Any]
"""An EmailBodyPart: it may have header:* properties, so it is checked by mail/jmap/draft."""


class Email(Record):
    """A message. `header:*` properties come besides. RFC 8621 §4.1"""

    kind: ClassVar[str] = "Email"
    capability: ClassVar[str] = MAIL

    mailbox_ids: dict[Id, Literal[True]]
    id: ServerSet[str] = ""
    blob_id: ServerSet[str] = ""
    thread_id: ServerSet[str] = ""
    keywords: dict[str, Literal[True]] = msgspec.field(default_factory=dict)
    size: ServerSet[int] = 0
    received_at: Immutable[UTCDate | None] = None
    message_id: MessageIds = None
    in_reply_to: MessageIds = None
    references: MessageIds = None
    sender: People = None
    from_: People = None
    to: People = None
    cc: People = None
    bcc: People = None
    reply_to: People = None
    subject: Immutable[str | None] = None
    sent_at: Immutable[Date | None] = None
    snoozed_until: UTCDate | None = None
    """When it leaves the mailbox of role snoozed for the inbox."""
    has_attachment: ServerSet[bool] = False
    preview: ServerSet[str] = ""
    headers: ServerSet[list[dict[str, str]]] = msgspec.field(default_factory=list)
    body_structure: Immutable[BodyPart | None] = None
    body_values: Immutable[dict[str, EmailBodyValue] | None] = None
    text_body: Immutable[list[BodyPart] | None] = None
    html_body: Immutable[list[BodyPart] | None] = None
    attachments: Immutable[list[BodyPart] | None] = None


class Quota(Record):
    """What an account holds and may hold. RFC 9425 §3, §4.1"""

    kind: ClassVar[str] = "Quota"
    capability: ClassVar[str] = QUOTA

    id: ServerSet[str] = ""
    resource_type: ServerSet[str] = "octets"
    used: ServerSet[int] = 0
    hard_limit: ServerSet[int] = 0
    warn_limit: ServerSet[int | None] = None
    soft_limit: ServerSet[int | None] = None
    scope: ServerSet[str] = "account"
    name: ServerSet[str] = ""
    description: ServerSet[str | None] = None
    types: ServerSet[list[str]] = msgspec.field(default_factory=list)


def rights(held: Right, role: str | None) -> MailboxRights:
    """The rights in a mailbox that rights in the scope give. The inbox stays: mail must arrive somewhere."""
    read, write, delete = Right.READ in held, Right.WRITE in held, Right.DELETE in held
    return MailboxRights(
        may_read_items=read,
        may_add_items=write,
        may_remove_items=write and delete,
        may_set_seen=write,
        may_set_keywords=write,
        may_create_child=write,
        may_rename=write,
        may_delete=write and delete and role != "inbox",
        may_submit=Right.SEND in held,
    )


def mailbox_name(name: str) -> str:
    """A name as it is kept: NFC. Raises Invalid for an empty, too long or unprintable one. RFC 8621 §2"""
    normal = unicodedata.normalize("NFC", name)
    if not normal.strip() or len(normal.encode()) > NAME_BYTES or _CONTROL.search(normal):
        raise Invalid("a mailbox needs a printable name of at most 255 bytes", field="name")
    return normal


def nearest_name(name: str) -> str:
    """The name most like this one that a mailbox may have."""
    normal = _CONTROL.sub(" ", unicodedata.normalize("NFC", name)).strip()
    return normal.encode("utf-8", "ignore")[:NAME_BYTES].decode("utf-8", "ignore") or "-"


def keyword_set(words: Iterable[str]) -> frozenset[str]:
    """Keywords in lower case. Raises Invalid for one that RFC 8621 §4.1.1 does not allow, or for too many."""
    found = frozenset(word.lower() for word in words)
    if any(not _KEYWORD.match(word) for word in found):
        raise Invalid(
            'a keyword is 1 to 255 printable ASCII characters other than ( ) { ] % * " \\', field="keywords"
        )
    if len(found) > KEYWORDS:
        raise Invalid("too many keywords", field="keywords", reason="tooManyKeywords")
    return found


def is_unread(keywords: Iterable[str]) -> bool:
    """Counts as unread: neither seen nor a draft. RFC 8621 §2"""
    return not ({"$seen", "$draft"} & set(keywords))
