"""What the people of the demo have to do: lists and boards of tasks, some made from the scenario's messages."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from parvis.access import parts
from parvis.access.principal import Principal, Right
from parvis.kernel import clock, ids
from parvis.kernel.languages import Language
from parvis.mail import service as mail
from parvis.ops.demo import scenario
from parvis.ops.demo.dates import Calendar
from parvis.serve.jmap import shares
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.tasks import board, content, lists, service
from parvis.tasks.jmap.reading import OPENS, person
from parvis.tasks.model import NAMES, SCOPE
from parvis.wire.ical.jscalendar.words import Json

_ZONES: dict[Language, str] = {"fr": "Europe/Paris", "vi": "Asia/Ho_Chi_Minh", "en": "Europe/London"}
_RIGHTS: dict[str, dict[str, bool]] = {
    "read": {"mayReadItems": True},
    "write": {"mayReadItems": True, "mayWriteAll": True},
}


@dataclass(frozen=True, slots=True)
class Chores:
    """What writing needs; `message_ids` are those of the scenario's messages by key, without brackets."""

    store: Store
    principals: Mapping[str, Principal]
    calendar: Calendar
    message_ids: Mapping[str, str]
    url: str

    async def write(self) -> int:
        """Puts in what is missing. Returns how many tasks were new."""
        new = 0
        for given in json.loads((scenario.FOLDER / "tasks.json").read_text(encoding="utf-8")):
            owner = self.principals[given["owner"]]
            by = self.principals[given["by"]]
            links = [await self._link(owner, by, task) for task in given["tasks"]]
            new += await self.store.write(partial(self._list, given=given, owner=owner, by=by, links=links))
        return new

    async def _link(self, owner: Principal, by: Principal, task: Mapping[str, Any]) -> Json | None:
        """The link to the message that a task was made from, in the mail of who made it or of the space."""
        known = self.message_ids.get(task.get("mail", ""))
        for holder in (by, owner) if known else ():
            found = await mail.find_by_message_id(self.store.db, holder.id, known or "")
            if found:
                href = f"{self.url}{OPENS}Email/{ids.text(holder.id)}/{ids.text(found[0])}"
                return {"@type": "Link", "href": href, "rel": "via"}
        return None

    async def _list(
        self, unit: Unit, given: Mapping[str, Any], owner: Principal, by: Principal, links: list[Json | None]
    ) -> int:
        number = await self._made(unit, given, owner, by)
        onto = await lists.kept(unit, number)
        new = 0
        for task, link in zip(given["tasks"], links, strict=True):
            uid = _uid(given, task["key"])
            if await unit.value("SELECT 1 FROM task WHERE list_id = ? AND uid = ?", number, uid) is None:
                whole = self._task(given, task, onto, owner.language, link)
                await service.create(unit, by, number, content.made(whole), tell=False)
                new += 1
        return new

    async def _made(self, unit: Unit, given: Mapping[str, Any], owner: Principal, by: Principal) -> int:
        """The list, as the scenario wants it."""
        accesses = await parts.readable(unit, by, owner.id, SCOPE, Right.WRITE)
        there = await lists.read(unit, by, accesses)
        wanted = given["name"]
        number = next((each.id for each in there if (each.name == wanted if wanted else each.role == "inbox")), 0)
        if not number:
            number = await lists.create(unit, by, owner.id, {"name": wanted})
        values: dict[str, Any] = {"timeZone": _ZONES[owner.language]}
        if "statuses" in given:
            values |= {"workflowStatuses": given["statuses"], "workflowProgress": given["progress"]}
        await lists.update(unit, by, number, values)
        if "share" in given:
            wanted_rights = {
                ids.text(self.principals[key].id): _RIGHTS[level] for key, level in given["share"].items()
            }
            await shares.apply(unit, by, number, NAMES, wanted_rights)
        return number

    def _task(
        self,
        given: Mapping[str, Any],
        task: Mapping[str, Any],
        onto: lists.TaskBoard,
        language: Language,
        link: Json | None,
    ) -> Json:
        now = clock.utc_date(self.calendar.now_ms)
        made: Json = {"@type": "Task", "uid": _uid(given, task["key"]), "created": now, "updated": now}
        made["title"] = self.calendar.fill(task["title"], language)
        if "text" in task:
            made["description"] = self.calendar.fill(task["text"], language)
        if "due" in task:
            made |= self._due(task["due"], language)
        for name, key in (("priority", "priority"), ("rule", "recurrenceRule")):
            if name in task:
                made[key] = task[name]
        if status := task.get("status"):
            progress = board.progress_of(status, onto.progress)
            made |= {"workflowStatus": status} if status != progress else {}
            made |= {"progress": progress, "progressUpdated": now} if progress != "needs-action" else {}
        if link is not None:
            made["links"] = {"source": link}
        return made | self._more(given, task, now)

    def _due(self, given: str, language: Language) -> Json:
        """A working day at an hour where the list is at home."""
        offset, time = given.split()
        return {"due": f"{self.calendar.day(int(offset)).isoformat()}T{time}:00", "timeZone": _ZONES[language]}

    def _more(self, given: Mapping[str, Any], task: Mapping[str, Any], now: str) -> Json:
        made: Json = {}
        if "labels" in task:
            made["keywords"] = dict.fromkeys(task["labels"], True)
        if "under" in task:
            made["relatedTo"] = {_uid(given, task["under"]): {"@type": "Relation", "relation": {"parent": True}}}
        if "to" in task:
            made["participants"] = {key: _participant(self.principals[key]) for key in task["to"]}
        if "checklist" in task:
            items = [
                {"@type": "CheckItem", "title": title, "isComplete": done} for title, done in task["checklist"]
            ]
            made["checklists"] = {"c": {"@type": "Checklist", "checkItems": items}}
        if "comments" in task:
            made["comments"] = {
                str(number): {
                    "@type": "Comment",
                    "message": message,
                    "created": now,
                    "author": person(self.principals[key]),
                }
                for number, (key, message) in enumerate(task["comments"], 1)
            }
        if "alert" in task:
            trigger = {"@type": "OffsetTrigger", "offset": task["alert"], "relativeTo": "end"}
            made["alerts"] = {"a": {"@type": "Alert", "trigger": trigger}}
        return made


def _uid(given: Mapping[str, Any], key: str) -> str:
    return f"{key}.{given['owner']}@demo.parvis"


def _participant(who: Principal) -> Json:
    return {
        "@type": "Participant",
        "name": who.name,
        "calendarAddress": f"mailto:{who.address}",
        "roles": {"attendee": True, "assignee": True},
    }
