"""How an event comes into a room: its place behind the latest ones, what it is allowed by, its hash and
signature, and what follows from it for the state. Units serialise here: the room's row is locked by the first
statement."""

import msgspec

from parvis.access import gate
from parvis.chat import kinds
from parvis.chat.rooms import members, rereading, store
from parvis.chat.rooms.model import EVENT, SCOPE, Draft, Room, Stored
from parvis.chat.rooms.writing import Writing
from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound
from parvis.wire.matrix import authorisation, canonical, hashes, relations
from parvis.wire.matrix import event as events
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.event import Event
from parvis.wire.matrix.identifiers import server_of
from parvis.wire.matrix.powers import CREATE
from parvis.wire.matrix.versions import RoomVersion

_SHOWN = {
    "m.room.name": ("name", "name"),
    "m.room.topic": ("topic", "topic"),
    "m.room.canonical_alias": ("alias", "alias"),
    "m.room.avatar": ("avatar", "url"),
    "m.room.join_rules": ("join_rule", "join_rule"),
}
"""What lists of rooms show: the column for a type of state, and the name in its content."""


async def create(writing: Writing, sender: str, version: RoomVersion, content: Object) -> Room:
    """A new room with its first event."""
    home, unit = writing.home, writing.unit
    source = {
        "type": "m.room.create", "state_key": "", "sender": sender, "content": content, "depth": 1,
        "prev_events": [], "auth_events": [], "origin_server_ts": clock.now_ms(),
    }  # fmt: skip
    if not version.hashed_rooms:
        source["room_id"] = f"!{ids.text(ids.new_id())}:{home.name}"
    event = events.read(hashes.sealed(source, version, home.name, home.key), version)
    authorisation.check_alone(event, {})
    number = await gate.create_scope(unit, home.account_id, SCOPE, event.room_id)
    kind = content.get("type")
    await unit.run(
        """INSERT INTO chat_room (id, account_id, room_id, version, kind, type, depth, latest, joined, invited,
        listed, join_rule, name, topic, alias, avatar, created_ms)
        VALUES (?, ?, ?, ?, 'open', ?, 0, '[]', 0, 0, 0, 'invite', '', '', '', '', ?)""",
        number, home.account_id, event.room_id, version.id, kind if isinstance(kind, str) else "", clock.now_ms(),
    )  # fmt: skip
    await _insert(writing, await _locked(writing, event.room_id), event, None)
    return await _locked(writing, event.room_id)


async def append(writing: Writing, room_id: str, sender: str, draft: Draft) -> Stored:
    """Puts an event into a room. State that says what is there already is not said twice: then that which is
    there is returned. Raises NotAllowed, BadMatrix, NotFound."""
    room = await _locked(writing, room_id)
    version, home = room.version, writing.home
    keys = authorisation.auth_keys(draft.type, sender, draft.state_key, draft.content, version)
    wanted = list(
        dict.fromkeys([*keys, CREATE, *([(draft.type, draft.state_key)] if draft.state_key is not None else [])])
    )
    found = await store.state(writing.unit, room.id, wanted)
    before = None if draft.state_key is None else found.get((draft.type, draft.state_key))
    if before is not None and before.event.sender == sender and before.event.content == draft.content:
        return before
    source = {
        "type": draft.type, "sender": sender, "content": draft.content, "room_id": room_id, "depth": room.depth + 1,
        "prev_events": list(room.latest), "auth_events": [found[key].event_id for key in keys if key in found],
        "origin_server_ts": clock.now_ms(),
    }  # fmt: skip
    if draft.state_key is not None:
        source["state_key"] = draft.state_key
    if draft.redacts:
        source["redacts"] = draft.redacts
    event = events.read(hashes.sealed(source, version, home.name, home.key), version)
    authorisation.check(event, store.as_state(found.values()))
    return await _insert(writing, room, event, before)


async def _locked(writing: Writing, room_id: str) -> Room:
    """The room; nobody else appends to it until the unit ends."""
    await writing.unit.run("UPDATE chat_room SET depth = depth WHERE room_id = ?", room_id)
    room = await store.room_named(writing.unit, room_id)
    if room is None:
        raise NotFound("no such room")
    return room


