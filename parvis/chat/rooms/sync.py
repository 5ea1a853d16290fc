"""All that is new in somebody's rooms since a position (Matrix v1.19 Client-Server §Syncing). A room that nothing
happened in costs nothing: the states of parts of the account say which rooms changed."""

from collections.abc import Sequence
from dataclasses import dataclass

from parvis.access import gate
from parvis.chat.rooms import history, invited, receipts, showing, store, tokens
from parvis.chat.rooms.model import EVENT, RECEIPT, Me, Room, Stored
from parvis.chat.rooms.tokens import Position
from parvis.chat.rooms.typing import Typing
from parvis.chat.rooms.unread import Unread
from parvis.store.sql.contract import marks
from parvis.wire.matrix import client_format
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.filters import Filter, RoomEventFilter, Sieve
from parvis.wire.matrix.push_rules import RuleSet

_TIMELINE = 20
_MOST_TIMELINE = 100
_HEROES = 5
_ROOMS_AT_ONCE = 500
STRIPPED = (
    "m.room.create", "m.room.join_rules", "m.room.canonical_alias", "m.room.name", "m.room.avatar",
    "m.room.encryption", "m.room.topic",
)  # fmt: skip
"""What who is invited is told of a room (Matrix v1.19 Client-Server §Stripped state)."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Who syncs, from where, and what they want."""

    me: Me
    since: Position | None
    upto: int
    wanted: Filter
    full_state: bool
    rules: RuleSet

    @property
    def after(self) -> int:
        """Where the client is in the stream."""
        return self.since.stream if self.since else 0


@dataclass(frozen=True, slots=True)
class Membership:
    """Somebody's place in a room."""

    room: int
    membership: str
    changed: int
    event: int


@dataclass(frozen=True, slots=True)
class News:
    """What is new: the part `rooms` of the answer, and which encrypted rooms something happened in."""

    rooms: dict[str, Object]
    encrypted: list[int]


