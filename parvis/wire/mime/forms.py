"""The parsed forms in which JMAP gives and takes header fields (RFC 8621 §4.1.2). Each takes the raw bytes of
a field's value, `Header.value`, and never fails."""

import unicodedata
from datetime import datetime

from .model import Address, AddressGroup
from .words import decode_words, text_of, unfold


def as_raw(value: bytes) -> str:
    """Raw (§4.1.2.1): everything after the colon, NUL dropped, bytes that are not UTF-8 replaced by
    U+FFFD."""
    return value.decode("utf-8", "replace").replace("\0", "")


def as_text(value: bytes) -> str:
    """Text (§4.1.2.2): unfolded, without leading space, encoded words decoded, in NFC."""
    return unicodedata.normalize("NFC", decode_words(unfold(text_of(value))).strip(" "))


def as_addresses(value: bytes) -> tuple[Address, ...]:
    """Addresses (§4.1.2.3): the mailboxes, those inside groups too."""
    raise NotImplementedError


def as_grouped_addresses(value: bytes) -> tuple[AddressGroup, ...]:
    """GroupedAddresses (§4.1.2.4)."""
    raise NotImplementedError


def as_message_ids(value: bytes) -> tuple[str, ...] | None:
    """MessageIds (§4.1.2.5): without angle brackets, or `None` when there are none to be read."""
    raise NotImplementedError


def as_date(value: bytes) -> datetime | None:
    """Date (§4.1.2.6) with the offset it was written in, or `None`. `-0000` is UTC."""
    raise NotImplementedError


def as_urls(value: bytes) -> tuple[str, ...] | None:
    """URLs (§4.1.2.7; RFC 2369), or `None` when there are none to be read."""
    raise NotImplementedError
