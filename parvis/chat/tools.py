"""What the assistant may do in rooms that are open to it, on a person's behalf and under that person's rights:
read a topic, say something. What is said others read at once, so that it is asked for before. trust.md SE-02"""

from collections.abc import Sequence
from typing import Any

import msgspec

from parvis.access.principal import Principal, Right
from parvis.chat import kinds
from parvis.chat.rooms import store
from parvis.chat.rooms.model import Me, Room
from parvis.chat.rooms.saying import Message
from parvis.chat.rooms.service import Rooms
from parvis.chat.source import ChatSource
from parvis.kernel import clock
from parvis.kernel.errors import Forbidden, Invalid
from parvis.kernel.knowledge import Tool
from parvis.wire.matrix.canonical import Object

AI_FIELD = "org.parvis.ai"
"""In the content of what a model wrote."""
_MOST = 30
_LONGEST_TEXT = 20_000


class ReadTopic(msgspec.Struct, kw_only=True, rename="camel"):
    """A room by its id in Matrix, or one of its topics by the event that began it."""

    room_id: str
    thread_id: str = ""


class SendMessage(msgspec.Struct, kw_only=True, rename="camel"):
    """A text for a room, or for one of its topics."""

    room_id: str
    text: str
    thread_id: str = ""


class ChatTools:
    """The tools over the rooms of a server."""

    def __init__(self, rooms: Rooms, source: ChatSource) -> None:
        self._rooms, self._source = rooms, source

    def all(self) -> Sequence[Tool]:
        """Their declarations."""
        return (
            Tool("chat.read_topic", "Read a topic", ReadTopic, "read", self.read_topic),
            Tool("chat.send", "Say something in a room", SendMessage, "outside", self.send),
        )

    async def read_topic(self, principal: Principal, given: ReadTopic) -> list[dict[str, Any]]:
        """What was said last, thirty messages at most, oldest first, each with who said it and how far to trust it.
        Raises Forbidden."""
        room = await self._open(principal, given.room_id, Right.READ)
        found = await store.select(
            self._rooms.store.db,
            """e.room = ? AND (e.thread = ? OR e.event_id = ?) AND e.type = 'm.room.message'
            ORDER BY e.stream DESC LIMIT ?""",
            room.id,
            given.thread_id,
            given.thread_id,
            _MOST,
        )
        told = []
        for each in reversed(found):
            item = await self._source.item(room.account_id, each.id)
            if item is not None:
                told.append(
                    {
                        "eventId": each.event_id,
                        "saidAt": clock.utc_date(item.time_ms),
                        "author": item.author,
                        "origin": item.origin,
                        "text": (item.documents[0].text or "")[:_LONGEST_TEXT],
                    }
                )
        return told

    async def send(self, principal: Principal, given: SendMessage) -> dict[str, str]:
        """Says it, marked as written by a model. Raises Forbidden, Invalid."""
        if not given.text.strip() or len(given.text) > _LONGEST_TEXT:
            raise Invalid("there is nothing to say, or too much", field="text")
        await self._open(principal, given.room_id, Right.WRITE)
        content: Object = {
            "msgtype": "m.text",
            "body": given.text,
            "m.mentions": {},
            AI_FIELD: {"level": "generated"},
        }
        if given.thread_id:
            content["m.relates_to"] = {"rel_type": "m.thread", "event_id": given.thread_id}
        me = Me(principal, self._rooms.home.users.id_of(principal))
        return {"eventId": await self._rooms.say(Message(me, given.room_id, "m.room.message", content))}

    async def _open(self, principal: Principal, room_id: str, right: Right) -> Room:
        standing = self._rooms.home.standings.of(principal.id)
        if standing.locked or (standing.suspended and right is Right.WRITE):
            raise Forbidden("this account is locked or suspended in chat")
        room = await store.require(self._rooms.store.db, principal, room_id, right)
        if not kinds.is_read(room.kind):
            raise Forbidden("this room is not open to the assistant")
        return room
