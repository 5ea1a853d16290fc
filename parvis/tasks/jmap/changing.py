"""Task/set: from the properties that a client gives to a JSCalendar task, and who may change which of them."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from parvis.access import directory
from parvis.access.gate import Access
from parvis.access.principal import Principal, Right
from parvis.kernel import clock, ids
from parvis.kernel.errors import Forbidden, Invalid, NotFound
from parvis.serve.jmap.accounts import account
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.engine import Engine
from parvis.serve.jmap.errors import MethodError, SetError
from parvis.serve.jmap.kind import Copying, Created, Creation, Update
from parvis.store.sql.contract import marks
from parvis.store.unit import Unit
from parvis.tasks import board, content, invitations, lists, service, store
from parvis.tasks.jmap.reading import OPENS, PERSONAL, person, shown
from parvis.tasks.model import PROGRESS
from parvis.tasks.store import Kept
from parvis.wire.ical.jscalendar.words import Json, maps, text, truths

_OURS = frozenset(
    {"id", "taskListId", "position", "assigneeIds", "parentId", "source", "utcStart", "utcDue", "created",
     "updated", "progressUpdated", "workflowStatus", "progress", "@type", "method"}
)  # fmt: skip
"""What is not taken over into the object as it is given."""
_LONGEST_COMMENT = 20_000


async def prepare(call: Call, given: Creation | Update | Copying) -> Any:
    """Whether the source of a new task may be read by who names it."""
    if not isinstance(given, Creation) or not given.values.get("source"):
        return None
    source = given.values["source"]
    kind = call.context.need(Engine).kinds.get(source.get("kind", ""))
    number = call.number(source.get("id", ""))
    if kind is None or number is None or not kind.scope:
        raise Invalid("there is no such thing", field="source")
    try:
        access = await account(
            call.context.store.db, call.principal, source.get("accountId", ""), kind.scope, parted=kind.parts
        )
    except MethodError as error:
        raise Invalid("there is no such thing", field="source") from error
    there = replace(call, access=access, db=call.context.store.db)
    found = await kind.read(there, [number], frozenset({"id", *_TITLES}))
    if not found:
        raise Invalid("there is no such thing", field="source")
    first: Any = found[0]
    title = next((first[name] for name in _TITLES if isinstance(first, dict) and first.get(name)), "")
    base = call.context.public_url
    href = f"{base}{OPENS}{kind.name}/{ids.text(access.scope.account_id)}/{ids.text(number)}"
    return {"@type": "Link", "href": href, "rel": "via"} | ({"title": title[:500]} if title else {})


_TITLES = ("subject", "title", "name")


async def create(call: Call, unit: Unit, creation: Creation) -> Created:
    """A new task. What the client leaves out is as JSCalendar has it."""
    values = creation.values
    list_id = call.number(values["taskListId"]) or 0
    number = ids.new_id()
    now = clock.utc_date(clock.now_ms())
    task: Json = {name: value for name, value in values.items() if name not in _OURS and value is not None}
    task |= {"@type": "Task", "created": now, "updated": now}
    task["uid"] = values.get("uid") or f"{ids.text(number)}-{ids.token(9)}"
    if creation.prepared is not None:
        task["links"] = {**dict(maps(task.get("links"))), "source": creation.prepared}
    if task.get("isDraft") is False:
        del task["isDraft"]
    task = _commented({}, task, call.principal, writes=True)
    onto = await _list(unit, call, list_id)
    task |= _status(task, {n: values.get(n) for n in ("progress", "workflowStatus")}, onto)
    task = await _related(call, unit, task, values, onto.account_id)
    own: Json = {}
    if call.principal.id != call.account_id:
        own = {name: task.pop(name) for name in PERSONAL if name in task}
    written = await service.create(unit, call.principal, list_id, content.made(task), number=number)
    if own:
        await service.ring_for(unit, call.principal, written.after, own)
    if values["position"]:
        await service.place(unit, written.after, values["position"])
    return Created(number)


async def _list(unit: Unit, call: Call, list_id: int) -> lists.TaskBoard:
    try:
        found = await lists.kept(unit, list_id)
    except NotFound as error:
        raise Invalid("there is no such list", field="taskListId") from error
    if found.account_id != call.account_id:
        raise Invalid("there is no such list", field="taskListId")
    return found


_OF_PEOPLE = frozenset({"assigneeIds", "participants", "organizerCalendarAddress"})
"""What follows from who is to do a task."""


async def update(call: Call, unit: Unit, change: Update) -> dict[str, Any] | None:
    """Changes a task. Returns what changed beyond what was asked."""
    kept, access = await service.task_of(unit, call.principal, change.object_id)
    if kept.account_id != call.account_id:
        raise SetError("notFound")
    values = dict(change.values)
    own = {name: values[name] for name in PERSONAL if name in values}
    if own and call.principal.id != kept.account_id:
        if not access.rights & (Right.UPDATE_PRIVATE | Right.WRITE):
            raise Forbidden("this needs the right to change what is your own")
        await service.ring_for(unit, call.principal, kept, own)
        values = {name: value for name, value in values.items() if name not in PERSONAL}
    if "taskListId" in values:
        kept = await service.move(
            unit,
            call.principal,
            kept,
            access,
            (await _list(unit, call, call.number(values.pop("taskListId")) or 0)).id,
        )
    if not values:
        return None
    await _may_change(unit, call.principal, kept, access, values)
    written = service.Written(kept, kept)
    if values.keys() != {"position"}:
        task = await _changed(call, unit, kept, access, values)
        written = await service.rewrite_freely(unit, call.principal, kept, content.made(task, kept.content))
    if values.get("position") and not written.rolled:
        written = replace(written, after=await service.place(unit, written.after, values["position"]))
    told = frozenset({"updated", "progress", "workflowStatus", "position", "progressUpdated", "percentComplete"})
    extra = _OF_PEOPLE if "assigneeIds" in values else frozenset[str]()
    if written.rolled:
        told |= {"start", "due", "recurrenceRule", "recurrenceOverrides", "utcStart", "utcDue"}
    (now,) = await shown(call, [written.after], told | extra)
    return {
        name: now.get(name) for name in sorted(told | extra) if name not in values or now.get(name) != values[name]
    }


async def _may_change(
    unit: Unit, principal: Principal, kept: Kept, access: Access, values: Mapping[str, Any]
) -> None:
    """Raises Forbidden for who may write neither the task nor, as one who is to do it, just these properties."""
    if service.may_write(access, kept, principal):
        return
    if Right.RSVP in access.rights and values.keys() <= service.OF_ASSIGNEE:
        people = (await store.people_of(unit, [kept.id]))[kept.id]
        if principal.id in people:
            return
    raise Forbidden("this needs the right to write")


async def _changed(call: Call, unit: Unit, kept: Kept, access: Access, values: Mapping[str, Any]) -> Json:
    before = content.said(kept.content)
    task = copy.deepcopy(before)
    for name, value in values.items():
        if name in _OURS:
            continue
        if value is None:
            task.pop(name, None)
        else:
            task[name] = value
    if values.get("isDraft") and not kept.draft:
        raise Invalid("what is no draft any more becomes none again", field="isDraft")
    if task.get("isDraft") is False:
        del task["isDraft"]
    if values.get("uid", kept.uid) != kept.uid:
        raise Invalid("it cannot be changed", field="uid")
    if "comments" in values:
        task = _commented(before, task, call.principal, writes=service.may_write(access, kept, call.principal))
    onto = await lists.kept(unit, kept.list_id)
    given = {name: values[name] for name in ("progress", "workflowStatus") if name in values}
    if given:
        task |= _status(task, given, onto)
    elif kept.status not in (kept.progress, None):
        task["workflowStatus"] = kept.status
    task = await _related(call, unit, task, values, kept.account_id, kept)
    task["updated"] = clock.utc_date(clock.now_ms())
    return task


def _status(task: Mapping[str, Any], given: Mapping[str, Any], onto: lists.TaskBoard) -> Json:
    """Progress and column: one follows from the other."""
    status, progress = given.get("workflowStatus"), given.get("progress")
    if status is not None:
        if status not in onto.statuses:
            raise Invalid("the list has no such column", field="workflowStatus")
        own = board.progress_of(status, onto.progress)
        if progress is not None and progress != own and "progress" in given:
            raise Invalid(f"that column stands for {own}", field="progress")
        changed: Json = {"workflowStatus": status} if status != own else {}
        return changed | service.progressed(task, own)
    if progress is None:
        return service.progressed(task, "needs-action") if "progress" in given and "progress" in task else {}
    if not isinstance(progress, str) or progress not in PROGRESS:
        raise Invalid("no such progress", field="progress")
    return service.progressed(task, progress)


async def _related(
    call: Call, unit: Unit, task: Json, values: Mapping[str, Any], account_id: int, kept: Kept | None = None
) -> Json:
    """Parent and assignees, given by id, as JSCalendar says them."""
    if values.get("parentId") is not None or (kept is not None and "parentId" in values):
        task = task | {"relatedTo": await _parent(call, unit, task, values["parentId"], account_id, kept)}
    if values.get("assigneeIds") is not None or (kept is not None and "assigneeIds" in values):
        list_id = kept.list_id if kept is not None else call.number(values["taskListId"]) or 0
        task = task | await _assigned(unit, task, values["assigneeIds"] or {}, list_id, account_id)
    return task


async def _parent(
    call: Call, unit: Unit, task: Json, given: str | None, account_id: int, kept: Kept | None
) -> dict[str, Json]:
    related = {
        uid: each
        for uid, each in maps(task.get("relatedTo"))
        if truths(each.get("relation")) and "parent" not in truths(each.get("relation"))
    }
    if given is None:
        return related
    found = await store.seen(
        unit, call.principal, "t.id = ? AND t.account_id = ?", call.number(given) or 0, account_id
    )
    if not found:
        raise Invalid("there is no such task", field="parentId")
    above: str | None = found[0].uid
    for _ in range(20):
        if above is None:
            break
        if kept is not None and above == kept.uid:
            raise Invalid("a task cannot be a part of itself", field="parentId")
        above = await unit.value(
            "SELECT parent_uid FROM task WHERE account_id = ? AND uid = ? LIMIT 1", account_id, above
        )
    else:
        raise Invalid("too deep", field="parentId")
    return {**related, found[0].uid: {"@type": "Relation", "relation": {"parent": True}}}


async def _assigned(unit: Unit, task: Json, wanted: Mapping[str, bool], list_id: int, account_id: int) -> Json:
    """The participants with just these people of this server to do it; others stay. Who does not see the list is
    asked for it, by whose account it is in."""
    found = await _people(unit, wanted)
    addresses = {each.address for each in found}
    kept = {
        key: each
        for key, each in maps(task.get("participants"))
        if not {"attendee", "assignee"} & set(truths(each.get("roles")))
        or content.address_of(each) in addresses
        or not await _is_ours(unit, content.address_of(each))
    }
    there = {content.address_of(each) for each in kept.values()}
    new = [each for each in found if each.address not in there]
    seeing = await invitations.seeing(unit, list_id, addresses)
    for each in new:
        kept[ids.text(each.id)] = {
            "@type": "Participant",
            "name": each.name,
            "calendarAddress": f"mailto:{each.address}",
            "roles": {"attendee": True, "assignee": True},
        }
        if each.address not in seeing:
            kept[ids.text(each.id)] |= {"participationStatus": "needs-action", "expectReply": True}
    asked = any(each.address not in seeing for each in new)
    return (await _organized(unit, task, kept, account_id) if asked else {}) | {"participants": kept}


async def _people(unit: Unit, wanted: Mapping[str, bool]) -> list[Principal]:
    numbers = [ids.parse(given) or 0 for given, yes in wanted.items() if yes]
    rows = await unit.rows(
        f"""SELECT {directory.COLUMNS} FROM principal p WHERE p.id IN {marks(len(numbers))}
        AND p.disabled_ms IS NULL AND p.kind = 'person'""",
        *numbers,
    )
    found = {each.id: each for each in map(directory.principal_of, rows)}
    if any(number not in found or not found[number].address for number in numbers):
        raise Invalid("there is nobody like that", field="assigneeIds")
    return list(found.values())


async def _organized(unit: Unit, task: Json, people: dict[str, Any], account_id: int) -> Json:
    """Who asks for a task: whose it is, unless it says somebody else. They are put among its people, with their
    name."""
    if text(task.get("organizerCalendarAddress")):
        return {}
    owner = await directory.by_id(unit, account_id)
    if not owner.address:
        raise Invalid("nobody can be asked from an account without an address", field="assigneeIds")
    address = f"mailto:{owner.address}"
    if owner.address not in {content.address_of(each) for each in people.values()}:
        roles = {"owner": True}
        people[ids.text(owner.id)] = {
            "@type": "Participant", "name": owner.name, "calendarAddress": address, "roles": roles,
        }  # fmt: skip
    return {"organizerCalendarAddress": address}


async def _is_ours(unit: Unit, address: str) -> bool:
    return await unit.value("SELECT 1 FROM address WHERE address = ?", address) is not None


def _commented(before: Json, task: Json, principal: Principal, *, writes: bool) -> Json:
    """Comments with their authors and times, which nobody says for somebody else."""
    old, new = dict(maps(before.get("comments"))), dict(maps(task.get("comments")))
    now, made = clock.utc_date(clock.now_ms()), dict[str, Json]()
    for key, each in new.items():
        message = text(each.get("message"))
        if not message.strip() or len(message) > _LONGEST_COMMENT:
            raise Invalid(f"a comment has 1 to {_LONGEST_COMMENT} characters", field=f"comments/{key}")
        if key not in old:
            made[key] = {"@type": "Comment", "message": message, "created": now, "author": person(principal)}
        elif message == text(old[key].get("message")):
            made[key] = old[key]
        elif _is_by(old[key], principal):
            made[key] = old[key] | {"message": message, "updated": now}
        else:
            raise Forbidden("a comment is changed by who wrote it")
    if any(not (_is_by(each, principal) or writes) for key, each in old.items() if key not in new):
        raise Forbidden("a comment is removed by who wrote it")
    rest = {name: value for name, value in task.items() if name != "comments"}
    return rest | ({"comments": made} if made else {})


def _is_by(comment: Mapping[str, Any], principal: Principal) -> bool:
    author = comment.get("author")
    return isinstance(author, dict) and author.get("principalId") == ids.text(principal.id)


async def destroy(call: Call, unit: Unit, number: int) -> None:
    """Removes a task."""
    kept, access = await service.task_of(unit, call.principal, number)
    if kept.account_id != call.account_id:
        raise SetError("notFound")
    await service.destroy(unit, call.principal, kept, access)


async def copied(call: Call, unit: Unit, copying: Copying) -> Created:
    """A copy of a task into another account, with another list, and what else the client gives."""
    found = await store.seen(
        unit, copying.source.principal, "t.id = ? AND t.account_id = ?", copying.object_id,
        copying.source.account_id, content=True,
    )  # fmt: skip
    if not found:
        raise SetError("notFound")
    list_id = call.number(str(copying.values.get("taskListId") or "")) or 0
    onto = await _list(unit, call, list_id)
    task = content.said(found[0].content)
    task |= {name: value for name, value in copying.values.items() if name not in _OURS}
    if call.principal.id != copying.source.account_id or call.principal.id != call.account_id:
        task = {name: value for name, value in task.items() if name not in PERSONAL}
    written = await service.create(unit, call.principal, onto.id, content.made(task))
    return Created(written.after.id, {"taskListId": ids.text(onto.id)})
