"""Reading a Request object: strict I-JSON first, then its shape. RFC 8620 §3.3, RFC 7493"""

import json
from typing import Any

import msgspec

from parvis.serve.jmap.errors import RequestError

_MOST_DIGITS = 19


class Request(msgspec.Struct, rename="camel"):
    """RFC 8620 §3.3. Unknown properties are ignored."""

    using: list[str]
    method_calls: list[tuple[str, dict[str, Any], str]]
    created_ids: dict[str, str] | None = None


class _NotIJson(ValueError):
    """JSON that is no I-JSON."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _NotIJson("a name occurs twice in one object")
    return found


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise _NotIJson("a number is too large")
    return int(digits)


_STRICT = json.JSONDecoder(object_pairs_hook=_once, parse_int=_whole)


def decode(body: bytes) -> Any:
    """A JSON text as values. Raises RequestError notJSON, also for what I-JSON forbids: a name given twice, bytes
    that are not UTF-8, half a surrogate pair, numbers out of range."""
    try:
        value = msgspec.json.decode(body)
        _STRICT.decode(body.decode())
    except (msgspec.DecodeError, ValueError) as error:
        raise RequestError("notJSON", str(error)) from error
    except RecursionError as error:
        raise RequestError("notJSON", "too deeply nested") from error
    return value


def shape(value: Any) -> Request:
    """Values as a Request. Raises RequestError notRequest."""
    try:
        return msgspec.convert(value, Request)
    except msgspec.ValidationError as error:
        raise RequestError("notRequest", str(error)) from error
