"""A part of a thing, as the Range header asks for it. RFC 9110 §14"""

import re
from collections.abc import Mapping

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def span(headers: Mapping[str, str], size: int, etag: str) -> tuple[int, int] | None:
    """The one range asked for, end exclusive; None for the whole. Several ranges, or a malformed one, give the
    whole, as they may; so does a range of another version (If-Range). A start at or behind the end cannot be
    satisfied: 416. RFC 9110 §14.2"""
    match = _RANGE.fullmatch(headers.get("range", "").strip())
    if match is None or not (match[1] or match[2]):
        return None
    if headers.get("if-range") not in (None, f'"{etag}"'):
        return None
    if not match[1]:
        return max(0, size - int(match[2])), size
    if match[2] and int(match[2]) < int(match[1]):
        return None
    return int(match[1]), min(int(match[2]) + 1 if match[2] else size, size)
