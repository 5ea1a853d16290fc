"""What the assistant may do with tasks, on a person's behalf and under that person's rights. trust.md SE-02"""

from collections.abc import Sequence
from typing import Any

import msgspec

from parvis.access import parts
from parvis.access.principal import Principal
from parvis.kernel import clock, ids
from parvis.kernel.errors import Invalid, NotFound
from parvis.kernel.knowledge import Tool
from parvis.kernel.languages import fold
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.tasks import content, lists, service, store
from parvis.tasks.model import DONE, PROGRESS, SCOPE
from parvis.tasks.source import when
from parvis.tasks.store import Kept
from parvis.wire.ical.jscalendar.words import Json, local
from parvis.wire.ical.zones import naive

_MOST = 50


class FindTasks(msgspec.Struct, kw_only=True, rename="camel"):
    """Words to look for; tasks that are done only when asked for. An account limits to its lists."""

    text: str = ""
    account_id: str = ""
    include_done: bool = False
    due_before: str = ""


class CreateTask(msgspec.Struct, kw_only=True, rename="camel"):
    """A new task; without a list in the first of the account. `due` is in UTC."""

    account_id: str
    title: str
    task_list_id: str = ""
    description: str = ""
    due: str = ""
    priority: int = 0


class ChangeTask(msgspec.Struct, kw_only=True, rename="camel"):
    """What to change of a task; empty leaves as it is."""

    account_id: str
    task_id: str
    title: str = ""
    description: str = ""
    due: str = ""
    progress: str = ""


class TaskTools:
    """The tools over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> Sequence[Tool]:
        """Their declarations."""
        return (
            Tool("tasks.find", "Find tasks", FindTasks, "read", self.find),
            Tool("tasks.create", "Add a task", CreateTask, "change", self.create),
            Tool("tasks.change", "Change a task", ChangeTask, "change", self.change),
        )

    async def find(self, principal: Principal, given: FindTasks) -> list[dict[str, Any]]:
        """Tasks of all lists that may be read, the next due first."""
        where, arguments = ["1 = 1"], list[Any]()
        for word in fold(given.text).split()[:20]:
            where.append("t.words LIKE ? ESCAPE '!'")
            arguments.append("%" + word.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%")
        if given.account_id:
            where.append("t.account_id = ?")
            arguments.append(_number(given.account_id))
        if not given.include_done:
            where.append(f"t.progress NOT IN ({', '.join('?' * len(DONE))})")
            arguments += sorted(DONE)
        if given.due_before:
            where.append("t.due_ms < ?")
            arguments.append(clock.parse_utc(given.due_before))
        found = await store.seen(
            self._store.db,
            principal,
            " AND ".join(where),
            *arguments,
            tail=f"ORDER BY COALESCE(t.due_ms, {1 << 62}), t.id LIMIT {_MOST}",
        )
        return [_told(each) for each in found]

    async def create(self, principal: Principal, given: CreateTask) -> dict[str, Any]:
        """Adds a task. Raises NotFound, Forbidden, Invalid."""
        account_id = _number(given.account_id)
        now = clock.utc_date(clock.now_ms())
        task: Json = {"@type": "Task", "uid": f"{ids.text(ids.new_id())}-{ids.token(9)}", "title": given.title}
        task |= {"created": now, "updated": now}
        if given.description:
            task["description"] = given.description
        if 0 < given.priority <= 9:
            task["priority"] = given.priority
        task |= _due(given.due)

        async def work(unit: Unit) -> Kept:
            number = (
                _number(given.task_list_id) if given.task_list_id else await _first(unit, principal, account_id)
            )
            if (await lists.kept(unit, number)).account_id != account_id:
                raise NotFound("no such list")
            return (await service.create(unit, principal, number, content.made(task))).after

        return _told(await self._store.write(work))

    async def change(self, principal: Principal, given: ChangeTask) -> dict[str, Any]:
        """Changes a task; one that recurs and is completed goes on to its next time. Raises NotFound, Forbidden,
        Invalid."""
        if given.progress and given.progress not in PROGRESS:
            raise Invalid(f"one of {', '.join(PROGRESS)}", field="progress")
        account_id, number = _number(given.account_id), _number(given.task_id)

        async def work(unit: Unit) -> Kept:
            kept, access = await service.task_of(unit, principal, number)
            if kept.account_id != account_id:
                raise NotFound("no such task")
            task = content.said(kept.content)
            for name in ("title", "description"):
                if value := getattr(given, name):
                    task[name] = value
            if given.due:
                task |= _due(given.due)
            if given.progress:
                task |= service.progressed(task, given.progress)
            task["updated"] = clock.utc_date(clock.now_ms())
            made = content.made(task, kept.content)
            return (await service.rewrite(unit, principal, kept, access, made)).after

        return _told(await self._store.write(work))


async def _first(unit: Unit, principal: Principal, account_id: int) -> int:
    """The first list of an account, or the first of those that may be read."""
    accesses = await parts.readable(unit, principal, account_id, SCOPE)
    boards = await lists.read(unit, principal, accesses)
    if not boards:
        raise NotFound("no such account")
    return next((each.id for each in boards if each.role == "inbox"), boards[0].id)


def _due(given: str) -> Json:
    if not given:
        return {}
    return {"due": local(naive(clock.parse_utc(given))), "timeZone": "Etc/UTC", "showWithoutTime": False}


def _told(kept: Kept) -> dict[str, Any]:
    return {
        "accountId": ids.text(kept.account_id),
        "taskId": ids.text(kept.id),
        "taskListId": ids.text(kept.list_id),
        "title": kept.title,
        "progress": kept.progress,
        "due": when(kept.due_ms),
    }


def _number(given: str) -> int:
    found = ids.parse(given)
    if found is None:
        raise NotFound("no such id")
    return found
