"""A message as the classifier sees it: a bounded set of tokens, each a short text and its number.

A number is 64 bits of a hash, so that what is kept of a message cannot be read back. Words are folded: a Vietnamese
word with its accents and without them is one token; pairs of neighbours tell its syllables apart again."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, pairwise
from urllib.parse import urlsplit

from parvis.kernel.errors import Invalid
from parvis.mail.message import Parsed
from parvis.mail.words import words
from parvis.wire import authres, mime
from parvis.wire.smtp import split_address

OWN_FIELD = "X-Parvis-Spam"
WORDS, FIELDS, LINKS, PARTS = 400, 160, 40, 20
"""The most tokens of each sort: words and as many pairs, header fields, links, parts."""
_LONGEST = 40
_LINK = re.compile(r"\b(https?|ftp)://([^\s<>\"'()\[\]]{3,300})", re.I)
_ADDRESS = re.compile(r"[0-9.]{7,15}\Z|\[?[0-9a-f:]{3,40}\]?\Z", re.I)
_HOST = re.compile(r"\b(?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,20}\b")
_IPV4 = re.compile(r"\b(\d{1,3}\.\d{1,3})\.\d{1,3}\.\d{1,3}\b")
_OF_PEOPLE = {"from": "from", "replyTo": "reply-to", "sender": "sender"}
_VALUES = ("x-mailer", "user-agent", "content-type", "precedence", "list-id", "message-id", "return-path")
_PLAIN = ("date", "delivered-to", "x-parvis-spam", "to", "cc", "bcc", "subject", "references", "in-reply-to")
"""Fields whose presence or words say nothing here: others speak of them, or they name the reader."""


def tokens(parsed: Parsed) -> dict[int, str]:
    """The tokens of a message, by number. The same message gives the same ones, whatever our own field says."""
    body = parsed.indexed[-1].split()
    found = chain(
        islice(dict.fromkeys(_fields(parsed)), FIELDS),
        islice(dict.fromkeys(_links(parsed.texts.body)), LINKS),
        islice(dict.fromkeys(_parts(parsed)), PARTS),
        islice(dict.fromkeys(word for word in body if 2 < len(word) <= _LONGEST), WORDS),
        islice(dict.fromkeys(_pairs(body)), WORDS),
    )
    return {number(text): text for text in found}


def number(text: str) -> int:
    """The number that stands for a token."""
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _pairs(cut: Sequence[str]) -> Iterator[str]:
    return (f"{one} {two}" for one, two in pairwise(cut) if len(one) + len(two) <= _LONGEST)


def _fields(parsed: Parsed) -> Iterator[str]:
    """Who writes, with what, on which way, and what was found out about that."""
    summary = parsed.summary
    yield from (f"subject:{word[:_LONGEST]}" for word in words(summary["subject"] or ""))
    for name, shown in _OF_PEOPLE.items():
        for person in (summary[name] or ())[:3]:
            yield from _person(shown, person["name"] or "", person["email"] or "")
    yield f"to:{min(len(summary['to'] or ()) + len(summary['cc'] or ()), 10)}"
    for field in mime.parse(parsed.header).root.headers:
        yield from _field(field.name.lower(), field.value.decode("latin-1")[:2000])


def _person(shown: str, name: str, email: str) -> Iterator[str]:
    local, domain = split_address(email.lower())
    yield f"{shown}:{local[:_LONGEST]}@{domain[:_LONGEST]}"
    yield from (f"{shown}:{each}" for each in parents(domain))
    yield from (f"{shown}:{word[:_LONGEST]}" for word in words(name))


def _field(name: str, value: str) -> Iterator[str]:
    if name == authres.FIELD.lower():
        yield from _results(value)
    elif name == "received":
        hosts = (each for host in _HOST.findall(value.lower()) for each in parents(host))
        yield from (f"received:{host[:_LONGEST]}" for host in hosts)
        yield from (f"received:{network}" for network in _IPV4.findall(value))
    elif name not in _PLAIN:
        yield f"field:{name[:_LONGEST]}"
        if name in _VALUES:
            yield from (f"{name}:{word[:_LONGEST]}" for word in words(value)[:20])


def _results(value: str) -> Iterator[str]:
    """What SPF, DKIM and DMARC found. RFC 8601 §2.2"""
    try:
        found = authres.parse(value).results
    except Invalid:
        return
    yield from (f"auth:{result.method}={result.value}"[:_LONGEST] for result in found)


def _links(text: str) -> Iterator[str]:
    """The hosts that links lead to, with the domains above them."""
    for scheme, rest in islice(_LINK.findall(text), 4 * LINKS):
        host = host_of(f"{scheme}://{rest}")
        if _ADDRESS.match(host):
            yield "link:number"
        yield from (f"link:{each[:_LONGEST]}" for each in parents(host))


def host_of(url: str) -> str:
    """The host of an address, in lower case; "" when there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def parents(host: str) -> Iterable[str]:
    """A host and the domains above it, but for the top one."""
    labels = host.split(".")[-5:]
    return (".".join(labels[start:]) for start in range(max(1, len(labels) - 1)) if labels[0])


def _parts(parsed: Parsed) -> Iterator[str]:
    """How the message is built: the types of its parts and the endings of their names."""
    for node in parsed.structure.walk():
        yield f"part:{node.media_type[:_LONGEST]}"
        if node.name and "." in node.name:
            yield f"ending:{node.name.rpartition('.')[2].lower()[:10]}"
    if parsed.structure.html and not any(node.media_type == "text/plain" for node in parsed.structure.walk()):
        yield "part:html alone"
