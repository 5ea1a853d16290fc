"""What an address book and a card are. RFC 9610 §2, §3"""

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from parvis.access.principal import Right
from parvis.kernel.records import Immutable, Record, ServerSet
from parvis.serve.jmap.types import Id
from parvis.wire import vcard

CONTACTS = "urn:ietf:params:jmap:contacts"
MERGING = "urn:parvis:contacts"
"""Our own capability: duplicates, import and export."""
SCOPE = "addressbook"
BOOK, CARD = "AddressBook", "ContactCard"
NAMES = {
    "mayRead": Right.READ,
    "mayWrite": Right.WRITE | Right.DELETE,
    "mayShare": Right.SHARE,
    "mayDelete": Right.SHARE | Right.DELETE,
}
"""Who may delete a book may share it too: it is its owner, or as good as that."""
MOST_BOOKS = 200
MOST_CARDS = 25_000
"""Cards of one book."""
MOST_BYTES = 300_000_000
"""Bytes of all cards of one book, their photos counted."""
LIMITS = vcard.CardLimits(bytes=1_500_000, properties=1_000, value=60_000)
MOST_PHOTO = 1_000_000
"""Bytes of one photo, logo or sound."""
DEFAULT, COLLECTED, DIRECTORY = "default", "collected", "directory"
"""Roles of books that the room makes itself."""
IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp"})

BookName = Annotated[str, Meta(min_length=1, max_length=255)]


class AddressBook(Record, kw_only=True):
    """RFC 9610 §2"""

    kind: ClassVar[str] = BOOK
    capability: ClassVar[str] = CONTACTS
    id: ServerSet[str] = ""
    name: BookName
    description: Annotated[str, Meta(max_length=2000)] | None = None
    sort_order: Annotated[int, Meta(ge=0, lt=2**31)] = 0
    is_default: ServerSet[bool] = False
    is_subscribed: bool = True
    share_with: dict[Id, dict[str, bool]] | None = None
    my_rights: ServerSet[dict[str, bool]] = msgspec.field(default_factory=dict)
    file_blob_id: ServerSet[str] = ""
    """Ours: all cards as one .vcf."""
    role: ServerSet[str | None] = None
    """Ours: `collected` for the people one wrote to, `directory` for the organisation."""


class ContactCard(Record, kw_only=True):
    """RFC 9610 §3: a Card of RFC 9553, whose own properties are not declared here but checked as a whole."""

    kind: ClassVar[str] = CARD
    capability: ClassVar[str] = CONTACTS
    id: ServerSet[str] = ""
    address_book_ids: dict[Id, bool]
    uid: Immutable[str | None] = None


class CardCondition(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """RFC 9610 §3.3.1"""

    in_address_book: str | None = None
    uid: str | None = None
    has_member: str | None = None
    kind: str | None = None
    created_before: str | None = None
    created_after: str | None = None
    updated_before: str | None = None
    updated_after: str | None = None
    text: str | None = None
    name: str | None = None
    given: str | None = msgspec.field(default=None, name="name/given")
    surname: str | None = msgspec.field(default=None, name="name/surname")
    surname2: str | None = msgspec.field(default=None, name="name/surname2")
    nickname: str | None = None
    organization: str | None = None
    email: str | None = None
    phone: str | None = None
    online_service: str | None = None
    address: str | None = None
    note: str | None = None


Card = dict[str, Any]
"""A Card as JSON."""
