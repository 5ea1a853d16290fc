"""TaskNotification and TaskReminder: what somebody is told, in their own account."""

from collections.abc import Sequence
from functools import partial

import msgspec

from parvis.access.gate import VISIBLE, visible
from parvis.kernel import clock, ids
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.errors import SetError
from parvis.serve.jmap.filters import matches, ordered
from parvis.serve.jmap.kind import OWN, Kind, Query
from parvis.serve.jmap.types import Object
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit
from parvis.tasks import notices, reminders
from parvis.tasks.model import NoticeCondition, TaskNotification, TaskReminder

_TOLD = f"n.account_id = ? AND (n.list_id = 0 OR n.list_id IN {VISIBLE})"
"""Of tasks whose list may still be read, or could be until it was deleted."""


async def _notices(call: Call, numbers: Sequence[int] | None, wanted: frozenset[str]) -> list[Object]:
    some = f"AND n.id IN {marks(len(numbers))}" if numbers is not None else ""
    rows = await call.db.rows(
        f"""SELECT n.id, n.created_ms, n.by_id, n.by_name, n.by_address, n.type, n.owner_id,
        n.task_id, n.task, n.patch FROM task_notice n
        WHERE {_TOLD} {some} ORDER BY n.id""",
        call.account_id,
        *visible(call.principal),
        *(numbers or ()),
    )
    return [
        {
            "id": ids.text(row[0]),
            "created": clock.utc_date(row[1]),
            "changedBy": {
                "@type": "Person",
                "name": row[3],
                "uri": f"mailto:{row[4]}" if row[4] else None,
                "principalId": ids.text(row[2]) if row[2] else None,
            },
            "comment": None,
            "type": row[5],
            "taskAccountId": ids.text(row[6]),
            "taskId": ids.text(row[7]),
            "isDraft": False,
            "task": msgspec.json.decode(row[8]),
            "taskPatch": msgspec.json.decode(row[9]) if row[5] == "updated" else None,
        }
        for row in rows
    ]


async def _query_notices(call: Call, question: Query) -> list[int]:
    """What each was about is not read: it may be long."""
    rows = await call.db.rows(
        f"SELECT n.id, n.created_ms, n.type, n.task_id FROM task_notice n WHERE {_TOLD} ORDER BY n.id",
        call.account_id,
        *visible(call.principal),
    )
    found: list[Object] = [
        {"id": ids.text(row[0]), "created": clock.utc_date(row[1]), "type": row[2], "taskId": ids.text(row[3])}
        for row in rows
    ]
    kept = [each for each in found if matches(question.filter, partial(_meets, each))]
    in_order = ordered(kept, question.sort, lambda one, by: one[by.property], lambda one: one["id"])
    return [ids.parse(one["id"]) or 0 for one in in_order]


def _meets(found: Object, condition: NoticeCondition) -> bool:
    at = clock.parse_utc(found["created"])
    if condition.after is not None and at < clock.parse_utc(condition.after):
        return False
    if condition.before is not None and at >= clock.parse_utc(condition.before):
        return False
    if condition.type is not None and found["type"] != condition.type:
        return False
    return condition.task_ids is None or found["taskId"] in condition.task_ids


async def _destroy_notice(call: Call, unit: Unit, number: int) -> None:
    if not await notices.remove(unit, call.account_id, number):
        raise SetError("notFound")


async def _reminders(call: Call, numbers: Sequence[int] | None, wanted: frozenset[str]) -> list[Object]:
    some = f"AND r.id IN {marks(len(numbers))}" if numbers is not None else ""
    rows = await call.db.rows(
        f"""SELECT r.id, r.at_ms, r.owner_id, r.list_id, r.task_id, r.alert, r.title, r.due_ms
        FROM task_reminder r WHERE r.account_id = ? AND r.list_id IN {VISIBLE} {some} ORDER BY r.id""",
        call.account_id,
        *visible(call.principal),
        *(numbers or ()),
    )
    return [
        {
            "id": ids.text(row[0]),
            "at": clock.utc_date(row[1]),
            "taskAccountId": ids.text(row[2]),
            "taskListId": ids.text(row[3]),
            "taskId": ids.text(row[4]),
            "alertId": row[5],
            "title": row[6],
            "due": clock.utc_date(row[7]) if row[7] is not None else None,
        }
        for row in rows
    ]


async def _query_reminders(call: Call, question: Query) -> list[int]:
    found = await _reminders(call, None, frozenset())
    in_order = ordered(found, question.sort, lambda one, by: one[by.property], lambda one: one["id"])
    return [ids.parse(one["id"]) or 0 for one in in_order]


async def _destroy_reminder(call: Call, unit: Unit, number: int) -> None:
    if not await reminders.remove(unit, call.account_id, number):
        raise SetError("notFound")


NOTICES = Kind(
    record=TaskNotification,
    scope=OWN,
    read=_notices,
    destroy=_destroy_notice,
    query=_query_notices,
    condition=NoticeCondition,
    sorts=frozenset({"created"}),
)
REMINDERS = Kind(
    record=TaskReminder,
    scope=OWN,
    read=_reminders,
    destroy=_destroy_reminder,
    query=_query_reminders,
    sorts=frozenset({"at"}),
)
