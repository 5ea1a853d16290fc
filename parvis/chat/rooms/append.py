"""How an event comes into a room: its place behind the latest ones, what it is allowed by, its hash and
signature, and what follows from it for the state. Units serialise here: each writes the room's row and the clock of
all rooms; where the state is changed the row is locked by the first statement."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from parvis.access import gate
from parvis.chat import kinds
from parvis.chat.rooms import members, outgoing, rereading, store
from parvis.chat.rooms.home import Home
from parvis.chat.rooms.model import EVENT, SCOPE, Draft, Room, Stored
from parvis.chat.rooms.writing import Writing
from parvis.kernel import clock, ids
from parvis.kernel.errors import NotFound
from parvis.store.unit import Unit
from parvis.wire.matrix import authorisation, canonical, hashes, relations
from parvis.wire.matrix import event as events
from parvis.wire.matrix.canonical import INTEGER_LIMIT, Object
from parvis.wire.matrix.event import Event, StateKey
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

_INSERT = """INSERT INTO chat_event (id, account_id, room, stream, event_id, type, state_key, sender, origin, depth,
origin_ms, received_ms, relates_to, rel_type, rel_key, thread, replaces, rejected, soft_failed, json)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


async def create(writing: Writing, sender: str, version: RoomVersion, content: Object, said_ms: int = 0) -> Room:
    """A new room with its first event; `said_ms` as in Draft."""
    home = writing.home
    source = {
        "type": "m.room.create", "state_key": "", "sender": sender, "content": content, "depth": 1,
        "prev_events": [], "auth_events": [], "origin_server_ts": said_ms or clock.now_ms(),
    }  # fmt: skip
    if not version.hashed_rooms:
        source["room_id"] = f"!{ids.text(ids.new_id())}:{home.name}"
    event = events.read(hashes.sealed(source, version, home.name, home.key), version)
    authorisation.check_alone(event, {})
    await open_room(writing, event.room_id, version, content)
    await insert(writing, await locked(writing, event.room_id), event, None)
    return await locked(writing, event.room_id)


async def open_room(writing: Writing, room_id: str, version: RoomVersion, content: Object) -> None:
    """A room in which nothing is yet; `content` is that of its creation, as far as it is known."""
    unit, account_id, kind = writing.unit, writing.home.account_id, content.get("type")
    number = await gate.create_scope(unit, account_id, SCOPE, room_id)
    await unit.run(
        """INSERT INTO chat_room (id, account_id, room_id, version, kind, type, depth, latest, joined, invited,
        listed, join_rule, name, topic, alias, avatar, created_ms)
        VALUES (?, ?, ?, ?, 'private', ?, 0, '[]', 0, 0, 0, 'invite', '', '', '', '', ?)""",
        number, account_id, room_id, version.id, kind if isinstance(kind, str) else "", clock.now_ms(),
    )  # fmt: skip


async def append(writing: Writing, room_id: str, sender: str, draft: Draft) -> Stored:
    """Puts an event into a room. State that says what is there already is not said twice: then that which is
    there is returned. Raises NotAllowed, BadMatrix, NotFound."""
    room = await locked(writing, room_id)
    made, before = await build(writing, room, sender, draft)
    if made is None:
        assert before is not None
        return before
    return await put(writing, room, made, before)


async def put(writing: Writing, room: Room, event: Event, before: Stored | None = None) -> Stored:
    """Puts an event of ours that is allowed into the room, and on its way to other servers. `before` is the event
    of state in whose place it comes."""
    stored = await insert(writing, room, event, before)
    await outgoing.send(writing, room, stored)
    return stored


async def build(
    writing: Writing, room: Room, sender: str, draft: Draft, *, anew: bool = False
) -> tuple[Event | None, Stored | None]:
    """An event, signed by us and allowed, behind the latest ones; and which event of state stands in its place.
    Without `anew`, None where that says the same already. Raises NotAllowed, BadMatrix."""
    found = await store.state(writing.unit, room.id, needed(room, sender, draft))
    before = None if draft.state_key is None else found.get((draft.type, draft.state_key))
    same = before is not None and before.event.sender == sender and before.event.content == draft.content
    if same and not anew:
        return None, before
    return compose(writing.home, room, sender, draft, found), before


