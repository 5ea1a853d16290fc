"""What tasks are made of: the records as JMAP shows them (draft-ietf-jmap-tasks), rights, limits."""

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from parvis.access.principal import Right
from parvis.kernel.records import Immutable, Record, ServerSet
from parvis.serve.jmap.types import Id, UTCDate

SCOPE = "tasklist"
"""The kind of scope that a list is."""
LIST, TASK, NOTICE, REMINDER = "TaskList", "Task", "TaskNotification", "TaskReminder"
TASKS = "urn:ietf:params:jmap:tasks"
PARVIS_TASKS = "urn:parvis:tasks"
"""What this server adds: places on a board, one's own tasks of all lists, reminders that have rung."""

LARGEST = 1_000_000
"""Bytes of one task as iCalendar."""
MOST_LISTS = 500
"""Of one account."""
MOST_TASKS = 20_000
"""Of one list."""
MOST_STATUSES = 50
MOST_LABELS = 100
MOST_PEOPLE = 200
MOST_COMMENTS = 1_000
NAME_BYTES = 255

PROGRESS = ("needs-action", "in-process", "completed", "failed", "cancelled")
"""RFC 8984 §5.2.5"""
DONE = frozenset({"completed", "failed", "cancelled"})
STATUSES = ("needs-action", "in-process", "pending", "completed", "failed", "cancelled")
"""The columns of a list that names none."""

NAMES = {
    "mayReadItems": Right.READ,
    "mayWriteAll": Right.WRITE | Right.DELETE | Right.WRITE_OWN | Right.UPDATE_PRIVATE | Right.RSVP,
    "mayWriteOwn": Right.WRITE_OWN,
    "mayUpdatePrivate": Right.UPDATE_PRIVATE,
    "mayRSVP": Right.RSVP,
    "mayAdmin": Right.SHARE,
}
"""TaskRights."""


DEFAULT_ALERTS = ("defaultAlertsWithTime", "defaultAlertsWithoutTime")


class TaskList(Record, kw_only=True):
    """A list, which is a board too: its columns are `workflowStatuses`. Name, colour, order and whether it is
    subscribed to are each person's own where they have set them."""

    kind: ClassVar[str] = LIST
    capability: ClassVar[str] = TASKS
    id: ServerSet[str] = ""
    role: ServerSet[str | None] = None
    name: str
    description: str | None = None
    color: str | None = None
    keyword_colors: dict[str, str] | None = None
    category_colors: dict[str, str] | None = None
    sort_order: int = 0
    is_subscribed: bool = True
    time_zone: str | None = None
    default_alerts_with_time: dict[str, Any] | None = None
    default_alerts_without_time: dict[str, Any] | None = None
    """Of tasks that say `useDefaultAlerts`. Each person's own."""
    workflow_statuses: list[str] = msgspec.field(default_factory=lambda: list(STATUSES))
    workflow_progress: dict[str, str] | None = None
    """Which progress a column of another name stands for; `in-process` where it says nothing. Ours."""
    workflow_names: dict[str, str] | None = None
    """What a column is called where it is not by its own name: to rename one touches no task. Ours."""
    share_with: dict[Id, dict[str, bool]] | None = None
    my_rights: ServerSet[dict[str, bool]] = msgspec.field(default_factory=dict)


class Task(Record, kw_only=True):
    """A JSCalendar task (RFC 8984 §5.2); what is not declared here is as JSCalendar has it."""

    kind: ClassVar[str] = TASK
    capability: ClassVar[str] = TASKS
    id: ServerSet[str] = ""
    task_list_id: Id
    uid: Immutable[str | None] = None
    is_draft: bool = False
    title: str = ""
    created: ServerSet[str | None] = None
    updated: ServerSet[str | None] = None
    progress: str | None = None
    progress_updated: ServerSet[str | None] = None
    workflow_status: str | None = None
    position: Annotated[str, Meta(pattern="^(|[0-9a-z]{0,99}[1-9a-z])$")] = ""
    """Where it is in its column: compared as text, so that between any two places there is another. One that is
    taken becomes the next behind it. Ours."""
    assignee_ids: dict[Id, bool] | None = None
    """The people of this server among its participants who are to do it. Ours."""
    parent_id: Id | None = None
    """The task that this is a part of: `relatedTo` with the relation `parent`. Ours."""
    source: Immutable[dict[str, str] | None] = None
    """What it was made from: `accountId`, `kind` and `id`; kept as a link. Ours."""
    alerts: dict[str, Any] | None = None
    utc_start: ServerSet[str | None] = None
    utc_due: ServerSet[str | None] = None
    next_due: ServerSet[str | None] = None
    """When the first time that is not done is due, by the clock of the task, of a series whose `due` has been done.
    `utcStart` and `utcDue` are of that time as well. Ours."""


class TaskNotification(Record):
    """What somebody else did to a task that concerns the reader. It is in the reader's own account."""

    kind: ClassVar[str] = NOTICE
    capability: ClassVar[str] = TASKS
    id: ServerSet[str] = ""
    created: ServerSet[str] = ""
    changed_by: ServerSet[dict[str, Any]] = msgspec.field(default_factory=dict)
    comment: ServerSet[str | None] = None
    type: ServerSet[str] = ""
    task_account_id: ServerSet[str] = ""
    task_id: ServerSet[str] = ""
    is_draft: ServerSet[bool] = False
    task: ServerSet[dict[str, Any]] = msgspec.field(default_factory=dict)
    task_patch: ServerSet[dict[str, Any] | None] = None


class TaskReminder(Record):
    """An alert that has rung for the reader; destroyed when it was seen."""

    kind: ClassVar[str] = REMINDER
    capability: ClassVar[str] = PARVIS_TASKS
    id: ServerSet[str] = ""
    at: ServerSet[str] = ""
    task_account_id: ServerSet[str] = ""
    task_list_id: ServerSet[str] = ""
    task_id: ServerSet[str] = ""
    alert_id: ServerSet[str] = ""
    title: ServerSet[str] = ""
    due: ServerSet[str | None] = None


class TaskCondition(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What Task/query can be asked for."""

    in_task_list: Id | None = None
    uid: str | None = None
    text: str | None = None
    title: str | None = None
    progress: str | None = None
    is_done: bool | None = None
    workflow_status: str | None = None
    keyword: str | None = None
    assignee: Id | None = None
    parent_id: Id | None = None
    has_parent: bool | None = None
    due_after: UTCDate | None = None
    due_before: UTCDate | None = None
    has_due: bool | None = None
    updated_after: UTCDate | None = None
    updated_before: UTCDate | None = None


class NoticeCondition(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What TaskNotification/query can be asked for."""

    after: UTCDate | None = None
    before: UTCDate | None = None
    type: str | None = None
    task_ids: list[str] | None = None
