"""ContactCard/query by the index of words: nothing is read of the cards themselves. RFC 9610 §3.3"""

from collections.abc import Sequence
from typing import Any

from parvis.access.gate import VISIBLE, visible
from parvis.contacts import index
from parvis.contacts.index import FIELDS
from parvis.contacts.model import CardCondition
from parvis.kernel import clock
from parvis.kernel.errors import Invalid
from parvis.serve.dav.tree import Search
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.filters import compiled
from parvis.serve.jmap.kind import Comparator, Query

SORTS = frozenset({"created", "updated", "name/given", "name/surname", "name/surname2", "name"})
_COLUMNS = {
    "created": "c.created_ms",
    "updated": "c.updated_ms",
    "name/given": "c.given",
    "name/surname": "c.surname",
    "name/surname2": "c.surname2",
    "name": "c.folded",
}
_TEXTS = {
    "name": "name",
    "given": "given",
    "surname": "surname",
    "surname2": "surname2",
    "nickname": "nickname",
    "organization": "organization",
    "email": "email",
    "phone": "phone",
    "online_service": "onlineService",
    "address": "address",
    "note": "note",
}
ANY = ("name", "nickname", "organization", "email", "phone", "onlineService", "address", "note")
_LAST = "\U0010ffff"
Sql = tuple[str, list[Any]]


async def query(call: Call, question: Query) -> Sequence[int]:
    """All ids of the result, in order."""
    where, parameters = compiled(question.filter, lambda condition: _condition(call, condition))
    order = ", ".join(
        f"{_COLUMNS[each.property]} {'ASC' if each.is_ascending else 'DESC'}" for each in question.sort
    )
    rows = await call.context.store.db.scan(
        f"""SELECT c.id FROM contact_card c WHERE c.account_id = ? AND c.book_id IN {VISIBLE} AND {where}
        ORDER BY {order + ", " if order else ""}c.id""",
        call.account_id,
        *visible(call.principal),
        *parameters,
    )
    return [row[0] for row in rows]


def check_sort(sort: Comparator) -> None:
    """Collations other than the order of folded text are not kept. RFC 8620 §5.5"""
    if sort.more:
        raise MethodError("unsupportedSort", "a comparator has no further properties")


def _condition(call: Call, asked: CardCondition) -> Sql:
    parts = [*_exact(call, asked), *_moments(asked)]
    for member, field in _TEXTS.items():
        if (text := getattr(asked, member)) is not None:
            parts.append(words(call.account_id, (field,), text))
    if asked.text is not None:
        parts.append(words(call.account_id, ANY, asked.text))
    if not parts:
        return "1 = 1", []
    return " AND ".join(sql for sql, _ in parts), [value for _, values in parts for value in values]


def _exact(call: Call, asked: CardCondition) -> list[Sql]:
    parts: list[Sql] = []
    if asked.in_address_book is not None:
        parts.append(("c.book_id = ?", [call.number(asked.in_address_book) or 0]))
    if asked.uid is not None:
        parts.append(("c.uid = ?", [asked.uid]))
    if asked.kind is not None:
        parts.append(("c.kind = ?", [asked.kind]))
    if asked.has_member is not None:
        member = asked.has_member.removeprefix("urn:uuid:")[:255]
        parts.append((_HAS.format(fields="('member')", word="w.word = ?"), [call.account_id, member]))
    return parts


_HAS = "c.id IN (SELECT w.card_id FROM contact_word w WHERE w.account_id = ? AND w.field IN {fields} AND {word})"


def _moments(asked: CardCondition) -> list[Sql]:
    parts: list[Sql] = []
    for given, sql in (
        (asked.created_before, "c.created_ms < ?"),
        (asked.created_after, "c.created_ms >= ?"),
        (asked.updated_before, "c.updated_ms < ?"),
        (asked.updated_after, "c.updated_ms >= ?"),
    ):
        if given is not None:
            try:
                parts.append((sql, [clock.parse_utc(given)]))
            except Invalid as error:
                raise MethodError("invalidArguments", f"filter: {given[:40]!r} is no date") from error
    return parts


def words(account_id: int, fields: Sequence[str], text: str) -> Sql:
    """Cards with all words of a text in some fields: each begins a word there, in quotes they stand together."""
    assert FIELDS.issuperset(fields)
    listed = "(" + ", ".join(f"'{field}'" for field in fields) + ")"
    parts: list[Sql] = []
    for phrase in index.phrases(text):
        for word in phrase:
            begins = _HAS.format(fields=listed, word="w.word >= ? AND w.word < ?")
            parts.append((begins, [account_id, word, word + _LAST]))
        if len(phrase) > 1:
            # the index knows words, the folded text their order
            parts.append(("c.text LIKE ?", [f"%{_joined(phrase)}%"]))
    if not parts:
        return "1 = 1" if not text.strip() else "1 = 0", []
    return " AND ".join(sql for sql, _ in parts), [value for _, values in parts for value in values]


_DAV = {"FN": "name", "N": "name", "NICKNAME": "nickname", "EMAIL": "email", "TEL": "phone", "ORG": "organization"}
"""Properties of vCard whose text the folded text of a card has."""


def contains(search: Search) -> Sql:
    """Cards of which CardDAV's filter may be true: too many, never too few. RFC 6352 §10.5"""
    parts: list[Sql] = []
    if search.uid:
        parts.append(("c.uid = ?", [search.uid]))
    for name, text in search.text.items():
        if name == "UID":
            continue
        for word in index.words_of(text) if name in _DAV and name != "TEL" else ():
            parts.append((f"(c.text LIKE ? OR LENGTH(c.text) >= {index.MOST_TEXT})", [f"%{word}%"]))
    if not parts:
        return "1 = 1", []
    return " AND ".join(sql for sql, _ in parts), [value for _, values in parts for value in values]


def _joined(phrase: Sequence[str]) -> str:
    """Words as they stand in a text, with one sign between them."""
    return "_".join(phrase)
