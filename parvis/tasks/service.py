"""What can be done with tasks. Everything happens in the caller's unit and asks for the right in it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from parvis.access import gate, parts
from parvis.access.gate import Access
from parvis.access.principal import Principal, Right
from parvis.kernel import clock, ids
from parvis.kernel.errors import Conflict, Forbidden, Invalid, NotFound, OverQuota
from parvis.serve import scheduling
from parvis.serve.dav import dead
from parvis.store.unit import Unit
from parvis.tasks import board, content, invitations, lists, notices, recurring, reminders, store
from parvis.tasks.content import Facts
from parvis.tasks.lists import TaskBoard
from parvis.tasks.model import DEFAULT_ALERTS, DONE, LIST, MOST_TASKS, SCOPE, TASK
from parvis.tasks.store import Kept

_PAGE = 100
OF_ASSIGNEE = frozenset({"progress", "percentComplete", "workflowStatus", "position", "comments"})
"""What somebody who is to do a task may change of it with the right to answer (mayRSVP)."""


@dataclass(frozen=True, slots=True)
class Written:
    """A task before and after it was written."""

    before: Kept | None
    after: Kept
    rolled: bool = False
    """It was completed, recurs, and stands for its next time now."""


async def task_of(unit: Unit, principal: Principal, number: int) -> tuple[Kept, Access]:
    """A task that somebody may read, and their access to its list. Raises NotFound."""
    kept = await store.by_id(unit, number)
    if kept is None:
        raise NotFound("no such task")
    return kept, await parts.part(unit, principal, kept.list_id, SCOPE)


def may_write(access: Access, kept: Kept | None, principal: Principal) -> bool:
    """Whether somebody may write a task: all, or their own with the right to that."""
    if Right.WRITE in access.rights:
        return True
    return Right.WRITE_OWN in access.rights and (kept is None or kept.author_id == principal.id)


def need_write(access: Access, kept: Kept | None, principal: Principal) -> None:
    """Raises Forbidden for who may not write a task."""
    if not may_write(access, kept, principal):
        raise Forbidden("this needs the right to write")


async def create(
    unit: Unit,
    principal: Principal,
    list_id: int,
    made: bytes,
    *,
    number: int = 0,
    slug: str = "",
    tell: bool = True,
) -> Written:
    """Puts a new task into a list; `made` is its iCalendar object. Raises NotFound, Forbidden, Invalid, OverQuota,
    and Conflict for a uid or a slug that is there."""
    access = await parts.part(unit, principal, list_id, SCOPE)
    need_write(access, None, principal)
    onto = await lists.kept(unit, list_id)
    mine = await invitations.me(unit, onto.account_id, made)
    if not mine or not tell or content.facts(made).draft:
        return await _insert(unit, principal, onto, made, number=number, slug=slug, tell=tell)
    told = await invitations.made(unit, list_id, made, mine)
    written = await _insert(unit, principal, onto, told.content, number=number, slug=slug)
    scheduling.send(unit, onto.account_id, told.messages)
    return written


async def asked(unit: Unit, by: Principal, person: Principal, made: bytes) -> None:
    """Puts what somebody is asked to do into their first list. Raises Invalid, OverQuota, Conflict."""
    try:
        onto = await lists.first(unit, person.id)
    except NotFound as error:
        raise Invalid("there is no list for tasks") from error
    await _insert(unit, by, onto, made, author_id=person.id)


async def _insert(
    unit: Unit,
    principal: Principal,
    onto: TaskBoard,
    made: bytes,
    *,
    number: int = 0,
    slug: str = "",
    author_id: int = 0,
    tell: bool = True,
) -> Written:
    list_id = onto.id
    count = await unit.value("SELECT COUNT(*) FROM task WHERE list_id = ?", list_id)
    if count >= MOST_TASKS:
        raise OverQuota(f"at most {MOST_TASKS} tasks in a list")
    number = number or ids.new_id()
    now = clock.now_ms()
    facts = content.facts(made, onto.zone)
    await _free(unit, list_id, number, facts.uid, slug := slug or f"{ids.text(number)}.ics")
    blank = Kept(
        number, onto.account_id, list_id, slug, facts.uid, "", 0, author_id or principal.id, now, now,
        "", "", "", "", 0, None, None, None, 0, None, None, 0, 0, 0,
    )  # fmt: skip
    after = await _placed(unit, onto, _filled(blank, made, facts), facts, None)
    return await _write(unit, principal if tell else None, None, after, facts)


async def _free(unit: Unit, list_id: int, number: int, uid: str, slug: str) -> None:
    taken = await unit.row(
        "SELECT uid, slug FROM task WHERE list_id = ? AND (uid = ? OR slug = ?) AND id <> ?",
        list_id,
        uid,
        slug,
        number,
    )
    if taken is not None:
        field, name = ("uid", taken[1]) if taken[0] == uid else ("name", taken[1])
        raise Conflict("there is such a task in the list", field=field, name=name)


async def rewrite(
    unit: Unit, principal: Principal, kept: Kept, access: Access, made: bytes, *, rolls: bool = True
) -> Written:
    """Writes a task anew. Raises Forbidden, Invalid, Conflict for a uid that is another's."""
    need_write(access, kept, principal)
    return await rewrite_freely(unit, principal, kept, made, rolls=rolls)


