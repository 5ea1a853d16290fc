"""What the room offers in JMAP."""

from parvis.access import visibility
from parvis.access.gate import Access
from parvis.access.principal import Right
from parvis.contacts.jmap import book, card, card_query, methods
from parvis.contacts.model import (
    BOOK,
    CARD,
    CONTACTS,
    MERGING,
    NAMES,
    SCOPE,
    AddressBook,
    CardCondition,
    ContactCard,
)
from parvis.serve.feature import Capability
from parvis.serve.jmap.kind import Kind
from parvis.serve.jmap.shares import Shared
from parvis.serve.jmap.types import Object


def _account(access: Access) -> Object:
    """RFC 9610 §1.4.1"""
    return {"maxAddressBooksPerCard": 1, "mayCreateAddressBook": access.arranges}


CAPABILITIES = (Capability(CONTACTS, SCOPE, account=_account), Capability(MERGING, SCOPE))
KINDS = (
    Kind(
        record=AddressBook,
        scope=SCOPE,
        parts=True,
        read=book.read,
        create=book.create,
        update=book.update,
        destroy=book.destroy,
        after_set=book.after_set,
        set_arguments=book.BookSetArguments,
        rights={
            "create": Right.WRITE | Right.SHARE,
            "update": Right.READ | Right.WRITE | Right.SHARE,
            "destroy": Right.DELETE,
        },
        first=visibility.turn,
    ),
    Kind(
        record=ContactCard,
        scope=SCOPE,
        parts=True,
        open=True,
        read=card.read,
        prepare=card.prepare,
        create=card.create,
        update=card.update,
        destroy=card.destroy,
        copy=card.copy,
        query=card_query.query,
        condition=CardCondition,
        sorts=card_query.SORTS,
        check_sort=card_query.check_sort,
    ),
)
METHODS = methods.METHODS
SHARES = (Shared(SCOPE, BOOK, NAMES),)
BLOB_SCOPES = {CARD: SCOPE}
