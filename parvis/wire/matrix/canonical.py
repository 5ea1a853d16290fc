"""Canonical JSON: the one form in which a value is hashed and signed (Matrix v1.19 Appendices §Canonical JSON).

Rooms since version 6 allow nothing else than it can say: no fractions, no integers beyond 53 bits. Older rooms have
events with such values, read and written with `strict=False`."""

import json
import re
from typing import Any

import msgspec

from .errors import BadMatrix

Object = dict[str, Any]

DEPTH_LIMIT = 256
"""Levels of values in each other; deeper ones are refused."""
SIZE_LIMIT = 16_000_000
"""Bytes of JSON that are read when the caller does not say less."""
INTEGER_LIMIT = 2**53 - 1

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.S)
_KEY_ENDS = (b'":', b'" ', b'"\n', b'"\r', b'"\t')
"""How the last quotation mark of a key goes on. Where there are no more of these than members, no key stands twice;
else, which is rare, the strings are looked at."""
_NEGATIVE_ZERO = re.compile(rb"-0(?![0-9.eE])")
_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder().decode


def encode(value: object, *, strict: bool = True) -> bytes:
    """The canonical form of a value made of dictionaries, lists, strings, integers, booleans and None. Raises
    BadMatrix for anything else."""
    check(value, strict=strict)
    try:
        if strict:
            return _encode(value)
        return json.dumps(_whole(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    except UnicodeEncodeError:
        raise BadMatrix("A string has half of a surrogate pair") from None
    except ValueError:
        raise BadMatrix("An integer is too long") from None


def decode(data: bytes, *, strict: bool = True, limit: int = SIZE_LIMIT) -> Any:
    """Reads JSON that anybody sent: white space and the order of keys are free, a key that stands twice is not.
    Without `strict`, integers may be of any size and fractions are read. Raises BadMatrix,
    with `M_NOT_JSON` for what is no JSON and `M_TOO_LARGE` beyond `limit` bytes."""
    if len(data) > limit:
        raise BadMatrix(f"More than {limit} bytes", errcode="M_TOO_LARGE")
    try:
        value = _decode(data) if strict else json.loads(data.decode(), parse_constant=_refused)
    except RecursionError:
        raise BadMatrix("Nested too deep") from None
    except (msgspec.DecodeError, ValueError):
        raise BadMatrix("Not JSON", errcode="M_NOT_JSON") from None
    members = check(value, strict=strict)
    if members != sum(map(data.count, _KEY_ENDS)) and members != _bare(data).count(b":"):
        raise BadMatrix("A key stands twice")
    if strict and b"-0" in data and _NEGATIVE_ZERO.search(_bare(data)):
        raise BadMatrix("There is no negative zero")
    return value


def check(value: object, *, strict: bool = True) -> int:
    """How many members all objects in a value have. Raises BadMatrix where it has no canonical form."""
    members, level = 0, [value]
    for _ in range(DEPTH_LIMIT):
        deeper: list[object] = []
        for each in level:
            kind = type(each)
            if kind is str or kind is bool or each is None:
                continue
            if kind is int:
                if strict and not -INTEGER_LIMIT <= each <= INTEGER_LIMIT:  # type: ignore[operator]  # an int by its kind
                    raise BadMatrix("An integer has more than 53 bits")
            elif kind is dict:
                members += len(each)  # type: ignore[arg-type]  # a dict by its kind
                deeper.extend(each.values())  # type: ignore[attr-defined]  # the same
            elif kind is list:
                deeper.extend(each)  # type: ignore[arg-type]  # a list by its kind
            elif strict or kind is not float or not abs(each) < float("inf"):  # type: ignore[arg-type]  # a float
                raise BadMatrix("Neither text, integer, truth, null, list nor object")
        if not deeper:
            return members
        level = deeper
    raise BadMatrix("Nested too deep")


def _bare(data: bytes) -> bytes:
    """JSON with its strings taken out."""
    return _STRING.sub(b"", data)


def _whole(value: object) -> object:
    """A value, at most DEPTH_LIMIT deep, with its whole numbers as integers."""
    if isinstance(value, float) and abs(value) <= INTEGER_LIMIT and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list) else value


def _refused(text: str) -> object:
    raise BadMatrix(f"There is no {text}", errcode="M_NOT_JSON")
