"""What of rooms is told in sliding sync: all that was asked for of those that a client does not have yet, and what
is new in the others (MSC4186 §Room results). The statements are as many for fifty rooms as for one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from parvis.chat.people.wishes import Wishes
from parvis.chat.rooms import heroes, history, showing, store, stripping, tokens
from parvis.chat.rooms.connections import Connection, Sent
from parvis.chat.rooms.model import Me, Room, Stored
from parvis.chat.rooms.roster import Roster
from parvis.chat.rooms.unread import Unread
from parvis.chat.rooms.windows import Wanted
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.sliding import Required

_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, on which connection, up to where."""

    me: Me
    connection: Connection
    upto: int
    mine: Wishes
    direct: frozenset[str]

    @property
    def live(self) -> int:
        """What comes behind this has just happened; everything is older where nothing was told yet."""
        return self.connection.since.stream if self.connection.since else self.upto


@dataclass(slots=True)
class _Part:
    """What is told of one room."""

    wanted: Wanted
    room: Room
    sent: Sent | None
    required: Required
    events: list[Stored] = field(default_factory=list)
    limited: bool = False
    start: int = 0
    state: list[Stored] = field(default_factory=list)

    @property
    def expanded(self) -> bool:
        """Whether older events are asked for than the client has."""
        return self.sent is not None and self.wanted.config.limit > self.sent.config.limit

    @property
    def whole(self) -> bool:
        """Whether all of the state that is asked for is told, and not only what changed."""
        return self.sent is None or self.wanted.config.exceeds(self.sent.config)

    @property
    def after(self) -> int:
        """Where its timeline begins at the earliest."""
        return 0 if self.sent is None or self.expanded else self.sent.stream


class Sliding:
    """Gathers it."""

    def __init__(self, db: store.Reader, unread: Unread) -> None:
        self._db, self._unread = db, unread

    async def rooms(
        self, asking: Asking, roster: Roster, wanted: Mapping[int, Wanted]
    ) -> tuple[dict[str, Object], dict[int, Sent | None]]:
        """Rooms by their ids, and what the client has of each then."""
        has, answer = asking.connection.rooms, dict[str, Object]()
        told: dict[int, Sent | None] = {}
        new = [each for number, each in wanted.items() if _is_new(each, has.get(number))]
        for start in range(0, len(new), _AT_ONCE):
            some = new[start : start + _AT_ONCE]
            answer |= await self._joined(asking, [each for each in some if each.place.membership == "join"])
            answer |= await self._asked(asking, [each for each in some if each.place.membership != "join"])
            told |= {each.place.room: Sent(asking.upto, each.config) for each in some}
        gone = [number for number in has if number not in roster.places]
        if gone:
            answer |= await self._gone(asking, gone)
            told |= dict.fromkeys(gone)
        return answer, told

    async def _gone(self, asking: Asking, rooms: Sequence[int]) -> dict[str, Object]:
        """Who has left is told that, and nothing else."""
        known = await store.rooms_by_ids(self._db, rooms)
        members = await store.memberships(self._db, [(number, asking.me.user_id) for number in rooms])
        found = {}
        for (number, _), member in members.items():
            shown = await showing.shown(self._db, asking.me, [member], with_room=False)
            found[known[number].room_id] = {
                "membership": str(member.event.membership),
                "required_state": shown,
                "timeline": shown,
                "bump_stamp": member.stream,
            }
        return found

    async def _asked(self, asking: Asking, wanted: Sequence[Wanted]) -> dict[str, Object]:
        """Invitations and knocks."""
        known = await store.rooms_by_ids(self._db, [each.place.room for each in wanted])
        stripped = await stripping.stripped(self._db, asking.me, list(known.values()))
        return {
            known[each.place.room].room_id: {
                "initial": True,
                "membership": each.place.membership,
                "lists": list(each.lists),
                "invite_state": stripped[each.place.room],
                "bump_stamp": each.place.bump,
            }
            for each in wanted
            if stripping.inviter(stripped[each.place.room], asking.me) not in asking.mine.ignored
        }

    async def _joined(self, asking: Asking, wanted: Sequence[Wanted]) -> dict[str, Object]:
        known = await store.visible_rooms(self._db, asking.me.principal, [each.place.room for each in wanted])
        parts = {
            each.place.room: _Part(
                each,
                known[each.place.room],
                _had(each, asking.connection.rooms.get(each.place.room)),
                Required(each.config, asking.me.user_id),
            )
            for each in wanted
            if each.place.room in known
        }
        if not parts:
            return {}
        await self._timelines(asking, parts)
        await self._states(asking, parts)
        people = await self._heroes(asking, parts)
        changed = {number: part.wanted.place.changed for number, part in parts.items()}
        counts = await self._unread.of(self._db, asking.me, known, changed, asking.mine, asking.upto)
        events = [each for part in parts.values() for each in (*part.events, *part.state)]
        shown = iter(await showing.shown(self._db, asking.me, events, with_room=False))
        found = {}
        for number, part in parts.items():
            timeline, state = [next(shown) for _ in part.events], [next(shown) for _ in part.state]
            told = _told(asking, part, timeline, state, people.get(number))
            numbers: dict[str, Any] = counts[number].shown(by_thread=False)["unread_notifications"]
            found[part.room.room_id] = told | numbers
        return found

    async def _timelines(self, asking: Asking, parts: Mapping[int, _Part]) -> None:
        tails: dict[int, list[Stored]] = {}
        for some in (
            [part for part in parts.values() if not part.after],
            [part for part in parts.values() if part.after],
        ):
            if some:
                most, after = max(part.wanted.config.limit for part in some), min(part.after for part in some)
                rooms = [part.room.id for part in some]
                tails |= await store.newest(self._db, rooms, after, asking.upto, most + 1)
        seen = await history.sights(self._db, list(tails), asking.me.user_id) if tails else {}
        for number, part in parts.items():
            rows = [each for each in tails.get(number, []) if each.stream > part.after]
            limit = part.wanted.config.limit
            part.limited = len(rows) > limit
            part.events = [
                each
                for each in reversed(rows[:limit])
                if each.heard(asking.mine.ignored) and seen[number].sees(each)
            ]
            part.start = part.events[0].stream - 1 if part.events else asking.upto

    async def _states(self, asking: Asking, parts: Mapping[int, _Part]) -> None:
        whole = {number: part for number, part in parts.items() if part.whole}
        keys = sorted({key for part in whole.values() for key in part.required.keys})
        named = await store.states(self._db, list(whole), keys)
        found: dict[int, dict[int, Stored]] = {
            number: {each.id: each for each in state.values()} for number, state in named.items()
        }
        for without_members in (True, False):
            wide = {
                number: asking.upto
                for number, part in whole.items()
                if part.required.is_wide and part.required.without_members is without_members
            }
            states = await store.states_at(self._db, wide, without_members=without_members)
            for number, events in states.items():
                found.setdefault(number, {}).update({each.id: each for each in events})
        some = dict.fromkeys(parts.keys() - whole.keys(), asking.upto)
        if some:
            after = min(sent.stream for number in some if (sent := parts[number].sent) is not None)
            for number, events in (await store.states_between(self._db, some, after)).items():
                found[number] = {each.id: each for each in events}
        senders = {
            (number, each.event.sender)
            for number, part in parts.items()
            if part.required.lazy
            for each in part.events
        }
        for number, part in parts.items():
            part.state = [each for each in found.get(number, {}).values() if part.required.takes(each.event.key)]
        for (number, _), member in (await store.memberships(self._db, senders)).items():
            if member.id not in {each.id for each in parts[number].state}:
                parts[number].state.append(member)

    async def _heroes(self, asking: Asking, parts: Mapping[int, _Part]) -> dict[int, list[Object]]:
        nameless = [number for number, part in parts.items() if not part.room.name and (part.whole or _moved(part))]
        found = await heroes.of(self._db, asking.me, nameless) if nameless else {}
        members = await store.memberships(
            self._db, [(room, user) for room, users in found.items() for user in users]
        )
        return {room: [_hero(user, members.get((room, user))) for user in users] for room, users in found.items()}


