"""Names of rooms on this server (Matrix v1.19 Client-Server §Room aliases)."""

import contextlib

from parvis.chat.rooms import append, store
from parvis.chat.rooms.model import Draft, Me, Room
from parvis.chat.rooms.writing import Writing
from parvis.kernel import clock
from parvis.kernel.errors import Forbidden, NotFound
from parvis.wire.matrix import identifiers
from parvis.wire.matrix.errors import BadMatrix, NotAllowed
from parvis.wire.matrix.powers import CREATE, POWER_LEVELS, PowerLevels

_CANONICAL = ("m.room.canonical_alias", "")
_MOST = 100
"""Names of one room."""


def alias_of(local: object, server: str) -> str:
    """`#local:server`. Raises BadMatrix."""
    if not isinstance(local, str) or not local or ":" in local or any(letter.isspace() for letter in local):
        raise BadMatrix("Not a name for a room", errcode="M_INVALID_PARAM", field="room_alias_name")
    alias = f"#{local}:{server}"
    identifiers.room_alias(alias)
    return alias


async def find(db: store.Reader, alias: str) -> Room | None:
    """The room of a name."""
    number = await db.value("SELECT room FROM chat_alias WHERE alias = ?", alias)
    return None if number is None else (await store.rooms_by_ids(db, [number])).get(number)


async def put(writing: Writing, me: Me, alias: str, room: Room) -> None:
    """Gives a room a name. Raises BadMatrix with `M_ROOM_IN_USE`, and for names of other servers."""
    name = identifiers.room_alias(alias)
    if name.server != writing.home.name:
        raise BadMatrix("A name of another server", errcode="M_INVALID_PARAM", field="room_alias")
    unit = writing.unit
    if await unit.value("SELECT 1 FROM chat_alias WHERE alias = ?", alias) is not None:
        raise BadMatrix("The name is in use", errcode="M_ROOM_IN_USE", field="room_alias")
    if (await unit.value("SELECT COUNT(*) FROM chat_alias WHERE room = ?", room.id)) >= _MOST:
        raise BadMatrix(f"A room has at most {_MOST} names", errcode="M_LIMIT_EXCEEDED")
    await unit.run(
        "INSERT INTO chat_alias (alias, room, creator, created_ms) VALUES (?, ?, ?, ?)",
        alias,
        room.id,
        me.user_id,
        clock.now_ms(),
    )


async def remove(writing: Writing, me: Me, alias: str) -> None:
    """Takes a name away: by who gave it, and by who may say which is the room's own. Where they may, its
    state names it no more either. Raises NotFound, Forbidden."""
    unit = writing.unit
    row = await unit.row("SELECT room, creator FROM chat_alias WHERE alias = ?", alias)
    if row is None:
        raise NotFound("there is no such name")
    room = (await store.rooms_by_ids(unit, [row[0]]))[row[0]]
    if row[1] != me.user_id:
        await store.require(unit, me.principal, room.room_id)
        state = store.as_state((await store.state(unit, room.id, [CREATE, POWER_LEVELS])).values())
        levels = PowerLevels.of(state, room.version)
        if levels.user(me.user_id) < levels.needed("m.room.canonical_alias", state=True):
            raise Forbidden("too little power to take the name away")
    await unit.run("DELETE FROM chat_alias WHERE alias = ?", alias)
    await _unnamed(writing, me, room, alias)


async def _unnamed(writing: Writing, me: Me, room: Room, alias: str) -> None:
    """Matrix v1.19 Client-Server §DELETE /directory/room/{roomAlias}: a room is not said to have a name that is
    gone."""
    known = (await store.state(writing.unit, room.id, [_CANONICAL])).get(_CANONICAL)
    if known is None:
        return
    others = known.event.content.get("alt_aliases")
    left = dict(known.event.content)
    if left.get("alias") == alias:
        del left["alias"]
    if isinstance(others, list) and alias in others:
        left["alt_aliases"] = [each for each in others if each != alias]
    if left != known.event.content:
        with contextlib.suppress(NotAllowed):
            await append.append(writing, room.room_id, me.user_id, Draft("m.room.canonical_alias", left, ""))


async def of_room(db: store.Reader, room: int) -> list[str]:
    """All names of a room."""
    rows = await db.rows("SELECT alias FROM chat_alias WHERE room = ? ORDER BY created_ms, alias", room)
    return [alias for (alias,) in rows]
