"""How much in a room is new to somebody and notifies them, by their own push rules (Matrix v1.19 Client-Server
§Receiving notifications). It is counted as it is asked for, from where they have read to, so that nothing is
written for each member with each event; what was counted is remembered in memory, and only what came since is
looked at."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from parvis.chat.rooms import receipts, store
from parvis.chat.rooms.model import Me, Room, Stored
from parvis.wire.matrix.powers import CREATE, POWER_LEVELS, PowerLevels
from parvis.wire.matrix.push_conditions import Happening
from parvis.wire.matrix.push_rules import Rules, RuleSet

_MOST = 1_000
"""Events that are looked at; nobody is told a larger number."""
_REMEMBERED = 20_000


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


@dataclass(slots=True)
class _Known:
    floor: tuple[Any, ...]
    upto: int
    counts: Counts


class Unread:
    """Counts, and remembers."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, int], _Known] = OrderedDict()

    async def of(self, db: store.Reader, me: Me, room: Room, rules: RuleSet, *, joined: int, upto: int) -> Counts:
        """What is new up to a position, for somebody who joined at another."""
        reached = await receipts.reached(db, me, room.id)
        floor = (joined, tuple(sorted(reached.items())), rules)
        key = (me.principal.id, room.id)
        known = self._known.get(key)
        if known is None or known.floor != floor or known.upto > upto:
            known = _Known(floor, 0, Counts())
        if known.upto < upto:
            events = await _events(db, me, room, reached, max(joined, known.upto), upto)
            if events:
                await _count(db, me, room, rules, events, known.counts)
            known.upto = upto
        self._known[key] = known
        self._known.move_to_end(key)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return known.counts


async def _events(
    db: store.Reader, me: Me, room: Room, reached: dict[str, int], after: int, upto: int
) -> list[Stored]:
    everything = max(after, reached.get("", 0))
    found = await store.select(
        db,
        """e.room = ? AND e.stream > ? AND e.stream <= ? AND e.sender <> ? AND (e.thread <> '' OR e.stream > ?)
        ORDER BY e.stream DESC LIMIT ?""",
        room.id,
        min(everything, upto),
        upto,
        me.user_id,
        max(everything, reached.get("main", 0)),
        _MOST,
    )
    return [each for each in found if each.stream > reached.get(each.thread, 0)]


async def _count(
    db: store.Reader, me: Me, room: Room, rules: RuleSet, events: list[Stored], counts: Counts
) -> None:
    member = ("m.room.member", me.user_id)
    state = await store.state(db, room.id, [CREATE, POWER_LEVELS, member])
    levels = PowerLevels.of(store.as_state(state.values()), room.version)
    said = state[member].event.content.get("displayname") if member in state else None
    name = said if isinstance(said, str) else ""
    asked = Rules(rules, me.user_id)
    for each in events:
        if each.redacted_by:
            continue
        event = {**each.event.source, "room_id": room.room_id}
        outcome = asked.about(Happening(event, members=room.joined, levels=levels), name)
        if outcome is not None and outcome.notify:
            counts.add(each.thread, outcome.highlight)
