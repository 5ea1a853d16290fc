"""What a membership opens and closes: to join is a grant in the room's scope, in the unit of the event; whoever
leaves, is kicked or banned has it no more from the next statement on."""

from parvis.access import gate
from parvis.access.principal import Right
from parvis.chat.rooms.model import Room, Stored
from parvis.chat.rooms.writing import Writing

_RIGHTS = Right.READ | Right.WRITE
_COUNTED = {"join": "joined", "invite": "invited"}


async def apply(writing: Writing, room: Room, stored: Stored) -> None:
    """Follows an `m.room.member` that was put into the state."""
    unit, target = writing.unit, stored.event.state_key or ""
    membership = str(stored.event.membership)
    row = await unit.row(
        "SELECT membership, principal_id FROM chat_member WHERE room = ? AND user_id = ?", room.id, target
    )
    before, principal_id = row or ("", 0)
    if not principal_id:  # or the name is again somebody's
        found = await writing.home.users.principal(unit, target)
        principal_id = found.id if found else 0
    await unit.run(
        """INSERT INTO chat_member (room, user_id, principal_id, membership, event, stream, changed)
        VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (room, user_id) DO UPDATE SET event = excluded.event,
        principal_id = excluded.principal_id, stream = excluded.stream, forgotten = 0,
        changed = CASE WHEN chat_member.membership = excluded.membership
        THEN chat_member.changed ELSE excluded.changed END, membership = excluded.membership""",
        room.id, target, principal_id, membership, stored.id, stored.stream, stored.stream,
    )  # fmt: skip
    for word, change in ((before, -1), (membership, 1)):
        if word in _COUNTED and before != membership:
            column = _COUNTED[word]
            await unit.run(f"UPDATE chat_room SET {column} = {column} + ? WHERE id = ?", change, room.id)
    if principal_id:
        writing.touched.people.append(principal_id)
        await _open(writing, room, principal_id, before, membership)


async def _open(writing: Writing, room: Room, principal_id: int, before: str, now: str) -> None:
    unit, owner = writing.unit, writing.home.owner
    if now == "join" and before != "join":
        await gate.give(unit, owner, room.id, principal_id, _RIGHTS)
    elif now != "join" and before == "join":
        await close(writing, room.id, principal_id)


async def close(writing: Writing, room: int, principal_id: int) -> None:
    """Withdraws what a person has in a room."""
    grant = await writing.unit.value(
        "SELECT id FROM access_grant WHERE scope_id = ? AND principal_id = ?", room, principal_id
    )
    if grant is not None:  # of somebody whose account is gone it is withdrawn already
        await gate.withdraw(writing.unit, writing.home.owner, grant)