async def rewrite_freely(
    unit: Unit, principal: Principal, kept: Kept, made: bytes, *, rolls: bool = True
) -> Written:
    """The same for who has proved that they may change just what is changed. With `rolls` a task that recurs and is
    completed goes on to its next time, unless somebody else has asked for it; what was done stays beside it as a
    task of its own. Raises NotTheirs."""
    onto = await lists.kept(unit, kept.list_id)
    facts = content.facts(made, onto.zone)
    mine = await invitations.me(unit, kept.account_id, kept.content, made)
    rolled = rolls and _over(kept, facts) and not invitations.theirs(kept.content, mine)
    if rolled and (following := recurring.following(made, kept.content)) is not None:
        if following.done is not None:
            await _insert(unit, principal, onto, following.done, tell=False)
        made, facts = following.series, content.facts(following.series, onto.zone)
    else:
        rolled = False
    if mine and not facts.draft:
        told = await invitations.changed(unit, kept.list_id, kept.content, made, mine, known=not kept.draft)
        if told.content is not made:
            made, facts = told.content, content.facts(told.content, onto.zone)
        scheduling.send(unit, kept.account_id, told.messages)
    written = await _rewritten(unit, principal, onto, kept, made, facts)
    if rolled:
        await reminders.forget(unit, kept.id)
    return replace(written, rolled=rolled)


def _over(kept: Kept, facts: Facts) -> bool:
    """Whether a time of a task that recurs has just been done."""
    return facts.recurring and facts.progress == "completed" and kept.progress not in DONE


async def heard(unit: Unit, by: Principal, kept: Kept, made: bytes, *, answer: bool) -> None:
    """Writes what a message makes of a task; no messages leave for it, unless an `answer` says that a time of a
    series was done. Raises Invalid."""
    onto = await lists.kept(unit, kept.list_id)
    facts = content.facts(made, onto.zone)
    if answer and _over(kept, facts):
        await rewrite_freely(unit, by, kept, made)
    else:
        await _rewritten(unit, by, onto, kept, made, facts)


async def noted(unit: Unit, kept: Kept, made: bytes) -> None:
    """Writes a task with what became of messages about it, of which nobody is told."""
    facts = content.facts(made)
    await _write(unit, None, kept, _filled(kept, made, facts), facts)


async def _rewritten(unit: Unit, by: Principal, onto: TaskBoard, kept: Kept, made: bytes, facts: Facts) -> Written:
    if facts.uid != kept.uid:
        await _free(unit, kept.list_id, kept.id, facts.uid, kept.slug)
    after = replace(_filled(kept, made, facts), updated_ms=clock.now_ms())
    after = await _placed(unit, onto, after, facts, kept)
    return await _write(unit, by, kept, after, facts)


def _filled(kept: Kept, made: bytes, facts: Facts) -> Kept:
    return replace(
        kept,
        uid=facts.uid,
        etag=ids.token(9),
        size=len(made),
        content=made,
        title=facts.title,
        progress=facts.progress,
        priority=facts.priority,
        start_ms=facts.start_ms,
        due_ms=facts.due_ms,
        completed_ms=facts.completed_ms,
        first_ms=facts.first_ms,
        last_ms=facts.last_ms,
        parent_uid=facts.parent_uid,
        recurring=int(facts.recurring),
        draft=int(facts.draft),
        floating=int(facts.floating),
    )


async def _placed(unit: Unit, onto: TaskBoard, kept: Kept, facts: Facts, before: Kept | None) -> Kept:
    """The task in the column that its progress and its wish give; at the end of it when it comes from another."""
    wanted = facts.wanted_status or (before.status if before else None)
    status = board.column_of(facts.progress, wanted, onto.statuses, onto.progress)
    if before is not None and before.list_id == onto.id and before.status == status:
        return replace(kept, status=status)
    place = board.between(await store.last_place(unit, onto.id, status), "")
    return replace(kept, status=status, place=place)