def needed(room: Room, sender: str, draft: Draft) -> list[StateKey]:
    """What of the state decides on an event, and where it stands itself."""
    keys = authorisation.auth_keys(draft.type, sender, draft.state_key, draft.content, room.version)
    own = [] if draft.state_key is None else [(draft.type, draft.state_key)]
    return list(dict.fromkeys([*keys, CREATE, *own]))


def compose(home: Home, room: Room, sender: str, draft: Draft, found: Mapping[StateKey, Stored]) -> Event:
    """An event, signed by us and allowed, behind the latest ones; `found` has all that is `needed` of the state.
    Raises NotAllowed, BadMatrix."""
    version = room.version
    keys = authorisation.auth_keys(draft.type, sender, draft.state_key, draft.content, version)
    source = {
        "type": draft.type, "sender": sender, "content": draft.content, "room_id": room.room_id,
        "depth": min(room.depth + 1, INTEGER_LIMIT), "prev_events": list(room.latest),
        "auth_events": [found[key].event_id for key in keys if key in found],
        "origin_server_ts": draft.said_ms or clock.now_ms(),
    }  # fmt: skip
    if draft.state_key is not None:
        source["state_key"] = draft.state_key
    if draft.redacts:
        source["redacts"] = draft.redacts
    event = events.read(hashes.sealed(source, version, home.name, home.key), version)
    authorisation.check(event, store.as_state(found.values()))
    return event


async def locked(writing: Writing, room_id: str) -> Room:
    """The room; nobody else appends to it until the unit ends."""
    room = await store.locked(writing.unit, room_id)
    if room is None:
        raise NotFound("no such room")
    return room


async def insert(writing: Writing, room: Room, event: Event, before: Stored | None) -> Stored:
    """Puts an event that is allowed, and follows all the latest ones, into the timeline and the state. `before` is
    the event of state in whose place it comes."""
    stored = await show(writing, room, event, before.id if before else 0, (event.event_id,))
    if event.state_key is not None:
        await stand(writing, room, stored, stored.stream)
    return stored


async def show(
    writing: Writing, room: Room, event: Event, replaces: int, latest: Sequence[str], number: int = 0
) -> Stored:
    """Puts an event into the timeline, behind which `latest` are the latest ones; `number` is its row, where it was
    known already."""
    unit, known = writing.unit, number
    number = known or ids.new_id()
    stream = await unit.changed(room.account_id, EVENT, number, "created", part=room.id)
    relation = relations.relation_of(event.content)
    about = relation if relation is not None and relation.rel_type and event.state_key is None else None
    thread = await _thread(writing, room, about)
    related = (about.event_id, about.rel_type, about.key) if about else ("", "", "")
    if known:
        await unit.run(
            """UPDATE chat_event SET stream = ?, relates_to = ?, rel_type = ?, rel_key = ?, thread = ?, replaces = ?
            WHERE id = ?""",
            stream, *related, thread, replaces, number,
        )  # fmt: skip
    else:
        await write_event(unit, room, event, number, stream, related, thread, replaces)
    unit.later(
        "UPDATE chat_room SET depth = ?, latest = ? WHERE id = ?",
        max(room.depth, event.depth),
        msgspec.json.encode(latest).decode(),
        room.id,
    )
    stored = Stored(number, room.id, stream, thread, "", replaces, event)
    if room.id not in writing.touched.rooms:
        writing.touched.rooms.append(room.id)
    if about is not None and about.rel_type == "m.replace":
        await _edited(writing, room, about.event_id)
    return stored


async def put_before(writing: Writing, room: Room, stored: Stored, position: int) -> None:
    """Puts an event that is known before others in the timeline; nobody is told of it as of something new."""
    unit, event = writing.unit, stored.event
    await unit.changed(room.account_id, EVENT, stored.id, "updated", part=room.id)
    relation = relations.relation_of(event.content)
    about = relation if relation is not None and relation.rel_type and event.state_key is None else None
    related = (about.event_id, about.rel_type, about.key) if about else ("", "", "")
    await unit.run(
        "UPDATE chat_event SET stream = ?, relates_to = ?, rel_type = ?, rel_key = ?, thread = ? WHERE id = ?",
        position, *related, await _thread(writing, room, about), stored.id,
    )  # fmt: skip


