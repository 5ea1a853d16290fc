"""Names of Maildir files and folders: flags, keywords, time of arrival (cr.yp.to/proto/maildir.html, Maildir++)."""

import binascii
import re
from datetime import UTC, datetime
from typing import NamedTuple

_NAME = re.compile(r"(?P<unique>[^:;!]+)(?:[:;!]2,(?P<flags>[A-Za-z,]*))?\Z")
_SIZE = re.compile(r",S=(\d{1,15})(?:,|\Z)")
_SECONDS = re.compile(r"(\d{5,11})[._]")
_FLAGS = {"S": "$seen", "R": "$answered", "F": "$flagged", "D": "$draft", "T": "$deleted", "P": "$forwarded"}
_SHIFT = re.compile(r"&([A-Za-z0-9+,]*)-?")
_KEYWORD = re.compile(r"[!#-$&-'*-\[\]-z|}~]{1,255}\Z")


class MaildirName(NamedTuple):
    """What the name of a Maildir file tells."""

    unique: str
    """The part that stays when flags change: the key to resume by."""
    keywords: frozenset[str]
    """JMAP keywords; `$deleted` for `T`."""
    date: datetime | None
    """When it was delivered."""
    size: int | None
    """Bytes, where the name says so (`S=`)."""


def parse_name(name: str, keywords: dict[str, str] | None = None) -> MaildirName | None:
    """A file name in `cur` or `new`; `None` for names of other files. `keywords` are those of Dovecot's small
    letters. Windows writes `;` or `!` for the colon."""
    match = _NAME.match(name)
    if match is None or name.startswith("."):
        return None
    letters = match["flags"] or ""
    own = keywords or {}
    found = {_FLAGS[letter] for letter in letters if letter in _FLAGS}
    found |= {own[letter] for letter in letters if letter in own}
    seconds, size = _SECONDS.match(name), _SIZE.search(match["unique"])
    return MaildirName(
        match["unique"],
        frozenset(found),
        datetime.fromtimestamp(int(seconds.group(1)), UTC) if seconds else None,
        int(size.group(1)) if size else None,
    )


def dovecot_keywords(text: str) -> dict[str, str]:
    """The file `dovecot-keywords`: `0 $Label1` a line; gives letters and JMAP keywords."""
    found = {}
    for line in text.splitlines()[:26]:
        number, _, keyword = line.strip().partition(" ")
        if number.isdecimal() and int(number) < 26 and _KEYWORD.match(keyword.lower()):
            found[chr(ord("a") + int(number))] = keyword.lower()
    return found


def folder_of(directory: str) -> tuple[str, ...]:
    """The mailbox of a Maildir++ folder: `.Envoy&AOk-s.2020` is `("Envoyés", "2020")`; the top itself is `()`."""
    name = directory.strip("/").rpartition("/")[2]
    if not name.startswith("."):
        return ()
    return tuple(from_mutf7(part) for part in name[1:].split(".") if part)


def from_mutf7(name: str) -> str:
    """A mailbox name in modified UTF-7 (RFC 3501 §5.1.3) as text; what is wrong in it stays as it is."""
    return _SHIFT.sub(_unshifted, name) if "&" in name else name


def _unshifted(match: re.Match[str]) -> str:
    letters = match.group(1)
    if not letters:
        return "&" if match.group().endswith("-") else match.group()
    try:
        data = binascii.a2b_base64(letters.replace(",", "/") + "=" * (-len(letters) % 4))
        return data[: len(data) // 2 * 2].decode("utf-16-be")
    except (binascii.Error, UnicodeDecodeError):
        return match.group()


def to_mutf7(name: str) -> str:
    """Text as a mailbox name in modified UTF-7 (RFC 3501 §5.1.3)."""
    return _PLAIN.sub(_shifted, name.replace("&", "&-"))


_PLAIN = re.compile(r"[^\x20-\x7e]+")


def _shifted(match: re.Match[str]) -> str:
    letters = binascii.b2a_base64(match.group().encode("utf-16-be", "replace"), newline=False).decode("ascii")
    return "&" + letters.rstrip("=").replace("/", ",") + "-"