class RoomSync:
    """Gathers what is new in rooms."""

    def __init__(self, db: store.Reader, typing: Typing, unread: Unread) -> None:
        self._db, self._typing, self._unread = db, typing, unread

    async def joined(self, me: Me) -> list[Membership]:
        """The rooms that somebody is in, proved by what they see."""
        rows = await self._db.rows(
            f"""SELECT m.room, m.membership, m.changed, m.event FROM chat_member m WHERE m.principal_id = ?
            AND m.membership = 'join' AND m.room IN {gate.VISIBLE}""",
            me.principal.id,
            *gate.visible(me.principal),
        )
        return [Membership(*row) for row in rows]

    async def rooms(self, asking: Asking, joined: Sequence[Membership]) -> News:
        """What is new in all rooms; only sections that are not empty."""
        found: dict[str, Object] = {"join": {}, "invite": {}, "knock": {}, "leave": {}}
        changed = await self._changed(asking, joined)
        others = await self._others(asking)
        known = await store.rooms_by_ids(self._db, [each.room for each in (*changed, *others)])
        sieve = Sieve(RoomEventFilter(rooms=asking.wanted.room.rooms, not_rooms=asking.wanted.room.not_rooms))
        for each in changed:
            room = known[each.room]
            if sieve.takes_room(room.room_id) and (told := await self._join(asking, room, each)):
                found["join"][room.room_id] = told
        for each in others:
            room = known[each.room]
            if not sieve.takes_room(room.room_id):
                continue
            if each.membership in ("invite", "knock"):
                state = await self._stripped(asking.me, room)
                found[each.membership][room.room_id] = {f"{each.membership}_state": {"events": state}}
            else:
                found["leave"][room.room_id] = await self._left(asking, room, each)
        encrypted = [number for number, room in known.items() if room.kind == "encrypted"]
        return News({section: rooms for section, rooms in found.items() if rooms}, encrypted)

    async def _changed(self, asking: Asking, joined: Sequence[Membership]) -> list[Membership]:
        """Those of the rooms in which something is new; all where everything is asked for."""
        if asking.since is None or asking.full_state:
            return list(joined)
        parts = [each.room for each in joined]
        seen = set[int]()
        for start in range(0, len(parts), _ROOMS_AT_ONCE):
            some = parts[start : start + _ROOMS_AT_ONCE]
            rows = await self._db.rows(
                f"SELECT part FROM part_state WHERE part IN {marks(len(some))} AND kind IN (?, ?) AND modseq > ?",
                *some,
                EVENT,
                RECEIPT,
                asking.after,
            )
            seen.update(row[0] for row in rows)
        serial = asking.since.typing
        return [
            each
            for each in joined
            if each.room in seen or each.changed > asking.after or self._typing.since(each.room, serial) is not None
        ]

    async def _others(self, asking: Asking) -> list[Membership]:
        """Invitations, knocks and departures that are new."""
        words = ["invite", "knock"]
        if asking.since is not None or asking.wanted.room.include_leave:
            words += ["leave", "ban"]
        rows = await self._db.rows(
            f"""SELECT m.room, m.membership, m.changed, m.event FROM chat_member m WHERE m.principal_id = ?
            AND m.changed > ? AND m.membership IN {marks(len(words))} AND m.forgotten = 0 ORDER BY m.changed""",
            asking.me.principal.id,
            asking.after,
            *words,
        )
        return [Membership(*row) for row in rows]

    async def _join(self, asking: Asking, room: Room, member: Membership) -> Object:
        new = member.changed > asking.after
        after = 0 if new else asking.after
        events, limited = await self._timeline(asking, room, after)
        start = events[0].stream - 1 if events else asking.upto
        state = await self._state(
            asking, room, events, start if limited or new or events else after, after, new, limited
        )
        sight = Sieve(asking.wanted.room.timeline)
        shown = await showing.shown(
            self._db, asking.me, room, [e for e in events if sight.takes(e.event.source)], with_room=False
        )
        ephemeral = await self._ephemeral(asking, room, after)
        if not (shown or state or ephemeral or asking.full_state or new):
            return {}
        told: Object = {
            "timeline": {"events": shown, "limited": limited, "prev_batch": tokens.behind(start)},
            "state": {"events": await showing.shown(self._db, asking.me, room, state, with_room=False)},
            "ephemeral": {"events": ephemeral},
            "account_data": {"events": []},
            "summary": {},
        }
        if new or any(each.event.type == "m.room.member" for each in (*events, *state)):
            told["summary"] = await self._summary(asking.me, room)
        counts = await self._unread.of(
            self._db, asking.me, room, asking.rules, joined=member.changed, upto=asking.upto
        )
        return told | counts.shown(asking.wanted.room.timeline.unread_thread_notifications)

    async def _timeline(self, asking: Asking, room: Room, after: int) -> tuple[list[Stored], bool]:
        limit = min(asking.wanted.room.timeline.limit or _TIMELINE, _MOST_TIMELINE)
        rows = await store.select(
            self._db,
            "e.room = ? AND e.stream > ? AND e.stream <= ? ORDER BY e.stream DESC LIMIT ?",
            room.id,
            after,
            asking.upto,
            limit + 1,
        )
        if not rows:
            return [], False
        seen = await history.sight(self._db, room, asking.me.user_id)
        kept = [each for each in reversed(rows[:limit]) if seen.sees(each)]
        whole = after > 0 or rows[-1].event.type == "m.room.create"
        return kept, len(rows) > limit or not whole

    async def _state(
        self,
        asking: Asking,
        room: Room,
        events: list[Stored],
        start: int,
        after: int,
        new: bool,
        limited: bool,
    ) -> list[Stored]:
        wanted = asking.wanted.room.state
        lazy = wanted.lazy_load_members
        senders = {each.event.sender for each in events} | ({asking.me.user_id} if new else set())
        if new or asking.full_state:
            found = await store.state_at(self._db, room.id, start, without_members=lazy)
        elif limited:
            found = await store.state_between(self._db, room.id, after, start)
            if lazy:
                found = [each for each in found if each.event.type != "m.room.member"]
        else:
            found = []
        if room.others and not (new or asking.full_state):
            # What meets from several servers may change state that no event of the timeline is.
            told = {each.id for each in (*events, *found)}
            more = await store.state_between(self._db, room.id, after, asking.upto)
            found += [each for each in more if each.id not in told]
        if lazy and senders:
            members = await store.state(self._db, room.id, [("m.room.member", user) for user in sorted(senders)])
            found += [each for each in members.values() if each.stream <= start]
        sieve = Sieve(wanted)
        return [each for each in found if sieve.takes(each.event.source)]

    async def _ephemeral(self, asking: Asking, room: Room, after: int) -> list[Object]:
        sieve = Sieve(asking.wanted.room.ephemeral)
        found = []
        told = await receipts.since(self._db, asking.me, room, after, asking.upto)
        if told is not None:
            found.append(told)
        people = self._typing.since(room.id, asking.since.typing if asking.since and after else 0)
        if people is not None and (people or after):
            found.append({"type": "m.typing", "content": {"user_ids": people}})
        return [each for each in found if sieve.takes(each)]

    async def _summary(self, me: Me, room: Room) -> Object:
        told: Object = {"m.joined_member_count": room.joined, "m.invited_member_count": room.invited}
        if not room.name and not room.alias:
            told["m.heroes"] = await heroes(self._db, me, room)
        return told

    async def _stripped(self, me: Me, room: Room) -> list[Object]:
        return await invited.stripped(self._db, room.id, me.user_id) or await stripped(self._db, me, room)

    async def _left(self, asking: Asking, room: Room, member: Membership) -> Object:
        """Who has left is told that, and nothing else: what was said is not theirs to read any more."""
        event = (await store.by_numbers(self._db, [member.event])).get(member.event)
        shown = await showing.shown(self._db, asking.me, room, [event], with_room=False) if event else []
        return {
            "timeline": {"events": shown, "limited": False, "prev_batch": tokens.behind(member.changed)},
            "state": {"events": []},
            "account_data": {"events": []},
        }


async def heroes(db: store.Reader, me: Me, room: Room) -> list[str]:
    """Whom a room without a name is called after: who is there, else who was."""
    for words in (("join", "invite"), ("leave", "ban")):
        rows = await db.rows(
            f"""SELECT user_id FROM chat_member WHERE room = ? AND membership IN {marks(2)} AND user_id <> ?
            ORDER BY stream LIMIT ?""",
            room.id,
            *words,
            me.user_id,
            _HEROES,
        )
        if rows:
            return [user for (user,) in rows]
    return []


async def stripped(db: store.Reader, me: Me, room: Room) -> list[Object]:
    """What who is invited, or knocks, is told of a room: with their own membership and that of who invited them."""
    mine = ("m.room.member", me.user_id)
    state = await store.state(db, room.id, [*((kind, "") for kind in STRIPPED), mine])
    found = [client_format.stripped(each.event) for each in state.values()]
    if mine in state and state[mine].event.sender != me.user_id:
        sender = ("m.room.member", state[mine].event.sender)
        found += [
            client_format.stripped(each.event) for each in (await store.state(db, room.id, [sender])).values()
        ]
    return found
