"""Header fields that a client gives, in JMAP's forms, as fields to be written. RFC 8621 §4.1.3, §4.6"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from parvis.mail.jmap.headers import header_property
from parvis.mail.model import EmailAddress
from parvis.serve.jmap.errors import invalid_properties
from parvis.serve.jmap.types import Date
from parvis.wire.mime import Address, AddressGroup, compose

CONVENIENT = {
    "messageId": "header:Message-ID:asMessageIds",
    "inReplyTo": "header:In-Reply-To:asMessageIds",
    "references": "header:References:asMessageIds",
    "sender": "header:Sender:asAddresses",
    "from": "header:From:asAddresses",
    "to": "header:To:asAddresses",
    "cc": "header:Cc:asAddresses",
    "bcc": "header:Bcc:asAddresses",
    "replyTo": "header:Reply-To:asAddresses",
    "subject": "header:Subject:asText",
    "sentAt": "header:Date:asDate",
}


class _Group(msgspec.Struct, kw_only=True):
    addresses: list[EmailAddress]
    name: str | None = None


def _addresses(value: list[EmailAddress]) -> tuple[Address, ...]:
    return tuple(Address(one.name, one.email) for one in value)


_FORMS: dict[str, tuple[Any, Callable[[Any], compose.Value]]] = {
    "Raw": (str, compose.Raw),
    "Text": (str, compose.Text),
    "Addresses": (list[EmailAddress], lambda value: compose.Addresses(_addresses(value))),
    "GroupedAddresses": (
        list[_Group],
        lambda value: compose.GroupedAddresses(
            tuple(AddressGroup(one.name, _addresses(one.addresses)) for one in value)
        ),
    ),
    "MessageIds": (list[str], lambda value: compose.MessageIds(tuple(value))),
    "Date": (Date, lambda value: compose.Date(datetime.fromisoformat(value))),
    "URLs": (list[str], lambda value: compose.Urls(tuple(value))),
}


def header_names(properties: dict[str, Any], where: str = "") -> dict[str, str]:
    """The header field, in lower case, that each given property represents; null represents nothing. Raises
    SetError, naming the property after the path `where`, when two represent the same, or a form is forbidden.
    RFC 8621 §4.6"""
    seen: dict[str, str] = {}
    for name, value in properties.items():
        asked = header_property(CONVENIENT.get(name, name))
        if asked is None:
            if name.startswith("header:"):
                raise invalid_properties(where + name, why="this form is not allowed for this field")
            continue
        field = asked.name.lower()
        if value is None:
            continue
        if field in seen.values():
            raise invalid_properties(where + name, why=f"{asked.name} is given twice")
        seen[name] = field
    return seen


def written(name: str, value: Any) -> list[compose.Field]:
    """The fields that one property asks for: none for null, several with `:all`. Raises SetError."""
    asked = header_property(CONVENIENT.get(name, name))
    if asked is None or value is None:
        return []
    hint, make = _FORMS[asked.form]
    try:
        plain = msgspec.to_builtins(value)
        values = [msgspec.convert(one, hint) for one in (plain if asked.all else [plain])]
        return [compose.Field(asked.name, make(one)) for one in values]
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        raise invalid_properties(name, why=str(error)) from error
