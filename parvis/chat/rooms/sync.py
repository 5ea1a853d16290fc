"""All that is new in somebody's rooms since a position (Matrix v1.19 Client-Server §Syncing). A room that nothing
happened in costs nothing: the states of parts of the account say which rooms changed."""

from collections.abc import Sequence
from dataclasses import dataclass

from parvis.access import gate
from parvis.chat.rooms import showing, store, stripping, tokens
from parvis.chat.rooms.digest import Asking, Digest, Membership
from parvis.chat.rooms.model import EVENT, RECEIPT, Me, Stored
from parvis.chat.rooms.shared import Shared
from parvis.chat.rooms.typing import Typing
from parvis.chat.rooms.unread import Unread
from parvis.store.sql.contract import marks
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.filters import RoomEventFilter, Sieve

_ROOMS_AT_ONCE = 500
_TOLD_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class News:
    """What is new: the part `rooms` of the answer, which encrypted rooms something happened in, and in which rooms
    somebody may have come."""

    rooms: dict[str, Object]
    encrypted: list[int]
    moved: list[int]


class RoomSync:
    """Gathers what is new in rooms."""

    def __init__(self, db: store.Reader, typing: Typing, unread: Unread, shared: Shared) -> None:
        self._db, self._typing, self._unread, self._shared = db, typing, unread, shared

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
        numbers = [each.room for each in (*changed, *others)]
        known = await self._shared.of(
            ("rooms", tuple(numbers), asking.upto), lambda: store.rooms_by_ids(self._db, numbers)
        )
        sieve = Sieve(RoomEventFilter(rooms=asking.wanted.room.rooms, not_rooms=asking.wanted.room.not_rooms))
        wanted = [each for each in changed if sieve.takes_room(known[each.room].room_id)]
        digest = Digest(self._db, self._typing, self._unread, self._shared, asking, known)
        for start in range(0, len(wanted), _TOLD_AT_ONCE):
            found["join"] |= await digest.joined(wanted[start : start + _TOLD_AT_ONCE])
        others = [each for each in others if sieve.takes_room(known[each.room].room_id)]
        events = await store.by_numbers(self._db, [each.event for each in others])
        asked = [known[each.room] for each in others if each.membership in ("invite", "knock")]
        stripped = await stripping.stripped(self._db, asking.me, asked)
        for each in others:
            room = known[each.room]
            if each.membership in ("invite", "knock"):
                if stripping.inviter(stripped[room.id], asking.me) in asking.mine.ignored:
                    continue
                state = {"events": stripped[room.id]}
                found[each.membership][room.room_id] = {f"{each.membership}_state": state}
            else:
                found["leave"][room.room_id] = await self._left(asking, each, events.get(each.event))
        encrypted = [number for number, room in known.items() if room.kind == "encrypted"]
        return News({section: rooms for section, rooms in found.items() if rooms}, encrypted, digest.moved)

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

    async def _left(self, asking: Asking, member: Membership, event: Stored | None) -> Object:
        """Who has left is told that, and nothing else: what was said is not theirs to read any more."""
        shown = await showing.shown(self._db, asking.me, [event] if event else [], with_room=False)
        return {
            "timeline": {"events": shown, "limited": False, "prev_batch": tokens.behind(member.changed)},
            "state": {"events": []},
            "account_data": {"events": []},
        }
