"""Paths as they come in requests, and what may be in them. RFC 3986, RFC 4918 §5, §8.3

A segment is percent-decoded once, must be UTF-8 and is kept in NFC: macOS writes names in pieces, all others whole.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes, urlsplit

from parvis.kernel.errors import Invalid

MOST_SEGMENTS = 100
MOST_BYTES = 255
"""Of one segment, decoded: what file systems can hold."""
_WHOLE = 8_000
_PLAIN = "!$&'()*+,;=:@~"
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]*")
_AS_IT_IS = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,254})+/?")
"""A path that is itself when it is decoded, and leads nowhere else."""


def segments(raw: str) -> tuple[str, ...]:
    """The decoded segments of an encoded path; a slash at its end, or after another, means nothing. Raises Invalid
    for a path that leaves its place, is not UTF-8, or has what no name may have."""
    if not raw.startswith("/") or len(raw) > _WHOLE:
        raise Invalid("this is no path", field="path")
    parts = tuple(part for part in raw.split("/") if part)
    if len(parts) > MOST_SEGMENTS:
        raise Invalid("the path is too deep", field="path")
    return parts if _AS_IT_IS.fullmatch(raw) else tuple(map(_segment, parts))


def _segment(raw: str) -> str:
    try:
        name = unicodedata.normalize("NFC", unquote_to_bytes(raw).decode())
    except UnicodeDecodeError as error:
        raise Invalid("a path is UTF-8", field="path") from error
    check(name)
    return name


def check(name: str) -> None:
    """Raises Invalid for what cannot be a name in any collection."""
    if name in ("", ".", "..") or "/" in name or len(name.encode("utf-8", "replace")) > MOST_BYTES:
        raise Invalid("a name is not empty, no dots alone, has no slash and at most 255 bytes", field="path")
    if not name.isprintable() and any(unicodedata.category(each) in ("Cc", "Cs") for each in name):
        raise Invalid("a name has no control characters", field="path")


def encoded(*parts: str, collection: bool = False) -> str:
    """The path of decoded segments."""
    if not parts:
        return "/"
    path = f"{_around(parts[:-1])}/{_quoted(parts[-1])}"
    return path + "/" if collection else path


@lru_cache(maxsize=1000)
def _around(parts: tuple[str, ...]) -> str:
    """What stands before the last segment: the same for all members of a collection."""
    return "".join("/" + _quoted(each) for each in parts)


def quoted(names: Sequence[str]) -> Sequence[str]:
    """Segments as a path has them."""
    return names if _UNRESERVED.fullmatch("".join(names)) else list(map(_quoted, names))


def _quoted(name: str) -> str:
    return name if _UNRESERVED.fullmatch(name) else quote(name, safe=_PLAIN)


def local(given: str, hosts: frozenset[str]) -> str | None:
    """The encoded path of a URI (or path) that a client sends for a resource of this server; None when it names
    another server. Raises Invalid. RFC 4918 §8.3, §10.3"""
    if _AS_IT_IS.fullmatch(given):
        return given
    try:
        found = urlsplit(given.strip())
    except ValueError as error:
        raise Invalid("this is no URI") from error
    elsewhere = found.scheme not in ("http", "https") or found.netloc.rpartition("@")[2].lower() not in hosts
    if elsewhere and (found.scheme or found.netloc):
        return None
    if not found.path.startswith("/"):
        raise Invalid("this is no absolute path")
    return found.path
