"""The room of a space of the house: whoever is in the space is in its room, and nobody else. The space itself keeps
the room, as a user of its own, and says who comes and goes. What is said there is seen by a grant to the space: who
leaves it sees nothing from that commit on, before the room is told."""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from parvis.access import gate, teams
from parvis.access.erasure import Gone
from parvis.access.principal import Right
from parvis.chat import kinds
from parvis.chat.rooms import profiles, removing, store
from parvis.chat.rooms.append import append, create
from parvis.chat.rooms.creating import DEFAULT_VERSION
from parvis.chat.rooms.model import Draft, Room
from parvis.chat.rooms.service import Rooms
from parvis.chat.rooms.writing import Writing
from parvis.kernel.errors import ParvisError
from parvis.kernel.events import Event
from parvis.store.unit import Unit
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.versions import supported

FOLLOWER = "chat-teams"
_AT_ONCE = 50
"""People who come or go in one unit."""
_MANAGER, _MEMBER, _GUEST, _SPACE = 50, 0, -1, 100
_log = logging.getLogger(__name__)


class Teams:
    """Follows the outbox."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    async def open(self) -> None:
        """Has spaces that were there before chat get their rooms, soon."""
        spaces = await self._rooms.store.db.rows(
            """SELECT p.id FROM principal p WHERE p.kind = 'space' AND p.disabled_ms IS NULL
            AND NOT EXISTS (SELECT 1 FROM chat_room r WHERE r.team = p.id) ORDER BY p.id"""
        )

        async def work(unit: Unit) -> None:
            for (number,) in spaces:
                unit.emit(number, teams.CHANGED, {"group": number})

        if spaces:
            await self._rooms.store.write(work)

    async def follow(self, events: list[Event]) -> None:
        """Has the rooms of spaces follow who is in them, what these may do, and how spaces are called."""
        changed = set[int]()
        for event in events:
            if event.kind == teams.CHANGED:
                changed.add(int(event.body["group"]))
            elif event.kind == "changed" and event.body["kind"] == "Principal":
                changed.update(event.body["created"], event.body["updated"])
        for space_id in await teams.above(self._rooms.store.db, changed) if changed else ():
            try:
                await self._settle(space_id)
            except ParvisError as error:  # another node does it, or the next change finds what is missing
                _log.warning("the room of space %d does not follow it: %s", space_id, error)

    async def erase(self, gone: Gone) -> None:
        """Removes the room of a space that is gone. See access.erasure.Eraser"""
        room = await store.room_of_team(self._rooms.store.db, gone.account_id)
        if room is not None:
            await self._settle(gone.account_id)
            await removing.remove(self._rooms.store, room.id)

    async def _settle(self, space_id: int) -> None:
        while await self._rooms.write(lambda writing: settle(writing, space_id)):
            pass


async def settle(writing: Writing, space_id: int, said_ms: int = 0) -> bool:
    """Says in the room of a space what is not as in the space, `said_ms` as in Draft. Returns whether more people
    come or go."""
    unit, users = writing.unit, writing.home.users
    seats = await teams.seats(unit, space_id)
    people = await users.principals(unit, (await users.ids_of(unit, seats)).values())
    wanted = {user: seats[who.id] for user, who in people.items()}
    room = await store.room_of_team(unit, space_id)
    if room is None:
        if not wanted:
            return False
        room = await _make(writing, space_id, said_ms)
    space = users.of_space(space_id)
    if wanted:
        await _describe(writing, room, space, wanted, said_ms)
    rows = await unit.rows("SELECT user_id FROM chat_member WHERE room = ? AND membership = 'join'", room.id)
    present = {user for (user,) in rows} - {space}
    going, coming = sorted(present - wanted.keys()), sorted(wanted.keys() - present)
    for user in going[:_AT_ONCE]:
        await append(writing, room.room_id, space, Draft("m.room.member", {"membership": "leave"}, user))
    faces = await profiles.shown_of(writing, coming[:_AT_ONCE])
    for user, face in faces.items():
        content = {"membership": "join", "join_authorised_via_users_server": space, **face}
        await append(writing, room.room_id, user, Draft("m.room.member", content, user, said_ms=said_ms))
    return len(going) > _AT_ONCE or len(coming) > _AT_ONCE


async def _make(writing: Writing, space_id: int, said_ms: int) -> Room:
    """A room of this server alone, in which is nobody but the space."""
    space, version = writing.home.users.of_space(space_id), supported(DEFAULT_VERSION)
    room = await create(writing, space, version, {"room_version": version.id, "m.federate": False}, said_ms)
    await writing.unit.run("UPDATE chat_room SET team = ? WHERE id = ?", space_id, room.id)
    for draft in (
        Draft("m.room.member", {"membership": "join"}, space),
        Draft("m.room.join_rules", {"join_rule": "restricted", "allow": []}, ""),
        Draft("m.room.history_visibility", {"history_visibility": "shared"}, ""),
        Draft("m.room.guest_access", {"guest_access": "forbidden"}, ""),
        Draft(kinds.STATE, {"kind": kinds.for_new({}, writing.home.room_kind)}, ""),
    ):
        await append(writing, room.room_id, space, replace(draft, said_ms=said_ms))
    await gate.give(writing.unit, writing.home.owner, room.id, space_id, Right.READ | Right.WRITE)
    found = await store.room_of_team(writing.unit, space_id)
    assert found is not None
    return found


async def _describe(writing: Writing, room: Room, space: str, wanted: Mapping[str, Right], said_ms: int) -> None:
    """Says how the space is called, and who may do what; nothing where that is said already."""
    name = await writing.unit.value("SELECT name FROM principal WHERE id = ?", room.team)
    for draft in (
        Draft("m.room.member", {"membership": "join", "displayname": name}, space),
        Draft("m.room.name", {"name": name}, ""),
        Draft("m.room.power_levels", _levels(wanted), ""),
    ):
        await append(writing, room.room_id, space, replace(draft, said_ms=said_ms))


def _levels(wanted: Mapping[str, Right]) -> Object:
    """Managers moderate, members speak, guests read: in a space of the archive everybody is one. What the space
    decides is decided there alone."""
    levels = {user: _level(right) for user, right in wanted.items()}
    usual = Counter(levels.values()).most_common(1)[0][0]
    return {
        "ban": _SPACE, "kick": _SPACE, "invite": _SPACE, "redact": _MANAGER,
        "events_default": _MEMBER, "state_default": _MANAGER, "users_default": usual,
        "users": {user: level for user, level in levels.items() if level != usual},
        "events": {
            "m.room.name": _SPACE, "m.room.power_levels": _SPACE, "m.room.join_rules": _SPACE,
            "m.room.guest_access": _SPACE, "m.room.history_visibility": _SPACE, "m.room.canonical_alias": _SPACE,
            "m.room.encryption": _SPACE, "m.room.server_acl": _SPACE, "m.room.tombstone": _SPACE + 50,
        },
    }  # fmt: skip


def _level(right: Right) -> int:
    if Right.SHARE in right:
        return _MANAGER
    return _MEMBER if Right.WRITE in right else _GUEST
