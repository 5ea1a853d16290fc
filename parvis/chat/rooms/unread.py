"""How much in a room is new to somebody and notifies them, by their own push rules (Matrix v1.19 Client-Server
§Receiving notifications). It is counted as it is asked for, from where they have read to, so that nothing is
written for each member with each event; what was counted is remembered in memory, and only what came since is
looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from parvis.chat.people.wishes import Wishes
from parvis.chat.rooms import judging, receipts, store
from parvis.chat.rooms.model import Me, Room, Stored
from parvis.chat.rooms.receipts import Read
from parvis.chat.rooms.shared import Shared
from parvis.kernel.recent import Recent
from parvis.wire.matrix.event import Event
from parvis.wire.matrix.push_rules import Rules, RuleSet

_MOST = 1_000
"""Events of a room that are looked at; nobody is told a larger number."""
_REMEMBERED, _COMPILED = 20_000, 5_000


@dataclass(slots=True)
class Counts:
    """What was counted, by thread (`main` for what is in none): how many notify, how many of those call
    somebody."""

    threads: dict[str, list[int]] = field(default_factory=dict)

    def add(self, thread: str, highlight: bool) -> None:
        """One more."""
        found = self.threads.setdefault(thread or "main", [0, 0])
        found[0] += 1
        found[1] += int(highlight)

    @property
    def notified(self) -> int:
        """How many notify, in threads too."""
        return sum(each[0] for each in self.threads.values())

    def copy(self) -> "Counts":
        """The same, to be added to."""
        return Counts({thread: [*numbers] for thread, numbers in self.threads.items()})

    def shown(self, by_thread: bool) -> dict[str, Any]:
        """As `/sync` says it: all in one number, or the threads by themselves."""
        own = [self.threads.get("main", [0, 0])] if by_thread else list(self.threads.values())
        found: dict[str, Any] = {"unread_notifications": _numbers(own)}
        if by_thread:
            found["unread_thread_notifications"] = {
                root: _numbers([counts]) for root, counts in self.threads.items() if root != "main"
            }
        return found


def _numbers(counts: list[list[int]]) -> dict[str, int]:
    return {
        "notification_count": sum(each[0] for each in counts),
        "highlight_count": sum(each[1] for each in counts),
    }


@dataclass(frozen=True, slots=True)
class Since:
    """What came to rooms behind a position, of those where all of it is at hand, and who has read there."""

    after: int
    events: Mapping[int, Sequence[Stored]]
    reads: Mapping[int, Sequence[Read]]
    shared: Shared

    def whole(self, room: int, user_id: str) -> bool:
        """Whether nothing that somebody has counted before can be otherwise for it."""
        moved = any(each.user_id == user_id for each in self.reads[room])
        return not moved and not any(_renames(each.event, user_id) for each in self.events[room])


def _renames(event: Event, user_id: str) -> bool:
    return event.type == "m.room.redaction" or (event.type == "m.room.member" and event.state_key == user_id)


@dataclass(frozen=True, slots=True)
class _Known:
    floor: tuple[Any, ...]
    """When the person joined, how far they have read, and what they wish to hear."""
    upto: int
    counts: Counts
    name: str | None = None
    """What the person is called in the room; None before that was asked."""


class Unread:
    """Counts, and remembers."""

    def __init__(self) -> None:
        self._known: Recent[tuple[int, int], _Known] = Recent(_REMEMBERED)
        self._asked: Recent[int, tuple[RuleSet, Rules]] = Recent(_COMPILED)

    async def of(
        self,
        db: store.Reader,
        me: Me,
        rooms: Mapping[int, Room],
        joined: Mapping[int, int],
        mine: Wishes,
        upto: int,
        since: Since | None = None,
    ) -> dict[int, Counts]:
        """What is new in rooms up to a position, for somebody who joined each at another. At most three statements,
        none where only what came `since` is to be counted."""
        late: dict[int, Counts] = {}
        if since is not None:
            for number, room in rooms.items():
                counts = await self._late(db, me, room, joined[number], mine, upto, since)
                if counts is not None:
                    late[number] = counts
        left = {number: room for number, room in rooms.items() if number not in late}
        return late | await self._read(db, me, left, joined, mine, upto)

    async def _late(
        self,
        db: store.Reader,
        me: Me,
        room: Room,
        joined: int,
        mine: Wishes,
        upto: int,
        since: Since,
    ) -> Counts | None:
        """What was counted up to where `since` begins, and what came since. None where that is not enough."""
        known = self._known.get((me.principal.id, room.id))
        if known is None or known.upto != since.after or room.id not in since.events:
            return None
        floor = (joined, known.floor[1], mine)
        if known.floor != floor or not since.whole(room.id, me.user_id):
            return None
        counts, name = known.counts, known.name
        if events := since.events[room.id]:
            key = ("happenings", room.id, since.after, upto)
            happenings = await since.shared.of(key, lambda: judging.happenings(db, {room.id: room}, events))
            name = await judging.name(db, me, room) if name is None else name
            counts, asked = counts.copy(), self._rules(me, mine.rules)
            for each, happening in happenings:
                silent = each.redacted_by or each.event.sender in mine.ignored
                outcome = None if silent else asked.about(happening, name)
                if outcome is not None and outcome.notify:
                    counts.add(each.thread, outcome.highlight)
        self._known[me.principal.id, room.id] = _Known(floor, upto, counts, name)
        return counts

    def _rules(self, me: Me, rules: RuleSet) -> Rules:
        known = self._asked.get(me.principal.id)
        if known is None or known[0] != rules:
            known = self._asked[me.principal.id] = (rules, Rules(rules, me.user_id))
        return known[1]

    async def _read(
        self,
        db: store.Reader,
        me: Me,
        rooms: Mapping[int, Room],
        joined: Mapping[int, int],
        mine: Wishes,
        upto: int,
    ) -> dict[int, Counts]:
        reached = await receipts.reached(db, me, list(rooms)) if rooms else {}
        found, places = {}, {}
        floors = {number: (joined[number], tuple(sorted(reached[number].items())), mine) for number in rooms}
        for number in rooms:
            known = self._known.get((me.principal.id, number))
            if known is None or known.floor != floors[number] or known.upto > upto:
                known = _Known(floors[number], 0, Counts())
            found[number] = known.counts
            if known.upto < upto:
                places[number] = max(joined[number], known.upto)
                found[number] = known.counts.copy()
        events = await events_behind(db, me, places, reached, upto) if places else []
        anew = {each.room: joined[each.room] for each in events if _takes_back(each, places, joined)}
        if anew:  # what was counted may be gone
            found |= {number: Counts() for number in anew}
            events = [each for each in events if each.room not in anew]
            events += await events_behind(db, me, anew, reached, upto)
        passing = [each for each in events if _counts(each, me, mine)]
        for each, outcome in await judging.outcomes(db, me, rooms, mine.rules, passing):
            if outcome.notify:
                found[each.room].add(each.thread, outcome.highlight)
        for number in places:
            self._known[me.principal.id, number] = _Known(floors[number], upto, found[number])
        return found


def _takes_back(each: Stored, places: Mapping[int, int], joined: Mapping[int, int]) -> bool:
    """Whether an event may take back what was counted before."""
    return each.event.type == "m.room.redaction" and places[each.room] > joined[each.room]


def _counts(each: Stored, me: Me, mine: Wishes) -> bool:
    return not each.redacted_by and each.event.sender != me.user_id and each.event.sender not in mine.ignored


async def events_behind(
    db: store.Reader, me: Me, places: Mapping[int, int], reached: Mapping[int, dict[str, int]], upto: int
) -> list[Stored]:
    """What others said in rooms behind a place in each and was not read, in threads or beside them; and what
    was taken back, by whomever."""
    floors: list[int] = []
    for room, place in places.items():
        everything = min(max(place, reached[room].get("", 0)), upto)
        floors += (room, everything, max(everything, reached[room].get("main", 0)))
    rows = ", ".join(["(CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT))"] * len(places))
    found = await store.select(
        db,
        f"""e.id IN (SELECT x.id FROM (VALUES {rows}) w CROSS JOIN chat_event x WHERE x.room = w.column1
        AND x.stream <= ? AND x.stream > COALESCE((SELECT y.stream FROM chat_event y WHERE y.room = w.column1
        AND y.stream > w.column2 AND y.stream <= ? ORDER BY y.stream DESC LIMIT 1 OFFSET ?), w.column2)
        AND (x.sender <> ? OR x.type = 'm.room.redaction') AND (x.thread <> '' OR x.stream > w.column3))
        ORDER BY e.stream""",
        *floors, upto, upto, _MOST, me.user_id,
    )  # fmt: skip
    return [each for each in found if each.stream > reached[each.room].get(each.thread, 0)]
