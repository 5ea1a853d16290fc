"""Finding messages: conditions and orders as SQL, lists by date out of the indexes alone. RFC 8621 §4.4"""

import asyncio
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from parvis.kernel import clock
from parvis.kernel.errors import Unavailable
from parvis.kernel.languages import fold
from parvis.mail.counts import pages
from parvis.mail.message import message_key
from parvis.mail.textindex import FIELDS, text_index
from parvis.mail.words import terms
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import Page, Window
from parvis.store.sql.contract import Database, marks
from parvis.store.store import Store
from parvis.wire import mime

__all__ = ["MUTABLE", "TEXT_FIELDS", "Account", "Listing", "Question", "Sort", "page", "pages"]

TEXT_FIELDS: dict[str, tuple[str, ...]] = {
    "text": FIELDS,
    "from_": ("sender",),
    "to": ("recipient",),
    "cc": ("copied",),
    "bcc": ("blind",),
    "subject": ("subject",),
    "body": ("body",),
}
MUTABLE = frozenset(
    {
        "in_mailbox", "in_mailbox_other_than", "has_keyword", "not_keyword", "all_in_thread_have_keyword",
        "some_in_thread_have_keyword", "none_in_thread_have_keyword",
    }
)  # fmt: skip
_HAS = "EXISTS (SELECT 1 FROM email_keyword k WHERE k.email_id = {}.id AND k.keyword = ?)"
_SOME = f"EXISTS (SELECT 1 FROM email t WHERE t.thread_id = e.thread_id AND {_HAS.format('t')})"
_ALL = f"NOT EXISTS (SELECT 1 FROM email t WHERE t.thread_id = e.thread_id AND NOT {_HAS.format('t')})"
_SIMPLE = {
    "in_mailbox": "EXISTS (SELECT 1 FROM email_mailbox m WHERE m.email_id = e.id AND m.mailbox_id = ?)",
    "min_size": "e.size >= ?",
    "max_size": "e.size < ?",
    "has_keyword": _HAS.format("e"),
    "not_keyword": f"NOT {_HAS.format('e')}",
    "some_in_thread_have_keyword": _SOME,
    "none_in_thread_have_keyword": f"NOT {_SOME}",
    "all_in_thread_have_keyword": _ALL,
}
_ORDERS = {
    "receivedAt": "e.received_ms",
    "size": "e.size",
    "from": "e.sort_from",
    "to": "e.sort_to",
    "subject": "e.sort_subject",
    "sentAt": "COALESCE(e.sent_ms, e.received_ms)",
    "hasKeyword": f"CASE WHEN {_HAS.format('e')} THEN 1 ELSE 0 END",
    "someInThreadHaveKeyword": f"CASE WHEN {_SOME} THEN 1 ELSE 0 END",
    "allInThreadHaveKeyword": f"CASE WHEN {_ALL} THEN 1 ELSE 0 END",
}
_HEADERS = """SELECT e.id, p.headers, e.received_ms FROM email e JOIN email_part p ON p.email_id = e.id
    WHERE e.account_id = ? AND (e.received_ms, e.id) > (?, ?) ORDER BY e.received_ms, e.id LIMIT ?"""
_HEADER_PAGE = 4000
_SHORT = 2000
"""Rows that are read, or passed over, while others wait."""
_HEADER_SECONDS = 10.0