def _is_new(wanted: Wanted, sent: Sent | None) -> bool:
    if sent is None:
        return True
    place = wanted.place
    return max(place.active, place.changed) > sent.stream or wanted.config.exceeds(sent.config)


def _had(wanted: Wanted, sent: Sent | None) -> Sent | None:
    """What the client has of a room; nothing where the person has come into it since."""
    return None if sent is None or wanted.place.changed > sent.stream else sent


def _moved(part: _Part) -> bool:
    """Whether anybody came or went."""
    return any(each.event.type == "m.room.member" for each in (*part.events, *part.state))


def _hero(user_id: str, member: Stored | None) -> Object:
    found: Object = {"user_id": user_id}
    for name in ("displayname", "avatar_url"):
        value = member.event.content.get(name) if member else None
        if isinstance(value, str):
            found[name] = value
    return found


def _told(
    asking: Asking, part: _Part, timeline: list[Object], state: list[Object], people: list[Object] | None
) -> Object:
    room, answer = part.room, dict[str, Any]()
    answer["membership"], answer["lists"] = "join", list(part.wanted.lists)
    answer["bump_stamp"] = part.wanted.place.bump
    answer["required_state"], answer["timeline"] = state, timeline
    answer["prev_batch"], answer["limited"] = tokens.behind(part.start), part.limited
    answer["num_live"] = sum(each.stream > asking.live for each in part.events)
    kinds = {each.event.type for each in (*part.events, *part.state) if each.event.state_key is not None}
    if part.whole or _moved(part):
        answer["joined_count"], answer["invited_count"] = room.joined, room.invited
    if part.whole:
        answer["initial"] = part.sent is None
        answer["is_dm"] = room.room_id in asking.direct
    if part.expanded:
        answer["unstable_expanded_timeline"] = True
    for name, value in (("name", room.name), ("avatar", room.avatar)):
        if value or f"m.room.{name}" in kinds:
            answer[name] = value or None
    if people is not None:
        answer["heroes"] = people
    return answer
