"""`header:Name:asForm:all` properties: reading their names, giving their values. RFC 8621 §4.1.3"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from parvis.mail.message import addresses, date_text
from parvis.wire import mime

FORMS = ("Raw", "Text", "Addresses", "GroupedAddresses", "MessageIds", "Date", "URLs")
_NAME = re.compile(r"[!-9;-~]+\Z")
_LONGEST = 300
"""Characters of a property's name: what clients ask for is remembered, so it must be bounded."""
_TEXT = {"subject", "comments", "keywords", "list-id"}
_PEOPLE = {"from", "sender", "reply-to", "to", "cc", "bcc"} | {
    f"resent-{name}" for name in ("from", "sender", "reply-to", "to", "cc", "bcc")
}
_IDS = {"message-id", "in-reply-to", "references", "resent-message-id"}
_DATES = {"date", "resent-date"}
_URLS = {f"list-{name}" for name in ("help", "unsubscribe", "subscribe", "post", "owner", "archive")}
_FIXED: dict[str, set[str]] = {
    **{name: {"Text"} for name in _TEXT},
    **{name: {"Addresses", "GroupedAddresses"} for name in _PEOPLE},
    **{name: {"MessageIds"} for name in _IDS},
    **{name: {"Date"} for name in _DATES},
    **{name: {"URLs"} for name in _URLS},
    "return-path": set(),
    "received": set(),
}
"""The parsed forms of the fields that RFC 5322 and RFC 2369 define; any other field may be read in every form."""


class HeaderProperty(NamedTuple):
    """One property name taken apart."""

    property: str
    name: str
    """With the capitals of the request."""
    form: str
    all: bool


def header_property(text: str) -> HeaderProperty | None:
    """The parts of a `header:...` property, or None when it is none or its form is forbidden for the field."""
    return _taken_apart(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=2048)
def _taken_apart(text: str) -> HeaderProperty | None:
    prefix, _, rest = text.partition(":")
    if prefix != "header":
        return None
    name, *suffixes = rest.split(":")
    every = bool(suffixes) and suffixes[-1] == "all"
    if every:
        suffixes.pop()
    form = suffixes.pop()[2:] if suffixes and suffixes[-1].startswith("as") else "Raw"
    if suffixes or not _NAME.match(name) or form not in FORMS:
        return None
    if form != "Raw" and form not in _FIXED.get(name.lower(), FORMS):
        return None
    return HeaderProperty(text, name, form, every)


def is_header_property(text: str) -> bool:
    """Whether this may be asked for."""
    return header_property(text) is not None


def _grouped(value: bytes) -> list[dict[str, Any]]:
    return [
        {"name": group.name, "addresses": [{"name": one.name, "email": one.email} for one in group.addresses]}
        for group in mime.as_grouped_addresses(value)
    ]


def _date(value: bytes) -> str | None:
    instant = mime.as_date(value)
    return date_text(instant) if instant else None


def _listed(read: Callable[[bytes], Sequence[str] | None]) -> Callable[[bytes], list[str] | None]:
    def read_list(value: bytes) -> list[str] | None:
        found = read(value)
        return None if found is None else list(found)

    return read_list


_READ: dict[str, Callable[[bytes], Any]] = {
    "Raw": mime.as_raw,
    "Text": mime.as_text,
    "Addresses": addresses,
    "GroupedAddresses": _grouped,
    "MessageIds": _listed(mime.as_message_ids),
    "Date": _date,
    "URLs": _listed(mime.as_urls),
}


Named = Mapping[str, Sequence[mime.Header]]
"""Header fields by their names in lower case."""


def by_name(fields: Iterable[mime.Header]) -> Named:
    """Header fields as `value_of` takes them."""
    found: dict[str, list[mime.Header]] = {}
    for field in fields:
        found.setdefault(field.name.lower(), []).append(field)
    return found


def value_of(asked: HeaderProperty, named: Named) -> Any:
    """The value of a header property: of the last field of the name, or of all."""
    fields, read = named.get(asked.name.lower(), ()), _READ[asked.form]
    if asked.all:
        return [read(field.value) for field in fields]
    return read(fields[-1].value) if fields else None


def listed(fields: Sequence[mime.Header]) -> list[dict[str, str]]:
    """EmailHeader objects in the order of the message. RFC 8621 §4.1.3"""
    return [{"name": field.name, "value": mime.as_raw(field.value)} for field in fields]
