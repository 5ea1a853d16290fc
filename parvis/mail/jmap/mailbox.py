"""Mailbox/get and /set. RFC 8621 §2.1, §2.5"""

from collections.abc import Sequence
from typing import Any

import msgspec

from parvis.access.principal import Right
from parvis.kernel import ids
from parvis.kernel.errors import Conflict
from parvis.mail import mailboxes
from parvis.mail.mailboxes import MailboxRow
from parvis.mail.model import rights
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import SetError, invalid_properties
from parvis.serve.jmap.kind import Created, Creation, SetArguments, Update
from parvis.serve.jmap.types import Object
from parvis.store.unit import Unit

COUNTS = frozenset({"totalEmails", "unreadEmails", "totalThreads", "unreadThreads"})
_FIELDS = {"name": "name", "role": "role", "sortOrder": "sort_order"}


class MailboxSetArguments(SetArguments):
    """RFC 8621 §2.5"""

    on_destroy_remove_emails: bool = False


async def read(call: Call, numbers: Sequence[int] | None, wanted: frozenset[str]) -> list[Object]:
    """Mailboxes of the account, which are read together: see `mailboxes.MOST`."""
    present = await mailboxes.every(call.db, call.account_id)
    chosen = present.values() if numbers is None else [present[one] for one in numbers if one in present]
    subscribed: dict[int, bool] = {}
    if "isSubscribed" in wanted:
        subscribed = await mailboxes.subscriptions(call.db, [call.account_id], call.principal.id)
    return [shown(call, row, subscribed.get(row.id, call.access.owner)) for row in chosen]


def shown(call: Call, row: MailboxRow, subscribed: bool) -> Object:
    """A mailbox as the principal of the call sees it."""
    return {
        "id": ids.text(row.id),
        "name": row.name,
        "parentId": ids.text(row.parent_id) if row.parent_id else None,
        "role": row.role,
        "sortOrder": row.sort_order,
        "totalEmails": row.total_emails,
        "unreadEmails": row.unread_emails,
        "totalThreads": row.total_threads,
        "unreadThreads": row.unread_threads,
        "myRights": msgspec.to_builtins(rights(call.access.rights, row.role)),
        "isSubscribed": subscribed,
    }


async def create(call: Call, unit: Unit, creation: Creation) -> Created:
    """Makes a mailbox."""
    values = creation.values
    try:
        number = await mailboxes.create(
            unit,
            call.account_id,
            values["name"],
            parent_id=_parent(call, values["parentId"]),
            role=values["role"],
            sort_order=values["sortOrder"],
        )
    except Conflict as conflict:
        raise _set_error(conflict) from conflict
    if not call.access.owner or not values["isSubscribed"]:
        await mailboxes.subscribe(unit, call.account_id, number, call.principal.id, values["isSubscribed"])
    return Created(number)


async def update(call: Call, unit: Unit, change: Update) -> Object | None:
    """Changes a mailbox; whether somebody is subscribed is that person's own matter, all else needs WRITE."""
    if set(change.values) - {"isSubscribed"} and Right.WRITE not in call.access.rights:
        raise SetError("forbidden", "this mailbox may not be changed")
    values: dict[str, Any] = {
        inside: change.values[outside] for outside, inside in _FIELDS.items() if outside in change.values
    }
    if "parentId" in change.values:
        values["parent_id"] = _parent(call, change.values["parentId"])
    if "isSubscribed" in change.values:
        await mailboxes.subscribe(
            unit, call.account_id, change.object_id, call.principal.id, change.values["isSubscribed"]
        )
    if values:
        try:
            await mailboxes.change(unit, call.account_id, change.object_id, values)
        except Conflict as conflict:
            raise _set_error(conflict) from conflict
    return None


async def destroy(call: Call, unit: Unit, number: int) -> None:
    """Destroys a mailbox; the inbox stays."""
    row = (await mailboxes.every(unit, call.account_id)).get(number)
    if row is None:
        raise SetError("notFound")
    if not rights(call.access.rights, row.role).may_delete:
        raise SetError("forbidden", "this mailbox cannot be destroyed")
    dialect = call.context.store.db.dialect
    remove = getattr(call.arguments, "on_destroy_remove_emails", False)
    try:
        await mailboxes.destroy(unit, dialect, call.account_id, number, remove_emails=remove)
    except Conflict as conflict:
        raise _set_error(conflict) from conflict


def _parent(call: Call, given: str | None) -> int:
    if given is None:
        return 0
    number = call.number(given)
    if number is None:
        raise invalid_properties("parentId", why="no such mailbox")
    return number


def _set_error(conflict: Conflict) -> SetError:
    fields = conflict.fields
    if "reason" in fields:
        return SetError(fields["reason"], conflict.sentence)
    if "existing" in fields:
        return SetError("alreadyExists", conflict.sentence, existingId=ids.text(fields["existing"]))
    return invalid_properties(fields.get("field", "name"), why=conflict.sentence)
