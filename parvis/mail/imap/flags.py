r"""Keywords as flags: `$seen` is \Seen, others stay what they are. RFC 8621 §4.1.1, RFC 9051 §2.3.2"""

from collections.abc import Collection, Iterable

from parvis.kernel.errors import Invalid
from parvis.mail.model import keyword_set
from parvis.wire.imap import search as keys
from parvis.wire.imap.search import SearchKey

_SYSTEM = {"$answered": r"\Answered", "$flagged": r"\Flagged", "$draft": r"\Draft", "$seen": r"\Seen"}
_KEYWORDS = {flag.lower(): keyword for keyword, flag in _SYSTEM.items()}
_AS_REGISTERED = {
    word.lower(): word
    for word in (
        "$Forwarded", "$MDNSent", "$Junk", "$NotJunk", "$Phishing", "$Important", "$SubmitPending", "$Submitted",
    )
}  # fmt: skip
"""How IANA writes them."""
SYSTEM = (r"\Answered", r"\Flagged", r"\Deleted", r"\Seen", r"\Draft")
DELETED = "\\deleted"


def written(keywords: Iterable[str], *, deleted: bool = False, recent: bool = False) -> str:
    """The flags of a message, as they stand between parentheses."""
    system = [r"\Recent"] if recent else []
    system += [flag for keyword, flag in _SYSTEM.items() if keyword in keywords]
    others = sorted(as_flag(word) for word in keywords if word not in _SYSTEM)
    return " ".join([*system, *([r"\Deleted"] if deleted else []), *others])


def as_flag(keyword: str) -> str:
    """A keyword as it is written: `$Forwarded`."""
    return _SYSTEM.get(keyword) or _AS_REGISTERED.get(keyword, keyword)


def read(flags: Iterable[str]) -> tuple[frozenset[str], bool]:
    r"""Keywords for flags, and whether \Deleted is among them. \Recent is the server's alone and is passed over.
    Raises Invalid for a system flag that there is not."""
    keywords, deleted = [], False
    for flag in flags:
        lower = flag.lower()
        if lower == DELETED:
            deleted = True
        elif lower.startswith("\\") and lower not in _KEYWORDS and lower != "\\recent":
            raise Invalid(f"there is no flag {flag}", field="flags")
        elif lower != "\\recent":
            keywords.append(_KEYWORDS.get(lower, lower))
    return keyword_set(keywords), deleted


def keyword_of(flag: str) -> str:
    """The keyword of one flag name of a search (`SEEN`, `$Junk`)."""
    return _KEYWORDS.get("\\" + flag.lower(), flag.lower())


def is_stored_flag(key: SearchKey) -> bool:
    r"""Whether a search key asks about flags that the message has for everybody, as \Recent is not, or about
    nothing. RFC 9051 §6.4.4"""
    if isinstance(key, keys.Flag):
        return key.name.upper() != r"\RECENT"
    return isinstance(key, keys.Keyword | keys.All)


def has_flag(key: keys.Flag | keys.Keyword, keywords: Collection[str], deleted: bool) -> bool:
    """Whether a message with these keywords is what a search for a flag finds."""
    if isinstance(key, keys.Keyword):
        return (key.name.lower() in keywords) == key.present
    bare = key.name.removeprefix("\\").upper()
    return (deleted if bare == "DELETED" else keyword_of(bare) in keywords) == key.present
