"""What of several rooms is told at once: their timelines, state, receipts, counts. The statements are as many for
fifty rooms as for one (Matrix v1.19 Client-Server §Syncing)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from parvis.chat.people.wishes import Wishes
from parvis.chat.rooms import heroes, history, receipts, showing, store, tokens
from parvis.chat.rooms.history import Sight
from parvis.chat.rooms.model import Me, Room, Stored
from parvis.chat.rooms.receipts import Read
from parvis.chat.rooms.shared import Shared
from parvis.chat.rooms.tokens import Position
from parvis.chat.rooms.typing import Typing
from parvis.chat.rooms.unread import Counts, Since, Unread
from parvis.wire.matrix.canonical import Object
from parvis.wire.matrix.filters import Filter, Sieve

_TIMELINE = 20
_MOST_TIMELINE = 100
_LOOKED_AT = 200
"""Events of a room that are looked at for a timeline that a filter narrows."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Who syncs, from where, and what they want."""

    me: Me
    since: Position | None
    upto: int
    wanted: Filter
    full_state: bool
    mine: Wishes

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


@dataclass(slots=True)
class _Part:
    """What is new in one room."""

    room: Room
    new: bool
    """Whether the client does not know the room yet."""
    events: list[Stored] = field(default_factory=list)
    limited: bool = False
    start: int = 0
    """Where its timeline begins."""
    unseen: bool = False
    """Whether its state changed since by events that are not in its timeline: a filter leaves them out, or the
    history's visibility."""
    state: list[Stored] = field(default_factory=list)
    whole: list[Stored] | None = field(default_factory=list)
    """All that came since; None where it is not at hand."""
    reads: list[Read] = field(default_factory=list)
    ephemeral: list[Object] = field(default_factory=list)

    @property
    def moved(self) -> bool:
        """Whether somebody may have come since."""
        return self.new or self.whole is None or any(each.event.type == "m.room.member" for each in self.whole)


