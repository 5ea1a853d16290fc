"""What of a room leaves for the other servers in it, from the unit on that says it."""

from parvis.chat.rooms import members
from parvis.chat.rooms.model import Room, Stored
from parvis.chat.rooms.writing import Writing
from parvis.wire.matrix.identifiers import server_of


async def send(writing: Writing, room: Room, stored: Stored, *, without: str = "") -> None:
    """Has an event go to the servers that were in the room before it or are now, and to that of who is removed
    by it; not to `without`, which has it. Who is invited has been told with the invitation. `room` is as it was
    before."""
    queue, event = writing.home.queue, stored.event
    if queue is None:
        return
    removed = event.type == "m.room.member" and event.membership != "invite"
    concerned = server_of(event.state_key or "") if removed else ""
    servers = {concerned} - {""}
    if room.others:
        servers.update(await members.servers(writing.unit, room.id))
    servers -= {writing.home.name, without}
    if servers:
        await queue.event(writing.unit, room.id, stored.stream, sorted(servers))
