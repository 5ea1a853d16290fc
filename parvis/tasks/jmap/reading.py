"""Task/get: a kept task as JSCalendar with what JMAP adds."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from parvis.access.gate import VISIBLE, visible
from parvis.access.principal import Principal
from parvis.kernel import clock, ids
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.types import Object
from parvis.store.sql.contract import marks
from parvis.tasks import content, store
from parvis.tasks.store import Kept
from parvis.wire.ical.jscalendar.words import local, maps, text

OPENS = "/open/"
"""What the link to the source of a task has in its path: /open/<kind>/<account>/<id>."""
PERSONAL = ("alerts", "useDefaultAlerts")
"""What each person has for themselves."""
_PLAIN = frozenset(
    {"id", "taskListId", "title", "progress", "workflowStatus", "position", "utcStart", "utcDue", "assigneeIds",
     "parentId", "isDraft", "priority", "uid", "@type"}
)  # fmt: skip
"""What is known without reading the iCalendar object."""


async def read(call: Call, numbers: Sequence[int] | None, wanted: frozenset[str]) -> list[Object]:
    """Tasks of an account that the asker may read."""
    whole = not wanted <= _PLAIN
    where, arguments = "t.account_id = ?", [call.account_id]
    if numbers is not None:
        where += f" AND t.id IN {marks(len(numbers))}"
        arguments += numbers
    limit = call.context.settings.limits.objects_in_get + 1
    found = await store.seen(
        call.db, call.principal, where, *arguments, content=whole, tail=f"ORDER BY t.id LIMIT {limit}"
    )
    return await shown(call, found, wanted)


async def shown(call: Call, found: Sequence[Kept], wanted: frozenset[str]) -> list[Object]:
    """Tasks as objects; a few statements for all of them."""
    numbers = [each.id for each in found]
    mine = call.principal.id == call.account_id
    people = await store.people_of(call.db, numbers) if numbers and "assigneeIds" in wanted else {}
    parents = await _parents(call, found) if "parentId" in wanted else {}
    own: Mapping[int, store.Own] = {}
    if numbers and not mine and not wanted <= _PLAIN:
        own = await store.own_of(call.db, call.principal.id, numbers)
    objects = []
    for each in found:
        given: Object = content.said(each.content) if each.content else {"@type": "Task", "uid": each.uid}
        if not mine and each.content:
            given = {name: value for name, value in given.items() if name not in PERSONAL}
            if each.id in own:
                given["alerts"] = msgspec.json.decode(own[each.id].alerts) or None
                given["useDefaultAlerts"] = bool(own[each.id].usual)
        objects.append(_object(each, given, people.get(each.id, []), parents.get(each.parent_uid or "")))
    return objects


def _object(kept: Kept, given: dict[str, Any], people: Sequence[int], parent: int | None) -> Object:
    declared: Object = {"progressUpdated": None, "alerts": None, "source": source_of(given)}
    return (
        declared
        | given
        | {
            "id": ids.text(kept.id),
            "taskListId": ids.text(kept.list_id),
            "isDraft": bool(kept.draft),
            "title": kept.title,
            "progress": kept.progress,
            "priority": kept.priority,
            "workflowStatus": kept.status,
            "position": kept.place,
            "assigneeIds": {ids.text(number): True for number in people} or None,
            "parentId": ids.text(parent) if parent is not None else None,
            "created": given.get("created") or clock.utc_date(kept.created_ms),
            "updated": given.get("updated") or clock.utc_date(kept.updated_ms),
            "utcStart": clock.utc_date(kept.start_ms) if kept.start_ms is not None else None,
            "utcDue": clock.utc_date(kept.due_ms) if kept.due_ms is not None else None,
            "nextDue": _next_due(kept),
        }
    )


def _next_due(kept: Kept) -> str | None:
    if not kept.recurring or kept.due_ms is None or b"RECURRENCE-ID" not in kept.content:
        return None
    series = content.read(kept.content)
    found = content.first_open(series) if content.marked(series) else None
    return local(found.end.local) if found is not None else None


async def _parents(call: Call, found: Sequence[Kept]) -> dict[str, int]:
    """The ids of the parents of tasks by uid, of those that the asker may read."""
    uids = {each.parent_uid for each in found if each.parent_uid}
    if not uids:
        return {}
    rows = await call.db.rows(
        f"""SELECT uid, MIN(id) FROM task WHERE account_id = ? AND uid IN {marks(len(uids))}
        AND list_id IN {VISIBLE} GROUP BY uid""",
        call.account_id,
        *sorted(uids),
        *visible(call.principal),
    )
    return dict(rows)


def source_of(given: Mapping[str, Any]) -> dict[str, str] | None:
    """What a task was made from, as its link says."""
    for _, link in maps(given.get("links")):
        _, mark, rest = text(link.get("href")).partition(OPENS)
        kind, _, place = rest.partition("/")
        account, _, number = place.partition("/")
        if mark and kind and account and number:
            return {"kind": kind, "accountId": account, "id": number}
    return None


def person(principal: Principal) -> dict[str, str]:
    """Somebody as a Person object."""
    uri = {"uri": f"mailto:{principal.address}"} if principal.address else {}
    return {"@type": "Person", "name": principal.name, "principalId": ids.text(principal.id)} | uri
