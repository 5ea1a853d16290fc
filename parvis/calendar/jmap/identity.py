"""ParticipantIdentity: the addresses by which an account takes part in events. They come with the account's
addresses; no client makes one. draft-ietf-jmap-calendars §3"""

from collections.abc import Sequence
from typing import Any, ClassVar

from parvis.access import directory
from parvis.calendar.model import CALENDARS, SCOPE
from parvis.kernel import ids
from parvis.kernel.records import Record, ServerSet
from parvis.serve.jmap.call import Call
from parvis.serve.jmap.kind import Kind
from parvis.serve.jmap.types import Object


class ParticipantIdentity(Record, kw_only=True):
    """draft-ietf-jmap-calendars §3"""

    kind: ClassVar[str] = "ParticipantIdentity"
    capability: ClassVar[str] = CALENDARS
    id: ServerSet[str] = ""
    name: ServerSet[str] = ""
    calendar_address: ServerSet[str] = ""
    is_default: ServerSet[bool] = False


async def read(call: Call, numbers: Sequence[int] | None, wanted: frozenset[str]) -> list[Object]:
    """The account's addresses, the main one first; their ids are places in that order, by the account's own."""
    db: Any = call.db
    addresses = await directory.addresses(db, call.account_id)
    name = await db.value("SELECT name FROM principal WHERE id = ?", call.account_id) or ""
    found = [
        {
            "id": ids.text(call.account_id + place),
            "name": name,
            "calendarAddress": f"mailto:{address}",
            "isDefault": place == 0,
        }
        for place, address in enumerate(addresses)
    ]
    return [each for each in found if numbers is None or ids.parse(str(each["id"])) in numbers]


async def _state(call: Call) -> str:
    db: Any = call.db
    return f"{len(await directory.addresses(db, call.account_id))}"


KIND = Kind(record=ParticipantIdentity, scope=SCOPE, parts=True, read=read, state=_state)
