"""Saying things in a room: messages, state, and taking back what was said. What a device sends twice under one
name is said once (Matrix v1.19 Client-Server §Transaction identifiers)."""

from parvis.access.principal import Right
from parvis.chat.rooms import about, aliases, redacting, store
from parvis.chat.rooms.append import append
from parvis.chat.rooms.model import Draft, Me, Room
from parvis.chat.rooms.writing import Writing
from parvis.kernel import clock
from parvis.kernel.errors import Forbidden, NotFound
from parvis.store.store import Store
from parvis.store.unit import Unit
from parvis.wire.matrix import relations
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.powers import CREATE, POWER_LEVELS, PowerLevels

KEPT_MS = 24 * 3_600_000
"""How long a transaction is known."""
_CONTROLLED = {"m.room.create", "m.room.redaction"}


async def send(writing: Writing, me: Me, room_id: str, kind: str, content: Object, txn: str = "") -> str:
    """Says something that is no state. Returns the event's id. Raises Forbidden, NotAllowed, BadMatrix."""
    unit = writing.unit
    room = await store.require(unit, me.principal, room_id, Right.WRITE)
    name = f"{room.id}\n{kind}\n{txn}"
    if txn and (known := await _sent(unit, me, name)):
        return known
    if kind == "m.room.redaction":
        return await _redact(writing, me, room, str(content.get("redacts", "")), content, name if txn else "")
    await _check_relation(unit, me, room, kind, content)
    stored = await append(writing, room_id, me.user_id, Draft(kind, content))
    if about.FIELD in content:
        await about.keep(unit, me, stored)
    if txn:
        await _keep(unit, me, name, stored.event_id)
    return stored.event_id


async def put_state(writing: Writing, me: Me, room_id: str, kind: str, key: str, content: Object) -> str:
    """Sets state. Returns the event's id. Raises Forbidden, NotAllowed, BadMatrix."""
    room = await store.require(writing.unit, me.principal, room_id, Right.WRITE)
    if kind in _CONTROLLED:
        raise Forbidden("this is not set so")
    invites = kind == "m.room.member" and key != me.user_id and content.get("membership") == "invite"
    if invites and await writing.home.users.principal(writing.unit, key) is None:
        raise NotFound("there is nobody of this name here")
    if kind == "m.room.canonical_alias":
        await _check_aliases(writing, room, content)
    return (await append(writing, room_id, me.user_id, Draft(kind, content, key))).event_id


async def redact(writing: Writing, me: Me, room_id: str, event_id: str, content: Object, txn: str) -> str:
    """Takes back what was said: nothing is left of it but what the rules of the room need. Returns the id of the
    event that says so. Raises Forbidden, NotFound."""
    room = await store.require(writing.unit, me.principal, room_id, Right.WRITE)
    name = f"{room.id}\n{event_id}\n{txn}"
    if txn and (known := await _sent(writing.unit, me, name)):
        return known
    return await _redact(writing, me, room, event_id, content, name if txn else "")


async def _redact(writing: Writing, me: Me, room: Room, event_id: str, content: Object, name: str) -> str:
    unit = writing.unit
    target = await store.event_of(unit, room, event_id)
    state = store.as_state((await store.state(unit, room.id, [CREATE, POWER_LEVELS])).values())
    levels = PowerLevels.of(state, room.version)
    if target.event.sender != me.user_id and levels.user(me.user_id) < levels.action("redact"):
        raise Forbidden("too little power to take this back")
    if target.event.type == "m.room.create":
        raise Forbidden("the creation of a room stays")
    if room.version.sender_creates:
        draft = Draft("m.room.redaction", {**content, "redacts": event_id})
    else:
        said = {key: value for key, value in content.items() if key != "redacts"}
        draft = Draft("m.room.redaction", said, redacts=event_id)
    stored = await append(writing, room.room_id, me.user_id, draft)
    await redacting.take_back(writing, room, target, stored.event_id)
    if name:
        await _keep(unit, me, name, stored.event_id)
    return stored.event_id


async def _check_relation(unit: Unit, me: Me, room: Room, kind: str, content: Object) -> None:
    relation = relations.relation_of(content)
    if relation is None or not relation.rel_type:
        return
    target = (await store.by_event_ids(unit, room.id, [relation.event_id])).get(relation.event_id)
    present = (
        await store.select(
            unit,
            """e.relates_to = ? AND e.relates_to <> '' AND e.rel_type = 'm.annotation' AND e.sender = ?
            AND e.rel_key = ? AND e.room = ?""",
            relation.event_id,
            me.user_id,
            relation.key,
            room.id,
        )
        if relation.rel_type == "m.annotation"
        else []
    )
    relations.check_new(
        kind, me.user_id, content, target.event if target else None, [each.event for each in present]
    )


async def _check_aliases(writing: Writing, room: Room, content: Object) -> None:
    """Names that were not there before must be the room's (Matrix v1.19 Client-Server §m.room.canonical_alias)."""
    more = content.get("alt_aliases", [])
    wanted = [content["alias"]] if content.get("alias") else []
    wanted += more if isinstance(more, list) else [None]
    for alias in wanted:
        if not isinstance(alias, str) or not alias.startswith("#"):
            raise BadMatrix("Not a name of a room", errcode="M_INVALID_PARAM", field="alias")
        found = await aliases.find(writing.unit, alias)
        if found is None or found.id != room.id:
            raise BadMatrix("The name is not this room's", errcode="M_BAD_ALIAS", field="alias")


async def _sent(unit: Unit, me: Me, name: str) -> str:
    found = await unit.value(
        "SELECT event FROM chat_transaction WHERE principal_id = ? AND device_id = ? AND name = ?",
        me.principal.id,
        me.device_id,
        name,
    )
    return found or ""


async def _keep(unit: Unit, me: Me, name: str, event_id: str) -> None:
    await unit.run(
        "INSERT INTO chat_transaction (principal_id, device_id, name, event, sent_ms) VALUES (?, ?, ?, ?, ?)",
        me.principal.id,
        me.device_id,
        name,
        event_id,
        clock.now_ms(),
    )


async def forget(store: Store) -> int:
    """Lets the names go of what was sent long ago; once a day."""
    before = clock.now_ms() - KEPT_MS

    async def work(unit: Unit) -> int:
        return await unit.run(
            """DELETE FROM chat_transaction WHERE (principal_id, device_id, name) IN
            (SELECT principal_id, device_id, name FROM chat_transaction WHERE sent_ms < ? LIMIT 1000)""",
            before,
        )

    total = 0
    while done := await store.write(work):
        total += done
    return total
