"""Where in its room a message is that search has found: from the ids of the house to those of Matrix, which our own
client shows it by."""

from parvis.access import gate
from parvis.chat.rooms.model import EVENT
from parvis.kernel import ids
from parvis.kernel.settings import Chat
from parvis.serve.feature import Capability
from parvis.serve.jmap.call import Call, Result
from parvis.serve.jmap.errors import MethodError
from parvis.serve.jmap.kind import OWN, Method
from parvis.serve.jmap.types import Arguments
from parvis.store.sql.contract import marks

CHAT = "urn:parvis:chat"
"""Says, too, that clients of Matrix are answered at the same place."""
_MOST = 100


def capabilities(settings: Chat) -> tuple[Capability, ...]:
    """What the session says of chat: whether pages that are linked to can be seen in short."""
    return (Capability(CHAT, OWN, {"linkPreviews": settings.previews}),)


class _Locate(Arguments):
    account_id: str
    ids: list[str]


async def _locate(call: Call) -> Result:
    """The rooms and events of messages, those left out that the caller may not see; one statement."""
    given = call.arguments
    if len(given.ids) > _MOST:
        raise MethodError("requestTooLarge", f"more than {_MOST} ids")
    wanted = [number for each in given.ids if (number := ids.parse(each)) is not None]
    rows = await call.db.rows(
        f"""SELECT e.id, r.room_id, e.event_id, e.thread FROM chat_event e JOIN chat_room r ON r.id = e.room
        WHERE e.id IN {marks(len(wanted))} AND e.room IN {gate.VISIBLE}""",
        *wanted,
        *gate.visible(call.principal),
    )
    found = [
        {"id": ids.text(number), "roomId": room, "eventId": event, "threadId": thread or None}
        for number, room, event, thread in rows
    ]
    return {"accountId": given.account_id, "list": found}


METHODS = (Method(name=f"{EVENT}/locate", capability=CHAT, arguments=_Locate, run=_locate, scope=OWN),)
