"""Erasing the tasks of an account that is gone, in units of bounded size. See access.erasure"""

from parvis.access.erasure import Gone, rows
from parvis.store.store import Store
from parvis.store.unit import Unit

_OF_TASKS = "task_id IN (SELECT id FROM task WHERE account_id = ?)"
_KEPT = (
    ("task_label", "task_id, label", _OF_TASKS),
    ("task_person", "principal_id, task_id", _OF_TASKS),
    ("task_own", "task_id, principal_id", _OF_TASKS),
    ("task_ring", "task_id, principal_id", _OF_TASKS),
    ("task_person", "principal_id, task_id", "principal_id = ?"),
    ("task_own", "task_id, principal_id", "principal_id = ?"),
    ("task_ring", "task_id, principal_id", "principal_id = ?"),
    ("task_reminder", "id", "account_id = ?"),
    ("task_reminder", "id", "owner_id = ?"),
    ("task_notice", "id", "account_id = ?"),
    ("task_notice", "id", "owner_id = ?"),
    ("tasklist_own", "list_id, principal_id", "principal_id = ?"),
    ("tasklist_own", "list_id, principal_id", "list_id IN (SELECT id FROM tasklist WHERE account_id = ?)"),
    ("task", "id", "account_id = ?"),
    ("tasklist", "id", "account_id = ?"),
)


async def tasks(store: Store, gone: Gone) -> None:
    """See Feature.erase. What somebody wrote in lists of others stays theirs, without the name."""
    for table, key, where in _KEPT:
        await rows(store, table, key, where, gone.account_id)

    async def work(unit: Unit) -> None:
        await unit.run(
            "UPDATE task_notice SET by_id = 0, by_name = '', by_address = '' WHERE by_id = ?", gone.account_id
        )
        await unit.run("UPDATE task SET author_id = 0 WHERE author_id = ?", gone.account_id)

    await store.write(work)
