"""OPTIONS: what is understood here. RFC 4918 §10.1, §18, RFC 3744 §7.2, RFC 4791 §2, §3.1, §5.1,
RFC 6352 §3, §6.1"""

from parvis.serve.dav.resource import Path, Trees
from parvis.serve.http.exchange import Response

METHODS = (
    "OPTIONS, GET, HEAD, POST, PUT, DELETE, PROPFIND, PROPPATCH, MKCOL, MKCALENDAR, COPY, MOVE, LOCK, UNLOCK, "
    "REPORT"
)
_BASE = ("1", "3", "access-control", "extended-mkcol", "sync-collection", "add-member")
_HOMES = {"calendars": ("calendar-access",), "addressbooks": ("addressbook",), "files": ()}


def compliance(trees: Trees, path: Path) -> str:
    """The DAV header of a path: what its home can do; above the homes what any of them can."""
    homes = [home for home in trees.homes() if not path or path[0] not in _HOMES or path[0] == home]
    words = list(_BASE)
    for home in homes:
        words += _HOMES[home]
        words += [word for tree in trees.of(home) for word in tree.compliance]
    if any(tree.lockable for home in homes for tree in trees.of(home)):
        words.insert(1, "2")
    return ", ".join(dict.fromkeys(words))


def answer(trees: Trees, path: Path) -> Response:
    """The method. It needs no sign-in, as it tells nothing of anybody: some clients ask before they know how."""
    headers = [
        ("dav", compliance(trees, path)),
        ("allow", METHODS),
        ("ms-author-via", "DAV"),
        ("accept-ranges", "bytes"),
    ]
    return Response(200, b"", headers)
