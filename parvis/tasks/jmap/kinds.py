"""The kinds, methods and capabilities of tasks."""

from typing import Any

from parvis.access.gate import Access
from parvis.access.principal import Right
from parvis.serve.feature import Capability
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.kind import OWN, Kind, Method
from parvis.serve.jmap.types import Arguments, UnsignedInt
from parvis.tasks import lists
from parvis.tasks.jmap import asking, changing, reading, told
from parvis.tasks.jmap import lists as list_kind
from parvis.tasks.model import MOST_PEOPLE, PARVIS_TASKS, SCOPE, TASK, TASKS, Task, TaskCondition

TASK_KIND = Kind(
    record=Task,
    scope=SCOPE,
    parts=True,
    open=True,
    read=reading.read,
    create=changing.create,
    update=changing.update,
    destroy=changing.destroy,
    copy=changing.copied,
    prepare=changing.prepare,
    query=asking.query,
    page=asking.page,
    condition=TaskCondition,
    sorts=asking.SORTS,
    check_sort=asking.check_sort,
    rights={"create": Right.WRITE, "update": Right.READ, "destroy": Right.DELETE},
)
KINDS = (list_kind.KIND, TASK_KIND, told.NOTICES, told.REMINDERS)
_MOST = 500


class _Mine(Arguments):
    account_id: str
    include_done: bool = False
    position: UnsignedInt = 0
    limit: UnsignedInt = 100


async def _mine(call: Call) -> Result:
    """One's own tasks over all lists of all accounts, the next due first."""
    given = call.arguments
    rows = await asking.mine(call, done=given.include_done, limit=min(given.limit, _MOST), position=given.position)
    return {"accountId": given.account_id, "position": given.position, "list": asking.found(rows)}


METHODS = (Method(name=f"{TASK}/mine", capability=PARVIS_TASKS, arguments=_Mine, run=_mine, scope=OWN),)


def _account(access: Access) -> dict[str, Any]:
    return {
        "minDateTime": "1970-01-01T00:00:00",
        "maxDateTime": "9999-12-31T23:59:59",
        "mayCreateTaskList": lists.arranges(access),
    }


CAPABILITIES = (
    Capability(TASKS, SCOPE, account=_account),
    Capability(f"{TASKS}:recurrences", SCOPE, account=lambda _: {"maxExpandedQueryDuration": "P0D"}),
    Capability(f"{TASKS}:assignees", SCOPE, account=lambda _: {"maxParticipantsPerTask": MOST_PEOPLE}),
    Capability(f"{TASKS}:alerts", SCOPE),
    Capability(PARVIS_TASKS, OWN),
)