async def _write(unit: Unit, by: Principal | None, before: Kept | None, after: Kept, facts: Facts) -> Written:
    """Writes a task; whoever it concerns is told that somebody did it (None: nobody is told)."""
    await store.write(unit, after, facts)
    people_before = (await store.people_of(unit, [after.id]))[after.id] if before is not None else []
    people = await store.assign(unit, after.id, facts.addresses)
    change = "created" if before is None else "updated"
    await unit.changed(after.account_id, TASK, after.id, change, part=after.list_id)  # type: ignore[arg-type]
    await reminders.plan(unit, after)
    if by is not None and not after.draft:
        await notices.tell(unit, by, before, after, {*people_before, *people})
    return Written(before, after)


async def move(unit: Unit, principal: Principal, kept: Kept, access: Access, list_id: int, slug: str = "") -> Kept:
    """Puts a task into another list of the same account. Raises NotFound, Forbidden, Invalid, Conflict."""
    need_write(access, kept, principal)
    onto = await lists.kept(unit, list_id)
    there = await parts.part(unit, principal, list_id, SCOPE)
    need_write(there, kept, principal)
    if onto.account_id != kept.account_id:
        raise Invalid("the list is in another account", field="taskListId")
    slug = slug or kept.slug
    await _free(unit, list_id, kept.id, kept.uid, slug)
    facts = content.facts(kept.content, onto.zone)
    moved = await _placed(unit, onto, replace(kept, list_id=list_id, slug=slug), facts, kept)
    await store.write(unit, moved, facts)
    await unit.run("UPDATE task_reminder SET list_id = ? WHERE task_id = ?", list_id, kept.id)
    await unit.run("UPDATE task_notice SET list_id = ? WHERE task_id = ?", list_id, kept.id)
    await unit.changed(kept.account_id, TASK, kept.id, "updated", part=list_id)
    if (list_id, slug) != (kept.list_id, kept.slug):
        await unit.left(kept.account_id, TASK, kept.id, kept.list_id, kept.slug)
    if list_id != kept.list_id:
        await reminders.plan(unit, moved)
    return moved


async def destroy(unit: Unit, principal: Principal, kept: Kept, access: Access, *, reply: bool = True) -> None:
    """Removes a task; who was asked for it declines, unless not `reply`. Raises Forbidden."""
    need_write(access, kept, principal)
    await _remove(unit, principal, kept, reply=reply)


async def _remove(unit: Unit, principal: Principal, kept: Kept, *, reply: bool) -> None:
    """Removes a task, and tells whom it concerns."""
    mine = await invitations.me(unit, kept.account_id, kept.content)
    if mine and not kept.draft:
        messages = await invitations.ended(unit, kept.list_id, kept.content, mine, reply=reply)
        scheduling.send(unit, kept.account_id, messages)
    people = (await store.people_of(unit, [kept.id]))[kept.id]
    await _forget(unit, kept)
    if not kept.draft:
        await notices.tell(unit, principal, kept, None, set(people))


async def _forget(unit: Unit, kept: Kept) -> None:
    await store.remove(unit, kept.id)
    await dead.forget(unit, [kept.id])
    await unit.changed(kept.account_id, TASK, kept.id, "destroyed", part=kept.list_id)
    await unit.left(kept.account_id, TASK, kept.id, kept.list_id, kept.slug)
    await reminders.forget(unit, kept.id)


async def update_list(unit: Unit, principal: Principal, list_id: int, values: Mapping[str, Any]) -> None:
    """Changes a list, see lists.update; in another zone what has none of its own rings at another time, and what
    has the default alerts with others."""
    await lists.update(unit, principal, list_id, values)
    if not values.keys().isdisjoint(DEFAULT_ALERTS):
        await reminders.plan_again(unit, list_id, principal.id)
    if "timeZone" in values:
        ringing = "t.list_id = ? AND t.floating = 1 AND t.id IN (SELECT task_id FROM task_ring)"
        for kept in await store.every(unit, ringing, list_id, content=True):
            await reminders.plan(unit, kept)


