"""Email/query: what a client may ask, and pages that cost no more than themselves. RFC 8621 §4.4"""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from parvis.mail import query as mailquery
from parvis.mail.query import Question, Sort
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.filters import compiled
from parvis.serve.jmap.kind import (
    Comparator,
    Filter,
    Operator,
    Page,
    Query,
    QueryArguments,
    QueryChangesArguments,
    Window,
)
from parvis.serve.jmap.standing import read_state
from parvis.serve.jmap.types import UnsignedInt, UTCDate
from parvis.store.changes import Changes
from parvis.store.sql.contract import marks

KEYWORD_SORTS = frozenset({"hasKeyword", "allInThreadHaveKeyword", "someInThreadHaveKeyword"})
SORTS = frozenset({"receivedAt", "size", "from", "to", "subject", "sentAt"}) | KEYWORD_SORTS


class EmailQueryArguments(QueryArguments):
    """RFC 8621 §4.4"""

    collapse_threads: bool = False


class EmailQueryChangesArguments(QueryChangesArguments):
    """RFC 8621 §4.5"""

    collapse_threads: bool = False


class EmailCondition(msgspec.Struct, kw_only=True, rename="camel"):
    """RFC 8621 §4.4.1"""

    in_mailbox: str | UnsetType = UNSET
    in_mailbox_other_than: list[str] | UnsetType = UNSET
    before: UTCDate | UnsetType = UNSET
    after: UTCDate | UnsetType = UNSET
    min_size: UnsignedInt | UnsetType = UNSET
    max_size: UnsignedInt | UnsetType = UNSET
    all_in_thread_have_keyword: str | UnsetType = UNSET
    some_in_thread_have_keyword: str | UnsetType = UNSET
    none_in_thread_have_keyword: str | UnsetType = UNSET
    has_keyword: str | UnsetType = UNSET
    not_keyword: str | UnsetType = UNSET
    has_attachment: bool | UnsetType = UNSET
    text: str | UnsetType = UNSET
    from_: str | UnsetType = UNSET
    to: str | UnsetType = UNSET
    cc: str | UnsetType = UNSET
    bcc: str | UnsetType = UNSET
    subject: str | UnsetType = UNSET
    body: str | UnsetType = UNSET
    header: list[str] | UnsetType = UNSET

    def given(self) -> dict[str, Any]:
        """The conditions that are set, by field name."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not UNSET}


def check_sort(comparator: Comparator) -> None:
    """The keyword sorts need a keyword, the others nothing more. Raises MethodError."""
    keyword = comparator.more.get("keyword")
    if comparator.property in KEYWORD_SORTS:
        if not isinstance(keyword, str):
            raise MethodError("invalidArguments", f"sort by {comparator.property} needs a keyword")
    elif comparator.more:
        raise MethodError("invalidArguments", f"unknown in sort: {', '.join(sorted(comparator.more))}")
    if comparator.collation == "i;ascii-numeric":
        raise MethodError("unsupportedSort", "nothing here is numeric")


async def question_of(call: Call, asked: Query) -> Question:
    """The question as SQL; header conditions are answered first, because they look into stored header blocks."""
    account = mailquery.Account(call.context.store, call.account_id)
    found: dict[tuple[str, ...], list[int]] = {}
    for condition in leaves(asked.filter):
        header = condition.header
        if header is not UNSET:
            if not 1 <= len(header) <= 2:
                raise MethodError("invalidArguments", "header has one or two elements")
            if tuple(header) not in found:
                found[tuple(header)] = await account.with_header(*header)

    def leaf(condition: EmailCondition) -> tuple[str, list[Any]]:
        parts = [
            account.condition(name, _numbers(call, name, value), found) for name, value in condition.given().items()
        ]
        return " AND ".join(sql for sql, _ in parts) or "1 = 1", [one for _, values in parts for one in values]

    where, parameters = compiled(asked.filter, leaf)
    return Question(
        call.account_id,
        where,
        parameters,
        [Sort(one.property, one.is_ascending, str(one.more.get("keyword", "")).lower()) for one in asked.sort],
        bool(getattr(asked.arguments, "collapse_threads", False)),
        _driving_mailbox(call, asked.filter),
        any(_has_text(condition) for condition in _required(asked.filter)),
    )


def _numbers(call: Call, name: str, value: Any) -> Any:
    """Mailbox ids as numbers; one that is none of ours is 0, which no mailbox has."""
    if name == "in_mailbox":
        return call.number(value) or 0
    if name == "in_mailbox_other_than":
        return [call.number(one) or 0 for one in value]
    return value


def leaves(asked: Filter | None) -> list[EmailCondition]:
    """Every condition of a filter tree."""
    if asked is None:
        return []
    if isinstance(asked, Operator):
        return [leaf for one in asked.conditions for leaf in leaves(one)]
    assert isinstance(asked, EmailCondition)
    return [asked]


def _required(asked: Filter | None) -> list[EmailCondition]:
    """The conditions that every result meets: the top, through ANDs."""
    if isinstance(asked, Operator):
        return [one for each in asked.conditions for one in _required(each)] if asked.operator == "AND" else []
    return leaves(asked)


def _has_text(condition: EmailCondition) -> bool:
    return any(name in mailquery.TEXT_FIELDS for name in condition.given())


def _driving_mailbox(call: Call, asked: Filter | None) -> int | None:
    for condition in _required(asked):
        if condition.in_mailbox is not UNSET:
            return call.number(str(condition.in_mailbox)) or 0
    return None


async def query(call: Call, asked: Query) -> Sequence[int]:
    """All ids of the result."""
    return await (await question_of(call, asked)).all(call.context.store.db)


async def page(call: Call, asked: Query, window: Window) -> Page:
    """A part of the result, in time proportional to it wherever an index has the order."""
    db = call.context.store.db
    listing = plain(call, asked)
    if listing is not None and (found := await listing.page(db, window)) is not None:
        return found
    return await mailquery.page(db, await question_of(call, asked), window)


def plain(call: Call, asked: Query) -> mailquery.Listing | None:
    """The list of one mailbox, or of the account, by date: what clients show all day."""
    mailbox_id = None
    if asked.filter is not None:
        conditions = _required(asked.filter) if not isinstance(asked.filter, Operator) else []
        if len(conditions) != 1 or set(conditions[0].given()) - {"in_mailbox"}:
            return None
        if conditions[0].in_mailbox is not UNSET:
            mailbox_id = call.number(str(conditions[0].in_mailbox)) or 0
    collapse = bool(getattr(asked.arguments, "collapse_threads", False))
    sort = asked.sort
    if len(sort) > 1 or (sort and sort[0].property != "receivedAt"):
        return None
    ascending = bool(sort) and sort[0].is_ascending
    if collapse and (ascending or mailbox_id is None):
        return None
    return mailquery.Listing(call.account_id, mailbox_id, collapse, ascending)


def fixed(asked: Query) -> bool:
    """Nothing moves when messages are updated: filter and sort look at what never changes. RFC 8620 §5.6"""
    mutable = {name for condition in leaves(asked.filter) for name in condition.given()} & mailquery.MUTABLE
    return not mutable and not any(one.property in KEYWORD_SORTS for one in asked.sort)


async def affected(call: Call, asked: Query, found: Changes) -> set[int]:
    """With threads collapsed, or conditions on whole threads, a change of one message moves the others of its
    thread."""
    whole = bool(getattr(asked.arguments, "collapse_threads", False)) or any(
        "thread" in name for condition in leaves(asked.filter) for name in condition.given()
    )
    if not (whole or any("InThread" in one.property for one in asked.sort)):
        return set()
    since = read_state(call.arguments.since_query_state, found.new_state).reached
    threads = await call.context.store.db.rows(
        "SELECT object_id FROM change WHERE account_id = ? AND kind = 'Thread' AND modseq > ? AND destroyed = 0",
        call.account_id,
        since,
    )
    touched = {row[0] for row in threads}
    db = call.context.store.db
    moved: set[int] = set()
    for numbers in mailquery.pages(found.updated):
        rows = await db.rows(f"SELECT thread_id FROM email WHERE id IN {marks(len(numbers))}", *numbers)
        touched.update(row[0] for row in rows)
    for numbers in mailquery.pages(sorted(touched)):
        rows = await db.rows(f"SELECT id FROM email WHERE thread_id IN {marks(len(numbers))}", *numbers)
        moved.update(row[0] for row in rows)
    return moved - set(found.created)