class Account:
    """Conditions on the messages of one account, for one question."""

    def __init__(self, store: Store, account_id: int) -> None:
        self._store, self._account_id = store, account_id
        self._text = text_index(store.db.dialect, account_id)
        self._end = clock.monotonic() + _HEADER_SECONDS

    def condition(
        self, name: str, value: Any, headers: Mapping[tuple[str, ...], list[int]]
    ) -> tuple[str, list[Any]]:
        """One condition on `e` as SQL. `headers` has the answers of `with_header`."""
        if name in TEXT_FIELDS:
            if not terms(value):
                return ("1 = 1" if not value.strip() else "1 = 0"), []
            subquery, parameters = self._text.matching(TEXT_FIELDS[name], value)
            return f"e.id IN {subquery}", list(parameters)
        if name in ("before", "after"):
            sign = "<" if name == "before" else ">="
            return f"e.received_ms {sign} ?", [clock.parse_utc(value)]
        if name == "has_attachment":
            return "e.has_attachment = ?", [int(value)]
        if name == "in_mailbox_other_than":
            inside = "SELECT 1 FROM email_mailbox m WHERE m.email_id = e.id AND m.mailbox_id NOT IN"
            return f"EXISTS ({inside} {marks(len(value)) if value else '(0)'})", list(value)
        if name == "header":
            return _among(headers[tuple(value)])
        return _SIMPLE[name], [value.lower() if isinstance(value, str) else value]

    async def with_header(self, name: str, text: str | None = None) -> list[int]:
        """Messages that have a header field of this name, with this text in it when given. Looks into the stored
        header block of every message of the account, off the loop and some at a time; a whole Message-ID has an
        index. Raises Unavailable when that takes too long, for all such conditions of a question together."""
        if text and name.lower() == "message-id" and (found := await self._by_message_id(text)):
            return found
        found, place = [], (-(1 << 62), 0)
        while (left := self._end - clock.monotonic()) > 0:
            rows = await self._store.db.scan(_HEADERS, self._account_id, *place, _HEADER_PAGE, seconds=left)
            found += await asyncio.to_thread(_matching, rows, name, text)
            if len(rows) < _HEADER_PAGE:
                return found
            place = (rows[-1][2], rows[-1][0])
        raise Unavailable("the search in header fields took too long", seconds=_HEADER_SECONDS)

    async def _by_message_id(self, text: str) -> list[int]:
        rows = await self._store.db.rows(
            "SELECT id FROM email WHERE account_id = ? AND message_ref = ?",
            self._account_id,
            message_key(text.strip().removeprefix("<").removesuffix(">")),
        )
        return [row[0] for row in rows]


def _matching(rows: Sequence[Sequence[Any]], name: str, text: str | None) -> list[int]:
    wanted, begins = None if text is None else fold(text.strip()), name.lower().encode("utf-8", "replace") + b":"
    found = []
    for email_id, packed, _ in rows:
        block = zlib.decompress(packed)
        if begins not in block.lower():
            continue
        fields = mime.parse(block).root.all(name)
        if fields and (wanted is None or any(wanted in fold(mime.as_text(field.value)) for field in fields)):
            found.append(email_id)
    return found


def _among(numbers: Sequence[int]) -> tuple[str, list[Any]]:
    listed = ",".join(str(int(number)) for number in numbers)
    return (f"e.id IN ({listed})" if listed else "1 = 0"), []


