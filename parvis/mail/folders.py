"""Names of mailboxes elsewhere and the roles they stand for, and what IMAP's flags are in JMAP."""

from collections.abc import Iterable

from parvis.kernel.errors import Invalid
from parvis.kernel.languages import fold
from parvis.mail.model import keyword_set

SPECIAL_USE = {
    "\\all": None,
    "\\archive": "archive",
    "\\drafts": "drafts",
    "\\flagged": None,
    "\\junk": "junk",
    "\\sent": "sent",
    "\\trash": "trash",
}
"""Attributes of RFC 6154 §2 and the roles that they stand for; None is a view of other mailboxes."""

_NAMES: dict[str, str] = {
    "inbox": "inbox|boite de reception|courrier entrant|hop thu den|hop thu",
    "sent": "sent|sent items|sent mail|sent messages|envoyes|messages envoyes|elements envoyes|da gui|thu da gui",
    "drafts": "drafts|draft|brouillons|thu nhap|ban nhap",
    "trash": "trash|deleted|deleted items|deleted messages|bin|corbeille|elements supprimes|thung rac|da xoa",
    "junk": "junk|spam|junk e-mail|junk email|bulk mail|indesirables|courrier indesirable|pourriel|thu rac",
    "archive": "archive|archives|all mail|luu tru",
}
_ROLES = {name: role for role, names in _NAMES.items() for name in names.split("|")}
_KEYWORDS = {"seen": "$seen", "answered": "$answered", "flagged": "$flagged", "draft": "$draft"}


def role_of(path: tuple[str, ...]) -> str | None:
    """The role that a path of names says in French, Vietnamese or English; a child of the inbox counts as top."""
    names = path[1:] if len(path) == 2 and fold(path[0]) == "inbox" else path
    return _ROLES.get(fold(names[0]).strip()) if len(names) == 1 else None


def keywords_of(flags: list[str]) -> frozenset[str] | None:
    """JMAP keywords of IMAP flags, or None for a message marked as deleted. RFC 8621 §4.1.1"""
    lowered = [flag.lower() for flag in flags]
    if "\\deleted" in lowered:
        return None
    system = {_KEYWORDS[flag[1:]] for flag in lowered if flag.startswith("\\") and flag[1:] in _KEYWORDS}
    return frozenset(system | {flag for flag in lowered if flag and not flag.startswith("\\")})


def allowed_keywords(words: Iterable[str]) -> frozenset[str]:
    """The keywords that JMAP allows; others carry nothing that could be shown."""
    allowed: set[str] = set()
    for word in words:
        try:
            allowed |= keyword_set([word])
        except Invalid:
            continue
    return frozenset(allowed)
