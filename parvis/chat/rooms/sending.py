"""What people do in a room: saying something, setting state, and taking back what was said."""

from parvis.access.principal import Right
from parvis.chat.rooms import aliases, redacting, said, saying, store, using
from parvis.chat.rooms.append import append
from parvis.chat.rooms.model import Draft, Me, Room
from parvis.chat.rooms.said import Name
from parvis.chat.rooms.saying import REDACTION, Message
from parvis.chat.rooms.writing import Writing
from parvis.kernel.errors import Forbidden, NotFound, ParvisError
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.powers import CREATE, POWER_LEVELS, PowerLevels

_CONTROLLED = {"m.room.create", REDACTION}


async def send(writing: Writing, message: Message) -> str:
    """Says something that is no state. Returns the event's id. Raises Forbidden, NotAllowed, BadMatrix."""
    me, content = message.me, message.content
    if message.kind == REDACTION:
        room = await store.require(writing.unit, me.principal, message.room_id, Right.WRITE)
        return await _redact(writing, me, room, str(content.get("redacts", "")), content, message.name(room))
    [found] = await saying.say_all(writing, [message])
    if isinstance(found, ParvisError):
        raise found
    return found


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
    stored = await append(writing, room_id, me.user_id, Draft(kind, content, key))
    using.note(writing.unit, writing.home.name, stored)
    return stored.event_id


async def redact(writing: Writing, me: Me, room_id: str, event_id: str, content: Object, txn: str) -> str:
    """Takes back what was said: nothing is left of it but what the rules of the room need. Returns the id of the
    event that says so. Raises Forbidden, NotFound."""
    room = await store.require(writing.unit, me.principal, room_id, Right.WRITE)
    name = said.name_of(me, room.id, event_id, txn) if txn else None
    return await _redact(writing, me, room, event_id, content, name)


async def _redact(writing: Writing, me: Me, room: Room, event_id: str, content: Object, name: Name | None) -> str:
    unit = writing.unit
    if name is not None and (known := await said.known(unit, [name])):
        return known[name]
    target = await store.event_of(unit, room, event_id)
    state = store.as_state((await store.state(unit, room.id, [CREATE, POWER_LEVELS])).values())
    levels = PowerLevels.of(state, room.version)
    if target.event.sender != me.user_id and levels.user(me.user_id) < levels.action("redact"):
        raise Forbidden("too little power to take this back")
    if target.event.type == "m.room.create":
        raise Forbidden("the creation of a room stays")
    if room.version.sender_creates:
        draft = Draft(REDACTION, {**content, "redacts": event_id})
    else:
        rest = {key: value for key, value in content.items() if key != "redacts"}
        draft = Draft(REDACTION, rest, redacts=event_id)
    stored = await append(writing, room.room_id, me.user_id, draft)
    await redacting.take_back(writing, room, target, stored.event_id)
    if name is not None:
        said.keep(unit, name, stored.event_id)
    return stored.event_id


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