async def remove_list(
    unit: Unit, principal: Principal, list_id: int, *, with_tasks: bool, reply: bool = True
) -> None:
    """Removes a list. Of what is still to be done in it is told as if each was removed (who was asked for it
    declines, unless not `reply`), of what is done nothing. Raises NotFound, Forbidden for who may not and for the
    first list of an account, and Conflict for one with tasks unless these go too."""
    access = await parts.part(unit, principal, list_id, SCOPE, Right.DELETE)
    await lists.may_create(unit, principal, access.scope.account_id)
    before = await lists.kept(unit, list_id)
    if before.role == "inbox":
        raise Forbidden("every account keeps its first list")
    while found := await store.every(unit, "t.list_id = ?", list_id, content=True, tail=f"LIMIT {_PAGE}"):
        if not with_tasks:
            raise Conflict("there are tasks in it", has="tasks")
        for each in found:
            if each.progress in DONE:
                await _forget(unit, each)
            else:
                await _remove(unit, principal, each, reply=reply)
    await notices.keep(unit, list_id)
    await dead.forget(unit, [list_id])
    await unit.run("DELETE FROM tasklist_own WHERE list_id = ?", list_id)
    await unit.run("DELETE FROM tasklist WHERE id = ?", list_id)
    await gate.remove_scope(unit, list_id, principal)
    await unit.changed(access.scope.account_id, LIST, list_id, "destroyed", part=list_id)


async def place(unit: Unit, kept: Kept, wanted: str) -> Kept:
    """Puts a task at a place in its column, or right behind the task that is there; for who has proved that they
    may. One row is written, unless the places have become too long."""
    before = await unit.row(
        """SELECT id, place FROM task WHERE list_id = ? AND status = ? AND place <= ? AND id <> ?
        ORDER BY place DESC LIMIT 1""",
        kept.list_id,
        kept.status,
        wanted,
        kept.id,
    )
    at = wanted if before is None or before[1] != wanted else await _behind(unit, kept, wanted)
    if len(at) > board.LONGEST:
        await _number_anew(unit, kept)
        number = before[0] if before else 0
        at = await _behind(unit, kept, str(await unit.value("SELECT place FROM task WHERE id = ?", number) or ""))
    await unit.run("UPDATE task SET place = ? WHERE id = ?", at, kept.id)
    await unit.changed(kept.account_id, TASK, kept.id, "updated", part=kept.list_id)
    return replace(kept, place=at)


async def _behind(unit: Unit, kept: Kept, low: str) -> str:
    """A place between one and the next; empty is the beginning."""
    high = await unit.value(
        "SELECT MIN(place) FROM task WHERE list_id = ? AND status = ? AND place > ? AND id <> ?",
        kept.list_id,
        kept.status,
        low,
        kept.id,
    )
    return board.between(low, high or "")


async def _number_anew(unit: Unit, kept: Kept) -> None:
    rows = await unit.rows(
        "SELECT id FROM task WHERE list_id = ? AND status = ? ORDER BY place, id", kept.list_id, kept.status
    )
    for (number,), place in zip(rows, board.spread(len(rows)), strict=True):
        await unit.run("UPDATE task SET place = ? WHERE id = ?", place, number)
        await unit.changed(kept.account_id, TASK, number, "updated", part=kept.list_id)


def progressed(task: Mapping[str, Any], progress: str) -> dict[str, Any]:
    """What changes of a task with its progress. RFC 8984 §5.2.5, §5.2.6"""
    if content.progress_of(task) == progress:
        return {}
    percent = {"completed": 100, "needs-action": 0}.get(progress)
    changed: dict[str, Any] = {"progress": progress, "progressUpdated": clock.utc_date(clock.now_ms())}
    if percent is not None and (task.get("percentComplete") is not None or percent == 100):
        changed["percentComplete"] = percent
    return changed


async def ring_for(unit: Unit, principal: Principal, kept: Kept, values: Mapping[str, Any]) -> None:
    """Sets what somebody has for themselves of a task in an account of others, `alerts` and `useDefaultAlerts`;
    they are checked as the others are. Raises Invalid."""
    known = (await store.own_of(unit, principal.id, [kept.id])).get(kept.id, store.Own())
    usual = values.get("useDefaultAlerts", bool(known.usual)) or False
    if not isinstance(usual, bool):
        raise Invalid("true or false", field="useDefaultAlerts")
    alerts = known.alerts
    if "alerts" in values:
        content.ringing(content.read(kept.content), values["alerts"] or {})
        alerts = msgspec.json.encode(values["alerts"] or {}).decode()
    if usual or alerts != "{}":
        await unit.run(
            """INSERT INTO task_own (task_id, principal_id, alerts, usual) VALUES (?, ?, ?, ?)
            ON CONFLICT (task_id, principal_id) DO UPDATE SET alerts = excluded.alerts, usual = excluded.usual""",
            kept.id,
            principal.id,
            alerts,
            int(usual),
        )
    else:
        await unit.run("DELETE FROM task_own WHERE task_id = ? AND principal_id = ?", kept.id, principal.id)
    await unit.changed(kept.account_id, TASK, kept.id, "updated", part=kept.list_id)
    await reminders.plan(unit, kept)
