"""The agendas of people of the demo: the events of scenario/agenda.json around today, each once. Invitations go
the way of all invitations, when the server runs."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from parvis.access.principal import Principal
from parvis.calendar import calendars, draft, events, service
from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound
from parvis.kernel.languages import Language
from parvis.ops.demo.dates import Calendar
from parvis.ops.demo.scenario import FOLDER
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.ical import jscalendar

_ZONES: dict[Language, str] = {"fr": "Europe/Paris", "vi": "Asia/Ho_Chi_Minh", "en": "Europe/London"}
_BEFORE = 4
"""So many times what happens each week has happened already."""


async def write(store: Store, principals: Mapping[str, Principal], calendar: Calendar) -> int:
    """Puts the events into the calendars of their owners; those that are there stay. Returns how many came."""
    given = json.loads((FOLDER / "agenda.json").read_text(encoding="utf-8"))
    return sum([await _one(store, principals, calendar, number, each) for number, each in enumerate(given)])


async def _one(
    store: Store, principals: Mapping[str, Principal], calendar: Calendar, number: int, given: dict[str, Any]
) -> bool:
    owner = principals[given["owner"]]
    said = _event(owner, principals, calendar, given) | {"uid": f"demo-{number}@{owner.address.partition('@')[2]}"}

    async def work(unit: Unit) -> bool:
        if await events.by_uid(unit, owner.id, said["uid"]) is not None:
            return False
        home = await calendars.default_of(unit, owner.id)
        if home is None:
            raise NotFound(f"{owner.name} has no calendar")
        await service.create(unit, owner, home, draft.made(jscalendar.series(said)))
        return True

    return await store.write(work)


def _event(
    owner: Principal, principals: Mapping[str, Principal], calendar: Calendar, given: dict[str, Any]
) -> dict[str, Any]:
    now = clock.utc_date(calendar.now_ms)
    said: dict[str, Any] = {
        "@type": "Event",
        "title": given["title"],
        "start": _start(calendar, given).isoformat(),
        "duration": given["lasts"],
        "created": now,
        "updated": now,
    }
    if "at" in given:
        said["timeZone"] = _ZONES[owner.language]
        said["alerts"] = {"a": {"trigger": {"@type": "OffsetTrigger", "offset": "-PT10M"}}}
    else:
        said |= {"showWithoutTime": True, "freeBusyStatus": "free"}
    if "place" in given:
        said["locations"] = {"l": {"@type": "Location", "name": given["place"]}}
    said |= {"description": given["about"]} if "about" in given else {}
    said |= {"color": given["color"]} if "color" in given else {}
    said |= {"privacy": "private"} if given.get("private") else {}
    if given.get("weekly"):
        said["recurrenceRule"] = {"@type": "RecurrenceRule", "frequency": "weekly", "count": 30}
    return said | (_people(owner, [principals[key] for key in given["invite"]]) if "invite" in given else {})


def _start(calendar: Calendar, given: dict[str, Any]) -> datetime:
    day = calendar.day(given["day"] + 1) - timedelta(weeks=_BEFORE if given.get("weekly") else 0)
    hour, minute = (int(part) for part in given.get("at", "00:00").split(":"))
    return datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - local in the owner's zone


def _people(owner: Principal, invited: list[Principal]) -> dict[str, Any]:
    people: dict[str, Any] = {
        ids.text(owner.id): {
            "@type": "Participant",
            "name": owner.name,
            "calendarAddress": f"mailto:{owner.address}",
            "roles": {"owner": True, "attendee": True},
            "participationStatus": "accepted",
        }
    }
    for each in invited:
        people[ids.text(each.id)] = {
            "@type": "Participant",
            "name": each.name,
            "calendarAddress": f"mailto:{each.address}",
            "roles": {"attendee": True},
            "participationStatus": "needs-action",
            "expectReply": True,
        }
    return {"participants": people, "organizerCalendarAddress": f"mailto:{owner.address}"}
