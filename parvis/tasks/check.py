"""Are the tasks whole? What is kept beside them, computed anew from what they say; lists, scopes and the change log
against each other. Reads only; what changes while it reads may be reported."""

from parvis.kernel.errors import ParvisError
from parvis.store.check import Fault
from parvis.store.sql.contract import Database
from parvis.tasks import content, lists, store

_SECONDS = 600.0
_PAGE = 200
# Each statement finds rows that must not be: (code, sentence with the row's columns, statement).
_RULES = (
    (
        "task-list",
        "task {0} is in list {1}, which is not there or of another account",
        """SELECT t.id, t.list_id FROM task t
        LEFT JOIN tasklist l ON l.id = t.list_id AND l.account_id = t.account_id WHERE l.id IS NULL""",
    ),
    (
        "task-list",
        "list {0} has no scope",
        """SELECT l.id FROM tasklist l LEFT JOIN scope s ON s.id = l.id AND s.account_id = l.account_id
        AND s.kind = 'tasklist' WHERE s.id IS NULL""",
    ),
    (
        "task-list",
        "scope {0} has no list",
        "SELECT s.id FROM scope s LEFT JOIN tasklist l ON l.id = s.id WHERE s.kind = 'tasklist' AND l.id IS NULL",
    ),
    (
        "task-log",
        "task {0} is not in the change log of its list",
        """SELECT t.id FROM task t LEFT JOIN change c ON c.account_id = t.account_id AND c.kind = 'Task'
        AND c.object_id = t.id AND c.part = t.list_id AND c.destroyed = 0 WHERE c.object_id IS NULL""",
    ),
    (
        "task-log",
        "{1} {0} is in the change log only",
        """SELECT c.object_id, c.kind FROM change c LEFT JOIN task t ON t.id = c.object_id LEFT JOIN tasklist l
        ON l.id = c.object_id WHERE c.destroyed = 0 AND ((c.kind = 'Task' AND t.id IS NULL)
        OR (c.kind = 'TaskList' AND l.id IS NULL))""",
    ),
    *(
        (
            "task-beside",
            f"{table} has rows of task {{0}}, which is not there",
            f"SELECT DISTINCT b.task_id FROM {table} b LEFT JOIN task t ON t.id = b.task_id WHERE t.id IS NULL",
        )
        for table in ("task_label", "task_person", "task_own", "task_ring", "task_reminder")
    ),
)


async def check(db: Database) -> list[Fault]:
    """All faults found; none in tasks that are whole."""
    faults = [
        Fault(code, sentence.format(*row))
        for code, sentence, sql in _RULES
        for row in await db.scan(sql, seconds=_SECONDS)
    ]
    return faults + await _facts(db)


async def _facts(db: Database) -> list[Fault]:
    """What is kept beside each task is what it says."""
    faults: list[Fault] = []
    last = 0
    while kept := await store.every(db, "t.id > ?", last, content=True, tail=f"ORDER BY t.id LIMIT {_PAGE}"):
        for each in kept:
            last = each.id
            try:
                onto = await lists.kept(db, each.list_id)
                facts = content.facts(each.content, onto.zone)
            except ParvisError as error:
                faults.append(Fault("task-content", f"task {each.id} cannot be read: {error.sentence}"))
                continue
            now = (each.uid, each.title, each.progress, each.due_ms, each.first_ms, each.last_ms, each.size)
            due = (
                facts.uid, facts.title, facts.progress, facts.due_ms, facts.first_ms, facts.last_ms,
                len(each.content),
            )  # fmt: skip
            if now != due:
                faults.append(Fault("task-content", f"task {each.id} says something else than is kept beside it"))
    return faults