@dataclass(frozen=True, slots=True)
class Sort:
    """One comparator."""

    property: str
    ascending: bool
    keyword: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A whole query as SQL over `e`."""

    account_id: int
    where: str
    parameters: list[Any]
    sort: list[Sort] = field(default_factory=list)
    collapse: bool = False
    mailbox_id: int | None = None
    """A mailbox that every result is in: its index by date may lead."""
    has_text: bool = False

    def statement(self, limit: int | None = None) -> tuple[str, list[Any]]:
        """`(id, thread_id)` rows in order."""
        sort = self.sort or [Sort("receivedAt", False)]
        by_date = sort[0].property == "receivedAt" and len(sort) == 1
        leads = self.mailbox_id is not None and by_date and not self.has_text
        if leads:
            source, first = "email_mailbox b CROSS JOIN email e", "e.id = b.email_id AND b.mailbox_id = ? AND"
            order = ["b.received_ms " + _way(sort[0]), "b.email_id " + _way(sort[0])]
            parameters = [self.mailbox_id, self.account_id, *self.parameters]
        else:
            source, first = "email e", ""
            order = [f"{_ORDERS[one.property]} {_way(one)}" for one in sort]
            if not by_date and all(one.property != "receivedAt" for one in sort):
                order.append("e.received_ms DESC")
            order.append(
                "e.id " + _way(next((one for one in sort if one.property == "receivedAt"), Sort("", False)))
            )
            keywords = [one.keyword for one in sort if one.keyword]
            parameters = [self.account_id, *self.parameters, *keywords]
        account = "+e.account_id = ?" if self.has_text or leads else "e.account_id = ?"
        sql = f"SELECT e.id, e.thread_id FROM {source} WHERE {first} {account} AND ({self.where})"
        sql += f" ORDER BY {', '.join(order)}"
        return (sql, parameters) if limit is None else (f"{sql} LIMIT {int(limit)}", parameters)

    async def all(self, db: Database) -> list[int]:
        """All ids of the result in order."""
        sql, parameters = self.statement()
        return self._distinct(await db.scan(sql, *parameters))

    async def first(self, db: Database, count: int) -> tuple[list[int], bool]:
        """The first ids of the result, `count` of them or all, and whether they are all."""
        asked = count if not self.collapse else 2 * count + 50
        while True:
            sql, parameters = self.statement(asked)
            rows = await db.scan(sql, *parameters)
            found = self._distinct(rows)
            if len(rows) < asked or len(found) >= count:
                return found[:count], len(rows) < asked and len(found) <= count
            asked *= 4

    def _distinct(self, rows: Sequence[Sequence[Any]]) -> list[int]:
        if not self.collapse:
            return [row[0] for row in rows]
        seen: dict[int, int] = {}
        for number, thread_id in rows:
            seen.setdefault(thread_id, number)
        return list(seen.values())


def _way(sort: Sort) -> str:
    return "ASC" if sort.ascending else "DESC"


async def page(db: Database, question: Question, window: Window) -> Page:
    """A part of any result: only its beginning is worked out when that is enough."""
    if window.anchor is None and window.position >= 0 and window.limit is not None and not window.total:
        found, _ = await question.first(db, window.position + window.limit)
        return Page(found[window.position :], window.position)
    result = await question.all(db)
    start = _start(result, window)
    end = None if window.limit is None else start + window.limit
    return Page(result[start:end], start, len(result))


def _start(result: Sequence[int], window: Window) -> int:
    if window.anchor is None:
        return window.position if window.position >= 0 else max(0, len(result) + window.position)
    try:
        return max(0, result.index(window.anchor) + window.anchor_offset)
    except ValueError:
        raise MethodError("anchorNotFound", "no such id in the result") from None


@dataclass(frozen=True, slots=True)
class Listing:
    """One mailbox, or the whole account, by date: everything comes out of one index."""

    account_id: int
    mailbox_id: int | None
    collapse: bool
    ascending: bool

    async def page(self, db: Database, window: Window) -> Page | None:
        """The part that a window wants, or None when this index cannot tell (an anchor whose thread shows another
        message)."""
        total = await self.total(db)
        if not total and window.anchor is None:
            return Page([], 0, 0)
        start = window.position if window.position >= 0 else max(0, total + window.position)
        if window.anchor is not None:
            place = await self._place(db, window.anchor) if total else None
            if place is None:
                return None
            start = max(0, place + window.anchor_offset)
        table, number, moment, where, parameters = self._source()
        way = "ASC" if self.ascending else "DESC"
        limit = window.limit if window.limit is not None else total
        read = db.rows if start + limit <= _SHORT else db.scan
        rows = await read(
            f"SELECT {number} FROM {table} WHERE {where} ORDER BY {moment} {way}, {number} {way} LIMIT ? OFFSET ?",
            *parameters,
            limit,
            start,
        )
        return Page([row[0] for row in rows], start, total)

    def _source(self) -> tuple[str, str, str, str, list[Any]]:
        if self.mailbox_id is None:
            return "email", "id", "received_ms", "account_id = ?", [self.account_id]
        if self.collapse:
            return "thread_mailbox", "newest_id", "newest_ms", "mailbox_id = ?", [self.mailbox_id]
        return "email_mailbox", "email_id", "received_ms", "mailbox_id = ?", [self.mailbox_id]

    async def total(self, db: Database) -> int:
        """From the counts; a mailbox of another account has none."""
        if self.mailbox_id is None:
            return int(
                await db.value("SELECT messages FROM mail_account WHERE account_id = ?", self.account_id) or 0
            )
        column = "total_threads" if self.collapse else "total_emails"
        found = await db.value(
            f"SELECT {column} FROM mailbox WHERE id = ? AND account_id = ?", self.mailbox_id, self.account_id
        )
        return int(found or 0)

    async def places(self, db: Database, numbers: Sequence[int]) -> list[tuple[int, int]]:
        """`(index, id)` of those that are in the list, in order."""
        if not await self.total(db):
            return []
        found = [(await self._place(db, number), number) for number in numbers]
        return sorted((place, number) for place, number in found if place is not None)

    async def _place(self, db: Database, anchor: int) -> int | None:
        """How many come before the anchor."""
        table, number, moment, where, parameters = self._source()
        received = await db.value("SELECT received_ms FROM email WHERE id = ?", anchor)
        row = await db.row(
            f"SELECT {moment} FROM {table} WHERE {where} AND {moment} = ? AND {number} = ?",
            *parameters,
            received,
            anchor,
        )
        if row is None:
            return None
        sign = "<" if self.ascending else ">"
        rows = await db.scan(
            f"SELECT COUNT(*) FROM {table} WHERE {where} AND ({moment}, {number}) {sign} (?, ?)",
            *parameters,
            row[0],
            anchor,
        )
        return int(rows[0][0])
