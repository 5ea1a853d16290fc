"""Which rooms and events another server may have (Matrix v1.19 Server-Server §Backfilling and retrieving missing
events)."""

from collections.abc import Sequence

from parvis.chat.rooms import members, states, store
from parvis.chat.rooms.model import Room, Stored
from parvis.kernel.errors import Forbidden, NotFound
from parvis.wire.matrix import redaction, visibility
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.event import StateKey

_HISTORY: StateKey = ("m.room.history_visibility", "")
_MOST_USERS = 5_000


async def room_of(db: store.Reader, room_id: str) -> Room:
    """A room that we have as it is. Raises NotFound."""
    room = await store.room_named(db, room_id)
    if room is None or not await members.is_here(db, room):
        raise NotFound("this server is not in such a room")
    return room


async def shared(db: store.Reader, room_id: str, server: str) -> Room:
    """A room that another server is in too. Raises NotFound, Forbidden."""
    room = await room_of(db, room_id)
    if not await db.value(
        "SELECT 1 FROM chat_room_server WHERE room = ? AND server = ? AND joined > 0", room.id, server
    ):
        raise Forbidden("your server is not in this room")
    return room


async def for_server(db: store.Reader, room: Room, server: str, events: Sequence[Stored]) -> list[Object]:
    """Events of a room as a server that is in it may have them: what its users cannot see as a redaction would
    leave it. Where history was never hidden from anybody this is one statement."""
    log = await store.log_of(db, [room.id], _HISTORY)
    if all(visibility.visibility_of(each.event) in ("shared", "world_readable") for _, each in log) and not any(
        each.stream < 0 for each in events
    ):
        return [each.event.source for each in events]
    users = await _users(db, room, server)
    return [
        each.event.source
        if await _sees(db, room, each, users)
        else redaction.redacted(each.event.source, room.version)
        for each in events
    ]


async def _sees(db: store.Reader, room: Room, stored: Stored, users: Sequence[str]) -> bool:
    if stored.event.state_key is not None and not stored.placed:
        return True  # what allows others is no secret
    view = await states.before(db, stored)
    if view is None and stored.placed:
        view = states.View(stored.stream - 1)
    if view is None:
        return False
    found = await states.pick(db, room.id, view, [_HISTORY])
    unsaid = stored.stream < 0 and _HISTORY not in found  # of what was filled in it is not known
    said = "joined" if unsaid else visibility.visibility_of(found[_HISTORY].event if found else None)
    if visibility.server_may_see(stored.event, said, []):
        return True
    present = await states.pick(db, room.id, view, [("m.room.member", user) for user in users])
    return visibility.server_may_see(stored.event, said, [each.event.membership for each in present.values()])


async def _users(db: store.Reader, room: Room, server: str) -> list[str]:
    rows = await db.rows(
        "SELECT user_id FROM chat_member WHERE room = ? AND principal_id = 0 ORDER BY stream", room.id
    )
    return [user for (user,) in rows if user.partition(":")[2] == server][:_MOST_USERS]
