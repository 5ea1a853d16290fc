"""Reminders: each person's next alert of a task is one row and one durable job; when it has come, a TaskReminder
tells every client of that person, and a letter where the alert says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from parvis.access import directory, parts
from parvis.access.principal import Principal, Right
from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound, ParvisError
from parvis.serve.context import Context
from parvis.serve.jmap.call import Reader
from parvis.serve.jmap.push.hub import PUSHED
from parvis.serve.post import Letter, Post, Sending
from parvis.store.jobs import Job, Jobs
from parvis.store.sql.contract import marks
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.tasks import content, lists, store, words
from parvis.tasks.model import DONE, REMINDER, SCOPE
from parvis.tasks.store import Kept
from parvis.wire.ical import alarms
from parvis.wire.ical.alarms import Ring
from parvis.wire.ical.errors import BadCalendar
from parvis.wire.ical.jscalendar import alerts
from parvis.wire.ical.zones import Zone

JOB, PLAN = "task-reminder", "task-plan"
_PAGE = 200
MOST = 200
"""Kept for one person; the oldest go."""
_LATE_MS = 7 * 86_400_000
"""What should have rung longer ago than this does not ring any more."""


async def plan(unit: Unit, kept: Kept) -> None:
    """Finds when a task rings next, for its owner and for each who has alerts of their own. What is due by now and
    has not rung yet still does; what is done reminds nobody any more."""
    now = clock.now_ms()
    waiting: dict[int, int] = dict(
        await unit.rows("SELECT principal_id, at_ms FROM task_ring WHERE task_id = ?", kept.id)
    )
    await unit.run("DELETE FROM task_ring WHERE task_id = ?", kept.id)
    if kept.progress in DONE:
        await forget(unit, kept.id)
    if kept.progress in DONE or kept.draft:
        return
    floating = (await lists.kept(unit, kept.list_id)).zone
    for person, given in await _given(unit, kept):
        ring = next_ring(kept, given, min(now, waiting.get(person, now + 1) - 1), floating)
        if ring is not None:
            await _set(unit, kept.id, person, ring.at_ms)


async def _given(db: Reader, kept: Kept) -> list[tuple[int, Mapping[str, Any] | None]]:
    """Whom a task may ring for, and their alerts; None are those in the task."""
    rows = await db.rows("SELECT principal_id, alerts, usual FROM task_own WHERE task_id = ?", kept.id)
    own: list[tuple[int, Mapping[str, Any] | None]] = [(kept.account_id, None)]
    own += [(person, msgspec.json.decode(text)) for person, text, _ in rows]
    usual = [person for person, _, chosen in rows if chosen]
    usual += [kept.account_id] if content.by_default(kept.content) else []
    if not usual:
        return own
    defaults = await lists.default_alerts(db, kept.list_id, usual)
    return [
        (person, content.usual(kept.content, defaults.get(person, {})) if person in usual else given)
        for person, given in own
    ]


async def plan_again(unit: Unit, list_id: int, person: int) -> None:
    """After somebody's default alerts of a list changed: its tasks are planned anew, by a job."""
    await Jobs.add(unit, PLAN, {"list": list_id}, key=f"{list_id}:{clock.now_ms()}", account_id=person)


def next_ring(kept: Kept, given: Mapping[str, Any] | None, after_ms: int, floating: Zone | None) -> Ring | None:
    """The next time a task rings for somebody; `given` are their own alerts, None are those in the task."""
    if given is None and b"VALARM" not in kept.content.upper():
        return None
    series = content.ringing(content.read(kept.content), given)
    try:
        return alarms.next_ring(series, after_ms, floating) if floating else alarms.next_ring(series, after_ms)
    except BadCalendar:
        return None


async def _set(unit: Unit, task_id: int, person: int, at_ms: int) -> None:
    await unit.run(
        """INSERT INTO task_ring (task_id, principal_id, at_ms) VALUES (?, ?, ?)
        ON CONFLICT (task_id, principal_id) DO UPDATE SET at_ms = excluded.at_ms""",
        task_id,
        person,
        at_ms,
    )
    args = {"task": task_id, "person": person, "at": at_ms}
    await Jobs.add(unit, JOB, args, key=f"{task_id}:{person}:{at_ms}", at_ms=at_ms, account_id=person)


@dataclass(frozen=True, slots=True)
class _Due:
    kept: Kept
    person: Principal
    ring: Ring
    given: Mapping[str, Any] | None
    floating: Zone


