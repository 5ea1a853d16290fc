"""Filters as SQL on `p` (search_passage) and `i` (search_item); the same words on both databases."""

from collections.abc import Sequence

from parvis.kernel.languages import fold
from parvis.search.request import Filters
from parvis.store.sql.contract import marks

COLUMNS = """p.id, p.language, p.part, p.start_at, p.end_at, p.place, p.scope_id, p.item_id, i.account_id, i.kind,
    i.object_id, i.title, i.author, i.time_ms, i.origin, c.body, c.heading"""
SEEN = """seen AS MATERIALIZED (SELECT DISTINCT v.scope_id FROM visible v
    WHERE v.principal_id = ? AND (v.rights & ?) = ?
    AND (v.expires_ms IS NULL OR v.expires_ms > ?))"""
"""The scopes the asker sees at this moment; parameters as `access.gate.visible` gives them."""
IN_SIGHT = "p.scope_id + 0 IN (SELECT scope_id FROM seen)"
"""Whether a passage is in one of them. With `+ 0` no index fits: it is asked of the few that were found, and no
plan begins with all that the asker sees."""
FIRST_MS, LAST_MS = -(1 << 60), 1 << 60


def conditions(filters: Filters, kinds: Sequence[str], accounts: Sequence[int]) -> tuple[str, list[object]]:
    """` AND ...` with its parameters; empty when nothing is limited."""
    found: list[tuple[str, list[object]]] = []
    if kinds:
        found.append((f"i.kind IN {marks(len(kinds))}", list(kinds)))
    if accounts:
        found.append((f"i.account_id IN {marks(len(accounts))}", list(accounts)))
    if filters.author:
        found.append(("i.people LIKE ? ESCAPE '\\'", [like(filters.author, author=True)]))
    if filters.person:
        found.append(("i.people LIKE ? ESCAPE '\\'", [like(filters.person)]))
    if filters.after_ms is not None:
        found.append(("p.time_ms >= ?", [filters.after_ms]))
    if filters.before_ms is not None:
        found.append(("p.time_ms < ?", [filters.before_ms]))
    if filters.has_attachment is not None:
        found.append(("i.has_attachment = ?", [int(filters.has_attachment)]))
    if filters.mailboxes:
        any_of = " OR ".join(["i.labels LIKE ?"] * len(filters.mailboxes))
        found.append((f"({any_of})", [f"% m{number} %" for number in filters.mailboxes]))
    for keyword in filters.keywords:
        found.append(("i.labels LIKE ? ESCAPE '\\'", [f"% k{escaped(keyword.lower())} %"]))
    if filters.languages:
        found.append((f"p.language IN {marks(len(filters.languages))}", list(filters.languages)))
    if filters.scopes:
        found.append((f"p.scope_id + 0 IN {marks(len(filters.scopes))}", list(filters.scopes)))
    if filters.file_names_only:
        found.append(("p.part <> 'body'", []))
    return "".join(f" AND {sql}" for sql, _ in found), [value for _, values in found for value in values]


def labels(mailboxes: Sequence[int], keywords: Sequence[str]) -> str:
    """The form in which an item keeps what filters ask for."""
    words = [*(f"m{number}" for number in mailboxes), *(f"k{keyword.lower()}" for keyword in keywords)]
    return f" {' '.join(words)} "


def people(author: str, others: Sequence[str]) -> str:
    """The folded names and addresses of an item, the author's first."""
    rest = [fold(person).replace("\n", " ") for person in others if person != author]
    name = fold(author).replace("\n", " ")
    return f"\n{name}\n\n" + "\n".join(rest)


def like(part: str, *, author: bool = False) -> str:
    """A LIKE pattern for people as `people` writes them. The author stands before the first empty line."""
    folded = escaped(fold(part).replace("\n", " "))
    return f"%{folded}%\n\n%" if author else f"%{folded}%"


def escaped(text: str) -> str:
    """Text in which LIKE finds nothing special, with `\\` as the escape."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
