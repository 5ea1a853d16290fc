"""Making rooms: what is said in a new room before anybody else is there (Matrix v1.19 Client-Server §Creation)."""

from dataclasses import replace
from typing import Any

from parvis.chat import kinds
from parvis.chat.rooms import aliases, joining, profiles, using
from parvis.chat.rooms.append import append, create
from parvis.chat.rooms.model import MOST_INVITED, Draft, Me, Room
from parvis.chat.rooms.writing import Writing
from parvis.wire.matrix import identifiers
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.versions import RoomVersion, supported

VERSIONS = ("10", "11", "12")
DEFAULT_VERSION = "12"
_RULES = {
    "private_chat": ("invite", "can_join"),
    "trusted_private_chat": ("invite", "can_join"),
    "public_chat": ("public", "forbidden"),
}
"""By preset: who may join, and whether guests may; history is `shared` in all (Matrix v1.19 Client-Server
§POST /createRoom)."""
_MOST_STATE = 100


def version_of(body: Object) -> RoomVersion:
    """The version that a new room is asked to have. Raises BadMatrix with `M_UNSUPPORTED_ROOM_VERSION`."""
    wanted = body.get("room_version", DEFAULT_VERSION)
    if wanted not in VERSIONS:
        raise BadMatrix(
            "A room version that is not known here", errcode="M_UNSUPPORTED_ROOM_VERSION", field="room_version"
        )
    return supported(wanted)


async def make(writing: Writing, me: Me, body: Object, *, said_ms: int = 0) -> Room:
    """A new room with all that was asked for, in one unit; `said_ms` as in Draft. Raises BadMatrix,
    NotAllowed, Conflict."""
    version = version_of(body)
    preset = _preset(body)
    invited = _invited(body)
    content = {**_object(body, "creation_content")}
    content.pop("creator", None)
    content["room_version"] = version.id
    if not version.sender_creates:
        content["creator"] = me.user_id
    if version.hashed_rooms and preset == "trusted_private_chat":
        more = content.get("additional_creators", [])
        content["additional_creators"] = list(dict.fromkeys([*(more if isinstance(more, list) else []), *invited]))
    room = await create(writing, me.user_id, version, content, said_ms)
    member: Object = {"membership": "join", **await profiles.shown(writing.unit, me.principal)}
    for draft in [Draft("m.room.member", member, me.user_id), *_state(writing, me, body, version, preset, invited)]:
        stored = await append(writing, room.room_id, me.user_id, replace(draft, said_ms=said_ms))
        using.note(writing.unit, writing.home.name, stored)
    if (local := body.get("room_alias_name")) is not None:
        alias = aliases.alias_of(local, writing.home.name)
        await aliases.put(writing, me, alias, room)
        said = Draft("m.room.canonical_alias", {"alias": alias}, "")
        await append(writing, room.room_id, me.user_id, said)
    faces = await profiles.shown_of(writing, invited)
    for user_id in invited:
        if writing.home.queue is not None and not writing.home.users.is_here(user_id):
            continue  # their server is asked first
        guest: Object = {"membership": "invite", **faces.get(user_id, {})}
        if body.get("is_direct") is True:
            guest["is_direct"] = True
        await append(writing, room.room_id, me.user_id, Draft("m.room.member", guest, user_id))
    if body.get("visibility") == "public":
        await writing.unit.run("UPDATE chat_room SET listed = 1 WHERE id = ?", room.id)
    return room


def _preset(body: Object) -> str:
    visibility = body.get("visibility", "private")
    if visibility not in ("public", "private"):
        raise BadMatrix("Neither public nor private", errcode="M_INVALID_PARAM", field="visibility")
    preset = body.get("preset", "public_chat" if visibility == "public" else "private_chat")
    if not isinstance(preset, str) or preset not in _RULES:
        raise BadMatrix("There is no such preset", errcode="M_INVALID_PARAM", field="preset")
    return preset


