"""Between the ids of the house and those of Matrix, for our own client: where in its room a message is that search
has found, what is new in rooms, for the assistant to sum up, and where things of the house are discussed."""

from parvis.access import gate
from parvis.chat.rooms import about
from parvis.chat.rooms.missed import missed
from parvis.chat.rooms.model import EVENT, Me
from parvis.chat.rooms.service import Rooms
from parvis.kernel import ids
from parvis.kernel.settings import Chat
from parvis.serve.feature import Capability
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import OWN, Method
from parvis.serve.jmap.types import Arguments, Object
from parvis.store.sql.contract import marks

CHAT = "urn:parvis:chat"
"""Says, too, that clients of Matrix are answered at the same place."""
_MOST, _MOST_ROOMS = 100, 50


def capabilities(settings: Chat) -> tuple[Capability, ...]:
    """What the session says of chat: whether pages that are linked to can be seen in short, whether keys are for
    confirmed devices alone, and how many days messages are kept (Retention; 0 as there)."""
    kept = settings.retention
    retention = {"days": kept.days, "leastDays": kept.least_days, "mostDays": kept.most_days}
    told = {
        "linkPreviews": settings.previews,
        "confirmedDevices": settings.confirmed_devices,
        "retention": retention,
    }
    return (Capability(CHAT, OWN, told),)


class _Locate(Arguments):
    account_id: str
    ids: list[str]


async def _locate(call: Call) -> Result:
    """The rooms and events of messages, those left out that the caller may not see; one statement."""
    wanted = _numbers(call.arguments.ids)
    rows = await call.db.rows(
        f"""SELECT e.id, r.room_id, e.event_id, e.thread FROM chat_event e JOIN chat_room r ON r.id = e.room
        WHERE e.id IN {marks(len(wanted))} AND e.room IN {gate.VISIBLE}""",
        *wanted,
        *gate.visible(call.principal),
    )
    return {"accountId": call.arguments.account_id, "list": [_place(*row) for row in rows]}


class _Missed(Arguments):
    account_id: str
    rooms: dict[str, str | None]
    """Room (its id in Matrix) to the event that was read last; null for that of the receipts."""


async def _missed(call: Call) -> Result:
    """The messages of rooms that are new to the caller, by topic, and the rooms that may not be read for them."""
    given = call.arguments
    if len(given.rooms) > _MOST_ROOMS:
        raise MethodError("requestTooLarge", f"more than {_MOST_ROOMS} rooms")
    found = await missed(call.db, _me(call), {room: since or "" for room, since in given.rooms.items()})
    messages = [
        _place(each.id, room.room_id, each.event_id, each.thread) for room in found for each in room.messages
    ]
    closed = [room.room_id for room in found if not room.is_open]
    return {"accountId": given.account_id, "list": messages, "closed": closed}


class _About(Arguments):
    account_id: str
    of: str
    """The account of the things."""
    kind: str
    ids: list[str]


async def _about(call: Call) -> Result:
    """Where things are discussed, as far as the caller is there; one statement."""
    given = call.arguments
    found = await about.find(call.db, call.principal, ids.parse(given.of) or 0, given.kind, _numbers(given.ids))
    told = [_place(each.object_id, each.room_id, each.event_id, each.thread) for each in found]
    return {"accountId": given.account_id, "list": told}


class _Readers(Arguments):
    account_id: str
    room_id: str
    of: str
    kind: str


async def _readers(call: Call) -> Result:
    """Who of a room may open things of an account, and who may not."""
    given = call.arguments
    if given.kind not in about.SCOPES:
        raise MethodError("invalidArguments", "no such kind")
    found = await about.readers(call.db, _me(call), given.room_id, ids.parse(given.of) or 0, given.kind)
    return {"accountId": given.account_id, "may": found.may, "mayNot": found.may_not}


def _me(call: Call) -> Me:
    return Me(call.principal, call.context.need(Rooms).home.users.id_of(call.principal))


def _numbers(given: list[str]) -> list[int]:
    if len(given) > _MOST:
        raise MethodError("requestTooLarge", f"more than {_MOST} ids")
    return [number for each in given if (number := ids.parse(each)) is not None]


def _place(number: int, room_id: str, event_id: str, thread: str) -> Object:
    return {"id": ids.text(number), "roomId": room_id, "eventId": event_id, "threadId": thread or None}


METHODS = (
    Method(name=f"{EVENT}/locate", capability=CHAT, arguments=_Locate, run=_locate, scope=OWN),
    Method(name=f"{EVENT}/missed", capability=CHAT, arguments=_Missed, run=_missed, scope=OWN),
    Method(name=f"{EVENT}/about", capability=CHAT, arguments=_About, run=_about, scope=OWN),
    Method(name=f"{EVENT}/readers", capability=CHAT, arguments=_Readers, run=_readers, scope=OWN),
)
