"""Which rooms a client of sliding sync wants, and how much of each: those in the windows of its lists, and those it
names (MSC4186 §Sync lists, §Subscriptions)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from parvis.access import gate
from parvis.chat.rooms import store
from parvis.chat.rooms.model import Me
from parvis.chat.rooms.roster import Place, Roster
from parvis.store.sql.contract import marks
from parvis.wire.matrix import sliding
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.sliding import Config, Filters, Request

_MOST_SPACES = 100
_EVERYTHING = Filters()


@dataclass(frozen=True, slots=True)
class Wanted:
    """One room."""

    place: Place
    config: Config
    lists: tuple[str, ...]


@dataclass(slots=True)
class Known:
    """What lists are filtered by, read once for a request, and only what its filters ask."""

    direct: frozenset[str] = frozenset()
    """Rooms that are direct messages, by their ids."""
    tags: Mapping[str, frozenset[str]] | None = None
    """By room."""
    children: Mapping[str, frozenset[str]] | None = None
    """Rooms in spaces, by space."""


def wanted(request: Request, roster: Roster, known: Known) -> tuple[dict[int, Wanted], dict[str, int]]:
    """The rooms that are asked for, and how many each list has."""
    found: dict[int, Wanted] = {}
    counts = {}
    for name, each in request.lists.items():
        listed = roster.order if each.filters == _EVERYTHING else list(_filtered(roster, each.filters, known))
        counts[name] = len(listed)
        for index in sliding.places(each, len(listed)):
            _add(found, Wanted(listed[index], each.config, (name,)))
    if request.room_subscriptions:
        by_name = {place.room_id: place for place in roster.order}
        for room_id, config in request.room_subscriptions.items():
            if room_id in by_name:
                _add(found, Wanted(by_name[room_id], config, ()))
    return found, counts


def _add(found: dict[int, Wanted], more: Wanted) -> None:
    room = more.place.room
    if (before := found.get(room)) is None:
        found[room] = more
    else:
        found[room] = Wanted(more.place, before.config.joined(more.config), before.lists + more.lists)


def _filtered(roster: Roster, filters: Filters, known: Known) -> Iterator[Place]:
    inside = None
    if filters.spaces is not None:
        inside = {room for space in filters.spaces for room in (known.children or {}).get(space, ())}
    for place in roster.order:
        tags = (known.tags or {}).get(place.room_id, frozenset())
        if (
            (filters.is_dm is None or filters.is_dm == (place.room_id in known.direct))
            and (filters.is_encrypted is None or filters.is_encrypted == place.encrypted)
            and (filters.is_invite is None or filters.is_invite == (place.membership == "invite"))
            and (filters.room_types is None or (place.type or None) in filters.room_types)
            and (place.type or None) not in filters.not_room_types
            and (filters.tags is None or not tags.isdisjoint(filters.tags))
            and tags.isdisjoint(filters.not_tags)
            and (inside is None or place.room_id in inside)
        ):
            yield place


async def known(db: store.Reader, me: Me, request: Request) -> Known:
    """What the filters of a request need to know. One statement for account data, one for spaces."""
    filters = [each.filters for each in request.lists.values()]
    found = Known()
    rows = await db.rows(
        "SELECT content FROM chat_data WHERE principal_id = ? AND room_id = '' AND type = 'm.direct'",
        me.principal.id,
    )
    if rows:
        found.direct = direct(msgspec.json.decode(rows[0][0]))
    if any(each.tags is not None or each.not_tags for each in filters):
        rows = await db.rows(
            "SELECT room_id, content FROM chat_data WHERE principal_id = ? AND type = 'm.tag'", me.principal.id
        )
        found.tags = {room: _tags(msgspec.json.decode(content)) for room, content in rows}
    spaces = sorted({space for each in filters for space in each.spaces or ()})[:_MOST_SPACES]
    if spaces:
        rows = await db.rows(
            f"""SELECT r.room_id, s.state_key FROM chat_room r JOIN chat_state s ON s.room = r.id
            AND s.type = 'm.space.child' WHERE r.room_id IN {marks(len(spaces))} AND r.id IN {gate.VISIBLE}""",
            *spaces,
            *gate.visible(me.principal),
        )
        inside: dict[str, set[str]] = {}
        for space, child in rows:
            inside.setdefault(space, set()).add(child)
        found.children = {space: frozenset(children) for space, children in inside.items()}
    return found


def direct(content: Object) -> frozenset[str]:
    """The rooms that `m.direct` names."""
    lists = [each for each in content.values() if isinstance(each, list)]
    return frozenset(room for each in lists for room in each if isinstance(room, str))


def _tags(content: Object) -> frozenset[str]:
    tags = content.get("tags")
    return frozenset(tags) if isinstance(tags, dict) else frozenset()
