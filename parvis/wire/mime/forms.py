"""The parsed forms in which JMAP gives and takes header fields (RFC 8621 §4.1.2). Each takes the raw bytes of
a field's value, `Header.value`, and never fails."""

import re
from datetime import datetime

from .addresses import comment_at, grouped
from .dates import date_of
from .model import LIMITS, Address, AddressGroup
from .normal import nfc
from .words import decode_words, text_of, unfold


def as_raw(value: bytes) -> str:
    """Raw (§4.1.2.1): everything after the colon, NUL dropped, bytes that are not UTF-8 replaced by
    U+FFFD."""
    return value.decode("utf-8", "replace").replace("\0", "")


def as_text(value: bytes) -> str:
    """Text (§4.1.2.2): unfolded, without leading space, encoded words decoded, in NFC.

    Encoded words with unencoded spaces inside, or glued to each other, are decoded too, as real mail has them."""
    return nfc(decode_words(unfold(text_of(value[: LIMITS.value])).lstrip(" \t")))


def as_addresses(value: bytes) -> tuple[Address, ...]:
    """Addresses (§4.1.2.3): the mailboxes, those inside groups too."""
    groups = grouped(value)
    if len(groups) == 1:
        return groups[0].addresses
    return tuple(address for group in groups for address in group.addresses)


def as_grouped_addresses(value: bytes) -> tuple[AddressGroup, ...]:
    """GroupedAddresses (§4.1.2.4)."""
    return grouped(value)


def as_message_ids(value: bytes) -> tuple[str, ...] | None:
    """MessageIds (§4.1.2.5): without angle brackets, or `None` when there are none to be read. Words around them,
    as old programs wrote in In-Reply-To, are skipped; ids without brackets are taken when there is nothing else."""
    text = _without_comments(unfold(text_of(value[: LIMITS.value])))
    found = tuple(word for item in _ANGLE.findall(text) if (word := "".join(item.split())))
    if found or "<" in text:
        return found or None
    bare = text.replace(",", " ").split()
    return tuple(bare) if bare and all("@" in word[1:-1] for word in bare) else None


def as_date(value: bytes) -> datetime | None:
    """Date (§4.1.2.6) with the offset it was written in, or `None`. `-0000` is UTC."""
    return date_of(unfold(text_of(value[:1_000])))


def as_urls(value: bytes) -> tuple[str, ...] | None:
    """URLs (§4.1.2.7; RFC 2369), or `None` when there are none to be read."""
    text = _without_comments(unfold(text_of(value[: LIMITS.value])))
    return tuple(word for item in _ANGLE.findall(text) if (word := "".join(item.split()))) or None


def _without_comments(text: str) -> str:
    """Text without what stands in round brackets, angle brackets left as they are (RFC 5322 §3.2.2)."""
    if "(" not in text:
        return text
    kept, pos, last = [], 0, 0
    while (mark := _OPENING.search(text, pos)) is not None:
        pos = mark.end()
        if mark.group() != "(":
            continue
        end = comment_at(text, mark.start())
        if end is None:
            break
        kept.append(text[last : mark.start()])
        pos = last = end
    kept.append(text[last:])
    return " ".join(kept)


_ANGLE = re.compile(r"<([^<>]*+)>")
_OPENING = re.compile(r"<[^<>]*+>|\(")
