"""Mailbox/query. RFC 8621 §2.3"""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from parvis.kernel.languages import fold
from parvis.mail import mailboxes
from parvis.mail.mailboxes import MailboxRow
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.filters import matches, ordered
from parvis.serve.jmap.kind import Comparator, Query, QueryArguments, QueryChangesArguments

SORTS = frozenset({"sortOrder", "name"})


class MailboxQueryArguments(QueryArguments):
    """RFC 8621 §2.3"""

    sort_as_tree: bool = False
    filter_as_tree: bool = False


class MailboxQueryChangesArguments(QueryChangesArguments):
    """The same for changes."""

    sort_as_tree: bool = False
    filter_as_tree: bool = False


class MailboxCondition(msgspec.Struct, kw_only=True, rename="camel"):
    """RFC 8621 §2.3"""

    parent_id: str | UnsetType | None = UNSET
    name: str | UnsetType = UNSET
    role: str | UnsetType | None = UNSET
    has_any_role: bool | UnsetType = UNSET
    is_subscribed: bool | UnsetType = UNSET


async def query(call: Call, asked: Query) -> list[int]:
    """The mailboxes that match, in order."""
    present = await mailboxes.every(call.db, call.account_id)
    chosen = await mailboxes.subscriptions(call.db, [call.account_id], call.principal.id)

    def leaf(row: MailboxRow) -> Callable[[Any], bool]:
        return lambda condition: _holds(call, condition, row, chosen.get(row.id, call.access.owner))

    found = [row for row in present.values() if matches(asked.filter, leaf(row))]
    if getattr(asked.arguments, "filter_as_tree", False):
        found = _whole_branches(found)
    in_order = ordered(found, asked.sort, _value, lambda row: row.id)
    if getattr(asked.arguments, "sort_as_tree", False):
        in_order = _as_tree(in_order, ordered(present.values(), asked.sort, _value, lambda row: row.id))
    return [row.id for row in in_order]


def _holds(call: Call, condition: MailboxCondition, row: MailboxRow, subscribed: bool) -> bool:
    if condition.parent_id is not UNSET:
        wanted = 0 if condition.parent_id is None else call.number(str(condition.parent_id))
        if row.parent_id != wanted:
            return False
    return (
        (condition.name is UNSET or fold(str(condition.name)) in fold(row.name))
        and (condition.role is UNSET or row.role == condition.role)
        and (condition.has_any_role is UNSET or (row.role is not None) == condition.has_any_role)
        and (condition.is_subscribed is UNSET or subscribed == condition.is_subscribed)
    )


def _value(row: MailboxRow, comparator: Comparator) -> Any:
    return row.sort_order if comparator.property == "sortOrder" else row.name


def _whole_branches(found: list[MailboxRow]) -> list[MailboxRow]:
    """Those whose ancestors are all in the result."""
    inside = {row.id: row for row in found}

    def rooted(row: MailboxRow) -> bool:
        while row.parent_id:
            if row.parent_id not in inside:
                return False
            row = inside[row.parent_id]
        return True

    return [row for row in found if rooted(row)]


def _as_tree(found: list[MailboxRow], everything: list[MailboxRow]) -> list[MailboxRow]:
    """Each parent before its children, siblings in their order."""
    children: dict[int, list[MailboxRow]] = {}
    for row in everything:
        children.setdefault(row.parent_id, []).append(row)
    wanted, result = {row.id for row in found}, []
    waiting = list(reversed(children.get(0, [])))
    while waiting:
        row = waiting.pop()
        if row.id in wanted:
            result.append(row)
        waiting.extend(reversed(children.get(row.id, [])))
    return result
