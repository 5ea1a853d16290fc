"""Coming and going: join, leave, invite, kick, ban, knock, forget (Matrix v1.19 Client-Server §Room membership)."""

from typing import Literal

from parvis.access.principal import Right
from parvis.chat.rooms import aliases, carrying, profiles, store
from parvis.chat.rooms.append import append
from parvis.chat.rooms.model import Draft, Me, Room, Stored
from parvis.chat.rooms.writing import Writing
from parvis.kernel.errors import Forbidden, NotFound
from parvis.store.sql.contract import marks
from parvis.wire.matrix import identifiers
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.powers import CREATE, POWER_LEVELS, PowerLevels

Act = Literal["invite", "kick", "ban", "unban"]
_MOST_RULES = 100


class NoIdentityServer(BadMatrix):
    """Somebody is to be invited by an address of another kind: who that is, an identity server would know, and none
    is asked from here (Matrix v1.19 Client-Server §Third-party invites)."""

    def __init__(self, field: str) -> None:
        super().__init__(
            "People are invited by their user id: no identity server is asked from here",
            errcode="M_THREEPID_DENIED",
            field=field,
        )


async def named(db: store.Reader, name: str) -> Room:
    """The room of an id or an alias. Raises NotFound, BadMatrix."""
    if name.startswith("#"):
        identifiers.room_alias(name)
        room = await aliases.find(db, name)
    else:
        identifiers.room_id(name)
        room = await store.room_named(db, name)
    if room is None:
        raise NotFound("no such room")
    return room


async def join(writing: Writing, me: Me, room: Room, reason: str = "") -> Stored:
    """Comes into a room, or back. Raises NotAllowed."""
    content: Object = {"membership": "join", **await _profile(writing, me)}
    if reason:
        content["reason"] = reason
    if room.join_rule in ("restricted", "knock_restricted") and not await present(writing, room, me.user_id):
        found = await authoriser(writing, me.user_id, room)
        if found:
            content["join_authorised_via_users_server"] = found
    stored = await _as_member(writing, room, me.user_id, me.user_id, content)
    await carrying.carry(writing, me, room)
    return stored


async def knock(writing: Writing, me: Me, room: Room, reason: str = "") -> Stored:
    """Asks to be let in. Raises NotAllowed."""
    content: Object = {"membership": "knock", **await _profile(writing, me)}
    if reason:
        content["reason"] = reason
    return await _as_member(writing, room, me.user_id, me.user_id, content)


async def leave(writing: Writing, me: Me, room: Room, reason: str = "") -> None:
    """Leaves, or declines; whoever is out already stays out. Raises NotAllowed for who was never there."""
    before = await membership(writing.unit, room, me.user_id)
    if before == "leave":
        return
    if room.team and await store.visible_rooms(writing.unit, me.principal, [room.id]):
        raise Forbidden("this is the room of a space: who is in the space is in it")
    content: Object = {"membership": "leave"}
    if reason:
        content["reason"] = reason
    await _as_member(writing, room, me.user_id, me.user_id, content)


async def act(writing: Writing, me: Me, room_id: str, action: Act, target: str, reason: str = "") -> None:
    """What members do to others. Raises NotAllowed, NotFound, BadMatrix."""
    identifiers.user_id(target)
    room = await store.require(writing.unit, me.principal, room_id, Right.WRITE)
    before = await membership(writing.unit, room, target)
    if action == "unban" and before != "ban":
        raise BadMatrix("Who is not banned", errcode="M_BAD_STATE")
    if action == "kick" and before not in ("join", "invite", "knock"):
        raise Forbidden("they are not in the room")
    content: Object = {"membership": {"invite": "invite", "ban": "ban"}.get(action, "leave")}
    if reason:
        content["reason"] = reason
    if action == "invite":
        if before == "invite":
            return
        user = await writing.home.users.principal(writing.unit, target)
        if user is None:
            raise NotFound("there is nobody of this name here")
        content |= await profiles.shown(writing.unit, user)
    await _as_member(writing, room, me.user_id, target, content)


async def forget(writing: Writing, me: Me, room_id: str) -> None:
    """Lets a room that one is not in any more be nowhere. Raises BadMatrix for one that one is in."""
    unit = writing.unit
    room = await store.room_named(unit, room_id)
    if room is None:
        raise NotFound("no such room")
    before = await membership(writing.unit, room, me.user_id)
    if before in ("join", "invite", "knock"):
        raise BadMatrix("Leave the room first", errcode="M_UNKNOWN")
    await unit.run("UPDATE chat_member SET forgotten = 1 WHERE room = ? AND user_id = ?", room.id, me.user_id)


async def _as_member(writing: Writing, room: Room, sender: str, target: str, content: Object) -> Stored:
    return await append(writing, room.room_id, sender, Draft("m.room.member", content, target))


async def membership(db: store.Reader, room: Room, user_id: str) -> str:
    """What somebody is in a room; empty for nothing."""
    found = await db.value("SELECT membership FROM chat_member WHERE room = ? AND user_id = ?", room.id, user_id)
    return found or ""


async def present(writing: Writing, room: Room, user_id: str) -> bool:
    """Whether somebody is in a room, or invited."""
    return await membership(writing.unit, room, user_id) in ("join", "invite")


async def may_be_invited(db: store.Reader, room_id: str, user_id: str) -> bool:
    """Whether there is anything in inviting somebody: they are not invited yet. Raises NotFound, BadMatrix."""
    identifiers.user_id(user_id)
    return await membership(db, await named(db, room_id), user_id) != "invite"


async def _profile(writing: Writing, me: Me) -> Object:
    return await profiles.shown(writing.unit, me.principal)


async def authoriser(writing: Writing, user_id: str, room: Room) -> str:
    """Who of ours lets somebody in because they are in another room; empty for nobody (Matrix v1.19 Client-Server
    §Restricted rooms)."""
    unit = writing.unit
    state = await store.state(unit, room.id, [("m.room.join_rules", ""), CREATE, POWER_LEVELS])
    rules = state[("m.room.join_rules", "")].event.content.get("allow") if state else None
    wanted = [
        each["room_id"]
        for each in (rules if isinstance(rules, list) else [])[:_MOST_RULES]
        if isinstance(each, dict)
        and each.get("type") == "m.room_membership"
        and isinstance(each.get("room_id"), str)
    ]
    if not wanted or not await unit.value(
        f"""SELECT 1 FROM chat_member m JOIN chat_room r ON r.id = m.room WHERE m.user_id = ?
        AND m.membership = 'join'
        AND (r.others = 0 OR EXISTS (SELECT 1 FROM chat_member o WHERE o.room = r.id AND o.membership = 'join'
        AND o.principal_id <> 0)) AND r.room_id IN {marks(len(wanted))} LIMIT 1""",
        user_id,
        *wanted,
    ):
        return ""
    levels = PowerLevels.of(store.as_state(state.values()), room.version)
    rows = await unit.rows(
        """SELECT user_id FROM chat_member WHERE room = ? AND membership = 'join' AND principal_id <> 0
        ORDER BY stream LIMIT 500""",
        room.id,
    )
    return next((user for (user,) in rows if levels.user(user) >= levels.action("invite")), "")
