"""Tasks as search and the assistant read them: each is an item of its list, with one document."""

from collections.abc import AsyncIterator

from parvis.kernel import clock
from parvis.kernel.knowledge import Document, Item, Origin
from parvis.search.newest import newest
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.tasks import content, store
from parvis.tasks.model import TASK
from parvis.tasks.store import Kept
from parvis.wire.ical.jscalendar.words import Json, maps, text

_MOST_PEOPLE = 50
_SIGNS = {"needs-action": "☐", "in-process": "◐", "completed": "☑", "failed": "☒", "cancelled": "☒"}
"""How far it is, in no language."""


class TaskSource:
    """Implements kernel.knowledge.Source."""

    kind = TASK

    def __init__(self, store: Store) -> None:
        self._store = store

    async def item(self, account_id: int, object_id: int) -> Item | None:
        """The task, or None when it is gone."""
        kept = await store.by_id(self._store.db, object_id)
        if kept is None or kept.account_id != account_id:
            return None
        task = content.said(kept.content)
        names = await self._names([kept.author_id, *(await store.people_of(self._store.db, [kept.id]))[kept.id]])
        author = names.get(kept.author_id, "")
        written = _text(kept, task)
        return Item(
            account_id=account_id,
            scope_id=kept.list_id,
            kind=TASK,
            object_id=kept.id,
            title=kept.title,
            time_ms=kept.due_ms if kept.due_ms is not None else kept.updated_ms,
            origin=_origin(kept),
            author=author,
            people=tuple(dict.fromkeys([*names.values(), *_people(task)]))[:_MOST_PEOPLE],
            facets={"keywords": [label for label, yes in task.get("keywords", {}).items() if yes]},
            documents=(Document.written("task", kept.title, written),),
        )

    async def _names(self, numbers: list[int]) -> dict[int, str]:
        rows = await self._store.db.rows(
            f"SELECT id, name, address FROM principal WHERE id IN {marks(len(numbers))}", *numbers
        )
        return {number: f"{name} <{address}>" if address else name for number, name, address in rows}

    def every(self, account_id: int) -> AsyncIterator[int]:
        """All tasks of an account, newest first."""
        return newest(self._store.db, "task", account_id)


def _origin(kept: Kept) -> Origin:
    """Who wrote it: whose account it is, or somebody else of this server."""
    return "own" if kept.author_id == kept.account_id else "colleague"


def _text(kept: Kept, task: Json) -> str:
    """A task as a person reads it, in no language but its own."""
    lines = [
        text(task.get("title")),
        f"{_SIGNS[kept.progress]} {_due(task)}".strip(),
        text(task.get("description")),
    ]
    for _, checklist in maps(task.get("checklists")):
        items = checklist.get("checkItems")
        for item in items if isinstance(items, list) else []:
            if isinstance(item, dict):
                lines.append(f"{'☑' if item.get('isComplete') is True else '☐'} {text(item.get('title'))}")
    for _, comment in maps(task.get("comments")):
        author = comment.get("author")
        name = text(author.get("name")) if isinstance(author, dict) else ""
        lines.append(f"{name}: {text(comment.get('message'))}")
    return "\n".join(line for line in lines if line)


def _due(task: Json) -> str:
    """The day, the time, the zone, as every language reads them."""
    day, _, time = text(task.get("due")).partition("T")
    if not time or task.get("showWithoutTime") is True:
        return day
    zone = text(task.get("timeZone"))
    return f"{day} {time[:5]} ({zone})" if zone else f"{day} {time[:5]}"


def _people(task: Json) -> list[str]:
    return [
        f"{text(each.get('name'))} <{content.address_of(each)}>"
        if text(each.get("name"))
        else content.address_of(each)
        for _, each in maps(task.get("participants"))
    ]


def when(at_ms: int | None) -> str | None:
    """A moment as tools tell it."""
    return clock.utc_date(at_ms) if at_ms is not None else None