async def _insert(writing: Writing, room: Room, event: Event, before: Stored | None) -> Stored:
    unit, number = writing.unit, ids.new_id()
    stream = await unit.changed(room.account_id, EVENT, number, "created", part=room.id)
    relation = relations.relation_of(event.content)
    about = relation if relation is not None and relation.rel_type and event.state_key is None else None
    thread = await _thread(writing, room, about)
    await unit.run(
        """INSERT INTO chat_event (id, account_id, room, stream, event_id, type, state_key, sender, origin, depth,
        origin_ms, received_ms, relates_to, rel_type, rel_key, thread, replaces, json)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        number, room.account_id, room.id, stream, event.event_id, event.type, event.state_key, event.sender,
        server_of(event.sender), event.depth, event.origin_server_ts, clock.now_ms(),
        about.event_id if about else "", about.rel_type if about else "", about.key if about else "", thread,
        before.id if before else 0, canonical.encode(event.source),
    )  # fmt: skip
    await unit.run(
        "UPDATE chat_room SET depth = ?, latest = ? WHERE id = ?",
        event.depth,
        msgspec.json.encode([event.event_id]).decode(),
        room.id,
    )
    stored = Stored(number, room.id, stream, thread, "", before.id if before else 0, event)
    if room.id not in writing.touched.rooms:
        writing.touched.rooms.append(room.id)
    if about is not None and about.rel_type == "m.replace":
        await _edited(writing, room, about.event_id)
    if event.state_key is not None:
        await _stands(writing, room, stored)
    return stored


async def _thread(writing: Writing, room: Room, about: relations.Relation | None) -> str:
    """The thread of an event that is about another: the one it names, or that of the event it is about."""
    if about is None:
        return ""
    if about.rel_type == "m.thread":
        return about.event_id
    found = await writing.unit.value(
        "SELECT thread FROM chat_event WHERE event_id = ? AND room = ?", about.event_id, room.id
    )
    return found or ""


async def _edited(writing: Writing, room: Room, event_id: str) -> None:
    """What was edited is another thing for search."""
    number = await writing.unit.value(
        "SELECT id FROM chat_event WHERE event_id = ? AND room = ?", event_id, room.id
    )
    if number is not None:
        await writing.unit.changed(room.account_id, EVENT, number, "updated", part=room.id)


async def _stands(writing: Writing, room: Room, stored: Stored) -> None:
    """Writes an event into the state, and what follows from that."""
    unit, (kind, key) = writing.unit, stored.event.key
    await unit.run(
        """INSERT INTO chat_state (room, type, state_key, event) VALUES (?, ?, ?, ?)
        ON CONFLICT (room, type, state_key) DO UPDATE SET event = excluded.event""",
        room.id, kind, key, stored.id,
    )  # fmt: skip
    await unit.run(
        "INSERT INTO chat_state_log (room, type, state_key, stream, event) VALUES (?, ?, ?, ?, ?)",
        room.id, kind, key, stored.stream, stored.id,
    )  # fmt: skip
    if kind == "m.room.member":
        await members.apply(writing, room, stored)
    elif key == "" and kind in _SHOWN:
        column, name = _SHOWN[kind]
        value = stored.event.content.get(name)
        text = value if isinstance(value, str) else ""
        await unit.run(f"UPDATE chat_room SET {column} = ? WHERE id = ?", text, room.id)
    elif key == "" and kind in kinds.DECIDING:
        await _kind(writing, room)


async def _kind(writing: Writing, room: Room) -> None:
    found = await store.state(writing.unit, room.id, [(kind, "") for kind in kinds.DECIDING])
    now = kinds.kind_of({each.event.type: each.event.content for each in found.values()}, room.kind)
    if now != room.kind:
        await writing.unit.run("UPDATE chat_room SET kind = ? WHERE id = ?", now, room.id)
        await rereading.plan(writing.unit, room.id)
