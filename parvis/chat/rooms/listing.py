"""Lists of rooms: those that everybody may find, and those in a space (Matrix v1.19 Client-Server §Published room
directory, §Querying rooms in a space)."""

from typing import Any

from parvis.access import gate
from parvis.chat.rooms import store
from parvis.chat.rooms.model import Me, Room
from parvis.kernel.errors import Forbidden
from parvis.store.sql.contract import marks
from parvis.wire.matrix import client_format
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.errors import BadMatrix
from parvis.wire.matrix.visibility import visibility_of

_SCANNED = 2_000
_DEEPEST = 10
_MOST_CHILDREN = 50


async def public(db: store.Reader, *, term: str, types: list[Any] | None, since: str, limit: int) -> Object:
    """A page of the rooms that everybody may find, the largest first."""
    rows = await db.rows("SELECT id FROM chat_room WHERE listed = 1 ORDER BY joined DESC, id LIMIT ?", _SCANNED)
    rooms = await store.rooms_by_ids(db, [row[0] for row in rows])
    found = [rooms[row[0]] for row in rows if _matches(rooms[row[0]], term.casefold(), types)]
    start = _offset(since)
    some = found[start : start + limit]
    answer: Object = {"chunk": await chunks(db, some), "total_room_count_estimate": len(found)}
    if start + limit < len(found):
        answer["next_batch"] = f"p{start + limit}"
    if start:
        answer["prev_batch"] = f"p{max(0, start - limit)}"
    return answer


def _offset(since: str) -> int:
    if not since:
        return 0
    if since[:1] != "p" or not since[1:].isdigit() or len(since) > 8:
        raise BadMatrix("Not a position that was given", errcode="M_INVALID_PARAM", field="since")
    return int(since[1:])


def _matches(room: Room, term: str, types: list[Any] | None) -> bool:
    if types is not None and (room.type or None) not in types:
        return False
    return not term or any(term in text.casefold() for text in (room.name, room.topic, room.alias))


async def chunks(db: store.Reader, rooms: list[Room]) -> list[Object]:
    """Rooms as lists show them: one statement more for all."""
    if not rooms:
        return []
    events = await store.select(
        db,
        f"""e.id IN (SELECT s.event FROM chat_state s WHERE s.room IN {marks(len(rooms))} AND s.state_key = ''
        AND s.type IN ('m.room.history_visibility', 'm.room.guest_access', 'm.room.encryption'))""",
        *(room.id for room in rooms),
    )
    state = {(each.room, each.event.type): each.event for each in events}
    return [_chunk(room, {kind: event for (of, kind), event in state.items() if of == room.id}) for room in rooms]


def _chunk(room: Room, state: dict[str, Any]) -> Object:
    guests = state.get("m.room.guest_access")
    found: Object = {
        "room_id": room.room_id,
        "num_joined_members": room.joined,
        "world_readable": visibility_of(state.get("m.room.history_visibility")) == "world_readable",
        "guest_can_join": guests is not None and guests.content.get("guest_access") == "can_join",
        "join_rule": room.join_rule,
        "room_version": room.version.id,
    }
    for name, text in (
        ("name", room.name),
        ("topic", room.topic),
        ("canonical_alias", room.alias),
        ("avatar_url", room.avatar),
        ("room_type", room.type),
    ):
        if text:
            found[name] = text
    if (encryption := state.get("m.room.encryption")) is not None:
        found["encryption"] = encryption.content.get("algorithm", "")
    return found


async def summary(db: store.Reader, me: Me, room: Room) -> Object:
    """A room as who is not in it may see it (Matrix v1.19 Client-Server §GET /room_summary). Raises Forbidden."""
    if not await _may_know(db, me, room):
        raise Forbidden("you may not see this room")
    [found] = await chunks(db, [room])
    membership = await db.value(
        "SELECT membership FROM chat_member WHERE room = ? AND user_id = ?", room.id, me.user_id
    )
    return {**found, "membership": membership or "leave"}


