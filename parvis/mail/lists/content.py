"""The message as a list passes it on: with what says whose list it is, and otherwise as it was, so that the
author's signature still holds. RFC 2369, RFC 2919, RFC 8058"""

from collections.abc import Sequence
from dataclasses import dataclass

from parvis.mail.lists.model import MailingList
from parvis.wire import dkim, mime
from parvis.wire.canonical import Text
from parvis.wire.mime import Address
from parvis.wire.mime.fields import fold, mailbox, phrase

_OLD = frozenset(
    {
        "return-path", "precedence", "list-id", "list-post", "list-help", "list-owner", "list-archive",
        "list-subscribe", "list-unsubscribe", "list-unsubscribe-post",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Leaving:
    """How a reader leaves: by mail, and for readers outside by one POST to an address on the web."""

    mail: str
    web: str = ""


def fields(of: MailingList, leaving: Leaving) -> bytes:
    """The fields that a list adds, in place of those of any other list. RFC 2369 §2, §4, RFC 2919 §6, §7"""
    ways = [f"<mailto:{leaving.mail}>", *([f"<{leaving.web}>"] if leaving.web else [])]
    added = [
        fold("List-Id", [phrase(of.name), f"<{of.list_id}>"]),
        fold("List-Post", [f"<mailto:{of.address}>"]),
        fold("List-Owner", [f"<mailto:{of.at('owner')}>"]),
        fold("List-Unsubscribe", [each + ("," if each != ways[-1] else "") for each in ways]),
        *([fold("List-Unsubscribe-Post", ["List-Unsubscribe=One-Click"])] if leaving.web else []),
        fold("Precedence", ["list"]),
    ]
    return "".join(added).encode()


def passed_on(raw: bytes, of: MailingList, leaving: Leaving, *, speaks: bool) -> bytes:
    """The message with the list's fields instead of any other list's; with `speaks` it is from the list, and
    answers go to the author (RFC 7960 §4.1.3.1)."""
    found, _ = mime.header(raw)
    gone = _OLD | ({"from"} if speaks else frozenset())
    added = fields(of, leaving)
    if speaks:
        added += _author(raw, of)
    kept, place = [], 0
    for each in found:
        if each.name.lower() in gone:
            kept.append(raw[place : each.start])
            place = each.end
    return added + b"".join([*kept, raw[place:]])


def _author(raw: bytes, of: MailingList) -> bytes:
    text = Text(raw)
    authors = [one for each in text.all("from") for one in mime.as_addresses(each.value)]
    name = next((one.name or one.email for one in authors), of.name)
    written = fold("From", [mailbox(Address(f"{name} ({of.name})", of.address))])
    if authors and not text.all("reply-to"):
        written += fold("Reply-To", [", ".join(mailbox(one) for one in authors)])
    return written.encode()


def holds(raw: bytes, proven: Sequence[str]) -> bool:
    """Whether one of the signatures of these domains still holds when a list has added its fields: it signs none of
    them (RFC 6376 §5.4)."""
    changed = _OLD - {"return-path"}
    return any(
        not one.fault and one.domain in proven and changed.isdisjoint(one.names)
        for one in dkim.signatures(Text(raw))
    )


def is_own(raw: bytes, of: MailingList) -> bool:
    """Whether a message has been through the list before."""
    mark = f"<{of.list_id}>".encode().lower()
    return any(mark in each.value.lower() for each in Text(raw).all("list-id"))
