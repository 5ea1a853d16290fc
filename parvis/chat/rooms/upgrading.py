"""A room of another version in the place of one that is there (Matrix v1.19 Client-Server §Room upgrades)."""

import contextlib
from collections.abc import Sequence

from parvis.access.principal import Right
from parvis.chat import kinds
from parvis.chat.rooms import carrying, creating, store
from parvis.chat.rooms.append import append
from parvis.chat.rooms.model import Draft, Me, Room
from parvis.chat.rooms.writing import Writing
from parvis.kernel.errors import Forbidden
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import NotAllowed
from parvis.wire.matrix.powers import CREATE, POWER_LEVELS, PowerLevels
from parvis.wire.matrix.versions import RoomVersion

_SAID = ("events_default", "invite")
_CARRIED = (
    "m.room.server_acl", "m.room.encryption", "m.room.name", "m.room.avatar", "m.room.topic", "m.room.guest_access",
    "m.room.history_visibility", "m.room.join_rules",
)  # fmt: skip


async def upgrade(writing: Writing, me: Me, room_id: str, version_id: str, creators: Sequence[str] = ()) -> Room:
    """Makes the new room, says in the old one where it is, moves its names, and lets few speak there any more. Of
    who else has all power (`creators`) only rooms of version 12 know. Raises Forbidden, BadMatrix."""
    version = creating.version_of({"room_version": version_id})
    unit = writing.unit
    old = await store.require(unit, me.principal, room_id, Right.WRITE)
    state = {each.event.key: each for each in await store.whole_state(unit, old.id, without_members=True)}
    levels = PowerLevels.of(store.as_state(state.values()), old.version)
    if levels.user(me.user_id) < levels.needed("m.room.tombstone", state=True):
        raise Forbidden("too little power to replace the room")
    before = state[CREATE].event.content
    content: Object = {"predecessor": {"room_id": room_id}}
    if version.hashed_rooms:
        content |= {"additional_creators": list(creators)} if creators else {}
    else:
        content["predecessor"]["event_id"] = old.latest[-1]
    content |= {name: before[name] for name in ("type", "m.federate") if name in before}
    initial = [
        {"type": kind, "state_key": "", "content": state[kind, ""].event.content}
        for kind in _CARRIED
        if (kind, "") in state
    ]
    if old.kind != "encrypted":
        initial.append({"type": kinds.STATE, "state_key": "", "content": {"kind": old.kind}})
    body: Object = {"room_version": version.id, "creation_content": content, "initial_state": initial}
    if POWER_LEVELS in state:
        body["initial_state"].insert(0, _levels(state[POWER_LEVELS].event.content, me, old.version, version))
    new = await creating.make(writing, me, body)
    said = {"body": "This room has been replaced", "replacement_room": new.room_id}
    await append(writing, room_id, me.user_id, Draft("m.room.tombstone", said, ""))
    await unit.run("UPDATE chat_alias SET room = ? WHERE room = ?", new.id, old.id)
    await unit.run("UPDATE chat_room SET listed = ? WHERE id = ?", int(old.listed), new.id)
    await unit.run("UPDATE chat_room SET listed = 0 WHERE id = ?", old.id)
    if ("m.room.canonical_alias", "") in state:
        alias = state["m.room.canonical_alias", ""].event.content
        await append(writing, room_id, me.user_id, Draft("m.room.canonical_alias", {}, ""))
        await append(writing, new.room_id, me.user_id, Draft("m.room.canonical_alias", alias, ""))
    if POWER_LEVELS in state:
        await _quiet(writing, me, old, state[POWER_LEVELS].event.content)
    await carrying.carry(writing, me, new)
    return new


async def _quiet(writing: Writing, me: Me, old: Room, content: Object) -> None:
    usual = content.get("users_default")
    least = max(50, (usual if type(usual) is int else 0) + 1)
    raised = {name: max(least, each) for name in _SAID if type(each := content.get(name, 0)) is int}
    with contextlib.suppress(NotAllowed):
        await append(writing, old.room_id, me.user_id, Draft("m.room.power_levels", {**content, **raised}, ""))


def _levels(content: Object, me: Me, before: RoomVersion, after: RoomVersion) -> Object:
    """The levels of before; as of version 12 the creator is not named, who has all power; before it they are."""
    users = content.get("users")
    kept = dict(users) if isinstance(users, dict) else {}
    if after.hashed_rooms:
        kept.pop(me.user_id, None)
    elif before.hashed_rooms:
        kept[me.user_id] = 100
    return {"type": "m.room.power_levels", "state_key": "", "content": {**content, "users": kept}}