async def write_event(
    unit: Unit,
    room: Room,
    event: Event,
    number: int,
    stream: int,
    related: tuple[str, str, str] = ("", "", ""),
    thread: str = "",
    replaces: int = 0,
    *,
    rejected: bool = False,
    soft_failed: bool = False,
) -> None:
    """Keeps an event, wherever it stands."""
    now = clock.now_ms()
    row = _row(room, event, number, stream, now, related, thread, replaces, rejected, soft_failed)
    unit.later(_INSERT, *row)


async def write_outliers(unit: Unit, room: Room, events: Iterable[tuple[int, Event, bool]]) -> None:
    """Keeps events that are known only because others name them: each with its row, and whether it is rejected."""
    now = clock.now_ms()
    await unit.many(
        _INSERT, [_row(room, event, number, -number, now, rejected=bad) for number, event, bad in events]
    )


def _row(
    room: Room,
    event: Event,
    number: int,
    stream: int,
    now: int,
    related: tuple[str, str, str] = ("", "", ""),
    thread: str = "",
    replaces: int = 0,
    rejected: bool = False,
    soft_failed: bool = False,
) -> tuple[object, ...]:
    return (
        number, room.account_id, room.id, stream, event.event_id, event.type, event.state_key, event.sender,
        server_of(event.sender), event.depth, event.origin_server_ts, now, *related, thread, replaces,
        int(rejected), int(soft_failed), canonical.encode(event.source, strict=event.version.strict_json),
    )  # fmt: skip


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


async def stand(writing: Writing, room: Room, stored: Stored, stream: int) -> None:
    """Writes an event into the state as of a position, and what follows from that."""
    unit, (kind, key) = writing.unit, stored.event.key
    await note(unit, room, (kind, key), stored.id, stream)
    if kind == "m.room.member":
        await members.apply(writing, room, stored, stream)
    else:
        await show_state(writing, room, (kind, key), stored.event.content)


async def fall(writing: Writing, room: Room, key: StateKey, stream: int) -> None:
    """Has nothing stand in a place of the state any more, as of a position."""
    await note(writing.unit, room, key, 0, stream)
    if key[0] == "m.room.member":
        await members.became(writing, room, key[1], "leave", 0, stream)
    else:
        await show_state(writing, room, key, {})


async def note(unit: Unit, room: Room, key: StateKey, number: int, stream: int, *, now: bool = True) -> None:
    """Writes what stands in a place of the state as of a position, and by `now`."""
    if now:
        await unit.run(
            """INSERT INTO chat_state (room, type, state_key, event) VALUES (?, ?, ?, ?)
            ON CONFLICT (room, type, state_key) DO UPDATE SET event = excluded.event""",
            room.id, *key, number,
        )  # fmt: skip
    await unit.run(
        "INSERT INTO chat_state_log (room, type, state_key, stream, event) VALUES (?, ?, ?, ?, ?)",
        room.id, *key, stream, number,
    )  # fmt: skip


async def show_state(writing: Writing, room: Room, place: StateKey, content: Object) -> None:
    """Has lists of rooms, and the kind of a room, follow what stands in a place of its state."""
    kind, key = place
    if key == "" and kind in _SHOWN:
        column, name = _SHOWN[kind]
        value = content.get(name)
        text = value if isinstance(value, str) else ""
        await writing.unit.run(f"UPDATE chat_room SET {column} = ? WHERE id = ?", text, room.id)
    elif key == "" and kind in kinds.DECIDING:
        await follow_kind(writing, room)


async def follow_kind(writing: Writing, room: Room) -> None:
    """Finds out anew of which kind a room is."""
    found = await store.state(writing.unit, room.id, [(kind, "") for kind in kinds.DECIDING])
    now = kinds.kind_of({each.event.type: each.event.content for each in found.values()}, room.kind)
    if now != room.kind:
        await writing.unit.run("UPDATE chat_room SET kind = ? WHERE id = ?", now, room.id)
        await rereading.plan(writing.unit, room.id)