async def _may_know(db: store.Reader, me: Me, room: Room) -> bool:
    if room.join_rule in ("public", "knock", "knock_restricted") or room.listed:
        return True
    where = f"SELECT 1 FROM chat_room r WHERE r.id = ? AND (r.id IN {gate.VISIBLE} OR EXISTS"
    invited = "(SELECT 1 FROM chat_member m WHERE m.room = r.id AND m.user_id = ? AND m.membership = 'invite'))"
    if await db.value(f"{where} {invited}", room.id, *gate.visible(me.principal), me.user_id) is not None:
        return True
    if room.join_rule != "restricted":
        return False
    rules = await store.state(db, room.id, [("m.room.join_rules", "")])
    allow = rules[("m.room.join_rules", "")].event.content.get("allow") if rules else None
    names = [each.get("room_id") for each in allow if isinstance(each, dict)] if isinstance(allow, list) else []
    wanted = [name for name in names if isinstance(name, str)][:100]
    return bool(wanted) and bool(
        await db.value(
            f"""SELECT 1 FROM chat_room r WHERE r.room_id IN {marks(len(wanted))} AND r.id IN {gate.VISIBLE}
            LIMIT 1""",
            *wanted,
            *gate.visible(me.principal),
        )
    )


async def hierarchy(
    db: store.Reader, me: Me, root: Room, *, suggested: bool, depth: int, since: str, limit: int
) -> Object:
    """A space with what is in it, as deep as asked, in the order of the specification. Raises Forbidden."""
    if not await _may_know(db, me, root):
        raise Forbidden("you may not see this room")
    start, walked = (
        _offset(since),
        await _walk(db, me, root, suggested, min(depth, _DEEPEST), limit=_offset(since) + limit + 1),
    )
    some = walked[start : start + limit]
    listed = await chunks(db, [room for room, _ in some])
    answer: Object = {
        "rooms": [{**shown, "children_state": children} for shown, (_, children) in zip(listed, some, strict=True)]
    }
    if len(walked) > start + limit:
        answer["next_batch"] = f"p{start + limit}"
    return answer


async def _walk(
    db: store.Reader, me: Me, root: Room, suggested: bool, depth: int, *, limit: int
) -> list[tuple[Room, list[Object]]]:
    found: list[tuple[Room, list[Object]]] = []
    waiting, seen = [(root, 0)], {root.room_id}
    while waiting and len(found) < limit:
        room, level = waiting.pop()
        told = await children(db, room, suggested) if room.type == "m.space" else []
        found.append((room, [shown for _, shown in told]))
        if level >= depth:
            continue
        inside = []
        for room_id, _ in told:
            child = None if room_id in seen else await store.room_named(db, room_id)
            if child is not None and await _may_know(db, me, child):
                seen.add(room_id)
                inside.append((child, level + 1))
        waiting += reversed(inside)
    return found


async def children(db: store.Reader, room: Room, suggested: bool) -> list[tuple[str, Object]]:
    """The rooms in a space, each as clients see what says so: by `order`, then by age (Matrix v1.19 Client-Server
    §Ordering of children within a space)."""
    events = await store.select(
        db, "e.id IN (SELECT s.event FROM chat_state s WHERE s.room = ? AND s.type = 'm.space.child')", room.id
    )
    wanted = [
        each
        for each in events
        if isinstance(each.event.content.get("via"), list)
        and (not suggested or each.event.content.get("suggested") is True)
    ]

    def place(each: Any) -> tuple[bool, str, int, str]:
        order = each.event.content.get("order")
        valid = isinstance(order, str) and len(order) <= 50 and all(" " <= letter <= "~" for letter in order)
        return not valid, order if valid else "", each.event.origin_server_ts, each.event.state_key

    shown = []
    for each in sorted(wanted, key=place)[:_MOST_CHILDREN]:
        told = {**client_format.stripped(each.event), "origin_server_ts": each.event.origin_server_ts}
        shown.append((each.event.state_key or "", told))
    return shown