class Digest:
    """Gathers it for one answer. What is new in a room that a client knows is the same for all who know it as of
    the same position, but for what is their own: that is read once (`shared`)."""

    def __init__(
        self,
        db: store.Reader,
        typing: Typing,
        unread: Unread,
        shared: Shared,
        asking: Asking,
        known: Mapping[int, Room],
    ) -> None:
        self._db, self._typing, self._unread, self._shared = db, typing, unread, shared
        self._asking, self._known = asking, known
        self.moved: list[int] = []
        """The rooms of all that was told in which the client, or somebody, may be new."""

    async def joined(self, members: Sequence[Membership]) -> dict[str, Object]:
        """Rooms that somebody is in, by their ids; those that nothing is to be told of are left out."""
        after = self._asking.after
        parts = {each.room: _Part(self._known[each.room], each.changed > after) for each in members}
        await self._timelines(parts)
        self.moved += [number for number, part in parts.items() if part.moved]
        await self._states(parts)
        await self._ephemeral(parts)
        shown = await self._shown(parts)
        told = {
            number: part
            for number, part in parts.items()
            if shown[number][0] or shown[number][1] or part.ephemeral or part.new or self._asking.full_state
        }
        rooms = {number: part.room for number, part in told.items()}
        changed = {each.room: each.changed for each in members}
        asking = self._asking
        counts = await self._unread.of(
            self._db, asking.me, rooms, changed, asking.mine, asking.upto, self._since(told)
        )
        summaries = await self._summaries(told)
        return {
            part.room.room_id: self._told(part, shown[number], summaries.get(number, {}), counts[number])
            for number, part in told.items()
        }

    def _told(self, part: _Part, shown: tuple[list[Any], list[Any]], summary: Object, counts: Counts) -> Object:
        timeline, state = shown
        answer: Object = {
            "timeline": {"events": timeline, "limited": part.limited, "prev_batch": tokens.behind(part.start)},
            "state": {"events": state},
            "ephemeral": {"events": part.ephemeral},
            "account_data": {"events": []},
            "summary": summary,
        }
        return answer | counts.shown(self._asking.wanted.room.timeline.unread_thread_notifications)

    def _since(self, parts: Mapping[int, _Part]) -> Since:
        """What came of late to rooms that the client knows, where it was read whole."""
        events = {number: part.whole for number, part in parts.items() if not part.new and part.whole is not None}
        return Since(self._asking.after, events, {number: parts[number].reads for number in events}, self._shared)

    async def _timelines(self, parts: Mapping[int, _Part]) -> None:
        asking = self._asking
        wanted = asking.wanted.room.timeline
        limit = min(_TIMELINE if wanted.limit is None else wanted.limit, _MOST_TIMELINE)
        sieve = Sieve(wanted)
        looked_at = limit + 1 if sieve.takes_all else max(limit + 1, _LOOKED_AT)
        new, known = _apart(parts)
        tails: dict[int, list[Stored]] = {}
        if new:
            tails |= await store.newest(self._db, new, 0, asking.upto, looked_at)
        if known:
            key = ("newest", tuple(known), asking.after, asking.upto, looked_at)
            tails |= await self._shared.of(
                key, lambda: store.newest(self._db, known, asking.after, asking.upto, looked_at)
            )
        some = [number for number in tails if parts[number].new]
        seen = await history.sights(self._db, some, asking.me.user_id) if some else {}
        for number, part in parts.items():
            part.start = asking.upto
            if number in tails:
                part.whole = tails[number][::-1] if len(tails[number]) < looked_at else None
                self._timeline(part, tails[number], seen.get(number), sieve, limit, looked_at)

    def _timeline(
        self, part: _Part, tail: list[Stored], seen: Sight | None, sieve: Sieve, limit: int, looked_at: int
    ) -> None:
        """The newest `limit` events of a tail that pass, which begins with the last. Who has been in the room all
        the while sees all that was said meanwhile; then `seen` is None."""
        kept: list[Stored] = []
        part.limited = len(tail) == looked_at or (part.new and tail[-1].event.type != "m.room.create")
        for each in tail:
            visible = each.placed if seen is None else seen.sees(each)
            passes = visible and each.heard(self._asking.mine.ignored) and sieve.takes(each.event.source)
            if passes and len(kept) == limit:
                part.limited = True
                break
            if passes:
                kept.append(each)
            else:
                part.unseen |= each.event.state_key is not None
            part.start = each.stream - 1
        part.events = kept[::-1]

    async def _states(self, parts: Mapping[int, _Part]) -> None:
        asking, wanted = self._asking, self._asking.wanted.room.state
        lazy, full = wanted.lazy_load_members, asking.full_state
        whole = {
            number: asking.upto if part.unseen else part.start for number, part in parts.items() if part.new or full
        }
        gaps = {number: part.start for number, part in parts.items() if part.limited and number not in whole}
        found = await store.states_at(self._db, whole, without_members=lazy)
        found |= await store.states_between(self._db, gaps, asking.after)
        for number, events in found.items():
            told = {each.id for each in parts[number].events}
            parts[number].state = [each for each in events if each.id not in told]
        await self._met({number: asking.upto for number, part in parts.items() if number not in whole}, parts)
        if lazy:
            await self._senders(parts)
        sieve = Sieve(wanted)
        for part in parts.values():
            part.state = [each for each in part.state if sieve.takes(each.event.source)]

    async def _met(self, wanted: Mapping[int, int], parts: Mapping[int, _Part]) -> None:
        """State may change by what no event of the timeline is, and by what meets from several servers."""
        shared = {
            number: upto for number, upto in wanted.items() if parts[number].room.others or parts[number].unseen
        }
        for number, events in (await store.states_between(self._db, shared, self._asking.after)).items():
            told = {each.id for each in (*parts[number].events, *parts[number].state)}
            parts[number].state += [each for each in events if each.id not in told]

    async def _senders(self, parts: Mapping[int, _Part]) -> None:
        """With lazy loading, the members who said something; and oneself in a room that is new."""
        new, known = (
            {(number, each.event.sender) for number in some for each in parts[number].events}
            for some in _apart(parts)
        )
        new |= {(number, self._asking.me.user_id) for number, part in parts.items() if part.new}
        found = await store.memberships(self._db, new) if new else {}
        if known:
            found |= await self._shared.of(
                ("memberships", frozenset(known), self._asking.upto), lambda: store.memberships(self._db, known)
            )
        told = {each.id for part in parts.values() for each in (*part.events, *part.state)}
        for (number, _), member in found.items():
            if member.id not in told:
                parts[number].state.append(member)

    async def _ephemeral(self, parts: Mapping[int, _Part]) -> None:
        asking, sieve = self._asking, Sieve(self._asking.wanted.room.ephemeral)
        new, known = _apart(parts)
        reads = await receipts.between(self._db, new, 0, asking.upto)
        if known:
            reads = reads + await self._shared.of(
                ("receipts", tuple(known), asking.after, asking.upto),
                lambda: receipts.between(self._db, known, asking.after, asking.upto),
            )
        for each in reads:
            parts[each.room].reads.append(each)
        told = receipts.shown(reads, asking.me)
        for number, part in parts.items():
            found = [told[number]] if number in told else []
            late = asking.since is not None and not part.new
            people = self._typing.since(number, asking.since.typing if asking.since and late else 0)
            if people is not None and (people or late):
                found.append({"type": "m.typing", "content": {"user_ids": people}})
            part.ephemeral = [each for each in found if sieve.takes(each)]

    async def _shown(self, parts: Mapping[int, _Part]) -> dict[int, tuple[list[Any], list[Any]]]:
        """Timeline and state of each as clients see them."""
        new, known = (
            [each for number in some for each in (*parts[number].events, *parts[number].state)]
            for some in _apart(parts)
        )
        asking = self._asking
        if asking.wanted.event_format == "federation":
            told = await showing.whole(self._db, asking.me, [*new, *known])
        else:
            told = await showing.told(self._db, asking.me, new, known, asking.upto, self._shared)
        return {
            number: ([told[each.id] for each in part.events], [told[each.id] for each in part.state])
            for number, part in parts.items()
        }

    async def _summaries(self, parts: Mapping[int, _Part]) -> dict[int, Object]:
        wanted = {
            number: part.room
            for number, part in parts.items()
            if part.new or any(each.event.type == "m.room.member" for each in (*part.events, *part.state))
        }
        nameless = [number for number, room in wanted.items() if not room.name and not room.alias]
        people = await heroes.of(self._db, self._asking.me, nameless)
        return {
            number: {"m.joined_member_count": room.joined, "m.invited_member_count": room.invited}
            | ({"m.heroes": people[number]} if number in people else {})
            for number, room in wanted.items()
        }


def _apart(parts: Mapping[int, _Part]) -> tuple[list[int], list[int]]:
    """The rooms that the client does not know yet, and the others."""
    return [number for number, part in parts.items() if part.new], [
        number for number, part in parts.items() if not part.new
    ]
