"""What a membership opens and closes: to join is a grant in the room's scope, in the unit of the event; whoever
leaves, is kicked or banned has it no more from the next statement on."""

from collections import Counter
from collections.abc import Mapping

import msgspec

from parvis.access import gate
from parvis.access.principal import Right
from parvis.chat.rooms import store
from parvis.chat.rooms.model import Room, Stored
from parvis.chat.rooms.writing import Writing
from parvis.store.unit import Unit
from parvis.wire.matrix.identifiers import server_of

_RIGHTS = Right.READ | Right.WRITE
_COUNTED = {"join": "joined", "invite": "invited"}


async def apply(writing: Writing, room: Room, stored: Stored, stream: int) -> None:
    """Follows an `m.room.member` that was put into the state at a position."""
    target = stored.event.state_key or ""
    await became(writing, room, target, str(stored.event.membership), stored.id, stream)


async def became(writing: Writing, room: Room, target: str, membership: str, event: int, stream: int) -> None:
    """Follows what somebody is in a room as of a position, by the event of that row; 0 where none says it."""
    unit = writing.unit
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
        room.id, target, principal_id, membership, event, stream, stream,
    )  # fmt: skip
    for word, change in ((before, -1), (membership, 1)):
        if word in _COUNTED and before != membership:
            column = _COUNTED[word]
            await unit.run(f"UPDATE chat_room SET {column} = {column} + ? WHERE id = ?", change, room.id)
            if word == "join" and await _is_met(unit, room, target, change, writing.home.name):
                writing.touched.met.append((room.id, target))
    if principal_id:
        writing.touched.people.append(principal_id)
        await _open(writing, room, principal_id, before, membership)


async def _is_met(unit: Unit, room: Room, target: str, change: int, home: str) -> bool:
    """Whether who came is of this server (`home`) and meets others there, or the first of theirs in the room;
    counts those of other servers."""
    if (server := server_of(target)) == home:
        return change > 0 and room.others > 0
    await unit.run("UPDATE chat_room SET others = others + ? WHERE id = ?", change, room.id)
    joined = await unit.value(
        """INSERT INTO chat_room_server (room, server, joined) VALUES (?, ?, ?)
        ON CONFLICT (room, server) DO UPDATE SET joined = chat_room_server.joined + excluded.joined
        RETURNING joined""",
        room.id,
        server,
        change,
    )
    return change > 0 and joined == 1


async def strangers(unit: Unit, room: Room, people: Mapping[str, tuple[str, int]], stream: int) -> None:
    """Notes what people of other servers are in a room that is new here: their memberships, with the rows of the
    events that say them."""
    await unit.many(
        """INSERT INTO chat_member (room, user_id, principal_id, membership, event, stream, changed)
        VALUES (?, ?, 0, ?, ?, ?, ?) ON CONFLICT (room, user_id) DO UPDATE SET event = excluded.event,
        stream = excluded.stream, changed = excluded.changed, membership = excluded.membership""",
        [(room.id, user, word, event, stream, stream) for user, (word, event) in people.items()],
    )
    joined = Counter(server_of(user) for user, (word, _) in people.items() if word == "join")
    invited = sum(word == "invite" for word, _ in people.values())
    await unit.run(
        "UPDATE chat_room SET joined = joined + ?, others = others + ?, invited = invited + ? WHERE id = ?",
        joined.total(),
        joined.total(),
        invited,
        room.id,
    )
    await unit.many(
        "INSERT INTO chat_room_server (room, server, joined) VALUES (?, ?, ?)",
        [(room.id, server, count) for server, count in joined.items()],
    )


async def is_here(db: store.Reader, room: Room) -> bool:
    """Whether we have the room as it is: somebody of ours is in it, or nobody of another server."""
    if not room.latest:
        return False
    return not room.others or bool(
        await db.value(
            "SELECT 1 FROM chat_member WHERE room = ? AND membership = 'join' AND principal_id <> 0 LIMIT 1",
            room.id,
        )
    )


async def servers(db: store.Reader, room: int) -> list[str]:
    """The other servers that have members in a room."""
    rows = await db.rows("SELECT server FROM chat_room_server WHERE room = ? AND joined > 0 ORDER BY server", room)
    return [server for (server,) in rows]


class _Face(msgspec.Struct):
    displayname: object = None
    avatar_url: object = None


class _Membership(msgspec.Struct):
    """What of an `m.room.member` is read here: not the whole event."""

    content: _Face


_READ = msgspec.json.Decoder(_Membership)


async def joined(db: store.Reader, room: int) -> dict[str, dict[str, str]]:
    """Who is in a room, each with what they are called and how they look there, as far as that is said: as
    `joined_members` has it. One statement."""
    rows = await db.rows(
        """SELECT m.user_id, e.json FROM chat_member m JOIN chat_event e ON e.id = m.event
        WHERE m.room = ? AND m.membership = 'join'""",
        room,
    )
    found: dict[str, dict[str, str]] = {}
    for user, source in rows:
        face, shown = _READ.decode(source).content, found.setdefault(user, {})
        if isinstance(face.displayname, str):
            shown["display_name"] = face.displayname
        if isinstance(face.avatar_url, str):
            shown["avatar_url"] = face.avatar_url
    return found


async def is_in(db: store.Reader, room: int, user_id: str) -> bool:
    """Whether somebody, of whichever server, has joined a room."""
    joined = "SELECT 1 FROM chat_member WHERE room = ? AND user_id = ? AND membership = 'join'"
    return await db.value(joined, room, user_id) is not None


async def _open(writing: Writing, room: Room, principal_id: int, before: str, now: str) -> None:
    unit, owner = writing.unit, writing.home.owner
    if room.team:
        return  # who is in the space sees it by the grant of that
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
