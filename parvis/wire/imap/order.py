"""What SORT and THREAD compare (RFC 5256 §2, RFC 5957 §3, RFC 5051)."""

import re
import unicodedata

from parvis.wire.mime.addresses import grouped

from .structure import mailbox_and_host

SUBJECT_LIMIT = 2_000
_SPACE = re.compile(r"\s+")
_BLOB = r"\[[^\[\]]*+\]\s*+"
_LEADER = re.compile(rf"\s++|(?:{_BLOB})*+(?:re|fwd?)\s*+(?:{_BLOB})?:", re.I | re.A)
_FIRST_BLOB = re.compile(_BLOB)
_TRAILER = re.compile(r"(?:\(fwd\)|\s++)\Z", re.I)


def sort_base_subject(subject: str) -> str:
    """A subject, its encoded words decoded, without what replies and forwards add (RFC 5256 §2.1)."""
    return base_subject(subject)[0]


def base_subject(subject: str) -> tuple[str, bool]:
    """The base of a subject, and whether something was taken off that makes it a reply or a forward."""
    text, reply = _SPACE.sub(" ", subject[:SUBJECT_LIMIT]), False
    while True:
        while (trailer := _TRAILER.search(text)) is not None:
            reply = reply or not trailer.group().isspace()
            text = text[: trailer.start()]
        text, led = _without_leaders(text)
        reply = reply or led
        if not (text[:5].lower() == "[fwd:" and text.endswith("]")):
            return text, reply
        text, reply = text[5:-1], True


def _without_leaders(text: str) -> tuple[str, bool]:
    """The text without `Re:`, `[list] Fwd:` and the like before it, and whether there was one."""
    at, reply = 0, False
    while True:
        leader = _LEADER.match(text, at)
        if leader is not None:
            reply = reply or leader.group().endswith(":")
            at = leader.end()
            continue
        blob = _FIRST_BLOB.match(text, at)
        if blob is None or blob.end() == len(text):
            return text[at:], reply
        at = blob.end()


def collation(text: str) -> str:
    """What is compared instead of the text: titles of letters, taken apart (RFC 5051 §2)."""
    if text.isascii():
        return text.upper()
    titles = (title if len(title := letter.title()) == 1 else letter for letter in text)
    return unicodedata.normalize("NFKD", "".join(titles))


def sort_address(value: bytes) -> str:
    """The mailbox, without its host, of the first address of a field; the name of a group that comes first (RFC
    5256 §3)."""
    groups = grouped(value, decoded=False)
    if not groups:
        return ""
    if groups[0].name is not None:
        return groups[0].name
    return mailbox_and_host(groups[0].addresses[0].email)[0]


def sort_display(value: bytes) -> str:
    """The name of the first address of a field, else the address itself (RFC 5957 §3)."""
    groups = grouped(value)
    if not groups:
        return ""
    if groups[0].name is not None:
        return groups[0].name
    first = groups[0].addresses[0]
    return first.name or "@".join(part for part in mailbox_and_host(first.email) if part)
