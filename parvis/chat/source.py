"""What is said in rooms as search and the assistant read it: messages of rooms that are open to them, as they
stand after their edits. A room of another kind yields nothing, whoever asks."""

from collections.abc import AsyncIterator

from parvis.chat import kinds
from parvis.chat.rooms import store
from parvis.chat.rooms.model import EVENT, Room, Stored
from parvis.chat.server import Server
from parvis.kernel.knowledge import Document, Item
from parvis.search.newest import newest
from parvis.wire.matrix import relations
from parvis.wire.matrix.identifiers import server_of
from parvis.wire.matrix.visibility import visibility_of

_TEXT_LIMIT = 20_000
_TYPES = ("m.room.message", "m.sticker")


class ChatSource:
    """Implements kernel.knowledge.Source."""

    kind = EVENT

    def __init__(self, server: Server) -> None:
        self._server, self._db = server, server.store.db

    async def item(self, account_id: int, object_id: int) -> Item | None:
        """The message, or None when it is gone, is none, or is in a room that is not read."""
        found = (await store.by_numbers(self._db, [object_id])).get(object_id)
        if (
            found is None
            or not found.placed
            or found.redacted_by
            or found.event.type not in _TYPES
            or found.event.state_key is not None
        ):
            return None
        room = (await store.rooms_by_ids(self._db, [found.room]))[found.room]
        relation = relations.relation_of(found.event.content)
        if not kinds.is_read(room.kind) or (relation is not None and relation.rel_type == "m.replace"):
            return None
        if not await self._is_shared(found):
            return None
        text = await self._text(found)
        return await self._item(room, found, text) if text else None

    async def _is_shared(self, stored: Stored) -> bool:
        """Whether all who are in the room may read it, whenever they came. What only some of them may is not read
        at all, since everybody in the room is found by one right."""
        found = await store.select(
            self._db,
            """e.id = (SELECT l.event FROM chat_state_log l WHERE l.room = ?
            AND l.type = 'm.room.history_visibility' AND l.state_key = ''
            AND l.stream < ? ORDER BY l.stream DESC LIMIT 1)""",
            stored.room,
            stored.stream,
        )
        if not found and stored.stream < 0:  # of what was filled in from the past it may not be known
            return False
        return visibility_of(found[0].event if found else None) in ("shared", "world_readable")

    async def _text(self, stored: Stored) -> str:
        """What it says by now."""
        edits = await store.select(
            self._db,
            """e.relates_to = ? AND e.relates_to <> '' AND e.rel_type = 'm.replace' AND e.sender = ?
            ORDER BY e.stream DESC LIMIT 50""",
            stored.event_id,
            stored.event.sender,
        )
        edit = relations.latest_replacement(stored.event, [each.event for each in edits])
        content = relations.edited(stored.event.content, edit.content) if edit else stored.event.content
        body = content.get("body")
        return body[:_TEXT_LIMIT] if isinstance(body, str) else ""

    async def _item(self, room: Room, stored: Stored, text: str) -> Item:
        sender = stored.event.sender
        member = (await store.state(self._db, room.id, [("m.room.member", sender)])).get(("m.room.member", sender))
        said = member.event.content.get("displayname") if member else None
        name = said if isinstance(said, str) else sender
        title = room.name or room.alias or name
        return Item(
            account_id=room.account_id,
            scope_id=room.id,
            kind=EVENT,
            object_id=stored.id,
            title=title,
            time_ms=stored.event.origin_server_ts,
            origin="colleague" if server_of(sender) == self._server.name else "outside",
            author=name,
            people=(f"{name} <{sender}>",),
            facets={"roomId": room.room_id, "eventId": stored.event_id},
            documents=(Document.written("message", title, text),),
        )

    def every(self, account_id: int) -> AsyncIterator[int]:
        """All events of the rooms, newest first."""
        return newest(self._db, "chat_event", account_id)