def _invited(body: Object) -> list[str]:
    invited = body.get("invite", [])
    if not isinstance(invited, list) or len(invited) > MOST_INVITED:
        raise BadMatrix(f"Not a list of at most {MOST_INVITED} users", errcode="M_INVALID_PARAM", field="invite")
    for each in invited:
        identifiers.user_id(each, "invite")
    if body.get("invite_3pid"):
        raise joining.NoIdentityServer("invite_3pid")
    return list(dict.fromkeys(invited))


def _object(body: Object, name: str) -> Object:
    found = body.get(name, {})
    if not isinstance(found, dict):
        raise BadMatrix("Not an object", errcode="M_BAD_JSON", field=name)
    return found


def _state(
    writing: Writing, me: Me, body: Object, version: RoomVersion, preset: str, invited: list[str]
) -> list[Draft]:
    """In the order of the specification; what `initial_state` says comes in place of what the preset would."""
    given = [_given(each) for each in _list(body, "initial_state")]
    said = {(each.type, each.state_key) for each in given}
    join_rule, guests = _RULES[preset]
    by_preset = [
        Draft("m.room.join_rules", {"join_rule": join_rule}, ""),
        Draft("m.room.history_visibility", {"history_visibility": "shared"}, ""),
        Draft("m.room.guest_access", {"guest_access": guests}, ""),
    ]
    if ("m.room.encryption", "") not in said:
        by_preset.append(Draft(kinds.STATE, {"kind": kinds.for_new(body, writing.home.room_kind)}, ""))
    found = [] if ("m.room.power_levels", "") in said else [_levels(me, body, version, preset, invited)]
    found += [each for each in by_preset if (each.type, each.state_key) not in said]
    found += given
    for kind, name in (("m.room.name", "name"), ("m.room.topic", "topic")):
        if (text := body.get(name)) is not None:
            if not isinstance(text, str):
                raise BadMatrix("Not text", errcode="M_INVALID_PARAM", field=name)
            found.append(Draft(kind, {name: text}, ""))
    return found


def _list(body: Object, name: str) -> list[Any]:
    found = body.get(name, [])
    if not isinstance(found, list) or len(found) > _MOST_STATE:
        raise BadMatrix(f"Not a list of at most {_MOST_STATE}", errcode="M_INVALID_PARAM", field=name)
    return found


def _given(each: object) -> Draft:
    content = each.get("content") if isinstance(each, dict) else None
    kind = each.get("type") if isinstance(each, dict) else None
    key = each.get("state_key", "") if isinstance(each, dict) else None
    if not (isinstance(content, dict) and isinstance(kind, str) and isinstance(key, str)):
        raise BadMatrix("Not an event of state", errcode="M_INVALID_PARAM", field="initial_state")
    if kind in ("m.room.create", "m.room.member"):
        raise BadMatrix("This is not said in advance", errcode="M_INVALID_PARAM", field="initial_state")
    return Draft(kind, content, key)


def _levels(me: Me, body: Object, version: RoomVersion, preset: str, invited: list[str]) -> Draft:
    users: dict[str, int] = {} if version.hashed_rooms else {me.user_id: 100}
    if preset == "trusted_private_chat" and not version.hashed_rooms:
        users |= dict.fromkeys(invited, 100)
    content: Object = {
        "ban": 50, "kick": 50, "redact": 50, "invite": 50 if preset == "public_chat" else 0,
        "events_default": 0, "state_default": 50, "users_default": 0, "users": users,
        "events": {
            "m.room.name": 50, "m.room.avatar": 50, "m.room.canonical_alias": 50, "m.room.power_levels": 100,
            "m.room.history_visibility": 100, "m.room.encryption": 100, "m.room.server_acl": 100,
            "m.room.tombstone": 150 if version.hashed_rooms else 100,
        },
    }  # fmt: skip
    return Draft("m.room.power_levels", {**content, **_object(body, "power_level_content_override")}, "")
