"""The request headers of WebDAV and of conditional requests. RFC 4918 §8.5, §10, RFC 9110 §13, RFC 8144,
RFC 7240"""

import re
from dataclasses import dataclass
from typing import Literal

from parvis.kernel.errors import Invalid

INFINITY = -1
Depth = int
MOST_SECONDS = 86_400
_ETAG = re.compile(r'\s*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*')
_MOST_TAGS = 100


def depth(given: str | None, default: Depth) -> Depth:
    """The Depth header: 0, 1 or INFINITY. Raises Invalid. RFC 4918 §10.2"""
    if given is None:
        return default
    found = {"0": 0, "1": 1, "infinity": INFINITY}.get(given.strip().lower().removesuffix(",noroot"))
    if found is None:
        raise Invalid("Depth is 0, 1 or infinity", field="Depth")
    return found


def overwrite(given: str | None) -> bool:
    """The Overwrite header; T when there is none. Raises Invalid. RFC 4918 §10.6"""
    if given is None:
        return True
    if given.strip().upper() not in ("T", "F"):
        raise Invalid("Overwrite is T or F", field="Overwrite")
    return given.strip().upper() == "T"


def timeout(given: str | None, default: int) -> int:
    """The Timeout header: the first time it names, in seconds, at most a day. RFC 4918 §10.7"""
    for word in (given or "").split(","):
        name, _, number = word.strip().partition("-")
        if word.strip().lower() == "infinite":
            return MOST_SECONDS
        if name.lower() == "second" and number.isascii() and number.isdigit():
            return max(1, min(int(number[:12]), MOST_SECONDS))
    return default


def lock_token(given: str | None) -> str:
    """The Lock-Token header's token. Raises Invalid. RFC 4918 §10.5"""
    match = re.fullmatch(r"\s*<([^<>\s]{1,500})>\s*", given or "")
    if match is None:
        raise Invalid("Lock-Token is a token in angle brackets", field="Lock-Token")
    return match[1]


@dataclass(frozen=True, slots=True)
class Tags:
    """If-Match or If-None-Match. `any` stands for `*`."""

    any: bool
    strong: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()

    def has(self, etag: str, *, weakly: bool = False) -> bool:
        """Whether an entity tag (opaque, ours are all strong) is among them; "" is that of nothing."""
        return bool(etag) and (etag in self.strong or (weakly and etag in self.weak))


def etags(given: str | None) -> Tags | None:
    """A list of entity tags; None when the header is not there. Raises Invalid. RFC 9110 §13.1.1"""
    if given is None:
        return None
    if given.strip() == "*":
        return Tags(True)
    strong: set[str] = set()
    weak: set[str] = set()
    place = 0
    if not given.strip():
        raise Invalid("this is no list of entity tags")
    while place < len(given):
        match = _ETAG.match(given, place)
        if match is None or len(strong) + len(weak) >= _MOST_TAGS:
            return _lenient(given)
        (weak if match[1] else strong).add(match[2])
        place = match.end()
        if place < len(given):
            if given[place] != ",":
                return _lenient(given)
            place += 1
    return Tags(False, frozenset(strong), frozenset(weak))


def _lenient(given: str) -> Tags:
    """One tag without its quotes, as some clients send it. Raises Invalid."""
    word = given.strip()
    if re.fullmatch(r"[\x21\x23-\x2b\x2d-\x7e]{1,200}", word):
        return Tags(False, frozenset({word}))
    raise Invalid("this is no list of entity tags")


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the client would like. RFC 8144, RFC 7240 §4.2"""

    returned: Literal["minimal", "representation", ""] = ""
    no_root: bool = False


def preferences(prefer: str | None, brief: str | None) -> Preferences:
    """The headers Prefer and Brief."""
    returned: Literal["minimal", "representation", ""] = ""
    no_root = False
    for word in re.split(r"[,;]", prefer or ""):
        name, _, value = word.strip().lower().replace(" ", "").partition("=")
        choice = value.strip('"')
        if name in ("return", "return-minimal") and not returned:  # the first counts: RFC 7240 §2
            returned = "minimal" if choice in ("minimal", "") else "representation"
        no_root = no_root or name == "depth-noroot"
    if not returned and (brief or "").strip().lower() == "t":
        returned = "minimal"
    return Preferences(returned, no_root)
