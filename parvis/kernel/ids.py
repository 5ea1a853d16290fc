"""Identifiers: 63-bit integers that grow with time, and their text form in every protocol.

An id is 41 bits of milliseconds since 2020, 6 bits of node and 16 bits of sequence, so that an index grows at
its end and two nodes never meet. Ids are not secrets: rights are checked by `access`, never by guessing.
"""

import secrets
import threading
from uuid import uuid4

from parvis.kernel import clock

_EPOCH_MS = 1_577_836_800_000
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_PAIR_VALUES = {pair: value for value, pair in enumerate(_PAIRS)}
_LENGTH = 13
_NODE_BITS, _SEQUENCE_BITS = 6, 16

_lock = threading.Lock()
_node = 0
_last = 0


def configure(node: int) -> None:
    """Sets this process's node number, 0 to 63; two processes on one database need two numbers."""
    global _node
    if not 0 <= node < 1 << _NODE_BITS:
        raise ValueError(f"node must be 0 to {(1 << _NODE_BITS) - 1}")
    _node = node


def new_id() -> int:
    """A new id, larger than every id this process made before."""
    global _last
    with _lock:
        stamp = (clock.now_ms() - _EPOCH_MS) << _SEQUENCE_BITS
        _last = max(_last + 1, stamp)
        moment, sequence = _last >> _SEQUENCE_BITS, _last & (1 << _SEQUENCE_BITS) - 1
        return moment << _NODE_BITS + _SEQUENCE_BITS | _node << _SEQUENCE_BITS | sequence


def least(moment_ms: int) -> int:
    """The least id that can be of a moment: ids of before are smaller, in whichever process they were made."""
    return max(0, moment_ms - _EPOCH_MS) << _NODE_BITS + _SEQUENCE_BITS


def text(number: int) -> str:
    """The text of an id: 13 letters and digits, first always a letter. RFC 8620 §1.2"""
    return (
        f"{_ALPHABET[number >> 60]}{_PAIRS[number >> 50 & 1023]}{_PAIRS[number >> 40 & 1023]}"
        f"{_PAIRS[number >> 30 & 1023]}{_PAIRS[number >> 20 & 1023]}{_PAIRS[number >> 10 & 1023]}"
        f"{_PAIRS[number & 1023]}"
    )


def parse(value: str) -> int | None:
    """The id whose text this is, or None when it is none of ours (then the thing does not exist)."""
    if len(value) != _LENGTH:
        return None
    number = _VALUES.get(value[0], 8)
    for place in (1, 3, 5, 7, 9, 11):
        pair = _PAIR_VALUES.get(value[place : place + 2])
        if pair is None:
            return None
        number = number << 10 | pair
    return number if number < 1 << 63 else None


def uuid() -> str:
    """A new UUID as text, for formats that want one. RFC 9562 §5.4"""
    return str(uuid4())


def token(size: int = 32) -> str:
    """A secret of `size` random bytes, URL-safe."""
    return secrets.token_urlsafe(size)