class Ringer:
    """Handles the jobs of kind `task-reminder`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store: Store = context.store

    async def handle(self, job: Job) -> None:
        """Rings for one person; what was changed meanwhile has another job, what may no longer be read does not
        ring."""
        task_id, number, at_ms = int(job.args["task"]), int(job.args["person"]), int(job.args["at"])
        due = await self._due(task_id, number, at_ms)
        if due is None:
            await self._store.write(lambda unit: _end(unit, task_id, number, at_ms))
            return
        send = await self._letter(due)
        await self._store.write(lambda unit: self._ring(unit, due, at_ms, send))

    async def plan(self, job: Job) -> None:
        """Plans the rings of a list's tasks anew, as somebody's default alerts are others; a page a unit."""
        after = 0
        while True:

            async def work(unit: Unit, after: int = after) -> int:
                found = await store.every(
                    unit,
                    f"t.list_id = ? AND t.id > ? AND t.progress NOT IN {marks(len(DONE))}",
                    int(job.args["list"]), after, *sorted(DONE), content=True, tail=f"ORDER BY t.id LIMIT {_PAGE}",
                )  # fmt: skip
                usual = await store.with_defaults(unit, [each.id for each in found])
                for each in found:
                    if each.id in usual or content.by_default(each.content):
                        await plan(unit, each)
                return found[-1].id if len(found) == _PAGE else 0

            after = await self._store.write(work)
            if not after:
                return

    async def _due(self, task_id: int, number: int, at_ms: int) -> _Due | None:
        db = self._store.db
        try:
            person = await directory.by_id(db, number)
            kept = await store.by_id(db, task_id)
            if kept is None or kept.progress in DONE or at_ms < clock.now_ms() - _LATE_MS:
                return None
            await parts.part(db, person, kept.list_id, SCOPE)
            floating = (await lists.kept(db, kept.list_id)).zone
        except NotFound:
            return None
        given = dict(await _given(db, kept)).get(person.id, {})
        ring = next_ring(kept, given, at_ms - 1, floating)
        return _Due(kept, person, ring, given, floating) if ring is not None and ring.at_ms == at_ms else None

    async def _letter(self, due: _Due) -> Sending | None:
        post = self._context.services.get(Post)
        if due.ring.alarm.value("ACTION").upper() != "EMAIL" or not due.person.address or post is None:
            return None
        language, title = due.person.language, due.kept.title
        day = ""
        if due.kept.due_ms is not None:
            day = words.DUE[language].format(day=words.day_of(due.ring.instance.end.local, language))
        try:
            sending: Sending = await post.written(
                Letter(
                    account_id=due.person.id,
                    to=(due.person.address,),
                    subject=words.REMINDER_SUBJECT[language].format(title=title),
                    text=words.REMINDER_TEXT[language].format(title=title, due=day),
                    answerable=False,
                )
            )
        except ParvisError:
            return None
        return sending

    async def _ring(self, unit: Unit, due: _Due, at_ms: int, send: Sending | None) -> None:
        if not await _end(unit, due.kept.id, due.person.id, at_ms):
            return
        try:
            await parts.part(unit, due.person, due.kept.list_id, SCOPE, Right.READ)
        except NotFound:
            return
        await _note(unit, due, at_ms)
        unit.emit(due.person.id, PUSHED, {"object": _alert(due.kept)})
        if send is not None:
            await send(unit)
        following = next_ring(due.kept, due.given, at_ms, due.floating)
        if following is not None:
            await _set(unit, due.kept.id, due.person.id, following.at_ms)


def _alert(kept: Kept) -> dict[str, Any]:
    """What is pushed, as a CalendarAlert is of an event (draft-ietf-jmap-calendars §6.4)."""
    return {"@type": "TaskAlert", "accountId": ids.text(kept.account_id), "taskId": ids.text(kept.id)}


async def _end(unit: Unit, task_id: int, person: int, at_ms: int) -> bool:
    """Takes the ring away; False when it was not there any more."""
    return bool(
        await unit.run(
            "DELETE FROM task_ring WHERE task_id = ? AND principal_id = ? AND at_ms = ?", task_id, person, at_ms
        )
    )


async def _note(unit: Unit, due: _Due, at_ms: int) -> None:
    number = ids.new_id()
    await unit.run(
        f"""INSERT INTO task_reminder (id, account_id, owner_id, list_id, task_id, alert, at_ms, title, due_ms)
        VALUES {marks(9)}""",
        number,
        due.person.id,
        due.kept.account_id,
        due.kept.list_id,
        due.kept.id,
        alerts.key(due.ring.alarm),
        at_ms,
        due.kept.title,
        due.ring.instance.end_ms if due.kept.due_ms is not None else None,
    )
    await unit.changed(due.person.id, REMINDER, number, "created")
    for (old,) in await unit.rows(
        "SELECT id FROM task_reminder WHERE account_id = ? ORDER BY id DESC LIMIT 10 OFFSET ?", due.person.id, MOST
    ):
        await remove(unit, due.person.id, old)


async def remove(unit: Unit, account_id: int, number: int) -> bool:
    """Removes one that was seen; False when it is not there."""
    if not await unit.run("DELETE FROM task_reminder WHERE id = ? AND account_id = ?", number, account_id):
        return False
    await unit.changed(account_id, REMINDER, number, "destroyed")
    return True


async def forget(unit: Unit, task_id: int) -> None:
    """Removes what has rung of a task that is done or gone."""
    for number, account_id in await unit.rows(
        "SELECT id, account_id FROM task_reminder WHERE task_id = ? ORDER BY account_id", task_id
    ):
        await remove(unit, account_id, number)
